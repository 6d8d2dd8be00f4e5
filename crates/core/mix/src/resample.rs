//! Reading a queue of samples at a speed close to one.

use std::collections::VecDeque;

/// One value per channel.
pub(crate) type Frame = [f32; 2];

/// Frames that must follow the one being read, for the interpolation.
pub(crate) const AHEAD: usize = 3;

/// Reads between samples with a cubic (Catmull-Rom) curve.
#[derive(Default)]
pub(crate) struct Cursor {
    /// Position after the queue's first frame, 0.0 to 1.0.
    fraction: f64,
    /// The frame read just before the queue's first.
    before: Frame,
}

impl Cursor {
    /// Starts anew at the queue's first frame.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// How far past the queue's first frame the next read is, in frames.
    pub(crate) const fn fraction(&self) -> f64 {
        self.fraction
    }

    /// The next frame at `speed` (frames consumed per frame made, near 1.0), or none if the
    /// queue is too short.
    pub(crate) fn next(&mut self, queue: &mut VecDeque<Frame>, speed: f64) -> Option<Frame> {
        if queue.len() < AHEAD {
            return None;
        }
        let (a, b, c, d) = (self.before, queue[0], queue[1], queue[2]);
        let t = self.fraction as f32;
        let mut frame = [0.0; 2];
        for channel in 0..2 {
            frame[channel] = catmull_rom(a[channel], b[channel], c[channel], d[channel], t);
        }
        self.fraction += speed;
        while self.fraction >= 1.0 {
            self.fraction -= 1.0;
            self.before = queue.pop_front().unwrap_or_default();
        }
        Some(frame)
    }
}

fn catmull_rom(a: f32, b: f32, c: f32, d: f32, t: f32) -> f32 {
    let slope = c - a;
    let bend = 2.0 * a - 5.0 * b + 4.0 * c - d;
    let twist = 3.0 * (b - c) + d - a;
    b + 0.5 * t * (slope + t * (bend + t * twist))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_one_copies_and_others_follow_the_curve() {
        let line = || (0..1000).map(|i| [i as f32, -(i as f32)]).collect::<VecDeque<_>>();
        let mut queue = line();
        let mut cursor = Cursor::default();
        for i in 0..900 {
            assert_eq!(cursor.next(&mut queue, 1.0), Some([i as f32, -(i as f32)]));
        }
        let (mut queue, mut cursor) = (line(), Cursor::default());
        for i in 0..900 {
            let frame = cursor.next(&mut queue, 1.01).expect("long enough");
            if i > 1 {
                assert!((f64::from(frame[0]) - 1.01 * f64::from(i)).abs() < 0.01, "{i}: {}", frame[0]);
            }
        }
    }
}
