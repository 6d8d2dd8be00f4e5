//! A stage in virtual time, and a mixer that believes what it is told.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "shared by several test files; each uses a part"
)]

use palco_base::canvas::{Arrangement, TileSource};
use palco_base::{ClipId, Codec, Fault, FeedId, MediaTime, PerformerId, Secret, SessionId, ShowId};
use palco_mix::wire::{Coding, Output, ToMixer, Transition};
use palco_stage::{
    Canvas, Clip, Command, Door, Effect, Fact, Input, NewShow, Now, PlayOptions, Record, Role, Snapshot,
    Stage, WallTime,
};
use std::collections::{BTreeMap, BTreeSet};

pub fn record() -> Record {
    let new = NewShow {
        id: ShowId::new(1),
        seed: 0x5eed,
        slug: None,
        title: "Friday Show".into(),
        description: String::new(),
        starts_at: None,
        max_on_air: None,
        canvas: Canvas::Wide,
        door: Door::Open,
    };
    Record::new(new, |_| false).unwrap()
}

pub fn performer(n: u64) -> PerformerId {
    PerformerId::new(n)
}

pub fn feed(n: u64) -> FeedId {
    FeedId::new(0x10_0000 + n)
}

pub fn clip(n: u64) -> Clip {
    Clip {
        id: ClipId::new(n),
        name: format!("clip {n}"),
        size: 1_000,
        duration: Some(10_000),
        picture: Some((1280, 720)),
        sound: true,
        created_at: WallTime::from_unix_seconds(1_800_000_000),
    }
}

/// What a mixer knows. It panics when it is told something that makes no sense.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Mixer {
    pub outputs: BTreeMap<Output, Coding>,
    pub shown: BTreeMap<Output, Arrangement>,
    pub feeds: BTreeSet<FeedId>,
    /// Playing, looped.
    pub clips: BTreeMap<FeedId, (bool, bool)>,
}

impl Mixer {
    pub fn hear(&mut self, say: &ToMixer) {
        match say {
            ToMixer::OpenOutput { output, coding } => {
                assert!(self.outputs.insert(*output, *coding).is_none(), "{output:?} opened twice");
                self.shown.insert(*output, Arrangement::default());
            }
            ToMixer::CloseOutput { output } => {
                assert!(self.outputs.remove(output).is_some(), "{output:?} was not open");
                self.shown.remove(output);
            }
            ToMixer::OpenFeed { feed, .. } => {
                self.feeds.insert(*feed);
            }
            ToMixer::CloseFeed { feed } => {
                assert!(self.feeds.remove(feed) | self.clips.remove(feed).is_some(), "{feed:?} was not open");
            }
            ToMixer::OpenClip { feed, playing, looped, .. } => {
                assert!(self.clips.insert(*feed, (*playing, *looped)).is_none(), "{feed:?} opened twice");
            }
            ToMixer::SetClip { feed, playing, looped, .. } => {
                assert!(self.clips.insert(*feed, (*playing, *looped)).is_some(), "{feed:?} was not open");
            }
            ToMixer::Arrange { output, arrangement, .. } => {
                assert!(self.outputs.contains_key(output), "{output:?} is not open");
                self.shown.insert(*output, arrangement.clone());
            }
            ToMixer::KeyFrame { .. } => {}
        }
    }

    /// Nothing is shown or heard that is not open.
    pub fn check(&self) {
        for (output, arrangement) in &self.shown {
            let seen = arrangement.tiles.iter().filter_map(|tile| match tile.source {
                TileSource::Feed(feed) => Some(feed),
                TileSource::Slate { .. } => None,
            });
            for feed in seen.chain(arrangement.sounds.iter().map(|sound| sound.feed)) {
                let open = self.feeds.contains(&feed) || self.clips.contains_key(&feed);
                assert!(open, "{output:?} uses {feed:?}, which is not open: {self:?}");
            }
        }
    }

    pub fn program(&self) -> &Arrangement {
        &self.shown[&Output::Program]
    }
}

