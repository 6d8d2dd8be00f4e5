//! Child processes: the mixer of each show, the probe of each uploaded clip, and who makes
//! posters of uploaded pictures.
//!
//! Untrusted media is decoded only in these children. A child that dies or hangs is ended and
//! started again; what it must know is told to it again by whoever listens to [`MixerEvent`].

#![forbid(unsafe_code)]

mod ask;
mod mixer;
mod poster;
mod probe;
mod process;

pub use mixer::{Counters, Mixer, MixerConfig, MixerEvent};
pub use poster::{Poster, poster};
pub use probe::probe;
