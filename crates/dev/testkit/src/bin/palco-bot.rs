//! Publishes test media as a performer: a time strip, a flash and a beep each second.
//!
//! One JSON object per line: `connected` when media flows, with media time zero on the machine's
//! monotonic clock (µs) and on the Unix clock (ms, as `Date.now()`), then `stats` once a second,
//! then `ended`.

#![allow(clippy::print_stdout)] // What it is for.

use clap::Parser;
use palco_base::{Fault, Secret};
use palco_client::Options;
use palco_testkit::{Bot, Spec, media};
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A performer made of test media
#[derive(Parser)]
struct Args {
    /// Send media to this address instead, such as palco-netem's
    #[arg(long, value_name = "ADDR")]
    through: Option<SocketAddr>,
    /// WHIP address
    #[arg(long, value_name = "URL", required_unless_present = "file")]
    to: Option<String>,
    /// WHIP token or invitation code
    #[arg(long, env = "PALCO_TOKEN", hide_env_values = true, value_name = "T")]
    token: Option<String>,
    /// How long; for ever if not said
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Which bot: each has a colour and a tone of its own
    #[arg(long, default_value_t = 0, value_name = "N")]
    bot: u32,
    /// Pixels, instead of 640x360
    #[arg(long, value_name = "WxH")]
    size: Option<String>,
    /// Only make the media and print its path
    #[arg(long)]
    file: bool,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            println!("{}", json!({ "event": "failed", "code": fault.code, "text": fault.to_string() }));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Fault> {
    let mut spec = Spec::bot(args.bot);
    if let Some(size) = &args.size {
        let parsed = size.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
        let (width, height) =
            parsed.ok_or_else(|| Fault::invalid("bad_size", "A size looks like 640x360."))?;
        spec = Spec { width, height, ..spec };
    }
    if args.file {
        println!("{}", media::file(&spec)?.display());
        return Ok(());
    }
    let token = args.token.as_deref().map(Secret::new);
    let options = Options { media_through: args.through, ..Options::default() };
    let bot = Bot::start_with(args.to.as_deref().unwrap_or_default(), token.as_ref(), spec, options)?;
    println!(
        "{}",
        json!({
            "event": "connected",
            "started_us": bot.started.micros(),
            "started_unix_ms": bot.started_unix_ms(),
            "loop_ms": spec.seconds * 1_000,
            "tone_hz": spec.tone,
            "width": spec.width,
            "height": spec.height,
        })
    );
    let end = args.seconds.map(|s| Instant::now() + Duration::from_secs(s));
    loop {
        let second = Duration::from_secs(1);
        let left = end.map_or(second, |end| end.saturating_duration_since(Instant::now()).min(second));
        // Nothing can make this true: it is the way to wait for a second or the session's end.
        let waited = bot.publisher.wait_until(left, |_| false);
        let stats = bot.publisher.stats();
        println!(
            "{}",
            json!({
                "event": "stats",
                "connected": stats.connected,
                "connections": stats.connections,
                "frames": stats.frames,
                "audio_packets": stats.audio_packets,
                "skipped": stats.skipped,
                "packets": stats.packets,
                "bytes": stats.bytes,
                "rtt_us": stats.rtt.map(|r| r.as_micros() as u64),
                "loss": stats.loss,
                "key_frames_asked": stats.key_frames_asked,
                "loops": stats.loops,
            })
        );
        if bot.publisher.is_over() {
            return waited.map(drop);
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            bot.publisher.stop();
            bot.publisher.wait()?;
            println!("{}", json!({ "event": "ended" }));
            return Ok(());
        }
    }
}
