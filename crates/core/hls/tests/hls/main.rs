//! The core as its shell, its viewers and other people's parsers see it. Virtual time only.

#![allow(clippy::unwrap_used)] // Helpers of tests: a failure is a failed test.

mod common;
mod conformance;
mod faults;
mod film;
mod m3u8;
mod media;
mod random;
mod resume;
mod shows;
mod waiting;
