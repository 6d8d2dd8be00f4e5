//! One ticket, one screen: how a seat is opened, renewed, taken over and left.

use crate::client::{ADMIN, Client, Reply};
use crate::fake::TICKET;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt as _;
use serde_json::json;

const ONE: &str = "00000000000000a1";
const OTHER: &str = "00000000000000b2";

/// A live show whose door asks for a grant.
async fn ticketed(client: &Client) -> String {
    let show = client.show("Show").await;
    client.json("PATCH", &format!("/api/v1/shows/{show}"), Some(ADMIN), json!({"door": "grant"})).await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    show
}

struct Ask<'a> {
    method: &'a str,
    token: Option<&'a str>,
    cookie: Option<String>,
    viewer: &'a str,
    site: &'a str,
    body: &'a str,
}

async fn ask(client: &Client, show: &str, ask: Ask<'_>) -> Reply {
    let path = format!("/api/v1/public/shows/{show}/seat");
    let mut request = Request::builder().method(ask.method).uri(path).header("sec-fetch-site", ask.site);
    if let Some(cookie) = ask.cookie {
        request = request.header("cookie", cookie);
    }
    if let Some(token) = ask.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.header("palco-viewer", ask.viewer).header("content-type", "application/json");
    client.request(request.body(Body::from(ask.body.to_owned())).unwrap()).await
}

fn cookie(client: &Client, show: &str) -> Option<String> {
    Some(format!("a=b; palco-ticket-{}={TICKET}; c=d", client.fake.id(show)))
}

async fn take(client: &Client, show: &str, viewer: &str, take: bool) -> Reply {
    let body = json!({ "take": take }).to_string();
    let cookie = cookie(client, show);
    ask(client, show, Ask { method: "POST", token: None, cookie, viewer, site: "same-origin", body: &body })
        .await
}

#[tokio::test]
async fn a_seat_is_opened_taken_over_and_renewed() {
    let client = Client::new();
    let show = ticketed(&client).await;
    let mine = take(&client, &show, ONE, false).await;
    assert_eq!(mine.status, StatusCode::OK, "{}", mine.text());
    let mine = mine.json()["token"].as_str().unwrap().to_owned();
    let playlist = format!("/hls/{show}/index.m3u8");
    assert_eq!(client.get(&playlist, None).await.fault(), (401, "token_missing".into()));
    assert_ne!(client.get(&playlist, Some(&mine)).await.status, StatusCode::UNAUTHORIZED);
    let renew =
        |token, viewer| Ask { method: "PUT", token, cookie: None, viewer, site: "same-origin", body: "" };
    assert_eq!(ask(&client, &show, renew(Some(&mine), ONE)).await.status, StatusCode::OK);
    assert_eq!(take(&client, &show, OTHER, false).await.fault(), (409, "seat_open".into()));
    let theirs = take(&client, &show, OTHER, true).await;
    assert_eq!(theirs.status, StatusCode::OK);
    assert_eq!(ask(&client, &show, renew(Some(&mine), ONE)).await.fault(), (409, "seat_taken".into()));
    let theirs = theirs.json()["token"].as_str().unwrap().to_owned();
    let leave = Ask { method: "DELETE", ..renew(Some(&theirs), OTHER) };
    assert_eq!(ask(&client, &show, leave).await.status, StatusCode::NO_CONTENT);
    assert_eq!(take(&client, &show, ONE, false).await.status, StatusCode::OK, "nobody sits there");
}

#[tokio::test]
async fn a_stream_ends_at_once_when_the_seat_is_taken() {
    let client = Client::new();
    let show = ticketed(&client).await;
    let mine = take(&client, &show, ONE, false).await.json()["token"].as_str().unwrap().to_owned();
    let mut events = client.events(&format!("/api/v1/public/shows/{show}/events"), Some(&mine)).await;
    let first = events.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).starts_with("event: show"));
    client.fake.forget(&mine);
    take(&client, &show, OTHER, true).await;
    assert!(events.next().await.is_none(), "told within the moment, not at the next look");
}

#[tokio::test]
async fn nobody_sits_who_may_not() {
    let client = Client::new();
    let show = ticketed(&client).await;
    let none = |cookie| Ask {
        method: "POST",
        token: None,
        cookie,
        viewer: ONE,
        site: "same-origin",
        body: r#"{"take":true}"#,
    };
    assert_eq!(ask(&client, &show, none(None)).await.fault(), (401, "ticket_missing".into()));
    let wrong = format!("palco-ticket-{}=x", client.fake.id(&show));
    assert_eq!(ask(&client, &show, none(Some(wrong))).await.fault(), (404, "ticket_unknown".into()));
    let other = format!("palco-ticket-00000000000000ff={TICKET}");
    assert_eq!(ask(&client, &show, none(Some(other))).await.fault(), (401, "ticket_missing".into()));
    let host = format!("__Host-palco-ticket-{}={TICKET}", client.fake.id(&show));
    assert_eq!(ask(&client, &show, none(Some(host))).await.status, StatusCode::OK);
    for site in ["cross-site", "same-site"] {
        let elsewhere = Ask { site, ..none(cookie(&client, &show)) };
        assert_eq!(ask(&client, &show, elsewhere).await.fault(), (403, "other_site".into()));
    }
    let unknown = Ask { body: r#"{"take":true,"now":1}"#, ..none(cookie(&client, &show)) };
    assert_eq!(ask(&client, &show, unknown).await.status, StatusCode::BAD_REQUEST);
    let nameless = Ask { viewer: "", ..none(cookie(&client, &show)) };
    assert_eq!(ask(&client, &show, nameless).await.status, StatusCode::BAD_REQUEST);
    let renew = Ask { method: "PUT", token: Some(ADMIN), body: "", ..none(None) };
    assert_eq!(ask(&client, &show, renew).await.fault(), (403, "not_allowed".into()));
}

#[tokio::test]
async fn a_live_ticket_is_not_for_the_replay() {
    let client = Client::new();
    let show = ticketed(&client).await;
    let mine = take(&client, &show, ONE, false).await.json()["token"].as_str().unwrap().to_owned();
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    let playlist = client.get(&format!("/hls/{show}/index.m3u8"), Some(&mine)).await;
    assert_eq!(playlist.fault(), (403, "no_replay".into()));
}

#[tokio::test]
async fn a_warning_stands_before_the_page() {
    let client = Client::new();
    let show = client.show("Show").await;
    client.fake.warn();
    let page = client.get(&format!("/shows/{show}/watch"), None).await;
    assert_eq!(
        (page.status, page.header("location")),
        (StatusCode::SEE_OTHER, format!("/shows/{show}/door").as_str())
    );
    let read = Request::builder().uri(format!("/shows/{show}/watch"));
    let read = read.header("cookie", format!("palco-warned-{}=1", client.fake.id(&show)));
    let page = client.request(read.body(Body::empty()).unwrap()).await;
    assert_ne!(page.status, StatusCode::SEE_OTHER);
}
