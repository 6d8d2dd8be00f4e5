//! Fragments put elsewhere: another track, another time, and their parameter sets with them. Only
//! the boxes that say so are touched, in the bytes as they are; what else a recording holds stays.

use crate::film::broken;
use palco_base::Fault;
use std::ops::Range;

/// Where a segment goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// Its track in the file.
    pub(crate) track: u32,
    /// Added to its times.
    pub(crate) shift: i64,
    /// Put in front of each sample where decoding can start: parameter sets, or nothing.
    pub(crate) sets: &'a [u8],
    /// Fragments before it in the file.
    pub(crate) fragments: u32,
}

/// `trun`: the fields of each sample that we write, and no others, behind the data's offset.
const OURS: u32 = 0x701;
/// Duration, size, flags.
const ENTRY: usize = 12;
/// A sample that needs another.
const NON_SYNC: u32 = 0x1_0000;

/// A box: its name, where it stands with its head, and where its body begins.
struct Found {
    name: [u8; 4],
    whole: Range<usize>,
    body: usize,
}

fn number(bytes: &[u8], at: usize) -> Result<u32, Fault> {
    let four = at.checked_add(4).and_then(|end| bytes.get(at..end)).and_then(|it| it.try_into().ok());
    four.map(u32::from_be_bytes).ok_or_else(|| broken("a fragment is cut off"))
}

fn write(bytes: &mut [u8], at: usize, value: u32) -> Result<(), Fault> {
    let four = at.checked_add(4).and_then(|end| bytes.get_mut(at..end));
    let four = four.ok_or_else(|| broken("a fragment is cut off"))?;
    four.copy_from_slice(&value.to_be_bytes());
    Ok(())
}

/// The boxes of a stretch. The last may reach beyond it, where only its head is at hand.
fn boxes(bytes: &[u8], within: Range<usize>) -> Result<Vec<Found>, Fault> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at + 8 <= within.end {
        let size = number(bytes, at)? as usize;
        let name = number(bytes, at + 4)?.to_be_bytes();
        // We write no box of 64 bits' size, nor one without end.
        if size < 8 {
            return Err(broken("a box without size"));
        }
        found.push(Found { name, whole: at..at + size, body: at + 8 });
        at += size;
    }
    Ok(found)
}

fn one<'a>(boxes: &'a [Found], name: &[u8; 4]) -> Result<&'a Found, Fault> {
    boxes.iter().find(|it| it.name == *name).ok_or_else(|| broken("a fragment lacks a box"))
}

fn inside(bytes: &[u8], it: &Found) -> Result<Vec<Found>, Fault> {
    boxes(bytes, it.body..it.whole.end.min(bytes.len()))
}

/// When the first fragment begins, in ticks, by the segment's first bytes.
pub(crate) fn begins(bytes: &[u8]) -> Result<u64, Fault> {
    let top = boxes(bytes, 0..bytes.len())?;
    let traf = inside(bytes, one(&top, b"moof")?)?;
    let parts = inside(bytes, one(&traf, b"traf")?)?;
    time(bytes, one(&parts, b"tfdt")?)
}

/// `tfdt`: 32 or 64 bits, by its version.
fn time(bytes: &[u8], tfdt: &Found) -> Result<u64, Fault> {
    let first = u64::from(number(bytes, tfdt.body + 4)?);
    if bytes.get(tfdt.body) == Some(&0) {
        return Ok(first);
    }
    Ok(first << 32 | u64::from(number(bytes, tfdt.body + 8)?))
}

/// How many samples of a segment decoding can start at.
pub(crate) fn starts(stored: &[u8]) -> Result<u64, Fault> {
    let mut found = 0;
    for it in boxes(stored, 0..stored.len())?.iter().filter(|it| it.name == *b"moof") {
        let moof = stored.get(it.whole.clone()).ok_or_else(|| broken("a segment is cut off"))?;
        found += samples(moof)?.iter().filter(|sample| sample.sync).count() as u64;
    }
    Ok(found)
}

