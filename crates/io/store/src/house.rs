//! The report of each show's house: one small document, replaced whole.

use crate::{Store, at, document, failed, files};
use palco_base::{Fault, ShowId};
use palco_house::Report;
use serde::{Deserialize, Serialize};
use std::io;

/// The shape of `house.json`. A change that an older Palco would misread takes the next number;
/// keys that are not there have their defaults, so a new number is all an older document needs.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    report: &'a Report,
}

#[derive(Deserialize)]
struct Owned {
    report: Report,
}

impl Store {
    /// Keeps the report of a show in place of the one before. Blocks.
    ///
    /// # Errors
    /// `disk_full`, `store_failed`. The one before stays then.
    pub fn keep_house(&self, show: ShowId, report: &Report) -> Result<(), Fault> {
        let path = self.show_dir(show).join("house.json");
        let document = Document { version: VERSION, report };
        let bytes =
            serde_json::to_vec(&document).map_err(|e| failed("A report cannot be written.").internal(e))?;
        files::replace(&path, &bytes).map_err(|e| at(&path, &e))
    }

    /// The report of a show, if there is one. One that cannot be read is set aside.
    ///
    /// # Errors
    /// `data_too_new` if a newer Palco wrote it, `store_failed`.
    pub fn house(&self, show: ShowId) -> Result<Option<Report>, Fault> {
        let path = self.show_dir(show).join("house.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(at(&path, &e)),
        };
        match document::read::<Owned>(&bytes, VERSION, &format!("The report of show {show}"))? {
            Ok(document) => Ok(Some(document.report)),
            Err(error) => {
                let aside = files::set_aside(&path).map_err(|e| at(&path, &e))?;
                tracing::error!(%show, file = %aside.display(), %error, "a report cannot be read; it was set aside");
                Ok(None)
            }
        }
    }
}
