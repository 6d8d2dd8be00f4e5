//! Drawing into a picture. Whatever stands outside is cut off.

use crate::palette::Yuv;
use crate::picture::{Picture, PlaneMut};
use palco_base::canvas::Rect;

/// How much of each pixel something covers: 0 not at all, 255 wholly.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Mask {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) alpha: Vec<u8>,
}

impl Mask {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, alpha: vec![0; width * height] }
    }

    /// A rectangle with rounded corners, antialiased.
    pub(crate) fn rounded(width: usize, height: usize, radius: f32) -> Self {
        let mut mask = Self::new(width, height);
        let radius = radius.min(width as f32 / 2.0).min(height as f32 / 2.0);
        for y in 0..height {
            for x in 0..width {
                // Distance of the pixel's middle from the rectangle shrunk by the radius.
                let beyond = |at: usize, size: usize| {
                    let middle = at as f32 + 0.5;
                    (radius - middle).max(middle - (size as f32 - radius)).max(0.0)
                };
                let distance = beyond(x, width).hypot(beyond(y, height));
                mask.alpha[y * width + x] = ((radius - distance + 0.5).clamp(0.0, 1.0) * 255.0) as u8;
            }
        }
        mask
    }
}

/// Rounds a rectangle to even pixels and cuts it to the picture; none if nothing is left.
fn cut(rect: Rect, width: u32, height: u32) -> Option<Rect> {
    let (x, y) = (rect.x & !1, rect.y & !1);
    let (width, height) =
        (rect.width.min(width.saturating_sub(x)), rect.height.min(height.saturating_sub(y)));
    (width > 0 && height > 0).then_some(Rect { x, y, width, height })
}

/// A rectangle in one plane's own pixels.
fn in_plane(rect: Rect, plane: usize) -> (usize, usize, usize, usize) {
    let (x, y) = (rect.x as usize, rect.y as usize);
    let (width, height) = (rect.width as usize, rect.height as usize);
    if plane == 0 { (x, y, width, height) } else { (x / 2, y / 2, width.div_ceil(2), height.div_ceil(2)) }
}

fn row<'a>(plane: &'a mut PlaneMut<'_>, x: usize, y: usize, width: usize) -> &'a mut [u8] {
    let start = y * plane.width + x;
    let end = start + width.min(plane.width - x);
    &mut plane.data[start..end]
}

/// Fills a rectangle with one colour.
pub(crate) fn fill(on: &mut Picture, rect: Rect, colour: Yuv) {
    let Some(rect) = cut(rect, on.width(), on.height()) else { return };
    for (index, (mut plane, value)) in on.planes_mut().into_iter().zip(colour.planes()).enumerate() {
        let (x, y, width, height) = in_plane(rect, index);
        for line in y..(y + height).min(plane.height) {
            row(&mut plane, x, line, width).fill(value);
        }
    }
}

/// Copies a picture, its left upper corner at `x`, `y`.
pub(crate) fn blit(on: &mut Picture, from: &Picture, x: u32, y: u32) {
    let whole = Rect { x, y, width: from.width(), height: from.height() };
    let Some(rect) = cut(whole, on.width(), on.height()) else { return };
    for (index, (mut to, from)) in on.planes_mut().into_iter().zip(from.planes()).enumerate() {
        let (x, y, width, height) = in_plane(rect, index);
        let height = height.min(from.height).min(to.height - y);
        let width = width.min(from.width);
        for line in 0..height {
            let to = row(&mut to, x, y + line, width);
            let start = line * from.width;
            to.copy_from_slice(&from.data[start..start + to.len()]);
        }
    }
}

fn blend(to: &mut u8, value: u8, alpha: u32) {
    let mixed = u32::from(*to) * (255 - alpha) + u32::from(value) * alpha + 127;
    *to = (mixed / 255) as u8;
}

/// Paints a colour through a mask; `opacity` 0 to 255.
pub(crate) fn paint(on: &mut Picture, mask: &Mask, x: u32, y: u32, colour: Yuv, opacity: u8) {
    let whole = Rect { x, y, width: mask.width as u32, height: mask.height as u32 };
    let Some(rect) = cut(whole, on.width(), on.height()) else { return };
    let [mut luma, u, v] = on.planes_mut();
    let opacity = u32::from(opacity);
    let (left, top) = (rect.x as usize, rect.y as usize);
    let (width, height) = (rect.width as usize, rect.height as usize);
    for line in 0..height {
        let alpha = &mask.alpha[line * mask.width..][..width];
        for (to, alpha) in row(&mut luma, left, top + line, width).iter_mut().zip(alpha) {
            if *alpha > 0 {
                blend(to, colour.y, u32::from(*alpha) * opacity / 255);
            }
        }
    }
    for line in 0..height.div_ceil(2) {
        for column in 0..width.div_ceil(2) {
            let at = |dx: usize, dy: usize| {
                let (x, y) = (2 * column + dx, 2 * line + dy);
                if x < width && y < height { u32::from(mask.alpha[y * mask.width + x]) } else { 0 }
            };
            let alpha = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) * opacity / (4 * 255);
            if alpha > 0 {
                let start = (top / 2 + line) * u.width + left / 2 + column;
                blend(&mut u.data[start], colour.u, alpha);
                blend(&mut v.data[start], colour.v, alpha);
            }
        }
    }
}

