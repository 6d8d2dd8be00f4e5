//! Summaries of measured values.

use serde_json::{Value, json};

/// What a series of values looks like.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// The least.
    pub min: f64,
    /// 5 of 100 are no larger.
    pub p05: f64,
    /// The middle.
    pub p50: f64,
    /// 95 of 100 are no larger.
    pub p95: f64,
    /// The largest.
    pub max: f64,
}

impl Summary {
    /// Of these values; none if there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len() as f64 * part).ceil() as usize).max(1) - 1).copied();
        Some(Self {
            count: sorted.len(),
            min: at(0.0)?,
            p05: at(0.05)?,
            p50: at(0.5)?,
            p95: at(0.95)?,
            max: at(1.0)?,
        })
    }

    /// As JSON, to a tenth.
    #[must_use]
    pub fn json(&self) -> Value {
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        json!({
            "count": self.count,
            "min": tenth(self.min),
            "p05": tenth(self.p05),
            "p50": tenth(self.p50),
            "p95": tenth(self.p95),
            "max": tenth(self.max),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        let summary = Summary::of(&values).expect("values");
        assert_eq!((summary.min, summary.p50, summary.p95, summary.max), (1.0, 50.0, 95.0, 100.0));
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[7.0]).map(|s| s.p95), Some(7.0));
    }
}
