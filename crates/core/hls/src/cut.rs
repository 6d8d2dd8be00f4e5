//! Frames to segments: which segment a frame belongs to, and what happens when frames are late,
//! missing, or from another time.

use crate::api::{Output, Segment, TrackId};
use crate::h264::{AccessUnit, ParameterSets, Sps};
use crate::hls::Hls;
use crate::track::Form;
use palco_base::{EncodedFrame, MediaTime};

/// No frame is larger; a 1080p key frame is a hundredth of it.
const LARGEST_FRAME: usize = 16 << 20;
/// Times farther from zero than this (36,000 years) are no times.
const FARTHEST: u64 = 1 << 60;
/// A key frame that is due is asked for again after so long.
const ASK_AGAIN: MediaTime = MediaTime::from_millis(1_000);

/// Where a frame goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Into the open segment.
    Append,
    /// It begins the segment with this number.
    Begin(u64),
    /// Nowhere: the segment is as long as it may be, and this is no key frame.
    TooLong,
    /// Nowhere: it is late, or no key frame.
    Drop,
}

/// A frame, as the track sees it.
#[derive(Debug)]
struct Arrived<'a> {
    time: MediaTime,
    /// Whether decoding can start here.
    key: bool,
    /// The parameter sets it brings, if they are not those in force.
    sets: Option<(ParameterSets, Sps)>,
    bytes: &'a [u8],
}

impl Hls {
    /// A part of a segment: so many hundredths of its usual length.
    fn hundredths(&self, of_segment: i64) -> MediaTime {
        MediaTime::from_micros(self.settings.segment.micros() * of_segment / 100)
    }

    /// A frame has come.
    pub(crate) fn frame(&mut self, id: TrackId, frame: EncodedFrame, now: MediaTime) {
        let taken = !self.ended
            && self.tracks.get(id.0).is_some_and(|track| track.takes(frame.codec))
            && (1..=LARGEST_FRAME).contains(&frame.payload.len())
            && frame.time.micros().unsigned_abs() < FARTHEST;
        if !taken {
            self.counters.dropped_frames += 1;
            return;
        }
        if self.fits(frame.time) {
            // A first frame after a jump of which another track has told meanwhile.
            match self.tracks[id.0].suspect.take() {
                Some(earlier) if earlier.time < frame.time && self.fits(earlier.time) => {
                    self.sort(id, &earlier);
                }
                Some(_) => self.counters.dropped_frames += 1,
                None => {}
            }
            self.sort(id, &frame);
        } else {
            self.suspect(id, frame, now);
        }
        self.wake();
    }

    fn fits(&self, time: MediaTime) -> bool {
        self.timeline.fits(time, self.settings.gap, self.hundredths(200))
    }

    /// A frame that does not fit the timeline. Two in a row of one track mean that the source
    /// restarted; one is a slip. At most one restart per segment: a source whose tracks disagree
    /// must not fill the playlist with discontinuities.
    fn suspect(&mut self, id: TrackId, frame: EncodedFrame, now: MediaTime) {
        let Some(earlier) = self.tracks[id.0].suspect.take() else {
            self.tracks[id.0].suspect = Some(frame);
            return;
        };
        let follows = earlier.time < frame.time && frame.time - earlier.time <= self.settings.gap;
        if !follows {
            self.counters.dropped_frames += 1;
            self.tracks[id.0].suspect = Some(frame);
        } else if self.restarted.is_some_and(|at| now < at + self.settings.segment) {
            self.counters.dropped_frames += 2;
        } else {
            self.restarted = Some(now);
            self.restart(earlier.time);
            self.sort(id, &earlier);
            self.sort(id, &frame);
        }
    }

    /// The source restarted: what was open is completed, a discontinuity follows.
    fn restart(&mut self, time: MediaTime) {
        self.close_all();
        for id in self.ids() {
            self.tracks[id.0].restart();
            self.fill(id, self.timeline.next());
        }
        self.timeline.jump(time);
        self.open(time, true);
    }

