//! The Program of one show over HTTP, and its recording: the shell around `palco_hls`.
//!
//! Frames come over a bounded queue to a thread of their own, so that no viewer's request can make
//! WebRTC wait. Requests are handed to the core by whoever brings them, under a short lock.
//! A second thread writes the recording, so that no disk can make a viewer wait.

use crate::clock;
use palco_base::{Bitrate, EncodedFrame, Fault, MediaKind, MediaTime, ShowId, Size};
use palco_hls::path::{Directives, Rendition, Resource};
use palco_hls::{
    Answer, Counters, Head, Hls, Input, Output, Request, RequestId, Resume, Segment, Settings, Stored, Track,
    TrackId, TrackKind, WallClock,
};
use palco_mix::wire::{AAC_CONFIG, Coding};
use palco_store::Recording;
use palco_web::HlsAnswer;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Frames that may wait for the core: some four seconds of all tracks.
const FRAMES: usize = 512;
/// Segments that may wait for the disk: some 40 s of all tracks.
const SEGMENTS: usize = 64;
/// The core's deadlines are met to within this.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The wall clock is looked at again after so many looks without a frame, or so many frames.
const CLOCK_EVERY: u32 = 1_000;
/// What viewers may have seen and the disk did not get, in segments, when the process dies.
const UNRECORDED: u32 = 2;

pub(crate) const LARGE: TrackId = TrackId(0);
const SMALL: TrackId = TrackId(1);
pub(crate) const SOUND: TrackId = TrackId(2);

enum Work {
    Frame(TrackId, EncodedFrame),
    End,
}

enum Record {
    Init(TrackId, u32, bytes::Bytes),
    Segment(Segment, bytes::Bytes),
}

struct Core {
    hls: Hls,
    waiting: HashMap<RequestId, oneshot::Sender<Answer>>,
    requests: u64,
    /// Gone once the show is over or the disk is full.
    recorder: Option<SyncSender<Record>>,
}

/// The code of what ended a recording.
type Failed = Arc<OnceLock<&'static str>>;

/// See the module.
pub(crate) struct Broadcast {
    show: ShowId,
    core: Mutex<Core>,
    recording: Arc<Recording>,
    /// Why the recording had to end before the show, if it had to.
    recording_failed: Failed,
    frames: SyncSender<Work>,
    dropped: AtomicU64,
}

impl Broadcast {
    /// The broadcast of a show that is on. What was recorded of it before goes on.
    pub(crate) fn open(
        show: ShowId,
        coding: Coding,
        recording: Recording,
        recorded: Vec<Segment>,
    ) -> Result<Arc<Self>, Fault> {
        let resume = recording.begun().then(|| resume(&recording, recorded, UNRECORDED));
        let (frames, work) = sync_channel(FRAMES);
        let broadcast = Self::new(show, coding, Arc::new(recording), resume, frames)?;
        let (recorder, records) = sync_channel(SEGMENTS);
        broadcast.core().recorder = Some(recorder);
        let (recording, failed) = (broadcast.recording.clone(), broadcast.recording_failed.clone());
        spawn("record", move || record(show, &recording, &failed, &records))?;
        let broadcast = Arc::new(broadcast);
        let it = broadcast.clone();
        spawn("hls", move || it.run(&work))?;
        Ok(broadcast)
    }

    /// The replay of a show that is over.
    pub(crate) fn replay(
        show: ShowId,
        coding: Coding,
        recording: Recording,
        recorded: Vec<Segment>,
    ) -> Result<Arc<Self>, Fault> {
        // Nobody works the queue: no frame will ever come.
        let (frames, _) = sync_channel(1);
        let resume = resume(&recording, recorded, 0);
        let broadcast = Self::new(show, coding, Arc::new(recording), Some(resume), frames)?;
        broadcast.tell(Input::End);
        Ok(Arc::new(broadcast))
    }

    fn new(
        show: ShowId,
        coding: Coding,
        recording: Arc<Recording>,
        resume: Option<Resume>,
        frames: SyncSender<Work>,
    ) -> Result<Self, Fault> {
        let settings = Settings::new(tracks(coding), wall_clock());
        let core =
            Core { hls: Hls::new(settings, resume)?, waiting: HashMap::new(), requests: 0, recorder: None };
        Ok(Self {
            show,
            core: Mutex::new(core),
            recording,
            recording_failed: Arc::default(),
            frames,
            dropped: AtomicU64::new(0),
        })
    }

