//! Shows: announce, change, start, end, and the links to them.

use super::{lifetime, new_show_id, random_bits, with_token};
use crate::app::{Admin, App, Director};
use crate::backend::Right;
use crate::body::{Json, MaybeJson};
use crate::convert;
use crate::fault::Answer;
use crate::requests::{CreateShow, Lifetime, PatchShow};
use crate::types::{GrantLink, Show, ShowList, StageState};
use axum::extract::State;
use axum::http::StatusCode;
use palco_base::Fault;
use palco_stage::{Command, NewShow, ShowPatch, WallTime};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// A director's link, if it does not say how long.
const DIRECTOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// A viewer's link, if it does not say how long.
const VIEWER: Duration = Duration::from_secs(5 * 60);

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(read, change, remove))
        .routes(routes!(start))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(end))
        .routes(routes!(director_link))
        .routes(routes!(viewer_link))
}

fn moment(text: &str) -> Result<WallTime, Fault> {
    WallTime::parse(text).ok_or_else(|| {
        Fault::invalid("time_invalid", "This is not a time.").hint("For example: 2026-11-22T20:15:00Z")
    })
}

/// Announces a show.
#[utoipa::path(post, path = "/api/v1/shows", tag = "shows", request_body = CreateShow,
    responses((status = 201, body = Show)), security(("bearer" = [])))]
async fn create(
    State(app): State<App>,
    Admin(caller): Admin,
    Json(asked): Json<CreateShow>,
) -> Answer<(StatusCode, axum::Json<Show>)> {
    let new = NewShow {
        id: new_show_id()?,
        seed: random_bits()?,
        slug: asked.slug,
        title: asked.title,
        description: asked.description.unwrap_or_default(),
        starts_at: asked.starts_at.as_deref().map(moment).transpose()?,
        max_on_air: asked.max_on_air,
        canvas: asked.canvas.map(Into::into).unwrap_or_default(),
        door: asked.door.map(Into::into).unwrap_or_default(),
    };
    let snapshot = app.backend().create(new).await?;
    Ok((StatusCode::CREATED, axum::Json(convert::show(&snapshot.show, &caller.links))))
}

/// All shows.
#[utoipa::path(get, path = "/api/v1/shows", tag = "shows",
    responses((status = 200, body = ShowList)), security(("bearer" = [])))]
async fn list(State(app): State<App>, Admin(caller): Admin) -> Answer<axum::Json<ShowList>> {
    let shows = app.backend().shows();
    Ok(axum::Json(ShowList { shows: shows.iter().map(|s| convert::show(&s.show, &caller.links)).collect() }))
}

/// One show.
#[utoipa::path(get, path = "/api/v1/shows/{show}", tag = "shows",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Show)), security(("bearer" = [])))]
async fn read(director: Director) -> axum::Json<Show> {
    axum::Json(convert::show(&director.snapshot.show, director.links()))
}

/// Changes what is announced.
#[utoipa::path(patch, path = "/api/v1/shows/{show}", tag = "shows",
    params(("show" = String, Path, description = "Id or slug")), request_body = PatchShow,
    responses((status = 200, body = Show)), security(("bearer" = [])))]
async fn change(director: Director, Json(asked): Json<PatchShow>) -> Answer<axum::Json<Show>> {
    let starts_at = match asked.starts_at {
        None => None,
        Some(None) => Some(None),
        Some(Some(text)) => Some(Some(moment(&text)?)),
    };
    let patch = ShowPatch {
        slug: asked.slug,
        title: asked.title,
        description: asked.description,
        starts_at,
        max_on_air: asked.max_on_air,
        canvas: asked.canvas.map(Into::into),
        door: asked.door.map(Into::into),
    };
    let snapshot = director.command(Command::PatchShow(patch)).await?;
    Ok(axum::Json(convert::show(&snapshot.show, director.links())))
}

/// Deletes a show with all it has. Not while it is live.
#[utoipa::path(delete, path = "/api/v1/shows/{show}", tag = "shows",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 204)), security(("bearer" = [])))]
async fn remove(State(app): State<App>, director: Director) -> Answer<StatusCode> {
    app.backend().delete(director.show()).await?;
    Ok(StatusCode::NO_CONTENT)
}

macro_rules! turn {
    ($(#[$doc:meta])* $name:ident, $path:literal, $command:expr) => {
        $(#[$doc])*
        #[utoipa::path(post, path = $path, tag = "shows",
            params(("show" = String, Path, description = "Id or slug")),
            responses((status = 200, body = StageState)), security(("bearer" = [])))]
        async fn $name(director: Director) -> Answer<axum::Json<StageState>> {
            director.done($command).await
        }
    };
}

turn! {
    /// Lets the audience in.
    start, "/api/v1/shows/{show}/start", Command::Start
}
turn! {
    /// Shows the audience a card.
    pause, "/api/v1/shows/{show}/pause", Command::Pause
}
turn! {
    /// Goes on after a pause.
    resume, "/api/v1/shows/{show}/resume", Command::Resume
}
turn! {
    /// Ends the show, for good.
    end, "/api/v1/shows/{show}/end", Command::End
}

/// Makes a link that lets somebody direct the show.
#[utoipa::path(post, path = "/api/v1/shows/{show}/director-links", tag = "shows",
    params(("show" = String, Path, description = "Id or slug")), request_body = Option<Lifetime>,
    responses((status = 200, body = GrantLink)), security(("bearer" = [])))]
async fn director_link(
    State(app): State<App>,
    director: Director,
    MaybeJson(asked): MaybeJson<Lifetime>,
) -> Answer<axum::Json<GrantLink>> {
    let show = &director.snapshot.show;
    let lifetime = lifetime(asked.expires_in_s, DIRECTOR)?;
    let issued = app.backend().issue(Right::Direct(show.id), lifetime)?;
    Ok(axum::Json(with_token(&director.links().desk(&show.slug), 'k', &issued)))
}

/// Makes a link that lets somebody watch the show, for a door that asks for one.
#[utoipa::path(post, path = "/api/v1/shows/{show}/viewer-links", tag = "shows",
    params(("show" = String, Path, description = "Id or slug")), request_body = Option<Lifetime>,
    responses((status = 200, body = GrantLink)), security(("bearer" = [])))]
async fn viewer_link(
    State(app): State<App>,
    director: Director,
    MaybeJson(asked): MaybeJson<Lifetime>,
) -> Answer<axum::Json<GrantLink>> {
    let show = &director.snapshot.show;
    let lifetime = lifetime(asked.expires_in_s, VIEWER)?;
    let issued = app.backend().issue(Right::Watch(show.id), lifetime)?;
    Ok(axum::Json(with_token(&director.links().watch(&show.slug), 't', &issued)))
}