/// A sample, and where its size stands in its `moof`.
struct Sample {
    size_at: usize,
    size: u32,
    sync: bool,
}

/// The samples of a `moof` of ours: one run, sizes and flags told of each.
fn samples(moof: &[u8]) -> Result<Vec<Sample>, Fault> {
    let top = boxes(moof, 8..moof.len())?;
    let parts = inside(moof, one(&top, b"traf")?)?;
    let trun = one(&parts, b"trun")?;
    if number(moof, trun.body)? & 0xff_ffff != OURS {
        return Err(broken("a fragment of another kind"));
    }
    let count = number(moof, trun.body + 4)? as usize;
    let sample = |index: usize| {
        let at = trun.body + 12 + index * ENTRY;
        let sync = number(moof, at + 8)? & NON_SYNC == 0;
        Ok(Sample { size_at: at + 4, size: number(moof, at + 4)?, sync })
    };
    // As many as are told of must be there.
    let room = moof.len().saturating_sub(trun.body) / ENTRY;
    if count > room {
        return Err(broken("a fragment is cut off"));
    }
    (0..count).map(sample).collect()
}

/// The segment as it stands in the file.
pub(crate) fn splice(stored: &[u8], place: Place<'_>) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(stored.len() + 64);
    let mut fragments = place.fragments;
    let mut of_moof = Vec::new();
    for it in boxes(stored, 0..stored.len())? {
        let whole = stored.get(it.whole.clone()).ok_or_else(|| broken("a segment is cut off"))?;
        match &it.name {
            b"moof" => {
                fragments = fragments.wrapping_add(1);
                bytes.extend(moof(whole, place, fragments)?);
                of_moof = if place.sets.is_empty() { Vec::new() } else { samples(whole)? };
            }
            b"mdat" if of_moof.iter().any(|sample| sample.sync) => {
                mdat(whole, place.sets, &of_moof, &mut bytes)?;
            }
            _ => bytes.extend_from_slice(whole),
        }
    }
    Ok(bytes)
}

fn moof(stored: &[u8], place: Place<'_>, sequence: u32) -> Result<Vec<u8>, Fault> {
    let mut bytes = stored.to_vec();
    let top = boxes(stored, 8..stored.len())?;
    write(&mut bytes, one(&top, b"mfhd")?.body + 4, sequence)?;
    let parts = inside(stored, one(&top, b"traf")?)?;
    write(&mut bytes, one(&parts, b"tfhd")?.body + 4, place.track)?;
    let tfdt = one(&parts, b"tfdt")?;
    let moved = time(stored, tfdt)?.saturating_add_signed(place.shift);
    if stored.get(tfdt.body) == Some(&0) {
        let moved = u32::try_from(moved).map_err(|_| broken("a time beyond 32 bits"))?;
        write(&mut bytes, tfdt.body + 4, moved)?;
    } else {
        write(&mut bytes, tfdt.body + 4, (moved >> 32) as u32)?;
        write(&mut bytes, tfdt.body + 8, moved as u32)?;
    }
    if !place.sets.is_empty() {
        for sample in samples(stored)?.iter().filter(|sample| sample.sync) {
            write(&mut bytes, sample.size_at, sample.size.saturating_add(place.sets.len() as u32))?;
        }
    }
    Ok(bytes)
}

/// The samples' bytes, with the parameter sets in front of those where decoding can start.
fn mdat(stored: &[u8], sets: &[u8], samples: &[Sample], bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let begin = bytes.len();
    bytes.extend_from_slice(&stored[..8]);
    let mut at = 8_usize;
    for sample in samples {
        let end = at.saturating_add(sample.size as usize);
        let body = stored.get(at..end).ok_or_else(|| broken("a sample is cut off"))?;
        if sample.sync {
            bytes.extend_from_slice(sets);
        }
        bytes.extend_from_slice(body);
        at = end;
    }
    bytes.extend_from_slice(&stored[at..]);
    let size = (bytes.len() - begin) as u32;
    write(&mut bytes[begin..], 0, size)
}
