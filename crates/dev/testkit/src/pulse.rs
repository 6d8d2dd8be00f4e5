//! Flash and beep: each second, half a second into it, a patch is white for two pictures and a
//! tone sounds, beginning together. Not on the second itself, which is where loops begin and a
//! coder has nothing before it.

use std::f64::consts::TAU;

/// Samples per second.
pub const RATE: usize = 48_000;
/// When in each second of media time both begin, in ms.
pub const BEGIN: u32 = 500;
/// How long the patch is white, in ms: two pictures at 30 per second.
pub const FLASH: u32 = 66;
/// How long the tone sounds, in samples: 24 ms.
pub const BEEP: usize = RATE * 24 / 1_000;
/// How long the tone takes to be at full strength, and to go: 2 ms, so that it does not click.
const EDGE: usize = RATE * 2 / 1_000;
/// Its amplitude.
const LOUDNESS: f64 = 0.5;

/// The patch: the middle fifth of the width, two fifths of the height, as fractions of the
/// picture: x, y, width, height.
pub const PATCH: (f64, f64, f64, f64) = (0.4, 0.3, 0.2, 0.4);

/// Whether the patch is white at this media time.
#[must_use]
pub fn is_flash(millis: u32) -> bool {
    (millis + 1_000 - BEGIN) % 1_000 < FLASH
}

/// The sound at a sample of media time, −1 to 1.
#[must_use]
pub fn sample(index: usize, tone: f64) -> f64 {
    let at = (index + RATE - BEGIN as usize * RATE / 1_000) % RATE;
    if at >= BEEP {
        return 0.0;
    }
    let edge = at.min(BEEP - 1 - at);
    let gain = if edge < EDGE { 0.5 - 0.5 * (TAU / 2.0 * edge as f64 / EDGE as f64).cos() } else { 1.0 };
    LOUDNESS * gain * (TAU * tone * at as f64 / RATE as f64).sin()
}

/// Finds flashes in a series of patch brightnesses: the step from dark to bright.
#[derive(Debug, Default)]
pub struct FlashFinder {
    dark: Option<f64>,
    bright: bool,
}

impl FlashFinder {
    /// The next picture's patch luma (0–255); true when a flash begins with it.
    pub fn next(&mut self, luma: f64) -> bool {
        let dark = *self.dark.get_or_insert(luma);
        let bright = luma > dark + 50.0;
        if !bright {
            // Follows the scene, so that a picture that changes its mood is no flash.
            self.dark = Some(dark + (luma - dark) * 0.2);
        }
        let begins = bright && !self.bright;
        self.bright = bright;
        begins
    }
}

/// Finds beeps of one tone in mono sound, sample by sample.
///
/// The sound is mixed down with the tone and averaged over 4 ms (a sliding discrete Fourier bin);
/// a beep begins where that passes half of what it rises to.
#[derive(Debug)]
pub struct BeepFinder {
    step: f64,
    /// The last window of products, as (real, imaginary).
    window: Vec<(f64, f64)>,
    at: usize,
    sum: (f64, f64),
    index: u64,
    /// Strength of the beeps so far.
    level: f64,
    /// Where a rise was seen, and the strengths since.
    rising: Option<(u64, Vec<f64>)>,
    /// No new beep before this sample.
    quiet_until: u64,
}

/// The window: 4 ms.
const WINDOW: usize = RATE * 4 / 1_000;
/// How long a tone must last to be a beep: 12 ms.
const CERTAIN: usize = RATE * 12 / 1_000;
/// What is weaker than this is not a beep, whatever came before: −40 dBFS.
const FLOOR: f64 = 0.01;

impl BeepFinder {
    /// A finder for a tone in Hz.
    #[must_use]
    pub fn new(tone: f64) -> Self {
        Self {
            step: TAU * tone / RATE as f64,
            window: vec![(0.0, 0.0); WINDOW],
            at: 0,
            sum: (0.0, 0.0),
            index: 0,
            level: LOUDNESS / 4.0,
            rising: None,
            quiet_until: 0,
        }
    }

    /// The next sample; the index of the sample where a beep began, once that is certain (some
    /// milliseconds later).
    pub fn next(&mut self, sample: f64) -> Option<u64> {
        let phase = self.step * (self.index % RATE as u64) as f64;
        let product = (sample * phase.cos(), sample * phase.sin());
        let old = std::mem::replace(&mut self.window[self.at], product);
        self.at = (self.at + 1) % WINDOW;
        self.sum = (self.sum.0 + product.0 - old.0, self.sum.1 + product.1 - old.1);
        let strength = 2.0 * self.sum.0.hypot(self.sum.1) / WINDOW as f64;
        let index = self.index;
        self.index += 1;
        if let Some((first, strengths)) = &mut self.rising {
            strengths.push(strength);
            if strengths.len() >= CERTAIN {
                let (first, strengths) = (*first, std::mem::take(strengths));
                self.rising = None;
                return self.judge(first, &strengths);
            }
        } else if index >= self.quiet_until && strength > (self.level / 4.0).max(FLOOR) {
            self.rising = Some((index, vec![strength]));
        }
        None
    }

    fn judge(&mut self, first: u64, strengths: &[f64]) -> Option<u64> {
        let most = strengths.iter().copied().fold(0.0, f64::max);
        // What does not last is not a beep but the edge of another sound.
        if strengths.last().is_none_or(|last| *last < most / 2.0) {
            return None;
        }
        self.quiet_until = first + RATE as u64 / 4;
        self.level += (most - self.level) * 0.5;
        let half = strengths.iter().position(|s| *s >= most / 2.0)? as u64;
        // Half strength is reached half a window, and half an edge, after the beginning.
        Some((first + half).saturating_sub((WINDOW / 2 + EDGE / 2) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beeps_are_found_to_the_millisecond_beside_others() {
        for (tone, other) in [(1_000.0, 1_500.0), (1_500.0, 2_500.0), (2_500.0, 1_000.0)] {
            for delay in [0, 777, 12_345] {
                let mut finder = BeepFinder::new(tone);
                let mut found = Vec::new();
                for index in 0..5 * RATE {
                    let mut sound = 0.0;
                    if index >= delay {
                        sound += sample(index - delay, tone) * 0.6;
                    }
                    // The other's beep is elsewhere in the second.
                    sound += sample(index + RATE / 3, other) * 0.6;
                    found.extend(finder.next(sound));
                }
                assert!(found.len() >= 4, "{tone} Hz: {found:?}");
                for begin in found {
                    let off = (begin as i64 - (delay + RATE / 2) as i64).rem_euclid(RATE as i64);
                    let off = off.min(RATE as i64 - off) as f64 * 1_000.0 / RATE as f64;
                    assert!(off < 1.0, "{tone} Hz, {delay}: {off} ms off");
                }
            }
        }
    }

    #[test]
    fn silence_and_noise_do_not_beep() {
        let mut finder = BeepFinder::new(1_000.0);
        let mut state = 1_u64;
        for index in 0..3 * RATE {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = ((state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * 0.02;
            assert_eq!(finder.next(noise), None, "sample {index}");
        }
    }

    #[test]
    fn flashes_begin_once_each() {
        let mut finder = FlashFinder::default();
        let begins: Vec<u32> = (0..90)
            .filter(|n| {
                finder.next(if is_flash(n * 1_000 / 30 + 1) { 200.0 } else { 60.0 + f64::from(n % 7) })
            })
            .collect();
        assert_eq!(begins, [15, 45, 75]);
    }
}
