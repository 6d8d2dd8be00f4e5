//! Which Rendition a viewer's network carries.
//!
//! The viewer's browser estimates what its network carries from the spacing of what comes (REMB).
//! An estimate alone says little: while little is sent, no more than one and a half times that can
//! be seen. What counts is that it *falls* below what is sent, which is a queue building up, or
//! that packets get lost *and* it says no. So random loss, which fewer bits would not cure, moves
//! nobody down.
//!
//! Up goes who has been well for a while, and only after a probe: repairs nobody asked for, in
//! steps, until as much was carried as the large picture needs, nothing more than before got lost
//! and the estimate went up with it. A network that does not carry it costs a little delay, not
//! the picture. After a failure the next try waits twice as long.
//!
//! Where even the small picture is too much it pauses, so that the sound, and what the viewer's
//! player fetches in its place, have the line for themselves; then it is tried again.

use palco_base::Size;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// An estimate this far below the one before has fallen, in percent.
const FALL: u64 = 7;
/// And this far below what is sent, in percent: a busy computer reads late, which looks like a
/// little less network than there is.
const ROOM: u64 = 85;
/// The small picture is worth more delay: it pauses where this is not enough, in percent.
const SMALL_ROOM: u64 = 70;
/// What the estimates before are compared with: the highest of this time.
const MEMORY: Duration = Duration::from_secs(3);
/// Losses are looked at over at least this long: browsers under strain report every few packets.
const WINDOW: Duration = Duration::from_secs(1);
/// Lost, in percent, from which a window is a bad one.
const BAD: i64 = 15;
/// Bad windows in a row that say the network is full, if the estimate is below this share of what
/// is sent, in percent.
const BAD_WINDOWS: u32 = 2;
const BELOW: u64 = 80;
/// A probe is over when this much more got lost than before, in percent.
const MORE_LOST: i64 = 5;
/// How far the estimate must have gone up with a probe, in percent: libwebrtc's goes up by eight
/// a second, and stands still while a queue grows.
const RISE: u64 = 8;
/// How long all must be well before more is tried, at first and at most.
const PATIENCE: Duration = Duration::from_secs(8);
const LONGEST_PATIENCE: Duration = Duration::from_secs(160);
/// The large picture has proved itself when it went well for this long.
const PROVED: Duration = Duration::from_secs(30);
/// The small picture is given so long before it is judged: what was sent before it must be over.
const SETTLED: Duration = Duration::from_millis(2_500);
/// The steps of a probe, in percent of the way from the small to the large picture's rate, and
/// how long each is held.
const STEPS: [u64; 4] = [20, 45, 75, 110];
const STEP: Duration = Duration::from_millis(700);
/// How long a probe takes: the last step is held until it was reported on.
const PROBE: Duration = Duration::from_millis(4_500);

/// A change of mind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Move {
    /// Play the small picture, and send no more of the large one at once.
    Down,
    /// Play the large picture.
    Up,
    /// Send no picture.
    Pause,
    /// Play the small picture again.
    Resume,
}

/// One viewer's way up and down.
#[derive(Debug)]
pub(crate) struct Ladder {
    size: Size,
    /// No picture is sent, not even the small one.
    paused: bool,
    estimates: VecDeque<(Instant, u64)>,
    /// What was lost, and of how many, when the window began.
    window: Option<(Instant, i32, u32)>,
    bad_windows: u32,
    /// Not before then is more tried.
    quiet_until: Option<Instant>,
    patience: Duration,
    /// When the picture played now began.
    since: Option<Instant>,
    probe: Option<Probe>,
    /// The last window's loss, in percent.
    lost: i64,
}

/// What was so when a probe began.
#[derive(Clone, Copy, Debug)]
struct Probe {
    began: Instant,
    estimate: Option<u64>,
    lost: i64,
}

impl Ladder {
    pub(crate) const fn new() -> Self {
        Self {
            size: Size::Large,
            paused: false,
            estimates: VecDeque::new(),
            window: None,
            bad_windows: 0,
            quiet_until: None,
            patience: PATIENCE,
            since: None,
            probe: None,
            lost: 0,
        }
    }

    pub(crate) const fn size(&self) -> Size {
        self.size
    }

    pub(crate) const fn paused(&self) -> bool {
        self.paused
    }

    /// The browser's estimate; `sent` is what went out in the last second, both in bit/s.
    pub(crate) fn estimate(&mut self, estimate: u64, sent: u64, now: Instant) -> Option<Move> {
        self.estimates.retain(|(at, _)| now.saturating_duration_since(*at) <= MEMORY);
        let highest = self.estimates.iter().map(|(_, e)| *e).max();
        // The first one comes after five seconds, or because something is wrong.
        let highest = highest.unwrap_or(sent.saturating_mul(3) / 4);
        if self.estimates.len() == 64 {
            self.estimates.pop_front();
        }
        self.estimates.push_back((now, estimate));
        let fell = estimate.saturating_mul(100) < highest.saturating_mul(100 - FALL);
        let small = self.size == Size::Small && self.probe.is_none();
        let room = if small { SMALL_ROOM } else { ROOM };
        let too_much = estimate.saturating_mul(100) < sent.saturating_mul(room);
        if fell && too_much { self.strain(now) } else { None }
    }

