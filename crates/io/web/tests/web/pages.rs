//! Pages and what is said with every answer.

use crate::client::Client;
use axum::http::StatusCode;

#[tokio::test]
async fn every_answer_says_who_may_embed_script_and_read_it() {
    let client = Client::new();
    for path in ["/", "/no/such/page", "/api/v1/public/shows", "/api/v1/shows", "/health/live", "/metrics"] {
        let reply = client.get(path, None).await;
        let policy = reply.header("content-security-policy");
        for part in [
            "default-src 'self'",
            "connect-src 'self'",
            "media-src 'self' blob:",
            "img-src 'self' data: blob:",
            "style-src 'self'",
            "script-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {part} is not in {policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "same-origin");
        assert!(reply.header("permissions-policy").contains("camera=(self), microphone=(self)"));
    }
}

#[tokio::test]
async fn the_api_is_open_to_pages_elsewhere_and_never_cached() {
    let client = Client::new();
    let reply = client.get("/api/v1/public/shows", None).await;
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    assert_eq!(reply.header("cache-control"), "no-store");
    let preflight = client.bare("OPTIONS", "/api/v1/shows", None).await;
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (StatusCode::OK, "*"));
    assert_eq!(client.get("/", None).await.header("access-control-allow-origin"), "", "pages are not");
}

#[tokio::test]
async fn pages_have_their_own_addresses() {
    let client = Client::new();
    for path in
        ["/shows/any-slug/watch", "/stage/some-invitation", "/desk/any-slug", "/desk/any-slug/report"]
    {
        let reply = client.get(path, None).await;
        // Built or not, each says what it should: the page, or how to get it.
        match reply.status {
            StatusCode::OK => {
                assert!(reply.header("content-type").starts_with("text/html"), "{path}");
                assert_eq!(reply.header("cache-control"), "no-cache");
                let tag = reply.header("etag").to_owned();
                let again = client.with_header("GET", path, None, ("if-none-match", &tag), "", "").await;
                assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0));
            }
            _ => assert_eq!(reply.fault(), (503, "pages_missing".into()), "{path}"),
        }
    }
    for path in [
        "/home.html",
        "/nothing",
        "/assets/../home.html",
        "/assets/none.js",
        "/desk",
        "/shows/x",
        "/assets/app.js.gz",
    ] {
        assert_eq!(client.get(path, None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        client.get("/api/v1/none", None).await.fault(),
        (404, "unknown_path".into()),
        "the API speaks JSON"
    );
}
