//! Asks a sandboxed child what a file is.

use palco_base::{Class, Fault};
use palco_mix::wire::Probe;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
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
    let mut child = Command::new(program)
        .arg("probe")
        .stdin(Stdio::from(file))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| unable(format!("{}: {error}", program.display())))?;
    let (done, verdict) = channel();
    if let Some(mut printed) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            // What could not be read is missing in the text, and the text then does not parse.
            let _ = printed.by_ref().take(64 << 10).read_to_string(&mut text);
            let _ = done.send(text);
        });
    }
    let text = verdict.recv_timeout(PATIENCE);
    let _ = child.kill();
    let status = child.wait();
    let undecodable =
        |text: &str| Ok(Probe::Refused { code: "clip_undecodable".to_owned(), text: text.to_owned() });
    match text {
        // A decoder that crashes on a file has said all there is to say about the file.
        Ok(text) if text.is_empty() && status.as_ref().is_ok_and(|s| !s.success()) => {
            undecodable("The clip cannot be decoded.")
        }
        Ok(text) => serde_json::from_str(text.trim())
            .map_err(|error| unable(format!("{error}; the probe ended with {status:?}"))),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            undecodable("The clip takes too long to read.")
        }
    }
}
