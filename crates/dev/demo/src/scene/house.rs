//! The house: curtain, boards, footlights, beams and dust, the same for everyone on stage.

use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{
    Canvas, Field, Finish, Frame, HEIGHT, Look, Rgb, Solid, V, WIDTH, add, hash, hex, scale, smooth, v,
};
use std::f32::consts::TAU;

/// Where the boards meet the curtain.
pub(super) const HORIZON: f32 = 292.0;
const MOTES: u32 = 110;
const LAMPS: u32 = 9;

/// A stage of one size in pixels (both sides multiples of four), ready to be lit.
pub(crate) struct Stage {
    width: usize,
    height: usize,
    /// Folds of the curtain and boards of the floor: the share of light each pixel gives back.
    cloth: Vec<f32>,
    finish: Finish,
}

/// What a thread that paints keeps from picture to picture.
pub(crate) struct Easel {
    canvas: Canvas,
    wall: Field,
    floor: Field,
    haze: Field,
    line: Vec<[f32; 4]>,
    scratch: crate::picture::Scratch,
}

impl Stage {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        let unit = HEIGHT / height as f32;
        let cloth = |n: usize| {
            let p = v((n % width) as f32 + 0.5, (n / width) as f32 + 0.5) * unit;
            if p.y < HORIZON { fold(p) } else { board(p) }
        };
        let cloth = (0..width * height).map(cloth).collect();
        Self { width, height, cloth, finish: Finish::new(width, height, HORIZON, 0.62) }
    }

    pub(crate) fn easel(&self) -> Easel {
        let field = Field::new(self.width, self.height);
        Easel {
            canvas: Canvas::new(self.width, self.height),
            wall: field.clone(),
            floor: field.clone(),
            haze: field,
            line: vec![[0.0; 4]; self.width],
            scratch: Finish::scratch(self.width, self.height),
        }
    }

    /// One picture.
    pub(crate) fn paint(&self, act: &dyn Act, now: Moment, easel: &mut Easel) -> Frame {
        let mood = act.mood(now);
        easel.wall.fill(0.0, HORIZON, |p| on_wall(&mood, p));
        easel.floor.fill(HORIZON, HEIGHT, |p| on_floor(&mood, p));
        easel.haze.fill(0.0, HEIGHT, |p| in_air(&mood.beams, p, now));
        let scale = easel.canvas.scale;
        for row in 0..self.height {
            let y = (row as f32 + 0.5) / scale;
            let field = if y < HORIZON { &easel.wall } else { &easel.floor };
            field.stretch(y, &mut easel.line);
            let cloth = &self.cloth[row * self.width..][..self.width];
            for ((px, light), share) in easel.canvas.row(row).iter_mut().zip(&easel.line).zip(cloth) {
                *px = [light[0] * share, light[1] * share, light[2] * share, 0.0];
            }
        }
        let mut pen = Pen { canvas: &mut easel.canvas, lights: mood.lights };
        pen.canvas.look(mood.zoom.0, mood.zoom.1);
        act.play(now, &mut pen);
        pen.canvas.look(1.0, v(0.0, 0.0));
        footlights(&mut pen, mood.footlights, now);
        dust(&mut easel.canvas, &easel.haze, now);
        self.finish.finish(&easel.canvas, &easel.haze, &mut easel.scratch)
    }
}

/// Heavy cloth: folds of uneven width, deeper towards the floor.
fn fold(p: V) -> f32 {
    let bend = 5.0 * (p.y / 130.0 + p.x / 90.0).sin() + 9.0 * (p.x / 61.0).sin();
    let wide = (TAU * (p.x + bend) / 38.0).sin();
    let fine = (TAU * (p.x - bend * 0.6) / 16.3 + 1.0).sin();
    let depth = 0.30 + 0.12 * smooth(0.0, HORIZON, p.y);
    let share = 0.62 + depth * wide + 0.07 * fine;
    // The hem lies in shadow.
    share.max(0.05) * (1.0 - 0.6 * smooth(HORIZON - 16.0, HORIZON, p.y))
}

/// Boards that run towards the back.
fn board(p: V) -> f32 {
    let depth = (p.y - HORIZON + 34.0) / 34.0;
    let across = (p.x - WIDTH / 2.0) / depth / 15.0;
    let (number, part) = (across.floor(), across - across.floor());
    let gap = smooth(0.0, 0.09, part) * smooth(1.0, 0.91, part);
    let tint = 0.86 + 0.22 * hash((number as i32 + 1000) as u32);
    // Far away the gaps are finer than pixels.
    let seen = smooth(2.0, 30.0, p.y - HORIZON);
    tint * (1.0 - 0.5 * seen * (1.0 - gap))
}

