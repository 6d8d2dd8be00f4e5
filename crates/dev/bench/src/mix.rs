//! Four hosts into one picture: what it costs, live, and what ffmpeg needs for the same.

use clap::Args;
use palco_base::canvas::{Arrangement, Fit, Rect, Sound, Tile, TileSource};
use palco_base::{Bitrate, Fault, FeedId, MediaTime, Size};
use palco_client::{Clock, FileFrames, FrameSource, Next};
use palco_mix::wire::{Coding, FromMixer, Output, Rendition, ToMixer, Transition};
use palco_worker::{Mixer, MixerConfig, MixerEvent};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Started before counting: decoders and encoder fill their first frames.
const WARM_UP: i64 = 3;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Seconds to measure
    #[arg(long, default_value_t = 30)]
    seconds: i64,
    /// Four files of 640x360p30 H.264 without B-frames, and Opus
    #[arg(required = true, num_args = 4)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Value, Fault> {
    let palco = live(arguments)?;
    let peers = ["ultrafast", "superfast", "veryfast"]
        .into_iter()
        .map(|preset| Ok((preset.to_owned(), ffmpeg(arguments, preset)?)))
        .collect::<Result<serde_json::Map<_, _>, Fault>>()?;
    Ok(
        json!({ "benchmark": "mix", "seconds": arguments.seconds, "palco": palco, "ffmpeg_offline_cores": peers }),
    )
}

/// What of the mixer's messages is counted.
enum Heard {
    Started(Vec<String>),
    Frame { video: bool, bytes: usize },
    Stats { pictures: u64, skipped: u64, dropped: u64, cpu: u64 },
}

fn live(arguments: &Arguments) -> Result<Value, Fault> {
    let (tell, heard) = channel();
    let config = MixerConfig { program: palco_client::mixer_path()?, name: "bench".into(), font: None };
    let mixer = Mixer::spawn(config, move |event| {
        let what = match event {
            MixerEvent::Started { elements, .. } => Heard::Started(elements),
            MixerEvent::Frame(_, size, frame) => Heard::Frame {
                video: frame.codec.kind() == palco_base::MediaKind::Video && size == Size::Large,
                bytes: frame.payload.len(),
            },
            MixerEvent::Said(FromMixer::Stats { pictures, skipped, dropped, cpu, .. }) => {
                Heard::Stats { pictures, skipped, dropped, cpu }
            }
            _ => return,
        };
        // The one who measures may be done already.
        let _ = tell.send(what);
    })
    .map_err(|error| Fault::unavailable("no_mixer", error.to_string()))?;
    let Ok(Heard::Started(elements)) = heard.recv_timeout(Duration::from_secs(20)) else {
        return Err(Fault::unavailable("no_mixer", "The mixer did not start."));
    };
    let feeds: Vec<FeedId> = (0..4).map(|n| FeedId::new(100 + n)).collect();
    arrange(&mixer, &feeds);
    let sources =
        arguments.files.iter().map(|file| FileFrames::load(file, true)).collect::<Result<Vec<_>, _>>()?;
    play(&mixer, &feeds, sources, arguments.seconds + WARM_UP + 2)?;
    let mut report = count(&heard, arguments.seconds)?;
    report["elements"] = json!(elements);
    Ok(report)
}

fn arrange(mixer: &Mixer, feeds: &[FeedId]) {
    let output = Output::Program;
    let coding = Coding {
        frame_rate: 30,
        large: Rendition { width: 1280, height: 720, video: Bitrate::kbps(2_500) },
        small: Some(Rendition { width: 640, height: 360, video: Bitrate::kbps(400) }),
        opus: Bitrate::kbps(96),
        aac: Some(Bitrate::kbps(128)),
    };
    mixer.say(ToMixer::OpenOutput { output, coding });
    let mut arrangement = Arrangement::default();
    for (n, &feed) in (0u32..).zip(feeds) {
        mixer.say(ToMixer::OpenFeed { feed, name: String::new() });
        let rect = Rect { x: (n % 2) * 640, y: (n / 2) * 360, width: 640, height: 360 };
        arrangement.tiles.push(Tile { source: TileSource::Feed(feed), rect, fit: Fit::Cover, label: None });
        arrangement.sounds.push(Sound { feed, gain: 1.0 });
    }
    mixer.say(ToMixer::Arrange { output, arrangement, transition: Transition::Cut });
}

