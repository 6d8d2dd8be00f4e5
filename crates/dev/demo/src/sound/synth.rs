//! Piano, bed and bass: additive and FM voices with soft attacks.

use super::{Note, Ring, Tune};
use std::f32::consts::TAU;

/// Frequency of a MIDI note in hertz (A4 = 440).
pub(super) fn hertz(key: f32) -> f32 {
    440.0 * ((key - 69.0) / 12.0).exp2()
}

/// 0 to 1 over `length` seconds, without a corner at either end.
pub(super) fn ease(time: f32, length: f32) -> f32 {
    let x = (time / length).clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// Noise from a seed, -1 to 1 (xorshift32).
pub(super) fn noise(seed: u32) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as i32 as f32 / 2_147_483_648.0
    }
}

/// A rounded electric piano: two sines in FM and a short bell on top.
pub(super) fn piano(tune: &Tune) -> Ring {
    let mut ring = Ring::silent(tune.length);
    for note in &tune.keys {
        let (held, release) = (tune.seconds(note.beats) as f32, 0.35);
        let step = TAU * hertz(f32::from(note.key));
        let bright = 0.5 + 0.9 * note.force;
        let pan = (f32::from(note.key) - 62.0) / 36.0;
        ring.add(tune.seconds(note.start), f64::from(held + release), pan, |t| {
            let body = (-1.1 * t).exp();
            let phase = step * t;
            let tone = (phase + bright * (-2.5 * t).exp() * phase.sin()).sin();
            let bell = 0.07 * note.force * (-9.0 * t).exp() * (phase * 7.0).sin();
            let warm = 0.25 * (phase * 0.5).sin() * (-2.0 * t).exp();
            let envelope = ease(t, 0.012) * (1.0 - ease(t - held, release));
            (tone * body + bell + warm) * envelope * note.force
        });
    }
    tremolo(&mut ring, tune.length);
    ring
}

/// Slow movement from side to side, in whole turns of the loop.
fn tremolo(ring: &mut Ring, length: f64) {
    let turns = (4.2 * length).round() as f32;
    let count = ring.frames.len() as f32;
    for (n, frame) in ring.frames.iter_mut().enumerate() {
        let sway = 0.12 * (TAU * turns * n as f32 / count).sin();
        frame[0] *= 1.0 + sway;
        frame[1] *= 1.0 - sway;
    }
}

/// Warm strings, each chord fading into the next.
pub(super) fn pad(tune: &Tune) -> Ring {
    const TABLE: usize = 2048;
    let wave: Vec<f32> = (0..=TABLE)
        .map(|n| {
            let phase = TAU * n as f32 / TABLE as f32;
            (1..=6).map(|k| (phase * k as f32).sin() / (k * k) as f32).sum()
        })
        .collect();
    let look = |turns: f32| {
        let place = (turns - turns.floor()) * TABLE as f32;
        let (at, part) = ((place as usize).min(TABLE - 1), place.fract());
        wave[at] + (wave[at + 1] - wave[at]) * part
    };
    let mut ring = Ring::silent(tune.length);
    let blend = (tune.seconds(1.2)) as f32;
    for note in &tune.pad {
        let held = tune.seconds(note.beats) as f32;
        for (cents, pan) in [(-6.0, -0.8), (0.0, 0.0), (7.0, 0.8)] {
            let pitch = hertz(f32::from(note.key) + cents / 100.0);
            ring.add(tune.seconds(note.start), f64::from(held + blend), pan, |t| {
                let envelope = ease(t, blend) * (1.0 - ease(t - held, blend));
                look(pitch * t) * envelope * note.force
            });
        }
    }
    ring
}

/// A plucked string: each harmonic fades faster than the one below, with a thumb's touch of noise.
pub(super) fn bass(tune: &Tune) -> Ring {
    let mut ring = Ring::silent(tune.length);
    for (n, note) in tune.bass.iter().enumerate() {
        pluck(&mut ring, tune, note, n as u32 + 11);
    }
    ring
}

fn pluck(ring: &mut Ring, tune: &Tune, note: &Note, seed: u32) {
    let (held, release) = (tune.seconds(note.beats) as f32, 0.14);
    let step = TAU * hertz(f32::from(note.key));
    let (mut hiss, mut low) = (noise(seed), 0.0);
    ring.add(tune.seconds(note.start), f64::from(held + release), 0.0, |t| {
        // The string is pulled sharp and settles.
        let phase = step * (t + 0.0006 * (1.0 - (-22.0 * t).exp()));
        let tone: f32 = (1..=8)
            .map(|k| {
                let k = k as f32;
                (phase * k).sin() * (-t * (0.75 + 0.85 * k)).exp() / k.powf(1.15)
            })
            .sum();
        low += 0.09 * (hiss() - low);
        let thumb = low * (-70.0 * t).exp() * 0.9;
        let envelope = ease(t, 0.009) * (1.0 - ease(t - held, release));
        (tone + thumb) * envelope * note.force
    });
}
