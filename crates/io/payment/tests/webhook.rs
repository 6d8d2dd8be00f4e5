//! Which events are believed, and what is read from them.

use palco_base::{Class, Secret};
use palco_payment::stripe::webhook::{Kind, MAX_BODY, Session, WINDOW, sign, verify};
use palco_payment::{Money, RefundStatus};
use proptest::prelude::*;

const NOW: u64 = 1_800_000_000;

fn secret() -> Secret {
    Secret::new("whsec_abc")
}

/// A completed checkout, in the shape and with the extra fields Stripe sends.
fn completed(paid: &str) -> String {
    format!(
        r#"{{"id":"evt_1","object":"event","api_version":"2024-06-20","created":1799999990,"livemode":false,
        "pending_webhooks":1,"request":{{"id":null,"idempotency_key":null}},
        "type":"checkout.session.completed","data":{{"object":{{"id":"cs_test_a1","object":"checkout.session",
        "amount_subtotal":25000,"amount_total":25000,"client_reference_id":"order-7","currency":"mxn",
        "customer_details":{{"email":"ann@example.com","name":"Añn"}},"metadata":{{"order":"order-7"}},
        "mode":"payment","payment_intent":"pi_9","payment_status":"{paid}","status":"complete"}}}}}}"#
    )
}

fn event(kind: &str, object: &str) -> String {
    format!(
        r#"{{"id":"evt_2","object":"event","created":1799999990,"livemode":true,"type":"{kind}","data":{{"object":{object}}}}}"#
    )
}

fn read(body: &str) -> Kind {
    let header = sign(body.as_bytes(), &secret(), NOW);
    verify(body.as_bytes(), &header, &[secret()], NOW).expect(body).kind
}

