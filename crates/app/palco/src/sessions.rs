//! Which WebRTC session belongs to whom, and who waits for an answer.

use palco_base::{Class, Fault, FeedId, SessionId, ShowId, ViewerId};
use palco_sfu::{CloseReason, Command, Event};
use palco_web::{Media, Session};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// One session: what the web knows of it, and what the media side does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) session: Session,
    /// What it publishes into, or plays.
    pub(crate) feed: FeedId,
    /// Whose it is, if their player said so.
    pub(crate) viewer: Option<ViewerId>,
    connected: bool,
    /// Its owner ended it; what it was is still of use until the media side has ended it too.
    left: bool,
}

/// How many of a show's sessions play, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct House {
    /// Viewers.
    pub(crate) viewers: u32,
    /// Performers and directors who look at what the mixer makes.
    pub(crate) previews: u32,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<SessionId, Entry>,
    waiting: HashMap<SessionId, oneshot::Sender<Result<String, Fault>>>,
}

/// All sessions of this server.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Table>);

impl Sessions {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Each change below is one insertion or removal: a poisoned table is still a whole one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a session that is about to be asked for; the answer comes on the receiver.
    pub(crate) fn expect(
        &self,
        id: SessionId,
        session: Session,
        feed: FeedId,
        viewer: Option<ViewerId>,
    ) -> oneshot::Receiver<Result<String, Fault>> {
        let (answer, wait) = oneshot::channel();
        let mut table = self.table();
        table.sessions.insert(id, Entry { session, feed, viewer, connected: false, left: false });
        table.waiting.insert(id, answer);
        wait
    }

    /// Forgets a session that was never asked for after all.
    pub(crate) fn forget(&self, id: SessionId) {
        let mut table = self.table();
        table.sessions.remove(&id);
        table.waiting.remove(&id);
    }

    /// A session that nobody has ended.
    pub(crate) fn get(&self, id: SessionId) -> Option<Entry> {
        self.table().sessions.get(&id).filter(|entry| !entry.left).copied()
    }

    /// Its owner ended it: from now on it is not there any more.
    pub(crate) fn leave(&self, id: SessionId) {
        if let Some(entry) = self.table().sessions.get_mut(&id) {
            entry.left = true;
        }
    }

    /// The show whose performer publishes into this feed.
    pub(crate) fn show_of_feed(&self, feed: FeedId) -> Option<ShowId> {
        let publishes = |e: &&Entry| e.feed == feed && matches!(e.session.media, Media::Publish(_));
        self.table().sessions.values().find(publishes).map(|e| e.session.show)
    }

    pub(crate) fn house(&self, show: ShowId) -> House {
        let mut house = House::default();
        for entry in self.table().sessions.values().filter(|e| e.session.show == show && e.connected) {
            match entry.session.media {
                Media::Watch => house.viewers += 1,
                // They need the mixer; who looks at a performer does not.
                Media::Preview | Media::Stage => house.previews += 1,
                Media::Performer(_) | Media::Publish(_) => {}
            }
        }
        house
    }

    /// The commands that close every session of a show that `which` picks.
    pub(crate) fn close(
        &self,
        show: ShowId,
        reason: CloseReason,
        which: impl Fn(&Session) -> bool,
    ) -> Vec<Command> {
        let table = self.table();
        let picked = table.sessions.iter().filter(|(_, e)| e.session.show == show && which(&e.session));
        picked.map(|(&session, _)| Command::Close { session, reason }).collect()
    }

    /// The commands that point every session of a show that plays the stage's mix at `feed`.
    pub(crate) fn switch_stage(&self, show: ShowId, feed: FeedId) -> Vec<Command> {
        let mut table = self.table();
        let plays = |e: &Entry| e.session.show == show && e.session.media == Media::Stage && e.feed != feed;
        let picked = table.sessions.iter_mut().filter(|(_, e)| plays(e));
        picked
            .map(|(&session, entry)| {
                entry.feed = feed;
                Command::Switch { session, source: feed }
            })
            .collect()
    }

    /// Takes note of what the shard says; gives the session it is about, as it was before.
    pub(crate) fn note(&self, event: &Event) -> Option<(SessionId, Entry)> {
        let mut table = self.table();
        match event {
            Event::Answered { session, answer } => {
                let waiting = table.waiting.remove(session);
                let before = *table.sessions.get(session)?;
                if answer.is_err() {
                    table.sessions.remove(session);
                }
                if let Some(waiting) = waiting {
                    // Nobody waits any more: the client hung up. The session times out by itself.
                    let _ = waiting.send(answer.clone());
                }
                Some((*session, before))
            }
            Event::Connected { session } => {
                let entry = table.sessions.get_mut(session)?;
                let before = *entry;
                entry.connected = true;
                Some((*session, before))
            }
            Event::Closed { session, .. } => {
                if let Some(waiting) = table.waiting.remove(session) {
                    let fault = Fault::new(
                        Class::Unavailable,
                        "session_closed",
                        "The session ended before it began.",
                    );
                    let _ = waiting.send(Err(fault.hint("Try again.")));
                }
                table.sessions.remove(session).map(|before| (*session, before))
            }
            Event::FeedChanged { .. }
            | Event::FeedFrame { .. }
            | Event::KeyFrameWanted { .. }
            | Event::Stats(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_counted_from_connected_to_closed() {
        let sessions = Sessions::default();
        let (show, id, feed) = (ShowId::new(1), SessionId::new(2), FeedId::new(3));
        let mut wait = sessions.expect(id, Session { show, who: None, media: Media::Watch }, feed, None);
        sessions.note(&Event::Answered { session: id, answer: Ok("v=0".into()) });
        assert_eq!(wait.try_recv().expect("answered"), Ok("v=0".into()));
        assert_eq!(sessions.house(show).viewers, 0);
        sessions.note(&Event::Connected { session: id });
        assert_eq!(sessions.house(show).viewers, 1);
        assert_eq!(sessions.house(ShowId::new(9)).viewers, 0);
        sessions.note(&Event::Closed { session: id, reason: CloseReason::ByPeer });
        assert_eq!(sessions.house(show), House::default());
        assert!(sessions.get(id).is_none());
    }

    #[test]
    fn a_refused_session_is_forgotten_and_the_fault_passed_on() {
        let sessions = Sessions::default();
        let id = SessionId::new(2);
        let mut wait = sessions.expect(
            id,
            Session { show: ShowId::new(1), who: None, media: Media::Stage },
            FeedId::new(3),
            None,
        );
        let fault = Fault::invalid("sdp_broken", "No.");
        sessions.note(&Event::Answered { session: id, answer: Err(fault.clone()) });
        assert_eq!(wait.try_recv().expect("answered"), Err(fault));
        assert!(sessions.get(id).is_none());
    }
}
