//! The time strip: a row of black and white blocks that holds a number of milliseconds.
//!
//! 32 blocks, most significant bit first: 24 bits of milliseconds (they wrap after 4.6 hours),
//! then 8 bits of CRC-8 (polynomial x⁸+x²+x+1, start 0xff) over the three bytes. A block of 12×16
//! pixels outlives coding, scaling to half its width, and coding again.

/// Blocks in a strip.
pub const BLOCKS: usize = 32;
/// Milliseconds after which the number begins again.
pub const WRAP: u32 = 1 << 24;
/// Least distance of black and white means for a strip to be there.
const CONTRAST: f64 = 40.0;
/// Luma of the blocks when painted: BT.709 limited range, a little inside.
const BLACK: u8 = 24;
const WHITE: u8 = 226;

/// Where a strip stands in a picture, in pixels; fractions come from scaling.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Strip {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width of all blocks together.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A picture's luma plane, or any grey picture.
#[derive(Clone, Copy, Debug)]
pub struct Luma<'a> {
    /// `height` rows of `width` bytes.
    pub bytes: &'a [u8],
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Strip {
    /// At the lower edge, in the middle.
    #[must_use]
    pub fn bottom(width: u32, height: u32) -> Self {
        let strip = Self::top(width);
        Self { y: f64::from(height) - strip.height, ..strip }
    }

    /// At the upper edge, in the middle: where no name is written over it. Three fifths of the
    /// width, so that it is whole in a tile of shape 4:3 too; blocks of 12×16 pixels in a
    /// picture 640 wide.
    #[must_use]
    pub fn top(width: u32) -> Self {
        let block = (width * 3 / 160).max(1);
        let all = block * 32;
        let height = (block * 4).div_ceil(3);
        Self {
            x: f64::from((width.max(all) - all) / 2),
            y: 0.0,
            width: f64::from(all),
            height: f64::from(height),
        }
    }

    /// Where the strip is after its picture, `from` = (width, height), was scaled and cut to
    /// cover `tile` = (x, y, width, height).
    #[must_use]
    pub fn in_tile(self, from: (f64, f64), tile: (f64, f64, f64, f64)) -> Self {
        let scale = (tile.2 / from.0).max(tile.3 / from.1);
        let left = tile.0 + (tile.2 - from.0 * scale) / 2.0;
        let top = tile.1 + (tile.3 - from.1 * scale) / 2.0;
        Self {
            x: left + self.x * scale,
            y: top + self.y * scale,
            width: self.width * scale,
            height: self.height * scale,
        }
    }

    /// Paints `millis` into a luma plane of `width` pixels a row.
    pub fn paint(self, luma: &mut [u8], width: usize, millis: u32) {
        let code = code(millis);
        let block = self.width / BLOCKS as f64;
        for row in self.y as usize..(self.y + self.height) as usize {
            for index in 0..BLOCKS {
                let from = row * width + (self.x + index as f64 * block) as usize;
                let to = row * width + (self.x + (index + 1) as f64 * block) as usize;
                let white = code >> (BLOCKS - 1 - index) & 1 == 1;
                if let Some(pixels) = luma.get_mut(from..to) {
                    pixels.fill(if white { WHITE } else { BLACK });
                }
            }
        }
    }

    /// Reads a strip that stands here, give or take a pixel or two.
    #[must_use]
    pub fn read(self, luma: Luma<'_>) -> Option<u32> {
        const SHIFTS: [(f64, f64); 9] = [
            (0.0, 0.0),
            (1.0, 0.0),
            (-1.0, 0.0),
            (0.0, 1.0),
            (0.0, -1.0),
            (2.0, 0.0),
            (-2.0, 0.0),
            (0.0, 2.0),
            (0.0, -2.0),
        ];
        SHIFTS
            .into_iter()
            .find_map(|(dx, dy)| Self { x: self.x + dx, y: self.y + dy, ..self }.read_exactly(luma))
    }

    fn read_exactly(self, luma: Luma<'_>) -> Option<u32> {
        let block = self.width / BLOCKS as f64;
        let means: Vec<f64> = (0..BLOCKS)
            .map(|index| self.mean(luma, self.x + (index as f64 + 0.5) * block, block))
            .collect::<Option<_>>()?;
        let least = means.iter().copied().fold(f64::MAX, f64::min);
        let most = means.iter().copied().fold(f64::MIN, f64::max);
        if most - least < CONTRAST {
            return None;
        }
        let middle = f64::midpoint(least, most);
        let read = means.iter().fold(0_u32, |bits, mean| bits << 1 | u32::from(*mean > middle));
        let millis = read >> 8;
        (code(millis) == read).then_some(millis)
    }

    /// Mean of the middle half of a block: its edges are blurred.
    fn mean(self, luma: Luma<'_>, centre: f64, block: f64) -> Option<f64> {
        let range = |from: f64, length: f64, limit: usize| {
            let (first, last) = (from.round(), (from + length).round().max(from.round() + 1.0));
            (first >= 0.0 && last <= limit as f64).then_some(first as usize..last as usize)
        };
        let columns = range(centre - block / 4.0, block / 2.0, luma.width)?;
        let rows = range(self.y + self.height / 4.0, self.height / 2.0, luma.height)?;
        let (mut sum, mut count) = (0_u64, 0_u64);
        for row in rows {
            let pixels = luma.bytes.get(row * luma.width + columns.start..row * luma.width + columns.end)?;
            sum += pixels.iter().map(|p| u64::from(*p)).sum::<u64>();
            count += pixels.len() as u64;
        }
        Some(sum as f64 / count as f64)
    }
}

