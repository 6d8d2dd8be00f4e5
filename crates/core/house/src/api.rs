//! What goes into the core and what comes out.

use crate::report::Report;
use palco_base::{MediaTime, SessionId, ViewerId};
use serde::{Deserialize, Serialize};

/// By which way a viewer gets the show.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In real time.
    Webrtc,
    /// From the playlist, some seconds behind.
    Hls,
    /// From the playlist, sound alone.
    Audio,
}

impl Way {
    /// All of them, the best first.
    pub const ALL: [Self; 3] = [Self::Webrtc, Self::Hls, Self::Audio];

    /// Its name in the API and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Webrtc => "webrtc",
            Self::Hls => "hls",
            Self::Audio => "audio",
        }
    }
}

/// Why a viewer is not there any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// They left the page.
    Left,
    /// Nothing was heard of them any more: their network, or a machine that fell asleep.
    Lost,
    /// The show ended, and they were there.
    Ended,
    /// Their right to watch ended.
    Removed,
    /// The server stopped while they watched. Those who came back are counted as come again.
    Stopped,
}

/// What a player tells. Spans are since its last sighting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// How many it told before, on this page.
    pub number: u32,
    /// What is on screen.
    pub way: Way,
    /// How long the show was to be seen: while it was paused by its viewer, it was not.
    pub watched: MediaTime,
    /// How long of that the picture stood still.
    pub frozen: MediaTime,
    /// How often it began to stand still.
    pub freezes: u32,
    /// From the page's first wish to its first picture; told once.
    pub joined: Option<MediaTime>,
    /// How far behind the server the picture is, for who watches live.
    pub delay: Option<MediaTime>,
    /// This is the last: the page is being left.
    pub leaving: bool,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// The audience is let in, or the show is over.
    Doors {
        /// Whether they may come in.
        open: bool,
    },
    /// A viewer's WebRTC session is up.
    Connected {
        /// The session.
        session: SessionId,
        /// Whose it is.
        viewer: ViewerId,
    },
    /// It is gone.
    Closed {
        /// The session.
        session: SessionId,
        /// As the server knows it.
        why: Why,
    },
    /// A viewer asked for a playlist or for media.
    Read {
        /// Who, as far as a request tells.
        viewer: ViewerId,
    },
    /// A viewer's player told something.
    Said {
        /// Who.
        viewer: ViewerId,
        /// What.
        sighting: Sighting,
    },
    /// The deadline has come.
    Timeout,
}

/// What the shell must do.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Keep this, in place of what was kept before.
    Keep(Box<Report>),
}
