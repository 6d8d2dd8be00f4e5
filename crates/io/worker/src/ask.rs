//! One question to a sandboxed child: a file in, bytes out, and an end to waiting.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// What a child said.
pub(crate) struct Said {
    /// What it printed, at most what was allowed; none if it had not ended in time.
    pub(crate) bytes: Option<Vec<u8>>,
    /// How it ended, for the log.
    pub(crate) status: std::io::Result<ExitStatus>,
}

impl Said {
    /// A decoder that crashes on a file has said all there is to say about the file.
    pub(crate) fn crashed(&self) -> bool {
        self.bytes.as_ref().is_some_and(Vec::is_empty)
            && self.status.as_ref().is_ok_and(|status| !status.success())
    }
}

/// Runs `program verb` with the file as standard input. The child has ended when this returns.
pub(crate) fn ask(
    program: &Path,
    verb: &str,
    file: File,
    most: u64,
    patience: Duration,
) -> std::io::Result<Said> {
    let mut child = Command::new(program)
        .arg(verb)
        .stdin(Stdio::from(file))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (done, printed) = channel();
    if let Some(mut pipe) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What could not be read is missing in what the caller then cannot understand.
            let _ = pipe.by_ref().take(most).read_to_end(&mut bytes);
            let _ = done.send(bytes);
        });
    }
    let bytes = printed.recv_timeout(patience).ok();
    let _ = child.kill();
    Ok(Said { bytes, status: child.wait() })
}
