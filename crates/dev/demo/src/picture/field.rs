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
    /// Red, green, blue and nothing: four are as quick as three, and quicker to line up.
    pub(super) data: Vec<[f32; 4]>,
}

impl Field {
    /// A dark field for a picture of so many pixels.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let (w, h) = (width / STEP, height / STEP);
        Self { width: w, height: h, unit: super::HEIGHT / h as f32, data: vec![[0.0; 4]; w * h] }
    }

    /// Sets rows from `top` to `bottom` (design units) by a function of the point.
    pub(crate) fn fill(&mut self, top: f32, bottom: f32, light: impl Fn(V) -> Rgb) {
        let rows = |y: f32| ((y / self.unit).max(0.0) as usize).min(self.height);
        for row in rows(top)..rows(bottom + self.unit) {
            for column in 0..self.width {
                let p = v((column as f32 + 0.5) * self.unit, (row as f32 + 0.5) * self.unit);
                let [r, g, b] = light(p);
                self.data[row * self.width + column] = [r, g, b, 0.0];
            }
        }
    }

    /// One row stretched to the picture: `y` in design units, `out` as long as the picture is wide.
    pub(crate) fn stretch(&self, y: f32, out: &mut [[f32; 4]]) {
        let place = (y / self.unit - 0.5).clamp(0.0, (self.height - 1) as f32);
        let row = place as usize;
        let down = place - row as f32;
        let next = (row + 1).min(self.height - 1);
        let above = &self.data[row * self.width..][..self.width];
        let below = &self.data[next * self.width..][..self.width];
        let value = |n: usize| blend(&above[n], &below[n], down);
        // Middles of the small pixels lie between the second and the third of their four.
        let (first, last) = (value(0), value(self.width - 1));
        let (head, rest) = out.split_at_mut(STEP / 2);
        head.fill(first);
        let mut left = first;
        for (n, group) in rest.chunks_mut(STEP).enumerate() {
            let right = if n + 1 < self.width { value(n + 1) } else { last };
            for (to, along) in group.iter_mut().zip([0.125, 0.375, 0.625, 0.875]) {
                *to = blend(&left, &right, along);
            }
            left = right;
        }
    }

    /// The light at a point, without smoothing.
    pub(crate) fn at(&self, p: V) -> Rgb {
        let place = |at: f32, limit: usize| ((at / self.unit).max(0.0) as usize).min(limit - 1);
        let [r, g, b, _] = self.data[place(p.y, self.height) * self.width + place(p.x, self.width)];
        [r, g, b]
    }

    /// A box blur of `reach` pixels to either side, both ways; three make a bell.
    pub(super) fn blur(&mut self, reach: usize, other: &mut Vec<[f32; 4]>) {
        other.resize(self.data.len(), [0.0; 4]);
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

/// From `a` to `b` as `k` goes from 0 to 1.
#[inline(always)]
fn blend(a: &[f32; 4], b: &[f32; 4], k: f32) -> [f32; 4] {
    let mut out = *a;
    for c in 0..4 {
        out[c] += (b[c] - a[c]) * k;
    }
    out
}

/// Running mean of `count` values found by `at`, the ends repeated.
fn smear(from: &[[f32; 4]], to: &mut [[f32; 4]], count: usize, reach: usize, at: impl Fn(usize) -> usize) {
    let get = |n: isize| from[at(n.clamp(0, count as isize - 1) as usize)];
    let (reach, mut sum) = (reach as isize, [0.0; 4]);
    for n in -reach..=reach {
        for (sum, c) in sum.iter_mut().zip(get(n)) {
            *sum += c;
        }
    }
    let share = 1.0 / (2 * reach + 1) as f32;
    for n in 0..count as isize {
        let mut mean = sum;
        mean.iter_mut().for_each(|c| *c *= share);
        to[at(n as usize)] = mean;
        let (new, old) = (get(n + reach + 1), get(n - reach));
        for c in 0..4 {
            sum[c] += new[c] - old[c];
        }
    }
}
