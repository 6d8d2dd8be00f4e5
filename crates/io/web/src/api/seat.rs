//! A ticket's seat: one screen at a time. The ticket is in a cookie that its page set when somebody
//! entered; what is given for it is a short grant, renewed as long as the screen is open.

use crate::app::{App, Caller, not_allowed, said_viewer};
use crate::backend::{Issued, Seat, Who};
use crate::body::Json;
use crate::fault::Answer;
use crate::requests::TakeSeat;
use crate::types::SeatGrant;
use axum::extract::{Path, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use palco_base::{Class, Fault, ShowId, ViewerId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(take, renew, leave))
}

/// A cookie of ours for this show; over TLS it has the prefix that lets no other host set it.
pub(crate) fn cookie(headers: &HeaderMap, name: &str, show: ShowId) -> Option<String> {
    let plain = format!("palco-{name}-{show}=");
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).find_map(|cookie| {
        let cookie = cookie.trim();
        cookie.strip_prefix("__Host-").unwrap_or(cookie).strip_prefix(&plain).map(str::to_owned)
    })
}

/// A page elsewhere must not open somebody's seat: the cookie would come along.
fn from_here(headers: &HeaderMap) -> Result<(), Fault> {
    match headers.get("sec-fetch-site").and_then(|site| site.to_str().ok()) {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Fault::new(Class::Forbidden, "other_site", "This was asked by another site.")),
    }
}

fn viewer(headers: &HeaderMap) -> Result<ViewerId, Fault> {
    said_viewer(headers)?
        .ok_or_else(|| Fault::invalid("viewer_missing", "A seat is opened for a viewer: send palco-viewer."))
}

fn grant(issued: &Issued) -> axum::Json<SeatGrant> {
    let token = issued.token.reveal().to_owned();
    axum::Json(SeatGrant { token, expires_at: issued.expires_at.to_string() })
}

/// Opens the seat of the ticket in the cookie. With `take`, also where it is open on another screen.
#[utoipa::path(post, path = "/api/v1/public/shows/{show}/seat", tag = "public",
    params(("show" = String, Path, description = "Id or slug")), request_body = TakeSeat,
    responses((status = 200, body = SeatGrant)))]
async fn take(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<TakeSeat>,
) -> Answer<axum::Json<SeatGrant>> {
    from_here(&headers)?;
    let show = app.show(&key)?.show.id;
    let code = cookie(&headers, "ticket", show).ok_or_else(|| {
        Fault::new(Class::Unauthenticated, "ticket_missing", "You need a ticket to come in here.")
            .hint("If you have one, open the link in its e-mail.")
    })?;
    caller.opens_session()?;
    let issued = app.backend().take_seat(show, &code, viewer(&headers)?, asked.take).await?;
    Ok(grant(&issued))
}

fn seated(caller: &Caller, show: ShowId) -> Result<Seat, Fault> {
    match caller.somebody()? {
        Who::Viewer(of, Some(seat)) if of == show => Ok(seat),
        _ => Err(not_allowed()),
    }
}

/// A new grant, for who has the seat.
#[utoipa::path(put, path = "/api/v1/public/shows/{show}/seat", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = SeatGrant)), security(("bearer" = [])))]
async fn renew(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Answer<axum::Json<SeatGrant>> {
    let show = app.show(&key)?.show.id;
    let issued = app.backend().renew_seat(show, seated(&caller, show)?, viewer(&headers)?)?;
    Ok(grant(&issued))
}

/// The screen is closed: the seat can be opened elsewhere without asking.
#[utoipa::path(delete, path = "/api/v1/public/shows/{show}/seat", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 204)), security(("bearer" = [])))]
async fn leave(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Answer<StatusCode> {
    let show = app.show(&key)?.show.id;
    app.backend().leave_seat(seated(&caller, show)?, viewer(&headers)?);
    Ok(StatusCode::NO_CONTENT)
}
