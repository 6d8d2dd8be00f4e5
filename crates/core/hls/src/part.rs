//! Where a partial segment ends (RFC 8216bis §4.4.4.9): none is longer than the part target, none
//! but the last of a segment shorter than 85 % of it.
//!
//! Frames seldom fall so that this comes out by itself. A part ends before the frame that would
//! not fit any more. If that leaves it too short (few frames per second, or a hole), the last
//! frame is shown until exactly the target and the next part begins where its first frame does:
//! presentation times are never moved, only the length of a frame in front of a hole.

use crate::fmp4::{Sample, chunk};
use bytes::Bytes;
use palco_base::MediaTime;

/// The limits, in ticks of a track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The part target duration.
    most: u64,
    /// 85 % of it, and a little more for what rounding to a playlist's digits takes.
    least: u64,
}

impl Limits {
    pub(crate) fn new(target: MediaTime, rate: u32) -> Self {
        let most = target.ticks(rate).max(1).unsigned_abs();
        Self { most, least: (most * 85).div_ceil(100) + 2 }
    }

    pub(crate) const fn most(self) -> u64 {
        self.most
    }
}

/// A complete partial segment.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// `DURATION`.
    pub(crate) duration: MediaTime,
    /// `INDEPENDENT=YES`.
    pub(crate) independent: bool,
    /// `moof` and `mdat`.
    pub(crate) bytes: Bytes,
}

/// The part that is being collected.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    samples: Vec<Sample>,
    data: Vec<u8>,
}

impl Pending {
    pub(crate) const fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    fn begin(&self) -> u64 {
        self.samples.first().map_or(0, |first| first.tick)
    }

    /// Whether the part ends before a sample at `tick`, which must be later than all in it.
    pub(crate) fn ends_before(&self, tick: u64, limits: Limits) -> bool {
        let Some(last) = self.samples.last() else { return false };
        let span = tick - self.begin();
        // How long the new sample lasts is not known yet; as long as the last one, most likely.
        span >= limits.least && span + (tick - last.tick) > limits.most
    }

    /// Adds a sample. Its duration is known when the next one comes.
    pub(crate) fn push(&mut self, tick: u64, sync: bool, bytes: &[u8]) {
        if let Some(last) = self.samples.last_mut() {
            last.duration = (tick - last.tick) as u32; // within the part target: `ends_before`
        }
        self.data.extend_from_slice(bytes);
        // Frames are bounded where they come in.
        self.samples.push(Sample { tick, duration: 0, size: bytes.len() as u32, sync });
    }

    /// How long the last sample probably is, by the one before it.
    fn usual(&self) -> Option<u64> {
        let [.., before, _] = self.samples.as_slice() else { return None };
        Some(u64::from(before.duration))
    }

    /// Ends the part: at `end`, the tick of the next sample, if there is one; else after a last
    /// sample of the usual length; never after `latest`. Gives the part and the tick it ends at.
    pub(crate) fn finish(
        &mut self,
        (end, latest): (Option<u64>, u64),
        frame: u64,
        (limits, rate): (Limits, u32),
        sequence: u32,
    ) -> Option<(Part, u64)> {
        let begin = self.begin();
        let usual = self.usual().unwrap_or(frame).max(1);
        let last = self.samples.last_mut()?;
        let end = end.unwrap_or(last.tick + usual).min(begin + limits.most).min(latest).max(last.tick + 1);
        last.duration = (end - last.tick) as u32;
        let part = Part {
            duration: span(end - begin, rate),
            independent: self.samples.iter().any(|sample| sample.sync),
            bytes: chunk(sequence, &self.samples, &self.data),
        };
        self.samples.clear();
        self.data.clear();
        Some((part, end))
    }
}

/// A span of ticks as time.
pub(crate) fn span(ticks: u64, rate: u32) -> MediaTime {
    MediaTime::from_ticks(i64::try_from(ticks).unwrap_or(i64::MAX), rate)
}
