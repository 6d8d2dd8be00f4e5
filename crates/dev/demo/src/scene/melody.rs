//! The singer at her microphone.

use super::cues::{Cues, glide};
use super::{Act, Beam, Moment, Mood, Pen};
use crate::picture::{Lights, Look, Solid, V, curve, elbow, hash, hex, lerp, scale, v};
use crate::sound::Tune;

const SEQUINS: u32 = 46;

/// The singer, in rose.
pub(crate) struct Melody {
    notes: Cues,
    /// How high each note is, 0 to 1.
    heights: Vec<f32>,
    microphone: Vec<Solid>,
}

impl Melody {
    pub(crate) fn new(tune: &Tune) -> Self {
        let heights = tune.melody.iter().map(|n| (f32::from(n.key) - 67.0) / 12.0).collect();
        let microphone = microphone().into_iter().map(Solid::fixed).collect();
        Self { notes: Cues::notes(tune, tune.melody.iter()), heights, microphone }
    }
}

impl Act for Melody {
    fn mood(&self, now: Moment) -> Mood {
        let voice = self.notes.ring(now.time, 0.8);
        let warm = hex(0xFF_B4_54);
        let follow = v(326.0 + 4.0 * now.wave(2, 0.0), 132.0 + 3.0 * now.wave(3, 0.2));
        Mood {
            wall: scale(hex(0x8C_20_4C), 0.30),
            discs: vec![(follow, 132.0, scale(hex(0xF0_6C_8C), 0.33 + 0.06 * voice))],
            pool: (v(326.0, 312.0), 230.0, scale(hex(0xF0_88_94), 0.28)),
            beams: vec![
                Beam {
                    from: v(330.0, -110.0),
                    to: v(326.0, 300.0),
                    half: (18.0, 124.0),
                    light: scale(hex(0xFF_A8_A0), 0.22),
                },
                Beam {
                    from: v(30.0, -60.0),
                    to: v(290.0 + 10.0 * now.wave(1, 0.0), 300.0),
                    half: (10.0, 70.0),
                    light: scale(hex(0xE0_50_A0), 0.17),
                },
                Beam {
                    from: v(610.0, -60.0),
                    to: v(366.0 - 10.0 * now.wave(1, 0.0), 300.0),
                    half: (10.0, 70.0),
                    light: scale(warm, 0.16),
                },
            ],
            footlights: 0.8,
            zoom: (1.15, v(322.0, 318.0)),
            lights: Lights {
                ambient: scale(hex(0xA0_60_98), 0.20),
                key_from: [-0.45, -0.55, 0.70],
                key: scale(hex(0xFF_CC_A0), 0.68),
                rims: [(v(-0.82, -0.55), scale(hex(0xFF_78_A8), 2.2)), (v(0.8, -0.6), scale(warm, 2.6))],
                fade: (200.0, 325.0, 0.45),
            },
        }
    }

    fn play(&self, now: Moment, pen: &mut Pen) {
        let height = glide(&self.notes, &self.heights, now.time, 0.45);
        let voice = self.notes.ring(now.time, 0.7);
        let s = 5.0 * now.wave(4, 0.0) + 2.0 * now.wave(8, 0.3);
        let woman = Woman { s, height, voice };
        woman.hair(pen);
        let wide = 46.0 + 22.0 * height * (0.6 + 0.4 * voice);
        let hand = v(356.0 + s + wide, lerp(226.0, 122.0, (0.25 + 0.75 * height) * (0.55 + 0.45 * voice)));
        let hands = [v(278.0, 158.0), hand];
        let shoulders = [v(312.0 + s, 157.0), v(348.0 + s, 157.0)];
        let elbows = [0, 1].map(|n| elbow(shoulders[n], hands[n], 38.0, 36.0, [-1.0, 1.0][n]));
        woman.body(pen, shoulders, elbows);
        woman.dress(pen, now);
        woman.forearm(pen, elbows[1], hands[1]);
        woman.head(pen);
        for solid in &self.microphone {
            pen.draw(solid);
        }
        pen.canvas.glow(MICROPHONE, 52.0, scale(hex(0xFF_C0_88), 0.08 + 0.20 * voice));
        woman.forearm(pen, elbows[0], hands[0]);
    }
}

/// Where the microphone is.
const MICROPHONE: V = v(276.0, 122.0);

fn microphone() -> Vec<Solid> {
    let chrome = Look::shiny(hex(0xB8_B0_B8), 1.0);
    let slot = Look::cloth(hex(0x1A_10_18)).rim(0.0);
    let (top, tilt) = (MICROPHONE, -0.14);
    let mut solids = vec![
        Solid::new(chrome).limb(v(276.0, 306.0), 1.9, v(276.0, 140.0), 1.6),
        Solid::new(Look::shiny(hex(0x30_26_30), 0.6)).oval(v(276.0, 307.0), 26.0, 4.6, 0.0),
        Solid::new(chrome).slab(top, v(11.0, 16.0), 9.5, tilt),
    ];
    for (n, reach) in [(-1.0, 7.0), (0.0, 10.0), (1.0, 7.0)] {
        let (c, up) = (top + v(6.2 * n, 0.0).turn(tilt), v(0.0, reach).turn(tilt));
        solids.push(Solid::new(slot).limb(c - up, 1.5, c + up, 1.5));
    }
    let band = v(11.5, 0.0).turn(tilt);
    solids.push(Solid::new(chrome.rim(0.3)).limb(top - band, 1.6, top + band, 1.6));
    solids
}

struct Woman {
    s: f32,
    height: f32,
    voice: f32,
}

impl Woman {
    fn skin() -> Look {
        Look::shiny(hex(0xAC_64_42), 0.18)
    }

