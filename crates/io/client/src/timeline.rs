//! From the RTP clocks of a session's tracks to one clock of ours (RFC 3550 §6.4.1).

use palco_base::MediaTime;

/// How long the least delay seen is believed; then a longer one may take its place.
const WINDOW: MediaTime = MediaTime::from_millis(10_000);

/// Where a track's RTP clock stands.
#[derive(Clone, Copy, Debug)]
struct Report {
    rtp: u32,
    /// The sender's clock, in µs since any fixed point that its tracks share.
    sender: i64,
}

/// One track's clock.
#[derive(Debug)]
struct Track {
    rate: u32,
    report: Option<Report>,
    /// Used until the first report: no relation to the other track.
    alone: Option<(u32, MediaTime)>,
}

/// Puts the frames of a session's two tracks on one timeline: a frame's time is when it would
/// have arrived on the fastest way seen, so equal times belong together on the screen.
#[derive(Debug)]
pub struct Timeline {
    tracks: [Track; 2],
    /// Our clock minus the sender's: the least in this window and in the one before.
    offset: Option<(i64, i64, MediaTime)>,
}

/// Which track.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrackId {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

impl Timeline {
    /// Nothing known yet; 48 kHz sound and 90 kHz picture.
    #[must_use]
    pub fn new() -> Self {
        let track = |rate| Track { rate, report: None, alone: None };
        Self { tracks: [track(48_000), track(90_000)], offset: None }
    }

    /// A sender report came: at `sender` (µs on the sender's clock) the track stood at `rtp`.
    pub fn report(&mut self, track: TrackId, rtp: u32, sender: i64) {
        self.tracks[track as usize].report = Some(Report { rtp, sender });
    }

    /// Whether both tracks have told where they stand, so that their times can be compared.
    #[must_use]
    pub fn is_aligned(&self) -> bool {
        self.tracks.iter().all(|t| t.report.is_some())
    }

    /// The time of the frame with this RTP timestamp that arrived at `arrived`.
    pub fn time(&mut self, track: TrackId, rtp: u32, arrived: MediaTime) -> MediaTime {
        let track = &mut self.tracks[track as usize];
        let micros =
            |from: u32| i64::from(rtp.wrapping_sub(from).cast_signed()) * 1_000_000 / i64::from(track.rate);
        if let Some(report) = track.report {
            let sender = report.sender + micros(report.rtp);
            return MediaTime::from_micros(sender + self.offset(arrived.micros() - sender, arrived));
        }
        let (base, at) = *track.alone.get_or_insert((rtp, arrived));
        let time = at + MediaTime::from_micros(micros(base));
        // Earlier than on time: the first frame was late, not this one early.
        if time > arrived || arrived - time > WINDOW {
            track.alone = Some((rtp, arrived));
            return arrived;
        }
        time
    }

    fn offset(&mut self, seen: i64, now: MediaTime) -> i64 {
        let (least, before, since) = self.offset.unwrap_or((seen, seen, now));
        let next = if now - since > WINDOW { (seen, least, now) } else { (least.min(seen), before, since) };
        self.offset = Some(next);
        next.0.min(next.1)
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_bring_sound_and_picture_together_whatever_the_jitter() {
        let mut timeline = Timeline::new();
        // Both clocks begin anywhere, one of them just before it wraps.
        let (audio0, video0) = (4_294_960_000_u32, 77_u32);
        let sender0 = 1_700_000_000_000_000;
        timeline.report(TrackId::Audio, audio0, sender0);
        timeline.report(TrackId::Video, video0, sender0);
        assert!(timeline.is_aligned());
        let mut worst = 0;
        for n in 0..3_000_i64 {
            let jitter = (n * 7_919) % 30_000;
            let arrived = MediaTime::from_micros(5_000_000 + n * 20_000 + jitter);
            let ticks = u32::try_from(n).expect("small");
            let audio = timeline.time(TrackId::Audio, audio0.wrapping_add(ticks * 960), arrived);
            let video = timeline.time(TrackId::Video, video0.wrapping_add(ticks * 1_800), arrived);
            if n > 100 {
                worst = worst.max((audio - video).micros().abs());
                assert!((audio.micros() - 5_000_000 - n * 20_000).abs() < 1_000, "{n}: {audio:?}");
            }
        }
        assert!(worst <= 100, "{worst} µs apart");
    }

    #[test]
    fn before_a_report_each_track_goes_by_its_own_clock() {
        let mut timeline = Timeline::new();
        let at = MediaTime::from_millis;
        assert_eq!(timeline.time(TrackId::Video, 9_000, at(1_000)), at(1_000));
        assert_eq!(timeline.time(TrackId::Video, 12_000, at(1_050)), MediaTime::from_micros(1_033_333));
        assert_eq!(timeline.time(TrackId::Video, 15_000, at(1_040)), at(1_040), "faster than the first");
        assert!(!timeline.is_aligned());
    }
}
