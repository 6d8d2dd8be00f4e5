//! Sound: one tune, its four parts, and how they are mixed to make a band.

mod drums;
mod reverb;
mod synth;
mod tune;
mod voice;

pub(crate) use tune::{Drum, Hit, Note, Tune};

/// Samples a second.
pub(crate) const RATE: usize = 48_000;

/// A loop of stereo sound. Whatever is added past its end comes in again at its start, so there
/// is no seam to hear.
#[derive(Clone)]
pub(crate) struct Ring {
    /// Left and right, -1 to 1.
    pub(crate) frames: Vec<[f32; 2]>,
}

impl Ring {
    /// Silence of so many seconds, rounded to whole samples.
    pub(crate) fn silent(seconds: f64) -> Self {
        Self { frames: vec![[0.0; 2]; (seconds * RATE as f64).round() as usize] }
    }

    /// Adds `length` seconds of `sound(time since the start)` at `start`; `pan` is -1 (left) to 1.
    fn add(&mut self, start: f64, length: f64, pan: f32, mut sound: impl FnMut(f32) -> f32) {
        let count = self.frames.len();
        let (first, total) = ((start * RATE as f64) as usize, (length * RATE as f64) as usize);
        let angle = (pan + 1.0) * std::f32::consts::FRAC_PI_4;
        let (left, right) = (angle.cos(), angle.sin());
        for n in 0..total {
            let value = sound(n as f32 / RATE as f32);
            let frame = &mut self.frames[(first + n) % count];
            frame[0] += value * left;
            frame[1] += value * right;
        }
    }

    /// The largest sample, regardless of sign.
    pub(crate) fn peak(&self) -> f32 {
        self.frames.iter().flatten().fold(0.0, |most, v| most.max(v.abs()))
    }

    /// Scales so that the largest sample is `peak`.
    fn level(mut self, peak: f32) -> Self {
        let gain = peak / self.peak().max(1e-6);
        self.frames.iter_mut().flatten().for_each(|v| *v *= gain);
        self
    }

    /// Adds another loop of the same length.
    fn mix(mut self, other: &Self) -> Self {
        for (to, from) in self.frames.iter_mut().zip(&other.frames) {
            to[0] += from[0];
            to[1] += from[1];
        }
        self
    }
}

/// Piano and the bed under it.
pub(crate) fn keys(tune: &Tune) -> Ring {
    let piano = reverb::wet(&synth::piano(tune), 0.16).level(1.0);
    let pad = reverb::wet(&synth::pad(tune), 0.3).level(0.4);
    piano.mix(&pad).level(0.30)
}

/// The plucked bass.
pub(crate) fn bass(tune: &Tune) -> Ring {
    reverb::wet(&synth::bass(tune), 0.04).level(0.30)
}

/// Brushes and percussion.
pub(crate) fn drums(tune: &Tune) -> Ring {
    reverb::wet(&drums::kit(tune), 0.12).level(0.30)
}

/// The singer.
pub(crate) fn melody(tune: &Tune) -> Ring {
    reverb::wet(&voice::song(tune), 0.26).level(0.27)
}

/// What is heard in the foyer: the band without its singer, far away.
pub(crate) fn intermission(tune: &Tune) -> Ring {
    let band = keys(tune).mix(&bass(tune).level(0.2)).level(1.0);
    reverb::wet(&band, 0.3).level(0.30)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tune at eight times the speed: the same score and code in an eighth of the work.
    fn parts() -> Vec<(&'static str, Ring)> {
        let tune = Tune::new(3.0);
        vec![("keys", keys(&tune)), ("bass", bass(&tune)), ("drums", drums(&tune)), ("melody", melody(&tune))]
    }

    #[test]
    fn parts_are_as_long_as_the_tune_and_leave_headroom() {
        let mut band = Ring::silent(3.0);
        for (name, part) in parts() {
            assert_eq!(part.frames.len(), 3 * RATE, "{name}");
            // -6 dBFS is 0.501.
            assert!((0.1..=0.5).contains(&part.peak()), "{name}: {}", part.peak());
            band = band.mix(&part);
        }
        assert!(band.peak() < 0.9, "four together: {}", band.peak());
    }

    #[test]
    fn the_seam_is_no_rougher_than_the_rest() {
        for (name, part) in parts() {
            let count = part.frames.len();
            let step = |n: usize| {
                let (a, b) = (part.frames[n % count], part.frames[(n + 1) % count]);
                (a[0] - b[0]).abs().max((a[1] - b[1]).abs())
            };
            let seam = (count - 3..count + 3).map(step).fold(0.0, f32::max);
            let mut all: Vec<f32> = (0..count).map(step).collect();
            all.sort_by(f32::total_cmp);
            let rough = all[count * 995 / 1000];
            assert!(seam <= rough.max(0.004), "{name}: {seam} at the seam, {rough} elsewhere");
        }
    }

    #[test]
    fn what_is_added_past_the_end_comes_in_at_the_start() {
        let mut ring = Ring::silent(0.001);
        ring.add(0.0005, 0.001, -1.0, |_| 1.0);
        assert!(ring.frames.iter().all(|f| (f[0] - 1.0).abs() < 1e-6 && f[1].abs() < 1e-6));
    }
}
