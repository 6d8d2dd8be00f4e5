//! Sources that stop, jump, stall or change: the playlist stays sane, and says what happened.

use crate::common::{HIGH, LOW, NAMES, SOUND, World, ms, picture, sps};
use crate::m3u8::{self, Playlist};
use palco_base::{Codec, EncodedFrame, MediaTime};
use palco_hls::{Input, TrackId, WallClock};

fn discontinuities(playlist: &Playlist) -> Vec<u64> {
    (playlist.sequence..=playlist.last()).filter(|msn| playlist.segment(*msn).discontinuity).collect()
}

fn gaps(playlist: &Playlist) -> Vec<u64> {
    (playlist.sequence..=playlist.last()).filter(|msn| playlist.segment(*msn).gap).collect()
}

#[test]
fn new_parameter_sets_are_a_new_init_segment_and_a_discontinuity() {
    let mut world = World::new();
    world.run(ms(6_900));
    world.parameters = [sps(1280, 720, 32), sps(640, 360, 21)];
    world.restart(ms(1_007_000));
    world.run(ms(6_000));
    for name in NAMES {
        let playlist = world.playlist(name);
        assert_eq!(discontinuities(&playlist), [4], "{name}");
        if name != "audio" {
            assert_eq!(playlist.segment(3).map, format!("{name}/init-0.mp4"));
            assert_eq!(playlist.segment(4).map, format!("{name}/init-1.mp4"));
        }
    }
    assert!(world.text("index.m3u8", "").contains("avc1.42c020,"));
    assert_eq!(world.hls.counters().discontinuities, 1, "one for all tracks");
}

#[test]
fn a_silence_of_all_is_a_discontinuity_and_dates_go_on_by_the_clock() {
    let mut world = World::new();
    world.run(ms(7_000));
    world.restart(ms(1_012_000));
    world.run(ms(5_000));
    for name in NAMES {
        let playlist = world.playlist(name);
        assert_eq!(discontinuities(&playlist), [4], "{name}");
        assert_eq!(
            playlist.segment(3).date,
            "2026-11-22T20:00:06.000Z".replace(
                "06.000",
                if name == "audio" { &playlist.segment(3).date[17..23] } else { "06.000" }
            )
        );
        assert!(
            playlist.segment(4).date.starts_with("2026-11-22T20:00:12.0"),
            "{}",
            playlist.segment(4).date
        );
        assert!((0.9..1.2).contains(&playlist.segment(3).duration), "{}", playlist.segment(3).duration);
    }
}

#[test]
fn a_short_silence_is_none() {
    let mut world = World::new();
    world.run(ms(6_000));
    world.restart(ms(1_006_700));
    world.run(ms(8_000));
    for name in NAMES {
        assert_eq!(discontinuities(&world.playlist(name)), Vec::<u64>::new(), "{name}");
    }
    assert_eq!(world.hls.counters().dropped_frames, 0);
}

#[test]
fn sound_that_stalls_becomes_gaps_and_comes_back_at_its_place() {
    let mut world = World::new();
    world.run(ms(5_000));
    world.silent[2] = true;
    world.run(ms(13_000));
    let sound = world.playlist("audio");
    assert_eq!(gaps(&sound), [3, 4], "as far as it is certain");
    assert_eq!(world.playlist("720p").last(), 5);
    world.silent[2] = false;
    world.run(ms(20_500));
    let (sound, high) = (world.playlist("audio"), world.playlist("720p"));
    assert_eq!(gaps(&sound), [3, 4, 5]);
    assert_eq!(sound.last(), high.last());
    assert_eq!(sound.segment(8).date[..20], high.segment(8).date[..20]);
    assert_eq!(gaps(&high), Vec::<u64>::new());
    assert_eq!(discontinuities(&high), Vec::<u64>::new());
    assert_eq!(world.refused("audio/4.m4s", "").code, "no_such_resource");
}

#[test]
fn pictures_that_stall_do_not_stop_the_sound() {
    let mut world = World::new();
    world.run(ms(5_000));
    world.silent = [true, true, false];
    world.run(ms(13_000));
    assert!(world.playlist("audio").last() >= 4);
    assert!(gaps(&world.playlist("720p")).len() >= 2);
    world.silent = [false; 3];
    world.run(ms(13_050));
    assert!(world.wanted.contains(&HIGH) && world.wanted.contains(&LOW), "without a key frame it is no use");
    world.key_now = true;
    world.run(ms(24_500));
    let [high, low, sound] = NAMES.map(|name| world.playlist(name));
    assert!(high.last().abs_diff(sound.last()) <= 1 && high.last() == low.last());
    assert!(!high.segment(high.last()).gap && high.segment(high.last()).duration > 1.9);
}

#[test]
fn one_picture_that_stalls_does_not_disturb_the_other() {
    let mut world = World::new();
    world.run(ms(5_000));
    world.silent[1] = true;
    world.run(ms(12_100));
    world.silent[1] = false;
    world.run(ms(20_500));
    let [high, low, _] = NAMES.map(|name| world.playlist(name));
    assert_eq!(gaps(&high), Vec::<u64>::new());
    assert_eq!(gaps(&low), [3, 4, 5, 6], "6 has no key frame but at its beginning, which was missed");
    assert!(high.segments.iter().all(|segment| (segment.duration - 2.0).abs() < 0.01));
    assert_eq!(high.last(), low.last());
}

