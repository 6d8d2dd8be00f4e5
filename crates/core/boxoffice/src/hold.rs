//! Taking seats: what a buyer asks for against what is on the shelf.

use crate::catalogue::{Listing, Promo, Sales, TicketKind};
use crate::money::MAX_AMOUNT;
use crate::order::{Buyer, Line, Order, OrderState, Provider, Ticket, TicketState};
use crate::price::{Quote, quote, spread};
use palco_base::{Fault, KindId, OrderId, Secret, TicketId, WallTime};
use std::time::Duration;

/// Tickets in one order at most.
const MOST: u32 = 10;
/// Tickets in one order of staff at most.
const MOST_BY_STAFF: u32 = 100;

/// So many of one kind, as asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Which kind.
    pub kind: KindId,
    /// How many; lines of 0 are passed over.
    pub quantity: u32,
    /// What the buyer wants to pay for each, where that is theirs to choose.
    pub unit: Option<i64>,
}

/// What a buyer asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BuyRequest {
    /// How many of what.
    pub wanted: Vec<Wanted>,
    /// Who buys.
    pub buyer: Buyer,
    /// Who is to take the money; an order that costs nothing needs nobody.
    pub provider: Provider,
    /// Whether staff asks: prices are theirs to choose, and closed sales are open to them.
    pub by_staff: bool,
}

/// What there is, as it is while nobody else can take any of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shelf {
    /// The show's listing.
    pub listing: Listing,
    /// All its kinds of ticket.
    pub kinds: Vec<TicketKind>,
    /// The promo code that was typed, if it is one of the show's.
    pub promo: Option<Promo>,
    /// Whether the show is over: only what lets one see the replay is of use then.
    pub over: bool,
}

/// Names for a ticket to be, which nobody can guess.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewTicket {
    /// Its id.
    pub id: TicketId,
    /// Its code: 128 random bits.
    pub code: Secret,
}

/// Names for an order to be, and for how long its seats are held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opening {
    /// Its id.
    pub id: OrderId,
    /// Its code: 128 random bits.
    pub code: Secret,
    /// As many as tickets are wanted, or more.
    pub tickets: Vec<NewTicket>,
    /// How long the buyer has to pay.
    pub hold: Duration,
}

impl Shelf {
    fn kind(&self, id: KindId) -> Result<&TicketKind, Fault> {
        let known = self.kinds.iter().find(|kind| kind.id == id);
        known.ok_or_else(|| Fault::not_found("kind_unknown", "There is no such kind of ticket."))
    }

    /// What the request would cost.
    ///
    /// # Errors
    /// Why it cannot be bought.
    pub fn quote(&self, request: &BuyRequest, now: WallTime) -> Result<(Vec<Line>, Quote), Fault> {
        let lines = self.lines(request)?;
        if let Some(promo) = &self.promo {
            promo.usable(now)?;
        }
        let discount = self.promo.as_ref().map(|promo| promo.discount);
        let Listing { currency, fee, tax, .. } = &self.listing;
        let quote = quote(*currency, &lines, discount, *fee, tax)?;
        Ok((lines, quote))
    }

    fn lines(&self, request: &BuyRequest) -> Result<Vec<Line>, Fault> {
        let closed =
            || Fault::conflict("sale_closed", "Tickets are not on sale.").hint("Look at what else is on.");
        match self.listing.sales {
            Sales::Cancelled => {
                return Err(Fault::conflict("show_cancelled", "This show was cancelled."));
            }
            Sales::Draft | Sales::Closed if !request.by_staff => return Err(closed()),
            _ => {}
        }
        let mut lines: Vec<Line> = Vec::new();
        for wanted in request.wanted.iter().filter(|wanted| wanted.quantity > 0) {
            let kind = self.kind(wanted.kind)?;
            if !kind.on_sale && !request.by_staff {
                return Err(closed());
            }
            if self.over && !kind.replay {
                return Err(Fault::conflict("show_over", "This show is over.")
                    .hint("Tickets with the replay can still be had."));
            }
            let unit = unit(kind, wanted.unit, request.by_staff)?;
            lines.push(Line { kind: kind.id, name: kind.name.clone(), quantity: wanted.quantity, unit });
        }
        let quantity: u64 = lines.iter().map(|line| u64::from(line.quantity)).sum();
        let most = if request.by_staff { MOST_BY_STAFF } else { MOST };
        if quantity == 0 {
            return Err(Fault::invalid("nothing_wanted", "Choose at least one ticket."));
        }
        if quantity > u64::from(most) {
            return Err(Fault::invalid("too_many_tickets", format!("One order is {most} tickets at most.")));
        }
        Ok(lines)
    }

