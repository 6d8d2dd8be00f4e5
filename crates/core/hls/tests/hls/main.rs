//! The core as its shell, its viewers and other people's parsers see it. Virtual time only.

mod common;
mod conformance;
mod faults;
mod m3u8;
mod media;
mod random;
mod resume;
mod shows;
mod waiting;
