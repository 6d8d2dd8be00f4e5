//! Deadlines of sessions and feeds, the nearest first.

use crate::session::Session;
use crate::slab::Slot;
use palco_base::FeedId;
use std::collections::BTreeSet;
use std::time::Instant;

/// Whose deadline.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Timer {
    Session(Slot),
    Feed(FeedId),
}

/// A timer set too early only looks again when it rings. So a deadline that moves away, which is
/// what each packet does, costs a comparison.
#[derive(Default)]
pub(crate) struct Timers {
    set: BTreeSet<(Instant, Timer)>,
}

impl Timers {
    pub(crate) fn next(&self) -> Option<Instant> {
        self.set.first().map(|(at, _)| *at)
    }

    /// Takes a timer that is due. Its owner must forget that it was set.
    pub(crate) fn ring(&mut self, now: Instant) -> Option<Timer> {
        self.set
            .first()
            .is_some_and(|(at, _)| *at <= now)
            .then(|| self.set.pop_first())?
            .map(|(_, timer)| timer)
    }

    pub(crate) fn remove(&mut self, at: Instant, timer: Timer) {
        self.set.remove(&(at, timer));
    }

    /// Sets a timer for `at`; `set` is what its owner has set now.
    pub(crate) fn arm(&mut self, timer: Timer, set: &mut Option<Instant>, at: Instant) {
        if set.is_some_and(|set| set <= at) {
            return;
        }
        if let Some(set) = *set {
            self.set.remove(&(set, timer));
        }
        self.set.insert((at, timer));
        *set = Some(at);
    }

    pub(crate) fn arm_session(&mut self, slot: Slot, session: &mut Session) {
        if let Some(at) = session.deadline() {
            self.arm(Timer::Session(slot), &mut session.timer, at);
        }
    }
}
