//! A feed whose frames come from us: packets made once, for all who play it.

use crate::h264;
use crate::packet::Packet;
use palco_base::{Codec, EncodedFrame, MediaKind, MediaTime, Size};
use std::sync::Arc;
use std::time::Instant;

/// Largest RTP payload. With RTP header, extensions, SRTP tag, RTX prefix, UDP and IPv6 a
/// datagram stays within 1,280 bytes, which every path carries (RFC 8200).
const PAYLOAD: usize = 1_150;

#[derive(Debug)]
struct Track {
    epoch: u64,
    seq: u64,
    last: Option<MediaTime>,
}

impl Track {
    /// Frame times only go forward, whatever restarts behind them.
    fn forward(&mut self, time: MediaTime) -> MediaTime {
        let least = self.last.map_or(time, |last| last + MediaTime::from_micros(100));
        let time = time.max(least);
        self.last = Some(time);
        time
    }
}

/// One Program's sequence numbers and timestamps.
#[derive(Debug)]
pub(crate) struct Program {
    audio: Track,
    large: Track,
    small: Track,
}

impl Program {
    pub(crate) const fn new(audio_epoch: u64, large_epoch: u64, small_epoch: u64) -> Self {
        Self {
            audio: Track { epoch: audio_epoch, seq: 0, last: None },
            large: Track { epoch: large_epoch, seq: 0, last: None },
            small: Track { epoch: small_epoch, seq: 0, last: None },
        }
    }

    /// Sequence numbers do not go on: who takes the track must start anew at a key frame.
    pub(crate) const fn restart(&mut self, kind: MediaKind, size: Size, epoch: u64) {
        let track = match (kind, size) {
            (MediaKind::Audio, _) => &mut self.audio,
            (MediaKind::Video, Size::Large) => &mut self.large,
            (MediaKind::Video, Size::Small) => &mut self.small,
        };
        track.epoch = epoch;
    }

    /// The packets of a frame, in order. VP8 is not a Program's codec and gives none.
    pub(crate) fn packets(&mut self, size: Size, frame: &EncodedFrame, wallclock: Instant) -> Vec<Packet> {
        let (track, payloads) = match frame.codec {
            Codec::Opus => (&mut self.audio, vec![Arc::clone(&frame.payload)]),
            Codec::H264 => {
                let track = match size {
                    Size::Large => &mut self.large,
                    Size::Small => &mut self.small,
                };
                (track, h264::packetize(&frame.payload, PAYLOAD))
            }
            Codec::Vp8 | Codec::Aac => return Vec::new(),
        };
        let time = track.forward(frame.time);
        let timestamp = time.ticks(frame.codec.clock_rate()) as u32;
        let count = payloads.len();
        let video = frame.codec == Codec::H264;
        payloads
            .into_iter()
            .enumerate()
            .map(|(index, payload)| {
                let seq = track.seq;
                track.seq += 1;
                Packet {
                    codec: frame.codec,
                    size,
                    epoch: track.epoch,
                    seq,
                    timestamp,
                    time,
                    wallclock,
                    marker: video && index + 1 == count,
                    starts_key: !video || (frame.key && index == 0),
                    payload,
                }
            })
            .collect()
    }
}
