//! What Stripe says by itself: proved, then read.
//!
//! Source: Stripe's documentation, "Resolve webhook signature verification errors" (scheme `v1`:
//! HMAC-SHA256 with the endpoint's secret over `t`, a full stop and the raw body).

use super::answer::{self, Word as _};
use super::strict;
use crate::{Money, RefundStatus};
use hmac::{Hmac, Mac};
use palco_base::{Class, Fault, Secret};
use serde_json::Value;
use sha2::Sha256;

/// Name of the header that holds the signature.
pub const SIGNATURE_HEADER: &str = "stripe-signature";
/// More is not an event of ours; the door in front should take no more either.
pub const MAX_BODY: usize = 512 << 10;
/// How far the signature's time may be from ours, in seconds, either way.
pub const WINDOW: u64 = 300;
const MAX_HEADER: usize = 2 << 10;
const MAX_SIGNATURES: usize = 16;

/// One event, proved to come from Stripe.
///
/// The same one may come five times, late, and after a younger one: keep its `id`, and ask
/// [`look`](crate::Provider::look) for how things stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Stripe's name for it, the same however often it is sent.
    pub id: String,
    /// When it happened, in Unix seconds.
    pub created: u64,
    /// Whether it is about real money (`livemode`).
    pub live: bool,
    /// What happened.
    pub kind: Kind,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The buyer has gone through the page: paid, or (unpaid) took a voucher.
    CheckoutCompleted(Session),
    /// A voucher has been paid.
    AsyncPaymentSucceeded(Session),
    /// A voucher was not paid in time.
    AsyncPaymentFailed(Session),
    /// The page closed without a payment.
    CheckoutExpired(Session),
    /// A refund was made, or stands differently than before.
    RefundUpdated {
        /// Stripe's name for it.
        refund: String,
        /// The payment it is against.
        payment: Option<String>,
        /// How much is given back.
        money: Money,
        /// How it stands now.
        status: RefundStatus,
    },
    /// Something else, by Stripe's name for it: answer 200 and forget it.
    Other(String),
}

/// The checkout that an event is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// The reference that [`open`](crate::Provider::open) gave.
    pub reference: String,
    /// Our order, if the checkout was opened by us.
    pub order: Option<String>,
    /// What a refund is made against.
    pub payment: Option<String>,
    /// What was asked.
    pub total: Option<Money>,
    /// Whether it is paid.
    pub paid: bool,
}

/// Proves and reads an event.
///
/// `body` is what came over the wire, before anything parsed it; `signature_header` is the value
/// of [`SIGNATURE_HEADER`]; `secrets` are those of the endpoint, more than one while they are
/// being changed; `now_unix` is in seconds.
///
/// # Errors
/// `webhook_too_large`; `webhook_not_configured` with no secret; `webhook_unsigned` (no, a wrong
/// or a malformed signature) and `webhook_out_of_time`, both
/// [`Unauthenticated`](Class::Unauthenticated); `webhook_malformed` for a signed body that is
/// not an event.
pub fn verify(
    body: &[u8],
    signature_header: &str,
    secrets: &[Secret],
    now_unix: u64,
) -> Result<Event, Fault> {
    if body.len() > MAX_BODY {
        return Err(Fault::new(Class::TooLarge, "webhook_too_large", "This is too long for an event."));
    }
    if secrets.iter().all(|secret| secret.reveal().is_empty()) {
        return Err(Fault::unavailable("webhook_not_configured", "There is no webhook secret.")
            .hint("Copy the endpoint's signing secret from Stripe's dashboard."));
    }
    let signed = Signed::parse(signature_header).ok_or_else(unsigned)?;
    if !signed.holds(body, secrets) {
        return Err(unsigned());
    }
    // Only now, so that a stranger learns nothing of our clock.
    if signed.at.abs_diff(now_unix) > WINDOW {
        return Err(Fault::new(
            Class::Unauthenticated,
            "webhook_out_of_time",
            "The signature is too old, or too new.",
        )
        .hint("If this goes on, check the clock of this computer."));
    }
    let value = strict::parse(body).map_err(|error| malformed("the JSON").internal(error))?;
    event(&value)
}

