//! A viewer that looks: plays a Program and reads strips, flashes and beeps from it.

use crate::bot::{Bot, age};
use crate::decode::{Grey, Pictures, Sound, Stamp};
use crate::media::Spec;
use crate::numbers::Summary;
use crate::pulse::{BeepFinder, FlashFinder, PATCH, RATE};
use crate::strip::{Luma, Strip};
use palco_base::{Codec, EncodedFrame, Fault, MediaTime, Secret};
use palco_client::Options;
use palco_client::whep::{self, Player, Received};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// Frames waiting for the decoders; more are dropped and counted.
const QUEUE: usize = 600;

/// Where one performer's picture stands in the Program, and what it is.
#[derive(Clone, PartialEq, Debug)]
pub struct Tile {
    /// For the report.
    pub name: String,
    /// Left, top, width and height in the Program's pixels.
    pub rect: (f64, f64, f64, f64),
    /// What is published there.
    pub spec: Spec,
    /// Its media time zero, if latency is wanted.
    pub started: Option<MediaTime>,
}

impl Tile {
    /// A bot's tile.
    #[must_use]
    pub fn of(bot: &Bot, name: &str, rect: (f64, f64, f64, f64)) -> Self {
        Self { name: name.to_owned(), rect, spec: bot.spec, started: Some(bot.started) }
    }

    fn place(&self, x: f64, y: f64, width: f64, height: f64) -> Strip {
        let size = (f64::from(self.spec.width), f64::from(self.spec.height));
        Strip { x, y, width, height }.in_tile(size, self.rect)
    }

    fn strip(&self) -> Strip {
        let Strip { x, y, width, height } = self.spec.strip();
        self.place(x, y, width, height)
    }

    /// Mean luma of the flash's patch, without its edges.
    fn patch(&self, luma: Luma<'_>) -> Option<f64> {
        let (w, h) = (f64::from(self.spec.width), f64::from(self.spec.height));
        let patch = self.place(PATCH.0 * w, PATCH.1 * h, PATCH.2 * w, PATCH.3 * h);
        let columns = (patch.x + patch.width * 0.25) as usize..(patch.x + patch.width * 0.75) as usize;
        let rows = (patch.y + patch.height * 0.25) as usize..(patch.y + patch.height * 0.75) as usize;
        let (mut sum, mut count) = (0_u64, 0_u64);
        for row in rows {
            let pixels = luma.bytes.get(row * luma.width + columns.start..row * luma.width + columns.end)?;
            sum += pixels.iter().map(|p| u64::from(*p)).sum::<u64>();
            count += pixels.len() as u64;
        }
        (count > 0).then(|| sum as f64 / count as f64)
    }
}

/// One picture of the Program.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// When it came.
    pub arrived: MediaTime,
    /// When it is to be shown.
    pub time: MediaTime,
    /// What each tile's strip said, if it could be read.
    pub strips: Vec<Option<u32>>,
}

/// Everything a watcher saw and heard.
#[derive(Clone, Default, Debug)]
pub struct Log {
    /// Decoded pictures, in order.
    pub pictures: Vec<Seen>,
    /// Show times at which each tile began to flash.
    pub flashes: Vec<Vec<MediaTime>>,
    /// Play times at which each tile's tone began.
    pub beeps: Vec<Vec<MediaTime>>,
}

/// A WHEP player with decoders.
pub struct Watcher {
    player: Option<Player>,
    tiles: Vec<Tile>,
    log: Arc<Mutex<Log>>,
    dropped: Arc<AtomicU64>,
    worker: Option<JoinHandle<()>>,
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    // Only ever pushed to: whole also after a panic elsewhere.
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watcher {
    /// Plays a WHEP URL and looks at these tiles of it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn start(url: &str, token: Option<&Secret>, tiles: Vec<Tile>) -> Result<Self, Fault> {
        Self::start_with(url, token, tiles, Options::default())
    }

