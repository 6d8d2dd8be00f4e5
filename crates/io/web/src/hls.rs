//! HLS over HTTP (RFC 8216bis): playlists, segments and parts, straight from shared memory. Ranges
//! and conditions are done here, so that any cache can stand in front.

use crate::app::{App, Caller, not_allowed, token_missing, token_other_show};
use crate::backend::{HlsAnswer, Who};
use crate::fault::Answer;
use crate::pages;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE, SET_COOKIE,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use palco_base::Fault;
use palco_hls::path::{Directives, Resource};
use palco_house::Input;
use palco_stage::{Door, Phase, Snapshot};
use std::ops::Range;

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
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
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
        Some(Who::Admin | Who::Director(_) | Who::Performer(..) | Who::Viewer(_)) => Ok(()),
        None if show.door == Door::Grant => Err(token_missing()),
        None if show.phase == Phase::Scheduled => Err(not_allowed()),
        None => Ok(()),
    }
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
    let wanted = request.get(RANGE).and_then(|value| value.to_str().ok());
    // RFC 9110 §13.1.5: the range is of what the client has, or it gets the whole.
    let same = request.get(IF_RANGE).is_none_or(|tag| tag.as_bytes() == head.etag.as_bytes());
    match wanted.filter(|_| same).and_then(|wanted| range(wanted, bytes.len())) {
        None => (headers, Body::from(bytes.clone())).into_response(),
        Some(Err(Outside)) => {
            headers.insert(CONTENT_RANGE, text(format!("bytes */{}", bytes.len())));
            (StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response()
        }
        Some(Ok(part)) => {
            let place = format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len());
            headers.insert(CONTENT_RANGE, text(place));
            (StatusCode::PARTIAL_CONTENT, headers, Body::from(bytes.slice(part))).into_response()
        }
    }
}

/// A range that begins behind the end (RFC 9110 §15.5.17).
#[derive(Debug, PartialEq)]
struct Outside;

/// The one range of a `Range` header; none if it is to be passed over (RFC 9110 §14.2): another
/// unit, more than one range, or not readable.
fn range(value: &str, length: usize) -> Option<Result<Range<usize>, Outside>> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<usize>().unwrap_or(usize::MAX))
    };
    let (start, end) = match (first.trim(), last.trim()) {
        ("", last) => (length.saturating_sub(number(last)?), length),
        (first, "") => (number(first)?, length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(length))
        }
    };
    Some(if start < end { Ok(start..end) } else { Err(Outside) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_rfc_9110_has_them() {
        for (value, expected) in [
            ("bytes=0-0", Some(Ok(0..1))),
            ("bytes=2-", Some(Ok(2..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-30", Some(Ok(0..10))),
            ("bytes=5-99", Some(Ok(5..10))),
            ("bytes=10-", Some(Err(Outside))),
            ("bytes=-0", Some(Err(Outside))),
            ("bytes=99999999999999999999-", Some(Err(Outside))),
            ("bytes=3-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=a-b", None),
            ("bytes=-", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(range(value, 10), expected, "{value}");
        }
    }
}
