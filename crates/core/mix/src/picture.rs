//! One decoded picture.

use crate::palette::Yuv;

/// No wider picture is taken.
pub const MAX_WIDTH: u32 = 4096;
/// No taller picture is taken.
pub const MAX_HEIGHT: u32 = 2304;

/// Whether a picture of this size is taken at all (either way up).
#[must_use]
pub const fn fits(width: u32, height: u32) -> bool {
    let (long, short) = if width >= height { (width, height) } else { (height, width) };
    short > 0 && long <= MAX_WIDTH && short <= MAX_HEIGHT
}

/// Planar YUV 4:2:0 ("I420"): Y, U, V one after another without padding; the chroma planes are
/// half as wide and high, rounded up.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    data: Vec<u8>,
}

/// One plane of a picture, or a mask: `width` × `height` bytes, row by row.
#[derive(Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// A plane to draw into.
pub(crate) struct PlaneMut<'a> {
    pub(crate) data: &'a mut [u8],
    pub(crate) width: usize,
    pub(crate) height: usize,
}

const fn sizes(width: u32, height: u32) -> (usize, usize) {
    let luma = width as usize * height as usize;
    let chroma = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
    (luma, chroma)
}

impl Picture {
    /// A picture of one colour.
    #[must_use]
    pub fn filled(width: u32, height: u32, colour: Yuv) -> Self {
        let (luma, chroma) = sizes(width, height);
        let mut data = vec![colour.y; luma + 2 * chroma];
        data[luma..luma + chroma].fill(colour.u);
        data[luma + chroma..].fill(colour.v);
        Self { width, height, data }
    }

    /// Takes packed I420 bytes; none if their number or the size is wrong (see [`fits`]).
    #[must_use]
    pub fn from_i420(width: u32, height: u32, data: Vec<u8>) -> Option<Self> {
        if !fits(width, height) {
            return None;
        }
        let (luma, chroma) = sizes(width, height);
        (data.len() == luma + 2 * chroma).then_some(Self { width, height, data })
    }

    /// In pixels.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Where each plane begins in [`Picture::as_ref`], in bytes.
    #[must_use]
    pub const fn offsets(&self) -> [usize; 3] {
        let (luma, chroma) = sizes(self.width, self.height);
        [0, luma, luma + chroma]
    }

    /// Bytes per row of each plane.
    #[must_use]
    pub const fn strides(&self) -> [usize; 3] {
        let chroma = self.width.div_ceil(2) as usize;
        [self.width as usize, chroma, chroma]
    }

    /// One pixel's Y, U and V, or none outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> Option<Yuv> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let [luma, u, v] = self.planes();
        let chroma = (y / 2) as usize * u.width + (x / 2) as usize;
        Some(Yuv { y: luma.data[y as usize * luma.width + x as usize], u: u.data[chroma], v: v.data[chroma] })
    }

    pub(crate) fn planes(&self) -> [Plane<'_>; 3] {
        let (luma, chroma) = sizes(self.width, self.height);
        let (y, rest) = self.data.split_at(luma);
        let (u, v) = rest.split_at(chroma);
        let (width, height) = (self.width as usize, self.height as usize);
        let half = |data| Plane { data, width: width.div_ceil(2), height: height.div_ceil(2) };
        [Plane { data: y, width, height }, half(u), half(v)]
    }

    pub(crate) fn planes_mut(&mut self) -> [PlaneMut<'_>; 3] {
        let (luma, chroma) = sizes(self.width, self.height);
        let (y, rest) = self.data.split_at_mut(luma);
        let (u, v) = rest.split_at_mut(chroma);
        let (width, height) = (self.width as usize, self.height as usize);
        let half = |data| PlaneMut { data, width: width.div_ceil(2), height: height.div_ceil(2) };
        [PlaneMut { data: y, width, height }, half(u), half(v)]
    }

    pub(crate) fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }
}

impl AsRef<[u8]> for Picture {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_sizes_round_chroma_up() {
        assert!(Picture::from_i420(3, 3, vec![0; 9 + 8]).is_some());
        assert!(Picture::from_i420(3, 3, vec![0; 13]).is_none());
        assert!(Picture::from_i420(0, 3, Vec::new()).is_none());
        assert!(!fits(7680, 4320));
        assert!(fits(2304, 4096));
    }
}
