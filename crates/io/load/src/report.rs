//! What a rehearsal found: the document that `--json` prints.

use crate::hls;
use crate::probe::Usage;
use crate::rtc;
use crate::samples::{Summary, rank, thousandth};
use serde::Serialize;
use std::collections::BTreeMap;

/// A rehearsal's result. Durations are in seconds unless the field's name says otherwise.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Whether it held.
    pub verdict: Verdict,
    /// What was asked for.
    pub asked: Asked,
    /// How long it took, from the first viewer's call.
    pub seconds: f64,
    /// Somebody ended it before its time.
    pub ended_early: bool,
    /// The WebRTC viewers, if there were any.
    pub webrtc: Option<Webrtc>,
    /// The LL-HLS viewers, if there were any.
    pub hls: Option<Hls>,
    /// The server.
    pub server: Server,
    /// This client's own process.
    pub client: Usage,
    /// Second by second.
    pub timeline: Vec<Second>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Asked {
    /// The server's address.
    pub to: String,
    /// The show.
    pub show: String,
    /// WebRTC viewers.
    pub viewers: usize,
    /// LL-HLS viewers.
    pub hls: usize,
    /// Within so many seconds they come.
    pub ramp: f64,
    /// So long they stay, all together.
    pub hold: f64,
}

/// Whether the server held this house.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// All checks passed.
    pub held: bool,
    /// Viewers that were watching before the first trouble; all of them when there was none.
    pub holds: u64,
    /// What gave out first, if it did not hold.
    pub gave_out_first: Option<String>,
    /// All of this in a sentence.
    pub sentence: String,
    /// What was looked at.
    pub checks: Vec<Check>,
}

/// One measured value beside its bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was measured.
    pub what: &'static str,
    /// The value.
    pub measured: f64,
    /// The value that is still good.
    pub bar: f64,
    /// Whether more than the bar is good, instead of less.
    pub at_least: bool,
    /// Whether it is good.
    pub passed: bool,
}

/// How joining went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Joins {
    /// Viewers that called.
    pub called: u64,
    /// Viewers that had a picture.
    pub ok: u64,
    /// Viewers that had none, within 15 seconds.
    pub failed: u64,
    /// Viewers that had none yet when it ended.
    pub unfinished: u64,
    /// Why, and how many.
    pub reasons: BTreeMap<String, u64>,
    /// From the call to the first picture, seconds. WebRTC: HTTP, ICE, DTLS and a whole key
    /// frame. HLS: playlists, initialization and the parts up to where playing begins.
    pub time: Option<Summary>,
}

/// What the WebRTC viewers saw.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Webrtc {
    /// How joining went.
    pub joins: Joins,
    /// From the call to the end of the DTLS handshake, seconds.
    pub connected: Option<Summary>,
    /// Viewers that lost the connection after they had joined.
    pub dropped: u64,
    /// Seconds all viewers watched, together.
    pub viewer_seconds: f64,
    /// RTP packets of the picture, decrypted.
    pub packets: u64,
    /// Packets that never came, also not when asked for again.
    pub lost: u64,
    /// Packets that came after a later one: disorder and repairs.
    pub late: u64,
    /// RTP packets of the sound.
    pub sound_packets: u64,
    /// Of these, missing; sound is not repaired.
    pub sound_lost: u64,
    /// Datagrams that found a socket of this client full: it was too slow, not the server.
    pub overflowed: u64,
    /// Bytes of UDP received by all.
    pub bytes: u64,
    /// Whole pictures per second and viewer: the middle one of the viewers.
    pub pictures_p50: f64,
    /// The same: 95 of 100 viewers had more.
    pub pictures_p05: f64,
    /// Gaps of at least 300 ms between whole pictures.
    pub freezes: u64,
    /// Viewers with at least one.
    pub viewers_frozen: u64,
    /// Part of the viewing time that stood still.
    pub frozen_share: f64,
    /// How the distance of pictures changed on the way, ms (arrival against RTP time, picture to
    /// picture). Contains the encoder's own unevenness.
    pub jitter_ms: Option<Summary>,
    /// How much later than the same viewer's quickest picture each one came, ms: what waits in
    /// queues on the way. Not the delay from the stage, which needs the picture's own clock.
    pub lag_ms: Option<Summary>,
}

