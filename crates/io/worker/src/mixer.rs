//! A show's mixer process, kept alive.

use crate::process::{Parcel, Process, Refused, offer};
use palco_base::{EncodedFrame, FeedId, Size};
use palco_mix::wire::{FromMixer, Message, Output, Reader, ToMixer, WireError, output_of};
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The mixer reports every second; one that says nothing for this long hangs.
const HANG: Duration = Duration::from_secs(4);
/// First and longest pause before a mixer that ended is started again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// A mixer that ran this long was healthy: the next pause is the first again.
const HEALTHY: Duration = Duration::from_secs(20);

/// How to run a mixer.
#[derive(Clone, Debug)]
pub struct MixerConfig {
    /// The `palco-mixer` executable.
    pub program: PathBuf,
    /// The show's name for log lines.
    pub name: String,
    /// The TrueType font for names under tiles.
    pub font: Option<Arc<[u8]>>,
}

/// What a mixer process does.
#[derive(Debug)]
pub enum MixerEvent {
    /// A process is up and knows nothing: tell it everything.
    Started {
        /// The elements it chose.
        elements: Vec<String>,
        /// Its sandbox, a line per layer.
        sandbox: Vec<String>,
        /// Its process id.
        pid: u32,
    },
    /// It ended or was ended because it hung; another is on its way.
    Exited {
        /// How.
        reason: String,
    },
    /// A frame of an output.
    Frame(Output, Size, EncodedFrame),
    /// Anything else it says.
    Said(FromMixer),
}

/// What went wrong on the way to mixers, since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames dropped because the mixer read too slowly.
    pub dropped: u64,
    /// Processes started.
    pub started: u64,
}

#[derive(Default)]
struct Shared {
    entrance: Mutex<Option<SyncSender<Parcel>>>,
    stopping: AtomicBool,
    overrun: AtomicBool,
    dropped: AtomicU64,
    started: AtomicU64,
}

impl Shared {
    fn entrance(&self) -> std::sync::MutexGuard<'_, Option<SyncSender<Parcel>>> {
        // The guarded value is whole at every moment, so a poisoned lock still holds a good one.
        self.entrance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, parcel: Parcel) -> Result<(), Refused> {
        match self.entrance().as_ref() {
            Some(entrance) => offer(entrance, parcel),
            None => Err(Refused::Gone),
        }
    }
}

/// A mixer that is started, watched, and started again when it ends, until this is dropped.
pub struct Mixer {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

impl Mixer {
    /// Starts keeping a mixer alive. `on_event` is called from the mixer's own thread, in order.
    ///
    /// # Errors
    /// When no thread can be made. A program that cannot be started is reported as
    /// [`MixerEvent::Exited`] and tried again.
    pub fn spawn(
        config: MixerConfig,
        on_event: impl FnMut(MixerEvent) + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = channel();
        let supervisor = std::thread::Builder::new().name("mixer".into()).spawn({
            let shared = Arc::clone(&shared);
            move || keep_alive(&config, &shared, &stopped, on_event)
        })?;
        Ok(Self { shared, supervisor: Mutex::new(Some((stop, supervisor))) })
    }

    /// Tells the mixer something. Said to a mixer that is down it is lost: whoever hears
    /// [`MixerEvent::Started`] tells everything again.
    pub fn say(&self, what: ToMixer) {
        self.must_send(Parcel::Message(Message::Control(what)));
    }

    /// Hands over a clip's file, before the [`ToMixer::OpenClip`] that plays it.
    pub fn hand_over(&self, feed: FeedId, file: File) {
        self.must_send(Parcel::File(feed, file));
    }

    /// Gives the mixer a frame of a feed; dropped and counted when it reads too slowly.
    pub fn give(&self, feed: FeedId, frame: EncodedFrame) {
        if self.shared.send(Parcel::Message(Message::Media(feed, frame))) == Err(Refused::Full) {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the mixer for good and waits for it, for some 100 ms. Not to be called from its own
    /// `on_event`. Dropping does the same; this is for when others may hold the mixer a little longer.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.shared.entrance().take();
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, supervisor)) = supervisor {
            drop(stop);
            let _ = supervisor.join();
        }
    }

