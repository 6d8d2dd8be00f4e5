//! The selective forwarding unit of one shard: WebRTC peers, the feeds they publish, and the
//! sessions that play them. Sans-IO.

#![forbid(unsafe_code)]

mod api;

pub use api::{CloseReason, Command, Event, Input, Output, SfuConfig, SfuStats};
