//! What goes into the SFU and what comes out.
//!
//! Contract: after every [`handle`](crate::Sfu::handle), call [`poll`](crate::Sfu::poll) until it
//! returns `None`, then wait for a datagram, a command or [`deadline`](crate::Sfu::deadline).

use palco_base::{Codec, EncodedFrame, Fault, FeedId, SessionId, Size};
use std::iter::Sum;
use std::net::SocketAddr;
use std::time::Duration;

/// How a shard's SFU is set up.
#[derive(Clone, Debug)]
pub struct SfuConfig {
    /// The addresses of this shard's socket that peers can reach: the ICE-lite host candidates.
    pub candidates: Vec<SocketAddr>,
    /// Seeds everything random that is not a key (SSRCs, first sequence numbers).
    pub seed: u64,
    /// No more sessions than this; the next is answered with a `house_full` fault.
    pub max_sessions: usize,
    /// Extra key frames asked of a publisher: at most one in this time.
    pub key_frame_interval: Duration,
    /// Whether viewers get the small Rendition while their network carries no more.
    pub follow_bandwidth: bool,
}

/// What the shell brings.
#[derive(Debug)]
pub enum Input<'a> {
    /// A datagram came. `from` is the peer, `to` our address it came to.
    Datagram {
        /// The peer.
        from: SocketAddr,
        /// The candidate address it was sent to.
        to: SocketAddr,
        /// As it came, any length.
        bytes: &'a [u8],
    },
    /// The rest of the system wants something.
    Command(Command),
    /// The deadline has come.
    Timeout,
    /// The share of its core that the shard's thread used in the last second, 0 to 1.
    Busy(f64),
}

/// What the rest of the system wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// A performer publishes into `feed` (WHIP offer). A feed's earlier publisher is closed with
    /// [`CloseReason::Replaced`]; those who play the feed stay and go on with the new one.
    Publish {
        /// Chosen by the caller, new.
        session: SessionId,
        /// Into which feed.
        feed: FeedId,
        /// The SDP offer.
        offer: String,
    },
    /// Somebody plays `source` (WHEP offer): a publisher's feed or a Program.
    Play {
        /// Chosen by the caller, new.
        session: SessionId,
        /// What to play first.
        source: FeedId,
        /// The SDP offer.
        offer: String,
        /// A viewer is refused with a `house_full` fault when the core is; who makes the show is
        /// not.
        viewer: bool,
    },
    /// Points a playing session at another source, at its next key frame, with SSRC, sequence
    /// numbers and timestamps going on. The old source plays until then.
    Switch {
        /// Who.
        session: SessionId,
        /// What to play now.
        source: FeedId,
    },
    /// Ends a session. Ending an unknown one does nothing.
    Close {
        /// Which.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// Opens a feed whose frames come from us (a Program), H.264 and Opus.
    OpenProgram {
        /// Its id.
        feed: FeedId,
    },
    /// A frame of a Program. RTP sequence numbers and timestamps go on whatever restarts.
    ProgramFrame {
        /// Which Program.
        feed: FeedId,
        /// Which Rendition's picture; sound is large.
        size: Size,
        /// The frame; `time` is its presentation time.
        frame: EncodedFrame,
    },
    /// Forgets a feed: its publisher is closed, and those who play it get nothing until switched.
    CloseFeed {
        /// Which.
        feed: FeedId,
    },
    /// Starts or stops giving a feed's frames to the mixer as [`Event::FeedFrame`].
    Tap {
        /// Which.
        feed: FeedId,
        /// Start or stop.
        on: bool,
    },
    /// Asks a feed's publisher for a key frame, throttled.
    RequestKeyFrame {
        /// Which.
        feed: FeedId,
    },
    /// Silences or blanks a feed towards those who play it and the mixer.
    Mute {
        /// Which.
        feed: FeedId,
        /// Drop its sound.
        audio: bool,
        /// Drop its picture.
        video: bool,
    },
    /// Asks for [`Event::Stats`].
    Stats,
}

/// Why a session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The peer asked for it (HTTP DELETE, DTLS close).
    ByPeer,
    /// ICE consent was lost, or it never connected.
    TimedOut,
    /// The same performer published again elsewhere.
    Replaced,
    /// The director removed the performer, or the right to watch ended.
    Removed,
    /// The show ended.
    ShowEnded,
    /// The server stops.
    Shutdown,
    /// The peer broke the protocol beyond repair, or the engine failed.
    Failed,
}

