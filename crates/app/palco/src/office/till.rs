//! Buying, paying, giving back: between the pages, the books and whoever takes the money.

use super::Office;
use crate::clock;
use palco_base::{Class, Fault, OrderId, Secret, ShowId, TicketId};
use palco_boxoffice::{
    BuyRequest, Currency, Input, Lang, Line, Money, Order, OrderState, Payment, Provider, Quote, Selection,
    Shelf, clean_promo,
};
use palco_payment::stripe::webhook::{self, Kind};
use palco_payment::{Checkout, Language, Method};
use palco_site::{NextStep, OrderView};
use palco_store::{Database, Decided, Event, Key, NewOrder, OpenRefund, Stored};
use std::time::Duration;

/// How long a seat is held for who pays by the demo provider.
const HOLD: Duration = Duration::from_secs(15 * 60);
/// Stripe's page lives for half an hour at least; the seat is held a little longer.
const STRIPE_PAGE: Duration = Duration::from_secs(31 * 60);
const STRIPE_HOLD: Duration = Duration::from_secs(33 * 60);
/// How long a voucher (OXXO) can be paid.
const VOUCHER: Duration = Duration::from_secs(3 * 24 * 3600);
/// Refunds asked for at once.
const REFUNDS: u64 = 20;

impl Office {
    pub(super) fn is_over(&self, show: ShowId) -> bool {
        self.card_of(show).is_none_or(|card| card.show.phase == palco_stage::Phase::Over)
    }

    async fn shelf(&self, show: ShowId, promo: Option<&str>) -> Result<Shelf, Fault> {
        let promo = promo.map(clean_promo).transpose()?;
        self.books.shelf(show, promo.as_deref(), self.is_over(show)).await
    }

    pub(super) async fn price(
        &self,
        show: ShowId,
        request: &BuyRequest,
        promo: Option<&str>,
    ) -> Result<(Vec<Line>, Quote), Fault> {
        let shelf = self.shelf(show, promo).await?;
        let (lines, quote) = shelf.quote(request, clock::now().wall)?;
        shelf.room(&lines)?;
        Ok((lines, quote))
    }

    pub(super) async fn sell(
        &self,
        show: ShowId,
        request: BuyRequest,
        promo: Option<&str>,
        once: &str,
    ) -> Result<NextStep, Fault> {
        if !self.ways_to_pay().contains(&request.provider) && request.provider != Provider::Free {
            return Err(Fault::invalid("provider_unknown", "This way of paying is not offered here."));
        }
        if !(16..=64).contains(&once.len()) {
            // A short one could be another buyer's.
            return Err(Fault::invalid("form_broken", "The form is not whole.").hint("Load the page again."));
        }
        let quantity: usize = request.wanted.iter().map(|wanted| wanted.quantity as usize).sum();
        let hold = if request.provider == Provider::Stripe { STRIPE_HOLD } else { HOLD };
        let new = NewOrder {
            promo: promo.map(clean_promo).transpose()?,
            opening: Database::opening(quantity.min(200), hold)?,
            once: once.to_owned(),
            over: self.is_over(show),
            request,
        };
        let sold = self.books.open_sale(show, &new, clock::now().wall).await?;
        self.told(&sold).await;
        let order = &sold.stored.order;
        match (order.state, order.provider) {
            (OrderState::Held, Provider::Demo) => Ok(NextStep::Demo(order.code.clone())),
            (OrderState::Held, Provider::Stripe) => {
                self.open_checkout(order, sold.repeated).await.map(NextStep::Elsewhere)
            }
            _ => Ok(NextStep::Order(order.code.clone())),
        }
    }

    /// After a sale changed: what shows it is read again, who may not sit any longer leaves, letters go.
    pub(super) async fn told(&self, decided: &Decided) {
        let show = decided.stored.order.show;
        if let Err(fault) = self.foyer.read(&self.books, show).await {
            tracing::error!(%show, ?fault, "the show could not be read from the books again");
        }
        self.house.void(show, &decided.revoked);
        self.bell.notify_one();
    }

    pub(super) fn stripe(&self) -> Result<&dyn palco_payment::Provider, Fault> {
        self.stripe.as_deref().ok_or_else(|| {
            Fault::unavailable("provider_missing", "Stripe is not set up here.")
                .hint("Set the key stripe_key.")
        })
    }

