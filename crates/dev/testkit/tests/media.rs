//! What is painted survives coding and scaling, and is found where it was put.

#![allow(clippy::unwrap_used)] // A failure anywhere in here is the test's.

use palco_base::MediaTime;
use palco_testkit::decode::{Pictures, Sound, Stamp};
use palco_testkit::pulse::{BeepFinder, FlashFinder, PATCH, RATE};
use palco_testkit::{Luma, Spec, Strip, media};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

fn spec() -> Spec {
    Spec { seconds: 4, ..Spec::bot(1) }
}

/// Decodes the media through ffmpeg, scaled to a size.
fn scaled(width: usize, height: usize) -> Vec<u8> {
    let output = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .arg(media::file(&spec()).unwrap())
        .args(["-vf", &format!("scale={width}:{height}"), "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}

#[test]
fn every_strip_is_read_at_every_tile_size() {
    for (width, height) in [(640, 360), (960, 540), (424, 240), (320, 180)] {
        let strip = spec().strip().in_tile((640.0, 360.0), (0.0, 0.0, width as f64, height as f64));
        let bytes = scaled(width, height);
        let pictures = bytes.chunks_exact(width * height);
        assert_eq!(pictures.len(), 120);
        for (index, bytes) in pictures.enumerate() {
            let read = strip.read(Luma { bytes, width, height });
            assert_eq!(read, Some(index as u32 * 1_000 / 30), "picture {index} at {width}x{height}");
        }
    }
}

#[test]
fn a_strip_recoded_in_a_small_tile_of_a_program_is_read() {
    // Four of them in a 1280x720 Program, coded again at 2.5 Mbit/s.
    let graph = "[0:v]scale=632:356,pad=1280:720:4:2[a];[0:v]scale=320:180[b];[a][b]overlay=900:500";
    let output = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-i"])
        .arg(media::file(&spec()).unwrap())
        .args(["-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"])
        .args(["-b:v", "2500k", "-f", "h264", "pipe:1"])
        .output()
        .unwrap();
    let mut decode = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-f",
            "h264",
            "-i",
            "pipe:0",
            "-pix_fmt",
            "gray",
            "-f",
            "rawvideo",
            "pipe:1",
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = decode.stdin.take().unwrap();
    let feeder = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &output.stdout));
    let decoded = decode.wait_with_output().unwrap().stdout;
    feeder.join().unwrap().unwrap();
    for tile in [(4.0, 2.0, 632.0, 356.0), (900.0, 500.0, 320.0, 180.0)] {
        let strip = spec().strip().in_tile((640.0, 360.0), tile);
        for (index, bytes) in decoded.chunks_exact(1280 * 720).enumerate() {
            let read = strip.read(Luma { bytes, width: 1280, height: 720 });
            assert_eq!(read, Some(index as u32 * 1_000 / 30), "picture {index} in {tile:?}");
        }
    }
}

#[test]
fn flash_and_beep_are_found_together_in_coded_media() {
    let spec = spec();
    let frames = media::frames(&spec).unwrap();
    let video = frames.iter().filter(|f| f.codec == palco_base::Codec::H264);
    assert!(video.clone().step_by(30).all(|f| f.key), "a key frame each second");

    #[derive(Default)]
    struct Found {
        finder: FlashFinder,
        flashes: Vec<MediaTime>,
        strips: Vec<u32>,
    }
    let found: Arc<Mutex<Found>> = Arc::default();
    let seen = found.clone();
    let mut pictures = Pictures::start(move |grey| {
        let mut seen = seen.lock().unwrap();
        let luma = Luma { bytes: &grey.bytes, width: grey.width, height: grey.height };
        let middle = (grey.height as f64 * (PATCH.1 + PATCH.3 / 2.0)) as usize * grey.width + grey.width / 2;
        if seen.finder.next(f64::from(grey.bytes[middle])) {
            seen.flashes.push(grey.stamp.time);
        }
        seen.strips.extend(Strip::top(640).read(luma));
    })
    .unwrap();
    let begins: Arc<Mutex<Vec<u64>>> = Arc::default();
    let (heard, mut finder) = (begins.clone(), BeepFinder::new(spec.tone));
    let mut sound = Sound::start(move |_, samples| {
        heard.lock().unwrap().extend(samples.iter().filter_map(|s| finder.next(f64::from(*s))));
    })
    .unwrap();
    for frame in &frames {
        let stamp = Stamp { time: frame.time, arrived: frame.time };
        let whole = match frame.codec {
            palco_base::Codec::H264 => pictures.push(&frame.payload, stamp),
            _ => sound.push(&frame.payload, stamp),
        };
        assert!(whole);
    }
    drop((pictures, sound));

    let seen = found.lock().unwrap();
    let at: Vec<i64> = seen.flashes.iter().map(|t| t.millis()).collect();
    assert_eq!(at, [500, 1_500, 2_500, 3_500], "flashes begin at the half ({} pictures)", seen.strips.len());
    let expected: Vec<u32> = (0..120).map(|n| n * 1_000 / 30).collect();
    assert_eq!(seen.strips, expected, "each decoded picture got the stamp of its own frame");
    let begins = begins.lock().unwrap();
    assert_eq!(begins.len(), 4, "{begins:?}");
    for begin in begins.iter() {
        let off = (*begin as f64 * 1_000.0 / RATE as f64) % 1_000.0 - 500.0;
        assert!(off.abs() < 3.0, "a beep begins {off} ms off");
    }
}
