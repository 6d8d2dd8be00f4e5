//! `BANDWIDTH` and `AVERAGE-BANDWIDTH` (RFC 8216bis §4.4.6.2), measured.

use palco_base::{Bitrate, MediaTime};

/// Segments before what is measured is believed.
const ENOUGH: u32 = 5;

/// The bit rate of one track.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    declared: u64,
    peak: u64,
    bytes: u64,
    time: MediaTime,
    segments: u32,
    target: MediaTime,
}

impl Meter {
    pub(crate) const fn new(declared: Bitrate, target: MediaTime) -> Self {
        Self { declared: declared.bps(), peak: 0, bytes: 0, time: MediaTime::ZERO, segments: 0, target }
    }

    /// A segment is complete.
    pub(crate) fn add(&mut self, bytes: u64, duration: MediaTime) {
        self.bytes += bytes;
        self.time += duration;
        self.segments = self.segments.saturating_add(1);
        // The peak is taken over at least half a target duration: less is no stretch to judge by.
        if duration.micros() * 2 >= self.target.micros() {
            self.peak = self.peak.max(rate(bytes, duration));
        }
    }

    /// The highest rate of any segment, in bits per second.
    pub(crate) fn peak(&self) -> u64 {
        let least = if self.segments < ENOUGH { self.declared } else { self.average() };
        self.peak.max(least).max(1)
    }

    /// The rate over all segments, in bits per second.
    pub(crate) fn average(&self) -> u64 {
        let measured = if self.segments < ENOUGH { self.declared } else { rate(self.bytes, self.time) };
        measured.max(1)
    }
}

fn rate(bytes: u64, duration: MediaTime) -> u64 {
    let micros = duration.micros().max(1).unsigned_abs();
    u64::try_from(u128::from(bytes) * 8_000_000 / u128::from(micros)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoders_setting_is_declared_until_enough_is_measured() {
        let mut meter = Meter::new(Bitrate::kbps(500), MediaTime::from_millis(2_000));
        for _ in 0..4 {
            meter.add(25_000, MediaTime::from_millis(2_000));
            assert_eq!((meter.peak(), meter.average()), (500_000, 500_000));
        }
        meter.add(50_000, MediaTime::from_millis(2_000));
        assert_eq!((meter.peak(), meter.average()), (200_000, 120_000));
    }

    #[test]
    fn a_peak_above_the_setting_is_declared_at_once_and_a_crumb_is_no_peak() {
        let mut meter = Meter::new(Bitrate::kbps(100), MediaTime::from_millis(2_000));
        meter.add(100_000, MediaTime::from_millis(33));
        assert_eq!(meter.peak(), 100_000);
        meter.add(100_000, MediaTime::from_millis(2_000));
        assert_eq!(meter.peak(), 400_000);
    }
}
