//! The machine itself: what it holds, its three verbs, and what can be seen of it.

use crate::deck::Deck;
use crate::sync::Told;
use crate::{
    Clip, Connection, Effect, Input, MixerState, Now, Performer, PerformerView, Phase, Record, Scene, Show,
    Snapshot, Target,
};
use palco_base::{ClipId, Codec, Fault, FeedId, MediaTime, PerformerId, SessionId};
use std::collections::{BTreeMap, VecDeque};

/// The live state of one show.
pub struct Stage {
    pub(crate) show: Show,
    pub(crate) performers: Vec<Performer>,
    pub(crate) on_air: Vec<PerformerId>,
    pub(crate) scene: Scene,
    pub(crate) clips: Vec<Clip>,
    pub(crate) target: Target,
    pub(crate) deck: Option<Deck>,
    pub(crate) audience_deck: Option<Deck>,
    pub(crate) media: BTreeMap<PerformerId, Media>,
    pub(crate) viewers: u32,
    pub(crate) previews: u32,
    pub(crate) mixer: MixerState,
    /// Until when the mixer is kept though nothing needs it.
    pub(crate) linger_until: Option<MediaTime>,
    pub(crate) told: Told,
    pub(crate) effects: VecDeque<Effect>,
    revision: u64,
    seed: u64,
    feeds_made: u64,
}

/// What is known of a performer's media. Not stored: a server that starts again asks anew.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Media {
    pub(crate) connection: Connection,
    pub(crate) session: Option<SessionId>,
    pub(crate) audio: Option<Codec>,
    pub(crate) video: Option<Codec>,
    /// When to stop showing the last picture of somebody who dropped out.
    pub(crate) forget_at: Option<MediaTime>,
}

impl Default for Media {
    fn default() -> Self {
        Self { connection: Connection::Away, session: None, audio: None, video: None, forget_at: None }
    }
}

impl Stage {
    /// A stage as it was stored. Poll it: a show that was live goes on.
    #[must_use]
    pub fn new(record: Record, now: Now) -> Self {
        let clips = record.clips;
        let restore = |deck: Option<crate::deck::DeckRecord>| {
            let deck = deck?;
            let clip = clips.iter().find(|clip| clip.id == deck.clip())?;
            Some(Deck::restore(deck, clip, now))
        };
        let (deck, audience_deck) = (restore(record.deck), restore(record.audience_deck));
        let mut stage = Self {
            show: record.show,
            performers: record.performers,
            on_air: record.on_air,
            scene: record.scene,
            target: record.target,
            deck,
            audience_deck,
            media: BTreeMap::new(),
            viewers: 0,
            previews: 0,
            mixer: MixerState::Off,
            linger_until: None,
            told: Told::default(),
            effects: VecDeque::new(),
            revision: record.revision + 1,
            seed: record.seed,
            feeds_made: record.feeds_made,
            clips,
        };
        // A record could have lost its clip; nobody is sent to nothing.
        if stage.target == Target::Clip && stage.audience_deck.is_none() {
            stage.target = Target::Program;
        }
        stage.end_overdue(now.media);
        stage.sync(now);
        stage
    }

    /// Takes one input. A refused command changes nothing; facts and timeouts are never refused.
    ///
    /// # Errors
    /// Why a command cannot be done.
    pub fn handle(&mut self, input: impl Into<Input>, now: Now) -> Result<(), Fault> {
        match input.into() {
            Input::Command(command) => {
                self.command(command, now)?;
                self.effects.push_back(Effect::Persist);
                self.changed();
            }
            Input::Fact(fact) => self.fact(fact, now),
            Input::Timeout => self.timeout(now),
        }
        self.sync(now);
        Ok(())
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to come with [`Input::Timeout`] at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        let lost = self.media.values().filter_map(|media| media.forget_at);
        let decks = [&self.deck, &self.audience_deck].into_iter().flatten().filter_map(Deck::deadline);
        lost.chain(decks).chain(self.linger_until).chain(self.told.hold_until).min()
    }

    /// The mixer is up and knows nothing yet: the same as [`crate::Fact::MixerStarted`].
    pub fn mixer_started(&mut self, now: Now) {
        self.fact(crate::Fact::MixerStarted, now);
        self.sync(now);
    }

    /// What must be stored to start again from here.
    #[must_use]
    pub fn record(&self, now: Now) -> Record {
        Record {
            show: self.show.clone(),
            performers: self.performers.clone(),
            on_air: self.on_air.clone(),
            scene: self.scene.clone(),
            clips: self.clips.clone(),
            target: self.target.clone(),
            deck: self.deck.as_ref().map(|deck| deck.record(now)),
            audience_deck: self.audience_deck.as_ref().map(|deck| deck.record(now)),
            revision: self.revision,
            seed: self.seed,
            feeds_made: self.feeds_made,
        }
    }

    /// All that can be seen.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> Snapshot {
        Snapshot {
            revision: self.revision,
            show: self.show.clone(),
            performers: self.performers.iter().map(|performer| self.view(performer)).collect(),
            scene: self.scene.clone(),
            clips: self.clips.clone(),
            playback: self.deck.as_ref().map(|deck| deck.view(now)),
            target: self.target.clone(),
            audience_playback: self.audience_deck.as_ref().map(|deck| deck.view(now)),
            mixer: self.mixer,
            viewers: self.viewers,
        }
    }

    /// The show this is the stage of.
    #[must_use]
    pub fn show(&self) -> &Show {
        &self.show
    }

    fn view(&self, performer: &Performer) -> PerformerView {
        let media = self.media.get(&performer.id);
        PerformerView {
            place: self.on_air.iter().position(|id| *id == performer.id),
            connection: media.map_or(Connection::Away, |media| media.connection),
            audio: media.and_then(|media| media.audio),
            video: media.and_then(|media| media.video),
            performer: performer.clone(),
        }
    }

    pub(crate) fn changed(&mut self) {
        self.revision += 1;
        self.effects.push_back(Effect::Changed);
    }

    pub(crate) fn performer(&self, id: PerformerId) -> Result<&Performer, Fault> {
        self.performers.iter().find(|p| p.id == id).ok_or_else(unknown_performer)
    }

    pub(crate) fn performer_mut(&mut self, id: PerformerId) -> Result<&mut Performer, Fault> {
        self.performers.iter_mut().find(|p| p.id == id).ok_or_else(unknown_performer)
    }

    pub(crate) fn clip(&self, id: ClipId) -> Result<&Clip, Fault> {
        let clip = self.clips.iter().find(|clip| clip.id == id);
        clip.ok_or_else(|| Fault::not_found("unknown_clip", "This show has no such clip."))
    }

    pub(crate) fn media_mut(&mut self, id: PerformerId) -> &mut Media {
        self.media.entry(id).or_default()
    }

    /// A feed id for a clip that is being loaded (splitmix64 over the record's seed). The ids of
    /// the mixer's own outputs are small numbers and are passed over.
    pub(crate) fn new_feed(&mut self) -> FeedId {
        loop {
            self.feeds_made += 1;
            let mut z = self.seed.wrapping_add(self.feeds_made.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            if z > 0xffff {
                return FeedId::new(z);
            }
        }
    }

    pub(crate) fn not_over(&self) -> Result<(), Fault> {
        if self.show.phase == Phase::Over {
            return Err(Fault::conflict("show_over", "This show is over."));
        }
        Ok(())
    }
}

pub(crate) fn unknown_performer() -> Fault {
    Fault::not_found("unknown_performer", "This show has no such performer there.")
}
