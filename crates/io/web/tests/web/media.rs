//! WHIP and WHEP: what HTTP alone can show of RFC 9725 and draft-ietf-wish-whep-03.

use crate::client::{ADMIN, Client, Reply};
use crate::fake::ANSWER;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use palco_base::SessionId;
use palco_web::{Media, Rate, WebConfig, Who};
use serde_json::json;
use std::collections::HashSet;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    a=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\n";
const FRAGMENT: &str = "a=ice-ufrag:abcd\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaaaa\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
    a=candidate:1 1 UDP 2130706431 192.0.2.1 3478 typ host\r\n";
const TRICKLE: &str = "application/trickle-ice-sdpfrag";

async fn offer(client: &Client, path: &str, token: Option<&str>) -> Reply {
    client.bytes("POST", path, token, "application/sdp", OFFER).await
}

/// A live show with a performer: slug, performer id, invitation, WHIP token.
async fn live(client: &Client) -> (String, String, String, String) {
    let show = client.show("Show").await;
    let (id, code, whip) = client.performer(&show, "Ana").await;
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    (show, id, code, whip)
}

fn session_of(reply: &Reply) -> SessionId {
    reply.header("location").rsplit('/').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn whip_publishes_and_ends() {
    let client = Client::new();
    let (show, id, code, whip) = live(&client).await;
    let reply = offer(&client, &format!("/whip/{show}"), Some(&whip)).await;
    // §4.2: 201 with the answer, its type, and where the session is.
    assert_eq!(
        (reply.status, reply.header("content-type"), reply.text()),
        (StatusCode::CREATED, "application/sdp", ANSWER.into())
    );
    let location = reply.header("location").to_owned();
    assert!(location.starts_with(&format!("/whip/{show}/")), "{location}");
    // §4.3.1: the entity tag is a strong one.
    let tag = reply.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");
    let sent = client.fake.offers().remove(0);
    assert_eq!((sent.media, sent.sdp.as_str()), (Media::Publish(id.parse().unwrap()), OFFER));

    // §4.2: GET on a session is a 2xx without content.
    assert_eq!(client.get(&location, None).await.status, StatusCode::NO_CONTENT);
    // The invitation is the same performer.
    assert_eq!(client.bare("DELETE", &location, Some(&code)).await.status, StatusCode::OK);
    assert_eq!(client.fake.closed(), [session_of(&reply)]);
    assert_eq!(client.bare("DELETE", &location, Some(&whip)).await.fault(), (404, "unknown_session".into()));
    assert_eq!(client.get(&location, None).await.fault(), (404, "unknown_session".into()));
}

#[tokio::test]
async fn whip_before_the_show_but_not_after_it() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (_, _, whip) = client.performer(&show, "Ana").await;
    let path = format!("/whip/{show}");
    assert_eq!(offer(&client, &path, Some(&whip)).await.status, StatusCode::CREATED, "performers come early");
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    assert_eq!(offer(&client, &path, Some(&whip)).await.fault(), (409, "show_over".into()));
}

#[tokio::test]
async fn whip_takes_sdp_only() {
    let client = Client::new();
    let (show, _, _, whip) = live(&client).await;
    let path = format!("/whip/{show}");
    let send =
        async |kind: &str, body: Vec<u8>| client.bytes("POST", &path, Some(&whip), kind, body).await.fault();
    assert_eq!(send("application/json", OFFER.into()).await, (415, "not_sdp".into()));
    assert_eq!(send("text/plain", OFFER.into()).await, (415, "not_sdp".into()));
    let none = Request::post(&path)
        .header("authorization", format!("Bearer {whip}"))
        .body(Body::from(OFFER))
        .unwrap();
    assert_eq!(client.request(none).await.fault(), (415, "not_sdp".into()));
    for broken in [&b""[..], b"{}", b"v=0", b"\xff\xfe", b"v=0\r\nm=\0", b"hello world"] {
        assert_eq!(send("application/sdp", broken.into()).await, (400, "sdp_broken".into()), "{broken:?}");
    }
    for size in [(64 << 10) + 1, 10 << 20] {
        let mut long = OFFER.as_bytes().to_vec();
        long.resize(size, b'x');
        assert_eq!(send("application/sdp", long).await, (413, "sdp_too_large".into()), "{size} bytes");
    }
    assert!(client.fake.offers().is_empty(), "the SFU saw none of that");
    let mut longest = OFFER.as_bytes().to_vec();
    longest.resize(64 << 10, b'x');
    let reply = client.bytes("POST", &path, Some(&whip), "application/sdp;charset=utf-8", longest).await;
    assert_eq!(reply.status, StatusCode::CREATED);
}

