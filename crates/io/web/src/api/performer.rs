//! The stage, for one of its performers.

use crate::app::{App, Performing, invitation_unknown};
use crate::body::Json;
use crate::convert;
use crate::events::{self, Feed};
use crate::fault::Answer;
use crate::requests::PatchMe;
use crate::types::PerformerStage;
use axum::extract::State;
use axum::response::IntoResponse;
use palco_base::PerformerId;
use palco_stage::{Command, PerformerPatch, Snapshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, rename)).routes(routes!(stream))
}

fn answer(snapshot: &Snapshot, me: PerformerId) -> Answer<axum::Json<PerformerStage>> {
    Ok(axum::Json(convert::performer_stage(snapshot, me).ok_or_else(invitation_unknown)?))
}

/// The show, oneself, and the others.
#[utoipa::path(get, path = "/api/v1/stage", tag = "performer",
    responses((status = 200, body = PerformerStage)), security(("bearer" = [])))]
async fn read(State(app): State<App>, performing: Performing) -> Answer<axum::Json<PerformerStage>> {
    let snapshot = app.show(&performing.show.to_string()).map_err(|_| invitation_unknown())?;
    answer(&snapshot, performing.me)
}

/// Changes the name shown under one's picture.
#[utoipa::path(patch, path = "/api/v1/stage", tag = "performer", request_body = PatchMe,
    responses((status = 200, body = PerformerStage)), security(("bearer" = [])))]
async fn rename(
    State(app): State<App>,
    Performing { show, me, .. }: Performing,
    Json(asked): Json<PatchMe>,
) -> Answer<axum::Json<PerformerStage>> {
    let patch = PerformerPatch { name: asked.name, ..PerformerPatch::default() };
    let snapshot = app.backend().command(show, Command::PatchPerformer { performer: me, patch }).await?;
    answer(&snapshot, me)
}

/// The same as it changes: event `stage` (PerformerStage). Ends when one is removed.
#[utoipa::path(get, path = "/api/v1/stage/events", tag = "performer",
    responses((status = 200, content_type = "text/event-stream", body = String)), security(("bearer" = [])))]
async fn stream(State(app): State<App>, performing: Performing) -> Answer<impl IntoResponse> {
    let Performing { caller, show, me } = performing;
    let states = app.backend().watch(show).map_err(|_| invitation_unknown())?;
    let who = caller.somebody()?;
    let view = move |snapshot: &Snapshot| convert::performer_stage(snapshot, me);
    Ok(events::stream(&app, Feed { name: "stage", states, view, levels: None, right: Some((caller, who)) }))
}
