//! A publisher's RTP timestamps on our clock.
//!
//! Sender reports (RFC 3550 §6.4.1) say which NTP time of the sender belongs to which RTP
//! timestamp, so they put a feed's sound and picture on one timeline. What the sender's clock is
//! to ours is learnt from the fastest packets of the last seconds: `arrival - capture` is the
//! clocks' difference plus the way, and its minimum is the difference plus the shortest way.
//! Before the first report each track is placed by its own fastest packets.

use palco_base::{Codec, MediaKind, MediaTime};
use std::collections::VecDeque;

/// Length of one bucket of the sliding minimum, in µs.
const BUCKET: i64 = 1_000_000;
/// Buckets kept: the window is this many seconds.
const BUCKETS: usize = 10;
/// Corrections up to this size are slewed, larger ones made at once, in µs.
const JUMP: i64 = 300_000;
/// Slewing: µs of correction per ms of time (2 %).
const SLEW_PER_MILLI: i64 = 20;
/// A capture time this far before its arrival is a broken mapping, not a slow network, in µs.
const BROKEN: i64 = 5_000_000;

/// The smallest value of the last [`BUCKETS`] seconds.
#[derive(Debug, Default)]
struct SlidingMin {
    buckets: VecDeque<(i64, i64)>,
}

impl SlidingMin {
    fn push(&mut self, at: i64, value: i64) {
        let bucket = at.div_euclid(BUCKET);
        match self.buckets.back_mut() {
            Some((last, min)) if *last >= bucket => *min = (*min).min(value),
            _ => self.buckets.push_back((bucket, value)),
        }
        while self.buckets.len() > BUCKETS {
            self.buckets.pop_front();
        }
    }

    fn min(&self) -> Option<i64> {
        self.buckets.iter().map(|(_, min)| *min).min()
    }

    fn clear(&mut self) {
        self.buckets.clear();
    }
}

#[derive(Debug, Default)]
struct Track {
    /// Last RTP timestamp and the same without wrap-around.
    last: Option<(u32, i64)>,
    /// `arrival - media time` of this track alone.
    arrival: SlidingMin,
    /// The latest report: NTP time in µs, RTP time without wrap-around.
    report: Option<(i64, i64)>,
    /// What is added to media time now, and since when.
    applied: Option<(i64, i64)>,
}

impl Track {
    fn extend(&mut self, timestamp: u32) -> i64 {
        let extended = match self.last {
            Some((last, extended)) => extended + i64::from(timestamp.wrapping_sub(last).cast_signed()),
            None => i64::from(timestamp),
        };
        self.last = Some((timestamp, extended));
        extended
    }

    fn slew(&mut self, target: i64, now: i64) -> i64 {
        let offset = match self.applied {
            Some((offset, since)) if (target - offset).abs() <= JUMP => {
                let most = (now - since).max(0) * SLEW_PER_MILLI / 1_000;
                offset + (target - offset).clamp(-most, most)
            }
            _ => target,
        };
        self.applied = Some((offset, now));
        offset
    }
}

/// The timeline of one publisher.
#[derive(Debug, Default)]
pub(crate) struct FeedClock {
    audio: Track,
    video: Track,
    /// Our clock minus the sender's NTP clock, with the shortest way; shared by both tracks.
    ntp: SlidingMin,
}

impl FeedClock {
    /// Another publisher begins.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Another RTP stream begins on a track: its timestamps have nothing to do with the last.
    pub(crate) fn reset_track(&mut self, kind: MediaKind) {
        *self.track(kind) = Track::default();
    }

