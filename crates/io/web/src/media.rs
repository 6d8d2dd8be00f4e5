//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03), the HTTP side.

use crate::api::{parse_id, performer_id};
use crate::app::{App, Caller, not_allowed, said_viewer, token_missing, token_other_show};
use crate::backend::{Media, Offer, Session, Who};
use crate::body;
use crate::fault::{Answer, Refusal};
use crate::requests::WhepQuery;
use crate::sdp;
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use palco_base::{Class, Fault, SessionId};
use palco_stage::{Door, Phase, Snapshot};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// RFC 9725 §4.2: what an endpoint takes.
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(publish, whip_look))
        .routes(routes!(whip_end, whip_trickle, whip_session_look))
        .routes(routes!(play, whep_look, whep_head))
        .routes(routes!(whep_end, whep_trickle, whep_session_look))
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Whip,
    Whep,
}

impl Protocol {
    const fn path(self) -> &'static str {
        match self {
            Self::Whip => "whip",
            Self::Whep => "whep",
        }
    }

    /// Whether a session was opened by it.
    const fn has(self, media: Media) -> bool {
        matches!((self, media), (Self::Whip, Media::Publish(_)))
            || matches!(
                (self, media),
                (Self::Whep, Media::Watch | Media::Preview | Media::Stage | Media::Performer(_))
            )
    }
}

fn over() -> Fault {
    Fault::conflict("show_over", "This show is over.")
}

/// Reads the offer, opens the session, answers as both standards want it.
async fn open(
    app: &App,
    protocol: Protocol,
    snapshot: &Snapshot,
    who: Option<Who>,
    media: Media,
    request: Request,
) -> Answer<Response> {
    if body::media_type(&request).as_deref() != Some(SDP) {
        return Err(Fault::new(Class::Unsupported, "not_sdp", "This takes application/sdp.").into());
    }
    let viewer = said_viewer(request.headers())?;
    let bytes = body::small(request.into_body(), app.0.config.body_timeout, "sdp_too_large").await?;
    let sdp = sdp::offer(&bytes)?;
    let show = &snapshot.show;
    let answer = app.backend().open(Offer { show: show.id, who, media, viewer, sdp: sdp.clone() }).await?;
    let location = format!("/{}/{}/{}", protocol.path(), show.slug, answer.session);
    let headers =
        [(LOCATION, location), (ETAG, sdp::entity_tag(answer.session, &sdp)), (CONTENT_TYPE, SDP.to_owned())];
    Ok((StatusCode::CREATED, headers, answer.sdp).into_response())
}

/// Publishes as a performer: an SDP offer, for an answer. WHIP, RFC 9725.
#[utoipa::path(post, path = "/whip/{show}", tag = "media",
    params(("show" = String, Path, description = "Id or slug")),
    request_body(content = String, content_type = "application/sdp"),
    responses((status = 201, content_type = "application/sdp", body = String,
        headers(("location" = String), ("etag" = String)))), security(("bearer" = [])))]
async fn publish(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    request: Request,
) -> Answer<Response> {
    let who = caller.who()?.ok_or_else(token_missing)?;
    let snapshot = app.show(&key)?;
    let performer = match who {
        Who::Performer(show, performer) if show == snapshot.show.id => performer,
        Who::Performer(..) | Who::Director(_) | Who::Viewer(..) if who.show() != Some(snapshot.show.id) => {
            return Err(token_other_show().into());
        }
        _ => return Err(not_allowed().into()),
    };
    if snapshot.show.phase == Phase::Over {
        return Err(over().into());
    }
    caller.opens_session()?;
    open(&app, Protocol::Whip, &snapshot, Some(who), Media::Publish(performer), request).await
}

/// Plays the Program, a performer, or the stage's mix: an SDP offer, for an answer. WHEP.
#[utoipa::path(post, path = "/whep/{show}", tag = "media",
    params(("show" = String, Path, description = "Id or slug"), WhepQuery),
    request_body(content = String, content_type = "application/sdp"),
    responses((status = 201, content_type = "application/sdp", body = String,
        headers(("location" = String), ("etag" = String)))), security((), ("bearer" = [])))]