#[test]
fn a_late_key_frame_is_asked_for_and_a_missing_one_ends_the_segment() {
    let mut world = World::new();
    let parameters = world.parameters[0].clone();
    for n in 0..300 {
        let key = n == 0 || n == 200;
        world.frame(
            HIGH,
            ms(1_000_000) + MediaTime::from_micros(n * 1_000_000 / 30),
            picture(key, &parameters, 100),
            key,
        );
        if n == 68 {
            assert_eq!(world.wanted, [HIGH]);
        }
    }
    assert!(world.hls.counters().late_keys >= 1);
    let playlist = world.playlist("720p");
    assert!(playlist.segment(0).duration < 2.5);
}

#[test]
fn one_slip_of_the_clock_is_dropped_and_a_jump_is_a_discontinuity() {
    for (jump, expected) in [(3_600_000, vec![4]), (-3_600_000, vec![4])] {
        let mut world = World::new();
        world.run(ms(6_000));
        world.frame(SOUND, ms(1_006_000 + jump), vec![1; 9], true);
        world.run(ms(7_000));
        world.frame(HIGH, ms(1_007_000 + jump), vec![0, 0, 1, 0x41, 9], false);
        assert_eq!(world.hls.counters().discontinuities, 0, "slips");
        let dropped = world.hls.counters().dropped_frames;
        assert!((1..=2).contains(&dropped), "{dropped}");
        world.restart(ms(1_007_000 + jump));
        world.run(ms(8_500));
        for name in NAMES {
            let playlist = world.playlist(name);
            assert_eq!(discontinuities(&playlist), expected, "{name} {jump}");
            assert!(playlist.last() >= 6);
        }
    }
}

#[test]
fn tracks_on_different_clocks_do_not_fill_the_playlist_with_discontinuities() {
    let mut world = World::new();
    let parameters = world.parameters[0].clone();
    for n in 0..900i64 {
        world.to(ms(1_000_000 + n * 33));
        world.frame(HIGH, ms(5_000_000 + n * 33), picture(n % 60 == 0, &parameters, 90), n % 60 == 0);
        world.frame(SOUND, ms(1_000_000 + n * 33), vec![1; 20], true);
    }
    let counters = world.hls.counters();
    assert!(counters.discontinuities <= 15, "{counters:?}");
}

#[test]
fn frames_that_are_none_are_counted_and_change_nothing() {
    let mut world = World::new();
    world.run(ms(9_500));
    let before = world.text("720p.m3u8", "");
    let dropped = world.hls.counters().dropped_frames;
    let at = ms(1_009_500);
    world.frame(HIGH, at, vec![], true);
    world.frame(HIGH, at, vec![1, 2, 3], true);
    world.frame(HIGH, at, vec![0, 0, 1, 9, 16], true);
    world.frame(SOUND, at, vec![], true);
    world.frame(TrackId(9), at, vec![1], true);
    world.frame(HIGH, ms(1_009_000), vec![0, 0, 1, 0x41, 9], false);
    world.frame(HIGH, MediaTime::from_micros(i64::MIN), vec![0, 0, 1, 0x41, 9], false);
    world.frame(HIGH, MediaTime::from_micros(i64::MAX), vec![0, 0, 1, 0x41, 9], false);
    let opus = EncodedFrame { codec: Codec::Opus, key: true, time: at, payload: vec![1, 2].into() };
    world.handle(Input::Frame { track: SOUND, frame: opus });
    assert_eq!(world.hls.counters().dropped_frames, dropped + 9);
    assert_eq!(world.text("720p.m3u8", ""), before);
}

#[test]
fn slow_and_uneven_pictures_keep_to_the_part_rules() {
    for step in [40, 50, 66, 100, 120, 150, 200, 250, 300, 400, 500] {
        let mut world = World::new();
        let parameters = world.parameters[0].clone();
        let mut key_at = 0;
        for n in 0..(30_000 / step) {
            let time = n * step + [0, 3, -3, 7][(n % 4) as usize];
            // As the mixer does: every two seconds, and when asked.
            let key = time >= key_at || std::mem::take(&mut world.wanted) == [HIGH];
            key_at += if time >= key_at { 2_000 } else { 0 };
            world.frame(HIGH, ms(1_000_003 + time), picture(key, &parameters, 90), key);
        }
        // The strict reader holds each part against the target and 85 % of it.
        assert!(world.playlist("720p").last() >= 9, "{step} ms");
    }
}

#[test]
fn a_correction_of_the_wall_clock_is_worked_in_slowly() {
    let mut world = World::new();
    world.run(ms(4_500));
    let clock = WallClock { at: ms(0), unix: crate::common::CLOCK.unix - crate::common::CLOCK.at + ms(20) };
    world.handle(Input::Clock(clock));
    world.run(ms(20_500));
    let high = world.playlist("720p");
    let dates: Vec<&str> = (1..=8).map(|msn| &high.segment(msn).date[17..23]).collect();
    assert_eq!(dates, ["02.000", "04.000", "06.005", "08.010", "10.015", "12.020", "14.020", "16.020"]);
    assert!(world.playlist("audio").segment(6).date[17..].starts_with("12.0"));
}

#[test]
fn every_key_frame_asked_for_by_viewers_changes_no_segment() {
    let mut world = World::new();
    for step in 1..60 {
        world.run(ms(step * 500));
        world.key_now = true;
    }
    let playlist = m3u8::parse(&world.text("720p.m3u8", ""));
    assert!(playlist.segments.iter().all(|segment| (segment.duration - 2.0).abs() < 0.2));
    assert_eq!(world.wanted, []);
}
