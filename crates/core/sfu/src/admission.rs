//! Whether there is room for one more viewer: before a viewer too many harms those already in.
//!
//! A shard is one thread on one core. What its viewers cost it is measured, not guessed; those who
//! came since are counted at the measured cost. Who is refused watches by HLS, which costs this
//! core nothing.

/// Viewers are let in up to this share of the core, not beyond: frames are sent to all at once, so the last viewer waits
/// for all before, and joins and repairs need room.
pub const ADMIT_UP_TO: f64 = 0.8;
/// CPU seconds a second of one viewer, before there are enough to measure.
const USUAL: f64 = 0.001;
/// Viewers from which the measured cost is believed.
const ENOUGH: u64 = 20;

/// What is known about the shard's core.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    busy: f64,
    cost: f64,
    admitted: u64,
}

impl Admission {
    /// The shard's thread used this share of its core in the last second, with this many playing.
    pub(crate) fn measured(&mut self, busy: f64, playing: u64) {
        self.busy = busy;
        self.cost = if playing < ENOUGH { USUAL } else { busy / playing as f64 };
        self.admitted = 0;
    }

    /// Whether one more can be let in; counts it if so.
    pub(crate) fn admit(&mut self) -> bool {
        let room = self.busy + self.cost * (self.admitted + 1) as f64 <= ADMIT_UP_TO;
        self.admitted += u64::from(room);
        room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets in who knocks, `knocks` a second, each costing `cost`; gives how many are in.
    fn house(cost: f64, knocks: u64, seconds: u64) -> u64 {
        let (mut admission, mut inside) = (Admission::default(), 0);
        for _ in 0..seconds {
            admission.measured(inside as f64 * cost, inside);
            inside += (0..knocks).filter(|_| admission.admit()).count() as u64;
        }
        inside
    }

    #[test]
    fn the_house_fills_to_what_the_core_carries() {
        assert_eq!(house(0.0008, 50, 60), 1_000);
        assert_eq!(house(0.004, 10, 60), 200);
        assert_eq!(house(0.0008, 5, 60), 300, "nobody is refused while there is room");
        // A storm in the first second, before anything is known, is let in at the usual cost.
        assert_eq!(house(0.0008, 10_000, 60), 1_000);
    }

    #[test]
    fn room_that_comes_back_is_given_again() {
        let mut admission = Admission::default();
        admission.measured(0.85, 1_000);
        assert!(!admission.admit());
        admission.measured(0.5, 600);
        assert!(admission.admit());
    }
}
