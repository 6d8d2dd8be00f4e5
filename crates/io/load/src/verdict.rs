//! From what was measured to a sentence.

use crate::report::{Check, Hls, Report, Second, Verdict, Webrtc};

/// Bars: issue 3 and the anchors it was made from (a first picture in 1.5 s by WebRTC and in 2 s
/// by HLS, 0.1 % of the time frozen, 0.5 % stalled, HLS 2.5 s behind).
const WEBRTC_JOIN: f64 = 1.5;
const HLS_JOIN: f64 = 2.0;
const HLS_LATENCY: f64 = 2.5;
const FROZEN: f64 = 0.001;
const STALLED: f64 = 0.005;
const LOST: f64 = 0.001;
/// What the slowest of 20 viewers gets of what the middle one gets.
const PICTURES: f64 = 0.9;
/// A thread that has so much of a CPU is at its end.
const THREAD_FULL: f64 = 0.93;
/// The same for all CPUs together.
const MACHINE_FULL: f64 = 0.95;

/// Judges a report that has everything else.
pub(crate) fn judge(report: &Report) -> Verdict {
    let mut checks = Vec::new();
    if let Some(webrtc) = &report.webrtc {
        webrtc_checks(webrtc, report.ended_early, &mut checks);
    }
    if let Some(hls) = &report.hls {
        hls_checks(hls, report, &mut checks);
    }
    let all = report.timeline.last().map_or(0, watching);
    let held = all > 0 && checks.iter().all(|check| check.passed);
    if held {
        let sentence = match report.ended_early {
            false => format!("Holds {}.", house(report)),
            true => format!("Held the {all} viewers that had come when it was ended early."),
        };
        return Verdict { held, holds: all, gave_out_first: None, sentence, checks };
    }
    let first = first_trouble(&report.timeline);
    let holds = match first {
        Some(0) => 0,
        Some(second) => watching(&report.timeline[second - 1]),
        None => all,
    };
    if report.ended_early && all == 0 {
        let sentence = "Nobody had come when it was ended early.".to_owned();
        return Verdict { held, holds: 0, gave_out_first: None, sentence, checks };
    }
    let missed = checks.iter().find(|check| !check.passed);
    let what = first.map_or_else(
        || {
            missed.map_or_else(String::new, |check| {
                format!("{}, {} where {} is good", check.what, check.measured, check.bar)
            })
        },
        |second| blame(report, second),
    );
    let overflowed = report.webrtc.as_ref().map_or(0, |webrtc| webrtc.overflowed);
    let ours = match overflowed {
        0 => String::new(),
        count => format!(" This client's own sockets lost {count} datagrams that the server had sent."),
    };
    let house = house(report);
    let sentence = format!("Does not hold {house}: {what} gave out first, with {holds} watching.{ours}");
    Verdict { held, holds, gave_out_first: Some(what), sentence, checks }
}

fn house(report: &Report) -> String {
    let asked = &report.asked;
    match (asked.viewers, asked.hls) {
        (viewers, 0) => format!("{viewers} WebRTC viewers"),
        (0, hls) => format!("{hls} LL-HLS viewers"),
        (viewers, hls) => format!("{viewers} WebRTC and {hls} LL-HLS viewers"),
    }
}

fn watching(second: &Second) -> u64 {
    second.receiving + second.hls_joined.saturating_sub(second.hls_failed)
}

fn at_most(what: &'static str, measured: f64, bar: f64) -> Check {
    Check { what, measured, bar, at_least: false, passed: measured <= bar }
}

/// Viewers that did not join; who was on the way when it was ended early has not failed.
fn absent(failed: u64, unfinished: u64, ended_early: bool) -> f64 {
    (failed + if ended_early { 0 } else { unfinished }) as f64
}

