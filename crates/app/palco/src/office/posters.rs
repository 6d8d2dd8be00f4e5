//! Posters: taken in as they come, kept as pictures of our own making.

use super::Office;
use bytes::Bytes;
use palco_base::{Class, Fault, ShowId};
use palco_site::{PosterSize, Staff};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;

/// Bytes of an uploaded picture at most.
const MOST: usize = 10 << 20;

impl Office {
    fn poster_path(&self, name: &str, size: PosterSize) -> Option<PathBuf> {
        let plain = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
        let suffix = match size {
            PosterSize::Wide => "wide",
            PosterSize::Small => "small",
        };
        plain.then(|| self.house.store().dir().join("posters").join(format!("{name}.{suffix}.jpg")))
    }

    pub(super) async fn poster_of(&self, name: &str, size: PosterSize) -> Option<Bytes> {
        let path = self.poster_path(name, size)?;
        tokio::fs::read(path).await.ok().map(Bytes::from)
    }

    /// Has the sandboxed child decode the picture and make it anew, then keeps that.
    pub(super) async fn hang_poster(&self, by: &Staff, show: ShowId, bytes: Bytes) -> Result<(), Fault> {
        if bytes.len() > MOST {
            return Err(Fault::new(Class::TooLarge, "picture_too_large", "A poster is 10 MB at most."));
        }
        let program = self.house.mixer_program().to_owned();
        let poster = tokio::task::spawn_blocking(move || {
            let unusable = |error: std::io::Error| {
                Fault::unavailable("disk_full", "The picture could not be kept.").internal(error)
            };
            let mut file = unnamed_file().map_err(unusable)?;
            file.write_all(&bytes).and_then(|()| file.rewind()).map_err(unusable)?;
            palco_worker::poster(&program, file)
        });
        let poster = poster.await.map_err(|error| {
            Fault::new(Class::Internal, "poster_failed", "The picture could not be read.").internal(error)
        })??;
        let name = palco_store::Database::new_code()?.reveal().to_owned();
        for (size, picture) in [(PosterSize::Wide, &poster.wide), (PosterSize::Small, &poster.small)] {
            let Some(path) = self.poster_path(&name, size) else { continue };
            self.house.store().keep_file(&path, picture)?;
        }
        self.books.set_poster(show, Some(name)).await?;
        self.foyer.read(&self.books, show).await?;
        self.note(Some(by), "poster_set", &self.title(show), Some(show)).await
    }
}

/// A file without a name, gone when it is closed.
fn unnamed_file() -> std::io::Result<std::fs::File> {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    Ok(std::fs::File::from(rustix::fs::memfd_create("poster", flags)?))
}
