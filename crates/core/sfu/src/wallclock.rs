//! The time of day, as RTP tells it.

use palco_base::WallTime;
use std::time::{Duration, Instant};

/// Seconds from the NTP epoch, 1900, to that of Unix (RFC 5905 §6).
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// One instant on the machine's clocks. What comes after is counted from there, so that reports
/// agree with each other even if somebody sets the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    origin: Instant,
    /// Unix time at the origin.
    wall: Duration,
}

impl WallClock {
    pub(crate) fn new(origin: Instant, wall: WallTime) -> Self {
        Self { origin, wall: Duration::from_millis(wall.unix_millis().unsigned_abs()) }
    }

    /// Seconds in the upper half, their fraction in the lower (RFC 3550 §4).
    pub(crate) fn ntp(&self, now: Instant) -> u64 {
        let time = self.wall + now.saturating_duration_since(self.origin);
        let fraction = (u64::from(time.subsec_nanos()) << 32) / 1_000_000_000;
        ((time.as_secs() + NTP_TO_UNIX) << 32) | fraction
    }
}
