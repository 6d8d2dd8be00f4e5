//! One show, running: the thread that owns its stage and does what the stage wants done.

use crate::broadcast::Broadcast;
use crate::clock;
use crate::routes::{Routes, Slot};
use crate::sessions::Sessions;
use crate::viewers::Viewers;
use arc_swap::ArcSwapOption;
use palco_base::{Class, Codec, EncodedFrame, Fault, FeedId, ShowId, Size};
use palco_mix::wire::{FromMixer, Output, ToMixer};
use palco_net::Shards;
use palco_sfu::CloseReason;
use palco_stage::{Effect, Fact, Input, Phase, Record, Snapshot, Stage, ViewersOut};
use palco_store::Store;
use palco_web::{Levels, Media, Session, Who};
use palco_worker::{Mixer, MixerConfig, MixerEvent};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use tokio::sync::{broadcast, oneshot, watch};

/// What may wait for a show's thread. It does nothing slow but a file's fsync.
const QUEUE: usize = 1024;
/// Loudness reports that may wait for a slow reader of events.
const LEVELS: usize = 8;
/// How long the thread sleeps when the stage has no deadline.
const IDLE: Duration = Duration::from_secs(3600);

/// What every show needs of the server.
pub(crate) struct Surroundings {
    pub(crate) store: Arc<Store>,
    pub(crate) shards: Arc<Shards>,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) routes: Arc<Routes>,
    pub(crate) mixer: MixerConfig,
}

enum Ask {
    Input(Input, Option<oneshot::Sender<Result<Arc<Snapshot>, Fault>>>),
    Mixer(MixerEvent),
    Stop(oneshot::Sender<()>),
}

/// The handle of a running show.
pub(crate) struct Live {
    pub(crate) id: ShowId,
    /// The feed the audience plays.
    pub(crate) program: FeedId,
    /// The feed of the stage's mix, which gives frames only while the audience is elsewhere.
    stage: FeedId,
    /// Whether the stage's mix is made apart from the Program.
    apart: Arc<AtomicBool>,
    pub(crate) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(crate) levels: broadcast::Sender<Levels>,
    pub(crate) mixer_stats: watch::Receiver<Option<FromMixer>>,
    pub(crate) viewers: Arc<Viewers>,
    broadcast: Arc<OnAir>,
    around: Arc<Surroundings>,
    asks: SyncSender<Ask>,
}

/// The show over HTTP, from its start on; after a restart of the server, when somebody asks.
type OnAir = ArcSwapOption<Broadcast>;

impl Live {
    /// Starts the thread of a show.
    pub(crate) fn open(
        record: Record,
        around: Arc<Surroundings>,
        feeds: [FeedId; 2],
    ) -> std::io::Result<Self> {
        let id = record.show.id;
        let slug = record.show.slug.clone();
        let stage = Stage::new(record, clock::now());
        let (publish, snapshot) = watch::channel(Arc::new(stage.snapshot(clock::now())));
        let (levels, _) = broadcast::channel(LEVELS);
        let (publish_stats, mixer_stats) = watch::channel(None);
        let (asks, asked) = sync_channel(QUEUE);
        let [program, stage_feed] = feeds;
        let slot = Arc::new(Slot::empty());
        for (feed, output) in [(program, Output::Program), (stage_feed, Output::Stage)] {
            around.command(palco_sfu::Command::OpenProgram { feed });
            around.routes.make(feed, &slot, output);
        }
        let apart = Arc::new(AtomicBool::new(false));
        let broadcast = Arc::new(OnAir::empty());
        let viewers = Arc::new(Viewers::open(id, &around.store));
        let run = Run {
            stage,
            broadcast: Arc::clone(&broadcast),
            viewers: Arc::clone(&viewers),
            apart: Arc::clone(&apart),
            id,
            slug,
            feeds,
            slot,
            mixer: None,
            around: Arc::clone(&around),
            publish,
            publish_levels: levels.clone(),
            publish_stats,
            asks: asks.clone(),
        };
        std::thread::Builder::new().name("show".into()).spawn(move || run.until_stopped(&asked))?;
        Ok(Self {
            id,
            program,
            stage: stage_feed,
            apart,
            snapshot,
            levels,
            mixer_stats,
            viewers,
            broadcast,
            around,
            asks,
        })
    }

