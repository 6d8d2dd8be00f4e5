//! The one place that reads the clocks for the cores.

use palco_base::MediaTime;
use palco_stage::{Now, WallTime};
use std::time::{SystemTime, UNIX_EPOCH};

/// The present on both clocks.
pub(crate) fn now() -> Now {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
    Now { media: media_time(), wall: WallTime::from_unix_millis(millis) }
}

/// `CLOCK_MONOTONIC`, the clock that server and mixer share.
pub(crate) fn media_time() -> MediaTime {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    MediaTime::from_micros(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)
}
