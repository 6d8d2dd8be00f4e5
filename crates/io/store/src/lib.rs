//! The data directory: what survives a restart, as files.
//!
//! ```text
//! DATA/                       0700, one server at a time (flock on `lock`)
//!   lock
//!   admin.token               0600, made at the first start
//!   grant.keys                0600, the keys that sign grants
//!   books.sqlite              0600, the box office: see `db`
//!   posters/{name}.{size}.jpg 0600, pictures of our own making
//!   shows/{show}/show.json    0600, one document per show: version and record
//!   shows/{show}/clips/{clip} 0600, as uploaded; what it is called is in the record
//!   shows/{show}/recording/   0700, what the audience got; see `recording`
//!   shows/{show}/recording.gone     there was a recording, and it was not kept any longer
//!   shows/{show}/house.json   0600, who watched and how well; see `house`
//! ```
//!
//! Whole files are replaced, never written into: temporary file, fsync, rename, fsync of the
//! directory. A file that cannot be read is set aside under another name, said aloud, and never
//! overwritten. What a newer Palco wrote is refused.
//!
//! All of it but the upload blocks: call it from a thread that may.

#![forbid(unsafe_code)]

mod clips;
mod db;
mod document;
mod files;
mod house;
mod keys;
mod recording;
mod shows;

pub use clips::{ClipWriter, NewClip};
pub use db::*;
pub use keys::{GrantKey, GrantKeys};
pub use recording::{Kept, Recording};
pub use shows::Loaded;

use palco_base::{Class, Fault, Secret, ShowId};
use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Default of the `clip_max_bytes` key: 2 GiB.
pub const CLIP_MAX_BYTES: u64 = 2 << 30;
/// Free space that an upload must leave on the disk.
pub const KEEP_FREE_BYTES: u64 = 256 << 20;

/// The data directory, ours alone while this lives.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    clip_max_bytes: u64,
    keep_free_bytes: u64,
    /// Revision last stored per show: a save that was overtaken by a newer one does nothing.
    saved: Mutex<HashMap<ShowId, u64>>,
    _lock: File,
}

impl Store {
    /// Opens the directory, making it if it is not there.
    ///
    /// # Errors
    /// `data_in_use` if another server has it, `store_failed` if it cannot be made or read.
    pub fn open(dir: impl Into<PathBuf>, clip_max_bytes: u64) -> Result<Self, Fault> {
        let dir = dir.into();
        files::make_private_dir(&dir).map_err(|e| at(&dir, &e))?;
        let lock_path = dir.join("lock");
        let lock = files::private_options()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(|e| at(&lock_path, &e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Fault::conflict(
                    "data_in_use",
                    format!("Another Palco is using {}.", dir.display()),
                )
                .hint("Stop it first, or give this one another --data directory."));
            }
            Err(TryLockError::Error(e)) => return Err(at(&lock_path, &e)),
        }
        let shows = dir.join("shows");
        files::make_private_dir(&shows).map_err(|e| at(&shows, &e))?;
        Ok(Self {
            dir,
            clip_max_bytes,
            keep_free_bytes: KEEP_FREE_BYTES,
            saved: Mutex::default(),
            _lock: lock,
        })
    }

    /// Changes how much free space an upload must leave; [`KEEP_FREE_BYTES`] if never called.
    #[must_use]
    pub fn keep_free(mut self, bytes: u64) -> Self {
        self.keep_free_bytes = bytes;
        self
    }

    /// The directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The admin token, made now if there is none.
    ///
    /// # Errors
    /// `store_failed`, also when the file holds less than a token: an empty one must not let
    /// anybody in.
    pub fn admin_token(&self) -> Result<Secret, Fault> {
        let path = self.dir.join("admin.token");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let bits: [u8; 32] = files::random()?;
                let text = files::hex(&bits);
                files::replace(&path, text.as_bytes()).map_err(|e| at(&path, &e))?;
                text
            }
            Err(e) => return Err(at(&path, &e)),
        };
        let token = text.trim();
        if token.len() < 32 {
            return Err(failed(format!("{} holds no token.", path.display()))
                .hint("Delete the file; a new token is made at the next start."));
        }
        Ok(Secret::new(token))
    }

    /// Writes a whole file below the directory, or none of it.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`.
    pub fn keep_file(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        let folder = path.parent().filter(|folder| folder.starts_with(&self.dir));
        let folder = folder.ok_or_else(|| failed("This file is not of this data directory."))?;
        files::make_private_dir(folder).map_err(|e| at(folder, &e))?;
        files::replace(path, bytes).map_err(|e| at(path, &e))
    }

    fn show_dir(&self, show: ShowId) -> PathBuf {
        self.dir.join("shows").join(show.to_string())
    }
}

/// The disk did not do what it should.
fn failed(text: impl Into<String>) -> Fault {
    Fault::new(Class::Internal, "store_failed", text)
}

/// An I/O error at a path. A full disk is not a bug of ours.
fn at(path: &Path, error: &io::Error) -> Fault {
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return disk_full();
    }
    failed("The data directory cannot be read or written.").internal(format!("{}: {error}", path.display()))
}

fn disk_full() -> Fault {
    Fault::unavailable("disk_full", "The server's disk is full.").hint("Delete clips that are not needed.")
}
