//! The pages: shells and assets that npm built, embedded.

use crate::api::seat::cookie;
use crate::app::App;
use crate::fault::Refusal;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use palco_base::{Class, Fault};
use palco_stage::Door;
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "../../../web/dist"]
struct Dist;

/// Files under this never change: their names hold their hash.
const HASHED: &str = "assets/";

/// The font in which the mixer writes names (TrueType), if the pages were built.
#[must_use]
pub fn name_font() -> Option<Vec<u8>> {
    Dist::get("font/Inter.ttf").map(|file| file.data.into_owned())
}

/// The address of a file of the pages, by what it is for; none if the pages were not built.
#[must_use]
pub fn asset(name: &str) -> Option<String> {
    let known = Dist::get("assets.json")?;
    let known: std::collections::BTreeMap<String, String> = serde_json::from_slice(&known.data).ok()?;
    known.get(name).cloned()
}

/// The routes of the pages. The same shell serves any slug.
pub(crate) fn routes() -> Router<App> {
    let shell = |name: &'static str| {
        get(move |headers: HeaderMap| async move { page(name, StatusCode::OK, &headers) })
    };
    Router::new()
        .route("/shows/{slug}/watch", get(watch))
        .route("/stage/{invitation}", shell("stage.html"))
        .route("/desk/{slug}", shell("desk.html"))
        .route("/desk/{slug}/report", shell("report.html"))
}

/// The page of who watches. What a show warns of is asked before any picture; where a ticket is
/// needed, the page is told so, and opens the seat before it asks for the picture.
async fn watch(State(app): State<App>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Ok(snapshot) = app.show(&slug) else { return page("watch.html", StatusCode::OK, &headers) };
    let show = &snapshot.show;
    if app.backend().warns(show.id) && cookie(&headers, "warned", show.id).is_none() {
        let door = format!("/shows/{}/door", show.slug);
        return (StatusCode::SEE_OTHER, [(LOCATION, door), (CACHE_CONTROL, "no-store".to_owned())])
            .into_response();
    }
    match Dist::get("watch.html") {
        Some(file) if show.door == Door::Grant => {
            let text = String::from_utf8_lossy(&file.data).replacen("<html ", "<html data-seat ", 1);
            let kind = HeaderValue::from_static(type_of("watch.html"));
            ([(CONTENT_TYPE, kind), (CACHE_CONTROL, HeaderValue::from_static("no-store"))], text)
                .into_response()
        }
        _ => page("watch.html", StatusCode::OK, &headers),
    }
}

/// Everything that is no route: a file, or what says that there is none.
pub(crate) async fn other(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let api = ["api/", "whip/", "whep/", "hls/", "health/"].iter().any(|prefix| path.starts_with(prefix));
    if api {
        return Refusal::from(Fault::not_found("unknown_path", "There is nothing at this address."))
            .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return wrong_method().await;
    }
    // Shells have their own addresses, and compressed files are only sent as what they are of.
    let whole = !path.ends_with(".html") && !path.ends_with(".gz");
    match Dist::get(path).filter(|_| whole) {
        Some(file) => send(path, file, StatusCode::OK, &headers),
        None => page("404.html", StatusCode::NOT_FOUND, &headers),
    }
}

/// A path that is there, but not for this method.
pub(crate) async fn wrong_method() -> Response {
    Refusal::with_status(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This address does not take that method.",
    )
    .into_response()
}

fn page(name: &str, status: StatusCode, headers: &HeaderMap) -> Response {
    match Dist::get(name) {
        Some(file) => send(name, file, status, headers),
        None if status == StatusCode::NOT_FOUND => {
            (status, "There is nothing at this address.\n").into_response()
        }
        None => {
            let fault =
                Fault::new(Class::Unavailable, "pages_missing", "The pages were not built into this server.");
            Refusal::from(fault.hint("Run ./dev build.")).into_response()
        }
    }
}

fn send(path: &str, file: EmbeddedFile, status: StatusCode, request: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let tag = hash[..8].iter().fold(String::from("\""), |tag, byte| tag + &format!("{byte:02x}")) + "\"";
    let mut headers = HeaderMap::new();
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    if status == StatusCode::OK && matches(request, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(type_of(path)));
    let compressed = if takes_gzip(request) { Dist::get(&format!("{path}.gz")) } else { None };
    if let Some(compressed) = compressed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        return (status, headers, compressed.data.into_owned()).into_response();
    }
    (status, headers, file.data.into_owned()).into_response()
}

/// Whether the client has this version (RFC 9110 §13.1.2; a weak match is enough).
pub(crate) fn matches(request: &HeaderMap, tag: &str) -> bool {
    let known = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// Whether gzip is listed and not weighed down to nothing (RFC 9110 §12.5.3).
pub(crate) fn takes_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let nothing = weight.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !nothing
    })
}

fn type_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: axum::http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn gzip_when_it_is_wanted() {
        for (value, wanted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, br", false),
            ("br", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(&with(ACCEPT_ENCODING, value)), wanted, "{value:?}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        assert!(matches(&with(IF_NONE_MATCH, "\"a\", W/\"b\""), "\"b\""));
        assert!(!matches(&with(IF_NONE_MATCH, "\"a\""), "\"b\""));
    }

    #[test]
    fn a_file_is_sent_with_what_a_browser_needs() {
        let file = |text: &'static str| EmbeddedFile {
            data: text.as_bytes().into(),
            metadata: rust_embed::Metadata::__rust_embed_new([7; 32], None, None),
        };
        let response = send("assets/app-1a2b.js", file("x"), StatusCode::OK, &HeaderMap::new());
        let headers = response.headers();
        assert_eq!(headers[CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(headers[CONTENT_TYPE], "text/javascript; charset=utf-8");
        assert_eq!(headers[ETAG], "\"0707070707070707\"");
        let again = with(IF_NONE_MATCH, "\"0707070707070707\"");
        assert_eq!(
            send("assets/app-1a2b.js", file("x"), StatusCode::OK, &again).status(),
            StatusCode::NOT_MODIFIED
        );
        let page = send("home.html", file("x"), StatusCode::OK, &HeaderMap::new());
        assert_eq!(page.headers()[CACHE_CONTROL], "no-cache");
    }
}