    /// Everything asked is of the order and not of this moment: the same form sent again asks the same,
    /// and is sent to the same page.
    async fn open_checkout(&self, order: &Order, repeated: bool) -> Result<String, Fault> {
        let opened = self.stripe()?.open(self.checkout(order)?).await;
        match opened {
            Ok(opened) => {
                let until = order.created_at.unix_seconds() + STRIPE_HOLD.as_secs();
                let until = palco_base::WallTime::from_unix_seconds(until);
                let input = Input::Opened { checkout: opened.reference, until };
                self.decide(Key::Id(order.id), None, &input).await?;
                Ok(opened.url)
            }
            Err(fault) => {
                if !repeated {
                    // Nobody can pay it: the seat is free for others at once.
                    self.decide(Key::Id(order.id), None, &Input::Abandoned).await?;
                }
                // What the provider says is for the staff.
                tracing::error!(order = order.number(), ?fault, "a checkout could not be opened");
                Err(Fault::unavailable("payment_unavailable", "Paying does not work at the moment.")
                    .hint("You were not charged. Try again in a few minutes."))
            }
        }
    }

    fn checkout(&self, order: &Order) -> Result<Checkout, Fault> {
        let quote = &order.quote;
        let spanish = order.buyer.lang == Lang::Es;
        let title = self.card_of(order.show).map_or_else(String::new, |card| card.show.title.clone());
        // One line with the whole price: a discount, fees and tax of ours are on our own bill.
        let tickets = order.quantity();
        let what = match (spanish, tickets) {
            (false, 1) => format!("{title}: 1 ticket"),
            (false, _) => format!("{title}: {tickets} tickets"),
            (true, 1) => format!("{title}: 1 boleto"),
            (true, _) => format!("{title}: {tickets} boletos"),
        };
        let page = format!("{}/orders/{}", self.site, order.code.reveal());
        let pesos = quote.currency.code() == "MXN";
        Ok(Checkout {
            order: order.id.to_string(),
            idempotency: format!("order-{}", order.id),
            lines: vec![palco_payment::Line { text: what, each: quote.total, count: 1 }],
            total: theirs(quote.total_money())?,
            email: Secret::new(order.buyer.email.clone()),
            language: if spanish { Language::Spanish } else { Language::English },
            success_url: page.clone(),
            cancel_url: page,
            expires_at: order.created_at.unix_seconds() + STRIPE_PAGE.as_secs(),
            methods: if pesos { vec![Method::Card, Method::Oxxo { days: 3 }] } else { vec![Method::Card] },
        })
    }

    /// Has a sale take an input in, and everybody know of it.
    pub(super) async fn decide(
        &self,
        key: Key<'_>,
        event: Option<Event<'_>>,
        input: &Input,
    ) -> Result<Decided, Fault> {
        let decided = self.books.decide(key, event, input, clock::now().wall).await?;
        self.told(&decided).await;
        Ok(decided)
    }

    /// Takes in how a provider says a checkout stands.
    async fn learn(
        &self,
        order: OrderId,
        payment: palco_payment::Payment,
        event: Option<Event<'_>>,
    ) -> Result<(), Fault> {
        let input = match payment {
            palco_payment::Payment::Open => return Ok(()),
            palco_payment::Payment::Pending => {
                let until = clock::now().wall.unix_seconds() + VOUCHER.as_secs();
                Input::Pending { until: palco_base::WallTime::from_unix_seconds(until) }
            }
            palco_payment::Payment::Paid { payment, money } => Input::Paid {
                payment: Payment {
                    provider: Provider::Stripe,
                    reference: payment,
                    amount: Money::new(money.minor, Currency::parse(money.currency.code())?),
                },
                spare: Database::new_refund()?,
            },
            palco_payment::Payment::Expired => Input::Abandoned,
        };
        self.decide(Key::Id(order), event, &input).await.map(drop)
    }

    pub(super) async fn look_at(&self, code: &str) -> Result<OrderView, Fault> {
        let stored = self.books.order(Key::Code(code)).await?;
        // Also one that has lapsed: the buyer may have paid in its last moment.
        let unpaid = stored.order.state != OrderState::Paid;
        if let (true, Some(checkout)) = (unpaid, &stored.order.checkout) {
            match self.stripe()?.look(checkout).await {
                Ok(payment) => self.learn(stored.order.id, payment, None).await?,
                // The webhook will tell.
                Err(fault) => tracing::warn!(?fault, "Stripe could not be asked how an order stands"),
            }
        }
        self.order_view(code).await
    }

