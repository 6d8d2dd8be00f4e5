//! Who is there: one entry per viewer, whichever side knows of them.

use crate::api::{Input, Output, Sighting, Way, Why};
use crate::report::{ByWay, Report};
use crate::timeline::Sample;
use palco_base::{MediaTime, Now, SessionId, ViewerId};
use std::collections::BTreeMap;

/// Viewers known at once, at most.
pub const MOST_VIEWERS: usize = 65_536;
/// A viewer of whom nothing was heard for so long is not there any more. Players tell every 15 s.
pub const SILENCE: MediaTime = MediaTime::from_millis(45_000);
/// How often the silent are looked for.
const SWEEP: MediaTime = MediaTime::from_millis(5_000);
/// How often the report is kept: what `kill -9` may cost.
const KEEP: MediaTime = MediaTime::from_millis(60_000);
/// A player's clock may run ahead of ours by so much between two sightings.
const SLACK: MediaTime = MediaTime::from_millis(5_000);

#[derive(Debug)]
struct Viewer {
    way: Way,
    /// The last sign of life.
    heard: MediaTime,
    /// The last sighting, or when they came: they cannot have watched for longer.
    told: MediaTime,
    /// Their sessions that are up.
    sessions: u32,
    /// Their player tells.
    tells: bool,
    /// How long joining took is known.
    joined: bool,
    /// They ended their session themselves, and nothing was heard since.
    parted: bool,
}

/// See the crate.
#[derive(Debug, Default)]
pub struct House {
    open: bool,
    viewers: BTreeMap<ViewerId, Viewer>,
    sessions: BTreeMap<SessionId, ViewerId>,
    now: ByWay<u32>,
    report: Report,
    /// What was told since the last sample, in ms.
    step: (u64, u64),
    sample_at: Option<MediaTime>,
    sweep_at: Option<MediaTime>,
    keep_at: Option<MediaTime>,
    outputs: Vec<Output>,
}

impl House {
    /// The house of a show, empty; or as it was kept before the server stopped.
    #[must_use]
    pub fn new(kept: Option<Report>) -> Self {
        let mut report = kept.unwrap_or_default();
        let inside = report.present();
        report.left.stopped += inside;
        Self { report, ..Self::default() }
    }

    /// All numbers so far.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Who is there now.
    #[must_use]
    pub const fn present(&self) -> ByWay<u32> {
        self.now
    }

