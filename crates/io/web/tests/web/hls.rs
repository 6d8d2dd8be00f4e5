//! HLS: rights, caching, ranges. What is in the playlists is `palco_hls`'s to test.

use crate::client::{ADMIN, Client, Reply};
use axum::http::StatusCode;
use serde_json::json;
use std::io::Read as _;

async fn with(client: &Client, path: &str, header: &str, value: &str) -> Reply {
    client.with_header("GET", path, None, (header, value), "text/plain", "").await
}

/// A live show.
async fn live(client: &Client) -> String {
    let show = client.show("Show").await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    show
}

#[tokio::test]
async fn a_segment_may_be_kept_for_ever_and_read_by_pages_of_any_origin() {
    let client = Client::new();
    let show = live(&client).await;
    let reply = client.get(&format!("/hls/{show}/720p/7.m4s"), None).await;
    assert_eq!((reply.status, reply.text()), (StatusCode::OK, "720p/7.m4s None".to_owned()));
    assert_eq!(reply.header("content-type"), "video/mp4");
    assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    let again = with(&client, &format!("/hls/{show}/720p/7.m4s"), "if-none-match", "\"tag\"").await;
    assert_eq!((again.status, again.text()), (StatusCode::NOT_MODIFIED, String::new()));
    let preflight = client.bare("OPTIONS", &format!("/hls/{show}/720p/7.m4s"), None).await;
    assert!(preflight.header("access-control-allow-headers").contains("range"));
}

#[tokio::test]
async fn directives_reach_the_core_and_bad_ones_do_not() {
    let client = Client::new();
    let show = live(&client).await;
    let reply = client.get(&format!("/hls/{show}/720p.m3u8?_HLS_msn=12&_HLS_part=1&x=y"), None).await;
    assert_eq!(reply.text(), "720p.m3u8 Some(12)");
    assert_eq!(reply.header("cache-control"), "public, no-cache");
    for (path, code) in [
        ("720p.m3u8?_HLS_msn=x", (400, "bad_directive")),
        ("720p/9.m4s", (404, "unknown_segment")),
        ("720p/nothing", (404, "unknown_path")),
        ("..%2f..%2fetc%2fpasswd", (404, "unknown_path")),
    ] {
        let (status, found) = client.get(&format!("/hls/{show}/{path}"), None).await.fault();
        assert_eq!((status, found.as_str()), code, "{path}");
    }
    assert_eq!(client.get("/hls/nobody/index.m3u8", None).await.fault(), (404, "unknown_show".into()));
    assert_eq!(client.get("/hls/x", None).await.fault(), (404, "unknown_path".into()));
}

#[tokio::test]
async fn a_playlist_comes_compressed_to_who_takes_it() {
    let client = Client::new();
    let show = live(&client).await;
    let path = format!("/hls/{show}/720p.m3u8");
    let plain = client.get(&path, None).await;
    assert_eq!((plain.header("etag"), plain.header("vary")), ("\"tag\"", "accept-encoding"));
    let gzip = with(&client, &path, "accept-encoding", "br, gzip").await;
    assert_eq!((gzip.status, gzip.header("content-encoding")), (StatusCode::OK, "gzip"));
    assert_eq!(gzip.header("etag"), "\"tag-gzip\"", "other bytes, another tag");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text());
    let segment = with(&client, &format!("/hls/{show}/720p/7.m4s"), "accept-encoding", "gzip").await;
    assert_eq!(segment.header("content-encoding"), "", "media is compressed already");
}

#[tokio::test]
async fn a_browser_that_plays_by_itself_comes_in_by_a_cookie() {
    let client = Client::new();
    let show = client.show("Show").await;
    let closed = json!({"door": "grant"});
    client.json("PATCH", &format!("/api/v1/shows/{show}"), Some(ADMIN), closed).await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    let (pass, path) = (format!("/hls/{show}/pass"), format!("/hls/{show}/720p/7.m4s"));
    assert_eq!(client.bare("POST", &pass, None).await.fault(), (401, "token_missing".into()));
    assert_eq!(client.bare("POST", &pass, Some("wrong")).await.fault(), (401, "token_invalid".into()));
    let reply = client.bare("POST", &pass, Some(ADMIN)).await;
    assert_eq!((reply.status, reply.header("cache-control")), (StatusCode::NO_CONTENT, "no-store"));
    let cookie = reply.header("set-cookie");
    let rest = format!("; Path=/hls/{show}; Max-Age=43200; HttpOnly; SameSite=Strict");
    let said = cookie.strip_suffix(rest.as_str()).expect(cookie);
    assert_eq!(with(&client, &path, "cookie", said).await.status, StatusCode::OK);
    let forged = said.replace(ADMIN, "wrong");
    assert_eq!(with(&client, &path, "cookie", &forged).await.fault(), (401, "token_invalid".into()));
    let api = with(&client, &format!("/api/v1/shows/{show}/credentials"), "cookie", said).await;
    assert_ne!(api.status, StatusCode::OK, "it counts for nothing else");
}

#[tokio::test]
async fn ranges_are_cut_from_what_is_there() {
    let client = Client::new();
    let show = live(&client).await;
    let path = format!("/hls/{show}/720p/7.m4s");
    let part = with(&client, &path, "range", "bytes=1-3").await;
    assert_eq!((part.status, part.text()), (StatusCode::PARTIAL_CONTENT, "20p".to_owned()));
    assert_eq!(part.header("content-range"), "bytes 1-3/15");
    let outside = with(&client, &path, "range", "bytes=99-").await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(outside.header("content-range"), "bytes */15");
    let many = with(&client, &path, "range", "bytes=0-1,3-4").await;
    assert_eq!(many.status, StatusCode::OK, "more than one range gets the whole");
}

#[tokio::test]
async fn whoever_may_not_watch_gets_no_segment() {
    let client = Client::new();
    let show = client.show("Show").await;
    let path = format!("/hls/{show}/720p/7.m4s");
    assert_eq!(client.get(&path, None).await.fault(), (403, "not_allowed".into()), "not begun");
    let closed = json!({"door": "grant"});
    client.json("PATCH", &format!("/api/v1/shows/{show}"), Some(ADMIN), closed).await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    assert_eq!(client.get(&path, None).await.fault(), (401, "token_missing".into()));
    assert_eq!(client.get(&path, Some("wrong")).await.fault(), (401, "token_invalid".into()));
    let reply = client.get(&path, Some(ADMIN)).await;
    assert_eq!(reply.header("cache-control"), "private, max-age=31536000, immutable");
}
