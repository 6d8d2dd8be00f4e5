//! Scaling with antialias.

use crate::picture::{Picture, Plane};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use palco_base::canvas::Fit;

/// What part of a picture goes where, for one shape of tile.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Placing {
    /// Size of the scaled picture, even.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Where it stands in the tile, even.
    pub(crate) x: u32,
    pub(crate) y: u32,
    /// The part of the source that is used, in its pixels: left, top, width, height.
    pub(crate) crop: (f64, f64, f64, f64),
}

/// How a picture of this size fills a tile of that size.
pub(crate) fn placing(source: (u32, u32), tile: (u32, u32), fit: Fit) -> Placing {
    let (sw, sh) = (f64::from(source.0), f64::from(source.1));
    let (tw, th) = (f64::from(tile.0), f64::from(tile.1));
    match fit {
        Fit::Cover => {
            let scale = (tw / sw).max(th / sh);
            let (cw, ch) = ((tw / scale).min(sw), (th / scale).min(sh));
            // Less than one pixel to cut is no cut: keeps same-shape pictures on the copying path.
            let cw = if sw - cw < 1.0 { sw } else { cw };
            let ch = if sh - ch < 1.0 { sh } else { ch };
            let crop = ((sw - cw) / 2.0, (sh - ch) / 2.0, cw, ch);
            Placing { width: tile.0, height: tile.1, x: 0, y: 0, crop }
        }
        Fit::Contain => {
            let scale = (tw / sw).min(th / sh);
            let even = |size: f64, most: u32| (((size / 2.0).round() as u32) * 2).clamp(2, most.max(2));
            let (width, height) = (even(sw * scale, tile.0), even(sh * scale, tile.1));
            let middle = |outer: u32, inner: u32| (outer.saturating_sub(inner) / 2) & !1;
            let (x, y) = (middle(tile.0, width), middle(tile.1, height));
            Placing { width, height, x, y, crop: (0.0, 0.0, sw, sh) }
        }
    }
}

/// Scales pictures, keeping its work memory.
#[derive(Default)]
pub(crate) struct Scaler {
    resizer: Resizer,
}

impl Scaler {
    /// Draws the cropped `from` over all of `to`.
    pub(crate) fn scale(&mut self, from: &Picture, crop: (f64, f64, f64, f64), to: &mut Picture) {
        let halves = [1.0, 0.5, 0.5];
        for ((from, to), factor) in from.planes().into_iter().zip(to.planes_mut()).zip(halves) {
            self.plane(from, crop, factor, to.data, (to.width, to.height));
        }
    }

    fn plane(
        &mut self,
        from: Plane<'_>,
        crop: (f64, f64, f64, f64),
        factor: f64,
        to: &mut [u8],
        size: (usize, usize),
    ) {
        let (width, height) = (from.width as f64, from.height as f64);
        let (left, top) = ((crop.0 * factor).min(width - 1.0), (crop.1 * factor).min(height - 1.0));
        let (cw, ch) = ((crop.2 * factor).min(width - left), (crop.3 * factor).min(height - top));
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Bilinear))
            .use_alpha(false)
            .crop(left, top, cw, ch);
        let source = ImageRef::new(from.width as u32, from.height as u32, from.data, PixelType::U8)
            .expect("a plane holds width × height bytes");
        let mut target = Image::from_slice_u8(size.0 as u32, size.1 as u32, to, PixelType::U8)
            .expect("a plane holds width × height bytes");
        self.resizer.resize(&source, &mut target, &options).expect("the crop lies inside, both are U8");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::{SPOT, TEXT};

    #[test]
    fn cover_cuts_and_contain_leaves_room() {
        let cover = placing((640, 480), (640, 360), Fit::Cover);
        assert_eq!((cover.width, cover.height, cover.crop), (640, 360, (0.0, 60.0, 640.0, 360.0)));
        let contain = placing((640, 480), (640, 360), Fit::Contain);
        assert_eq!((contain.width, contain.height, contain.x, contain.y), (480, 360, 80, 0));
        let tall = placing((361, 641), (640, 360), Fit::Contain);
        assert!(tall.width.is_multiple_of(2) && tall.x.is_multiple_of(2));
    }

    #[test]
    fn one_colour_stays_one_colour_at_any_size() {
        for (source, target) in [((1, 1), (64, 36)), ((641, 359), (320, 180)), ((2, 4000), (100, 100))] {
            for fit in [Fit::Cover, Fit::Contain] {
                let from = Picture::filled(source.0, source.1, SPOT);
                let place = placing(source, target, fit);
                let mut to = Picture::filled(place.width, place.height, TEXT);
                Scaler::default().scale(&from, place.crop, &mut to);
                assert_eq!(
                    to,
                    Picture::filled(place.width, place.height, SPOT),
                    "{source:?} {target:?} {fit:?}"
                );
            }
        }
    }
}
