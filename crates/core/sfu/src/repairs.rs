//! Which packets are sent again to one receiver, and when not.
//!
//! A receiver asks again for what has not come within what it takes for the round trip. On a line
//! that is full that is too soon: the repair stands in the queue, behind the one before it. So a
//! packet is not repaired twice within the round trip we measured, and all repairs together are a
//! share of what is sent.

use std::time::{Duration, Instant};

/// What may be sent again at once, in bytes. It fills up with a share of what is sent: bursts on
/// a bad link need many repairs, and more than this does not get through anyway.
const BUDGET: usize = 64 * 1_024;
const SHARE: usize = 2;
/// No datagram is larger.
const LARGEST: usize = 1_500;
/// How many of the last repairs are remembered.
const REMEMBERED: usize = 64;
/// However short the way is, and however long the queue on it: within these a repair is on it.
const LEAST: Duration = Duration::from_millis(20);
const MOST: Duration = Duration::from_millis(400);

/// One receiver's repairs.
#[derive(Debug)]
pub(crate) struct Repairs {
    budget: usize,
    round_trip: Duration,
    /// Number and time of the last ones; empty for who never asked.
    recent: Vec<Option<(u16, Instant)>>,
}

impl Repairs {
    pub(crate) const fn new() -> Self {
        Self { budget: BUDGET, round_trip: LEAST, recent: Vec::new() }
    }

    /// So many bytes went out that were no repairs.
    pub(crate) fn earn(&mut self, bytes: usize) {
        self.budget = (self.budget + bytes / SHARE).min(BUDGET);
    }

    /// A repair of so many bytes went out.
    pub(crate) const fn spend(&mut self, bytes: usize) {
        self.budget = self.budget.saturating_sub(bytes);
    }

    /// The receiver told how long the way to it and back is.
    pub(crate) fn measured(&mut self, round_trip: Duration) {
        self.round_trip = round_trip.clamp(LEAST, MOST);
    }

    /// Whether the packet `seq` is to be sent again now; it counts as sent then.
    pub(crate) fn begin(&mut self, seq: u16, now: Instant) -> bool {
        if self.budget < LARGEST {
            return false;
        }
        if self.recent.is_empty() {
            self.recent = vec![None; REMEMBERED];
        }
        let slot = &mut self.recent[usize::from(seq) % REMEMBERED];
        let on_its_way =
            slot.is_some_and(|(was, at)| was == seq && now.saturating_duration_since(at) < self.round_trip);
        if !on_its_way {
            *slot = Some((seq, now));
        }
        !on_its_way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "there is no other way to make an Instant")]
    fn beginning() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_packet_is_repaired_once_in_a_round_trip() {
        let began = beginning();
        let at = |millis| began + Duration::from_millis(millis);
        let mut repairs = Repairs::new();
        repairs.measured(Duration::from_millis(150));
        assert!(repairs.begin(7, at(0)));
        assert!(repairs.begin(8, at(1)), "another one");
        assert!(!repairs.begin(7, at(100)), "it is on its way");
        assert!(repairs.begin(7, at(150)), "it got lost again");
        assert!(!repairs.begin(7, at(290)));
        repairs.measured(Duration::from_secs(9));
        assert!(!repairs.begin(7, at(450)));
        assert!(repairs.begin(7, at(560)), "no way is believed to be that long");
    }

    #[test]
    fn repairs_are_a_share_of_what_is_sent() {
        let began = beginning();
        let mut repairs = Repairs::new();
        let sent = (0..1_000u16).take_while(|seq| {
            let may = repairs.begin(*seq, began);
            repairs.spend(if may { 1_200 } else { 0 });
            may
        });
        assert_eq!(sent.count(), 54, "64 kB");
        repairs.earn(6_000);
        assert!(repairs.begin(2_000, began));
    }
}
