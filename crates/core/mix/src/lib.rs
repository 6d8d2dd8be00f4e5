//! The mix: decoded pictures and sound of the feeds in, one picture and one sound per output out.
//!
//! [`Mix`] is a sans-IO state machine. Its calling contract in one sentence: hand it what
//! happened with [`Mix::handle`], drain [`Mix::poll`] after each, and hand it
//! [`Input::Tick`](mix::Input::Tick) when [`Mix::deadline`] has come.
//!
//! Pictures are planar YUV 4:2:0, BT.709, limited range. Sound is interleaved stereo `f32`
//! at 48 kHz. All times are on the machine's monotonic clock.

#![forbid(unsafe_code)]

mod bus;
mod canvas;
mod draw;
mod feed;
mod jitter;
mod limiter;
mod mix;
pub mod palette;
mod picture;
mod resample;
mod scale;
mod text;
pub mod wire;

pub use mix::{Counters, FeedKind, Input, Made, Mix};
pub use picture::{MAX_HEIGHT, MAX_WIDTH, Picture, fits};

/// Samples per second and channel, everywhere in the mix.
pub const SAMPLE_RATE: u32 = 48_000;
/// Interleaved channels, everywhere in the mix.
pub const CHANNELS: usize = 2;
/// Sample frames (one value per channel) in a block of an output's sound: 20 ms, one Opus packet.
pub const BLOCK: usize = 960;