    /// A receiver report: of the packets up to `highest` (an extended sequence number), `lost` did
    /// not come.
    pub(crate) fn received(&mut self, lost: i32, highest: u32, sent: u64, now: Instant) -> Option<Move> {
        let (began, lost_before, highest_before) = *self.window.get_or_insert((now, lost, highest));
        let of = i64::from(highest.wrapping_sub(highest_before).cast_signed());
        if now.saturating_duration_since(began) < WINDOW || of <= 0 {
            return None;
        }
        self.window = Some((now, lost, highest));
        self.lost = (i64::from(lost) - i64::from(lost_before)).max(0) * 100 / of;
        if self.probe.is_some_and(|probe| self.lost > probe.lost + MORE_LOST) {
            return self.strain(now);
        }
        if self.lost < BAD {
            self.bad_windows = 0;
            return None;
        }
        self.bad_windows += 1;
        let full =
            self.estimates.back().is_some_and(|(_, e)| e.saturating_mul(100) < sent.saturating_mul(BELOW));
        if self.bad_windows >= BAD_WINDOWS && full { self.strain(now) } else { None }
    }

    /// More is sent than the network carries.
    fn strain(&mut self, now: Instant) -> Option<Move> {
        self.bad_windows = 0;
        let probing = self.probe.take().is_some();
        let played = self.since.map(|since| now.saturating_duration_since(since));
        let proved = played.is_none_or(|played| played >= PROVED);
        let small = self.size == Size::Small && !self.paused && !probing;
        let pausing = small && played.is_some_and(|played| played >= SETTLED);
        let falling = self.size == Size::Large || pausing;
        if probing || falling && !proved {
            self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
        } else if falling {
            self.patience = PATIENCE;
        }
        self.quiet_until = Some(now + self.patience);
        falling.then(|| {
            (self.size, self.paused, self.since) = (Size::Small, pausing, Some(now));
            if pausing { Move::Pause } else { Move::Down }
        })
    }

    /// Time goes on; `small` and `large` are the rates of both pictures, in bit/s. Begins and ends
    /// probes.
    pub(crate) fn tick(&mut self, small: u64, large: u64, now: Instant) -> Option<Move> {
        if self.size == Size::Large || self.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        if std::mem::take(&mut self.paused) {
            (self.since, self.quiet_until) = (Some(now), Some(now + PATIENCE));
            self.estimates.clear();
            return Some(Move::Resume);
        }
        let estimate = self.estimates.back().map(|(_, estimate)| *estimate);
        let lost = self.lost;
        let probe = *self.probe.get_or_insert(Probe { began: now, estimate, lost });
        // A picture that hardly moves costs as much in both sizes: nothing to be probed.
        let cheap = large <= small + small / 4;
        if !cheap && now.saturating_duration_since(probe.began) < PROBE {
            return None;
        }
        let rose =
            estimate.zip(probe.estimate).is_none_or(|(now, before)| now * 100 >= before * (100 + RISE));
        if !cheap && !rose {
            return self.strain(now);
        }
        self.probe = None;
        (self.size, self.since) = (Size::Large, Some(now));
        Some(Move::Up)
    }

    /// How much is to be sent now, in bit/s, if more than the picture: a probe.
    pub(crate) fn target(&self, small: u64, large: u64, now: Instant) -> Option<u64> {
        let step = now.saturating_duration_since(self.probe?.began).as_millis() / STEP.as_millis();
        let share = STEPS[(step as usize).min(STEPS.len() - 1)];
        Some(small + large.saturating_sub(small) * share / 100)
    }
}

/// Bits of the last second.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// By tenths of a second.
    buckets: [u64; 10],
    /// The tenth that is being filled, since the first use.
    tenth: u64,
    began: Option<Instant>,
}

impl Meter {
    fn turn(&mut self, now: Instant) {
        let began = *self.began.get_or_insert(now);
        let tenth = (now.saturating_duration_since(began).as_millis() / 100) as u64;
        let passed = tenth.saturating_sub(self.tenth).min(10);
        for step in 1..=passed {
            self.buckets[((self.tenth + step) % 10) as usize] = 0;
        }
        if passed == 10 {
            self.buckets = [0; 10];
        }
        self.tenth = self.tenth.max(tenth);
    }

    pub(crate) fn add(&mut self, bytes: usize, now: Instant) {
        self.turn(now);
        self.buckets[(self.tenth % 10) as usize] += 8 * bytes as u64;
    }

