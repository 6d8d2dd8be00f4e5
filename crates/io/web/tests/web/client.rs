//! Sends requests through the router, and checks each answer against the document.

use crate::fake::Fake;
use crate::openapi::Spec;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use palco_web::{Site, WebConfig};
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt as _;

pub(crate) const ADMIN: &str = "the-admin-token";

pub(crate) struct Client {
    pub(crate) router: Router,
    pub(crate) fake: Arc<Fake>,
    spec: Spec,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and fault code.
    #[track_caller]
    pub(crate) fn fault(&self) -> (u16, String) {
        let json = self.json();
        assert!(!json["text"].as_str().unwrap_or_default().is_empty(), "a fault says something: {json}");
        (self.status.as_u16(), json["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Client {
    pub(crate) fn new() -> Self {
        Self::with(WebConfig::default())
    }

    pub(crate) fn with(config: WebConfig) -> Self {
        let fake = Arc::new(Fake::default());
        let site = Site::new(Arc::clone(&fake) as Arc<dyn palco_web::Backend>, config, axum::Router::new());
        Self { router: site.router(), fake, spec: Spec::load() }
    }

    pub(crate) async fn request(&self, request: Request<Body>) -> Reply {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        if kind.as_deref() == Some("text/event-stream") {
            panic!("{method} {path} is a stream: read it with `events`");
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        if method != "OPTIONS" && parts.status != StatusCode::METHOD_NOT_ALLOWED {
            self.spec.check_answer(&method, &path, parts.status.as_u16(), kind.as_deref(), &body);
        }
        Reply { status: parts.status, headers: parts.headers, body }
    }

    fn build(method: &str, path: &str, token: Option<&str>) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header("host", "palco.test:8080");
        match token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    pub(crate) async fn bare(&self, method: &str, path: &str, token: Option<&str>) -> Reply {
        self.request(Self::build(method, path, token).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, token: Option<&str>) -> Reply {
        self.bare("GET", path, token).await
    }

    /// Sends JSON; a request that is done must be one that the document describes.
    pub(crate) async fn json(&self, method: &str, path: &str, token: Option<&str>, body: Value) -> Reply {
        let request = Self::build(method, path, token).header("content-type", "application/json");
        let reply = self.request(request.body(Body::from(body.to_string())).unwrap()).await;
        if reply.status.is_success() {
            self.spec.check_request(method, path, &body);
        }
        reply
    }

    pub(crate) async fn bytes(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        kind: &str,
        body: impl Into<Body>,
    ) -> Reply {
        let request = Self::build(method, path, token).header("content-type", kind);
        self.request(request.body(body.into()).unwrap()).await
    }

    /// Sends with one more header.
    pub(crate) async fn with_header(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        header: (&str, &str),
        kind: &str,
        body: &str,
    ) -> Reply {
        let request =
            Self::build(method, path, token).header("content-type", kind).header(header.0, header.1);
        self.request(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A new show with this title; its slug.
    pub(crate) async fn show(&self, title: &str) -> String {
        let reply =
            self.json("POST", "/api/v1/shows", Some(ADMIN), serde_json::json!({ "title": title })).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        reply.json()["slug"].as_str().unwrap().to_owned()
    }

    /// A new performer; their id, invitation code and WHIP token.
    pub(crate) async fn performer(&self, show: &str, name: &str) -> (String, String, String) {
        let path = format!("/api/v1/shows/{show}/performers");
        let reply = self.json("POST", &path, Some(ADMIN), serde_json::json!({ "name": name })).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        let json = reply.json();
        let code = json["invitation_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        (
            json["performer"]["id"].as_str().unwrap().to_owned(),
            code,
            json["whip_token"].as_str().unwrap().to_owned(),
        )
    }

    /// A clip of that show; its id.
    pub(crate) async fn clip(&self, show: &str) -> String {
        let path = format!("/api/v1/shows/{show}/clips?name=party.mp4");
        let reply = self.bytes("POST", &path, Some(ADMIN), "video/mp4", "a film").await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn post(&self, path: &str) -> Reply {
        self.bare("POST", path, Some(ADMIN)).await
    }

    /// The body of a stream, to be read piece by piece.
    pub(crate) async fn events(&self, path: &str, token: Option<&str>) -> axum::body::BodyDataStream {
        let request = Self::build("GET", path, token).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response.into_body().into_data_stream()
    }
}
