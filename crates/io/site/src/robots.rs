//! What search engines ask for.

use crate::Site;
use crate::home::is_public;
use crate::refusal::Answer;
use crate::visit::Visit;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// Pages that are somebody's own, or that only forms lead to.
const CLOSED: [&str; 10] = [
    "/account",
    "/orders/",
    "/tickets/",
    "/statements/",
    "/office",
    "/pay/",
    "/demo/",
    "/desk/",
    "/stage/",
    "/api/",
];

pub(crate) async fn robots(p: Visit) -> Answer {
    let mut text = "User-agent: *\n".to_owned();
    for path in CLOSED {
        text += &format!("Disallow: {path}\n");
    }
    text += &format!("Sitemap: {}/sitemap.xml\n", p.base);
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

pub(crate) async fn sitemap(State(site): State<Site>, p: Visit) -> Answer {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    // Slugs and hosts are plain: nothing in them needs escaping.
    text += &format!("<url><loc>{}/</loc></url>\n", p.base);
    for card in site.office.cards().iter().filter(|card| is_public(card)) {
        text += &format!("<url><loc>{}/shows/{}</loc></url>\n", p.base, card.show.slug);
    }
    text += "</urlset>\n";
    Ok(([(CONTENT_TYPE, "application/xml; charset=utf-8")], text).into_response())
}
