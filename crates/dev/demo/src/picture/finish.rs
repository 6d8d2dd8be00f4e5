//! From linear light to video: reflections, bloom, haze, film curve, BT.709 samples.

use super::canvas::Canvas;
use super::field::{Field, STEP};
use super::geometry::{hex, smooth};

/// One coded-ready picture: planes Y, U, V of 4:2:0, BT.709, limited range.
pub(crate) type Frame = Vec<u8>;

/// Where the film curve's table ends; brighter light is white.
const BRIGHTEST: f32 = 6.0;
const TABLE: usize = 1 << 14;

/// What does not change from picture to picture.
pub(crate) struct Finish {
    tone: Vec<f32>,
    /// Darkening towards the corners.
    vignette: Vec<f32>,
    /// Half a step of noise, always the same, so that soft light has no bands.
    dither: Vec<f32>,
    /// Height of the stage's edge (design units); what is above is mirrored below it.
    horizon: f32,
    /// Share of light that the floor gives back.
    mirror: f32,
}

/// What one thread needs besides its canvas.
pub(crate) struct Scratch {
    small: Field,
    bloom: Field,
    spare: Vec<[f32; 4]>,
}

impl Finish {
    pub(crate) fn new(width: usize, height: usize, horizon: f32, mirror: f32) -> Self {
        let tone = (0..=TABLE + 1).map(|n| film(BRIGHTEST * n as f32 / TABLE as f32)).collect();
        let at = |n: usize| ((n % width) as f32, (n / width) as f32);
        let vignette = |n| {
            let (x, y) = at(n);
            let (x, y) = (x / width as f32 - 0.5, y / height as f32 - 0.48);
            1.0 - 0.72 * smooth(0.28, 0.78, (x * x * 0.92 + y * y * 1.1).sqrt())
        };
        // Interleaved gradient noise (Jimenez 2014).
        let dither = |n| {
            let (x, y) = at(n);
            (52.982_918 * (0.067_110_56 * x + 0.005_837_15 * y).fract()).fract() - 0.5
        };
        let all = width * height;
        Self {
            tone,
            vignette: (0..all).map(vignette).collect(),
            dither: (0..all).map(dither).collect(),
            horizon,
            mirror,
        }
    }

    pub(crate) fn scratch(width: usize, height: usize) -> Scratch {
        let field = Field::new(width, height);
        Scratch { bloom: field.clone(), small: field, spare: Vec::new() }
    }

    /// Adds what light does in lenses and air (`haze`), and makes video of it.
    pub(crate) fn finish(&self, canvas: &Canvas, haze: &Field, work: &mut Scratch) -> Frame {
        self.gather(canvas, work);
        let (width, height) = (canvas.width, canvas.height);
        let mut frame = vec![128u8; width * height * 3 / 2];
        let (luma, chroma) = frame.split_at_mut(width * height);
        let (blue, red) = chroma.split_at_mut(width * height / 4);
        let mut line = vec![[0.0f32; 4]; width];
        let mut colour = vec![[0.0f32; 2]; width / 2];
        let (mut air, mut flare, mut glass) = (line.clone(), line.clone(), line.clone());
        for row in 0..height {
            let y = (row as f32 + 0.5) / canvas.scale;
            haze.stretch(y, &mut air);
            work.bloom.stretch(y, &mut flare);
            let depth = y - self.horizon;
            let strength = if depth > 0.0 { self.mirror * (1.0 - smooth(0.0, 90.0, depth)) } else { 0.0 };
            if strength > 0.0 {
                work.small.stretch(self.horizon - depth * 1.15, &mut glass);
            }
            let start = row * width;
            let pixels = &canvas.pixels()[start..start + width];
            let shadow = &self.vignette[start..start + width];
            for x in 0..width {
                let (px, glass, flare, air) = (&pixels[x], &glass[x], &flare[x], &air[x]);
                let bare = strength * (1.0 - px[3]);
                // What stands in front has less lit air before it.
                let clear = 1.0 - 0.62 * px[3];
                let to = &mut line[x];
                for c in 0..4 {
                    let light = (px[c] + glass[c] * bare) * 0.96 + flare[c] + air[c] * clear;
                    to[c] = light * shadow[x];
                }
            }
            let samples = &mut luma[start..start + width];
            self.encode(&line, &self.dither[start..start + width], samples, &mut colour, row % 2 == 0);
            if row % 2 == 1 {
                let half = row / 2 * width / 2;
                for (x, [b, r]) in colour.iter().enumerate() {
                    blue[half + x] = (128.5 + b).clamp(16.0, 240.0) as u8;
                    red[half + x] = (128.5 + r).clamp(16.0, 240.0) as u8;
                }
            }
        }
        frame
    }