/// The 32 bits that stand for a time.
fn code(millis: u32) -> u32 {
    let millis = millis % WRAP;
    let mut crc = 0xff_u8;
    for byte in &millis.to_be_bytes()[1..] {
        crc ^= byte;
        for _ in 0..8 {
            crc = if crc & 0x80 == 0 { crc << 1 } else { crc << 1 ^ 0x07 };
        }
    }
    millis << 8 | u32::from(crc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_comes_back() {
        let strip = Strip::bottom(640, 360);
        let mut luma = vec![90; 640 * 360];
        for millis in
            [0, 1, 33, 0x55_5555, 0xaa_aaaa, WRAP - 1].into_iter().chain((0..4_000).map(|n| n * 4_093))
        {
            strip.paint(&mut luma, 640, millis);
            let seen = Luma { bytes: &luma, width: 640, height: 360 };
            assert_eq!(strip.read(seen), Some(millis % WRAP));
        }
    }

    #[test]
    fn the_browser_s_reader_agrees_on_the_code() {
        // The same pairs stand in e2e/lib/strip.ts.
        assert_eq!([0, 1, 123_456, WRAP - 1].map(code), [0x2b, 0x12c, 0x1e2_40ee, 0xffff_ff24]);
    }

    #[test]
    fn what_is_no_strip_is_not_read() {
        let strip = Strip::bottom(640, 360);
        let read = |bytes: &[u8]| strip.read(Luma { bytes, width: 640, height: 360 });
        assert_eq!(read(&vec![128; 640 * 360]), None, "one grey");
        let mut bytes = vec![90; 640 * 360];
        strip.paint(&mut bytes, 640, 1_234);
        for row in 344..360 {
            bytes[row * 640 + 128..row * 640 + 140].fill(WHITE);
        }
        assert_ne!(read(&bytes), Some(1_234), "a block turned over");
        assert_eq!(strip.read(Luma { bytes: &bytes[..640], width: 640, height: 1 }), None, "too small");
    }

    #[test]
    fn a_tile_s_strip_is_where_scaling_puts_it() {
        let strip = Strip::top(640).in_tile((640.0, 360.0), (100.0, 50.0, 320.0, 180.0));
        assert_eq!(strip, Strip { x: 164.0, y: 50.0, width: 192.0, height: 8.0 });
        // A 4:3 tile covers: the sides are cut, the strip is whole.
        let cut = Strip::top(640).in_tile((640.0, 360.0), (0.0, 0.0, 480.0, 360.0));
        assert_eq!((cut.x, cut.width), (48.0, 384.0));
    }
}
