//! `palco-mixer serve`: the sockets, and who gets what comes in.

use crate::clip::{Beginning, Clip};
use crate::feed::Feed;
use crate::mixing::{self, ToMix, Work};
use crate::output::Encoder;
use crate::post::{Post, log, write_all};
use crate::{elements, sandbox};
use palco_base::FeedId;
use palco_mix::wire::{FromMixer, Message, Output, Reader, ToMixer};
use palco_mix::{FeedKind, Input};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
use std::collections::HashMap;
use std::fs::File;
use std::io::{IoSliceMut, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// No stage has more; beyond, the server is confused.
const MOST_FEEDS: usize = 64;
/// Files handed over and not yet opened.
const MOST_FILES: usize = 16;
/// A file may come this much later than the command that opens it.
const FILE_PATIENCE: Duration = Duration::from_secs(2);

/// Files as they come from the file socket.
#[derive(Default)]
struct Files {
    waiting: Mutex<Vec<(FeedId, File)>>,
    arrived: Condvar,
}

impl Files {
    fn put(&self, feed: FeedId, file: File) {
        // The list is whole at every moment, so a poisoned lock still holds a good one.
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(other, _)| *other != feed);
        if waiting.len() >= MOST_FILES {
            waiting.remove(0);
            log("too many files were handed over and not opened");
        }
        waiting.push((feed, file));
        self.arrived.notify_all();
    }

    /// Takes a feed's file, waiting for it a little.
    fn take(&self, feed: FeedId) -> Option<File> {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = |waiting: &mut Vec<(FeedId, File)>| !waiting.iter().any(|(other, _)| *other == feed);
        let (mut waiting, _) = self
            .arrived
            .wait_timeout_while(waiting, FILE_PATIENCE, missing)
            .unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|(other, _)| *other == feed)?;
        Some(waiting.swap_remove(at).1)
    }
}

/// Runs until the server closes the message socket.
pub(crate) fn serve() -> Result<(), String> {
    let duplicate = |fd: std::io::Result<OwnedFd>| fd.map_err(|error| format!("a socket: {error}"));
    let messages = File::from(duplicate(std::io::stdin().as_fd().try_clone_to_owned())?);
    let writer = messages.try_clone().map_err(|error| format!("a socket: {error}"))?;
    let file_socket = duplicate(std::io::stdout().as_fd().try_clone_to_owned())?;
    elements::start()?;
    let elements = elements::choose()?;
    let sandbox = sandbox::close();
    let (post, written) = Post::new();
    let files = Arc::new(Files::default());
    let inbox = files.clone();
    spawn("write", move || {
        // The server has told if the system does not allow it.
        let _ = palco_realtime::enter();
        write_all(&written, writer);
    })?;
    spawn("files", move || receive_files(&file_socket, &inbox))?;
    let mix = mixing::start(&post)?;
    post.say(FromMixer::Ready { elements, sandbox });
    let mut server =
        Server { mix, post, files, feeds: HashMap::new(), clips: HashMap::new(), outputs: HashMap::new() };
    let _ = palco_realtime::enter();
    server.read(messages)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread.map(drop).map_err(|error| format!("no thread: {error}"))
}

/// Takes open files with the feed each belongs to, until the socket closes.
fn receive_files(socket: &OwnedFd, files: &Files) {
    let mut pending: Option<File> = None;
    let mut head = Vec::new();
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; 8];
        let room = &mut bytes[..8 - head.len()];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let read = match rustix::net::recvmsg(socket, &mut [IoSliceMut::new(room)], &mut control, flags) {
            Ok(message) => message.bytes,
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        };
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(fds) = message {
                // One belongs to these eight bytes; more would be a mistake and are closed.
                pending = fds.into_iter().next().map(File::from).or(pending);
            }
        }
        if read == 0 {
            return;
        }
        head.extend_from_slice(&bytes[..read]);
        if let Some(feed) = head.first_chunk::<8>() {
            let feed = FeedId::new(u64::from_le_bytes(*feed));
            if let Some(file) = pending.take() {
                files.put(feed, file);
            }
            head.clear();
        }
    }
}