    pub(super) async fn order_view(&self, code: &str) -> Result<OrderView, Fault> {
        Ok(self.view(self.books.order(Key::Code(code)).await?))
    }

    pub(super) fn view(&self, stored: Stored) -> OrderView {
        let card = self.card_of(stored.order.show);
        OrderView { order: stored.order, tickets: stored.tickets, refunds: stored.refunds, card }
    }

    pub(super) async fn pay_demo(&self, code: &str, pays: bool) -> Result<OrderView, Fault> {
        let order = self.books.order(Key::Code(code)).await?.order;
        if order.provider != Provider::Demo || !self.ways_to_pay().contains(&Provider::Demo) {
            return Err(palco_site::not_here());
        }
        let input = if pays {
            let reference = format!("demo_{}", order.id);
            let amount = order.quote.total_money();
            let payment = Payment { provider: Provider::Demo, reference, amount };
            Input::Paid { payment, spare: Database::new_refund()? }
        } else {
            Input::Abandoned
        };
        let decided = self.decide(Key::Id(order.id), None, &input).await?;
        Ok(self.view(decided.stored))
    }

    pub(super) async fn give_up(&self, code: &str) -> Result<(), Fault> {
        let order = self.books.order(Key::Code(code)).await?.order;
        self.close_checkout(&order, Input::Abandoned).await
    }

    /// Ends a held order; a buyer who was faster has paid.
    async fn close_checkout(&self, order: &Order, input: Input) -> Result<(), Fault> {
        if let Some(checkout) = &order.checkout {
            let payment = self.stripe()?.expire(checkout).await?;
            let paid = matches!(payment, palco_payment::Payment::Paid { .. });
            let voucher = matches!(payment, palco_payment::Payment::Pending) && input == Input::Timeout;
            if paid || voucher {
                self.learn(order.id, payment, None).await?;
            }
            if voucher {
                return Ok(());
            }
        }
        // One that was just paid is paid: this changes nothing of it.
        self.decide(Key::Id(order.id), None, &input).await.map(drop)
    }

    pub(super) async fn webhook(&self, body: &[u8], signature: &str) -> Result<(), Fault> {
        let event = webhook::verify(body, signature, &self.stripe_secrets, clock::now().wall.unix_seconds())?;
        let seen = Event { provider: "stripe", id: &event.id };
        let (session, payment) = match event.kind {
            Kind::CheckoutCompleted(session) | Kind::AsyncPaymentSucceeded(session) => {
                let paid = session.paid.then(|| session.payment.clone().zip(session.total)).flatten();
                let payment = paid.map_or(palco_payment::Payment::Pending, |(payment, money)| {
                    palco_payment::Payment::Paid { payment, money }
                });
                (session, payment)
            }
            Kind::AsyncPaymentFailed(session) | Kind::CheckoutExpired(session) => {
                (session, palco_payment::Payment::Expired)
            }
            // What a refund has come to is asked for when it is tried again.
            Kind::RefundUpdated { .. } | Kind::Other(_) => return Ok(()),
        };
        let order = match self.books.order(Key::Checkout(&session.reference)).await {
            Ok(stored) => stored.order.id,
            Err(fault) if fault.code == "order_unknown" => {
                // It may have come before we wrote its name down: then our own name for it is in it.
                let ours = session.order.as_deref().and_then(|order| order.parse::<OrderId>().ok());
                match ours {
                    Some(order) if self.books.order(Key::Id(order)).await.is_ok() => order,
                    _ => {
                        tracing::warn!(event = event.id, "Stripe told of a checkout that is not ours");
                        return Ok(());
                    }
                }
            }
            Err(fault) => return Err(fault),
        };
        self.learn(order, payment, Some(seen)).await
    }

    pub(super) async fn give_back(
        &self,
        order: OrderId,
        ticket: Option<TicketId>,
        with_fees: bool,
        reason: &str,
    ) -> Result<Decided, Fault> {
        let input = Input::Refund {
            id: Database::new_refund()?,
            tickets: ticket.map_or(Selection::All, Selection::One),
            with_fees,
            reason: palco_boxoffice::clean_text(reason, 200)?,
        };
        self.decide(Key::Id(order), None, &input).await
    }

    /// Orders whose time is over, and those whose webhook may have been missed. When to look again.
    pub(super) async fn sweep_orders(&self) -> Result<(), Fault> {
        let now = clock::now().wall;
        let (due, _) = self.books.overdue(now).await?;
        for order in due {
            if let Err(fault) = self.close_checkout(&order, Input::Timeout).await {
                tracing::warn!(
                    order = order.number(),
                    ?fault,
                    "an order that is overdue could not be closed"
                );
            }
        }
        Ok(())
    }