/// What the LL-HLS viewers saw.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hls {
    /// How joining went.
    pub joins: Joins,
    /// Viewers that gave up after they had joined.
    pub dropped: u64,
    /// Seconds all viewers watched, together.
    pub viewer_seconds: f64,
    /// Behind the Program, seconds, by `EXT-X-PROGRAM-DATE-TIME`: right as far as this computer's
    /// clock and the server's agree.
    pub latency: Option<Summary>,
    /// Times that playing stood still.
    pub stalls: u64,
    /// Viewers with at least one.
    pub viewers_stalled: u64,
    /// Part of the viewing time that stood still.
    pub stalled_share: f64,
    /// Requests answered.
    pub requests: u64,
    /// Bytes of bodies received by all.
    pub bytes: u64,
    /// The same per second.
    pub bytes_per_second: f64,
    /// What went wrong and was tried again, and how often.
    pub faults: BTreeMap<String, u64>,
}

/// A metric of the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Metric {
    /// Before the first viewer called.
    pub before: f64,
    /// The largest value while it went on.
    pub most: f64,
    /// When everybody had left.
    pub after: f64,
}

/// What is known of the server.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Server {
    /// Its `/metrics`, added up over labels, this show's where they are per show.
    pub metrics: BTreeMap<String, Metric>,
    /// Its process, if it runs on this machine and may be looked at.
    pub process: Option<Usage>,
    /// CPU time per viewer and second that viewers cost, ms: while everybody was in, less what
    /// the server used before.
    pub cpu_ms_per_viewer_second: Option<f64>,
    /// Bytes of memory that a viewer cost.
    pub rss_per_viewer: Option<f64>,
    /// CPUs of the machine, if server and client share it.
    pub cpus: Option<usize>,
}

/// One second. Counts are since the beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Second {
    /// Since the first viewer's call.
    pub at: f64,
    /// WebRTC viewers that have called.
    pub called: u64,
    /// Of these, had a picture.
    pub joined: u64,
    /// Of these, had none and never will.
    pub failed: u64,
    /// Of these, lost the connection later.
    pub dropped: u64,
    /// Viewers with a whole picture within the last second.
    pub receiving: u64,
    /// Freezes.
    pub freezes: u64,
    /// Packets lost for good.
    pub lost: u64,
    /// Mbit/s of UDP received.
    pub mbit: f64,
    /// LL-HLS viewers that have called.
    pub hls_called: u64,
    /// Of these, have begun to play.
    pub hls_joined: u64,
    /// Of these, gave up.
    pub hls_failed: u64,
    /// Stalls.
    pub stalls: u64,
    /// Datagrams the server could not send.
    pub unsent: u64,
    /// Frames of the Program that the server dropped.
    pub frames_dropped: u64,
    /// Pictures of the Program that its mixer left out.
    pub pictures_skipped: u64,
    /// CPUs the server used, if it runs on this machine.
    pub server_cpus: Option<f64>,
    /// The most that one of its threads used, and its name.
    pub server_busiest: Option<(String, f64)>,
    /// CPUs this client used.
    pub client_cpus: f64,
    /// The most that one of its threads used, and its name.
    pub client_busiest: Option<(String, f64)>,
    /// Part of this machine's CPUs that was busy with anything.
    pub machine_busy: Option<f64>,
}

fn share(part: f64, of: f64) -> f64 {
    if of > 0.0 { ((part / of) * 1e6).round() / 1e6 } else { 0.0 }
}

fn count(reasons: &mut BTreeMap<String, u64>, reason: &str) {
    *reasons.entry(reason.to_owned()).or_default() += 1;
}

