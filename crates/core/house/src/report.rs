//! The numbers of a show: what the director sees, and what is kept of it.

use crate::api::{Way, Why};
use crate::tally::Tally;
use crate::timeline::Timeline;
use palco_base::{MediaTime, WallTime};
use serde::{Deserialize, Serialize};

/// One of something for each way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ByWay<T> {
    /// [`Way::Webrtc`].
    pub webrtc: T,
    /// [`Way::Hls`].
    pub hls: T,
    /// [`Way::Audio`].
    pub audio: T,
}

impl<T> ByWay<T> {
    /// That of one way.
    pub const fn of(&self, way: Way) -> &T {
        match way {
            Way::Webrtc => &self.webrtc,
            Way::Hls => &self.hls,
            Way::Audio => &self.audio,
        }
    }

    pub(crate) const fn of_mut(&mut self, way: Way) -> &mut T {
        match way {
            Way::Webrtc => &mut self.webrtc,
            Way::Hls => &mut self.hls,
            Way::Audio => &mut self.audio,
        }
    }
}

impl ByWay<u32> {
    /// All ways together.
    #[must_use]
    pub const fn sum(&self) -> u32 {
        self.webrtc + self.hls + self.audio
    }
}

/// How many left, by why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Left {
    /// [`Why::Left`].
    pub left: u64,
    /// [`Why::Lost`].
    pub lost: u64,
    /// [`Why::Ended`].
    pub ended: u64,
    /// [`Why::Removed`].
    pub removed: u64,
    /// [`Why::Stopped`].
    pub stopped: u64,
}

impl Left {
    pub(crate) const fn of_mut(&mut self, why: Why) -> &mut u64 {
        match why {
            Why::Left => &mut self.left,
            Why::Lost => &mut self.lost,
            Why::Ended => &mut self.ended,
            Why::Removed => &mut self.removed,
            Why::Stopped => &mut self.stopped,
        }
    }

    /// For whatever reason.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.left + self.lost + self.ended + self.removed + self.stopped
    }
}

/// All numbers of a show so far. `came + returned` is who left and who is there now.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// When the audience was first let in.
    pub began: Option<WallTime>,
    /// When the show was over.
    pub ended: Option<WallTime>,
    /// Viewers who came: a page opened again is another.
    pub came: u64,
    /// Viewers who had been lost and were heard again.
    pub returned: u64,
    /// Signs of life of viewers who came when as many as can be known were there. They are in no
    /// other number.
    pub uncounted: u64,
    /// The most at once.
    pub peak: u32,
    /// When that was.
    pub peak_at: Option<WallTime>,
    /// Who left, and why.
    pub left: Left,
    /// Viewers who changed to a way from another.
    pub moved: ByWay<u64>,
    /// From the page's first wish to the first picture.
    pub join: ByWay<Tally>,
    /// How far behind the server pictures were.
    pub delay: ByWay<Tally>,
    /// How long all viewers together watched, in ms, as their players told.
    pub watched_ms: u64,
    /// How much of that the picture stood still.
    pub frozen_ms: u64,
    /// How often it began to.
    pub freezes: u64,
    /// How many sightings this is made of.
    pub sightings: u64,
    /// How it went.
    pub timeline: Timeline,
}

impl Report {
    /// How many are there now, by what was counted.
    #[must_use]
    pub const fn present(&self) -> u64 {
        (self.came + self.returned).saturating_sub(self.left.sum())
    }

    /// What share of the watch time the picture stood still, 0 to 1; none if nobody watched.
    #[must_use]
    pub fn frozen_share(&self) -> Option<f64> {
        share(self.frozen_ms, self.watched_ms)
    }

    /// The same over the last so much of the timeline.
    #[must_use]
    pub fn frozen_lately(&self, span: MediaTime) -> Option<f64> {
        let steps = (span.millis() / self.timeline.step().millis()).max(1);
        let samples = self.timeline.samples().iter().rev().take(usize::try_from(steps).unwrap_or(1));
        let (frozen, watched) = samples.fold((0, 0), |sum, it| (sum.0 + it.frozen_ms, sum.1 + it.watched_ms));
        share(frozen, watched)
    }

    /// How long joining took, by whatever way.
    #[must_use]
    pub fn joins(&self) -> Tally {
        let mut all = Tally::default();
        Way::ALL.iter().for_each(|way| all.merge(self.join.of(*way)));
        all
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
