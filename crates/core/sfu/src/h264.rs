//! H.264 over RTP (RFC 6184), non-interleaved mode: both ways.

use palco_base::annex_b::nal_units;
use std::sync::Arc;

const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const AUD: u8 = 9;
const FILLER: u8 = 12;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const START_CODE: [u8; 4] = [0, 0, 0, 1];

const fn kind(header: u8) -> u8 {
    header & 0x1f
}

/// Whether decoding can start at this payload: it holds a parameter set, or begins an IDR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Starts {
    pub(crate) sps: bool,
    pub(crate) idr: bool,
}

/// Looks into one payload.
pub(crate) fn starts(payload: &[u8]) -> Starts {
    let mut found = Starts::default();
    let mut see = |header: u8| match kind(header) {
        SPS => found.sps = true,
        IDR => found.idr = true,
        _ => {}
    };
    match payload.first().map(|b| kind(*b)) {
        Some(1..=23) => see(payload[0]),
        Some(STAP_A) => {
            for unit in aggregated(payload) {
                see(unit[0]);
            }
        }
        Some(FU_A) => {
            if let Some(header) = payload.get(1)
                && header & 0x80 != 0
            {
                see(*header);
            }
        }
        _ => {}
    }
    found
}

/// The NAL units of a STAP-A, none of them empty; stops where lengths stop making sense.
fn aggregated(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = payload.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (unit, next) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = next;
            if !unit.is_empty() {
                return Some(unit);
            }
        }
    })
}

/// A complete picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessUnit {
    /// Annex B, with SPS and PPS before an IDR.
    pub(crate) bytes: Vec<u8>,
    pub(crate) key: bool,
}

/// Puts packets of one access unit together again, and remembers the parameter sets.
#[derive(Debug, Default)]
pub(crate) struct Depacketizer {
    sps: Option<Vec<u8>>,
    pps: Option<Vec<u8>>,
}

impl Depacketizer {
    /// The access unit made of all these payloads, in order. None if they are broken, or hold
    /// no picture.
    pub(crate) fn assemble(&mut self, payloads: &[Arc<[u8]>]) -> Option<AccessUnit> {
        let size: usize = payloads.iter().map(|p| p.len() + START_CODE.len()).sum();
        let mut bytes = Vec::with_capacity(size + 128);
        let mut seen = Seen::default();
        let mut fragment: Option<usize> = None;
        for payload in payloads {
            let Some(header) = payload.first() else { continue };
            match kind(*header) {
                1..=23 => {
                    self.unit(payload, &mut bytes, &mut seen);
                    fragment = None;
                }
                STAP_A => {
                    for unit in aggregated(payload) {
                        self.unit(unit, &mut bytes, &mut seen);
                    }
                    fragment = None;
                }
                FU_A => {
                    let (head, body) = payload.split_at_checked(2)?;
                    if head[1] & 0x80 != 0 {
                        fragment = Some(bytes.len());
                        bytes.extend_from_slice(&START_CODE);
                        bytes.push(head[0] & 0xe0 | kind(head[1]));
                    }
                    let at = fragment?;
                    bytes.extend_from_slice(body);
                    if head[1] & 0x40 != 0 {
                        let unit = bytes.split_off(at);
                        self.unit(&unit[START_CODE.len()..], &mut bytes, &mut seen);
                        fragment = None;
                    }
                }
                _ => return None,
            }
        }
        if fragment.is_some() || !seen.picture {
            return None;
        }
        if seen.idr && !(seen.sps && seen.pps) {
            bytes = self.with_parameter_sets(&bytes)?;
        }
        Some(AccessUnit { bytes, key: seen.idr })
    }

    fn unit(&mut self, unit: &[u8], bytes: &mut Vec<u8>, seen: &mut Seen) {
        match unit.first().map(|b| kind(*b)) {
            Some(SPS) => {
                self.sps = Some(unit.to_vec());
                seen.sps = true;
            }
            Some(PPS) => {
                self.pps = Some(unit.to_vec());
                seen.pps = true;
            }
            Some(IDR) => {
                seen.idr = true;
                seen.picture = true;
            }
            Some(1..=4) => seen.picture = true,
            Some(AUD | FILLER) | None => return,
            _ => {}
        }
        bytes.extend_from_slice(&START_CODE);
        bytes.extend_from_slice(unit);
    }

    fn with_parameter_sets(&self, picture: &[u8]) -> Option<Vec<u8>> {
        let (sps, pps) = (self.sps.as_ref()?, self.pps.as_ref()?);
        let mut bytes = Vec::with_capacity(picture.len() + sps.len() + pps.len() + 8);
        for set in [sps, pps] {
            bytes.extend_from_slice(&START_CODE);
            bytes.extend_from_slice(set);
        }
        bytes.extend_from_slice(picture);
        Some(bytes)
    }
}

#[derive(Default)]
struct Seen {
    sps: bool,
    pps: bool,
    idr: bool,
    picture: bool,
}

