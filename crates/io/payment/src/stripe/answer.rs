//! What Stripe's JSON means.

use crate::{Currency, Money, Opened, Payment, RefundStatus, Refunded};
use palco_base::Fault;
use serde_json::Value;

/// Texts in objects.
pub(crate) trait Word {
    /// The text under this key, if there is one and it is not empty.
    fn word(&self, key: &str) -> Option<&str>;
}

impl Word for Value {
    fn word(&self, key: &str) -> Option<&str> {
        self.get(key)?.as_str().filter(|text| !text.is_empty())
    }
}

/// Whether a text may be one of Stripe's ids: they become a part of a URL's path.
pub(crate) fn is_reference(text: &str) -> bool {
    (4..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The id of what may be given as an id or, expanded, as the object itself.
pub(crate) fn id_of(value: Option<&Value>) -> Option<String> {
    let value = value?;
    value.as_str().or_else(|| value.word("id")).filter(|id| is_reference(id)).map(str::to_owned)
}

/// The amount under this key, in the object's currency.
pub(crate) fn money(value: &Value, key: &str) -> Option<Money> {
    let minor = value.get(key)?.as_i64().filter(|minor| *minor >= 0)?;
    Some(Money::new(minor, Currency::of_any_case(value.word("currency")?)?))
}

pub(crate) fn refund_status(value: &Value) -> Option<RefundStatus> {
    Some(match value.word("status")? {
        "succeeded" => RefundStatus::Succeeded,
        "pending" | "requires_action" => RefundStatus::Pending,
        failed @ ("failed" | "canceled") => {
            RefundStatus::Failed(value.word("failure_reason").unwrap_or(failed).to_owned())
        }
        _ => return None,
    })
}

/// A success whose JSON is not what the pinned version of the API says.
pub(crate) fn strange(what: &str) -> Fault {
    Fault::unavailable("provider_failed", "The payment provider's answer cannot be read.")
        .internal(format!("in Stripe's answer: {what}"))
}

pub(crate) fn opened(value: &Value) -> Result<Opened, Fault> {
    let reference = value.word("id").filter(|id| is_reference(id)).ok_or_else(|| strange("id"))?;
    let url = value.word("url").filter(|url| is_web_address(url)).ok_or_else(|| strange("url"))?;
    Ok(Opened { reference: reference.to_owned(), url: url.to_owned() })
}

/// Something a browser may be sent to: `http` is for a fake Stripe on this computer.
fn is_web_address(url: &str) -> bool {
    let scheme = url.starts_with("https://") || url.starts_with("http://127.0.0.1:");
    scheme && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A Checkout Session, with `payment_intent` expanded or not.
pub(crate) fn payment(value: &Value) -> Result<Payment, Fault> {
    let status = value.word("status").ok_or_else(|| strange("status"))?;
    let paid = value.word("payment_status").ok_or_else(|| strange("payment_status"))?;
    match (status, paid) {
        ("complete", "paid") => {
            let payment = id_of(value.get("payment_intent")).ok_or_else(|| strange("payment_intent"))?;
            let money = money(value, "amount_total").ok_or_else(|| strange("amount_total"))?;
            Ok(Payment::Paid { payment, money })
        }
        ("complete", "unpaid") => {
            // A session stays complete and unpaid for ever when its voucher is not paid in time;
            // only the payment intent knows.
            let intent = value.get("payment_intent").and_then(|intent| intent.word("status"));
            let over = matches!(intent, Some("requires_payment_method" | "canceled"));
            Ok(if over { Payment::Expired } else { Payment::Pending })
        }
        ("open", _) => Ok(Payment::Open),
        ("expired", _) => Ok(Payment::Expired),
        _ => Err(strange(&format!("status {status}, payment_status {paid}"))),
    }
}

pub(crate) fn refunded(value: &Value, asked: Money) -> Result<Refunded, Fault> {
    let reference = value.word("id").filter(|id| is_reference(id)).ok_or_else(|| strange("id"))?;
    let status = refund_status(value).ok_or_else(|| strange("status"))?;
    if money(value, "amount") != Some(asked) {
        return Err(strange("amount or currency of the refund"));
    }
    Ok(Refunded { reference: reference.to_owned(), status })
}
