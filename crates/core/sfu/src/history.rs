//! Packets of a picture track that may be asked for again: kept once, for all who play it.

use crate::packet::Packet;
use std::time::{Duration, Instant};

/// Packets kept, a power of two: more than three seconds of 2.5 Mbit/s.
const PACKETS: usize = 1_024;
/// An older packet is of no use to anyone.
const AGE: Duration = Duration::from_secs(3);

/// A ring by sequence number.
#[derive(Debug, Default)]
pub(crate) struct History {
    ring: Vec<Option<Packet>>,
}

impl History {
    pub(crate) fn push(&mut self, packet: &Packet) {
        if self.ring.is_empty() {
            self.ring.resize(PACKETS, None);
        }
        self.ring[packet.seq as usize % PACKETS] = Some(packet.clone());
    }

    pub(crate) fn get(&self, epoch: u64, seq: u64, now: Instant) -> Option<&Packet> {
        let packet = self.ring.get(seq as usize % PACKETS)?.as_ref()?;
        let young = now.saturating_duration_since(packet.wallclock) <= AGE;
        (packet.epoch == epoch && packet.seq == seq && young).then_some(packet)
    }
}
