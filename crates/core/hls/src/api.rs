//! What goes into the core and what comes out.
//!
//! Contract: after every [`handle`](crate::Hls::handle), call [`poll`](crate::Hls::poll) until it
//! returns `None`, then wait for a frame, a request or [`deadline`](crate::Hls::deadline).

use crate::path::{Directives, Rendition, Resource};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use palco_base::{Bitrate, EncodedFrame, Fault, MediaTime};
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

/// A track of the Program: its index in [`Settings::tracks`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TrackId(pub usize);

/// Names a request until it is answered; chosen by the shell, unique among those waiting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(pub u64);

/// Where the monotonic clock stood on the wall, for `EXT-X-PROGRAM-DATE-TIME`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WallClock {
    /// A moment on the machine's monotonic clock.
    pub at: MediaTime,
    /// The same moment, since 1970-01-01 00:00 UTC.
    pub unix: MediaTime,
}

/// What a track carries, and what is declared of it before it has been measured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TrackKind {
    /// H.264, Annex B, SPS and PPS at every key frame, pictures in the order they are shown.
    Video,
    /// AAC-LC, raw access units of 1,024 samples.
    Audio {
        /// The AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
        config: Vec<u8>,
    },
}

/// One rendition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track {
    /// Its name in paths.
    pub name: Rendition,
    /// What it carries.
    pub kind: TrackKind,
    /// The bit rate to declare until five segments have been measured: what its encoder is set to.
    pub bitrate: Bitrate,
}

/// How the Program of one show is cut and kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The renditions: any number of video tracks, best first, and at most one audio track.
    pub tracks: Vec<Track>,
    /// How long a media segment is meant to be: the distance of key frames. 1 to 10 s.
    /// `EXT-X-TARGETDURATION` is this, rounded up to whole seconds.
    pub segment: MediaTime,
    /// Whether the encoder makes a key frame of the first picture of every such stretch of the
    /// clock: then a segment that began elsewhere is cut there, rather than too long.
    pub key_grid: bool,
    /// The part target duration: 200 ms to a quarter of the segment.
    pub part: MediaTime,
    /// How much media keeps its bytes in memory; older segments are answered with
    /// [`Answer::Stored`]. At least six target durations.
    pub memory: MediaTime,
    /// A silence of all tracks longer than this, or a jump of their clock, is a discontinuity.
    pub gap: MediaTime,
    /// No more requests than this wait at once; the next is answered 503.
    pub max_waiting: usize,
    /// The wall clock at the start; [`Input::Clock`] corrects it.
    pub clock: WallClock,
}

impl Settings {
    /// The usual cut: 2 s segments, parts of a third of a second (ten frames at 30 per second),
    /// 60 s in memory, 1 s of silence is a gap, 20,000 may wait.
    #[must_use]
    pub const fn new(tracks: Vec<Track>, clock: WallClock) -> Self {
        Self {
            tracks,
            segment: MediaTime::from_millis(2_000),
            key_grid: true,
            part: MediaTime::from_millis(334),
            memory: MediaTime::from_millis(60_000),
            gap: MediaTime::from_millis(1_000),
            max_waiting: 20_000,
            clock,
        }
    }
}

/// A media segment as the recorder keeps it, and as it comes back in [`Resume`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Of which track.
    pub track: TrackId,
    /// Media sequence number, the same for all tracks at the same time.
    pub sequence: u64,
    /// The number of its initialization section.
    pub init: u32,
    /// `EXTINF`.
    pub duration: MediaTime,
    /// `EXT-X-PROGRAM-DATE-TIME` of its first sample, since 1970-01-01 00:00 UTC.
    pub program_date_time: MediaTime,
    /// Whether `EXT-X-DISCONTINUITY` stands before it.
    pub discontinuity: bool,
    /// Whether there is no media: the track was silent, `EXT-X-GAP` stands before it.
    pub gap: bool,
    /// Bytes in it; 0 for a gap.
    pub size: u64,
}

/// What was recorded of a show before the process died. The show goes on with a discontinuity,
/// and no sequence number is used twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resume {
    /// All that is on disk, of all tracks, in any order. What is missing in it becomes a gap.
    pub segments: Vec<Segment>,
    /// Viewers may have seen what the disk did not get: this many sequence numbers (and numbers
    /// of initialization sections) are passed over. 2 covers a segment being written and one
    /// being cut.
    pub unrecorded: u32,
    /// The last initialization section of each video track, so that the playlist can say what it
    /// is before (or, in a replay, without) another one.
    pub inits: Vec<(TrackId, Bytes)>,
}

/// A viewer's request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Comes back in the answer.
    pub id: RequestId,
    /// What is asked for.
    pub resource: Resource,
    /// Delivery directives; looked at for media playlists only.
    pub directives: Directives,
}

