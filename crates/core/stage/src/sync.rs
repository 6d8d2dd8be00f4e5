//! What should be, against what was said: the difference becomes effects.

use crate::deck::Deck;
use crate::layout::{self, Cast, Person, Shot};
use crate::{Canvas, Connection, Effect, MixerState, Now, Phase, Stage, Target};
use palco_base::canvas::Arrangement;
use palco_base::{Bitrate, FeedId, MediaTime, PerformerId};
use palco_mix::wire::{Coding, Output, Rendition, ToMixer, Transition};
use std::collections::{BTreeMap, BTreeSet};

/// A mixer that nothing needs is kept this long: a reload must not restart it.
const LINGER: MediaTime = MediaTime::from_millis(10_000);
/// A scene that shows a clip waits this long for the clip to be open.
const HOLD: MediaTime = MediaTime::from_millis(1_000);

/// What has been said.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) wanted: bool,
    /// Feed → the name it was opened with.
    pub(crate) feeds: BTreeMap<FeedId, String>,
    /// Until when an arrangement is held back.
    pub(crate) hold_until: Option<MediaTime>,
    outputs: BTreeMap<Output, Coding>,
    arranged: BTreeMap<Output, Arrangement>,
    clips: BTreeMap<FeedId, ToldClip>,
    taps: BTreeSet<FeedId>,
    mutes: BTreeMap<FeedId, (bool, bool)>,
}

struct ToldClip {
    playing: bool,
    looped: bool,
    since: MediaTime,
}

impl Told {
    /// A mixer that starts knows nothing, and one that is gone has forgotten.
    pub(crate) fn mixer_is_new(&mut self) {
        self.outputs.clear();
        self.arranged.clear();
        self.feeds.clear();
        self.clips.clear();
        self.hold_until = None;
    }

    /// A mixer that starts needs a key frame of each tapped feed: tapping again asks for one.
    pub(crate) fn tap_again(&mut self) {
        self.taps.clear();
    }

    /// What holds for the feed at the SFU must be said again.
    pub(crate) fn forget_feed_rules(&mut self, feed: FeedId) {
        self.taps.remove(&feed);
        self.mutes.remove(&feed);
    }
}

/// How an output of this shape is coded. Only the Program, which the audience gets, is coded for
/// thin lines and for HLS as well.
#[must_use]
pub const fn coding(canvas: Canvas, output: Output) -> Coding {
    let (width, height) = canvas.size();
    let large = Rendition { width, height, video: Bitrate::kbps(2_500) };
    let small = Rendition { width: width / 2, height: height / 2, video: Bitrate::kbps(400) };
    let (small, aac) = match output {
        Output::Program => (Some(small), Some(Bitrate::kbps(128))),
        Output::Stage => (None, None),
    };
    Coding { frame_rate: 30, large, small, opus: Bitrate::kbps(96), aac }
}

impl Stage {
    /// Says everything that should be and was not said.
    pub(crate) fn sync(&mut self, now: Now) {
        let now = now.media;
        self.sync_wanted(now);
        self.sync_feeds();
        if self.mixer == MixerState::Up {
            self.sync_mixer(now);
        }
    }

    pub(crate) fn say(&mut self, say: ToMixer) {
        self.effects.push_back(Effect::MixerSay(say));
    }

    fn mixer_needed(&self) -> bool {
        let here = |c: Connection| matches!(c, Connection::Connecting | Connection::Connected);
        let playing = [&self.deck, &self.audience_deck].into_iter().flatten().any(Deck::playing);
        match self.show.phase {
            Phase::Live | Phase::Paused => true,
            Phase::Over => false,
            Phase::Scheduled => {
                self.previews > 0 || playing || self.media.values().any(|media| here(media.connection))
            }
        }
    }

    fn sync_wanted(&mut self, now: MediaTime) {
        if self.mixer_needed() {
            self.linger_until = None;
            if !std::mem::replace(&mut self.told.wanted, true) {
                self.effects.push_back(Effect::MixerWanted(true));
                self.set_mixer(MixerState::Starting);
            }
            return;
        }
        if !self.told.wanted {
            return;
        }
        let until = *self.linger_until.get_or_insert(now + LINGER);
        if until <= now || self.show.phase == Phase::Over {
            self.linger_until = None;
            self.told.wanted = false;
            self.told.mixer_is_new();
            self.effects.push_back(Effect::MixerWanted(false));
            self.set_mixer(MixerState::Off);
        }
    }