#[test]
fn the_signature_is_stripes() {
    // Computed with `openssl dgst -sha256 -hmac whsec_abc` over `1800000000.{"a":1}`.
    let known = "t=1800000000,v1=f0d6c4a98d86b1059e0901d7f4245625f05910131d2954e689bd7069845e2bf5";
    assert_eq!(sign(br#"{"a":1}"#, &secret(), NOW), known);
}

#[test]
fn checkouts_are_read() {
    let mxn = |minor| Money::new(minor, "MXN".parse().unwrap());
    let session = |paid| Session {
        reference: "cs_test_a1".into(),
        order: Some("order-7".into()),
        payment: Some("pi_9".into()),
        total: Some(mxn(25_000)),
        paid,
    };
    assert_eq!(read(&completed("paid")), Kind::CheckoutCompleted(session(true)));
    assert_eq!(read(&completed("unpaid")), Kind::CheckoutCompleted(session(false)), "a voucher was taken");
    let object = r#"{"id":"cs_live_b2","object":"checkout.session","metadata":{"order":"o"},
        "client_reference_id":null,"payment_intent":{"id":"pi_5","status":"succeeded"},
        "amount_total":900,"currency":"jpy","payment_status":"paid"}"#;
    let yen = Money::new(900, "JPY".parse().unwrap());
    let other = Session {
        reference: "cs_live_b2".into(),
        order: Some("o".into()),
        payment: Some("pi_5".into()),
        total: Some(yen),
        paid: true,
    };
    for (kind, expected) in [
        ("checkout.session.async_payment_succeeded", Kind::AsyncPaymentSucceeded(other.clone())),
        ("checkout.session.async_payment_failed", Kind::AsyncPaymentFailed(other.clone())),
        ("checkout.session.expired", Kind::CheckoutExpired(other.clone())),
        ("customer.created", Kind::Other("customer.created".into())),
    ] {
        assert_eq!(read(&event(kind, object)), expected);
    }
    let bare = r#"{"id":"cs_live_b3","payment_status":"unpaid","payment_intent":null}"#;
    let Kind::CheckoutExpired(bare) = read(&event("checkout.session.expired", bare)) else { panic!() };
    assert_eq!((bare.order, bare.payment, bare.total, bare.paid), (None, None, None, false));
}

#[test]
fn refunds_are_read() {
    for (status, expected) in [
        (r#""status":"succeeded""#, RefundStatus::Succeeded),
        (r#""status":"pending""#, RefundStatus::Pending),
        (r#""status":"requires_action""#, RefundStatus::Pending),
        (r#""status":"canceled""#, RefundStatus::Failed("canceled".into())),
        (
            r#""status":"failed","failure_reason":"lost_or_stolen_card""#,
            RefundStatus::Failed("lost_or_stolen_card".into()),
        ),
    ] {
        let object = format!(
            r#"{{"id":"re_1","object":"refund","amount":500,"currency":"eur","payment_intent":"pi_9",{status}}}"#
        );
        for kind in ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"] {
            assert_eq!(
                read(&event(kind, &object)),
                Kind::RefundUpdated {
                    refund: "re_1".into(),
                    payment: Some("pi_9".into()),
                    money: Money::new(500, "EUR".parse().unwrap()),
                    status: expected.clone(),
                }
            );
        }
    }
}

#[test]
fn secrets_can_be_changed_without_losing_an_event() {
    let body = completed("paid");
    let (old, new) = (Secret::new("whsec_old"), Secret::new("whsec_new"));
    let by_old = sign(body.as_bytes(), &old, NOW);
    let by_new = sign(body.as_bytes(), &new, NOW);
    let secrets = [old, new];
    for header in [&by_old, &by_new] {
        assert!(verify(body.as_bytes(), header, &secrets, NOW).is_ok());
    }
    // Stripe signs with both for a while: one header, several tags, of which we know one.
    let second = by_new.split_once(",v1=").expect("one tag").1;
    let both = format!("{by_old},v1={second},v0={}", "0".repeat(64));
    for secret in &secrets {
        assert!(verify(body.as_bytes(), &both, std::slice::from_ref(secret), NOW).is_ok());
    }
}

#[test]
fn clocks_may_differ_by_five_minutes_and_no_more() {
    let body = completed("paid");
    let header = sign(body.as_bytes(), &secret(), NOW);
    let at = |now| verify(body.as_bytes(), &header, &[secret()], now).map_err(|fault| fault.code);
    for now in [NOW - WINDOW, NOW, NOW + WINDOW] {
        assert!(at(now).is_ok());
    }
    for now in [0, NOW - WINDOW - 1, NOW + WINDOW + 1, u64::MAX] {
        assert_eq!(at(now).err(), Some("webhook_out_of_time"));
    }
}

#[test]
fn headers_that_prove_nothing_are_refused() {
    let body = completed("paid");
    let good = sign(body.as_bytes(), &secret(), NOW);
    let tag = good.split_once("v1=").expect("a tag").1.to_owned();
    let other = sign(body.as_bytes(), &Secret::new("whsec_other"), NOW);
    let many = format!("t={NOW}{}", format!(",v1={tag}").repeat(17));
    let long = format!("{good},x={}", "y".repeat(4 << 10));
    let moved = format!("t={},v1={tag}", NOW + 1);
    let cases = [
        ("nothing", String::new()),
        ("no equals sign", "nonsense".into()),
        ("no time", format!("v1={tag}")),
        ("no tag", format!("t={NOW}")),
        ("an empty tag", format!("t={NOW},v1=")),
        ("an empty time", format!("t=,v1={tag}")),
        ("a time with a sign", format!("t=+{NOW},v1={tag}")),
        ("a negative time", format!("t=-{NOW},v1={tag}")),
        ("a time with a fraction", format!("t={NOW}.0,v1={tag}")),
        ("a time of other digits", format!("t=١٢٣,v1={tag}")),
        ("a time too large", format!("t=99999999999999999999999,v1={tag}")),
        ("a padded time", format!("t=0{NOW},v1={tag}")),
        ("two times", format!("t={NOW},t={NOW},v1={tag}")),
        ("another time than was signed", moved),
        ("another secret's tag", other),
        ("the tag as the older scheme", format!("t={NOW},v0={tag}")),
        ("the tag under a capital", format!("t={NOW},V1={tag}")),
        ("a tag cut short", format!("t={NOW},v1={}", &tag[..63])),
        ("a tag too long", format!("{good}0")),
        ("a tag in capitals", format!("t={NOW},v1={}", tag.to_ascii_uppercase())),
        ("a tag that is not hexadecimal", format!("t={NOW},v1={}", "g".repeat(64))),
        ("a tag of wide characters", format!("t={NOW},v1={}", "é".repeat(32))),
        ("a good tag beside a broken one", format!("{good},v1=zz")),
        ("an empty item", format!("{good},")),
        ("too many tags", many),
        ("too long", long),
        ("zeros", format!("t={NOW},v1={}", "0".repeat(64))),
    ];
    for (what, header) in cases {
        let fault = verify(body.as_bytes(), &header, &[secret()], NOW).expect_err(what);
        assert_eq!((fault.code, fault.class), ("webhook_unsigned", Class::Unauthenticated), "{what}");
    }
}

#[test]
fn no_secret_is_no_proof() {
    let body = completed("paid");
    let empty = Secret::new("");
    let header = sign(body.as_bytes(), &empty, NOW);
    for secrets in [vec![], vec![empty.clone()], vec![empty.clone(), empty.clone()]] {
        let fault = verify(body.as_bytes(), &header, &secrets, NOW).expect_err("no secret");
        assert_eq!(fault.code, "webhook_not_configured");
    }
    let fault = verify(body.as_bytes(), &header, &[secret(), empty], NOW).expect_err("signed with nothing");
    assert_eq!(fault.code, "webhook_unsigned");
}

#[test]
fn signed_nonsense_is_malformed() {
    let good = completed("paid");
    let swap = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let deep = "[".repeat(10_000);
    let cases = [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        deep,
        format!("{good}{good}"),
        good[..good.len() - 1].to_owned(),
        swap(r#""id":"evt_1","#, r#""id":"evt_1","id":"evt_2","#),
        swap(r#""amount_total":25000"#, r#""amount_total":25000,"amount_total":1"#),
        swap(r#""payment_status":"paid""#, r#""payment_status":"paid","payment_\u0073tatus":"unpaid""#),
        swap(r#""payment_status":"paid""#, r#""payment_status":"maybe""#),
        swap(r#""payment_status":"paid","#, ""),
        swap(r#""object":"event""#, r#""object":"v2.core.event""#),
        swap(r#""id":"evt_1""#, r#""id":5"#),
        swap(r#""id":"evt_1""#, r#""id":"../../etc""#),
        swap(r#""id":"cs_test_a1""#, r#""id":"""#),
        swap(r#""id":"cs_test_a1""#, r#""id":"a/b?c""#),
        swap("1799999990", "-5"),
        swap("1799999990", "1e9"),
        swap(r#""livemode":false"#, r#""livemode":"false""#),
        swap(r#""data""#, r#""date""#),
        event("refund.updated", r#"{"id":"re_1","amount":5,"currency":"eur","status":"odd"}"#),
        event("refund.updated", r#"{"id":"re_1","amount":-5,"currency":"eur","status":"failed"}"#),
        event("refund.updated", r#"{"id":"re_1","amount":5.5,"currency":"eur","status":"failed"}"#),
        event("refund.updated", r#"{"id":"re_1","amount":5,"currency":"euro","status":"failed"}"#),
    ];
    for body in cases {
        let header = sign(body.as_bytes(), &secret(), NOW);
        let fault = verify(body.as_bytes(), &header, &[secret()], NOW).expect_err(&body);
        assert_eq!((fault.code, fault.class), ("webhook_malformed", Class::Invalid), "{body}");
        assert!(!format!("{fault:?}").contains("ann@example.com"), "{fault:?}");
    }
    let large = vec![b' '; MAX_BODY + 1];
    let header = sign(&large, &secret(), NOW);
    assert_eq!(verify(&large, &header, &[secret()], NOW).expect_err("large").code, "webhook_too_large");
}

proptest! {
    #[test]
    fn no_byte_of_a_signed_event_can_be_changed(at in any::<prop::sample::Index>(), flip in 1_u8..) {
        let body = completed("paid");
        let header = sign(body.as_bytes(), &secret(), NOW);
        let mut bytes = body.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let fault = verify(&bytes, &header, &[secret()], NOW).expect_err("one byte is another");
        prop_assert_eq!(fault.code, "webhook_unsigned");
    }

    #[test]
    fn nothing_can_be_cut_or_added(keep in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..40)) {
        let body = completed("paid").into_bytes();
        let header = sign(&body, &secret(), NOW);
        let keep = keep.index(body.len());
        prop_assert!(verify(&body[..keep], &header, &[secret()], NOW).is_err());
        let mut longer = body[..].to_vec();
        longer.extend(&more);
        prop_assert!(verify(&longer, &header, &[secret()], NOW).is_err());
    }

    #[test]
    fn any_header_and_any_body_are_survived(header in ".{0,200}", body in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verify(&body, &header, &[secret()], NOW).is_err());
        let signed = sign(&body, &secret(), NOW);
        if let Err(fault) = verify(&body, &signed, &[secret()], NOW) {
            prop_assert_eq!(fault.code, "webhook_malformed");
        }
    }
}