    /// The head leans back on high notes.
    fn face(&self) -> V {
        v(316.0 + self.s * 1.3 + 3.0 * self.height, 112.0 - 3.0 * self.height - self.voice)
    }

    fn hair(&self, pen: &mut Pen) {
        let face = self.face();
        let curls = Look::cloth(hex(0x2A_12_18)).rim(1.25);
        let mut solid = Solid::new(curls).blend(9.0).oval(face + v(9.0, -11.0), 36.0, 35.0, 0.0);
        for n in 0..10 {
            let way = v(0.0, -1.0).turn(-1.5 + 0.38 * n as f32);
            let r = 12.0 + 2.0 * hash(n + 60);
            solid = solid.oval(face + v(10.0, -11.0) + way * 26.0, r, r, 0.0);
        }
        pen.draw(&solid);
    }

    fn head(&self, pen: &mut Pen) {
        let face = self.face();
        let neck = v(330.0 + self.s, 146.0);
        pen.draw(
            &Solid::new(Self::skin())
                .blend(6.0)
                .limb(neck, 8.0, face + v(5.0, 6.0), 8.0)
                .oval(face, 15.0, 18.5, 0.12)
                .limb(face + v(-12.0, 1.0), 2.6, face + v(-16.5, 5.0), 1.6)
                .limb(
                    face + v(-4.0, 14.0 + self.voice * 1.5),
                    6.0,
                    face + v(-7.0, 15.0 + self.voice * 2.0),
                    4.5,
                ),
        );
        let curls = Look::cloth(hex(0x2A_12_18)).rim(0.2);
        pen.draw(
            &Solid::new(curls).blend(6.0).limb(face + v(-9.0, -16.0), 6.0, face + v(8.0, -15.0), 8.0).limb(
                face + v(12.0, -10.0),
                8.0,
                face + v(16.0, 6.0),
                8.0,
            ),
        );
        let flower = face + v(20.0, -12.0);
        let petal = Look::shiny(hex(0xFF_D0_7C), 0.1).lit(scale(hex(0xFF_B0_50), 0.16));
        let mut bloom = Solid::new(petal).blend(1.5);
        for n in 0..5 {
            let c = flower + v(0.0, -6.0).turn(1.2566 * n as f32 + 0.3);
            bloom = bloom.oval(c, 4.6, 4.6, 0.0);
        }
        pen.draw(&bloom);
        pen.draw(&Solid::new(Look::cloth(hex(0xD0_50_30))).oval(flower, 2.6, 2.6, 0.0));
        pen.canvas.speck(face + v(9.0, 15.0), 3.2, scale(hex(0xFF_E0_A8), 0.9));
    }

    /// Shoulders and upper arms.
    fn body(&self, pen: &mut Pen, shoulders: [V; 2], elbows: [V; 2]) {
        let s = self.s;
        pen.draw(
            &Solid::new(Self::skin())
                .blend(9.0)
                .limb(shoulders[0], 9.5, shoulders[1], 9.5)
                .limb(v(330.0 + s, 150.0), 9.0, v(330.0 + s, 172.0), 17.0)
                .limb(shoulders[0], 9.5, elbows[0], 7.0)
                .limb(shoulders[1], 9.5, elbows[1], 7.0),
        );
    }

    fn forearm(&self, pen: &mut Pen, joint: V, hand: V) {
        pen.draw(&Solid::new(Self::skin()).blend(5.0).limb(joint, 7.0, hand, 4.6).limb(
            hand,
            4.6,
            hand + (hand - joint).unit() * 10.0,
            2.4,
        ));
    }

    fn dress(&self, pen: &mut Pen, now: Moment) {
        let s = self.s;
        let hem = 7.0 * now.wave(4, -0.12);
        let edge = [
            v(309.0 + s, 164.0),
            v(307.0 + s * 0.9, 182.0),
            v(313.0 + s * 0.6, 204.0),
            v(303.0 + s * 0.4, 232.0),
            v(292.0 + hem * 0.4, 264.0),
            v(262.0 + hem, 306.0),
            v(326.0 + hem, 312.0),
            v(398.0 + hem, 306.0),
            v(366.0 + hem * 0.4, 264.0),
            v(356.0 + s * 0.4, 232.0),
            v(345.0 + s * 0.6, 204.0),
            v(353.0 + s * 0.9, 182.0),
            v(351.0 + s, 164.0),
            v(330.0 + s, 172.0),
        ];
        let silk = Look::shiny(hex(0xA0_14_3C), 0.35);
        pen.draw(&Solid::new(silk).outline(curve(&edge, true, 3), 17.0));
        // Folds that fall from the hip.
        for (top, low) in [(-12.0, -38.0), (2.0, -4.0), (14.0, 34.0)] {
            let (a, b) = (v(329.0 + s * 0.4 + top, 238.0), v(328.0 + hem + low, 304.0));
            pen.draw(
                &Solid::new(Look::cloth(hex(0x50_06_20)).rim(0.0)).soft(7.0).alpha(0.5).limb(a, 1.0, b, 4.0),
            );
        }
        for n in 0..SEQUINS {
            let (across, down) = (hash(n * 3) * 2.0 - 1.0, hash(n * 3 + 1));
            let half = 18.0 + 34.0 * down * down;
            let c = v(330.0 + s * (1.0 - down) + hem * down + across * half, 174.0 + 124.0 * down);
            let spark = now.wave(5 + n % 7, hash(n * 3 + 2)).max(0.0).powi(6);
            pen.canvas.speck(c, 1.7, scale(hex(0xFF_C8_B0), 0.10 + 1.1 * spark));
        }
    }
}
