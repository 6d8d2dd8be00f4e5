//! `/tickets/{code}`: the ticket, and the way in.

use crate::form::Form;
use crate::pay::looked_up;
use crate::refusal::Answer;
use crate::show_view::{ShowView, Stand};
use crate::visit::{MONTH, Visit, file, see_other, with_cookie};
use crate::{Rating, Site, TicketView};
use askama::Template;
use axum::extract::{Path, State};
use palco_base::Fault;
use palco_boxoffice::{Money, TicketState};

/// What a ticket is good for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Use {
    /// Given back.
    Void,
    /// Not paid yet.
    Unpaid,
    /// The show was deleted.
    Gone,
    /// The lobby is open.
    Early,
    /// The show is on.
    Live,
    /// The replay is there.
    Replay,
    /// The replay is not there yet.
    ReplayLater,
    /// Nothing is left to see.
    Over,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage<'a> {
    p: &'a Visit,
    view: &'a TicketView,
    s: Option<ShowView<'a>>,
    state: Use,
    qr: String,
    rates: bool,
    rated: bool,
}

impl TicketPage<'_> {
    fn enters(&self) -> bool {
        matches!(self.state, Use::Early | Use::Live | Use::Replay)
    }

    /// What was paid: `$10.00 + $1.20 fees = $11.20 USD`.
    fn paid(&self) -> String {
        let (ticket, quote) = (&self.view.ticket, &self.view.order.quote);
        if ticket.paid() == 0 {
            return self.p.w.free.to_owned();
        }
        let money = |minor| Money::new(minor, quote.currency);
        let mut text = money(ticket.net).to_string();
        if ticket.fees > 0 {
            text += &format!(" + {} {}", money(ticket.fees), self.p.w.fees);
        }
        if ticket.tax > 0 {
            let listing = self.s.as_ref().and_then(|s| s.listing.as_ref());
            let name = listing.map_or("", |listing| listing.tax.name.as_str());
            text += &format!(" + {} {name}", money(ticket.tax));
        }
        if ticket.fees + ticket.tax > 0 {
            text + " = " + &money(ticket.paid()).full()
        } else {
            money(ticket.paid()).full()
        }
    }

    fn stars(&self, n: &u8) -> bool {
        self.view.rating.stars == *n
    }

    fn star_word(&self, n: &u8) -> String {
        self.p.n(self.p.w.star_n, n)
    }
}

fn use_of(view: &TicketView, s: Option<&ShowView<'_>>) -> Use {
    let with_replay = view.kind.as_ref().is_some_and(|kind| kind.replay);
    match (view.ticket.state, s.map(|s| s.stand)) {
        (TicketState::Void, _) | (_, Some(Stand::Cancelled)) => Use::Void,
        (TicketState::Held, _) => Use::Unpaid,
        (_, None) => Use::Gone,
        (_, Some(Stand::Soon)) => Use::Early,
        (_, Some(Stand::Live | Stand::Paused)) => Use::Live,
        (_, Some(Stand::Over)) if !with_replay => Use::Over,
        (_, Some(Stand::Over)) if s.is_some_and(|s| s.replay) => Use::Replay,
        (_, Some(Stand::Over)) => Use::ReplayLater,
    }
}

/// Who was there, or could have been, has a voice.
const fn rates(state: Use) -> bool {
    matches!(state, Use::Live | Use::Replay | Use::ReplayLater | Use::Over)
}

pub(crate) async fn ticket(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let view = looked_up(&site, &p, &code, site.office.ticket(&code)).await?;
    let s = view.card.as_deref().map(|card| ShowView::new(&p, card));
    let state = use_of(&view, s.as_ref());
    let qr = site.office.qr(&format!("{}/tickets/{code}", p.base))?;
    let page = TicketPage { p: &p, view: &view, s, state, qr, rates: rates(state), rated: p.has("rated") };
    Ok(p.page(&page)?)
}

/// Sits down: the seat's cookie, then the show; or the door, where something is asked first.
pub(crate) async fn enter(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let view = looked_up(&site, &p, &code, site.office.ticket(&code)).await?;
    let s = view.card.as_deref().map(|card| ShowView::new(&p, card));
    let state = use_of(&view, s.as_ref());
    let Some(card) = view.card.as_ref().filter(|_| matches!(state, Use::Early | Use::Live | Use::Replay))
    else {
        return Ok(see_other(&format!("/tickets/{code}")));
    };
    let asks = card.listing.as_ref().is_some_and(|listing| listing.warning.asks());
    let warned = p.cookie(&p.cookie_name(&crate::door::cookie(card.show.id))).is_some();
    let to = if asks && !warned { "door" } else { "watch" };
    let response = see_other(&format!("/shows/{}/{to}", card.show.slug));
    Ok(with_cookie(response, p.set_cookie(&format!("palco-ticket-{}", card.show.id), &code, Some(MONTH))))
}

pub(crate) async fn rate(State(site): State<Site>, p: Visit, Path(code): Path<String>, form: Form) -> Answer {
    let view = looked_up(&site, &p, &code, site.office.ticket(&code)).await?;
    let s = view.card.as_deref().map(|card| ShowView::new(&p, card));
    if !rates(use_of(&view, s.as_ref())) {
        return Ok(see_other(&format!("/tickets/{code}")));
    }
    let stars = form.number("stars", 5).ok().and_then(|stars| u8::try_from(stars).ok());
    let stars = stars.ok_or_else(|| Fault::invalid("stars_broken", "Choose one to five stars."))?;
    let rating = Rating { stars, liked: form.has("liked") };
    looked_up(&site, &p, &code, site.office.rate(&code, rating)).await?;
    Ok(see_other(&format!("/tickets/{code}?rated")))
}

pub(crate) async fn pdf(State(site): State<Site>, p: Visit, Path(code): Path<String>) -> Answer {
    let link = format!("{}/tickets/{code}", p.base);
    let bytes = looked_up(&site, &p, &code, site.office.ticket_pdf(&code, p.lang, &link)).await?;
    Ok(file("application/pdf", "palco-ticket.pdf", bytes))
}
