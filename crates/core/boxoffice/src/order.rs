//! Orders, tickets, refunds: what is stored of a sale.

use crate::money::Money;
use crate::price::Quote;
use palco_base::{KindId, OrderId, PromoId, RefundId, Secret, ShowId, TicketId, WallTime};

/// A language the site speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Lang {
    /// BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// The one with this tag; English if there is none.
    #[must_use]
    pub fn of(tag: &str) -> Self {
        if tag.get(..2).is_some_and(|tag| tag.eq_ignore_ascii_case("es")) { Self::Es } else { Self::En }
    }
}

/// Who takes the money.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Provider {
    /// Nobody: the built-in one for trying things out.
    Demo,
    /// Staff, in cash, by transfer or for nothing.
    Manual,
    /// Stripe Checkout.
    Stripe,
    /// Nobody needs to: the order costs nothing.
    Free,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Demo, Self::Manual, Self::Stripe, Self::Free];

    /// Its name in the database, the ledger and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo",
            Self::Manual => "manual",
            Self::Stripe => "stripe",
            Self::Free => "free",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Where an order is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderState {
    /// Its seats are held while the buyer pays.
    Held,
    /// Paid, or free: the tickets are valid unless they were refunded.
    Paid,
    /// Not paid in time, or called off: its seats are free again.
    Lapsed,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Held, Self::Paid, Self::Lapsed];

    /// Its name in the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Paid => "paid",
            Self::Lapsed => "lapsed",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Who buys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Buyer {
    /// Where the tickets are sent.
    pub email: String,
    /// What is written on them; may be empty.
    pub name: String,
    /// In which language they are written.
    pub lang: Lang,
}

/// So many tickets of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Which kind.
    pub kind: KindId,
    /// What it was called when it was bought.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// Price of one, minor units.
    pub unit: i64,
}

/// An order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Who has it may see the order: 128 random bits.
    pub code: Secret,
    /// Tickets to which show.
    pub show: ShowId,
    /// Where it is.
    pub state: OrderState,
    /// Who buys.
    pub buyer: Buyer,
    /// What.
    pub lines: Vec<Line>,
    /// With which promo code.
    pub promo: Option<PromoId>,
    /// For how much.
    pub quote: Quote,
    /// Who takes the money.
    pub provider: Provider,
    /// The provider's name for the checkout.
    pub checkout: Option<String>,
    /// The provider's name for the payment, which a refund needs.
    pub payment: Option<String>,
    /// When it was made.
    pub created_at: WallTime,
    /// Until when its seats are held.
    pub held_until: WallTime,
    /// When it was paid.
    pub paid_at: Option<WallTime>,
}

impl Order {
    /// How many tickets.
    #[must_use]
    pub fn quantity(&self) -> u32 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// What is written on the bill and said on the phone: the first eight digits of its id.
    #[must_use]
    pub fn number(&self) -> String {
        format!("{:016X}", self.id.bits())[..8].to_owned()
    }
}

/// Where a ticket is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TicketState {
    /// Its seat is held, or was.
    Held,
    /// It lets one in.
    Valid,
    /// It was given back.
    Void,
}

impl TicketState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Held, Self::Valid, Self::Void];

    /// Its name in the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Valid => "valid",
            Self::Void => "void",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// A ticket: one seat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// Who has it may enter: 128 random bits.
    pub code: Secret,
    /// Of which order.
    pub order: OrderId,
    /// To which show.
    pub show: ShowId,
    /// Of which kind.
    pub kind: KindId,
    /// Whether it lets one in.
    pub state: TicketState,
    /// Its part of what the order earned, minor units.
    pub net: i64,
    /// Its part of the order's fees.
    pub fees: i64,
    /// Its part of the order's tax.
    pub tax: i64,
}

impl Ticket {
    /// What was paid for it.
    #[must_use]
    pub const fn paid(&self) -> i64 {
        self.net + self.fees + self.tax
    }
}

/// A payment, as a provider says it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Payment {
    /// By whom.
    pub provider: Provider,
    /// The provider's name for it.
    pub reference: String,
    /// How much.
    pub amount: Money,
}

/// Where a refund is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefundState {
    /// Written down; the provider may or may not have heard of it.
    Wanted,
    /// The provider took it.
    Done,
    /// The provider refused it, and said why: staff must act.
    Failed(String),
}

/// A sum on its way back to a buyer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refund {
    /// Its id; with it the provider knows a repeated wish for it.
    pub id: RefundId,
    /// Of which order.
    pub order: OrderId,
    /// Of which show.
    pub show: ShowId,
    /// How much.
    pub amount: Money,
    /// The payment it is taken from.
    pub payment: String,
    /// Who has the money.
    pub provider: Provider,
    /// Why.
    pub reason: String,
    /// Where it is.
    pub state: RefundState,
    /// When it was wanted.
    pub created_at: WallTime,
    /// How often staff had it tried again: each time is a wish of its own to the provider.
    pub round: u32,
}