    /// Takes a frame of the Program. Never blocks: what finds no room is dropped and counted.
    pub(crate) fn frame(&self, size: Size, frame: EncodedFrame) {
        let track = match (frame.codec.kind(), size) {
            (MediaKind::Audio, _) => SOUND,
            (MediaKind::Video, Size::Large) => LARGE,
            (MediaKind::Video, Size::Small) => SMALL,
        };
        if let Err(TrySendError::Full(_)) = self.frames.try_send(Work::Frame(track, frame)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The show is over: from now on this is its replay.
    pub(crate) fn end(&self) {
        // Waits for room, which the thread always makes. An error means it has ended.
        let _ = self.frames.send(Work::End);
    }

    /// Answers a viewer; waits for what is not there yet.
    pub(crate) async fn request(
        self: Arc<Self>,
        resource: Resource,
        directives: Directives,
    ) -> Result<HlsAnswer, Fault> {
        let (answer, wait) = oneshot::channel();
        let id = {
            let mut core = self.core();
            let id = RequestId(core.requests);
            core.requests += 1;
            core.waiting.insert(id, answer);
            self.handle(&mut core, Input::Request(Request { id, resource, directives }));
            id
        };
        // Whoever hangs up must not be waited for.
        let gone = Gone { broadcast: &self, id };
        let answered = wait.await;
        std::mem::forget(gone);
        let busy = || Fault::unavailable("busy", "The server is stopping.").hint("Try again in a moment.");
        match answered.map_err(|_| busy())? {
            Answer::Found { head, body } => Ok(HlsAnswer { head, body }),
            Answer::Stored { head, stored } => self.stored(head, stored).await,
            Answer::Refused(fault) => Err(fault),
        }
    }

    async fn stored(&self, head: Head, stored: Stored) -> Result<HlsAnswer, Fault> {
        let recording = self.recording.clone();
        let read = tokio::task::spawn_blocking(move || recording.read(stored)).await;
        let read = read.map_err(|error| {
            Fault::unavailable("store_failed", "The recording cannot be read.").internal(error)
        })??;
        let bytes = read.ok_or_else(|| Fault::not_found("unknown_segment", "This was not recorded."))?;
        Ok(HlsAnswer { head, body: bytes.into() })
    }

    /// What happened so far; frames dropped before the core; whether the recording had to end.
    pub(crate) fn counters(&self) -> (Counters, u64, bool) {
        let failed = self.recording_failed().is_some();
        (self.core().hls.counters(), self.dropped.load(Ordering::Relaxed), failed)
    }

    /// The code of what ended the recording before the show, if anything did.
    pub(crate) fn recording_failed(&self) -> Option<&'static str> {
        self.recording_failed.get().copied()
    }

    fn run(&self, work: &Receiver<Work>) {
        let mut looks = 0;
        loop {
            match work.recv_timeout(LOOK_EVERY) {
                Ok(Work::Frame(track, frame)) => self.tell(Input::Frame { track, frame }),
                Err(RecvTimeoutError::Timeout) => self.tell(Input::Timeout),
                Ok(Work::End) | Err(RecvTimeoutError::Disconnected) => {
                    self.tell(Input::End);
                    // Its thread ends when all is written.
                    self.core().recorder = None;
                    return;
                }
            }
            looks += 1;
            if looks == CLOCK_EVERY {
                looks = 0;
                self.tell(Input::Clock(wall_clock()));
            }
        }
    }

    fn tell(&self, input: Input) {
        self.handle(&mut self.core(), input);
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        // A panic in the core is a bug that the next request would only meet again.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, core: &mut Core, input: Input) {
        core.hls.handle(input, clock::media_time());
        while let Some(output) = core.hls.poll() {
            match output {
                Output::Answer { requests, answer } => {
                    for waiting in requests.iter().filter_map(|id| core.waiting.remove(id)) {
                        // Whoever asked may have hung up.
                        let _ = waiting.send(answer.clone());
                    }
                }
                Output::Init { track, number, bytes } => self.keep(core, Record::Init(track, number, bytes)),
                Output::Segment { segment, bytes } => self.keep(core, Record::Segment(segment, bytes)),
                // The mixer makes one every two seconds by itself.
                Output::KeyFrameWanted { .. } => {}
            }
        }
    }

    fn keep(&self, core: &mut Core, what: Record) {
        let Some(recorder) = &core.recorder else { return };
        if recorder.try_send(what).is_err() {
            if self.recording_failed.set("disk_slow").is_ok() {
                tracing::error!(show = %self.show, "the recording has ended: the disk is too slow");
            }
            core.recorder = None;
        }
    }
}

/// Takes a request back.
struct Gone<'a> {
    broadcast: &'a Broadcast,
    id: RequestId,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        let mut core = self.broadcast.core();
        core.waiting.remove(&self.id);
        self.broadcast.handle(&mut core, Input::Cancel(self.id));
    }
}

