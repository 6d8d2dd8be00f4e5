//! A rehearsal: many real viewers of a show, by WebRTC and by LL-HLS, and a verdict.
//!
//! A WebRTC viewer makes a real offer over WHEP, does ICE and DTLS, and decrypts every packet;
//! a few threads drive hundreds of them, each with a UDP socket of its own. An LL-HLS viewer
//! follows playlists by blocking reload and fetches every part, as hls.js does. What can be
//! decided without a clock or a socket is: pictures from packets, a player's clock over fetched
//! parts, playlists, and the verdict.

#![forbid(unsafe_code)]

mod hls;
mod http;
mod probe;
mod report;
mod rtc;
mod run;
mod samples;
mod verdict;
mod watch;

pub use probe::Usage;
pub use report::{Asked, Check, Hls, Joins, Metric, Report, Second, Server, Verdict, Webrtc};
pub use run::rehearse;
pub use samples::Summary;

use palco_base::Secret;
use std::time::Duration;

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server: `http://HOST:PORT`.
    pub to: String,
    /// The show's slug or id.
    pub show: String,
    /// What the viewers show at the door, if it asks for something.
    pub token: Option<Secret>,
    /// WebRTC viewers.
    pub viewers: usize,
    /// LL-HLS viewers.
    pub hls: usize,
    /// Within this time they come, evenly.
    pub ramp: Duration,
    /// So long they stay, all together.
    pub hold: Duration,
    /// Threads that drive the WebRTC viewers.
    pub workers: usize,
}
