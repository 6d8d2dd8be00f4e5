//! Which opening of each ticket's seat counts, in memory: asked on every WHEP offer, playlist and
//! segment. The books have the same numbers, for the next start.

use palco_base::{Class, Fault, TicketId, ViewerId};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A screen that has not renewed its grant for so long is closed. Pages renew every minute; browsers let
/// a tab that nobody looks at do so only once in a minute.
const SILENCE: Duration = Duration::from_secs(150);

#[derive(Clone, Copy, Debug)]
struct Sitting {
    /// The opening that counts.
    version: u32,
    /// The ticket was given back.
    void: bool,
    /// On whose screen it is open, and when that was last heard of.
    open: Option<(ViewerId, Instant)>,
}

/// All seats that were ever opened.
pub(crate) struct Seats {
    sittings: Mutex<HashMap<TicketId, Sitting>>,
    /// Grows whenever a right may have ended.
    rights: watch::Sender<u64>,
}

impl Default for Seats {
    fn default() -> Self {
        Self { sittings: Mutex::default(), rights: watch::channel(0).0 }
    }
}

pub(crate) fn ticket_void() -> Fault {
    Fault::new(Class::Forbidden, "ticket_void", "This ticket was given back.")
        .hint("Look at its page, or buy a new one.")
}

fn seat_taken() -> Fault {
    Fault::new(Class::Forbidden, "seat_taken", "Your seat was opened on another screen.")
        .hint("Open it here again to go on here.")
}

fn seat_open() -> Fault {
    Fault::conflict("seat_open", "Your seat is open on another screen. Watch here instead?")
}

impl Seats {
    fn sittings(&self) -> MutexGuard<'_, HashMap<TicketId, Sitting>> {
        // Each change is one assignment: a poisoned map is still a whole one.
        self.sittings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the books remember: version and whether the ticket was given back.
    pub(crate) fn remember(&self, known: impl IntoIterator<Item = (TicketId, u32, bool)>) {
        let mut sittings = self.sittings();
        for (ticket, version, void) in known {
            sittings.insert(ticket, Sitting { version, void, open: None });
        }
    }

    /// Told whenever a right may have ended.
    pub(crate) fn rights(&self) -> watch::Receiver<u64> {
        self.rights.subscribe()
    }

    /// Whether this opening is the one that counts.
    ///
    /// # Errors
    /// `seat_taken`, `ticket_void`.
    pub(crate) fn holds(&self, ticket: TicketId, version: u32) -> Result<(), Fault> {
        match self.sittings().get(&ticket) {
            Some(sitting) if sitting.void => Err(ticket_void()),
            Some(sitting) if sitting.version != version => Err(seat_taken()),
            _ => Ok(()),
        }
    }

    /// The opening that this viewer has already, or none if one is to be made: the seat is free, theirs
    /// by `take`, or its screen has been silent.
    ///
    /// # Errors
    /// `seat_open`, `ticket_void`.
    pub(crate) fn sit(
        &self,
        ticket: TicketId,
        viewer: ViewerId,
        take: bool,
        now: Instant,
    ) -> Result<Option<u32>, Fault> {
        let mut sittings = self.sittings();
        let Some(sitting) = sittings.get_mut(&ticket) else { return Ok(None) };
        if sitting.void {
            return Err(ticket_void());
        }
        match &mut sitting.open {
            Some((sits, seen)) if *sits == viewer => {
                *seen = now;
                Ok(Some(sitting.version))
            }
            Some((_, seen)) if !take && now.saturating_duration_since(*seen) < SILENCE => Err(seat_open()),
            _ => Ok(None),
        }
    }

    /// The seat was opened anew, which ends every earlier opening.
    pub(crate) fn opened(&self, ticket: TicketId, version: u32, viewer: ViewerId, now: Instant) {
        let mut sittings = self.sittings();
        let known = sittings.get(&ticket).is_some_and(|it| it.void || it.version > version);
        // Two who open at once: the later number counts, whichever comes here last.
        if !known {
            sittings.insert(ticket, Sitting { version, void: false, open: Some((viewer, now)) });
        }
        drop(sittings);
        self.tell();
    }

