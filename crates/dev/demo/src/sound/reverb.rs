//! A small warm room: the classic eight combs and four all-passes on each side.

use super::Ring;

/// Delays in samples at 44.1 kHz of Freeverb by Jezar at Dreampoint (public domain, 2000), made
/// longer for 48 kHz; the right side is longer by [`SPREAD`].
const COMBS: [usize; 8] = [1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617];
const PASSES: [usize; 4] = [556, 441, 341, 225];
const SPREAD: usize = 23;
const FEEDBACK: f32 = 0.84;
const DAMP: f32 = 0.35;

struct Line {
    memory: Vec<f32>,
    at: usize,
    low: f32,
}

impl Line {
    fn new(delay: usize) -> Self {
        Self { memory: vec![0.0; delay * 48_000 / 44_100], at: 0, low: 0.0 }
    }

    fn put(&mut self, value: f32) {
        self.memory[self.at] = value;
        self.at = (self.at + 1) % self.memory.len();
    }

    fn comb(&mut self, input: f32) -> f32 {
        let out = self.memory[self.at];
        self.low = out * (1.0 - DAMP) + self.low * DAMP;
        self.put(input + self.low * FEEDBACK);
        out
    }

    fn pass(&mut self, input: f32) -> f32 {
        let held = self.memory[self.at];
        self.put(input + held * 0.5);
        held - input
    }
}

struct Side {
    combs: Vec<Line>,
    passes: Vec<Line>,
}

impl Side {
    fn new(spread: usize) -> Self {
        let lines = |delays: &[usize]| delays.iter().map(|d| Line::new(d + spread)).collect();
        Self { combs: lines(&COMBS), passes: lines(&PASSES) }
    }

    fn next(&mut self, input: f32) -> f32 {
        let sum: f32 = self.combs.iter_mut().map(|c| c.comb(input)).sum();
        self.passes.iter_mut().fold(sum, |v, p| p.pass(v))
    }
}

/// The loop with its room added: `wet` is the room's share. The room is driven round the loop
/// until it has settled, so that the tail of the end is heard at the start.
pub(super) fn wet(dry: &Ring, wet: f32) -> Ring {
    let mut sides = [Side::new(0), Side::new(SPREAD)];
    let mut out = dry.clone();
    // Three seconds of warming up are more than the tail lasts.
    let count = dry.frames.len();
    let warm = 3 * super::RATE;
    for n in 0..warm + count {
        let at = (n + count - warm % count) % count;
        let [left, right] = dry.frames[at];
        let input = (left + right) * 0.5 * 0.03;
        let room = [sides[0].next(input), sides[1].next(input)];
        if n >= warm {
            out.frames[at][0] += room[0] * wet * 4.0;
            out.frames[at][1] += room[1] * wet * 4.0;
        }
    }
    out
}
