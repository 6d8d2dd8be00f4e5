//! Durations, counted in buckets that grow by a tenth each: percentiles to within 10 %, in half
//! a kilobyte, however many are counted.

use palco_base::MediaTime;
use serde::{Deserialize, Serialize};

/// The first bucket ends here; 1.1 to the power of all but it is half an hour.
const FIRST_MS: f64 = 10.0;
const GROWTH: f64 = 1.1;
const BUCKETS: usize = 128;

/// How long something took, many times over.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<u32>", into = "Vec<u32>")]
pub struct Tally {
    /// As many as are needed for the longest so far.
    counts: Vec<u32>,
}

impl From<Vec<u32>> for Tally {
    fn from(mut counts: Vec<u32>) -> Self {
        // What another version may have written must not grow us.
        counts.truncate(BUCKETS);
        Self { counts }
    }
}

impl From<Tally> for Vec<u32> {
    fn from(tally: Tally) -> Self {
        tally.counts
    }
}

/// Where a bucket ends, in ms.
fn end(bucket: usize) -> f64 {
    FIRST_MS * GROWTH.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

/// Where a bucket begins, in ms.
fn begin(bucket: usize) -> f64 {
    if bucket == 0 { 0.0 } else { end(bucket - 1) }
}

impl Tally {
    /// Counts one. A negative span counts as none, one beyond all buckets in the last.
    pub fn add(&mut self, span: MediaTime) {
        let millis = span.seconds().max(0.0) * 1e3;
        let bucket = (0..BUCKETS).find(|&bucket| millis < end(bucket)).unwrap_or(BUCKETS - 1);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] = self.counts[bucket].saturating_add(1);
    }

    /// How many were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// What `share` of all (0 to 1) took at most this long. None if there are none.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<MediaTime> {
        let all = self.count();
        if all == 0 {
            return None;
        }
        let wanted = (share.clamp(0.0, 1.0) * all as f64).max(f64::MIN_POSITIVE);
        let mut before = 0.0;
        for (bucket, count) in self.counts.iter().enumerate() {
            let count = f64::from(*count);
            if before + count >= wanted {
                // Within a bucket they are taken to be spread evenly.
                let part = (wanted - before) / count;
                let millis = begin(bucket) + part * (end(bucket) - begin(bucket));
                return Some(MediaTime::from_micros((millis * 1e3) as i64));
            }
            before += count;
        }
        None
    }

    /// All of another too.
    pub fn merge(&mut self, other: &Self) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// How many took less than each of `bounds` (rising), each counted at the first that holds
    /// it; the last number is of those beyond all. A bucket is counted where its middle is.
    #[must_use]
    pub fn below(&self, bounds: &[MediaTime]) -> Vec<u64> {
        let mut found = vec![0; bounds.len() + 1];
        for (bucket, count) in self.counts.iter().enumerate() {
            let middle = f64::midpoint(begin(bucket), end(bucket)) / 1e3;
            let at = bounds.iter().position(|bound| middle < bound.seconds()).unwrap_or(bounds.len());
            found[at] += u64::from(*count);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl Iterator<Item = i64>) -> Tally {
        let mut tally = Tally::default();
        millis.for_each(|millis| tally.add(MediaTime::from_millis(millis)));
        tally
    }

    #[test]
    fn percentiles_are_within_a_tenth() {
        let tally = of(1..=1_000);
        for (share, expected) in [(0.5, 500.0), (0.95, 950.0), (0.1, 100.0)] {
            let found = tally.quantile(share).unwrap().seconds() * 1e3;
            assert!((found - expected).abs() <= 0.1 * expected, "{share}: {found}");
        }
        assert_eq!(Tally::default().quantile(0.5), None);
    }

    #[test]
    fn what_no_bucket_holds_is_counted_in_the_outermost() {
        let tally = of([-5, 0, i64::MAX / 2_000].into_iter());
        assert_eq!(tally.count(), 3);
        assert!(tally.quantile(0.5).unwrap() <= MediaTime::from_millis(10));
        assert!(tally.quantile(1.0).unwrap() >= MediaTime::from_millis(1_700_000));
    }

    #[test]
    fn coarse_bounds_hold_them_all() {
        let tally = of((0..100).map(|n| n * 20));
        let found = tally.below(&[500, 1_000].map(MediaTime::from_millis));
        assert_eq!(found.iter().sum::<u64>(), 100);
        assert!((23..=27).contains(&found[0]) && (23..=27).contains(&found[1]), "{found:?}");
    }

    #[test]
    fn it_comes_back_from_its_text_and_no_text_grows_it() {
        let tally = of(1..=50);
        let text = serde_json::to_string(&tally).unwrap();
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap(), tally);
        let long: Tally = serde_json::from_str(&format!("[{}1]", "1,".repeat(1_000))).unwrap();
        assert_eq!(long.count(), BUCKETS as u64);
    }
}