/// Writes segments until there are no more, or the disk refuses: the show goes on without.
fn record(show: ShowId, recording: &Recording, failed: &OnceLock<&'static str>, records: &Receiver<Record>) {
    for what in records {
        let written = match &what {
            Record::Init(track, number, bytes) => recording.init(*track, *number, bytes),
            Record::Segment(segment, bytes) => recording.segment(segment, bytes),
        };
        if let Err(fault) = written {
            // The first reason is the one.
            let _ = failed.set(fault.code);
            tracing::error!(%show, ?fault, "the recording has ended; the show goes on");
            return;
        }
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Fault> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread
        .map(drop)
        .map_err(|error| Fault::unavailable("no_threads", "The system gives no threads.").internal(error))
}

fn resume(recording: &Recording, segments: Vec<Segment>, unrecorded: u32) -> Resume {
    let last = |track| segments.iter().rev().find(|segment| segment.track == track && !segment.gap);
    let init = |track| {
        let stored = Stored::Init { track, number: last(track)?.init };
        let read = recording.read(stored).inspect_err(|fault| {
            tracing::warn!(?fault, "an initialization section of a recording cannot be read");
        });
        Some((track, read.ok()??))
    };
    let inits = [LARGE, SMALL].into_iter().filter_map(init).collect();
    Resume { segments, unrecorded, inits }
}

fn wall_clock() -> WallClock {
    let now = clock::now();
    WallClock { at: now.media, unix: MediaTime::from_millis(now.wall.unix_millis()) }
}

/// The Program's Renditions, as they are called in paths.
fn tracks(coding: Coding) -> Vec<Track> {
    let track = |name: &str, kind, bitrate| {
        // Our own names are names.
        Rendition::new(name).map(|name| Track { name, kind, bitrate })
    };
    let small = coding.small.map_or(Bitrate::kbps(500), |small| small.video);
    let sound = TrackKind::Audio { config: AAC_CONFIG.to_vec() };
    [
        track("720p", TrackKind::Video, coding.large.video),
        track("360p", TrackKind::Video, small),
        track("audio", sound, coding.aac.unwrap_or(Bitrate::kbps(128))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use palco_store::Store;

    fn segment(sequence: u64) -> Segment {
        Segment {
            track: LARGE,
            sequence,
            init: 0,
            duration: MediaTime::from_millis(2_000),
            program_date_time: MediaTime::from_millis(2_000 * sequence as i64),
            discontinuity: false,
            gap: false,
            size: 4,
        }
    }

    #[test]
    fn a_full_disk_ends_the_recording_says_why_and_keeps_what_was_there() {
        let dir = std::env::temp_dir().join(format!("palco-full-{}", std::process::id()));
        let show = ShowId::new(3);
        let (failed, whole) = (OnceLock::new(), bytes::Bytes::from_static(b"pics"));
        let write = |store: &Store, sequences: &[u64]| {
            let (recording, _) = store.recording(show).expect("readable");
            let (to, records) = sync_channel(SEGMENTS);
            for sequence in sequences {
                to.send(Record::Segment(segment(*sequence), whole.clone())).expect("room");
            }
            drop(to);
            record(show, &recording, &failed, &records);
        };
        write(&Store::open(&dir, 1).expect("a store").keep_free(0), &[0, 1]);
        assert_eq!(failed.get(), None);
        // No disk has so much room to spare.
        write(&Store::open(&dir, 1).expect("a store").keep_free(u64::MAX), &[2, 3]);
        assert_eq!(failed.get(), Some(&"disk_full"));
        let kept = Store::open(&dir, 1).expect("a store").recording(show).expect("readable").1;
        assert_eq!(kept, [segment(0), segment(1)]);
        std::fs::remove_dir_all(dir).expect("removable");
    }
}
