//! Real H.264 and AAC through the core, judged by ffmpeg and by a box parser.

// The core may not; its judges are programs that read files.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::common::{HIGH, LOW, NAMES, SOUND, World, ms, settings};
use mp4_atom::{Any, DecodeMaybe, Moof};
use palco_base::MediaTime;
use palco_hls::{Input, TrackId, TrackKind};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Access units.
pub(crate) type Units = Vec<Vec<u8>>;

/// Runs a tool; its standard output.
///
/// # Panics
/// If it is not installed, fails, or has anything to complain of.
pub(crate) fn tool(name: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(name).args(["-v", "error"]).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{name} is needed: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{name} {arguments:?}: {said}");
    output.stdout
}

/// Access units in Annex B, cut at their delimiters.
pub(crate) fn pictures(size: &str, profile: &str, seconds: u32) -> Vec<Vec<u8>> {
    let source = format!("testsrc2=size={size}:rate=30:duration={seconds}");
    let stream = tool(
        "ffmpeg",
        &[
            "-f",
            "lavfi",
            "-i",
            &source,
            "-pix_fmt",
            "yuv420p",
            "-c:v",
            "libx264",
            "-profile:v",
            profile,
            "-preset",
            "superfast",
            "-tune",
            "zerolatency",
            "-g",
            "60",
            "-keyint_min",
            "60",
            "-sc_threshold",
            "0",
            "-bf",
            "0",
            "-x264-params",
            "aud=1:repeat-headers=1",
            "-f",
            "h264",
            "-",
        ],
    );
    let delimiter = [0, 0, 0, 1, 9];
    let mut starts: Vec<usize> =
        (0..stream.len()).filter(|at| stream[*at..].starts_with(&delimiter)).collect();
    starts.push(stream.len());
    starts.windows(2).map(|pair| stream[pair[0]..pair[1]].to_vec()).collect()
}

/// Raw access units, and the AudioSpecificConfig, from ADTS.
pub(crate) fn sound(seconds: u32) -> (Vec<Vec<u8>>, Vec<u8>) {
    let source = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let stream = tool(
        "ffmpeg",
        &["-f", "lavfi", "-i", &source, "-ac", "2", "-c:a", "aac", "-b:a", "128k", "-f", "adts", "-"],
    );
    let (profile, rate) = (stream[2] >> 6, stream[2] >> 2 & 0xf);
    let channels = (stream[2] & 1) << 2 | stream[3] >> 6;
    let config = vec![(profile + 1) << 3 | rate >> 1, rate << 7 | channels << 3];
    let mut units = Vec::new();
    let mut rest = stream.as_slice();
    while !rest.is_empty() {
        let length = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        units.push(rest[7..length].to_vec());
        rest = &rest[length..];
    }
    (units, config)
}