    /// The show over HTTP: while it is on, and its replay when it is over and was recorded.
    /// Reads the disk the first time a replay is asked for.
    ///
    /// # Errors
    /// `not_on_air` if there is nothing to watch, `store_failed`.
    pub(crate) fn broadcast(&self) -> Result<Arc<Broadcast>, Fault> {
        if let Some(broadcast) = self.broadcast.load_full() {
            return Ok(broadcast);
        }
        let not_on_air = || Fault::not_found("not_on_air", "There is nothing to watch here now.");
        let show = self.snapshot.borrow().show.clone();
        if show.phase != Phase::Over {
            return Err(not_on_air());
        }
        let (recording, segments) = self.around.store.recording(self.id)?;
        if segments.is_empty() {
            return Err(not_on_air());
        }
        let coding = palco_stage::coding(show.canvas, Output::Program);
        let replay = Broadcast::replay(self.id, coding, recording, segments)?;
        // Another request may have been as quick: one of the two stays.
        self.broadcast.store(Some(Arc::clone(&replay)));
        Ok(replay)
    }

    /// The broadcast, if there is one at hand.
    pub(crate) fn on_air(&self) -> Option<Arc<Broadcast>> {
        self.broadcast.load_full()
    }

    /// Lets go of the replay: its files are gone.
    pub(crate) fn forget_replay(&self) {
        if self.snapshot.borrow().show.phase == Phase::Over {
            self.broadcast.store(None);
        }
    }

    /// The feed of the stage's own mix: the Program's, unless the audience is elsewhere.
    pub(crate) fn stage_feed(&self) -> FeedId {
        if self.apart.load(Ordering::Relaxed) { self.stage } else { self.program }
    }

    /// Does a command; the answer is the state after it.
    pub(crate) async fn command(&self, command: palco_stage::Command) -> Result<Arc<Snapshot>, Fault> {
        let (answer, wait) = oneshot::channel();
        self.ask(Ask::Input(Input::Command(command), Some(answer)))?;
        wait.await.map_err(|_| gone())?
    }

    /// Reports a fact. Facts are never refused; one that finds no room is reported in the log.
    /// A show that is being closed has no use for any.
    pub(crate) fn fact(&self, fact: Fact) {
        if let Err(TrySendError::Full(_)) = self.asks.try_send(Ask::Input(Input::Fact(fact), None)) {
            tracing::error!(show = %self.id, "the show's queue is full: a fact was lost");
        }
    }

    /// Ends the thread after storing the show; its mixer ends too.
    pub(crate) async fn stop(&self) {
        let (done, wait) = oneshot::channel();
        if self.ask(Ask::Stop(done)).is_ok() {
            // An error means the thread is gone already, which is what was wanted.
            let _ = wait.await;
        }
    }

    fn ask(&self, ask: Ask) -> Result<(), Fault> {
        self.asks.try_send(ask).map_err(|error| match error {
            TrySendError::Full(_) => {
                Fault::new(Class::Unavailable, "show_busy", "The show has too much to do.")
                    .hint("Try again in a moment.")
            }
            TrySendError::Disconnected(_) => gone(),
        })
    }
}

fn gone() -> Fault {
    Fault::unavailable("show_closed", "The show is being closed.").hint("Try again in a moment.")
}

impl Surroundings {
    fn command(&self, command: palco_sfu::Command) {
        if self.shards.send(command).is_err() {
            tracing::error!("a shard's queue is full: a command was lost");
        }
    }
}

struct Run {
    stage: Stage,
    broadcast: Arc<OnAir>,
    viewers: Arc<Viewers>,
    apart: Arc<AtomicBool>,
    id: ShowId,
    slug: String,
    feeds: [FeedId; 2],
    slot: Arc<Slot>,
    mixer: Option<Arc<Mixer>>,
    around: Arc<Surroundings>,
    publish: watch::Sender<Arc<Snapshot>>,
    publish_levels: broadcast::Sender<Levels>,
    publish_stats: watch::Sender<Option<FromMixer>>,
    asks: SyncSender<Ask>,
}

