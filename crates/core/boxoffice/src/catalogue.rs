//! What is for sale: a show's listing, its ticket kinds, promo codes.

use crate::money::{Currency, MAX_AMOUNT};
use crate::price::Discount;
use crate::text::{clean_line, clean_promo, clean_text};
use palco_base::{Fault, KindId, PromoId, ShowId, WallTime};

/// Kinds of ticket of one show at most.
pub const MAX_KINDS: usize = 20;
/// 100 %, in basis points.
pub(crate) const WHOLE: u32 = 10_000;

/// Where the sale of a show is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sales {
    /// Being prepared: the public does not see it.
    Draft,
    /// On the site, and for sale.
    Open,
    /// On the site, not for sale.
    Closed,
    /// Called off: everybody gets their money back.
    Cancelled,
}

impl Sales {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Open, Self::Closed, Self::Cancelled];

    /// Its name in the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// What kind of evening it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Genre {
    /// Somebody performs.
    Show,
    /// Performers compete, and the audience's stars count.
    Competition,
}

impl Genre {
    /// Its name in the database and the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Show => "show",
            Self::Competition => "competition",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Show, Self::Competition].into_iter().find(|it| it.name() == name)
    }
}

/// What the buyer pays on top of each ticket's price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fee {
    /// Of the price after discounts, in basis points (1 % is 100).
    pub basis_points: u32,
    /// Minor units per ticket that costs something.
    pub fixed: i64,
}

/// A tax on the sale.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tax {
    /// What it is called on the bill: `VAT`, `IVA`.
    pub name: String,
    /// In basis points; 0 is no tax.
    pub basis_points: u32,
    /// Whether prices contain it already.
    pub included: bool,
}

/// An age below which one does not get in; 0 is for all.
pub type Age = u8;

/// What is asked before any picture.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Warning {
    /// What is in the show that not everybody wants to see; empty is no warning.
    pub text: String,
    /// How old one must be.
    pub age: Age,
}

impl Warning {
    /// Whether something is to be asked.
    #[must_use]
    pub const fn asks(&self) -> bool {
        !self.text.is_empty() || self.age > 0
    }
}

/// A show as the site offers it. Its title, description and date are the stage's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    /// Which show.
    pub show: ShowId,
    /// Grows with each change: who changes an older one is told so.
    pub revision: u32,
    /// One line under the title, up to 200 characters.
    pub summary: String,
    /// Who performs, one name each, in the order of the poster; at most 20.
    pub performers: Vec<String>,
    /// What kind of evening it is.
    pub genre: Genre,
    /// How long it lasts, minutes; 0 is not said.
    pub minutes: u16,
    /// IANA name of the time zone the show is announced in.
    pub time_zone: String,
    /// What is asked before any picture.
    pub warning: Warning,
    /// Name of the poster's files; none without a poster.
    pub poster: Option<String>,
    /// In what it is paid. Cannot change once something was sold.
    pub currency: Currency,
    /// What the buyer pays on top.
    pub fee: Fee,
    /// The tax.
    pub tax: Tax,
    /// Seats in all; none for as many as come.
    pub seats: Option<u32>,
    /// Seats that are held or sold.
    pub taken: u32,
    /// Where the sale is.
    pub sales: Sales,
}

impl Listing {
    /// A listing with nothing in it yet, as a draft.
    #[must_use]
    pub fn new(show: ShowId, currency: Currency) -> Self {
        Self {
            show,
            revision: 0,
            summary: String::new(),
            performers: Vec::new(),
            genre: Genre::Show,
            minutes: 0,
            time_zone: "UTC".to_owned(),
            warning: Warning::default(),
            poster: None,
            currency,
            fee: Fee::default(),
            tax: Tax::default(),
            seats: None,
            taken: 0,
            sales: Sales::Draft,
        }
    }

