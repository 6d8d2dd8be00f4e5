//! No sequence of buying, paying, lapsing, refunding and being told again breaks what must always hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world should stop there")]

use palco_base::{KindId, OrderId, PromoId, RefundId, Secret, ShowId, TicketId, WallTime};
use palco_boxoffice::{
    Account, Balances, BuyRequest, Buyer, Change, Currency, Discount, Fee, Input, Lang, Listing, Money,
    NewTicket, Opening, OrderState, Payment, Promo, Provider, RefundState, Sale, Sales, Selection, Shelf,
    Tax, TicketKind, TicketState, Wanted,
};
use proptest::prelude::*;
use std::time::Duration;

const SHOW: ShowId = ShowId::new(1);
const KIND: KindId = KindId::new(2);
const SEATS: u32 = 6;

#[derive(Clone, Debug)]
enum Step {
    Buy { quantity: u32, promo: bool },
    Pay { order: usize, payment: u8, right: bool },
    Abandon { order: usize },
    Refund { order: usize, all: bool, with_fees: bool },
    RefundSaid { order: usize, done: bool },
    Again { order: usize },
    Wait { minutes: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let order = 0..8_usize;
    prop_oneof![
        3 => (1..4_u32, any::<bool>()).prop_map(|(quantity, promo)| Step::Buy { quantity, promo }),
        4 => (order.clone(), 0..3_u8, prop::bool::weighted(0.9))
            .prop_map(|(order, payment, right)| Step::Pay { order, payment, right }),
        1 => order.clone().prop_map(|order| Step::Abandon { order }),
        2 => (order.clone(), any::<bool>(), any::<bool>())
            .prop_map(|(order, all, with_fees)| Step::Refund { order, all, with_fees }),
        2 => (order.clone(), prop::bool::weighted(0.7)).prop_map(|(order, done)| Step::RefundSaid { order, done }),
        1 => order.prop_map(|order| Step::Again { order }),
        2 => (1..20_u64).prop_map(|minutes| Step::Wait { minutes }),
    ]
}

struct World {
    shelf: Shelf,
    sales: Vec<Sale>,
    balances: Balances,
    keys: std::collections::BTreeSet<String>,
    /// All that ever came in, whether it was for us or not.
    received: i64,
    next: u64,
    minute: u64,
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

impl World {
    fn new(tax_included: bool) -> Self {
        let listing = Listing {
            seats: Some(SEATS),
            sales: Sales::Open,
            fee: Fee { basis_points: 333, fixed: 7 },
            tax: Tax { name: "IVA".into(), basis_points: 1_600, included: tax_included },
            ..Listing::new(SHOW, usd())
        };
        let kind = TicketKind {
            id: KIND,
            show: SHOW,
            name: "Live".into(),
            description: String::new(),
            price: 999,
            pay_what_you_want: false,
            replay: false,
            face_to_face: false,
            seats: None,
            taken: 0,
            on_sale: true,
            position: 0,
        };
        Self {
            shelf: Shelf { listing, kinds: vec![kind], promo: None, over: false },
            sales: Vec::new(),
            balances: Balances::default(),
            keys: std::collections::BTreeSet::new(),
            received: 0,
            next: 100,
            minute: 0,
        }
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn now(&self) -> WallTime {
        WallTime::from_unix_seconds(1_800_000_000 + self.minute * 60)
    }

    /// Stores what changed, as the books do.
    fn store(&mut self, mut sale: Sale) -> Sale {
        while let Some(change) = sale.poll() {
            match change {
                Change::Taken(_, delta) => {
                    let taken =
                        |had: u32| u32::try_from(i64::from(had) + i64::from(delta)).expect("not below 0");
                    self.shelf.listing.taken = taken(self.shelf.listing.taken);
                    self.shelf.kinds[0].taken = taken(self.shelf.kinds[0].taken);
                }
                Change::Transfer(transfer) => {
                    assert!(transfer.amount > 0);
                    assert!(self.keys.insert(transfer.key.clone()), "{} is written twice", transfer.key);
                    self.balances.post(&transfer);
                }
                Change::Order(_) | Change::Ticket(_) | Change::Promo(..) | Change::Refund(_) => {}
                Change::Letter(_) | Change::Revoke(_) => {}
            }
        }
        sale
    }

    fn buy(&mut self, quantity: u32, promo: bool) {
        let tickets = (0..quantity)
            .map(|_| NewTicket { id: TicketId::new(self.id()), code: Secret::new("t") })
            .collect();
        let (id, code) = (OrderId::new(self.id()), Secret::new("o"));
        let opening = Opening { id, code, tickets, hold: Duration::from_secs(900) };
        let request = BuyRequest {
            wanted: vec![Wanted { kind: KIND, quantity, unit: None }],
            buyer: Buyer { email: "a@example.com".into(), name: String::new(), lang: Lang::En },
            provider: Provider::Stripe,
            by_staff: false,
        };
        self.shelf.promo = promo.then(|| Promo {
            id: PromoId::new(9),
            show: SHOW,
            code: "AMIGOS".into(),
            discount: Discount::Percent(1_234),
            uses: None,
            used: 0,
            until: None,
        });
        if let Ok(sale) = Sale::open(&self.shelf, request, opening, self.now()) {
            let sale = self.store(sale);
            self.sales.push(sale);
        }
    }

    /// Has one of the sales take an input in, loaded and stored anew each time.
    fn tell(&mut self, order: usize, make: impl FnOnce(&mut Self, &Sale) -> Option<Input>) {
        if self.sales.is_empty() {
            return;
        }
        let at = order % self.sales.len();
        let sale = self.sales[at].clone();
        let Some(input) = make(self, &sale) else { return };
        let mut sale = Sale::load(sale.order().clone(), sale.tickets().to_vec(), sale.refunds().to_vec());
        // A refusal leaves everything as it was.
        let before = format!("{sale:?}");
        match sale.handle(input, &self.shelf, self.now()) {
            Ok(()) => self.sales[at] = self.store(sale),
            Err(_) => assert_eq!(format!("{sale:?}"), before),
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Buy { quantity, promo } => self.buy(quantity, promo),
            Step::Pay { order, payment, right } => self.tell(order, |world, sale| {
                let reference = format!("pi_{}_{payment}", sale.order().id);
                let total = sale.order().quote.total;
                let amount = Money::new(if right { total } else { total + 1 }, usd());
                let seen = sale.order().payment.as_deref() == Some(reference.as_str())
                    || sale.refunds().iter().any(|refund| refund.payment == reference);
                world.received += if seen { 0 } else { amount.minor };
                let payment = Payment { provider: Provider::Stripe, reference, amount };
                Some(Input::Paid { payment, spare: RefundId::new(world.id()) })
            }),
            Step::Abandon { order } => self.tell(order, |_, _| Some(Input::Abandoned)),
            Step::Refund { order, all, with_fees } => self.tell(order, |world, sale| {
                let tickets = if all { Selection::All } else { Selection::One(sale.tickets()[0].id) };
                let id = RefundId::new(world.id());
                Some(Input::Refund { id, tickets, with_fees, reason: "asked".into() })
            }),
            Step::RefundSaid { order, done } => self.tell(order, |_, sale| {
                let id = sale.refunds().last()?.id;
                Some(if done { Input::RefundDone(id) } else { Input::RefundFailed(id, "no".into()) })
            }),
            Step::Again { order } => {
                self.tell(order, |_, sale| Some(Input::RefundAgain(sale.refunds().last()?.id)));
            }
            Step::Wait { minutes } => {
                self.minute += minutes;
                for at in 0..self.sales.len() {
                    self.tell(at, |_, _| Some(Input::Timeout));
                }
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.balances.sum(), 0);
        let (mut seats, mut net, mut tax, mut back) = (0, 0, 0, 0);
        for sale in &self.sales {
            let order = sale.order();
            let valid = sale.tickets().iter().filter(|ticket| ticket.state == TicketState::Valid);
            for ticket in valid {
                assert_eq!(order.state, OrderState::Paid, "a valid ticket was paid");
                (net, tax) = (net + ticket.net, tax + ticket.tax);
                seats += 1;
            }
            if order.state == OrderState::Held {
                assert!(sale.deadline().is_some());
                seats += u32::try_from(sale.tickets().len()).unwrap();
            }
            let parts: i64 = sale.tickets().iter().map(palco_boxoffice::Ticket::paid).sum();
            assert_eq!(parts, order.quote.total, "the tickets' parts are the whole");
            let of_payment = |payment: Option<&str>| -> i64 {
                let theirs = sale.refunds().iter().filter(|refund| Some(refund.payment.as_str()) == payment);
                theirs.map(|refund| refund.amount.minor).sum()
            };
            assert!(of_payment(order.payment.as_deref()) <= order.quote.total, "never more than was paid");
            let done = sale.refunds().iter().filter(|refund| refund.state == RefundState::Done);
            back += done.map(|refund| refund.amount.minor).sum::<i64>();
        }
        assert_eq!(self.shelf.listing.taken, seats);
        assert!(seats <= SEATS, "oversold");
        assert_eq!(self.balances.of(Account::Sales(SHOW)), net);
        assert_eq!(self.balances.of(Account::Tax(SHOW)), tax);
        assert_eq!(self.balances.of(Account::Unseated(SHOW)), 0);
        assert!(self.balances.of(Account::RefundsDue(SHOW)) >= 0);
        assert_eq!(-self.balances.of(Account::provider(Provider::Stripe)), self.received - back);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_must_hold_holds(steps in prop::collection::vec(step(), 1..60), tax_included: bool) {
        let mut world = World::new(tax_included);
        for step in steps {
            world.step(step);
            world.check();
        }
    }
}
