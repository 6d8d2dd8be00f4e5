//! The house: what players tell, and what the director sees of it, during the show and after it.

use crate::app::{App, Caller, Director};
use crate::backend::{Backend, Download, Recording};
use crate::body::{self, Json};
use crate::fault::{Answer, Refusal};
use crate::hls::may_watch;
use crate::house::{self, HouseState, ShowReport};
use crate::ranges::{self, Outside};
use crate::requests::{FilmForm, PostSighting};
use axum::body::Body;
use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault, MediaTime, ViewerId};
use palco_house::{Input, Sighting};
use palco_stage::{Phase, Snapshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Longer than a player waits between two sightings, asleep or not.
const LONGEST_MS: u64 = 3_600_000;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sighting))
        .routes(routes!(state))
        .routes(routes!(report))
        .routes(routes!(report_csv))
        .routes(routes!(film, film_by_form))
}

/// A span a player told.
fn span(millis: u64, key: &str) -> Result<MediaTime, Fault> {
    if millis > LONGEST_MS {
        return Err(Fault::invalid("invalid_value", format!("`{key}` can be {LONGEST_MS} at most.")));
    }
    Ok(MediaTime::from_millis(millis.cast_signed()))
}

fn read(told: &PostSighting) -> Result<(ViewerId, Sighting), Fault> {
    let viewer = super::viewer_id(&told.viewer)?;
    let (watched, frozen) = (span(told.watched_ms, "watched_ms")?, span(told.frozen_ms, "frozen_ms")?);
    if frozen > watched {
        let text = "`frozen_ms` is part of `watched_ms`: it cannot be more.";
        return Err(Fault::invalid("invalid_value", text));
    }
    let sighting = Sighting {
        number: told.number,
        way: told.way.into(),
        watched,
        frozen,
        freezes: told.freezes,
        joined: told.joined_ms.map(|millis| span(millis, "joined_ms")).transpose()?,
        delay: told.delay_ms.map(|millis| span(millis, "delay_ms")).transpose()?,
        leaving: told.leaving,
    };
    Ok((viewer, sighting))
}

/// Takes in what a viewer's player tells of what it saw, while the show is on: when it joined,
/// every 15 s, when its way changed, and when it leaves. With the same right as watching.
#[utoipa::path(post, path = "/api/v1/public/shows/{show}/sightings", tag = "public",
    params(("show" = String, Path, description = "Id or slug")), request_body = PostSighting,
    responses((status = 204)), security((), ("bearer" = [])))]
async fn sighting(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    request: Request,
) -> Answer<StatusCode> {
    // All that costs nothing is looked at before the body is read.
    caller.tells()?;
    let who = caller.who()?;
    let snapshot = app.show(&key)?;
    may_watch(who, &snapshot)?;
    if !snapshot.show.phase.open() {
        return Err(Fault::conflict("show_not_live", "The show is not on.").into());
    }
    let Json(told) = body::read::<PostSighting>(request, &app).await?;
    let (viewer, sighting) = read(&told)?;
    // Those who make the show are not its audience.
    if Caller::is_viewer(who) {
        app.backend().tell_house(snapshot.show.id, Input::Said { viewer, sighting });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Who watches now, how well, and why others left.
#[utoipa::path(get, path = "/api/v1/shows/{show}/house", tag = "house",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = HouseState)), security(("bearer" = [])))]
async fn state(State(app): State<App>, director: Director) -> Answer<axum::Json<HouseState>> {
    let (show, backend) = (director.show(), app.backend());
    Ok(axum::Json(house::state(&backend.house(show)?, backend.recording(show))))
}

fn made(backend: &dyn Backend, snapshot: &Snapshot) -> Result<ShowReport, Fault> {
    let show = &snapshot.show;
    Ok(house::report(&show.title, &backend.house(show.id)?, backend.recording(show.id)))
}

/// The report of a show: the same numbers, and how they came about. Final once it is over.
#[utoipa::path(get, path = "/api/v1/shows/{show}/report", tag = "house",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = ShowReport)), security(("bearer" = [])))]
async fn report(State(app): State<App>, director: Director) -> Answer<axum::Json<ShowReport>> {
    Ok(axum::Json(made(app.backend(), &director.snapshot)?))
}

fn attachment(name: String) -> (HeaderName, HeaderValue) {
    // Slugs are letters, digits and dashes.
    let value = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    (CONTENT_DISPOSITION, value.unwrap_or(HeaderValue::from_static("attachment")))
}

/// The report as a table for spreadsheets: what and how much, an empty line, the timeline.
#[utoipa::path(get, path = "/api/v1/shows/{show}/report.csv", tag = "house",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, content_type = "text/csv", body = String)), security(("bearer" = [])))]
async fn report_csv(State(app): State<App>, director: Director) -> Answer<impl IntoResponse> {
    let report = made(app.backend(), &director.snapshot)?;
    let kind = (CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = attachment(format!("{}-report.csv", director.snapshot.show.slug));
    Ok(([kind, name], house::csv(&report)))
}

/// The recording of a show that is over, as one MP4: H.264 and AAC as they went out, fragmented,
/// with an index; what a restart took out is closed up.
#[utoipa::path(get, path = "/api/v1/shows/{show}/recording.mp4", tag = "house",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, content_type = "video/mp4", body = Vec<u8>),
        (status = 206, content_type = "video/mp4", body = Vec<u8>), (status = 416)),
    security(("bearer" = [])))]