/// What the shell must do or pass on.
#[derive(Debug)]
pub enum Output {
    /// Send these datagrams: as many of `segment` bytes as there are, the last may be shorter
    /// (Linux: `UDP_SEGMENT`).
    Transmit {
        /// From which of our candidates.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
        /// All of them, one behind the other; never empty.
        bytes: Vec<u8>,
        /// Bytes of one datagram, at least 1.
        segment: usize,
    },
    /// Tell the rest of the system.
    Event(Event),
}

/// What the rest of the system learns.
#[derive(Clone, Debug)]
pub enum Event {
    /// The answer to [`Command::Publish`] or [`Command::Play`]: SDP, or why not. After a fault
    /// the session does not exist.
    Answered {
        /// Which.
        session: SessionId,
        /// The SDP answer.
        answer: Result<String, Fault>,
    },
    /// ICE and DTLS are up.
    Connected {
        /// Which.
        session: SessionId,
    },
    /// The session is gone.
    Closed {
        /// Which.
        session: SessionId,
        /// Why.
        reason: CloseReason,
    },
    /// What a published feed carries has changed: media began or stopped flowing (2 s of
    /// silence is a stop), or the codec changed. Both none: the feed has no publisher.
    FeedChanged {
        /// Which.
        feed: FeedId,
        /// Codec of the sound that flows.
        audio: Option<Codec>,
        /// Codec of the picture that flows.
        video: Option<Codec>,
    },
    /// A frame of a tapped feed, in decoding order. After a loss that could not be repaired the
    /// next video frame is a key frame.
    FeedFrame {
        /// Which.
        feed: FeedId,
        /// The frame, its time on our clock, audio and video of the feed aligned (RTCP SR).
        frame: EncodedFrame,
    },
    /// Somebody who plays this Program needs a key frame (throttling is the mixer's).
    KeyFrameWanted {
        /// Which Program.
        feed: FeedId,
    },
    /// Counters since start.
    Stats(Box<SfuStats>),
}

/// Plain counters of one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SfuStats {
    /// Sessions now.
    pub sessions: u64,
    /// Of these, playing.
    pub playing: u64,
    /// Of these, in the small picture because their network carries no more.
    pub playing_small: u64,
    /// Of these, without picture because their network does not even carry the small one.
    pub playing_paused: u64,
    /// Datagrams that came.
    pub datagrams_in: u64,
    /// Datagrams to send.
    pub datagrams_out: u64,
    /// Bytes that came.
    pub bytes_in: u64,
    /// Bytes to send.
    pub bytes_out: u64,
    /// Datagrams dropped: from nobody we know, or not a protocol we speak.
    pub datagrams_unknown: u64,
    /// Packets sent again because a viewer missed them.
    pub repairs: u64,
    /// Not sent again because a viewer missed too many.
    pub repairs_refused: u64,
    /// Key frames asked of publishers.
    pub key_frames_asked: u64,
    /// Frames that losses kept from being put together.
    pub frames_lost: u64,
    /// Sessions refused.
    pub refused: u64,
    /// Panics caught in a session (each is a bug; the session was closed).
    pub panics: u64,
}

impl Sum for SfuStats {
    /// Of several shards together.
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            sessions: a.sessions + b.sessions,
            playing: a.playing + b.playing,
            playing_small: a.playing_small + b.playing_small,
            playing_paused: a.playing_paused + b.playing_paused,
            datagrams_in: a.datagrams_in + b.datagrams_in,
            datagrams_out: a.datagrams_out + b.datagrams_out,
            bytes_in: a.bytes_in + b.bytes_in,
            bytes_out: a.bytes_out + b.bytes_out,
            datagrams_unknown: a.datagrams_unknown + b.datagrams_unknown,
            repairs: a.repairs + b.repairs,
            repairs_refused: a.repairs_refused + b.repairs_refused,
            key_frames_asked: a.key_frames_asked + b.key_frames_asked,
            frames_lost: a.frames_lost + b.frames_lost,
            refused: a.refused + b.refused,
            panics: a.panics + b.panics,
        })
    }
}
