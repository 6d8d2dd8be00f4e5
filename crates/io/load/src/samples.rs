//! Summaries of measured values.

use serde::Serialize;

/// Values kept of one series; beyond that every second one is left out, again and again.
const MOST: usize = 4_096;

/// A series of measured values in bounded memory.
#[derive(Clone, Debug)]
pub(crate) struct Samples {
    kept: Vec<f32>,
    every: u32,
    skipped: u32,
}

impl Default for Samples {
    fn default() -> Self {
        Self { kept: Vec::new(), every: 1, skipped: 0 }
    }
}

impl Samples {
    pub(crate) fn add(&mut self, value: f64) {
        self.skipped += 1;
        if self.skipped < self.every {
            return;
        }
        self.skipped = 0;
        #[allow(clippy::cast_possible_truncation)] // Seven digits are enough for a measurement.
        self.kept.push(value as f32);
        if self.kept.len() == MOST {
            let mut keep = false;
            self.kept.retain(|_| {
                keep = !keep;
                keep
            });
            self.every *= 2;
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.kept.iter().map(|value| f64::from(*value))
    }
}

/// What a series of values looks like: nearest ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How many values.
    pub count: usize,
    /// The middle.
    pub p50: f64,
    /// 95 of 100 are no larger.
    pub p95: f64,
    /// 99 of 100 are no larger.
    pub p99: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// Of these values, rounded to a thousandth; none if there are none.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            count: sorted.len(),
            p50: rank(&sorted, 50)?,
            p95: rank(&sorted, 95)?,
            p99: rank(&sorted, 99)?,
            max: rank(&sorted, 100)?,
        })
    }
}

/// The value that `percent` of 100 do not exceed.
pub(crate) fn rank(sorted: &[f64], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).map(|value| thousandth(*value))
}

/// Rounded to three digits behind the point.
pub(crate) fn thousandth(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let summary = Summary::of((1..=100).rev().map(f64::from)).unwrap();
        assert_eq!((summary.p50, summary.p95, summary.p99, summary.max), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(Summary::of([7.0]).map(|s| (s.p50, s.p99)), Some((7.0, 7.0)));
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn memory_is_bounded_and_the_shape_stays() {
        let mut samples = Samples::default();
        (0..100_000).for_each(|n| samples.add(f64::from(n)));
        assert!(samples.kept.len() <= MOST);
        let summary = Summary::of(samples.values()).unwrap();
        assert!((48_000.0..52_000.0).contains(&summary.p50), "{summary:?}");
    }
}
