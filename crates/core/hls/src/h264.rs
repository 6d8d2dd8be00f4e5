//! H.264: an access unit from Annex B into the form of ISO/IEC 14496-15, and what the sequence
//! parameter set says (ITU-T H.264 §7.3.2.1.1, Annex E).

use palco_base::annex_b::nal_units;

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const AUD: u8 = 9;
const FILLER: u8 = 12;

/// The parameter sets in force, which go into the `avcC` of the initialization section.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct ParameterSets {
    pub(crate) sps: Vec<Vec<u8>>,
    pub(crate) pps: Vec<Vec<u8>>,
}

/// One access unit, taken apart.
#[derive(Debug, Default)]
pub(crate) struct AccessUnit {
    /// NAL units with four-byte lengths. Without parameter sets, which `avc1` wants outside of
    /// the samples, and without delimiters and filler, which cost bytes and say nothing.
    pub(crate) sample: Vec<u8>,
    /// Whether it is an IDR picture.
    pub(crate) idr: bool,
    /// The parameter sets it carried.
    pub(crate) sets: ParameterSets,
}

impl AccessUnit {
    /// Takes an access unit apart. None if there is no picture in it.
    pub(crate) fn parse(annex_b: &[u8]) -> Option<Self> {
        let mut unit = Self { sample: Vec::with_capacity(annex_b.len() + 16), ..Self::default() };
        let mut picture = false;
        for nal in nal_units(annex_b) {
            match nal[0] & 0x1f {
                SPS => push_new(&mut unit.sets.sps, nal),
                PPS => push_new(&mut unit.sets.pps, nal),
                AUD | FILLER => {}
                kind => {
                    picture |= (SLICE..=IDR).contains(&kind);
                    unit.idr |= kind == IDR;
                    let length = u32::try_from(nal.len()).ok()?;
                    unit.sample.extend_from_slice(&length.to_be_bytes());
                    unit.sample.extend_from_slice(nal);
                }
            }
        }
        picture.then_some(unit)
    }
}

fn push_new(sets: &mut Vec<Vec<u8>>, nal: &[u8]) {
    // avcC counts parameter sets in five bits; nobody sends so many.
    if sets.len() < 31 && !sets.iter().any(|set| set == nal) && u16::try_from(nal.len()).is_ok() {
        sets.push(nal.to_vec());
    }
}

/// What a sequence parameter set says about the picture.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sps {
    /// `profile_idc`, constraint flags, `level_idc`: the three bytes of the codec string.
    pub(crate) profile: [u8; 3],
    /// Pixels shown, after cropping.
    pub(crate) width: u32,
    /// Pixels shown, after cropping.
    pub(crate) height: u32,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub(crate) chroma_format: u8,
    /// Bits per sample, luma and chroma.
    pub(crate) bit_depth: (u8, u8),
    /// Frames per second, if the stream says so.
    pub(crate) frame_rate: Option<f64>,
}

impl Sps {
    /// Reads a NAL unit. None if it is none, or says something no picture can be.
    pub(crate) fn parse(nal: &[u8]) -> Option<Self> {
        let rbsp = unescape(nal.get(1..)?);
        let profile = *rbsp.first_chunk::<3>()?;
        let mut bits = Bits { bytes: &rbsp, at: 24 };
        bits.ue()?; // seq_parameter_set_id
        let (chroma_format, bit_depth) = chroma(&mut bits, profile[0])?;
        picture_order(&mut bits)?;
        bits.ue()?; // max_num_ref_frames
        bits.skip(1)?;
        let width = bits.ue()?.checked_add(1)?.checked_mul(16)?;
        let map_units = bits.ue()?.checked_add(1)?;
        let frames_only = bits.bit()?;
        let fields = if frames_only { 1 } else { 2 };
        if !frames_only {
            bits.skip(1)?;
        }
        let height = map_units.checked_mul(16)?.checked_mul(fields)?;
        bits.skip(1)?; // direct_8x8_inference_flag
        let (crop_x, crop_y) = if bits.bit()? { crop(&mut bits, chroma_format, fields)? } else { (0, 0) };
        let frame_rate = if bits.bit()? { timing(&mut bits) } else { None };
        let (width, height) = (width.checked_sub(crop_x)?, height.checked_sub(crop_y)?);
        // The sample entry has 16 bits for each.
        let sane = (1..=u32::from(u16::MAX)).contains(&width) && (1..=u32::from(u16::MAX)).contains(&height);
        sane.then_some(Self { profile, width, height, chroma_format, bit_depth, frame_rate })
    }

    /// The codec string of RFC 6381.
    pub(crate) fn codec_string(&self) -> String {
        let [profile, constraints, level] = self.profile;
        format!("avc1.{profile:02x}{constraints:02x}{level:02x}")
    }

    /// Whether `avcC` has the fields that came with the high profiles.
    pub(crate) const fn high(&self) -> bool {
        matches!(self.profile[0], 100 | 110 | 122 | 144)
    }
}

