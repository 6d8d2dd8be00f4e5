//! One document per show.

use crate::{Store, at, document, failed, files};
use palco_base::{Fault, ShowId};
use palco_stage::Record;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// The shape of `show.json`. A change that an older Palco would misread takes the next number.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    record: &'a Record,
}

#[derive(Deserialize)]
struct Owned {
    record: Record,
}

/// What was found in the data directory.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The shows that could be read, in no order.
    pub records: Vec<Record>,
    /// Documents that could not, under the names they have now.
    pub set_aside: Vec<PathBuf>,
}

impl Store {
    /// Reads all shows. A document that cannot be read is set aside; the others load.
    ///
    /// # Errors
    /// `data_too_new` if a newer Palco wrote one of them, `store_failed` if the directory itself
    /// cannot be read.
    pub fn load(&self) -> Result<Loaded, Fault> {
        let shows = self.dir.join("shows");
        let mut loaded = Loaded::default();
        for entry in fs::read_dir(&shows).map_err(|e| at(&shows, &e))? {
            let entry = entry.map_err(|e| at(&shows, &e))?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<ShowId>().ok()) else {
                tracing::warn!(name = ?entry.file_name(), "not the folder of a show, left alone");
                continue;
            };
            self.remove_parts(id);
            let path = self.show_dir(id).join("show.json");
            let Ok(bytes) = fs::read(&path) else {
                tracing::warn!(show = %id, "folder of a show without a readable show.json, left alone");
                continue;
            };
            match read(&bytes, id)? {
                Ok(record) => loaded.records.push(record),
                Err(why) => {
                    let aside = files::set_aside(&path).map_err(|e| at(&path, &e))?;
                    tracing::error!(show = %id, file = %aside.display(), why, "show.json cannot be read; it was set aside and the show is not loaded");
                    loaded.set_aside.push(aside);
                }
            }
        }
        Ok(loaded)
    }

    /// Stores a show. A record older than one already stored is not written.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`.
    pub fn save(&self, record: &Record) -> Result<(), Fault> {
        let id = record.show.id;
        // Also keeps two writers of one show apart.
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        if saved.get(&id).is_some_and(|revision| *revision > record.revision()) {
            return Ok(());
        }
        let dir = self.show_dir(id);
        files::make_private_dir(&dir).map_err(|e| at(&dir, &e))?;
        let path = dir.join("show.json");
        let document = Document { version: VERSION, record };
        let bytes = serde_json::to_vec_pretty(&document)
            .map_err(|e| failed("A show cannot be written.").internal(e))?;
        files::replace(&path, &bytes).map_err(|e| at(&path, &e))?;
        saved.insert(id, record.revision());
        Ok(())
    }

    /// Deletes a show with its clips. One that is gone already is fine.
    ///
    /// # Errors
    /// `store_failed`.
    pub fn delete(&self, show: ShowId) -> Result<(), Fault> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        saved.remove(&show);
        let dir = self.show_dir(show);
        // The document first: a deletion that is cut short leaves files, never half a show.
        let document = dir.join("show.json");
        files::remove(&document).map_err(|e| at(&document, &e))?;
        match fs::remove_dir_all(&dir) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(at(&dir, &e)),
            _ => {}
        }
        files::sync_dir_of(&dir).map_err(|e| at(&dir, &e))
    }

    /// What an interrupted write left behind.
    fn remove_parts(&self, show: ShowId) {
        let dir = self.show_dir(show);
        let entries = [dir.clone(), dir.join("clips")].into_iter().filter_map(|dir| fs::read_dir(dir).ok());
        for path in entries.flatten().flatten().map(|entry| entry.path()).filter(|path| is_part(path)) {
            if let Err(error) = files::remove(&path) {
                tracing::warn!(file = %path.display(), %error, "an unfinished file cannot be removed");
            }
        }
    }
}

fn is_part(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "part")
}

/// The record; or why it cannot be read; or that it must not be.
fn read(bytes: &[u8], id: ShowId) -> Result<Result<Record, String>, Fault> {
    match document::read::<Owned>(bytes, VERSION, &format!("The show {id}"))? {
        Ok(document) if document.record.show.id == id => Ok(Ok(document.record)),
        Ok(_) => Ok(Err("it is the document of another show".to_owned())),
        Err(error) => Ok(Err(error.to_string())),
    }
}
