//! One clip being played: where it is, by our clock and by what the mixer says.

use crate::{Clip, Now, PlayState, Playback, Scene, WallTime};
use palco_base::{ClipId, FeedId, MediaTime};
use serde::{Deserialize, Serialize};

/// After we told the mixer something, what it says may still be older than that.
const SETTLE: MediaTime = MediaTime::from_millis(400);
/// What the mixer says about the position is news only if it is further off than this.
const DRIFT: u64 = 750;

#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Deck {
    pub(crate) feed: FeedId,
    pub(crate) clip: ClipId,
    pub(crate) state: PlayState,
    pub(crate) looped: bool,
    pub(crate) volume: f32,
    pub(crate) error: Option<String>,
    pub(crate) duration: Option<u64>,
    /// The scene that returns when this clip stops or ends (the stage's clip).
    pub(crate) return_scene: Option<Scene>,
    /// Whether its end brings the audience back (the audience's clip).
    pub(crate) return_at_end: bool,
    /// A place to go to that the mixer has not been told.
    pub(crate) seek: Option<u64>,
    /// Whether a mixer ever had it open: until then its clock stands.
    pub(crate) opened: bool,
    /// Whether the mixer that has it open now has said anything of it.
    pub(crate) heard: bool,
    /// ms, true at `at`.
    position: u64,
    at: MediaTime,
    settle_until: MediaTime,
    claimed_end: bool,
}

/// A deck as stored.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct DeckRecord {
    feed: FeedId,
    clip: ClipId,
    state: PlayState,
    looped: bool,
    volume: f32,
    error: Option<String>,
    return_scene: Option<Scene>,
    return_at_end: bool,
    position: u64,
    at: WallTime,
}

impl DeckRecord {
    pub(crate) fn clip(&self) -> ClipId {
        self.clip
    }
}

/// What a report of the mixer means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum News {
    /// As expected.
    Nothing,
    /// The snapshot differs.
    Changed,
    /// It came to its end.
    Ended,
}

impl Deck {
    pub(crate) fn new(feed: FeedId, clip: &Clip, position: u64, now: MediaTime) -> Self {
        Self {
            feed,
            clip: clip.id,
            state: PlayState::Playing,
            looped: false,
            volume: 1.0,
            error: None,
            duration: clip.duration,
            return_scene: None,
            return_at_end: false,
            seek: None,
            opened: false,
            heard: false,
            position: clip.duration.map_or(position, |d| position.min(d)),
            at: now,
            settle_until: now,
            claimed_end: false,
        }
    }

    /// ms from the beginning, now.
    pub(crate) fn position(&self, now: MediaTime) -> u64 {
        if self.state != PlayState::Playing || !self.opened {
            return self.position;
        }
        let run = u64::try_from((now - self.at).millis()).unwrap_or(0);
        let position = self.position.saturating_add(run);
        match self.duration {
            Some(0) => 0,
            Some(duration) if self.looped => position % duration,
            Some(duration) => position.min(duration),
            // A still picture has no position; a sound of unknown length has.
            None => position,
        }
    }

    /// Makes `position` true from now on.
    pub(crate) fn place(&mut self, position: u64, now: MediaTime) {
        self.position = self.duration.map_or(position, |d| position.min(d));
        self.at = now;
        self.claimed_end = false;
    }

    /// Changes between running and standing, keeping the place.
    pub(crate) fn turn(&mut self, state: PlayState, now: MediaTime) {
        let position = self.position(now);
        self.place(position, now);
        self.state = state;
    }

    pub(crate) fn set_looped(&mut self, looped: bool, now: MediaTime) {
        let position = self.position(now);
        self.place(position, now);
        self.looped = looped;
    }

    pub(crate) fn playing(&self) -> bool {
        self.state == PlayState::Playing
    }

    /// Whether the mixer should have it open.
    pub(crate) fn wanted(&self) -> bool {
        self.state != PlayState::Failed
    }

    /// The mixer was told something about it.
    pub(crate) fn told(&mut self, now: MediaTime) {
        if !self.opened {
            self.opened = true;
            self.at = now;
        }
        self.seek = None;
        self.settle_until = now + SETTLE;
    }

    /// The mixer says where it is.
    pub(crate) fn report(
        &mut self,
        position: u64,
        duration: Option<u64>,
        ended: bool,
        now: MediaTime,
    ) -> News {
        let first = !std::mem::replace(&mut self.heard, true);
        let longer = duration.is_some() && duration != self.duration;
        if longer {
            self.duration = duration;
        }
        self.claimed_end = ended && self.playing();
        if now < self.settle_until && !first {
            return if longer { News::Changed } else { News::Nothing };
        }
        if self.claimed_end {
            return News::Ended;
        }
        if !self.playing() {
            return if longer { News::Changed } else { News::Nothing };
        }
        let expected = self.position(now);
        self.position = self.duration.map_or(position, |d| position.min(d));
        self.at = now;
        if longer || expected.abs_diff(position) > DRIFT { News::Changed } else { News::Nothing }
    }

    /// When [`Deck::settle`] has something to say.
    pub(crate) fn deadline(&self) -> Option<MediaTime> {
        (self.claimed_end && self.playing()).then_some(self.settle_until)
    }

    /// An end that was claimed while we were not sure, and not taken back since.
    pub(crate) fn settle(&self, now: MediaTime) -> News {
        let due = self.deadline().is_some_and(|at| at <= now);
        if due { News::Ended } else { News::Nothing }
    }

    /// Whether its time is over by our own clock (no mixer was there to say so).
    pub(crate) fn overdue(&self, now: MediaTime) -> bool {
        let end = self.duration.filter(|_| !self.looped && self.playing() && self.opened);
        end.is_some_and(|duration| self.position(now) >= duration)
    }

    pub(crate) fn end(&mut self, now: MediaTime) {
        let end = self.duration.unwrap_or_else(|| self.position(now));
        self.state = PlayState::Ended;
        self.place(end, now);
    }

    pub(crate) fn fail(&mut self, text: String, now: MediaTime) {
        self.turn(PlayState::Failed, now);
        self.error = Some(text);
    }

    pub(crate) fn view(&self, now: Now) -> Playback {
        Playback {
            feed: self.feed,
            clip: self.clip,
            state: self.state,
            position: self.position(now.media),
            at: now.wall,
            duration: self.duration,
            looped: self.looped,
            volume: self.volume,
            error: self.error.clone(),
        }
    }

    pub(crate) fn record(&self, now: Now) -> DeckRecord {
        DeckRecord {
            feed: self.feed,
            clip: self.clip,
            state: self.state,
            looped: self.looped,
            volume: self.volume,
            error: self.error.clone(),
            return_scene: self.return_scene.clone(),
            return_at_end: self.return_at_end,
            position: self.position(now.media),
            at: now.wall,
        }
    }

    /// From what was stored: a clip that ran has run on meanwhile.
    pub(crate) fn restore(record: DeckRecord, clip: &Clip, now: Now) -> Self {
        let mut deck = Self::new(record.feed, clip, record.position, now.media);
        let away = now.wall.unix_millis().saturating_sub(record.at.unix_millis()).max(0);
        deck.state = record.state;
        deck.looped = record.looped;
        deck.volume = record.volume;
        deck.error = record.error;
        deck.return_scene = record.return_scene;
        deck.return_at_end = record.return_at_end;
        deck.opened = true;
        deck.at = now.media - MediaTime::from_millis(away);
        deck
    }
}