#[tokio::test]
async fn whip_is_for_its_performers() {
    let client = Client::new();
    let (show, ..) = live(&client).await;
    let other = client.show("Other").await;
    let (_, _, stranger) = client.performer(&other, "Ben").await;
    let path = format!("/whip/{show}");
    client.fake.expired("old");
    client.fake.token("viewer", Who::Viewer(client.fake.id(&show), None));
    client.fake.token("director", Who::Director(client.fake.id(&show)));
    client.fake.token("elsewhere", Who::Director(client.fake.id(&other)));
    for (token, fault) in [
        (None, (401, "token_missing")),
        (Some("wrong"), (401, "token_invalid")),
        (Some("old"), (401, "token_expired")),
        (Some(stranger.as_str()), (403, "token_other_show")),
        (Some("elsewhere"), (403, "token_other_show")),
        (Some("viewer"), (403, "not_allowed")),
        (Some("director"), (403, "not_allowed")),
        (Some(ADMIN), (403, "not_allowed")),
    ] {
        let reply = offer(&client, &path, token).await;
        assert_eq!(reply.fault(), (fault.0, fault.1.to_owned()), "{token:?}");
    }
    assert_eq!(offer(&client, "/whip/nothing", Some(&stranger)).await.fault(), (404, "unknown_show".into()));
}

#[tokio::test]
async fn a_session_is_its_owners() {
    let client = Client::new();
    let (show, _, code, whip) = live(&client).await;
    let (_, other, _) = client.performer(&show, "Ben").await;
    let foreign = client.show("Other").await;
    let (_, stranger, _) = client.performer(&foreign, "Eve").await;
    let reply = offer(&client, &format!("/whip/{show}"), Some(&whip)).await;
    let location = reply.header("location").to_owned();
    for method in ["DELETE", "PATCH"] {
        let send = async |token| client.bytes(method, &location, token, TRICKLE, FRAGMENT).await.fault();
        assert_eq!(send(None).await, (401, "token_missing".into()));
        assert_eq!(send(Some("wrong")).await, (401, "token_invalid".into()));
        assert_eq!(send(Some(&other)).await, (403, "not_allowed".into()));
        assert_eq!(send(Some(&stranger)).await, (403, "token_other_show".into()));
    }
    // Not under another show, nor at the other door, nor by a guess.
    for wrong in [
        location.replace(&format!("/{show}/"), "/other/"),
        location.replace("/whip/", "/whep/"),
        format!("/whip/{show}/00000000000000aa"),
        format!("/whip/{show}/..%2f"),
        format!("/whip/{show}/x"),
    ] {
        assert_eq!(
            client.bare("DELETE", &wrong, Some(&code)).await.fault(),
            (404, "unknown_session".into()),
            "{wrong}"
        );
    }
    client.fake.token("director", Who::Director(client.fake.id(&show)));
    assert_eq!(
        client.bare("DELETE", &location, Some("director")).await.status,
        StatusCode::OK,
        "the director may"
    );
}

#[tokio::test]
async fn trickle_is_taken_and_restarts_are_refused() {
    let client = Client::new();
    let (show, _, _, whip) = live(&client).await;
    let reply = offer(&client, &format!("/whip/{show}"), Some(&whip)).await;
    let (location, tag) = (reply.header("location").to_owned(), reply.header("etag").to_owned());
    let send = async |tag: &str, kind: &str, body: &str| {
        client.with_header("PATCH", &location, Some(&whip), ("if-match", tag), kind, body).await
    };
    // §4.3.2: 204, without an entity tag.
    let taken = send(&tag, TRICKLE, FRAGMENT).await;
    assert_eq!((taken.status, taken.header("etag")), (StatusCode::NO_CONTENT, ""));
    assert!(taken.body.is_empty());
    let plain = client.bytes("PATCH", &location, Some(&whip), TRICKLE, FRAGMENT).await;
    assert_eq!(plain.status, StatusCode::NO_CONTENT, "clients that send no condition");
    // Candidates that cannot be used are passed over silently.
    let odd = FRAGMENT.replace("192.0.2.1", "0d41a6c5.local");
    assert_eq!(send(&tag, TRICKLE, &odd).await.status, StatusCode::NO_CONTENT);
    // §4.3.3: a restart is not supported, and the session goes on.
    let restart = FRAGMENT.replace("abcd", "efgh");
    assert_eq!(send("*", TRICKLE, &restart).await.fault(), (422, "restart_unsupported".into()));
    assert_eq!(client.get(&location, None).await.status, StatusCode::NO_CONTENT);
    // Not the version it is for.
    assert_eq!(send("\"other\"", TRICKLE, FRAGMENT).await.fault(), (412, "wrong_entity_tag".into()));
    assert_eq!(send(&tag, TRICKLE, &restart).await.fault(), (412, "wrong_entity_tag".into()));
    // §4.3: only fragments.
    assert_eq!(send(&tag, "application/sdp", OFFER).await.fault(), (415, "not_a_fragment".into()));
    assert_eq!(send(&tag, TRICKLE, &"x".repeat(70_000)).await.fault(), (413, "sdp_too_large".into()));
    let bad = client.bytes("PATCH", &location, Some(&whip), TRICKLE, vec![0xff, 0xfe]).await;
    assert_eq!(bad.fault(), (400, "sdp_broken".into()));
}

