//! The house: what players may tell, what the director sees of it, the report and the film.

use crate::client::{ADMIN, Client, Reply};
use axum::http::StatusCode;
use palco_web::{Recording, Who};
use serde_json::{Value, json};

const ONE: &str = "00000000000000a1";
const OTHER: &str = "00000000000000b2";

/// A live show.
async fn live(client: &Client) -> String {
    let show = client.show("Show").await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    show
}

fn sighting(viewer: &str) -> Value {
    json!({"viewer": viewer, "number": 0, "way": "webrtc", "watched_ms": 2000, "frozen_ms": 500, "freezes": 1,
        "joined_ms": 640, "delay_ms": 120})
}

async fn tell(client: &Client, show: &str, token: Option<&str>, body: Value) -> Reply {
    client.json("POST", &format!("/api/v1/public/shows/{show}/sightings"), token, body).await
}

async fn house(client: &Client, show: &str) -> Value {
    client.get(&format!("/api/v1/shows/{show}/house"), Some(ADMIN)).await.json()
}

#[tokio::test]
async fn what_a_player_tells_is_what_the_director_sees() {
    let client = Client::new();
    let show = live(&client).await;
    assert_eq!(tell(&client, &show, None, sighting(ONE)).await.status, StatusCode::NO_CONTENT);
    let mut other = sighting(OTHER);
    other["way"] = json!("audio");
    tell(&client, &show, None, other).await;
    let seen = house(&client, &show).await;
    assert_eq!(seen["viewers"], 2);
    assert_eq!(seen["by_way"], json!({"webrtc": 1, "hls": 0, "audio": 1}));
    assert_eq!((&seen["came"], &seen["peak"], &seen["join"]["count"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!(seen["frozen_share"], 0.25);
    assert_eq!(seen["recording"]["state"], "ready");
    let goodbye = json!({"viewer": ONE, "number": 1, "way": "webrtc", "watched_ms": 0, "frozen_ms": 0,
        "freezes": 0, "leaving": true});
    tell(&client, &show, None, goodbye).await;
    assert_eq!(house(&client, &show).await["left"]["left"], 1);
}

#[tokio::test]
async fn who_reads_the_playlist_is_counted_once_by_name_or_by_program() {
    let client = Client::new();
    let show = live(&client).await;
    for resource in ["index.m3u8", "720p.m3u8", "720p/7.m4s"] {
        let path = format!("/hls/{show}/{resource}");
        client.get(&path, None).await;
        client.with_header("GET", &path, None, ("user-agent", "Another/1.0"), "text/plain", "").await;
        client.with_header("GET", &path, None, ("palco-viewer", ONE), "text/plain", "").await;
        // Those who make the show are not its audience.
        client.get(&path, Some(ADMIN)).await;
    }
    tell(&client, &show, None, sighting(ONE)).await;
    assert_eq!(house(&client, &show).await["by_way"], json!({"webrtc": 1, "hls": 2, "audio": 0}));
    let wrong = ("palco-viewer", "somebody");
    let path = format!("/hls/{show}/720p.m3u8");
    let refused = client.with_header("GET", &path, None, wrong, "text/plain", "").await;
    assert_eq!(refused.fault(), (400, "invalid_value".into()));
}

#[tokio::test]
async fn a_session_is_opened_for_the_viewer_who_says_so() {
    let client = Client::new();
    let show = live(&client).await;
    let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    let path = format!("/whep/{show}");
    for (value, status) in [(ONE, StatusCode::CREATED), ("x", StatusCode::BAD_REQUEST)] {
        let header = ("palco-viewer", value);
        let reply = client.with_header("POST", &path, None, header, "application/sdp", offer).await;
        assert_eq!(reply.status, status, "{value}: {}", reply.text());
    }
    assert_eq!(client.fake.offers()[0].viewer, Some(ONE.parse().unwrap()));
}

#[tokio::test]
async fn nobody_tells_who_may_not_watch() {
    let client = Client::new();
    let show = client.show("Show").await;
    assert_eq!(tell(&client, &show, None, sighting(ONE)).await.fault(), (403, "not_allowed".into()));
    let closed = json!({"door": "grant"});
    client.json("PATCH", &format!("/api/v1/shows/{show}"), Some(ADMIN), closed).await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    assert_eq!(tell(&client, &show, None, sighting(ONE)).await.fault(), (401, "token_missing".into()));
    assert_eq!(tell(&client, &show, Some("x"), sighting(ONE)).await.fault(), (401, "token_invalid".into()));
    let id = client.fake.id(&show);
    client.fake.token("seat", Who::Viewer(id, None));
    client.fake.token("director", Who::Director(id));
    let elsewhere = client.show("Another").await;
    client.fake.token("elsewhere", Who::Viewer(client.fake.id(&elsewhere), None));
    let refused = tell(&client, &show, Some("elsewhere"), sighting(ONE)).await;
    assert_eq!(refused.fault(), (403, "token_other_show".into()));
    assert_eq!(tell(&client, &show, Some("director"), sighting(OTHER)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house(&client, &show).await["viewers"], 0, "a director is no viewer");
    assert_eq!(tell(&client, &show, Some("seat"), sighting(ONE)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house(&client, &show).await["viewers"], 1);
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    assert_eq!(
        tell(&client, &show, Some("seat"), sighting(ONE)).await.fault(),
        (409, "show_not_live".into())
    );
}

#[tokio::test]
async fn sightings_that_make_no_sense_are_refused() {
    let client = Client::new();
    let show = live(&client).await;
    for (key, value, code) in [
        ("viewer", json!("00000000000000A1"), "invalid_value"),
        ("viewer", json!(7), "invalid_value"),
        ("way", json!("carrier pigeon"), "unknown_value"),
        ("watched_ms", json!(-1), "invalid_value"),
        ("watched_ms", json!(1e300), "invalid_value"),
        ("watched_ms", json!(3_600_001), "invalid_value"),
        ("frozen_ms", json!(2_001), "invalid_value"),
        ("joined_ms", json!(u64::MAX), "invalid_value"),
        ("name", json!("Ada"), "unknown_key"),
    ] {
        let mut told = sighting(ONE);
        told[key] = value.clone();
        let refused = tell(&client, &show, None, told).await;
        assert_eq!(refused.fault(), (400, code.into()), "{key}: {value}");
    }
    let long = json!({"viewer": "x".repeat(70_000)});
    assert_eq!(tell(&client, &show, None, long).await.fault(), (413, "body_too_large".into()));
    let path = format!("/api/v1/public/shows/{show}/sightings");
    let text = client.bytes("POST", &path, None, "text/plain", sighting(ONE).to_string()).await;
    assert_eq!(text.fault(), (415, "not_json".into()));
    assert_eq!(house(&client, &show).await["came"], 0);
}

#[tokio::test]
async fn the_report_is_the_directors_as_json_and_as_a_table() {
    let client = Client::new();
    let show = live(&client).await;
    tell(&client, &show, None, sighting(ONE)).await;
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    let path = format!("/api/v1/shows/{show}/report");
    let report = client.get(&path, Some(ADMIN)).await.json();
    assert_eq!((&report["title"], &report["house"]["left"]["ended"]), (&json!("Show"), &json!(1)));
    assert_eq!(report["timeline"][0]["by_way"]["webrtc"], 1);
    let joins = report["joins"].as_array().unwrap();
    assert_eq!(joins.iter().map(|step| step["count"].as_u64().unwrap()).sum::<u64>(), 1);
    let table = client.get(&format!("{path}.csv"), Some(ADMIN)).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"show-report.csv\"");
    let text = table.text();
    for line in ["title,Show", "viewers_peak,1", "left_show_ended,1", "watched_s,2", "frozen_s,0.5"] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
    let (_, timeline) = text.split_once("\r\n\r\n").unwrap();
    assert_eq!(timeline.lines().count(), 2, "{timeline}");
    assert!(timeline.lines().nth(1).unwrap().ends_with(",1,0,0,2,0.5"), "{timeline}");
    for path in [format!("{path}.csv"), path, format!("/api/v1/shows/{show}/house")] {
        assert_eq!(client.get(&path, None).await.fault(), (401, "token_missing".into()), "{path}");
        client.fake.token("seat", Who::Viewer(client.fake.id(&show), None));
        assert_eq!(client.get(&path, Some("seat")).await.fault(), (403, "not_allowed".into()), "{path}");
    }
}

#[tokio::test]
async fn the_film_is_sent_whole_to_a_director_with_a_header_or_a_form() {
    let client = Client::new();
    let show = live(&client).await;
    let path = format!("/api/v1/shows/{show}/recording.mp4");
    let form = "application/x-www-form-urlencoded";
    assert_eq!(client.get(&path, Some(ADMIN)).await.fault(), (409, "show_not_over".into()));
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    let by_header = client.get(&path, Some(ADMIN)).await;
    let by_form = client.bytes("POST", &path, None, form, format!("token={ADMIN}")).await;
    for reply in [by_header, by_form] {
        assert_eq!((reply.status, reply.text()), (StatusCode::OK, "onetwothree".to_owned()));
        assert_eq!(reply.header("content-type"), "video/mp4");
        assert_eq!(reply.header("content-length"), "11");
        assert_eq!(reply.header("content-disposition"), "attachment; filename=\"show.mp4\"");
    }
    let ranged = |value| client.with_header("GET", &path, Some(ADMIN), ("range", value), "text/plain", "");
    let rest = ranged("bytes=5-").await;
    assert_eq!((rest.status, rest.text()), (StatusCode::PARTIAL_CONTENT, "othree".to_owned()));
    assert_eq!((rest.header("content-range"), rest.header("content-length")), ("bytes 5-10/11", "6"));
    assert_eq!(rest.header("etag"), "\"film\"");
    let outside = ranged("bytes=11-").await;
    assert_eq!(
        (outside.status, outside.header("content-range")),
        (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */11")
    );
    for (body, code) in [
        ("token=wrong", (401, "token_invalid")),
        ("token=%0d%0a", (400, "invalid_value")),
        ("token=a&other=b", (400, "form_broken")),
        ("", (400, "form_broken")),
        ("token=a&token=b", (400, "form_broken")),
    ] {
        let (status, found) = client.bytes("POST", &path, None, form, body).await.fault();
        assert_eq!((status, found.as_str()), code, "{body}");
    }
    let json = client.bytes("POST", &path, None, "application/json", "{}").await;
    assert_eq!(json.fault(), (415, "not_a_form".into()));
    assert_eq!(client.get(&path, None).await.fault(), (401, "token_missing".into()));
    client.fake.set_recording(Recording::Gone);
    assert_eq!(client.get(&path, Some(ADMIN)).await.fault(), (404, "recording_gone".into()));
    let public = client.get(&format!("/api/v1/public/shows/{show}"), None).await.json();
    assert_eq!((&public["replay"], &public["replay_gone"]), (&json!(false), &json!(true)));
    client.fake.set_recording(Recording::Ready(Some("disk_full")));
    let told = house(&client, &show).await;
    assert_eq!(told["recording"], json!({"state": "ready", "fault": "disk_full"}));
}
