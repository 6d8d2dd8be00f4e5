//! How many watched when: a sample every ten seconds, thinned as the show grows longer.

use crate::report::ByWay;
use palco_base::{MediaTime, WallTime};
use serde::{Deserialize, Serialize};

/// Samples kept at most: two hours at one in ten seconds, four at one in twenty, …
pub const MOST_SAMPLES: usize = 720;
const STEP: MediaTime = MediaTime::from_millis(10_000);

/// The house over one step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// When the step ended.
    pub at: WallTime,
    /// Who was there then; of steps put together, when there were most.
    pub viewers: ByWay<u32>,
    /// Watch time told in this step, of all viewers together, in ms.
    pub watched_ms: u64,
    /// Of that, how much stood still.
    pub frozen_ms: u64,
}

impl Sample {
    /// Two steps as one.
    fn with(self, next: Self) -> Self {
        let fuller = if next.viewers.sum() >= self.viewers.sum() { next } else { self };
        Self {
            at: next.at,
            viewers: fuller.viewers,
            watched_ms: self.watched_ms + next.watched_ms,
            frozen_ms: self.frozen_ms + next.frozen_ms,
        }
    }
}

/// All samples of a show.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Timeline {
    /// How long a step is, in ms.
    step_ms: i64,
    samples: Vec<Sample>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self { step_ms: STEP.millis(), samples: Vec::new() }
    }
}

impl Timeline {
    /// How long a step is now.
    #[must_use]
    pub fn step(&self) -> MediaTime {
        // A document that somebody wrote by hand must not make us sample without end.
        MediaTime::from_millis(self.step_ms).clamp(STEP, MediaTime::from_millis(86_400_000))
    }

    /// The samples, in order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    pub(crate) fn push(&mut self, sample: Sample) {
        if self.samples.len() >= MOST_SAMPLES {
            let pairs = self.samples.chunks(2);
            self.samples = pairs.filter_map(|pair| pair.iter().copied().reduce(Sample::with)).collect();
            self.step_ms = self.step().millis() * 2;
        }
        self.samples.push(sample);
    }
}
