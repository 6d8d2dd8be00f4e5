//! WHIP (RFC 9725) and WHEP clients: publish coded frames to a server, or play from one.
//!
//! Each session is one thread and one UDP socket, blocking: receive, handle, drain, send, wait.
//! What can be decided without a clock or a socket is decided in [`Pacer`], [`Timeline`] and
//! the WebRTC peer itself.
//!
//! ```no_run
//! use palco_client::{FileFrames, Options, whip};
//! # fn main() -> Result<(), palco_base::Fault> {
//! let frames = FileFrames::open("song.mkv".as_ref(), true)?;
//! let token = palco_base::Secret::new("…");
//! let publisher = whip::publish("http://localhost:8080/whip/demo", Some(&token), frames, Options::default())?;
//! publisher.wait()?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod bell;
mod clock;
mod file;
mod http;
mod link;
mod pacer;
mod peer;
mod shared;
mod source;
mod timeline;
pub mod whep;
pub mod whip;

pub use clock::Clock;
pub use file::{FileFrames, mixer_path};
pub use pacer::Pacer;
pub use source::{FrameSource, Frames, Next};
pub use timeline::Timeline;

use std::net::SocketAddr;

/// How a session behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Come back after a lost connection or a server that is away for a while. The first
    /// attempt's fault is returned at once either way.
    pub reconnect: bool,
    /// Publishing: put media time zero where the machine's monotonic clock is a multiple of the
    /// source's period, so that all aligned publishers with the same period are in step,
    /// whenever they began. Needs a source that knows its [`FrameSource::period`].
    pub align: bool,
    /// Send media here instead of to the addresses the server names: to a relay in front of it,
    /// such as palco-netem's.
    pub media_through: Option<SocketAddr>,
}

impl Default for Options {
    fn default() -> Self {
        Self { reconnect: true, align: false, media_through: None }
    }
}