    /// When [`Input::Timeout`] is due.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        [self.sample_at, self.sweep_at, self.keep_at].into_iter().flatten().min()
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop()
    }

    /// Takes in what happened. While the doors are closed nobody comes.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Doors { open: true } => self.open(now),
            Input::Doors { open: false } => self.close(now),
            Input::Timeout => self.timeout(now),
            _ if !self.open => {}
            Input::Connected { session, viewer } => self.connected(session, viewer, now),
            Input::Closed { session, why } => self.closed(session, why, now),
            Input::Read { viewer } => {
                self.heard(viewer, Way::Hls, true, now);
            }
            Input::Said { viewer, sighting } => self.said(viewer, sighting, now),
        }
    }

    fn open(&mut self, now: Now) {
        if self.open || self.report.ended.is_some() {
            return;
        }
        self.open = true;
        self.report.began.get_or_insert(now.wall);
        self.sample_at = Some(now.media + self.report.timeline.step());
        self.sweep_at = Some(now.media + SWEEP);
        self.keep_at = Some(now.media + KEEP);
        self.keep();
    }

    fn close(&mut self, now: Now) {
        if !self.open {
            return;
        }
        self.sample(now);
        self.open = false;
        for viewer in std::mem::take(&mut self.viewers).into_values() {
            self.gone(&viewer, Why::Ended);
        }
        self.sessions.clear();
        self.report.ended = Some(now.wall);
        (self.sample_at, self.sweep_at, self.keep_at) = (None, None, None);
        self.keep();
    }

    fn timeout(&mut self, now: Now) {
        let due = |at: Option<MediaTime>| at.is_some_and(|at| at <= now.media);
        if due(self.sweep_at) {
            self.sweep(now);
            self.sweep_at = Some(now.media + SWEEP);
        }
        if due(self.sample_at) {
            self.sample(now);
            self.sample_at = Some(now.media + self.report.timeline.step());
        }
        if due(self.keep_at) {
            self.keep();
            self.keep_at = Some(now.media + KEEP);
        }
    }

    /// Who was silent for too long is gone; a session that is up is a sign of life.
    fn sweep(&mut self, now: Now) {
        let silent = |viewer: &Viewer| viewer.sessions == 0 && now.media - viewer.heard >= SILENCE;
        let gone: Vec<ViewerId> =
            self.viewers.iter().filter(|(_, viewer)| silent(viewer)).map(|(id, _)| *id).collect();
        for id in gone {
            let parted = self.viewers.get(&id).is_some_and(|viewer| viewer.parted);
            self.leave(id, if parted { Why::Left } else { Why::Lost });
        }
    }

    fn sample(&mut self, now: Now) {
        let (watched_ms, frozen_ms) = std::mem::take(&mut self.step);
        self.report.timeline.push(Sample { at: now.wall, viewers: self.now, watched_ms, frozen_ms });
    }

    fn keep(&mut self) {
        // Nobody has use for the one before it.
        self.outputs.clear();
        self.outputs.push(Output::Keep(Box::new(self.report.clone())));
    }

    /// A sign of life of a viewer, who is let in if they are new. None if there is no room.
    fn heard(&mut self, id: ViewerId, way: Way, new: bool, now: Now) -> Option<&mut Viewer> {
        if !self.viewers.contains_key(&id) {
            if self.viewers.len() >= MOST_VIEWERS {
                // Each knock of somebody unknown is one: who they are is what cannot be kept.
                self.report.uncounted += 1;
                return None;
            }
            *(if new { &mut self.report.came } else { &mut self.report.returned }) += 1;
            *self.now.of_mut(way) += 1;
            let viewer = Viewer {
                way,
                heard: now.media,
                told: now.media,
                sessions: 0,
                tells: false,
                joined: false,
                parted: false,
            };
            self.viewers.insert(id, viewer);
            if self.now.sum() > self.report.peak {
                self.report.peak = self.now.sum();
                self.report.peak_at = Some(now.wall);
            }
        }
        let viewer = self.viewers.get_mut(&id)?;
        viewer.heard = now.media;
        viewer.parted = false;
        Some(viewer)
    }

    fn connected(&mut self, session: SessionId, id: ViewerId, now: Now) {
        if self.sessions.contains_key(&session) {
            return;
        }
        let Some(viewer) = self.heard(id, Way::Webrtc, true, now) else { return };
        viewer.sessions += 1;
        let tells = viewer.tells;
        self.sessions.insert(session, id);
        // A player that tells knows better what is on screen.
        if !tells {
            self.stands(id, Way::Webrtc);
        }
    }

    fn closed(&mut self, session: SessionId, why: Why, now: Now) {
        let Some(id) = self.sessions.remove(&session) else { return };
        let Some(viewer) = self.viewers.get_mut(&id) else { return };
        viewer.sessions = viewer.sessions.saturating_sub(1);
        viewer.heard = now.media;
        viewer.parted = why == Why::Left;
        let for_good = matches!(why, Why::Removed | Why::Ended);
        // Whoever tells may go on by another way, and says so if not.
        if for_good || (viewer.sessions == 0 && !viewer.tells) {
            self.leave(id, why);
        }
    }

    fn said(&mut self, id: ViewerId, sighting: Sighting, now: Now) {
        // The last word of somebody who is gone already.
        if sighting.leaving && !self.viewers.contains_key(&id) {
            return;
        }
        let Some(viewer) = self.heard(id, sighting.way, sighting.number == 0, now) else { return };
        let first = !std::mem::replace(&mut viewer.tells, true);
        let since = now.media - viewer.told;
        viewer.told = now.media;
        // Before the first sighting they were known for less than they watched: joining took a
        // while before the server heard of it.
        let most = since + SLACK;
        let watched = sighting.watched.clamp(MediaTime::ZERO, most);
        let frozen = sighting.frozen.clamp(MediaTime::ZERO, watched);
        let joins = sighting.joined.filter(|_| !std::mem::replace(&mut viewer.joined, true));
        let millis = |span: MediaTime| span.millis().unsigned_abs();
        self.step.0 += millis(watched);
        self.step.1 += millis(frozen);
        let report = &mut self.report;
        report.sightings += 1;
        report.watched_ms += millis(watched);
        report.frozen_ms += millis(frozen);
        // No picture stands still more often than there are pictures.
        report.freezes += u64::from(sighting.freezes).min(millis(watched) / 30);
        if let Some(joined) = joins {
            report.join.of_mut(sighting.way).add(joined);
        }
        if let Some(delay) = sighting.delay {
            report.delay.of_mut(sighting.way).add(delay);
        }
        if first {
            self.stands(id, sighting.way);
        } else {
            self.moves(id, sighting.way);
        }
        if sighting.leaving {
            self.leave(id, Why::Left);
        }
    }

    /// A viewer is found to get the show by this way. Gives whether that is news.
    fn stands(&mut self, id: ViewerId, way: Way) -> bool {
        let Some(viewer) = self.viewers.get_mut(&id) else { return false };
        let before = std::mem::replace(&mut viewer.way, way);
        if before == way {
            return false;
        }
        *self.now.of_mut(before) -= 1;
        *self.now.of_mut(way) += 1;
        true
    }

    /// The same, and it is a move from one to the other.
    fn moves(&mut self, id: ViewerId, way: Way) {
        if self.stands(id, way) {
            *self.report.moved.of_mut(way) += 1;
        }
    }

    fn leave(&mut self, id: ViewerId, why: Why) {
        let Some(viewer) = self.viewers.remove(&id) else { return };
        if viewer.sessions > 0 {
            self.sessions.retain(|_, of| *of != id);
        }
        self.gone(&viewer, why);
    }

    fn gone(&mut self, viewer: &Viewer, why: Why) {
        *self.now.of_mut(viewer.way) -= 1;
        *self.report.left.of_mut(why) += 1;
    }
}
