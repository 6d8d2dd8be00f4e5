//! A recording as one MP4 file: the segments one after the other, their times made to go on where
//! the mixer or the server began anew.
//!
//! The file is a fragmented MP4: `ftyp`, a `moov` with both tracks, a `sidx` that says where each
//! segment lies, then the fragments as they were recorded. Nothing is coded again and nothing is
//! held in memory but the plan: the shell reads what [`Film::next`] names and sends what
//! [`Film::cut`] makes of it. How long the file is, is known before the first byte is sent.

use crate::api::{Segment, Stored, TrackId};
use crate::splice::{self, Place};
use bytes::Bytes;
use mp4_atom::{
    Any, Avc1, Avc3, Codec, Decode, FourCC, Ftyp, Mehd, Moov, Mvex, Mvhd, SegmentReference, Sidx, Trex,
};
use palco_base::{Class, Fault, MediaTime};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher as _};

/// The beginning of a segment tells when it begins: that much of it is read for the plan.
pub const FILM_LOOK: usize = 256;
/// What a `sidx` can list.
const MOST_REFERENCES: usize = 65_535;
/// Fragments are numbered upwards; each segment has so many numbers, whether it needs them or not,
/// so that a segment is the same whether those before it were read or not.
const FRAGMENTS: u32 = 1_000;
/// Ticks per second of what belongs to no track.
const MOVIE_RATE: u32 = 1_000;

/// Reads what is stored: all of it, or so many bytes of its beginning.
pub type Look<'a> = &'a mut dyn FnMut(Stored, Option<usize>) -> Result<Bytes, Fault>;

/// See the module.
#[derive(Debug)]
pub struct Film {
    head: Bytes,
    length: u64,
    duration: MediaTime,
    tracks: Vec<TrackId>,
    sets: Vec<Vec<u8>>,
    pieces: Vec<Piece>,
    at: usize,
}

/// A segment in the file.
#[derive(Debug)]
struct Piece {
    sequence: u64,
    /// Index of its track.
    track: usize,
    /// When it begins in the file, in ticks.
    start: u64,
    /// What is added to its own times, in ticks.
    shift: i64,
    /// Which of the film's parameter sets stand in it.
    sets: usize,
    size: u64,
}

/// One track: where it was recorded, and how it is described in the file.
struct Reel {
    id: TrackId,
    moov: Moov,
    rate: u32,
    /// What each initialization section makes stand in front of a key frame: nothing, unless the
    /// encoder came back as another. Then the header's parameter sets do not hold for all of the
    /// film, and each key frame brings its own.
    sets: BTreeMap<u32, usize>,
    segments: BTreeMap<u64, Segment>,
    /// Where the last segment ends in the file, in ticks.
    end: u64,
}

pub(crate) fn broken(detail: impl std::fmt::Display) -> Fault {
    Fault::new(Class::Internal, "recording_broken", "The recording cannot be read.").internal(detail)
}

impl Film {
    /// Plans the file of these tracks, the picture first. A track that was never recorded is left
    /// out.
    ///
    /// # Errors
    /// `nothing_recorded`, `recording_broken`, or why `look` failed.
    pub fn new(tracks: &[TrackId], segments: &[Segment], look: Look<'_>) -> Result<Self, Fault> {
        let mut reels = Vec::new();
        let mut sets = vec![Vec::new()];
        for id in tracks {
            let of_track = segments.iter().filter(|segment| segment.track == *id && !segment.gap);
            let of_track: BTreeMap<u64, Segment> = of_track.map(|it| (it.sequence, it.clone())).collect();
            if !of_track.is_empty() {
                reels.push(reel(*id, of_track, &mut sets, look)?);
            }
        }
        if reels.is_empty() {
            return Err(Fault::not_found("nothing_recorded", "There is no recording of this show."));
        }
        let pieces = splice_up(&mut reels, segments, &sets, look)?;
        let duration = reels.iter().map(|reel| ticks(reel.end, reel.rate)).max().unwrap_or_default();
        let head = head(&mut reels, &pieces, duration);
        let length = head.len() as u64 + pieces.iter().map(|piece| piece.size).sum::<u64>();
        let tracks = reels.iter().map(|reel| reel.id).collect();
        Ok(Self { head, length, duration, tracks, sets, pieces, at: 0 })
    }

    /// What stands before the first segment.
    #[must_use]
    pub fn head(&self) -> Bytes {
        self.head.clone()
    }

    /// Bytes of the whole file.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// How long it plays.
    #[must_use]
    pub const fn duration(&self) -> MediaTime {
        self.duration
    }