/// What the shell brings.
#[derive(Clone, Debug)]
pub enum Input {
    /// The next frame of a track, in decoding order.
    Frame {
        /// Which track.
        track: TrackId,
        /// The frame, H.264 or AAC.
        frame: EncodedFrame,
    },
    /// The wall clock was looked at again. A difference is worked in slowly, 5 ms a segment, so
    /// that dates and durations keep agreeing; at a discontinuity at once.
    Clock(WallClock),
    /// A viewer asks.
    Request(Request),
    /// The viewer who asked is gone: nothing is answered.
    Cancel(RequestId),
    /// The show is over: what is open is completed, and playlists end.
    End,
    /// The deadline has come.
    Timeout,
}

/// What the shell must do or pass on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// The same answer to all of these requests: one wake-up.
    Answer {
        /// Who asked.
        requests: Vec<RequestId>,
        /// What they get.
        answer: Answer,
    },
    /// An initialization section, to be stored before the segments that name it.
    Init {
        /// Of which track.
        track: TrackId,
        /// Its number, never used twice.
        number: u32,
        /// `ftyp` and `moov`.
        bytes: Bytes,
    },
    /// A media segment is complete and to be stored. Empty bytes for a gap.
    Segment {
        /// What it is.
        segment: Segment,
        /// One or more `moof` and `mdat`.
        bytes: Bytes,
    },
    /// The encoder of this track owes a key frame: without one soon, frames are lost.
    KeyFrameWanted {
        /// Of which track.
        track: TrackId,
    },
}

/// How long an answer may be kept by caches (RFC 8216bis, Appendix B.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cache {
    /// For ever: the name is never used for anything else.
    Immutable,
    /// For so many seconds.
    Seconds(u32),
    /// To be asked again each time.
    No,
}

impl Cache {
    /// The value of the `Cache-Control` header. Shared caches may keep it only if the shell
    /// checks grants before they are asked.
    #[must_use]
    pub fn header(self) -> String {
        match self {
            Self::Immutable => "max-age=31536000, immutable".to_owned(),
            Self::Seconds(seconds) => format!("max-age={seconds}"),
            Self::No => "no-cache".to_owned(),
        }
    }
}

/// What stands in the head of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The media type.
    pub content_type: &'static str,
    /// How long it may be kept.
    pub cache: Cache,
    /// The strong entity tag, with its quotes.
    pub etag: String,
}

/// What is to be read from the recording.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stored {
    /// An initialization section.
    Init {
        /// Of which track.
        track: TrackId,
        /// Its number.
        number: u32,
    },
    /// A media segment.
    Segment {
        /// Of which track.
        track: TrackId,
        /// Its media sequence number.
        sequence: u64,
    },
}

/// Bytes shared by all who get them. What they are compressed to is shared too: a playlist of hours
/// is large, says little, and is asked for by everybody at once.
#[derive(Clone, Debug)]
pub struct Body {
    bytes: Bytes,
    gzip: Option<Arc<OnceLock<Bytes>>>,
}

impl Body {
    /// Bytes that are worth compressing.
    #[must_use]
    pub fn text(text: String) -> Self {
        Self { bytes: text.into(), gzip: Some(Arc::default()) }
    }

    /// The bytes as they are.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether they are worth compressing.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.gzip.is_some()
    }

    /// The bytes as gzip (RFC 1952), made for the first who asks; none of media, which is
    /// compressed already.
    #[must_use]
    pub fn gzip(&self) -> Option<&Bytes> {
        Some(self.gzip.as_deref()?.get_or_init(|| {
            let mut gzip = GzEncoder::new(Vec::with_capacity(self.bytes.len() / 4), Compression::fast());
            // Writing to a Vec does not fail.
            let _ = gzip.write_all(&self.bytes);
            gzip.finish().unwrap_or_default().into()
        }))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, gzip: None }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Body {}

/// What a request gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// 200 (or 304, or 206: ranges, conditions and codings are the shell's) with this body.
    Found {
        /// The head.
        head: Head,
        /// The body, whole.
        body: Body,
    },
    /// As above, but the bytes are in the recording; 404 if they are not.
    Stored {
        /// The head.
        head: Head,
        /// What to read.
        stored: Stored,
    },
    /// Class `Invalid` is 400, `NotFound` 404, `Unavailable` 503.
    Refused(Fault),
}

/// What happened so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Partial segments made.
    pub parts: u64,
    /// Media segments completed, gaps not among them.
    pub segments: u64,
    /// Segments a track had nothing for.
    pub gaps: u64,
    /// Discontinuities.
    pub discontinuities: u64,
    /// Requests taken.
    pub requests: u64,
    /// Requests waiting now.
    pub waiting: u64,
    /// Most requests that ever waited at once.
    pub waiting_peak: u64,
    /// Answered with 400.
    pub bad: u64,
    /// Answered with 404.
    pub not_found: u64,
    /// Answered with 503 because too many wait.
    pub refused: u64,
    /// Answered with 503 because three target durations had passed.
    pub timed_out: u64,
    /// Playlists written, each once for all who get it.
    pub renderings: u64,
    /// Frames not used: late, out of order, empty, not decodable, or before a key frame.
    pub dropped_frames: u64,
    /// Times the key frame did not come in time and a segment was ended without.
    pub late_keys: u64,
}
