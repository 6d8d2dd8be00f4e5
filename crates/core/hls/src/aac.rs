//! AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1): as much of it as a playlist and an
//! initialization section need.

/// The rates of `samplingFrequencyIndex`, in hertz.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// What the configuration says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AudioConfig {
    /// `audioObjectType`: 2 is AAC-LC.
    pub(crate) object_type: u8,
    /// Samples per second.
    pub(crate) sample_rate: u32,
    /// Channels, 1 to 8.
    pub(crate) channels: u8,
    /// The configuration as it was given.
    pub(crate) raw: Vec<u8>,
}

impl AudioConfig {
    /// Reads a configuration. None if it is none, or one with an escape code or without a
    /// channel configuration: no encoder of ours writes these.
    pub(crate) fn parse(raw: &[u8]) -> Option<Self> {
        let (&[first, second], _) = raw.split_first_chunk::<2>()?;
        let object_type = first >> 3;
        let rate = usize::from((first & 7) << 1 | second >> 7);
        let channels = match (second >> 3) & 0xf {
            count @ 1..=6 => count,
            7 => 8,
            _ => return None,
        };
        if !(1..=4).contains(&object_type) {
            return None;
        }
        Some(Self { object_type, sample_rate: *RATES.get(rate)?, channels, raw: raw.to_vec() })
    }

    /// The codec string of RFC 6381.
    pub(crate) fn codec_string(&self) -> String {
        format!("mp4a.40.{}", self.object_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stereo_at_48_khz_is_read() {
        let read = AudioConfig::parse(&[0x11, 0x90, 0x56, 0xe5, 0x00]).unwrap();
        assert_eq!((read.object_type, read.sample_rate, read.channels), (2, 48_000, 2));
        assert_eq!(read.codec_string(), "mp4a.40.2");
    }

    #[test]
    fn every_two_bytes_are_read_or_refused() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let _ = AudioConfig::parse(&[first, second]);
            }
        }
        assert_eq!(AudioConfig::parse(&[0x11]), None);
    }
}