    /// A strong entity tag (RFC 9110 §8.8.3), with its quotes: the head says where everything lies.
    #[must_use]
    pub fn tag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.head);
        format!("\"{:016x}\"", hasher.finish())
    }

    /// Goes to the segment in which a byte of the file lies, or to the first if it lies in the
    /// head. Gives where that segment begins.
    pub fn seek(&mut self, byte: u64) -> u64 {
        let mut begins = self.head.len() as u64;
        self.at = 0;
        while let Some(piece) = self.pieces.get(self.at)
            && begins + piece.size <= byte
        {
            begins += piece.size;
            self.at += 1;
        }
        begins
    }

    /// What is to be read next, all of it; none at the end.
    #[must_use]
    pub fn next(&self) -> Option<Stored> {
        let piece = self.pieces.get(self.at)?;
        Some(Stored::Segment { track: self.tracks[piece.track], sequence: piece.sequence })
    }

    /// Makes of what [`Film::next`] named what stands in the file.
    ///
    /// # Errors
    /// `recording_broken`: the file cannot be gone on with.
    pub fn cut(&mut self, stored: &[u8]) -> Result<Vec<u8>, Fault> {
        let piece = self.pieces.get(self.at).ok_or_else(|| broken("there is no more"))?;
        let place = Place {
            track: piece.track as u32 + 1,
            shift: piece.shift,
            sets: &self.sets[piece.sets],
            fragments: self.at as u32 * FRAGMENTS,
        };
        let bytes = splice::splice(stored, place)?;
        // Its length was promised.
        if bytes.len() as u64 != piece.size {
            return Err(broken(format!("segment {} has another size", piece.sequence)));
        }
        self.at += 1;
        Ok(bytes)
    }
}

const fn ticks(ticks: u64, rate: u32) -> MediaTime {
    MediaTime::from_ticks(ticks as i64, rate)
}

/// A track, and what its initialization sections make stand in front of its key frames.
fn reel(
    id: TrackId,
    segments: BTreeMap<u64, Segment>,
    sets: &mut Vec<Vec<u8>>,
    look: Look<'_>,
) -> Result<Reel, Fault> {
    let numbers: BTreeSet<u32> = segments.values().map(|segment| segment.init).collect();
    let mut movie: Option<Moov> = None;
    let mut known: Vec<Codec> = Vec::new();
    let mut described = BTreeMap::new();
    for number in numbers {
        let init = look(Stored::Init { track: id, number }, None)?;
        let moov = moov_in(&init).ok_or_else(|| broken(format!("initialization section {number}")))?;
        let codecs = moov.trak.first().map(|trak| &trak.mdia.minf.stbl.stsd.codecs);
        let codec = codecs.and_then(|codecs| codecs.first()).ok_or_else(|| broken("no codec"))?.clone();
        let at = known.iter().position(|other| *other == codec).unwrap_or_else(|| {
            known.push(codec);
            known.len() - 1
        });
        described.insert(number, at);
        movie.get_or_insert(moov);
    }
    let mut moov = movie.ok_or_else(|| broken("no initialization section"))?;
    let rate = moov.trak[0].mdia.mdhd.timescale;
    if rate == 0 {
        return Err(broken("a track without time"));
    }
    let first = sets.len();
    if known.len() > 1 {
        sets.extend(known.iter().map(in_band));
        // The name of what may bring its own (ISO/IEC 14496-15 §5.3).
        for codec in &mut moov.trak[0].mdia.minf.stbl.stsd.codecs {
            if let Codec::Avc1(Avc1 { visual, avcc, .. }) = codec {
                let (visual, avcc) = (visual.clone(), avcc.clone());
                *codec = Codec::Avc3(Avc3 { visual, avcc, ..Avc3::default() });
            }
        }
    }
    let place = |at: usize| if known.len() > 1 { first + at } else { 0 };
    let sets = described.into_iter().map(|(number, at)| (number, place(at))).collect();
    Ok(Reel { id, moov, rate, sets, segments, end: 0 })
}

/// The parameter sets of a picture as they stand among its samples; of sound there are none.
fn in_band(codec: &Codec) -> Vec<u8> {
    let Codec::Avc1(avc1) = codec else { return Vec::new() };
    let sets = avc1.avcc.sequence_parameter_sets.iter().chain(&avc1.avcc.picture_parameter_sets);
    sets.flat_map(|set| (set.len() as u32).to_be_bytes().into_iter().chain(set.iter().copied())).collect()
}

fn moov_in(init: &[u8]) -> Option<Moov> {
    let mut rest = init;
    while let Ok(atom) = Any::decode(&mut rest) {
        if let Any::Moov(moov) = atom {
            return (moov.trak.len() == 1).then_some(moov);
        }
    }
    None
}