    /// Seats that can still be had; none for as many as come.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.seats.map(|seats| seats.saturating_sub(self.taken))
    }

    /// The listing with its texts cleaned, if all of it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn checked(mut self) -> Result<Self, Fault> {
        self.summary = clean_text(&self.summary, 200)?.replace('\n', " ");
        self.warning.text = clean_text(&self.warning.text, 400)?;
        if self.performers.len() > 20 {
            return Err(Fault::invalid("too_many_performers", "There is room for 20 names."));
        }
        self.performers =
            self.performers.iter().map(|name| clean_line(name, 60)).collect::<Result<_, _>>()?;
        self.tax.name = clean_text(&self.tax.name, 20)?;
        if self.tax.basis_points > 0 && self.tax.name.is_empty() {
            return Err(Fault::invalid("tax_nameless", "A tax needs a name for the bill."));
        }
        if self.fee.basis_points > WHOLE / 2 || self.tax.basis_points > WHOLE / 2 {
            return Err(Fault::invalid("percent_too_large", "Fees and taxes are 50 % at most."));
        }
        if !(0..=MAX_AMOUNT).contains(&self.fee.fixed) {
            return Err(Fault::invalid("amount_broken", "This is not an amount of money."));
        }
        if self.warning.age > 99 {
            return Err(Fault::invalid("age_broken", "This is not an age."));
        }
        if self.minutes > 1_440 {
            return Err(Fault::invalid("length_broken", "A show lasts a day at most."));
        }
        Ok(self)
    }
}

/// A kind of ticket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TicketKind {
    /// Its id.
    pub id: KindId,
    /// Of which show.
    pub show: ShowId,
    /// One line, 1 to 60 characters.
    pub name: String,
    /// What is in it, up to 200 characters.
    pub description: String,
    /// Minor units; the least where the buyer chooses.
    pub price: i64,
    /// Whether the buyer chooses what to pay, not below `price`.
    pub pay_what_you_want: bool,
    /// Whether it lets one see the replay.
    pub replay: bool,
    /// Whether a private minute with a performer goes with it.
    pub face_to_face: bool,
    /// How many there are; none for as many as the show has seats.
    pub seats: Option<u32>,
    /// How many are held or sold.
    pub taken: u32,
    /// Whether it is on sale.
    pub on_sale: bool,
    /// Order on the page.
    pub position: u16,
}

impl TicketKind {
    /// How many can still be had of it; none for as many as the show has seats.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        self.seats.map(|seats| seats.saturating_sub(self.taken))
    }

    /// The kind with its texts cleaned, if all of it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn checked(mut self) -> Result<Self, Fault> {
        self.name = clean_line(&self.name, 60)?;
        self.description = clean_text(&self.description, 200)?.replace('\n', " ");
        if !(0..=MAX_AMOUNT).contains(&self.price) {
            return Err(Fault::invalid("amount_broken", "This is not an amount of money."));
        }
        if self.seats.is_some_and(|seats| seats < self.taken) {
            return Err(Fault::conflict("seats_taken", "More of these tickets are sold than that.")
                .hint("Refund some first, or allow more."));
        }
        Ok(self)
    }
}

/// A promo code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Promo {
    /// Its id.
    pub id: PromoId,
    /// Of which show.
    pub show: ShowId,
    /// What the buyer types, in upper case.
    pub code: String,
    /// What it takes off the whole order.
    pub discount: Discount,
    /// How many orders may use it; none for as many as come.
    pub uses: Option<u32>,
    /// How many did, with those being paid.
    pub used: u32,
    /// Until when.
    pub until: Option<WallTime>,
}

impl Promo {
    /// The promo code with its text cleaned, if it makes sense.
    ///
    /// # Errors
    /// What does not.
    pub fn checked(mut self) -> Result<Self, Fault> {
        self.code = clean_promo(&self.code)?;
        let fits = match self.discount {
            Discount::Percent(basis_points) => (1..=WHOLE).contains(&basis_points),
            Discount::Amount(minor) => (1..=MAX_AMOUNT).contains(&minor),
        };
        if fits {
            Ok(self)
        } else {
            Err(Fault::invalid("discount_broken", "This takes nothing off, or too much."))
        }
    }

    /// Whether it counts now.
    ///
    /// # Errors
    /// `promo_over`, `promo_used_up`.
    pub fn usable(&self, now: WallTime) -> Result<(), Fault> {
        if self.until.is_some_and(|until| now >= until) {
            return Err(Fault::conflict("promo_over", "This promo code is not valid any longer."));
        }
        if self.uses.is_some_and(|uses| self.used >= uses) {
            return Err(Fault::conflict("promo_used_up", "This promo code was used up."));
        }
        Ok(())
    }
}
