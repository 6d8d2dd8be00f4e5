//! The stage, for its director: state, people, scene, audience.

use super::{clip_id, lifetime, new_feed_id, new_invitation, new_performer_id, performer_id};
use crate::app::{App, Director};
use crate::backend::Right;
use crate::body::{Json, MaybeJson};
use crate::convert;
use crate::events::{self, Feed};
use crate::fault::Answer;
use crate::links::Links;
use crate::requests::{AddPerformer, Lifetime, PatchPerformer, PutAudience, PutScene};
use crate::types::{AudienceTarget, Credentials, LevelMap, NewPerformer, StageState};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use palco_base::{Fault, FeedId, PerformerId};
use palco_stage::{Command, Layout, PerformerPatch, Role, ScenePatch, Send, Snapshot};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A WHIP token, if it is not said how long.
const WHIP_TOKEN: Duration = Duration::from_secs(30 * 24 * 3600);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(state))
        .routes(routes!(stream))
        .routes(routes!(add))
        .routes(routes!(change, remove))
        .routes(routes!(credentials))
        .routes(routes!(scene))
        .routes(routes!(audience))
}

/// Whose loudness each feed's is.
pub(crate) fn level_map(snapshot: &Snapshot, levels: &[(FeedId, f32)]) -> LevelMap {
    let name = |feed: FeedId| {
        let of = |playback: &Option<palco_stage::Playback>| playback.as_ref().is_some_and(|p| p.feed == feed);
        if of(&snapshot.playback) {
            return Some("clip".to_owned());
        }
        if of(&snapshot.audience_playback) {
            return Some("audience_clip".to_owned());
        }
        let performer = snapshot.performers.iter().find(|view| view.performer.feed == feed)?;
        Some(performer.performer.id.to_string())
    };
    // JSON has no infinity.
    let sane = |level: f32| if level.is_finite() { level.clamp(-90.0, 0.0) } else { -90.0 };
    LevelMap {
        levels: levels.iter().filter_map(|(feed, level)| Some((name(*feed)?, sane(*level)))).collect(),
    }
}

/// The stage as it is now.
#[utoipa::path(get, path = "/api/v1/shows/{show}/state", tag = "stage",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn state(director: Director) -> axum::Json<StageState> {
    axum::Json(convert::state(&director.snapshot, director.links()))
}

/// The stage as it changes: event `state` (StageState) at once and on each change, at most ten a
/// second; event `levels` (LevelMap) five times a second.
#[utoipa::path(get, path = "/api/v1/shows/{show}/events", tag = "stage",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, content_type = "text/event-stream", body = String)), security(("bearer" = [])))]
async fn stream(State(app): State<App>, director: Director) -> Answer<impl IntoResponse> {
    let (show, caller) = (director.show(), director.caller);
    let (states, levels) = (app.backend().watch(show)?, app.backend().levels(show)?);
    let links = caller.links.clone();
    let who = caller.somebody()?;
    let view = move |snapshot: &Snapshot| {
        Some(ByRevision { revision: snapshot.revision, state: convert::state(snapshot, &links) })
    };
    Ok(events::stream(
        &app,
        Feed { name: "state", states, view, levels: Some(levels), right: Some((caller, who)) },
    ))
}

/// Two states are the same if their revision is.
struct ByRevision {
    revision: u64,
    state: StageState,
}

impl PartialEq for ByRevision {
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision
    }
}

impl serde::Serialize for ByRevision {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.state.serialize(to)
    }
}

fn credentials_of(
    app: &App,
    links: &Links,
    snapshot: &Snapshot,
    performer: PerformerId,
    expires_in_s: Option<u64>,
) -> Result<Credentials, Fault> {
    let view = snapshot.performer(performer);
    let view = view.ok_or_else(|| Fault::not_found("unknown_performer", "There is no such performer."))?;
    let lifetime = lifetime(expires_in_s, WHIP_TOKEN)?;
    let issued = app.backend().issue(Right::Perform(snapshot.show.id, performer), lifetime)?;
    Ok(Credentials {
        invitation_url: links.invitation(view.performer.invitation.reveal()),
        whip_url: links.whip(&snapshot.show.slug),
        whip_token: issued.token.reveal().to_owned(),
    })
}

/// Invites a performer.
#[utoipa::path(post, path = "/api/v1/shows/{show}/performers", tag = "stage",
    params(("show" = String, Path, description = "Id or slug")), request_body = AddPerformer,
    responses((status = 201, body = NewPerformer)), security(("bearer" = [])))]