    /// Opens the next boundary.
    fn open(&mut self, start: MediaTime, discontinuity: bool) -> u64 {
        let msn = self.timeline.open(start, discontinuity);
        if self.timeline.get(msn).is_some_and(|boundary| boundary.discontinuity) {
            self.discontinuities.insert(msn);
            self.counters.discontinuities += 1;
        }
        msn
    }

    /// Takes a frame that fits the timeline apart, and puts it where it belongs.
    fn sort(&mut self, id: TrackId, frame: &EncodedFrame) {
        self.timeline.see(frame.time);
        let track = &self.tracks[id.0];
        let ticks = self.timeline.ticks(frame.time, track.rate).and_then(|tick| track.place(tick));
        let (Some(tick), false) = (ticks, track.last.is_some_and(|last| frame.time <= last)) else {
            self.counters.dropped_frames += 1;
            return;
        };
        let put = match &track.form {
            Form::Audio(_) => {
                let arrived = Arrived { time: frame.time, key: true, sets: None, bytes: &frame.payload };
                self.put(id, tick, arrived)
            }
            Form::Video(form) => match AccessUnit::parse(&frame.payload) {
                Some(unit) => {
                    let known = form.as_ref().map(|(sets, _)| sets);
                    let sets = new_sets(&unit, known);
                    // Without parameter sets there is nothing to decode it with.
                    let key = unit.idr && (known.is_some() || sets.is_some());
                    self.put(id, tick, Arrived { time: frame.time, key, sets, bytes: &unit.sample })
                }
                None => false,
            },
        };
        if put {
            self.tracks[id.0].last = Some(frame.time);
        } else {
            self.counters.dropped_frames += 1;
        }
        self.close_laggards(frame.time);
    }

    /// Puts a sample into its segment. Says whether it did.
    fn put(&mut self, id: TrackId, tick: u64, arrived: Arrived<'_>) -> bool {
        if arrived.key {
            self.tracks[id.0].asked = None;
        }
        match self.step(id, &arrived) {
            Step::Append => {}
            Step::Begin(msn) => self.begin(id, msn, tick, &arrived),
            Step::TooLong => {
                self.counters.late_keys += 1;
                self.close(id, Some(tick));
                self.ask(id, arrived.time);
                return false;
            }
            Step::Drop => {
                self.ask(id, arrived.time);
                return false;
            }
        }
        if self.tracks[id.0].push(tick, arrived.key, arrived.bytes) {
            self.counters.parts += 1;
        }
        self.ask_if_due(id, arrived.time);
        true
    }

    fn step(&mut self, id: TrackId, arrived: &Arrived<'_>) -> Step {
        let Some(cutting) = &self.tracks[id.0].cutting else { return self.enter(id, arrived) };
        let (msn, own) = (cutting.msn, arrived.time - cutting.start);
        let changed = arrived.key && arrived.sets.is_some();
        if changed {
            let joined = self.timeline.reached(msn + 1, arrived.time, self.hundredths(25));
            let joined = joined.filter(|msn| self.discontinuities.contains(msn));
            return Step::Begin(joined.unwrap_or_else(|| self.open(arrived.time, true)));
        }
        let video = self.tracks[id.0].is_video();
        let frame = self.tracks[id.0].frame_time();
        let half_a_frame = MediaTime::from_micros(frame.micros() / 2);
        // Sound can be cut anywhere, so it ends before it is too long; a picture after.
        let full = if video { own } else { own + frame } >= self.longest();
        if self.timeline.last().is_some_and(|last| last > msn) {
            let reached = self.timeline.reached(msn + 1, arrived.time, half_a_frame);
            let due = reached.is_some() || full || (video && own >= self.hundredths(90));
            return match (due && arrived.key, full) {
                (true, _) => Step::Begin(reached.unwrap_or(msn + 1)),
                (false, true) => Step::TooLong,
                (false, false) => Step::Append,
            };
        }
        let since = self.timeline.get(msn).map_or(own, |boundary| own.max(arrived.time - boundary.start));
        let due = if video {
            // The usual key frame, also when this track began late in its first segment.
            (since >= self.hundredths(90) && own >= self.hundredths(40))
                || (self.settings.key_grid
                    && self.next_key(arrived.time) + frame - (arrived.time - since) > self.longest())
        } else if self.tracks.iter().any(|track| track.is_video()) {
            full
        } else {
            own + half_a_frame >= self.settings.segment
        };
        match (due && arrived.key, full) {
            (true, _) => Step::Begin(self.open(arrived.time, false)),
            (false, true) => Step::TooLong,
            (false, false) => Step::Append,
        }
    }

