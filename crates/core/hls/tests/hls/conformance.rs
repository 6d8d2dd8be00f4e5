//! RFC 8216bis §4.4.3.8 and §6.2.5: each rule a test that bears its name.

use crate::common::{HIGH, LOW, NAMES, World, ms};
use crate::m3u8::{self, attributes, merge};
use palco_base::Class;
use palco_hls::{Answer, Cache, Input};

/// A show 20 s old: segments 0 to 8 are complete, 9 is open.
fn running() -> World {
    let mut world = World::new();
    world.run(ms(19_500));
    world
}

#[test]
fn part_hold_back_is_at_least_three_part_targets_and_hold_back_three_target_durations() {
    for name in NAMES {
        // `parse` holds it against 3 ×; here once more in figures.
        let playlist = running().playlist(name);
        assert_eq!(playlist.control["PART-HOLD-BACK"], "1.00200");
        assert_eq!(playlist.control["HOLD-BACK"], "6.00000");
        assert_eq!((playlist.target, playlist.part_target), (2.0, 0.334));
    }
}

#[test]
fn the_skip_boundary_is_at_least_six_target_durations() {
    assert_eq!(running().playlist("720p").control["CAN-SKIP-UNTIL"], "12.00000");
}

#[test]
fn msn_blocks_until_the_segment_is_in_the_playlist() {
    let mut world = running();
    let next = world.playlist("720p").last() + 1;
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={next}"));
    world.run(ms(19_990));
    assert!(world.waits(id));
    world.run(ms(20_100));
    let Some(Answer::Found { body, .. }) = world.answers.remove(&id) else { panic!("not answered") };
    let playlist = m3u8::parse(std::str::from_utf8(body.bytes()).unwrap());
    assert_eq!(playlist.last(), next);
}

#[test]
fn msn_and_part_block_until_the_part_is_in_the_playlist_and_the_whole_playlist_comes() {
    let mut world = running();
    let before = world.playlist("720p");
    let (msn, part) = (before.last() + 1, before.open_parts());
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={msn}&_HLS_part={part}"));
    assert!(world.waits(id));
    world.run(ms(19_750));
    let Some(Answer::Found { body, .. }) = world.answers.remove(&id) else { panic!("not answered") };
    let playlist = m3u8::parse(std::str::from_utf8(body.bytes()).unwrap());
    assert_eq!(playlist.segments.len(), before.segments.len(), "whole");
    assert_eq!(playlist.open_parts(), part + 1);
}

#[test]
fn what_is_there_already_is_answered_at_once() {
    let mut world = running();
    let playlist = world.playlist("720p");
    let open = playlist.last() + 1;
    for query in ["_HLS_msn=0", "_HLS_msn=0&_HLS_part=3", &format!("_HLS_msn={open}&_HLS_part=0")] {
        world.text("720p.m3u8", query);
    }
}

#[test]
fn a_part_index_past_the_end_means_part_0_of_the_next_segment() {
    let mut world = running();
    let last = world.playlist("720p").last();
    // Complete, and the next has a part: at once.
    world.text("720p.m3u8", &format!("_HLS_msn={last}&_HLS_part=6"));
    world.text("720p.m3u8", &format!("_HLS_msn={last}&_HLS_part=100"));
    // The next has none yet: that one is waited for.
    world.run(ms(20_040));
    let playlist = world.playlist("720p");
    assert_eq!((playlist.last(), playlist.open_parts()), (last + 1, 0));
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={}&_HLS_part=6", last + 1));
    assert!(world.waits(id));
    world.run(ms(20_400));
    let Some(Answer::Found { body, .. }) = world.answers.remove(&id) else { panic!("not answered") };
    assert_eq!(m3u8::parse(std::str::from_utf8(body.bytes()).unwrap()).open_parts(), 1);
}

#[test]
fn part_without_msn_is_400() {
    let fault = running().refused("720p.m3u8", "_HLS_part=0");
    assert_eq!((fault.class, fault.code), (Class::Invalid, "part_without_msn"));
}

