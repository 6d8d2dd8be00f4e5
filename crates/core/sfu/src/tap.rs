//! From a feed's packets to whole frames for the mixer: puts packets in order, waits a bounded
//! time for repairs, and after a loss that stays goes on at the next key frame.

use crate::packet::Packet;
use crate::{h264, vp8};
use palco_base::{Codec, EncodedFrame, MediaTime};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Never wait longer for a repair.
const LONGEST_WAIT: Duration = Duration::from_millis(150);
/// Nor shorter: one round of NACK on a short way, and some jitter.
const SHORTEST_WAIT: Duration = Duration::from_millis(40);
/// What is added to two round trips.
const MARGIN: Duration = Duration::from_millis(20);
/// Packets held at most; a 4K key frame fits.
const CAPACITY: usize = 2_048;

/// How long repairs take, learnt from repairs.
#[derive(Debug)]
struct Patience {
    /// From seeing the hole to its filling: about one round trip and the NACK interval.
    repair: Duration,
}

impl Patience {
    const fn new() -> Self {
        Self { repair: Duration::from_millis(40) }
    }

    fn repaired(&mut self, took: Duration) {
        self.repair = if took > self.repair { took } else { (self.repair * 15 + took) / 16 };
    }

    fn gave_up(&mut self) {
        self.repair = (self.repair * 3 / 2).min(LONGEST_WAIT);
    }

    fn wait(&self) -> Duration {
        (self.repair * 2 + MARGIN).clamp(SHORTEST_WAIT, LONGEST_WAIT)
    }
}

/// What polling found out beside frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// A key frame is needed to go on.
    pub(crate) needs_key: bool,
    /// Frames given up.
    pub(crate) lost: u64,
}

struct Held {
    packet: Packet,
    came: Instant,
}

/// The video side of a tap. Sound needs none: its packets are whole frames, and the mixer has
/// the jitter buffer.
pub(crate) struct VideoTap {
    held: BTreeMap<u64, Held>,
    epoch: u64,
    /// The packet that must come next; none while looking for a key frame.
    next: Option<u64>,
    hole_since: Option<Instant>,
    patience: Patience,
    frame: Vec<Arc<[u8]>>,
    frame_of: Option<(Codec, u32, MediaTime)>,
    depacketizer: h264::Depacketizer,
}

impl VideoTap {
    pub(crate) fn new() -> Self {
        Self {
            held: BTreeMap::new(),
            epoch: 0,
            next: None,
            hole_since: None,
            patience: Patience::new(),
            frame: Vec::new(),
            frame_of: None,
            depacketizer: h264::Depacketizer::default(),
        }
    }

    /// Takes a packet; call [`poll`](Self::poll) after.
    pub(crate) fn push(&mut self, packet: &Packet, now: Instant) {
        if packet.epoch != self.epoch {
            self.epoch = packet.epoch;
            self.held.clear();
            self.look_for_key();
        }
        if self.next.is_some_and(|next| packet.seq < next) {
            return;
        }
        if self.held.len() >= CAPACITY {
            // Only a stream with a hole and no end fills this; the oldest are of least use.
            self.held.pop_first();
        }
        self.held.insert(packet.seq, Held { packet: packet.clone(), came: now });
    }

