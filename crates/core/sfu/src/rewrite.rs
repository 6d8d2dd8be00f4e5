//! Header rewriting: one outgoing RTP track that goes on, whatever it is fed from.

use crate::packet::Packet;
use palco_base::{Codec, MediaTime};

/// The header fields of one outgoing packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// Extended; the first of a track is below 65,536 (SRTP's rollover counter begins at zero).
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    epoch: u64,
    /// First sequence number taken from this epoch; older ones belong to pictures not begun here.
    first: u64,
    seq_offset: u64,
    timestamp_offset: u32,
}

/// Maps packets of changing sources onto one sequence and one timeline.
///
/// The outgoing RTP timestamp is `(capture time - zero) × rate` where a source begins, and from
/// there follows the source's own timestamps. So the relation of RTP time to wall time, which
/// receivers learn from sender reports, stays the same when the source changes.
#[derive(Debug)]
pub(crate) struct Rewriter {
    zero: MediaTime,
    next_seq: u64,
    last_timestamp: Option<u32>,
    anchor: Option<Anchor>,
}

/// Where a packet sent before came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) epoch: u64,
    /// Extended sequence number as the source counts.
    pub(crate) number: u64,
    /// As it was sent.
    pub(crate) seq: u64,
    /// To be added to the source's timestamp.
    pub(crate) timestamp_offset: u32,
}

impl Rewriter {
    /// `zero` is the capture time that gets RTP timestamp 0.
    pub(crate) fn new(zero: MediaTime, first_seq: u16) -> Self {
        // The lower half only: a receiver that misses the first packets must not
        // take an early wrap-around for the beginning.
        Self { zero, next_seq: u64::from(first_seq >> 1), last_timestamp: None, anchor: None }
    }

    /// Whether packets of `epoch` are being taken.
    pub(crate) fn takes(&self, epoch: u64) -> bool {
        self.anchor.is_some_and(|a| a.epoch == epoch)
    }

    /// The fields for `packet`, or none if it must not be sent: its source has not reached a
    /// key frame since it was chosen, or the packet is from before that.
    pub(crate) fn rewrite(&mut self, packet: &Packet) -> Option<Rewritten> {
        let mut begins = false;
        let anchor = match self.anchor {
            Some(anchor) if anchor.epoch == packet.epoch => anchor,
            _ => {
                if !packet.starts_key {
                    return None;
                }
                begins = true;
                *self.anchor.insert(self.begin(packet))
            }
        };
        if packet.seq < anchor.first {
            return None;
        }
        let seq = packet.seq.wrapping_add(anchor.seq_offset);
        let timestamp = packet.timestamp.wrapping_add(anchor.timestamp_offset);
        if seq >= self.next_seq {
            self.next_seq = seq + 1;
            self.last_timestamp = Some(timestamp);
        }
        // RFC 7587 and RFC 3551: in audio the marker begins a talkspurt, which a new source is.
        let marker = packet.marker || (begins && packet.codec == Codec::Opus);
        Some(Rewritten { seq, timestamp, marker })
    }

    /// Where the packet came from that was sent as `seq`, one of the last 65,535. None of what a
    /// source before this one sent: this one began with a key frame, so nobody needs it any more.
    pub(crate) fn origin(&self, seq: u16) -> Option<Origin> {
        let back = u64::from((self.next_seq as u16).wrapping_sub(seq));
        let seq = self.next_seq.checked_sub(back).filter(|_| back > 0)?;
        let Anchor { epoch, first, seq_offset, timestamp_offset } =
            self.anchor.filter(|a| a.first.wrapping_add(a.seq_offset) <= seq)?;
        debug_assert!(seq.wrapping_sub(seq_offset) >= first, "sent from this source");
        Some(Origin { epoch, number: seq.wrapping_sub(seq_offset), seq, timestamp_offset })
    }

    /// The last number given out, if any was.
    pub(crate) fn last_seq(&self) -> Option<u16> {
        self.last_timestamp.map(|_| self.next_seq.wrapping_sub(1) as u16)
    }

