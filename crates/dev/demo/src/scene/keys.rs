//! The pianist, seen from the side, at a grand piano with its lid up.

use super::cues::Cues;
use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{Lights, Look, Solid, V, add, curve, elbow, hex, scale, v};
use crate::sound::Tune;

/// The pianist and the piano, in amber and plum.
pub(crate) struct Keys {
    /// Chords, which both hands play.
    chords: Cues,
    /// Every note, for the right hand.
    notes: Cues,
    piano: Vec<Solid>,
    lid: Solid,
}

impl Keys {
    pub(crate) fn new(tune: &Tune) -> Self {
        let whole = |n: &&crate::sound::Note| n.start.fract() == 0.0 && n.beats > 2.0;
        Self {
            chords: Cues::notes(tune, tune.keys.iter().filter(whole)),
            notes: Cues::notes(tune, tune.keys.iter().filter(|n| (n.start * 2.0).fract() == 0.0)),
            piano: piano().into_iter().map(Solid::fixed).collect(),
            lid: lid().fixed(),
        }
    }
}

fn lacquer() -> Look {
    Look::shiny(hex(0x1E_12_18), 0.55)
}

fn lid() -> Solid {
    let edge = [
        v(322.0, 206.0),
        v(330.0, 132.0),
        v(352.0, 74.0),
        v(408.0, 50.0),
        v(474.0, 66.0),
        v(530.0, 108.0),
        v(572.0, 160.0),
        v(598.0, 208.0),
    ];
    Solid::new(Look::shiny(hex(0x4A_26_14), 0.15).rim(0.9)).outline(curve(&edge, false, 4), 4.0)
}

fn piano() -> Vec<Solid> {
    let brass = Look::shiny(hex(0xC8_8A_3C), 0.7);
    vec![
        Solid::new(lacquer()).limb(v(440.0, 202.0), 2.2, v(466.0, 92.0), 1.8),
        Solid::new(lacquer())
            .limb(v(330.0, 240.0), 8.5, v(327.0, 304.0), 4.5)
            .limb(v(566.0, 240.0), 8.5, v(570.0, 304.0), 4.5)
            .limb(v(384.0, 240.0), 3.0, v(384.0, 298.0), 3.0)
            .limb(v(376.0, 300.0), 3.0, v(394.0, 300.0), 3.0),
        Solid::new(brass).oval(v(327.0, 305.0), 4.0, 4.0, 0.0).oval(v(570.0, 305.0), 4.0, 4.0, 0.0),
        Solid::new(lacquer()).blend(6.0).slab(v(450.0, 226.0), v(150.0, 22.0), 16.0, 0.0).slab(
            v(312.0, 229.0),
            v(30.0, 11.0),
            5.0,
            0.0,
        ),
        // A fine line of brass along the case, and the keys.
        Solid::new(brass).limb(v(330.0, 243.0), 0.7, v(582.0, 243.0), 0.7),
        Solid::new(Look::shiny(hex(0xF4_E6_CC), 0.3)).slab(v(308.0, 217.0), v(24.0, 2.6), 1.5, 0.0),
        Solid::new(lacquer()).slab(v(341.0, 208.0), v(9.0, 10.0), 3.0, 0.0),
        // Music on its desk.
        Solid::new(lacquer()).limb(v(350.0, 204.0), 2.2, v(362.0, 160.0), 2.0),
        Solid::new(Look::cloth(hex(0xF6_E2_BE)).rim(0.3)).slab(v(353.0, 178.0), v(2.4, 21.0), 1.0, 0.27),
        // The stool.
        Solid::new(lacquer()).limb(v(180.0, 262.0), 4.0, v(174.0, 305.0), 3.0).limb(
            v(226.0, 262.0),
            4.0,
            v(232.0, 305.0),
            3.0,
        ),
        Solid::new(Look::cloth(hex(0x6A_1F_34))).slab(v(203.0, 257.0), v(32.0, 8.0), 6.0, 0.0),
    ]
}

impl Act for Keys {
    fn mood(&self, now: Moment) -> Mood {
        let chord = self.chords.ring(now.time, 0.9);
        let amber = hex(0xFF_B4_54);
        let follow = v(300.0 + 5.0 * now.wave(2, 0.1), 140.0 + 3.0 * now.wave(3, 0.4));
        Mood {
            wall: scale(hex(0x6E_34_6A), 0.36),
            discs: vec![(follow, 148.0, scale(hex(0xF0_9A_48), 0.34 + 0.05 * chord))],
            pool: (v(320.0, 312.0), 290.0, scale(hex(0xE0_8E_48), 0.27)),
            beams: vec![
                Beam {
                    from: v(70.0, -70.0),
                    to: follow + v(-20.0, 90.0),
                    half: (16.0, 120.0),
                    light: scale(amber, 0.26),
                },
                Beam {
                    from: v(610.0, -60.0),
                    to: v(440.0 + 8.0 * now.wave(1, 0.3), 280.0),
                    half: (12.0, 80.0),
                    light: scale(hex(0x9A_5C_E0), 0.20),
                },
            ],
            footlights: 0.8,
            zoom: (1.07, v(330.0, 316.0)),
            lights: Lights {
                ambient: scale(hex(0x7A_5A_A8), 0.20),
                key_from: [-0.42, -0.66, 0.62],
                key: scale(hex(0xFF_C8_86), 0.60),
                rims: [(v(-0.8, -0.6), scale(amber, 2.5)), (v(0.86, -0.5), scale(hex(0xB0_78_FF), 1.3))],
                fade: (200.0, 320.0, 0.35),
            },
        }
    }