    /// When [`poll`](Self::poll) has something to give up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.hole_since.map(|since| since + self.patience.wait())
    }

    /// Puts out what is complete.
    pub(crate) fn poll(&mut self, now: Instant, frames: &mut Vec<EncodedFrame>) -> Found {
        let mut found = Found::default();
        loop {
            let Some(next) = self.next.or_else(|| self.find_key(now)) else {
                found.needs_key = true;
                return found;
            };
            self.next = Some(next);
            if let Some(held) = self.held.remove(&next) {
                if let Some(since) = self.hole_since.take() {
                    self.patience.repaired(now.saturating_duration_since(since));
                }
                self.next = Some(next + 1);
                self.consume(held.packet, frames, &mut found);
                continue;
            }
            if self.held.is_empty() {
                self.hole_since = None;
                return found;
            }
            let since = *self.hole_since.get_or_insert(now);
            if now.saturating_duration_since(since) < self.patience.wait() && self.held.len() < CAPACITY {
                return found;
            }
            self.patience.gave_up();
            found.lost += 1;
            self.look_for_key();
        }
    }

    fn look_for_key(&mut self) {
        self.next = None;
        self.hole_since = None;
        self.frame.clear();
        self.frame_of = None;
    }

    /// The first packet held at which decoding can start; packets too old to be waited for go.
    fn find_key(&mut self, now: Instant) -> Option<u64> {
        let start = self.held.iter().find(|(_, held)| held.packet.starts_key).map(|(seq, _)| *seq);
        if let Some(start) = start {
            self.held = self.held.split_off(&start);
            return Some(start);
        }
        let wait = self.patience.wait();
        self.held.retain(|_, held| now.saturating_duration_since(held.came) < wait);
        None
    }

    fn consume(&mut self, packet: Packet, frames: &mut Vec<EncodedFrame>, found: &mut Found) {
        let of = (packet.codec, packet.timestamp, packet.time);
        if self.frame_of.is_some_and(|(_, timestamp, _)| timestamp != packet.timestamp) {
            self.finish(frames, found);
        }
        self.frame_of.get_or_insert(of);
        self.frame.push(packet.payload);
        if packet.marker {
            self.finish(frames, found);
        }
    }

    fn finish(&mut self, frames: &mut Vec<EncodedFrame>, found: &mut Found) {
        let Some((codec, _, time)) = self.frame_of.take() else { return };
        let assembled = match codec {
            Codec::H264 => self.depacketizer.assemble(&self.frame).map(|unit| (unit.bytes, unit.key)),
            Codec::Vp8 => vp8::assemble(&self.frame),
            Codec::Opus | Codec::Aac => None,
        };
        let empty = self.frame.iter().all(|payload| payload.is_empty());
        self.frame.clear();
        if let Some((bytes, key)) = assembled {
            frames.push(EncodedFrame { codec, key, time, payload: bytes.into() });
        } else if !empty {
            found.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[allow(clippy::disallowed_methods, reason = "there is no other way to make an Instant")]
    fn start() -> Instant {
        Instant::now()
    }

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    /// VP8: `frames` frames of three packets, every tenth a key frame.
    fn stream(frames: u64, start: Instant) -> Vec<Packet> {
        (0..frames * 3)
            .map(|index| {
                let (frame, part) = (index / 3, index % 3);
                let key = frame.is_multiple_of(10);
                let tag = if part == 0 { u8::from(!key) } else { 0xff };
                Packet {
                    codec: Codec::Vp8,
                    size: palco_base::Size::Large,
                    epoch: 1,
                    seq: 1_000 + index,
                    timestamp: (frame * 3_000) as u32,
                    time: MediaTime::from_millis(frame as i64 * 33),
                    wallclock: start,
                    marker: part == 2,
                    starts_key: key && part == 0,
                    payload: Arc::from([if part == 0 { 0x10 } else { 0 }, tag, frame as u8].as_slice()),
                }
            })
            .collect()
    }

    #[test]
    fn waits_for_a_repair_then_goes_on() {
        let t = start();
        let mut tap = VideoTap::new();
        let mut frames = Vec::new();
        let packets = stream(3, t);
        for packet in packets.iter().filter(|p| p.seq != 1_004) {
            tap.push(packet, at(t, 0));
            assert_eq!(tap.poll(at(t, 0), &mut frames), Found::default());
        }
        assert_eq!(frames.len(), 1);
        assert!(tap.deadline().is_some());
        tap.push(&packets[4], at(t, 50));
        tap.poll(at(t, 50), &mut frames);
        assert_eq!(frames.len(), 3);
        assert_eq!(tap.deadline(), None);
    }

    #[test]
    fn after_a_lasting_loss_the_next_frame_is_a_key_frame() {
        let t = start();
        let mut tap = VideoTap::new();
        let mut frames = Vec::new();
        let mut asked = false;
        for packet in stream(12, t).iter().filter(|p| p.seq != 1_010) {
            let now = at(t, (packet.seq - 1_000) * 11);
            tap.push(packet, now);
            asked |= tap.poll(now, &mut frames).needs_key;
        }
        assert!(asked);
        let times: Vec<i64> = frames.iter().map(|f| f.time.millis()).collect();
        assert_eq!(times, [0, 33, 66, 330, 363], "frames 3 to 9 are gone, frame 10 is a key frame");
        assert!(frames[3].key);
    }

    proptest! {
        /// However packets are lost, doubled and shuffled: frames come in order, whole, and a
        /// frame that does not follow the last one directly is a key frame.
        #[test]
        fn frames_are_whole_and_in_order(
            loss in prop::collection::vec(any::<bool>(), 120),
            swaps in prop::collection::vec((0usize..120, 0usize..120), 0..20),
            doubles in prop::collection::vec(0usize..120, 0..10),
            rare in 1u8..8,
        ) {
            let t = start();
            let mut packets = stream(40, t);
            for (a, b) in swaps {
                if a.abs_diff(b) < 6 {
                    packets.swap(a, b);
                }
            }
            for index in doubles {
                let packet = packets[index].clone();
                packets.insert(index, packet);
            }
            let mut tap = VideoTap::new();
            let mut frames = Vec::new();
            for (index, packet) in packets.iter().enumerate() {
                let now = at(t, index as u64 * 11);
                if loss[index % loss.len()] && index % usize::from(rare) == 0 {
                    continue;
                }
                tap.push(packet, now);
                tap.poll(now, &mut frames);
            }
            let mut last: Option<u8> = None;
            for frame in &frames {
                let number = frame.payload[1];
                prop_assert_eq!(&frame.payload[..], &[u8::from(!frame.key), number, 0xff, number, 0xff, number][..]);
                if let Some(last) = last {
                    prop_assert!(number > last);
                    prop_assert!(frame.key || number == last + 1);
                } else {
                    prop_assert!(frame.key);
                }
                last = Some(number);
            }
        }
    }
}