impl Webrtc {
    /// Adds up; `refused` did not get past HTTP, `unanswered` were still there.
    pub(crate) fn of(outcomes: &[rtc::Outcome], refused: &BTreeMap<String, u64>, unanswered: u64) -> Self {
        let total = |value: fn(&rtc::Outcome) -> u64| outcomes.iter().map(value).sum::<u64>();
        let joined: Vec<&rtc::Outcome> = outcomes.iter().filter(|o| o.joined.is_some()).collect();
        let mut joins = Joins {
            ok: joined.len() as u64,
            reasons: refused.clone(),
            unfinished: unanswered + total(|o| u64::from(o.nothing_yet)),
            time: Summary::of(joined.iter().filter_map(|o| o.joined)),
            ..Joins::default()
        };
        for outcome in outcomes.iter().filter(|o| o.joined.is_none()) {
            if let Some(end) = outcome.end {
                count(&mut joins.reasons, end);
            }
        }
        joins.failed = joins.reasons.values().sum();
        joins.called = joins.ok + joins.failed + joins.unfinished;
        let dropped: Vec<&str> = joined.iter().filter_map(|o| o.end).collect();
        for end in &dropped {
            count(&mut joins.reasons, &format!("after joining: {end}"));
        }
        let viewer_seconds: f64 = joined.iter().map(|o| o.watched).sum();
        let mut rates: Vec<f64> =
            joined.iter().filter(|o| o.watched > 1.0).map(|o| o.whole as f64 / o.watched).collect();
        rates.sort_by(f64::total_cmp);
        Self {
            connected: Summary::of(outcomes.iter().filter_map(|o| o.connected)),
            dropped: dropped.len() as u64,
            viewer_seconds: thousandth(viewer_seconds),
            packets: total(|o| o.packets),
            lost: total(|o| o.lost),
            late: total(|o| o.late),
            sound_packets: total(|o| o.sound_packets),
            sound_lost: total(|o| o.sound_lost),
            overflowed: total(|o| o.overflowed),
            bytes: total(|o| o.bytes),
            pictures_p50: rank(&rates, 50).unwrap_or_default(),
            pictures_p05: rank(&rates, 5).unwrap_or_default(),
            freezes: total(|o| o.freezes),
            viewers_frozen: total(|o| u64::from(o.freezes > 0)),
            frozen_share: share(joined.iter().map(|o| o.frozen).sum(), viewer_seconds),
            jitter_ms: Summary::of(outcomes.iter().flat_map(|o| o.jitter.iter().copied())),
            lag_ms: Summary::of(outcomes.iter().flat_map(|o| o.lag.iter().copied())),
            joins,
        }
    }
}

impl Hls {
    /// Adds up.
    pub(crate) fn of(outcomes: &[hls::Outcome], seconds: f64) -> Self {
        let joined: Vec<&hls::Outcome> = outcomes.iter().filter(|o| o.joined.is_some()).collect();
        let mut joins = Joins {
            called: outcomes.len() as u64,
            ok: joined.len() as u64,
            time: Summary::of(joined.iter().filter_map(|o| o.joined)),
            ..Joins::default()
        };
        for outcome in outcomes.iter().filter(|o| o.joined.is_none()) {
            match &outcome.end {
                Some(end) => {
                    joins.failed += 1;
                    count(&mut joins.reasons, end);
                }
                None => joins.unfinished += 1,
            }
        }
        let mut faults = BTreeMap::new();
        outcomes.iter().flat_map(|o| &o.faults).for_each(|fault| count(&mut faults, fault));
        let dropped: Vec<&String> = joined.iter().filter_map(|o| o.end.as_ref()).collect();
        for end in &dropped {
            count(&mut joins.reasons, &format!("after joining: {end}"));
        }
        let viewer_seconds: f64 = joined.iter().map(|o| o.watched).sum();
        let bytes = outcomes.iter().map(|o| o.bytes).sum();
        Self {
            dropped: dropped.len() as u64,
            viewer_seconds: thousandth(viewer_seconds),
            latency: Summary::of(outcomes.iter().flat_map(|o| o.latency.iter().copied())),
            stalls: outcomes.iter().map(|o| o.stalls).sum(),
            viewers_stalled: outcomes.iter().filter(|o| o.stalls > 0).count() as u64,
            stalled_share: share(joined.iter().map(|o| o.stalled).sum(), viewer_seconds),
            requests: outcomes.iter().map(|o| o.requests).sum(),
            bytes,
            bytes_per_second: if seconds > 0.0 { (bytes as f64 / seconds).round() } else { 0.0 },
            faults,
            joins,
        }
    }
}
