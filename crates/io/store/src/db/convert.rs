//! Rows to the box office's types and back. A row that cannot be read is a bug of ours, said as such.

use super::entity::{kind, line, listing, order, promo, refund, share, ticket, transfer};
use palco_base::{
    Class, Fault, KindId, OrderId, PromoId, RefundId, Secret, ShareId, ShowId, TicketId, WallTime,
};
use palco_boxoffice::{
    Buyer, Currency, Discount, Fee, Genre, Lang, Line, Listing, Money, Order, OrderState, Promo, Provider,
    Quote, Refund, RefundState, Sales, Share, Tax, Ticket, TicketKind, TicketState, Transfer, Warning,
};

/// The bits of an id, as the database has them.
pub(super) const fn bits(id: u64) -> i64 {
    id.cast_signed()
}

pub(super) const fn id(bits: i64) -> u64 {
    bits.cast_unsigned()
}

pub(super) const fn time(millis: i64) -> WallTime {
    WallTime::from_unix_millis(millis)
}

fn count(n: i32) -> u32 {
    u32::try_from(n).unwrap_or(0)
}

pub(super) fn int(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn unreadable(what: &str) -> Fault {
    Fault::new(Class::Internal, "store_failed", "The books hold something that cannot be read.")
        .internal(what)
}

fn currency(code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).map_err(|_| unreadable(code))
}

pub(super) fn listing(row: listing::Model) -> Result<Listing, Fault> {
    Ok(Listing {
        show: ShowId::new(id(row.show_id)),
        revision: count(row.revision),
        summary: row.summary,
        performers: row.performers.lines().map(str::to_owned).collect(),
        genre: Genre::named(&row.genre).ok_or_else(|| unreadable(&row.genre))?,
        minutes: u16::try_from(row.minutes).unwrap_or(0),
        time_zone: row.time_zone,
        warning: Warning { text: row.warning, age: u8::try_from(row.age).unwrap_or(u8::MAX) },
        poster: row.poster,
        currency: currency(&row.currency)?,
        fee: Fee { basis_points: count(row.fee_basis_points), fixed: row.fee_fixed },
        tax: Tax {
            name: row.tax_name,
            basis_points: count(row.tax_basis_points),
            included: row.tax_included,
        },
        seats: row.seats.map(count),
        taken: count(row.taken),
        sales: Sales::named(&row.sales).ok_or_else(|| unreadable(&row.sales))?,
    })
}

pub(super) fn listing_row(it: &Listing) -> listing::Model {
    listing::Model {
        show_id: bits(it.show.bits()),
        revision: int(it.revision),
        summary: it.summary.clone(),
        performers: it.performers.join("\n"),
        genre: it.genre.name().to_owned(),
        minutes: i32::from(it.minutes),
        time_zone: it.time_zone.clone(),
        warning: it.warning.text.clone(),
        age: i32::from(it.warning.age),
        poster: it.poster.clone(),
        currency: it.currency.code().to_owned(),
        fee_basis_points: int(it.fee.basis_points),
        fee_fixed: it.fee.fixed,
        tax_name: it.tax.name.clone(),
        tax_basis_points: int(it.tax.basis_points),
        tax_included: it.tax.included,
        seats: it.seats.map(int),
        taken: int(it.taken),
        sales: it.sales.name().to_owned(),
    }
}

pub(super) fn kind(row: kind::Model) -> TicketKind {
    TicketKind {
        id: KindId::new(id(row.id)),
        show: ShowId::new(id(row.show_id)),
        name: row.name,
        description: row.description,
        price: row.price,
        pay_what_you_want: row.pay_what_you_want,
        replay: row.replay,
        face_to_face: row.face_to_face,
        seats: row.seats.map(count),
        taken: count(row.taken),
        on_sale: row.on_sale,
        position: u16::try_from(row.position).unwrap_or(0),
    }
}

