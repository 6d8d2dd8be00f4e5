//! Against `localstripe`, a fake Stripe that nobody here wrote.

use crate::server::{Server, json};
use crate::{key, mxn};
use palco_base::Secret;
use palco_payment::stripe::{Stripe, webhook};
use palco_payment::{Provider, Refund, RefundStatus};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// Serves on a port of its own, says which, and ends when standard input does: also when the test
/// is killed. What localstripe would keep in a file is kept nowhere.
const SERVE: &str = r#"
import asyncio, sys
from aiohttp import web
from localstripe import resources
from localstripe.server import app
resources.store.dump_to_disk = lambda: None
async def main():
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"#;

struct LocalStripe {
    child: Child,
    url: String,
}

impl LocalStripe {
    fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let python = root.join("target/python/bin/python");
        let mut child = Command::new(&python)
            .args(["-c", SERVE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `./dev test` makes it", python.display()));
        let mut port = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut port).unwrap();
        Self { url: format!("http://127.0.0.1:{}", port.trim()), child }
    }

    /// What our own client has no words for.
    fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let said = ureq::post(format!("{}{path}", self.url))
            .header("authorization", "Bearer sk_test_12345")
            .send_form(form.iter().copied());
        let text = said.unwrap().body_mut().read_to_string().unwrap();
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }

    /// A payment by a card that is good.
    fn pay(&self, minor: i64) -> String {
        let minor = minor.to_string();
        let card = [
            ("amount", minor.as_str()),
            ("currency", "mxn"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
        ];
        let intent = self.post("/v1/payment_intents", &card);
        assert_eq!(intent["status"], "succeeded", "{intent}");
        intent["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for LocalStripe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_payment_is_given_back_in_two_parts() {
    let local = LocalStripe::start();
    let stripe = Stripe::at(&local.url, key()).unwrap();
    let payment = local.pay(25_000);
    for (minor, idempotency) in [(5_000, "refund-1"), (20_000, "refund-2")] {
        let wish = Refund { payment: payment.clone(), money: mxn(minor), idempotency: idempotency.into() };
        let refunded = stripe.refund(wish).await.unwrap();
        assert!(refunded.reference.starts_with("re_"), "{refunded:?}");
        assert_eq!(refunded.status, RefundStatus::Succeeded);
    }
    let unknown = Refund { payment: "pi_nothing".into(), money: mxn(1), idempotency: "refund-3".into() };
    let fault = stripe.refund(unknown).await.expect_err("no such payment");
    assert_eq!(fault.code, "payment_unknown");
    let unpaid = local.post("/v1/payment_intents", &[("amount", "500"), ("currency", "mxn")]);
    let payment = unpaid["id"].as_str().unwrap().to_owned();
    let wish = Refund { payment, money: mxn(500), idempotency: "refund-4".into() };
    let fault = stripe.refund(wish).await.expect_err("not paid");
    assert_eq!(fault.code, "provider_refused");
    assert_eq!(fault.hint.as_deref(), Some("Stripe says: Cannot refund a failed payment."));
}

#[tokio::test]
async fn what_localstripe_signs_is_believed() {
    let local = LocalStripe::start();
    let ours = Server::new(vec![json(200, "{}")]);
    let hook =
        [("url", ours.url.as_str()), ("secret", "whsec_local"), ("events[]", "payment_intent.succeeded")];
    local.post("/_config/webhooks/palco", &hook);
    local.pay(25_000);
    let request = tokio::task::spawn_blocking(|| ours.requests().remove(0)).await.unwrap();
    let header = request.header(webhook::SIGNATURE_HEADER).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let secrets = [Secret::new("whsec_local")];
    let event = webhook::verify(&request.body, header, &secrets, now).unwrap();
    assert_eq!(event.kind, webhook::Kind::Other("payment_intent.succeeded".into()));
    assert!(!event.live && event.id.starts_with("evt_"), "{event:?}");
    let others = [Secret::new("whsec_another")];
    assert_eq!(
        webhook::verify(&request.body, header, &others, now).expect_err("another's").code,
        "webhook_unsigned"
    );
}
