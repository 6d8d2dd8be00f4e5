//! `/office`: today.

use super::Signed;
use crate::guard::{Act, may};
use crate::refusal::Answer;
use crate::show_view::{ShowView, Stand};
use crate::visit::Visit;
use crate::{Attention, Site, Staff};
use askama::Template;
use axum::extract::State;
use palco_boxoffice::Money;
use std::cmp::Reverse;

/// What the next show sold.
#[derive(Default)]
struct Sold {
    tickets: u32,
    seats: Option<u32>,
    money: String,
}

#[derive(Template)]
#[template(path = "office/today.html")]
struct Today<'a> {
    p: &'a Visit,
    staff: &'a Staff,
    next: Option<&'a ShowView<'a>>,
    sold: Option<Sold>,
    attention: Option<Attention>,
    shows: Vec<&'a ShowView<'a>>,
}

pub(crate) async fn today(State(site): State<Site>, p: Visit, Signed(staff): Signed) -> Answer {
    let cards = site.office.cards();
    let views: Vec<_> = cards.iter().map(|card| ShowView::new(&p, card)).collect();
    let mut shows: Vec<_> = views.iter().collect();
    let start = |it: &ShowView<'_>| it.show.starts_at.map_or(i64::MAX, |at| at.unix_millis());
    shows.sort_by_key(|it| {
        let over = it.stand >= Stand::Over;
        (over, it.stand == Stand::Soon, if over { Reverse(start(it)) } else { Reverse(-start(it)) })
    });
    let next = shows.first().copied().filter(|it| it.stand < Stand::Over);
    let (mut sold, mut attention) = (None, None);
    if may(staff.role, Act::SeeSales) {
        attention = Some(site.office.attention().await?);
        if let Some((show, listing)) =
            next.and_then(|it| it.listing.as_ref().map(|listing| (it.show.id, listing)))
        {
            let days = site.office.sales(show).await?.days;
            let money = Money::new(days.iter().map(|(.., gross)| gross).sum(), listing.currency);
            let tickets = days.iter().map(|(_, tickets, _)| tickets).sum();
            sold = Some(Sold { tickets, seats: listing.seats, money: money.full() });
        }
    }
    let page = Today { p: &p, staff: &staff, next, sold, attention, shows };
    Ok(p.page(&page)?)
}
