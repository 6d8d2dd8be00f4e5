//! The stage, for one of its performers.

use crate::app::{App, Caller};
use crate::body::Json;
use crate::convert;
use crate::events::{self, Feed};
use crate::fault::Answer;
use crate::requests::PatchMe;
use crate::types::PerformerStage;
use axum::extract::State;
use axum::response::IntoResponse;
use palco_base::{Fault, PerformerId, ShowId};
use palco_stage::{Command, PerformerPatch, Snapshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, rename)).routes(routes!(stream))
}

/// Who is asking. An invitation that is not known is a page that is not there.
fn me(caller: &Caller) -> Result<(ShowId, PerformerId), Fault> {
    caller.performs().map_err(|fault| if fault.code == "token_invalid" { unknown() } else { fault })
}

fn unknown() -> Fault {
    Fault::not_found("invitation_unknown", "This invitation is not valid, or not any longer.")
        .hint("Ask the director for a new one.")
}

/// The show, oneself, and the others.
#[utoipa::path(get, path = "/api/v1/stage", tag = "performer",
    responses((status = 200, body = PerformerStage)), security(("bearer" = [])))]
async fn read(State(app): State<App>, caller: Caller) -> Answer<axum::Json<PerformerStage>> {
    let (show, performer) = me(&caller)?;
    let snapshot = app.show(&show.to_string()).map_err(|_| unknown())?;
    Ok(axum::Json(convert::performer_stage(&snapshot, performer).ok_or_else(unknown)?))
}

/// Changes the name shown under one's picture.
#[utoipa::path(patch, path = "/api/v1/stage", tag = "performer", request_body = PatchMe,
    responses((status = 200, body = PerformerStage)), security(("bearer" = [])))]
async fn rename(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<PatchMe>,
) -> Answer<axum::Json<PerformerStage>> {
    let (show, performer) = me(&caller)?;
    let patch = PerformerPatch { name: asked.name, ..PerformerPatch::default() };
    let snapshot = app.backend().command(show, Command::PatchPerformer { performer, patch }).await?;
    Ok(axum::Json(convert::performer_stage(&snapshot, performer).ok_or_else(unknown)?))
}

/// The same as it changes: event `stage` (PerformerStage). Ends when one is removed.
#[utoipa::path(get, path = "/api/v1/stage/events", tag = "performer",
    responses((status = 200, content_type = "text/event-stream", body = String)), security(("bearer" = [])))]
async fn stream(State(app): State<App>, caller: Caller) -> Answer<impl IntoResponse> {
    let (show, performer) = me(&caller)?;
    let states = app.backend().watch(show).map_err(|_| unknown())?;
    let who = caller.who()?;
    let view = move |snapshot: &Snapshot| convert::performer_stage(snapshot, performer);
    Ok(events::stream(&app, Feed { name: "stage", states, view, levels: None, caller, who }))
}
