//! A look-ahead limiter: turns down before a peak comes, so that nothing clips or clicks.

use crate::resample::Frame;
use crate::{BLOCK, SAMPLE_RATE};
use palco_base::MediaTime;
use std::collections::VecDeque;

/// Nothing leaves louder: −1 dBFS.
const CEILING: f32 = 0.891_25;
/// How far it looks ahead, in frames: 5 ms. Sound leaves that much later.
const AHEAD: usize = 240;
/// How much of the way back to full loudness it goes per frame: about 100 ms.
const RELEASE: f32 = 1.0 / 4_800.0;

/// See the module.
pub(crate) struct Limiter {
    waiting: VecDeque<Frame>,
    /// Falling factors with the frame number they came with: the window's least is in front.
    least: VecDeque<(u64, f32)>,
    released: f32,
    /// The newest `AHEAD + 1` released factors; what is applied is their mean.
    recent: VecDeque<f32>,
    count: u64,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            waiting: VecDeque::from(vec![[0.0; 2]; AHEAD]),
            least: VecDeque::new(),
            released: 1.0,
            recent: VecDeque::from(vec![1.0; AHEAD + 1]),
            count: 0,
        }
    }
}

impl Limiter {
    /// By how much sound leaves later than it came.
    pub(crate) const DELAY: MediaTime = MediaTime::from_ticks(AHEAD as i64, SAMPLE_RATE);

    /// Limits a block in place.
    ///
    /// The factor applied to a frame is the mean of `AHEAD + 1` values, each no more than what that
    /// frame needs (it is in the window of each): so the ceiling holds, with no step in the factor.
    pub(crate) fn run(&mut self, block: &mut [Frame; BLOCK]) {
        // Summed anew for each block, so that rounding cannot add up over hours.
        let mut sum: f64 = self.recent.iter().map(|v| f64::from(*v)).sum();
        for frame in block {
            let peak = frame[0].abs().max(frame[1].abs());
            let factor = if peak > CEILING { CEILING / peak } else { 1.0 };
            while self.least.back().is_some_and(|(_, least)| *least >= factor) {
                self.least.pop_back();
            }
            self.least.push_back((self.count, factor));
            while self.least.front().is_some_and(|(at, _)| at + (AHEAD as u64) < self.count) {
                self.least.pop_front();
            }
            self.count += 1;
            let least = self.least.front().map_or(1.0, |(_, least)| *least);
            self.released = least.min(self.released + (1.0 - self.released) * RELEASE);
            sum += f64::from(self.released) - f64::from(self.recent.pop_front().unwrap_or(1.0));
            self.recent.push_back(self.released);
            let gain = (sum / (AHEAD + 1) as f64) as f32;
            self.waiting.push_back(*frame);
            let leaving = self.waiting.pop_front().unwrap_or_default();
            *frame = leaving.map(|v| (v * gain).clamp(-CEILING, CEILING));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(limiter: &mut Limiter, sound: impl Fn(usize) -> f32, blocks: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for block in 0..blocks {
            let mut frames = [[0.0; 2]; BLOCK];
            for (at, frame) in frames.iter_mut().enumerate() {
                *frame = [sound(block * BLOCK + at), -sound(block * BLOCK + at)];
            }
            limiter.run(&mut frames);
            out.extend(frames.iter().map(|frame| frame[0]));
        }
        out
    }

    fn tone(at: usize) -> f32 {
        (at as f32 * 440.0 * std::f32::consts::TAU / SAMPLE_RATE as f32).sin()
    }

    #[test]
    fn quiet_sound_passes_unchanged_only_later() {
        let out = run(&mut Limiter::default(), |at| tone(at) * 0.5, 10);
        #[allow(clippy::needless_range_loop, reason = "compares with the input at the same place")]
        for at in AHEAD..out.len() {
            assert!((out[at] - tone(at - AHEAD) * 0.5).abs() < 1e-5, "at {at}");
        }
    }

    #[test]
    fn loud_sound_is_turned_down_without_steps() {
        // Four voices at full scale come at once and go again.
        let sound = |at: usize| if (9_600..19_200).contains(&at) { tone(at) * 4.0 } else { tone(at) * 0.2 };
        let out = run(&mut Limiter::default(), sound, 50);
        let peak = out.iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
        assert!(peak <= CEILING && peak > 0.85, "peak {peak}");
        // A clipped sine of 440 Hz has flat tops: its third harmonic would be strong.
        let third = |from: usize| {
            let (mut re, mut im) = (0.0f64, 0.0f64);
            for (at, v) in out[from..from + 4_800].iter().enumerate() {
                let phase = at as f64 * 1_320.0 * std::f64::consts::TAU / f64::from(SAMPLE_RATE);
                re += f64::from(*v) * phase.cos();
                im += f64::from(*v) * phase.sin();
            }
            re.hypot(im) / 2_400.0
        };
        assert!(third(12_000) < 0.01, "third harmonic {}", third(12_000));
        let back = out[out.len() - 4_800..].iter().fold(0.0f32, |peak, v| peak.max(v.abs()));
        assert!((back - 0.2).abs() < 0.01, "after release {back}");
    }
}
