//! Clips: on the stage, and the audience's own.

use crate::deck::Deck;
use crate::{Effect, Layout, PlayOptions, PlayState, Send, Stage, Target, rules};
use palco_base::{ClipId, Fault, MediaTime};

impl Stage {
    pub(crate) fn play_clip(
        &mut self,
        id: ClipId,
        options: PlayOptions,
        take: bool,
        now: MediaTime,
    ) -> Result<(), Fault> {
        self.not_over()?;
        let volume = options.volume.map(rules::volume).transpose()?;
        let clip = self.clip(id)?.clone();
        let loaded = self.deck.take_if(|deck| deck.clip == id && deck.wanted());
        let mut deck = match loaded {
            Some(mut deck) => {
                // Again from the start after its end, unless told otherwise.
                let from = options.position.or((deck.state == PlayState::Ended).then_some(0));
                deck.turn(PlayState::Playing, now);
                if let Some(from) = from {
                    deck.place(from, now);
                    deck.seek = Some(from);
                }
                deck
            }
            None => {
                let mut deck = Deck::new(self.new_feed(), &clip, options.position.unwrap_or(0), now);
                // One clip after another: in the end the scene before the first returns.
                deck.return_scene = self.deck.take().and_then(|old| old.return_scene);
                deck
            }
        };
        if let Some(looped) = options.looped {
            deck.set_looped(looped, now);
        }
        deck.volume = volume.unwrap_or(deck.volume);
        if take && !self.scene.layout.shows_clip() {
            deck.return_scene = Some(self.scene.clone());
            self.scene.layout = Layout::ClipFull;
        }
        self.deck = Some(deck);
        Ok(())
    }

    /// The deck a clip is loaded on: the stage's if it is there.
    fn loaded(&mut self, id: ClipId) -> Result<&mut Deck, Fault> {
        let decks = [&mut self.deck, &mut self.audience_deck].into_iter().flatten();
        let mut loaded = decks.filter(|deck| deck.clip == id && deck.wanted());
        loaded.next().ok_or_else(|| {
            Fault::conflict("clip_not_loaded", "This clip is not being played.").hint("Play it first.")
        })
    }

    pub(crate) fn pause_clip(&mut self, id: ClipId, now: MediaTime) -> Result<(), Fault> {
        self.clip(id)?;
        let deck = self.loaded(id)?;
        if deck.playing() {
            deck.turn(PlayState::Paused, now);
        }
        Ok(())
    }

    pub(crate) fn seek_clip(&mut self, id: ClipId, position: u64, now: MediaTime) -> Result<(), Fault> {
        self.clip(id)?;
        let deck = self.loaded(id)?;
        // Back from the end, it stands there until it is played.
        if deck.state == PlayState::Ended {
            deck.state = PlayState::Paused;
        }
        deck.place(position, now);
        deck.seek = Some(deck.position(now));
        Ok(())
    }

    pub(crate) fn stop_clip(&mut self, id: ClipId) -> Result<(), Fault> {
        self.clip(id)?;
        if self.deck.as_ref().is_some_and(|deck| deck.clip == id) {
            self.unload();
            return Ok(());
        }
        self.loaded(id)?;
        self.audience_deck = None;
        if self.target == Target::Clip {
            self.target = Target::Program;
        }
        Ok(())
    }

    pub(crate) fn patch_playback(
        &mut self,
        id: ClipId,
        options: PlayOptions,
        now: MediaTime,
    ) -> Result<(), Fault> {
        self.clip(id)?;
        let volume = options.volume.map(rules::volume).transpose()?;
        let deck = self.loaded(id)?;
        if let Some(looped) = options.looped {
            deck.set_looped(looped, now);
        }
        deck.volume = volume.unwrap_or(deck.volume);
        if let Some(position) = options.position {
            self.seek_clip(id, position, now)?;
        }
        Ok(())
    }

    pub(crate) fn remove_clip(&mut self, id: ClipId) -> Result<(), Fault> {
        self.clip(id)?;
        let busy = |deck: &Option<Deck>| {
            deck.as_ref()
                .is_some_and(|d| d.clip == id && matches!(d.state, PlayState::Playing | PlayState::Paused))
        };
        if busy(&self.deck) || busy(&self.audience_deck) {
            return Err(Fault::conflict("clip_on_air", "This clip is being played.").hint("Stop it first."));
        }
        if self.deck.as_ref().is_some_and(|deck| deck.clip == id) {
            self.unload();
        }
        if self.audience_deck.as_ref().is_some_and(|deck| deck.clip == id) {
            self.audience_home();
        }
        self.clips.retain(|clip| clip.id != id);
        self.effects.push_back(Effect::DeleteClip(id));
        Ok(())
    }

    pub(crate) fn send_audience(&mut self, to: Send, now: MediaTime) -> Result<(), Fault> {
        self.not_over()?;
        match to {
            Send::Program => self.audience_home(),
            Send::Slate(slate) => {
                let slate = rules::slate(slate)?;
                self.audience_home();
                self.target = Target::Slate(slate);
            }
            Send::Performer(id) => {
                self.performer(id)?;
                self.audience_home();
                self.target = Target::Performer(id);
            }
            Send::Clip { clip, looped, return_at_end } => {
                let clip = self.clip(clip)?.clone();
                let mut deck = Deck::new(self.new_feed(), &clip, 0, now);
                deck.looped = looped;
                deck.return_at_end = return_at_end;
                self.audience_deck = Some(deck);
                self.target = Target::Clip;
            }
        }
        Ok(())
    }

    fn audience_home(&mut self) {
        self.audience_deck = None;
        self.target = Target::Program;
    }

    /// Takes the clip off the stage; the scene before it returns.
    fn unload(&mut self) {
        self.return_scene();
        self.deck = None;
        if self.scene.layout.shows_clip() {
            self.scene.layout = Layout::Grid;
        }
    }

    fn return_scene(&mut self) {
        let Some(scene) = self.deck.as_mut().and_then(|deck| deck.return_scene.take()) else { return };
        // Slate and focus may have been changed meanwhile; what returns is the layout.
        self.scene.layout = scene.layout;
    }

    /// The clip on the stage came to its end.
    pub(crate) fn deck_ended(&mut self, now: MediaTime) {
        if let Some(deck) = &mut self.deck {
            deck.end(now);
        }
        self.return_scene();
        self.persist_change();
    }

    pub(crate) fn audience_deck_ended(&mut self, now: MediaTime) {
        if let Some(deck) = &mut self.audience_deck {
            deck.end(now);
            if deck.return_at_end {
                self.audience_home();
            }
        }
        self.persist_change();
    }

    /// The clip on the stage cannot be played: the director is told, the scene returns.
    pub(crate) fn deck_failed(&mut self, text: String, now: MediaTime) {
        if let Some(deck) = &mut self.deck {
            deck.fail(text, now);
        }
        self.return_scene();
        if self.scene.layout.shows_clip() {
            self.scene.layout = Layout::Grid;
        }
        self.persist_change();
    }

    /// The audience's clip cannot be played: it is brought back, whatever was asked.
    pub(crate) fn audience_deck_failed(&mut self, text: String, now: MediaTime) {
        if let Some(deck) = &mut self.audience_deck {
            deck.fail(text, now);
        }
        self.target = Target::Program;
        self.persist_change();
    }

    pub(crate) fn persist_change(&mut self) {
        self.effects.push_back(Effect::Persist);
        self.changed();
    }
}
