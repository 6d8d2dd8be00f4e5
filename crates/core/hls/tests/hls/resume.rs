//! The process died; the show goes on.

use crate::common::{HIGH, LOW, NAMES, SOUND, World, ms, settings};
use palco_hls::{Answer, Input, Resume, Segment, Stored};

fn recorded(world: &World) -> Vec<Segment> {
    world.segments.iter().map(|(segment, _)| segment.clone()).collect()
}

#[test]
fn a_sequence_number_is_never_used_twice() {
    let mut before = World::new();
    before.run(ms(11_900));
    let seen = before.playlist("720p");
    assert_eq!(seen.last(), 4);
    // Of segment 4 the sound reached the disk, the pictures did not. 5 was being cut.
    let mut segments = recorded(&before);
    segments.retain(|segment| segment.sequence < 4 || segment.track == SOUND);
    segments.reverse();
    let mut after = World::with(settings(), Some(Resume { segments, unrecorded: 2, inits: Vec::new() }));
    after.restart(ms(1_015_000));
    // Before the first frame the past can be seen.
    assert_eq!(after.playlist("audio").last(), 6);
    after.run(ms(9_000));
    for name in NAMES {
        let playlist = after.playlist(name);
        assert_eq!(playlist.sequence, 0);
        let gaps: Vec<u64> = (0..=playlist.last()).filter(|msn| playlist.segment(*msn).gap).collect();
        assert_eq!(gaps, if name == "audio" { vec![5, 6] } else { vec![4, 5, 6] }, "{name}");
        let breaks: Vec<u64> =
            (0..=playlist.last()).filter(|msn| playlist.segment(*msn).discontinuity).collect();
        assert_eq!(breaks, [7], "{name}");
        assert!(
            playlist.segment(7).date.starts_with("2026-11-22T20:00:15.0"),
            "{}",
            playlist.segment(7).date
        );
        let old = before.playlist(name);
        assert_eq!(playlist.segment(2).date, old.segment(2).date);
        assert_eq!(playlist.segment(2).duration, old.segment(2).duration);
        assert_eq!(playlist.segment(0).map, format!("{name}/init-0.mp4"));
        assert_eq!(playlist.segment(7).map, format!("{name}/init-3.mp4"));
    }
    assert!(after.segments.iter().all(|(segment, _)| segment.sequence >= 7));
    assert!(after.inits.keys().all(|(_, number)| *number == 3));
}

#[test]
fn what_was_recorded_is_asked_from_the_store() {
    let mut before = World::new();
    before.run(ms(11_900));
    let mut after = World::with(
        settings(),
        Some(Resume { segments: recorded(&before), unrecorded: 2, inits: Vec::new() }),
    );
    for (path, expected) in [
        ("720p/3.m4s", Stored::Segment { track: HIGH, sequence: 3 }),
        ("360p/init-0.mp4", Stored::Init { track: LOW, number: 0 }),
    ] {
        let id = after.ask(path, "");
        assert!(
            matches!(&after.answers[&id], Answer::Stored { stored, .. } if *stored == expected),
            "{path}"
        );
    }
}

#[test]
fn a_second_crash_and_nothing_recorded_are_survived() {
    let empty = Resume { segments: vec![], unrecorded: 2, inits: Vec::new() };
    let mut first = World::with(settings(), Some(empty));
    first.run(ms(7_000));
    assert_eq!(first.playlist("720p").sequence, 2);
    let mut second = World::with(
        settings(),
        Some(Resume { segments: recorded(&first), unrecorded: 2, inits: Vec::new() }),
    );
    second.restart(ms(1_020_000));
    second.run(ms(7_000));
    let mut all = recorded(&first);
    all.extend(recorded(&second));
    let mut third = World::with(settings(), Some(Resume { segments: all, unrecorded: 2, inits: Vec::new() }));
    third.restart(ms(1_040_000));
    third.run(ms(7_000));
    let playlist = third.playlist("720p");
    assert_eq!(playlist.segments.iter().filter(|segment| segment.discontinuity).count(), 3);
    assert_eq!(playlist.sequence, 2);
}

#[test]
fn a_broken_record_is_no_panic() {
    let mut before = World::new();
    before.run(ms(7_000));
    let mut segments = recorded(&before);
    segments[0].sequence = u64::MAX;
    segments[1].track = palco_hls::TrackId(77);
    segments[2].duration = ms(-5);
    segments[3].duration = ms(99_000);
    segments[4].init = u32::MAX;
    segments[5].program_date_time = ms(i64::MAX / 1_000);
    let again = segments[2].clone();
    segments.push(again);
    let mut after =
        World::with(settings(), Some(Resume { segments, unrecorded: u32::MAX, inits: Vec::new() }));
    after.restart(ms(1_020_000));
    after.run(ms(7_000));
    let _ = after.ask("720p.m3u8", "");
}

#[test]
fn a_replay_says_what_it_is_without_any_frame() {
    let mut before = World::new();
    before.run(ms(9_000));
    before.handle(Input::End);
    let live = before.text("index.m3u8", "");
    let inits = before.inits.iter().map(|((track, _), bytes)| (*track, bytes.clone())).collect();
    let resume = Resume { segments: recorded(&before), unrecorded: 0, inits };
    let mut replay = World::with(settings(), Some(resume));
    replay.handle(Input::End);
    let index = replay.text("index.m3u8", "");
    for picture in ["RESOLUTION=1280x720", "RESOLUTION=640x360"] {
        assert!(live.contains(picture) && index.contains(picture), "{index}");
    }
    assert!(replay.playlist("720p").ended);
    assert_eq!(replay.playlist("720p").last(), before.playlist("720p").last());
}
