//! [Stripe](https://docs.stripe.com/api) as a [`Provider`]: Checkout Sessions and refunds.

mod answer;
mod door;
mod form;
mod strict;
pub mod webhook;

use crate::{Checkout, Currency, Language, Method, Opened, Payment, Provider, Refund, Refunded};
use door::{Door, Trouble};
use form::Form;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use palco_base::{Class, Fault, Secret};
use std::sync::Arc;

/// Where Stripe's API is.
pub const API: &str = "https://api.stripe.com";
/// The version of the API whose words we understand. Stripe keeps old versions as they are.
pub const VERSION: &str = "2024-06-20";
/// The most OXXO takes for one voucher, in centavos.
const OXXO_MOST: i64 = 1_000_000;
/// Where Stripe's minor unit is not ISO 4217's: amounts would be wrong by a factor of 100.
const NOT_OUR_UNITS: [&str; 2] = ["ISK", "UGX"];

/// A Stripe account.
#[derive(Clone)]
pub struct Stripe {
    door: Arc<Door>,
    test: bool,
}

impl Stripe {
    /// The account with this secret key (`sk_…`, or better a restricted one, `rk_…`, that may
    /// write Checkout Sessions and refunds and read payment intents).
    ///
    /// # Errors
    /// `provider_key_invalid` if it is a publishable key or not a key at all.
    pub fn new(key: Secret) -> Result<Self, Fault> {
        Self::at(API, key)
    }

    /// The same, at another address: `scheme://host:port` of a stand-in for Stripe.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at(base: &str, key: Secret) -> Result<Self, Fault> {
        let text = key.reveal();
        let kind = ["sk_", "rk_"].iter().find_map(|prefix| text.strip_prefix(prefix));
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let Some(rest) = kind.filter(|_| plain && text.len() > 8) else {
            return Err(Fault::invalid("provider_key_invalid", "This is not a secret key of Stripe's.")
                .hint("It begins with sk_ or rk_; the one that begins with pk_ is for other uses."));
        };
        let test = rest.starts_with("test_");
        Ok(Self { door: Arc::new(Door::new(base, key)), test })
    }

    /// Whether the key is one for trying: no real money moves.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.test
    }

    /// Does a blocking exchange where blocking is allowed.
    async fn ask<T: Send + 'static>(
        &self,
        exchange: impl FnOnce(&Door) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let door = self.door.clone();
        tokio::task::spawn_blocking(move || exchange(&door)).await.unwrap_or_else(|error| {
            Err(Fault::new(Class::Internal, "payment_thread", "The payment could not be handled.")
                .internal(error))
        })
    }
}

impl Provider for Stripe {
    fn open(&self, checkout: Checkout) -> BoxFuture<'_, Result<Opened, Fault>> {
        async move {
            check(&checkout)?;
            self.ask(move |door| {
                let form = checkout_form(&checkout);
                let said = door.post("/v1/checkout/sessions", form, Some(&checkout.idempotency))?;
                answer::opened(&said)
            })
            .await
        }
        .boxed()
    }

    fn look<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Payment, Fault>> {
        async move {
            let reference = checked(reference, "checkout_unknown")?;
            self.ask(move |door| look(door, &reference)).await
        }
        .boxed()
    }

    fn expire<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Payment, Fault>> {
        async move {
            let reference = checked(reference, "checkout_unknown")?;
            self.ask(move |door| {
                let path = format!("/v1/checkout/sessions/{reference}/expire");
                match door.post(&path, Form::default(), None) {
                    Ok(said) => answer::payment(&said),
                    // It is not open any more: what is it then?
                    Err(Trouble::Refused(refused)) => match look(door, &reference)? {
                        Payment::Open => Err(refused),
                        become_of => Ok(become_of),
                    },
                    Err(trouble) => Err(trouble.about("checkout_unknown")),
                }
            })
            .await
        }
        .boxed()
    }

    fn refund(&self, refund: Refund) -> BoxFuture<'_, Result<Refunded, Fault>> {
        async move {
            let payment = checked(&refund.payment, "payment_unknown")?;
            check_key(&refund.idempotency)?;
            check_currency(refund.money.currency)?;
            if refund.money.minor <= 0 {
                return Err(invalid("Nothing would be given back."));
            }
            self.ask(move |door| {
                let mut form = Form::default();
                form.add("payment_intent", &payment).add("amount", &refund.money.minor.to_string());
                let said = door
                    .post("/v1/refunds", form, Some(&refund.idempotency))
                    .map_err(|trouble| trouble.about("payment_unknown"))?;
                answer::refunded(&said, refund.money)
            })
            .await
        }
        .boxed()
    }
}