    /// When the first key frame after the picture at `time` comes at the latest.
    fn next_key(&self, time: MediaTime) -> MediaTime {
        let stretch = self.settings.segment.micros();
        MediaTime::from_micros((time.micros().div_euclid(stretch) + 1) * stretch)
    }

    /// The first frame of a track, or the first after its segment was closed.
    fn enter(&mut self, id: TrackId, arrived: &Arrived<'_>) -> Step {
        if !arrived.key {
            return Step::Drop;
        }
        let track = &self.tracks[id.0];
        let changed = arrived.sets.is_some() && track.init.is_some();
        let from = track.next.unwrap_or(0);
        match self.timeline.last() {
            None => Step::Begin(self.open(arrived.time, false)),
            Some(last) if from > last => Step::Begin(self.open(arrived.time, changed)),
            Some(_) => match self.timeline.reached(from, arrived.time, self.hundredths(25)) {
                Some(msn) if changed && !self.discontinuities.contains(&msn) => {
                    Step::Begin(self.open(arrived.time, true))
                }
                Some(msn) => Step::Begin(msn),
                None => Step::Drop,
            },
        }
    }

    fn begin(&mut self, id: TrackId, msn: u64, tick: u64, arrived: &Arrived<'_>) {
        self.close(id, Some(tick));
        self.fill(id, msn);
        self.adopt(id, arrived.sets.clone());
        let to_unix = self.timeline.get(msn).map_or(MediaTime::ZERO, |boundary| boundary.to_unix);
        let discontinuity = self.discontinuities.contains(&msn);
        let track = &mut self.tracks[id.0];
        let before = track.shelf.last_segment().map(|segment| segment.program_date_time);
        let date = before.unwrap_or(MediaTime::ZERO).max(arrived.time + to_unix);
        track.begin(msn, arrived.time, tick);
        track.shelf.begin(Segment {
            track: id,
            sequence: msn,
            init: track.init.unwrap_or(0),
            duration: MediaTime::ZERO,
            program_date_time: date,
            discontinuity,
            gap: false,
            size: 0,
        });
        self.timeline.date(date);
        self.forget_boundaries();
    }

    /// Makes parameter sets those in force, and says so if that is a new initialization section.
    pub(crate) fn adopt(&mut self, id: TrackId, sets: Option<(ParameterSets, Sps)>) {
        if self.tracks[id.0].is_video() && sets.is_none() {
            return;
        }
        if let Some((number, bytes)) = self.tracks[id.0].adopt(sets) {
            self.multivariant_version += 1;
            self.outputs.push_back(Output::Init { track: id, number, bytes });
        }
    }

    /// Completes the open segment of a track, whose next sample, if there is one, is at `end`.
    fn close(&mut self, id: TrackId, end: Option<u64>) {
        let Some((segment, bytes, part)) = self.tracks[id.0].complete(end) else { return };
        self.counters.parts += u64::from(part);
        self.counters.segments += 1;
        self.multivariant_version += 1;
        self.timeline.date(segment.program_date_time + segment.duration);
        self.outputs.push_back(Output::Segment { segment, bytes });
    }

    fn close_all(&mut self) {
        for id in self.ids() {
            self.close(id, None);
        }
    }