async fn play(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    body::Query(query): body::Query<WhepQuery>,
    request: Request,
) -> Answer<Response> {
    let who = caller.who()?;
    let snapshot = app.show(&key)?;
    let media = may_play(who, &snapshot, &query)?;
    caller.opens_session()?;
    open(&app, Protocol::Whep, &snapshot, who, media, request).await
}

/// What a WHEP request may play.
fn may_play(who: Option<Who>, snapshot: &Snapshot, query: &WhepQuery) -> Result<Media, Fault> {
    let show = &snapshot.show;
    if who.is_some_and(|who| who != Who::Admin && who.show() != Some(show.id)) {
        return Err(token_other_show());
    }
    let directs = matches!(who, Some(Who::Admin | Who::Director(_)));
    let refused = || if who.is_none() { token_missing() } else { not_allowed() };
    if let Some(performer) = &query.performer {
        let performer = performer_id(performer)?;
        match who {
            Some(Who::Admin | Who::Director(_)) => {}
            Some(Who::Performer(_, me)) if me == performer => {
                return Err(Fault::new(
                    Class::Forbidden,
                    "own_feed",
                    "Nobody plays what they publish themselves.",
                ));
            }
            Some(Who::Performer(..)) => {}
            _ => return Err(refused()),
        }
        if snapshot.performer(performer).is_none() {
            return Err(Fault::not_found("unknown_performer", "There is no such performer."));
        }
        return Ok(Media::Performer(performer));
    }
    if show.phase == Phase::Over {
        return Err(over());
    }
    match query.output.as_deref() {
        Some("stage") if directs => return Ok(Media::Stage),
        Some("stage") => return Err(refused()),
        Some("program") | None => {}
        Some(_) => {
            return Err(Fault::invalid("unknown_output", "There is no such output.")
                .hint("There are: program, stage."));
        }
    }
    if directs {
        return Ok(Media::Preview);
    }
    if who.is_none() && show.door == Door::Grant {
        return Err(token_missing());
    }
    if !show.phase.open() {
        return Err(Fault::conflict("show_not_live", "The show has not started."));
    }
    Ok(if matches!(who, Some(Who::Performer(..))) { Media::Preview } else { Media::Watch })
}

/// The session, for who may touch it: its owner, and who directs the show. A session that was
/// opened without a token is its address's holder's, for the address cannot be guessed.
fn owned(app: &App, caller: &Caller, protocol: Protocol, key: &str, id: &str) -> Result<SessionId, Fault> {
    let who = caller.who()?;
    let unknown = || Fault::not_found("unknown_session", "There is no such session.");
    let session: SessionId = parse_id(id, "unknown_session", "session")?;
    let Session { show, who: owner, media } = app.backend().session(session).ok_or_else(unknown)?;
    let same_show = app.show(key).is_ok_and(|snapshot| snapshot.show.id == show);
    if !same_show || !protocol.has(media) {
        return Err(unknown());
    }
    match (owner, who) {
        (_, Some(Who::Admin)) | (None, None) => Ok(session),
        (_, Some(who)) if who.show() != Some(show) => Err(token_other_show()),
        (_, Some(Who::Director(_))) => Ok(session),
        (Some(_), None) => Err(token_missing()),
        (Some(owner), Some(who)) if owner == who => Ok(session),
        (None, Some(_)) => Ok(session),
        _ => Err(not_allowed()),
    }
}

async fn end(app: &App, caller: &Caller, protocol: Protocol, key: &str, id: &str) -> Answer<StatusCode> {
    let session = owned(app, caller, protocol, key, id)?;
    app.backend().close(session).await;
    Ok(StatusCode::OK)
}

