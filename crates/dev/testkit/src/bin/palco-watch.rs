//! Plays a WHEP URL, looks at it, and prints what it saw as one JSON object per line:
//! `watching` once a second, `summary` at the end.

#![allow(clippy::print_stdout)] // What it is for.

use clap::Parser;
use palco_base::{Fault, MediaTime, Secret};
use palco_client::Options;
use palco_testkit::{Spec, Tile, Watcher};
use serde_json::json;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A viewer that measures what it sees
#[derive(Parser)]
struct Args {
    /// Send media to this address instead, such as palco-netem's
    #[arg(long, value_name = "ADDR")]
    through: Option<SocketAddr>,
    /// WHEP address
    #[arg(long, value_name = "URL")]
    from: String,
    /// Bearer token
    #[arg(long, env = "PALCO_TOKEN", hide_env_values = true, value_name = "T")]
    token: Option<String>,
    /// How long to watch
    #[arg(long, default_value_t = 10, value_name = "S")]
    seconds: u64,
    /// A bot's tile in the picture: left, top, width, height in pixels, the bot's number, and its
    /// media time zero (`started_us` of palco-bot) if latency is wanted. May be given repeatedly.
    #[arg(long, value_name = "X,Y,W,H,BOT[,US]")]
    tile: Vec<String>,
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

fn tile(text: &str) -> Result<Tile, Fault> {
    let bad = || Fault::invalid("bad_tile", "A tile looks like 0,0,640,360,1 or 0,0,640,360,1,123456789.");
    let numbers: Vec<i64> =
        text.split(',').map(|n| n.trim().parse()).collect::<Result<_, _>>().map_err(|_| bad())?;
    let (&[x, y, width, height, bot], rest) = numbers.split_first_chunk::<5>().ok_or_else(bad)?;
    Ok(Tile {
        name: format!("bot {bot}"),
        rect: (x as f64, y as f64, width as f64, height as f64),
        spec: Spec::bot(u32::try_from(bot).map_err(|_| bad())?),
        started: rest.first().map(|us| MediaTime::from_micros(*us)),
    })
}

fn run(args: &Args) -> Result<(), Fault> {
    let tiles = args.tile.iter().map(|t| tile(t)).collect::<Result<_, _>>()?;
    let token = args.token.as_deref().map(Secret::new);
    let options = Options { media_through: args.through, ..Options::default() };
    let watcher = Watcher::start_with(&args.from, token.as_ref(), tiles, options)?;
    let end = Instant::now() + Duration::from_secs(args.seconds);
    loop {
        let left = end.saturating_duration_since(Instant::now()).min(Duration::from_secs(1));
        let waited = watcher.player().map(|player| player.wait_until(left, |_| false));
        if watcher.player().is_none_or(|player| player.is_over()) {
            waited.transpose()?;
        }
        if Instant::now() >= end {
            break;
        }
        let stats = watcher.stats();
        println!(
            "{}",
            json!({
                "event": "watching",
                "connected": stats.connected,
                "frames": stats.frames,
                "pictures": watcher.pictures(),
                "freezes": stats.freezes,
                "lost": stats.lost,
            })
        );
    }
    let (mut summary, _) = watcher.finish();
    summary["event"] = json!("summary");
    println!("{summary}");
    Ok(())
}
