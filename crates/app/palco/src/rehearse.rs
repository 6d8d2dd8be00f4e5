//! `palco rehearse`: real viewers, many of them, and whether the server holds them.

use crate::files;
use clap::Args;
use palco_base::{Fault, Secret};
use palco_load::{Joins, Plan, Report, Second};
use std::process::ExitCode;
use std::time::Duration;

/// With more viewers than this, two threads drive them.
const PER_WORKER: usize = 250;

/// What to rehearse.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Each WebRTC viewer does a real WHEP offer, ICE and DTLS, and decrypts every packet; each LL-HLS \
viewer reloads playlists by blocking requests and fetches every part. Progress goes to stderr, the \
verdict to stdout. Ctrl-C ends it early, with the verdict so far. Exit code: 0 it held, 1 it did \
not, 2 the command line is wrong.

From another machine the server lets an address in only so often (429 too_many_requests): rehearse \
from the server's own machine, or from several.")]
pub(crate) struct Rehearse {
    /// The server
    #[arg(long, value_name = "http://HOST:PORT")]
    to: String,
    /// The show
    #[arg(long, value_name = "SLUG")]
    show: String,
    /// What the viewers show at the door, when the show wants a ticket
    #[arg(long, env = "PALCO_TOKEN", hide_env_values = true, value_name = "T")]
    token: Option<String>,
    /// WebRTC viewers
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = count)]
    viewers: usize,
    /// LL-HLS viewers
    #[arg(long, default_value_t = 0, value_name = "M", value_parser = count)]
    hls: usize,
    /// Within this time they come, evenly
    #[arg(long, default_value = "20s", value_name = "TIME", value_parser = time)]
    ramp: Duration,
    /// So long they stay then, all together
    #[arg(long = "for", default_value = "30s", value_name = "TIME", value_parser = time)]
    hold: Duration,
    /// Threads for the WebRTC viewers [default: 1, or 2 for more than 250]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    workers: Option<u8>,
    /// Print one JSON document instead of the text
    #[arg(long)]
    json: bool,
}