fn on_wall(mood: &Mood, p: V) -> Rgb {
    let height = 0.45 + 0.55 * smooth(-20.0, 230.0, p.y);
    let side = 1.0 - 0.72 * smooth(90.0, 330.0, (p.x - WIDTH / 2.0).abs());
    let mut light = scale(mood.wall, height * side);
    for (c, r, colour) in &mood.discs {
        let d = (p - *c).len() / r;
        let spot = smooth(1.05, 0.93, d) * (1.0 - 0.35 * d * d) + 0.20 * (-0.9 * d * d).exp();
        light = add(light, scale(*colour, spot));
    }
    light
}

fn on_floor(mood: &Mood, p: V) -> Rgb {
    let (c, half, colour) = mood.pool;
    let d = v((p.x - c.x) / half, (p.y - c.y) / (half * 0.24)).len();
    let pool = 0.85 * smooth(1.30, 0.40, d) + 0.15 * (-0.5 * d * d).exp();
    // The front lamps warm the edge of the boards.
    let edge = mood.footlights * smooth(318.0, 358.0, p.y) * 0.10;
    add(add(scale(colour, pool), scale(mood.wall, 0.16)), scale(hex(0xFF_B4_54), edge))
}

fn in_air(beams: &[Beam], p: V, now: Moment) -> Rgb {
    // The house is never quite black: LOOK's ground colour, a little lighter above.
    let mut light = [0.0022, 0.0010, 0.0040];
    for beam in beams {
        let line = beam.to - beam.from;
        let (length, dir) = (line.len(), line.unit());
        let from = p - beam.from;
        let (along, across) = (from.dot(dir) / length, from.dot(v(-dir.y, dir.x)));
        if along < -0.02 {
            continue;
        }
        let half = beam.half.0 + (beam.half.1 - beam.half.0) * along;
        let u = across / half;
        if u.abs() > 1.6 {
            continue;
        }
        let cone = smooth(1.35, 0.35, u.abs()) * (0.72 + 0.28 * (1.0 - u * u).max(0.0));
        // Far from the lamp the same light fills more air, and then it has met something.
        let fall = 1.0 / (1.0 + 2.2 * along.max(0.0)) * smooth(1.35, 0.75, along);
        let smoke = 0.80
            + 0.13 * (p.x / 47.0 + p.y / 83.0 + TAU * turn(now, 2)).sin()
            + 0.10 * (p.y / 39.0 - p.x / 71.0 - TAU * turn(now, 3)).sin()
            + 0.05 * (p.x / 19.0 + p.y / 23.0 + TAU * turn(now, 5)).sin();
        light = add(light, scale(beam.light, cone * fall * smoke));
    }
    light
}

fn turn(now: Moment, cycles: u32) -> f32 {
    (now.time / now.length * f64::from(cycles)).fract() as f32
}

/// Specks that hang in the light, some of them near and out of focus.
fn dust(canvas: &mut Canvas, haze: &Field, now: Moment) {
    for n in 0..MOTES {
        let random = |k: u32| hash(n * 8 + k);
        let sink = turn(now, 1 + (n % 2));
        let x = (random(0) * WIDTH + 16.0 * now.wave(1 + n % 3, random(1))).rem_euclid(WIDTH);
        let y = (random(2) + sink) * (HEIGHT + 40.0);
        let c = v(x, y.rem_euclid(HEIGHT + 40.0) - 20.0);
        let light = haze.at(c);
        let twinkle = 0.55 + 0.45 * now.wave(3 + n % 5, random(3));
        let near = n.is_multiple_of(9);
        let (r, k) = if near { (3.5 + 4.0 * random(4), 0.22) } else { (0.9 + 0.9 * random(4), 2.3) };
        canvas.speck(c, r, scale(light, k * twinkle));
    }
}

/// Small shells with warm lamps along the edge of the stage.
fn footlights(pen: &mut Pen, power: f32, now: Moment) {
    let warm = hex(0xFF_B4_54);
    for n in 0..LAMPS {
        let x = WIDTH * (n as f32 + 0.5) / LAMPS as f32;
        let breath = power * (1.0 + 0.06 * now.wave(7 + n % 4, hash(n)));
        pen.canvas.glow(v(x, 352.0), 52.0, scale(warm, 0.13 * breath));
        pen.canvas.glow(v(x, 351.0), 17.0, scale(warm, 0.6 * breath));
        pen.canvas.speck(v(x, 350.5), 5.0, scale(hex(0xFF_D9_9A), 1.5 * breath));
        // The back of the shell, which keeps the lamp from our eyes.
        pen.draw(&Solid::new(Look::cloth([0.012, 0.006, 0.010]).rim(0.0)).oval(v(x, 360.0), 11.0, 8.0, 0.0));
    }
}
