//! Percussion: skins are falling sines, brushes and shaker are filtered noise, cymbals are
//! clusters of sines that are not in tune with one another.

use super::synth::{ease, noise};
use super::{Drum, Hit, Ring, Tune};
use std::f32::consts::TAU;

/// Everything the drummer plays.
pub(super) fn kit(tune: &Tune) -> Ring {
    let mut ring = Ring::silent(tune.length);
    for (n, hit) in tune.hits.iter().enumerate() {
        let at = tune.seconds(hit.start);
        match hit.drum {
            Drum::Kick => {
                skin(&mut ring, at, hit, Skin { from: 95.0, to: 47.0, fall: 26.0, fade: 11.0, pan: 0.0 })
            }
            Drum::Low => {
                skin(&mut ring, at, hit, Skin { from: 215.0, to: 186.0, fall: 30.0, fade: 12.0, pan: 0.35 })
            }
            Drum::High => {
                skin(&mut ring, at, hit, Skin { from: 330.0, to: 292.0, fall: 34.0, fade: 17.0, pan: 0.2 })
            }
            Drum::Rim => rim(&mut ring, at, hit.force),
            Drum::Brush => rustle(
                &mut ring,
                at,
                hit.force * 0.5,
                n as u32,
                Rustle { rise: 0.05, fade: 15.0, low: 0.45, high: 0.10, pan: -0.2 },
            ),
            Drum::Shaker => rustle(
                &mut ring,
                at,
                hit.force * 0.34,
                n as u32,
                Rustle { rise: 0.018, fade: 42.0, low: 0.85, high: 0.5, pan: -0.5 },
            ),
            Drum::Ride => cymbal(&mut ring, at, hit.force * 0.13, n as u32, 2.4, 0.45),
            Drum::Crash => cymbal(&mut ring, at, hit.force * 0.2, n as u32, 1.1, -0.4),
        }
    }
    ring
}

struct Skin {
    from: f32,
    to: f32,
    fall: f32,
    fade: f32,
    pan: f32,
}

/// A drum skin whose pitch falls from `from` to `to` hertz.
fn skin(ring: &mut Ring, at: f64, hit: &Hit, skin: Skin) {
    let mut hiss = noise((at * 1000.0) as u32);
    let mut low = 0.0;
    ring.add(at, 0.75, skin.pan, |t| {
        let drop = (skin.from - skin.to) / skin.fall;
        let phase = TAU * (skin.to * t + drop * (1.0 - (-skin.fall * t).exp()));
        low += 0.2 * (hiss() - low);
        let touch = low * (-90.0 * t).exp() * 0.35;
        let over = 0.2 * (phase * 1.59).sin() * (-3.0 * skin.fade * t).exp();
        let end = 1.0 - ease(t - 0.6, 0.15);
        ((phase.sin() + over) * (-skin.fade * t).exp() + touch) * ease(t, 0.005) * end * hit.force
    });
}

fn rim(ring: &mut Ring, at: f64, force: f32) {
    ring.add(at, 0.16, -0.25, |t| {
        let wood = (TAU * 1_640.0 * t).sin() + 0.6 * (TAU * 905.0 * t).sin();
        wood * (-46.0 * t).exp() * ease(t, 0.003) * (1.0 - ease(t - 0.12, 0.04)) * force * 0.3
    });
}

struct Rustle {
    rise: f32,
    fade: f32,
    /// One-pole coefficients: what is above `low` is taken away, then what is below `high`.
    low: f32,
    high: f32,
    pan: f32,
}

/// Noise between two one-pole filters.
fn rustle(ring: &mut Ring, at: f64, force: f32, seed: u32, rustle: Rustle) {
    let (mut hiss, mut low, mut under) = (noise(seed + 77), 0.0, 0.0);
    let length = rustle.rise + 5.5 / rustle.fade;
    ring.add(at, f64::from(length), rustle.pan, |t| {
        low += rustle.low * (hiss() - low);
        under += rustle.high * (low - under);
        let envelope = ease(t, rustle.rise) * (-rustle.fade * (t - rustle.rise).max(0.0)).exp();
        (low - under) * envelope * (1.0 - ease(t - length * 0.8, length * 0.2)) * force
    });
}

/// Ratios of a struck plate's loudest modes.
const PLATE: [f32; 7] = [1.0, 1.483, 1.932, 2.546, 2.630, 3.897, 4.712];

fn cymbal(ring: &mut Ring, at: f64, force: f32, seed: u32, fade: f32, pan: f32) {
    let (mut hiss, mut low) = (noise(seed + 401), 0.0);
    let length = (4.5 / fade).min(3.6);
    // A slower wash rises more slowly: no crash of an accident in a quiet room.
    let rise = if fade < 2.0 { 0.03 } else { 0.006 };
    ring.add(at, f64::from(length), pan, |t| {
        let bell: f32 = PLATE.iter().enumerate().map(|(n, r)| (TAU * 1_137.0 * r * t + n as f32).sin()).sum();
        low += 0.5 * (hiss() - low);
        let wash = (hiss() - low) * 0.9;
        let ping = bell * 0.16 * (-fade * 2.2 * t).exp();
        let envelope = ease(t, rise) * (1.0 - ease(t - length * 0.6, length * 0.4));
        (ping + wash * (-fade * t).exp() * 0.6) * envelope * force
    });
}