fn chroma(bits: &mut Bits<'_>, profile: u8) -> Option<(u8, (u8, u8))> {
    if !matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        return Some((1, (8, 8)));
    }
    let format = bits.ue().filter(|format| *format <= 3)?;
    if format == 3 {
        bits.skip(1)?;
    }
    let depth = |bits: &mut Bits<'_>| bits.ue().filter(|d| *d <= 6).map(|d| d as u8 + 8);
    let (luma, chroma) = (depth(bits)?, depth(bits)?);
    bits.skip(1)?;
    if bits.bit()? {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if bits.bit()? {
                scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some((format as u8, (luma, chroma)))
}

fn scaling_list(bits: &mut Bits<'_>, size: u32) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            next = (last + bits.se()? + 256).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn picture_order(bits: &mut Bits<'_>) -> Option<()> {
    bits.ue()?; // log2_max_frame_num_minus4
    match bits.ue()? {
        0 => drop(bits.ue()?),
        1 => {
            bits.skip(1)?;
            bits.ue()?;
            bits.ue()?;
            for _ in 0..bits.ue().filter(|count| *count < 256)? {
                bits.ue()?;
            }
        }
        _ => {}
    }
    Some(())
}

/// Pixels cut off, horizontally and vertically.
fn crop(bits: &mut Bits<'_>, chroma_format: u8, fields: u32) -> Option<(u32, u32)> {
    let (x, y) = match chroma_format {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let (left, right, top, bottom) = (bits.ue()?, bits.ue()?, bits.ue()?, bits.ue()?);
    let across = left.checked_add(right)?.checked_mul(x)?;
    let down = top.checked_add(bottom)?.checked_mul(y)?.checked_mul(fields)?;
    Some((across, down))
}

/// The frame rate in the video usability information; none if it is not there or not credible.
fn timing(bits: &mut Bits<'_>) -> Option<f64> {
    const EXTENDED_SAR: u32 = 255;
    if bits.bit()? && bits.read(8)? == EXTENDED_SAR {
        bits.skip(32)?;
    }
    if bits.bit()? {
        bits.skip(1)?; // overscan
    }
    if bits.bit()? {
        bits.skip(4)?; // video_format, full range
        if bits.bit()? {
            bits.skip(24)?; // colours
        }
    }
    if bits.bit()? {
        bits.ue()?; // chroma sample location
        bits.ue()?;
    }
    if !bits.bit()? {
        return None;
    }
    let (units, scale) = (bits.read(32)?, bits.read(32)?);
    // Two ticks a frame (Annex E, equation E-71).
    let rate = f64::from(scale) / (2.0 * f64::from(units));
    (rate.is_finite() && (1.0..=240.0).contains(&rate)).then_some(rate)
}

/// Takes emulation prevention bytes out (§7.4.1).
fn unescape(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    fn read(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0u32, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.read(count).map(drop)
    }

    /// An unsigned Exp-Golomb code.
    fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1u64 << zeros) - 1) as u32 + self.read(zeros)?)
    }

    /// A signed Exp-Golomb code.
    fn se(&mut self) -> Option<i64> {
        let code = i64::from(self.ue()?);
        Some(if code % 2 == 0 { -(code / 2) } else { (code + 1) / 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// x264, Main, level 1.3, 320x240 (from mp4-atom's own samples).
    const SMALL: [u8; 24] = [
        0x67, 0x64, 0x00, 0x0d, 0xac, 0xd9, 0x41, 0x41, 0xfa, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
        0x03, 0x03, 0x20, 0xf1, 0x42, 0x99, 0x60,
    ];

    #[test]
    fn an_sps_is_read() {
        let sps = Sps::parse(&SMALL).unwrap();
        assert_eq!(sps.codec_string(), "avc1.64000d");
        assert_eq!((sps.width, sps.height), (320, 240));
        assert_eq!((sps.chroma_format, sps.bit_depth), (1, (8, 8)));
        assert_eq!(sps.frame_rate, Some(25.0));
    }

    #[test]
    fn parameter_sets_leave_the_sample() {
        let stream =
            [&[0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1][..], &SMALL, &[0, 0, 1, 0x68, 1, 0, 0, 1, 0x65, 7, 7]];
        let unit = AccessUnit::parse(&stream.concat()).unwrap();
        assert!(unit.idr);
        assert_eq!(unit.sample, [0, 0, 0, 3, 0x65, 7, 7]);
        assert_eq!(unit.sets, ParameterSets { sps: vec![SMALL.to_vec()], pps: vec![vec![0x68, 1]] });
    }

    #[test]
    fn without_a_picture_there_is_no_access_unit() {
        assert!(AccessUnit::parse(&[]).is_none());
        assert!(AccessUnit::parse(&[0, 0, 1, 0x68, 1]).is_none());
        assert!(AccessUnit::parse(&[1, 2, 3, 4, 5]).is_none());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..96), cut in 0usize..24) {
            let _ = AccessUnit::parse(&bytes);
            let _ = Sps::parse(&bytes);
            let _ = Sps::parse(&[&SMALL[..cut], &bytes].concat());
        }
    }
}
