//! What commands change. Each checks everything first and changes things last, so that a
//! refused command has changed nothing.

use crate::stage::unknown_performer;
use crate::{
    Clip, Command, Effect, Now, Performer, PerformerPatch, Phase, Role, ScenePatch, ShowPatch, Stage, Target,
    ViewersOut, rules,
};
use palco_base::{Fault, PerformerId};
use palco_mix::wire::Transition;

impl Stage {
    pub(crate) fn command(&mut self, command: Command, now: Now) -> Result<(), Fault> {
        match command {
            Command::PatchShow(patch) => self.patch_show(patch),
            Command::Start => self.start(now),
            Command::Pause => self.pause(),
            Command::Resume => self.resume(),
            Command::End => self.end(now),
            Command::AddPerformer { id, feed, invitation, name, role } => {
                let performer = Performer {
                    id,
                    feed,
                    name: rules::performer_name(&name)?,
                    role,
                    muted: false,
                    hidden: false,
                    volume: 1.0,
                    invitation,
                };
                self.add_performer(performer)
            }
            Command::PatchPerformer { performer, patch } => self.patch_performer(performer, patch),
            Command::RemovePerformer { performer } => self.remove_performer(performer),
            Command::SetScene(patch) => self.set_scene(patch),
            Command::AddClip(clip) => self.add_clip(clip),
            Command::RemoveClip { clip } => self.remove_clip(clip),
            Command::PlayClip { clip, options, take } => self.play_clip(clip, options, take, now.media),
            Command::PauseClip { clip } => self.pause_clip(clip, now.media),
            Command::SeekClip { clip, position } => self.seek_clip(clip, position, now.media),
            Command::StopClip { clip } => self.stop_clip(clip),
            Command::PatchPlayback { clip, options } => self.patch_playback(clip, options, now.media),
            Command::SendAudience(to) => self.send_audience(to, now.media),
        }
    }

    fn patch_show(&mut self, patch: ShowPatch) -> Result<(), Fault> {
        let mut show = self.show.clone();
        if let Some(slug) = patch.slug {
            show.slug = rules::slug(&slug)?;
        }
        if let Some(title) = patch.title {
            show.title = rules::title(&title)?;
        }
        if let Some(description) = patch.description {
            show.description = rules::description(&description)?;
        }
        if let Some(starts_at) = patch.starts_at {
            show.starts_at = starts_at;
        }
        if let Some(most) = patch.max_on_air {
            show.max_on_air = rules::max_on_air(most)?;
            if usize::from(most) < self.on_air.len() {
                return Err(Fault::conflict("stage_full", "More hosts than that are on air now.")
                    .hint("Take somebody off the stage first."));
            }
        }
        if let Some(canvas) = patch.canvas.filter(|canvas| *canvas != show.canvas) {
            if show.phase.open() {
                return Err(Fault::conflict(
                    "show_live",
                    "The shape of the picture cannot change during the show.",
                ));
            }
            show.canvas = canvas;
        }
        let door_changed = patch.door.is_some_and(|door| door != show.door);
        if let Some(door) = patch.door {
            show.door = door;
        }
        // The right to watch is asked again of everybody when the rule changes.
        if door_changed && show.phase.open() {
            self.effects.push_back(Effect::CloseViewers(ViewersOut::DoorChanged));
        }
        // The card says the title until somebody writes something else on it.
        if self.scene.slate.title == self.show.title {
            self.scene.slate.title.clone_from(&show.title);
        }
        self.show = show;
        Ok(())
    }

    fn start(&mut self, now: Now) -> Result<(), Fault> {
        self.not_over()?;
        if self.show.phase != Phase::Scheduled {
            return Err(Fault::conflict("show_live", "The show has started already."));
        }
        self.show.phase = Phase::Live;
        self.show.started_at = Some(now.wall);
        Ok(())
    }

    fn pause(&mut self) -> Result<(), Fault> {
        self.not_over()?;
        if self.show.phase != Phase::Live {
            return Err(Fault::conflict("show_not_live", "Only a live show can be paused."));
        }
        self.show.phase = Phase::Paused;
        Ok(())
    }

    fn resume(&mut self) -> Result<(), Fault> {
        self.not_over()?;
        if self.show.phase != Phase::Paused {
            return Err(Fault::conflict("show_not_paused", "The show is not paused."));
        }
        self.show.phase = Phase::Live;
        Ok(())
    }

    fn end(&mut self, now: Now) -> Result<(), Fault> {
        self.not_over()?;
        if !self.show.phase.open() {
            return Err(Fault::conflict("show_not_live", "The show has not started."));
        }
        self.show.phase = Phase::Over;
        self.show.ended_at = Some(now.wall);
        self.deck = None;
        self.audience_deck = None;
        self.target = Target::Program;
        self.effects.push_back(Effect::CloseViewers(ViewersOut::ShowEnded));
        Ok(())
    }

