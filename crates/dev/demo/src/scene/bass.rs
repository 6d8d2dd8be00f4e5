//! The bass player, in a hat, with an upright bass.

use super::cues::{Cues, glide};
use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{Lights, Look, Solid, V, curve, elbow, hex, scale, v};
use crate::sound::Tune;

/// The bass player, in deep blue.
pub(crate) struct Bass {
    notes: Cues,
    /// How far up the neck each note is stopped, 0 (at the scroll) to 1.
    stops: Vec<f32>,
}

impl Bass {
    pub(crate) fn new(tune: &Tune) -> Self {
        let mut notes = tune.bass.clone();
        notes.sort_by(|a, b| a.start.total_cmp(&b.start));
        // On each string a fourth is a hand's width.
        let stops = notes.iter().map(|n| f32::from((n.key - 28) % 5) / 5.0 + f32::from(n.key - 28) / 60.0);
        Self { stops: stops.collect(), notes: Cues::notes(tune, notes.iter()) }
    }
}

/// Where the bass stands, and how it leans.
struct Frame {
    foot: V,
    angle: f32,
}

impl Frame {
    fn at(&self, x: f32, y: f32) -> V {
        self.foot + v(x, y).turn(self.angle)
    }

    fn body(&self) -> Solid {
        Solid::new(Look::shiny(hex(0xB0_52_1E), 0.34).rim(0.8))
            .blend(16.0)
            .oval(self.at(0.0, -61.0), 55.0, 49.0, self.angle)
            .oval(self.at(0.0, -142.0), 41.0, 37.0, self.angle)
            .limb(self.at(0.0, -70.0), 29.0, self.at(0.0, -140.0), 27.0)
    }

    /// The same outline, smaller: the belly within its edge.
    fn belly(&self) -> Solid {
        Solid::new(Look::shiny(hex(0xD8_78_2E), 0.40).rim(0.0))
            .blend(16.0)
            .oval(self.at(0.0, -61.0), 49.5, 43.5, self.angle)
            .oval(self.at(0.0, -142.0), 35.5, 31.5, self.angle)
            .limb(self.at(0.0, -70.0), 23.5, self.at(0.0, -140.0), 21.5)
    }

    fn draw(&self, pen: &mut Pen, shake: f32) {
        let ebony = Look::shiny(hex(0x14_0C_10), 0.5);
        pen.draw(&Solid::new(ebony).limb(self.at(0.0, -14.0), 2.4, self.at(0.0, 0.0), 1.6));
        pen.draw(&self.body());
        pen.draw(&self.belly());
        for side in [-1.0, 1.0] {
            let hole = [(17.0, -116.0), (24.0, -108.0), (20.0, -94.0), (26.0, -80.0), (19.0, -73.0)];
            let points: Vec<V> = hole.iter().map(|(x, y)| self.at(x * side, *y)).collect();
            pen.draw(&Solid::new(Look::cloth([0.006; 3]).rim(0.0)).line(&curve(&points, false, 3), 1.7));
        }
        pen.draw(&Solid::new(ebony).limb(self.at(0.0, -76.0), 6.0, self.at(0.0, -34.0), 3.5).limb(
            self.at(0.0, -118.0),
            7.0,
            self.at(0.0, -272.0),
            4.2,
        ));
        pen.draw(&Solid::new(Look::shiny(hex(0xE8_C0_80), 0.2)).slab(
            self.at(0.0, -90.0),
            v(14.0, 2.6),
            2.0,
            self.angle,
        ));
        let brown = Look::shiny(hex(0x8A_42_1C), 0.5);
        pen.draw(
            &Solid::new(brown).blend(3.0).limb(self.at(0.0, -268.0), 4.5, self.at(1.0, -288.0), 4.5).oval(
                self.at(3.0, -294.0),
                7.5,
                7.5,
                0.0,
            ),
        );
        for (n, y) in [-272.0, -281.0].into_iter().enumerate() {
            let way = if n == 0 { 1.0 } else { -1.0 };
            pen.draw(&Solid::new(Look::shiny(hex(0xC8_9A_50), 0.7)).limb(
                self.at(-10.0 * way, y),
                2.0,
                self.at(9.0 * way, y),
                1.4,
            ));
        }
        let steel = Look::cloth(hex(0xF6_E6_D0)).lit(scale(hex(0xFF_D8_A0), 0.20 + 0.5 * shake.abs()));
        for string in [-3.6, -1.2, 1.2, 3.6] {
            let swing = if string < 0.0 { shake * 2.6 } else { shake * 0.6 };
            let points = [(string * 1.2, -90.0), (string + swing, -150.0), (string * 0.7, -270.0)];
            let points: Vec<V> = points.iter().map(|(x, y)| self.at(*x, *y)).collect();
            pen.draw(&Solid::new(steel).alpha(0.75).line(&curve(&points, false, 4), 0.45));
        }
    }
}

