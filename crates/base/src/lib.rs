//! The nouns every layer shares: ids, media time, faults, secrets. std (and serde's
//! derive) only; nothing here reads a clock or does I/O.

#![forbid(unsafe_code)]

pub mod annex_b;
pub mod canvas;
mod fault;
mod id;
mod media;
mod now;
mod secret;
mod time;
mod wall;

pub use fault::{Class, Fault};
pub use id::{
    ClipId, FeedId, KindId, NotAnId, OrderId, PerformerId, PromoId, RefundId, SessionId, ShareId, ShowId,
    StaffId, TicketId, ViewerId,
};
pub use media::{Codec, EncodedFrame, MediaKind, Size};
pub use now::Now;
pub use secret::Secret;
pub use time::{Bitrate, MediaTime};
pub use wall::WallTime;
