//! What the server and the mixer process say to each other.
//!
//! The mixer's standard input is a stream socket that carries messages both ways; its standard
//! output is a second stream socket on which the server hands it open files (`SCM_RIGHTS`).
//! All times are [`MediaTime`] on `CLOCK_MONOTONIC`, which both processes share.
//!
//! A message is `u32` length of what follows (little endian), `u8` kind, body:
//!
//! | kind | body |
//! |---|---|
//! | 0 control | JSON of [`ToMixer`] or [`FromMixer`] |
//! | 1 media | `u64` feed or output, `u8` codec, `u8` key, `i64` time in µs, payload |
//! | 2 font | a TrueType font, for the names under tiles; sent once, first |
//!
//! On the file socket each open file travels with 8 bytes: the `u64` of its clip's feed,
//! little endian, sent before the [`ToMixer::OpenClip`] that uses it.

use palco_base::canvas::Arrangement;
use palco_base::{Bitrate, Codec, EncodedFrame, FeedId, MediaTime, Size};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// No message is longer: a 4K key frame fits many times over.
pub const MAX_MESSAGE: usize = 16 << 20;

/// A picture the mixer makes, with its sound.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// What the audience gets. Always made.
    Program,
    /// What the stage looks like, made only while the audience is sent elsewhere.
    Stage,
}

/// A size and rate at which an output's picture is coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rendition {
    /// Pixels, even.
    pub width: u32,
    /// Pixels, even.
    pub height: u32,
    /// H.264 target.
    pub video: Bitrate,
}

/// How an output is coded: each Rendition once, the sound once for each way to the audience.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Coding {
    /// Pictures per second.
    pub frame_rate: u32,
    /// The size of the canvas.
    pub large: Rendition,
    /// The same picture scaled down, with key frames at the same pictures.
    pub small: Option<Rendition>,
    /// Opus target.
    pub opus: Bitrate,
    /// AAC target, for HLS.
    pub aac: Option<Bitrate>,
}

/// What a decoder of our AAC needs beforehand: AAC-LC, 48 kHz, stereo (`AudioSpecificConfig`,
/// ISO 14496-3 §1.6.2.1).
pub const AAC_CONFIG: [u8; 2] = [0x11, 0x90];

/// How one arrangement gives way to the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// From one picture to the next.
    Cut,
    /// Crossfade of picture and sound.
    Fade {
        /// How long it takes.
        millis: u32,
    },
}

/// From the server to the mixer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToMixer {
    /// Begin making this output, first with an empty arrangement. Sent before any `Arrange` for it.
    OpenOutput {
        /// Which.
        output: Output,
        /// How.
        coding: Coding,
    },
    /// Stop making this output.
    CloseOutput {
        /// Which.
        output: Output,
    },
    /// Media of this feed will come (a performer's). Opening an open feed resets its decoders.
    OpenFeed {
        /// Which.
        feed: FeedId,
        /// Shown while it has no picture.
        name: String,
    },
    /// The feed, performer's or clip's, is gone.
    CloseFeed {
        /// Which.
        feed: FeedId,
    },
    /// Play a file that was handed over on the file socket under this feed.
    OpenClip {
        /// The feed it becomes.
        feed: FeedId,
        /// Where in the file to begin, in ms.
        position: u64,
        /// Whether it runs, or stands on its first picture.
        playing: bool,
        /// Whether it begins again at its end.
        looped: bool,
    },
    /// Change a clip that is open.
    SetClip {
        /// Which.
        feed: FeedId,
        /// Run or stand still.
        playing: bool,
        /// Begin again at the end.
        looped: bool,
        /// Where to go first, in ms.
        seek: Option<u64>,
    },
    /// What an output shows and lets hear from now on.
    Arrange {
        /// Which output.
        output: Output,
        /// What.
        arrangement: Arrangement,
        /// How it gives way.
        transition: Transition,
    },
    /// Somebody needs a key frame; the mixer makes at most one extra per 500 ms and output.
    KeyFrame {
        /// Of which output.
        output: Output,
    },
}