fn webrtc_checks(webrtc: &Webrtc, ended_early: bool, checks: &mut Vec<Check>) {
    let joins = &webrtc.joins;
    checks.push(at_most(
        "WebRTC joins that failed",
        absent(joins.failed, joins.unfinished, ended_early),
        0.0,
    ));
    if let Some(time) = joins.time {
        checks.push(at_most("WebRTC join p95, s", time.p95, WEBRTC_JOIN));
    }
    checks.push(at_most("WebRTC connections lost", webrtc.dropped as f64, 0.0));
    let sent = (webrtc.packets + webrtc.lost).max(1) as f64;
    checks.push(at_most("packets lost after repair, part", webrtc.lost as f64 / sent, LOST));
    checks.push(at_most("viewing time frozen, part", webrtc.frozen_share, FROZEN));
    if webrtc.pictures_p50 > 0.0 {
        let measured = webrtc.pictures_p05 / webrtc.pictures_p50;
        let what = "whole pictures of the slowest viewers, part of the middle one's";
        checks.push(Check { what, measured, bar: PICTURES, at_least: true, passed: measured >= PICTURES });
    }
}

fn hls_checks(hls: &Hls, report: &Report, checks: &mut Vec<Check>) {
    let joins = &hls.joins;
    let absent = absent(joins.failed, joins.unfinished, report.ended_early);
    checks.push(at_most("HLS joins that failed", absent, 0.0));
    if let Some(time) = joins.time {
        checks.push(at_most("HLS join p95, s", time.p95, HLS_JOIN));
    }
    checks.push(at_most("HLS viewers that gave up", hls.dropped as f64, 0.0));
    checks.push(at_most("HLS time stalled, part", hls.stalled_share, STALLED));
    // On two machines the clocks may differ by more than the latency.
    if let Some(latency) = hls.latency.filter(|_| report.server.cpus.is_some()) {
        checks.push(at_most("HLS latency p95, s", latency.p95, HLS_LATENCY));
    }
}

/// The first second in which something went wrong for somebody.
fn first_trouble(timeline: &[Second]) -> Option<usize> {
    let bad = |s: &Second| {
        [s.failed, s.dropped, s.unsent, s.frames_dropped, s.freezes, s.lost, s.hls_failed, s.stalls]
    };
    let mut before = [0; 8];
    timeline.iter().position(|second| {
        let now = bad(second);
        let worse = now.iter().zip(before).any(|(now, before)| *now > before);
        before = now;
        worse
    })
}

