//! Points, colours and curves.

use std::ops::{Add, Mul, Sub};

/// A point or a direction in the picture's plane.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct V {
    /// To the right.
    pub(crate) x: f32,
    /// Down.
    pub(crate) y: f32,
}

/// Shorthand for [`V`].
#[inline(always)]
pub(crate) const fn v(x: f32, y: f32) -> V {
    V { x, y }
}

impl Add for V {
    type Output = V;
    #[inline(always)]
    fn add(self, o: V) -> V {
        v(self.x + o.x, self.y + o.y)
    }
}

impl Sub for V {
    type Output = V;
    #[inline(always)]
    fn sub(self, o: V) -> V {
        v(self.x - o.x, self.y - o.y)
    }
}

impl Mul<f32> for V {
    type Output = V;
    #[inline(always)]
    fn mul(self, k: f32) -> V {
        v(self.x * k, self.y * k)
    }
}

impl V {
    #[inline(always)]
    pub(crate) fn dot(self, o: V) -> f32 {
        self.x * o.x + self.y * o.y
    }

    #[inline(always)]
    pub(crate) fn len(self) -> f32 {
        self.dot(self).sqrt()
    }

    /// The direction, or zero for a point without one.
    pub(crate) fn unit(self) -> V {
        let len = self.len();
        if len > 1e-6 { self * (1.0 / len) } else { v(0.0, 0.0) }
    }

    /// Turned by `angle` radians, clockwise as seen.
    pub(crate) fn turn(self, angle: f32) -> V {
        let (s, c) = angle.sin_cos();
        v(self.x * c - self.y * s, self.x * s + self.y * c)
    }
}

/// Linear red, green and blue; 1 is a surface in full light, lamps are brighter.
pub(crate) type Rgb = [f32; 3];

/// A colour as CSS writes it, made linear.
pub(crate) fn hex(rgb: u32) -> Rgb {
    [16, 8, 0].map(|shift| {
        let c = (rgb >> shift & 255) as f32 / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

#[inline(always)]
pub(crate) fn scale(c: Rgb, k: f32) -> Rgb {
    [c[0] * k, c[1] * k, c[2] * k]
}

#[inline(always)]
pub(crate) fn add(a: Rgb, b: Rgb) -> Rgb {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// From `a` to `b` as `k` goes from 0 to 1.
#[inline(always)]
pub(crate) fn lerp(a: f32, b: f32, k: f32) -> f32 {
    a + (b - a) * k
}

/// 0 below `from`, 1 above `to`, smooth between. `from` may be the greater.
#[inline(always)]
pub(crate) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let x = ((x - from) / (to - from)).clamp(0.0, 1.0);
    x * x * (3.0 - 2.0 * x)
}

/// A number from 0 to 1 that looks random but depends only on `n`.
pub(crate) fn hash(n: u32) -> f32 {
    let mut x = n.wrapping_mul(0x9E37_79B9) ^ 0x85EB_CA6B;
    x = (x ^ x >> 15).wrapping_mul(0x2C1B_3C6D);
    x = (x ^ x >> 12).wrapping_mul(0x297A_2D39);
    (x ^ x >> 15) as f32 / u32::MAX as f32
}

/// The joint of a limb from `root` to `tip` with bones of the two lengths; `side` is 1 or -1.
/// A tip out of reach stretches the limb.
pub(crate) fn elbow(root: V, tip: V, upper: f32, lower: f32, side: f32) -> V {
    let line = tip - root;
    let reach = line.len().clamp(1.0, upper + lower);
    let along = (upper * upper - lower * lower + reach * reach) / (2.0 * reach);
    let off = (upper * upper - along * along).max(0.0).sqrt();
    let dir = line.unit();
    root + dir * along + v(-dir.y, dir.x) * (off * side)
}

/// A smooth line through the points (Catmull-Rom), `steps` pieces between each two.
pub(crate) fn curve(points: &[V], closed: bool, steps: usize) -> Vec<V> {
    let count = points.len();
    let get = |n: isize| {
        let n = if closed { n.rem_euclid(count as isize) } else { n.clamp(0, count as isize - 1) };
        points[n as usize]
    };
    let pieces = if closed { count } else { count - 1 };
    let mut line = Vec::with_capacity(pieces * steps + 1);
    for piece in 0..pieces as isize {
        let [a, b, c, d] = [-1, 0, 1, 2].map(|n| get(piece + n));
        for step in 0..steps {
            let t = step as f32 / steps as f32;
            let (t2, t3) = (t * t, t * t * t);
            let sum = b * 2.0
                + (c - a) * t
                + (a * 2.0 - b * 5.0 + c * 4.0 - d) * t2
                + (b * 3.0 - a - c * 3.0 + d) * t3;
            line.push(sum * 0.5);
        }
    }
    if !closed {
        line.push(get(count as isize - 1));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_elbow_keeps_the_length_of_its_bones() {
        let (root, tip) = (v(10.0, 20.0), v(50.0, 35.0));
        for side in [-1.0, 1.0] {
            let joint = elbow(root, tip, 30.0, 28.0, side);
            assert!(((joint - root).len() - 30.0).abs() < 1e-3);
            assert!(((joint - tip).len() - 28.0).abs() < 1e-3);
        }
    }

    #[test]
    fn a_curve_passes_through_its_points() {
        let points = [v(0.0, 0.0), v(10.0, 5.0), v(20.0, 0.0)];
        let line = curve(&points, false, 4);
        assert_eq!((line[0], line[4], line[8]), (points[0], points[1], points[2]));
    }
}