#[tokio::test]
async fn endpoints_answer_looks_and_preflights() {
    let client = Client::new();
    let (show, ..) = live(&client).await;
    for door in ["whip", "whep"] {
        let path = format!("/{door}/{show}");
        // §4.2: GET is a 2xx without content, with no token.
        let look = client.get(&path, None).await;
        assert_eq!((look.status, look.body.len()), (StatusCode::NO_CONTENT, 0));
        // CORS preflight without a token: 200, and what the endpoint takes.
        let preflight = client.bare("OPTIONS", &path, None).await;
        assert_eq!(preflight.status, StatusCode::OK);
        assert_eq!(preflight.header("accept-post"), "application/sdp");
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        for wanted in ["POST", "PATCH", "DELETE"] {
            assert!(preflight.header("access-control-allow-methods").contains(wanted));
        }
        for wanted in ["authorization", "content-type", "if-match"] {
            assert!(preflight.header("access-control-allow-headers").contains(wanted));
        }
        assert_eq!(preflight.header("access-control-allow-credentials"), "", "bearer tokens, never cookies");
        // Answers, refusals too, can be read by any page.
        let refused = offer(&client, &path, Some("wrong")).await;
        assert_eq!(refused.header("access-control-allow-origin"), "*");
        assert!(refused.header("access-control-expose-headers").contains("location"));
        assert!(refused.header("access-control-expose-headers").contains("etag"));
    }
    let head = client.bare("HEAD", &format!("/whep/{show}"), None).await;
    assert_eq!((head.status, head.header("content-type")), (StatusCode::OK, "application/sdp"));
    assert_eq!(
        client.bare("OPTIONS", &format!("/whip/{show}/0000000000000001"), None).await.header("accept-post"),
        ""
    );
    assert_eq!(
        client.bare("PUT", &format!("/whip/{show}"), None).await.fault(),
        (405, "method_not_allowed".into())
    );
    assert_eq!(client.get("/whep/nothing", None).await.fault(), (404, "unknown_show".into()));
}

