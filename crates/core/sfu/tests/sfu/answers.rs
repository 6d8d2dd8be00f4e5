//! What offers are answered with.

use crate::world::World;
use palco_base::{Fault, FeedId, SessionId};
use palco_sfu::{Command, Event};

const FEED: FeedId = FeedId::new(1);

fn ask(world: &mut World, number: u64, publish: bool, offer: &str) -> Result<String, Fault> {
    let (session, offer) = (SessionId::new(number), offer.to_owned());
    world.command(if publish {
        Command::Publish { session, feed: FEED, offer }
    } else {
        Command::Play { session, source: FEED, offer, viewer: true }
    });
    let answered = world.events.iter().rev().find_map(|(_, event)| match event {
        Event::Answered { session: s, answer } if *s == session => Some(answer.clone()),
        _ => None,
    });
    answered.expect("each offer is answered")
}

fn values<'a>(sdp: &'a str, prefix: &str) -> Vec<&'a str> {
    sdp.lines().filter_map(|line| line.strip_prefix(prefix)).collect()
}

/// The codec a browser sends: that of the first payload type of the answer's m-line.
fn first_video_codec(answer: &str) -> &str {
    let line = values(answer, "m=video ")[0];
    let pt = line.split(' ').nth(2).unwrap();
    values(answer, "a=rtpmap:").into_iter().find_map(|map| map.strip_prefix(&format!("{pt} "))).unwrap()
}

#[test]
fn h264_is_preferred_and_vp8_taken() {
    let mut world = World::new(400);
    let offer = world.offer();
    assert!(first_video_codec(&offer).starts_with("VP8"), "the peer would rather send VP8");
    let answer = ask(&mut world, 1, true, &offer).unwrap();
    assert_eq!(first_video_codec(&answer), "H264/90000");
    assert!(values(&answer, "a=fmtp:").iter().all(|f| !f.contains("packetization-mode=0")));
    let without = offer.replace("H264/90000", "H999/90000");
    let answer = ask(&mut world, 2, true, &without).unwrap();
    assert_eq!(first_video_codec(&answer), "VP8/90000");
}

#[test]
fn the_answer_is_as_whip_and_whep_ask() {
    let mut world = World::new(401);
    let offer = world.offer();
    for (number, publish, direction) in [(1, true, "recvonly"), (2, false, "sendonly")] {
        let answer = ask(&mut world, number, publish, &offer).unwrap();
        assert_eq!(answer.lines().filter(|l| *l == format!("a={direction}")).count(), 2);
        assert_eq!(values(&answer, "a=setup:"), ["passive", "passive"]);
        assert_eq!(values(&answer, "a=group:BUNDLE ").len(), 1);
        assert_eq!(answer.matches("a=rtcp-mux").count(), 2);
        assert_eq!(answer.matches("a=ice-lite").count(), 1);
        assert_eq!(values(&answer, "a=candidate:").len(), 2, "both of our addresses");
        let streams = values(&answer, "a=msid:");
        assert!(streams.len() == 2 && streams.iter().all(|s| s.starts_with("palco ")), "{streams:?}");
    }
}

#[test]
fn refusals_have_names() {
    let mut world = World::new(402);
    let offer = world.offer();
    let code = |world: &mut World, number, offer: &str| ask(world, number, true, offer).unwrap_err().code;
    assert_eq!(code(&mut world, 1, "not SDP"), "sdp_broken");
    assert_eq!(code(&mut world, 2, &offer.replace("opus/48000/2", "L16/48000/2")), "no_common_codec");
    assert_eq!(code(&mut world, 3, &offer.replace("m=video", "m=audio")), "too_many_tracks");
    assert_eq!(code(&mut world, 4, &offer.replace("a=fingerprint", "a=finger")), "sdp_broken");
    assert_eq!(code(&mut world, 5, &offer.replace("a=sendrecv", "a=inactive")), "no_media");
    world.open_program(FEED);
    assert_eq!(code(&mut world, 6, &offer), "feed_is_program");
    assert_eq!(world.stats().refused, 6);
    assert_eq!(world.stats().sessions, 0);
}