/// What was at its end when the trouble began: what it shows in the seconds before, for a freeze
/// is only seen when it is over.
fn blame(report: &Report, at: usize) -> String {
    let window = &report.timeline[at.saturating_sub(2)..=at];
    let before = at.checked_sub(1).map(|n| report.timeline[n].clone()).unwrap_or_default();
    let now = &report.timeline[at];
    let busiest = |of: fn(&Second) -> &Option<(String, f64)>| {
        let most = window.iter().filter_map(|s| of(s).as_ref()).max_by(|a, b| a.1.total_cmp(&b.1));
        most.filter(|(_, cpus)| *cpus >= THREAD_FULL)
            .map(|(name, cpus)| format!("{name} at {:.0} %", cpus * 100.0))
    };
    if let Some(thread) = busiest(|s| &s.client_busiest) {
        return format!("this client's own CPU (thread {thread}; the server may hold more)");
    }
    if let Some(thread) = busiest(|s| &s.server_busiest) {
        return format!("the server's CPU (thread {thread})");
    }
    let busy = window.iter().filter_map(|s| s.machine_busy).fold(0.0, f64::max);
    if busy >= MACHINE_FULL {
        let shared =
            if report.server.cpus.is_some() { "server and client share" } else { "this client runs on" };
        return format!("the CPU of the machine that {shared} ({:.0} % busy)", busy * 100.0);
    }
    let reason = |joins: &crate::report::Joins| {
        let most = joins.reasons.iter().max_by_key(|(_, count)| **count);
        most.map_or_else(|| "no reason given".to_owned(), |(reason, _)| reason.clone())
    };
    if now.unsent > before.unsent {
        let count = now.unsent - before.unsent;
        return format!("the server's socket ({count} datagrams could not be sent in a second)");
    }
    if now.frames_dropped > before.frames_dropped {
        return "the server's queue of Program frames".to_owned();
    }
    if now.failed > before.failed || now.dropped > before.dropped {
        let reasons = report.webrtc.as_ref().map(|webrtc| reason(&webrtc.joins)).unwrap_or_default();
        return format!("WebRTC connections ({reasons})");
    }
    let overflowed = report.webrtc.as_ref().map_or(0, |webrtc| webrtc.overflowed);
    if now.lost > before.lost && overflowed > 0 {
        return format!("this client ({overflowed} datagrams found its sockets full)");
    }
    if now.lost > before.lost {
        return "the network (packets were lost for good, and the server had sent them)".to_owned();
    }
    if now.hls_failed > before.hls_failed {
        let reasons = report.hls.as_ref().map(|hls| reason(&hls.joins)).unwrap_or_default();
        return format!("HLS requests ({reasons})");
    }
    if now.freezes > before.freezes {
        let (frozen, all) = (now.freezes - before.freezes, now.receiving.max(1));
        let skipped = now.pictures_skipped - window[0].pictures_skipped;
        let why = if skipped > 0 {
            format!("its mixer left out {skipped} pictures")
        } else if frozen * 10 >= all * 9 {
            "it stood still on all screens at once".to_owned()
        } else {
            format!("it stood still on {frozen} of {all} screens")
        };
        return format!("the picture ({why}, though no CPU that can be seen from here was full)");
    }
    "LL-HLS delivery (parts came too late though no CPU that can be seen from here was full)".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Asked, Joins};
    use crate::samples::Summary;

    fn good() -> Report {
        let time = Summary { count: 10, p50: 0.2, p95: 0.4, p99: 0.5, max: 0.5 };
        let joins = Joins { called: 10, ok: 10, time: Some(time), ..Joins::default() };
        let webrtc =
            Webrtc { joins, packets: 1_000, pictures_p50: 30.0, pictures_p05: 29.0, ..Webrtc::default() };
        let second =
            |at: u64| Second { at: at as f64, called: 10, joined: 10, receiving: 10, ..Second::default() };
        Report {
            asked: Asked { viewers: 10, ..Asked::default() },
            webrtc: Some(webrtc),
            timeline: (1..6).map(second).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn a_good_night_holds() {
        let verdict = judge(&good());
        assert!(verdict.held, "{verdict:?}");
        assert_eq!((verdict.holds, verdict.sentence.as_str()), (10, "Holds 10 WebRTC viewers."));
    }

    #[test]
    fn what_gave_out_first_is_what_was_full_when_trouble_began() {
        let mut report = good();
        if let Some(webrtc) = &mut report.webrtc {
            webrtc.frozen_share = 0.2;
        }
        for second in &mut report.timeline[3..] {
            second.freezes = 4;
        }
        assert!(judge(&report).sentence.contains("(it stood still on 4 of 10 screens"));
        report.timeline[3].pictures_skipped = 9;
        assert!(judge(&report).sentence.contains("(its mixer left out 9 pictures"));
        report.timeline[2].receiving = 8;
        report.timeline[2].server_busiest = Some(("shard".into(), 0.98));
        let verdict = judge(&report);
        assert_eq!((verdict.held, verdict.holds), (false, 8));
        assert!(verdict.sentence.contains("the server's CPU (thread shard at 98 %)"), "{}", verdict.sentence);
        report.timeline[3].client_busiest = Some(("viewers-0".into(), 0.99));
        assert!(judge(&report).sentence.contains("this client's own CPU"));
    }

    #[test]
    fn a_slow_door_does_not_hold_either() {
        let mut report = good();
        if let Some(time) = report.webrtc.as_mut().and_then(|webrtc| webrtc.joins.time.as_mut()) {
            time.p95 = 3.0;
        }
        let verdict = judge(&report);
        assert!(!verdict.held);
        assert!(verdict.sentence.contains("join p95, s, 3 where 1.5 is good"), "{}", verdict.sentence);
    }

    #[test]
    fn who_was_on_the_way_counts_only_when_there_was_time() {
        let mut report = good();
        if let Some(webrtc) = &mut report.webrtc {
            webrtc.joins.unfinished = 1;
        }
        assert!(!judge(&report).held);
        report.ended_early = true;
        assert!(judge(&report).held);
        report.timeline.clear();
        assert!(!judge(&report).held, "nobody had come");
    }
}
