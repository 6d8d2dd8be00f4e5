//! What all tracks share: where segments begin, and what the wall clock says.
//!
//! The segment with one media sequence number covers the same time in every rendition. The first
//! video track whose key frame is due opens the next [`Boundary`]; the others cut there. If no
//! key frame comes, the sound opens it, so that sound goes on when the picture does not.

use crate::api::WallClock;
use palco_base::MediaTime;
use std::collections::VecDeque;

/// The clock that dates segments follows the wall clock by at most this per segment.
const SLEW: i64 = 5_000;
/// Media timestamps begin here, so that a track may be a little earlier than the first.
const LEAD: MediaTime = MediaTime::from_millis(10_000);

/// Where the segments with one media sequence number begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boundary {
    /// The first sample of the track that opened it.
    pub(crate) start: MediaTime,
    /// Whether `EXT-X-DISCONTINUITY` stands here.
    pub(crate) discontinuity: bool,
    /// What to add to a time on the monotonic clock to have it since 1970.
    pub(crate) to_unix: MediaTime,
}

/// Whether a machine's clocks can stand so: from 1970 to 2170, up for at most a century.
pub(crate) fn credible(clock: WallClock) -> bool {
    const CENTURY: MediaTime = MediaTime::from_millis(36_525 * 86_400_000);
    let span = |time: MediaTime| (MediaTime::ZERO..CENTURY).contains(&time);
    span(clock.at) && (span(clock.unix) || span(clock.unix - CENTURY))
}

#[derive(Debug)]
pub(crate) struct Timeline {
    /// Media sequence number of the first boundary kept.
    first: u64,
    boundaries: VecDeque<Boundary>,
    /// Where media timestamps count from.
    origin: Option<MediaTime>,
    /// The newest frame of any track since the last discontinuity.
    latest: Option<MediaTime>,
    newest: MediaTime,
    applied: Option<MediaTime>,
    /// No segment after a discontinuity is dated before this.
    dated: MediaTime,
    /// The next boundary is a discontinuity whatever opens it.
    broken: bool,
}

impl Timeline {
    pub(crate) fn new(clock: WallClock) -> Self {
        Self {
            first: 0,
            boundaries: VecDeque::new(),
            origin: None,
            latest: None,
            newest: clock.unix - clock.at,
            applied: None,
            dated: MediaTime::from_micros(i64::MIN),
            broken: false,
        }
    }

    /// Goes on after a recording: with this number, not dated before that.
    pub(crate) fn resume(&mut self, next: u64, dated: MediaTime) {
        self.first = next;
        self.dated = dated;
        self.broken = true;
    }

    /// A clock that no machine shows is not believed.
    pub(crate) fn set_clock(&mut self, clock: WallClock) {
        if credible(clock) {
            self.newest = clock.unix - clock.at;
        }
    }

    /// The media sequence number of the last boundary.
    pub(crate) fn last(&self) -> Option<u64> {
        (self.next() > self.first).then(|| self.next() - 1)
    }

    /// The media sequence number of the boundary that is opened next.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.boundaries.len() as u64
    }

    pub(crate) fn get(&self, msn: u64) -> Option<&Boundary> {
        self.boundaries.get(usize::try_from(msn.checked_sub(self.first)?).ok()?)
    }

    /// The last boundary from `from` on that a frame at `time` has reached, `early` before it.
    pub(crate) fn reached(&self, from: u64, time: MediaTime, early: MediaTime) -> Option<u64> {
        let last = self.last()?;
        (from.max(self.first)..=last)
            .rev()
            .find(|msn| self.get(*msn).is_some_and(|b| time + early >= b.start))
    }

    /// Opens the next boundary, and gives its number.
    pub(crate) fn open(&mut self, start: MediaTime, discontinuity: bool) -> u64 {
        let discontinuity = discontinuity || std::mem::take(&mut self.broken);
        // Never before the last, unless the clock itself jumped back.
        let start = match self.boundaries.back() {
            Some(last) if !discontinuity => start.max(last.start + MediaTime::from_micros(1)),
            _ => start,
        };
        if let (Some(latest), Some(applied)) = (self.latest, self.applied) {
            self.date(latest + applied);
        }
        let to_unix = match self.applied {
            Some(applied) if !discontinuity => {
                let off = (self.newest - applied).micros().clamp(-SLEW, SLEW);
                applied + MediaTime::from_micros(off)
            }
            _ => self.newest.max(self.dated - start),
        };
        self.applied = Some(to_unix);
        self.boundaries.push_back(Boundary { start, discontinuity, to_unix });
        self.next() - 1
    }

    /// A segment begins or ends at this date.
    pub(crate) fn date(&mut self, end: MediaTime) {
        self.dated = self.dated.max(end);
    }

    /// Forgets boundaries before `msn`, but never the last.
    pub(crate) fn forget(&mut self, msn: u64) {
        while self.first < msn && self.boundaries.len() > 1 {
            self.boundaries.pop_front();
            self.first += 1;
        }
    }

    /// Whether a frame at `time` follows what has been: not more than `gap` after the newest, not
    /// more than `back` before it.
    pub(crate) fn fits(&self, time: MediaTime, gap: MediaTime, back: MediaTime) -> bool {
        self.latest.is_none_or(|latest| time <= latest + gap && time + back >= latest)
    }

    /// A frame that fits has come.
    pub(crate) fn see(&mut self, time: MediaTime) {
        self.origin.get_or_insert(time - LEAD);
        self.latest = Some(self.latest.map_or(time, |latest| latest.max(time)));
    }

    /// The clock of the source jumped: it is `time` now.
    pub(crate) fn jump(&mut self, time: MediaTime) {
        self.latest = None;
        if self.origin.is_none_or(|origin| time < origin + LEAD) {
            self.origin = Some(time - LEAD);
        }
    }

    /// A time in ticks of a track; none before the origin.
    pub(crate) fn ticks(&self, time: MediaTime, rate: u32) -> Option<u64> {
        u64::try_from((time - self.origin?).ticks(rate)).ok()
    }
}
