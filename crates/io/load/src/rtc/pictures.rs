//! From RTP packets to whole pictures: what came, what never came, where the picture stood still.
//! Packets are handed on in the order of their numbers, as a player's jitter buffer does.

use crate::samples::Samples;
use palco_base::MediaTime;
use std::collections::VecDeque;

/// A hole is given up when it is that old: a player would go on without it.
const WAIT_FOR_REPAIR: MediaTime = MediaTime::from_millis(500);
/// Between two whole pictures: longer is a freeze.
const FREEZE: MediaTime = MediaTime::from_millis(300);
/// A jump of numbers that is no loss any more.
const JUMP: u64 = 4_096;

/// A packet of the picture's track.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    /// Extended sequence number.
    pub(crate) seq: u64,
    /// Extended RTP time, in ticks of 90 kHz.
    pub(crate) ticks: i64,
    /// The last one of its picture.
    pub(crate) marker: bool,
    /// A key frame begins here.
    pub(crate) key: bool,
}

/// What became of a track of pictures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pictures {
    next: Option<u64>,
    window: VecDeque<Option<Packet>>,
    hole_since: Option<MediaTime>,
    /// The picture being put together: its time, and whether a key frame.
    open: Option<(i64, bool)>,
    /// Nothing is missing since the last picture's end.
    clean: bool,
    last_whole: Option<(MediaTime, i64)>,
    /// When the first whole key frame came.
    pub(crate) first_key: Option<MediaTime>,
    /// Pictures that came whole.
    pub(crate) whole: u64,
    /// Packets, without those that came twice.
    pub(crate) packets: u64,
    /// Packets that never came.
    pub(crate) lost: u64,
    /// Of those that came, how many after a later one: disorder and repairs.
    pub(crate) late: u64,
    /// Gaps of at least 300 ms between whole pictures.
    pub(crate) freezes: u64,
    /// How long these were, together.
    pub(crate) frozen: MediaTime,
    /// How long after its RTP time each whole picture came, ms, from an unknown zero.
    pub(crate) transit: Samples,
    zero: Option<i64>,
    /// The change of that from picture to picture, ms: inter-arrival jitter.
    pub(crate) jitter: Samples,
}

impl Pictures {
    /// Takes a packet. True if a hole was given up: a new key frame is needed.
    pub(crate) fn packet(&mut self, packet: Packet, now: MediaTime) -> bool {
        let mut next = *self.next.get_or_insert(packet.seq);
        if packet.seq < next {
            return false;
        }
        if packet.seq - next > JUMP {
            self.window.clear();
            self.hole_since = None;
            (self.clean, self.open) = (false, None);
            next = packet.seq;
            self.next = Some(next);
        }
        let at = usize::try_from(packet.seq - next).unwrap_or_default();
        if self.window.get(at).is_some_and(Option::is_some) {
            return false;
        }
        self.packets += 1;
        if at < self.window.len() {
            self.late += 1;
        } else {
            self.window.resize(at + 1, None);
        }
        self.window[at] = Some(packet);
        self.release(now)
    }

    fn release(&mut self, now: MediaTime) -> bool {
        let mut gave_up = false;
        while let Some(front) = self.window.front() {
            match *front {
                Some(packet) => {
                    self.take(packet, now);
                    self.pass();
                }
                None => {
                    let since = *self.hole_since.get_or_insert(now);
                    if now - since < WAIT_FOR_REPAIR {
                        return gave_up;
                    }
                    while let Some(None) = self.window.front() {
                        self.pass();
                        self.lost += 1;
                    }
                    (self.clean, gave_up) = (false, true);
                }
            }
            self.hole_since = None;
        }
        gave_up
    }

    fn pass(&mut self) {
        self.window.pop_front();
        self.next = self.next.map(|next| next + 1);
    }

    fn take(&mut self, packet: Packet, now: MediaTime) {
        if self.open.is_none() && self.last_whole.is_none() && packet.key {
            // Whether a track's very first packet begins a picture can only be seen on a key frame.
            self.clean = true;
        }
        let (ticks, key) =
            self.open.filter(|(ticks, _)| *ticks == packet.ticks).unwrap_or((packet.ticks, false));
        self.open = Some((ticks, key || packet.key));
        if packet.marker {
            if std::mem::replace(&mut self.clean, true) {
                self.picture(ticks, key || packet.key, now);
            }
            self.open = None;
        }
    }

    fn picture(&mut self, ticks: i64, key: bool, now: MediaTime) {
        self.whole += 1;
        if key {
            self.first_key.get_or_insert(now);
        }
        let transit = now.micros() - ticks * 100 / 9;
        let zero = *self.zero.get_or_insert(transit);
        self.transit.add(millis(transit - zero));
        if let Some((before, ticks_before)) = self.last_whole.replace((now, ticks)) {
            let change = (now - before).micros() - (ticks - ticks_before) * 100 / 9;
            self.jitter.add(millis(change.abs()));
            self.gap(now - before);
        }
    }

    fn gap(&mut self, gap: MediaTime) {
        if gap >= FREEZE {
            self.freezes += 1;
            self.frozen += gap;
        }
    }

    /// When the last whole picture came.
    pub(crate) fn last(&self) -> Option<MediaTime> {
        self.last_whole.map(|(at, _)| at)
    }

