//! Recordings: what the audience got, kept as it was cut for HLS.
//!
//! ```text
//! shows/{show}/recording/index.jsonl   one line per initialization section and segment, in order
//! shows/{show}/recording/{track}.cmaf  their bytes, one after another; each file plays as it is
//! ```
//!
//! Bytes are on the disk before the line that names them is written, so what the index says is
//! there, also after `kill -9` or a power cut. A last line that was cut off is not read.

use crate::clips::check_free;
use crate::{Store, at, failed, files};
use bytes::Bytes;
use palco_base::{Fault, MediaTime, ShowId};
use palco_hls::{Segment, Stored, TrackId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

/// Whether there is a recording of a show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Nothing was recorded, so far.
    Nothing,
    /// There is one.
    There,
    /// There was one, and it was deleted.
    Gone,
}

/// A line of the index. Times are µs.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Entry {
    Init {
        track: usize,
        number: u32,
        offset: u64,
        size: u64,
    },
    Segment {
        track: usize,
        sequence: u64,
        init: u32,
        duration: i64,
        program_date_time: i64,
        discontinuity: bool,
        gap: bool,
        offset: u64,
        size: u64,
    },
}

#[derive(Clone, Copy)]
struct Place {
    track: usize,
    offset: u64,
    size: u64,
}

/// Where everything is. A show of hours has thousands of segments, so what is kept of one is small.
#[derive(Default)]
struct Places {
    inits: HashMap<(TrackId, u32), Place>,
    /// Per track, by sequence number.
    segments: HashMap<TrackId, Vec<SegmentPlace>>,
}

struct SegmentPlace {
    offset: u64,
    sequence: u32,
    size: u32,
}

impl Places {
    fn insert(&mut self, what: Stored, place: Place) {
        match what {
            Stored::Init { track, number } => {
                self.inits.insert((track, number), place);
            }
            Stored::Segment { track, sequence } => {
                // A segment of 4 GB, or one after centuries, cannot be found again.
                let (Ok(sequence), Ok(size)) = (sequence.try_into(), place.size.try_into()) else { return };
                let segments = self.segments.entry(track).or_default();
                let it = SegmentPlace { offset: place.offset, sequence, size };
                match segments.binary_search_by_key(&sequence, |segment| segment.sequence) {
                    Ok(known) => segments[known] = it,
                    Err(at) => segments.insert(at, it),
                }
            }
        }
    }

    fn get(&self, what: Stored) -> Option<Place> {
        match what {
            Stored::Init { track, number } => self.inits.get(&(track, number)).copied(),
            Stored::Segment { track, sequence } => {
                let segments = self.segments.get(&track)?;
                let at = segments.binary_search_by_key(&sequence, |segment| segment.sequence.into()).ok()?;
                let SegmentPlace { offset, size, .. } = segments[at];
                Some(Place { track: track.0, offset, size: size.into() })
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.inits.is_empty() && self.segments.is_empty()
    }
}

/// The recording of one show: written by one thread, read by any.
pub struct Recording {
    dir: PathBuf,
    keep_free: u64,
    places: RwLock<Places>,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    index: Option<File>,
    media: HashMap<usize, (File, u64)>,
}

impl Store {
    /// The recording of a show, and the segments it has, in the order they were recorded. Nothing
    /// is made on the disk before something is recorded.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn recording(&self, show: ShowId) -> Result<(Recording, Vec<Segment>), Fault> {
        let dir = self.show_dir(show).join("recording");
        let index = index_of(&dir);
        let text = match std::fs::read(&index) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(at(&index, &e)),
        };
        let mut places = Places::default();
        let mut segments = Vec::new();
        // What follows the last line end was not written whole.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let Ok(entry) = serde_json::from_slice(line) else {
                tracing::warn!(%show, "a line of the recording's index cannot be read, and is passed over");
                continue;
            };
            note(entry, &mut places, &mut segments);
        }
        if whole < text.len() {
            let file = files::private_options().open(&index).map_err(|e| at(&index, &e))?;
            file.set_len(whole as u64).map_err(|e| at(&index, &e))?;
        }
        let recording = Recording {
            dir,
            keep_free: self.keep_free_bytes,
            places: RwLock::new(places),
            writer: Mutex::default(),
        };
        Ok((recording, segments))
    }

    /// Whether there is a recording of a show.
    #[must_use]
    pub fn kept(&self, show: ShowId) -> Kept {
        if self.gone_mark(show).exists() {
            return Kept::Gone;
        }
        let index = index_of(&self.show_dir(show).join("recording"));
        let any = std::fs::metadata(index).is_ok_and(|index| index.len() > 0);
        if any { Kept::There } else { Kept::Nothing }
    }

    /// Deletes the recording of a show for good; that there was one stays known. Says whether
    /// there was anything to delete.
    ///
    /// # Errors
    /// `store_failed`. What is left is deleted by the next call.
    pub fn delete_recording(&self, show: ShowId) -> Result<bool, Fault> {
        let dir = self.show_dir(show).join("recording");
        if !dir.try_exists().map_err(|e| at(&dir, &e))? {
            return Ok(false);
        }
        // The mark first: half a recording must not be taken for a whole one.
        let mark = self.gone_mark(show);
        files::replace(&mark, b"").map_err(|e| at(&mark, &e))?;
        std::fs::remove_dir_all(&dir).map_err(|e| at(&dir, &e))?;
        files::sync_dir_of(&dir).map_err(|e| at(&dir, &e))?;
        Ok(true)
    }

    fn gone_mark(&self, show: ShowId) -> PathBuf {
        self.show_dir(show).join("recording.gone")
    }
}

