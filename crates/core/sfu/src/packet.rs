//! One RTP packet on its way from a feed to those who take it.

use palco_base::{Codec, MediaTime, Size};
use std::sync::Arc;
use std::time::Instant;

/// The payload is shared by all who take it; only headers differ.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) codec: Codec,
    /// Which Rendition of a Program; all else is large.
    pub(crate) size: Size,
    /// Changes whenever sequence numbers and timestamps of the track do not go on: another
    /// publisher, another SSRC, another codec, after a mute. Unique over all feeds of the shard.
    pub(crate) epoch: u64,
    /// Extended sequence number as the source counts.
    pub(crate) seq: u64,
    /// RTP timestamp as the source counts.
    pub(crate) timestamp: u32,
    /// When it was captured or is to be shown, on our clock.
    pub(crate) time: MediaTime,
    /// The same for sender reports; never later than now.
    pub(crate) wallclock: Instant,
    pub(crate) marker: bool,
    /// Whether decoding can start at this packet. Always true for audio.
    pub(crate) starts_key: bool,
    pub(crate) payload: Arc<[u8]>,
}
