//! Solids: forms melted into one body, with a surface and light on it.

use super::canvas::Canvas;
use super::form::{Form, Near};
use super::geometry::{Rgb, V, add, scale, v};
use std::sync::{Arc, OnceLock};

/// A surface.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// Its own colour.
    pub(crate) base: Rgb,
    /// How much it shines, 0 to 1.
    pub(crate) gloss: f32,
    /// How much of the light from behind it catches at its edge.
    pub(crate) rim: f32,
    /// Light of its own.
    pub(crate) glow: Rgb,
}

impl Look {
    /// Cloth of a colour.
    pub(crate) fn cloth(base: Rgb) -> Self {
        Self { base, gloss: 0.0, rim: 1.0, glow: [0.0; 3] }
    }

    /// Something polished.
    pub(crate) fn shiny(base: Rgb, gloss: f32) -> Self {
        Self { gloss, ..Self::cloth(base) }
    }

    /// The same, shining by itself.
    pub(crate) fn lit(self, glow: Rgb) -> Self {
        Self { glow, ..self }
    }

    /// The same with another share of light from behind.
    pub(crate) fn rim(self, rim: f32) -> Self {
        Self { rim, ..self }
    }
}

/// The light that falls on solids.
#[derive(Clone, Copy)]
pub(crate) struct Lights {
    /// From everywhere.
    pub(crate) ambient: Rgb,
    /// Where the front light is: x right, y down, z towards us; length 1.
    pub(crate) key_from: [f32; 3],
    /// The front light.
    pub(crate) key: Rgb,
    /// Two lights from behind, and the side each is on.
    pub(crate) rims: [(V, Rgb); 2],
    /// Height below which light fails, height where a share of it is left, and that share.
    pub(crate) fade: (f32, f32, f32),
}

/// Several forms of one surface, melted together where they meet.
#[derive(Clone)]
pub(crate) struct Solid {
    forms: Vec<Form>,
    look: Look,
    blend: f32,
    soft: f32,
    alpha: f32,
    fixed: Option<Arc<OnceLock<Sprite>>>,
}

/// Runs of pixels: row, first column, colour and cover.
type Sprite = Vec<(usize, usize, Vec<[f32; 4]>)>;

impl Solid {
    /// Nothing yet, of this surface.
    pub(crate) fn new(look: Look) -> Self {
        Self { forms: Vec::new(), look, blend: 0.0, soft: 0.0, alpha: 1.0, fixed: None }
    }

    /// How far apart forms begin to melt together.
    pub(crate) fn blend(mut self, blend: f32) -> Self {
        self.blend = blend;
        self
    }

    /// An edge so many units wide in place of a sharp one.
    pub(crate) fn soft(mut self, soft: f32) -> Self {
        self.soft = soft;
        self
    }

    /// How much of what is behind it is hidden.
    pub(crate) fn alpha(mut self, alpha: f32) -> Self {
        self.alpha = alpha;
        self
    }

    pub(crate) fn limb(mut self, a: V, ra: f32, b: V, rb: f32) -> Self {
        self.forms.push(Form::Limb { a, ra, b, rb });
        self
    }

    /// Limbs of one thickness along a line.
    pub(crate) fn line(mut self, points: &[V], r: f32) -> Self {
        for pair in points.windows(2) {
            self.forms.push(Form::Limb { a: pair[0], ra: r, b: pair[1], rb: r });
        }
        self
    }

    pub(crate) fn oval(mut self, c: V, rx: f32, ry: f32, angle: f32) -> Self {
        self.forms.push(Form::Oval { c, r: v(rx, ry), turn: angle.sin_cos() });
        self
    }

    pub(crate) fn ring(mut self, c: V, rx: f32, ry: f32, half: f32) -> Self {
        self.forms.push(Form::Ring { c, r: v(rx, ry), half });
        self
    }

    /// `size` is half the width and half the height.
    pub(crate) fn slab(mut self, c: V, size: V, round: f32, angle: f32) -> Self {
        let bevel = size.x.min(size.y).min(5.0);
        self.forms.push(Form::Slab { c, half: size, round, turn: angle.sin_cos(), bevel });
        self
    }

    pub(crate) fn outline(mut self, points: Vec<V>, bevel: f32) -> Self {
        self.forms.push(Form::Outline { points, bevel });
        self
    }

    /// Never moves, and its light never changes: drawn once, then only copied.
    pub(crate) fn fixed(mut self) -> Self {
        self.fixed = Some(Arc::default());
        self
    }

    /// Draws it over what is there.
    pub(crate) fn draw(&self, canvas: &mut Canvas, lights: &Lights) {
        if let Some(sprite) = &self.fixed {
            for (row, left, pixels) in sprite.get_or_init(|| self.sprite(canvas, lights)) {
                for (px, [r, g, b, cover]) in canvas.row(*row)[*left..].iter_mut().zip(pixels) {
                    Canvas::over(px, [*r, *g, *b], *cover);
                }
            }
            return;
        }
        let (size, view) = ((canvas.width, canvas.height), canvas.view());
        self.trace(size, view, lights, |row, column, cover, lean, light| {
            let px = &mut canvas.row(row)[column];
            // Light from behind shows against the dark; where there is somebody already,
            // little of it gets through. So a body of many solids has one bright outline.
            let colour = light.shade(&self.look, lean, 1.0 - 0.78 * px[3]);
            Canvas::over(px, colour, cover);
        });
    }

