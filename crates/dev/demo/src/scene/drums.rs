//! The drummer behind the kit: brass flashes when it is struck.

use super::cues::{Cues, glide};
use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{Lights, Look, Solid, V, elbow, hex, scale, v};
use crate::sound::{Drum, Tune};

const RIDE: V = v(478.0, 150.0);
const CRASH: V = v(176.0, 126.0);
const HAT: V = v(140.0, 196.0);
const SNARE: V = v(214.0, 214.0);
const FLOOR: V = v(438.0, 216.0);
/// The middle of the bass drum.
const KICK: V = v(320.0, 256.0);
const SMALL: V = v(362.0, 174.0);

/// The drummer, in sea green and brass.
pub(crate) struct Drums {
    left: Hand,
    right: Hand,
    kick: Cues,
    ride: Cues,
    crash: Cues,
    hat: Cues,
    floor: Cues,
    small: Cues,
    snare: Cues,
    hardware: Vec<Solid>,
    bass_drum: Vec<Solid>,
}

/// What one hand plays, and where.
struct Hand {
    cues: Cues,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Hand {
    fn new(tune: &Tune, places: &[(Drum, V)]) -> Self {
        let place = |drum: Drum| places.iter().find(|(d, _)| *d == drum).map(|(_, at)| *at);
        let mut hits: Vec<_> = tune.hits.iter().filter_map(|h| Some((h, place(h.drum)?))).collect();
        hits.sort_by(|a, b| a.0.start.total_cmp(&b.0.start));
        // One hand cannot be in two places: what comes with another hit is the other's.
        hits.dedup_by(|b, a| b.0.start - a.0.start < 0.1);
        Self {
            cues: Cues::new(tune, hits.iter().map(|(h, _)| (h.start, h.force))),
            x: hits.iter().map(|(_, at)| at.x).collect(),
            y: hits.iter().map(|(_, at)| at.y).collect(),
        }
    }

    /// Where the tip of the stick is.
    fn tip(&self, time: f64) -> V {
        let x = glide(&self.cues, &self.x, time, 0.5);
        let y = glide(&self.cues, &self.y, time, 0.5);
        v(x, y - 42.0 * self.cues.lift(time))
    }
}

impl Drums {
    pub(crate) fn new(tune: &Tune) -> Self {
        let hits = |drum: &[Drum]| Cues::hits(tune, drum);
        Self {
            left: Hand::new(tune, &[(Drum::Brush, SNARE), (Drum::Rim, SNARE), (Drum::Crash, CRASH)]),
            right: Hand::new(
                tune,
                &[(Drum::Low, FLOOR), (Drum::High, SMALL), (Drum::Ride, RIDE + v(-26.0, -2.0))],
            ),
            kick: hits(&[Drum::Kick]),
            ride: hits(&[Drum::Ride]),
            crash: hits(&[Drum::Crash]),
            hat: hits(&[Drum::Shaker]),
            floor: hits(&[Drum::Low]),
            small: hits(&[Drum::High]),
            snare: hits(&[Drum::Brush]),
            hardware: hardware().into_iter().map(Solid::fixed).collect(),
            bass_drum: bass_drum().into_iter().map(Solid::fixed).collect(),
        }
    }
}

fn shell() -> Look {
    Look::shiny(hex(0x1E_8A_84), 0.5)
}

fn chrome() -> Look {
    Look::shiny(hex(0xA8_B4_B8), 0.9)
}

/// The drums with skins: the middle of the skin, and half the width and height of the shell.
const DRUMS: [(V, V); 4] = [
    (SNARE, v(38.0, 14.0)),
    (v(278.0, 176.0), v(35.0, 17.0)),
    (SMALL, v(35.0, 17.0)),
    (FLOOR, v(42.0, 36.0)),
];

/// A drum seen from the front and a little from above, without its skin.
fn drum((top, half): (V, V)) -> Vec<Solid> {
    let foot = top + v(0.0, 2.0 * half.y - 2.0);
    let body = Solid::new(shell()).blend(2.0).slab(top + v(0.0, half.y), half, 5.0, 0.0);
    let mut solids = vec![body.oval(foot, half.x, half.x * 0.17, 0.0)];
    for lug in [-0.62, -0.05, 0.5] {
        let x = top.x + half.x * lug;
        solids.push(Solid::new(chrome()).limb(v(x, top.y + 8.0), 1.1, v(x, top.y + half.y * 1.6), 1.1));
    }
    solids.push(Solid::new(chrome()).oval(top + v(0.0, 2.5), half.x + 1.5, half.x * 0.22, 0.0));
    solids
}

/// A skin, which lights up when struck.
fn skin_of((top, half): (V, V), struck: f32) -> Solid {
    let skin = Look::cloth(hex(0xE8_DC_C4)).rim(0.1).lit(scale(hex(0xFF_C8_80), 0.5 * struck));
    Solid::new(skin).oval(top, half.x - 1.0, half.x * 0.22 - 1.5, 0.0)
}

/// What stands before the drummer and does not move.
fn hardware() -> Vec<Solid> {
    let mut solids = vec![Solid::new(chrome()).limb(HAT + v(0.0, -14.0), 1.3, HAT + v(0.0, 110.0), 1.8)];
    for x in [-26.0, 26.0] {
        solids.push(Solid::new(chrome()).limb(SNARE + v(0.0, 40.0), 1.6, SNARE + v(x, 96.0), 1.6));
    }
    for x in [-30.0, 30.0] {
        solids.push(Solid::new(chrome()).limb(FLOOR + v(x, 30.0), 1.6, FLOOR + v(x * 1.1, 94.0), 1.6));
    }
    solids.extend(DRUMS.into_iter().flat_map(drum));
    solids
}

/// A cymbal that rocks on its stand when struck, and throws light.
fn cymbal(pen: &mut Pen, at: V, size: V, lean: f32, foot: V, struck: (f32, f32)) {
    let (force, since) = struck;
    let angle = lean + 0.13 * force * (since * 11.0).sin();
    pen.draw(&Solid::new(chrome()).limb(foot, 1.8, at, 1.4));
    let brass = Look::shiny(hex(0xC8_8E_34), 1.0).lit(scale(hex(0xFF_B0_48), 0.06 + 0.85 * force));
    pen.draw(&Solid::new(brass).oval(at, size.x, size.y, angle));
    let groove = Look::shiny(hex(0xE8_B4_58), 1.0).rim(0.2).lit(scale(hex(0xFF_C8_70), 0.04 + 0.7 * force));
    pen.draw(&Solid::new(groove).alpha(0.7).oval(
        at + v(0.0, -size.y * 0.18),
        size.x * 0.66,
        size.y * 0.55,
        angle,
    ));
    pen.draw(&Solid::new(brass).oval(at + v(0.0, -size.y * 0.5), size.x * 0.2, size.y * 0.62, angle));
    pen.canvas.glow(at, size.x * 1.7, scale(hex(0xFF_B4_54), 0.42 * force));
}

impl Act for Drums {
    fn mood(&self, now: Moment) -> Mood {
        let kick = self.kick.ring(now.time, 3.0);
        let warm = hex(0xFF_B4_54);
        let follow = v(320.0 + 5.0 * now.wave(1, 0.2), 128.0 + 3.0 * now.wave(2, 0.5));
        Mood {
            wall: scale(hex(0x1A_6A_66), 0.29),
            discs: vec![(follow, 134.0, scale(hex(0x3C_C0_AC), 0.30 + 0.05 * kick))],
            pool: (v(320.0, 314.0), 280.0, scale(hex(0x5C_B8_A4), 0.25)),
            beams: vec![
                Beam {
                    from: v(180.0, -80.0),
                    to: v(300.0, 270.0),
                    half: (14.0, 116.0),
                    light: scale(hex(0x6C_E0_C8), 0.20),
                },
                Beam {
                    from: v(500.0 + 10.0 * now.wave(1, 0.0), -80.0),
                    to: v(370.0, 270.0),
                    half: (12.0, 96.0),
                    light: scale(warm, 0.17),
                },
            ],
            footlights: 0.8,
            zoom: (1.14, v(316.0, 322.0)),
            lights: Lights {
                ambient: scale(hex(0x48_90_A0), 0.20),
                key_from: [0.30, -0.64, 0.70],
                key: scale(hex(0xFF_D0_98), 0.58),
                rims: [(v(-0.8, -0.6), scale(hex(0x5C_F0_D4), 2.0)), (v(0.8, -0.6), scale(warm, 2.3))],
                fade: (210.0, 330.0, 0.40),
            },
        }
    }

