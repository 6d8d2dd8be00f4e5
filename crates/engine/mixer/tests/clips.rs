//! Clips in the real mixer process: playing, seeking, looping, stills, and what is refused.

mod common;

use common::*;
use palco_base::{Codec, FeedId, MediaTime};
use palco_mix::wire::{FromMixer, Output, Probe, ToMixer, Transition};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const CLIP: FeedId = FeedId::new(0xC11B);
/// Each third of the clip has its colour and tone.
const THIRDS: [(u32, f64); 3] = [(0xC0_2020, 500.0), (0x20_C020, 900.0), (0x20_20C0, 1_300.0)];

/// Six seconds: red with 500 Hz, green with 900 Hz, blue with 1,300 Hz, two seconds each.
fn thirds(codecs: &str) -> String {
    let mut inputs = String::new();
    let mut graph = String::new();
    for (at, (colour, hertz)) in THIRDS.iter().enumerate() {
        inputs.push_str(&format!(
            "-f lavfi -i color=0x{colour:06X}:s=640x360:r=30:d=2 -f lavfi -i sine=f={hertz}:r=48000:d=2 "
        ));
        graph.push_str(&format!("[{}:v][{}:a]", at * 2, at * 2 + 1));
    }
    let colours = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";
    format!(
        "{inputs}-filter_complex {graph}concat=n=3:v=1:a=1[v0][a];[v0]scale=out_color_matrix=bt709:out_range=tv[v] \
         -map [v] -map [a] -pix_fmt yuv420p {colours} {codecs}"
    )
}

fn open(mixer: &mut Mixer, path: &Path, position: u64, playing: bool, looped: bool) {
    mixer.say(ToMixer::OpenOutput { output: Output::Program, coding: CODING });
    mixer.hand_over(CLIP, &File::open(path).expect("the clip"));
    mixer.say(ToMixer::OpenClip { feed: CLIP, position, playing, looped });
    let transition = Transition::Cut;
    mixer.say(ToMixer::Arrange { output: Output::Program, arrangement: alone(CLIP), transition });
}

/// The colours seen in a stretch, one per change.
fn colours(said: &[Said]) -> Vec<u32> {
    let video = frames_of(said, Output::Program, Codec::H264);
    let mut seen = Vec::new();
    for picture in decode(from_key(&video)) {
        let at = picture.at(640, 360);
        if let Some((colour, _)) = THIRDS.iter().find(|(colour, _)| near(at, *colour))
            && seen.last() != Some(colour)
        {
            seen.push(*colour);
        }
    }
    seen
}

fn state(said: &Said) -> Option<(u64, Option<u64>, bool, bool)> {
    match said {
        Said::Control(FromMixer::ClipState { feed, position, duration, playing, ended }) if *feed == CLIP => {
            Some((*position, *duration, *playing, *ended))
        }
        _ => None,
    }
}

#[test]
fn a_clip_plays_with_its_sound_to_its_end() {
    let folder = Folder::new("plays");
    for (name, codecs) in [
        ("a.mp4", "-c:v libx264 -preset veryfast -c:a aac"), // moov at the end, B-frames
        ("a.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 800k -c:a libopus"),
        ("a.ts", "-c:v mpeg2video -b:v 3M -c:a mp2"),
    ] {
        let path = folder.ffmpeg(name, &thirds(codecs));
        let mut mixer = Mixer::start();
        open(&mut mixer, &path, 0, true, false);
        let first = mixer.until(10, |said| state(said).is_some());
        assert!(state(&first).is_some_and(|(_, _, playing, _)| playing), "{name}: {first:?}");
        let said = mixer.play(&mut [], Duration::from_millis(6_800));
        assert_eq!(colours(&said), THIRDS.map(|(colour, _)| colour), "{name}");
        let states: Vec<_> = said.iter().filter_map(state).collect();
        assert!(states.len() >= 20, "{name}: where it is, each 250 ms: {states:?}");
        let last = states[states.len() - 1];
        assert!(
            last.3 && !last.2 && last.1.is_some_and(|all| (5_900..6_200).contains(&all)),
            "{name}: {last:?}"
        );
        // Each tone is heard for two seconds, one after another.
        let heard = listen(&frames_of(&said, Output::Program, Codec::Opus));
        for (_, hertz) in THIRDS {
            // In short pieces: drift correction may bend the pitch by 1 %.
            let loud = heard.chunks(2_400).filter(|piece| strength(piece, hertz) > 0.04).count();
            assert!((26..=44).contains(&loud), "{name}: {hertz} Hz for {loud} twentieths of a second");
        }
    }
}

