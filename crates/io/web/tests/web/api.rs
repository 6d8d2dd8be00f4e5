//! What a director, a performer and a visitor can do.

use crate::client::{ADMIN, Client};
use axum::http::StatusCode;
use palco_base::{Codec, PerformerId, SessionId};
use palco_stage::Fact;
use serde_json::json;

#[tokio::test]
async fn a_show_from_its_announcement_to_its_end() {
    let client = Client::new();
    let asked = json!({ "title": "Friday Late Show", "starts_at": "2027-01-01T20:00:00+01:00", "max_on_air": 6,
        "canvas": "9:16", "door": "grant", "description": "With a band." });
    let reply = client.json("POST", "/api/v1/shows", Some(ADMIN), asked).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let show = reply.json();
    assert_eq!(show["slug"], "friday-late-show");
    assert_eq!(show["starts_at"], "2027-01-01T19:00:00.000Z");
    assert_eq!(
        (&show["canvas"], &show["door"], &show["max_on_air"]),
        (&json!("9:16"), &json!("grant"), &json!(6))
    );
    assert_eq!(show["links"]["watch"], "http://palco.test:8080/shows/friday-late-show/watch");
    assert_eq!(show["links"]["desk"], "http://palco.test:8080/desk/friday-late-show");
    let id = show["id"].as_str().unwrap();
    let path = format!("/api/v1/shows/{id}");
    assert_eq!(client.get(&path, Some(ADMIN)).await.json(), show, "by id");
    assert_eq!(client.get("/api/v1/shows/friday-late-show", Some(ADMIN)).await.json(), show, "by slug");

    let patch = json!({ "title": "Saturday", "starts_at": null, "max_on_air": 4 });
    let changed = client.json("PATCH", &path, Some(ADMIN), patch).await.json();
    assert_eq!((&changed["title"], &changed["starts_at"]), (&json!("Saturday"), &json!(null)));
    assert_eq!(changed["description"], "With a band.", "what is absent stays");

    for (verb, state) in [("start", "live"), ("pause", "paused"), ("resume", "live"), ("end", "over")] {
        let reply = client.post(&format!("{path}/{verb}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        assert_eq!(reply.json()["show"]["state"], state);
        if state == "live" {
            assert_eq!(client.bare("DELETE", &path, Some(ADMIN)).await.fault(), (409, "show_live".into()));
        }
    }
    assert_eq!(client.get("/api/v1/shows", Some(ADMIN)).await.json()["shows"].as_array().unwrap().len(), 1);
    assert_eq!(client.bare("DELETE", &path, Some(ADMIN)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get(&path, Some(ADMIN)).await.fault(), (404, "unknown_show".into()));
}

#[tokio::test]
async fn links_let_in_who_they_are_for_and_only_there() {
    let client = Client::new();
    let (one, two) = (client.show("One").await, client.show("Two").await);
    let link = client.post(&format!("/api/v1/shows/{one}/director-links")).await.json();
    let token = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("http://palco.test:8080/desk/one#k={token}"));
    assert!(link["expires_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(client.get(&format!("/api/v1/shows/{one}/state"), Some(token)).await.status, StatusCode::OK);
    let other = client.get(&format!("/api/v1/shows/{two}/state"), Some(token)).await;
    assert_eq!(other.fault(), (403, "token_other_show".into()));
    assert_eq!(client.get("/api/v1/shows", Some(token)).await.fault(), (403, "not_allowed".into()));
    let new = client.json("POST", "/api/v1/shows", Some(token), json!({ "title": "Mine" })).await;
    assert_eq!(new.fault(), (403, "not_allowed".into()));

    let asked = json!({ "expires_in_s": 60 });
    let link =
        client.json("POST", &format!("/api/v1/shows/{one}/viewer-links"), Some(token), asked).await.json();
    let viewer = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("http://palco.test:8080/shows/one/watch#t={viewer}"));
    assert_eq!(link["expires_at"], "2027-01-15T08:01:00.000Z");
    let state = client.get(&format!("/api/v1/shows/{one}/state"), Some(viewer)).await;
    assert_eq!(state.fault(), (403, "not_allowed".into()));
    let never = json!({ "expires_in_s": 0 });
    let reply = client.json("POST", &format!("/api/v1/shows/{one}/viewer-links"), Some(token), never).await;
    assert_eq!(reply.fault(), (400, "expires_invalid".into()));
}

#[tokio::test]
async fn performers_come_on_stage_and_leave() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (id, code, whip) = client.performer(&show, "Ana").await;
    assert_eq!(code.len(), 22, "128 bits as base64url");
    let path = format!("/api/v1/shows/{show}/performers/{id}");
    let state =
        client.json("PATCH", &path, Some(ADMIN), json!({ "role": "host", "volume": 0.5 })).await.json();
    let ana = &state["performers"][0];
    assert_eq!((&ana["role"], &ana["place"], &ana["volume"]), (&json!("host"), &json!(0), &json!(0.5)));
    assert_eq!(
        (&ana["connection"], &ana["audio"], &ana["video_codec"]),
        (&json!("away"), &json!(false), &json!(null))
    );

    let performer: PerformerId = id.parse().unwrap();
    let feed = ana["feed"].as_str().unwrap().parse().unwrap();
    let session = SessionId::new(1);
    client.fake.fact(&show, Fact::PublisherConnected { performer, session });
    client.fake.fact(&show, Fact::FeedChanged { feed, audio: Some(Codec::Opus), video: Some(Codec::H264) });
    let state = client.get(&format!("/api/v1/shows/{show}/state"), Some(ADMIN)).await.json();
    let ana = &state["performers"][0];
    assert_eq!(
        (&ana["connection"], &ana["audio"], &ana["video_codec"]),
        (&json!("connected"), &json!(true), &json!("h264"))
    );

    let again = client.post(&format!("{path}/credentials")).await.json();
    assert!(again["invitation_url"].as_str().unwrap().ends_with(&code), "the invitation stays the same");
    assert_ne!(again["whip_token"], json!(whip), "the token is a new one");
    assert_eq!(again["whip_url"], format!("http://palco.test:8080/whip/{show}"));

    assert_eq!(client.bare("DELETE", &path, Some(ADMIN)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get("/api/v1/stage", Some(&code)).await.fault(), (404, "invitation_unknown".into()));
    assert_eq!(client.bare("DELETE", &path, Some(ADMIN)).await.fault(), (404, "unknown_performer".into()));
    assert_eq!(client.post(&format!("{path}/credentials")).await.fault(), (404, "unknown_performer".into()));
}

#[tokio::test]
async fn a_performer_sees_the_stage_but_not_how_to_get_in_as_others() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (ana, code, whip) = client.performer(&show, "Ana").await;
    let (ben, ben_code, _) = client.performer(&show, "Ben").await;
    let reply = client.get("/api/v1/stage", Some(&code)).await;
    let stage = reply.json();
    assert_eq!((&stage["me"]["id"], &stage["me"]["name"]), (&json!(ana), &json!("Ana")));
    assert_eq!((&stage["others"][0]["id"], &stage["others"][0]["connection"]), (&json!(ben), &json!("away")));
    assert_eq!(stage["whip_url"], format!("/whip/{show}"));
    assert!(!reply.text().contains(&ben_code) && !reply.text().contains(&code));
    assert_eq!(client.get("/api/v1/stage", Some(&whip)).await.json(), stage, "the WHIP token is theirs too");
    assert_eq!(client.get("/api/v1/stage", Some("nobody")).await.fault(), (404, "invitation_unknown".into()));
    assert_eq!(client.get("/api/v1/stage", None).await.fault(), (401, "token_missing".into()));
    assert_eq!(client.get("/api/v1/stage", Some(ADMIN)).await.fault(), (403, "not_allowed".into()));
    let renamed = client.json("PATCH", "/api/v1/stage", Some(&code), json!({ "name": "Anita" })).await;
    assert_eq!(renamed.json()["me"]["name"], "Anita");
    let more = client.json("PATCH", "/api/v1/stage", Some(&code), json!({ "role": "host" })).await;
    assert_eq!(more.fault(), (400, "unknown_key".into()), "nobody puts themselves on stage");
    let nobody = client.json("PATCH", "/api/v1/stage", Some("nobody"), json!({ "name": "x" })).await;
    assert_eq!(nobody.fault(), (404, "invitation_unknown".into()));
    let direct = client.post(&format!("/api/v1/shows/{show}/start")).await;
    assert_eq!(direct.status, StatusCode::OK);
    let direct = client.bare("POST", &format!("/api/v1/shows/{show}/end"), Some(&code)).await;
    assert_eq!(direct.fault(), (403, "not_allowed".into()));
}

#[tokio::test]
async fn scenes_are_set() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (id, ..) = client.performer(&show, "Ana").await;
    let path = format!("/api/v1/shows/{show}/scene");
    client
        .json(
            "PATCH",
            &format!("/api/v1/shows/{show}/performers/{id}"),
            Some(ADMIN),
            json!({ "role": "host" }),
        )
        .await;
    let asked = json!({ "layout": "solo", "focus": id, "transition": { "kind": "fade", "millis": 400 } });
    let scene = client.json("PUT", &path, Some(ADMIN), asked).await.json()["scene"].clone();
    assert_eq!((&scene["layout"], &scene["focus"]), (&json!("solo"), &json!(id)));
    assert_eq!(scene["transition"], json!({ "kind": "fade", "millis": 400 }));
    let asked =
        json!({ "layout": "slate", "focus": null, "slate": { "title": "Soon", "text": "Ten minutes" } });
    let scene = client.json("PUT", &path, Some(ADMIN), asked).await.json()["scene"].clone();
    assert_eq!((&scene["focus"], &scene["slate"]["text"]), (&json!(null), &json!("Ten minutes")));
    assert_eq!(scene["transition"]["kind"], "fade", "what is absent stays");
}

#[tokio::test]
async fn clips_are_uploaded_and_played() {
    let client = Client::new();
    let show = client.show("Show").await;
    let clip = client.clip(&show).await;
    let path = format!("/api/v1/shows/{show}/clips");
    let clips = client.get(&path, Some(ADMIN)).await.json();
    let first = &clips["clips"][0];
    assert_eq!(
        (&first["name"], &first["size"], &first["width"]),
        (&json!("party.mp4"), &json!(6), &json!(1920))
    );

    let state = client.post(&format!("{path}/{clip}/play")).await.json();
    assert_eq!(
        (&state["scene"]["layout"], &state["playback"]["state"]),
        (&json!("clip_full"), &json!("playing"))
    );
    assert!(state["playback"]["at"].as_str().unwrap().ends_with(".000Z"));
    let pause = client.post(&format!("{path}/{clip}/pause")).await.json();
    assert_eq!(pause["playback"]["state"], "paused");
    let seek = json!({ "position_ms": 5_000 });
    let seek = client.json("POST", &format!("{path}/{clip}/seek"), Some(ADMIN), seek).await.json();
    assert_eq!(seek["playback"]["position_ms"], 5_000);
    let patch = json!({ "looped": true, "volume": 0.25 });
    let patch = client.json("PATCH", &format!("{path}/{clip}/playback"), Some(ADMIN), patch).await.json();
    assert_eq!((&patch["playback"]["looped"], &patch["playback"]["volume"]), (&json!(true), &json!(0.25)));
    assert_eq!(
        client.bare("DELETE", &format!("{path}/{clip}"), Some(ADMIN)).await.fault(),
        (409, "clip_on_air".into())
    );
    let stop = client.post(&format!("{path}/{clip}/stop")).await.json();
    assert_eq!((&stop["scene"]["layout"], &stop["playback"]), (&json!("grid"), &json!(null)));
    let again = json!({ "position_ms": 1_000, "looped": false, "volume": 1.0, "take": false });
    let again = client.json("POST", &format!("{path}/{clip}/play"), Some(ADMIN), again).await.json();
    assert_eq!(again["scene"]["layout"], "grid", "not taken");
    client.post(&format!("{path}/{clip}/stop")).await;
    assert_eq!(
        client.bare("DELETE", &format!("{path}/{clip}"), Some(ADMIN)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        client.bare("DELETE", &format!("{path}/{clip}"), Some(ADMIN)).await.fault(),
        (404, "unknown_clip".into())
    );
}

#[tokio::test]
async fn the_audience_is_sent_everywhere() {
    let client = Client::new();
    let show = client.show("Show").await;
    let (performer, ..) = client.performer(&show, "Ana").await;
    let clip = client.clip(&show).await;
    let path = format!("/api/v1/shows/{show}/audience");
    for (asked, expected) in [
        (
            json!({ "target": "clip", "clip": clip, "looped": true, "return_at_end": false }),
            json!({ "target": "clip", "clip": clip, "performer": null, "slate": null }),
        ),
        (
            json!({ "target": "slate", "slate": { "title": "Break" } }),
            json!({ "target": "slate", "clip": null, "performer": null, "slate": { "title": "Break", "text": "" } }),
        ),
        (
            json!({ "target": "performer", "performer": performer }),
            json!({ "target": "performer", "clip": null, "performer": performer, "slate": null }),
        ),
        (
            json!({ "target": "program" }),
            json!({ "target": "program", "clip": null, "performer": null, "slate": null }),
        ),
    ] {
        let mut audience =
            client.json("PUT", &path, Some(ADMIN), asked.clone()).await.json()["audience"].clone();
        let playback = audience.as_object_mut().unwrap().remove("playback").unwrap();
        assert_eq!(audience, expected);
        assert_eq!(playback.is_object(), asked["target"] == "clip");
    }
}

#[tokio::test]
async fn the_audience_sees_shows_in_order_and_nothing_private() {
    let client = Client::new();
    for (title, verbs) in
        [("Over", &["start", "end"][..]), ("Next", &[]), ("Now", &["start"]), ("Break", &["start", "pause"])]
    {
        let show = client.show(title).await;
        for verb in verbs {
            client.post(&format!("/api/v1/shows/{show}/{verb}")).await;
        }
    }
    let (_, code, whip) = client.performer("now", "Ana").await;
    let reply = client.get("/api/v1/public/shows", None).await;
    let json = reply.json();
    let states: Vec<&str> =
        json["shows"].as_array().unwrap().iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states[2..], ["scheduled", "over"]);
    assert!(states[..2].contains(&"live") && states[..2].contains(&"paused"));
    assert!(!reply.text().contains(&code) && !reply.text().contains(&whip) && !reply.text().contains("Ana"));
    let one = client.get("/api/v1/public/shows/now", None).await;
    assert_eq!((one.json()["title"].clone(), one.status), (json!("Now"), StatusCode::OK));
    assert_eq!(client.get("/api/v1/public/shows/nothing", None).await.fault(), (404, "unknown_show".into()));
}

#[tokio::test]
async fn health_metrics_and_the_document() {
    let client = Client::new();
    assert_eq!(client.get("/health/live", None).await.json(), json!({ "live": true }));
    let checks = vec![("store", Ok(())), ("mixer", Err("palco-mixer is not there".to_owned()))];
    client.fake.set_health(palco_web::Health { checks: checks[..1].to_vec() });
    assert_eq!(
        client.get("/health/ready", None).await.json(),
        json!({ "ready": true, "checks": { "store": "ok" } })
    );
    client.fake.set_health(palco_web::Health { checks });
    let reply = client.get("/health/ready", None).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.json()["checks"]["mixer"], "palco-mixer is not there");
    let metrics = client.get("/metrics", None).await;
    assert!(
        metrics.text().contains("palco_viewers 3")
            && metrics.header("content-type").starts_with("text/plain")
    );
    assert_eq!(client.get("/api/openapi.json", None).await.text(), palco_web::openapi_json());
}

#[tokio::test]
async fn the_configured_address_wins_over_the_one_asked() {
    let public_url = Some("https://palco.example/".to_owned());
    let client = Client::with(palco_web::WebConfig { public_url, ..Default::default() });
    let show = client.show("Show").await;
    let links = client.get(&format!("/api/v1/shows/{show}"), Some(ADMIN)).await.json()["links"].clone();
    assert_eq!(links["watch"], "https://palco.example/shows/show/watch");
    // A host that is more than a host does not get into links.
    let client = Client::new();
    let show = client.show("Show").await;
    let request = axum::http::Request::get(format!("/api/v1/shows/{show}"))
        .header("authorization", format!("Bearer {ADMIN}"))
        .header("host", "evil.test/?x=");
    let reply = client.request(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(reply.json()["links"]["watch"], "http://localhost:8080/shows/show/watch");
}