impl Act for Bass {
    fn mood(&self, now: Moment) -> Mood {
        let note = self.notes.ring(now.time, 1.4);
        let warm = hex(0xFF_B4_54);
        let follow = v(326.0 + 6.0 * now.wave(2, 0.2), 142.0 + 3.0 * now.wave(1, 0.0));
        Mood {
            wall: scale(hex(0x28_52_A8), 0.30),
            discs: vec![(follow, 138.0, scale(hex(0x5C_92_F0), 0.33 + 0.05 * note))],
            pool: (v(330.0, 312.0), 250.0, scale(hex(0x6C_94_E0), 0.26)),
            beams: vec![
                Beam {
                    from: v(540.0, -70.0),
                    to: follow + v(10.0, 110.0),
                    half: (14.0, 116.0),
                    light: scale(hex(0x7A_A8_FF), 0.30),
                },
                Beam {
                    from: v(40.0, -60.0),
                    to: v(260.0 + 8.0 * now.wave(1, 0.6), 300.0),
                    half: (10.0, 70.0),
                    light: scale(warm, 0.13),
                },
            ],
            footlights: 0.8,
            zoom: (1.0, v(0.0, 0.0)),
            lights: Lights {
                ambient: scale(hex(0x5C_7A_C8), 0.20),
                key_from: [-0.36, -0.60, 0.71],
                key: scale(hex(0xFF_C8_8C), 0.60),
                rims: [(v(-0.82, -0.55), scale(warm, 2.0)), (v(0.8, -0.6), scale(hex(0x70_A8_FF), 2.6))],
                fade: (190.0, 325.0, 0.40),
            },
        }
    }

    fn play(&self, now: Moment, pen: &mut Pen) {
        let sway = 4.0 * now.wave(8, 0.0) + 1.5 * now.wave(3, 0.2);
        let (_, since) = self.notes.last(now.time);
        let strength = self.notes.ring(now.time, 2.6);
        let shake = strength * (since * 72.0).sin();
        let frame = Frame { foot: v(376.0, 314.0), angle: -0.13 + 0.006 * sway };
        let man = Man { sway, bob: 2.2 * now.wave(16, 0.2) };
        let stop = glide(&self.notes, &self.stops, now.time, 0.22).min(1.0);
        let left = frame.at(-2.0, -258.0 + 74.0 * stop);
        let pull = self.notes.lift(now.time);
        let right = frame.at(-9.0 - 7.0 * pull, -128.0 - 4.0 * pull);
        let elbows = [
            elbow(man.shoulder(-1.0), right, 58.0, 56.0, 1.0),
            elbow(man.shoulder(1.0), left, 52.0, 50.0, 1.0),
        ];
        man.draw(pen, elbows);
        man.forearm(pen, elbows[1], left);
        frame.draw(pen, shake);
        pen.draw(
            &Solid::new(Man::skin())
                .blend(3.0)
                .limb(left + v(-6.0, -4.0), 4.0, left + v(6.0, -5.0), 3.0)
                .limb(left + v(-6.0, 2.0), 4.0, left + v(6.5, 1.0), 3.0)
                .limb(left + v(-5.0, 7.0), 3.6, left + v(5.0, 7.0), 2.8),
        );
        man.forearm(pen, elbows[0], right);
        pen.draw(&Solid::new(Man::skin()).blend(3.0).limb(right, 5.4, right + v(8.0, 6.0), 2.6));
    }
}

