//! The way to a shard: bounded, and it wakes the shard.

use crate::stats::{Counters, NetStats};
use crate::sys::Bell;
use palco_sfu::Command;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Commands that may wait.
const COMMANDS: usize = 4_096;
/// Program frames that may wait: two seconds of a Program. Later ones are of no use.
const FRAMES: usize = 160;

/// The shard's queue is full, or the shard has ended; the command was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shard's queue is full")
    }
}

impl std::error::Error for Full {}

/// What the shard and its users share.
pub(crate) struct Shared {
    pub(crate) bell: Bell,
    /// Set while the bell has been rung and not been heard.
    pub(crate) rung: AtomicBool,
    pub(crate) stop: AtomicBool,
    pub(crate) counters: Counters,
}

impl Shared {
    fn wake(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.bell.ring();
        }
    }
}

/// The shard's ends of the queues.
pub(crate) struct Inbox {
    pub(crate) commands: Receiver<Command>,
    pub(crate) frames: Receiver<Command>,
}

/// A running shard, as the rest of the system sees it. The shard stops when this is dropped.
pub struct ShardHandle {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    frames: SyncSender<Command>,
    address: SocketAddr,
    candidates: Vec<SocketAddr>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for ShardHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShardHandle").field("address", &self.address).finish_non_exhaustive()
    }
}

impl ShardHandle {
    pub(crate) fn new(
        shared: Arc<Shared>,
        address: SocketAddr,
        candidates: Vec<SocketAddr>,
        start: impl FnOnce(Inbox) -> std::io::Result<JoinHandle<()>>,
    ) -> std::io::Result<Self> {
        let (commands, to_commands) = sync_channel(COMMANDS);
        let (frames, to_frames) = sync_channel(FRAMES);
        let thread = start(Inbox { commands: to_commands, frames: to_frames })?;
        Ok(Self { shared, commands, frames, address, candidates, thread: Mutex::new(Some(thread)) })
    }

    /// Gives the shard a command. Never waits.
    ///
    /// Program frames have a queue of their own, so that they cannot displace commands; they are
    /// taken after all commands given before.
    ///
    /// # Errors
    /// When the queue is full, which is counted, or the shard has ended.
    pub fn send(&self, command: Command) -> Result<(), Full> {
        let counters = &self.shared.counters;
        let (queue, lost) = match command {
            Command::ProgramFrame { .. } => (&self.frames, &counters.frames_dropped),
            _ => (&self.commands, &counters.commands_refused),
        };
        let begins = u64::from(matches!(command, Command::Publish { .. } | Command::Play { .. }));
        // Before the shard can take away what it was to add.
        counters.sessions.fetch_add(begins, Ordering::Relaxed);
        queue.try_send(command).map_err(|_| {
            counters.sessions.fetch_sub(begins, Ordering::Relaxed);
            lost.fetch_add(1, Ordering::Relaxed);
            Full
        })?;
        self.shared.wake();
        Ok(())
    }

    /// Where the socket is bound.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The addresses peers are told.
    #[must_use]
    pub fn candidates(&self) -> &[SocketAddr] {
        &self.candidates
    }

    /// What was lost so far.
    #[must_use]
    pub fn stats(&self) -> NetStats {
        self.shared.counters.read()
    }

    /// Closes all sessions with `Shutdown` and ends the thread. Waits for it; may be called again.
    pub fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.bell.ring();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the shard's thread had panicked");
        }
    }
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        self.stop();
    }
}