pub(super) fn kind_row(it: &TicketKind) -> kind::Model {
    kind::Model {
        id: bits(it.id.bits()),
        show_id: bits(it.show.bits()),
        name: it.name.clone(),
        description: it.description.clone(),
        price: it.price,
        pay_what_you_want: it.pay_what_you_want,
        replay: it.replay,
        face_to_face: it.face_to_face,
        seats: it.seats.map(int),
        taken: int(it.taken),
        on_sale: it.on_sale,
        position: i32::from(it.position),
    }
}

pub(super) fn promo(row: promo::Model) -> Result<Promo, Fault> {
    let discount = match (row.percent, row.amount) {
        (Some(percent), None) => Discount::Percent(count(percent)),
        (None, Some(amount)) => Discount::Amount(amount),
        _ => return Err(unreadable("promo")),
    };
    Ok(Promo {
        id: PromoId::new(id(row.id)),
        show: ShowId::new(id(row.show_id)),
        code: row.code,
        discount,
        uses: row.uses.map(count),
        used: count(row.used),
        until: row.until.map(time),
    })
}

pub(super) fn promo_row(it: &Promo) -> promo::Model {
    let (percent, amount) = match it.discount {
        Discount::Percent(percent) => (Some(int(percent)), None),
        Discount::Amount(amount) => (None, Some(amount)),
    };
    promo::Model {
        id: bits(it.id.bits()),
        show_id: bits(it.show.bits()),
        code: it.code.clone(),
        percent,
        amount,
        uses: it.uses.map(int),
        used: int(it.used),
        until: it.until.map(WallTime::unix_millis),
    }
}

pub(super) fn share(row: share::Model) -> Share {
    Share {
        id: ShareId::new(id(row.id)),
        show: ShowId::new(id(row.show_id)),
        name: row.name,
        email: row.email,
        basis_points: count(row.basis_points),
        code: Secret::new(row.code),
    }
}

pub(super) fn share_row(it: &Share) -> share::Model {
    share::Model {
        id: bits(it.id.bits()),
        show_id: bits(it.show.bits()),
        name: it.name.clone(),
        email: it.email.clone(),
        basis_points: int(it.basis_points),
        code: it.code.reveal().to_owned(),
    }
}

pub(super) fn order(row: order::Model, mut lines: Vec<line::Model>) -> Result<Order, Fault> {
    lines.sort_by_key(|line| line.position);
    Ok(Order {
        id: OrderId::new(id(row.id)),
        code: Secret::new(row.code),
        show: ShowId::new(id(row.show_id)),
        state: OrderState::named(&row.state).ok_or_else(|| unreadable(&row.state))?,
        buyer: Buyer { email: row.email, name: row.name, lang: Lang::of(&row.lang) },
        lines: lines
            .into_iter()
            .map(|line| Line {
                kind: KindId::new(id(line.kind_id)),
                name: line.name,
                quantity: count(line.quantity),
                unit: line.unit,
            })
            .collect(),
        promo: row.promo_id.map(|promo| PromoId::new(id(promo))),
        quote: Quote {
            currency: currency(&row.currency)?,
            prices: row.prices,
            discount: row.discount,
            fees: row.fees,
            tax: row.tax,
            tax_included: row.tax_included,
            total: row.total,
        },
        provider: Provider::named(&row.provider).ok_or_else(|| unreadable(&row.provider))?,
        checkout: row.checkout,
        payment: row.payment,
        created_at: time(row.created_at),
        held_until: time(row.held_until),
        paid_at: row.paid_at.map(time),
    })
}

