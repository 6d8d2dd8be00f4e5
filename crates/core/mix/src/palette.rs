//! The dark house's colours (LOOK.md) as BT.709 limited-range YUV.

/// One colour: luma 16–235, chroma 16–240 around 128 (ITU-R BT.709, 8 bit).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Yuv {
    /// Luma.
    pub y: u8,
    /// Blue difference.
    pub u: u8,
    /// Red difference.
    pub v: u8,
}

impl Yuv {
    /// From an sRGB colour as written in CSS, `0xRRGGBB` (ITU-R BT.709-6, items 3.2 to 3.5).
    #[must_use]
    pub const fn from_rgb(rgb: u32) -> Self {
        let r = ((rgb >> 16) & 255) as f64;
        let g = ((rgb >> 8) & 255) as f64;
        let b = (rgb & 255) as f64;
        let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        Self {
            y: (16.0 + luma * 219.0 / 255.0 + 0.5) as u8,
            u: (128.0 + (b - luma) / 1.8556 * 224.0 / 255.0 + 0.5) as u8,
            v: (128.0 + (r - luma) / 1.5748 * 224.0 / 255.0 + 0.5) as u8,
        }
    }

    /// The three values in plane order.
    #[must_use]
    pub const fn planes(self) -> [u8; 3] {
        [self.y, self.u, self.v]
    }
}

/// `--bg`: what no tile covers, and the ground of a slate.
pub const GROUND: Yuv = Yuv::from_rgb(0x0E_0B12);
/// `--surface`: the ground of a placeholder.
pub const SURFACE: Yuv = Yuv::from_rgb(0x17_131D);
/// `--raised`: the disc behind initials.
pub const RAISED: Yuv = Yuv::from_rgb(0x22_1B2B);
/// `--text`.
pub const TEXT: Yuv = Yuv::from_rgb(0xF5_F0F8);
/// `--soft`: second lines.
pub const SOFT: Yuv = Yuv::from_rgb(0xBD_B2C9);
/// `--spot`: the slate's mark.
pub const SPOT: Yuv = Yuv::from_rgb(0xFF_B454);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_colours() {
        for (rgb, y, u, v) in [
            (0x00_0000, 16, 128, 128),
            (0xFF_FFFF, 235, 128, 128),
            (0xFF_0000, 63, 102, 240),
            (0x00_FF00, 173, 42, 26),
            (0x00_00FF, 32, 240, 118),
        ] {
            assert_eq!(Yuv::from_rgb(rgb), Yuv { y, u, v }, "{rgb:06x}");
        }
    }
}