fn recording_gone() -> Fault {
    Fault::not_found("recording_gone", "The recording of this show was not kept any longer.")
}

fn index_of(dir: &Path) -> PathBuf {
    dir.join("index.jsonl")
}

fn note(entry: Entry, places: &mut Places, segments: &mut Vec<Segment>) {
    match entry {
        Entry::Init { track, number, offset, size } => {
            places.insert(Stored::Init { track: TrackId(track), number }, Place { track, offset, size });
        }
        Entry::Segment {
            track,
            sequence,
            init,
            duration,
            program_date_time,
            discontinuity,
            gap,
            offset,
            size,
        } => {
            let id = TrackId(track);
            if !gap {
                places.insert(Stored::Segment { track: id, sequence }, Place { track, offset, size });
            }
            segments.push(Segment {
                track: id,
                sequence,
                init,
                duration: MediaTime::from_micros(duration),
                program_date_time: MediaTime::from_micros(program_date_time),
                discontinuity,
                gap,
                size,
            });
        }
    }
}

impl Recording {
    /// Whether anything was recorded, if only the beginning of a first segment.
    #[must_use]
    pub fn begun(&self) -> bool {
        !self.places.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Keeps an initialization section.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`. What was recorded before stays whole.
    pub fn init(&self, track: TrackId, number: u32, bytes: &Bytes) -> Result<(), Fault> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.append(&mut writer, track, bytes)?;
        let Place { track, offset, size } = place;
        self.name(&mut writer, &Entry::Init { track, number, offset, size })?;
        self.found(Stored::Init { track: TrackId(track), number }, place);
        Ok(())
    }

    /// Keeps a segment. On return it is on the disk.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`. What was recorded before stays whole.
    pub fn segment(&self, segment: &Segment, bytes: &Bytes) -> Result<(), Fault> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.append(&mut writer, segment.track, bytes)?;
        let entry = Entry::Segment {
            track: place.track,
            sequence: segment.sequence,
            init: segment.init,
            duration: segment.duration.micros(),
            program_date_time: segment.program_date_time.micros(),
            discontinuity: segment.discontinuity,
            gap: segment.gap,
            offset: place.offset,
            size: place.size,
        };
        self.name(&mut writer, &entry)?;
        if !segment.gap {
            self.found(Stored::Segment { track: segment.track, sequence: segment.sequence }, place);
        }
        Ok(())
    }

    /// The bytes of what was recorded; none if it was not. Blocks.
    ///
    /// # Errors
    /// `store_failed`; `recording_gone` if it was deleted meanwhile.
    pub fn read(&self, what: Stored) -> Result<Option<Bytes>, Fault> {
        self.read_begin(what, usize::MAX)
    }

