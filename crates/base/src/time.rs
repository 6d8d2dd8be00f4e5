//! Time and rate, with their units in the type.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub};
use std::time::Duration;

/// A point or a span on the machine's monotonic clock, in microseconds, signed.
///
/// On Linux `CLOCK_MONOTONIC` is one clock for all processes, so a `MediaTime` stamped
/// by the server means the same in the mixer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(i64);

impl MediaTime {
    /// The clock's zero; also the empty span.
    pub const ZERO: Self = Self(0);

    /// From microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000)
    }

    /// From a count of `rate` ticks per second (RTP clock, sample rate), rounded down.
    #[must_use]
    pub const fn from_ticks(ticks: i64, rate: u32) -> Self {
        let rate = rate as i128;
        Self((ticks as i128 * 1_000_000).div_euclid(rate) as i64)
    }

    /// In microseconds.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// In whole milliseconds, rounded down.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// In seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// As a count of `rate` ticks per second, rounded down.
    #[must_use]
    pub const fn ticks(self, rate: u32) -> i64 {
        (self.0 as i128 * rate as i128).div_euclid(1_000_000) as i64
    }

    /// The span without its sign, for timers: a negative one is zero.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_micros(self.0.max(0).unsigned_abs())
    }
}

impl From<Duration> for MediaTime {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Add for MediaTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MediaTime {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MediaTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for MediaTime {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Debug for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}s", self.seconds())
    }
}

/// Bits per second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bitrate(u64);

impl Bitrate {
    /// From kilobits (1,000 bits) per second.
    #[must_use]
    pub const fn kbps(kilobits: u64) -> Self {
        Self(kilobits * 1_000)
    }

    /// In bits per second.
    #[must_use]
    pub const fn bps(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_down_and_do_not_overflow() {
        assert_eq!(MediaTime::from_ticks(90_000, 90_000), MediaTime::from_micros(1_000_000));
        assert_eq!(MediaTime::from_ticks(-1, 48_000), MediaTime::from_micros(-21));
        assert_eq!(MediaTime::from_micros(33_333).ticks(90_000), 2_999);
        let ten_years = MediaTime::from_micros(315_360_000_000_000);
        assert_eq!(ten_years.ticks(90_000), 28_382_400_000_000);
    }
}
