//! A one-way link with the faults of real networks, in virtual time.

use crate::rng::Rng;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Losses in bursts, after Gilbert (1960) and Elliott (1963): a good and a bad state, each
/// with its own loss, changing with each packet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Chance per packet to go from good to bad, 0 to 1.
    pub begin: f64,
    /// Chance per packet to go from bad to good, 0 to 1. Its inverse is the mean burst length.
    pub end: f64,
    /// Loss in the bad state, 0 to 1.
    pub loss: f64,
}

/// What a link does to packets. The default does nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Impairment {
    /// Chance of each packet to be lost, 0 to 1.
    pub loss: f64,
    /// Losses in bursts, beside `loss`.
    pub burst: Option<Burst>,
    /// Time each packet takes.
    pub delay: Duration,
    /// Up to this much more time, evenly spread. Does not change the order.
    pub jitter: Duration,
    /// Chance of a packet to overtake or be overtaken: it takes up to `reorder_by` more time.
    pub reorder: f64,
    /// How late reordered packets may be.
    pub reorder_by: Duration,
    /// Chance of a packet to come twice.
    pub duplicate: f64,
    /// Bits per second; none means no limit.
    pub rate: Option<u64>,
    /// Bytes that wait when the rate is reached; what comes then is lost. 0 means one tenth of a
    /// second at the rate.
    pub queue: usize,
}

/// What a link did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Packets pushed.
    pub pushed: u64,
    /// Packets that came out, duplicates included.
    pub delivered: u64,
    /// Packets lost by chance or cut.
    pub lost: u64,
    /// Packets lost because the queue was full.
    pub overflowed: u64,
}

/// One direction of a network path. Sans-IO: it is told the time and never waits.
#[derive(Debug)]
pub struct Link<T = Vec<u8>> {
    impairment: Impairment,
    rng: Rng,
    bad: bool,
    cut: bool,
    /// By time of arrival, then by number, so that equal times keep their order.
    flying: BTreeMap<(Instant, u64), T>,
    number: u64,
    /// When the last bit pushed has left the sender.
    busy_until: Option<Instant>,
    /// Arrival of the last packet that kept its place; jitter does not reorder.
    last_arrival: Option<Instant>,
    stats: LinkStats,
}

impl<T: Clone + AsRef<[u8]>> Link<T> {
    /// A link with these faults; the same seed gives the same fate to the same packets.
    #[must_use]
    pub const fn new(impairment: Impairment, seed: u64) -> Self {
        Self {
            impairment,
            rng: Rng::new(seed),
            bad: false,
            cut: false,
            flying: BTreeMap::new(),
            number: 0,
            busy_until: None,
            last_arrival: None,
            stats: LinkStats { pushed: 0, delivered: 0, lost: 0, overflowed: 0 },
        }
    }