struct Server {
    mix: ToMix,
    post: Post,
    files: Arc<Files>,
    feeds: HashMap<FeedId, Feed>,
    clips: HashMap<FeedId, Clip>,
    outputs: HashMap<Output, Arc<Encoder>>,
}

impl Server {
    fn read(&mut self, mut messages: File) -> Result<(), String> {
        let mut reader = Reader::default();
        let mut bytes = vec![0; 256 << 10];
        loop {
            let read = match messages.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(format!("the message socket: {error}")),
            };
            reader.push(&bytes[..read]);
            while let Some(message) = reader.next_message().map_err(|error| format!("the server: {error}"))? {
                self.take(message);
            }
        }
    }

    fn take(&mut self, message: Message<ToMixer>) {
        match message {
            Message::Media(id, frame) => {
                if let Some(feed) = self.feeds.get_mut(&id) {
                    feed.push(frame);
                }
            }
            Message::Font(font) => self.tell(Input::Font(font)),
            Message::Control(control) => self.obey(control),
        }
    }

    fn tell(&self, input: Input) {
        self.mix.must(Work::Input(input));
    }

    fn obey(&mut self, control: ToMixer) {
        match control {
            ToMixer::OpenOutput { output, coding } => {
                self.close_output(output);
                match Encoder::new(output, coding, &self.post) {
                    Ok(encoder) => {
                        let encoder = Arc::new(encoder);
                        self.outputs.insert(output, encoder.clone());
                        self.mix.must(Work::Encode(output, encoder));
                        self.tell(Input::OpenOutput(output, coding));
                    }
                    Err(text) => log(&text),
                }
            }
            ToMixer::CloseOutput { output } => self.close_output(output),
            ToMixer::OpenFeed { feed, name } => {
                if self.feeds.len() >= MOST_FEEDS {
                    return log("too many feeds");
                }
                self.feeds.insert(feed, Feed::new(feed, self.mix.clone(), self.post.clone()));
                self.tell(Input::OpenFeed(feed, name, FeedKind::Performer));
            }
            ToMixer::CloseFeed { feed } => {
                self.feeds.remove(&feed);
                self.clips.remove(&feed);
                self.tell(Input::CloseFeed(feed));
            }
            ToMixer::OpenClip { feed, position, playing, looped } => {
                self.open_clip(feed, Beginning { position, playing, looped });
            }
            ToMixer::SetClip { feed, playing, looped, seek } => {
                if let Some(clip) = self.clips.get(&feed) {
                    clip.set(playing, looped, seek);
                }
            }
            ToMixer::Arrange { output, arrangement, transition } => {
                self.tell(Input::Arrange(output, arrangement, transition));
            }
            ToMixer::KeyFrame { output } => {
                if let Some(encoder) = self.outputs.get(&output) {
                    encoder.want_key();
                }
            }
        }
    }

    fn close_output(&mut self, output: Output) {
        if let Some(encoder) = self.outputs.remove(&output) {
            self.tell(Input::CloseOutput(output));
            self.mix.must(Work::Forget(output));
            drop(encoder);
        }
    }

    fn open_clip(&mut self, feed: FeedId, beginning: Beginning) {
        if self.clips.len() >= MOST_FEEDS {
            return log("too many clips");
        }
        self.clips.remove(&feed);
        self.tell(Input::CloseFeed(feed));
        self.tell(Input::OpenFeed(feed, String::new(), FeedKind::Clip));
        let files = self.files.clone();
        let file = move || files.take(feed);
        match Clip::open(feed, file, beginning, self.mix.clone(), self.post.clone()) {
            Ok(clip) => {
                self.clips.insert(feed, clip);
            }
            Err(text) => {
                self.post.say(FromMixer::ClipFailed { feed, text });
            }
        }
    }
}