    fn add_performer(&mut self, performer: Performer) -> Result<(), Fault> {
        self.not_over()?;
        if self.performers.len() >= rules::MAX_PERFORMERS {
            return Err(Fault::conflict("too_many_performers", "A show can have 64 performers.")
                .hint("Remove somebody first."));
        }
        let known = |p: &Performer| p.id == performer.id || p.feed == performer.feed;
        if self.performers.iter().any(known) {
            return Err(Fault::conflict("performer_exists", "This performer is here already."));
        }
        if performer.role == Role::Host {
            self.room_on_air()?;
            self.on_air.push(performer.id);
        }
        self.performers.push(performer);
        Ok(())
    }

    fn room_on_air(&self) -> Result<(), Fault> {
        if self.on_air.len() >= usize::from(self.show.max_on_air) {
            let most = self.show.max_on_air;
            return Err(Fault::conflict("stage_full", format!("The stage is full: {most} can be on air."))
                .hint("Take somebody off the stage first."));
        }
        Ok(())
    }

    fn patch_performer(&mut self, id: PerformerId, patch: PerformerPatch) -> Result<(), Fault> {
        let mut next = self.performer(id)?.clone();
        if let Some(name) = patch.name {
            next.name = rules::performer_name(&name)?;
        }
        if let Some(volume) = patch.volume {
            next.volume = rules::volume(volume)?;
        }
        next.muted = patch.muted.unwrap_or(next.muted);
        next.hidden = patch.hidden.unwrap_or(next.hidden);
        let was_host = next.role == Role::Host;
        if let Some(role) = patch.role {
            self.not_over()?;
            if role == Role::Host && !was_host {
                self.room_on_air()?;
            }
            next.role = role;
        }
        if patch.place.is_some() && next.role != Role::Host {
            return Err(Fault::conflict("not_on_air", "Only somebody on the stage has a place there."));
        }
        match (was_host, next.role == Role::Host) {
            (false, true) => self.on_air.push(id),
            (true, false) => self.leave_air(id),
            _ => {}
        }
        if let Some(place) = patch.place {
            self.on_air.retain(|other| *other != id);
            self.on_air.insert(place.min(self.on_air.len()), id);
        }
        *self.performer_mut(id)? = next;
        Ok(())
    }

    fn leave_air(&mut self, id: PerformerId) {
        self.on_air.retain(|other| *other != id);
        if self.scene.focus == Some(id) {
            self.scene.focus = None;
        }
    }

    fn remove_performer(&mut self, id: PerformerId) -> Result<(), Fault> {
        let feed = self.performer(id)?.feed;
        self.performers.retain(|p| p.id != id);
        self.leave_air(id);
        self.media.remove(&id);
        self.told.forget_feed_rules(feed);
        if self.target == Target::Performer(id) {
            self.target = Target::Program;
        }
        self.effects.push_back(Effect::PerformerRemoved { performer: id, feed });
        Ok(())
    }

    fn set_scene(&mut self, patch: ScenePatch) -> Result<(), Fault> {
        self.not_over()?;
        if let Some(Some(focus)) = patch.focus
            && !self.on_air.contains(&focus)
        {
            return Err(unknown_performer());
        }
        if patch.layout.shows_clip() && !self.deck.as_ref().is_some_and(crate::deck::Deck::wanted) {
            return Err(Fault::conflict("no_clip", "No clip is loaded.").hint("Play a clip first."));
        }
        let slate = patch.slate.map(rules::slate).transpose()?;
        let too_long =
            matches!(patch.transition, Some(Transition::Fade { millis }) if millis > rules::MAX_FADE_MILLIS);
        if too_long {
            return Err(Fault::invalid("transition_invalid", "A fade takes at most 5000 ms."));
        }
        // The director has chosen: a clip that ends later does not undo it.
        if !patch.layout.shows_clip()
            && let Some(deck) = &mut self.deck
        {
            deck.return_scene = None;
        }
        self.scene.layout = patch.layout;
        self.scene.focus = patch.focus.unwrap_or(self.scene.focus);
        self.scene.slate = slate.unwrap_or_else(|| self.scene.slate.clone());
        self.scene.transition = patch.transition.unwrap_or(self.scene.transition);
        Ok(())
    }

    fn add_clip(&mut self, mut clip: Clip) -> Result<(), Fault> {
        clip.name = rules::clip_name(&clip.name)?;
        if self.clips.len() >= rules::MAX_CLIPS {
            return Err(
                Fault::conflict("too_many_clips", "A show can have 500 clips.").hint("Delete some first.")
            );
        }
        if self.clips.iter().any(|c| c.id == clip.id) {
            return Err(Fault::conflict("clip_exists", "This clip is here already."));
        }
        self.clips.push(clip);
        Ok(())
    }
}
