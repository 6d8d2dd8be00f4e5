//! The sound of one output: feeds' blocks with their gains, summed and limited.

use crate::limiter::Limiter;
use crate::resample::Frame;
use crate::{BLOCK, CHANNELS, SAMPLE_RATE};
use palco_base::FeedId;
use palco_base::canvas::Sound;
use std::collections::HashMap;

/// Even a cut takes this many frames (8 ms) for the sound: no click.
const CUT: u64 = 384;
/// No feed is turned up by more.
const MOST_GAIN: f32 = 2.0;

/// A gain on its way from one value to another.
#[derive(Clone, Copy)]
struct Ramp {
    from: f32,
    to: f32,
    /// Frames gone, of how many.
    gone: u64,
    length: u64,
}

impl Ramp {
    fn now(&self) -> f32 {
        if self.gone >= self.length {
            return self.to;
        }
        let part = self.gone as f32 / self.length as f32;
        self.from + (self.to - self.from) * part
    }

    fn silent(&self) -> bool {
        self.to == 0.0 && self.gone >= self.length
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Bus {
    gains: HashMap<FeedId, Ramp>,
    limiter: Limiter,
}

impl Bus {
    /// Who is heard from now on; the change takes `millis` (or as long as a cut needs).
    pub(crate) fn arrange(&mut self, sounds: &[Sound], millis: u32) {
        let length = (u64::from(millis) * u64::from(SAMPLE_RATE) / 1_000).max(CUT);
        for (feed, ramp) in &mut self.gains {
            if !sounds.iter().any(|sound| sound.feed == *feed) {
                *ramp = Ramp { from: ramp.now(), to: 0.0, gone: 0, length };
            }
        }
        for sound in sounds {
            let to = if sound.gain.is_finite() { sound.gain.clamp(0.0, MOST_GAIN) } else { 0.0 };
            let from = self.gains.get(&sound.feed).map_or(0.0, Ramp::now);
            self.gains.insert(sound.feed, Ramp { from, to, gone: 0, length });
        }
    }

    /// Sums this block of all feeds; `blocks` are those that gave sound.
    pub(crate) fn mix<'a>(&mut self, blocks: impl Fn(FeedId) -> Option<&'a [Frame; BLOCK]>) -> Vec<f32> {
        let mut sum = [[0.0f32; 2]; BLOCK];
        for (feed, ramp) in &mut self.gains {
            if let Some(block) = blocks(*feed) {
                add(&mut sum, block, *ramp);
            }
            ramp.gone = (ramp.gone + BLOCK as u64).min(ramp.length);
        }
        self.gains.retain(|_, ramp| !ramp.silent());
        self.limiter.run(&mut sum);
        let mut samples = Vec::with_capacity(BLOCK * CHANNELS);
        samples.extend(sum.iter().flatten());
        samples
    }
}

fn add(sum: &mut [Frame; BLOCK], block: &[Frame; BLOCK], mut ramp: Ramp) {
    if ramp.gone >= ramp.length {
        for (sum, frame) in sum.iter_mut().zip(block) {
            sum[0] += frame[0] * ramp.to;
            sum[1] += frame[1] * ramp.to;
        }
        return;
    }
    for (sum, frame) in sum.iter_mut().zip(block) {
        let gain = ramp.now();
        sum[0] += frame[0] * gain;
        sum[1] += frame[1] * gain;
        ramp.gone += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn largest_step(samples: &[f32], last: &mut f32) -> f32 {
        let mut largest = 0.0f32;
        for frame in samples.as_chunks::<2>().0 {
            largest = largest.max((frame[0] - *last).abs());
            *last = frame[0];
        }
        largest
    }

    #[test]
    fn cuts_do_not_click_and_fades_take_their_time() {
        let (a, b) = (FeedId::new(1), FeedId::new(2));
        let block = [[0.5f32; 2]; BLOCK];
        let mut bus = Bus::default();
        let mut last = 0.0;
        bus.arrange(&[Sound { feed: a, gain: 1.0 }], 0);
        for _ in 0..3 {
            assert!(largest_step(&bus.mix(|_| Some(&block)), &mut last) < 0.002);
        }
        assert!((last - 0.5).abs() < 1e-4);
        // a gives way to b within 100 ms: the sum of two equal sounds stays level.
        bus.arrange(&[Sound { feed: b, gain: 1.0 }], 100);
        for _ in 0..6 {
            let mixed = bus.mix(|_| Some(&block));
            assert!(mixed.iter().all(|v| (v - 0.5).abs() < 1e-3));
        }
        assert_eq!(bus.gains.len(), 1, "the silent feed is forgotten");
        bus.arrange(&[], 0);
        for _ in 0..2 {
            assert!(largest_step(&bus.mix(|_| Some(&block)), &mut last) < 0.002);
        }
        assert!(bus.gains.is_empty() && last.abs() < 1e-4);
    }

    #[test]
    fn nonsense_gains_are_tamed() {
        let mut bus = Bus::default();
        bus.arrange(
            &[Sound { feed: FeedId::new(1), gain: f32::NAN }, Sound { feed: FeedId::new(2), gain: 1e9 }],
            0,
        );
        let block = [[0.1f32; 2]; BLOCK];
        for _ in 0..3 {
            assert!(bus.mix(|_| Some(&block)).iter().all(|v| v.abs() <= 0.21));
        }
    }
}