struct Man {
    sway: f32,
    bob: f32,
}

impl Man {
    fn cloth() -> Look {
        Look::shiny(hex(0x14_1A_34), 0.05)
    }

    fn skin() -> Look {
        Look::shiny(hex(0x7A_46_2E), 0.14)
    }

    fn shoulder(&self, side: f32) -> V {
        v(302.0 + 27.0 * side + self.sway * 0.8, 150.0)
    }

    fn forearm(&self, pen: &mut Pen, joint: V, hand: V) {
        let cuff = joint + (hand - joint) * 0.80;
        pen.draw(&Solid::new(Self::skin()).limb(cuff, 5.6, hand, 5.2));
        pen.draw(&Solid::new(Look::cloth(hex(0xE6_E0_F0))).limb(cuff, 6.8, cuff + (hand - cuff) * 0.25, 6.4));
        pen.draw(&Solid::new(Self::cloth()).limb(joint, 10.5, cuff, 7.6));
    }

    /// Everything but the forearms, which are before and behind the bass.
    fn draw(&self, pen: &mut Pen, elbows: [V; 2]) {
        let s = self.sway;
        let hips = v(301.0 + s * 0.2, 226.0);
        pen.draw(
            &Solid::new(Self::cloth())
                .blend(8.0)
                .limb(hips + v(-11.0, 0.0), 17.0, v(279.0, 298.0), 9.0)
                .limb(hips + v(11.0, 0.0), 17.0, v(320.0, 298.0), 9.0)
                .limb(v(276.0, 304.0), 6.0, v(262.0, 307.0), 5.0)
                .limb(v(322.0, 304.0), 6.0, v(336.0, 307.0), 5.0),
        );
        let head = v(303.0 + s * 1.2, 104.0 + self.bob);
        pen.draw(&Solid::new(Self::skin()).limb(v(302.0 + s, 138.0), 9.5, head, 9.0));
        pen.draw(
            &Solid::new(Self::cloth())
                .blend(14.0)
                .limb(v(301.0 + s * 0.6, 168.0), 31.0, hips, 23.0)
                .limb(self.shoulder(-1.0), 14.0, self.shoulder(1.0), 14.0)
                .limb(self.shoulder(-1.0), 14.0, elbows[0], 10.5)
                .limb(self.shoulder(1.0), 14.0, elbows[1], 10.5),
        );
        // Shirt and tie.
        let (top, tip) = (v(302.0 + s * 0.9, 137.0), v(303.0 + s * 0.5, 190.0));
        pen.draw(
            &Solid::new(Look::cloth(hex(0xD8_D4_EA)).rim(0.0))
                .outline(vec![top + v(-12.0, 1.0), top + v(12.0, 1.0), tip], 3.0),
        );
        pen.draw(&Solid::new(Look::cloth(hex(0xD8_8A_30)).rim(0.0)).limb(top + v(0.0, 6.0), 2.4, tip, 3.4));
        pen.draw(&Solid::new(Self::skin()).blend(5.0).oval(head, 15.5, 19.5, 0.0).limb(
            head + v(-3.0, 13.0),
            8.0,
            head + v(3.0, 13.0),
            8.0,
        ));
        let beard = Look::cloth(hex(0x1C_10_12));
        pen.draw(
            &Solid::new(beard).blend(5.0).limb(head + v(-10.0, 12.0), 4.0, head + v(0.0, 18.0), 6.0).limb(
                head + v(0.0, 18.0),
                6.0,
                head + v(10.0, 12.0),
                4.0,
            ),
        );
        let felt = Look::shiny(hex(0x24_2A_4A), 0.05);
        let tilt = 0.10 + 0.02 * s * 0.3;
        pen.draw(&Solid::new(felt).blend(4.0).slab(head + v(1.0, -21.0), v(17.0, 12.0), 8.0, tilt).oval(
            head + v(-1.0, -11.0),
            29.0,
            5.5,
            tilt,
        ));
        pen.draw(&Solid::new(Look::cloth(hex(0xE8_9A_3C)).rim(0.3)).limb(
            head + v(-15.0, -17.0),
            2.2,
            head + v(17.0, -13.5),
            2.2,
        ));
    }
}
