//! A recording as one file, judged by ffmpeg.

// The core may not; its judges are programs that read files.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::common::{HIGH, SOUND, World, ms};
use crate::media::{decode, feed, folder, pictures, show, sound, tool};
use bytes::Bytes;
use palco_base::{Fault, MediaTime};
use palco_hls::{Film, Input, Segment, Stored};

/// What was recorded, as a shell would read it.
fn stored(world: &World, what: Stored, most: Option<usize>) -> Result<Bytes, Fault> {
    let found = match what {
        Stored::Init { track, number } => world.inits.get(&(track, number)).cloned(),
        Stored::Segment { track, sequence } => {
            let it = world.segments.iter().find(|(s, _)| (s.track, s.sequence) == (track, sequence));
            it.map(|(_, bytes)| bytes.clone())
        }
    };
    let found = found.ok_or_else(|| Fault::not_found("unknown_segment", "No."))?;
    Ok(found.slice(..most.unwrap_or(usize::MAX).min(found.len())))
}

fn segments(world: &World) -> Vec<Segment> {
    world.segments.iter().map(|(segment, _)| segment.clone()).collect()
}

fn plan(world: &World) -> Result<Film, Fault> {
    Film::new(&[HIGH, SOUND], &segments(world), &mut |what, most| stored(world, what, most))
}

/// The whole file.
fn made(world: &World) -> (Film, Vec<u8>) {
    let mut film = plan(world).unwrap();
    let mut bytes = film.head().to_vec();
    while let Some(what) = film.next() {
        bytes.extend(film.cut(&stored(world, what, None).unwrap()).unwrap());
    }
    assert_eq!(bytes.len() as u64, film.length(), "its length was known before");
    (film, bytes)
}

/// Sees that the file is the same from wherever it is read.
fn reads_from_anywhere(world: &World, whole: &[u8]) {
    let mut film = plan(world).unwrap();
    let tag = film.tag();
    let head = film.head().len();
    for byte in [0, head - 1, head, head + 1, whole.len() / 2, whole.len() - 1, whole.len(), whole.len() + 7]
    {
        let begins = film.seek(byte as u64) as usize;
        assert!(begins <= byte.max(head), "{begins} for {byte}");
        match film.next() {
            None => assert_eq!(begins, whole.len(), "{byte}"),
            Some(what) => {
                let bytes = film.cut(&stored(world, what, None).unwrap()).unwrap();
                assert!(byte < begins + bytes.len());
                assert_eq!(bytes, whole[begins..begins + bytes.len()], "{byte}");
            }
        }
    }
    assert_eq!((plan(world).unwrap().tag(), film.tag()), (tag.clone(), tag), "the same file, the same tag");
}

/// One number of ffprobe's per line.
fn probed(path: &str, what: &[&str]) -> Vec<f64> {
    let out = tool("ffprobe", &[what, &["-of", "csv=p=0", path]].concat());
    let text = String::from_utf8(out).unwrap();
    text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect()
}

/// Sees that ffmpeg decodes it all, that times only go forward, and that it is so long.
fn judge(name: &str, bytes: &[u8], pictures: usize, seconds: f64) {
    let folder = folder(name);
    assert_eq!(decode(&folder, "film.mp4", bytes), pictures);
    let path = folder.join("film.mp4");
    let path = path.to_str().unwrap();
    let length = probed(path, &["-show_entries", "format=duration"])[0];
    assert!((length - seconds).abs() < 0.1, "{length} s, not {seconds}");
    for stream in ["v:0", "a:0"] {
        let times = probed(path, &["-select_streams", stream, "-show_entries", "packet=pts_time"]);
        assert!(times.len() > 100 && times.windows(2).all(|pair| pair[0] < pair[1]), "{stream} goes back");
        assert!(times[0] >= 0.0 && times[0] < 0.1, "begins at {}", times[0]);
    }
    // From the middle. ffmpeg goes one fragment of the index too far back, to be safe.
    let middle = seconds / 2.0;
    let from = format!("{middle}%+#1");
    let from = ["-read_intervals", &from, "-select_streams", "v:0", "-show_entries", "packet=pts_time"];
    let sought = probed(path, &from)[0];
    assert!(sought <= middle && sought > middle - 4.1, "sought {middle}, came to {sought}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_show_is_one_file_with_picture_and_sound() {
    let (mut world, videos, _) = show(11);
    world.handle(Input::End);
    let (film, bytes) = made(&world);
    reads_from_anywhere(&world, &bytes);
    assert!((film.duration().seconds() - 11.0).abs() < 0.1, "{:?}", film.duration());
    judge("film", &bytes, videos[0].len(), 11.0);
}

#[test]
fn after_a_restart_with_another_encoder_it_goes_on_where_it_broke_off() {
    let (mut world, ..) = show(5);
    let (high, low) = (pictures("1280x720", "baseline", 5), pictures("640x360", "high", 5));
    let (audio, _) = sound(5);
    // Nothing for three seconds, then another description.
    feed(&mut world, ms(1_008_000), [&high, &low], &audio);
    world.handle(Input::End);
    let (_, bytes) = made(&world);
    judge("film-restart", &bytes, 300, 10.0);
}

#[test]
fn after_the_server_was_killed_times_that_begin_again_go_on() {
    let (mut first, ..) = show(5);
    first.handle(Input::End);
    let (mut second, ..) = show(5);
    second.handle(Input::End);
    // As a recording has it: numbers go on, times do not.
    let next = first.segments.iter().map(|(segment, _)| segment.sequence).max().unwrap() + 3;
    for ((track, number), bytes) in second.inits {
        first.inits.insert((track, number + 1), bytes);
    }
    let begins = second.segments.iter().map(|(segment, _)| segment.sequence).min().unwrap();
    for (mut segment, bytes) in second.segments {
        segment.discontinuity = segment.sequence == begins;
        segment.sequence += next;
        segment.init += 1;
        first.segments.push((segment, bytes));
    }
    let (film, bytes) = made(&first);
    reads_from_anywhere(&first, &bytes);
    assert!(film.duration() < MediaTime::from_millis(10_200));
    judge("film-killed", &bytes, 300, 10.0);
}

#[test]
fn what_is_broken_is_a_fault_and_no_file() {
    let (mut world, ..) = show(5);
    world.handle(Input::End);
    let none = Film::new(&[HIGH], &[], &mut |what, most| stored(&world, what, most));
    assert_eq!(none.unwrap_err().code, "nothing_recorded");
    let mut film = plan(&world).unwrap();
    assert_eq!(film.cut(&[0; 40]).unwrap_err().code, "recording_broken");
    let what = film.next().unwrap();
    let whole = stored(&world, what, None).unwrap();
    for cut in [1, 20, 60, 90, 200, whole.len() - 1] {
        assert_eq!(film.cut(&whole[..cut]).unwrap_err().code, "recording_broken", "cut at {cut}");
    }
    film.cut(&whole).unwrap();
    // A disk that gives other bytes than were written.
    for at in 0..400 {
        let mut other = whole.to_vec();
        other[at] ^= 0xff;
        let _ = plan(&world).unwrap().cut(&other);
        let look = &mut |what, most: Option<usize>| match (what, most) {
            (Stored::Segment { .. }, _) => Ok(Bytes::copy_from_slice(&other[..most.unwrap_or(other.len())])),
            _ => stored(&world, what, most),
        };
        let _ = Film::new(&[HIGH, SOUND], &segments(&world), look);
    }
}