/// Where each segment stands in the file, and what that does to its times.
fn splice_up(
    reels: &mut [Reel],
    all: &[Segment],
    sets: &[Vec<u8>],
    look: Look<'_>,
) -> Result<Vec<Piece>, Fault> {
    let breaks: BTreeSet<u64> = all.iter().filter(|it| it.discontinuity).map(|it| it.sequence).collect();
    let sequences: BTreeSet<u64> = reels.iter().flat_map(|reel| reel.segments.keys().copied()).collect();
    let mut pieces: Vec<Piece> = Vec::new();
    // When each track's last segment began, by its own time.
    let mut before: Vec<Option<u64>> = vec![None; reels.len()];
    let (mut from, mut to) = (MediaTime::ZERO, MediaTime::ZERO);
    let mut last = None;
    for sequence in sequences {
        let mut starts = Vec::new();
        for (track, reel) in reels.iter().enumerate() {
            let Some(segment) = reel.segments.get(&sequence) else { continue };
            let stored = Stored::Segment { track: reel.id, sequence };
            let start = splice::begins(&look(stored, Some(FILM_LOOK))?)?;
            starts.push((track, segment.clone(), start));
        }
        // A discontinuity may stand at a segment that was never recorded.
        let broken_off = last.is_none_or(|last| breaks.range(last + 1..=sequence).next().is_some());
        let back = starts.iter().any(|(track, _, start)| before[*track].is_some_and(|it| *start <= it));
        if broken_off || back {
            from = starts
                .iter()
                .map(|(track, _, start)| ticks(*start, reels[*track].rate))
                .min()
                .unwrap_or(from);
            let end = reels.iter().map(|reel| ticks(reel.end, reel.rate)).max().unwrap_or_default();
            // Rounded up, so that no track begins before it has ended.
            to = if end > MediaTime::ZERO { MediaTime::from_millis(end.millis() + 1) } else { end };
        }
        last = Some(sequence);
        for (track, segment, start) in starts {
            before[track] = Some(start);
            pieces.push(piece(&mut reels[track], (track, &segment, start), (from, to), sets, look)?);
        }
    }
    Ok(pieces)
}

fn piece(
    reel: &mut Reel,
    (track, segment, start): (usize, &Segment, u64),
    (from, to): (MediaTime, MediaTime),
    sets: &[Vec<u8>],
    look: Look<'_>,
) -> Result<Piece, Fault> {
    let shift = to.ticks(reel.rate) - from.ticks(reel.rate);
    let start = start.saturating_add_signed(shift);
    let length = segment.duration.ticks(reel.rate).unsigned_abs() + 1;
    reel.end = start.saturating_add(length);
    let sequence = segment.sequence;
    let set = reel.sets.get(&segment.init).copied().unwrap_or(0);
    let mut size = segment.size;
    if !sets[set].is_empty() {
        let stored = look(Stored::Segment { track: reel.id, sequence }, None)?;
        size += splice::starts(&stored)? * sets[set].len() as u64;
    }
    Ok(Piece { sequence, track, start, shift, sets: set, size })
}

/// Everything before the first segment.
fn head(reels: &mut [Reel], pieces: &[Piece], duration: MediaTime) -> Bytes {
    let movie_ticks = duration.ticks(MOVIE_RATE).unsigned_abs();
    let mut trex = Vec::new();
    let mut trak = Vec::new();
    for (reel, number) in reels.iter_mut().zip(1..) {
        let mut of_track = reel.moov.trak.remove(0);
        of_track.tkhd.track_id = number;
        // What players show before they have read a fragment.
        of_track.tkhd.duration = movie_ticks;
        of_track.mdia.mdhd.duration = reel.end;
        trak.push(of_track);
        trex.push(Trex { track_id: number, default_sample_description_index: 1, ..Trex::default() });
    }
    let moov = Moov {
        mvhd: Mvhd {
            timescale: MOVIE_RATE,
            duration: movie_ticks,
            rate: 1.into(),
            volume: 1.into(),
            next_track_id: trak.len() as u32 + 1,
            ..Mvhd::default()
        },
        mvex: Some(Mvex { mehd: Some(Mehd { fragment_duration: movie_ticks }), trex }),
        trak,
        ..Moov::default()
    };
    let ftyp = Ftyp {
        major_brand: FourCC::new(b"iso6"),
        minor_version: 0,
        compatible_brands: [b"iso6", b"isom", b"mp41"].map(FourCC::new).to_vec(),
    };
    let mut bytes = Vec::new();
    crate::fmp4::put(&ftyp, &mut bytes);
    crate::fmp4::put(&moov, &mut bytes);
    crate::fmp4::put(&index(&reels[0], pieces), &mut bytes);
    bytes.into()
}

/// Where the first track's segments lie, each with what else belongs to its time.
fn index(reel: &Reel, pieces: &[Piece]) -> Sidx {
    let mut places: Vec<(u64, u64)> = Vec::new();
    for piece in pieces {
        match places.last_mut() {
            Some((_, size)) if piece.track != 0 => *size += piece.size,
            _ => places.push((if piece.track == 0 { piece.start } else { 0 }, piece.size)),
        }
    }
    let together = places.len().div_ceil(MOST_REFERENCES).max(1);
    let groups: Vec<(u64, u64)> =
        places.chunks(together).map(|group| (group[0].0, group.iter().map(|(_, size)| size).sum())).collect();
    let ends = groups.iter().skip(1).map(|(start, _)| *start).chain([reel.end]);
    let references = groups.iter().zip(ends).map(|((start, size), end)| SegmentReference {
        reference_type: false,
        referenced_size: u32::try_from(*size).unwrap_or(u32::MAX >> 1),
        subsegment_duration: u32::try_from(end.saturating_sub(*start)).unwrap_or(u32::MAX),
        starts_with_sap: true,
        sap_type: 1,
        sap_delta_time: 0,
    });
    Sidx {
        reference_id: 1,
        timescale: reel.rate,
        earliest_presentation_time: groups.first().map_or(0, |(start, _)| *start),
        first_offset: 0,
        references: references.collect(),
    }
}
