//! The house of one show: who watches, by which way, how well, and why they left. Sans-IO.
//!
//! What is known of a viewer comes from three sides: the server sees sessions come and go
//! ([`Input::Connected`], [`Input::Closed`]), it sees who reads the playlist ([`Input::Read`]),
//! and the player tells what only it can see ([`Input::Said`]). The three meet in one entry per
//! viewer, so nobody is counted twice.
//!
//! | word | meaning |
//! |---|---|
//! | Way | by which road the show comes: WebRTC, HLS, or sound alone |
//! | Sighting | what a player tells of what its viewer saw since the last one |
//! | Report | all the numbers of the show so far; what is kept when it is over |
//!
//! Calling contract: hand [`House`] what happened with [`House::handle`], drain [`House::poll`]
//! after each, and hand it [`Input::Timeout`] when [`House::deadline`] has come.
//!
//! Memory is bounded: at most [`MOST_VIEWERS`] are known at once (who comes then is counted and
//! not known), durations are tallied in fixed buckets, and the timeline is thinned as it grows.

#![forbid(unsafe_code)]

mod api;
mod house;
mod report;
mod tally;
mod timeline;

pub use api::{Input, Output, Sighting, Way, Why};
pub use house::{House, MOST_VIEWERS, SILENCE};
pub use report::{ByWay, Left, Report};
pub use tally::Tally;
pub use timeline::{MOST_SAMPLES, Sample, Timeline};
