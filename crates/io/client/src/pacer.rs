//! When each frame is due. No clock of its own.

use crate::source::{FrameSource, Next};
use palco_base::{EncodedFrame, Fault, MediaKind, MediaTime};

/// Frames later than this are not sent: the machine slept, or the connection was away.
const TOO_LATE: MediaTime = MediaTime::from_millis(500);
/// When to ask a source that had nothing.
const ASK_AGAIN: MediaTime = MediaTime::from_millis(5);

/// What is to be done at some time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Due {
    /// Send this now. Its time is still the source's, counted from the pacer's start.
    Frame(EncodedFrame),
    /// Nothing before this time.
    At(MediaTime),
    /// Nothing any more.
    End,
}

/// Gives each frame of a source at its time: [`started`](Self::started) plus the frame's time.
///
/// After [`resume`](Self::resume) the clock goes on as if nothing had been away; what has become
/// late is dropped, and the picture begins again at a key frame.
pub struct Pacer<S> {
    source: S,
    align: bool,
    started: Option<MediaTime>,
    held: Option<EncodedFrame>,
    key_frame_needed: bool,
    skipped: u64,
}

impl<S: FrameSource> Pacer<S> {
    /// A pacer that has not begun. `align`: see [`Options::align`](crate::Options::align).
    pub fn new(source: S, align: bool) -> Self {
        Self { source, align, started: None, held: None, key_frame_needed: true, skipped: 0 }
    }

    /// The way is free from `now` on: begins, or goes on after an interruption.
    pub fn resume(&mut self, now: MediaTime) {
        self.key_frame_needed = true;
        if self.started.is_none() {
            let phase = match (self.align, self.source.period()) {
                (true, Some(period)) => now.micros().rem_euclid(period.micros().max(1)),
                _ => 0,
            };
            self.started = Some(now - MediaTime::from_micros(phase));
        }
    }

    /// Media time zero on the clock that [`resume`](Self::resume) was given; none before it.
    pub fn started(&self) -> Option<MediaTime> {
        self.started
    }

    /// Frames dropped because they were late, or could not be decoded without a key frame.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The source.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// What is due at `now`. Ask until it says [`Due::At`] or [`Due::End`].
    ///
    /// # Errors
    /// The source's.
    pub fn poll(&mut self, now: MediaTime) -> Result<Due, Fault> {
        let Some(started) = self.started else { return Ok(Due::At(now + ASK_AGAIN)) };
        loop {
            let frame = match self.held.take() {
                Some(frame) => frame,
                None => match self.source.next()? {
                    Next::Frame(frame) => frame,
                    Next::Pending => return Ok(Due::At(now + ASK_AGAIN)),
                    Next::End => return Ok(Due::End),
                },
            };
            let due = started + frame.time;
            if due > now {
                self.held = Some(frame);
                return Ok(Due::At(due));
            }
            if self.takes(&frame, now - due) {
                return Ok(Due::Frame(frame));
            }
            self.skipped += 1;
        }
    }

    fn takes(&mut self, frame: &EncodedFrame, late: MediaTime) -> bool {
        let video = frame.codec.kind() == MediaKind::Video;
        if late > TOO_LATE {
            self.key_frame_needed |= video;
            return false;
        }
        if video && self.key_frame_needed {
            self.key_frame_needed = !frame.key;
            return frame.key;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Frames;
    use crate::source::tests::second_by_second;

    fn run(pacer: &mut Pacer<Frames>, from: MediaTime, to: MediaTime) -> Vec<(MediaTime, EncodedFrame)> {
        let (mut now, mut sent) = (from, Vec::new());
        while now < to {
            match pacer.poll(now).expect("frames in memory do not fail") {
                Due::Frame(frame) => sent.push((now, frame)),
                Due::At(time) => now = time,
                Due::End => break,
            }
        }
        sent
    }

    #[test]
    fn frames_leave_at_their_time_and_after_a_break_with_a_key_frame() {
        let start = MediaTime::from_millis(100);
        let mut pacer = Pacer::new(Frames::new(second_by_second(4), true), false);
        assert_eq!(pacer.poll(start), Ok(Due::At(start + ASK_AGAIN)), "not before it may");
        pacer.resume(start);
        let sent = run(&mut pacer, start, start + MediaTime::from_millis(2_000));
        assert_eq!(sent.len(), 160);
        assert!(sent.iter().all(|(now, f)| *now == start + f.time));

        let back = start + MediaTime::from_millis(9_300);
        pacer.resume(back);
        let sent = run(&mut pacer, back, back + MediaTime::from_millis(1_000));
        assert_eq!(pacer.started(), Some(start), "media time zero stays");
        let first = sent.iter().find(|(_, f)| f.codec.kind() == MediaKind::Video).expect("picture");
        assert!(first.1.key && first.1.time == MediaTime::from_millis(9_000), "{first:?}");
        assert!(sent.iter().all(|(now, f)| *now - (start + f.time) <= TOO_LATE));
    }

    #[test]
    fn aligned_publishers_are_in_step_whenever_they_begin() {
        for begin in [1_000, 2_345, 6_789, 40_001] {
            let begin = MediaTime::from_millis(begin);
            let mut pacer = Pacer::new(Frames::new(second_by_second(4), true), true);
            pacer.resume(begin);
            let sent = run(&mut pacer, begin, begin + MediaTime::from_millis(4_000));
            assert_eq!(pacer.started().map(|s| s.micros() % 4_000_000), Some(0));
            let key = sent.iter().find(|(_, f)| f.codec.kind() == MediaKind::Video).expect("picture");
            assert!(key.1.key && key.0 - begin <= MediaTime::from_millis(1_000), "{key:?}");
        }
    }
}
