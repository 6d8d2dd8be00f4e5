//! Sound in virtual time: clock drift for hours, jitter, loss, fades, and the picture beside it.

#![allow(clippy::print_stdout, reason = "seeds are printed")]

use palco_base::canvas::{Arrangement, Fit, Rect, Sound, Tile, TileSource};
use palco_base::{Bitrate, FeedId, MediaTime};
use palco_mix::palette::Yuv;
use palco_mix::wire::{Coding, Output, Rendition, Transition};
use palco_mix::{BLOCK, FeedKind, Input, Made, Mix, Picture};
use std::collections::VecDeque;
use std::sync::Arc;

const FEED: FeedId = FeedId::new(7);
const TONE: f64 = 440.0;

/// xorshift64*: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn micros(value: i64) -> MediaTime {
    MediaTime::from_micros(value)
}

fn arrangement(gain: f32) -> Arrangement {
    let rect = Rect { x: 0, y: 0, width: 64, height: 64 };
    let tile = Tile { source: TileSource::Feed(FEED), rect, fit: Fit::Cover, label: None };
    Arrangement { tiles: vec![tile], sounds: vec![Sound { feed: FEED, gain }] }
}

fn mix(start: MediaTime) -> Mix {
    let coding = Coding {
        frame_rate: 30,
        large: Rendition { width: 64, height: 64, video: Bitrate::kbps(1) },
        small: None,
        opus: Bitrate::kbps(1),
        aac: None,
    };
    let mut mix = Mix::new();
    mix.handle(Input::OpenOutput(Output::Program, coding), start);
    mix.handle(Input::OpenFeed(FEED, "Ana".into(), FeedKind::Performer), start);
    mix.handle(Input::Arrange(Output::Program, arrangement(1.0), Transition::Cut), start);
    mix
}

/// A performer whose clock is not ours: everything it says passes through here.
struct Performer {
    random: Random,
    ppm: f64,
    /// Most network delay on top of 10 ms, µs.
    jitter: f64,
    /// Part of packets that never come.
    loss: f64,
    packets: i64,
    pictures: i64,
    /// (arrival, capture, what)
    way: VecDeque<(MediaTime, MediaTime, Option<u8>)>,
    start: MediaTime,
}

impl Performer {
    fn new(seed: u64, ppm: f64, jitter: f64, loss: f64, start: MediaTime) -> Self {
        println!("seed {seed} ppm {ppm} jitter {jitter} loss {loss}");
        let random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        Self { random, ppm, jitter, loss, packets: 0, pictures: 0, way: VecDeque::new(), start }
    }

    /// Our time when its clock has gone so many µs.
    fn ours(&self, its: i64) -> MediaTime {
        self.start + micros((its as f64 / (1.0 + self.ppm * 1e-6)) as i64)
    }

    /// Sends all that is captured before `until`: 20 ms of sound each, 30 pictures a second.
    fn send(&mut self, until: MediaTime) {
        while self.ours((self.packets + 1) * 20_000) <= until {
            let (from, end) = (self.ours(self.packets * 20_000), self.ours((self.packets + 1) * 20_000));
            let delay = micros(10_000 + (self.random.next() * self.jitter) as i64);
            if self.random.next() >= self.loss {
                self.way.push_back((end + delay, from, None));
            }
            self.packets += 1;
        }
        while self.ours(self.pictures * 1_000_000 / 30) <= until {
            let capture = self.ours(self.pictures * 1_000_000 / 30);
            let delay = micros(25_000 + (self.random.next() * self.jitter / 2.0) as i64);
            // The picture's colour tells when it was captured.
            self.way.push_back((capture + delay, capture, Some((self.pictures % 200 + 20) as u8)));
            self.pictures += 1;
        }
    }

