//! One feed's sound on its way: jitter buffer, drift correction and concealment.
//!
//! Sound comes in blocks with the time they were captured. It leaves in blocks of the mix, later
//! by a *delay* that is as short as the feed's jitter lets it be. The feed's clock and ours differ
//! a little, and the wanted delay changes: both are followed by reading up to 1 % faster or slower.

use crate::resample::{AHEAD, Cursor, Frame};
use crate::{BLOCK, SAMPLE_RATE};
use palco_base::MediaTime;
use std::collections::VecDeque;

/// A block of the mix, in µs.
const BLOCK_MICROS: i64 = BLOCK as i64 * 1_000_000 / SAMPLE_RATE as i64;
/// Fades that hide a seam: 5 ms.
const FADE: usize = 240;
/// Delay for jitter until enough was seen to know, µs.
const FIRST_JITTER: i64 = 40_000;
/// Spare time on top of the jitter that was seen, µs.
const SPARE: i64 = 8_000;
/// No more than this is spent on jitter, µs: later sound is lost.
const MOST_JITTER: i64 = 200_000;
/// How many arrivals are remembered: 10 s of 20 ms packets.
const REMEMBERED: usize = 500;
/// Arrivals before the first jitter estimate is believed: 1 s.
const BELIEVED: usize = 50;
/// Farther from the wanted position than this, µs, it is not caught up but jumped.
const JUMP: i64 = 250_000;
/// A step between blocks smaller than this, µs, is a clock's, not a loss.
const SEAM: i64 = 10_000;
/// Time in which an error of position is made good, µs.
const CATCH_UP: f64 = 2_000_000.0;
/// Speed stays within this of 1.
const MOST_SPEED: f64 = 0.01;
/// Speed changes by no more than this from block to block.
const SLEW: f64 = 0.002;
/// Never more than this is kept, in frames: 1 s.
const CAPACITY: usize = SAMPLE_RATE as usize;

/// What happened to a feed's sound since it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Lost {
    /// Blocks in which the sound ran out.
    pub(crate) underruns: u64,
    /// Holes left by blocks that never came.
    pub(crate) holes: u64,
    /// Jumps because the timeline broke or the delay was far off.
    pub(crate) jumps: u64,
    /// Frames thrown away: too late, doubled or too many.
    pub(crate) frames: u64,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    /// Silent until enough has come.
    Waiting,
    /// Playing at this speed; the first frames fade in.
    Playing { speed: f64, faded_in: usize },
}

/// See the module.
pub(crate) struct Jitter {
    queue: VecDeque<Frame>,
    /// Capture time just after the queue's last frame.
    tail: MediaTime,
    cursor: Cursor,
    state: State,
    /// Arrival minus capture of the newest blocks' first frames, µs.
    lateness: VecDeque<i64>,
    /// Playout minus capture that is aimed at, from sound alone, µs.
    wanted: i64,
    /// Least lateness seen, µs.
    least: i64,
    arrivals: usize,
    /// The newest frames that left, for the fade when the sound runs out.
    left: VecDeque<Frame>,
    /// Playout minus capture of what leaves now, µs.
    delay: Option<i64>,
    /// The queue does not go on from what left last.
    broken: bool,
    lost: Lost,
}

fn micros(frames: f64) -> i64 {
    (frames * 1e6 / f64::from(SAMPLE_RATE)) as i64
}

fn frames(micros: i64) -> usize {
    usize::try_from(micros.max(0) * i64::from(SAMPLE_RATE) / 1_000_000).unwrap_or(0)
}

impl Default for Jitter {
    fn default() -> Self {
        Self {
            queue: VecDeque::with_capacity(CAPACITY / 4),
            tail: MediaTime::ZERO,
            cursor: Cursor::default(),
            state: State::Waiting,
            lateness: VecDeque::with_capacity(REMEMBERED),
            wanted: 0,
            least: 0,
            arrivals: 0,
            left: VecDeque::with_capacity(FADE),
            delay: None,
            broken: false,
            lost: Lost::default(),
        }
    }
}

