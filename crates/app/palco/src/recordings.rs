//! Recordings after their show: as one file for the director, and gone when their time is over.

use crate::broadcast::{LARGE, SOUND};
use crate::house::House;
use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use palco_base::{Class, Fault, ShowId, WallTime};
use palco_hls::{Film, Stored};
use palco_store::Recording;
use palco_web::{Bytestream, Download};
use std::ops::Range;
use std::sync::{Arc, Weak};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// The recording of a show as one MP4, read piece by piece as it is sent.
pub(crate) async fn film(house: &House, show: ShowId) -> Result<Download, Fault> {
    let store = house.store();
    let planned = tokio::task::spawn_blocking(move || {
        let (recording, segments) = store.recording(show)?;
        let look = &mut |what, most: Option<usize>| read(&recording, what, most.unwrap_or(usize::MAX));
        let film = Film::new(&[LARGE, SOUND], &segments, look)?;
        Ok::<_, Fault>((recording, film))
    });
    let (recording, film) = planned.await.map_err(|error| unread(&error))??;
    let (length, tag) = (film.length(), film.tag());
    Ok(Download { length, tag, read: Box::new(|range| bytes_of(recording, film, range)) })
}

/// A range of the file, read and cut segment by segment.
fn bytes_of(recording: Recording, mut film: Film, range: Range<u64>) -> Bytestream {
    let head = film.head();
    let begins = film.seek(range.start);
    let pieces = stream::try_unfold((Arc::new(recording), film), |(recording, mut film)| async move {
        let Some(what) = film.next() else { return Ok(None) };
        let it = Arc::clone(&recording);
        let cut = tokio::task::spawn_blocking(move || {
            let bytes = film.cut(&read(&it, what, usize::MAX)?)?;
            Ok::<_, Fault>((bytes, film))
        });
        let (bytes, film) = cut.await.map_err(|error| unread(&error))??;
        Ok(Some((bytes.into(), (recording, film))))
    });
    let in_head = usize::try_from(range.start).map_or(head.len(), |start| start.min(head.len()));
    let whole = stream::iter([Ok::<_, Fault>(head.slice(in_head..))]).chain(pieces).boxed();
    let (skip, left) = (range.start.saturating_sub(begins), range.end - range.start);
    let cut = stream::try_unfold((whole, skip, left), |(mut whole, skip, left)| async move {
        let Some(bytes) = whole.try_next().await?.filter(|_| left > 0) else { return Ok(None) };
        let length = bytes.len() as u64;
        let from = skip.min(length);
        let to = (from + left).min(length);
        // A segment is far smaller than memory.
        let part = bytes.slice(from as usize..to as usize);
        Ok(Some((part, (whole, skip - from, left - (to - from)))))
    });
    cut.boxed()
}

fn read(recording: &Recording, what: Stored, most: usize) -> Result<bytes::Bytes, Fault> {
    let bytes = recording.read_begin(what, most)?;
    bytes
        .ok_or_else(|| Fault::new(Class::Internal, "recording_broken", "A part of the recording is missing."))
}

fn unread(error: &tokio::task::JoinError) -> Fault {
    Fault::new(Class::Internal, "store_failed", "The recording cannot be read.").internal(error)
}

/// Deletes recordings that are older than they are kept, now and once a day.
pub(crate) fn sweep(house: &Arc<House>, days: u32) {
    if days == 0 {
        return;
    }
    let house: Weak<House> = Arc::downgrade(house);
    tokio::spawn(async move {
        let mut each = tokio::time::interval(DAY);
        loop {
            each.tick().await;
            let Some(house) = house.upgrade() else { return };
            // A pass that failed is in the log, and the next day brings another.
            let _ = tokio::task::spawn_blocking(move || house.delete_old_recordings(days)).await;
        }
    });
}

/// Whether the recording of a show that ended then has been kept for so many days.
pub(crate) fn kept_long_enough(ended: WallTime, now: WallTime, days: u32) -> bool {
    let kept = now.unix_millis() - ended.unix_millis();
    i128::from(kept) >= (DAY * days).as_millis().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_kept_for_whole_days() {
        let at = WallTime::from_unix_seconds;
        let ended = at(1_800_000_000);
        for (after, days, expected) in [
            (86_399, 1, false),
            (86_400, 1, true),
            (30 * 86_400 - 1, 30, false),
            (30 * 86_400, 30, true),
            (u64::from(u32::MAX), u32::MAX, false),
        ] {
            assert_eq!(kept_long_enough(ended, at(1_800_000_000 + after), days), expected, "{after} {days}");
        }
        // A clock that was set back deletes nothing.
        assert!(!kept_long_enough(ended, at(1_000_000_000), 1));
    }
}
