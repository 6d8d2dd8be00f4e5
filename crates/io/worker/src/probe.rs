//! Asks a sandboxed child what a file is.

use crate::ask::ask;
use palco_base::{Class, Fault};
use palco_mix::wire::Probe;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// The probe limits itself to 10 s; this is for one that cannot.
const PATIENCE: Duration = Duration::from_secs(15);

/// What `palco-mixer probe` finds out about `file`. Blocks for up to 15 s.
///
/// # Errors
/// [`Class::Unavailable`] when the child cannot be run or gives no verdict; a file that cannot
/// be played is not an error here but [`Probe::Refused`].
pub fn probe(program: &Path, file: File) -> Result<Probe, Fault> {
    let unable = |detail: String| {
        Fault::new(Class::Unavailable, "probe_failed", "The clip could not be checked.")
            .hint("Try again; if it happens again, convert the file to MP4 first.")
            .internal(detail)
    };
    let said = ask(program, "probe", file, 64 << 10, PATIENCE)
        .map_err(|error| unable(format!("{}: {error}", program.display())))?;
    let undecodable =
        |text: &str| Ok(Probe::Refused { code: "clip_undecodable".to_owned(), text: text.to_owned() });
    match &said.bytes {
        _ if said.crashed() => undecodable("The clip cannot be decoded."),
        Some(text) => serde_json::from_slice(text.trim_ascii())
            .map_err(|error| unable(format!("{error}; the probe ended with {:?}", said.status))),
        None => undecodable("The clip takes too long to read."),
    }
}