impl Jitter {
    /// Takes interleaved stereo captured at `time`, arrived `now`.
    pub(crate) fn push(&mut self, samples: &[f32], time: MediaTime, now: MediaTime) {
        let mut block: &[[f32; 2]] = samples.as_chunks().0;
        if block.is_empty() {
            return;
        }
        if block.len() > CAPACITY {
            self.lost.frames += (block.len() - CAPACITY) as u64;
            block = &block[..CAPACITY];
        }
        let end = time + MediaTime::from_micros(micros(block.len() as f64));
        let step = (time - self.tail).micros();
        let mut fade = FADE;
        if self.arrivals == 0 || step.abs() > JUMP {
            self.restart();
        } else if step > SEAM {
            self.fill_hole(frames(step));
            fade = 0;
        } else if step < -SEAM {
            let doubled = frames(-step).min(block.len());
            self.lost.frames += doubled as u64;
            block = &block[doubled..];
            if block.is_empty() {
                return;
            }
        }
        self.tail = end;
        self.queue.extend(block.iter().enumerate().map(|(at, frame)| {
            let weight = (fade + at).min(FADE) as f32 / FADE as f32;
            frame.map(|v| if v.is_finite() { v * weight } else { 0.0 })
        }));
        if self.queue.len() > CAPACITY {
            let surplus = self.queue.len() - CAPACITY;
            self.lost.frames += surplus as u64;
            self.queue.drain(..surplus);
        }
        // From the capture of its first frame: sound in the middle of a packet waits for its end.
        self.arrived((now - time).micros());
    }

    /// Forgets the timeline, keeps what is needed to fade out.
    fn restart(&mut self) {
        if self.arrivals > 0 {
            self.lost.jumps += 1;
        }
        self.lost.frames += self.queue.len() as u64;
        self.queue.clear();
        self.lateness.clear();
        self.arrivals = 0;
        self.broken = true;
    }

    /// Bridges missing frames: the newest sound backwards and fading, then silence.
    fn fill_hole(&mut self, missing: usize) {
        self.lost.holes += 1;
        let end = self.queue.len();
        let known = end.min(FADE).min(missing);
        for step in 0..known {
            let weight = 1.0 - (step + 1) as f32 / known as f32;
            self.queue.push_back(self.queue[end - 1 - step].map(|v| v * weight));
        }
        self.queue.extend(std::iter::repeat_n([0.0; 2], missing - known));
    }

    fn arrived(&mut self, lateness: i64) {
        if self.lateness.len() == REMEMBERED {
            self.lateness.pop_front();
        }
        self.lateness.push_back(lateness);
        self.arrivals += 1;
        if self.arrivals <= BELIEVED || self.arrivals.is_multiple_of(10) {
            self.estimate();
        }
    }

    /// The delay that lets 99 of 100 blocks come in time.
    fn estimate(&mut self) {
        let mut sorted: Vec<i64> = self.lateness.iter().copied().collect();
        sorted.sort_unstable();
        let (Some(least), Some(last)) = (sorted.first(), sorted.len().checked_sub(1)) else { return };
        let late = sorted[last - last / 100];
        let mut jitter = late - least + SPARE;
        if self.arrivals < BELIEVED {
            jitter = jitter.max(FIRST_JITTER);
        }
        self.least = *least;
        self.wanted = least + BLOCK_MICROS + jitter.min(MOST_JITTER);
    }

    /// Playout minus capture that is aimed at: what the sound needs, or what the picture needs
    /// if that is more (but never more than the most for sound).
    fn aim(&self, picture: Option<i64>) -> i64 {
        let most = self.least + BLOCK_MICROS + MOST_JITTER;
        self.wanted.max(picture.unwrap_or(i64::MIN).min(most))
    }

