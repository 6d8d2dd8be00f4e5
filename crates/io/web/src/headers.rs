//! What is said with every answer: who may embed, script or read it.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::links::Encrypted;

const CSP: &str = "default-src 'self'; connect-src 'self'; media-src 'self' blob:; \
    img-src 'self' data: blob:; style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; \
    form-action 'self' https://checkout.stripe.com; frame-ancestors 'none'";
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), \
    fullscreen=(self), picture-in-picture=(self), geolocation=(), payment=(), usb=()";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

const fn text(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

/// Security headers on everything. The API is never cached: it answers differently by token.
pub(crate) async fn security(request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path()) || is_hls(request.uri().path());
    let encrypted = matches!(request.extensions().get::<Encrypted>(), Some(Encrypted(true)));
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, text(CSP));
    headers.insert(X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    headers.insert(X_FRAME_OPTIONS, text("DENY"));
    // Codes in addresses stay on this site; forms of ours say where they come from.
    headers.insert(REFERRER_POLICY, text("same-origin"));
    headers.insert(PERMISSIONS_POLICY, text(PERMISSIONS));
    if encrypted {
        headers.insert(STRICT_TRANSPORT_SECURITY, text("max-age=31536000"));
    }
    if api && !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, text("no-store"));
    }
    response
}

fn is_media(path: &str) -> bool {
    path.starts_with("/whip/") || path.starts_with("/whep/")
}

fn is_hls(path: &str) -> bool {
    path.starts_with("/hls/")
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || is_media(path)
}

/// Any origin may use the API and the media doors: rights are in bearer tokens that a page must
/// have been given, never in cookies (WHATWG Fetch, "CORS protocol"; RFC 9725 §4.2).
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_api(path) && !is_hls(path) {
        return next.run(request).await;
    }
    let endpoint = is_media(path) && path.trim_start_matches('/').split('/').count() == 2;
    if request.method() == Method::OPTIONS {
        return preflight(endpoint);
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, text("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        text("location, etag, link, accept-post, retry-after, content-range"),
    );
    response
}

fn preflight(endpoint: bool) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, text("*"));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, text("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        text("authorization, content-type, if-match, accept, range, palco-viewer"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, text("86400"));
    if endpoint {
        headers.insert(ACCEPT_POST, text("application/sdp"));
    }
    (StatusCode::OK, headers).into_response()
}
