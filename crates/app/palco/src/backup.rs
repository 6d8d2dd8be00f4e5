//! `palco backup` and `palco restore`: the data folder, copied while the server runs.
//!
//! The books are copied as they are at one moment. Every other file is replaced whole when it changes,
//! never written into, so a copy of it is the old one or the new one.

use clap::Args;
use palco_base::{Class, Fault};
use palco_store::{Books, Database};
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The books' file in a data folder and in a backup.
const BOOKS: &str = "books.sqlite";

#[derive(Args)]
pub(crate) struct Backup {
    /// The data folder; its server may run
    #[arg(long, env = "PALCO_DATA", value_name = "DIR", default_value = "palco-data")]
    data: PathBuf,
    /// Where the backup goes: a folder that is not there yet
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Also the recordings, which are large
    #[arg(long)]
    recordings: bool,
}

#[derive(Args)]
pub(crate) struct Restore {
    /// A backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// The data folder to be made: one that is not there yet, or is empty
    #[arg(long, env = "PALCO_DATA", value_name = "DIR", default_value = "palco-data")]
    data: PathBuf,
}

/// Copies the data folder.
///
/// # Errors
/// When something cannot be read or written; the target is then not complete.
pub(crate) fn backup(what: &Backup) -> Result<(), Fault> {
    if !what.data.is_dir() {
        return Err(Fault::not_found("data_missing", format!("There is no {}.", what.data.display())));
    }
    make_empty(&what.to)?;
    let books = what.data.join(BOOKS);
    if books.is_file() {
        copy_books(books, &what.to.join(BOOKS))?;
    } else {
        tracing::warn!("the books are not in this folder: if they are in PostgreSQL, copy them with pg_dump");
    }
    let skip = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == "lock" || name.starts_with(BOOKS) || (name == "recording" && !what.recordings)
    };
    copy_all(&what.data, &what.to, &skip)
}

/// Makes a data folder of a backup.
///
/// # Errors
/// When the folder is in use or not empty, or something cannot be read or written.
pub(crate) fn restore(what: &Restore) -> Result<(), Fault> {
    if !what.from.join("admin.token").is_file() {
        let text = format!("{} is no backup of a data folder.", what.from.display());
        return Err(Fault::not_found("backup_missing", text));
    }
    make_empty(&what.data)?;
    copy_all(&what.from, &what.data, &|_| false)
}

#[tokio::main(flavor = "current_thread")]
async fn copy_books(from: PathBuf, to: &Path) -> Result<(), Fault> {
    Database::open(&Books::File(from)).await?.copy_to(to).await?;
    private(to)
}

fn private(file: &Path) -> Result<(), Fault> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(|error| failed(file, &error))
}

fn failed(path: &Path, error: &io::Error) -> Fault {
    Fault::new(Class::Internal, "copy_failed", format!("{} could not be copied: {error}.", path.display()))
}

fn make_empty(folder: &Path) -> Result<(), Fault> {
    let occupied = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(Fault::conflict("folder_not_empty", format!("{} is not empty.", folder.display()))
            .hint("Name a folder that is not there yet: nothing is written over."));
    }
    make(folder)
}

fn make(folder: &Path) -> Result<(), Fault> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed(folder, &error))
}

fn copy_all(from: &Path, to: &Path, skip: &dyn Fn(&Path) -> bool) -> Result<(), Fault> {
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let path = entry.map_err(|error| failed(from, &error))?.path();
        let Some(name) = path.file_name().filter(|_| !skip(&path)) else { continue };
        let target = to.join(name);
        if path.is_dir() {
            make(&target)?;
            copy_all(&path, &target, skip)?;
            continue;
        }
        match fs::copy(&path, &target) {
            Ok(_) => private(&target)?,
            // Replaced in this moment, or a temporary file that was renamed: the new one has its own entry.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, &error)),
        }
    }
    Ok(())
}
