//! The Stripe client against two stand-ins.
//!
//! [`local`] is `localstripe` (PyPI), a stateful fake Stripe that nobody here wrote. It knows
//! payment intents, refunds and signed webhooks, and has no Checkout Sessions, no idempotency
//! keys and no pending or failed refunds. Those parts are tested in [`exact`] against a server
//! of a few lines that checks the request's exact form and answers with the JSON that Stripe
//! documents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod exact;
mod local;
mod server;

use palco_base::Secret;
use palco_payment::{Currency, Money};

fn mxn(minor: i64) -> Money {
    let currency: Currency = "MXN".parse().unwrap();
    Money::new(minor, currency)
}

fn key() -> Secret {
    Secret::new("sk_test_12345")
}
