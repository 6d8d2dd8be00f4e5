//! A performer made of test media.

use crate::media::{self, Spec};
use palco_base::{Fault, MediaTime, Secret};
use palco_client::{Clock, Frames, Options, whip};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A WHIP publisher with test media, looped. Dropping it ends the session.
pub struct Bot {
    /// What it publishes.
    pub spec: Spec,
    /// Media time zero on the machine's monotonic clock: a picture whose strip says m (after n
    /// loops) was captured at `started` + n · length + m.
    pub started: MediaTime,
    /// The session.
    pub publisher: whip::Publisher,
}

impl Bot {
    /// Publishes at a WHIP URL; returns when media flows.
    ///
    /// # Errors
    /// When the media cannot be made, or the server refuses or does not let media through.
    pub fn start(url: &str, token: Option<&Secret>, spec: Spec) -> Result<Self, Fault> {
        Self::start_with(url, token, spec, Options::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_with(
        url: &str,
        token: Option<&Secret>,
        spec: Spec,
        options: Options,
    ) -> Result<Self, Fault> {
        let frames = Frames::new(media::frames(&spec)?, true);
        let publisher = whip::publish(url, token, frames, options)?;
        let stats = publisher.wait_connected(Duration::from_secs(15))?;
        Ok(Self { spec, started: stats.started.unwrap_or_default(), publisher })
    }

    /// Media time zero as milliseconds of the Unix clock, which a browser's `Date.now()` shows.
    #[must_use]
    pub fn started_unix_ms(&self) -> f64 {
        let since = Clock::new().now() - self.started;
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        unix.as_secs_f64() * 1_000.0 - since.seconds() * 1_000.0
    }

    /// How long before `seen` the picture with this strip was captured, in ms: less than the
    /// loop's length.
    #[must_use]
    pub fn age(&self, strip: u32, seen: MediaTime) -> f64 {
        age(self.started, self.spec.seconds, strip, seen)
    }
}

/// See [`Bot::age`].
#[must_use]
pub fn age(started: MediaTime, seconds: u32, strip: u32, seen: MediaTime) -> f64 {
    let length = f64::from(seconds) * 1_000.0;
    let age = ((seen - started).seconds() * 1_000.0 - f64::from(strip)).rem_euclid(length);
    // A picture is not seen before it was taken; by a hair it may be, when clocks are rounded.
    if age > length - 100.0 { age - length } else { age }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_over_loops() {
        let started = MediaTime::from_millis(1_000_000);
        let seen = |millis| started + MediaTime::from_millis(millis);
        assert!((age(started, 20, 5_000, seen(45_250)) - 250.0).abs() < 0.001);
        assert!((age(started, 20, 19_900, seen(40_100)) - 200.0).abs() < 0.001);
        assert!((age(started, 20, 5_001, seen(5_000)) + 1.0).abs() < 0.001);
    }
}
