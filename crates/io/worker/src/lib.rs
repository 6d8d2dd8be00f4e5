//! Child processes: the mixer of each show, and the probe of each uploaded clip.
//!
//! Untrusted media is decoded only in these children. A child that dies or hangs is ended and
//! started again; what it must know is told to it again by whoever listens to [`MixerEvent`].

#![forbid(unsafe_code)]

mod mixer;
mod probe;
mod process;

pub use mixer::{Counters, Mixer, MixerConfig, MixerEvent};
pub use probe::probe;