/// From the mixer to the server.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromMixer {
    /// It is up.
    Ready {
        /// The elements chosen: H.264 encoder and the decoders.
        elements: Vec<String>,
        /// One line per sandbox layer: what holds, or why it is missing.
        sandbox: Vec<String>,
    },
    /// A feed's video cannot be decoded without a key frame. At most one per 500 ms and feed.
    KeyFrameWanted {
        /// Whose.
        feed: FeedId,
    },
    /// Where a clip is; sent on each change and every 250 ms while it plays.
    ClipState {
        /// Which.
        feed: FeedId,
        /// ms from its beginning.
        position: u64,
        /// ms; none while unknown, or for a still picture.
        duration: Option<u64>,
        /// Whether it runs.
        playing: bool,
        /// Whether it has come to its end (and is not looped).
        ended: bool,
    },
    /// A clip cannot be played (any longer).
    ClipFailed {
        /// Which.
        feed: FeedId,
        /// A sentence for the director.
        text: String,
    },
    /// Loudness of the last 200 ms; sent every 200 ms for feeds that gave sound.
    Levels {
        /// Feed and peak in dBFS (0 loudest, −90 silence).
        levels: Vec<(FeedId, f32)>,
    },
    /// Counters since start; sent once a second.
    Stats {
        /// Pictures made, all outputs.
        pictures: u64,
        /// Ticks that came more than one picture late and were skipped.
        skipped: u64,
        /// Encoded frames thrown away because a queue was full.
        dropped: u64,
        /// Frames that would not decode.
        undecodable: u64,
        /// CPU time used by the process, in µs.
        cpu: u64,
        /// From capture to mix, in µs, of the feed that is held longest: network, decoding, and
        /// waiting until its sound plays without gaps.
        held: u64,
    },
}

/// What `palco-mixer probe` prints about a file, as JSON on its standard output.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Probe {
    /// It can be played.
    Playable {
        /// ms; none for a still picture.
        duration: Option<u64>,
        /// Width and height in pixels, if there is a picture.
        picture: Option<(u32, u32)>,
        /// Whether there is sound.
        sound: bool,
    },
    /// It cannot.
    Refused {
        /// Stable, snake_case: `clip_empty`, `clip_not_media`, `clip_truncated`, `clip_too_large_picture`, `clip_undecodable`.
        code: String,
        /// A sentence for the director.
        text: String,
    },
}

/// The line of JSON that `palco-mixer poster` prints first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Poster {
    /// Two JPEG pictures follow the line, one directly after the other.
    Made {
        /// Of the first picture, in pixels.
        width: u32,
        /// Of the first picture, in pixels.
        height: u32,
        /// Bytes of the first picture.
        wide: u32,
        /// Bytes of the second picture.
        small: u32,
    },
    /// Nothing follows.
    Refused {
        /// Stable, snake_case: `picture_not_supported`, `picture_too_large`, `picture_broken`.
        code: String,
        /// A sentence for whoever uploaded it.
        text: String,
    },
}

/// Anything that crosses the message socket.
#[derive(Clone, PartialEq, Debug)]
pub enum Message<C> {
    /// [`ToMixer`] or [`FromMixer`].
    Control(C),
    /// Coded media: of a feed towards the mixer, of an output (see [`output_id`]) from it.
    Media(FeedId, EncodedFrame),
    /// A TrueType font.
    Font(Vec<u8>),
}

/// Why bytes are not a message. The connection cannot be used any further.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WireError {
    /// Longer than [`MAX_MESSAGE`].
    TooLong,
    /// Too short for its kind.
    Short,
    /// A kind, codec or output that does not exist.
    Unknown,
    /// Control that is not the JSON it should be.
    Control,
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "message too long",
            Self::Short => "message too short",
            Self::Unknown => "unknown kind of message",
            Self::Control => "control message cannot be read",
        })
    }
}

impl std::error::Error for WireError {}

/// The id under which an output's media travels.
#[must_use]
pub const fn output_id(output: Output, size: Size) -> FeedId {
    FeedId::new(match (output, size) {
        (Output::Program, Size::Large) => 0,
        (Output::Stage, Size::Large) => 1,
        (Output::Program, Size::Small) => 2,
        (Output::Stage, Size::Small) => 3,
    })
}

/// The output whose media travels under this id.
#[must_use]
pub fn output_of(id: FeedId) -> Option<(Output, Size)> {
    [Output::Program, Output::Stage]
        .into_iter()
        .flat_map(|output| [(output, Size::Large), (output, Size::Small)])
        .find(|(output, size)| output_id(*output, *size) == id)
}

const KIND_CONTROL: u8 = 0;
const KIND_MEDIA: u8 = 1;
const KIND_FONT: u8 = 2;
const MEDIA_HEADER: usize = 8 + 1 + 1 + 8;

