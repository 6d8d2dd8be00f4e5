//! The picture while it is painted: linear light, and how much of each pixel is foreground.

use super::geometry::{Rgb, V, smooth, v};

/// Red, green, blue and cover for each pixel, by rows.
pub(crate) struct Canvas {
    /// Pixels across.
    pub(crate) width: usize,
    /// Pixels down.
    pub(crate) height: usize,
    /// Pixels to a design unit.
    pub(crate) scale: f32,
    view: (f32, V),
    pixels: Vec<[f32; 4]>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let scale = height as f32 / super::HEIGHT;
        Self { width, height, scale, view: (1.0, v(0.0, 0.0)), pixels: vec![[0.0; 4]; width * height] }
    }

    /// Looks closer: what is drawn from now on is `zoom` times as large about `still`.
    pub(crate) fn look(&mut self, zoom: f32, still: V) {
        self.view = (zoom, still * (1.0 - zoom));
    }

    /// Pixels to a unit, and where the origin is in pixels, as things are drawn now.
    pub(super) fn view(&self) -> (f32, V) {
        (self.scale * self.view.0, self.view.1 * self.scale)
    }

    pub(crate) fn row(&mut self, row: usize) -> &mut [[f32; 4]] {
        &mut self.pixels[row * self.width..(row + 1) * self.width]
    }

    pub(crate) fn pixels(&self) -> &[[f32; 4]] {
        &self.pixels
    }

    /// Covers a pixel with a colour.
    pub(crate) fn over(px: &mut [f32; 4], colour: Rgb, cover: f32) {
        for (to, from) in px.iter_mut().zip(colour) {
            *to += (from - *to) * cover;
        }
        px[3] += (1.0 - px[3]) * cover;
    }

    /// Adds light around a point, strongest in the middle and nothing at radius `r`.
    pub(crate) fn glow(&mut self, c: V, r: f32, light: Rgb) {
        self.light_up(c, r, |near| {
            let k = near * near;
            light.map(|c| c * k)
        });
    }

    /// Adds a disc of light with a soft edge: a speck of dust, in or out of focus.
    pub(crate) fn speck(&mut self, c: V, r: f32, light: Rgb) {
        self.light_up(c, r, |near| {
            let k = smooth(0.0, 0.45, near);
            light.map(|c| c * k)
        });
    }

    /// `light` is given 1 in the middle, falling to 0 at radius `r`.
    fn light_up(&mut self, c: V, r: f32, light: impl Fn(f32) -> Rgb) {
        let (k, origin) = self.view();
        let (c, r, width) = (c * k + origin, r * k, self.width as f32);
        let span = |at: f32, limit: f32| {
            ((at - r).clamp(0.0, limit) as usize, (at + r).ceil().clamp(0.0, limit) as usize)
        };
        let (left, right) = span(c.x, width);
        let (top, bottom) = span(c.y, self.height as f32);
        for row in top..bottom {
            let y = row as f32 + 0.5 - c.y;
            for (column, px) in self.row(row)[left..right].iter_mut().enumerate() {
                let x = (column + left) as f32 + 0.5 - c.x;
                let near = 1.0 - (x * x + y * y).sqrt() / r;
                if near > 0.0 {
                    for (to, from) in px.iter_mut().zip(light(near)) {
                        *to += from;
                    }
                }
            }
        }
    }
}