#[test]
fn seeking_pausing_looping() {
    let folder = Folder::new("seeks");
    let path = folder.ffmpeg("b.mp4", &thirds("-c:v libx264 -preset veryfast -g 300 -c:a aac"));
    let mut mixer = Mixer::start();
    // Standing on its first picture, at the position asked for.
    open(&mut mixer, &path, 2_500, false, false);
    mixer.until(10, |said| state(said).is_some_and(|(position, ..)| (2_400..2_600).contains(&position)));
    mixer.play(&mut [], Duration::from_millis(300));
    mixer.say(ToMixer::KeyFrame { output: Output::Program });
    assert_eq!(
        colours(&mixer.play(&mut [], Duration::from_millis(1_500))),
        [THIRDS[1].0],
        "it stands on green"
    );
    // Seek while paused shows the new place.
    mixer.say(ToMixer::SetClip { feed: CLIP, playing: false, looped: false, seek: Some(4_500) });
    mixer.play(&mut [], Duration::from_millis(700));
    mixer.say(ToMixer::KeyFrame { output: Output::Program });
    assert_eq!(
        colours(&mixer.play(&mut [], Duration::from_millis(1_500))),
        [THIRDS[2].0],
        "it stands on blue"
    );
    // Runs on from there, over its end and from its beginning.
    mixer.say(ToMixer::SetClip { feed: CLIP, playing: true, looped: true, seek: None });
    mixer.say(ToMixer::KeyFrame { output: Output::Program });
    let said = mixer.play(&mut [], Duration::from_millis(4_500));
    assert_eq!(colours(&said), [THIRDS[2].0, THIRDS[0].0, THIRDS[1].0], "it loops");
    assert!(said.iter().filter_map(state).all(|(.., ended)| !ended));
    // Far beyond the end, then back.
    mixer.say(ToMixer::SetClip { feed: CLIP, playing: true, looped: false, seek: Some(u64::MAX) });
    mixer.until(5, |said| state(said).is_some_and(|(.., ended)| ended));
    mixer.say(ToMixer::SetClip { feed: CLIP, playing: true, looped: false, seek: None });
    mixer.until(5, |said| state(said).is_some_and(|(position, _, playing, _)| playing && position < 1_000));
    mixer.say(ToMixer::CloseFeed { feed: CLIP });
    mixer.until(5, |said| matches!(said, Said::Control(FromMixer::Stats { .. })));
}

#[test]
fn a_still_picture_stays_and_bad_files_fail_with_a_sentence() {
    let folder = Folder::new("stills");
    let png = folder.ffmpeg("c.png", "-f lavfi -i color=0x20C020:s=800x600 -frames:v 1");
    let mut mixer = Mixer::start();
    open(&mut mixer, &png, 0, true, false);
    mixer.play(&mut [], Duration::from_millis(3_000));
    mixer.say(ToMixer::KeyFrame { output: Output::Program });
    let said = mixer.play(&mut [], Duration::from_millis(1_000));
    assert!(said.iter().filter_map(state).all(|(_, duration, _, ended)| duration.is_none() && !ended));
    let video = frames_of(&said, Output::Program, Codec::H264);
    let pictures = decode(from_key(&video));
    let at = pictures[pictures.len() - 1].at(640, 360);
    // PNG is RGB; which matrix brings it to YUV is GStreamer's business, but it is green and bright.
    assert!(at[0] > 100 && at[1] < 100 && at[2] < 100, "{at:?}");
    for (name, bytes) in
        [("empty", &b""[..]), ("text", b"Once upon a time, on a stage"), ("zeros", &[0; 9_000])]
    {
        let path = folder.0.join(name);
        std::fs::write(&path, bytes).expect("written");
        open(&mut mixer, &path, 0, true, false);
        let said = mixer.until(12, |said| matches!(said, Said::Control(FromMixer::ClipFailed { .. })));
        println!("{name}: {said:?}");
    }
    mixer.until(5, |said| matches!(said, Said::Control(FromMixer::Stats { .. })));
}