/// A stage with its surroundings.
pub struct World {
    pub stage: Stage,
    pub now: Now,
    pub wanted: bool,
    pub mixer: Option<Mixer>,
    pub taps: BTreeSet<FeedId>,
    pub mutes: BTreeMap<FeedId, (bool, bool)>,
    pub persisted: Record,
    sessions: u64,
}

impl World {
    pub fn new() -> Self {
        Self::with(record())
    }

    pub fn with(record: Record) -> Self {
        let now = Now {
            media: MediaTime::from_millis(5_000_000),
            wall: WallTime::from_unix_seconds(1_800_000_000),
        };
        Self::at(record, now)
    }

    pub fn at(record: Record, now: Now) -> Self {
        let mut world = Self {
            stage: Stage::new(record.clone(), now),
            now,
            wanted: false,
            mixer: None,
            taps: BTreeSet::new(),
            mutes: BTreeMap::new(),
            persisted: record,
            sessions: 0,
        };
        world.drain();
        world
    }

    /// The server starts again `away` ms later from what was persisted.
    pub fn restart(&mut self, away: i64) {
        let json = serde_json::to_string(&self.persisted).unwrap();
        let mut now = self.now;
        // The machine's clock may begin anew; the one on the wall goes on.
        now.media = MediaTime::from_millis(77);
        now.wall = WallTime::from_unix_millis(now.wall.unix_millis() + away);
        *self = Self::at(serde_json::from_str(&json).unwrap(), now);
    }

    /// Carries out all effects and gives them back.
    pub fn drain(&mut self) -> Vec<Effect> {
        let mut done = Vec::new();
        while let Some(effect) = self.stage.poll() {
            match &effect {
                Effect::MixerWanted(wanted) => {
                    self.wanted = *wanted;
                    if !wanted {
                        self.mixer = None;
                    }
                }
                Effect::MixerSay(say) | Effect::OpenClip { say, .. } => {
                    self.mixer.as_mut().expect("told while it is not up").hear(say);
                }
                Effect::Tap { feed, on } => {
                    if *on {
                        self.taps.insert(*feed);
                    } else {
                        self.taps.remove(feed);
                    }
                }
                Effect::Mute { feed, audio, video } => {
                    self.mutes.insert(*feed, (*audio, *video));
                }
                Effect::PerformerRemoved { feed, .. } => {
                    self.taps.remove(feed);
                    self.mutes.remove(feed);
                }
                Effect::Persist => self.persisted = self.stage.record(self.now),
                Effect::CloseViewers(_) | Effect::DeleteClip(_) | Effect::Changed => {}
            }
            done.push(effect);
        }
        if let Some(mixer) = &self.mixer {
            mixer.check();
        }
        done
    }

    pub fn try_do(&mut self, command: Command) -> Result<Vec<Effect>, Fault> {
        self.stage.handle(command, self.now)?;
        Ok(self.drain())
    }

    #[track_caller]
    pub fn act(&mut self, command: Command) -> Vec<Effect> {
        let said = format!("{command:?}");
        self.try_do(command).unwrap_or_else(|fault| panic!("{said}: {fault:?}"))
    }

