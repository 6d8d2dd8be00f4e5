//! What one track has to show: its segments since the start of the show, and the parts of the
//! newest. A show of hours has thousands of segments: of those whose bytes are on the disk alone,
//! only what their lines in the playlist say is kept.

use crate::api::Segment;
use crate::part::Part;
use crate::path::{Rendition, Resource};
use crate::playlist;
use bytes::Bytes;
use palco_base::MediaTime;
use std::collections::VecDeque;
use std::fmt::Write;

/// Bytes of text per segment, about.
const SEGMENT_TEXT: usize = 96;

/// A complete segment whose bytes may be in memory.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) segment: Segment,
    /// Where it ends, counted from the beginning of the playlist.
    ends: MediaTime,
    /// Its bytes, if they are in memory.
    bytes: Option<Bytes>,
    /// Its parts: `bytes` of each is a piece of the segment's.
    parts: Vec<Part>,
}

/// What a playlist says of a segment.
#[derive(Clone, Copy, Debug)]
struct Lines {
    program_date_time: MediaTime,
    /// µs; no segment is longer than an hour.
    duration: u32,
    init: u32,
    discontinuity: bool,
    gap: bool,
}

/// 1,800 an hour and track are kept until the show ends.
const _: () = assert!(size_of::<Lines>() <= 24);

/// A complete segment, as it can be had.
pub(crate) enum Complete<'a> {
    /// From memory.
    Here(&'a Bytes),
    /// From the recording.
    Stored,
    /// There is no media.
    Gap,
}

/// The segment that is being cut.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) segment: Segment,
    pub(crate) parts: Vec<Part>,
}

/// How far back from the end what is kept. Each reaches at least as far as the one before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    /// `EXT-X-PART` is listed for segments that end later than this.
    pub(crate) parts: MediaTime,
    /// The skip boundary.
    pub(crate) skip: MediaTime,
    /// Bytes stay in memory for segments that end later than this.
    pub(crate) memory: MediaTime,
}

#[derive(Debug)]
pub(crate) struct Shelf {
    name: Rendition,
    windows: Windows,
    /// The media sequence number of the first complete segment.
    begins: Option<u64>,
    /// Those that have left the memory window.
    past: Vec<Lines>,
    /// Those that follow.
    recent: VecDeque<Entry>,
    open: Option<Open>,
    /// Changes whenever the playlist does.
    version: u64,
}

impl Shelf {
    pub(crate) const fn new(name: Rendition, windows: Windows) -> Self {
        Self {
            name,
            windows,
            begins: None,
            past: Vec::new(),
            recent: VecDeque::new(),
            open: None,
            version: 0,
        }
    }

    pub(crate) const fn name(&self) -> &Rendition {
        &self.name
    }

    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    /// Says that the playlist is another one now.
    pub(crate) const fn touch(&mut self) {
        self.version += 1;
    }

    /// How many complete segments there are.
    pub(crate) fn count(&self) -> usize {
        self.past.len() + self.recent.len()
    }

    /// The last complete segment.
    pub(crate) fn last_segment(&self) -> Option<&Segment> {
        self.recent.back().map(|entry| &entry.segment)
    }

    pub(crate) const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// The media sequence number of the first segment.
    pub(crate) fn first(&self) -> Option<u64> {
        self.begins.or(self.open().map(|open| open.segment.sequence))
    }

    /// The media sequence number of the last complete segment.
    pub(crate) fn last(&self) -> Option<u64> {
        self.last_segment().map(|segment| segment.sequence)
    }

    /// The complete segment with this number, unless it left the memory window.
    fn entry(&self, msn: u64) -> Option<&Entry> {
        let first = self.recent.front()?.segment.sequence;
        self.recent.get(usize::try_from(msn.checked_sub(first)?).ok()?)
    }

