//! Socket shards: each one thread, one UDP socket, and the SFU core between them.
//!
//! receive → handle → drain → send → wait. Nothing here decides anything; see `palco-sfu`.

mod addresses;
mod queue;
mod shard;
mod shards;
mod socket;
mod stats;
mod sys;

pub use queue::{Full, ShardHandle};
pub use shard::{Shard, ShardConfig};
pub use shards::{OnEvent, Shards};
pub use stats::NetStats;
