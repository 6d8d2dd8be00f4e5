//! RTCP between us and those who play: what they tell (RFC 3550 §6, RFC 4585, RFC 5104, RFC 3611,
//! draft-alvestrand-rmcat-remb) and what we report.

use std::ops::ControlFlow;

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const EXTENDED_REPORT: u8 = 207;

/// One thing a receiver tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// Of what we send under `ssrc`, up to packet `highest`, `lost` have not come, ever.
    Received { ssrc: u32, lost: i32, highest: u32 },
    /// When this was told, our report of the time `middle` (the middle 32 bits of NTP time) under
    /// `ssrc` had been heard for `delay`, in 1/65,536 s.
    Heard { ssrc: u32, middle: u32, delay: u32 },
    /// Packet `first`, and `first + 1 + n` for each bit n of `more`, are missing.
    Missing { ssrc: u32, first: u16, more: u16 },
    /// The picture of `ssrc` cannot go on without a key frame.
    KeyFrame { ssrc: u32 },
    /// What the network is believed to carry, in bit/s.
    Estimate { bitrate: u64 },
    /// The receiver's clock, to be given back: the middle 32 bits of its NTP time.
    Clock { ssrc: u32, middle: u32 },
}

/// Reads a compound packet up to its first mistake.
pub(crate) fn read(mut bytes: &[u8], mut each: impl FnMut(Told)) {
    while let ControlFlow::Continue(rest) = packet(bytes, &mut each) {
        bytes = rest;
    }
}

fn packet<'a>(bytes: &'a [u8], each: &mut impl FnMut(Told)) -> ControlFlow<(), &'a [u8]> {
    let Some(header) = bytes.first_chunk::<4>() else { return ControlFlow::Break(()) };
    let length = 4 + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
    if header[0] >> 6 != 2 || length > bytes.len() {
        return ControlFlow::Break(());
    }
    let (body, rest) = bytes.split_at(length);
    let (body, count) = (&body[4..], header[0] & 31);
    match (header[1], count) {
        (SENDER_REPORT, _) => blocks(body.get(24..), count, each),
        (RECEIVER_REPORT, _) => blocks(body.get(4..), count, each),
        (TRANSPORT_FEEDBACK, 1) => {
            if let Some(ssrc) = word(body, 1) {
                let more = |entry: &[u8]| Told::Missing {
                    ssrc,
                    first: u16::from_be_bytes([entry[0], entry[1]]),
                    more: u16::from_be_bytes([entry[2], entry[3]]),
                };
                body[8..].chunks_exact(4).map(more).for_each(each);
            }
        }
        (PAYLOAD_FEEDBACK, 1) => word(body, 1).into_iter().for_each(|ssrc| each(Told::KeyFrame { ssrc })),
        (PAYLOAD_FEEDBACK, 4) => {
            // RFC 5104 §4.3.1.1: whom it is about stands in the entries.
            let entries = body.get(8..).unwrap_or_default().chunks_exact(8);
            entries.filter_map(|entry| word(entry, 0)).for_each(|ssrc| each(Told::KeyFrame { ssrc }));
        }
        (PAYLOAD_FEEDBACK, 15) => {
            if body.get(8..12) == Some(b"REMB")
                && let Some(estimate) = word(body, 3)
            {
                let (exponent, mantissa) = (estimate >> 18 & 63, u64::from(estimate & 0x3_FFFF));
                let bitrate = if exponent <= 46 { mantissa << exponent } else { u64::MAX };
                each(Told::Estimate { bitrate });
            }
        }
        (EXTENDED_REPORT, _) => extended(body, each),
        _ => {}
    }
    ControlFlow::Continue(rest)
}

fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let four = bytes.get(4 * index..4 * index + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn blocks(bytes: Option<&[u8]>, count: u8, each: &mut impl FnMut(Told)) {
    for block in bytes.unwrap_or_default().chunks_exact(24).take(count.into()) {
        if let (Some(ssrc), Some(lost), Some(highest)) = (word(block, 0), word(block, 1), word(block, 2)) {
            // 24 bits with a sign.
            let lost = (lost << 8).cast_signed() >> 8;
            each(Told::Received { ssrc, lost, highest });
            // Zero: it heard none yet.
            if let (Some(middle @ 1..), Some(delay)) = (word(block, 4), word(block, 5)) {
                each(Told::Heard { ssrc, middle, delay });
            }
        }
    }
}

/// Report blocks of RFC 3611; only the receiver's reference time (§4.4) is of interest.
fn extended(body: &[u8], each: &mut impl FnMut(Told)) {
    let Some(ssrc) = word(body, 0) else { return };
    let mut rest = body.get(4..).unwrap_or_default();
    while let Some(head) = rest.first_chunk::<4>() {
        let length = 4 + 4 * usize::from(u16::from_be_bytes([head[2], head[3]]));
        let Some(block) = rest.get(..length) else { return };
        if head[0] == 4
            && let (Some(seconds), Some(fraction)) = (word(block, 1), word(block, 2))
        {
            each(Told::Clock { ssrc, middle: seconds << 16 | fraction >> 16 });
        }
        rest = &rest[length..];
    }
}

/// Writes a compound packet; the first part must be a report.
#[derive(Debug, Default)]
pub(crate) struct Compound(Vec<u8>);

impl Compound {
    fn part(&mut self, count: u8, kind: u8, words: &[u32]) {
        self.0.extend([0x80 | count, kind]);
        self.0.extend((words.len() as u16).to_be_bytes());
        self.0.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    }

    /// RFC 3550 §6.4.1, without report blocks: we receive nothing. `ntp` and `timestamp` are the
    /// same moment.
    pub(crate) fn sender_report(&mut self, ssrc: u32, ntp: u64, timestamp: u32, packets: u32, octets: u32) {
        let words = [ssrc, (ntp >> 32) as u32, ntp as u32, timestamp, packets, octets];
        self.part(0, SENDER_REPORT, &words);
    }

    /// An empty report (RFC 3550 §6.4.2), to begin a compound packet with.
    pub(crate) fn nothing_received(&mut self, ssrc: u32) {
        self.part(0, RECEIVER_REPORT, &[ssrc]);
    }

    /// Which participant `ssrc` is of (RFC 3550 §6.5).
    pub(crate) fn description(&mut self, ssrc: u32, cname: &str) {
        let name = cname.as_bytes();
        let name = &name[..name.len().min(255)];
        let mut item = vec![1, name.len() as u8];
        item.extend(name);
        // At least one zero ends the chunk, and as many more as fill the word.
        item.resize((item.len() / 4 + 1) * 4, 0);
        let words: Vec<u32> = item.chunks_exact(4).filter_map(|four| word(four, 0)).collect();
        self.part(1, DESCRIPTION, &[&[ssrc][..], &words].concat());
    }

    /// Gives a receiver its clock back (RFC 3611 §4.5); `delay` in 1/65,536 s since it came.
    pub(crate) fn round_trip(&mut self, ours: u32, theirs: u32, middle: u32, delay: u32) {
        // Block type 5, three words.
        self.part(0, EXTENDED_REPORT, &[ours, 5 << 24 | 3, theirs, middle, delay]);
    }

    /// These have ended (RFC 3550 §6.6).
    pub(crate) fn bye(&mut self, ssrcs: &[u32]) {
        self.part(ssrcs.len() as u8, BYE, ssrcs);
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(bytes: &[u8]) -> Vec<Told> {
        let mut all = Vec::new();
        read(bytes, |one| all.push(one));
        all
    }

    #[test]
    fn what_browsers_send_is_understood() {
        let report =
            [&[0x81, 201, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9, 64, 255, 255, 254, 0, 1, 2, 3][..], &[0; 12]]
                .concat();
        let heard = [&report[..24], &[0, 1, 0, 2, 0, 0, 0, 5]].concat();
        let of = |middle, delay| Told::Heard { ssrc: 9, middle, delay };
        assert_eq!(told(&heard)[1..], [of(0x1_0002, 5)]);
        assert_eq!(told(&report), [Told::Received { ssrc: 9, lost: -2, highest: 0x1_0203 }]);
        let nack = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 9, 1, 2, 0x80, 1];
        assert_eq!(told(&nack), [Told::Missing { ssrc: 9, first: 0x0102, more: 0x8001 }]);
        let pli = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9];
        assert_eq!(told(&pli), [Told::KeyFrame { ssrc: 9 }]);
        let fir = [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 7, 0, 0, 0];
        assert_eq!(told(&fir), [Told::KeyFrame { ssrc: 9 }]);
        // 0x3_0000 × 2^4 bit/s.
        let remb =
            [0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 0x13, 0, 0, 0, 0, 0, 9];
        assert_eq!(told(&remb), [Told::Estimate { bitrate: 0x30_0000 }]);
        let clock = [0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 0xAA, 0xBB, 0xCC, 0xDD, 0x11, 0x22, 0x33, 0x44];
        assert_eq!(told(&clock), [Told::Clock { ssrc: 1, middle: 0xCCDD_1122 }]);
        let compound = [&report[..], &nack, &pli].concat();
        assert_eq!(told(&compound).len(), 3);
        assert_eq!(told(&compound[..compound.len() - 1]).len(), 2, "up to the mistake");
    }

    #[test]
    fn ours_is_what_the_rfcs_say() {
        let mut compound = Compound::default();
        compound.sender_report(9, 0x0102_0304_0506_0708, 90_000, 3, 1_200);
        assert_eq!(compound.bytes()[..12], [0x80, 200, 0, 6, 0, 0, 0, 9, 1, 2, 3, 4]);
        let mut compound = Compound::default();
        compound.description(9, "ab");
        assert_eq!(compound.bytes(), [0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'a', b'b', 0, 0, 0, 0]);
        let mut compound = Compound::default();
        compound.description(9, "a");
        assert_eq!(compound.bytes(), [0x81, 202, 0, 2, 0, 0, 0, 9, 1, 1, b'a', 0]);
        let mut compound = Compound::default();
        compound.round_trip(9, 5, 7, 65_536);
        assert_eq!(compound.bytes()[..16], [0x80, 207, 0, 5, 0, 0, 0, 9, 5, 0, 0, 3, 0, 0, 0, 5]);
        let mut compound = Compound::default();
        compound.bye(&[9, 10]);
        assert_eq!(compound.bytes(), [0x82, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, 10]);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 200u8..208) {
            told(&bytes);
            let mut framed = bytes.clone();
            if framed.len() >= 4 {
                let words = (framed.len() / 4 - 1) as u16;
                framed[0] = 0x80 | (framed[0] & 31);
                framed[1] = kind;
                framed[2..4].copy_from_slice(&words.to_be_bytes());
            }
            told(&framed);
        }
    }
}