    /// Whether there are seats for these lines.
    ///
    /// # Errors
    /// `sold_out`, `not_enough_seats`.
    pub fn room(&self, lines: &[Line]) -> Result<(), Fault> {
        let fits = |left: Option<u32>, wanted: u32| match left {
            Some(0) => Err(Fault::conflict("sold_out", "Sold out.")
                .hint("Seats that are being paid for may come back in a few minutes.")),
            Some(left) if wanted > left => Err(Fault::conflict(
                "not_enough_seats",
                if left == 1 {
                    "Only 1 seat is left.".to_owned()
                } else {
                    format!("Only {left} seats are left.")
                },
            )),
            _ => Ok(()),
        };
        fits(self.listing.left(), lines.iter().map(|line| line.quantity).sum())?;
        for kind in &self.kinds {
            let wanted = lines.iter().filter(|line| line.kind == kind.id).map(|line| line.quantity).sum();
            if wanted > 0 {
                fits(kind.left(), wanted)?;
            }
        }
        Ok(())
    }

    /// The order and its tickets, held.
    pub(crate) fn open(
        &self,
        request: BuyRequest,
        opening: Opening,
        now: WallTime,
    ) -> Result<(Order, Vec<Ticket>), Fault> {
        let (lines, quote) = self.quote(&request, now)?;
        self.room(&lines)?;
        let free = quote.total == 0;
        let hold = i64::try_from(opening.hold.as_millis()).unwrap_or(i64::MAX);
        let order = Order {
            id: opening.id,
            code: opening.code,
            show: self.listing.show,
            state: OrderState::Held,
            buyer: request.buyer,
            lines,
            promo: self.promo.as_ref().map(|promo| promo.id),
            quote,
            provider: if free { Provider::Free } else { request.provider },
            checkout: None,
            payment: None,
            created_at: now,
            held_until: WallTime::from_unix_millis(now.unix_millis().saturating_add(hold)),
            paid_at: None,
        };
        let tickets = tickets(&order, opening.tickets)?;
        Ok((order, tickets))
    }
}

/// What one ticket costs.
fn unit(kind: &TicketKind, wanted: Option<i64>, by_staff: bool) -> Result<i64, Fault> {
    match wanted {
        Some(unit) if !(0..=MAX_AMOUNT).contains(&unit) => {
            Err(Fault::invalid("amount_broken", "This is not an amount of money."))
        }
        Some(unit) if by_staff => Ok(unit),
        Some(unit) if kind.pay_what_you_want && unit < kind.price => {
            Err(Fault::invalid("amount_too_small", "This ticket costs more than that."))
        }
        Some(unit) if kind.pay_what_you_want => Ok(unit),
        _ => Ok(kind.price),
    }
}

/// The tickets of an order, each with its part of what is paid.
fn tickets(order: &Order, names: Vec<NewTicket>) -> Result<Vec<Ticket>, Fault> {
    let kinds: Vec<(KindId, i64)> = order
        .lines
        .iter()
        .flat_map(|line| std::iter::repeat_n((line.kind, line.unit), line.quantity as usize))
        .collect();
    if names.len() < kinds.len() {
        return Err(Fault::new(palco_base::Class::Internal, "names_missing", "The order could not be made."));
    }
    let weights: Vec<i64> = kinds.iter().map(|(_, unit)| *unit).collect();
    let quote = &order.quote;
    let parts = [quote.net(), quote.fees, quote.tax].map(|sum| spread(sum, &weights));
    let made = names.into_iter().zip(kinds).enumerate().map(|(at, (name, (kind, _)))| Ticket {
        id: name.id,
        code: name.code,
        order: order.id,
        show: order.show,
        kind,
        state: TicketState::Held,
        net: parts[0][at],
        fees: parts[1][at],
        tax: parts[2][at],
    });
    Ok(made.collect())
}
