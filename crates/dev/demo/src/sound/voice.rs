//! The singer: harmonics under the formants of a vowel, gliding from note to note, with vibrato
//! that comes when a note is held.

use super::synth::{ease, hertz, noise};
use super::{Note, RATE, Ring, Tune};
use std::f32::consts::TAU;

const HARMONICS: usize = 14;
/// Samples between two settings of the vowel.
const BLOCK: usize = 64;
/// Peaks of "oo" and "ah" for an alto: hertz, width in hertz, gain.
const OO: [(f32, f32, f32); 3] = [(420.0, 220.0, 1.0), (900.0, 260.0, 0.4), (2700.0, 500.0, 0.03)];
const AH: [(f32, f32, f32); 3] = [(760.0, 280.0, 1.0), (1250.0, 320.0, 0.55), (2900.0, 600.0, 0.09)];

/// The whole melody, sung.
pub(super) fn song(tune: &Tune) -> Ring {
    let mut ring = Ring::silent(tune.length);
    let Some(first) = tune.melody.first() else { return ring };
    let mut pitch = f32::from(first.key);
    let (mut phase, mut loud, mut air) = (0.0f32, 0.0f32, 0.0f32);
    let (mut hiss, mut gains) = (noise(5), [0.0; HARMONICS]);
    let second = RATE as f32;
    for n in 0..ring.frames.len() {
        let time = n as f64 / RATE as f64;
        let (note, since) = current(tune, time);
        let held = since.filter(|since| *since < tune.seconds(note.beats));
        pitch += (f32::from(note.key) - pitch) * (1.0 / (0.035 * second));
        let swell = held.map_or(0.0, |s| note.force * (0.75 + 0.25 * ease(s as f32, 0.6)));
        // Slower to begin than to end, as breath is.
        let speed = if swell > loud { 0.055 } else { 0.085 };
        loud += (swell - loud) / (speed * second);
        let length = since.unwrap_or(0.0) as f32;
        let sway = ease(length - 0.25, 0.5) * 0.26 * (TAU * 5.2 * time as f32).sin();
        let base = hertz(pitch + sway);
        if n % BLOCK == 0 {
            gains = vowel(base, 0.35 + 0.5 * ease(length, 0.7));
        }
        phase = (phase + base / second).fract();
        air += 0.25 * (hiss() - air);
        let value = (harmonics(phase, &gains) + air * 0.015) * loud;
        ring.frames[n] = [value, value];
    }
    // The last breath has died away; this takes what is left of it to nothing.
    let count = ring.frames.len();
    let fade = RATE / 100;
    for n in 0..fade {
        let gain = ease(n as f32, fade as f32);
        ring.frames[count - 1 - n].iter_mut().for_each(|v| *v *= gain);
    }
    ring
}

/// The note that sounds, or sounded last, and the seconds since it began.
fn current(tune: &Tune, time: f64) -> (&Note, Option<f64>) {
    let index = tune.melody.partition_point(|n| tune.seconds(n.start) <= time);
    match index.checked_sub(1) {
        Some(index) => (&tune.melody[index], Some(time - tune.seconds(tune.melody[index].start))),
        None => (&tune.melody[0], None),
    }
}

/// Gain of each harmonic of `base` hertz; `open` goes from "oo" to "ah".
fn vowel(base: f32, open: f32) -> [f32; HARMONICS] {
    std::array::from_fn(|k| {
        let frequency = base * (k + 1) as f32;
        let under = |peaks: &[(f32, f32, f32); 3]| -> f32 {
            let peak = |(centre, width, gain): (f32, f32, f32)| {
                gain / (1.0 + ((frequency - centre) / width).powi(2))
            };
            peaks.iter().copied().map(peak).sum()
        };
        (under(&OO) * (1.0 - open) + under(&AH) * open) / ((k + 1) as f32).powf(0.7)
    })
}

/// Sum of sines at multiples of one phase, by the Chebyshev recurrence.
fn harmonics(phase: f32, gains: &[f32; HARMONICS]) -> f32 {
    let (sine, cosine) = (phase * TAU).sin_cos();
    let (mut before, mut now, mut sum) = (0.0, sine, 0.0);
    for gain in gains {
        sum += now * gain;
        (before, now) = (now, 2.0 * cosine * now - before);
    }
    sum
}
