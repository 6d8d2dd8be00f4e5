//! A feed whose frames come from us: packets made once, for all who play it.

use crate::h264;
use crate::packet::Packet;
use palco_base::{Codec, EncodedFrame, MediaTime};
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
    video: Track,
}

impl Program {
    pub(crate) const fn new(audio_epoch: u64, video_epoch: u64) -> Self {
        Self {
            audio: Track { epoch: audio_epoch, seq: 0, last: None },
            video: Track { epoch: video_epoch, seq: 0, last: None },
        }
    }

    /// Sequence numbers do not go on: who takes the track must start anew at a key frame.
    pub(crate) fn restart(&mut self, video: bool, epoch: u64) {
        let track = if video { &mut self.video } else { &mut self.audio };
        track.epoch = epoch;
    }

    /// The packets of a frame, in order. VP8 is not a Program's codec and gives none.
    pub(crate) fn packets(&mut self, frame: &EncodedFrame, wallclock: Instant) -> Vec<Packet> {
        let (track, payloads) = match frame.codec {
            Codec::Opus => (&mut self.audio, vec![Arc::clone(&frame.payload)]),
            Codec::H264 => (&mut self.video, h264::packetize(&frame.payload, PAYLOAD)),
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