    /// Bit/s.
    pub(crate) fn rate(&mut self, now: Instant) -> u64 {
        self.turn(now);
        self.buckets.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::disallowed_methods, reason = "virtual time must begin somewhere")]
    fn start() -> Instant {
        Instant::now()
    }

    const SOUND: u64 = 120_000;
    const SMALL: u64 = 600_000;
    const LARGE: u64 = 2_200_000;

    /// A viewer behind a link, and a receiver that estimates like libwebrtc's: eight percent up
    /// per second, at most one and a half times what comes; at most 85 % of what comes when a queue
    /// grows.
    struct World {
        ladder: Ladder,
        now: Instant,
        link: u64,
        estimate: u64,
        moves: Vec<(Duration, Move)>,
        start: Instant,
        packets: u32,
        lost: i32,
        /// Bits of media.
        sent: u64,
    }

    impl World {
        fn new(link: u64) -> Self {
            let now = start();
            Self {
                ladder: Ladder::new(),
                now,
                link,
                estimate: 3_000_000,
                moves: Vec::new(),
                start: now,
                packets: 0,
                lost: 0,
                sent: 0,
            }
        }

        fn run(&mut self, seconds: u64, random_loss: i32) {
            for step in 0..seconds * 10 {
                self.now += Duration::from_millis(100);
                let picture = match self.ladder.size() {
                    _ if self.ladder.paused() => SOUND,
                    Size::Large => LARGE,
                    Size::Small => SMALL,
                };
                self.sent += picture / 10;
                let sent = self.ladder.target(SMALL, LARGE, self.now).unwrap_or(picture).max(picture);
                let comes = sent.min(self.link);
                let mut found = self.ladder.tick(SMALL, LARGE, self.now);
                if sent > self.link {
                    self.estimate = self.estimate.min(comes * 85 / 100);
                    found = found.or(self.ladder.estimate(self.estimate, sent, self.now));
                } else {
                    self.estimate = (self.estimate + self.estimate / 125).min(comes * 3 / 2);
                    if step % 10 == 0 {
                        found = found.or(self.ladder.estimate(self.estimate, sent, self.now));
                    }
                }
                if step % 10 == 5 {
                    let lost = (100 * (sent - comes) / sent) as i32;
                    self.packets += 100;
                    self.lost += lost.max(random_loss);
                    found = found.or(self.ladder.received(self.lost, self.packets, sent, self.now));
                }
                self.moves.extend(found.map(|m| (self.now - self.start, m)));
            }
        }
    }

    #[test]
    fn a_drop_is_answered_within_half_a_second_and_a_rise_is_used() {
        let mut world = World::new(5_000_000);
        world.run(20, 0);
        assert_eq!(world.moves, []);
        world.link = 700_000;
        world.run(1, 0);
        assert_eq!(world.moves.len(), 1, "{:?}", world.moves);
        let (at, what) = world.moves[0];
        assert!(what == Move::Down && at <= Duration::from_millis(20_500), "{at:?}");
        world.run(20, 0);
        assert_eq!(world.moves.len(), 1, "stays: {:?}", world.moves);
        world.link = 5_000_000;
        world.run(60, 0);
        assert_eq!(world.moves.len(), 2, "{:?}", world.moves);
        assert_eq!(world.moves[1].1, Move::Up);
    }

    #[test]
    fn a_link_in_between_is_not_tried_for_ever() {
        let mut world = World::new(1_500_000);
        world.run(600, 0);
        let ups = world.moves.iter().filter(|(_, m)| *m == Move::Up).count();
        assert!(ups == 0, "the probe finds out, the picture is left alone: {:?}", world.moves);
        assert_eq!(world.moves.len(), 1);
        assert_eq!(world.ladder.patience, LONGEST_PATIENCE);
    }

    #[test]
    fn a_link_that_does_not_carry_the_small_picture_is_left_to_the_sound() {
        let mut world = World::new(400_000);
        world.run(600, 0);
        let of = |what| world.moves.iter().filter(|(_, m)| *m == what).count();
        assert_eq!((of(Move::Down), of(Move::Up)), (1, 0), "{:?}", world.moves);
        assert!((3..10).contains(&of(Move::Pause)), "tried again, less and less: {:?}", world.moves);
        let (at, _) = world.moves.iter().find(|(_, m)| *m == Move::Pause).unwrap();
        assert!(*at < Duration::from_secs(5), "{at:?}");
        assert!(world.sent / 600 < SOUND + 60_000, "{} bit/s on a line of 400,000", world.sent / 600);
        world.link = 5_000_000;
        world.moves.clear();
        world.run(400, 0);
        assert_eq!(world.moves.iter().map(|(_, m)| *m).collect::<Vec<_>>(), [Move::Resume, Move::Up]);
    }

    #[test]
    fn random_loss_moves_nobody() {
        let mut world = World::new(20_000_000);
        world.run(60, 25);
        assert_eq!(world.moves, []);
    }

    #[test]
    fn a_meter_forgets_after_a_second() {
        let (mut meter, now) = (Meter::default(), start());
        let at = |millis| now + Duration::from_millis(millis);
        for millis in (0..1_000).step_by(10) {
            meter.add(125, at(millis));
        }
        assert_eq!(meter.rate(at(999)), 100_000);
        assert_eq!(meter.rate(at(1_500)), 40_000);
        assert_eq!(meter.rate(at(5_000)), 0);
    }
}