    /// The performers whose media the mixer needs.
    fn mixed(&self) -> Vec<PerformerId> {
        let mut mixed = self.on_air.clone();
        if let Target::Performer(id) = self.target
            && !mixed.contains(&id)
        {
            mixed.push(id);
        }
        mixed
    }

    fn sync_feeds(&mut self) {
        let mixed = if self.told.wanted { self.mixed() } else { Vec::new() };
        let taps: BTreeSet<FeedId> =
            self.performers.iter().filter(|p| mixed.contains(&p.id)).map(|p| p.feed).collect();
        let known: BTreeSet<FeedId> = self.performers.iter().map(|p| p.feed).collect();
        for feed in self.told.taps.difference(&taps).filter(|feed| known.contains(feed)) {
            self.effects.push_back(Effect::Tap { feed: *feed, on: false });
        }
        for feed in taps.difference(&self.told.taps) {
            self.effects.push_back(Effect::Tap { feed: *feed, on: true });
        }
        self.told.taps = taps;
        for performer in &self.performers {
            let rule = (performer.muted, performer.hidden);
            let told = self.told.mutes.insert(performer.feed, rule).unwrap_or_default();
            if told != rule {
                let (audio, video) = rule;
                self.effects.push_back(Effect::Mute { feed: performer.feed, audio, video });
            }
        }
        self.told.mutes.retain(|feed, _| known.contains(feed));
    }

    fn sync_mixer(&mut self, now: MediaTime) {
        let shots = self.shots();
        for output in shots.iter().map(|(output, _)| *output) {
            let coding = coding(self.show.canvas, output);
            if self.told.outputs.get(&output) == Some(&coding) {
                continue;
            }
            if self.told.outputs.insert(output, coding).is_some() {
                self.told.arranged.remove(&output);
                self.say(ToMixer::CloseOutput { output });
            }
            self.say(ToMixer::OpenOutput { output, coding });
        }
        let (open_feeds, open_clips) = (self.open_feeds(), self.open_clips(now));
        self.arrange(&shots, now);
        let unneeded: Vec<Output> =
            self.told.outputs.keys().copied().filter(|o| !shots.iter().any(|(open, _)| open == o)).collect();
        for output in unneeded {
            self.told.outputs.remove(&output);
            self.told.arranged.remove(&output);
            self.say(ToMixer::CloseOutput { output });
        }
        // What an arrangement that is held back leaves on screen stays open with it.
        let used = |feed: &FeedId| self.told.arranged.values().any(|shown| layout::uses(shown, *feed));
        let gone = |feed: &FeedId| !open_feeds.contains(feed) && !open_clips.contains(feed) && !used(feed);
        let closed: Vec<FeedId> =
            self.told.feeds.keys().chain(self.told.clips.keys()).copied().filter(gone).collect();
        for feed in closed {
            self.told.feeds.remove(&feed);
            self.told.clips.remove(&feed);
            self.say(ToMixer::CloseFeed { feed });
        }
    }

    fn open_feeds(&mut self) -> BTreeSet<FeedId> {
        let mixed = self.mixed();
        let mut open = BTreeSet::new();
        for index in 0..self.performers.len() {
            let performer = &self.performers[index];
            if !mixed.contains(&performer.id) {
                continue;
            }
            let (feed, name) = (performer.feed, performer.name.clone());
            let pictured = self.media.get(&performer.id).is_some_and(|media| media.video.is_some());
            open.insert(feed);
            // A new name is worth a reset only where it is all there is to see.
            let said = self.told.feeds.get(&feed);
            if said.is_none() || (said != Some(&name) && !pictured) {
                self.told.feeds.insert(feed, name.clone());
                self.say(ToMixer::OpenFeed { feed, name });
            }
        }
        open
    }