#[test]
fn msn_beyond_the_last_plus_two_is_400() {
    let mut world = running();
    let last = world.playlist("720p").last();
    assert_eq!(world.refused("720p.m3u8", &format!("_HLS_msn={}", last + 3)).class, Class::Invalid);
    assert_eq!(world.refused("720p.m3u8", &format!("_HLS_msn={}", u64::MAX)).class, Class::Invalid);
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={}", last + 2));
    assert!(world.waits(id));
}

#[test]
fn a_part_beyond_the_advance_part_limit_is_400() {
    let mut world = running();
    let playlist = world.playlist("720p");
    let (msn, there) = (playlist.last() + 1, playlist.open_parts());
    // 3 ÷ 0.334 is 8 parts after the last.
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={msn}&_HLS_part={}", there - 1 + 8));
    assert!(world.waits(id));
    let query = format!("_HLS_msn={msn}&_HLS_part={}", there + 8);
    assert_eq!(world.refused("720p.m3u8", &query).class, Class::Invalid);
    assert_eq!(
        world.refused("720p.m3u8", &format!("_HLS_msn={msn}&_HLS_part={}", u64::MAX)).class,
        Class::Invalid
    );
}

#[test]
fn blocked_for_longer_than_three_target_durations_is_503() {
    let mut world = running();
    let next = world.playlist("720p").last() + 1;
    let id = world.ask("720p.m3u8", &format!("_HLS_msn={next}"));
    assert_eq!(world.hls.deadline(), Some(world.now + ms(6_000)));
    world.to(world.now + ms(5_999));
    assert!(world.waits(id));
    world.to(world.now + ms(1));
    let Some(Answer::Refused(fault)) = world.answers.remove(&id) else { panic!("no 503") };
    assert_eq!(fault.class, Class::Unavailable);
    assert_eq!((world.hls.counters().timed_out, world.hls.deadline()), (1, None));
}

#[test]
fn blocking_directives_are_ignored_after_endlist() {
    let mut world = running();
    let next = world.playlist("720p").last() + 1;
    let waiting = world.ask("720p.m3u8", &format!("_HLS_msn={}", next + 1));
    world.handle(Input::End);
    assert!(!world.waits(waiting), "who waited gets the end");
    for query in ["_HLS_msn=99999", "_HLS_part=3", "_HLS_msn=3&_HLS_part=999", ""] {
        let playlist = m3u8::parse(&world.text("720p.m3u8", query));
        assert!(playlist.ended && playlist.hint.is_none());
        assert_eq!(playlist.last(), next);
    }
}

#[test]
fn skip_gets_a_delta_update_that_makes_the_same_playlist() {
    let mut world = World::new();
    let mut have = None;
    for step in 0..60 {
        world.run(ms(3_000 + step * 900));
        for query in ["_HLS_skip=YES", "_HLS_skip=v2"] {
            let whole = m3u8::parse(&world.text("720p.m3u8", ""));
            let delta = m3u8::parse(&world.text("720p.m3u8", query));
            let behind: f64 = whole.segments[delta.skipped as usize..].iter().map(|s| s.duration).sum();
            assert!(delta.skipped == 0 || behind >= 12.0, "the skip boundary is kept: {behind}");
            if let Some(have) = have.replace(whole.clone()) {
                let merged = merge(&have, delta);
                assert_eq!(merged.segments, whole.segments);
                assert_eq!((merged.open, merged.hint), (whole.open, whole.hint));
            }
        }
    }
    let delta = m3u8::parse(&world.text("720p.m3u8", "_HLS_skip=YES"));
    assert!(delta.skipped > 15, "{}", delta.skipped);
}

#[test]
fn there_is_one_hint_and_it_is_the_next_part() {
    let mut world = running();
    for step in 0..80 {
        world.run(ms(19_500 + 40 * step));
        let playlist = world.playlist("720p");
        let next = format!("720p/{}.{}.m4s", playlist.last() + 1, playlist.open_parts());
        assert_eq!(playlist.hint, Some(next));
    }
}

#[test]
fn a_hinted_part_is_requestable_and_comes_whole_when_it_is_complete() {
    let mut world = running();
    for step in 0..60 {
        let hint = world.playlist("720p").hint.unwrap();
        let id = world.ask(&hint, "");
        assert!(world.waits(id), "{hint} is not there yet");
        world.run(ms(19_500 + 400 * (step + 1)));
        let Some(Answer::Found { head, body }) = world.answers.remove(&id) else { panic!("{hint}") };
        assert_eq!((head.content_type, head.cache), ("video/mp4", Cache::Immutable));
        assert_eq!(&world.get(&hint, "").1, body.bytes(), "and for good");
        assert_eq!(body.gzip(), None, "media is compressed already");
    }
}

