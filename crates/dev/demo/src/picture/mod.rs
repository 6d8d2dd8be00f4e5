//! Picture primitives: geometry, lit shapes, soft light fields, and the way to video samples.
//!
//! Everything is drawn in design units: the picture is 640 wide and 360 high, x to the right and
//! y down, whatever its size in pixels. Colours are linear light until [`finish`] makes them
//! BT.709.

mod canvas;
mod field;
mod finish;
mod form;
mod geometry;
mod solid;

pub(crate) use canvas::Canvas;
pub(crate) use field::Field;
pub(crate) use finish::{Finish, Frame, Scratch};
pub(crate) use geometry::{Rgb, V, add, curve, elbow, hash, hex, lerp, scale, smooth, v};
pub(crate) use solid::{Lights, Look, Solid};

/// Design units across.
pub(crate) const WIDTH: f32 = 640.0;
/// Design units down.
pub(crate) const HEIGHT: f32 = 360.0;
