//! A show as the pages tell of it: words, times and prices in the reader's language.

use crate::ShowCard;
use crate::visit::Visit;
use crate::when::When;
use palco_boxoffice::{Genre, Line, Listing, Money, Sales, TicketKind, quote};
use palco_stage::{Door, Phase};
use std::ops::Deref;

/// Where a show is, for whoever thinks of going.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Stand {
    /// The audience is in.
    Live,
    /// The audience is in and sees the slate.
    Paused,
    /// Announced.
    Soon,
    /// It has ended.
    Over,
    /// Called off.
    Cancelled,
}

/// What somebody can do about a show, as a link.
pub(crate) struct Action {
    /// Where it leads.
    pub(crate) href: String,
    /// What happens.
    pub(crate) word: &'static str,
}

/// A show and the request it is shown to.
pub(crate) struct ShowView<'a> {
    p: &'a Visit,
    card: &'a ShowCard,
    /// When it begins, or began.
    pub(crate) when: Option<When>,
    /// Where it is.
    pub(crate) stand: Stand,
}

impl Deref for ShowView<'_> {
    type Target = ShowCard;

    fn deref(&self) -> &ShowCard {
        self.card
    }
}

impl<'a> ShowView<'a> {
    pub(crate) fn new(p: &'a Visit, card: &'a ShowCard) -> Self {
        let zone = card.listing.as_ref().map_or("UTC", |listing| listing.time_zone.as_str());
        let when = card.show.starts_at.map(|at| When::new(at, p.now, zone, p.lang));
        let cancelled = card.listing.as_ref().is_some_and(|listing| listing.sales == Sales::Cancelled);
        let stand = match card.show.phase {
            _ if cancelled => Stand::Cancelled,
            Phase::Live => Stand::Live,
            Phase::Paused => Stand::Paused,
            Phase::Scheduled => Stand::Soon,
            Phase::Over => Stand::Over,
        };
        Self { p, card, when, stand }
    }

    pub(crate) fn title(&self) -> &str {
        &self.card.show.title
    }

    pub(crate) fn slug(&self) -> &str {
        &self.card.show.slug
    }

    pub(crate) fn href(&self) -> String {
        format!("/shows/{}", self.card.show.slug)
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/shows/{}", self.p.base, self.card.show.slug)
    }

    /// One line under the title.
    pub(crate) fn summary(&self) -> &str {
        let said = self.card.listing.as_ref().map_or("", |listing| listing.summary.as_str());
        let first = || self.card.show.description.lines().next().unwrap_or("");
        if said.is_empty() { first() } else { said }
    }

    pub(crate) fn paragraphs(&self) -> Vec<&str> {
        let parts = self.card.show.description.split("\n\n").map(str::trim);
        parts.filter(|part| !part.is_empty()).collect()
    }

    pub(crate) fn poster(&self) -> Option<&str> {
        self.card.listing.as_ref()?.poster.as_deref()
    }

    /// Which of the colours a poster has that we make ourselves.
    pub(crate) fn tone(&self) -> u64 {
        self.card.show.id.bits() % 6 + 1
    }