impl<C: Serialize> Message<C> {
    /// Appends the message, length first, to `bytes`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let start = bytes.len();
        bytes.extend_from_slice(&[0; 4]);
        match self {
            Self::Control(control) => {
                bytes.push(KIND_CONTROL);
                // Our own plain types: no map keys that are not texts, no failing Serialize.
                serde_json::to_writer(&mut *bytes, control).expect("control serialises");
            }
            Self::Media(feed, frame) => {
                bytes.push(KIND_MEDIA);
                bytes.extend_from_slice(&feed.bits().to_le_bytes());
                bytes.push(match frame.codec {
                    Codec::H264 => 0,
                    Codec::Vp8 => 1,
                    Codec::Opus => 2,
                    Codec::Aac => 3,
                });
                bytes.push(u8::from(frame.key));
                bytes.extend_from_slice(&frame.time.micros().to_le_bytes());
                bytes.extend_from_slice(&frame.payload);
            }
            Self::Font(font) => {
                bytes.push(KIND_FONT);
                bytes.extend_from_slice(font);
            }
        }
        let length = u32::try_from(bytes.len() - start - 4).unwrap_or(u32::MAX);
        bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Cuts a byte stream into messages.
#[derive(Default)]
pub struct Reader {
    bytes: Vec<u8>,
    used: usize,
}

impl Reader {
    /// Takes bytes as they came from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.used > 0 && self.used >= self.bytes.len() / 2 {
            self.bytes.drain(..self.used);
            self.used = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    ///
    /// # Errors
    /// When the stream cannot be what it should be; it stays unusable.
    pub fn next_message<C: for<'a> Deserialize<'a>>(&mut self) -> Result<Option<Message<C>>, WireError> {
        let rest = &self.bytes[self.used..];
        let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        if length > MAX_MESSAGE {
            return Err(WireError::TooLong);
        }
        if rest.len() < length {
            return Ok(None);
        }
        let message = parse(&rest[..length])?;
        self.used += 4 + length;
        Ok(Some(message))
    }
}

fn parse<C: for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<Message<C>, WireError> {
    let (kind, body) = bytes.split_first().ok_or(WireError::Short)?;
    match *kind {
        KIND_CONTROL => serde_json::from_slice(body).map(Message::Control).map_err(|_| WireError::Control),
        KIND_MEDIA => {
            let (header, payload) = body.split_first_chunk::<MEDIA_HEADER>().ok_or(WireError::Short)?;
            let word = |at: usize| {
                let mut eight = [0; 8];
                eight.copy_from_slice(&header[at..at + 8]);
                u64::from_le_bytes(eight)
            };
            let codec = match header[8] {
                0 => Codec::H264,
                1 => Codec::Vp8,
                2 => Codec::Opus,
                3 => Codec::Aac,
                _ => return Err(WireError::Unknown),
            };
            let time = MediaTime::from_micros(word(10).cast_signed());
            let frame = EncodedFrame { codec, key: header[9] != 0, time, payload: Arc::from(payload) };
            Ok(Message::Media(FeedId::new(word(0)), frame))
        }
        KIND_FONT => Ok(Message::Font(body.to_vec())),
        _ => Err(WireError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_any_cutting_of_the_stream() {
        let frame = EncodedFrame {
            codec: Codec::Vp8,
            key: true,
            time: MediaTime::from_micros(-5),
            payload: Arc::from([1u8, 2, 3].as_slice()),
        };
        let sent = [
            Message::Control(ToMixer::KeyFrame { output: Output::Program }),
            Message::Media(FeedId::new(7), frame),
            Message::Font(vec![9; 300]),
        ];
        let mut bytes = Vec::new();
        sent.iter().for_each(|m| m.write(&mut bytes));
        for step in 1..bytes.len() {
            let mut reader = Reader::default();
            let mut got = Vec::new();
            for piece in bytes.chunks(step) {
                reader.push(piece);
                while let Some(message) = reader.next_message::<ToMixer>().expect("well formed") {
                    got.push(message);
                }
            }
            assert_eq!(got, sent, "cut into pieces of {step}");
        }
    }

    #[test]
    fn nonsense_is_an_error_not_a_panic() {
        for (bytes, error) in [
            (vec![255, 255, 255, 255], WireError::TooLong),
            (vec![0, 0, 0, 0], WireError::Short),
            (vec![1, 0, 0, 0, 9], WireError::Unknown),
            (vec![2, 0, 0, 0, 1, 5], WireError::Short),
            (vec![2, 0, 0, 0, 0, b'{'], WireError::Control),
        ] {
            let mut reader = Reader::default();
            reader.push(&bytes);
            assert_eq!(reader.next_message::<ToMixer>(), Err(error), "{bytes:?}");
        }
    }
}
