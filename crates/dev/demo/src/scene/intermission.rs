//! The pause: the curtain is down, two follow spots wander over it, and a sign is lit.

use super::cues::Cues;
use super::letters::write;
use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{Lights, Look, Solid, V, WIDTH, hex, scale, v};
use crate::sound::Tune;

/// The curtain and the sign.
pub(crate) struct Intermission {
    chords: Cues,
    sign: Vec<Solid>,
    swags: Vec<Solid>,
}

impl Intermission {
    pub(crate) fn new(tune: &Tune) -> Self {
        let lit = |colour, k: f32| Look::cloth([0.0; 3]).rim(0.0).lit(scale(hex(colour), k));
        let tubes = |placed: Vec<Vec<Vec<V>>>, look: Look, r: f32| -> Vec<Solid> {
            let one =
                |lines: Vec<Vec<V>>| lines.iter().fold(Solid::new(look), |solid, line| solid.line(line, r));
            placed.into_iter().filter(|l| !l.is_empty()).map(one).collect()
        };
        let title = |off: V| write("INTERMISSION", v(WIDTH / 2.0, 150.0) + off, 44.0, 0.36);
        let words = write("BACK IN A MOMENT", v(WIDTH / 2.0, 206.0), 13.0, 0.52);
        // The title: the shadow it throws, a glowing tube, and its hot core.
        let shade = tubes(title(v(2.0, 4.0)), lit(0, 0.0), 2.0);
        let mut sign: Vec<Solid> = shade.into_iter().map(|s| s.soft(7.0).alpha(0.5)).collect();
        sign.extend(tubes(title(v(0.0, 0.0)), lit(0xFF_8A_2C, 1.1), 2.3));
        sign.extend(tubes(title(v(0.0, 0.0)), lit(0xFF_DC_96, 2.5), 1.25));
        sign.extend(tubes(words, lit(0xFF_E0_B8, 0.95), 0.75));
        sign.extend(rule(lit(0xFF_B4_54, 0.8)));
        Self {
            chords: Cues::notes(tune, tune.pad.iter()),
            sign: sign.into_iter().map(Solid::fixed).collect(),
            swags: swags().into_iter().map(Solid::fixed).collect(),
        }
    }
}

/// A rule with a diamond in its middle, between the two lines.
fn rule(gold: Look) -> Vec<Solid> {
    let side =
        |k: f32| Solid::new(gold).limb(v(320.0 + 12.0 * k, 185.0), 0.9, v(320.0 + 112.0 * k, 185.0), 0.25);
    let diamond = Solid::new(gold).slab(v(320.0, 185.0), v(3.2, 3.2), 0.2, std::f32::consts::FRAC_PI_4);
    vec![side(-1.0), side(1.0), diamond]
}

/// Cloth gathered along the top, with a gold hem.
fn swags() -> Vec<Solid> {
    let mut solids = Vec::new();
    let cloth = Look::shiny(hex(0x8A_14_2C), 0.12).rim(0.2);
    let gold = Look::shiny(hex(0xE0_9C_3C), 0.5);
    let count = 5;
    let half = WIDTH / count as f32 / 2.0;
    for pass in 0..2 {
        for n in (0..count + pass).filter(|n| pass == 0 || *n <= count) {
            let x = if pass == 0 { half * (2 * n + 1) as f32 } else { half * (2 * n) as f32 };
            let (rx, ry, y) = if pass == 0 { (half * 1.16, 56.0, -8.0) } else { (17.0, 74.0, -6.0) };
            solids.push(Solid::new(gold).oval(v(x, y + 2.6), rx, ry, 0.0));
            solids.push(Solid::new(cloth).oval(v(x, y), rx, ry, 0.0));
            if pass == 0 {
                for fold in 1..4 {
                    let k = 1.0 - 0.23 * fold as f32;
                    let dark = Look::cloth(hex(0x38_04_12)).rim(0.0);
                    solids.push(Solid::new(dark).soft(6.0).alpha(0.55).ring(v(x, y), rx * k, ry * k, 1.0));
                }
            }
        }
    }
    solids
}

impl Act for Intermission {
    fn mood(&self, now: Moment) -> Mood {
        let warm = hex(0xFF_B4_54);
        let chord = self.chords.ring(now.time, 0.6);
        let spot = |phase: f32, side: f32| {
            v(320.0 + side * 120.0 * now.wave(1, phase), 168.0 + 30.0 * now.wave(2, phase + 0.1))
        };
        let (one, two) = (spot(0.0, 1.0), spot(0.0, -1.0));
        Mood {
            wall: scale(hex(0xC0_1C_3C), 0.36 + 0.02 * chord),
            discs: vec![
                (one, 104.0, scale(hex(0xFF_70_50), 0.26)),
                (two, 104.0, scale(hex(0xFF_58_6C), 0.24)),
            ],
            pool: (v(320.0, 316.0), 300.0, scale(hex(0xF0_80_50), 0.26)),
            beams: vec![
                Beam {
                    from: v(60.0, -120.0),
                    to: two,
                    half: (10.0, 84.0),
                    light: scale(hex(0xFF_A0_70), 0.15),
                },
                Beam { from: v(580.0, -120.0), to: one, half: (10.0, 84.0), light: scale(warm, 0.16) },
            ],
            footlights: 1.15,
            zoom: (1.0, v(0.0, 0.0)),
            lights: Lights {
                ambient: scale(hex(0xE0_90_90), 0.34),
                key_from: [0.0, 0.62, 0.78],
                key: scale(hex(0xFF_B8_7C), 0.46),
                rims: [(v(-0.7, 0.7), scale(warm, 0.5)), (v(0.7, 0.7), scale(warm, 0.5))],
                fade: (400.0, 500.0, 1.0),
            },
        }
    }

    fn play(&self, now: Moment, pen: &mut Pen) {
        for swag in &self.swags {
            pen.draw(swag);
        }
        let chord = self.chords.ring(now.time, 0.8);
        pen.canvas.glow(v(WIDTH / 2.0, 156.0), 250.0, scale(hex(0xFF_90_40), 0.08 + 0.07 * chord));
        for solid in &self.sign {
            pen.draw(solid);
        }
    }
}