/// Trickled candidates are taken and not used: we are ICE-lite and learn where the client is from
/// its checks. Restarts are not supported; the session goes on as it was.
async fn trickle(
    app: &App,
    caller: &Caller,
    protocol: Protocol,
    key: &str,
    id: &str,
    request: Request,
) -> Answer<StatusCode> {
    let session = owned(app, caller, protocol, key, id)?;
    if body::media_type(&request).as_deref() != Some(FRAGMENT) {
        let text = "This takes application/trickle-ice-sdpfrag.";
        return Err(Fault::new(Class::Unsupported, "not_a_fragment", text).into());
    }
    let condition = request.headers().get(IF_MATCH).cloned();
    let bytes = body::small(request.into_body(), app.0.config.body_timeout, "sdp_too_large").await?;
    let fragment = std::str::from_utf8(&bytes);
    let fragment =
        fragment.map_err(|_| Fault::invalid("sdp_broken", "The body is not a fragment of SDP."))?;
    match condition.as_ref().map(|tag| tag.to_str().unwrap_or_default()) {
        None => Ok(StatusCode::NO_CONTENT),
        Some("*") => Err(Fault::unprocessable("restart_unsupported", "ICE restarts are not supported.")
            .hint("Open a new session; this one goes on as it is.")
            .into()),
        Some(tag) if tag == sdp::entity_tag(session, fragment) => Ok(StatusCode::NO_CONTENT),
        Some(_) => Err(Refusal::with_status(
            StatusCode::PRECONDITION_FAILED,
            "wrong_entity_tag",
            "This fragment is not for the session's ICE credentials.",
        )),
    }
}

fn accepts(status: StatusCode) -> Response {
    (status, HeaderMap::from_iter([(ACCEPT_POST, HeaderValue::from_static(SDP))])).into_response()
}

fn session_is_there(app: &App, protocol: Protocol, id: &str) -> Answer<StatusCode> {
    let session: SessionId = parse_id(id, "unknown_session", "session")?;
    let open = app.backend().session(session).is_some_and(|session| protocol.has(session.media));
    if open {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Fault::not_found("unknown_session", "There is no such session.").into())
}

/// Says that WHIP is spoken here.
#[utoipa::path(get, path = "/whip/{show}", tag = "media",
    params(("show" = String, Path, description = "Id or slug")), responses((status = 204)))]
async fn whip_look(State(app): State<App>, Path(key): Path<String>) -> Answer<Response> {
    app.show(&key)?;
    Ok(accepts(StatusCode::NO_CONTENT))
}

/// Says that WHEP is spoken here.
#[utoipa::path(get, path = "/whep/{show}", tag = "media",
    params(("show" = String, Path, description = "Id or slug")), responses((status = 204)))]
async fn whep_look(State(app): State<App>, Path(key): Path<String>) -> Answer<Response> {
    app.show(&key)?;
    Ok(accepts(StatusCode::NO_CONTENT))
}

/// Says what WHEP answers with here.
#[utoipa::path(head, path = "/whep/{show}", tag = "media",
    params(("show" = String, Path, description = "Id or slug")), responses((status = 200)))]
async fn whep_head(State(app): State<App>, Path(key): Path<String>) -> Answer<Response> {
    app.show(&key)?;
    let mut response = accepts(StatusCode::OK);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SDP));
    Ok(response)
}

macro_rules! session_routes {
    ($protocol:expr, $path:literal, $end:ident, $trickle:ident, $look:ident) => {
        /// Ends a session.
        #[utoipa::path(delete, path = $path, tag = "media",
                    params(("show" = String, Path), ("session" = String, Path)),
                    responses((status = 200)), security((), ("bearer" = [])))]
        async fn $end(
            State(app): State<App>,
            caller: Caller,
            Path(at): Path<(String, String)>,
        ) -> Answer<StatusCode> {
            end(&app, &caller, $protocol, &at.0, &at.1).await
        }

        /// Brings trickled ICE candidates.
        #[utoipa::path(patch, path = $path, tag = "media",
                    params(("show" = String, Path), ("session" = String, Path)),
                    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
                    responses((status = 204)), security((), ("bearer" = [])))]
        async fn $trickle(
            State(app): State<App>,
            caller: Caller,
            Path(at): Path<(String, String)>,
            request: Request,
        ) -> Answer<StatusCode> {
            trickle(&app, &caller, $protocol, &at.0, &at.1, request).await
        }

        /// Says that the session is there.
        #[utoipa::path(get, path = $path, tag = "media",
                    params(("show" = String, Path), ("session" = String, Path)), responses((status = 204)))]
        async fn $look(State(app): State<App>, Path(at): Path<(String, String)>) -> Answer<StatusCode> {
            session_is_there(&app, $protocol, &at.1)
        }
    };
}

session_routes!(Protocol::Whip, "/whip/{show}/{session}", whip_end, whip_trickle, whip_session_look);
session_routes!(Protocol::Whep, "/whep/{show}/{session}", whep_end, whep_trickle, whep_session_look);