    /// How long the title is, for the size in which such a poster writes it.
    pub(crate) fn length(&self) -> &'static str {
        match self.title().chars().count() {
            0..=18 => "short",
            19..=44 => "middling",
            _ => "long",
        }
    }

    pub(crate) fn competition(&self) -> bool {
        self.card.listing.as_ref().is_some_and(|listing| listing.genre == Genre::Competition)
    }

    pub(crate) fn badge(&self) -> &'static str {
        match self.stand {
            Stand::Live => "live",
            Stand::Paused => "paused",
            Stand::Soon => "scheduled",
            Stand::Over => "over",
            Stand::Cancelled => "cancelled",
        }
    }

    pub(crate) fn stand_word(&self) -> Option<&'static str> {
        match self.stand {
            Stand::Live => Some(self.p.w.live),
            Stand::Paused => Some(self.p.w.paused),
            Stand::Soon => None,
            Stand::Over => Some(self.p.w.over),
            Stand::Cancelled => Some(self.p.w.cancelled),
        }
    }

    pub(crate) fn age(&self) -> Option<u8> {
        self.card.listing.as_ref().map(|listing| listing.warning.age).filter(|age| *age > 0)
    }

    pub(crate) fn warning(&self) -> Option<&str> {
        self.card.listing.as_ref().map(|it| it.warning.text.as_str()).filter(|text| !text.is_empty())
    }

    pub(crate) fn performers(&self) -> &[String] {
        self.card.listing.as_ref().map_or(&[], |listing| &listing.performers)
    }

    pub(crate) fn minutes(&self) -> Option<String> {
        let minutes = self.card.listing.as_ref()?.minutes;
        (minutes > 0).then(|| self.p.n(self.p.w.minutes, minutes))
    }

    pub(crate) fn watching(&self) -> Option<String> {
        let live = matches!(self.stand, Stand::Live | Stand::Paused) && self.card.viewers > 0;
        live.then(|| self.p.n(self.p.w.watching, self.card.viewers))
    }

    /// Average stars with one digit, and what to say of them.
    pub(crate) fn stars(&self) -> Option<(String, String)> {
        let it = &self.card.reputation;
        if it.voices == 0 {
            return None;
        }
        let tenths = (u64::from(it.stars) * 20 + u64::from(it.voices)) / (u64::from(it.voices) * 2);
        Some((format!("{}.{}", tenths / 10, tenths % 10), self.p.n(self.p.w.voices, it.voices)))
    }

    /// Whether tickets of this kind can be bought now.
    fn sells(&self, kind: &TicketKind) -> bool {
        kind.on_sale && kind.left() != Some(0) && (self.stand != Stand::Over || kind.replay)
    }

    /// The kinds to show: those on sale.
    pub(crate) fn kinds(&self) -> Vec<&'a TicketKind> {
        let over = self.stand == Stand::Over;
        let card: &'a ShowCard = self.card;
        card.kinds.iter().filter(|kind| kind.on_sale && (!over || kind.replay)).collect()
    }

    pub(crate) fn sold_out(&self) -> bool {
        let Some(listing) = self.open_listing() else { return false };
        listing.left() == Some(0)
            || (!self.kinds().is_empty() && !self.kinds().iter().any(|kind| self.sells(kind)))
    }

    fn open_listing(&self) -> Option<&Listing> {
        self.card.listing.as_ref().filter(|listing| listing.sales == Sales::Open)
    }

    /// Whether tickets can be bought.
    pub(crate) fn for_sale(&self) -> bool {
        self.open_listing().is_some_and(|listing| listing.left() != Some(0))
            && self.card.kinds.iter().any(|kind| self.sells(kind))
    }

    /// Whether everybody may walk in.
    fn free_door(&self) -> bool {
        self.card.listing.is_none() || self.card.show.door == Door::Open
    }

    /// `Sold out`, `12 seats left`, or nothing where seats do not run out.
    pub(crate) fn left(&self) -> Option<String> {
        if self.sold_out() {
            return Some(self.p.w.sold_out.to_owned());
        }
        let left = self.open_listing()?.left()?;
        self.for_sale().then(|| self.p.n(self.p.w.seats_left, left))
    }

    /// The lowest price, fees within, as `from $11.20 USD`, or `Free`.
    pub(crate) fn least_price(&self) -> Option<String> {
        let listing = self.open_listing().filter(|_| self.for_sale())?;
        let prices = self.card.kinds.iter().filter(|kind| self.sells(kind));
        let (mut least, mut several, mut chosen) = (None, false, false);
        for kind in prices {
            let Some(total) = total(listing, kind) else { continue };
            chosen |= kind.pay_what_you_want;
            several |= kind.pay_what_you_want || least.is_some_and(|least| least != total);
            least = Some(least.map_or(total, |least: i64| least.min(total)));
        }
        let least = least?;
        if least == 0 {
            return Some(if chosen { self.p.w.pay_what_free } else { self.p.w.free }.to_owned());
        }
        let price = Money::new(least, listing.currency).full();
        Some(if several { self.p.fill(self.p.w.tickets_from, "price", price) } else { price })
    }

    /// What a kind costs, with all that comes on top, before anybody clicks.
    pub(crate) fn price_of(&self, kind: &TicketKind) -> String {
        self.card.listing.as_ref().map_or_else(String::new, |listing| price_line(self.p, listing, kind))
    }

    pub(crate) fn kind_left(&self, kind: &TicketKind) -> Option<String> {
        match kind.left() {
            Some(0) => Some(self.p.w.sold_out.to_owned()),
            Some(left) => Some(self.p.n(self.p.w.seats_left, left)),
            None => None,
        }
    }

    fn way_in(&self) -> String {
        let asks = self.card.listing.as_ref().is_some_and(|listing| listing.warning.asks());
        format!("/shows/{}/{}", self.slug(), if asks { "door" } else { "watch" })
    }

    /// The one thing to do about the show.
    pub(crate) fn action(&self) -> Option<Action> {
        let w = self.p.w;
        let buy = |word| Some(Action { href: format!("/shows/{}/buy", self.slug()), word });
        let go = |word| Some(Action { href: self.way_in(), word });
        match self.stand {
            Stand::Cancelled => None,
            Stand::Live | Stand::Paused if self.free_door() => go(w.watch_now),
            Stand::Over if self.free_door() && self.card.replay => go(w.watch_replay),
            Stand::Soon if self.card.listing.is_none() => go(w.lobby),
            Stand::Over if self.for_sale() => buy(w.buy_replay),
            _ if !self.for_sale() => None,
            _ if self.least_price().as_deref() == Some(w.free) => buy(w.get_ticket),
            _ => buy(w.buy_ticket),
        }
    }

    /// The way in for those who have a ticket.
    pub(crate) fn with_ticket(&self) -> Option<Action> {
        let sold = !self.free_door() && self.stand != Stand::Cancelled;
        let open = self.stand != Stand::Over || self.card.replay;
        (sold && open)
            .then(|| Action { href: format!("/shows/{}/watch", self.slug()), word: self.p.w.have_ticket })
    }
}