    /// The screen is still there.
    ///
    /// # Errors
    /// `seat_taken`, `ticket_void`.
    pub(crate) fn seen(
        &self,
        ticket: TicketId,
        version: u32,
        viewer: ViewerId,
        now: Instant,
    ) -> Result<(), Fault> {
        self.holds(ticket, version)?;
        let sitting = Sitting { version, void: false, open: Some((viewer, now)) };
        self.sittings().insert(ticket, sitting);
        Ok(())
    }

    /// The screen was closed.
    pub(crate) fn left(&self, ticket: TicketId, version: u32, viewer: ViewerId) {
        if let Some(sitting) = self.sittings().get_mut(&ticket)
            && sitting.version == version
            && sitting.open.is_some_and(|(sits, _)| sits == viewer)
        {
            sitting.open = None;
        }
    }

    /// The ticket was given back: nobody sits there any longer.
    pub(crate) fn void(&self, tickets: &[TicketId]) {
        let mut sittings = self.sittings();
        for ticket in tickets {
            sittings.insert(*ticket, Sitting { version: 0, void: true, open: None });
        }
        drop(sittings);
        self.tell();
    }

    fn tell(&self) {
        self.rights.send_modify(|rights| *rights += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: TicketId = TicketId::new(1);
    const PHONE: ViewerId = ViewerId::new(2);
    const LAPTOP: ViewerId = ViewerId::new(3);

    fn code<T: std::fmt::Debug>(it: Result<T, Fault>) -> &'static str {
        it.unwrap_err().code
    }

    #[test]
    fn one_screen_at_a_time() {
        let (seats, start) = (Seats::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(seats.sit(TICKET, PHONE, false, start), Ok(None));
        seats.opened(TICKET, 1, PHONE, start);
        assert_eq!(seats.sit(TICKET, PHONE, false, start), Ok(Some(1)), "the same page asks again");
        assert_eq!(code(seats.sit(TICKET, LAPTOP, false, start)), "seat_open");
        let rights = seats.rights();
        assert_eq!(seats.sit(TICKET, LAPTOP, true, start), Ok(None));
        seats.opened(TICKET, 2, LAPTOP, start);
        assert!(rights.has_changed().unwrap(), "whoever streams to the phone looks again");
        assert_eq!(code(seats.holds(TICKET, 1)), "seat_taken");
        assert_eq!(code(seats.seen(TICKET, 1, PHONE, start)), "seat_taken");
        assert_eq!(seats.seen(TICKET, 2, LAPTOP, after(60)), Ok(()));
        assert_eq!(code(seats.sit(TICKET, PHONE, false, after(209))), "seat_open");
        assert_eq!(seats.sit(TICKET, PHONE, false, after(211)), Ok(None), "the laptop was closed");
    }

    #[test]
    fn left_is_free_and_void_is_void() {
        let (seats, now) = (Seats::default(), Instant::now());
        seats.remember([(TICKET, 4, false)]);
        assert_eq!(code(seats.holds(TICKET, 3)), "seat_taken");
        assert_eq!(seats.seen(TICKET, 4, PHONE, now), Ok(()));
        seats.left(TICKET, 4, LAPTOP);
        assert_eq!(code(seats.sit(TICKET, LAPTOP, false, now)), "seat_open");
        seats.left(TICKET, 4, PHONE);
        assert_eq!(seats.sit(TICKET, LAPTOP, false, now), Ok(None));
        seats.void(&[TICKET]);
        seats.opened(TICKET, 5, LAPTOP, now);
        assert_eq!(code(seats.holds(TICKET, 5)), "ticket_void");
        assert_eq!(code(seats.sit(TICKET, LAPTOP, true, now)), "ticket_void");
    }
}
