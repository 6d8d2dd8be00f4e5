//! HLS over HTTP (RFC 8216bis): playlists, segments and parts, straight from shared memory. Ranges
//! and conditions are done here, so that any cache can stand in front.

use crate::app::{App, Caller, not_allowed, token_missing, token_other_show};
use crate::backend::{HlsAnswer, Seat, Who};
use crate::fault::Answer;
use crate::pages;
use crate::ranges::{self, Outside};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE, SET_COOKIE,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use palco_base::{Class, Fault};
use palco_hls::path::{Directives, Resource};
use palco_house::Input;
use palco_stage::{Door, Phase, Snapshot};

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/hls/{show}/pass", post(pass)).route("/hls/{show}/{*resource}", get(deliver))
}

/// Lets the browser itself play, which sends nothing but cookies.
async fn pass(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Answer<Response> {
    may_watch(caller.who()?, &*app.show(&key)?)?;
    let pass = caller.make_pass(&headers)?;
    let cookie = pass.cookie(&format!("/hls/{key}"), caller.links.encrypted());
    let cookie = cookie.ok_or_else(|| Fault::invalid("path_broken", "The address cannot be read."))?;
    Ok((
        StatusCode::NO_CONTENT,
        [(SET_COOKIE, cookie), (CACHE_CONTROL, HeaderValue::from_static("no-store"))],
    )
        .into_response())
}

async fn deliver(
    State(app): State<App>,
    caller: Caller,
    Path((key, resource)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer<Response> {
    let caller = caller.passing(&headers);
    let who = caller.who()?;
    let snapshot = app.show(&key)?;
    may_watch(who, &snapshot)?;
    let resource = Resource::parse(&resource)
        .ok_or_else(|| Fault::not_found("unknown_path", "There is nothing at this address."))?;
    let directives = Directives::parse(query.as_deref().unwrap_or_default())?;
    if snapshot.show.phase.open() && Caller::is_viewer(who) {
        let viewer = caller.viewer(&headers)?;
        app.backend().tell_house(snapshot.show.id, Input::Read { viewer });
    }
    let answer = app.backend().hls(snapshot.show.id, resource, directives).await?;
    // What needs a grant must not be given out by a cache that cannot check one.
    let shared = if snapshot.show.door == Door::Grant { "private" } else { "public" };
    Ok(respond(answer, shared, &headers))
}

/// Who may watch live may watch again.
pub(crate) fn may_watch(who: Option<Who>, snapshot: &Snapshot) -> Result<(), Fault> {
    let show = &snapshot.show;
    match who {
        Some(who) if who != Who::Admin && who.show() != Some(show.id) => Err(token_other_show()),
        Some(Who::Admin | Who::Director(_) | Who::Performer(..)) => Ok(()),
        Some(Who::Viewer(_, seat)) => seat.map_or(Ok(()), |seat| may_sit(seat, show.phase)),
        None if show.door == Door::Grant => Err(token_missing()),
        None if show.phase == Phase::Scheduled => Err(not_allowed()),
        None => Ok(()),
    }
}

/// Not every ticket is for the replay too.
fn may_sit(seat: Seat, phase: Phase) -> Result<(), Fault> {
    if phase == Phase::Over && !seat.replay {
        return Err(Fault::new(Class::Forbidden, "no_replay", "This ticket was for the live show."));
    }
    Ok(())
}

fn respond(HlsAnswer { mut head, body }: HlsAnswer, shared: &str, request: &HeaderMap) -> Response {
    let mut headers = HeaderMap::new();
    let text = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    headers.insert(CACHE_CONTROL, text(format!("{shared}, {}", head.cache.header())));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let mut bytes = body.bytes();
    if body.is_text() {
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        // A range is of the plain text.
        if pages::takes_gzip(request)
            && !request.contains_key(RANGE)
            && let Some(gzip) = body.gzip()
        {
            bytes = gzip;
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            // Other bytes, another tag (RFC 9110 §8.8.3).
            head.etag.insert_str(head.etag.len() - 1, "-gzip");
        }
    }
    headers.insert(ETAG, text(head.etag.clone()));
    if pages::matches(request, &head.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(head.content_type));
    match ranges::wanted(request, &head.etag, bytes.len() as u64) {
        None => (headers, Body::from(bytes.clone())).into_response(),
        Some(Err(Outside)) => {
            headers.insert(CONTENT_RANGE, text(format!("bytes */{}", bytes.len())));
            (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response()
        }
        Some(Ok(part)) => {
            let place = format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len());
            headers.insert(CONTENT_RANGE, text(place));
            let part = bytes.slice(part.start as usize..part.end as usize);
            (StatusCode::PARTIAL_CONTENT, headers, Body::from(part)).into_response()
        }
    }
}