/// Feeds it all in order of time from `origin`.
pub(crate) fn feed(world: &mut World, origin: MediaTime, videos: [&[Vec<u8>]; 2], audio: &[Vec<u8>]) {
    let mut all: Vec<(MediaTime, TrackId, &Vec<u8>)> = Vec::new();
    for (track, units) in [HIGH, LOW].into_iter().zip(videos) {
        let at = |n: usize| MediaTime::from_micros(n as i64 * 1_000_000 / 30);
        all.extend(units.iter().enumerate().map(|(n, unit)| (at(n), track, unit)));
    }
    let at = |n: usize| MediaTime::from_ticks(n as i64 * 1_024, 48_000);
    all.extend(audio.iter().enumerate().map(|(n, unit)| (at(n), SOUND, unit)));
    all.sort_by_key(|(time, ..)| *time);
    for (time, track, unit) in all {
        world.to(origin + time);
        world.frame(track, origin + time, unit.clone(), true);
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hls-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// An initialization section and the segments that name it, one after the other.
fn file(world: &World, track: TrackId, init: u32) -> Vec<u8> {
    let mut bytes = world.inits[&(track, init)].to_vec();
    for (segment, body) in world.segments.iter().filter(|(s, _)| (s.track, s.init) == (track, init)) {
        assert_eq!(segment.size, body.len() as u64);
        bytes.extend_from_slice(body);
    }
    bytes
}

fn frames(path: &str) -> usize {
    let out =
        tool("ffprobe", &["-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path]);
    String::from_utf8(out).unwrap().lines().next().unwrap().trim_end_matches(',').parse().unwrap()
}

/// Decodes without a complaint; the number of frames.
pub(crate) fn decode(folder: &Path, name: &str, bytes: &[u8]) -> usize {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    let path = path.to_str().unwrap();
    tool("ffmpeg", &["-xerror", "-err_detect", "explode", "-i", path, "-f", "null", "-"]);
    frames(path)
}

/// The chunks of a segment: decode time, durations and the sync marks of the samples. Sees that
/// sizes and offsets agree with the bytes.
fn chunks(bytes: &[u8]) -> Vec<(u64, Vec<u64>, Vec<bool>)> {
    let mut rest = bytes;
    let mut found = Vec::new();
    let mut moof: Option<(Moof, usize)> = None;
    while let Some(atom) = Any::decode_maybe(&mut rest).unwrap() {
        match atom {
            Any::Moof(next) => {
                let at = bytes.len() - rest.len();
                assert!(moof.replace((next, at)).is_none(), "a moof without mdat");
            }
            Any::Mdat(mdat) => {
                let (moof, end) = moof.take().expect("a moof before each mdat");
                let traf = &moof.traf[0];
                let samples: Vec<_> = traf.trun[0].samples.iter().collect();
                let size: usize = samples.iter().map(|s| s.size.unwrap() as usize).sum();
                assert_eq!(size, mdat.data.len());
                let mut length = Vec::new();
                mp4_atom::Encode::encode(&moof, &mut length).unwrap();
                assert_eq!(traf.trun[0].data_offset, Some(length.len() as i32 + 8));
                assert!(end >= length.len() && traf.tfhd.default_base_is_moof);
                found.push((
                    traf.tfdt.as_ref().unwrap().base_media_decode_time,
                    samples.iter().map(|s| u64::from(s.duration.unwrap())).collect(),
                    samples.iter().map(|s| s.flags.unwrap() & 0x1_0000 == 0).collect(),
                ));
            }
            other => panic!("{other:?} in a segment"),
        }
    }
    assert!(rest.is_empty() && moof.is_none());
    found
}

/// A show of these pictures and sounds, ended.
pub(crate) fn show(seconds: u32) -> (World, [Units; 2], Units) {
    let videos = [pictures("1280x720", "high", seconds), pictures("640x360", "main", seconds)];
    let (audio, config) = sound(seconds);
    let mut settings = settings();
    settings.tracks[2].kind = TrackKind::Audio { config };
    let mut world = World::with(settings, None);
    feed(&mut world, ms(1_000_000), [&videos[0], &videos[1]], &audio);
    (world, videos, audio)
}

#[test]
fn real_media_is_decoded_without_an_error_and_no_frame_is_lost() {
    let (mut world, videos, audio) = show(11);
    world.handle(Input::End);
    assert_eq!(world.hls.counters().dropped_frames, 0);
    let folder = folder("whole");
    for (track, count) in [(HIGH, videos[0].len()), (LOW, videos[1].len()), (SOUND, audio.len())] {
        let name = NAMES[track.0];
        let read = decode(&folder, &format!("{name}.mp4"), &file(&world, track, 0));
        // ffmpeg takes the encoder's priming for a frame that it swallows, or not.
        assert!(read == count || (track == SOUND && read + 1 == count), "{name}: {read} of {count}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_playlists_play_in_ffmpeg_as_they_stand() {
    let (mut world, videos, audio) = show(7);
    world.handle(Input::End);
    let folder = folder("playlists");
    let mut paths = vec!["index.m3u8".to_owned()];
    for name in NAMES {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        paths.push(format!("{name}.m3u8"));
        paths.push(format!("{name}/init-0.mp4"));
        paths.extend(world.playlist(name).segments.into_iter().map(|segment| segment.uri));
    }
    for path in paths {
        let bytes = world.get(&path, "").1;
        std::fs::write(folder.join(path), bytes).unwrap();
    }
    for (name, count) in NAMES.iter().zip([videos[0].len(), videos[1].len(), audio.len()]) {
        let path = folder.join(format!("{name}.m3u8"));
        let read = frames(path.to_str().unwrap());
        assert!(read == count || read + 1 == count, "{name}: {read} of {count}");
    }
    let index = folder.join("index.m3u8");
    let out = tool(
        "ffprobe",
        &[
            "-show_entries",
            "stream=codec_name,width,height,sample_rate",
            "-of",
            "csv=p=0",
            index.to_str().unwrap(),
        ],
    );
    let out = String::from_utf8(out).unwrap();
    for stream in ["h264,1280,720", "h264,640,360", "aac,48000"] {
        assert!(out.contains(stream), "{stream} in {out}");
    }
    assert!(world.text("index.m3u8", "").contains("avc1.6400"), "High");
    assert!(world.text("index.m3u8", "").contains("FRAME-RATE=30.000"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn decode_times_go_on_from_chunk_to_chunk_and_segments_begin_with_an_idr() {
    let (mut world, ..) = show(7);
    world.handle(Input::End);
    for track in [HIGH, LOW, SOUND] {
        let mut due: Option<u64> = None;
        let mut begins = Vec::new();
        for (segment, bytes) in world.segments.iter().filter(|(s, _)| s.track == track) {
            let chunks = chunks(bytes);
            assert!(chunks[0].2[0], "a segment begins with a sync sample");
            begins.push(chunks[0].0);
            let ticks: u64 = chunks.iter().flat_map(|chunk| &chunk.1).sum();
            let rate = if track == SOUND { 48_000 } else { 90_000 };
            assert_eq!(
                MediaTime::from_ticks(ticks as i64, rate),
                segment.duration,
                "EXTINF is what is in it"
            );
            for (time, durations, _) in chunks {
                assert!(due.is_none_or(|due| due == time), "{track:?} {}: {time} {due:?}", segment.sequence);
                due = Some(time + durations.iter().sum::<u64>());
            }
        }
        assert_eq!(begins.len(), 4);
    }
}

#[test]
fn after_a_restart_with_another_encoder_both_sides_are_decoded() {
    let (mut world, ..) = show(5);
    let (high, low) = (pictures("1280x720", "baseline", 5), pictures("640x360", "high", 5));
    let (audio, _) = sound(5);
    feed(&mut world, ms(1_006_700), [&high, &low], &audio);
    world.handle(Input::End);
    let folder = folder("restart");
    for (track, count) in [(HIGH, 150), (LOW, 150)] {
        for init in [0, 1] {
            let read = decode(&folder, &format!("{}-{init}.mp4", track.0), &file(&world, track, init));
            assert_eq!(read, count, "{track:?} {init}");
        }
    }
    assert_eq!(world.playlist("audio").segments.iter().filter(|segment| segment.discontinuity).count(), 1);
    assert_eq!(world.hls.counters().dropped_frames, 0);
    std::fs::remove_dir_all(folder).unwrap();
}
