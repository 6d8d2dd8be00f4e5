//! Encoded media as it travels between layers.

use crate::MediaTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a track carries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

/// The codecs that cross our doors: by WebRTC, and AAC by HLS and RTMP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// ITU-T H.264, Annex B byte stream, one access unit per frame, SPS and PPS before every IDR.
    H264,
    /// VP8, RFC 6386: one frame.
    Vp8,
    /// Opus, RFC 6716: one packet, 48 kHz.
    Opus,
    /// AAC-LC, ISO/IEC 14496-3: one raw access unit (no ADTS) of 1,024 samples, 48 kHz.
    Aac,
}

impl Codec {
    /// What a track of this codec carries.
    #[must_use]
    pub const fn kind(self) -> MediaKind {
        match self {
            Self::H264 | Self::Vp8 => MediaKind::Video,
            Self::Opus | Self::Aac => MediaKind::Audio,
        }
    }

    /// The RTP clock, in ticks per second (RFC 6184, RFC 7741, RFC 7587, RFC 3640).
    #[must_use]
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::H264 | Self::Vp8 => 90_000,
            Self::Opus | Self::Aac => 48_000,
        }
    }
}

/// One access unit or audio packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedFrame {
    /// How `payload` is coded.
    pub codec: Codec,
    /// Whether decoding can start here. Always true for audio.
    pub key: bool,
    /// When it was captured (a performer's) or is to be shown (a Program's), on the machine's
    /// monotonic clock. The tracks of one feed share a timeline: equal times belong together.
    pub time: MediaTime,
    /// The coded bytes.
    pub payload: Arc<[u8]>,
}

/// Which Rendition of a Program a picture belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Size {
    /// The full picture; and all sound.
    Large,
    /// The one for poor networks.
    Small,
}