    /// Segments a track has nothing for, up to `msn`, become gaps.
    pub(crate) fn fill(&mut self, id: TrackId, msn: u64) {
        while let Some(next) = self.tracks[id.0].next
            && next < msn
        {
            self.gap(id, next);
        }
    }

    fn gap(&mut self, id: TrackId, msn: u64) {
        let boundary = self.timeline.get(msn).copied();
        let until = self.timeline.get(msn + 1).copied();
        let duration = match (boundary, until) {
            (Some(from), Some(to)) if !to.discontinuity => to.start - from.start,
            _ => self.settings.segment,
        };
        let longest = self.longest();
        let track = &mut self.tracks[id.0];
        let before = track.shelf.last_segment();
        let after = before.map_or(MediaTime::ZERO, |s| s.program_date_time + s.duration);
        let segment = Segment {
            track: id,
            sequence: msn,
            init: track.init.or(before.map(|before| before.init)).unwrap_or(0),
            duration: duration.clamp(MediaTime::from_millis(1), longest),
            // Where tracks overlap at a boundary, dates still go on.
            program_date_time: boundary.map_or(after, |b| after.max(b.start + b.to_unix)),
            discontinuity: self.discontinuities.contains(&msn),
            gap: true,
            size: 0,
        };
        track.shelf.add_stored(segment.clone());
        track.next = Some(msn + 1);
        self.counters.gaps += 1;
        self.timeline.date(segment.program_date_time + segment.duration);
        self.outputs.push_back(Output::Segment { segment, bytes: bytes::Bytes::new() });
    }

    /// Tracks that are silent must not hold up their viewers: half a segment after the others
    /// have gone on, theirs is completed, or becomes a gap.
    fn close_laggards(&mut self, time: MediaTime) {
        let slack = self.hundredths(50);
        for id in self.ids() {
            while let Some(next) = self.tracks[id.0].next {
                let open = self.tracks[id.0].cutting.as_ref().map(|cutting| cutting.msn);
                let msn = open.unwrap_or(next);
                let over = self.timeline.get(msn + 1).is_some_and(|after| time > after.start + slack);
                if !over {
                    break;
                }
                if open.is_some() { self.close(id, None) } else { self.gap(id, msn) }
            }
        }
        self.forget_boundaries();
    }

    fn forget_boundaries(&mut self) {
        let needed =
            self.tracks.iter().filter_map(|track| track.next).map(|next| next.saturating_sub(1)).min();
        self.timeline.forget(needed.unwrap_or(0));
    }

    /// A picture without a key frame for longer than a segment and an eighth.
    fn ask_if_due(&mut self, id: TrackId, time: MediaTime) {
        let due = self.tracks[id.0].cutting.as_ref().map(|cutting| cutting.start + self.hundredths(112));
        if self.tracks[id.0].is_video() && due.is_some_and(|due| time >= due) {
            self.ask(id, time);
        }
    }

    fn ask(&mut self, id: TrackId, time: MediaTime) {
        let track = &mut self.tracks[id.0];
        let again = track.asked.is_none_or(|asked| time >= asked + ASK_AGAIN || time < asked);
        if track.is_video() && again {
            track.asked = Some(time);
            self.outputs.push_back(Output::KeyFrameWanted { track: id });
        }
    }

    /// The show is over.
    pub(crate) fn end(&mut self) {
        if self.ended {
            return;
        }
        self.close_all();
        self.ended = true;
        for track in &mut self.tracks {
            self.counters.dropped_frames += u64::from(track.suspect.take().is_some());
            track.shelf.touch();
        }
        self.wake();
    }
}

/// The parameter sets of a key frame, if they can be read and are not those in force.
fn new_sets(unit: &AccessUnit, known: Option<&ParameterSets>) -> Option<(ParameterSets, Sps)> {
    let complete = !unit.sets.sps.is_empty() && !unit.sets.pps.is_empty();
    if !unit.idr || !complete || known == Some(&unit.sets) {
        return None;
    }
    let sps = Sps::parse(unit.sets.sps.first()?)?;
    Some((unit.sets.clone(), sps))
}
