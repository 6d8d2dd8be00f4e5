//! What a show sold: chart, orders, refunds, the guest list.

use super::{Signed, Typed, card, id};
use crate::form::Form;
use crate::guard::{Act, allow};
use crate::refusal::Answer;
use crate::show_view::ShowView;
use crate::visit::{Visit, see_other};
use crate::when::When;
use crate::{OrderView, SalesByDay, ShowCard, Site, Staff, not_here};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use palco_base::{Fault, OrderId, RefundId, TicketId, WallTime};
use palco_boxoffice::{
    BuyRequest, Buyer, Money, OrderState, Provider, RefundState, Ticket, TicketState, Wanted, clean_email,
    clean_text,
};

const DAY_MS: i64 = 86_400_000;
/// Bars of the chart at most: the newest days.
const MOST_BARS: usize = 60;
/// Size of the chart's drawing, in its own units.
const WIDE: u32 = 640;
const HIGH: u32 = 160;

/// One day of the chart.
struct Bar {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    tickets: u32,
    date: String,
    money: String,
}

#[derive(Template)]
#[template(path = "office/sales.html")]
struct SalesPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    bars: Vec<Bar>,
    tickets: u32,
    money: String,
    orders: Vec<OrderView>,
    search: String,
    t: Typed,
    tab: &'static str,
}

#[derive(Template)]
#[template(path = "office/refund.html")]
struct RefundPage<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    s: ShowView<'a>,
    view: &'a OrderView,
    ticket: &'a Ticket,
    tab: &'static str,
}

impl SalesPage<'_> {
    fn state(&self, view: &OrderView) -> &'static str {
        let valid = view.tickets.iter().any(|ticket| ticket.state == TicketState::Valid);
        match view.order.state {
            OrderState::Held => self.p.o.held,
            OrderState::Lapsed => self.p.o.lapsed,
            OrderState::Paid if valid => self.p.o.paid,
            OrderState::Paid => self.p.o.void,
        }
    }

    fn time(&self, at: &WallTime) -> When {
        let zone = self.s.listing.as_ref().map_or("UTC", |listing| listing.time_zone.as_str());
        When::new(*at, self.p.now, zone, self.p.lang)
    }

    fn why(&self, refund: &palco_boxoffice::Refund) -> Option<String> {
        let RefundState::Failed(why) = &refund.state else { return None };
        let amount = refund.amount.full();
        Some(crate::words::fill(self.p.o.refund_failed, &[("amount", &amount), ("why", why)]))
    }

    fn y_max(&self) -> u32 {
        self.bars.iter().map(|bar| bar.tickets).max().unwrap_or(0)
    }
}

impl RefundPage<'_> {
    fn money(&self, minor: &i64) -> String {
        self.view.order.quote.money(*minor).full()
    }

    fn holder(&self) -> &str {
        let buyer = &self.view.order.buyer;
        if buyer.name.is_empty() { &buyer.email } else { &buyer.name }
    }
}

/// All days from the first to the last, those without sales too.
fn bars(p: &Visit, card: &ShowCard, sales: &SalesByDay) -> Vec<Bar> {
    let (Some(first), Some(last)) =
        (sales.days.iter().map(|day| day.0).min(), sales.days.iter().map(|day| day.0).max())
    else {
        return Vec::new();
    };
    let currency = card.listing.as_ref().map(|listing| listing.currency);
    let most = sales.days.iter().map(|day| day.1).max().unwrap_or(1).max(1);
    let count = usize::try_from((last.unix_millis() - first.unix_millis()) / DAY_MS).unwrap_or(0) + 1;
    let shown = count.min(MOST_BARS);
    let start = last.unix_millis() - DAY_MS * (i64::try_from(shown).unwrap_or(1) - 1);
    // A lone day is a bar, not a wall.
    let slot = (WIDE / u32::try_from(shown).unwrap_or(1).max(1)).clamp(1, 48);
    let bar = |at: u32| {
        let day = WallTime::from_unix_millis(start + i64::from(at) * DAY_MS);
        let known =
            sales.days.iter().find(|known| known.0.unix_millis() / DAY_MS == day.unix_millis() / DAY_MS);
        let (tickets, gross) = known.map_or((0, 0), |known| (known.1, known.2));
        let height = u32::try_from(u64::from(tickets) * u64::from(HIGH) / u64::from(most)).unwrap_or(0);
        Bar {
            x: at * slot,
            y: HIGH - height,
            width: (slot * 4 / 5).max(1),
            height,
            tickets,
            date: When::new(day, p.now, "UTC", p.lang).date,
            money: currency.map_or_else(String::new, |currency| Money::new(gross, currency).full()),
        }
    };
    (0..u32::try_from(shown).unwrap_or(0)).map(bar).collect()
}