fn look(door: &Door, reference: &str) -> Result<Payment, Fault> {
    let path = format!("/v1/checkout/sessions/{reference}?expand%5B%5D=payment_intent");
    let said = door.get(&path).map_err(|trouble| trouble.about("checkout_unknown"))?;
    answer::payment(&said)
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::invalid("checkout_invalid", text)
}

/// A reference that may stand in a path; any other cannot be Stripe's.
fn checked(reference: &str, unknown: &'static str) -> Result<String, Fault> {
    if answer::is_reference(reference) {
        Ok(reference.to_owned())
    } else {
        Err(Fault::not_found(unknown, "This is not a reference of Stripe's."))
    }
}

fn check_key(key: &str) -> Result<(), Fault> {
    if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(invalid("An idempotency key is 1 to 255 printable characters."))
    }
}

fn check_currency(currency: Currency) -> Result<(), Fault> {
    if NOT_OUR_UNITS.contains(&currency.code()) {
        return Err(invalid(format!("{currency} cannot be used with Stripe.")));
    }
    Ok(())
}

/// What Stripe would refuse anyway, and what it would not notice.
fn check(checkout: &Checkout) -> Result<(), Fault> {
    check_key(&checkout.idempotency)?;
    check_currency(checkout.total.currency)?;
    if checkout.order.is_empty() || checkout.order.len() > 200 {
        return Err(invalid("An order's id is 1 to 200 characters."));
    }
    let mut sum = 0_i64;
    for line in &checkout.lines {
        if line.each < 0 || line.count == 0 || line.text.trim().is_empty() {
            return Err(invalid("A line has no text, no count or a negative price."));
        }
        let amount = line.each.checked_mul(line.count.into());
        sum = amount
            .and_then(|amount| sum.checked_add(amount))
            .ok_or_else(|| invalid("The sum is too large."))?;
    }
    if sum != checkout.total.minor {
        return Err(invalid("The lines do not add up to the total."));
    }
    if sum == 0 {
        return Err(invalid("There is nothing to pay."));
    }
    if methods(checkout).is_empty() {
        return Err(invalid("There is no way to pay this amount in this currency."));
    }
    Ok(())
}

/// The ways to pay that fit currency and amount.
fn methods(checkout: &Checkout) -> Vec<Method> {
    let fits = |method: &Method| match method {
        Method::Card => true,
        Method::Oxxo { days } => {
            let total = checkout.total;
            total.currency.code() == "MXN" && total.minor <= OXXO_MOST && (1..=7).contains(days)
        }
    };
    checkout.methods.iter().copied().filter(fits).collect()
}

fn checkout_form(checkout: &Checkout) -> Form {
    let mut form = Form::default();
    form.add("mode", "payment")
        .add("client_reference_id", &checkout.order)
        .add("metadata[order]", &checkout.order)
        // On the payment too, so that it can be found in Stripe's dashboard by our order.
        .add("payment_intent_data[metadata][order]", &checkout.order)
        .add("customer_email", checkout.email.reveal())
        .add(
            "locale",
            match checkout.language {
                Language::English => "en",
                Language::Spanish => "es",
            },
        )
        .add("success_url", &checkout.success_url)
        .add("cancel_url", &checkout.cancel_url)
        .add("expires_at", &checkout.expires_at.to_string());
    for (at, method) in methods(checkout).into_iter().enumerate() {
        let kind = format!("payment_method_types[{at}]");
        match method {
            Method::Card => form.add(&kind, "card"),
            Method::Oxxo { days } => form
                .add(&kind, "oxxo")
                .add("payment_method_options[oxxo][expires_after_days]", &days.to_string()),
        };
    }
    let currency = checkout.total.currency.code().to_ascii_lowercase();
    for (at, line) in checkout.lines.iter().enumerate() {
        let key = |rest: &str| format!("line_items[{at}]{rest}");
        form.add(&key("[quantity]"), &line.count.to_string())
            .add(&key("[price_data][currency]"), &currency)
            .add(&key("[price_data][unit_amount]"), &line.each.to_string())
            .add(&key("[price_data][product_data][name]"), &line.text);
    }
    form
}
