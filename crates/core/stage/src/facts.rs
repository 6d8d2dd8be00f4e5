//! What facts change, and what time changes by itself.

use crate::deck::{Deck, News};
use crate::stage::Media;
use crate::{Connection, Fact, MixerState, Now, Stage};
use palco_base::{FeedId, MediaTime, PerformerId, SessionId};
use palco_mix::wire::ToMixer;

/// How long the last picture of somebody who dropped out stays up. They mostly come back.
const FORGET_AFTER: MediaTime = MediaTime::from_millis(10_000);

impl Stage {
    pub(crate) fn fact(&mut self, fact: Fact, now: Now) {
        match fact {
            Fact::PublisherConnecting { performer, session } => self.connecting(performer, session),
            Fact::PublisherConnected { performer, session } => self.connected(performer, session),
            Fact::PublisherClosed { performer, session, left } => {
                self.closed(performer, session, left, now.media)
            }
            Fact::FeedChanged { feed, audio, video } => {
                let Some(id) = self.performers.iter().find(|p| p.feed == feed).map(|p| p.id) else { return };
                self.change_media(id, |media| (media.audio, media.video) = (audio, video));
            }
            Fact::MixerStarted => self.mixer_up(now.media),
            Fact::MixerStopped => self.mixer_down(),
            Fact::ClipState { feed, position, duration, playing: _, ended } => {
                // Whether it runs is our decision; a report that crossed it is not news.
                self.clip_report(feed, now.media, |deck, now| deck.report(position, duration, ended, now));
            }
            Fact::ClipFailed { feed, text } => {
                if self.deck.as_ref().is_some_and(|deck| deck.feed == feed && deck.wanted()) {
                    self.deck_failed(text, now.media);
                } else if self.audience_deck.as_ref().is_some_and(|deck| deck.feed == feed && deck.wanted()) {
                    self.audience_deck_failed(text, now.media);
                }
            }
            Fact::Viewers(count) => {
                if std::mem::replace(&mut self.viewers, count) != count {
                    self.changed();
                }
            }
            Fact::Previews(count) => self.previews = count,
        }
    }

    /// What is due: ends of clips, forgotten pictures. The rest is [`Stage::sync`]'s.
    pub(crate) fn timeout(&mut self, now: Now) {
        let now = now.media;
        if self.deck.as_ref().is_some_and(|deck| deck.settle(now) == News::Ended) {
            self.deck_ended(now);
        }
        if self.audience_deck.as_ref().is_some_and(|deck| deck.settle(now) == News::Ended) {
            self.audience_deck_ended(now);
        }
        let due: Vec<PerformerId> = self
            .media
            .iter_mut()
            .filter_map(|(id, media)| media.forget_at.take_if(|at| *at <= now).map(|_| *id))
            .collect();
        for id in due {
            self.forget_picture(id);
        }
    }

    /// Ends clips whose time ran out while no mixer was there to say so.
    pub(crate) fn end_overdue(&mut self, now: MediaTime) {
        if self.deck.as_ref().is_some_and(|deck| deck.overdue(now)) {
            self.deck_ended(now);
        }
        if self.audience_deck.as_ref().is_some_and(|deck| deck.overdue(now)) {
            self.audience_deck_ended(now);
        }
    }

    fn connecting(&mut self, id: PerformerId, session: SessionId) {
        self.change_media(id, |media| {
            media.session = Some(session);
            // Who publishes anew beside a session that still runs stays connected meanwhile.
            if media.connection != Connection::Connected {
                media.connection = Connection::Connecting;
            }
        });
    }

    fn connected(&mut self, id: PerformerId, session: SessionId) {
        let Ok(feed) = self.performer(id).map(|p| p.feed) else { return };
        self.change_media(id, |media| {
            media.session = Some(session);
            media.connection = Connection::Connected;
            media.forget_at = None;
        });
        // The feed may have been opened anew; say again what holds for it.
        self.told.forget_feed_rules(feed);
    }

    fn closed(&mut self, id: PerformerId, session: SessionId, left: bool, now: MediaTime) {
        if self.media.get(&id).is_none_or(|media| media.session != Some(session)) {
            return;
        }
        self.change_media(id, |media| {
            let was_up = media.connection == Connection::Connected || media.forget_at.is_some();
            let connection = if left || !was_up { Connection::Away } else { Connection::Lost };
            *media = Media { connection, ..Media::default() };
            media.forget_at = (connection == Connection::Lost).then(|| now + FORGET_AFTER);
        });
        if left {
            self.forget_picture(id);
        }
    }

    fn change_media(&mut self, id: PerformerId, change: impl FnOnce(&mut Media)) {
        if self.performer(id).is_err() {
            return;
        }
        let media = self.media_mut(id);
        let before = media.clone();
        change(media);
        if *media != before {
            self.changed();
        }
    }

    /// Lets the mixer show the placeholder instead of the last picture: the feed is closed here,
    /// and opened again by what follows, because a host keeps the place.
    fn forget_picture(&mut self, id: PerformerId) {
        let Ok(feed) = self.performer(id).map(|p| p.feed) else { return };
        if self.told.feeds.remove(&feed).is_some() {
            self.say(ToMixer::CloseFeed { feed });
        }
    }

    fn mixer_up(&mut self, now: MediaTime) {
        if !self.told.wanted {
            return;
        }
        self.told.mixer_is_new();
        self.told.tap_again();
        self.unheard();
        self.end_overdue(now);
        self.set_mixer(MixerState::Up);
    }

    fn mixer_down(&mut self) {
        self.told.mixer_is_new();
        self.unheard();
        self.set_mixer(if self.told.wanted { MixerState::Restarting } else { MixerState::Off });
    }

    pub(crate) fn set_mixer(&mut self, state: MixerState) {
        if self.mixer != state {
            self.mixer = state;
            self.changed();
        }
    }

    fn unheard(&mut self) {
        for deck in [&mut self.deck, &mut self.audience_deck].into_iter().flatten() {
            deck.heard = false;
        }
    }

    fn clip_report(&mut self, feed: FeedId, now: MediaTime, report: impl Fn(&mut Deck, MediaTime) -> News) {
        if let Some(deck) = self.deck.as_mut().filter(|deck| deck.feed == feed) {
            match report(deck, now) {
                News::Nothing => {}
                News::Changed => self.changed(),
                News::Ended => self.deck_ended(now),
            }
        } else if let Some(deck) = self.audience_deck.as_mut().filter(|deck| deck.feed == feed) {
            match report(deck, now) {
                News::Nothing => {}
                News::Changed => self.changed(),
                News::Ended => self.audience_deck_ended(now),
            }
        }
    }
}
