//! What the music does at a moment, for those who move to it.

use crate::sound::{Drum, Note, Tune};

/// Times at which something sounds, round the loop.
pub(super) struct Cues {
    /// Seconds and force, by time.
    times: Vec<(f64, f32)>,
    length: f64,
}

impl Cues {
    pub(super) fn new(tune: &Tune, starts: impl Iterator<Item = (f64, f32)>) -> Self {
        let mut times: Vec<(f64, f32)> = starts.map(|(beat, force)| (tune.seconds(beat), force)).collect();
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { times, length: tune.length }
    }

    pub(super) fn notes<'a>(tune: &Tune, notes: impl Iterator<Item = &'a Note>) -> Self {
        Self::new(tune, notes.map(|n| (n.start, n.force)))
    }

    pub(super) fn hits(tune: &Tune, drums: &[Drum]) -> Self {
        Self::new(tune, tune.hits.iter().filter(|h| drums.contains(&h.drum)).map(|h| (h.start, h.force)))
    }

    /// Index of the last cue and seconds since it.
    pub(super) fn last(&self, time: f64) -> (usize, f32) {
        let count = self.times.len();
        let next = self.times.partition_point(|(at, _)| *at <= time);
        let index = (next + count - 1) % count;
        (index, (time - self.times[index].0).rem_euclid(self.length) as f32)
    }

    /// Seconds to the next cue.
    pub(super) fn until(&self, time: f64) -> f32 {
        let (index, _) = self.last(time);
        let (next, _) = self.times[(index + 1) % self.times.len()];
        let gap = (next - time).rem_euclid(self.length);
        if gap == 0.0 { self.length as f32 } else { gap as f32 }
    }

    /// Force of the last cue, dying away by `fade` a second, with a beginning no eye sees as a jump.
    pub(super) fn ring(&self, time: f64, fade: f32) -> f32 {
        let (index, since) = self.last(time);
        self.times[index].1 * (-fade * since).exp() * (since / 0.03).min(1.0)
    }

    /// A hand's height: 0 when it lands, raised between, higher if there is time.
    pub(super) fn lift(&self, time: f64) -> f32 {
        let (since, until) = (self.last(time).1, self.until(time));
        let gap = since + until;
        // Up with ease, down fast, as one strikes.
        let rise = (since / (gap * 0.62)).min(1.0);
        let fall = (until / (gap * 0.38).min(0.3)).min(1.0);
        let ease = |x: f32| x * x * (3.0 - 2.0 * x);
        ease(rise) * ease(fall) * (gap / 0.9).min(1.0)
    }
}

/// A value for each cue, gliding to the next over the last `glide` seconds before it.
pub(super) fn glide(cues: &Cues, values: &[f32], time: f64, glide: f32) -> f32 {
    let (index, since) = cues.last(time);
    let until = cues.until(time);
    let (now, next) = (values[index], values[(index + 1) % values.len()]);
    crate::picture::lerp(now, next, crate::picture::smooth(glide.min(since + until), 0.0, until))
}
