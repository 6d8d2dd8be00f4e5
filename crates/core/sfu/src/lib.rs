//! The selective forwarding unit of one shard: WebRTC peers, the feeds they publish, and the
//! sessions that play them. Sans-IO.
//!
//! A datagram goes `Sfu` → [`Peer`](peer::Peer) (`str0m`: ICE, DTLS, SRTP, NACK) → as an RTP
//! packet to its [`Feed`](feed::Feed) → to each [`Player`](player::Player), which gives it its own
//! header, and to the feed's [`VideoTap`](tap::VideoTap), which makes frames for the mixer.

#![forbid(unsafe_code)]

mod admission;
mod api;
mod clock;
mod demux;
mod feed;
mod h264;
mod history;
mod identity;
mod keys;
mod ladder;
mod media;
mod outbound;
mod pacer;
mod packet;
mod peer;
mod player;
mod program;
mod repairs;
mod rewrite;
mod rng;
mod rtcp;
mod sdp;
mod session;
mod sfu;
mod slab;
mod srtp;
mod tap;
mod timers;
mod vp8;
mod wallclock;

pub use admission::ADMIT_UP_TO;
pub use api::{CloseReason, Command, Event, Input, Output, SfuConfig, SfuStats};
pub use identity::Identity;
pub use sfu::Sfu;