    /// A small blurred copy for the mirror, and one of the brightest parts for the bloom.
    fn gather(&self, canvas: &Canvas, work: &mut Scratch) {
        let share = 1.0 / (STEP * STEP) as f32;
        let wide = work.small.width;
        work.small.data.fill([0.0; 4]);
        for (row, pixels) in canvas.pixels().chunks_exact(canvas.width).enumerate() {
            let line = &mut work.small.data[row / STEP * wide..][..wide];
            for (to, four) in line.iter_mut().zip(pixels.chunks_exact(STEP)) {
                for px in four {
                    for c in 0..4 {
                        to[c] += px[c] * share;
                    }
                }
            }
        }
        for (to, from) in work.bloom.data.iter_mut().zip(&work.small.data) {
            for c in 0..4 {
                to[c] = (from[c] - 0.55).clamp(0.0, 2.5) * 0.34 + from[c] * 0.03;
            }
        }
        let reach = wide / 40;
        for reach in [reach, reach, reach / 2] {
            work.bloom.blur(reach, &mut work.spare);
        }
        work.small.blur(1, &mut work.spare);
    }

    /// One row: luma to `samples`; chroma summed over two rows by two columns in `colour`.
    fn encode(
        &self,
        line: &[[f32; 4]],
        dither: &[f32],
        samples: &mut [u8],
        colour: &mut [[f32; 2]],
        first: bool,
    ) {
        let last = TABLE as f32 - 0.5;
        let curve = |c: f32| {
            let place = (c * (TABLE as f32 / BRIGHTEST)).clamp(0.0, last);
            let at = place as usize;
            let (low, high) = (self.tone[at], self.tone[at + 1]);
            low + (high - low) * (place - at as f32)
        };
        // ITU-R BT.709-6, items 3.2 to 3.5.
        const SHARE: f32 = 224.0 * 0.25;
        for (two, (to, (out, noise))) in line
            .chunks_exact(2)
            .zip(colour.iter_mut().zip(samples.chunks_exact_mut(2).zip(dither.chunks_exact(2))))
        {
            let (mut blue, mut red) = if first { (0.0, 0.0) } else { (to[0], to[1]) };
            for x in 0..2 {
                let (r, g, b) = (curve(two[x][0]), curve(two[x][1]), curve(two[x][2]));
                let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
                out[x] = (16.5 + 219.0 * y + noise[x]).clamp(16.0, 235.0) as u8;
                blue += (b - y) * (SHARE / 1.8556);
                red += (r - y) * (SHARE / 1.5748);
            }
            *to = [blue, red];
        }
    }
}

/// The film curve: light to a video signal of 0 to 1, with the house's ground as black.
fn film(light: f32) -> f32 {
    let ground = hex(0x0E_0B12)[1];
    let exposed = 1.0 - (-1.5 * light).exp();
    let value = (exposed + ground).min(1.0);
    let signal = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
    // Deeper shadows and clearer lights than a straight line gives.
    signal + 0.32 * (smooth(0.0, 1.0, signal) - signal)
}
