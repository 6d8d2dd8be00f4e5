//! Scenes: who is on stage, how they look, and how they move with the music.

mod bass;
mod cues;
mod drums;
mod house;
mod intermission;
mod keys;
mod letters;
mod melody;

pub(crate) use bass::Bass;
pub(crate) use drums::Drums;
pub(crate) use house::Stage;
pub(crate) use intermission::Intermission;
pub(crate) use keys::Keys;
pub(crate) use melody::Melody;

use crate::picture::{Canvas, Lights, Rgb, Solid, V};
use std::f32::consts::TAU;

/// A point of time in a loop.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    /// Seconds since the loop began.
    pub(crate) time: f64,
    /// Seconds in the loop.
    pub(crate) length: f64,
}

impl Moment {
    /// A slow wave of -1 to 1 that makes `cycles` whole turns in the loop.
    pub(crate) fn wave(self, cycles: u32, phase: f32) -> f32 {
        let turns = self.time / self.length * f64::from(cycles);
        (TAU * (turns.fract() as f32 + phase)).sin()
    }
}

/// A cone of light in the air.
#[derive(Clone, Copy)]
pub(crate) struct Beam {
    /// The lamp.
    pub(crate) from: V,
    /// What it is turned to.
    pub(crate) to: V,
    /// Half its width at the lamp and at the target.
    pub(crate) half: (f32, f32),
    /// Its colour and strength.
    pub(crate) light: Rgb,
}

/// The light of a scene.
#[derive(Clone)]
pub(crate) struct Mood {
    /// The curtain in what light there is.
    pub(crate) wall: Rgb,
    /// The follow spot on the curtain: middle, radius, light.
    pub(crate) discs: Vec<(V, f32, Rgb)>,
    /// The pool of light on the floor: middle, half its width, light.
    pub(crate) pool: (V, f32, Rgb),
    /// Light in the air.
    pub(crate) beams: Vec<Beam>,
    /// How bright the lamps at the stage's edge are, 0 to 1.
    pub(crate) footlights: f32,
    /// How near we look at the performer, and the point that stays where it is.
    pub(crate) zoom: (f32, V),
    /// Light on the performer.
    pub(crate) lights: Lights,
}

/// Somebody on stage.
pub(crate) trait Act: Sync {
    /// The light at a moment.
    fn mood(&self, now: Moment) -> Mood;
    /// Draws them, back to front.
    fn play(&self, now: Moment, pen: &mut Pen);
}

/// A canvas with the light that falls on it.
pub(crate) struct Pen<'a> {
    /// What is drawn on.
    pub(crate) canvas: &'a mut Canvas,
    /// The light on solids.
    pub(crate) lights: Lights,
}

impl Pen<'_> {
    pub(crate) fn draw(&mut self, solid: &Solid) {
        solid.draw(self.canvas, &self.lights);
    }
}
