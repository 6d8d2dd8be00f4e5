//! `/`: what is on now or next, the schedule, what can be seen again.

use crate::refusal::Answer;
use crate::show_view::{ShowView, Stand};
use crate::visit::Visit;
use crate::{ShowCard, Site};
use askama::Template;
use axum::extract::State;
use palco_boxoffice::Sales;
use std::cmp::Reverse;

/// Shows that are over, at most: the newest.
const MOST_PAST: usize = 12;

/// The shows of one day.
struct Day<'a> {
    title: String,
    shows: Vec<&'a ShowView<'a>>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home<'a> {
    p: &'a Visit,
    hero: Option<&'a ShowView<'a>>,
    days: Vec<Day<'a>>,
    competitions: Vec<&'a ShowView<'a>>,
    past: Vec<&'a ShowView<'a>>,
}

/// Whether the public may see a show at all.
pub(crate) fn is_public(card: &ShowCard) -> bool {
    card.listing.as_ref().is_none_or(|listing| listing.sales != Sales::Draft)
}

pub(crate) async fn home(State(site): State<Site>, p: Visit) -> Answer {
    let cards = site.office.cards();
    let views: Vec<_> =
        cards.iter().filter(|card| is_public(card)).map(|card| ShowView::new(&p, card)).collect();
    let start = |view: &ShowView<'_>| view.show.starts_at.map_or(i64::MAX, |at| at.unix_millis());
    let mut coming: Vec<_> = views.iter().filter(|it| it.stand <= Stand::Soon).collect();
    coming.sort_by_key(|it| (it.stand, start(it)));
    let mut past: Vec<_> = views.iter().filter(|it| it.stand == Stand::Over).collect();
    past.sort_by_key(|it| Reverse(it.show.ended_at.or(it.show.starts_at)));
    past.truncate(MOST_PAST);
    let hero = (!coming.is_empty()).then(|| coming.remove(0));
    // Called off is said in the schedule as long as somebody might still come for it.
    let called_off = views
        .iter()
        .filter(|it| it.stand == Stand::Cancelled && it.show.starts_at.is_some_and(|at| at > p.now));
    let mut listed: Vec<_> = coming.iter().copied().chain(called_off).collect();
    listed.sort_by_key(|it| (it.stand > Stand::Paused, start(it)));
    let competitions = listed.iter().copied().filter(|it| it.competition()).collect();
    let page = Home { p: &p, hero, days: days(&p, listed), competitions, past };
    Ok(p.public(&page)?)
}

fn days<'a>(p: &Visit, shows: Vec<&'a ShowView<'a>>) -> Vec<Day<'a>> {
    let mut days: Vec<Day<'a>> = Vec::new();
    for show in shows {
        let title = match (&show.when, show.stand) {
            (_, Stand::Live | Stand::Paused) => p.w.on_now.to_owned(),
            (Some(when), _) => when.date.clone(),
            (None, _) => p.w.date_open.to_owned(),
        };
        match days.last_mut().filter(|day| day.title == title) {
            Some(day) => day.shows.push(show),
            None => days.push(Day { title, shows: vec![show] }),
        }
    }
    days
}