    /// The code of the fault with which a command is refused.
    #[track_caller]
    pub fn refused(&mut self, command: Command) -> &'static str {
        let before = self.snapshot();
        let fault = self.try_do(command).expect_err("it was done");
        assert_eq!(self.snapshot(), before, "a refused command changed something");
        assert!(self.drain().is_empty());
        fault.code
    }

    pub fn fact(&mut self, fact: Fact) -> Vec<Effect> {
        self.stage.handle(fact, self.now).unwrap();
        self.drain()
    }

    /// Lets `millis` pass, stopping at each deadline on the way.
    pub fn pass(&mut self, millis: i64) -> Vec<Effect> {
        let end = self.now.media + MediaTime::from_millis(millis);
        let mut done = Vec::new();
        while let Some(at) = self.stage.deadline().filter(|at| *at <= end) {
            self.go_to(at);
            self.stage.handle(Input::Timeout, self.now).unwrap();
            done.extend(self.drain());
            assert!(self.stage.deadline().is_none_or(|next| next > at), "a deadline that does not go away");
        }
        self.go_to(end);
        done
    }

    fn go_to(&mut self, at: MediaTime) {
        let past = (at - self.now.media).millis().max(0);
        self.now.wall = WallTime::from_unix_millis(self.now.wall.unix_millis() + past);
        self.now.media = self.now.media.max(at);
    }

    pub fn snapshot(&self) -> Snapshot {
        self.stage.snapshot(self.now)
    }

    pub fn start_mixer(&mut self) -> Vec<Effect> {
        assert!(self.wanted, "nobody wants a mixer");
        self.mixer = Some(Mixer::default());
        self.fact(Fact::MixerStarted)
    }

    pub fn stop_mixer(&mut self) -> Vec<Effect> {
        self.mixer = None;
        self.fact(Fact::MixerStopped)
    }

    pub fn program(&self) -> &Arrangement {
        self.mixer.as_ref().expect("the mixer is up").program()
    }

    pub fn add(&mut self, n: u64, role: Role) {
        let invitation = Secret::new(format!("invitation {n}"));
        let name = format!("Performer {n}");
        self.act(Command::AddPerformer { id: performer(n), feed: feed(n), invitation, name, role });
    }

    pub fn connect(&mut self, n: u64) -> SessionId {
        self.sessions += 1;
        let (performer, session) = (performer(n), SessionId::new(self.sessions));
        self.fact(Fact::PublisherConnecting { performer, session });
        self.fact(Fact::PublisherConnected { performer, session });
        let (audio, video) = (Some(Codec::Opus), Some(Codec::H264));
        self.fact(Fact::FeedChanged { feed: feed(n), audio, video });
        session
    }

    pub fn close(&mut self, n: u64, session: SessionId, left: bool) -> Vec<Effect> {
        self.fact(Fact::FeedChanged { feed: feed(n), audio: None, video: None });
        self.fact(Fact::PublisherClosed { performer: performer(n), session, left })
    }

    /// A live show with a mixer and this many connected hosts.
    pub fn live(hosts: u64) -> Self {
        let mut world = Self::new();
        world.act(Command::Start);
        world.start_mixer();
        for n in 1..=hosts {
            world.add(n, Role::Host);
            world.connect(n);
        }
        world
    }

    pub fn play(&mut self, n: u64) -> Vec<Effect> {
        self.act(Command::PlayClip { clip: ClipId::new(n), options: PlayOptions::default(), take: true })
    }

    /// The feed of the clip on the stage.
    pub fn clip_feed(&self) -> FeedId {
        self.snapshot().playback.expect("a clip is loaded").feed
    }

    /// The mixer says where a clip is.
    pub fn report(&mut self, feed: FeedId, position: u64, ended: bool) -> Vec<Effect> {
        let playing = !ended;
        self.fact(Fact::ClipState { feed, position, duration: Some(10_000), playing, ended })
    }
}

/// The feeds that are seen, back to front.
pub fn seen(arrangement: &Arrangement) -> Vec<FeedId> {
    let feeds = arrangement.tiles.iter().filter_map(|tile| match tile.source {
        TileSource::Feed(feed) => Some(feed),
        TileSource::Slate { .. } => None,
    });
    feeds.collect()
}

/// The feeds that are heard.
pub fn heard(arrangement: &Arrangement) -> Vec<FeedId> {
    arrangement.sounds.iter().map(|sound| sound.feed).collect()
}

/// The title of the card that is shown, if one is.
pub fn card(arrangement: &Arrangement) -> Option<&str> {
    match &arrangement.tiles[..] {
        [tile] => match &tile.source {
            TileSource::Slate { title, .. } => Some(title),
            TileSource::Feed(_) => None,
        },
        _ => None,
    }
}

/// How the last arrangement of an output came about.
pub fn transition(effects: &[Effect], wanted: Output) -> Option<Transition> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::MixerSay(ToMixer::Arrange { output, transition, .. }) if *output == wanted => {
            Some(*transition)
        }
        _ => None,
    })
}
