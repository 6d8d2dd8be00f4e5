//! Counters of the shell, beside those of the core.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Written by the shard's thread and the queue's users, read by anyone; no locks.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) commands_refused: AtomicU64,
    pub(crate) frames_dropped: AtomicU64,
    pub(crate) sends_dropped: AtomicU64,
    pub(crate) sends_failed: AtomicU64,
    pub(crate) busy_per_mille: AtomicU64,
    pub(crate) segmented: AtomicBool,
    /// Sessions asked for and neither refused nor ended yet.
    pub(crate) sessions: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            commands_refused: AtomicU64::new(0),
            frames_dropped: AtomicU64::new(0),
            sends_dropped: AtomicU64::new(0),
            sends_failed: AtomicU64::new(0),
            busy_per_mille: AtomicU64::new(0),
            segmented: AtomicBool::new(true),
            sessions: AtomicU64::new(0),
        }
    }
}

/// What was lost between the rest of the system, the shard and the kernel, since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetStats {
    /// Commands refused because the queue was full.
    pub commands_refused: u64,
    /// Program frames dropped because the queue was full.
    pub frames_dropped: u64,
    /// Datagrams dropped because the socket took no more.
    pub sends_dropped: u64,
    /// Sends the system refused (no way to the peer).
    pub sends_failed: u64,
    /// Thousandths of its core that the shard's thread used in the last second it looked.
    pub busy_per_mille: u64,
    /// Whether the kernel cuts runs of packets (UDP segmentation offload).
    pub segmented: bool,
    /// Sessions asked for and neither refused nor ended yet.
    pub sessions: u64,
}

impl Counters {
    pub(crate) fn read(&self) -> NetStats {
        NetStats {
            commands_refused: self.commands_refused.load(Relaxed),
            frames_dropped: self.frames_dropped.load(Relaxed),
            sends_dropped: self.sends_dropped.load(Relaxed),
            sends_failed: self.sends_failed.load(Relaxed),
            busy_per_mille: self.busy_per_mille.load(Relaxed),
            segmented: self.segmented.load(Relaxed),
            sessions: self.sessions.load(Relaxed),
        }
    }
}