    fn sprite(&self, canvas: &Canvas, lights: &Lights) -> Sprite {
        let mut sprite = Sprite::new();
        let size = (canvas.width, canvas.height);
        self.trace(size, canvas.view(), lights, |row, column, cover, lean, light| {
            let [r, g, b] = light.shade(&self.look, lean, 1.0);
            let pixel = [r, g, b, cover];
            match sprite.last_mut() {
                Some((last, left, pixels)) if *last == row && *left + pixels.len() == column => {
                    pixels.push(pixel);
                }
                _ => sprite.push((row, column, vec![pixel])),
            }
        });
        sprite
    }

    /// Finds the pixels it covers: `put(row, column, cover, lean, lights at this height)`.
    fn trace(
        &self,
        (width, height): (usize, usize),
        (k, origin): (f32, V),
        lights: &Lights,
        mut put: impl FnMut(usize, usize, f32, V, &Lights),
    ) {
        let margin = self.blend * 0.5 + self.soft + 1.0;
        let bounds: Vec<(V, V)> = self.forms.iter().map(Form::bounds).collect();
        let low = bounds.iter().fold(f32::MAX, |m, b| m.min(b.0.y));
        let high = bounds.iter().fold(f32::MIN, |m, b| m.max(b.1.y));
        let pixel = |at: f32, from: f32, limit: usize| (at * k + from).clamp(0.0, limit as f32) as usize;
        let rows = pixel(low - margin, origin.y, height)..pixel(high + margin, origin.y + 1.0, height);
        let mut here: Vec<&Form> = Vec::new();
        for row in rows {
            let y = (row as f32 + 0.5 - origin.y) / k;
            here.clear();
            let (mut from, mut to) = (f32::MAX, f32::MIN);
            for (form, (low, high)) in self.forms.iter().zip(&bounds) {
                if low.y - margin <= y && y <= high.y + margin {
                    here.push(form);
                    (from, to) = (from.min(low.x), to.max(high.x));
                }
            }
            if here.is_empty() {
                continue;
            }
            let light = lights.at(y);
            for column in pixel(from - margin, origin.x, width)..pixel(to + margin, origin.x + 1.0, width) {
                let p = v((column as f32 + 0.5 - origin.x) / k, y);
                let near = melt(&here, p, self.blend);
                let cover = if self.soft > 0.0 {
                    super::smooth(0.5 * self.soft, -0.5 * self.soft, near.d)
                } else {
                    (0.5 - near.d * k).clamp(0.0, 1.0)
                };
                if cover > 0.0 {
                    put(row, column, cover * self.alpha, near.lean, &light);
                }
            }
        }
    }
}

/// The smooth union of forms (polynomial, after Inigo Quilez), with their leans mixed likewise.
fn melt(forms: &[&Form], p: V, blend: f32) -> Near {
    let mut all = forms[0].near(p);
    for form in &forms[1..] {
        let one = form.near(p);
        if blend <= 0.0 {
            if one.d < all.d {
                all = one;
            }
            continue;
        }
        let h = (0.5 + 0.5 * (all.d - one.d) / blend).clamp(0.0, 1.0);
        all.d += (one.d - all.d) * h - blend * h * (1.0 - h);
        all.lean = all.lean * (1.0 - h) + one.lean * h;
    }
    all
}

impl Lights {
    /// The lights as they are at a height, failing towards the floor.
    fn at(&self, y: f32) -> Self {
        let (from, to, left) = self.fade;
        let k = 1.0 - (1.0 - left) * super::smooth(from, to, y);
        let rims = self.rims.map(|(side, light)| (side, scale(light, k)));
        Self { ambient: scale(self.ambient, k), key: scale(self.key, k), rims, ..*self }
    }

    /// The colour of a surface that leans so; `open` is the share of the rims' light that reaches it.
    fn shade(&self, look: &Look, lean: V, open: f32) -> Rgb {
        let towards = (1.0 - lean.dot(lean)).max(0.0).sqrt();
        let [x, y, z] = self.key_from;
        let key = (lean.x * x + lean.y * y + towards * z).max(0.0);
        let body = add(scale(self.ambient, 0.75 - 0.25 * lean.y), scale(self.key, key));
        let (base, glow) = (&look.base, &look.glow);
        let mut light =
            [base[0] * body[0] + glow[0], base[1] * body[1] + glow[1], base[2] * body[2] + glow[2]];
        for (side, colour) in &self.rims {
            let facing = lean.dot(*side).max(0.0);
            let (two, four) = (facing * facing, facing.powi(4));
            // Most of it is a thin bright edge; a little wraps around.
            let amount = look.rim * open * (four * two + 0.045 * two);
            light = add(light, scale(*colour, amount));
        }
        if look.gloss > 0.0 {
            // Blinn's half vector between the key light and us.
            let half = [x, y, z + 1.0];
            let len = (x * x + y * y + (z + 1.0) * (z + 1.0)).sqrt();
            let facing = (lean.x * half[0] + lean.y * half[1] + towards * half[2]) / len;
            light = add(light, scale(self.key, look.gloss * facing.max(0.0).powi(22)));
        }
        light
    }
}
