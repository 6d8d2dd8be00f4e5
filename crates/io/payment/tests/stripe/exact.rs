//! The exact form of each request, and what is made of each documented answer.

use crate::server::{Server, json};
use crate::{key, mxn};
use palco_base::{Class, Fault, Secret};
use palco_payment::stripe::Stripe;
use palco_payment::{
    Checkout, Language, Line, Method, Money, Opened, Payment, Provider, Refund, RefundStatus, Refunded,
};

fn checkout() -> Checkout {
    Checkout {
        order: "order-7".into(),
        idempotency: "open-7-1".into(),
        lines: vec![
            Line { text: "Noche de ópera & más".into(), each: 10_000, count: 2 },
            Line { text: "Apoyo".into(), each: 5_000, count: 1 },
        ],
        total: mxn(25_000),
        email: Secret::new("ann+x@example.com"),
        language: Language::Spanish,
        success_url: "https://house.example/o/7?s={CHECKOUT_SESSION_ID}".into(),
        cancel_url: "https://house.example/show".into(),
        expires_at: 1_800_003_600,
        methods: vec![Method::Card, Method::Oxxo { days: 2 }],
    }
}

fn refund() -> Refund {
    Refund { payment: "pi_9".into(), money: mxn(500), idempotency: "refund-1".into() }
}

const SESSION: &str = r#"{"id":"cs_test_a1","object":"checkout.session","status":"open","payment_status":"unpaid",
    "payment_intent":null,"amount_total":25000,"currency":"mxn","url":"https://checkout.stripe.com/c/pay/cs_test_a1#x"}"#;

fn session(status: &str, payment_status: &str, intent: &str) -> String {
    format!(
        r#"{{"id":"cs_test_a1","object":"checkout.session","status":"{status}","payment_status":"{payment_status}",
        "payment_intent":{intent},"amount_total":25000,"currency":"mxn","url":null}}"#
    )
}