    /// The next block, to be heard from `time` on; `picture` is the delay in µs that the feed's
    /// pictures need. Returns whether there was any sound in it.
    pub(crate) fn pull(&mut self, time: MediaTime, picture: Option<i64>, block: &mut [Frame; BLOCK]) -> bool {
        let aim = self.aim(picture);
        if let State::Playing { speed, faded_in } = self.state {
            let error = (self.head() - (time - MediaTime::from_micros(aim))).micros();
            if error.abs() <= JUMP && !self.broken {
                self.delay = Some((time - self.head()).micros());
                let wanted = (1.0 - error as f64 / CATCH_UP).clamp(1.0 - MOST_SPEED, 1.0 + MOST_SPEED);
                let speed = speed + (wanted - speed).clamp(-SLEW, SLEW);
                return self.play(0, speed, faded_in, block);
            }
            self.lost.jumps += u64::from(!self.broken);
            self.run_out(0, block);
            return true;
        }
        self.begin(time, aim, block)
    }

    /// Capture time of the next frame to leave.
    fn head(&self) -> MediaTime {
        self.tail - MediaTime::from_micros(micros(self.queue.len() as f64 - self.cursor.fraction()))
    }

    /// Starts to play where the wanted position is, once there is a block after it.
    fn begin(&mut self, time: MediaTime, aim: i64, block: &mut [Frame; BLOCK]) -> bool {
        block.fill([0.0; 2]);
        if self.queue.is_empty() {
            self.delay = None;
            return false;
        }
        self.cursor.reset();
        self.broken = false;
        let position = time - MediaTime::from_micros(aim);
        let late = frames((position - self.head()).micros()).min(self.queue.len());
        self.queue.drain(..late);
        self.lost.frames += late as u64;
        let early = frames((self.head() - position).micros());
        if early >= BLOCK || self.queue.len() < BLOCK - early + AHEAD {
            self.delay = None;
            return false;
        }
        self.delay = Some(aim);
        self.play(early, 1.0, 0, block)
    }

    fn play(&mut self, from: usize, speed: f64, mut faded_in: usize, block: &mut [Frame; BLOCK]) -> bool {
        for at in from..BLOCK {
            let Some(mut frame) = self.cursor.next(&mut self.queue, speed) else {
                self.lost.underruns += 1;
                self.run_out(at, block);
                return at > from;
            };
            if faded_in < FADE {
                frame = frame.map(|v| v * faded_in as f32 / FADE as f32);
                faded_in += 1;
            }
            block[at] = frame;
        }
        self.state = State::Playing { speed, faded_in };
        self.left.clear();
        self.left.extend(&block[BLOCK - FADE..]);
        true
    }

    /// Ends the block after `made` frames: what just left once more, backwards (so that the
    /// curve has no step), fading to silence.
    fn run_out(&mut self, made: usize, block: &mut [Frame; BLOCK]) {
        let before = |back: usize, block: &[Frame; BLOCK]| {
            if back <= made {
                block[made - back]
            } else {
                let at = (self.left.len() + made).checked_sub(back);
                at.and_then(|at| self.left.get(at)).copied().unwrap_or_default()
            }
        };
        let end = (made + FADE).min(BLOCK);
        for at in made..end {
            block[at] = before(at - made + 1, block);
        }
        block[end..].fill([0.0; 2]);
        let length = FADE.min(end);
        for (step, frame) in block[end - length..end].iter_mut().enumerate() {
            *frame = frame.map(|v| v * (1.0 - (step + 1) as f32 / length as f32));
        }
        self.left.clear();
        self.state = State::Waiting;
    }

    /// Playout minus capture of what leaves now, µs; none while nothing does.
    pub(crate) const fn delay(&self) -> Option<i64> {
        self.delay
    }

    /// What went wrong so far.
    pub(crate) const fn lost(&self) -> Lost {
        self.lost
    }
}