    fn play(&self, now: Moment, pen: &mut Pen) {
        let time = now.time;
        let struck = |cues: &Cues, fade: f32| (cues.ring(time, fade), cues.last(time).1);
        let sway = 3.5 * now.wave(8, 0.1);
        cymbal(pen, CRASH, v(54.0, 9.5), -0.20, v(196.0, 300.0), struck(&self.crash, 1.3));
        cymbal(pen, RIDE, v(62.0, 11.0), 0.20, v(458.0, 300.0), struck(&self.ride, 3.2));
        player(pen, sway, 2.6 * now.wave(16, 0.2));
        // Hi-hat: the foot closes it.
        let shut = self.hat.ring(time, 7.0);
        for solid in &self.hardware {
            pen.draw(solid);
        }
        let brass = Look::shiny(hex(0xC8_8E_34), 1.0).lit(scale(hex(0xFF_B0_48), 0.04 + 0.3 * shut));
        let gap = 6.0 - 7.0 * shut.min(0.6);
        pen.draw(&Solid::new(brass).oval(HAT + v(0.0, gap), 40.0, 5.0, 0.0));
        pen.draw(&Solid::new(brass).oval(HAT, 40.0, 5.0, 0.0).oval(HAT + v(0.0, -4.0), 9.0, 4.0, 0.0));
        let struck =
            [self.snare.ring(time, 5.0), 0.0, self.small.ring(time, 5.0), self.floor.ring(time, 5.0)];
        for (drum, struck) in DRUMS.into_iter().zip(struck) {
            pen.draw(&skin_of(drum, struck));
        }
        for solid in &self.bass_drum {
            pen.draw(solid);
        }
        let struck = self.kick.ring(time, 5.0);
        pen.canvas.glow(KICK, 86.0, scale(hex(0xFF_B4_54), 0.42 * struck));
        arms(pen, sway, [self.left.tip(time), self.right.tip(time)]);
    }
}

/// The bass drum: on its skin a sun in gold, for the house of one bright light.
fn bass_drum() -> Vec<Solid> {
    let leg = |side: f32| {
        Solid::new(chrome()).limb(KICK + v(44.0 * side, 30.0), 2.0, KICK + v(66.0 * side, 58.0), 1.6)
    };
    let skin = Look::cloth(hex(0x2E_2A_34)).rim(0.0);
    let gold = Look::shiny(hex(0xFF_B4_54), 0.3).rim(0.1).lit(scale(hex(0xFF_A0_38), 0.08));
    let mut solids = vec![
        leg(-1.0),
        leg(1.0),
        Solid::new(shell()).oval(KICK, 58.0, 58.0, 0.0),
        Solid::new(chrome().rim(0.2)).ring(KICK, 53.0, 53.0, 1.6),
        Solid::new(skin).oval(KICK, 50.0, 50.0, 0.0),
        Solid::new(gold).ring(KICK, 41.0, 41.0, 0.9),
        Solid::new(gold).oval(KICK + v(0.0, 3.0), 11.0, 11.0, 0.0),
    ];
    for ray in 0..12 {
        let way = v(0.0, -1.0).turn(std::f32::consts::TAU * ray as f32 / 12.0);
        let from = KICK + v(0.0, 3.0);
        let reach = if ray % 2 == 0 { 30.0 } else { 24.0 };
        solids.push(Solid::new(gold).limb(from + way * 16.0, 1.8, from + way * reach, 0.5));
    }
    solids
}

fn skin() -> Look {
    Look::shiny(hex(0xC0_84_5C), 0.10)
}

fn shirt() -> Look {
    Look::shiny(hex(0x16_24_30), 0.04)
}

fn player(pen: &mut Pen, s: f32, bob: f32) {
    let head = v(320.0 + s * 1.4, 98.0 + bob);
    pen.draw(&Solid::new(skin()).limb(v(320.0 + s, 124.0), 10.0, head, 9.0));
    pen.draw(
        &Solid::new(shirt()).blend(14.0).limb(v(320.0 + s * 0.7, 160.0), 33.0, v(320.0, 226.0), 27.0).limb(
            v(287.0 + s, 137.0),
            14.0,
            v(353.0 + s, 137.0),
            14.0,
        ),
    );
    let hair = Look::shiny(hex(0x1C_0C_0C), 0.08);
    pen.draw(&Solid::new(hair).blend(5.0).oval(head + v(0.0, -8.0), 19.0, 17.0, 0.0).oval(
        head + v(0.0, -25.0),
        9.0,
        8.0,
        0.0,
    ));
    pen.draw(&Solid::new(skin()).blend(5.0).oval(head, 15.5, 19.0, 0.0).limb(
        head + v(-3.0, 13.0),
        7.0,
        head + v(3.0, 13.0),
        7.0,
    ));
    pen.draw(&Solid::new(hair).blend(5.0).limb(head + v(-14.0, -9.0), 3.0, head + v(-4.0, -19.0), 5.0).limb(
        head + v(-4.0, -19.0),
        5.0,
        head + v(14.0, -9.0),
        3.0,
    ));
}

/// Both arms and the shoulders they hang from, over the drums.
fn arms(pen: &mut Pen, s: f32, tips: [V; 2]) {
    let shoulders = [v(287.0 + s, 137.0), v(353.0 + s, 137.0)];
    let hands = [0, 1].map(|n| tips[n] + (shoulders[n] + v(0.0, 26.0) - tips[n]).unit() * 50.0);
    let elbows = [0, 1].map(|n| elbow(shoulders[n], hands[n], 50.0, 50.0, [-1.0, 1.0][n]));
    let mut sleeves = Solid::new(shirt()).blend(12.0);
    sleeves = sleeves.limb(shoulders[0], 14.0, shoulders[1], 14.0);
    sleeves = sleeves.limb(v(306.0 + s, 148.0), 21.0, v(334.0 + s, 148.0), 21.0);
    for n in 0..2 {
        sleeves = sleeves.limb(shoulders[n], 14.0, elbows[n], 10.5);
    }
    pen.draw(&sleeves);
    let braces = Look::cloth(hex(0xD8_8A_30)).rim(0.0);
    for side in [-1.0, 1.0] {
        let (a, b) = (v(320.0 + 20.0 * side + s, 125.0), v(320.0 + 18.0 * side + s, 166.0));
        pen.draw(&Solid::new(braces).limb(a, 2.4, b, 2.4));
    }
    let stick = Look::shiny(hex(0xE8_C8_94), 0.3).lit(scale(hex(0xFF_D8_A0), 0.06));
    for n in 0..2 {
        let (hand, tip) = (hands[n], tips[n]);
        let end = hand + (hand - tip).unit() * 12.0;
        pen.draw(&Solid::new(stick).limb(end, 1.5, tip, 1.4).oval(tip, 2.3, 2.3, 0.0));
        pen.draw(&Solid::new(skin()).blend(4.0).limb(elbows[n], 8.5, hand, 5.4).oval(hand, 7.0, 6.5, 0.0));
        let roll = elbows[n] + (hand - elbows[n]) * 0.16;
        pen.draw(&Solid::new(shirt()).limb(elbows[n], 10.5, roll, 10.0));
    }
}
