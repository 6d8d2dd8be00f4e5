//! The house as it goes out: its numbers as JSON and as a table for spreadsheets.

use crate::backend::{HouseNow, Recording};
use palco_base::{MediaTime, WallTime};
use palco_house::{ByWay, Report, Tally, Timeline, Way};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use utoipa::ToSchema;

/// Join times are drawn in these steps, in ms; the last column is of all that took longer.
const JOIN_BOUNDS: [i64; 8] = [250, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000];
/// What "lately" is.
const LATELY: MediaTime = MediaTime::from_millis(60_000);

/// By which way a viewer gets the show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayName {
    /// In real time.
    Webrtc,
    /// From the playlist.
    Hls,
    /// From the playlist, sound alone.
    Audio,
}

impl From<WayName> for Way {
    fn from(name: WayName) -> Self {
        match name {
            WayName::Webrtc => Self::Webrtc,
            WayName::Hls => Self::Hls,
            WayName::Audio => Self::Audio,
        }
    }
}

/// A number for each way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Ways {
    /// In real time.
    pub webrtc: u64,
    /// From the playlist.
    pub hls: u64,
    /// From the playlist, sound alone.
    pub audio: u64,
}

/// How long something took.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct Spans {
    /// How many were measured.
    pub count: u64,
    /// Half took no longer, in ms.
    #[schema(required)]
    pub p50_ms: Option<u64>,
    /// 95 of 100 took no longer, in ms.
    #[schema(required)]
    pub p95_ms: Option<u64>,
}

/// How long something took, for each way.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
pub struct SpansByWay {
    /// In real time.
    pub webrtc: Spans,
    /// From the playlist.
    pub hls: Spans,
    /// From the playlist, sound alone.
    pub audio: Spans,
}

/// How many left, by why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct LeftBy {
    /// They left the page.
    pub left: u64,
    /// Nothing was heard of them any more.
    pub lost: u64,
    /// They were there when the show ended.
    pub ended: u64,
    /// Their right to watch ended.
    pub removed: u64,
    /// The server stopped while they watched.
    pub stopped: u64,
}

/// Whether there is a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Nothing was recorded, so far.
    None,
    /// The show is being recorded.
    Running,
    /// The recording had to end; the show goes on.
    Stopped,
    /// There is one, of a show that is over.
    Ready,
    /// There was one; it was not kept any longer.
    Gone,
}

/// The recording of a show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct RecordingInfo {
    /// Whether there is one.
    pub state: RecordingState,
    /// What ended it before the show: `disk_full`, `disk_slow` or another fault's code.
    #[schema(required)]
    pub fault: Option<String>,
}

/// The numbers of a show so far.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct HouseState {
    /// Who is there now.
    pub viewers: u32,
    /// The same by way.
    pub by_way: Ways,
    /// The most at once.
    pub peak: u32,
    /// When that was.
    #[schema(required, format = DateTime)]
    pub peak_at: Option<String>,
    /// Who came so far; a page opened again is another.
    pub came: u64,
    /// Who had been lost and was heard again.
    pub returned: u64,
    /// Signs of life of those who found no room to be counted.
    pub uncounted: u64,
    /// Who left, and why.
    pub left: LeftBy,
    /// Who changed to a way from another.
    pub moved: Ways,
    /// From the page's first wish to the first picture.
    pub join: Spans,
    /// The same by way.
    pub join_by_way: SpansByWay,
    /// From the server to the screen: by WebRTC half of the round trip and the wait before it is
    /// shown, by HLS how old the picture is.
    pub delay_by_way: SpansByWay,
    /// How long all watched together, in seconds.
    pub watched_s: u64,
    /// How much of that the picture stood still, in seconds.
    pub frozen_s: f64,
    /// The same as a share, 0 to 1; none if nobody watched.
    #[schema(required)]
    pub frozen_share: Option<f64>,
    /// The same in the last minute.
    #[schema(required)]
    pub frozen_share_lately: Option<f64>,
    /// How often a picture began to stand still.
    pub freezes: u64,
    /// The recording.
    pub recording: RecordingInfo,
}

