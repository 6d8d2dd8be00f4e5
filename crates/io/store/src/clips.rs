//! Clips: streamed in, kept as they came.

use crate::{Store, at, disk_full, files};
use palco_base::{Class, ClipId, Fault, ShowId};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt as _;

/// The free space is looked at again after this many bytes.
const LOOK_EVERY: u64 = 64 << 20;

/// An upload that is under way. Dropped before [`NewClip::keep`], it leaves nothing behind.
#[derive(Debug)]
pub struct ClipWriter {
    file: tokio::fs::File,
    clip: Unfinished,
    written: u64,
    look_at: u64,
    most: u64,
    keep_free: u64,
}

/// An upload that is complete, but does not belong to the show yet.
#[derive(Debug)]
pub struct NewClip {
    /// Its bytes, at their beginning; for the probe.
    pub file: File,
    /// How many they are.
    pub size: u64,
    clip: Unfinished,
}

/// The temporary file; deleted when dropped, unless it took its name.
#[derive(Debug)]
struct Unfinished {
    id: ClipId,
    part: PathBuf,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the next start removes it.
        let _ = files::remove(&self.part);
    }
}

impl Store {
    /// Begins an upload under a new random id. `length` is what the client announced, if it did.
    ///
    /// # Errors
    /// `clip_too_large`, `disk_full`, `store_failed`.
    pub async fn new_clip(&self, show: ShowId, length: Option<u64>) -> Result<ClipWriter, Fault> {
        if length.is_some_and(|length| length > self.clip_max_bytes) {
            return Err(too_large(self.clip_max_bytes));
        }
        let id = ClipId::new(u64::from_le_bytes(files::random()?));
        let dir = self.show_dir(show).join("clips");
        files::make_private_dir(&dir).map_err(|e| at(&dir, &e))?;
        check_free(&dir, length.unwrap_or(0), self.keep_free_bytes)?;
        let path = dir.join(id.to_string());
        let part = files::part_of(&path);
        let file = files::private_options().create_new(true).open(&part).map_err(|e| at(&part, &e))?;
        Ok(ClipWriter {
            file: tokio::fs::File::from_std(file),
            clip: Unfinished { id, part, path },
            written: 0,
            look_at: LOOK_EVERY,
            most: self.clip_max_bytes,
            keep_free: self.keep_free_bytes,
        })
    }

    /// A clip's file, for reading.
    ///
    /// # Errors
    /// `clip_file_missing`, `store_failed`.
    pub fn open_clip(&self, show: ShowId, clip: ClipId) -> Result<File, Fault> {
        let path = self.clip_path(show, clip);
        File::open(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => {
                Fault::not_found("clip_file_missing", "The file of this clip is not there any more.")
                    .hint("Upload it again.")
            }
            _ => at(&path, &e),
        })
    }

    /// Deletes a clip's file. One that is gone already is fine.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn delete_clip(&self, show: ShowId, clip: ClipId) -> Result<(), Fault> {
        let path = self.clip_path(show, clip);
        files::remove(&path).map_err(|e| at(&path, &e))
    }

    /// The clip files of a show, whether its record knows them or not.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn clip_files(&self, show: ShowId) -> Result<Vec<ClipId>, Fault> {
        let dir = self.show_dir(show).join("clips");
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(at(&dir, &e)),
        };
        Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
    }

    fn clip_path(&self, show: ShowId, clip: ClipId) -> PathBuf {
        self.show_dir(show).join("clips").join(clip.to_string())
    }
}

impl ClipWriter {
    /// Appends bytes.
    ///
    /// # Errors
    /// `clip_too_large`, `disk_full`, `store_failed`; the upload is over then.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.written += bytes.len() as u64;
        if self.written > self.most {
            return Err(too_large(self.most));
        }
        if self.written > self.look_at {
            self.look_at = self.written + LOOK_EVERY;
            check_free(&self.clip.part, LOOK_EVERY, self.keep_free)?;
        }
        self.file.write_all(bytes).await.map_err(|e| at(&self.clip.part, &e))
    }

    /// All bytes are there and on the disk.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`.
    pub async fn finish(mut self) -> Result<NewClip, Fault> {
        let on_disk = async {
            self.file.flush().await?;
            self.file.sync_all().await
        };
        on_disk.await.map_err(|e| at(&self.clip.part, &e))?;
        let file = File::open(&self.clip.part).map_err(|e| at(&self.clip.part, &e))?;
        Ok(NewClip { file, size: self.written, clip: self.clip })
    }
}

impl NewClip {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> ClipId {
        self.clip.id
    }

    /// Keeps it: from now on it has its name.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn keep(self) -> Result<ClipId, Fault> {
        files::rename(&self.clip.part, &self.clip.path).map_err(|e| at(&self.clip.path, &e))?;
        Ok(self.clip.id)
    }
}

pub(crate) fn check_free(path: &Path, more: u64, keep: u64) -> Result<(), Fault> {
    // A file system that cannot say how full it is will say so when it is.
    let Ok(disk) = rustix::fs::statvfs(path) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < more.saturating_add(keep) { Err(disk_full()) } else { Ok(()) }
}

fn too_large(most: u64) -> Fault {
    let megabytes = most >> 20;
    Fault::new(Class::TooLarge, "clip_too_large", format!("A clip can have {megabytes} MB at most."))
        .hint("Make it shorter, or encode it at a lower bitrate.")
}