    /// Hands over what has arrived by `now`, in the order of arrival.
    fn arrive(&mut self, mix: &mut Mix, now: MediaTime) {
        self.send(now);
        let mut arrived: Vec<_> = self.way.iter().filter(|(at, ..)| *at <= now).copied().collect();
        self.way.retain(|(at, ..)| *at > now);
        // Sound in its order (RTP has been sorted already), pictures in theirs.
        arrived.sort_by_key(|(_, capture, _)| *capture);
        for (at, capture, picture) in arrived {
            match picture {
                Some(y) => {
                    let picture = Arc::new(Picture::filled(64, 64, Yuv { y, u: 128, v: 128 }));
                    mix.handle(Input::Picture(FEED, picture, capture), at);
                }
                None => mix.handle(Input::Sound(FEED, self.tone(capture), capture), at),
            }
        }
    }

    /// 20 ms of a sine by its own clock, which ticks differently from ours.
    fn tone(&self, capture: MediaTime) -> Vec<f32> {
        let its =
            ((capture - self.start).micros() as f64 * (1.0 + self.ppm * 1e-6) / 20_000.0).round() * 960.0;
        (0..BLOCK)
            .flat_map(|at| {
                let v = 0.4 * ((its + at as f64) * TONE * std::f64::consts::TAU / 48_000.0).sin();
                [v as f32; 2]
            })
            .collect()
    }
}

/// What was heard and seen in a stretch of the output.
#[derive(Default)]
struct Heard {
    samples: Vec<f32>,

    pictures: Vec<(MediaTime, u8)>,
    blocks: i64,
}

fn run(mix: &mut Mix, performer: &mut Performer, until: MediaTime, heard: &mut Heard) {
    while let Some(due) = mix.deadline().filter(|due| *due < until) {
        performer.arrive(mix, due);
        mix.handle(Input::Tick, due);
        while let Some(made) = mix.poll() {
            match made {
                Made::Sound(_, samples, _) => {
                    heard.blocks += 1;
                    heard.samples.extend(samples.iter().step_by(2));
                }
                Made::Picture(_, picture, time) => {
                    heard.pictures.push((time, picture.pixel(32, 32).expect("inside").y));
                }
                Made::Levels(_) => {}
            }
        }
    }
}

/// Loudness of the tone in 40 ms.
fn loudness(samples: &[f32]) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (at, v) in samples[..1_920].iter().enumerate() {
        let phase = at as f64 * TONE * std::f64::consts::TAU / 48_000.0;
        re += f64::from(*v) * phase.sin();
        im += f64::from(*v) * phase.cos();
    }
    re.hypot(im) / 960.0
}

#[test]
fn drift_of_300_ppm_for_four_hours_stays_bounded_and_inaudible() {
    for (seed, ppm) in [(1, 300.0), (2, -300.0)] {
        let start = MediaTime::from_millis(5_000_000);
        let mut mix = mix(start);
        let mut performer = Performer::new(seed, ppm, 8_000.0, 0.0, start);
        run(&mut mix, &mut performer, start + MediaTime::from_millis(5_000), &mut Heard::default());
        let warm = mix.counters();
        for hour in 0..4 {
            for _ in 0..59 {
                let end = mix.deadline().expect("an output is open") + MediaTime::from_millis(60_000);
                run(&mut mix, &mut performer, end, &mut Heard::default());
            }
            let mut heard = Heard::default();
            let end = mix.deadline().expect("an output is open") + MediaTime::from_millis(60_000);
            run(&mut mix, &mut performer, end, &mut heard);
            // The tone is whole: no holes, no clicks, right loudness, right pitch.
            let mut steps = heard.samples.windows(2).map(|w| (w[1] - w[0]).abs());
            assert!(steps.all(|step| step < 0.03), "hour {hour}: a click");
            let loud = loudness(&heard.samples[48_000..]);
            assert!((loud - 0.4).abs() < 0.01, "hour {hour}: loudness {loud}");
            check_delay(&heard, &performer, hour);
        }
        let counters = mix.counters();
        assert_eq!(counters.underruns, warm.underruns, "sound ran out");
        assert_eq!(counters.lost_frames, warm.lost_frames, "sound was thrown away");
        assert_eq!(counters.skipped, 0);
    }
}

