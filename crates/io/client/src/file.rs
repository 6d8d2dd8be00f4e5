//! Frames of a media file, read by the mixer executable, which has the media library.

use crate::source::{FrameSource, Frames, Next};
use palco_base::{EncodedFrame, Fault, MediaKind, MediaTime};
use palco_mix::wire::{FromMixer, Message, Reader};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// Files whose coded frames are no larger are looped from memory; others are read again.
const MEMORY: usize = 256 << 20;
/// Read ahead of the network: the pipe and the reader wait when it is full.
const READ_AHEAD: usize = 256;
/// How far one track of a file may run ahead of the other before we stop sorting them.
const INTERLEAVE: usize = 150;

/// The mixer executable: `PALCO_MIXER`, else `palco-mixer` beside this program.
///
/// # Errors
/// When it is not there.
pub fn mixer_path() -> Result<PathBuf, Fault> {
    let named = std::env::var_os("PALCO_MIXER").map(PathBuf::from);
    let beside = || {
        let mut folder = std::env::current_exe().ok()?;
        folder.pop();
        // Test executables live one folder deeper.
        let mut places = vec![folder.join("palco-mixer")];
        places.extend(folder.parent().map(|f| f.join("palco-mixer")));
        places.into_iter().find(|p| p.exists())
    };
    named.filter(|p| p.exists()).or_else(beside).ok_or_else(|| {
        Fault::unavailable("mixer_missing", "The program palco-mixer, which reads media files, is not there.")
            .hint("Put it beside palco, or name it in PALCO_MIXER.")
    })
}

/// A media file as a [`FrameSource`]: `palco-mixer read` in a child process.
pub struct FileFrames {
    path: PathBuf,
    looped: bool,
    state: State,
    /// The frames of this pass, for the next; none when there are too many.
    kept: Option<(Vec<EncodedFrame>, usize)>,
    /// Added to the times of this pass.
    base: MediaTime,
    first: Option<MediaTime>,
    end: MediaTime,
    loops: u64,
}

enum State {
    Reading(Pass),
    Memory(Frames),
    Over,
}

/// One reading of the file.
struct Pass {
    child: Child,
    frames: Receiver<Result<EncodedFrame, Fault>>,
    /// Sound and picture, waiting for each other.
    waiting: [VecDeque<EncodedFrame>; 2],
    over: bool,
}

impl FileFrames {
    /// Begins to read a file; anything the media library can read. What is not H.264 without
    /// B-frames and Opus already is coded anew on the way.
    ///
    /// # Errors
    /// When there is no such file, or no mixer to read it. What is wrong inside the file comes
    /// with the first [`FrameSource::next`].
    pub fn open(path: &Path, looped: bool) -> Result<Self, Fault> {
        let state = State::Reading(Pass::start(path)?);
        Ok(Self {
            path: path.to_owned(),
            looped,
            state,
            kept: looped.then(|| (Vec::new(), 0)),
            base: MediaTime::ZERO,
            first: None,
            end: MediaTime::ZERO,
            loops: 0,
        })
    }

    /// Reads all of the file now, so that its period is known and every pass comes from memory.
    /// For files of a minute or so.
    ///
    /// # Errors
    /// When it cannot be read, has no frames, or is too large for memory.
    pub fn load(path: &Path, looped: bool) -> Result<Frames, Fault> {
        let pass = Pass::start(path)?;
        let (mut all, mut bytes) = (Vec::new(), 0);
        for frame in &pass.frames {
            let frame = frame?;
            bytes += frame.payload.len();
            if bytes > MEMORY {
                return Err(Fault::unprocessable(
                    "file_too_large",
                    "The file is too long to be held in memory.",
                ));
            }
            all.push(frame);
        }
        if all.is_empty() {
            return Err(nothing());
        }
        Ok(Frames::new(all, looped))
    }

    fn keep(&mut self, frame: &EncodedFrame) {
        if let Some((kept, bytes)) = &mut self.kept {
            *bytes += frame.payload.len();
            if *bytes <= MEMORY {
                kept.push(frame.clone());
            } else {
                self.kept = None;
            }
        }
    }

    /// The file is through: the end, or from the beginning.
    fn turn(&mut self) -> Result<(), Fault> {
        if self.first.is_none() {
            return Err(nothing());
        }
        if !self.looped {
            self.state = State::Over;
            return Ok(());
        }
        self.loops += 1;
        self.state = match self.kept.take() {
            Some((frames, _)) => {
                let frames = Frames::new(frames, true);
                self.base = frames.period().unwrap_or_default();
                State::Memory(frames)
            }
            None => {
                self.base = self.end;
                State::Reading(Pass::start(&self.path)?)
            }
        };
        Ok(())
    }
}

impl FrameSource for FileFrames {
    fn next(&mut self) -> Result<Next, Fault> {
        loop {
            match &mut self.state {
                State::Over => return Ok(Next::End),
                State::Memory(frames) => {
                    let next = frames.next()?;
                    let Next::Frame(mut frame) = next else { return Ok(next) };
                    frame.time += self.base;
                    return Ok(Next::Frame(frame));
                }
                State::Reading(pass) => match pass.next()? {
                    Next::Frame(frame) => {
                        self.keep(&frame);
                        let first = *self.first.get_or_insert(frame.time);
                        let mut frame = frame;
                        frame.time = self.base + frame.time - first;
                        let length = match frame.codec.kind() {
                            MediaKind::Audio => MediaTime::from_millis(20),
                            MediaKind::Video => MediaTime::from_micros(33_333),
                        };
                        self.end = self.end.max(frame.time + length);
                        return Ok(Next::Frame(frame));
                    }
                    Next::Pending => return Ok(Next::Pending),
                    Next::End => self.turn()?,
                },
            }
        }
    }

