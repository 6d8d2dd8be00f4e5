//! From the form to the ticket: the demo's own payment page, the order, a provider's webhook.

use crate::form::Form;
use crate::refusal::{Answer, Refused};
use crate::show_view::ShowView;
use crate::visit::{Visit, see_other};
use crate::when::When;
use crate::{OrderView, Site, not_here};
use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use palco_base::{Class, Fault};
use palco_boxoffice::{OrderState, Provider, RefundState, TicketState};

#[derive(Template)]
#[template(path = "pay.html")]
struct PayPage<'a> {
    p: &'a Visit,
    view: &'a OrderView,
    s: Option<ShowView<'a>>,
    until: String,
}

/// A refund as its buyer is told of it.
struct Back {
    text: String,
    done: bool,
}

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage<'a> {
    p: &'a Visit,
    view: &'a OrderView,
    s: Option<ShowView<'a>>,
    backs: Vec<Back>,
    until: String,
    sent: bool,
}

/// Looks a code up; codes that are not there are counted against whoever tries them.
pub(crate) async fn looked_up<T>(
    site: &Site,
    p: &Visit,
    code: &str,
    look: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    site.limits.misses.free(p.from())?;
    let found = if crate::guard::plain_code(code) { look.await } else { Err(not_here()) };
    if found.as_ref().is_err_and(|fault| matches!(fault.class, Class::NotFound | Class::Unauthenticated)) {
        site.limits.misses.knock(p.from())?;
    }
    found
}

fn until(p: &Visit, view: &OrderView) -> String {
    let zone = view.card.as_ref().and_then(|card| card.listing.as_ref()).map_or("UTC", |it| &it.time_zone);
    let when = When::new(view.order.held_until, p.now, zone, p.lang);
    format!("{} {}", when.hour, when.zone)
}

pub(crate) async fn demo(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let view = looked_up(&site, &p, &code, site.office.order(&code)).await?;
    if view.order.state != OrderState::Held || view.order.provider != Provider::Demo {
        return Ok(see_other(&format!("/orders/{code}")));
    }
    let s = view.card.as_deref().map(|card| ShowView::new(&p, card));
    Ok(p.page(&PayPage { p: &p, view: &view, s, until: until(&p, &view) })?)
}

pub(crate) async fn demo_pay(
    State(site): State<Site>,
    p: Visit,
    Path(code): Path<String>,
    form: Form,
) -> Answer {
    let pays = form.has("pay");
    looked_up(&site, &p, &code, site.office.demo_pay(&code, pays)).await?;
    Ok(see_other(&format!("/orders/{code}")))
}

pub(crate) async fn order(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let mut view = looked_up(&site, &p, &code, site.office.order(&code)).await?;
    if view.order.state == OrderState::Held {
        // The provider may know more than its webhook has told us.
        view = site.office.look_again(&code).await?;
    }
    let valid = view.tickets.iter().filter(|ticket| ticket.state == TicketState::Valid).count();
    if view.order.state == OrderState::Paid && valid == 1 && view.tickets.len() == 1 && !p.has("sent") {
        return Ok(see_other(&format!("/tickets/{}", view.tickets[0].code.reveal())));
    }
    let s = view.card.as_deref().map(|card| ShowView::new(&p, card));
    let backs = view.refunds.iter().map(|refund| back(&p, refund)).collect();
    let page = OrderPage { p: &p, view: &view, s, backs, until: until(&p, &view), sent: p.has("sent") };
    Ok(p.page(&page)?)
}

fn back(p: &Visit, refund: &palco_boxoffice::Refund) -> Back {
    let word = match refund.state {
        RefundState::Wanted => p.w.refund_wanted,
        RefundState::Done => p.w.refund_done,
        RefundState::Failed(_) => p.w.refund_failed,
    };
    Back { text: p.fill(word, "amount", refund.amount.full()), done: refund.state == RefundState::Done }
}

pub(crate) async fn abandon(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    looked_up(&site, &p, &code, site.office.abandon(&code)).await?;
    Ok(see_other(&format!("/orders/{code}")))
}

pub(crate) async fn send_again(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    site.limits.mail.knock(p.from())?;
    looked_up(&site, &p, &code, site.office.send_again(&code)).await?;
    Ok(see_other(&format!("/orders/{code}?sent")))
}

/// A provider asks for plain answers: 2xx is taken, anything else is sent again later.
pub(crate) async fn stripe_webhook(State(site): State<Site>, headers: HeaderMap, body: Bytes) -> Answer {
    let signature = headers.get("stripe-signature").and_then(|it| it.to_str().ok()).unwrap_or("");
    match site.office.stripe_webhook(&body, signature).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(fault) => Err(Refused(fault)),
    }
}
