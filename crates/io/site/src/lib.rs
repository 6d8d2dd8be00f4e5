//! The pages people read: the foyer (shows, tickets) and the office, rendered on the server.
//!
//! Pages work without a script; what a page shows of others' texts is escaped by its template.
//! A handler gives a page or a [`palco_base::Fault`]; one layer makes the fault a page.

#![forbid(unsafe_code)]

mod account;
mod backend;
mod buy;
mod demo_mail;
mod door;
mod form;
mod guard;
mod home;
mod limits;
mod office;
mod pay;
mod performer;
mod refusal;
mod robots;
mod show;
mod show_view;
mod ticket;
mod visit;
mod when;
mod words;

pub use backend::{
    Attention, AuditLine, BoxOffice, MailView, NextStep, OrderView, OwnStatement, PosterSize, Rating,
    Reputation, Role, SalesByDay, ShowCard, ShowForm, Staff, TicketView, Visitor, not_here,
};
pub use guard::{Act, may};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use limits::Limits;
use std::sync::Arc;

/// A form of text at most.
const MOST_FORM: usize = 64 * 1024;
/// A webhook at most.
const MOST_WEBHOOK: usize = 256 * 1024;
/// A poster at most, and a little for the form around it.
const MOST_POSTER: usize = 10 * 1024 * 1024 + 16 * 1024;

/// Paths of the files that npm built; their names hold their hash.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Assets {
    /// The style sheet of the foyer and the office.
    pub style: String,
    /// What pages can do better with a script.
    pub script: String,
    /// The icon.
    pub favicon: String,
}

/// How the site is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteConfig {
    /// The address of the site as configured: links lead there. Without one, where the request was sent to.
    pub public_url: Option<String>,
    /// Whether connections come by TLS.
    pub tls: bool,
    /// Files of the pages.
    pub assets: Assets,
}

/// What every page needs.
struct Inner {
    office: Arc<dyn BoxOffice>,
    config: SiteConfig,
    limits: Limits,
}

/// The state of the router.
#[derive(Clone)]
struct Site(Arc<Inner>);

impl std::ops::Deref for Site {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// All pages, ready to be merged with other routers. It has no fallback: see [`Lost`].
pub fn router(office: Arc<dyn BoxOffice>, config: SiteConfig) -> Router {
    let site = Site(Arc::new(Inner { office, config, limits: Limits::default() }));
    Router::new()
        .merge(foyer())
        .merge(buying())
        .nest("/office", office::routes())
        .layer(DefaultBodyLimit::max(MOST_FORM))
        .layer(from_fn(guard::same_origin))
        .layer(from_fn_with_state(site.clone(), refusal::designed))
        .with_state(site)
}

fn foyer() -> Router<Site> {
    Router::new()
        .route("/", get(home::home))
        .route("/shows/{slug}", get(show::show))
        .route("/shows/{slug}/calendar.ics", get(show::calendar))
        .route("/shows/{slug}/door", get(door::ask).post(door::pass))
        .route("/posters/{name}", get(show::poster))
        .route("/tickets/{code}", get(ticket::ticket))
        .route("/tickets/{code}/enter", post(ticket::enter))
        .route("/tickets/{code}/rate", post(ticket::rate))
        .route("/tickets/{code}/ticket.pdf", get(ticket::pdf))
        .route("/account", get(account::account).post(account::send_link))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/link/{token}", get(account::link).post(account::take_link))
        .route("/statements/{code}", get(performer::statement))
        .route("/statements/{code}/statement.csv", get(performer::csv))
        .route("/statements/{code}/statement.pdf", get(performer::pdf))
        .route("/demo/mail", get(demo_mail::mails))
        .route("/demo/mail/{id}", get(demo_mail::mail))
        .route("/robots.txt", get(robots::robots))
        .route("/sitemap.xml", get(robots::sitemap))
}

fn buying() -> Router<Site> {
    let webhook = post(pay::stripe_webhook).layer(DefaultBodyLimit::max(MOST_WEBHOOK));
    Router::new()
        .route("/shows/{slug}/buy", get(buy::form).post(buy::buy))
        .route("/pay/demo/{code}", get(pay::demo).post(pay::demo_pay))
        .route("/orders/{code}", get(pay::order))
        .route("/orders/{code}/abandon", post(pay::abandon))
        .route("/orders/{code}/send-again", post(pay::send_again))
        .route("/webhooks/stripe", webhook)
}

/// The page that says there is nothing at an address, for whoever has the last word on routes.
#[derive(Clone, Debug)]
pub struct Lost(pub SiteConfig);

impl Lost {
    /// The page, in the language of the request.
    pub fn page(&self, headers: &axum::http::HeaderMap) -> Response {
        self.fault(headers, not_here())
    }

    /// Any fault as a page, in the language of the request.
    pub fn fault(&self, headers: &axum::http::HeaderMap, fault: palco_base::Fault) -> Response {
        let visit = visit::Visit::of_headers(&self.0, headers);
        refusal::page(&visit, &fault).unwrap_or_else(|fault| refusal::Refused(fault).into_response())
    }
}