    /// The first bytes of what was recorded, so many at most. Blocks.
    ///
    /// # Errors
    /// `store_failed`; `recording_gone` if it was deleted meanwhile.
    pub fn read_begin(&self, what: Stored, most: usize) -> Result<Option<Bytes>, Fault> {
        let place = self.places.read().unwrap_or_else(PoisonError::into_inner).get(what);
        let Some(Place { track, offset, size }) = place else { return Ok(None) };
        let path = self.media_of(track);
        let size = usize::try_from(size).map_err(|_| failed("A recording cannot be read."))?;
        let mut bytes = vec![0; size.min(most)];
        let file = File::open(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => recording_gone(),
            _ => at(&path, &e),
        })?;
        file.read_exact_at(&mut bytes, offset).map_err(|e| at(&path, &e))?;
        Ok(Some(bytes.into()))
    }

    fn media_of(&self, track: usize) -> PathBuf {
        self.dir.join(format!("{track}.cmaf"))
    }

    fn found(&self, what: Stored, place: Place) {
        self.places.write().unwrap_or_else(PoisonError::into_inner).insert(what, place);
    }

    fn append(&self, writer: &mut Writer, track: TrackId, bytes: &Bytes) -> Result<Place, Fault> {
        files::make_private_dir(&self.dir).map_err(|e| at(&self.dir, &e))?;
        check_free(&self.dir, bytes.len() as u64, self.keep_free)?;
        let path = self.media_of(track.0);
        let (file, end) = match writer.media.entry(track.0) {
            std::collections::hash_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::hash_map::Entry::Vacant(new) => {
                let (file, end) = open_at_end(&path).map_err(|e| at(&path, &e))?;
                new.insert((file, end))
            }
        };
        let place = Place { track: track.0, offset: *end, size: bytes.len() as u64 };
        let written = file.write_all_at(bytes, *end).and_then(|()| file.sync_data());
        // What a failed write left is written over by the next.
        written.map_err(|e| at(&path, &e))?;
        *end += place.size;
        Ok(place)
    }

    fn name(&self, writer: &mut Writer, entry: &Entry) -> Result<(), Fault> {
        let path = index_of(&self.dir);
        let index = match &mut writer.index {
            Some(index) => index,
            none => none.insert(
                files::private_options().append(true).create(true).open(&path).map_err(|e| at(&path, &e))?,
            ),
        };
        let mut line = serde_json::to_vec(entry).map_err(|e| failed("An index line.").internal(e))?;
        line.push(b'\n');
        index.write_all(&line).and_then(|()| index.sync_data()).map_err(|e| at(&path, &e))
    }
}

