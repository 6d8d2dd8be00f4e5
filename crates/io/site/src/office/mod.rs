//! `/office`: shows, sales, money and people, for those who work for the house.

mod accounts;
mod edit;
mod money;
mod sales;
mod shelf;
mod today;

use crate::buy::Trouble;
use crate::form::Form;
use crate::guard::visitor;
use crate::refusal::Refused;
use crate::visit::{Visit, see_other};
use crate::{MOST_POSTER, ShowCard, Site, Staff, Visitor, not_here};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use palco_base::Fault;
use std::sync::Arc;

pub(crate) fn routes() -> Router<Site> {
    let poster = get(edit::edit_page).post(edit::poster).layer(DefaultBodyLimit::max(MOST_POSTER));
    Router::new()
        .route("/", get(today::today))
        .route("/sign-in", get(accounts::sign_in_page).post(accounts::sign_in))
        .route("/sign-out", post(accounts::sign_out))
        .route("/first", get(accounts::sign_in_page).post(accounts::first))
        .route("/staff", get(accounts::staff).post(accounts::set_staff))
        .route("/staff/{id}/delete", post(accounts::delete_staff))
        .route("/audit", get(accounts::audit))
        .route("/shows/new", get(edit::new_page).post(edit::make))
        .route("/shows/{slug}", get(edit::edit_page).post(edit::change))
        .route("/shows/{slug}/poster", poster)
        .route("/shows/{slug}/desk", post(edit::desk))
        .route("/shows/{slug}/cancel", get(edit::cancel_page).post(edit::cancel))
        .route("/shows/{slug}/tickets", get(shelf::kinds).post(shelf::set_kind))
        .route("/shows/{slug}/tickets/{id}/delete", post(shelf::delete_kind))
        .route("/shows/{slug}/promos", get(shelf::promos).post(shelf::set_promo))
        .route("/shows/{slug}/promos/{id}/delete", post(shelf::delete_promo))
        .route("/shows/{slug}/shares", get(shelf::shares).post(shelf::set_share))
        .route("/shows/{slug}/shares/{id}/delete", post(shelf::delete_share))
        .route("/shows/{slug}/sales", get(sales::sales).post(sales::by_hand))
        .route("/shows/{slug}/refund/{order}/{ticket}", get(sales::refund_page).post(sales::refund))
        .route("/shows/{slug}/again/{order}/{refund}", post(sales::again))
        .route("/shows/{slug}/statement", get(money::statement))
        .route("/shows/{slug}/statement.csv", get(money::csv))
        .route("/shows/{slug}/statement.pdf", get(money::pdf))
        .route("/shows/{slug}/settle", post(money::settle))
        .route("/shows/{slug}/pay-out", post(money::pay_out))
}

/// Somebody of the staff; whoever is not, is asked to sign in.
pub(crate) struct Signed(pub(crate) Staff);

impl FromRequestParts<Site> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        let Ok(p) = Visit::from_request_parts(parts, site).await;
        match visitor(site, &p).await {
            Ok(Some(Visitor::Staff(staff))) => Ok(Self(staff)),
            Ok(_) => Err(see_other("/office/sign-in")),
            Err(fault) => Err(Refused(fault).into_response()),
        }
    }
}

/// A form of the office: what was typed, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Typed {
    form: Form,
    troubles: Vec<Trouble>,
}

impl Typed {
    fn of(pairs: Vec<(&str, String)>) -> Self {
        Self { form: Form::of(pairs), troubles: Vec::new() }
    }

    fn wrong(p: &Visit, form: Form, field: &str, fault: &Fault) -> Self {
        Self { form, troubles: vec![Trouble::new(p, field, fault)] }
    }

    fn get(&self, name: &str) -> &str {
        self.form.get(name)
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.form.get(name) == value
    }

    fn ticked(&self, name: &str) -> bool {
        self.form.has(name)
    }

    fn trouble(&self, name: &str) -> &str {
        self.troubles.iter().find(|it| it.field == name).map_or("", |it| it.text.as_str())
    }
}

/// The show of this address; drafts too.
pub(crate) fn card(site: &Site, slug: &str) -> Result<Arc<ShowCard>, Fault> {
    site.office.card(slug).ok_or_else(not_here)
}

/// An id of a path.
pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| not_here())
}

/// 64 random bits, for the id of something new.
pub(crate) fn random_bits() -> Result<u64, Fault> {
    getrandom::u64().map_err(|error| {
        Fault::new(palco_base::Class::Internal, "random_missing", "This could not be made.").internal(error)
    })
}