    fn begin(&self, packet: &Packet) -> Anchor {
        let rate = packet.codec.clock_rate();
        let mut timestamp = (packet.time - self.zero).ticks(rate) as u32;
        if let Some(last) = self.last_timestamp {
            // A source with less delay than the one before would go back in time.
            let step = rate / 1_000;
            let ahead = timestamp.wrapping_sub(last).cast_signed();
            if ahead < step.cast_signed() {
                timestamp = last.wrapping_add(step);
            }
        }
        Anchor {
            epoch: packet.epoch,
            first: packet.seq,
            seq_offset: self.next_seq.wrapping_sub(packet.seq),
            timestamp_offset: timestamp.wrapping_sub(packet.timestamp),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn packet(epoch: u64, seq: u64, timestamp: u32, millis: i64, starts_key: bool) -> Packet {
        Packet {
            codec: Codec::H264,
            size: palco_base::Size::Large,
            epoch,
            seq,
            timestamp,
            time: MediaTime::from_millis(millis),
            // Any instant will do: the rewriter does not look at it.
            wallclock: test_instant() + Duration::from_millis(millis.unsigned_abs()),
            marker: false,
            starts_key,
            payload: Arc::from([0u8].as_slice()),
        }
    }

    #[allow(clippy::disallowed_methods, reason = "there is no other way to make an Instant")]
    fn test_instant() -> std::time::Instant {
        std::time::Instant::now()
    }

    #[test]
    fn goes_on_over_a_switch_and_begins_at_a_key_frame() {
        let mut rewriter = Rewriter::new(MediaTime::ZERO, 40_000);
        assert_eq!(rewriter.rewrite(&packet(1, 99, 5, 0, false)), None, "no key frame yet");
        let first = rewriter.rewrite(&packet(1, 100, 1_000_000, 1_000, true)).unwrap();
        assert!(first.seq < 32_768);
        assert_eq!(first.timestamp, 90_000);
        let second = rewriter.rewrite(&packet(1, 101, 1_003_000, 1_033, false)).unwrap();
        assert_eq!((second.seq, second.timestamp), (first.seq + 1, 93_000));

        assert_eq!(rewriter.rewrite(&packet(2, 7, 50, 1_050, false)), None);
        let switched = rewriter.rewrite(&packet(2, 9, 200, 1_100, true)).unwrap();
        assert_eq!((switched.seq, switched.timestamp), (first.seq + 2, 99_000));
        assert_eq!(rewriter.rewrite(&packet(2, 8, 100, 1_090, false)), None, "older than its start");
        assert_eq!(rewriter.rewrite(&packet(1, 102, 1_006_000, 1_066, false)), None, "the old source");
    }

    #[test]
    fn repaired_packets_keep_their_place() {
        let mut rewriter = Rewriter::new(MediaTime::ZERO, 0);
        let a = rewriter.rewrite(&packet(1, 10, 0, 0, true)).unwrap();
        let c = rewriter.rewrite(&packet(1, 12, 6_000, 66, false)).unwrap();
        let b = rewriter.rewrite(&packet(1, 11, 3_000, 33, false)).unwrap();
        assert_eq!((b.seq, c.seq), (a.seq + 1, a.seq + 2));
        let d = rewriter.rewrite(&packet(2, 3, 0, 100, true)).unwrap();
        assert_eq!(d.seq, a.seq + 3);
    }

    #[test]
    fn what_was_sent_is_found_again() {
        let mut rewriter = Rewriter::new(MediaTime::ZERO, 65_000);
        assert_eq!(rewriter.origin(7), None);
        let a = rewriter.rewrite(&packet(1, 10, 5, 0, true)).unwrap();
        rewriter.rewrite(&packet(1, 11, 6, 33, false)).unwrap();
        let again = rewriter.origin(a.seq as u16 + 1).unwrap();
        assert_eq!((again.epoch, again.number, again.seq), (1, 11, a.seq + 1));
        assert_eq!(6u32.wrapping_add(again.timestamp_offset), a.timestamp + 1);
        assert_eq!(rewriter.origin(a.seq as u16 - 1), None, "never sent");
        rewriter.rewrite(&packet(2, 70, 900, 66, true)).unwrap();
        assert_eq!(rewriter.origin(rewriter.last_seq().unwrap()).unwrap().number, 70);
        assert_eq!(rewriter.origin(a.seq as u16 + 1), None, "not needed any more");
    }

    #[test]
    fn never_goes_back_in_time() {
        let mut rewriter = Rewriter::new(MediaTime::ZERO, 0);
        let late = rewriter.rewrite(&packet(1, 10, 0, 500, true)).unwrap();
        let early = rewriter.rewrite(&packet(2, 10, 0, 300, true)).unwrap();
        assert_eq!(early.timestamp, late.timestamp + 90);
    }
}
