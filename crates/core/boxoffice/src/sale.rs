//! One order's life: held, paid or lapsed, refunded. However often, late or out of order a provider
//! says something, the outcome is the same.

use crate::hold::{BuyRequest, Opening, Shelf};
use crate::ledger::{Account, Transfer};
use crate::order::{Order, OrderState, Payment, Refund, RefundState, Ticket, TicketState};
use palco_base::{Fault, KindId, PromoId, RefundId, TicketId, WallTime};
use std::collections::{BTreeMap, VecDeque};

/// Which tickets of an order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Selection {
    /// All that are valid.
    All,
    /// One.
    One(TicketId),
}

/// What happens to a sale.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// The provider opened a checkout, which can be paid until then.
    Opened {
        /// The provider's name for it.
        checkout: String,
        /// Until when the seats are held now.
        until: WallTime,
    },
    /// The buyer was given a voucher to pay in a shop (OXXO), valid until then.
    Pending {
        /// Until when the seats are held now.
        until: WallTime,
    },
    /// The money came. `spare` names the refund if there is no seat for it.
    Paid {
        /// What came.
        payment: Payment,
        /// For the refund, if one is needed.
        spare: RefundId,
    },
    /// The buyer changed their mind, the provider gave up, or the show was cancelled.
    Abandoned,
    /// Staff gives tickets back.
    Refund {
        /// Its id.
        id: RefundId,
        /// Which tickets.
        tickets: Selection,
        /// Whether the fees are given back too.
        with_fees: bool,
        /// Why, for the books.
        reason: String,
    },
    /// The provider took a refund.
    RefundDone(RefundId),
    /// The provider refused a refund, and said why.
    RefundFailed(RefundId, String),
    /// Staff has it tried again.
    RefundAgain(RefundId),
    /// The deadline came.
    Timeout,
}

/// A letter to the buyer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Letter {
    /// Here are your tickets.
    Tickets,
    /// Tickets were given back; with the refund, if they cost something.
    Refunded(Option<RefundId>),
    /// You paid when no seat was left; the money is on its way back.
    NoSeat(RefundId),
}

/// What changed, to be stored all together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// The order is now this.
    Order(Box<Order>),
    /// A ticket is now this.
    Ticket(Ticket),
    /// So many more seats (or fewer) are held or sold.
    Taken(KindId, i32),
    /// So many more orders (or fewer) use the promo code.
    Promo(PromoId, i32),
    /// An entry of the ledger.
    Transfer(Transfer),
    /// A refund is now this.
    Refund(Refund),
    /// A letter is to be sent.
    Letter(Letter),
    /// A ticket lets nobody in any longer: whoever sits there leaves.
    Revoke(TicketId),
}

/// One order with all that belongs to it.
#[derive(Clone, Debug)]
pub struct Sale {
    order: Order,
    tickets: Vec<Ticket>,
    refunds: Vec<Refund>,
    changes: VecDeque<Change>,
}

impl Sale {
    /// A new order. What costs nothing is paid at once.
    ///
    /// # Errors
    /// Why it cannot be had: sold out, closed, too many.
    pub fn open(shelf: &Shelf, request: BuyRequest, opening: Opening, now: WallTime) -> Result<Self, Fault> {
        let (order, tickets) = shelf.open(request, opening, now)?;
        let mut sale = Self { order, tickets, refunds: Vec::new(), changes: VecDeque::new() };
        sale.take(1);
        if sale.order.quote.total == 0 {
            sale.validate(None, now);
        } else {
            sale.store_order();
            sale.store_tickets();
        }
        Ok(sale)
    }

    /// The sale as it was stored.
    #[must_use]
    pub const fn load(order: Order, tickets: Vec<Ticket>, refunds: Vec<Refund>) -> Self {
        Self { order, tickets, refunds, changes: VecDeque::new() }
    }

    /// The order.
    #[must_use]
    pub const fn order(&self) -> &Order {
        &self.order
    }

