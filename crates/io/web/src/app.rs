//! What every handler has at hand: the backend, the limits, and who is asking.

use crate::api::{clip_id, performer_id, viewer_id};
use crate::backend::{Backend, Who, unknown_show};
use crate::convert;
use crate::fault::{Answer, Refusal};
use crate::limits::{Limiter, Rate};
use crate::links::Links;
use crate::pass::Pass;
use crate::types::StageState;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{AUTHORIZATION, USER_AGENT};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use palco_base::{Class, ClipId, Fault, PerformerId, Secret, ShowId, ViewerId};
use palco_stage::{Command, Snapshot};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Where a player says for which viewer it asks.
const VIEWER: HeaderName = HeaderName::from_static("palco-viewer");

/// How the web door is set up.
#[derive(Clone, Debug)]
pub struct WebConfig {
    /// The site's own address, `https://…`, for the links that are handed out. Without one they
    /// lead to where the request for them was sent.
    pub public_url: Option<String>,
    /// Bad tokens per client address.
    pub token_failures: Rate,
    /// WHIP and WHEP sessions opened per client address. Not counted for this machine itself.
    pub sessions: Rate,
    /// Sightings told per client address. Not counted for this machine itself.
    pub sightings: Rate,
    /// How long a client may take to send a JSON or SDP body.
    pub body_timeout: Duration,
    /// How long a client may send nothing in the middle of an upload.
    pub upload_idle: Duration,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            public_url: None,
            token_failures: Rate { burst: 20, per_second: 0.5 },
            sessions: Rate { burst: 200, per_second: 10.0 },
            // A house of 600 viewers behind one address, which tell every 15 s.
            sightings: Rate { burst: 600, per_second: 40.0 },
            body_timeout: Duration::from_secs(10),
            upload_idle: Duration::from_secs(30),
        }
    }
}

/// Who sent a request; put into it by the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

pub(crate) struct Inner {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) config: WebConfig,
    pub(crate) openapi: String,
    token_failures: Limiter,
    sessions: Limiter,
    sightings: Limiter,
    /// Makes of what a request tells of a viewer a name that says nothing of them.
    names: RandomState,
    /// Told when the server is about to stop: streams that never end by themselves end then.
    pub(crate) closing: watch::Sender<bool>,
}

/// What every handler has at hand.
#[derive(Clone)]
pub(crate) struct App(pub(crate) Arc<Inner>);

impl App {
    pub(crate) fn new(backend: Arc<dyn Backend>, config: WebConfig, openapi: String) -> Self {
        let (token_failures, sessions) = (Limiter::new(config.token_failures), Limiter::new(config.sessions));
        let (sightings, names) = (Limiter::new(config.sightings), RandomState::new());
        let (closing, _) = watch::channel(false);
        Self(Arc::new(Inner {
            backend,
            config,
            openapi,
            token_failures,
            sessions,
            sightings,
            names,
            closing,
        }))
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.0.backend
    }

    pub(crate) fn show(&self, key: &str) -> Result<Arc<Snapshot>, Fault> {
        self.backend().find(key).ok_or_else(unknown_show)
    }
}

/// A request, as far as rights and links go.
pub(crate) struct Caller {
    app: App,
    token: Option<Secret>,
    /// What stands in for the token and the viewer where a player sends neither.
    pass: Option<Pass>,
    from: IpAddr,
    pub(crate) links: Links,
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let from = parts
            .extensions
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |Peer(address)| address.ip());
        let links = Links::new(app.0.config.public_url.as_deref(), parts);
        Ok(Self { token: bearer(parts)?, pass: None, from, links, app: app.clone() })
    }
}

/// The bearer token (RFC 6750 §2.1), if there is one.
fn bearer(parts: &Parts) -> Result<Option<Secret>, Fault> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let token = value.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token.filter(|token| !token.is_empty() && values.next().is_none()) {
        Some(token) => Ok(Some(Secret::new(token))),
        None => Err(token_invalid()),
    }
}

fn token_invalid() -> Fault {
    Fault::new(Class::Unauthenticated, "token_invalid", "This token is not valid.")
        .hint("Ask for a new link.")
}

pub(crate) fn token_missing() -> Fault {
    Fault::new(Class::Unauthenticated, "token_missing", "A token is needed for this.")
        .hint("Send it as: Authorization: Bearer …")
}

pub(crate) fn token_other_show() -> Fault {
    Fault::new(Class::Forbidden, "token_other_show", "This token is for another show.")
}

pub(crate) fn not_allowed() -> Fault {
    Fault::new(Class::Forbidden, "not_allowed", "This token does not allow that.")
}

impl Caller {
    /// Who is asking; none without a token. A bad token is a fault, never "nobody".
    pub(crate) fn who(&self) -> Result<Option<Who>, Fault> {
        let Some(token) = self.grant() else { return Ok(None) };
        match self.app.backend().authenticate(token.reveal()) {
            Ok(who) => Ok(Some(who)),
            Err(fault) => {
                self.app.0.token_failures.knock(self.from, Instant::now())?;
                Err(fault)
            }
        }
    }

    /// The token, or the one of the pass.
    fn grant(&self) -> Option<&Secret> {
        self.token.as_ref().or(self.pass.as_ref().and_then(|pass| pass.grant.as_ref()))
    }

    /// With the pass that came along, where one counts.
    pub(crate) fn passing(mut self, headers: &HeaderMap) -> Self {
        self.pass = Pass::of(headers);
        self
    }

    /// A pass for what this request says and brings.
    pub(crate) fn make_pass(&self, headers: &HeaderMap) -> Result<Pass, Fault> {
        Ok(Pass { viewer: self.viewer(headers)?, grant: self.grant().cloned() })
    }

