//! Bad input at the door: a clear answer, always in the same shape.

use crate::client::{ADMIN, Client};
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use futures_util::stream;
use palco_web::{Rate, WebConfig, Who};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let client = Client::new();
    let show = client.show("Show").await;
    let clip = client.clip(&show).await;
    let (id, ..) = client.performer(&show, "Ana").await;
    let cases: Vec<(&str, String, Value, u16, &str)> = vec![
        ("POST", "/api/v1/shows".into(), json!({}), 400, "missing_key"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "colour": "red" }), 400, "unknown_key"),
        ("POST", "/api/v1/shows".into(), json!({ "title": 5 }), 400, "invalid_value"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "canvas": "4:3" }), 400, "unknown_value"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "starts_at": "soon" }), 400, "time_invalid"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "" }), 400, "title_invalid"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "slug": "Not A Slug" }), 400, "slug_invalid"),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "slug": "show" }), 409, "slug_taken"),
        (
            "POST",
            "/api/v1/shows".into(),
            json!({ "title": "x", "max_on_air": 10 }),
            400,
            "max_on_air_invalid",
        ),
        ("POST", "/api/v1/shows".into(), json!({ "title": "x", "max_on_air": -1 }), 400, "invalid_value"),
        (
            "POST",
            format!("/api/v1/shows/{show}/performers"),
            json!({ "name": "x", "role": "star" }),
            400,
            "unknown_value",
        ),
        (
            "POST",
            format!("/api/v1/shows/{show}/performers"),
            json!({ "name": "x", "expires_in_s": 0 }),
            400,
            "expires_invalid",
        ),
        (
            "PATCH",
            format!("/api/v1/shows/{show}/performers/{id}"),
            json!({ "volume": 3 }),
            400,
            "volume_invalid",
        ),
        ("PATCH", format!("/api/v1/shows/{show}/performers/{id}"), json!({ "place": 0 }), 409, "not_on_air"),
        ("PATCH", format!("/api/v1/shows/{show}/performers/nobody"), json!({}), 404, "unknown_performer"),
        (
            "PATCH",
            format!("/api/v1/shows/{show}/performers/00000000000000ff"),
            json!({}),
            404,
            "unknown_performer",
        ),
        ("PUT", format!("/api/v1/shows/{show}/scene"), json!({ "layout": "cubist" }), 400, "unknown_layout"),
        (
            "PUT",
            format!("/api/v1/shows/{show}/scene"),
            json!({ "layout": "solo", "focus": id }),
            404,
            "unknown_performer",
        ),
        ("PUT", format!("/api/v1/shows/{show}/scene"), json!({ "layout": "clip_full" }), 409, "no_clip"),
        (
            "PUT",
            format!("/api/v1/shows/{show}/scene"),
            json!({ "layout": "solo", "transition": { "kind": "wipe" } }),
            400,
            "unknown_value",
        ),
        (
            "PUT",
            format!("/api/v1/shows/{show}/scene"),
            json!({ "layout": "solo", "transition": { "kind": "fade", "millis": 60_000 } }),
            400,
            "transition_invalid",
        ),
        ("PUT", format!("/api/v1/shows/{show}/audience"), json!({ "target": "moon" }), 400, "unknown_value"),
        ("PUT", format!("/api/v1/shows/{show}/audience"), json!({ "target": "clip" }), 400, "missing_key"),
        (
            "PUT",
            format!("/api/v1/shows/{show}/audience"),
            json!({ "target": "clip", "clip": "00000000000000ff" }),
            404,
            "unknown_clip",
        ),
        (
            "PUT",
            format!("/api/v1/shows/{show}/audience"),
            json!({ "target": "slate", "slate": { "title": "x".repeat(121) } }),
            400,
            "slate_invalid",
        ),
        (
            "POST",
            format!("/api/v1/shows/{show}/clips/{clip}/seek"),
            json!({ "position_ms": 1 }),
            409,
            "clip_not_loaded",
        ),
        (
            "POST",
            format!("/api/v1/shows/{show}/clips/{clip}/seek"),
            json!({ "position_ms": -1 }),
            400,
            "invalid_value",
        ),
        (
            "POST",
            format!("/api/v1/shows/{show}/clips/film/seek"),
            json!({ "position_ms": 1 }),
            404,
            "unknown_clip",
        ),
        ("POST", "/api/v1/shows/nothing/start".into(), json!({}), 404, "unknown_show"),
        ("POST", "/api/v1/nothing".into(), json!({}), 404, "unknown_path"),
    ];
    for (method, path, body, status, code) in cases {
        let reply = client.json(method, &path, Some(ADMIN), body.clone()).await;
        assert_eq!(reply.fault(), (status, code.to_owned()), "{method} {path} {body}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json() {
    let client = Client::new();
    let send = async |kind: &str, body: &str| {
        client.bytes("POST", "/api/v1/shows", Some(ADMIN), kind, body.to_owned()).await.fault()
    };
    assert_eq!(send("text/plain", "{}").await, (415, "not_json".into()));
    assert_eq!(send("application/x-www-form-urlencoded", "title=x").await, (415, "not_json".into()));
    assert_eq!(send("application/json", "").await, (400, "json_broken".into()));
    assert_eq!(send("application/json", "{\"title\":").await, (400, "json_broken".into()));
    assert_eq!(send("application/json", "{\"title\":\"x\"} trailing").await, (400, "json_broken".into()));
    assert_eq!(send("application/json", r#"{"title":"x","title":"y"}"#).await, (400, "duplicate_key".into()));
    let deep = "[".repeat(50_000);
    assert_eq!(send("application/json", &deep).await.0, 400);
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(65_536));
    assert_eq!(send("application/json", &long).await, (413, "body_too_large".into()));
    let huge = "x".repeat(3 << 20);
    assert_eq!(send("application/json", &huge).await, (413, "body_too_large".into()));
    // Parameters and letters of the type do not matter.
    let reply = client
        .bytes("POST", "/api/v1/shows", Some(ADMIN), "Application/JSON; charset=utf-8", r#"{"title":"x"}"#)
        .await;
    assert_eq!(reply.status, StatusCode::CREATED);
}

#[tokio::test]
async fn who_may_not_is_told_before_the_body_is_read() {
    let client = Client::new();
    let show = client.show("Show").await;
    let path = format!("/api/v1/shows/{show}/scene");
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(
        client.bytes("PUT", &path, Some("wrong"), "application/json", never).await.fault(),
        (401, "token_invalid".into())
    );
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(
        client.bytes("PUT", &path, None, "application/json", never).await.fault(),
        (401, "token_missing".into())
    );
}

#[tokio::test]
async fn tokens_that_are_none() {
    let client = Client::new();
    let show = client.show("Show").await;
    let path = format!("/api/v1/shows/{show}/state");
    client.fake.expired("old");
    let expired = client.get(&path, Some("old")).await;
    assert_eq!(expired.fault(), (401, "token_expired".into()));
    assert_eq!(expired.header("www-authenticate"), "Bearer");
    for header in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer\tx", "Bearer wrong"] {
        let request = Request::get(&path).header("authorization", header).body(Body::empty()).unwrap();
        assert_eq!(client.request(request).await.fault(), (401, "token_invalid".into()), "{header:?}");
    }
    let two = Request::get(&path)
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("authorization", "Bearer other")
        .body(Body::empty())
        .unwrap();
    assert_eq!(client.request(two).await.fault(), (401, "token_invalid".into()));
    let lower =
        Request::get(&path).header("authorization", format!("bearer {ADMIN}")).body(Body::empty()).unwrap();
    assert_eq!(
        client.request(lower).await.status,
        StatusCode::OK,
        "the scheme's letters do not matter (RFC 9110 §11.1)"
    );
}

#[tokio::test]
async fn bad_tokens_are_limited_and_good_ones_are_not() {
    let token_failures = Rate { burst: 3, per_second: 0.0 };
    let client = Client::with(WebConfig { token_failures, ..Default::default() });
    let show = client.show("Show").await;
    let path = format!("/api/v1/shows/{show}/state");
    for _ in 0..3 {
        assert_eq!(client.get(&path, Some("guess")).await.fault(), (401, "token_invalid".into()));
    }
    let reply = client.get(&path, Some("guess")).await;
    assert_eq!(reply.fault(), (429, "too_many_requests".into()));
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(client.get(&path, Some(ADMIN)).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn slow_bodies_are_not_waited_for() {
    let client = Client::new();
    let show = client.show("Show").await;
    let never = || Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    let began = tokio::time::Instant::now();
    let reply = client.bytes("POST", "/api/v1/shows", Some(ADMIN), "application/json", never()).await;
    assert_eq!(reply.fault(), (408, "too_slow".into()));
    assert_eq!(began.elapsed().as_secs(), 10);
    let path = format!("/api/v1/shows/{show}/clips?name=x");
    let reply = client.bytes("POST", &path, Some(ADMIN), "video/mp4", never()).await;
    assert_eq!(reply.fault(), (400, "upload_stalled".into()));
    // One that trickles is fine as long as it moves.
    let chunks = stream::unfold(0, |n| async move {
        tokio::time::advance(Duration::from_secs(20)).await;
        (n < 10).then(|| (Ok::<_, std::io::Error>(Bytes::from_static(b"x")), n + 1))
    });
    let reply = client.bytes("POST", &path, Some(ADMIN), "video/mp4", Body::from_stream(chunks)).await;
    assert_eq!(reply.json()["size"], 10);
}

#[tokio::test]
async fn uploads_that_are_none() {
    let client = Client::new();
    let show = client.show("Show").await;
    let path = format!("/api/v1/shows/{show}/clips");
    let send = async |path: &str, kind: &str, body: Body| {
        client.bytes("POST", path, Some(ADMIN), kind, body).await.fault()
    };
    assert_eq!(send(&path, "video/mp4", Body::empty()).await, (422, "clip_empty".into()));
    assert_eq!(
        send(&path, "multipart/form-data; boundary=x", Body::from("x")).await,
        (415, "not_bytes".into())
    );
    assert_eq!(send(&path, "application/json", Body::from("{}")).await, (415, "not_bytes".into()));
    assert_eq!(
        send(&format!("{path}?title=x"), "video/mp4", Body::from("x")).await,
        (400, "unknown_key".into())
    );
    let long = format!("{path}?name={}", "x".repeat(201));
    assert_eq!(send(&long, "video/mp4", Body::from("x")).await, (400, "name_invalid".into()));
    let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err(std::io::Error::other("gone"))]);
    assert_eq!(send(&path, "video/mp4", Body::from_stream(broken)).await, (400, "upload_broken".into()));
    let request = Request::post(&path)
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("content-type", "video/mp4")
        .header("content-length", "2000000");
    let reply = client.request(request.body(Body::from("x")).unwrap()).await;
    assert_eq!(reply.fault(), (413, "clip_too_large".into()));
}

#[tokio::test]
async fn methods_that_are_not_taken() {
    let client = Client::new();
    for (method, path) in
        [("PUT", "/api/v1/shows"), ("DELETE", "/api/v1/stage"), ("POST", "/"), ("POST", "/some/page")]
    {
        let reply = client.bare(method, path, None).await;
        assert_eq!(reply.fault(), (405, "method_not_allowed".into()), "{method} {path}");
    }
}

#[tokio::test]
async fn a_viewer_directs_nothing() {
    let client = Client::new();
    let show = client.show("Show").await;
    client.fake.token("viewer", Who::Viewer(client.fake.id(&show), None));
    let (id, ..) = client.performer(&show, "Ana").await;
    let clip = client.clip(&show).await;
    let base = format!("/api/v1/shows/{show}");
    for (method, path) in [
        ("GET", base.clone()),
        ("PATCH", base.clone()),
        ("DELETE", base.clone()),
        ("POST", format!("{base}/start")),
        ("POST", format!("{base}/pause")),
        ("POST", format!("{base}/resume")),
        ("POST", format!("{base}/end")),
        ("POST", format!("{base}/director-links")),
        ("POST", format!("{base}/viewer-links")),
        ("GET", format!("{base}/state")),
        ("GET", format!("{base}/events")),
        ("POST", format!("{base}/performers")),
        ("PATCH", format!("{base}/performers/{id}")),
        ("DELETE", format!("{base}/performers/{id}")),
        ("POST", format!("{base}/performers/{id}/credentials")),
        ("PUT", format!("{base}/scene")),
        ("PUT", format!("{base}/audience")),
        ("POST", format!("{base}/clips")),
        ("GET", format!("{base}/clips")),
        ("DELETE", format!("{base}/clips/{clip}")),
        ("POST", format!("{base}/clips/{clip}/play")),
        ("POST", format!("{base}/clips/{clip}/pause")),
        ("POST", format!("{base}/clips/{clip}/seek")),
        ("POST", format!("{base}/clips/{clip}/stop")),
        ("PATCH", format!("{base}/clips/{clip}/playback")),
    ] {
        let refused = client.json(method, &path, Some("viewer"), json!({})).await;
        assert_eq!(refused.fault(), (403, "not_allowed".into()), "{method} {path}");
        let refused = client.json(method, &path, None, json!({})).await;
        assert_eq!(refused.fault(), (401, "token_missing".into()), "{method} {path}");
    }
}