pub(super) fn order_row(it: &Order, once: &str) -> order::Model {
    order::Model {
        id: bits(it.id.bits()),
        code: it.code.reveal().to_owned(),
        show_id: bits(it.show.bits()),
        once: once.to_owned(),
        state: it.state.name().to_owned(),
        email: it.buyer.email.clone(),
        name: it.buyer.name.clone(),
        lang: it.buyer.lang.tag().to_owned(),
        promo_id: it.promo.map(|promo| bits(promo.bits())),
        currency: it.quote.currency.code().to_owned(),
        prices: it.quote.prices,
        discount: it.quote.discount,
        fees: it.quote.fees,
        tax: it.quote.tax,
        tax_included: it.quote.tax_included,
        total: it.quote.total,
        provider: it.provider.name().to_owned(),
        checkout: it.checkout.clone(),
        payment: it.payment.clone(),
        created_at: it.created_at.unix_millis(),
        held_until: it.held_until.unix_millis(),
        paid_at: it.paid_at.map(WallTime::unix_millis),
    }
}

pub(super) fn line_rows(it: &Order) -> impl Iterator<Item = line::Model> {
    it.lines.iter().zip(0..).map(|(line, position)| line::Model {
        order_id: bits(it.id.bits()),
        position,
        kind_id: bits(line.kind.bits()),
        name: line.name.clone(),
        quantity: int(line.quantity),
        unit: line.unit,
    })
}

pub(super) fn ticket(row: ticket::Model) -> Result<Ticket, Fault> {
    Ok(Ticket {
        id: TicketId::new(id(row.id)),
        code: Secret::new(row.code),
        order: OrderId::new(id(row.order_id)),
        show: ShowId::new(id(row.show_id)),
        kind: KindId::new(id(row.kind_id)),
        state: TicketState::named(&row.state).ok_or_else(|| unreadable(&row.state))?,
        net: row.net,
        fees: row.fees,
        tax: row.tax,
    })
}

pub(super) fn ticket_row(it: &Ticket) -> ticket::Model {
    ticket::Model {
        id: bits(it.id.bits()),
        code: it.code.reveal().to_owned(),
        order_id: bits(it.order.bits()),
        show_id: bits(it.show.bits()),
        kind_id: bits(it.kind.bits()),
        state: it.state.name().to_owned(),
        net: it.net,
        fees: it.fees,
        tax: it.tax,
        seat_version: 0,
    }
}

pub(super) fn transfer_row(it: &Transfer) -> transfer::Model {
    transfer::Model {
        key: it.key.clone(),
        at: it.at.unix_millis(),
        debit: it.debit.to_string(),
        credit: it.credit.to_string(),
        amount: it.amount,
        currency: it.currency.code().to_owned(),
        show_id: it.credit.show().or(it.debit.show()).map(|show| bits(show.bits())),
        order_id: it.order.map(|order| bits(order.bits())),
    }
}

pub(super) fn refund(row: refund::Model) -> Result<Refund, Fault> {
    Ok(Refund {
        id: RefundId::new(id(row.id)),
        order: OrderId::new(id(row.order_id)),
        show: ShowId::new(id(row.show_id)),
        amount: Money::new(row.amount, currency(&row.currency)?),
        payment: row.payment,
        provider: Provider::named(&row.provider).ok_or_else(|| unreadable(&row.provider))?,
        reason: row.reason,
        state: match row.state.as_str() {
            "wanted" => RefundState::Wanted,
            "done" => RefundState::Done,
            "failed" => RefundState::Failed(row.why),
            _ => return Err(unreadable(&row.state)),
        },
        created_at: time(row.created_at),
        round: count(row.round),
    })
}

pub(super) fn refund_row(it: &Refund) -> refund::Model {
    let (state, why) = match &it.state {
        RefundState::Wanted => ("wanted", String::new()),
        RefundState::Done => ("done", String::new()),
        RefundState::Failed(why) => ("failed", why.clone()),
    };
    refund::Model {
        id: bits(it.id.bits()),
        order_id: bits(it.order.bits()),
        show_id: bits(it.show.bits()),
        amount: it.amount.minor,
        currency: it.amount.currency.code().to_owned(),
        payment: it.payment.clone(),
        provider: it.provider.name().to_owned(),
        reason: it.reason.clone(),
        state: state.to_owned(),
        why,
        created_at: it.created_at.unix_millis(),
        next_at: it.created_at.unix_millis(),
        tries: 0,
        round: int(it.round),
    }
}
