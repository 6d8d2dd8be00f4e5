//! One running `palco-mixer`: its sockets, its log lines, its end.

use palco_base::FeedId;
use palco_mix::wire::{Message, ToMixer};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use std::fs::File;
use std::io::{BufRead, BufReader, IoSlice, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

/// Messages that may wait for a mixer that reads slowly: about a second of four hosts.
const QUEUE: usize = 512;

/// What the writer thread carries to the mixer.
pub(crate) enum Parcel {
    Message(Message<ToMixer>),
    File(FeedId, File),
}

/// The child and the way into it. Dropping it ends the child.
pub(crate) struct Process {
    child: Child,
    /// For reading what the mixer says.
    pub(crate) messages: UnixStream,
    parcels: Option<SyncSender<Parcel>>,
}

impl Process {
    /// Starts `program serve` with its sockets as standard input and output.
    pub(crate) fn start(program: &Path, name: &str) -> std::io::Result<Self> {
        let (messages, their_messages) = UnixStream::pair()?;
        let (files, their_files) = UnixStream::pair()?;
        let mut child = Command::new(program)
            .arg("serve")
            .stdin(Stdio::from(OwnedFd::from(their_messages)))
            .stdout(Stdio::from(OwnedFd::from(their_files)))
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(lines) = child.stderr.take() {
            let name = name.to_owned();
            std::thread::Builder::new().name("mixer-log".into()).spawn(move || pass_on_log(lines, &name))?;
        }
        let (parcels, waiting) = sync_channel(QUEUE);
        let stream = messages.try_clone()?;
        std::thread::Builder::new()
            .name("mixer-write".into())
            .spawn(move || write_all_parcels(stream, &files, &waiting))?;
        Ok(Self { child, messages, parcels: Some(parcels) })
    }

    /// The way in, for others to hold.
    pub(crate) fn entrance(&self) -> Option<SyncSender<Parcel>> {
        self.parcels.clone()
    }

    /// The operating system's number of the child.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the child if it has not ended, and says how it ended.
    pub(crate) fn end(mut self) -> String {
        self.kill_and_wait()
    }

    fn kill_and_wait(&mut self) -> String {
        self.parcels = None;
        let ended_by_itself = self.child.try_wait().ok().flatten();
        if ended_by_itself.is_none() {
            // It may be stuck in a decoder: there is nothing to ask politely.
            let _ = self.child.kill();
        }
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_and_wait();
    }
}

/// What became of a parcel that was offered.
pub(crate) fn offer(entrance: &SyncSender<Parcel>, parcel: Parcel) -> Result<(), Refused> {
    entrance.try_send(parcel).map_err(|error| match error {
        TrySendError::Full(_) => Refused::Full,
        TrySendError::Disconnected(_) => Refused::Gone,
    })
}

/// Why a parcel was not taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Gone,
}

fn write_all_parcels(mut stream: UnixStream, files: &UnixStream, parcels: &Receiver<Parcel>) {
    // The shard has told if the system does not allow it.
    let _ = palco_realtime::enter();
    let mut bytes = Vec::with_capacity(1 << 16);
    while let Ok(parcel) = parcels.recv() {
        let written = match parcel {
            Parcel::Message(message) => {
                bytes.clear();
                message.write(&mut bytes);
                stream.write_all(&bytes)
            }
            Parcel::File(feed, file) => hand_over(files, feed, &file),
        };
        if written.is_err() {
            // The child has gone; the reader sees that too and deals with it.
            return;
        }
    }
    // No more senders: end of file asks the mixer to end.
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

/// Sends an open file with the feed it is for (`wire`: file socket).
fn hand_over(files: &UnixStream, feed: FeedId, file: &File) -> std::io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [file.as_fd()];
    // The buffer was sized for one descriptor just above.
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let tag = feed.bits().to_le_bytes();
    sendmsg(files, &[IoSlice::new(&tag)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn pass_on_log(lines: impl std::io::Read, name: &str) {
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        tracing::info!(show = name, "mixer: {line}");
    }
}