    fn loops(&self) -> u64 {
        match &self.state {
            State::Memory(frames) => self.loops + frames.loops(),
            _ => self.loops,
        }
    }
}

impl Pass {
    fn start(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|e| {
            Fault::not_found("file_missing", format!("The file {} cannot be opened.", path.display()))
                .internal(e)
        })?;
        let mut child = Command::new(mixer_path()?)
            .arg("read")
            .stdin(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Fault::unavailable("mixer_missing", "palco-mixer does not start.").internal(e))?;
        let (sender, frames) = sync_channel(READ_AHEAD);
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            end(&mut child);
            return Err(Fault::unavailable("mixer_missing", "palco-mixer does not speak."));
        };
        let name = path.display().to_string();
        let spawned = std::thread::Builder::new().name("file".into()).spawn(move || {
            let last_words =
                std::thread::Builder::new().name("file-log".into()).spawn(move || last_line(stderr));
            if let Err(mut fault) = read(stdout, &sender) {
                let words = last_words.ok().and_then(|t| t.join().ok()).unwrap_or_default();
                fault.text = format!("{name} cannot be played. {}", fault.text);
                // The receiver may be gone: nobody wants to know.
                let _ = sender.send(Err(fault.internal(words)));
            }
        });
        if let Err(error) = spawned {
            end(&mut child);
            return Err(Fault::unavailable("no_threads", "This computer has too much to do.").internal(error));
        }
        Ok(Self { child, frames, waiting: Default::default(), over: false })
    }

    /// The earlier of the two tracks' next frames.
    fn next(&mut self) -> Result<Next, Fault> {
        loop {
            let [audio, video] = &self.waiting;
            let from_audio = match (audio.front(), video.front()) {
                (Some(a), Some(v)) => Some(a.time <= v.time),
                (Some(_), None) if self.over || audio.len() > INTERLEAVE => Some(true),
                (None, Some(_)) if self.over || video.len() > INTERLEAVE => Some(false),
                (None, None) if self.over => return Ok(Next::End),
                _ => None,
            };
            if let Some(frame) = from_audio.and_then(|audio| self.waiting[usize::from(!audio)].pop_front()) {
                return Ok(Next::Frame(frame));
            }
            match self.frames.try_recv() {
                Ok(Ok(frame)) => {
                    self.waiting[usize::from(frame.codec.kind() == MediaKind::Video)].push_back(frame);
                }
                Ok(Err(fault)) => return Err(fault),
                Err(TryRecvError::Empty) => return Ok(Next::Pending),
                Err(TryRecvError::Disconnected) => self.over = true,
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends the child, which we started, and takes its exit so that nothing is left of it.
fn end(child: &mut Child) {
    // Fails when it has ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn nothing() -> Fault {
    Fault::unprocessable("file_not_media", "There is neither sound nor picture in the file.")
}

/// Reads messages until the child closes its end.
fn read(mut from: impl Read, to: &SyncSender<Result<EncodedFrame, Fault>>) -> Result<(), Fault> {
    let broken = |e: String| Fault::unprocessable("file_undecodable", "Reading it failed.").internal(e);
    let (mut reader, mut buffer, mut any) = (Reader::default(), vec![0; 64 << 10], false);
    loop {
        let length = from.read(&mut buffer).map_err(|e| broken(e.to_string()))?;
        if length == 0 {
            return if any { Ok(()) } else { Err(nothing()) };
        }
        reader.push(&buffer[..length]);
        while let Some(message) = reader.next_message::<FromMixer>().map_err(|e| broken(e.to_string()))? {
            if let Message::Media(_, frame) = message {
                any = true;
                if to.send(Ok(frame)).is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// The last line of the child's log: why it failed.
fn last_line(stderr: ChildStderr) -> String {
    BufReader::new(stderr).lines().map_while(Result::ok).last().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::{frame, second_by_second};
    use palco_base::{Codec, FeedId};

    fn bytes(frames: &[EncodedFrame]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for frame in frames {
            Message::<FromMixer>::Media(FeedId::new(0), frame.clone()).write(&mut bytes);
        }
        bytes
    }

    /// Hands out what a child wrote, a little at a time.
    struct Drip(VecDeque<u8>);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(7).min(self.0.len());
            for (to, from) in buffer.iter_mut().zip(self.0.drain(..length)) {
                *to = from;
            }
            Ok(length)
        }
    }

    #[test]
    fn what_the_reader_wrote_arrives() {
        let frames = second_by_second(1);
        let (sender, receiver) = sync_channel(1_000);
        read(Drip(bytes(&frames).into()), &sender).unwrap();
        drop(sender);
        let got: Vec<_> = receiver.into_iter().map(Result::unwrap).collect();
        assert_eq!(got, frames);
    }

    #[test]
    fn nothing_and_nonsense_are_faults() {
        let (sender, _receiver) = sync_channel(10);
        assert_eq!(read(std::io::empty(), &sender).err().map(|f| f.code), Some("file_not_media"));
        assert_eq!(read([255; 64].as_slice(), &sender).err().map(|f| f.code), Some("file_undecodable"));
        let cut = bytes(&[frame(Codec::Opus, true, 0)]);
        assert_eq!(read(&cut[..cut.len() - 1], &sender).err().map(|f| f.code), Some("file_not_media"));
    }

    #[test]
    fn a_file_that_is_not_there() {
        let fault = FileFrames::open("no/such/file.mkv".as_ref(), true).err().unwrap();
        assert_eq!(fault.code, "file_missing");
    }
}
