//! `/shows/{slug}/door`: what is asked before any picture.

use crate::Site;
use crate::refusal::Answer;
use crate::show::public_card;
use crate::show_view::ShowView;
use crate::visit::{Visit, see_other, with_cookie};
use askama::Template;
use axum::extract::{Path, State};
use palco_base::ShowId;

#[derive(Template)]
#[template(path = "door.html")]
struct DoorPage<'a> {
    p: &'a Visit,
    s: ShowView<'a>,
}

/// The cookie that remembers that somebody was asked, as long as the browser is open.
pub(crate) fn cookie(show: ShowId) -> String {
    format!("palco-warned-{show}")
}

pub(crate) async fn ask(State(site): State<Site>, p: Visit, Path(slug): Path<String>) -> Answer {
    let card = public_card(&site, &slug)?;
    let asks = card.listing.as_ref().is_some_and(|listing| listing.warning.asks());
    if !asks || p.cookie(&p.cookie_name(&cookie(card.show.id))).is_some() {
        return Ok(see_other(&format!("/shows/{slug}/watch")));
    }
    Ok(p.page(&DoorPage { p: &p, s: ShowView::new(&p, &card) })?)
}

pub(crate) async fn pass(State(site): State<Site>, p: Visit, Path(slug): Path<String>) -> Answer {
    let card = public_card(&site, &slug)?;
    let show = card.show.id;
    let seat = p.cookie(&p.cookie_name(&format!("palco-ticket-{show}")));
    let ticket = match seat.filter(|code| crate::guard::plain_code(code)) {
        Some(code) => site.office.ticket(&code).await.ok().map(|view| view.ticket.id),
        None => None,
    };
    site.office.warned(show, ticket).await?;
    Ok(with_cookie(see_other(&format!("/shows/{slug}/watch")), p.set_cookie(&cookie(show), "1", None)))
}
