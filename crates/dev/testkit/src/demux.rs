//! Coded frames out of the simplest containers: an H.264 byte stream and an Ogg Opus stream.

use palco_base::{Codec, EncodedFrame, MediaTime};

/// The access units of an Annex B stream that has an access unit delimiter before each
/// (x264 `aud=1`), at a constant frame rate. The delimiters are dropped.
#[must_use]
pub fn h264(stream: &[u8], frame_rate: u32) -> Vec<EncodedFrame> {
    #[derive(Default)]
    struct Unit {
        bytes: Vec<u8>,
        key: bool,
        /// Has a slice; a muxer puts parameter sets before the first delimiter.
        coded: bool,
    }
    let mut units: Vec<Unit> = Vec::new();
    for nal in nals(stream) {
        let kind = nal.first().map_or(0, |b| b & 0x1f);
        if units.is_empty() || kind == 9 && units.last().is_some_and(|unit| unit.coded) {
            units.push(Unit::default());
        }
        if let Some(unit) = units.last_mut().filter(|_| kind != 9) {
            unit.key |= kind == 5;
            unit.coded |= (1..=5).contains(&kind);
            unit.bytes.extend([0, 0, 0, 1]);
            unit.bytes.extend_from_slice(nal);
        }
    }
    units
        .into_iter()
        .enumerate()
        .map(|(index, Unit { bytes, key, .. })| EncodedFrame {
            codec: Codec::H264,
            key,
            time: MediaTime::from_ticks(index as i64, frame_rate),
            payload: bytes.into(),
        })
        .collect()
}

/// The NAL units of an Annex B stream, without start codes (ITU-T H.264 B.1).
fn nals(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= stream.len() {
        if stream[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).copied().chain([stream.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            let nal = &stream[start + 3..end];
            let zeros = nal.iter().rev().take_while(|b| **b == 0).count();
            &nal[..nal.len() - zeros]
        })
        .filter(|nal| !nal.is_empty())
        .collect()
}

/// The packets of an Ogg Opus stream (RFC 3533, RFC 7845) without its two header packets; the
/// first is at time zero.
#[must_use]
pub fn opus(stream: &[u8]) -> Vec<EncodedFrame> {
    let mut packets: Vec<Vec<u8>> = vec![Vec::new()];
    let mut rest = stream;
    while let Some((page, after)) = page(rest) {
        for (piece, ends) in page {
            if let Some(packet) = packets.last_mut() {
                packet.extend_from_slice(piece);
            }
            if ends {
                packets.push(Vec::new());
            }
        }
        rest = after;
    }
    let mut samples = 0;
    packets
        .into_iter()
        .filter(|p| !p.is_empty())
        .skip(2)
        .map(|packet| {
            let time = MediaTime::from_ticks(samples, 48_000);
            samples += i64::from(opus_samples(&packet));
            EncodedFrame { codec: Codec::Opus, key: true, time, payload: packet.into() }
        })
        .collect()
}

/// One page's pieces of packets, each with whether the packet ends with it, and what follows.
type Page<'a> = (Vec<(&'a [u8], bool)>, &'a [u8]);

fn page(stream: &[u8]) -> Option<Page<'_>> {
    if stream.get(..4)? != b"OggS" {
        return None;
    }
    let count = usize::from(*stream.get(26)?);
    let table = stream.get(27..27 + count)?;
    let mut body = stream.get(27 + count..)?;
    let (mut pieces, mut length) = (Vec::new(), 0);
    for (index, lace) in table.iter().enumerate() {
        length += usize::from(*lace);
        if *lace < 255 || index + 1 == count {
            let (piece, after) = body.split_at_checked(length)?;
            pieces.push((piece, *lace < 255));
            (body, length) = (after, 0);
        }
    }
    Some((pieces, body))
}

/// How many 48 kHz samples an Opus packet holds (RFC 6716 §3.1).
#[must_use]
pub fn opus_samples(packet: &[u8]) -> u32 {
    let Some(toc) = packet.first() else { return 0 };
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        config @ 12..=15 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    frame
        * match toc & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(packet.get(1).map_or(0, |b| b & 0x3f)),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_units_begin_at_delimiters() {
        let stream = [
            [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 9, 0x10].as_slice(),
            &[0, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 4, 0],
            &[0, 0, 0, 1, 9, 0x30, 0, 0, 1, 0x41, 5],
        ]
        .concat();
        let frames = h264(&stream, 30);
        assert_eq!(frames.len(), 2);
        assert!(frames[0].key && !frames[1].key);
        assert_eq!(*frames[0].payload, [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 0, 1, 0x68, 3, 0, 0, 0, 1, 0x65, 4]);
        assert_eq!(frames[1].time, MediaTime::from_micros(33_333));
    }

    #[test]
    fn packets_may_cross_pages() {
        let page = |laces: &[u8], body: &[u8]| {
            let mut bytes = b"OggS".to_vec();
            bytes.extend([0; 22]);
            bytes.push(u8::try_from(laces.len()).expect("few"));
            bytes.extend(laces);
            bytes.extend(body);
            bytes
        };
        let long = vec![0xfc; 300];
        let stream = [
            page(&[2], b"id"),
            page(&[3], b"tag"),
            page(&[255], &long[..255]),
            page(&[45, 3], &[&long[255..], &[0xfc, 1, 1]].concat()),
        ]
        .concat();
        let frames = opus(&stream);
        assert_eq!(frames.iter().map(|f| f.payload.len()).collect::<Vec<_>>(), [300, 3]);
        assert_eq!(frames[1].time, MediaTime::from_millis(20), "0xfc is one 20 ms frame");
        assert!(opus(&stream[..40]).is_empty() && opus(b"no").is_empty());
    }
}
