//! `/account`: all tickets of an address, for whoever reads its mail.

use crate::buy::Trouble;
use crate::form::Form;
use crate::guard::{SESSION, plain_code, visitor};
use crate::refusal::Answer;
use crate::show_view::{ShowView, Stand};
use crate::visit::{MONTH, Visit, see_other, with_cookie};
use crate::{Site, TicketView, Visitor, not_here};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use palco_boxoffice::{TicketState, clean_email};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage<'a> {
    p: &'a Visit,
    typed: &'a str,
    trouble: Option<Trouble>,
    sent: bool,
}

#[derive(Template)]
#[template(path = "account_link.html")]
struct LinkPage<'a> {
    p: &'a Visit,
}

/// A ticket in the list.
struct Held<'a> {
    view: &'a TicketView,
    s: Option<ShowView<'a>>,
}

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage<'a> {
    p: &'a Visit,
    email: &'a str,
    tickets: Vec<Held<'a>>,
}

pub(crate) async fn account(State(site): State<Site>, p: Visit) -> Answer {
    let email = match visitor(&site, &p).await? {
        Some(Visitor::Buyer(email)) => email,
        Some(Visitor::Staff(staff)) => staff.email,
        None => return Ok(p.page(&AccountPage { p: &p, typed: "", trouble: None, sent: false })?),
    };
    let views = site.office.tickets_of(&email).await?;
    let held = |view| Held { view, s: view_card(&p, view) };
    let page = TicketsPage { p: &p, email: &email, tickets: views.iter().map(held).collect() };
    Ok(p.page(&page)?)
}

fn view_card<'a>(p: &'a Visit, view: &'a TicketView) -> Option<ShowView<'a>> {
    view.card.as_deref().map(|card| ShowView::new(p, card))
}

/// The same answer whether the address is known or not.
pub(crate) async fn send_link(State(site): State<Site>, p: Visit, form: Form) -> Answer {
    site.limits.mail.knock(p.from())?;
    let typed = form.get("email").trim();
    match clean_email(typed) {
        Ok(email) => {
            site.office.send_sign_in(&email, p.lang, &format!("{}/account/link", p.base)).await?;
            Ok(p.page(&AccountPage { p: &p, typed: &email, trouble: None, sent: true })?)
        }
        Err(fault) => {
            let trouble = Some(Trouble::new(&p, "email", &fault));
            let page = AccountPage { p: &p, typed, trouble, sent: false };
            Ok(p.page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)?)
        }
    }
}

/// Only shows a button: programs that look at the links of a mail must not use it up.
pub(crate) async fn link(p: Visit, Path(token): Path<String>) -> Answer {
    if !plain_code(&token) {
        return Err(not_here().into());
    }
    Ok(p.page(&LinkPage { p: &p })?)
}

pub(crate) async fn take_link(State(site): State<Site>, p: Visit, Path(token): Path<String>) -> Answer {
    let session = crate::pay::looked_up(&site, &p, &token, site.office.take_sign_in(&token)).await?;
    Ok(with_cookie(see_other("/account"), p.set_cookie(SESSION, session.reveal(), Some(MONTH))))
}

pub(crate) async fn sign_out(State(site): State<Site>, p: Visit) -> Answer {
    if let Some(session) = p.cookie(&p.cookie_name(SESSION)).filter(|it| plain_code(it)) {
        site.office.sign_out(&session).await?;
    }
    Ok(with_cookie(see_other("/"), p.set_cookie(SESSION, "", Some(0))))
}
