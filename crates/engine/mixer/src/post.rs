//! What leaves the process: messages, counts, log lines; and the clock.

use palco_base::{Codec, EncodedFrame, FeedId, MediaKind, MediaTime};
use palco_mix::wire::{FromMixer, Message};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Messages that wait to be written: some 2 s of two outputs.
const WAITING: usize = 512;

/// Now, on the clock both processes share.
pub(crate) fn now() -> MediaTime {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    MediaTime::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
}

/// CPU time used by this process, in µs.
pub(crate) fn cpu_micros() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    (time.tv_sec * 1_000_000 + time.tv_nsec / 1_000).unsigned_abs()
}

/// Writes a line to standard error, where the server collects them.
pub(crate) fn log(text: &str) {
    // Nobody is left to tell when standard error is gone.
    let _ = writeln!(std::io::stderr().lock(), "palco-mixer: {text}");
}

/// Counts since start.
#[derive(Default)]
pub(crate) struct Counts {
    /// Encoded frames or decoded pictures and sounds thrown away because a queue was full.
    pub(crate) dropped: AtomicU64,
    /// Frames that would not decode.
    pub(crate) undecodable: AtomicU64,
}

impl Counts {
    pub(crate) fn add(count: &AtomicU64, number: u64) {
        count.fetch_add(number, Ordering::Relaxed);
    }
}

/// The way to the server; everybody has a clone. Never blocks: what finds the queue full is
/// dropped and counted.
#[derive(Clone)]
pub(crate) struct Post {
    queue: SyncSender<Vec<u8>>,
    pub(crate) counts: Arc<Counts>,
}

impl Post {
    pub(crate) fn new() -> (Self, Receiver<Vec<u8>>) {
        let (queue, written) = sync_channel(WAITING);
        (Self { queue, counts: Arc::default() }, written)
    }

    /// Sends a control message; `false` if it had to be dropped.
    pub(crate) fn say(&self, what: FromMixer) -> bool {
        self.send(&Message::Control(what))
    }

    /// Sends an encoded frame; `false` if it had to be dropped.
    pub(crate) fn frame(&self, id: FeedId, frame: EncodedFrame) -> bool {
        self.send(&Message::Media(id, frame))
    }

    fn send(&self, message: &Message<FromMixer>) -> bool {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        match self.queue.try_send(bytes) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                Counts::add(&self.counts.dropped, 1);
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Writes what is posted until the other side closes.
pub(crate) fn write_all(written: &Receiver<Vec<u8>>, mut to: impl Write) {
    while let Ok(mut bytes) = written.recv() {
        // One write for all that waits: fewer wake-ups on the other side.
        while bytes.len() < 1 << 18 {
            let Ok(more) = written.try_recv() else { break };
            bytes.extend_from_slice(&more);
        }
        if to.write_all(&bytes).is_err() {
            return;
        }
    }
}

/// An encoded frame from a GStreamer buffer at this time.
pub(crate) fn encoded(codec: Codec, time: MediaTime, buffer: &gstreamer::BufferRef) -> Option<EncodedFrame> {
    let key =
        codec.kind() == MediaKind::Audio || !buffer.flags().contains(gstreamer::BufferFlags::DELTA_UNIT);
    let payload = Arc::from(buffer.map_readable().ok()?.as_slice());
    Some(EncodedFrame { codec, key, time, payload })
}