/// Gives the mixer each frame when it is due.
fn play(
    mixer: &Mixer,
    feeds: &[FeedId],
    mut sources: Vec<impl FrameSource>,
    seconds: i64,
) -> Result<(), Fault> {
    let clock = Clock::new();
    let start = clock.now();
    let mut next = Vec::new();
    for source in &mut sources {
        next.push(source.next()?);
    }
    loop {
        let due = |n: &Next| match n {
            Next::Frame(frame) => Some(frame.time),
            _ => None,
        };
        let Some((index, time)) =
            next.iter().enumerate().filter_map(|(i, n)| Some((i, due(n)?))).min_by_key(|(_, time)| *time)
        else {
            return Ok(());
        };
        if time > MediaTime::from_millis(seconds * 1_000) {
            return Ok(());
        }
        std::thread::park_timeout(clock.until(start + time));
        if clock.now() < start + time {
            continue;
        }
        if let Next::Frame(mut frame) = std::mem::replace(&mut next[index], sources[index].next()?) {
            frame.time = start + time;
            mixer.give(feeds[index], frame);
        }
    }
}

/// Everything was played before this reads it: the second reports tell when what happened.
fn count(heard: &Receiver<Heard>, seconds: i64) -> Result<Value, Fault> {
    let mut stats = Vec::new();
    let (mut frames, mut bytes) = (0u64, 0);
    while let Ok(what) = heard.try_recv() {
        match what {
            Heard::Stats { pictures, skipped, dropped, cpu } => stats.push((pictures, skipped, dropped, cpu)),
            Heard::Frame { video: true, bytes: more } => {
                frames += 1;
                bytes += more;
            }
            Heard::Frame { .. } | Heard::Started(_) => {}
        }
    }
    let first = usize::try_from(WARM_UP).unwrap_or(0);
    let last = first + usize::try_from(seconds).unwrap_or(0);
    let (Some(from), Some(to)) = (stats.get(first), stats.get(last.min(stats.len().saturating_sub(1))))
    else {
        return Err(Fault::unavailable("too_short", "The mixer reported too few seconds."));
    };
    let spanned = last.min(stats.len() - 1) - first;
    #[allow(clippy::cast_precision_loss)] // Counts of a minute.
    let per_second = |value: u64| value as f64 / spanned as f64;
    Ok(json!({
        "cores": per_second(to.3 - from.3) / 1e6,
        "pictures_per_second": per_second(to.0 - from.0),
        "ticks_skipped": to.1 - from.1,
        "frames_dropped": to.2 - from.2,
        "program_frames": frames,
        "program_bytes": bytes,
    }))
}

/// Cores ffmpeg would need in real time for the same work: CPU seconds per second of media.
fn ffmpeg(arguments: &Arguments, preset: &str) -> Result<Value, Fault> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-nostdin", "-benchmark", "-y"]);
    for file in &arguments.files {
        command.args(["-stream_loop", "-1", "-t", &arguments.seconds.to_string(), "-i"]).arg(Path::new(file));
    }
    command.args([
        "-filter_complex",
        "[0:v][1:v][2:v][3:v]xstack=inputs=4:layout=0_0|w0_0|0_h0|w0_h0[v];[0:a][1:a][2:a][3:a]amix=inputs=4[a]",
        "-map", "[v]", "-map", "[a]", "-r", "30", "-c:v", "libx264", "-preset", preset, "-tune", "zerolatency",
        "-profile:v", "baseline", "-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "2500k", "-g", "60",
        "-c:a", "libopus", "-b:a", "96k", "-f", "null", "-",
    ]);
    let output = command.output().map_err(|error| Fault::unavailable("no_ffmpeg", error.to_string()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find(|line| line.starts_with("bench: utime="));
    let seconds_of = |key: &str| -> Option<f64> {
        let value = line?.split_whitespace().find_map(|word| word.strip_prefix(key))?;
        value.trim_end_matches('s').parse().ok()
    };
    let line_has =
        |key: &str| seconds_of(key).ok_or_else(|| Fault::unavailable("ffmpeg_failed", said.clone()));
    #[allow(clippy::cast_precision_loss)] // Seconds.
    let cores = (line_has("utime=")? + line_has("stime=")?) / arguments.seconds as f64;
    Ok(json!(cores))
}
