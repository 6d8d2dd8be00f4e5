//! The Program of one show as Low-Latency HLS (RFC 8216bis): encoded frames and viewers' requests
//! in, playlists, parts and segments out. Sans-IO.
//!
//! A frame goes to its track, which makes a [sample](fmp4) of it, collects samples to
//! [parts](part) and parts to segments on the [timeline] that all tracks share, and puts
//! them on its [shelf]. A request is answered from the shelf, or [waits](waiting) for it.
//!
//! Calling contract in one sentence: hand [`Hls`] what happened with [`Hls::handle`], drain
//! [`Hls::poll`] after each, and hand it [`Input::Timeout`] when [`Hls::deadline`] has come.
//!
//! What viewers get is the same for all of them: no URL in a playlist carries a grant (see
//! [`path`]), so one rendering serves a thousand, and any HTTP cache can stand in front.

#![forbid(unsafe_code)]

mod aac;
mod api;
mod cut;
mod film;
mod fmp4;
mod h264;
mod hls;
mod part;
pub mod path;
mod playlist;
mod rate;
mod resume;
mod serve;
mod shelf;
mod splice;
mod timeline;
mod track;
mod waiting;

pub use api::{
    Answer, Body, Cache, Counters, Head, Input, Output, Request, RequestId, Resume, Segment, Settings,
    Stored, Track, TrackId, TrackKind, WallClock,
};
pub use film::{FILM_LOOK, Film, Look};
pub use hls::Hls;