    /// What went wrong so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            dropped: self.shared.dropped.load(Ordering::Relaxed),
            started: self.shared.started.load(Ordering::Relaxed),
        }
    }

    /// Control must not be lost while the process lives: a mixer whose queue is full of a
    /// second of media does not read, and is replaced.
    fn must_send(&self, parcel: Parcel) {
        if self.shared.send(parcel) == Err(Refused::Full) {
            self.shared.overrun.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn keep_alive(
    config: &MixerConfig,
    shared: &Shared,
    stopped: &Receiver<()>,
    mut on_event: impl FnMut(MixerEvent),
) {
    let mut pause = BACKOFF.0;
    loop {
        let began = Instant::now();
        let reason = match Process::start(&config.program, &config.name) {
            Ok(process) => run(config, shared, process, &mut on_event),
            Err(error) => format!("{} cannot be started: {error}", config.program.display()),
        };
        if shared.stopping.load(Ordering::Relaxed) {
            return;
        }
        tracing::warn!(show = config.name, reason, "mixer ended");
        on_event(MixerEvent::Exited { reason });
        pause = if began.elapsed() > HEALTHY { BACKOFF.0 } else { (pause * 2).min(BACKOFF.1) };
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Reads one process to its end, and says how it ended.
fn run(
    config: &MixerConfig,
    shared: &Shared,
    mut process: Process,
    on_event: &mut impl FnMut(MixerEvent),
) -> String {
    shared.started.fetch_add(1, Ordering::Relaxed);
    shared.overrun.store(false, Ordering::Relaxed);
    if let (Some(font), Some(entrance)) = (&config.font, process.entrance()) {
        // First into an empty queue.
        let _ = offer(&entrance, Parcel::Message(Message::Font(font.to_vec())));
    }
    let _ = process.messages.set_read_timeout(Some(Duration::from_millis(250)));
    let mut reader = Reader::default();
    let mut bytes = vec![0; 1 << 16];
    let mut heard = Instant::now();
    loop {
        if shared.stopping.load(Ordering::Relaxed) {
            process.end();
            return "stopped".to_owned();
        }
        let wrong = match process.messages.read(&mut bytes) {
            Ok(0) => Some("it ended"),
            Ok(length) => {
                heard = Instant::now();
                reader.push(&bytes[..length]);
                deliver(&mut reader, shared, &process, on_event).err().map(|_| "it spoke nonsense")
            }
            Err(error) if is_timeout(&error) => None,
            Err(_) => Some("its socket failed"),
        };
        let wrong = wrong
            .or_else(|| (heard.elapsed() > HANG).then_some("it hung"))
            .or_else(|| shared.overrun.swap(false, Ordering::Relaxed).then_some("it did not read"));
        if let Some(wrong) = wrong {
            shared.entrance().take();
            return format!("{wrong} ({})", process.end());
        }
    }
}

fn deliver(
    reader: &mut Reader,
    shared: &Shared,
    process: &Process,
    on_event: &mut impl FnMut(MixerEvent),
) -> Result<(), WireError> {
    while let Some(message) = reader.next_message::<FromMixer>()? {
        match message {
            Message::Control(FromMixer::Ready { elements, sandbox }) => {
                // Open the way in before anybody is told, so that what they tell arrives.
                *shared.entrance() = process.entrance();
                on_event(MixerEvent::Started { elements, sandbox, pid: process.pid() });
            }
            Message::Control(said) => on_event(MixerEvent::Said(said)),
            Message::Media(id, frame) => {
                let (output, size) = output_of(id).ok_or(WireError::Unknown)?;
                on_event(MixerEvent::Frame(output, size, frame));
            }
            Message::Font(_) => return Err(WireError::Unknown),
        }
    }
    Ok(())
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut | std::io::ErrorKind::Interrupted
    )
}