async fn sales_with(site: &Site, p: &Visit, staff: &Staff, card: &ShowCard, t: Typed) -> Answer {
    let listing = card.listing.as_ref().ok_or_else(not_here)?;
    let sales = site.office.sales(card.show.id).await?;
    let search = p.asked("q").unwrap_or_default();
    let orders = site.office.orders(card.show.id, search.trim()).await?;
    let status = if t.troubles.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = SalesPage {
        p,
        staff,
        s: ShowView::new(p, card),
        bars: bars(p, card, &sales),
        tickets: sales.days.iter().map(|day| day.1).sum(),
        money: Money::new(sales.days.iter().map(|day| day.2).sum(), listing.currency).full(),
        orders,
        search,
        t,
        tab: "sales",
    };
    Ok(p.page_with(status, &page)?)
}

pub(crate) async fn sales(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
) -> Answer {
    allow(&staff, Act::SeeSales)?;
    let card = card(&site, &slug)?;
    sales_with(&site, &p, &staff, &card, Typed::of(vec![("quantity", "1".to_owned())])).await
}

fn read_hand(p: &Visit, form: &Form, card: &ShowCard) -> Result<BuyRequest, (&'static str, Fault)> {
    let at = |field: &'static str| move |fault: Fault| (field, fault);
    let currency = card.listing.as_ref().ok_or_else(not_here).map_err(at("kind"))?.currency;
    let wanted = Wanted {
        kind: id(form.get("kind")).map_err(at("kind"))?,
        quantity: form.number("quantity", 100).map_err(at("quantity"))?,
        unit: Some(form.amount("unit", currency).map_err(at("unit"))?),
    };
    let email = clean_email(form.get("email")).map_err(at("email"))?;
    let name = clean_text(form.get("name"), 60).map_err(at("name"))?;
    let buyer = Buyer { email, name, lang: p.lang };
    Ok(BuyRequest { wanted: vec![wanted], buyer, provider: Provider::Manual, by_staff: true })
}

pub(crate) async fn by_hand(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path(slug): Path<String>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Sell)?;
    let card = card(&site, &slug)?;
    let sold = match read_hand(&p, &form, &card) {
        Ok(request) => {
            let sold = site.office.sell_by_hand(&staff, card.show.id, request).await;
            sold.map_err(|fault| ("quantity", fault))
        }
        Err(wrong) => Err(wrong),
    };
    match sold {
        Ok(view) => Ok(see_other(&format!("/office/shows/{slug}/sales?q={}", view.order.number()))),
        Err((field, fault)) => {
            let t = Typed::wrong(&p, form, field, &fault);
            sales_with(&site, &p, &staff, &card, t).await
        }
    }
}

async fn order_of(site: &Site, card: &ShowCard, order: OrderId) -> Result<OrderView, Fault> {
    // An order is found by the whole of its id too.
    let all = site.office.orders(card.show.id, &order.to_string()).await?;
    all.into_iter().find(|view| view.order.id == order).ok_or_else(not_here)
}

pub(crate) async fn refund_page(
    State(site): State<Site>,
    p: Visit,
    Signed(staff): Signed,
    Path((slug, order, ticket)): Path<(String, String, String)>,
) -> Answer {
    allow(&staff, Act::Refund)?;
    let card = card(&site, &slug)?;
    let ticket: TicketId = id(&ticket)?;
    let view = order_of(&site, &card, id(&order)?).await?;
    let ticket = view.tickets.iter().find(|known| known.id == ticket).ok_or_else(not_here)?;
    let s = ShowView::new(&p, &card);
    Ok(p.page(&RefundPage { p: &p, staff: &staff, s, view: &view, ticket, tab: "sales" })?)
}

pub(crate) async fn refund(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path((slug, order, ticket)): Path<(String, String, String)>,
    form: Form,
) -> Answer {
    allow(&staff, Act::Refund)?;
    let card = card(&site, &slug)?;
    // An order of another show is not found.
    let view = order_of(&site, &card, id(&order)?).await?;
    let ticket: TicketId = id(&ticket)?;
    let reason = clean_text(form.get("reason"), 200)?;
    let with_fees = !form.has("keep_fees");
    site.office.refund(&staff, view.order.id, Some(ticket), with_fees, &reason).await?;
    Ok(see_other(&format!("/office/shows/{slug}/sales?q={}", view.order.number())))
}

pub(crate) async fn again(
    State(site): State<Site>,
    Signed(staff): Signed,
    Path((slug, order, refund)): Path<(String, String, String)>,
) -> Answer {
    allow(&staff, Act::Refund)?;
    let card = card(&site, &slug)?;
    let view = order_of(&site, &card, id(&order)?).await?;
    let refund: RefundId = id(&refund)?;
    site.office.refund_again(&staff, view.order.id, refund).await?;
    Ok(see_other(&format!("/office/shows/{slug}/sales?q={}", view.order.number())))
}