/// Cuts an access unit in Annex B into payloads of at most `mtu` bytes: parameter sets and other
/// small units that come before a picture together in a STAP-A, large units in FU-As.
pub(crate) fn packetize(access_unit: &[u8], mtu: usize) -> Vec<Arc<[u8]>> {
    let mut payloads = Vec::with_capacity(access_unit.len() / mtu + 2);
    let mut small: Vec<&[u8]> = Vec::new();
    for unit in nal_units(access_unit) {
        match kind(unit[0]) {
            AUD | FILLER => {}
            1..=5 => {
                flush(&mut small, mtu, &mut payloads);
                fragment(unit, mtu, &mut payloads);
            }
            _ if unit.len() <= mtu => small.push(unit),
            _ => fragment(unit, mtu, &mut payloads),
        }
    }
    flush(&mut small, mtu, &mut payloads);
    payloads
}

fn flush(small: &mut Vec<&[u8]>, mtu: usize, payloads: &mut Vec<Arc<[u8]>>) {
    let size: usize = 1 + small.iter().map(|u| u.len() + 2).sum::<usize>();
    if small.len() > 1 && size <= mtu {
        let mut payload = Vec::with_capacity(size);
        let importance = small.iter().map(|u| u[0] & 0x60).max().unwrap_or(0);
        payload.push(importance | STAP_A);
        for unit in small.iter() {
            // Fits: `size` is within the MTU.
            payload.extend_from_slice(&(unit.len() as u16).to_be_bytes());
            payload.extend_from_slice(unit);
        }
        payloads.push(payload.into());
    } else {
        payloads.extend(small.iter().map(|unit| Arc::from(*unit)));
    }
    small.clear();
}

fn fragment(unit: &[u8], mtu: usize, payloads: &mut Vec<Arc<[u8]>>) {
    if unit.len() <= mtu {
        payloads.push(Arc::from(unit));
        return;
    }
    let (header, body) = (unit[0], &unit[1..]);
    let count = body.len().div_ceil(mtu - 2);
    // Equal sizes, so that the packets of one unit leave in one GSO run.
    let size = body.len().div_ceil(count);
    for (index, part) in body.chunks(size).enumerate() {
        let mut payload = Vec::with_capacity(part.len() + 2);
        payload.push(header & 0xe0 | FU_A);
        let start = if index == 0 { 0x80 } else { 0 };
        let end = if index + 1 == count { 0x40 } else { 0 };
        payload.push(start | end | kind(header));
        payload.extend_from_slice(part);
        payloads.push(payload.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn annex_b(units: &[Vec<u8>]) -> Vec<u8> {
        units.iter().flat_map(|u| START_CODE.iter().copied().chain(u.iter().copied())).collect()
    }

    #[test]
    fn a_key_frame_always_comes_with_its_parameter_sets() {
        let mut depacketizer = Depacketizer::default();
        let sets = annex_b(&[vec![0x67, 1, 2], vec![0x68, 3]]);
        let idr = annex_b(&[vec![0x65, 9, 9]]);
        let whole = [sets.clone(), idr.clone()].concat();
        let first = depacketizer.assemble(&packetize(&whole, 1_150)).unwrap();
        assert_eq!(first, AccessUnit { bytes: whole.clone(), key: true });
        let bare = depacketizer.assemble(&packetize(&idr, 1_150)).unwrap();
        assert_eq!(bare.bytes, whole, "sets remembered");
        assert_eq!(Depacketizer::default().assemble(&packetize(&idr, 1_150)), None, "sets unknown");
    }

    #[test]
    fn starts_are_seen_in_every_form() {
        let both = Starts { sps: true, idr: true };
        assert_eq!(starts(&[0x67, 1]), Starts { sps: true, idr: false });
        assert_eq!(starts(&[0x78, 0, 2, 0x67, 1, 0, 1, 0x65]), both);
        assert_eq!(starts(&[0x7c, 0x85, 1]), Starts { sps: false, idr: true });
        assert_eq!(starts(&[0x7c, 0x05, 1]), Starts::default());
        assert_eq!(starts(&[]), Starts::default());
        assert_eq!(starts(&[0x78, 0xff, 0xff]), Starts::default());
    }

    proptest! {
        #[test]
        fn what_is_packetized_comes_back(
            bodies in prop::collection::vec(prop::collection::vec(1u8..=255, 1..5_000), 1..4),
            key in any::<bool>(),
        ) {
            let mut units: Vec<Vec<u8>> = Vec::new();
            if key {
                units.push(vec![0x67, 0x42, 0xe0, 0x1f]);
                units.push(vec![0x68, 0xce]);
            }
            for body in bodies {
                let mut unit = vec![if key { 0x65 } else { 0x41 }];
                unit.extend(body);
                units.push(unit);
            }
            let stream = annex_b(&units);
            let payloads = packetize(&stream, 1_150);
            prop_assert!(payloads.iter().all(|p| p.len() <= 1_150));
            let back = Depacketizer::default().assemble(&payloads).unwrap();
            prop_assert_eq!(back.bytes, stream);
            prop_assert_eq!(back.key, key);
        }

        #[test]
        fn garbage_never_panics(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8)) {
            for payload in &payloads {
                let _ = starts(payload);
                let _ = packetize(payload, 40);
            }
            let payloads: Vec<Arc<[u8]>> = payloads.into_iter().map(Arc::from).collect();
            let _ = Depacketizer::default().assemble(&payloads);
        }
    }
}