impl Run {
    fn until_stopped(mut self, asked: &Receiver<Ask>) {
        loop {
            self.carry_out();
            let now = clock::now().media;
            let wait = self.stage.deadline().map_or(IDLE, |at| (at - now).duration());
            match asked.recv_timeout(wait) {
                Ok(Ask::Input(input, answer)) => self.input(input, answer),
                Ok(Ask::Mixer(event)) => self.mixer(event),
                Ok(Ask::Stop(done)) => {
                    self.close();
                    let _ = done.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => self.input(Input::Timeout, None),
                Err(RecvTimeoutError::Disconnected) => return self.close(),
            }
        }
    }

    fn input(&mut self, input: Input, answer: Option<oneshot::Sender<Result<Arc<Snapshot>, Fault>>>) {
        let done = self.stage.handle(input, clock::now());
        self.carry_out();
        if let Some(answer) = answer {
            let state = done.map(|()| Arc::new(self.stage.snapshot(clock::now())));
            // The one who asked may have hung up.
            let _ = answer.send(state);
        }
    }

    fn mixer(&mut self, event: MixerEvent) {
        let now = clock::now();
        match event {
            MixerEvent::Started { elements, sandbox, pid } => {
                tracing::info!(show = self.slug, pid, ?elements, "mixer up");
                for line in sandbox {
                    tracing::info!(show = self.slug, "mixer sandbox: {line}");
                }
                self.stage.mixer_started(now);
                self.carry_out();
                // Its decoders begin with nothing: let every performer give it a key frame now.
                for performer in &self.stage.snapshot(now).performers {
                    let feed = performer.performer.feed;
                    self.around.command(palco_sfu::Command::RequestKeyFrame { feed });
                }
            }
            MixerEvent::Exited { .. } => self.input(Input::Fact(Fact::MixerStopped), None),
            MixerEvent::Said(FromMixer::ClipState { feed, position, duration, playing, ended }) => {
                let fact = Fact::ClipState { feed, position, duration, playing, ended };
                self.input(Input::Fact(fact), None);
            }
            MixerEvent::Said(FromMixer::ClipFailed { feed, text }) => {
                self.input(Input::Fact(Fact::ClipFailed { feed, text }), None);
            }
            // The others are dealt with on the mixer's own thread.
            MixerEvent::Said(_) | MixerEvent::Frame(..) => {}
        }
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.stage.poll() {
            match effect {
                Effect::MixerWanted(true) => self.start_mixer(),
                Effect::MixerWanted(false) => self.stop_mixer(),
                Effect::MixerSay(say) => self.say(say),
                Effect::OpenClip { clip, say } => self.open_clip(clip, say),
                Effect::Tap { feed, on } => {
                    if on {
                        self.around.routes.tap(feed, &self.slot);
                    } else {
                        self.around.routes.forget(feed);
                    }
                    self.around.command(palco_sfu::Command::Tap { feed, on });
                }
                Effect::Mute { feed, audio, video } => {
                    self.around.command(palco_sfu::Command::Mute { feed, audio, video });
                }
                Effect::PerformerRemoved { performer, feed } => {
                    let theirs = |s: &Session| {
                        s.media == Media::Publish(performer)
                            || s.who == Some(Who::Performer(self.id, performer))
                    };
                    self.close_sessions(CloseReason::Removed, theirs);
                    self.around.command(palco_sfu::Command::CloseFeed { feed });
                    self.around.routes.forget(feed);
                }
                Effect::CloseViewers(ViewersOut::ShowEnded) => {
                    self.close_sessions(CloseReason::ShowEnded, |s| s.media == Media::Watch);
                }
                Effect::CloseViewers(ViewersOut::DoorChanged) => {
                    self.close_sessions(CloseReason::Removed, |s| s.media == Media::Watch);
                }
                Effect::DeleteClip(clip) => crate::house::forget_clip(&self.around.store, self.id, clip),
                Effect::Persist => self.persist(),
                Effect::Changed => self.changed(),
            }
        }
    }

    fn close_sessions(&self, reason: CloseReason, which: impl Fn(&Session) -> bool) {
        for close in self.around.sessions.close(self.id, reason, which) {
            self.around.command(close);
        }
    }

    fn changed(&mut self) {
        let snapshot = self.stage.snapshot(clock::now());
        self.slug.clone_from(&snapshot.show.slug);
        self.viewers.tell(palco_house::Input::Doors { open: snapshot.show.phase.open() });
        self.go_on_air(&snapshot.show);
        self.publish.send_replace(Arc::new(snapshot));
    }

    /// Begins the broadcast with the show, and ends it with the show.
    fn go_on_air(&self, show: &palco_stage::Show) {
        let on_air = self.broadcast.load_full();
        match (show.phase, on_air) {
            (Phase::Live | Phase::Paused, None) => {
                let coding = palco_stage::coding(show.canvas, Output::Program);
                let opened =
                    self.around.store.recording(self.id).and_then(|(recording, segments)| {
                        Broadcast::open(self.id, coding, recording, segments)
                    });
                match opened {
                    Ok(broadcast) => self.broadcast.store(Some(broadcast)),
                    Err(fault) => tracing::error!(show = self.slug, ?fault, "no HLS and no recording"),
                }
            }
            (Phase::Over, Some(broadcast)) => broadcast.end(),
            _ => {}
        }
    }

    fn persist(&self) {
        let record = self.stage.record(clock::now());
        if let Err(fault) = self.around.store.save(&record) {
            // The show goes on; the next change tries again.
            tracing::error!(show = self.slug, ?fault, "the show could not be stored");
        }
    }

    fn start_mixer(&mut self) {
        if self.mixer.is_some() {
            return;
        }
        let config = MixerConfig { name: self.slug.clone(), ..self.around.mixer.clone() };
        let listen = Listen {
            asks: self.asks.clone(),
            shards: Arc::clone(&self.around.shards),
            feeds: self.feeds,
            broadcast: Arc::clone(&self.broadcast),
            levels: self.publish_levels.clone(),
            stats: self.publish_stats.clone(),
        };
        match Mixer::spawn(config, move |event| listen.hear(event)) {
            Ok(mixer) => {
                let mixer = Arc::new(mixer);
                self.slot.store(Some(Arc::clone(&mixer)));
                self.mixer = Some(mixer);
            }
            Err(error) => tracing::error!(show = self.slug, %error, "no mixer can be started"),
        }
    }

    fn stop_mixer(&mut self) {
        self.slot.store(None);
        if let Some(mixer) = self.mixer.take() {
            // The shard may hold it for a moment longer; it must not be the one that waits.
            mixer.stop();
        }
        self.publish_stats.send_replace(None);
    }

    fn say(&self, say: ToMixer) {
        match say {
            ToMixer::OpenOutput { output: Output::Stage, .. } => self.show_stage_apart(true),
            ToMixer::CloseOutput { output: Output::Stage } => self.show_stage_apart(false),
            _ => {}
        }
        if let Some(mixer) = &self.mixer {
            mixer.say(say);
        }
    }

    /// Those who look at the stage's mix go on with it, whichever output makes it now.
    fn show_stage_apart(&self, apart: bool) {
        self.apart.store(apart, Ordering::Relaxed);
        let feed = self.feeds[usize::from(apart)];
        for switch in self.around.sessions.switch_stage(self.id, feed) {
            self.around.command(switch);
        }
    }

    fn open_clip(&mut self, clip: palco_base::ClipId, say: ToMixer) {
        let ToMixer::OpenClip { feed, .. } = say else { return };
        match self.around.store.open_clip(self.id, clip) {
            Ok(file) => {
                if let Some(mixer) = &self.mixer {
                    mixer.hand_over(feed, file);
                    mixer.say(say);
                }
            }
            Err(fault) => {
                tracing::warn!(show = self.slug, ?fault, "a clip's file cannot be opened");
                let failed = Fact::ClipFailed { feed, text: fault.text };
                // The effects of this are carried out by the loop that called us.
                let _ = self.stage.handle(failed, clock::now());
            }
        }
    }

    fn close(&mut self) {
        self.persist();
        self.stop_mixer();
        self.close_sessions(CloseReason::ShowEnded, |_| true);
        for feed in self.feeds {
            self.around.command(palco_sfu::Command::CloseFeed { feed });
            self.around.routes.forget(feed);
        }
        for performer in &self.stage.snapshot(clock::now()).performers {
            self.around.routes.forget(performer.performer.feed);
        }
    }
}

/// What is done on the mixer's own thread: media must not wait for the show's.
struct Listen {
    asks: SyncSender<Ask>,
    shards: Arc<Shards>,
    feeds: [FeedId; 2],
    broadcast: Arc<OnAir>,
    levels: broadcast::Sender<Levels>,
    stats: watch::Sender<Option<FromMixer>>,
}

impl Listen {
    fn frame(&self, output: Output, size: Size, frame: EncodedFrame) {
        let hls = output == Output::Program && frame.codec != Codec::Opus;
        if hls && let Some(broadcast) = &*self.broadcast.load() {
            broadcast.frame(size, frame.clone());
        }
        if frame.codec != Codec::Aac {
            let feed = match output {
                Output::Program => self.feeds[0],
                Output::Stage => self.feeds[1],
            };
            // A full queue drops the frame and counts it in the shards.
            let _ = self.shards.send(palco_sfu::Command::ProgramFrame { feed, size, frame });
        }
    }

    fn hear(&self, event: MixerEvent) {
        match event {
            MixerEvent::Frame(output, size, frame) => self.frame(output, size, frame),
            MixerEvent::Said(FromMixer::KeyFrameWanted { feed }) => {
                let _ = self.shards.send(palco_sfu::Command::RequestKeyFrame { feed });
            }
            MixerEvent::Said(FromMixer::Levels { levels }) => {
                // Nobody may be listening.
                let _ = self.levels.send(levels.into());
            }
            MixerEvent::Said(stats @ FromMixer::Stats { .. }) => {
                self.stats.send_replace(Some(stats));
            }
            other => {
                // Never blocks: the show's thread waits for this one when it stops the mixer.
                if let Err(TrySendError::Full(_)) = self.asks.try_send(Ask::Mixer(other)) {
                    tracing::error!("the show's queue is full: what the mixer said was lost");
                }
            }
        }
    }
}