    fn open_clips(&mut self, now: MediaTime) -> BTreeSet<FeedId> {
        let mut open = BTreeSet::new();
        for deck in
            [&mut self.deck, &mut self.audience_deck].into_iter().flatten().filter(|deck| deck.wanted())
        {
            let (feed, playing, looped) = (deck.feed, deck.playing(), deck.looped);
            open.insert(feed);
            match self.told.clips.get_mut(&feed) {
                None => {
                    let position = deck.position(now);
                    deck.told(now);
                    let say = ToMixer::OpenClip { feed, position, playing, looped };
                    self.told.clips.insert(feed, ToldClip { playing, looped, since: now });
                    self.effects.push_back(Effect::OpenClip { clip: deck.clip, say });
                }
                Some(told) if told.playing != playing || told.looped != looped || deck.seek.is_some() => {
                    let seek = deck.seek;
                    // Its own end stopped it; it need not be told, unless it is to go on.
                    (told.playing, told.looped) = (playing, looped);
                    deck.told(now);
                    self.effects.push_back(Effect::MixerSay(ToMixer::SetClip {
                        feed,
                        playing,
                        looped,
                        seek,
                    }));
                }
                Some(_) => {}
            }
        }
        open
    }

    fn arrange(&mut self, shots: &[(Output, Arrangement)], now: MediaTime) {
        self.told.hold_until = None;
        for (output, arrangement) in shots {
            let before = self.told.arranged.get(output);
            if before == Some(arrangement) {
                continue;
            }
            // A clip that is not open yet would show nothing: the old picture stays a little.
            if before.is_some()
                && let Some(until) = self.unready(arrangement).filter(|until| now < *until)
            {
                self.told.hold_until = Some(self.told.hold_until.map_or(until, |other| other.min(until)));
                continue;
            }
            let moved = before.is_none_or(|before| !layout::same_picture(before, arrangement));
            let first = before.is_none();
            let transition = if moved && !first { self.scene.transition } else { Transition::Cut };
            self.told.arranged.insert(*output, arrangement.clone());
            let arrangement = arrangement.clone();
            self.say(ToMixer::Arrange { output: *output, arrangement, transition });
        }
    }

    /// Until when to wait for a clip this arrangement shows, if the mixer has said nothing of it.
    fn unready(&self, arrangement: &Arrangement) -> Option<MediaTime> {
        let decks = [&self.deck, &self.audience_deck].into_iter().flatten();
        let silent = decks.filter(|deck| !deck.heard && layout::shows(arrangement, deck.feed));
        silent.filter_map(|deck| self.told.clips.get(&deck.feed)).map(|told| told.since + HOLD).max()
    }

    /// The outputs there should be, and what each shows.
    fn shots(&self) -> Vec<(Output, Arrangement)> {
        let canvas = self.show.canvas;
        let stage = || layout::arrange(&self.cast(), canvas);
        let program = match (self.show.phase, &self.target) {
            (Phase::Paused | Phase::Over, _) => {
                let text = "The picture will be back in a moment".to_owned();
                layout::card(&crate::Slate { title: self.show.title.clone(), text }, canvas)
            }
            (_, Target::Program) => return vec![(Output::Program, stage())],
            (_, Target::Slate(slate)) => layout::card(slate, canvas),
            (_, Target::Clip) => match self.audience_deck.as_ref().filter(|deck| deck.wanted()) {
                Some(deck) => layout::clip_alone(deck.feed, deck.volume, canvas),
                None => stage(),
            },
            (_, Target::Performer(id)) => match self.person(*id) {
                Some(person) => layout::alone(&person, canvas),
                None => stage(),
            },
        };
        vec![(Output::Program, program), (Output::Stage, stage())]
    }

    fn person(&self, id: PerformerId) -> Option<Person> {
        let performer = self.performer(id).ok()?;
        Some(Person {
            feed: performer.feed,
            name: performer.name.clone(),
            hidden: performer.hidden,
            muted: performer.muted,
            volume: performer.volume,
        })
    }

    fn cast(&self) -> Cast {
        let clip = self.deck.as_ref().filter(|deck| deck.wanted());
        Cast {
            layout: self.scene.layout,
            focus: self.scene.focus.and_then(|id| self.on_air.iter().position(|host| *host == id)),
            slate: self.scene.slate.clone(),
            hosts: self.on_air.iter().filter_map(|id| self.person(*id)).collect(),
            clip: clip.map(|deck| Shot { feed: deck.feed, volume: deck.volume }),
            title: self.show.title.clone(),
        }
    }
}
