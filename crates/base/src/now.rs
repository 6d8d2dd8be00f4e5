//! The present, as a core is told it.

use crate::{MediaTime, WallTime};

/// The present, on both clocks, as the shell reads them together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// The machine's monotonic clock: what durations are measured on.
    pub media: MediaTime,
    /// The clock on the wall: what is shown and stored.
    pub wall: WallTime,
}