    pub(crate) fn somebody(&self) -> Result<Who, Fault> {
        self.who()?.ok_or_else(token_missing)
    }

    /// Only with the admin token.
    fn admin(&self) -> Result<(), Fault> {
        match self.somebody()? {
            Who::Admin => Ok(()),
            _ => Err(not_allowed()),
        }
    }

    /// The show, for who may direct it.
    fn directs(&self, key: &str) -> Result<Arc<Snapshot>, Fault> {
        let who = self.somebody()?;
        let snapshot = self.app.show(key)?;
        match who {
            Who::Admin => Ok(snapshot),
            Who::Director(show) if show == snapshot.show.id => Ok(snapshot),
            Who::Director(_) => Err(token_other_show()),
            Who::Performer(..) | Who::Viewer(..) => Err(not_allowed()),
        }
    }

    /// The performer who is asking.
    fn performs(&self) -> Result<(ShowId, PerformerId), Fault> {
        match self.somebody()? {
            Who::Performer(show, performer) => Ok((show, performer)),
            _ => Err(not_allowed()),
        }
    }

    /// Counts a session that is being opened.
    pub(crate) fn opens_session(&self) -> Result<(), Fault> {
        if self.from.to_canonical().is_loopback() {
            return Ok(());
        }
        self.app.0.sessions.knock(self.from, Instant::now())
    }

    /// Counts a sighting.
    pub(crate) fn tells(&self) -> Result<(), Fault> {
        if self.from.to_canonical().is_loopback() {
            return Ok(());
        }
        self.app.0.sightings.knock(self.from, Instant::now())
    }

    /// Whether somebody with this right is of the audience.
    pub(crate) fn is_viewer(who: Option<Who>) -> bool {
        matches!(who, None | Some(Who::Viewer(..)))
    }

    /// Whose request it is: as their player or their pass says; else those with the same address and the same
    /// program are taken for one, under a name made anew at each start of the server.
    pub(crate) fn viewer(&self, headers: &HeaderMap) -> Result<ViewerId, Fault> {
        let passing = self.pass.as_ref().map(|pass| pass.viewer);
        Ok(said_viewer(headers)?.or(passing).unwrap_or_else(|| {
            let program = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
            ViewerId::new(self.app.0.names.hash_one((self.from.to_canonical(), program)))
        }))
    }

    /// Whether the right still holds that a stream was opened with.
    pub(crate) fn still(&self, who: Who) -> bool {
        self.who().is_ok_and(|now| now == Some(who))
    }
}

/// The viewer a player says it plays for.
pub(crate) fn said_viewer(headers: &HeaderMap) -> Result<Option<ViewerId>, Fault> {
    let Some(said) = headers.get(VIEWER) else { return Ok(None) };
    viewer_id(said.to_str().unwrap_or_default()).map(Some)
}

/// A request with the admin token. Checked before the body is read.
pub(crate) struct Admin(pub(crate) Caller);

impl FromRequestParts<App> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        caller.admin()?;
        Ok(Self(caller))
    }
}

/// A request of who may direct the show in the path. Checked before the body is read.
pub(crate) struct Director {
    pub(crate) caller: Caller,
    /// The show as it was when the request came.
    pub(crate) snapshot: Arc<Snapshot>,
    /// What the rest of the path names.
    performer: Option<String>,
    clip: Option<String>,
}

impl FromRequestParts<App> for Director {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Fault::invalid("path_broken", "The address cannot be read."))?;
        let param = |wanted: &str| {
            let named = params.iter().find(|(name, _)| *name == wanted);
            named.map(|(_, value)| value.to_owned())
        };
        let snapshot = caller.directs(&param("show").unwrap_or_default())?;
        Ok(Self { caller, snapshot, performer: param("performer"), clip: param("clip") })
    }
}

impl Director {
    pub(crate) fn show(&self) -> ShowId {
        self.snapshot.show.id
    }

    /// The performer in the path.
    pub(crate) fn performer(&self) -> Result<PerformerId, Fault> {
        performer_id(self.performer.as_deref().unwrap_or_default())
    }

    /// The clip in the path.
    pub(crate) fn clip(&self) -> Result<ClipId, Fault> {
        clip_id(self.clip.as_deref().unwrap_or_default())
    }

    pub(crate) fn links(&self) -> &Links {
        &self.caller.links
    }

    /// Has the stage do something.
    pub(crate) async fn command(&self, command: Command) -> Result<Arc<Snapshot>, Fault> {
        self.caller.app.backend().command(self.show(), command).await
    }

    /// Has the stage do something, and answers with what it is then.
    pub(crate) async fn done(&self, command: Command) -> Answer<axum::Json<StageState>> {
        let snapshot = self.command(command).await?;
        Ok(axum::Json(convert::state(&snapshot, self.links())))
    }
}

/// A request of a performer. Checked before the body is read.
pub(crate) struct Performing {
    pub(crate) caller: Caller,
    pub(crate) show: ShowId,
    pub(crate) me: PerformerId,
}

impl FromRequestParts<App> for Performing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let caller = Caller::from_request_parts(parts, app).await?;
        // An invitation that is not known is a page that is not there.
        let performs = caller.performs();
        let (show, me) = performs
            .map_err(|fault| if fault.code == "token_invalid" { invitation_unknown() } else { fault })?;
        Ok(Self { caller, show, me })
    }
}

pub(crate) fn invitation_unknown() -> Fault {
    Fault::not_found("invitation_unknown", "This invitation is not valid, or not any longer.")
        .hint("Ask the director for a new one.")
}
