//! Server-sent events: at once, then each change, coalesced, and no longer than the right to them.

use crate::client::{ADMIN, Client};
use axum::body::BodyDataStream;
use futures_util::StreamExt as _;
use palco_base::{FeedId, SessionId};
use palco_stage::Fact;
use palco_web::Who;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// One event: its name and data; none when the stream is over.
async fn next(stream: &mut BodyDataStream) -> Option<(String, Value)> {
    loop {
        let text = String::from_utf8(stream.next().await?.unwrap().to_vec()).unwrap();
        if text.starts_with(':') {
            continue;
        }
        let name = text.lines().find_map(|line| line.strip_prefix("event: ")).unwrap();
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        return Some((name.to_owned(), serde_json::from_str(data).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_desk_sees_the_state_at_once_and_each_change() {
    let client = Client::new();
    let show = client.show("Show").await;
    let mut stream = client.events(&format!("/api/v1/shows/{show}/events"), Some(ADMIN)).await;
    let (name, state) = next(&mut stream).await.unwrap();
    assert_eq!((name.as_str(), &state["show"]["state"]), ("state", &json!("scheduled")));
    assert_eq!(state, client.get(&format!("/api/v1/shows/{show}/state"), Some(ADMIN)).await.json());
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    let (_, state) = next(&mut stream).await.unwrap();
    assert_eq!(state["show"]["state"], "live");
    assert!(state["revision"].as_u64() > Some(0));
}

#[tokio::test(start_paused = true)]
async fn many_changes_are_one_event() {
    let client = Client::new();
    let show = client.show("Show").await;
    let mut stream = client.events(&format!("/api/v1/shows/{show}/events"), Some(ADMIN)).await;
    next(&mut stream).await.unwrap();
    let began = tokio::time::Instant::now();
    for n in 1..=50 {
        client.fake.fact(&show, Fact::Viewers(n));
    }
    let (_, state) = next(&mut stream).await.unwrap();
    assert_eq!(state["viewers"], 50, "the newest");
    assert!(began.elapsed() >= Duration::from_millis(100), "at most ten a second");
    client.fake.fact(&show, Fact::Viewers(51));
    assert_eq!(next(&mut stream).await.unwrap().1["viewers"], 51);
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test(start_paused = true)]
async fn levels_are_by_performer() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (id, ..) = client.performer(&show, "Ana").await;
    let clip = client.clip(&show).await;
    let state = client.post(&format!("/api/v1/shows/{show}/clips/{clip}/play")).await.json();
    let feed: FeedId = state["performers"][0]["feed"].as_str().unwrap().parse().unwrap();
    let mut stream = client.events(&format!("/api/v1/shows/{show}/events"), Some(ADMIN)).await;
    next(&mut stream).await.unwrap();
    let deck = client.fake.deck(&show);
    let levels = [(feed, -23.5), (deck, f32::NEG_INFINITY), (FeedId::new(0xdead), -1.0)];
    assert_eq!(client.fake.levels_of(&show, Arc::from(levels.as_slice())), 1);
    let (name, data) = next(&mut stream).await.unwrap();
    assert_eq!((name.as_str(), data), ("levels", json!({ "levels": { id: -23.5, "clip": -90.0 } })));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_the_right_to_it() {
    let client = Client::new();
    let show = client.show("Show").await;
    client.fake.token("director", Who::Director(client.fake.id(&show)));
    let mut stream = client.events(&format!("/api/v1/shows/{show}/events"), Some("director")).await;
    next(&mut stream).await.unwrap();
    client.fake.forget("director");
    let began = tokio::time::Instant::now();
    assert_eq!(next(&mut stream).await, None);
    assert!(began.elapsed() <= Duration::from_secs(16));
}

#[tokio::test(start_paused = true)]
async fn a_stream_ends_with_its_show() {
    let client = Client::new();
    let show = client.show("Show").await;
    let mut stream = client.events(&format!("/api/v1/public/shows/{show}/events"), None).await;
    next(&mut stream).await.unwrap();
    client.bare("DELETE", &format!("/api/v1/shows/{show}"), Some(ADMIN)).await;
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_performer_sees_what_concerns_them_until_they_are_removed() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (id, code, _) = client.performer(&show, "Ana").await;
    let mut stream = client.events("/api/v1/stage/events", Some(&code)).await;
    let (name, stage) = next(&mut stream).await.unwrap();
    assert_eq!((name.as_str(), &stage["me"]["role"]), ("stage", &json!("backstage")));
    // A change they cannot see is none to them; the next they can see comes alone.
    client.fake.fact(&show, Fact::Viewers(5));
    let path = format!("/api/v1/shows/{show}/performers/{id}");
    client.json("PATCH", &path, Some(ADMIN), json!({ "role": "host" })).await;
    assert_eq!(next(&mut stream).await.unwrap().1["me"]["role"], "host");
    client.bare("DELETE", &path, Some(ADMIN)).await;
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_audience_hears_only_of_what_it_can_see() {
    let client = Client::new();
    let show = client.show("Show").await;
    // An old token does no harm where none is needed.
    client.fake.expired("old");
    let mut stream = client.events(&format!("/api/v1/public/shows/{show}/events"), Some("old")).await;
    assert_eq!(next(&mut stream).await.unwrap().0, "show");
    let (id, ..) = client.performer(&show, "Ana").await;
    client
        .fake
        .fact(&show, Fact::PublisherConnected { performer: id.parse().unwrap(), session: SessionId::new(1) });
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    assert_eq!(
        next(&mut stream).await.unwrap().1["state"],
        "live",
        "one event, for the one thing that changed"
    );
}