    /// Asks the provider about orders whose webhook may have been missed.
    pub(super) async fn reconcile(&self) -> Result<(), Fault> {
        let Some(stripe) = self.stripe.as_deref() else { return Ok(()) };
        let before = clock::now().wall.unix_seconds().saturating_sub(120);
        for order in self.books.unheard(palco_base::WallTime::from_unix_seconds(before)).await? {
            let Some(checkout) = &order.checkout else { continue };
            let learned = match stripe.look(checkout).await {
                Ok(payment) => self.learn(order.id, payment, None).await,
                Err(fault) => Err(fault),
            };
            // One that cannot be asked about does not keep the others waiting.
            if let Err(fault) = learned {
                tracing::warn!(
                    order = order.number(),
                    ?fault,
                    "Stripe could not be asked how an order stands"
                );
            }
        }
        Ok(())
    }

    /// Has providers make the refunds that are due.
    pub(super) async fn make_refunds(&self) -> Result<(), Fault> {
        for open in self.books.refunds_due(clock::now().wall, REFUNDS).await? {
            if let Err(fault) = self.make_refund(&open).await {
                tracing::error!(refund = %open.refund.id, ?fault, "a refund could not be made; the others go on");
            }
        }
        Ok(())
    }

    async fn make_refund(&self, open: &OpenRefund) -> Result<(), Fault> {
        let refund = &open.refund;
        let key = Key::Id(refund.order);
        let done = match refund.provider {
            // Nobody moved money, or staff gives it back by hand.
            Provider::Demo | Provider::Manual | Provider::Free => Input::RefundDone(refund.id),
            Provider::Stripe => {
                let wish = palco_payment::Refund {
                    payment: refund.payment.clone(),
                    money: theirs(refund.amount)?,
                    idempotency: match refund.round {
                        0 => format!("refund-{}", refund.id),
                        round => format!("refund-{}-{round}", refund.id),
                    },
                };
                match self.stripe()?.refund(wish).await {
                    Ok(refunded) => match refunded.status {
                        // Stripe has taken it on; should it fail later, it says so to the account's owner.
                        palco_payment::RefundStatus::Succeeded | palco_payment::RefundStatus::Pending => {
                            Input::RefundDone(refund.id)
                        }
                        palco_payment::RefundStatus::Failed(why) => Input::RefundFailed(refund.id, why),
                    },
                    Err(fault) if fault.class == Class::Unavailable => {
                        let wait = 30_u64 << open.tries.min(7);
                        let again = clock::now().wall.unix_seconds() + wait;
                        let again = palco_base::WallTime::from_unix_seconds(again);
                        return self.books.refund_later(open, again).await;
                    }
                    Err(fault) => Input::RefundFailed(refund.id, fault.to_string()),
                }
            }
        };
        self.decide(key, None, &done).await.map(drop)
    }

    /// Goes on with shows that were called off: everybody gets their money back, each order by itself,
    /// so that being cut off in the middle loses nothing and repeats nothing.
    pub(super) async fn clear_cancelled(&self) -> Result<(), Fault> {
        for show in self.books.cancelled_unfinished().await? {
            for order in self.books.open_orders(show).await? {
                if let Err(fault) = self.clear_order(order).await {
                    tracing::error!(%order, ?fault, "an order of a cancelled show could not be given back; the others go on");
                }
            }
        }
        Ok(())
    }
}

impl Office {
    /// Gives an order of a cancelled show back.
    async fn clear_order(&self, order: OrderId) -> Result<(), Fault> {
        let stored = self.books.order(Key::Id(order)).await?;
        if stored.order.state == OrderState::Held {
            self.close_checkout(&stored.order, Input::Abandoned).await?;
        }
        match self.give_back(order, None, true, "show_cancelled").await {
            // It was not paid, or somebody gave it back in this very moment.
            Err(fault) if fault.code == "nothing_to_refund" => Ok(()),
            done => done.map(drop),
        }
    }
}

fn theirs(money: Money) -> Result<palco_payment::Money, Fault> {
    let currency =
        money.currency.code().parse().map_err(|_| {
            Fault::new(Class::Internal, "currency_unknown", "This currency cannot be paid in.")
        })?;
    Ok(palco_payment::Money::new(money.minor, currency))
}