fn line(kind: &TicketKind) -> [Line; 1] {
    [Line { kind: kind.id, name: String::new(), quantity: 1, unit: kind.price }]
}

fn total(listing: &Listing, kind: &TicketKind) -> Option<i64> {
    quote(listing.currency, &line(kind), None, listing.fee, &listing.tax).ok().map(|quote| quote.total)
}

/// `$10.00 + $1.20 fees = $11.20 USD`, in as many parts as there are.
pub(crate) fn price_line(p: &Visit, listing: &Listing, kind: &TicketKind) -> String {
    let Ok(quote) = quote(listing.currency, &line(kind), None, listing.fee, &listing.tax) else {
        return Money::new(kind.price, listing.currency).full();
    };
    if kind.pay_what_you_want {
        let least = quote.total_money().full();
        return if quote.total == 0 {
            p.w.pay_what_free.to_owned()
        } else {
            p.fill(p.w.pay_what, "price", least)
        };
    }
    if quote.total == 0 {
        return p.w.free.to_owned();
    }
    let mut text = quote.money(quote.prices).to_string();
    if quote.fees > 0 {
        text += &format!(" + {} {}", quote.money(quote.fees), p.w.fees);
    }
    if quote.tax > 0 && !quote.tax_included {
        text += &format!(" + {} {}", quote.money(quote.tax), listing.tax.name);
    }
    if quote.total == quote.prices {
        text += &format!(" {}", listing.currency.code());
    } else {
        text += &format!(" = {}", quote.total_money().full());
    }
    if quote.tax > 0 && quote.tax_included {
        text += &format!(" ({})", p.fill(p.w.tax_in, "name", &listing.tax.name));
    }
    text
}