/// `20s`, `500ms`, `2m` or plain seconds.
fn time(text: &str) -> Result<Duration, String> {
    const LONGEST: f64 = 86_400.0;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("a time is like 20s, 500ms, 2m or 1h".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|_| "a time is like 20s, 500ms, 2m or 1h".to_owned())?;
    let seconds = number * unit;
    if (0.0..=LONGEST).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("at most a day".to_owned())
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 0..=100_000) => Ok(count),
        Ok(_) => Err("at most 100000".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

/// Rehearses and prints the verdict; the exit code says whether it held.
///
/// # Errors
/// When no server answers.
pub(crate) fn rehearse(rehearse: Rehearse) -> Result<ExitCode, Fault> {
    if rehearse.viewers + rehearse.hls == 0 {
        explain_usage();
        return Ok(ExitCode::from(2));
    }
    // Every viewer is a socket.
    files::take_all();
    let workers = rehearse.workers.map_or(1 + usize::from(rehearse.viewers > PER_WORKER), usize::from);
    let plan = Plan {
        to: rehearse.to,
        show: rehearse.show,
        token: rehearse.token.map(Secret::new),
        viewers: rehearse.viewers,
        hls: rehearse.hls,
        ramp: rehearse.ramp,
        hold: rehearse.hold,
        workers,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(
            |error| Fault::unavailable("no_worker", "This computer gives us no threads.").internal(error),
        )?;
    let stop = async {
        // Without the signal it ends by its plan.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let report = runtime.block_on(palco_load::rehearse(&plan, stop, progress))?;
    print(&report, rehearse.json)?;
    Ok(ExitCode::from(u8::from(!report.verdict.held)))
}

#[allow(clippy::print_stderr)] // The person at the terminal must learn what is missing.
fn explain_usage() {
    eprintln!("palco: nobody would come: give --viewers or --hls a number above zero");
}

#[allow(clippy::print_stderr)] // It is for the person at the terminal.
fn progress(second: &Second) {
    let mut line = format!("{:>4.0} s", second.at);
    if second.called > 0 {
        line += &format!(
            "  WebRTC {} called, {} joined, {} failed, {} receiving, {:.0} Mbit/s",
            second.called, second.joined, second.failed, second.receiving, second.mbit
        );
    }
    if second.hls_called > 0 {
        line += &format!(
            "  HLS {} called, {} playing, {} failed, {} stalls",
            second.hls_called, second.hls_joined, second.hls_failed, second.stalls
        );
    }
    if let Some(cpus) = second.server_cpus {
        line += &format!("  CPU: server {cpus:.2}, client {:.2}", second.client_cpus);
    } else {
        line += &format!("  client's CPU {:.2}", second.client_cpus);
    }
    eprintln!("{line}");
}

#[allow(clippy::print_stdout)] // It is what was asked for.
fn print(report: &Report, json: bool) -> Result<(), Fault> {
    if json {
        let text = serde_json::to_string_pretty(report).map_err(|error| {
            Fault::unavailable("report_failed", "The report cannot be written.").internal(error)
        })?;
        println!("{text}");
    } else {
        println!("{}", text(report));
    }
    Ok(())
}

/// The report for a person.
fn text(report: &Report) -> String {
    let mut lines = vec![String::new()];
    if let Some(webrtc) = &report.webrtc {
        lines.push(format!("WebRTC   {}", joins(&webrtc.joins)));
        lines.push(format!(
            "         {} packets, {} lost after repair, {} late; sound: {} packets, {} lost",
            webrtc.packets, webrtc.lost, webrtc.late, webrtc.sound_packets, webrtc.sound_lost
        ));
        lines.push(format!(
            "         {} whole pictures per second (slowest viewers {}), {} freezes on {} screens",
            webrtc.pictures_p50, webrtc.pictures_p05, webrtc.freezes, webrtc.viewers_frozen
        ));
        if let (Some(lag), Some(jitter)) = (webrtc.lag_ms, webrtc.jitter_ms) {
            lines.push(format!(
                "         waiting on the way p50 {} p99 {} ms, jitter p50 {} p99 {} ms; {} connections lost",
                lag.p50, lag.p99, jitter.p50, jitter.p99, webrtc.dropped
            ));
        }
        lines.extend(reasons(&webrtc.joins));
    }
    if let Some(hls) = &report.hls {
        lines.push(format!("LL-HLS   {}", joins(&hls.joins)));
        let latency = hls.latency.unwrap_or_default();
        lines.push(format!(
            "         {} s behind (p95 {}), {} stalls on {} screens, {:.1} MB/s in {} requests",
            latency.p50,
            latency.p95,
            hls.stalls,
            hls.viewers_stalled,
            hls.bytes_per_second / 1e6,
            hls.requests
        ));
        lines.extend(reasons(&hls.joins));
        lines.extend(
            hls.faults.iter().map(|(fault, count)| format!("         tried again {count}x: {fault}")),
        );
    }
    machines(report, &mut lines);
    for check in report.verdict.checks.iter().filter(|check| !check.passed) {
        lines.push(format!("missed   {}: {}, bar {}", check.what, check.measured, check.bar));
    }
    lines.push(report.verdict.sentence.clone());
    lines.join("\n")
}

fn machines(report: &Report, lines: &mut Vec<String>) {
    const MEGABYTE: f64 = 1e6;
    let client = &report.client;
    if let Some(server) = &report.server.process {
        lines.push(format!(
            "server   {} CPUs (before: {}), busiest thread {} {}, {:.0} MB (before: {:.0})",
            server.cpus,
            server.cpus_before,
            server.busiest_thread,
            server.busiest_thread_cpus,
            server.rss_after as f64 / MEGABYTE,
            server.rss_before as f64 / MEGABYTE,
        ));
        let cost = report.server.cpu_ms_per_viewer_second.zip(report.server.rss_per_viewer);
        lines.extend(cost.map(|(cpu, rss)| {
            format!("         a viewer costs {cpu} ms CPU per second and {:.0} kB", rss / 1e3)
        }));
    }
    lines.push(format!(
        "client   {} CPUs, busiest thread {} {}",
        client.cpus, client.busiest_thread, client.busiest_thread_cpus
    ));
}

fn joins(joins: &Joins) -> String {
    let time = joins.time.unwrap_or_default();
    format!(
        "{} of {} joined, {} failed; in {} s (p95 {}, p99 {})",
        joins.ok, joins.called, joins.failed, time.p50, time.p95, time.p99
    )
}

fn reasons(joins: &Joins) -> impl Iterator<Item = String> + '_ {
    joins.reasons.iter().map(|(reason, count)| format!("         {count}x {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, millis) in [("20s", 20_000), ("500ms", 500), ("2m", 120_000), ("1.5", 1_500), ("0", 0)] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "2 weeks", "25h", "NaN", "infs"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_text_has_the_verdict_last() {
        let mut report = Report { webrtc: Some(palco_load::Webrtc::default()), ..Report::default() };
        report.hls = Some(palco_load::Hls::default());
        report.verdict.sentence = "Holds 3 WebRTC viewers.".to_owned();
        assert!(text(&report).ends_with("\nHolds 3 WebRTC viewers."));
    }
}
