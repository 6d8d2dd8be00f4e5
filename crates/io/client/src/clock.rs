//! One clock in two notations.

use palco_base::MediaTime;
use std::time::{Duration, Instant};

/// Translates between [`Instant`], which str0m wants, and [`MediaTime`], which is the same
/// clock (`CLOCK_MONOTONIC`) with a zero that all processes of the machine share.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    instant: Instant,
    media: MediaTime,
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock {
    /// Reads both notations of now.
    #[must_use]
    pub fn new() -> Self {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let media = MediaTime::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000);
        Self { instant: Instant::now(), media }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> MediaTime {
        self.media_time(Instant::now())
    }

    /// An instant as media time.
    #[must_use]
    pub fn media_time(&self, instant: Instant) -> MediaTime {
        match instant.checked_duration_since(self.instant) {
            Some(after) => self.media + MediaTime::from(after),
            None => self.media - MediaTime::from(self.instant - instant),
        }
    }

    /// A media time as instant. Times before the machine's start become its earliest instant.
    #[must_use]
    pub fn instant(&self, time: MediaTime) -> Instant {
        let away = time - self.media;
        if away >= MediaTime::ZERO {
            self.instant + away.duration()
        } else {
            self.instant.checked_sub((-away).duration()).unwrap_or(self.instant)
        }
    }

    /// How long until `time`; zero if it has passed.
    #[must_use]
    pub fn until(&self, time: MediaTime) -> Duration {
        (time - self.now()).duration()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_agree() {
        let clock = Clock::new();
        for micros in [-5_000_000, -1, 0, 1, 40_000] {
            let time = clock.media + MediaTime::from_micros(micros);
            assert_eq!(clock.media_time(clock.instant(time)), time);
        }
    }
}