    /// The complete segment with this number, if there is one.
    pub(crate) fn complete_segment(&self, msn: u64) -> Option<Complete<'_>> {
        if let Some(Entry { segment, bytes, .. }) = self.entry(msn) {
            return Some(match bytes {
                _ if segment.gap => Complete::Gap,
                Some(bytes) => Complete::Here(bytes),
                None => Complete::Stored,
            });
        }
        let index = usize::try_from(msn.checked_sub(self.begins?)?).ok()?;
        self.past.get(index).map(|lines| if lines.gap { Complete::Gap } else { Complete::Stored })
    }

    /// The number and part that come next: what `EXT-X-PRELOAD-HINT` names.
    pub(crate) fn hint(&self) -> Option<(u64, u32)> {
        match &self.open {
            Some(open) => Some((open.segment.sequence, open.parts.len() as u32)),
            None => Some((self.last()? + 1, 0)),
        }
    }

    /// The number and part that came last; the part is none if the segment has none listed.
    pub(crate) fn newest(&self) -> Option<(u64, Option<u32>)> {
        match &self.open {
            Some(open) if !open.parts.is_empty() => {
                Some((open.segment.sequence, Some(open.parts.len() as u32 - 1)))
            }
            _ => self.recent.back().map(|e| (e.segment.sequence, (e.parts.len() as u32).checked_sub(1))),
        }
    }

    /// Whether the playlist has this segment, or this part of it or what follows it
    /// (RFC 8216bis §6.2.5.2).
    pub(crate) fn has(&self, msn: u64, part: Option<u64>) -> bool {
        let Some(last) = self.last() else {
            return part.is_some_and(|part| self.has_open(msn, part));
        };
        match part {
            None => msn <= last,
            Some(part) => match self.entry(msn) {
                // A part past the end of its segment is the first of the next.
                Some(entry) if part >= entry.parts.len() as u64 => msn < last || self.has_open(msn + 1, 0),
                Some(_) => true,
                None => msn < last || self.has_open(msn, part),
            },
        }
    }

    fn has_open(&self, msn: u64, part: u64) -> bool {
        self.open.as_ref().is_some_and(|o| o.segment.sequence == msn && part < o.parts.len() as u64)
    }

    /// The part, if it is in memory.
    pub(crate) fn part(&self, msn: u64, part: u32) -> Option<&Part> {
        let parts = match &self.open {
            Some(open) if open.segment.sequence == msn => &open.parts,
            _ => &self.entry(msn)?.parts,
        };
        parts.get(part as usize)
    }

    /// Begins a segment. What is known of it is filled in by and by.
    pub(crate) fn begin(&mut self, segment: Segment) {
        self.open = Some(Open { segment, parts: Vec::new() });
    }

    /// Adds a part to the open segment.
    pub(crate) fn add_part(&mut self, part: Part) {
        if let Some(open) = &mut self.open {
            open.segment.size += part.bytes.len() as u64;
            open.parts.push(part);
            self.version += 1;
        }
    }

    /// Completes the open segment.
    pub(crate) fn complete(&mut self, duration: MediaTime) -> Option<(Segment, Bytes)> {
        let Open { mut segment, mut parts } = self.open.take()?;
        segment.duration = duration;
        let mut whole = Vec::with_capacity(usize::try_from(segment.size).unwrap_or(0));
        parts.iter().for_each(|part| whole.extend_from_slice(&part.bytes));
        let bytes = Bytes::from(whole);
        // One copy in memory: from here on the parts are pieces of the segment.
        let mut at = 0;
        for part in &mut parts {
            let end = at + part.bytes.len();
            part.bytes = bytes.slice(at..end);
            at = end;
        }
        self.add(segment.clone(), Some(bytes.clone()), parts);
        Some((segment, bytes))
    }

    /// Adds a complete segment: one that was recorded before, or a gap.
    pub(crate) fn add_stored(&mut self, segment: Segment) {
        self.add(segment, None, Vec::new());
    }

    fn add(&mut self, segment: Segment, bytes: Option<Bytes>, parts: Vec<Part>) {
        let ends = self.ends() + segment.duration;
        self.begins.get_or_insert(segment.sequence);
        self.recent.push_back(Entry { segment, ends, bytes, parts });
        self.version += 1;
        while let Some(entry) = self.recent.pop_front_if(|entry| entry.ends + self.windows.memory < ends) {
            self.past.push(Lines::of(&entry.segment));
        }
    }

    /// Where the last complete segment ends.
    fn ends(&self) -> MediaTime {
        self.recent.back().map_or(MediaTime::ZERO, |entry| entry.ends)
    }

    /// Bytes of media in memory.
    pub(crate) fn memory(&self) -> u64 {
        let complete = self.recent.iter().filter_map(|entry| entry.bytes.as_ref());
        let open = self.open.iter().flat_map(|open| open.parts.iter().map(|part| &part.bytes));
        complete.chain(open).map(|bytes| bytes.len() as u64).sum()
    }

    /// How many segments a delta update leaves out: those before the skip boundary.
    pub(crate) fn skippable(&self) -> usize {
        let open: MediaTime = self
            .open
            .iter()
            .flat_map(|open| &open.parts)
            .fold(MediaTime::ZERO, |sum, part| sum + part.duration);
        let boundary = self.ends() + open - self.windows.skip;
        self.past.len() + self.recent.partition_point(|entry| entry.ends < boundary)
    }

    /// The lines of all segments and parts, without the first `skip` segments.
    pub(crate) fn write(&self, skip: usize, into: &mut String) {
        let begins = self.begins.unwrap_or(0);
        for (index, lines) in self.past.iter().enumerate().skip(skip) {
            let before = index.checked_sub(1).and_then(|before| self.past.get(before));
            self.segment(begins + index as u64, lines, before, &[], into);
        }
        let mut last = self.past.last().copied();
        for (index, entry) in self.recent.iter().enumerate() {
            let lines = Lines::of(&entry.segment);
            let before = last.replace(lines);
            if self.past.len() + index >= skip {
                let listed = entry.ends + self.windows.parts >= self.ends();
                let parts = if listed { &entry.parts[..] } else { &[] };
                self.segment(entry.segment.sequence, &lines, before.as_ref(), parts, into);
            }
        }
        if let Some(Open { segment, parts }) = self.open.as_ref().filter(|open| !open.parts.is_empty()) {
            self.head(&Lines::of(segment), last.as_ref(), into);
            self.parts(segment.sequence, parts, into);
        }
    }

    /// Bytes that [`write`](Self::write) will need, about.
    pub(crate) fn text_size(&self, skip: usize) -> usize {
        (self.count() - skip) * SEGMENT_TEXT + 8_192
    }

    fn segment(
        &self,
        sequence: u64,
        lines: &Lines,
        before: Option<&Lines>,
        parts: &[Part],
        into: &mut String,
    ) {
        self.head(lines, before, into);
        self.parts(sequence, parts, into);
        if lines.gap {
            into.push_str("#EXT-X-GAP\n");
        }
        let uri = Resource::Segment(self.name.clone(), sequence);
        let duration = playlist::seconds(MediaTime::from_micros(lines.duration.into()));
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(into, "#EXTINF:{duration},\n{uri}");
    }

    fn head(&self, lines: &Lines, before: Option<&Lines>, into: &mut String) {
        if lines.discontinuity {
            into.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if lines.discontinuity || before.is_none_or(|before| before.init != lines.init) {
            let uri = Resource::Init(self.name.clone(), lines.init);
            let _ = writeln!(into, "#EXT-X-MAP:URI=\"{uri}\"");
        }
        let date = playlist::date(lines.program_date_time);
        let _ = writeln!(into, "#EXT-X-PROGRAM-DATE-TIME:{date}");
    }

    fn parts(&self, sequence: u64, parts: &[Part], into: &mut String) {
        for (index, part) in parts.iter().enumerate() {
            let duration = playlist::seconds(part.duration);
            let uri = Resource::Part(self.name.clone(), sequence, index as u32);
            let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
            let _ = writeln!(into, "#EXT-X-PART:DURATION={duration},URI=\"{uri}\"{independent}");
        }
    }
}

impl Lines {
    fn of(segment: &Segment) -> Self {
        Self {
            program_date_time: segment.program_date_time,
            duration: u32::try_from(segment.duration.micros()).unwrap_or(0),
            init: segment.init,
            discontinuity: segment.discontinuity,
            gap: segment.gap,
        }
    }
}