/// The picture's colour tells when it was captured: it must not wait longer and longer.
fn check_delay(heard: &Heard, performer: &Performer, hour: i32) {
    let delay = |(shown, y): &(MediaTime, u8)| {
        let its = (*shown - performer.start).seconds() * (1.0 + performer.ppm * 1e-6);
        (its * 30.0 - (f64::from(*y) - 20.0)).rem_euclid(200.0) / 30.0
    };
    let delays: Vec<f64> = heard.pictures.iter().map(delay).collect();
    let most = delays.iter().fold(0.0f64, |most, delay| most.max(*delay));
    println!("hour {hour}: pictures leave {:.0} to {:.0} ms after capture", delays[0] * 1e3, most * 1e3);
    assert!(most < 0.13, "hour {hour}: a picture left {most} s late");
}

#[test]
fn picture_and_sound_leave_together_whatever_the_jitter() {
    // A flash and a beep are captured at the same instant, once a second.
    for (seed, jitter) in [(11, 0.0), (12, 15_000.0), (13, 40_000.0), (14, 90_000.0)] {
        let start = MediaTime::from_millis(1_000);
        let mut mix = mix(start);
        let mut random = Random(seed * 7_919 + 1);
        println!("seed {seed} jitter {jitter}");
        let mut way: Vec<(MediaTime, MediaTime, bool)> = Vec::new();
        for packet in 0..1_500i64 {
            let at = start + micros(packet * 20_000);
            way.push((at + micros(30_000 + (random.next() * jitter) as i64), at, false));
        }
        for picture in 0..900i64 {
            let at = start + micros(picture * 1_000_000 / 30);
            way.push((at + micros(40_000 + (random.next() * jitter) as i64), at, true));
        }
        // Nothing overtakes: each track comes in order.
        way.sort_by_key(|(_, capture, picture)| (*picture, *capture));
        for i in 1..way.len() {
            if way[i].2 == way[i - 1].2 {
                way[i].0 = way[i].0.max(way[i - 1].0);
            }
        }
        way.sort_by_key(|(at, capture, _)| (*at, *capture));
        let mut way = VecDeque::from(way);
        let lit = |capture: MediaTime| (capture - start).micros().rem_euclid(1_000_000) < 100_000;
        let (mut flashes, mut beeps) = (Vec::new(), Vec::new());
        let (mut dark, mut quiet) = (true, true);
        while let Some(due) = mix.deadline().filter(|due| *due < start + MediaTime::from_millis(29_500)) {
            while way.front().is_some_and(|(at, ..)| *at <= due) {
                let Some((at, capture, picture)) = way.pop_front() else { break };
                if picture {
                    let y = if lit(capture) { 235 } else { 16 };
                    let picture = Arc::new(Picture::filled(64, 64, Yuv { y, u: 128, v: 128 }));
                    mix.handle(Input::Picture(FEED, picture, capture), at);
                } else {
                    let level = if lit(capture) { 0.5 } else { 0.0 };
                    mix.handle(Input::Sound(FEED, vec![level; BLOCK * 2], capture), at);
                }
            }
            mix.handle(Input::Tick, due);
            while let Some(made) = mix.poll() {
                match made {
                    Made::Picture(_, picture, time) => {
                        let bright = picture.pixel(32, 32).expect("inside").y > 128;
                        if bright && dark {
                            flashes.push(time);
                        }
                        dark = !bright;
                    }
                    Made::Sound(_, samples, time) => {
                        for (at, v) in samples.iter().step_by(2).enumerate() {
                            if *v > 0.25 && quiet {
                                beeps.push(time + MediaTime::from_ticks(at as i64, 48_000));
                            }
                            quiet = *v < 0.01 || (quiet && *v <= 0.25);
                        }
                    }
                    Made::Levels(_) => {}
                }
            }
        }
        let mut errors: Vec<i64> = flashes
            .iter()
            .skip(3)
            .map(|flash| beeps.iter().map(|beep| (*flash - *beep).millis()).min_by_key(|e| e.abs()))
            .map(|error| error.expect("there were beeps"))
            .collect();
        errors.sort_unstable();
        assert!(errors.len() >= 22, "flashes seen: {}", errors.len());
        let worst = (errors[errors.len() / 20], errors[errors.len() - 1 - errors.len() / 20]);
        println!("picture after sound, ms: {errors:?}");
        assert!(worst.0 >= -40 && worst.1 <= 40, "sync {worst:?}");
    }
}