    fn play(&self, now: Moment, pen: &mut Pen) {
        let sway = 4.5 * now.wave(8, 0.0) + 2.0 * now.wave(3, 0.3);
        let chord = self.chords.ring(now.time, 1.1);
        let lamp = v(384.0, 148.0);
        pen.draw(&self.lid);
        // What the strings throw up against the lid.
        pen.canvas.glow(v(450.0, 206.0), 170.0, scale(hex(0xFF_9A_3C), 0.10 + 0.34 * chord));
        for solid in &self.piano {
            pen.draw(solid);
        }
        let flicker = 1.0 + 0.05 * now.wave(37, 0.0) + 0.04 * now.wave(53, 0.2);
        let foot = lamp + v(0.0, 58.0);
        let brass = Look::shiny(hex(0xC8_8A_3C), 0.7);
        pen.draw(
            &Solid::new(brass).blend(3.0).limb(foot, 1.6, lamp + v(0.0, 24.0), 1.6).oval(foot, 9.0, 2.4, 0.0),
        );
        pen.draw(&Solid::new(Look::cloth(hex(0xFF_E8_C0))).limb(
            lamp + v(0.0, 24.0),
            2.6,
            lamp + v(0.0, 7.0),
            2.4,
        ));
        pen.canvas.glow(lamp, 54.0, scale(hex(0xFF_A8_4A), 0.42 * flicker));
        pen.canvas.speck(lamp, 4.6, scale(hex(0xFF_E2_A8), 2.6 * flicker));

        let (low, high) = (self.chords.lift(now.time), self.notes.lift(now.time));
        let drift = 6.0 * now.wave(8, 0.2) + 4.0 * now.wave(5, 0.0);
        let far = v(318.0 - drift * 0.4, 210.0 - 22.0 * low);
        let near = v(303.0 + drift * 0.7, 211.0 - 15.0 * high);
        let body = Body { sway, nod: 2.5 * now.wave(16, 0.1) - 4.0 * chord };
        body.arm(pen, far, v(4.0, -3.0), 0.7);
        body.draw(pen);
        body.arm(pen, near, v(0.0, 0.0), 1.0);
    }
}

struct Body {
    sway: f32,
    nod: f32,
}

impl Body {
    fn cloth() -> Look {
        Look::shiny(hex(0x20_14_30), 0.06)
    }

    fn skin() -> Look {
        Look::shiny(hex(0xA8_68_48), 0.10)
    }

    fn arm(&self, pen: &mut Pen, hand: V, off: V, light: f32) {
        let shoulder = v(218.0 + self.sway, 166.0) + off;
        let joint = elbow(shoulder, hand, 52.0, 54.0, 1.0);
        let wrist = joint + (hand - joint) * 0.84;
        let dim = |look: Look| Look { base: scale(look.base, light), ..look };
        pen.draw(&Solid::new(dim(Self::skin())).blend(4.0).limb(wrist, 5.2, hand, 5.0).limb(
            hand,
            4.6,
            hand + v(9.0, 5.0),
            2.4,
        ));
        let sleeve = Solid::new(dim(Self::cloth())).blend(5.0);
        pen.draw(&sleeve.limb(shoulder, 14.0, joint, 9.5).limb(joint, 9.5, wrist, 6.5));
    }

    fn draw(&self, pen: &mut Pen) {
        let s = self.sway;
        let (hip, knee) = (v(200.0, 236.0), v(270.0, 240.0));
        let (chest, neck) = (v(211.0 + s * 0.8, 176.0), v(222.0 + s * 1.2, 148.0));
        let head = v(234.0 + s * 1.5, 120.0 - self.nod * 0.5);
        pen.draw(
            &Solid::new(Self::cloth())
                .blend(10.0)
                .limb(hip, 17.0, knee, 13.0)
                .limb(knee, 12.0, v(266.0, 292.0), 8.0)
                .limb(v(262.0, 301.0), 6.0, v(288.0, 304.0), 4.5),
        );
        pen.draw(&Solid::new(Self::skin()).limb(neck + v(-2.0, 8.0), 9.0, head, 8.0));
        pen.draw(
            &Solid::new(Self::cloth())
                .blend(14.0)
                .limb(hip, 25.0, chest, 25.0)
                .limb(chest, 24.0, v(217.0 + s, 162.0), 15.0)
                .limb(v(188.0, 244.0), 14.0, v(172.0 - s * 0.6, 286.0), 5.0),
        );
        let hair = Look::shiny(hex(0x1A_0A_0C), 0.10);
        pen.draw(&Solid::new(hair).blend(5.0).oval(head + v(-5.0, -5.0), 19.0, 19.0, 0.0).oval(
            head + v(-24.0, -9.0),
            9.5,
            9.0,
            0.4,
        ));
        // The face, in profile: forehead, nose, chin.
        let face = Look { base: add(Self::skin().base, [0.03; 3]), ..Self::skin() };
        pen.draw(
            &Solid::new(face)
                .blend(4.0)
                .oval(head + v(3.0, 1.0), 14.5, 18.0, 0.1)
                .limb(head + v(14.0, 0.0), 3.0, head + v(19.5, 5.5), 2.0)
                .limb(head + v(6.0, 13.0), 6.0, head + v(11.0, 15.0), 4.5),
        );
        pen.draw(
            &Solid::new(hair).blend(5.0).limb(head + v(-12.0, 4.0), 7.0, head + v(-7.0, -12.0), 9.0).limb(
                head + v(-5.0, -14.0),
                8.0,
                head + v(8.0, -15.0),
                4.0,
            ),
        );
    }
}