    fn track(&mut self, kind: MediaKind) -> &mut Track {
        match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        }
    }

    /// A sender report came. `ntp` in µs of any epoch; `timestamp` as in the packets.
    pub(crate) fn report(&mut self, kind: MediaKind, ntp: i64, timestamp: u32) {
        let track = self.track(kind);
        if let Some((last, extended)) = track.last {
            let at = extended + i64::from(timestamp.wrapping_sub(last).cast_signed());
            track.report = Some((ntp, at));
        }
    }

    /// When the packet with this timestamp was captured.
    pub(crate) fn capture(&mut self, codec: Codec, timestamp: u32, arrival: MediaTime) -> MediaTime {
        let kind = codec.kind();
        let rate = codec.clock_rate();
        let now = arrival.micros();
        let track = match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        let extended = track.extend(timestamp);
        let media = MediaTime::from_ticks(extended, rate).micros();
        track.arrival.push(now, now - media);

        let mut target = None;
        if let Some((ntp, at)) = track.report {
            let sent = ntp + MediaTime::from_ticks(extended - at, rate).micros();
            let difference = now - sent;
            if self.ntp.min().is_some_and(|min| difference < min - JUMP) {
                // Timestamps leapt and the report is from before: it says nothing any more.
                track.report = None;
            } else {
                self.ntp.push(now, difference);
                target = self.ntp.min().map(|min| sent + min - media);
            }
        }
        let mut target = target.or_else(|| track.arrival.min()).unwrap_or(now - media);
        if now - (media + target) > BROKEN {
            track.arrival.clear();
            track.arrival.push(now, now - media);
            if track.report.take().is_some() {
                self.ntp.clear();
            }
            target = now - media;
        }
        MediaTime::from_micros(media + track.slew(target, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends both tracks for `seconds` with the given extra video delay and returns the last
    /// capture times' difference from the truth, (audio, video), in µs.
    fn run(reports: bool, video_delay: i64, seconds: i64) -> (i64, i64) {
        let mut clock = FeedClock::default();
        let mut errors = (0, 0);
        for millis in 0..seconds * 1_000 {
            let truth = millis * 1_000;
            let arrival = MediaTime::from_micros(truth + 20_000);
            if millis % 20 == 0 {
                let rtp = (4_294_000_000u32).wrapping_add((millis * 48) as u32);
                errors.0 = clock.capture(Codec::Opus, rtp, arrival).micros() - truth;
                if reports && millis % 1_000 == 0 {
                    clock.report(MediaKind::Audio, 77_000_000 + truth, rtp);
                }
            }
            if millis % 40 == 0 {
                let rtp = (123_456u32).wrapping_add((millis * 90) as u32);
                let arrival = arrival + MediaTime::from_micros(video_delay);
                errors.1 = clock.capture(Codec::H264, rtp, arrival).micros() - truth;
                if reports && millis % 1_000 == 0 {
                    clock.report(MediaKind::Video, 77_000_000 + truth, rtp);
                }
            }
        }
        errors
    }

    #[test]
    fn reports_align_sound_and_picture() {
        let (audio, video) = run(false, 80_000, 20);
        assert_eq!((audio, video), (20_000, 100_000), "by arrival alone the picture is late");
        let (audio, video) = run(true, 80_000, 20);
        assert!((audio - 20_000).abs() < 50 && (video - 20_000).abs() < 50, "{audio} {video}");
    }

    #[test]
    fn a_leap_of_the_timestamps_does_not_move_the_feed() {
        let mut clock = FeedClock::default();
        let mut rtp = 0u32;
        for millis in (0i64..60_000).step_by(40) {
            rtp = rtp.wrapping_add(3_600);
            match millis {
                20_000 => rtp = rtp.wrapping_add(90_000 * 3_600),
                40_000 => rtp = rtp.wrapping_sub(90_000 * 3_600),
                _ => {}
            }
            let arrival = MediaTime::from_millis(millis);
            let time = clock.capture(Codec::Vp8, rtp, arrival);
            assert!((arrival - time).micros().abs() < 1_000, "at {millis} ms: {time:?}");
            if millis % 1_000 == 0 {
                clock.report(MediaKind::Video, millis * 1_000, rtp);
            }
        }
    }

    #[test]
    fn small_corrections_never_turn_time_back() {
        let mut clock = FeedClock::default();
        let mut last = MediaTime::from_micros(i64::MIN / 2);
        for step in 0i64..2_000 {
            let millis = step * 20;
            // The way gets 100 ms shorter in the middle.
            let way = if step < 1_000 { 150 } else { 50 };
            let arrival = MediaTime::from_millis(millis + way);
            let time = clock.capture(Codec::Opus, (millis * 48) as u32, arrival);
            assert!(time > last, "step {step}");
            last = time;
        }
    }
}
