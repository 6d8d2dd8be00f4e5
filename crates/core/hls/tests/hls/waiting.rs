//! Crowds.

use crate::common::{World, ms};
use palco_base::Class;
use palco_hls::{Answer, Input};

#[test]
fn a_thousand_blocked_requests_cost_one_rendering_and_one_wake_up() {
    let mut world = World::new();
    world.run(ms(9_500));
    let playlist = world.playlist("720p");
    let query = format!("_HLS_msn={}&_HLS_part={}", playlist.last() + 1, playlist.open_parts());
    let ids: Vec<_> = (0..1_000).map(|_| world.ask("720p.m3u8", &query)).collect();
    assert_eq!(world.hls.counters().waiting, 1_000);
    let renderings = world.hls.counters().renderings;
    world.wakes.clear();
    world.run(ms(9_700));
    assert_eq!(world.wakes, [1_000]);
    assert_eq!(world.hls.counters().renderings, renderings + 1);
    let mut bodies = ids.iter().map(|id| match &world.answers[id] {
        Answer::Found { body, .. } => (body.bytes().as_ptr(), body.gzip().expect("a playlist").as_ptr()),
        other => panic!("{other:?}"),
    });
    let first = bodies.next().unwrap();
    assert!(bodies.all(|body| body == first), "the same bytes, not equal ones");
    assert_eq!(world.hls.counters().waiting, 0);
}

#[test]
fn more_than_may_wait_are_refused_with_503_and_counted() {
    let mut settings = crate::common::settings();
    settings.max_waiting = 10;
    let mut world = World::with(settings, None);
    world.run(ms(9_500));
    let query = format!("_HLS_msn={}", world.playlist("720p").last() + 1);
    let ids: Vec<_> = (0..15).map(|_| world.ask("720p.m3u8", &query)).collect();
    let refused = ids.iter().filter_map(|id| world.answers.get(id));
    let classes: Vec<_> =
        refused.map(|a| if let Answer::Refused(f) = a { Some(f.class) } else { None }).collect();
    assert_eq!(classes, [Some(Class::Unavailable); 5]);
    assert_eq!((world.hls.counters().refused, world.hls.counters().waiting_peak), (5, 10));
    // Who leaves makes room.
    world.handle(Input::Cancel(ids[0]));
    let late = world.ask("720p.m3u8", &query);
    assert!(world.waits(late));
    world.run(ms(10_100));
    assert!(world.waits(ids[0]) && !world.waits(late), "nothing for who has gone");
}

#[test]
fn a_playlist_that_has_not_changed_is_not_written_again() {
    let mut world = World::new();
    world.run(ms(9_500));
    let (head, first) = world.get("720p.m3u8", "");
    let renderings = world.hls.counters().renderings;
    for _ in 0..100 {
        let (again, bytes) = world.get("720p.m3u8", "");
        assert_eq!((again.etag.as_str(), bytes.as_ptr()), (head.etag.as_str(), first.as_ptr()));
    }
    assert_eq!(world.hls.counters().renderings, renderings);
    world.run(ms(9_900));
    assert_ne!(world.get("720p.m3u8", "").0.etag, head.etag);
}

#[test]
fn who_waits_for_another_rendition_or_part_sleeps_on() {
    let mut world = World::new();
    world.run(ms(9_500));
    let last = world.playlist("720p").last();
    let near = world.ask("720p.m3u8", &format!("_HLS_msn={}", last + 1));
    let far = world.ask("720p.m3u8", &format!("_HLS_msn={}", last + 2));
    world.run(ms(10_100));
    assert!(!world.waits(near) && world.waits(far));
}