#[test]
fn what_is_not_known_is_404() {
    let mut world = running();
    let last = world.playlist("720p").last();
    for path in [
        "1080p.m3u8".to_owned(),
        "720p/init-7.mp4".to_owned(),
        format!("720p/{}.m4s", last + 1),
        format!("720p/{}.m4s", last + 2),
        format!("720p/{}.99.m4s", last + 1),
        format!("720p/{}.0.m4s", last + 2),
        format!("720p/{last}.6.m4s"),
    ] {
        assert_eq!(world.refused(&path, "").class, Class::NotFound, "{path}");
    }
}

#[test]
fn all_renditions_have_the_same_targets_numbers_dates_and_server_control() {
    let mut world = World::new();
    for step in 0..50 {
        world.run(ms(4_000 + step * 777));
        let [high, low, sound] = NAMES.map(|name| world.playlist(name));
        for other in [&low, &sound] {
            assert_eq!((high.target, high.part_target), (other.target, other.part_target));
            assert_eq!(high.control, other.control);
            assert!(high.last().abs_diff(other.last()) <= 1);
            for (a, b) in high.segments.iter().zip(&other.segments) {
                assert!((a.duration - b.duration).abs() < 0.05);
                assert_eq!(a.discontinuity, b.discontinuity);
                assert_eq!(a.date[..20], b.date[..20], "to the second");
            }
        }
        assert!(high.segments.iter().zip(&low.segments).all(|(a, b)| a.date == b.date));
    }
}

#[test]
fn rendition_reports_name_the_others_and_what_they_have() {
    let mut world = running();
    let (low, sound) = (world.playlist("360p"), world.playlist("audio"));
    let reports = world.playlist("720p").reports;
    assert_eq!(reports.len(), 2);
    for (report, (name, other)) in reports.iter().zip([("360p.m3u8", low), ("audio.m3u8", sound)]) {
        assert_eq!(report["URI"], name);
        assert_eq!(report["LAST-MSN"], (other.last() + 1).to_string());
        let part: usize = report["LAST-PART"].parse().unwrap();
        assert!(part + 1 == other.open_parts() || part + 2 == other.open_parts());
    }
}

#[test]
fn a_part_with_a_key_frame_inside_is_independent_and_no_segment_begins_there() {
    let mut world = World::new();
    world.run(ms(4_700));
    world.key_now = true;
    world.run(ms(7_000));
    let playlist = world.playlist("720p");
    let marks: Vec<bool> = playlist.segment(2).parts.iter().map(|part| part.independent).collect();
    assert_eq!(marks, [true, false, true, false, false, false]);
    assert!((playlist.segment(2).duration - 2.0).abs() < 0.001);
    assert!(world.playlist("audio").segment(2).parts.iter().all(|part| part.independent));
}

#[test]
fn the_multivariant_playlist_says_what_the_streams_are() {
    let text = running().text("index.m3u8", "");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"));
    assert_eq!(lines.next(), Some("#EXT-X-VERSION:9"));
    assert_eq!(lines.next(), Some("#EXT-X-INDEPENDENT-SEGMENTS"));
    let media = attributes(lines.next().unwrap().strip_prefix("#EXT-X-MEDIA:").unwrap());
    let of = |name: &str| media[name].as_str();
    assert_eq!(
        [of("TYPE"), of("GROUP-ID"), of("CHANNELS"), of("URI")],
        ["AUDIO", "audio", "2", "audio.m3u8"]
    );
    let expected = [
        ("720p.m3u8", "avc1.42c01f,mp4a.40.2", Some("1280x720")),
        ("360p.m3u8", "avc1.42c01e,mp4a.40.2", Some("640x360")),
        ("audio.m3u8", "mp4a.40.2", None),
    ];
    for (uri, codecs, resolution) in expected {
        let all = attributes(lines.next().unwrap().strip_prefix("#EXT-X-STREAM-INF:").unwrap());
        assert_eq!(lines.next(), Some(uri));
        assert_eq!(all["CODECS"], codecs);
        assert_eq!(all.get("RESOLUTION").map(String::as_str), resolution);
        assert_eq!(all.get("FRAME-RATE").map(String::as_str), resolution.map(|_| "30.000"));
        assert_eq!((all["AUDIO"].as_str(), all["CLOSED-CAPTIONS"].as_str()), ("audio", "NONE"));
    }
    assert_eq!(lines.next(), None);
    assert!(
        matches!(m3u8_rs::parse_master_playlist_res(text.as_bytes()), Ok(read) if read.variants.len() == 3)
    );
}

