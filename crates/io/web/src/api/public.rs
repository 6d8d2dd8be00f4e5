//! Shows, for everybody.

use crate::app::{App, Caller};
use crate::backend::{Recording, Who};
use crate::convert;
use crate::events::{self, Feed};
use crate::fault::Answer;
use crate::types::{PublicShow, PublicShowList};
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use palco_stage::{Phase, Show, Snapshot};
use std::cmp::Reverse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(stream))
}

/// What is on, then what is next, then what is over, the latest first.
fn order(show: &Show) -> (u8, i64, Reverse<i64>) {
    let millis =
        |time: Option<palco_stage::WallTime>| time.map_or(i64::MAX, palco_stage::WallTime::unix_millis);
    match show.phase {
        Phase::Live | Phase::Paused => (0, millis(show.started_at), Reverse(0)),
        Phase::Scheduled => (1, millis(show.starts_at), Reverse(0)),
        Phase::Over => (2, 0, Reverse(millis(show.ended_at))),
    }
}

/// A show as everybody may see it.
fn public(app: &App, snapshot: &Snapshot) -> PublicShow {
    let show = &snapshot.show;
    let over = show.phase == Phase::Over;
    let recording = if over { app.backend().recording(show.id) } else { Recording::None };
    convert::public_show(show, recording)
}

/// All shows.
#[utoipa::path(get, path = "/api/v1/public/shows", tag = "public",
    responses((status = 200, body = PublicShowList)))]
async fn list(State(app): State<App>) -> axum::Json<PublicShowList> {
    let mut shows = app.backend().shows();
    shows.sort_by_cached_key(|snapshot| order(&snapshot.show));
    axum::Json(PublicShowList { shows: shows.iter().map(|s| public(&app, s)).collect() })
}

/// One show.
#[utoipa::path(get, path = "/api/v1/public/shows/{show}", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = PublicShow)))]
async fn read(State(app): State<App>, Path(key): Path<String>) -> Answer<axum::Json<PublicShow>> {
    Ok(axum::Json(public(&app, &*app.show(&key)?)))
}

/// The same as it changes: event `show` (PublicShow).
#[utoipa::path(get, path = "/api/v1/public/shows/{show}/events", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Answer<impl IntoResponse> {
    let show = app.show(&key)?.show.id;
    // Who sits on a ticket is told at once when it is not theirs any longer: the stream ends.
    // Anybody may listen: a token that says nothing is no hindrance.
    let right = match caller.who() {
        Ok(Some(who @ Who::Viewer(_, Some(_)))) => Some((caller, who)),
        Err(fault) if matches!(fault.code, "seat_taken" | "ticket_void") => return Err(fault.into()),
        _ => None,
    };
    let states = app.backend().watch(show)?;
    let it = app.clone();
    let view = move |snapshot: &Snapshot| Some(public(&it, snapshot));
    Ok(events::stream(&app, Feed { name: "show", states, view, levels: None, right }))
}
