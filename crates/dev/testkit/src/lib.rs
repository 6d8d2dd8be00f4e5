//! Media that tells what happened to it, and readers that find out.
//!
//! A [`Bot`] publishes pictures with a [time strip](strip) and a [flash and a beep](pulse) each
//! second; a [`Watcher`] plays a Program and reads both from every performer's tile: latency,
//! continuity, and the distance between picture and sound. `e2e/lib/strip.ts` and
//! `e2e/lib/flashbeep.ts` read the same in a browser.

#![forbid(unsafe_code)]

pub mod bot;
pub mod decode;
pub mod demux;
pub mod media;
pub mod numbers;
pub mod pulse;
pub mod strip;
pub mod watch;

pub use bot::Bot;
pub use media::Spec;
pub use strip::{Luma, Strip};
pub use watch::{Tile, Watcher};
