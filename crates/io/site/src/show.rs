//! `/shows/{slug}`: one show, its poster and its calendar file.

use crate::home::is_public;
use crate::refusal::{Answer, Refused};
use crate::show_view::{ShowView, Stand};
use crate::visit::{Visit, file};
use crate::{PosterSize, ShowCard, Site, not_here};
use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use palco_base::Fault;
use serde_json::json;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "show.html")]
struct ShowPage<'a> {
    p: &'a Visit,
    s: ShowView<'a>,
    /// Search engines' event card (schema.org), safe inside a script element.
    event: String,
}

/// The show of this address, if the public may see it.
pub(crate) fn public_card(site: &Site, slug: &str) -> Result<Arc<ShowCard>, Fault> {
    site.office.card(slug).filter(|card| is_public(card)).ok_or_else(not_here)
}

pub(crate) async fn show(State(site): State<Site>, p: Visit, Path(slug): Path<String>) -> Answer {
    let card = public_card(&site, &slug)?;
    site.office.viewed(card.show.id);
    let s = ShowView::new(&p, &card);
    let event = event(&p, &s);
    Ok(p.public(&ShowPage { p: &p, s, event })?)
}

/// A schema.org Event. `<` and `&` are written so that no text of it can end the element it is in.
fn event(p: &Visit, s: &ShowView<'_>) -> String {
    let status = if s.stand == Stand::Cancelled { "EventCancelled" } else { "EventScheduled" };
    let url = s.url();
    let mut event = json!({
        "@context": "https://schema.org",
        "@type": "Event",
        "name": s.title(),
        "description": s.summary(),
        "url": url,
        "eventStatus": format!("https://schema.org/{status}"),
        "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode",
        "location": { "@type": "VirtualLocation", "url": url },
        "organizer": { "@type": "Organization", "name": "Palco", "url": p.base },
    });
    if let Some(when) = &s.when {
        event["startDate"] = json!(when.iso);
    }
    if let Some(name) = s.poster() {
        event["image"] = json!(format!("{}/posters/{name}", p.base));
    }
    if !s.performers().is_empty() {
        let people = s.performers().iter().map(|name| json!({ "@type": "PerformingGroup", "name": name }));
        event["performer"] = people.collect();
    }
    if let Some(listing) = &s.listing {
        let stock = if s.for_sale() { "InStock" } else { "SoldOut" };
        let offers = s.kinds().into_iter().map(|kind| {
            let price = palco_boxoffice::Money::new(kind.price, listing.currency).digits();
            json!({
                "@type": "Offer",
                "name": kind.name,
                "price": price,
                "priceCurrency": listing.currency.code(),
                "availability": format!("https://schema.org/{stock}"),
                "url": format!("{url}/buy"),
            })
        });
        event["offers"] = offers.collect();
    }
    event.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

pub(crate) async fn calendar(State(site): State<Site>, p: Visit, Path(slug): Path<String>) -> Answer {
    let card = public_card(&site, &slug)?;
    let text = site.office.calendar(&card, &format!("{}/shows/{slug}", p.base));
    Ok(file("text/calendar; charset=utf-8", &format!("{slug}.ics"), text))
}

pub(crate) async fn poster(State(site): State<Site>, p: Visit, Path(name): Path<String>) -> Answer {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.len() > 80 || name.starts_with('.') || !name.bytes().all(plain) {
        return Err(Refused(not_here()));
    }
    let size = if p.has("small") { PosterSize::Small } else { PosterSize::Wide };
    let bytes = site.office.poster(&name, size).await.ok_or_else(not_here)?;
    // A new poster has a new name.
    let headers = [(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, bytes).into_response())
}
