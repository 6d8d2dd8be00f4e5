//! Large pictures leave in pieces.
//!
//! A key frame is a hundred packets. Sent at once, they run over the receive buffers and the
//! queues they meet, and while they go out to a thousand viewers no sound does. Paced once per
//! Rendition, not per viewer: all get the same packets. Pictures of ordinary size never wait.

use crate::packet::Packet;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that go at once, and how long the next ones wait: 50 Mbit/s.
const PIECE: usize = 16;
const GAP: Duration = Duration::from_millis(3);

/// The packets of one Rendition that wait.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    waiting: VecDeque<Packet>,
    next: Option<Instant>,
}

impl Pacer {
    /// Takes a picture's packets.
    pub(crate) fn push(&mut self, packets: Vec<Packet>) {
        self.waiting.extend(packets);
    }

    /// What is to be sent now; none if nothing is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<Vec<Packet>> {
        if self.waiting.is_empty() || self.next.is_some_and(|at| now < at) {
            return None;
        }
        let piece = self.waiting.drain(..self.waiting.len().min(PIECE)).collect();
        self.next = (!self.waiting.is_empty()).then(|| now + GAP);
        Some(piece)
    }

    /// When the next piece is due, if one waits.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.next
    }
}