#[test]
fn lost_packets_are_faded_over_without_clicks() {
    let start = MediaTime::from_millis(77);
    let mut mix = mix(start);
    let mut performer = Performer::new(21, 50.0, 12_000.0, 0.1, start);
    let mut heard = Heard::default();
    run(&mut mix, &mut performer, start + MediaTime::from_millis(60_000), &mut heard);
    // The tone's own largest step is 0.4·2π·440/48000 = 0.023; a cut-off tone would jump by up to 0.4.
    let largest = heard.samples.windows(2).fold(0.0f32, |most, w| most.max((w[1] - w[0]).abs()));
    assert!(largest < 0.06, "a click: {largest}");
    let silent = heard.samples.chunks(480).filter(|c| c.iter().all(|v| v.abs() < 1e-3)).count() as f64;
    let part = silent / (heard.samples.len() / 480) as f64;
    println!("silent part {part:.3}, counters {:?}", mix.counters());
    assert!(part < 0.17, "one lost packet in ten must not silence more: {part}");
}

#[test]
fn one_block_each_20_ms_for_ever_and_late_ticks_are_skipped_not_made_up() {
    let start = micros(123_457);
    let mut mix = mix(start);
    let (mut blocks, mut last, mut pictures) = (0i64, None, 0u64);
    let mut now = start;
    let end = start + MediaTime::from_millis(30_000);
    while let Some(due) = mix.deadline().filter(|due| *due < end) {
        // Every 100th call comes a whole second late.
        now = if blocks % 100 == 99 { due + MediaTime::from_millis(1_000) } else { due.max(now) };
        mix.handle(Input::Tick, now);
        let mut burst = (0, 0);
        while let Some(made) = mix.poll() {
            match made {
                Made::Sound(_, samples, time) => {
                    assert_eq!(samples.len(), 2 * BLOCK);
                    assert_eq!((time - start).micros() % 20_000, 0, "blocks stand on their grid");
                    assert!(last.is_none_or(|last| time > last), "time goes on");
                    last = Some(time);
                    burst.0 += 1;
                    blocks += 1;
                }
                Made::Picture(_, _, time) => {
                    assert!(time <= now && now - time < MediaTime::from_millis(34), "a picture of now");
                    burst.1 += 1;
                    pictures += 1;
                }
                Made::Levels(_) => {}
            }
        }
        assert!(burst.0 <= 5 && burst.1 <= 1, "no bursts: {burst:?}");
    }
    let counters = mix.counters();
    assert!(counters.skipped > 200 && counters.skipped_blocks > 300, "{counters:?}");
    assert!(pictures + counters.skipped >= 890, "each tick is made or counted: {pictures} {counters:?}");
}

#[test]
fn levels_tell_who_is_loud() {
    let start = MediaTime::ZERO;
    let mut mix = mix(start);
    let mut performer = Performer::new(31, 0.0, 1_000.0, 0.0, start);
    let mut levels = Vec::new();
    while let Some(due) = mix.deadline().filter(|due| *due < MediaTime::from_millis(3_000)) {
        performer.arrive(&mut mix, due);
        mix.handle(Input::Tick, due);
        while let Some(made) = mix.poll() {
            if let Made::Levels(these) = made {
                levels.push(these);
            }
        }
    }
    assert!((12..=15).contains(&levels.len()), "five a second: {}", levels.len());
    let last = &levels[levels.len() - 1];
    assert_eq!(last[0].0, FEED);
    assert!((last[0].1 - 20.0 * 0.4f32.log10()).abs() < 0.2, "{last:?}");
}