    /// The same, with options.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn start_with(
        url: &str,
        token: Option<&Secret>,
        tiles: Vec<Tile>,
        options: Options,
    ) -> Result<Self, Fault> {
        let empty = vec![Vec::new(); tiles.len()];
        let log = Arc::new(Mutex::new(Log { flashes: empty.clone(), beeps: empty, ..Log::default() }));
        let dropped = Arc::new(AtomicU64::new(0));
        let (sender, receiver) = sync_channel(QUEUE);
        let count = dropped.clone();
        let on_frame = move |received| {
            if sender.try_send(received).is_err() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        };
        let player = whep::play(url, token, on_frame, options)?;
        let (looking, shared) = (tiles.clone(), log.clone());
        let worker = std::thread::spawn(move || work(&receiver, &looking, &shared));
        Ok(Self { player: Some(player), tiles, log, dropped, worker: Some(worker) })
    }

    /// The network's side of it.
    #[must_use]
    pub fn stats(&self) -> whep::Stats {
        self.player.as_ref().map(Player::stats).unwrap_or_default()
    }

    /// The session itself.
    #[must_use]
    pub fn player(&self) -> Option<&Player> {
        self.player.as_ref()
    }

    /// What was seen so far.
    #[must_use]
    pub fn log(&self) -> Log {
        lock(&self.log).clone()
    }

    /// How many pictures were seen so far.
    #[must_use]
    pub fn pictures(&self) -> usize {
        lock(&self.log).pictures.len()
    }

    /// Everything as JSON: the session's numbers, and for each tile latency, distance of picture
    /// and sound, and the longest time it stood still (all in ms).
    #[must_use]
    pub fn report(&self) -> Value {
        report(&self.stats(), &self.log(), &self.tiles, self.dropped.load(Ordering::Relaxed))
    }

    /// Stops, lets the decoders finish, and reports.
    #[must_use]
    pub fn finish(mut self) -> (Value, Log) {
        let stats = self.stats();
        self.end();
        let log = self.log();
        (report(&stats, &log, &self.tiles, self.dropped.load(Ordering::Relaxed)), log)
    }

    fn end(&mut self) {
        // The player first: the worker ends when no more frames can come.
        self.player = None;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end();
    }
}

/// Feeds the decoders.
fn work(frames: &Receiver<Received>, tiles: &[Tile], log: &Arc<Mutex<Log>>) {
    let mut pictures: Option<Pictures> = None;
    let mut sound: Option<Sound> = None;
    for Received { frame, arrived, contiguous } in frames {
        let EncodedFrame { codec, key, time, payload } = frame;
        let stamp = Stamp { time, arrived };
        match codec {
            Codec::H264 => {
                if !contiguous {
                    pictures = None;
                }
                if pictures.is_none() && key {
                    let mut flashes: Vec<_> = tiles.iter().map(|_| FlashFinder::default()).collect();
                    let (tiles, log) = (tiles.to_vec(), log.clone());
                    pictures = Pictures::start(move |grey| look(&grey, &tiles, &log, &mut flashes)).ok();
                }
                if pictures.as_mut().is_some_and(|p| !p.push(&payload, stamp)) {
                    pictures = None;
                }
            }
            Codec::Opus => {
                if sound.is_none() {
                    let (log, mut ears) = (log.clone(), tiles.iter().map(Ear::new).collect::<Vec<_>>());
                    let hear = move |stamp: Stamp, samples: &[f32]| {
                        for (index, ear) in ears.iter_mut().enumerate() {
                            let begins = ear.hear(stamp.time, samples);
                            lock(&log).beeps[index].extend(begins);
                        }
                    };
                    sound = Sound::start(hear).ok();
                }
                if sound.as_mut().is_some_and(|s| !s.push(&payload, stamp)) {
                    sound = None;
                }
            }
            // A Program is H.264.
            Codec::Vp8 | Codec::Aac => {}
        }
    }
}

fn look(grey: &Grey, tiles: &[Tile], log: &Mutex<Log>, flashes: &mut [FlashFinder]) {
    let luma = Luma { bytes: &grey.bytes, width: grey.width, height: grey.height };
    let strips = tiles.iter().map(|tile| tile.strip().read(luma)).collect();
    let Stamp { time, arrived } = grey.stamp;
    let mut log = lock(log);
    for (index, (tile, finder)) in tiles.iter().zip(flashes).enumerate() {
        if tile.patch(luma).is_some_and(|brightness| finder.next(brightness)) {
            log.flashes[index].push(time);
        }
    }
    log.pictures.push(Seen { arrived, time, strips });
}

/// Listens for one tone.
struct Ear {
    finder: BeepFinder,
    /// First sample and its time, of the last packets.
    packets: VecDeque<(u64, MediaTime)>,
    samples: u64,
}

impl Ear {
    fn new(tile: &Tile) -> Self {
        Self { finder: BeepFinder::new(tile.spec.tone), packets: VecDeque::new(), samples: 0 }
    }

    fn hear(&mut self, time: MediaTime, samples: &[f32]) -> Vec<MediaTime> {
        self.packets.push_back((self.samples, time));
        if self.packets.len() > 16 {
            self.packets.pop_front();
        }
        self.samples += samples.len() as u64;
        let begins: Vec<u64> = samples.iter().filter_map(|s| self.finder.next(f64::from(*s))).collect();
        begins
            .into_iter()
            .filter_map(|begin| {
                let (first, time) = self.packets.iter().rev().find(|(first, _)| *first <= begin)?;
                let after = i64::try_from(begin - first).ok()?;
                Some(*time + MediaTime::from_ticks(after, RATE as u32))
            })
            .collect()
    }
}

