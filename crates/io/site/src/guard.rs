//! Who may do what, and from where.

use crate::refusal::Refused;
use crate::visit::Visit;
use crate::{Role, Site, Staff, Visitor};
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault};

/// The session's cookie.
pub(crate) const SESSION: &str = "palco-session";

/// What somebody wants to do in the office.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// See the shows.
    See,
    /// See what was sold, to whom.
    SeeSales,
    /// Sell or give tickets by hand.
    Sell,
    /// Give one ticket back.
    Refund,
    /// Make and change shows, kinds and prices, posters.
    Edit,
    /// Make and change promo codes.
    Promos,
    /// Say who gets how much.
    Shares,
    /// See statements.
    Statement,
    /// Settle, and note what was paid out.
    Settle,
    /// Call a show off.
    Cancel,
    /// Direct a show.
    Desk,
    /// Read the audit log.
    Audit,
    /// Make and remove accounts.
    Accounts,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::See,
        Self::SeeSales,
        Self::Sell,
        Self::Refund,
        Self::Edit,
        Self::Promos,
        Self::Shares,
        Self::Statement,
        Self::Settle,
        Self::Cancel,
        Self::Desk,
        Self::Audit,
        Self::Accounts,
    ];
}

/// Whether a role may do that: the one place that says so.
#[must_use]
pub const fn may(role: Role, act: Act) -> bool {
    let least = match act {
        Act::See => Role::Moderator,
        Act::SeeSales | Act::Sell | Act::Refund => Role::Cashier,
        Act::Edit
        | Act::Promos
        | Act::Shares
        | Act::Statement
        | Act::Settle
        | Act::Cancel
        | Act::Desk
        | Act::Audit => Role::Producer,
        Act::Accounts => Role::Owner,
    };
    role as u8 >= least as u8
}

/// Refuses what a staff's role does not allow.
pub(crate) fn allow(staff: &Staff, act: Act) -> Result<(), Fault> {
    if may(staff.role, act) {
        return Ok(());
    }
    Err(Fault::new(Class::Forbidden, "role_too_small", "Your account does not allow that.")
        .hint("Ask an owner of the house."))
}

/// Who is signed in.
pub(crate) async fn visitor(site: &Site, visit: &Visit) -> Result<Option<Visitor>, Fault> {
    match visit.cookie(&visit.cookie_name(SESSION)) {
        Some(session) if plain_code(&session) => site.office.visitor(&session).await,
        _ => Ok(None),
    }
}

/// Whether a text could be one of our codes or tokens at all.
pub(crate) fn plain_code(code: &str) -> bool {
    (8..=200).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
}

/// Refuses forms that another site sends in a visitor's name. Browsers say where a request comes
/// from (Fetch Metadata); those that do not, say at least the origin. A provider's webhook is no
/// form: it proves itself by its signature.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || request.uri().path() == "/webhooks/stripe" || is_ours(request.headers(), request.uri()) {
        return next.run(request).await;
    }
    let text = "This form was sent from another site.";
    Refused(
        Fault::new(Class::Forbidden, "request_from_elsewhere", text)
            .hint("Open the page here and send it again."),
    )
    .into_response()
}

fn is_ours(headers: &HeaderMap, uri: &axum::http::Uri) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let host = text(HOST.as_str()).or_else(|| uri.authority().map(|it| it.as_str()));
    let origin = text(ORIGIN.as_str()).and_then(|it| it.split_once("://")).map(|(_, host)| host);
    matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles() {
        use Act::{
            Accounts, Audit, Cancel, Desk, Edit, Promos, Refund, See, SeeSales, Sell, Settle, Shares,
            Statement,
        };
        let moderator = [See].as_slice();
        let cashier = [See, SeeSales, Sell, Refund].as_slice();
        let producer =
            [See, SeeSales, Sell, Refund, Edit, Promos, Shares, Statement, Settle, Cancel, Desk, Audit]
                .as_slice();
        let owner = Act::ALL.as_slice();
        let table = [
            (Role::Moderator, moderator),
            (Role::Cashier, cashier),
            (Role::Producer, producer),
            (Role::Owner, owner),
        ];
        for (role, allowed) in table {
            for act in Act::ALL {
                assert_eq!(may(role, act), allowed.contains(&act), "{role:?} {act:?}");
            }
        }
        assert!(owner.contains(&Accounts));
    }

    #[test]
    fn forms_from_elsewhere() {
        let ours = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect::<HeaderMap>();
            is_ours(&headers, &"/x".parse().unwrap())
        };
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(ours(&[("origin", "http://a.example"), ("host", "a.example")]));
        assert!(!ours(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://a.example"),
            ("host", "a.example")
        ]));
        assert!(!ours(&[("sec-fetch-site", "same-site")]));
        assert!(!ours(&[("origin", "http://b.example"), ("host", "a.example")]));
        assert!(!ours(&[("origin", "null"), ("host", "null")]));
        assert!(!ours(&[("host", "a.example")]));
    }
}
