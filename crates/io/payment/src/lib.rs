//! Taking money and giving it back, through whoever does that for the house.
//!
//! [`Provider`] is all the rest of Palco knows of it. The buyer pays on the provider's own page:
//! no card number ever passes through here. What the provider says by itself later comes as a
//! webhook ([`stripe::webhook`]), is proved by its signature, and is only ever a hint to
//! [`look`](Provider::look) again: events come late, twice and out of order.

#![forbid(unsafe_code)]

mod money;
pub mod stripe;

pub use money::{Currency, Money};

use futures_util::future::BoxFuture;
use palco_base::{Fault, Secret};

/// The language of the provider's page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// English.
    English,
    /// Spanish.
    Spanish,
}

/// How a buyer may pay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Cards, and the wallets that stand for a card. Settled at once.
    Card,
    /// A voucher paid in cash at an OXXO shop, within so many days (1 to 7); MXN only. The
    /// checkout is then [`Payment::Pending`] until the cash has come, and cannot be refunded
    /// through the provider.
    Oxxo {
        /// How many days the voucher is good for; it ends at 23:59 of the last one in Mexico City.
        days: u8,
    },
}

/// One line of what is being bought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What it is, as the buyer reads it.
    pub text: String,
    /// What one of it costs, in minor units.
    pub each: i64,
    /// How many of it.
    pub count: u32,
}

/// A wish to be paid.
#[derive(Clone, Debug)]
pub struct Checkout {
    /// Our order, as text; comes back with every event about it.
    pub order: String,
    /// Same key, same checkout: a request that is repeated after a broken connection opens no
    /// second one. At most 255 characters.
    pub idempotency: String,
    /// What is bought. At least one line.
    pub lines: Vec<Line>,
    /// The sum of the lines, in the order's currency.
    pub total: Money,
    /// Where the provider sends its receipt.
    pub email: Secret,
    /// Language of the provider's page.
    pub language: Language,
    /// Where the buyer comes back to after paying, or after taking a voucher. Coming back proves
    /// nothing.
    pub success_url: String,
    /// Where the buyer comes back to without having paid.
    pub cancel_url: String,
    /// When the page closes, in Unix seconds; Stripe wants 30 minutes to 24 hours from now.
    pub expires_at: u64,
    /// Ways to pay, at least one. [`Method::Oxxo`] is left out unless the currency is MXN.
    pub methods: Vec<Method>,
}

/// A page on which the buyer can pay now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The provider's name for the checkout: give it to [`Provider::look`].
    pub reference: String,
    /// Where to send the buyer.
    pub url: String,
}

/// What has become of a checkout.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Payment {
    /// The buyer may still pay.
    Open,
    /// The buyer holds a voucher and has not paid it yet.
    Pending,
    /// The money is the house's.
    Paid {
        /// What a refund is made against.
        payment: String,
        /// What was paid; compare it with what was asked.
        money: Money,
    },
    /// It will not be paid any more: time ran out, it was ended, or the voucher came to nothing.
    Expired,
}

/// A wish to give money back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refund {
    /// As in [`Payment::Paid`].
    pub payment: String,
    /// How much; may be less than was paid.
    pub money: Money,
    /// Same key, same refund. Store it before calling.
    pub idempotency: String,
}

/// How a refund stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefundStatus {
    /// The money is on its way to the buyer's bank, which is all anybody can say.
    Succeeded,
    /// The provider is still at it; an event will say how it ended.
    Pending,
    /// The buyer did not get it: give the money back in another way. With the provider's word for
    /// why.
    Failed(String),
}

/// A refund the provider has taken on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refunded {
    /// The provider's name for the refund.
    pub reference: String,
    /// How it stands.
    pub status: RefundStatus,
}

/// Somebody who takes money for the house.
///
/// Faults of class [`Unavailable`](palco_base::Class::Unavailable) mean that nothing is known of
/// the outcome: the same call with the same idempotency key may be made again. All others are
/// final.
pub trait Provider: Send + Sync {
    /// Opens a page on which the buyer can pay.
    ///
    /// # Errors
    /// `provider_unreachable`, `provider_busy`, `provider_failed` (all [`Unavailable`]);
    /// `provider_refused` with the provider's words as hint, for the staff;
    /// `provider_key_refused`; `checkout_invalid` for what is wrong before anybody is asked.
    ///
    /// [`Unavailable`]: palco_base::Class::Unavailable
    fn open(&self, checkout: Checkout) -> BoxFuture<'_, Result<Opened, Fault>>;

    /// What has become of a checkout.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`NotFound`](palco_base::Class::NotFound) `checkout_unknown`.
    fn look<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Payment, Fault>>;

    /// Closes the page, if it is still open, and says what has become of the checkout: the buyer
    /// may have been faster, and then it is [`Payment::Paid`] or [`Payment::Pending`]. Safe to
    /// repeat.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    fn expire<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Payment, Fault>>;

    /// Gives money back.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`NotFound`](palco_base::Class::NotFound) `payment_unknown`.
    fn refund(&self, refund: Refund) -> BoxFuture<'_, Result<Refunded, Fault>>;
}
