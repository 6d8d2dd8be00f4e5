//! Clips: upload, list, delete, play.

use crate::app::{App, Director};
use crate::backend::Upload;
use crate::body::{self, Json, MaybeJson};
use crate::fault::Answer;
use crate::requests::{PatchPlayback, PlayClip, SeekClip, UploadQuery};
use crate::types::{Clip, ClipList, StageState};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use palco_base::{Class, Fault};
use palco_stage::{Command, PlayOptions};
use std::time::Duration;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(upload, list))
        .routes(routes!(remove))
        .routes(routes!(play))
        .routes(routes!(pause))
        .routes(routes!(seek))
        .routes(routes!(stop))
        .routes(routes!(playback))
}

/// The chunks of a body, until it ends, breaks or stands still for too long.
fn chunks(body: Body, idle: Duration) -> BoxStream<'static, Result<Bytes, Fault>> {
    let state = Some(body.into_data_stream());
    stream::unfold(state, move |state| async move {
        let mut chunks = state?;
        match tokio::time::timeout(idle, chunks.next()).await {
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(chunks))),
            Ok(None) => None,
            Ok(Some(Err(_))) => Some((Err(Fault::invalid("upload_broken", "The upload broke off.")), None)),
            Err(_) => {
                Some((Err(Fault::invalid("upload_stalled", "The upload stood still for too long.")), None))
            }
        }
    })
    .boxed()
}

/// Uploads a clip: the file's bytes as the body, of any type but form data and JSON.
#[utoipa::path(post, path = "/api/v1/shows/{show}/clips", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Clip)), security(("bearer" = [])))]
async fn upload(
    State(app): State<App>,
    director: Director,
    body::Query(query): body::Query<UploadQuery>,
    request: Request,
) -> Answer<(StatusCode, axum::Json<Clip>)> {
    let kind = body::media_type(&request).unwrap_or_default();
    let form = kind.starts_with("multipart/") || kind == "application/x-www-form-urlencoded";
    if form || kind == "application/json" {
        return Err(Fault::new(Class::Unsupported, "not_bytes", "This takes the file's bytes as they are.")
            .hint("Send them as application/octet-stream, not as a form.")
            .into());
    }
    let length = request.headers().get(CONTENT_LENGTH);
    let upload = Upload {
        name: query.name.unwrap_or_else(|| "clip".to_owned()),
        length: length.and_then(|length| length.to_str().ok()?.parse().ok()),
        bytes: chunks(request.into_body(), app.0.config.upload_idle),
    };
    let clip = app.backend().upload(director.show(), upload).await?;
    Ok((StatusCode::CREATED, axum::Json(Clip::from(&clip))))
}

/// The clips of the show.
#[utoipa::path(get, path = "/api/v1/shows/{show}/clips", tag = "clips",
    params(("show" = String, Path, description = "Id or slug")),
    responses((status = 200, body = ClipList)), security(("bearer" = [])))]
async fn list(director: Director) -> axum::Json<ClipList> {
    axum::Json(ClipList { clips: director.snapshot.clips.iter().map(Clip::from).collect() })
}

/// Deletes a clip. Not while it is being played.
#[utoipa::path(delete, path = "/api/v1/shows/{show}/clips/{clip}", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    responses((status = 204)), security(("bearer" = [])))]
async fn remove(director: Director) -> Answer<StatusCode> {
    director.command(Command::RemoveClip { clip: director.clip()? }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Plays a clip on the stage, from its beginning or from where it was paused.
#[utoipa::path(post, path = "/api/v1/shows/{show}/clips/{clip}/play", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    request_body = Option<PlayClip>,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn play(director: Director, MaybeJson(asked): MaybeJson<PlayClip>) -> Answer<axum::Json<StageState>> {
    let options = PlayOptions { position: asked.position_ms, looped: asked.looped, volume: asked.volume };
    let take = asked.take.unwrap_or(true);
    director.done(Command::PlayClip { clip: director.clip()?, options, take }).await
}

/// Lets a clip stand still.
#[utoipa::path(post, path = "/api/v1/shows/{show}/clips/{clip}/pause", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn pause(director: Director) -> Answer<axum::Json<StageState>> {
    director.done(Command::PauseClip { clip: director.clip()? }).await
}

/// Goes to a place in a clip.
#[utoipa::path(post, path = "/api/v1/shows/{show}/clips/{clip}/seek", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    request_body = SeekClip,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn seek(director: Director, Json(asked): Json<SeekClip>) -> Answer<axum::Json<StageState>> {
    director.done(Command::SeekClip { clip: director.clip()?, position: asked.position_ms }).await
}

/// Takes a clip off the stage; the scene before it returns.
#[utoipa::path(post, path = "/api/v1/shows/{show}/clips/{clip}/stop", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn stop(director: Director) -> Answer<axum::Json<StageState>> {
    director.done(Command::StopClip { clip: director.clip()? }).await
}

/// Changes how a clip is played.
#[utoipa::path(patch, path = "/api/v1/shows/{show}/clips/{clip}/playback", tag = "clips",
    params(("show" = String, Path, description = "Id or slug"), ("clip" = String, Path)),
    request_body = PatchPlayback,
    responses((status = 200, body = StageState)), security(("bearer" = [])))]
async fn playback(director: Director, Json(asked): Json<PatchPlayback>) -> Answer<axum::Json<StageState>> {
    let options = PlayOptions { position: None, looped: asked.looped, volume: asked.volume };
    director.done(Command::PatchPlayback { clip: director.clip()?, options }).await
}
