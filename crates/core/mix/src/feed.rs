//! One feed inside the mix: its pictures waiting for their time, and its sound.

use crate::jitter::Jitter;
use crate::mix::FeedKind;
use crate::picture::Picture;
use crate::resample::Frame;
use crate::{BLOCK, limiter::Limiter};
use palco_base::MediaTime;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pictures that wait at most; beyond, the oldest is dropped.
const WAITING: usize = 16;
/// No picture waits longer for its sound.
const LONGEST_WAIT: MediaTime = MediaTime::from_millis(150);
/// After so many blocks without sound (0.5 s), pictures wait for none.
const SILENT: u32 = 25;
/// A performer's picture older than this stands still for all to see: it is dimmed.
const FROZEN: MediaTime = MediaTime::from_millis(2_000);

/// A picture on show.
pub(crate) struct Shown {
    pub(crate) picture: Arc<Picture>,
    /// Another number is another picture.
    pub(crate) serial: u64,
    since: MediaTime,
}

struct Waiting {
    picture: Arc<Picture>,
    time: MediaTime,
    arrived: MediaTime,
}

/// See the module.
pub(crate) struct Feed {
    pub(crate) name: String,
    kind: FeedKind,
    waiting: VecDeque<Waiting>,
    shown: Option<Shown>,
    serial: u64,
    /// How late pictures come after their capture, and how much that varies, µs.
    lateness: Option<(f64, f64)>,
    sound: Jitter,
    /// The sound's delay, kept over short gaps, and for how many blocks it was not renewed.
    delay: Option<MediaTime>,
    silent_blocks: u32,
    /// This block, if there was sound in it.
    block: Option<Box<[Frame; BLOCK]>>,
    spare: Option<Box<[Frame; BLOCK]>>,
    /// Loudest since the last report, if there was sound.
    peak: Option<f32>,
    pub(crate) dropped: u64,
}

impl Feed {
    pub(crate) fn new(name: String, kind: FeedKind) -> Self {
        Self {
            name,
            kind,
            waiting: VecDeque::new(),
            shown: None,
            serial: 0,
            lateness: None,
            sound: Jitter::default(),
            delay: None,
            silent_blocks: 0,
            block: None,
            spare: None,
            peak: None,
            dropped: 0,
        }
    }

    pub(crate) fn push_picture(&mut self, picture: Arc<Picture>, time: MediaTime, now: MediaTime) {
        let late = (now - time).micros() as f64;
        self.lateness = Some(match self.lateness {
            // A timeline that jumps is learnt anew.
            Some((mean, varies)) if (late - mean).abs() < 500_000.0 => {
                let off = late - mean;
                (mean + off / 16.0, varies + (off.abs() - varies) / 16.0)
            }
            _ => (late, 0.0),
        });
        if self.waiting.back().is_some_and(|last| last.time >= time) {
            self.waiting.clear(); // A seek, or a publisher that began anew.
        }
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(Waiting { picture, time, arrived: now });
    }

    pub(crate) fn push_sound(&mut self, samples: &[f32], time: MediaTime, now: MediaTime) {
        self.sound.push(samples, time, now);
    }

    /// Takes the block of sound that is heard from `time` on.
    pub(crate) fn take_block(&mut self, time: MediaTime, half_tick: MediaTime) {
        let wanted = self
            .lateness
            .map(|(mean, varies)| (mean + varies) as i64 - half_tick.micros() - Limiter::DELAY.micros());
        let mut block =
            self.block.take().or_else(|| self.spare.take()).unwrap_or_else(|| Box::new([[0.0; 2]; BLOCK]));
        if self.sound.pull(time, wanted, &mut block) {
            let loudest = block.iter().flatten().fold(0.0f32, |peak, v| peak.max(v.abs()));
            self.peak = Some(self.peak.unwrap_or(0.0).max(loudest));
            self.block = Some(block);
        } else {
            self.spare = Some(block);
        }
        if let Some(delay) = self.sound.delay() {
            self.delay = Some(MediaTime::from_micros(delay) + Limiter::DELAY);
            self.silent_blocks = 0;
        } else {
            self.silent_blocks += 1;
            self.delay = self.delay.filter(|_| self.silent_blocks < SILENT);
        }
    }

    pub(crate) fn block(&self) -> Option<&[Frame; BLOCK]> {
        self.block.as_deref()
    }

    pub(crate) fn take_peak(&mut self) -> Option<f32> {
        self.peak.take()
    }

    /// Brings the picture on show up to `time`: the newest whose sound leaves then, or the
    /// newest of all if the feed is silent.
    pub(crate) fn advance(&mut self, time: MediaTime, half_tick: MediaTime) {
        while let Some(first) = self.waiting.front() {
            let due = self.delay.is_none_or(|delay| first.time + delay <= time + half_tick);
            if !due && first.arrived + LONGEST_WAIT > time {
                break;
            }
            let Some(first) = self.waiting.pop_front() else { break };
            self.serial += 1;
            self.shown = Some(Shown { picture: first.picture, serial: self.serial, since: time });
        }
    }

    /// From capture to mix, of its sound and of the pictures with it; none while it is silent.
    pub(crate) const fn delay(&self) -> Option<MediaTime> {
        self.delay
    }

    pub(crate) const fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// Whether the picture on show has been there for so long that the feed must have stopped.
    pub(crate) fn frozen(&self, time: MediaTime) -> bool {
        let old = self.shown.as_ref().is_some_and(|shown| time - shown.since > FROZEN);
        old && self.kind == FeedKind::Performer
    }

    /// Blocks and frames of sound that went wrong.
    pub(crate) const fn lost_sound(&self) -> crate::jitter::Lost {
        self.sound.lost()
    }
}
