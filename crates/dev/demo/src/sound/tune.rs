//! The tune: eight slow bars in A minor with a bolero's walk, written for four players.
//!
//! Times are in beats from the start of the loop; [`Tune::seconds`] of a beat gives the clock.
//! Pitches are MIDI note numbers (60 is middle C). Pictures and sound read the same score, so a
//! hand lands when its note sounds.

/// Bars in the loop.
pub(crate) const BARS: usize = 8;
/// Beats in a bar.
pub(crate) const METRE: usize = 4;

/// One pitched note.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Note {
    /// When it begins, in beats.
    pub(crate) start: f64,
    /// How long it is held, in beats.
    pub(crate) beats: f64,
    /// MIDI note number.
    pub(crate) key: u8,
    /// Loudness, 0 to 1.
    pub(crate) force: f32,
}

/// What the drummer can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drum {
    /// Bass drum, felt beater.
    Kick,
    /// A brush swept over the snare.
    Brush,
    /// The stick laid across the rim.
    Rim,
    /// Low hand drum; the pictures show the floor tom.
    Low,
    /// High hand drum; the pictures show the small tom.
    High,
    /// A ping on the ride cymbal.
    Ride,
    /// A long soft wash.
    Crash,
    /// A shaker, on every quaver; the pictures close the hi-hat.
    Shaker,
}

/// One drum hit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hit {
    /// When, in beats.
    pub(crate) start: f64,
    /// Loudness, 0 to 1.
    pub(crate) force: f32,
    /// On what.
    pub(crate) drum: Drum,
}

/// The whole score at one tempo.
#[derive(Clone, Debug)]
pub(crate) struct Tune {
    /// Length of the loop in seconds; it sets the tempo.
    pub(crate) length: f64,
    /// Electric piano.
    pub(crate) keys: Vec<Note>,
    /// The soft bed under the piano.
    pub(crate) pad: Vec<Note>,
    /// Plucked upright bass.
    pub(crate) bass: Vec<Note>,
    /// The singer; never two notes at once.
    pub(crate) melody: Vec<Note>,
    /// Brushes and percussion.
    pub(crate) hits: Vec<Hit>,
}

/// Am9, Fmaj9, Dm9, G13, Cmaj9, Fmaj9#11, Bm7b5, E7b9: without roots, which the bass has.
const CHORDS: [[u8; 4]; BARS] = [
    [55, 59, 60, 64],
    [55, 57, 60, 64],
    [53, 57, 60, 64],
    [53, 57, 59, 64],
    [52, 55, 59, 62],
    [57, 59, 64, 67],
    [57, 59, 62, 65],
    [56, 59, 62, 65],
];

/// Root for two beats, fifth, and a step that leads to the next root.
const WALK: [[u8; 3]; BARS] = [
    [33, 40, 31],
    [29, 36, 40],
    [38, 45, 33],
    [31, 38, 35],
    [36, 31, 28],
    [29, 36, 33],
    [35, 41, 29],
    [28, 35, 32],
];

/// (bar, beat, length, key): what one could sing.
const SONG: [(u8, f64, f64, u8); 24] = [
    (0, 0.0, 2.4, 76),
    (0, 2.5, 0.5, 74),
    (0, 3.0, 1.0, 72),
    (1, 0.0, 1.9, 69),
    (1, 2.0, 0.5, 67),
    (1, 2.5, 0.5, 69),
    (1, 3.0, 1.0, 72),
    (2, 0.0, 2.4, 77),
    (2, 2.5, 0.5, 76),
    (2, 3.0, 1.0, 74),
    (3, 0.0, 2.8, 76),
    (4, 0.0, 1.5, 79),
    (4, 1.5, 0.5, 76),
    (4, 2.0, 1.8, 74),
    (5, 0.0, 1.5, 72),
    (5, 1.5, 0.5, 69),
    (5, 2.0, 1.8, 71),
    (6, 0.0, 1.0, 69),
    (6, 1.0, 0.5, 71),
    (6, 1.5, 1.5, 74),
    (6, 3.0, 1.0, 77),
    (7, 0.0, 1.5, 76),
    (7, 1.5, 0.5, 74),
    (7, 2.0, 1.0, 68),
];

impl Tune {
    /// The tune stretched to `length` seconds.
    pub(crate) fn new(length: f64) -> Self {
        let mut tune = Self {
            length,
            keys: Vec::new(),
            pad: Vec::new(),
            bass: Vec::new(),
            melody: Vec::new(),
            hits: Vec::new(),
        };
        for bar in 0..BARS {
            let at = (bar * METRE) as f64;
            tune.comp(bar, at);
            tune.walk(bar, at);
            tune.groove(bar, at);
        }
        for (bar, beat, beats, key) in SONG {
            let start = f64::from(bar) * METRE as f64 + beat;
            let force = if beats > 1.2 { 0.85 } else { 0.7 };
            tune.melody.push(Note { start, beats, key, force });
        }
        tune
    }

