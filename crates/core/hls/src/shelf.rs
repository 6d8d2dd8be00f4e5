//! What one track has to show: its segments since the start of the show, the parts of the newest,
//! and the text of the older ones, which is written once.

use crate::api::Segment;
use crate::part::Part;
use crate::path::{Rendition, Resource};
use crate::playlist;
use bytes::Bytes;
use palco_base::MediaTime;
use std::fmt::Write;
use std::ops::Range;

/// A complete segment.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) segment: Segment,
    /// Where it ends, counted from the beginning of the playlist.
    ends: MediaTime,
    /// Its bytes, while they are in memory.
    bytes: Option<Bytes>,
    /// Its parts, while the bytes are in memory: `bytes` of each is a piece of the segment's.
    parts: Vec<Part>,
    /// How many parts it had.
    part_count: u32,
    /// Where its text stands in the history, once it is there.
    text: Range<usize>,
}

/// The segment that is being cut.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) segment: Segment,
    pub(crate) parts: Vec<Part>,
}

/// How far back from the end what is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    /// `EXT-X-PART` is listed for segments that end later than this.
    pub(crate) parts: MediaTime,
    /// Bytes stay in memory for segments that end later than this.
    pub(crate) memory: MediaTime,
    /// The skip boundary.
    pub(crate) skip: MediaTime,
}

#[derive(Debug)]
pub(crate) struct Shelf {
    name: Rendition,
    windows: Windows,
    entries: Vec<Entry>,
    open: Option<Open>,
    /// The text of the first `frozen` entries, in which nothing changes any more.
    history: String,
    frozen: usize,
    /// Entries before this have no bytes.
    in_memory: usize,
    /// Changes whenever the playlist does.
    version: u64,
}

impl Shelf {
    pub(crate) const fn new(name: Rendition, windows: Windows) -> Self {
        Self {
            name,
            windows,
            entries: Vec::new(),
            open: None,
            history: String::new(),
            frozen: 0,
            in_memory: 0,
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

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// The media sequence number of the first segment.
    pub(crate) fn first(&self) -> Option<u64> {
        self.entries.first().map(|e| &e.segment).or(self.open().map(|o| &o.segment)).map(|s| s.sequence)
    }

    /// The media sequence number of the last complete segment.
    pub(crate) fn last(&self) -> Option<u64> {
        self.entries.last().map(|entry| entry.segment.sequence)
    }

    /// The complete segment with this number.
    pub(crate) fn entry(&self, msn: u64) -> Option<&Entry> {
        let first = self.entries.first()?.segment.sequence;
        self.entries.get(usize::try_from(msn.checked_sub(first)?).ok()?)
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
            _ => self.entries.last().map(|e| (e.segment.sequence, e.part_count.checked_sub(1))),
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
                Some(entry) if part >= u64::from(entry.part_count) => msn < last || self.has_open(msn + 1, 0),
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
        let part_count = parts.len() as u32;
        self.entries.push(Entry { segment, ends, bytes, parts, part_count, text: 0..0 });
        self.version += 1;
        self.forget(ends);
    }

    /// Where the last complete segment ends.
    fn ends(&self) -> MediaTime {
        self.entries.last().map_or(MediaTime::ZERO, |entry| entry.ends)
    }

    fn forget(&mut self, end: MediaTime) {
        while let Some(entry) = self.entries.get(self.frozen)
            && entry.ends + self.windows.parts < end
        {
            let from = self.history.len();
            let text = self.text(self.frozen, false);
            self.history.push_str(&text);
            self.entries[self.frozen].text = from..self.history.len();
            self.frozen += 1;
        }
        while let Some(entry) = self.entries.get_mut(self.in_memory)
            && entry.ends + self.windows.memory < end
        {
            entry.bytes = None;
            entry.parts = Vec::new();
            self.in_memory += 1;
        }
    }

    /// Bytes of media in memory.
    pub(crate) fn memory(&self) -> u64 {
        let complete = self.entries.iter().skip(self.in_memory).filter_map(|e| e.bytes.as_ref());
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
        self.entries[..self.frozen].partition_point(|entry| entry.ends < boundary)
    }

    /// The lines of all segments and parts, without the first `skip` segments.
    pub(crate) fn write(&self, skip: usize, into: &mut String) {
        let from = self.entries.get(skip).filter(|_| skip < self.frozen).map(|entry| entry.text.start);
        into.push_str(&self.history[from.unwrap_or(self.history.len())..]);
        for index in self.frozen.max(skip)..self.entries.len() {
            into.push_str(&self.text(index, true));
        }
        if let Some(open) = self.open.as_ref().filter(|open| !open.parts.is_empty()) {
            self.head_of(&open.segment, self.entries.last().map(|e| &e.segment), into);
            self.parts(&open.segment, &open.parts, into);
        }
    }

    /// Bytes that [`write`](Self::write) will need, about.
    pub(crate) fn text_size(&self, skip: usize) -> usize {
        let from = self.entries.get(skip).filter(|_| skip < self.frozen).map(|entry| entry.text.start);
        self.history.len() - from.unwrap_or(self.history.len()) + 8_192
    }

    fn text(&self, index: usize, parts: bool) -> String {
        let mut text = String::with_capacity(512);
        let entry = &self.entries[index];
        let before = index.checked_sub(1).map(|before| &self.entries[before].segment);
        self.head_of(&entry.segment, before, &mut text);
        if parts {
            self.parts(&entry.segment, &entry.parts, &mut text);
        }
        if entry.segment.gap {
            text.push_str("#EXT-X-GAP\n");
        }
        let uri = Resource::Segment(self.name.clone(), entry.segment.sequence);
        let duration = playlist::seconds(entry.segment.duration);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "#EXTINF:{duration},\n{uri}");
        text
    }

    fn head_of(&self, segment: &Segment, before: Option<&Segment>, into: &mut String) {
        if segment.discontinuity {
            into.push_str("#EXT-X-DISCONTINUITY\n");
        }
        if segment.discontinuity || before.is_none_or(|before| before.init != segment.init) {
            let uri = Resource::Init(self.name.clone(), segment.init);
            let _ = writeln!(into, "#EXT-X-MAP:URI=\"{uri}\"");
        }
        let date = playlist::date(segment.program_date_time);
        let _ = writeln!(into, "#EXT-X-PROGRAM-DATE-TIME:{date}");
    }

    fn parts(&self, segment: &Segment, parts: &[Part], into: &mut String) {
        for (index, part) in parts.iter().enumerate() {
            let duration = playlist::seconds(part.duration);
            let uri = Resource::Part(self.name.clone(), segment.sequence, index as u32);
            let independent = if part.independent { ",INDEPENDENT=YES" } else { "" };
            let _ = writeln!(into, "#EXT-X-PART:DURATION={duration},URI=\"{uri}\"{independent}");
        }
    }
}

impl Entry {
    pub(crate) const fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }
}