async fn add(
    State(app): State<App>,
    director: Director,
    Json(asked): Json<AddPerformer>,
) -> Answer<(StatusCode, axum::Json<NewPerformer>)> {
    lifetime(asked.expires_in_s, WHIP_TOKEN)?;
    let id = new_performer_id()?;
    let command = Command::AddPerformer {
        id,
        feed: new_feed_id()?,
        invitation: new_invitation()?,
        name: asked.name,
        role: asked.role.map_or(Role::Backstage, Into::into),
    };
    let snapshot = director.command(command).await?;
    let Credentials { invitation_url, whip_url, whip_token } =
        credentials_of(&app, director.links(), &snapshot, id, asked.expires_in_s)?;
    let view = snapshot.performer(id);
    let view =
        view.ok_or_else(|| Fault::not_found("unknown_performer", "The performer was removed again."))?;
    let performer = convert::performer(view, director.links());
    Ok((StatusCode::CREATED, axum::Json(NewPerformer { performer, invitation_url, whip_url, whip_token })))
}

/// Puts a performer on or off the stage, mutes, hides, renames, moves them.
#[utoipa::path(patch, path = "/api/v1/shows/{show}/performers/{performer}", tag = "stage",
    params(("show" = String, Path, description = "Id or slug"), ("performer" = String, Path)),
    request_body = PatchPerformer,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn change(director: Director, Json(asked): Json<PatchPerformer>) -> Answer<axum::Json<StageState>> {
    let patch = PerformerPatch {
        role: asked.role.map(Into::into),
        name: asked.name,
        muted: asked.muted,
        hidden: asked.hidden,
        volume: asked.volume,
        place: asked.place.map(|place| place as usize),
    };
    let command = Command::PatchPerformer { performer: director.performer()?, patch };
    director.done(command).await
}

/// Removes a performer: sessions closed, invitation and tokens dead.
#[utoipa::path(delete, path = "/api/v1/shows/{show}/performers/{performer}", tag = "stage",
    params(("show" = String, Path, description = "Id or slug"), ("performer" = String, Path)),
    responses((status = 204)), security(("bearer" = [])))]
async fn remove(director: Director) -> Answer<StatusCode> {
    director.command(Command::RemovePerformer { performer: director.performer()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What lets a performer in, with a new WHIP token.
#[utoipa::path(post, path = "/api/v1/shows/{show}/performers/{performer}/credentials", tag = "stage",
    params(("show" = String, Path, description = "Id or slug"), ("performer" = String, Path)),
    request_body = Option<Lifetime>,
    responses((status = 200, body = Credentials)), security(("bearer" = [])))]
async fn credentials(
    State(app): State<App>,
    director: Director,
    MaybeJson(asked): MaybeJson<Lifetime>,
) -> Answer<axum::Json<Credentials>> {
    let performer = director.performer()?;
    Ok(axum::Json(credentials_of(&app, director.links(), &director.snapshot, performer, asked.expires_in_s)?))
}

/// Sets what the stage shows.
#[utoipa::path(put, path = "/api/v1/shows/{show}/scene", tag = "stage",
    params(("show" = String, Path, description = "Id or slug")), request_body = PutScene,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn scene(director: Director, Json(asked): Json<PutScene>) -> Answer<axum::Json<StageState>> {
    let layout = Layout::named(&asked.layout).ok_or_else(|| {
        let names = Layout::ALL.map(Layout::name).join(", ");
        Fault::invalid("unknown_layout", "There is no such layout.").hint(format!("There are: {names}."))
    })?;
    let focus = match asked.focus {
        None => None,
        Some(None) => Some(None),
        Some(Some(id)) => Some(Some(performer_id(&id)?)),
    };
    let patch = ScenePatch {
        layout,
        focus,
        slate: asked.slate.map(Into::into),
        transition: asked.transition.map(Into::into),
    };
    director.done(Command::SetScene(patch)).await
}

/// Sends the audience somewhere else without the stage noticing, or brings it back.
#[utoipa::path(put, path = "/api/v1/shows/{show}/audience", tag = "stage",
    params(("show" = String, Path, description = "Id or slug")), request_body = PutAudience,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn audience(director: Director, Json(asked): Json<PutAudience>) -> Answer<axum::Json<StageState>> {
    let missing = |what: &str| {
        Fault::invalid(
            "missing_key",
            format!("The request cannot be read: `{what}` is needed for that target."),
        )
    };
    let to = match asked.target {
        AudienceTarget::Program => Send::Program,
        AudienceTarget::Clip => Send::Clip {
            clip: clip_id(&asked.clip.ok_or_else(|| missing("clip"))?)?,
            looped: asked.looped.unwrap_or(false),
            return_at_end: asked.return_at_end.unwrap_or(true),
        },
        AudienceTarget::Slate => Send::Slate(asked.slate.ok_or_else(|| missing("slate"))?.into()),
        AudienceTarget::Performer => {
            Send::Performer(performer_id(&asked.performer.ok_or_else(|| missing("performer"))?)?)
        }
    };
    director.done(Command::SendAudience(to)).await
}