    /// Nothing more is looked at: a picture that stands still now is a freeze too.
    pub(crate) fn finish(&mut self, now: MediaTime) {
        if let Some(last) = self.last() {
            self.gap(now - last);
        }
    }
}

#[allow(clippy::cast_precision_loss)] // Milliseconds are far below 2^52.
fn millis(micros: i64) -> f64 {
    micros as f64 / 1_000.0
}

/// Whether a key frame begins in this H.264 payload (RFC 6184): parameter sets or an IDR slice,
/// alone, in an aggregate, or in the first fragment.
pub(crate) fn begins_key_frame(payload: &[u8]) -> bool {
    const SLICE_IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let is_key = |header: u8| matches!(header & 0x1f, SLICE_IDR | SPS);
    match payload {
        [header, _, _, first, ..] if header & 0x1f == STAP_A => is_key(*first),
        [header, fragment, ..] if header & 0x1f == FU_A => fragment & 0x80 != 0 && is_key(*fragment),
        [header, ..] => is_key(*header),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: u64 = 4;
    const PICTURE: i64 = 3_000;

    fn packet(seq: u64) -> Packet {
        let (picture, part) = (seq / PARTS, seq % PARTS);
        Packet {
            seq,
            ticks: i64::try_from(picture).unwrap() * PICTURE,
            marker: part + 1 == PARTS,
            key: part == 0 && picture.is_multiple_of(60),
        }
    }

    /// When a packet is due.
    fn due(seq: u64) -> MediaTime {
        MediaTime::from_ticks(packet(seq).ticks, 90_000)
    }

    #[test]
    fn all_that_comes_in_order_is_whole() {
        let mut pictures = Pictures::default();
        for seq in 0..40 {
            assert!(!pictures.packet(packet(seq), due(seq)));
        }
        assert_eq!((pictures.whole, pictures.lost, pictures.freezes, pictures.packets), (10, 0, 0, 40));
        assert_eq!(pictures.first_key, Some(MediaTime::ZERO));
        assert!(pictures.jitter.values().all(|jitter| jitter < 0.1));
    }

    #[test]
    fn a_first_picture_without_its_beginning_does_not_count() {
        let mut pictures = Pictures::default();
        for seq in 2..12 {
            pictures.packet(packet(seq), due(seq));
        }
        assert_eq!((pictures.whole, pictures.first_key), (2, None));
    }

    #[test]
    fn disorder_repairs_and_doubles_lose_nothing() {
        let mut pictures = Pictures::default();
        for seq in [0, 2, 1, 1, 3, 3, 5, 6, 7, 4, 4, 8, 9, 10, 11] {
            pictures.packet(packet(seq), due(seq.max(7)));
        }
        assert_eq!((pictures.whole, pictures.lost, pictures.late, pictures.packets), (3, 0, 2, 12));
    }

    #[test]
    fn a_hole_is_given_up_in_time_and_spoils_one_picture() {
        let mut pictures = Pictures::default();
        let mut asked = 0;
        for seq in (0..120).filter(|seq| *seq != 41) {
            asked += u64::from(pictures.packet(packet(seq), due(seq)));
        }
        assert_eq!((pictures.whole, pictures.lost, asked), (29, 1, 1));
        // Pictures waited behind the hole for half a second: the screen stood still.
        assert_eq!(pictures.freezes, 1);
        assert!(pictures.frozen >= WAIT_FOR_REPAIR);
    }

    #[test]
    fn where_a_picture_ended_is_unknown_when_its_last_packet_is_lost() {
        let mut pictures = Pictures::default();
        for seq in (0..200).filter(|seq| !(41..45).contains(seq) && *seq != 47) {
            pictures.packet(packet(seq), due(seq));
        }
        // Two pictures have holes, and a third may have begun in the last one.
        assert_eq!((pictures.lost, pictures.whole), (5, 47));
    }

    #[test]
    fn a_pause_is_a_freeze_also_at_the_end() {
        let mut pictures = Pictures::default();
        let second = MediaTime::from_millis(1_000);
        for seq in 0..8 {
            pictures.packet(packet(seq), due(seq) + if seq < 4 { MediaTime::ZERO } else { second });
        }
        assert_eq!(pictures.freezes, 1);
        pictures.finish(due(8) + second + second);
        assert_eq!(pictures.freezes, 2);
        assert!(pictures.frozen > second + second);
    }

    #[test]
    fn a_jump_of_the_numbers_begins_anew() {
        let mut pictures = Pictures::default();
        for seq in (0..8).chain(60_000..60_008) {
            pictures.packet(packet(seq), due(seq));
        }
        assert_eq!((pictures.lost, pictures.whole), (0, 3));
    }

    #[test]
    fn key_frames_are_seen_in_every_packing() {
        for (payload, key) in [
            (&[0x67, 0x42][..], true),
            (&[0x65, 1], true),
            (&[0x41, 1], false),
            (&[0x78, 0, 2, 0x67, 0x42], true),
            (&[0x78, 0, 2, 0x41, 0x42], false),
            (&[0x7c, 0x85, 1], true),
            (&[0x7c, 0x05, 1], false),
            (&[0x7c, 0x81, 1], false),
            (&[], false),
        ] {
            assert_eq!(begins_key_frame(payload), key, "{payload:x?}");
        }
    }
}
