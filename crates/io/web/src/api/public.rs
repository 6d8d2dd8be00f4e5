//! Shows, for everybody.

use crate::app::App;
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

/// All shows.
#[utoipa::path(get, path = "/api/v1/public/shows", tag = "public",
    responses((status = 200, body = PublicShowList)))]
async fn list(State(app): State<App>) -> axum::Json<PublicShowList> {
    let mut shows = app.backend().shows();
    shows.sort_by_cached_key(|snapshot| order(&snapshot.show));
    axum::Json(PublicShowList { shows: shows.iter().map(|s| convert::public_show(&s.show)).collect() })
}

/// One show.
#[utoipa::path(get, path = "/api/v1/public/shows/{show}", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = PublicShow)))]
async fn read(State(app): State<App>, Path(key): Path<String>) -> Answer<axum::Json<PublicShow>> {
    Ok(axum::Json(convert::public_show(&app.show(&key)?.show)))
}

/// The same as it changes: event `show` (PublicShow).
#[utoipa::path(get, path = "/api/v1/public/shows/{show}/events", tag = "public",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn stream(State(app): State<App>, Path(key): Path<String>) -> Answer<impl IntoResponse> {
    let show = app.show(&key)?.show.id;
    let states = app.backend().watch(show)?;
    let view = |snapshot: &Snapshot| Some(convert::public_show(&snapshot.show));
    Ok(events::stream(&app, Feed { name: "show", states, view, levels: None, right: None }))
}
