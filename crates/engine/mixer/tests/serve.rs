//! The real mixer process on real sockets.

mod common;

use common::*;
use palco_base::{Bitrate, Codec, EncodedFrame, FeedId, MediaTime, Size};
use palco_mix::wire::{Coding, FromMixer, Message, Output, Rendition, ToMixer, Transition};
use std::sync::Arc;
use std::time::{Duration, Instant};

const COLOURS: [u32; 4] = [0xC0_2020, 0x20_C020, 0x20_20C0, 0xC0_C020];

fn feed(number: u64) -> FeedId {
    FeedId::new(100 + number)
}

fn open(mixer: &mut Mixer) {
    mixer.say(ToMixer::OpenOutput { output: Output::Program, coding: CODING });
}

fn arrange(mixer: &mut Mixer, arrangement: palco_base::canvas::Arrangement) {
    let transition = Transition::Cut;
    mixer.say(ToMixer::Arrange { output: Output::Program, arrangement, transition });
}

/// A performer in one colour with a tone of their own.
fn performer(mixer: &mut Mixer, number: u64) -> Live {
    let id = feed(number);
    mixer.say(ToMixer::OpenFeed { feed: id, name: format!("Performer {number}") });
    let mut frames = h264(COLOURS[number as usize], 640, 360, 60);
    frames.extend(tone(400 + 200 * number as u32, 100));
    Live::new(id, frames)
}

#[test]
fn four_performers_become_one_picture_with_sound() {
    let mut mixer = Mixer::start();
    open(&mut mixer);
    let mut live: Vec<Live> = (0..4).map(|number| performer(&mut mixer, number)).collect();
    arrange(&mut mixer, quarters([0, 1, 2, 3].map(feed)));
    mixer.play(&mut live, Duration::from_secs(2));
    let said = mixer.play(&mut live, Duration::from_secs(4));
    let video = frames_of(&said, Output::Program, Codec::H264);
    let audio = frames_of(&said, Output::Program, Codec::Opus);
    let seconds = |frames: &[EncodedFrame]| (frames[frames.len() - 1].time - frames[0].time).seconds();
    println!("{} pictures, {} packets", video.len(), audio.len());
    // A machine with too much to do skips ticks; what comes is on them all the same.
    let rate = video.len() as f64 / seconds(&video);
    assert!((15.0..33.0).contains(&rate), "30 a second at most: {rate}");
    let ticks = |w: &[EncodedFrame]| (w[1].time - w[0].time).seconds() * 30.0;
    assert!(video.windows(2).all(|w| (ticks(w) - ticks(w).round()).abs() < 0.06), "each on a tick");
    assert!((audio.len() as f64 / seconds(&audio) - 50.0).abs() < 1.5, "50 a second");
    assert!(
        audio.windows(2).all(|w| (w[1].time - w[0].time) == MediaTime::from_millis(20)),
        "no packet is missing"
    );
    // Whatever is sent is about now, on the clock both share.
    assert!((now() - video[video.len() - 1].time).seconds() < 0.5);
    let keys = video.iter().filter(|frame| frame.key).count();
    assert!((1..=4).contains(&keys), "a key frame every 2 s: {keys}");
    for picture in decode(from_key(&video)) {
        assert_eq!((picture.width, picture.height), (1280, 720));
        for (at, colour) in [(320, 180), (960, 180), (320, 540), (960, 540)].into_iter().zip(COLOURS) {
            assert!(near(picture.at(at.0, at.1), colour), "{at:?} is {:?}", picture.at(at.0, at.1));
        }
    }
    let heard = listen(&audio);
    // In pieces of 40 ms: each second round a loop begins, and the pitch may bend by 1 %, which a
    // longer piece would not find (10 Hz off is nothing heard in a tenth of a second).
    let usual = |hertz: f64| {
        let mut strengths: Vec<f64> = heard.chunks_exact(1_920).map(|piece| strength(piece, hertz)).collect();
        strengths.sort_by(f64::total_cmp);
        strengths[strengths.len() / 2]
    };
    for number in 0..4 {
        let hertz = 400.0 + 200.0 * f64::from(number);
        println!("{hertz} Hz is heard with {}", usual(hertz));
        assert!(usual(hertz) > 0.09, "{hertz} Hz is heard with {}", usual(hertz));
    }
    assert!(usual(500.0) < 0.05, "and nothing else: {}", usual(500.0));
    let levels =
        said.iter().filter(|s| matches!(s, Said::Control(FromMixer::Levels { levels }) if levels.len() == 4));
    assert!(levels.count() >= 8, "levels five times a second");
}

