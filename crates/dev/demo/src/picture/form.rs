//! Forms: signed distances with a direction, from which light makes something round.

use super::geometry::{V, smooth, v};

/// Where a point lies with regard to a form.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    /// Distance to the edge in design units, negative inside.
    pub(crate) d: f32,
    /// Which way the surface leans: 0 facing us, length 1 at the edge.
    pub(crate) lean: V,
}

/// One simple form.
#[derive(Clone)]
pub(crate) enum Form {
    /// A limb from `a` to `b`, round, with a thickness at each end.
    Limb { a: V, ra: f32, b: V, rb: f32 },
    /// An ellipse with half axes `r`, turned.
    Oval { c: V, r: V, turn: (f32, f32) },
    /// A ring along an ellipse, `half` thick on either side.
    Ring { c: V, r: V, half: f32 },
    /// A box with round corners, turned; flat but for its bevelled edge.
    Slab { c: V, half: V, round: f32, turn: (f32, f32), bevel: f32 },
    /// Any closed outline; flat but for its bevelled edge.
    Outline { points: Vec<V>, bevel: f32 },
}

impl Form {
    /// The corners of a box around it.
    pub(crate) fn bounds(&self) -> (V, V) {
        let around = |c: V, x: f32, y: f32| (v(c.x - x, c.y - y), v(c.x + x, c.y + y));
        match self {
            Self::Limb { a, ra, b, rb } => (
                v((a.x - ra).min(b.x - rb), (a.y - ra).min(b.y - rb)),
                v((a.x + ra).max(b.x + rb), (a.y + ra).max(b.y + rb)),
            ),
            Self::Oval { c, r, turn: (s, k) } => {
                around(*c, (r.x * k).hypot(r.y * s), (r.x * s).hypot(r.y * k))
            }
            Self::Ring { c, r, half } => around(*c, r.x + half, r.y + half),
            Self::Slab { c, half, turn: (s, k), .. } => {
                around(*c, half.x * k.abs() + half.y * s.abs(), half.x * s.abs() + half.y * k.abs())
            }
            Self::Outline { points, .. } => {
                let first = points.first().copied().unwrap_or_default();
                points.iter().fold((first, first), |(low, high), p| {
                    (v(low.x.min(p.x), low.y.min(p.y)), v(high.x.max(p.x), high.y.max(p.y)))
                })
            }
        }
    }

    /// Distance and lean at a point.
    pub(crate) fn near(&self, p: V) -> Near {
        match self {
            Self::Limb { a, ra, b, rb } => {
                let (line, from) = (*b - *a, p - *a);
                let h = (from.dot(line) / line.dot(line).max(1e-6)).clamp(0.0, 1.0);
                let (off, r) = (from - line * h, ra + (rb - ra) * h);
                let len = off.len();
                Near { d: len - r, lean: off * (1.0 / len.max(r)) }
            }
            Self::Oval { c, r, turn } => {
                let q = back(p - *c, *turn);
                let (near, gradient) = oval(q, *r);
                let full = v(q.x / r.x, q.y / r.y).len().min(1.0);
                Near { d: near, lean: forth(gradient, *turn) * full }
            }
            Self::Ring { c, r, half } => {
                let (near, gradient) = oval(p - *c, *r);
                let lean = (near / half).clamp(-1.0, 1.0);
                Near { d: near.abs() - half, lean: gradient * lean }
            }
            Self::Slab { c, half, round, turn, bevel } => {
                let q = back(p - *c, *turn);
                let (d, gradient) = slab(q, *half, *round);
                Near { d, lean: forth(gradient, *turn) * edge(d, *bevel) }
            }
            Self::Outline { points, bevel } => {
                let (d, gradient) = outline(points, p);
                Near { d, lean: gradient * edge(d, *bevel) }
            }
        }
    }
}

/// How much a flat thing leans near its edge.
fn edge(d: f32, bevel: f32) -> f32 {
    smooth(-bevel, 0.0, d)
}

fn back(p: V, (s, c): (f32, f32)) -> V {
    v(p.x * c + p.y * s, p.y * c - p.x * s)
}

fn forth(p: V, (s, c): (f32, f32)) -> V {
    v(p.x * c - p.y * s, p.x * s + p.y * c)
}

/// Approximate distance to an ellipse (Inigo Quilez, "ellipsoid - bound"), and which way is out.
fn oval(q: V, r: V) -> (f32, V) {
    let first = v(q.x / r.x, q.y / r.y);
    let second = v(first.x / r.x, first.y / r.y);
    let (k0, k1) = (first.len(), second.len());
    let d = if k1 > 1e-6 { k0 * (k0 - 1.0) / k1 } else { -r.x.min(r.y) };
    (d, second.unit())
}

fn slab(q: V, half: V, round: f32) -> (f32, V) {
    let over = v(q.x.abs() - half.x + round, q.y.abs() - half.y + round);
    let out = v(over.x.max(0.0), over.y.max(0.0));
    let d = out.len() + over.x.max(over.y).min(0.0) - round;
    let way = if out.x > 0.0 || out.y > 0.0 {
        out.unit()
    } else if over.x > over.y {
        v(1.0, 0.0)
    } else {
        v(0.0, 1.0)
    };
    (d, v(way.x * q.x.signum(), way.y * q.y.signum()))
}

fn outline(points: &[V], p: V) -> (f32, V) {
    let (mut best, mut nearest, mut inside) = (f32::MAX, p, false);
    let mut a = points[points.len() - 1];
    for &b in points {
        let (line, from) = (b - a, p - a);
        let h = (from.dot(line) / line.dot(line).max(1e-9)).clamp(0.0, 1.0);
        let off = from - line * h;
        let d = off.dot(off);
        if d < best {
            (best, nearest) = (d, a + line * h);
        }
        if (a.y > p.y) != (b.y > p.y) && from.x < line.x * from.y / line.y {
            inside = !inside;
        }
        a = b;
    }
    let way = (p - nearest).unit();
    if inside { (-best.sqrt(), way * -1.0) } else { (best.sqrt(), way) }
}