fn millis(span: MediaTime) -> f64 {
    span.micros() as f64 / 1_000.0
}

/// Age of each picture's strip when it came, in ms.
#[must_use]
pub fn latencies(log: &Log, index: usize, tile: &Tile) -> Vec<f64> {
    let Some(started) = tile.started else { return Vec::new() };
    let seen = log.pictures.iter();
    seen.filter_map(|p| Some(age(started, tile.spec.seconds, p.strips[index]?, p.arrived))).collect()
}

/// Flash minus beep in ms, for each flash with a beep within half a second: above zero the sound
/// is early. EBU R37 allows +40 and −60.
#[must_use]
pub fn sync(log: &Log, index: usize) -> Vec<f64> {
    let flashes = log.flashes[index].iter();
    flashes
        .filter_map(|flash| {
            let distances = log.beeps[index].iter().map(|beep| millis(*flash - *beep));
            distances.min_by(|a, b| a.abs().total_cmp(&b.abs())).filter(|d| d.abs() < 500.0)
        })
        .collect()
}

/// The longest time in ms over which the strip did not move, or could not be read.
#[must_use]
pub fn longest_still(log: &Log, index: usize) -> f64 {
    let (mut longest, mut since, mut last) = (0.0_f64, None, None);
    for picture in &log.pictures {
        let moved = picture.strips[index].is_some() && picture.strips[index] != last;
        if moved {
            longest = longest.max(since.map_or(0.0, |since| millis(picture.arrived - since)));
            since = Some(picture.arrived);
            last = picture.strips[index];
        }
    }
    let end = log.pictures.last().map(|p| p.arrived);
    longest.max(since.zip(end).map_or(0.0, |(since, end)| millis(end - since)))
}

/// The longest time in ms between two pictures.
#[must_use]
pub fn longest_gap(log: &Log) -> f64 {
    log.pictures.windows(2).map(|w| millis(w[1].arrived - w[0].arrived)).fold(0.0, f64::max)
}

fn report(stats: &whep::Stats, log: &Log, tiles: &[Tile], dropped: u64) -> Value {
    let ms = |span: Option<MediaTime>| span.map(|s| s.millis());
    let summary = |values: &[f64]| Summary::of(values).map(|s| s.json());
    let tiles: Vec<Value> = tiles
        .iter()
        .enumerate()
        .map(|(index, tile)| {
            let read = log.pictures.iter().filter(|p| p.strips[index].is_some()).count();
            json!({
                "name": tile.name,
                "strips_read": read,
                "latency_ms": summary(&latencies(log, index, tile)),
                "av_ms": summary(&sync(log, index)),
                "flashes": log.flashes[index].len(),
                "beeps": log.beeps[index].len(),
                "longest_still_ms": longest_still(log, index).round(),
            })
        })
        .collect();
    json!({
        "connections": stats.connections,
        "connected_after_ms": ms(stats.connected_after),
        "first_frame_after_ms": ms(stats.first_frame_after),
        "frames": stats.frames,
        "key_frames": stats.key_frames,
        "audio_packets": stats.audio_packets,
        "bytes": stats.bytes,
        "lost": stats.lost,
        "audio_lost": stats.audio_lost,
        "nacks": stats.nacks,
        "plis": stats.plis,
        "freezes": stats.freezes,
        "frozen_ms": stats.frozen.millis(),
        "aligned": stats.aligned,
        "pictures": log.pictures.len(),
        "not_decoded": dropped,
        "longest_gap_ms": longest_gap(log).round(),
        "tiles": tiles,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    #[test]
    fn stillness_and_gaps_are_measured() {
        let seen = |millis, strip| Seen { arrived: at(millis), time: at(millis), strips: vec![strip] };
        let pictures = vec![
            seen(0, Some(1)),
            seen(33, Some(2)),
            seen(66, Some(2)),
            seen(400, None),
            seen(433, Some(3)),
            seen(466, Some(4)),
        ];
        let log = Log { pictures, ..Log::default() };
        assert!((longest_still(&log, 0) - 400.0).abs() < 0.001);
        assert!((longest_gap(&log) - 334.0).abs() < 0.001);
    }

    #[test]
    fn flash_and_beep_of_the_same_second_belong_together() {
        let flashes = vec![vec![at(1_000), at(2_000), at(3_000)]];
        let beeps = vec![vec![at(1_010), at(1_985)]];
        let log = Log { flashes, beeps, ..Log::default() };
        assert_eq!(sync(&log, 0), [-10.0, 15.0]);
    }
}