#[test]
fn renditions_have_their_key_frames_together_and_both_sounds_are_in_step() {
    let mut mixer = Mixer::start();
    let small = Rendition { width: 640, height: 360, video: Bitrate::kbps(500) };
    let coding = Coding { small: Some(small), aac: Some(Bitrate::kbps(128)), ..CODING };
    mixer.say(ToMixer::OpenOutput { output: Output::Program, coding });
    let mut live = [performer(&mut mixer, 0)];
    let mut picture = quarters([0, 0, 0, 0].map(feed));
    let sounds = std::mem::take(&mut picture.sounds);
    arrange(&mut mixer, picture.clone());
    let mut said = mixer.play(&mut live, Duration::from_millis(2_500));
    mixer.say(ToMixer::KeyFrame { output: Output::Program });
    picture.sounds = sounds[..1].to_vec();
    arrange(&mut mixer, picture);
    said.extend(mixer.play(&mut live, Duration::from_millis(2_500)));

    let of = |size| frames_at(&said, Output::Program, size, Codec::H264);
    let (large, small) = (of(Size::Large), of(Size::Small));
    let times = |frames: &[EncodedFrame]| {
        let keys = frames.iter().filter(|frame| frame.key).map(|frame| frame.time.millis());
        (frames.iter().map(|frame| frame.time.millis()).collect::<Vec<_>>(), keys.collect::<Vec<_>>())
    };
    let ((every, keys), (every_small, keys_small)) = (times(&large), times(&small));
    let both = every.len().min(every_small.len());
    assert!(both > 60, "{both} pictures");
    assert_eq!(every[..both], every_small[..both], "the same pictures");
    assert_eq!(keys, keys_small, "key frames at the same pictures");
    assert!(keys.len() >= 4, "the first, each two seconds, and the one asked for: {keys:?}");
    // The first may have come just before a line of the grid: the next one waits a quarter of a second.
    let crossing = keys.windows(2).filter(|w| w[0] / 2_000 != w[1] / 2_000);
    let on_grid = crossing.clone().filter(|w| w[1] % 2_000 < 100 || w[1] - w[0] < 320).count();
    assert!(on_grid >= 2 && on_grid == crossing.count(), "{keys:?}");
    let bytes = |frames: &[EncodedFrame]| frames.iter().map(|frame| frame.payload.len()).sum::<usize>();
    assert!(bytes(&small) < bytes(&large));
    let seen = decode(from_key(&small));
    assert_eq!((seen[0].width, seen[0].height), (640, 360));
    let last = &seen[seen.len() - 1];
    assert!(near(last.at(160, 90), COLOURS[0]), "{:?}", last.at(160, 90));

    let units = frames_of(&said, Output::Program, Codec::Aac);
    let ticks =
        |frames: &[EncodedFrame]| frames.windows(2).map(|w| (w[1].time - w[0].time).micros()).collect();
    let steps: Vec<i64> = ticks(&units);
    assert!(steps.iter().all(|step| (21_320..=21_350).contains(step)), "1,024 samples apart: {steps:?}");
    let packets = frames_of(&said, Output::Program, Codec::Opus);
    // Opus begins with 312 samples of its own (RFC 7845 §4.2).
    let opus = onset(&listen(&packets), packets[0].time) - MediaTime::from_ticks(312, 48_000);
    let aac = onset(&listen_aac(&units), units[0].time);
    println!("AAC begins {} µs after Opus", (aac - opus).micros());
    assert!((aac - opus).micros().abs() < 4_000);
}

/// When sound begins after silence.
fn onset(samples: &[f32], first: MediaTime) -> MediaTime {
    let at = samples.iter().skip(4_800).position(|v| v.abs() > 0.05).expect("something is heard") + 4_800;
    first + MediaTime::from_ticks(at as i64, 48_000)
}