    /// Its tickets.
    #[must_use]
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// Its refunds.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Takes an input in. `shelf` is needed where seats may have to be taken again: a payment.
    ///
    /// # Errors
    /// When somebody asks for what cannot be done. Facts (paid, lapsed, refunded) are never refused.
    pub fn handle(&mut self, input: Input, shelf: &Shelf, now: WallTime) -> Result<(), Fault> {
        match input {
            Input::Opened { checkout, until } => {
                if self.order.state == OrderState::Held {
                    self.order.checkout = Some(checkout);
                    self.order.held_until = until;
                    self.store_order();
                }
            }
            Input::Pending { until } => {
                if self.order.state == OrderState::Held && until > self.order.held_until {
                    self.order.held_until = until;
                    self.store_order();
                }
            }
            Input::Paid { payment, spare } => self.paid(payment, spare, shelf, now),
            Input::Abandoned => self.lapse(),
            Input::Timeout => {
                if self.deadline().is_some_and(|deadline| now >= deadline) {
                    self.lapse();
                }
            }
            Input::Refund { id, tickets, with_fees, reason } => {
                self.refund(id, &tickets, with_fees, reason, now)?;
            }
            Input::RefundDone(id) => self.refund_done(id, now),
            Input::RefundFailed(id, why) => self.refund_failed(id, why),
            Input::RefundAgain(id) => self.refund_again(id)?,
        }
        Ok(())
    }

