//! Which WebRTC session belongs to whom, and who waits for an answer.

use palco_base::{Class, Fault, FeedId, PerformerId, SessionId, ShowId};
use palco_sfu::{CloseReason, Command, Event};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// What a session does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// A performer publishes.
    Publisher(PerformerId),
    /// A viewer of the house watches the Program.
    Audience,
    /// A performer looks at another, or at the stage.
    Performer(PerformerId),
    /// A director looks at anything.
    Director,
}

/// One session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Session {
    pub(crate) show: ShowId,
    pub(crate) part: Part,
    /// What it publishes into, or plays.
    pub(crate) feed: FeedId,
    connected: bool,
}

/// How many of a show's sessions play, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct House {
    /// Viewers.
    pub(crate) viewers: u32,
    /// Performers and directors.
    pub(crate) previews: u32,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<SessionId, Session>,
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
        show: ShowId,
        part: Part,
        feed: FeedId,
    ) -> oneshot::Receiver<Result<String, Fault>> {
        let (answer, wait) = oneshot::channel();
        let mut table = self.table();
        table.sessions.insert(id, Session { show, part, feed, connected: false });
        table.waiting.insert(id, answer);
        wait
    }

    /// Forgets a session that was never asked for after all.
    pub(crate) fn forget(&self, id: SessionId) {
        let mut table = self.table();
        table.sessions.remove(&id);
        table.waiting.remove(&id);
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<Session> {
        self.table().sessions.get(&id).copied()
    }

    /// The show whose performer publishes into this feed.
    pub(crate) fn show_of_feed(&self, feed: FeedId) -> Option<ShowId> {
        let publishes = |s: &&Session| s.feed == feed && matches!(s.part, Part::Publisher(_));
        self.table().sessions.values().find(publishes).map(|s| s.show)
    }

    pub(crate) fn house(&self, show: ShowId) -> House {
        let mut house = House::default();
        for session in self.table().sessions.values().filter(|s| s.show == show && s.connected) {
            match session.part {
                Part::Audience => house.viewers += 1,
                Part::Performer(_) | Part::Director => house.previews += 1,
                Part::Publisher(_) => {}
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
        let picked = table.sessions.iter().filter(|(_, s)| s.show == show && which(s));
        picked.map(|(&session, _)| Command::Close { session, reason }).collect()
    }

    /// Takes note of what the shard says; gives the session it is about, as it was before.
    pub(crate) fn note(&self, event: &Event) -> Option<(SessionId, Session)> {
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
                    let fault = Fault::new(Class::Unavailable, "session_closed", "The session ended before it began.");
                    let _ = waiting.send(Err(fault.hint("Try again.")));
                }
                table.sessions.remove(session).map(|before| (*session, before))
            }
            Event::FeedChanged { .. } | Event::FeedFrame { .. } | Event::KeyFrameWanted { .. } | Event::Stats(_) => None,
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
        let mut wait = sessions.expect(id, show, Part::Audience, feed);
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
        let mut wait = sessions.expect(id, ShowId::new(1), Part::Director, FeedId::new(3));
        let fault = Fault::invalid("sdp_broken", "No.");
        sessions.note(&Event::Answered { session: id, answer: Err(fault.clone()) });
        assert_eq!(wait.try_recv().expect("answered"), Err(fault));
        assert!(sessions.get(id).is_none());
    }
}