fn error(status: u16, kind: &str, code: &str, message: &str) -> String {
    json(
        status,
        &format!(r#"{{"error":{{"type":"{kind}","code":"{code}","message":"{message}","doc_url":"x"}}}}"#),
    )
}

#[tokio::test]
async fn a_checkout_is_opened_with_all_that_was_asked() {
    let server = Server::new(vec![json(200, SESSION)]);
    let stripe = Stripe::at(&server.url, key()).unwrap();
    let opened = stripe.open(checkout()).await.unwrap();
    let url = "https://checkout.stripe.com/c/pay/cs_test_a1#x".to_owned();
    assert_eq!(opened, Opened { reference: "cs_test_a1".into(), url });
    let request = server.requests().remove(0);
    assert_eq!(request.line, "POST /v1/checkout/sessions");
    assert_eq!(request.header("authorization"), Some("Bearer sk_test_12345"));
    assert_eq!(request.header("idempotency-key"), Some("open-7-1"));
    assert_eq!(request.header("stripe-version"), Some("2024-06-20"));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let fields = [
        "mode=payment",
        "client_reference_id=order-7",
        "metadata%5Border%5D=order-7",
        "payment_intent_data%5Bmetadata%5D%5Border%5D=order-7",
        "customer_email=ann%2Bx%40example.com",
        "locale=es",
        "success_url=https%3A%2F%2Fhouse.example%2Fo%2F7%3Fs%3D%7BCHECKOUT_SESSION_ID%7D",
        "cancel_url=https%3A%2F%2Fhouse.example%2Fshow",
        "expires_at=1800003600",
        "payment_method_types%5B0%5D=card",
        "payment_method_types%5B1%5D=oxxo",
        "payment_method_options%5Boxxo%5D%5Bexpires_after_days%5D=2",
        "line_items%5B0%5D%5Bquantity%5D=2",
        "line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=mxn",
        "line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D=10000",
        "line_items%5B0%5D%5Bprice_data%5D%5Bproduct_data%5D%5Bname%5D=Noche%20de%20%C3%B3pera%20%26%20m%C3%A1s",
        "line_items%5B1%5D%5Bquantity%5D=1",
        "line_items%5B1%5D%5Bprice_data%5D%5Bcurrency%5D=mxn",
        "line_items%5B1%5D%5Bprice_data%5D%5Bunit_amount%5D=5000",
        "line_items%5B1%5D%5Bprice_data%5D%5Bproduct_data%5D%5Bname%5D=Apoyo",
    ];
    assert_eq!(request.text(), fields.join("&"));
}

#[tokio::test]
async fn oxxo_is_for_pesos_and_for_what_oxxo_takes() {
    for (currency, each, expected) in
        [("USD", 5_000, false), ("MXN", 990_000, true), ("MXN", 1_990_000, false)]
    {
        let server = Server::new(vec![json(200, SESSION)]);
        let stripe = Stripe::at(&server.url, key()).unwrap();
        let mut wish = checkout();
        wish.lines = vec![Line { text: "Seat".into(), each, count: 1 }];
        wish.total = Money::new(each, currency.parse().unwrap());
        stripe.open(wish).await.unwrap();
        let request = server.requests().remove(0);
        assert_eq!(request.text().contains("oxxo"), expected, "{currency} {each}");
        assert!(request.text().contains("=card"));
    }
}

#[tokio::test]
async fn wishes_that_cannot_be_right_reach_nobody() {
    // Nobody listens at this address.
    let stripe = Stripe::at("http://127.0.0.1:9", key()).unwrap();
    type Change = fn(&mut Checkout);
    let changes: [(&str, Change); 11] = [
        ("a wrong sum", |it| it.total.minor += 1),
        ("nothing to pay", |it| {
            it.lines.clear();
            it.total.minor = 0;
        }),
        ("a negative line", |it| it.lines[0].each = -1),
        ("none of it", |it| it.lines[0].count = 0),
        ("a line of spaces", |it| it.lines[0].text = " ".into()),
        ("a sum that overflows", |it| it.lines[0].each = i64::MAX),
        ("no order", |it| it.order.clear()),
        ("no key", |it| it.idempotency.clear()),
        ("a key that is a header", |it| it.idempotency = "a\r\nX: y".into()),
        ("no way to pay", |it| it.methods = vec![Method::Oxxo { days: 9 }]),
        ("a currency of other units", |it| it.total.currency = "ISK".parse().unwrap()),
    ];
    for (what, change) in changes {
        let mut wish = checkout();
        change(&mut wish);
        let fault = stripe.open(wish).await.expect_err(what);
        assert_eq!((fault.code, fault.class), ("checkout_invalid", Class::Invalid), "{what}");
    }
    for reference in ["", "cs", "cs_1/expire", "../refunds", "cs_1?x=y", "cs_ä"] {
        let fault = stripe.look(reference).await.expect_err(reference);
        assert_eq!((fault.code, fault.class), ("checkout_unknown", Class::NotFound), "{reference}");
    }
    let fault = stripe.refund(Refund { money: mxn(0), ..refund() }).await.expect_err("nothing");
    assert_eq!(fault.code, "checkout_invalid");
    for bad in ["", "pk_test_12345", "sk_", "sk_test_12 345", "sk_test_123\r\nX: y", "whsec_123456"] {
        let fault = Stripe::at("http://127.0.0.1:9", Secret::new(bad)).err().map(|fault| fault.code);
        assert_eq!(fault, Some("provider_key_invalid"), "{bad}");
    }
    assert!(stripe.is_test());
    assert!(!Stripe::new(Secret::new("rk_live_12345")).unwrap().is_test());
}

#[tokio::test]
async fn a_checkout_is_looked_at() {
    let paid = Payment::Paid { payment: "pi_9".into(), money: mxn(25_000) };
    for (reply, expected) in [
        (session("open", "unpaid", "null"), Payment::Open),
        (session("complete", "paid", r#"{"id":"pi_9","status":"succeeded"}"#), paid.clone()),
        (session("complete", "paid", r#""pi_9""#), paid),
        (session("complete", "unpaid", r#"{"id":"pi_9","status":"requires_action"}"#), Payment::Pending),
        (session("complete", "unpaid", r#"{"id":"pi_9","status":"processing"}"#), Payment::Pending),
        (
            session("complete", "unpaid", r#"{"id":"pi_9","status":"requires_payment_method"}"#),
            Payment::Expired,
        ),
        (session("complete", "unpaid", r#"{"id":"pi_9","status":"canceled"}"#), Payment::Expired),
        (session("expired", "unpaid", "null"), Payment::Expired),
    ] {
        let server = Server::new(vec![json(200, &reply)]);
        let stripe = Stripe::at(&server.url, key()).unwrap();
        assert_eq!(stripe.look("cs_test_a1").await.unwrap(), expected, "{reply}");
        let request = server.requests().remove(0);
        assert_eq!(request.line, "GET /v1/checkout/sessions/cs_test_a1?expand%5B%5D=payment_intent");
        assert_eq!(request.header("authorization"), Some("Bearer sk_test_12345"));
        assert_eq!(request.header("stripe-version"), Some("2024-06-20"));
    }
}

#[tokio::test]
async fn ending_a_checkout_tells_who_was_faster() {
    let server = Server::new(vec![json(200, &session("expired", "unpaid", "null"))]);
    let stripe = Stripe::at(&server.url, key()).unwrap();
    assert_eq!(stripe.expire("cs_test_a1").await.unwrap(), Payment::Expired);
    let request = server.requests().remove(0);
    assert_eq!(request.line, "POST /v1/checkout/sessions/cs_test_a1/expire");

    let words = "Only Checkout Sessions with a status in [open] can be expired.";
    let refusal = || error(400, "invalid_request_error", "", words);
    for (now, expected) in [
        (
            session("complete", "paid", r#"{"id":"pi_9","status":"succeeded"}"#),
            Ok(Payment::Paid { payment: "pi_9".into(), money: mxn(25_000) }),
        ),
        (session("expired", "unpaid", "null"), Ok(Payment::Expired)),
        (session("open", "unpaid", "null"), Err("provider_refused")),
    ] {
        let server = Server::new(vec![refusal(), json(200, &now)]);
        let stripe = Stripe::at(&server.url, key()).unwrap();
        assert_eq!(stripe.expire("cs_test_a1").await.map_err(|fault| fault.code), expected);
    }
    let server =
        Server::new(vec![error(404, "invalid_request_error", "resource_missing", "No such session")]);
    let stripe = Stripe::at(&server.url, key()).unwrap();
    assert_eq!(stripe.expire("cs_test_a1").await.expect_err("unknown").code, "checkout_unknown");
}

#[tokio::test]
async fn refunds_stand_as_stripe_says() {
    let said = |rest: &str| {
        json(200, &format!(r#"{{"id":"re_1","object":"refund","amount":500,"currency":"mxn",{rest}}}"#))
    };
    for (reply, expected) in [
        (said(r#""status":"succeeded""#), RefundStatus::Succeeded),
        (said(r#""status":"pending""#), RefundStatus::Pending),
        (
            said(r#""status":"failed","failure_reason":"expired_or_canceled_card""#),
            RefundStatus::Failed("expired_or_canceled_card".into()),
        ),
    ] {
        let server = Server::new(vec![reply]);
        let stripe = Stripe::at(&server.url, key()).unwrap();
        let refunded = stripe.refund(refund()).await.unwrap();
        assert_eq!(refunded, Refunded { reference: "re_1".into(), status: expected });
        let request = server.requests().remove(0);
        assert_eq!(request.line, "POST /v1/refunds");
        assert_eq!(request.header("idempotency-key"), Some("refund-1"));
        assert_eq!(request.text(), "payment_intent=pi_9&amount=500");
    }
    // The same key with an older wish behind it: what came back is not what was asked.
    let other = json(200, r#"{"id":"re_1","amount":900,"currency":"mxn","status":"succeeded"}"#);
    let server = Server::new(vec![other]);
    let fault = Stripe::at(&server.url, key()).unwrap().refund(refund()).await.expect_err("another refund");
    assert_eq!(fault.code, "provider_failed");
}

async fn fault_of(reply: String) -> Fault {
    let server = Server::new(vec![reply]);
    Stripe::at(&server.url, key()).unwrap().open(checkout()).await.expect_err("a fault")
}

#[tokio::test]
async fn faults_tell_who_must_act() {
    let moved =
        "HTTP/1.1 307 X\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let cases = [
        (
            error(400, "invalid_request_error", "url_invalid", "Not a valid URL"),
            "provider_refused",
            Class::Unprocessable,
        ),
        (error(402, "card_error", "card_declined", "Declined"), "provider_refused", Class::Unprocessable),
        (
            error(400, "idempotency_error", "", "Keys for idempotent requests"),
            "provider_refused",
            Class::Unprocessable,
        ),
        (
            error(401, "invalid_request_error", "", "Invalid API Key: sk_test_*"),
            "provider_key_refused",
            Class::Unprocessable,
        ),
        (
            error(403, "invalid_request_error", "", "Permissions"),
            "provider_key_refused",
            Class::Unprocessable,
        ),
        (
            error(409, "idempotency_error", "idempotency_key_in_use", "In use"),
            "provider_busy",
            Class::Unavailable,
        ),
        (error(429, "rate_limit_error", "rate_limit", "Slowly"), "provider_busy", Class::Unavailable),
        (error(500, "api_error", "", "Oh"), "provider_failed", Class::Unavailable),
        (json(503, "<html>no</html>"), "provider_failed", Class::Unavailable),
        (json(200, "<html>a portal</html>"), "provider_failed", Class::Unavailable),
        (json(200, "{}"), "provider_failed", Class::Unavailable),
        (json(200, &SESSION.replace("https:", "javascript:")), "provider_failed", Class::Unavailable),
        (json(200, &format!("\"{}\"", "x".repeat(2 << 20))), "provider_unreachable", Class::Unavailable),
        (moved.to_owned(), "provider_failed", Class::Unavailable),
        (String::new(), "provider_unreachable", Class::Unavailable),
    ];
    for (reply, code, class) in cases {
        let shown: String = reply.chars().take(200).collect();
        let fault = fault_of(reply).await;
        assert_eq!((fault.code, fault.class), (code, class), "{shown}: {fault:?}");
        assert!(!format!("{fault} {fault:?}").contains("sk_test_"), "{fault:?}");
    }
    let fault = Stripe::at("http://127.0.0.1:9", key()).unwrap().open(checkout()).await.expect_err("nobody");
    assert_eq!((fault.code, fault.class), ("provider_unreachable", Class::Unavailable));
}

#[tokio::test]
async fn stripes_words_are_for_the_staff_and_without_the_buyers_address() {
    let words = "Invalid email address: ann+x@example.com";
    let fault = fault_of(error(400, "invalid_request_error", "email_invalid", words)).await;
    assert_eq!(fault.text, "The payment provider refuses this.");
    assert_eq!(fault.hint.as_deref(), Some("Stripe says: Invalid email address: …"));
    let internal = fault.internal_detail().unwrap();
    assert_eq!(internal, "HTTP 400, invalid_request_error email_invalid, request req_1");
    let wish = format!("{:?}", checkout());
    assert!(!wish.contains("ann"), "{wish}");
}