    /// The next change to be stored.
    pub fn poll(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// When time alone changes something: the seats are held no longer.
    #[must_use]
    pub fn deadline(&self) -> Option<WallTime> {
        (self.order.state == OrderState::Held).then_some(self.order.held_until)
    }

    fn store_order(&mut self) {
        self.changes.push_back(Change::Order(Box::new(self.order.clone())));
    }

    fn store_tickets(&mut self) {
        self.changes.extend(self.tickets.iter().cloned().map(Change::Ticket));
    }

    /// Takes the seats of all tickets (1), or lets them go (-1), and the promo code's use with them.
    fn take(&mut self, sign: i32) {
        let mut kinds: BTreeMap<KindId, i32> = BTreeMap::new();
        for ticket in &self.tickets {
            *kinds.entry(ticket.kind).or_default() += sign;
        }
        self.changes.extend(kinds.into_iter().map(|(kind, delta)| Change::Taken(kind, delta)));
        if let Some(promo) = self.order.promo {
            self.changes.push_back(Change::Promo(promo, sign));
        }
    }

    /// The tickets become valid.
    fn validate(&mut self, payment: Option<String>, now: WallTime) {
        self.order.state = OrderState::Paid;
        self.order.payment = payment;
        self.order.paid_at = Some(now);
        for ticket in &mut self.tickets {
            ticket.state = TicketState::Valid;
        }
        self.store_order();
        self.store_tickets();
        self.changes.push_back(Change::Letter(Letter::Tickets));
    }

    fn paid(&mut self, payment: Payment, spare: RefundId, shelf: &Shelf, now: WallTime) {
        let known = self.order.payment.as_deref() == Some(payment.reference.as_str())
            || self.refunds.iter().any(|refund| refund.payment == payment.reference);
        if known {
            return;
        }
        let expected = payment.amount == self.order.quote.total_money();
        let seated = match self.order.state {
            OrderState::Held => true,
            OrderState::Lapsed => shelf.room(&self.order.lines).is_ok() && !shelf.cancelled(),
            OrderState::Paid => false,
        };
        if !expected || !seated {
            self.give_back(payment, spare, now);
            return;
        }
        if self.order.state == OrderState::Lapsed {
            self.take(1);
        }
        let (show, from) = (self.order.show, Account::provider(payment.provider));
        let quote = self.order.quote;
        self.order.provider = payment.provider;
        for (name, to, amount) in [
            ("net", Account::Sales(show), quote.net()),
            ("fees", Account::Fees(show), quote.fees),
            ("tax", Account::Tax(show), quote.tax),
        ] {
            self.transfer(format!("paid:{}:{name}", self.order.id), from, to, amount, now);
        }
        self.validate(Some(payment.reference), now);
    }

    /// There is no seat for this money.
    fn give_back(&mut self, payment: Payment, id: RefundId, now: WallTime) {
        let show = self.order.show;
        let (from, spare) = (Account::provider(payment.provider), Account::Unseated(show));
        // In the currency it came in, whatever the order was in.
        let Payment { provider, reference, amount } = payment;
        self.transfer_in(amount.currency, format!("unseated:{id}"), from, spare, amount.minor, now);
        let due = Account::RefundsDue(show);
        self.transfer_in(amount.currency, format!("refund:{id}:unseated"), spare, due, amount.minor, now);
        self.want_refund(Refund {
            id,
            order: self.order.id,
            show,
            amount,
            payment: reference,
            provider,
            reason: "no_seat".to_owned(),
            state: RefundState::Wanted,
            created_at: now,
            round: 0,
        });
        self.changes.push_back(Change::Letter(Letter::NoSeat(id)));
    }

    fn want_refund(&mut self, refund: Refund) {
        self.refunds.push(refund.clone());
        self.changes.push_back(Change::Refund(refund));
    }

    fn lapse(&mut self) {
        if self.order.state != OrderState::Held {
            return;
        }
        self.order.state = OrderState::Lapsed;
        self.take(-1);
        self.store_order();
    }

    fn refund(
        &mut self,
        id: RefundId,
        selection: &Selection,
        with_fees: bool,
        reason: String,
        now: WallTime,
    ) -> Result<(), Fault> {
        let chosen: Vec<usize> = (0..self.tickets.len())
            .filter(|at| {
                let ticket = &self.tickets[*at];
                let wanted = match selection {
                    Selection::All => true,
                    Selection::One(one) => ticket.id == *one,
                };
                wanted && ticket.state == TicketState::Valid
            })
            .collect();
        if chosen.is_empty() {
            return Err(Fault::conflict("nothing_to_refund", "These tickets were given back already."));
        }
        let (mut net, mut fees, mut tax) = (0, 0, 0);
        for at in chosen {
            let ticket = &mut self.tickets[at];
            ticket.state = TicketState::Void;
            net += ticket.net;
            tax += ticket.tax;
            fees += if with_fees { ticket.fees } else { 0 };
            let ticket = ticket.clone();
            self.changes.push_back(Change::Taken(ticket.kind, -1));
            self.changes.push_back(Change::Revoke(ticket.id));
            self.changes.push_back(Change::Ticket(ticket));
        }
        let show = self.order.show;
        let due = Account::RefundsDue(show);
        for (name, from, amount) in [
            ("net", Account::Sales(show), net),
            ("fees", Account::Fees(show), fees),
            ("tax", Account::Tax(show), tax),
        ] {
            self.transfer(format!("refund:{id}:{name}"), from, due, amount, now);
        }
        let amount = self.order.quote.money(net + fees + tax);
        let costs = amount.minor > 0;
        if costs {
            self.want_refund(Refund {
                id,
                order: self.order.id,
                show,
                amount,
                payment: self.order.payment.clone().unwrap_or_default(),
                provider: self.order.provider,
                reason,
                state: RefundState::Wanted,
                created_at: now,
                round: 0,
            });
        }
        self.changes.push_back(Change::Letter(Letter::Refunded(costs.then_some(id))));
        Ok(())
    }

    fn refund_done(&mut self, id: RefundId, now: WallTime) {
        let found = self.refunds.iter_mut().find(|refund| refund.id == id);
        let Some(refund) = found.filter(|refund| refund.state != RefundState::Done) else { return };
        refund.state = RefundState::Done;
        let Refund { amount, provider, show, .. } = *refund;
        let refund = refund.clone();
        let (due, to) = (Account::RefundsDue(show), Account::provider(provider));
        self.transfer_in(amount.currency, format!("refund:{id}:done"), due, to, amount.minor, now);
        self.changes.push_back(Change::Refund(refund));
    }

    fn refund_failed(&mut self, id: RefundId, why: String) {
        if let Some(refund) = self.refunds.iter_mut().find(|r| r.id == id && r.state == RefundState::Wanted) {
            refund.state = RefundState::Failed(why);
            self.changes.push_back(Change::Refund(refund.clone()));
        }
    }

    fn refund_again(&mut self, id: RefundId) -> Result<(), Fault> {
        let found = self.refunds.iter_mut().find(|refund| refund.id == id);
        let failed = found.filter(|refund| matches!(refund.state, RefundState::Failed(_)));
        let refund = failed
            .ok_or_else(|| Fault::conflict("refund_not_failed", "This refund is on its way or done."))?;
        refund.state = RefundState::Wanted;
        refund.round += 1;
        self.changes.push_back(Change::Refund(refund.clone()));
        Ok(())
    }

    fn transfer(&mut self, key: String, debit: Account, credit: Account, amount: i64, at: WallTime) {
        self.transfer_in(self.order.quote.currency, key, debit, credit, amount, at);
    }

    fn transfer_in(
        &mut self,
        currency: crate::Currency,
        key: String,
        debit: Account,
        credit: Account,
        amount: i64,
        at: WallTime,
    ) {
        if amount > 0 {
            let order = Some(self.order.id);
            let transfer = Transfer { key, at, debit, credit, amount, currency, order };
            self.changes.push_back(Change::Transfer(transfer));
        }
    }
}

impl Shelf {
    fn cancelled(&self) -> bool {
        self.listing.sales == crate::Sales::Cancelled
    }
}