    /// Changes the faults; packets under way keep their fate.
    pub const fn set(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// The faults now.
    #[must_use]
    pub const fn impairment(&self) -> Impairment {
        self.impairment
    }

    /// Cuts the link (everything is lost) or heals it.
    pub const fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    /// What happened so far.
    #[must_use]
    pub const fn stats(&self) -> LinkStats {
        self.stats
    }

    /// Sends a packet.
    pub fn push(&mut self, now: Instant, packet: T) {
        self.stats.pushed += 1;
        if self.cut || self.loses() {
            self.stats.lost += 1;
            return;
        }
        let Some(sent) = self.transmit(now, packet.as_ref().len()) else {
            self.stats.overflowed += 1;
            return;
        };
        let imp = self.impairment;
        let mut arrival = sent + imp.delay + imp.jitter.mul_f64(self.rng.unit());
        if imp.reorder > 0.0 && self.rng.unit() < imp.reorder {
            arrival += imp.reorder_by.mul_f64(self.rng.unit());
        } else {
            arrival = self.last_arrival.map_or(arrival, |last| last.max(arrival));
            self.last_arrival = Some(arrival);
        }
        if imp.duplicate > 0.0 && self.rng.unit() < imp.duplicate {
            self.fly(arrival, packet.clone());
        }
        self.fly(arrival, packet);
    }

    /// A packet that has arrived.
    pub fn poll(&mut self, now: Instant) -> Option<T> {
        let entry = self.flying.first_entry().filter(|entry| entry.key().0 <= now)?;
        self.stats.delivered += 1;
        Some(entry.remove())
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.flying.first_key_value().map(|((at, _), _)| *at)
    }

    fn fly(&mut self, arrival: Instant, packet: T) {
        self.number += 1;
        self.flying.insert((arrival, self.number), packet);
    }

    fn loses(&mut self) -> bool {
        let mut lost = self.impairment.loss > 0.0 && self.rng.unit() < self.impairment.loss;
        if let Some(burst) = self.impairment.burst {
            let change = if self.bad { burst.end } else { burst.begin };
            if self.rng.unit() < change {
                self.bad = !self.bad;
            }
            lost |= self.bad && self.rng.unit() < burst.loss;
        }
        lost
    }

    /// When the packet has left at the link's rate; none if the queue is full.
    fn transmit(&mut self, now: Instant, bytes: usize) -> Option<Instant> {
        let Some(rate) = self.impairment.rate.filter(|rate| *rate > 0) else { return Some(now) };
        let time = |bytes: usize| Duration::from_secs_f64(bytes as f64 * 8.0 / rate as f64);
        let begin = self.busy_until.map_or(now, |busy| busy.max(now));
        let room = match self.impairment.queue {
            0 => Duration::from_millis(100),
            bytes => time(bytes),
        };
        if begin.saturating_duration_since(now) > room {
            return None;
        }
        let end = begin + time(bytes);
        self.busy_until = Some(end);
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(impairment: Impairment, seed: u64) -> (Vec<u32>, LinkStats, Duration) {
        let start = Instant::now();
        let mut link = Link::new(impairment, seed);
        let mut got = Vec::new();
        let mut last = start;
        for number in 0u32..10_000 {
            let now = start + Duration::from_millis(u64::from(number));
            while let Some(at) = link.deadline().filter(|at| *at <= now) {
                got.extend(link.poll(at).map(|p: [u8; 4]| u32::from_be_bytes(p)));
                last = at;
            }
            link.push(now, number.to_be_bytes());
        }
        while let Some(at) = link.deadline() {
            got.extend(link.poll(at).map(u32::from_be_bytes));
            last = at;
        }
        (got, link.stats(), last - start)
    }

    #[test]
    fn a_perfect_link_changes_nothing() {
        let (got, stats, _) = run(Impairment::default(), 1);
        assert_eq!(got, (0..10_000).collect::<Vec<_>>());
        assert_eq!((stats.lost, stats.delivered), (0, 10_000));
    }

    #[test]
    fn loss_is_as_asked_and_the_same_for_the_same_seed() {
        let impairment = Impairment { loss: 0.1, ..Impairment::default() };
        let (got, stats, _) = run(impairment, 42);
        assert!((900..1_100).contains(&stats.lost), "{stats:?}");
        assert_eq!(got, run(impairment, 42).0);
        assert_ne!(got, run(impairment, 43).0);
    }

    #[test]
    fn bursts_are_long() {
        let burst = Burst { begin: 0.01, end: 0.1, loss: 1.0 };
        let (got, stats, _) = run(Impairment { burst: Some(burst), ..Impairment::default() }, 7);
        let bursts = got.windows(2).filter(|w| w[1] - w[0] > 1).count() as u64;
        assert!((600..1_300).contains(&stats.lost), "{stats:?}");
        assert!(stats.lost / bursts >= 5, "{} lost in {bursts} bursts", stats.lost);
    }

    #[test]
    fn jitter_keeps_order_reordering_does_not() {
        let millis = Duration::from_millis;
        let (got, ..) = run(Impairment { delay: millis(20), jitter: millis(50), ..Impairment::default() }, 3);
        assert!(got.is_sorted() && got.len() == 10_000);
        let reordering =
            Impairment { reorder: 0.05, reorder_by: millis(10), duplicate: 0.02, ..Impairment::default() };
        let (mut got, ..) = run(reordering, 3);
        assert!(!got.is_sorted() && got.len() > 10_100);
        got.sort_unstable();
        got.dedup();
        assert_eq!(got.len(), 10_000);
    }

    #[test]
    fn a_narrow_link_is_slow_and_overflows() {
        // 4 bytes each ms are 32 kbit/s; half of that passes, and the queue holds 100 ms.
        let (_, stats, time) = run(Impairment { rate: Some(16_000), ..Impairment::default() }, 3);
        assert!((4_900..5_200).contains(&stats.delivered), "{stats:?}");
        assert!(time < Duration::from_millis(10_110), "{time:?}");
    }
}