fn probe(path: &Path) -> Probe {
    let output = Command::new(env!("CARGO_BIN_EXE_palco-mixer"))
        .arg("probe")
        .stdin(Stdio::from(File::open(path).expect("the clip")))
        .output()
        .expect("the probe runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).expect("one line of JSON")
}

fn assert_refused(path: &Path, expected: &str) {
    match probe(path) {
        Probe::Refused { code, text } => assert_eq!(code, expected, "{}: {text}", path.display()),
        playable => panic!("{} is {playable:?}, not {expected}", path.display()),
    }
}

#[test]
fn the_probe_knows_good_from_bad() {
    let folder = Folder::new("probe");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.0.join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let mp4 = folder.ffmpeg("good.mp4", &thirds("-c:v libx264 -preset veryfast -c:a aac"));
    match probe(&mp4) {
        Probe::Playable { duration: Some(all), picture: Some((640, 360)), sound: true } => {
            assert!((5_900..6_200).contains(&all), "{all}");
        }
        other => panic!("{other:?}"),
    }
    let faststart =
        folder.ffmpeg("fast.mp4", &thirds("-c:v libx264 -preset veryfast -c:a aac -movflags +faststart"));
    let png = folder.ffmpeg("good.png", "-f lavfi -i color=red:s=320x200 -frames:v 1");
    assert!(matches!(
        probe(&png),
        Probe::Playable { duration: None, picture: Some((320, 200)), sound: false }
    ));
    let mp3 = folder.ffmpeg("good.mp3", "-f lavfi -i sine=d=3");
    assert!(matches!(probe(&mp3), Probe::Playable { duration: Some(_), picture: None, sound: true }));
    for (name, codecs) in [
        ("good.mkv", "-c:v libx264 -preset veryfast -c:a libopus"),
        ("good.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus"),
        ("good.avi", "-c:v mpeg4 -c:a mp2"),
    ] {
        let path = folder.ffmpeg(name, &thirds(codecs));
        assert!(matches!(probe(&path), Probe::Playable { sound: true, .. }), "{name}: {:?}", probe(&path));
    }
    assert_refused(&write("empty.mp4", b""), "clip_empty");
    assert_refused(&write("text.mp4", "This is only a story. ".repeat(500).as_bytes()), "clip_not_media");
    assert_refused(
        &write("list.m3u8", b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nhttp://127.0.0.1:9/a.ts\n"),
        "clip_not_media",
    );
    let whole = std::fs::read(&mp4).expect("read");
    assert_refused(&write("no_moov.mp4", &whole[..whole.len() / 2]), "clip_truncated");
    let whole = std::fs::read(&faststart).expect("read");
    assert_refused(&write("half.mp4", &whole[..whole.len() / 2]), "clip_truncated");
    let huge = folder.ffmpeg("huge.png", "-f lavfi -i color=red:s=7680x4320 -frames:v 1");
    assert_refused(&huge, "clip_too_large_picture");
    let eight_k = folder
        .ffmpeg("huge.mp4", "-f lavfi -i color=red:s=7680x4320:r=5:d=0.4 -c:v libx264 -preset ultrafast");
    assert_refused(&eight_k, "clip_too_large_picture");
    // A container whose contents are noise.
    let mut noise = std::fs::read(&faststart).expect("read");
    let start = noise.windows(4).position(|four| four == b"mdat").expect("mdat") + 4;
    noise[start..].iter_mut().enumerate().for_each(|(at, byte)| *byte = ((at * 7_919) >> 3) as u8);
    match probe(&write("noise.mp4", &noise)) {
        Probe::Refused { code, .. } => {
            assert!(code == "clip_undecodable" || code == "clip_truncated", "{code}")
        }
        playable => panic!("noise is {playable:?}"),
    }
}

#[test]
fn reading_for_publishing_gives_frames_in_order_from_any_file() {
    let folder = Folder::new("reads");
    for (name, codecs, same) in [
        ("a.mkv", "-c:v libx264 -profile:v baseline -g 60 -c:a libopus", true),
        ("b.mp4", "-c:v libx264 -preset veryfast -bf 2 -c:a aac", false),
        ("c.webm", "-c:v libvpx -deadline realtime -cpu-used 8 -c:a libopus", false),
    ] {
        let path = folder.ffmpeg(name, &thirds(codecs));
        let output = Command::new(BINARY)
            .arg("read")
            .stdin(Stdio::from(File::open(&path).expect("the clip")))
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let mut reader = palco_mix::wire::Reader::default();
        reader.push(&output.stdout);
        let mut frames = Vec::new();
        while let Some(message) = reader.next_message::<FromMixer>().expect("well formed") {
            let palco_mix::wire::Message::Media(feed, frame) = message else { panic!("{name}: not media") };
            assert_eq!(feed, FeedId::new(0));
            frames.push(frame);
        }
        let of = |codec| frames.iter().filter(|frame| frame.codec == codec).cloned().collect::<Vec<_>>();
        let (video, audio) = (of(Codec::H264), of(Codec::Opus));
        println!("{name}: {} pictures, {} packets", video.len(), audio.len());
        assert!((175..=182).contains(&video.len()), "{name}: {}", video.len());
        assert!((295..=310).contains(&audio.len()), "{name}: {}", audio.len());
        assert!(frames.windows(2).all(|w| w[0].time <= w[1].time), "{name}: in the order of their times");
        assert!(video[0].key && video[0].time < MediaTime::from_millis(100), "{name}: {:?}", video[0].time);
        assert!(
            video[0].payload.windows(5).any(|five| five[..4] == [0, 0, 0, 1] && five[4] & 31 == 7),
            "SPS first"
        );
        assert!(video.iter().filter(|frame| frame.key).count() >= 3, "{name}: a key frame every 2 s");
        let pictures = decode(&video);
        assert!(near(pictures[10].at(320, 180), THIRDS[0].0), "{name}: {:?}", pictures[10].at(320, 180));
        if same {
            assert_eq!(pictures.len(), 180, "{name}: passed on as it is");
        }
    }
}