/// The house over one step of the timeline.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct HouseSample {
    /// When the step ended.
    #[schema(format = DateTime)]
    pub at: String,
    /// Who was there.
    pub by_way: Ways,
    /// How long all watched together in it, in seconds.
    pub watched_s: f64,
    /// How much of that the picture stood still, in seconds.
    pub frozen_s: f64,
}

/// How many joins took less than so long, and no less than the step before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct JoinStep {
    /// In ms; none for all that took longer than the step before.
    #[schema(required)]
    pub below_ms: Option<u64>,
    /// How many.
    pub count: u64,
}

/// The report of a show.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
pub struct ShowReport {
    /// The show's title.
    pub title: String,
    /// When the audience was let in.
    #[schema(required, format = DateTime)]
    pub began_at: Option<String>,
    /// When the show was over; none while it is not.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// All numbers.
    pub house: HouseState,
    /// How long joining took.
    pub joins: Vec<JoinStep>,
    /// How long a step of the timeline is, in seconds.
    pub step_s: u64,
    /// How it went.
    pub timeline: Vec<HouseSample>,
}

fn text(time: Option<WallTime>) -> Option<String> {
    time.map(|time| time.to_string())
}

fn millis(span: MediaTime) -> u64 {
    span.millis().max(0).unsigned_abs()
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1e3
}

fn spans(tally: &Tally) -> Spans {
    let at = |share| tally.quantile(share).map(millis);
    Spans { count: tally.count(), p50_ms: at(0.5), p95_ms: at(0.95) }
}

fn spans_by_way(by: &ByWay<Tally>) -> SpansByWay {
    SpansByWay { webrtc: spans(&by.webrtc), hls: spans(&by.hls), audio: spans(&by.audio) }
}

impl From<ByWay<u32>> for Ways {
    fn from(by: ByWay<u32>) -> Self {
        Self { webrtc: by.webrtc.into(), hls: by.hls.into(), audio: by.audio.into() }
    }
}

impl From<Recording> for RecordingInfo {
    fn from(recording: Recording) -> Self {
        let (state, fault) = match recording {
            Recording::None => (RecordingState::None, None),
            Recording::Running => (RecordingState::Running, None),
            Recording::Stopped(fault) => (RecordingState::Stopped, Some(fault)),
            Recording::Ready(fault) => (RecordingState::Ready, fault),
            Recording::Gone => (RecordingState::Gone, None),
        };
        Self { state, fault: fault.map(str::to_owned) }
    }
}

/// The numbers so far.
pub(crate) fn state(now: &HouseNow, recording: Recording) -> HouseState {
    let report = &now.report;
    let (left, moved) = (report.left, report.moved);
    HouseState {
        viewers: now.present.sum(),
        by_way: now.present.into(),
        peak: report.peak,
        peak_at: text(report.peak_at),
        came: report.came,
        returned: report.returned,
        uncounted: report.uncounted,
        left: LeftBy {
            left: left.left,
            lost: left.lost,
            ended: left.ended,
            removed: left.removed,
            stopped: left.stopped,
        },
        moved: Ways { webrtc: moved.webrtc, hls: moved.hls, audio: moved.audio },
        join: spans(&report.joins()),
        join_by_way: spans_by_way(&report.join),
        delay_by_way: spans_by_way(&report.delay),
        watched_s: report.watched_ms / 1_000,
        frozen_s: seconds(report.frozen_ms),
        frozen_share: report.frozen_share(),
        frozen_share_lately: report.frozen_lately(LATELY),
        freezes: report.freezes,
        recording: recording.into(),
    }
}

fn samples(timeline: &Timeline) -> Vec<HouseSample> {
    let sample = |it: &palco_house::Sample| HouseSample {
        at: it.at.to_string(),
        by_way: it.viewers.into(),
        watched_s: seconds(it.watched_ms),
        frozen_s: seconds(it.frozen_ms),
    };
    timeline.samples().iter().map(sample).collect()
}

