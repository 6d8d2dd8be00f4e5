//! Soft light, worked out at a quarter of the size and stretched.

use super::geometry::{Rgb, V, v};

/// Pixels of the picture to one of the field, both ways.
pub(crate) const STEP: usize = 4;

/// A small picture of light.
#[derive(Clone)]
pub(crate) struct Field {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Design units to one of its pixels.
    unit: f32,
    pub(super) data: Vec<Rgb>,
}

impl Field {
    /// A dark field for a picture of so many pixels.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (w, h) = (width / STEP, height / STEP);
        Self { width: w, height: h, unit: super::HEIGHT / h as f32, data: vec![[0.0; 3]; w * h] }
    }

    /// Sets rows from `top` to `bottom` (design units) by a function of the point.
    pub(crate) fn fill(&mut self, top: f32, bottom: f32, light: impl Fn(V) -> Rgb) {
        let rows = |y: f32| ((y / self.unit).max(0.0) as usize).min(self.height);
        for row in rows(top)..rows(bottom + self.unit) {
            for column in 0..self.width {
                let p = v((column as f32 + 0.5) * self.unit, (row as f32 + 0.5) * self.unit);
                self.data[row * self.width + column] = light(p);
            }
        }
    }

    /// One row stretched to the picture: `y` in design units, `out` as long as the picture is wide.
    pub(crate) fn stretch(&self, y: f32, out: &mut [Rgb]) {
        let place = (y / self.unit - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (row, down) = (place as usize, place.fract());
        let next = (row + 1).min(self.height - 1);
        let (a, b) =
            (&self.data[row * self.width..][..self.width], &self.data[next * self.width..][..self.width]);
        let value = |n: usize| [0, 1, 2].map(|c| a[n][c] + (b[n][c] - a[n][c]) * down);
        let (mut left, mut right) = (value(0), value(0));
        let half = STEP / 2;
        for (column, to) in out.iter_mut().enumerate() {
            let shifted = column + STEP - half;
            if shifted.is_multiple_of(STEP) {
                left = right;
                right = value((shifted / STEP).min(self.width - 1));
            }
            let along = (shifted % STEP) as f32 / STEP as f32 + 0.5 / STEP as f32;
            *to = [0, 1, 2].map(|c| left[c] + (right[c] - left[c]) * along);
        }
    }

    /// The light at a point, without smoothing.
    pub(crate) fn at(&self, p: V) -> Rgb {
        let place = |at: f32, limit: usize| ((at / self.unit).max(0.0) as usize).min(limit - 1);
        self.data[place(p.y, self.height) * self.width + place(p.x, self.width)]
    }

    /// A box blur of `reach` pixels to either side, both ways; three make a bell.
    pub(super) fn blur(&mut self, reach: usize, other: &mut Vec<Rgb>) {
        other.resize(self.data.len(), [0.0; 3]);
        for row in 0..self.height {
            let at = |n: usize| row * self.width + n;
            smear(&self.data, other, self.width, reach, at);
        }
        for column in 0..self.width {
            let at = |n: usize| n * self.width + column;
            smear(other, &mut self.data, self.height, reach, at);
        }
    }
}

/// Running mean of `count` values found by `at`, the ends repeated.
fn smear(from: &[Rgb], to: &mut [Rgb], count: usize, reach: usize, at: impl Fn(usize) -> usize) {
    let get = |n: isize| from[at(n.clamp(0, count as isize - 1) as usize)];
    let (reach, mut sum) = (reach as isize, [0.0; 3]);
    for n in -reach..=reach {
        sum = super::add(sum, get(n));
    }
    let share = 1.0 / (2 * reach + 1) as f32;
    for n in 0..count as isize {
        to[at(n as usize)] = sum.map(|c| c * share);
        let (new, old) = (get(n + reach + 1), get(n - reach));
        sum = [0, 1, 2].map(|c| sum[c] + new[c] - old[c]);
    }
}