#[tokio::test]
async fn whep_is_open_while_the_show_is() {
    let client = Client::new();
    let show = client.show("Show").await;
    let path = format!("/whep/{show}");
    assert_eq!(offer(&client, &path, None).await.fault(), (409, "show_not_live".into()));
    client.post(&format!("/api/v1/shows/{show}/start")).await;
    let reply = offer(&client, &path, None).await;
    assert_eq!((reply.status, reply.header("content-type")), (StatusCode::CREATED, "application/sdp"));
    let location = reply.header("location").to_owned();
    assert!(location.starts_with(&format!("/whep/{show}/")));
    assert_eq!((client.fake.offers()[0].media, client.fake.offers()[0].who), (Media::Watch, None));
    client.post(&format!("/api/v1/shows/{show}/pause")).await;
    assert_eq!(offer(&client, &path, None).await.status, StatusCode::CREATED);
    // Whoever knows the session's address may end it: it cannot be guessed.
    assert_eq!(
        client.bytes("PATCH", &location, None, TRICKLE, FRAGMENT).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(client.bare("DELETE", &location, None).await.status, StatusCode::OK);
    client.post(&format!("/api/v1/shows/{show}/end")).await;
    assert_eq!(offer(&client, &path, None).await.fault(), (409, "show_over".into()));
}

#[tokio::test]
async fn a_closed_door_asks_for_a_grant() {
    let client = Client::new();
    let (show, _, code, _) = live(&client).await;
    let other = client.show("Other").await;
    let path = format!("/whep/{show}");
    client.json("PATCH", &format!("/api/v1/shows/{show}"), Some(ADMIN), json!({ "door": "grant" })).await;
    assert_eq!(offer(&client, &path, None).await.fault(), (401, "token_missing".into()));
    client.fake.token("viewer", Who::Viewer(client.fake.id(&show), None));
    client.fake.token("elsewhere", Who::Viewer(client.fake.id(&other), None));
    client.fake.expired("old");
    let reply = offer(&client, &path, Some("viewer")).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    assert_eq!(offer(&client, &path, Some("elsewhere")).await.fault(), (403, "token_other_show".into()));
    assert_eq!(offer(&client, &path, Some("old")).await.fault(), (401, "token_expired".into()));
    assert_eq!(offer(&client, &path, Some("wrong")).await.fault(), (401, "token_invalid".into()));
    assert_eq!(offer(&client, &path, Some(&code)).await.status, StatusCode::CREATED, "performers may look");
    let location = reply.header("location");
    assert_eq!(client.bare("DELETE", location, None).await.fault(), (401, "token_missing".into()));
    assert_eq!(client.bare("DELETE", location, Some("viewer")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn whep_of_a_performer_and_of_the_stage() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (ana, ana_code, _) = client.performer(&show, "Ana").await;
    let (ben, ..) = client.performer(&show, "Ben").await;
    client.fake.token("viewer", Who::Viewer(client.fake.id(&show), None));
    client.fake.token("director", Who::Director(client.fake.id(&show)));
    let of = |id: &str| format!("/whep/{show}?performer={id}");
    let last = || client.fake.offers().last().unwrap().media;

    assert_eq!(
        offer(&client, &of(&ben), Some(&ana_code)).await.status,
        StatusCode::CREATED,
        "before the show too"
    );
    assert_eq!(last(), Media::Performer(ben.parse().unwrap()));
    assert_eq!(offer(&client, &of(&ana), Some(&ana_code)).await.fault(), (403, "own_feed".into()));
    for director in ["director", ADMIN] {
        assert_eq!(offer(&client, &of(&ana), Some(director)).await.status, StatusCode::CREATED);
    }
    assert_eq!(offer(&client, &of(&ana), Some("viewer")).await.fault(), (403, "not_allowed".into()));
    assert_eq!(offer(&client, &of(&ana), None).await.fault(), (401, "token_missing".into()));
    assert_eq!(
        offer(&client, &of("00000000000000ff"), Some("director")).await.fault(),
        (404, "unknown_performer".into())
    );
    assert_eq!(offer(&client, &of("x"), Some("director")).await.fault(), (404, "unknown_performer".into()));

    let stage = format!("/whep/{show}?output=stage");
    assert_eq!(offer(&client, &stage, Some("director")).await.status, StatusCode::CREATED);
    assert_eq!(last(), Media::Stage);
    assert_eq!(offer(&client, &stage, Some(&ana_code)).await.fault(), (403, "not_allowed".into()));
    assert_eq!(offer(&client, &stage, None).await.fault(), (401, "token_missing".into()));
    let program = format!("/whep/{show}?output=program");
    assert_eq!(
        offer(&client, &program, Some("director")).await.status,
        StatusCode::CREATED,
        "a preview before the show"
    );
    assert_eq!(last(), Media::Preview);
    assert_eq!(offer(&client, &program, Some("viewer")).await.fault(), (409, "show_not_live".into()));
    let moon = format!("/whep/{show}?output=moon");
    assert_eq!(offer(&client, &moon, Some("director")).await.fault(), (400, "unknown_output".into()));
    let unknown = format!("/whep/{show}?speed=2");
    assert_eq!(offer(&client, &unknown, Some("director")).await.fault(), (400, "unknown_key".into()));
}

#[tokio::test]
async fn a_full_house_says_so() {
    let client = Client::new();
    let (show, ..) = live(&client).await;
    client.fake.fill_house();
    let reply = offer(&client, &format!("/whep/{show}"), None).await;
    assert_eq!(reply.fault(), (503, "house_full".into()));
    assert_eq!(reply.header("retry-after"), "2");
}

#[tokio::test]
async fn sessions_are_limited_per_client_but_not_from_this_machine() {
    let client =
        Client::with(WebConfig { sessions: Rate { burst: 2, per_second: 0.0 }, ..Default::default() });
    let (show, ..) = live(&client).await;
    for _ in 0..5 {
        assert_eq!(offer(&client, &format!("/whep/{show}"), None).await.status, StatusCode::CREATED);
    }
}

#[tokio::test]
async fn session_addresses_differ() {
    let client = Client::new();
    let (show, _, _, whip) = live(&client).await;
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let reply = offer(&client, &format!("/whip/{show}"), Some(&whip)).await;
        assert!(seen.insert(reply.header("location").to_owned()));
        assert!(seen.insert(reply.header("etag").to_owned()), "entity tags are per session");
    }
}