    /// Clock time of a beat, in seconds.
    pub(crate) fn seconds(&self, beats: f64) -> f64 {
        beats * self.length / (BARS * METRE) as f64
    }

    /// A rolled chord, then a broken one: the right hand of a bolero.
    fn comp(&mut self, bar: usize, at: f64) {
        let chord = CHORDS[bar];
        for (n, key) in chord.into_iter().enumerate() {
            let roll = n as f64 * 0.035;
            self.keys.push(Note { start: at + roll, beats: 2.6, key, force: 0.62 });
            self.pad.push(Note { start: at, beats: METRE as f64, key, force: 0.5 });
        }
        let order: &[(f64, usize, u8)] = if bar.is_multiple_of(2) {
            &[(1.5, 1, 12), (2.0, 3, 0), (2.5, 2, 12), (3.0, 3, 12), (3.5, 2, 12)]
        } else {
            &[(1.5, 3, 12), (2.5, 2, 12), (3.0, 1, 12)]
        };
        for &(beat, voice, lift) in order {
            let key = chord[voice] + lift;
            self.keys.push(Note { start: at + beat, beats: 1.1, key, force: 0.4 });
        }
    }

    fn walk(&mut self, bar: usize, at: f64) {
        let [root, fifth, lead] = WALK[bar];
        self.bass.push(Note { start: at, beats: 1.85, key: root, force: 0.9 });
        self.bass.push(Note { start: at + 2.0, beats: 0.9, key: fifth, force: 0.7 });
        self.bass.push(Note { start: at + 3.0, beats: 0.85, key: lead, force: 0.75 });
        if bar % 4 == 3 {
            self.bass.push(Note { start: at + 1.5, beats: 0.4, key: root + 12, force: 0.5 });
        }
    }

    fn groove(&mut self, bar: usize, at: f64) {
        use Drum::{Brush, Crash, High, Kick, Low, Ride, Rim, Shaker};
        let mut hit = |beat: f64, drum, force| self.hits.push(Hit { start: at + beat, force, drum });
        for quaver in 0..8 {
            let force = [0.55, 0.3, 0.42, 0.36][quaver % 4];
            hit(quaver as f64 * 0.5, Shaker, force);
        }
        hit(0.0, Kick, 0.8);
        hit(2.5, Kick, 0.45);
        hit(1.0, Brush, 0.7);
        hit(3.0, Brush, 0.85);
        hit(0.0, Ride, 0.6);
        hit(1.5, Ride, 0.35);
        hit(2.0, Ride, 0.5);
        if bar.is_multiple_of(4) {
            hit(0.0, Crash, 0.7);
        }
        if bar % 4 == 3 {
            for (beat, drum, force) in
                [(2.0, High, 0.6), (2.5, High, 0.5), (3.0, Low, 0.75), (3.25, High, 0.4), (3.5, Low, 0.7)]
            {
                hit(beat, drum, force);
            }
        } else {
            hit(1.0, Rim, 0.5);
            hit(3.0, Low, 0.7);
            hit(3.5, Low, 0.55);
            if bar % 2 == 1 {
                hit(2.75, High, 0.4);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_begins_inside_the_loop_and_moves_with_the_tempo() {
        let tune = Tune::new(24.0);
        let beats = (BARS * METRE) as f64;
        for note in tune.keys.iter().chain(&tune.pad).chain(&tune.bass).chain(&tune.melody) {
            assert!((0.0..beats).contains(&note.start), "{note:?}");
            assert!(note.beats > 0.0 && (28..=84).contains(&note.key), "{note:?}");
        }
        assert!(tune.hits.iter().all(|h| (0.0..beats).contains(&h.start)));
        // 80 beats a minute: a bar is three seconds.
        assert!((tune.seconds(4.0) - 3.0).abs() < 1e-9);
        assert!((Tune::new(20.0).seconds(beats) - 20.0).abs() < 1e-9);
    }

    #[test]
    fn the_singer_has_one_voice_and_breathes_before_the_loop() {
        let song = Tune::new(24.0).melody;
        for pair in song.windows(2) {
            assert!(pair[0].start + pair[0].beats <= pair[1].start + 1e-9, "{pair:?}");
        }
        let last = song.last().unwrap();
        assert!(last.start + last.beats <= (BARS * METRE) as f64 - 0.5);
    }
}