fn join_steps(report: &Report) -> Vec<JoinStep> {
    let counts = report.joins().below(&JOIN_BOUNDS.map(MediaTime::from_millis));
    let bounds = JOIN_BOUNDS.iter().map(|bound| Some(bound.unsigned_abs())).chain([None]);
    bounds.zip(counts).map(|(below_ms, count)| JoinStep { below_ms, count }).collect()
}

/// The report of a show.
pub(crate) fn report(title: &str, now: &HouseNow, recording: Recording) -> ShowReport {
    let report = &now.report;
    ShowReport {
        title: title.to_owned(),
        began_at: text(report.began),
        ended_at: text(report.ended),
        house: state(now, recording),
        joins: join_steps(report),
        step_s: report.timeline.step().millis().unsigned_abs() / 1_000,
        timeline: samples(&report.timeline),
    }
}

/// A field of RFC 4180. One that a spreadsheet would take for a formula is made a text.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

/// The report as two tables, one below the other: what and how much, then the timeline.
pub(crate) fn csv(report: &ShowReport) -> String {
    let house = &report.house;
    let or_nothing = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
    let mut rows: Vec<(&str, String)> = vec![
        ("title", field(&report.title)),
        ("began_at", report.began_at.clone().unwrap_or_default()),
        ("ended_at", report.ended_at.clone().unwrap_or_default()),
        ("viewers_peak", house.peak.to_string()),
        ("viewers_peak_at", house.peak_at.clone().unwrap_or_default()),
        ("viewers_came", house.came.to_string()),
        ("viewers_returned", house.returned.to_string()),
        ("left_page", house.left.left.to_string()),
        ("left_lost", house.left.lost.to_string()),
        ("left_show_ended", house.left.ended.to_string()),
        ("left_removed", house.left.removed.to_string()),
        ("left_server_stopped", house.left.stopped.to_string()),
        ("moved_to_webrtc", house.moved.webrtc.to_string()),
        ("moved_to_hls", house.moved.hls.to_string()),
        ("moved_to_audio", house.moved.audio.to_string()),
        ("joins_measured", house.join.count.to_string()),
        ("join_p50_ms", or_nothing(house.join.p50_ms)),
        ("join_p95_ms", or_nothing(house.join.p95_ms)),
    ];
    let delays = [
        ("delay_webrtc_p50_ms", "delay_webrtc_p95_ms", house.delay_by_way.webrtc),
        ("delay_hls_p50_ms", "delay_hls_p95_ms", house.delay_by_way.hls),
        ("delay_audio_p50_ms", "delay_audio_p95_ms", house.delay_by_way.audio),
    ];
    for (p50, p95, delay) in delays {
        rows.extend([(p50, or_nothing(delay.p50_ms)), (p95, or_nothing(delay.p95_ms))]);
    }
    rows.extend([
        ("watched_s", house.watched_s.to_string()),
        ("frozen_s", house.frozen_s.to_string()),
        ("freezes", house.freezes.to_string()),
    ]);
    let mut text = String::from("what,value\r\n");
    // Writing to a String cannot fail.
    for (what, value) in rows {
        let _ = write!(text, "{what},{value}\r\n");
    }
    text.push_str("\r\nat,viewers_webrtc,viewers_hls,viewers_audio,watched_s,frozen_s\r\n");
    for sample in &report.timeline {
        let HouseSample { at, by_way: Ways { webrtc, hls, audio }, watched_s, frozen_s } = sample;
        let _ = write!(text, "{at},{webrtc},{hls},{audio},{watched_s},{frozen_s}\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_title_is_a_text_in_every_spreadsheet() {
        for (title, expected) in [
            ("Concert", "Concert"),
            ("One, \"two\"", "\"One, \"\"two\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
        ] {
            assert_eq!(field(title), expected);
        }
    }
}
