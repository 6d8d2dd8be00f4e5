//! Whole shows, every playlist of them read by two readers.

use crate::common::{HIGH, LOW, NAMES, World, ms, picture};
use crate::m3u8::{self, Playlist, follows, merge};
use palco_base::MediaTime;
use palco_hls::Input;
use std::collections::BTreeMap;

/// What somebody else's parser (without the low-latency tags) makes of it.
fn second_opinion(text: &str, playlist: &Playlist) {
    let Ok(read) = m3u8_rs::parse_media_playlist_res(text.as_bytes()) else {
        panic!("m3u8-rs refuses\n{text}")
    };
    assert_eq!(read.target_duration, playlist.target as u64);
    assert_eq!(read.media_sequence, playlist.sequence);
    assert_eq!(read.end_list, playlist.ended);
    assert_eq!(read.segments.len(), playlist.segments.len());
    for (theirs, ours) in read.segments.iter().zip(&playlist.segments) {
        assert_eq!(theirs.uri, ours.uri);
        assert_eq!(theirs.discontinuity, ours.discontinuity);
        assert!((f64::from(theirs.duration) - ours.duration).abs() < 1e-4);
    }
}

/// A viewer who follows one rendition by blocking delta updates.
struct Viewer {
    name: &'static str,
    have: Option<Playlist>,
}

impl Viewer {
    /// Takes the newest playlist as delta, and sees that it follows the one before.
    fn look(&mut self, world: &mut World) {
        let path = format!("{}.m3u8", self.name);
        let delta = m3u8::parse(&world.text(&path, "_HLS_skip=YES"));
        let now = match &self.have {
            Some(have) => merge(have, delta),
            None => m3u8::parse(&world.text(&path, "")),
        };
        if let Some(have) = &self.have {
            follows(have, &now);
        }
        self.have = Some(now);
    }
}

fn viewers() -> Vec<Viewer> {
    NAMES.map(|name| Viewer { name, have: None }).into()
}

#[test]
fn ten_minutes_of_a_show_with_all_that_can_happen() {
    let mut world = World::new();
    let mut viewers = viewers();
    world.run(ms(2_500));
    let mut next = 2_500;
    for second in 0..600i64 {
        match second {
            100 => world.key_now = true,
            150 => world.silent[2] = true,
            156 => world.silent[2] = false,
            // The mixer restarts.
            200 | 400 => {
                let origin = world.now + ms(800 + (second - 200) * 20);
                world.restart(origin);
                world.parameters[0][3] ^= 1;
                next = 0;
            }
            300 => world.silent[0] = true,
            305 => world.silent[0] = false,
            _ => {}
        }
        for _ in 0..3 {
            next += 333;
            world.run(ms(next));
            for viewer in &mut viewers {
                viewer.look(&mut world);
            }
        }
        if second % 50 == 49 {
            for viewer in &viewers {
                let text = world.text(&format!("{}.m3u8", viewer.name), "");
                let whole = m3u8::parse(&text);
                second_opinion(&text, &whole);
                assert_eq!(whole.segments, viewer.have.as_ref().unwrap().segments, "deltas add up");
            }
        }
    }
    world.handle(Input::End);
    for viewer in &mut viewers {
        viewer.look(&mut world);
        let have = viewer.have.as_ref().unwrap();
        assert!(have.ended && have.last() > 280, "{}", have.last());
        let breaks = have.segments.iter().filter(|segment| segment.discontinuity).count();
        assert_eq!(breaks, 2, "{}", viewer.name);
    }
    // What the recorder got is what the playlists name, byte for byte in number and length.
    let stored: BTreeMap<String, bool> = world
        .segments
        .iter()
        .map(|(s, b)| (format!("{}/{}.m4s", NAMES[s.track.0], s.sequence), b.is_empty()))
        .collect();
    for viewer in &viewers {
        for segment in &viewer.have.as_ref().unwrap().segments {
            assert_eq!(stored[&segment.uri], segment.gap, "{}", segment.uri);
        }
    }
}

#[test]
fn four_hours_of_a_show() {
    let mut world = World::new();
    world.frame_bytes = 12;
    let mut viewers = viewers();
    let hours = 4;
    for step in 1..=hours * 360 {
        world.run(ms(step * 10_000 + 500));
        for viewer in &mut viewers {
            viewer.look(&mut world);
        }
        // Memory is the window, however long the show.
        assert!(step < 8 || world.hls.memory() < 3 * 1_024 * 1_024, "{}", world.hls.memory());
    }
    let text = world.text("720p.m3u8", "");
    let playlist = m3u8::parse(&text);
    second_opinion(&text, &playlist);
    assert_eq!(playlist.segments.len(), 7_200);
    assert_eq!((playlist.sequence, playlist.segments[7_199].uri.as_str()), (0, "720p/7199.m4s"));
    assert!(playlist.segments.iter().all(|segment| (segment.duration - 2.0).abs() < 0.001));
    assert_eq!(playlist.segments[7_199].date, "2026-11-22T23:59:58.000Z");
    let delta = world.text("720p.m3u8", "_HLS_skip=YES");
    assert!(delta.len() < 6_000, "a delta update stays small: {} of {} bytes", delta.len(), text.len());
    assert!(text.len() < 800_000, "{}", text.len());
    assert_eq!(world.hls.counters().dropped_frames, 0);
    assert_eq!(world.hls.counters().segments, 3 * 7_200);
    // The sound's clock did not walk away from the pictures'.
    let sound = world.playlist("audio");
    assert_eq!(sound.segments.len(), 7_200);
    assert_eq!(sound.segments[7_199].date[..20], playlist.segments[7_199].date[..20]);
}

/// The mixer makes key frames on a grid of the clock: a show that begins between two of its lines
/// has a short first segment, and not one that has to be cut off.
#[test]
fn a_show_that_begins_beside_the_grid_of_key_frames_loses_no_picture() {
    for begins in [40, 300, 862, 1_138, 1_700, 1_960] {
        let mut world = World::new();
        world.now = ms(100_000 + begins);
        let mut last_key = None;
        for number in 0..600i64 {
            let time = ms(100_000 + begins) + MediaTime::from_micros(number * 1_000_000 / 30);
            world.now = time;
            let stretch = time.millis().div_euclid(2_000);
            // As the mixer does: never two within a quarter of a second.
            let key = last_key.is_none_or(|(of, at)| of != stretch && time - at >= ms(250));
            if key {
                last_key = Some((stretch, time));
            }
            for (index, track) in [HIGH, LOW].into_iter().enumerate() {
                let parameters = world.parameters[index].clone();
                world.frame(track, time, picture(key, &parameters, 400), key);
            }
        }
        assert_eq!(world.hls.counters().dropped_frames, 0, "begins {begins} ms after a line of the grid");
        let usual = ms(2_000);
        let lengths: Vec<MediaTime> = world.segments.iter().map(|(segment, _)| segment.duration).collect();
        let off = lengths.iter().skip(2).filter(|length| (**length - usual).micros().abs() > 40_000);
        assert_eq!(off.count(), 0, "begins {begins}: {lengths:?}");
    }
}