#[test]
fn key_frames_are_bounded_however_many_ask() {
    let mut mixer = Mixer::start();
    open(&mut mixer);
    mixer.play(&mut [], Duration::from_secs(1));
    let mut frames = Vec::new();
    for _ in 0..100 {
        for _ in 0..5 {
            mixer.say(ToMixer::KeyFrame { output: Output::Program });
        }
        frames.extend(frames_of(
            &mixer.play(&mut [], Duration::from_millis(30)),
            Output::Program,
            Codec::H264,
        ));
    }
    let keys: Vec<MediaTime> = frames.iter().filter(|frame| frame.key).map(|frame| frame.time).collect();
    let long = (frames[frames.len() - 1].time - frames[0].time).seconds();
    println!("{} key frames in {long:.1} s", keys.len());
    assert!(keys.len() as f64 >= long * 1.3, "they do come");
    // Those of every second second come whoever asks.
    let asked = keys.windows(2).filter(|w| w[1].millis() % 2_000 >= 40);
    assert!(asked.clone().count() >= 3, "{keys:?}");
    assert!(
        asked.into_iter().all(|w| w[1] - w[0] >= MediaTime::from_millis(460)),
        "but not in a storm: {keys:?}"
    );
    let nearest = keys.windows(2).map(|w| w[1] - w[0]).min().expect("there are some");
    assert!(nearest >= MediaTime::from_millis(240), "{keys:?}");
}

#[test]
fn garbage_codec_changes_and_resolution_changes_are_survived() {
    let mut mixer = Mixer::start();
    open(&mut mixer);
    let good = feed(9);
    mixer.say(ToMixer::OpenFeed { feed: good, name: "Good".into() });
    let bad = feed(1);
    mixer.say(ToMixer::OpenFeed { feed: bad, name: "Bad".into() });
    let mut arrangement = alone(good);
    arrangement.tiles[0].rect.width = 640;
    arrangement.tiles.push(tile(bad, 640, 0, 640, 720));
    arrange(&mut mixer, arrangement);
    let mut live = [Live::new(good, h264(COLOURS[0], 640, 360, 60))];
    // A delta frame first: nothing can be decoded, a key frame is asked for.
    let red = h264(COLOURS[1], 320, 240, 30);
    mixer.send(&Message::Media(bad, EncodedFrame { time: now(), ..red[1].clone() }));
    mixer.until(5, |said| matches!(said, Said::Control(FromMixer::KeyFrameWanted { feed }) if *feed == bad));
    // Noise of all sizes, as key frames and not, in every codec.
    let mut seed = 0x1234_5678_9ABC_DEF0u64;
    println!("seed {seed:x}");
    for round in 0..300usize {
        let length = [0, 1, 2, 3, 17, 200, 3_000, 65_000][round % 8];
        let payload: Vec<u8> = (0..length)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (seed >> 56) as u8
            })
            .collect();
        let codec = [Codec::H264, Codec::Vp8, Codec::Opus][round / 8 % 3];
        let time = [now(), MediaTime::from_micros(-1), MediaTime::from_micros(i64::MAX)]
            [usize::from(round % 50 == 0) * (1 + round % 2)];
        let frame = EncodedFrame { codec, key: round % 2 == 0, time, payload: Arc::from(payload.as_slice()) };
        mixer.send(&Message::Media(bad, frame));
        if round % 10 == 0 {
            mixer.play(&mut live, Duration::from_millis(20));
        }
    }
    // Real frames with flipped bytes.
    for (at, frame) in red.iter().enumerate() {
        let mut payload = frame.payload.to_vec();
        let middle = payload.len() / 2;
        payload[middle] ^= 0xFF;
        payload.truncate(payload.len() - at % 3);
        let frame = EncodedFrame { time: now(), payload: Arc::from(payload.as_slice()), ..frame.clone() };
        mixer.send(&Message::Media(bad, frame));
    }
    // The same feed, healthy in VP8, then in H.264 of another size.
    for (frames, colour) in [
        (vp8(COLOURS[2], 60), COLOURS[2]),
        (h264(COLOURS[3], 1280, 720, 60), COLOURS[3]),
        (h264(COLOURS[1], 322, 182, 60), COLOURS[1]),
    ] {
        let [good] = live;
        let mut both = [good, Live::new(bad, frames)];
        mixer.play(&mut both, Duration::from_millis(1_500));
        mixer.say(ToMixer::KeyFrame { output: Output::Program });
        let said = mixer.play(&mut both, Duration::from_millis(1_000));
        let video = frames_of(&said, Output::Program, Codec::H264);
        let pictures = decode(from_key(&video));
        let last = &pictures[pictures.len() - 1];
        assert!(near(last.at(960, 360), colour), "{colour:06x} is {:?}", last.at(960, 360));
        assert!(near(last.at(320, 360), COLOURS[0]), "the other performer is untouched");
        let [first, _] = both;
        live = [first];
    }
    let stats = mixer.until(5, |said| matches!(said, Said::Control(FromMixer::Stats { .. })));
    println!("{stats:?}");
    assert!(matches!(stats, Said::Control(FromMixer::Stats { undecodable, .. }) if undecodable > 0));
}