#[test]
fn bandwidth_is_declared_first_and_measured_then() {
    let bandwidth = |world: &mut World, nth: usize| {
        let text = world.text("index.m3u8", "");
        let line = text.lines().filter_map(|l| l.strip_prefix("#EXT-X-STREAM-INF:")).nth(nth).unwrap();
        let all = attributes(line);
        (all["BANDWIDTH"].parse::<u64>().unwrap(), all["AVERAGE-BANDWIDTH"].parse::<u64>().unwrap())
    };
    let mut world = World::new();
    world.run(ms(2_500));
    assert_eq!(bandwidth(&mut world, 0), (2_628_000, 2_628_000), "as set");
    world.run(ms(20_500));
    let bytes = |track| {
        let all: Vec<_> = world.segments.iter().filter(|(s, _)| s.track == track).collect();
        let peak = all.iter().map(|(s, b)| b.len() as f64 * 8.0 / s.duration.seconds()).fold(0.0, f64::max);
        let sum: usize = all.iter().map(|(_, b)| b.len()).sum();
        (peak, sum as f64 * 8.0 / all.iter().map(|(s, _)| s.duration.seconds()).sum::<f64>())
    };
    let (high, sound) = (bytes(HIGH), bytes(crate::common::SOUND));
    let (peak, average) = bandwidth(&mut world, 0);
    assert!((peak as f64 - high.0 - sound.0).abs() <= 1_001.0, "{peak} {high:?} {sound:?}");
    assert!((average as f64 - high.1 - sound.1).abs() <= 1_001.0, "{average} {high:?} {sound:?}");
    assert!(peak >= average);
}

#[test]
fn the_first_playlists_are_waited_for() {
    let mut world = World::new();
    let ids = [world.ask("index.m3u8", ""), world.ask("720p.m3u8", ""), world.ask("audio.m3u8", "")];
    world.run(ms(300));
    assert!(ids.iter().all(|id| world.waits(*id)));
    world.run(ms(2_100));
    assert!(ids.iter().all(|id| !world.waits(*id)));
}

#[test]
fn init_segments_are_there_for_good_and_old_segments_come_from_the_recording() {
    use palco_hls::Stored;
    let mut world = World::new();
    world.run(ms(100_500));
    assert_eq!(world.get("720p/init-0.mp4", "").1, world.inits[&(HIGH, 0)]);
    let id = world.ask("360p/3.m4s", "");
    let Some(Answer::Stored { head, stored }) = world.answers.remove(&id) else { panic!("not stored") };
    assert_eq!(stored, Stored::Segment { track: LOW, sequence: 3 });
    assert_eq!((head.cache, head.etag.as_str()), (Cache::Immutable, "\"360p-3\""));
    let last = world.playlist("360p").last();
    let (head, bytes) = world.get(&format!("360p/{last}.m4s"), "");
    assert_eq!(head.etag, format!("\"360p-{last}\""));
    let stored = &world.segments.iter().find(|(s, _)| (s.track, s.sequence) == (LOW, last)).unwrap().1;
    assert_eq!(&bytes, stored);
}

#[test]
fn a_segment_is_its_parts_one_after_the_other() {
    let mut world = running();
    for name in NAMES {
        let playlist = world.playlist(name);
        let msn = playlist.last();
        let parts: Vec<u8> =
            playlist.segment(msn).parts.iter().flat_map(|part| world.get(&part.uri, "").1.to_vec()).collect();
        assert_eq!(world.get(&format!("{name}/{msn}.m4s"), "").1, parts);
    }
}