async fn film(State(app): State<App>, director: Director, headers: HeaderMap) -> Answer<Response> {
    send(&app, &director.snapshot, &headers).await
}

/// The same for a page: a form brings the token in its body, so that the browser itself saves the
/// file, and no address holds a token.
#[utoipa::path(post, path = "/api/v1/shows/{show}/recording.mp4", tag = "house",
    params(("show" = String, Path, description = "Id or slug")),
    request_body(content = FilmForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, content_type = "video/mp4", body = Vec<u8>)))]
async fn film_by_form(State(app): State<App>, request: Request) -> Answer<Response> {
    let (mut parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Fault::new(Class::Unsupported, "not_a_form", "This takes a form.").into());
    }
    let bytes = body::small(body, app.0.config.body_timeout, "body_too_large").await?;
    let FilmForm { token } = body::form(&bytes)?;
    let value = HeaderValue::try_from(format!("Bearer {token}"));
    let value = value.map_err(|_| Fault::invalid("invalid_value", "That is no token."))?;
    parts.headers.insert(AUTHORIZATION, value);
    let director = Director::from_request_parts(&mut parts, &app).await?;
    send(&app, &director.snapshot, &parts.headers).await
}

/// All of it, or the range that a download which broke off goes on with.
async fn send(app: &App, snapshot: &Snapshot, request: &HeaderMap) -> Result<Response, Refusal> {
    let show = &snapshot.show;
    if show.phase != Phase::Over {
        return Err(Fault::conflict("show_not_over", "The recording is whole once the show is over.")
            .hint("End the show first.")
            .into());
    }
    if app.backend().recording(show.id) == Recording::Gone {
        let text = "The recording of this show was not kept any longer.";
        return Err(Fault::not_found("recording_gone", text).into());
    }
    let Download { length, tag, read } = app.backend().film(show.id).await?;
    let text = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
    let (status, range) = match ranges::wanted(request, &tag, length) {
        None => (StatusCode::OK, 0..length),
        Some(Ok(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(Err(Outside)) => {
            let headers = [(CONTENT_RANGE, text(format!("bytes */{length}")))];
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    let mut headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("video/mp4")),
        (CONTENT_LENGTH, HeaderValue::from(range.end - range.start)),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (ETAG, text(tag)),
        attachment(format!("{}.mp4", show.slug)),
    ]);
    if status == StatusCode::PARTIAL_CONTENT {
        let place = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        headers.insert(CONTENT_RANGE, text(place));
    }
    // A fault on the way breaks the body off before its length: no client takes it for whole.
    let bytes = futures_util::TryStreamExt::inspect_err(read(range), |fault| {
        tracing::error!(?fault, "a recording broke off while it was sent");
    });
    Ok((status, headers, Body::from_stream(bytes)).into_response())
}