fn open_at_end(path: &Path) -> io::Result<(File, u64)> {
    let file = files::private_options().create(true).truncate(false).open(path)?;
    files::sync_dir_of(path)?;
    let end = file.metadata()?.len();
    Ok((file, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(sequence: u64, size: u64) -> Segment {
        Segment {
            track: TrackId(0),
            sequence,
            init: 0,
            duration: MediaTime::from_millis(2_000),
            program_date_time: MediaTime::from_millis(1_000 + 2_000 * sequence as i64),
            discontinuity: sequence == 2,
            gap: size == 0,
            size,
        }
    }

    fn fresh(name: &str) -> (Store, PathBuf) {
        let dir = std::env::temp_dir().join(format!("palco-recording-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        (Store::open(&dir, 1 << 20).unwrap().keep_free(0), dir)
    }

    #[test]
    fn what_was_recorded_is_read_again_after_a_restart() {
        let (store, dir) = fresh("again");
        let show = ShowId::new(7);
        let (recording, none) = store.recording(show).unwrap();
        assert!(none.is_empty() && !dir.join("shows").join(show.to_string()).exists());
        recording.init(TrackId(0), 0, &Bytes::from_static(b"init")).unwrap();
        recording.segment(&segment(0, 5), &Bytes::from_static(b"first")).unwrap();
        recording.segment(&segment(1, 0), &Bytes::new()).unwrap();
        drop(recording);
        let (recording, segments) = store.recording(show).unwrap();
        assert_eq!(segments, [segment(0, 5), segment(1, 0)]);
        recording.segment(&segment(2, 6), &Bytes::from_static(b"second")).unwrap();
        let read = |sequence| recording.read(Stored::Segment { track: TrackId(0), sequence }).unwrap();
        assert_eq!(read(0).as_deref(), Some(&b"first"[..]));
        assert_eq!(read(2).as_deref(), Some(&b"second"[..]));
        assert_eq!((read(1), read(3)), (None, None));
        let init = Stored::Init { track: TrackId(0), number: 0 };
        assert_eq!(recording.read(init).unwrap().as_deref(), Some(&b"init"[..]));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_line_cut_off_by_a_crash_is_cut_away() {
        let (store, dir) = fresh("cut");
        let show = ShowId::new(8);
        let (recording, _) = store.recording(show).unwrap();
        recording.segment(&segment(0, 5), &Bytes::from_static(b"first")).unwrap();
        recording.segment(&segment(1, 5), &Bytes::from_static(b"torn!")).unwrap();
        drop(recording);
        let index = index_of(&dir.join("shows").join(show.to_string()).join("recording"));
        let text = std::fs::read(&index).unwrap();
        std::fs::write(&index, &text[..text.len() - 9]).unwrap();
        let (recording, segments) = store.recording(show).unwrap();
        assert_eq!(segments, [segment(0, 5)]);
        recording.segment(&segment(2, 4), &Bytes::from_static(b"next")).unwrap();
        drop(recording);
        let (recording, segments) = store.recording(show).unwrap();
        assert_eq!(segments, [segment(0, 5), segment(2, 4)]);
        let next = recording.read(Stored::Segment { track: TrackId(0), sequence: 2 }).unwrap();
        assert_eq!(next.as_deref(), Some(&b"next"[..]));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_recording_that_is_deleted_is_known_to_be_gone() {
        let (store, dir) = fresh("gone");
        let show = ShowId::new(10);
        assert_eq!((store.kept(show), store.delete_recording(show).unwrap()), (Kept::Nothing, false));
        assert_eq!(store.kept(show), Kept::Nothing, "what never was is not gone");
        let (recording, _) = store.recording(show).unwrap();
        recording.segment(&segment(0, 5), &Bytes::from_static(b"first")).unwrap();
        assert_eq!(store.kept(show), Kept::There);
        assert!(store.delete_recording(show).unwrap());
        assert_eq!(store.kept(show), Kept::Gone);
        // Who was reading it is told, and nothing comes back by itself.
        let read = recording.read(Stored::Segment { track: TrackId(0), sequence: 0 });
        assert_eq!(read.unwrap_err().code, "recording_gone");
        assert!(store.recording(show).unwrap().1.is_empty());
        assert!(!store.delete_recording(show).unwrap());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_beginning_of_a_segment_is_read_alone() {
        let (store, dir) = fresh("begin");
        let (recording, _) = store.recording(ShowId::new(11)).unwrap();
        recording.segment(&segment(0, 5), &Bytes::from_static(b"first")).unwrap();
        let first = Stored::Segment { track: TrackId(0), sequence: 0 };
        let begin = |most| recording.read_begin(first, most).unwrap().unwrap();
        assert_eq!((&begin(2)[..], &begin(99)[..]), (&b"fi"[..], &b"first"[..]));
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_full_disk_ends_the_recording_and_keeps_what_there_is() {
        let (store, dir) = fresh("full");
        let show = ShowId::new(9);
        let (recording, _) = store.recording(show).unwrap();
        recording.segment(&segment(0, 5), &Bytes::from_static(b"first")).unwrap();
        let full = Recording { keep_free: u64::MAX, ..recording };
        let fault = full.segment(&segment(1, 5), &Bytes::from_static(b"never")).unwrap_err();
        assert_eq!(fault.code, "disk_full");
        assert_eq!(store.recording(show).unwrap().1, [segment(0, 5)]);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