#[test]
fn an_output_can_come_and_go_beside_the_program() {
    let mut mixer = Mixer::start();
    open(&mut mixer);
    mixer.play(&mut [], Duration::from_millis(500));
    for _ in 0..3 {
        mixer.say(ToMixer::OpenOutput { output: Output::Stage, coding: CODING });
        let both = mixer.play(&mut [], Duration::from_millis(1_000));
        assert!(frames_of(&both, Output::Stage, Codec::H264).first().is_some_and(|frame| frame.key));
        assert!(frames_of(&both, Output::Program, Codec::H264).len() >= 12, "the Program goes on");
        mixer.say(ToMixer::CloseOutput { output: Output::Stage });
        // What was in the old encoder still comes.
        mixer.play(&mut [], Duration::from_millis(300));
    }
    let after = mixer.play(&mut [], Duration::from_millis(500));
    assert!(frames_of(&after, Output::Stage, Codec::H264).is_empty());
}

#[test]
fn it_ends_when_the_server_goes() {
    let (socket, theirs) = std::os::unix::net::UnixStream::pair().expect("sockets");
    let (files, their_files) = std::os::unix::net::UnixStream::pair().expect("sockets");
    let mut child = std::process::Command::new(BINARY)
        .stdin(std::process::Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(std::process::Stdio::from(std::os::fd::OwnedFd::from(their_files)))
        .spawn()
        .expect("the mixer starts");
    drop(socket);
    drop(files);
    let began = Instant::now();
    let status = child.wait().expect("it ends");
    assert!(status.success() && began.elapsed() < Duration::from_secs(20), "{status:?}");
}

#[test]
fn the_sandbox_holds() {
    let output = std::process::Command::new(BINARY).arg("sandbox-check").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    println!("{text}");
    assert!(output.status.success(), "{text}");
}

/// Not a check: prints what mixing costs. `cargo test --release -p palco-mixer --test serve -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a check"]
fn cost_of_four_performers() {
    let mut mixer = Mixer::start();
    open(&mut mixer);
    let mut live: Vec<Live> = ["smpte", "ball", "zone-plate kx2=20 ky2=20 kt=1", "pinwheel"]
        .into_iter()
        .enumerate()
        .map(|(number, pattern)| {
            let id = feed(number as u64);
            mixer.say(ToMixer::OpenFeed { feed: id, name: format!("Performer {number}") });
            let mut frames = moving(pattern, 60);
            frames.extend(tone(400 + 200 * number as u32, 100));
            Live::new(id, frames)
        })
        .collect();
    // As the stage arranges four: with margins, so that every picture is scaled.
    let mut arrangement = quarters([0, 1, 2, 3].map(feed));
    for (tile, (x, y)) in arrangement.tiles.iter_mut().zip([(8, 8), (644, 8), (8, 364), (644, 364)]) {
        tile.rect = palco_base::canvas::Rect { x, y, width: 628, height: 348 };
        tile.label = Some("Performer".into());
    }
    arrange(&mut mixer, arrangement);
    mixer.play(&mut live, Duration::from_secs(3));
    let said = mixer.play(&mut live, Duration::from_secs(20));
    let used: Vec<u64> = said
        .iter()
        .filter_map(|said| match said {
            Said::Control(FromMixer::Stats { cpu, .. }) => Some(*cpu),
            _ => None,
        })
        .collect();
    let video = frames_of(&said, Output::Program, Codec::H264);
    let seconds = (video[video.len() - 1].time - video[0].time).seconds();
    let bytes = video.iter().map(|frame| frame.payload.len()).sum::<usize>();
    let cores = (used[used.len() - 1] - used[0]) as f64 / 1e6 / (used.len() - 1) as f64;
    println!(
        "{cores:.3} cores; {:.1} pictures/s, {:.0} kbit/s",
        video.len() as f64 / seconds,
        bytes as f64 * 8e-3 / seconds
    );
    println!("{:?}", said.iter().rev().find(|said| matches!(said, Said::Control(FromMixer::Stats { .. }))));
}