/// The header's value for a body, as Stripe would make it at this time (Unix seconds). For tests
/// and for rehearsing with no Stripe there.
#[must_use]
pub fn sign(body: &[u8], secret: &Secret, at: u64) -> String {
    let tag = mac(secret, at.to_string().as_bytes(), body).finalize().into_bytes();
    let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

fn unsigned() -> Fault {
    Fault::new(Class::Unauthenticated, "webhook_unsigned", "The signature is not Stripe's.")
        .hint("The webhook secret may be another endpoint's.")
}

fn malformed(what: &str) -> Fault {
    Fault::invalid("webhook_malformed", format!("This is signed, but not an event we can read: {what}."))
}

fn mac(secret: &Secret, at: &[u8], body: &[u8]) -> Hmac<Sha256> {
    // HMAC takes keys of any length.
    #[allow(clippy::expect_used, reason = "see above")]
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).expect("any key length is right");
    mac.update(at);
    mac.update(b".");
    mac.update(body);
    mac
}

/// A parsed signature header.
struct Signed<'a> {
    at: u64,
    /// As it was written: that is what is signed.
    at_text: &'a str,
    tags: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    /// `t=1700000000,v1=…,v1=…,v0=…`. Schemes other than `v1` are not looked at: `v0` is for
    /// test events only, and taking the weakest that fits is how signatures get stripped.
    fn parse(header: &'a str) -> Option<Self> {
        if header.len() > MAX_HEADER {
            return None;
        }
        let (mut time, mut tags) = (None, Vec::new());
        for item in header.split(',') {
            let (key, value) = item.trim_matches(' ').split_once('=')?;
            match key {
                "t" if time.is_none() => time = Some(value),
                "t" => return None,
                "v1" if tags.len() < MAX_SIGNATURES => tags.push(hex(value)?),
                "v1" => return None,
                _ => {}
            }
        }
        let at_text = time?;
        // `parse` alone would take a plus sign.
        let plain = !at_text.is_empty() && at_text.bytes().all(|byte| byte.is_ascii_digit());
        let at = if plain { at_text.parse().ok()? } else { return None };
        (!tags.is_empty()).then_some(Self { at, at_text, tags })
    }

    fn holds(&self, body: &[u8], secrets: &[Secret]) -> bool {
        let mut holds = false;
        for secret in secrets.iter().filter(|secret| !secret.reveal().is_empty()) {
            let mac = mac(secret, self.at_text.as_bytes(), body);
            for tag in &self.tags {
                // Constant time in the tag; all pairs are tried whichever fits.
                holds |= mac.clone().verify_slice(tag).is_ok();
            }
        }
        holds
    }
}

/// 32 bytes from 64 lower-case digits, as Stripe writes them.
fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn event(value: &Value) -> Result<Event, Fault> {
    if value.word("object") != Some("event") {
        return Err(malformed("`object` is not `event`"));
    }
    let id = value.word("id").filter(|id| answer::is_reference(id)).ok_or_else(|| malformed("`id`"))?;
    let created = value.get("created").and_then(Value::as_u64).ok_or_else(|| malformed("`created`"))?;
    let live = value.get("livemode").and_then(Value::as_bool).ok_or_else(|| malformed("`livemode`"))?;
    let name = value.word("type").ok_or_else(|| malformed("`type`"))?;
    let about = value.pointer("/data/object").unwrap_or(&Value::Null);
    let session = || session(about).ok_or_else(|| malformed("the checkout session"));
    let kind = match name {
        "checkout.session.completed" => Kind::CheckoutCompleted(session()?),
        "checkout.session.async_payment_succeeded" => Kind::AsyncPaymentSucceeded(session()?),
        "checkout.session.async_payment_failed" => Kind::AsyncPaymentFailed(session()?),
        "checkout.session.expired" => Kind::CheckoutExpired(session()?),
        // The last is the older name of the second; an endpoint may be subscribed to either.
        "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
            refund(about).ok_or_else(|| malformed("the refund"))?
        }
        other => Kind::Other(other.to_owned()),
    };
    Ok(Event { id: id.to_owned(), created, live, kind })
}

fn session(value: &Value) -> Option<Session> {
    let order = value.word("client_reference_id").or_else(|| value.get("metadata")?.word("order"));
    let paid = match value.word("payment_status")? {
        "paid" => true,
        "unpaid" | "no_payment_required" => false,
        _ => return None,
    };
    Some(Session {
        reference: value.word("id").filter(|id| answer::is_reference(id))?.to_owned(),
        order: order.map(str::to_owned),
        payment: answer::id_of(value.get("payment_intent")),
        total: answer::money(value, "amount_total"),
        paid,
    })
}

fn refund(value: &Value) -> Option<Kind> {
    Some(Kind::RefundUpdated {
        refund: value.word("id").filter(|id| answer::is_reference(id))?.to_owned(),
        payment: answer::id_of(value.get("payment_intent")),
        money: answer::money(value, "amount")?,
        status: answer::refund_status(value)?,
    })
}