/// What lies under the corners of a rectangle, so that they can be made round after
/// something was drawn over them.
pub(crate) struct Corners {
    rect: Rect,
    radius: u32,
    under: [Vec<u8>; 3],
}

impl Corners {
    /// Remembers the corners of `rect`, if they are wholly on the picture.
    pub(crate) fn save(on: &mut Picture, rect: Rect, radius: u32) -> Option<Self> {
        let radius = radius & !1;
        let inside = cut(rect, on.width(), on.height()) == Some(rect);
        if !inside || rect.width < 2 * radius || rect.height < 2 * radius || radius == 0 {
            return None;
        }
        let mut corners = Self { rect, radius, under: Default::default() };
        for (index, plane) in on.planes_mut().into_iter().enumerate() {
            corners.each(index, |at, _| corners_push(&plane, at)).into_iter().for_each(|value| {
                corners.under[index].push(value);
            });
        }
        Some(corners)
    }

    /// Visits each corner pixel of a plane: offset in the plane given its width, coverage 0–255.
    fn each<T>(&self, plane: usize, mut visit: impl FnMut((usize, usize), u32) -> T) -> Vec<T> {
        let (x, y, width, height) = in_plane(self.rect, plane);
        let radius = if plane == 0 { self.radius } else { self.radius / 2 } as usize;
        let mut seen = Vec::with_capacity(4 * radius * radius);
        for dy in 0..radius {
            for dx in 0..radius {
                let (rx, ry) = ((radius - dx) as f32 - 0.5, (radius - dy) as f32 - 0.5);
                let cover = (radius as f32 - rx.hypot(ry) + 0.5).clamp(0.0, 1.0);
                let cover = (cover * 255.0) as u32;
                for (cx, cy) in [
                    (x + dx, y + dy),
                    (x + width - 1 - dx, y + dy),
                    (x + dx, y + height - 1 - dy),
                    (x + width - 1 - dx, y + height - 1 - dy),
                ] {
                    seen.push(visit((cx, cy), cover));
                }
            }
        }
        seen
    }

    /// Lays what was under the corners back over what was drawn since.
    pub(crate) fn restore(self, on: &mut Picture) {
        for (index, plane) in on.planes_mut().into_iter().enumerate() {
            let mut under = self.under[index].iter();
            self.each(index, |(x, y), cover| {
                if let Some(value) = under.next() {
                    blend(&mut plane.data[y * plane.width + x], *value, 255 - cover);
                }
            });
        }
    }
}

fn corners_push(plane: &PlaneMut<'_>, (x, y): (usize, usize)) -> u8 {
    plane.data[y * plane.width + x]
}

/// `to` becomes `from` and itself mixed: `weight` 0 is all `from`, 256 all `to`. Same sizes.
pub(crate) fn crossfade(to: &mut Picture, from: &Picture, weight: u16) {
    let weight = weight.min(256);
    for (to, from) in to.data_mut().iter_mut().zip(from.as_ref()) {
        *to = ((u16::from(*to) * weight + u16::from(*from) * (256 - weight)) >> 8) as u8;
    }
}

/// Takes most of the light and colour away: the picture stands still, nobody should wonder why.
pub(crate) fn dim(picture: &mut Picture) {
    let [luma, u, v] = picture.planes_mut();
    luma.data.iter_mut().for_each(|y| *y = 16 + (u16::from(y.saturating_sub(16)) * 2 / 5) as u8);
    for chroma in [u, v] {
        chroma.data.iter_mut().for_each(|c| *c = (128 + (i16::from(*c) - 128) / 2) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::{GROUND, SPOT, TEXT};

    #[test]
    fn everything_outside_is_cut() {
        let mut on = Picture::filled(16, 16, GROUND);
        let far = Rect { x: 12, y: 12, width: 100, height: 100 };
        fill(&mut on, far, SPOT);
        blit(&mut on, &Picture::filled(9, 9, TEXT), 10, 0);
        blit(&mut on, &Picture::filled(9, 9, TEXT), 400, 4_000_000_000);
        paint(&mut on, &Mask::rounded(31, 31, 8.0), 4, 4, SPOT, 255);
        assert_eq!(on.pixel(0, 0), Some(GROUND));
        assert_eq!(on.pixel(15, 0).map(|p| p.y), Some(TEXT.y));
    }

    #[test]
    fn crossfade_ends_are_exact_and_corners_come_back() {
        let (ground, text) = (Picture::filled(32, 32, GROUND), Picture::filled(32, 32, TEXT));
        let mut mixed = text.clone();
        crossfade(&mut mixed, &ground, 256);
        assert_eq!(mixed, text);
        crossfade(&mut mixed, &ground, 0);
        assert_eq!(mixed, ground);
        let rect = Rect { x: 4, y: 4, width: 24, height: 24 };
        let corners = Corners::save(&mut mixed, rect, 8).expect("inside");
        fill(&mut mixed, rect, TEXT);
        corners.restore(&mut mixed);
        assert_eq!(mixed.pixel(4, 4), Some(GROUND));
        assert_eq!(mixed.pixel(27, 27), Some(GROUND));
        assert_eq!(mixed.pixel(16, 16), Some(TEXT));
    }
}
