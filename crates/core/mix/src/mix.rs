//! The state machine: what comes in, what goes out, when.

use crate::bus::Bus;
use crate::canvas::Painter;
use crate::draw::crossfade;
use crate::feed::Feed;
use crate::picture::Picture;
use crate::wire::{Coding, Output, Rendition, Transition};
use crate::{BLOCK, SAMPLE_RATE, palette};
use palco_base::canvas::Arrangement;
use palco_base::{FeedId, MediaTime};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Blocks of sound made at once after a late wake-up; more are left out.
const CATCH_UP: i64 = 5;
/// Blocks between two reports of loudness: 200 ms.
const LEVELS: u32 = 10;
/// Silence, in dBFS.
const SILENCE: f32 = -90.0;
/// Canvases kept for reuse per output: one being drawn, the rest with the encoder.
const CANVASES: usize = 6;
/// Results nobody has polled; beyond, the oldest are dropped.
const UNPOLLED: usize = 256;

/// What a feed is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeedKind {
    /// A person: a picture that stands still is dimmed.
    Performer,
    /// A file: may stand still for as long as the director likes.
    Clip,
}

/// What happens to the mix.
#[derive(Clone, Debug)]
pub enum Input {
    /// A TrueType font for names and slates.
    Font(Vec<u8>),
    /// Begin making an output.
    OpenOutput(Output, Coding),
    /// Stop making it.
    CloseOutput(Output),
    /// A feed that may be arranged; opening an open one only renames it.
    OpenFeed(FeedId, String, FeedKind),
    /// The feed is gone.
    CloseFeed(FeedId),
    /// A decoded picture of a feed, captured at this time.
    Picture(FeedId, Arc<Picture>, MediaTime),
    /// Interleaved stereo of a feed, 48 kHz; its first frame was captured at this time.
    Sound(FeedId, Vec<f32>, MediaTime),
    /// What an output shows and lets hear.
    Arrange(Output, Arrangement, Transition),
    /// The deadline has come.
    Tick,
}

/// What the mix has made.
#[derive(Clone, Debug)]
pub enum Made {
    /// A whole picture, to be shown at this time.
    Picture(Output, Arc<Picture>, MediaTime),
    /// [`BLOCK`] frames of interleaved stereo, to be heard from this time on.
    Sound(Output, Vec<f32>, MediaTime),
    /// Peaks of the last 200 ms in dBFS, of the feeds that gave sound.
    Levels(Vec<(FeedId, f32)>),
}

/// Counts since the beginning.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counters {
    /// Pictures made, all outputs.
    pub pictures: u64,
    /// Ticks left out because the call came too late.
    pub skipped: u64,
    /// Blocks of sound left out because the call came too late.
    pub skipped_blocks: u64,
    /// Decoded pictures dropped because too many waited.
    pub dropped_pictures: u64,
    /// Blocks of feeds' sound in which it ran out.
    pub underruns: u64,
    /// Frames of feeds' sound that came too late, twice or too many at a time.
    pub lost_frames: u64,
}

/// One arrangement giving way to another.
struct Fading {
    from: From,
    /// Set by the first picture that shows it.
    since: Option<MediaTime>,
    length: MediaTime,
}

enum From {
    /// Goes on being drawn.
    Live(Arrangement),
    /// A picture taken in the middle of an earlier fade.
    Still(Arc<Picture>),
}

struct Canvas {
    coding: Coding,
    epoch: MediaTime,
    /// Number of the next picture.
    tick: i64,
    arrangement: Arrangement,
    fading: Option<Fading>,
    bus: Bus,
    last: Option<Arc<Picture>>,
    pool: Vec<Arc<Picture>>,
    under: Option<Picture>,
}

/// The mixer. See the crate for its calling contract.
pub struct Mix {
    feeds: BTreeMap<FeedId, Feed>,
    outputs: BTreeMap<Output, Canvas>,
    painter: Painter,
    /// When sound began and the number of the next block; none while there is no output.
    sound: Option<(MediaTime, i64)>,
    blocks_to_levels: u32,
    made: VecDeque<Made>,
    counters: Counters,
}

impl Default for Mix {
    fn default() -> Self {
        Self::new()
    }
}

impl Mix {
    /// A mix with no feeds and no outputs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            feeds: BTreeMap::new(),
            outputs: BTreeMap::new(),
            painter: Painter::default(),
            sound: None,
            blocks_to_levels: LEVELS,
            made: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes what happened. Nothing that is said about an unknown feed or output does anything.
    pub fn handle(&mut self, input: Input, now: MediaTime) {
        match input {
            Input::Font(bytes) => {
                self.painter.writer.font(bytes);
            }
            Input::OpenOutput(output, coding) => self.open_output(output, coding, now),
            Input::CloseOutput(output) => {
                self.outputs.remove(&output);
                if self.outputs.is_empty() {
                    self.sound = None;
                }
            }
            Input::OpenFeed(id, name, kind) => match self.feeds.get_mut(&id) {
                Some(feed) => feed.name = name,
                None => {
                    self.feeds.insert(id, Feed::new(name, kind));
                }
            },
            Input::CloseFeed(id) => self.close_feed(id),
            Input::Picture(id, picture, time) => {
                if let Some(feed) = self.feeds.get_mut(&id) {
                    feed.push_picture(picture, time, now);
                }
            }
            Input::Sound(id, samples, time) => {
                if let Some(feed) = self.feeds.get_mut(&id) {
                    feed.push_sound(&samples, time, now);
                }
            }
            Input::Arrange(output, arrangement, transition) => {
                if let Some(canvas) = self.outputs.get_mut(&output) {
                    canvas.arrange(arrangement, transition);
                }
            }
            Input::Tick => self.tick(now),
        }
    }

    /// What has been made since the last call, oldest first.
    pub fn poll(&mut self) -> Option<Made> {
        self.made.pop_front()
    }

    /// When [`Input::Tick`] is due; none while there is no output.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        let sound = self.sound.map(|(epoch, block)| block_time(epoch, block));
        self.outputs.values().map(Canvas::next).chain(sound).min()
    }

    /// Counts since the beginning, of the feeds there are now and of all outputs.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let mut counters = self.counters;
        self.feeds.values().for_each(|feed| add_losses(&mut counters, feed));
        counters
    }

    /// From capture to mix, of the feed that is held longest.
    #[must_use]
    pub fn held(&self) -> MediaTime {
        self.feeds.values().filter_map(Feed::delay).max().unwrap_or(MediaTime::ZERO)
    }

    fn open_output(&mut self, output: Output, coding: Coding, now: MediaTime) {
        let even = |size: u32, most: u32| (size & !1).clamp(16, most);
        let coding = Coding {
            frame_rate: coding.frame_rate.clamp(1, 120),
            large: Rendition {
                width: even(coding.large.width, crate::MAX_WIDTH),
                height: even(coding.large.height, crate::MAX_WIDTH),
                ..coding.large
            },
            ..coding
        };
        let epoch = self.sound.get_or_insert((now, 0)).0;
        self.outputs.insert(output, Canvas::new(coding, epoch, now));
    }

    fn close_feed(&mut self, id: FeedId) {
        if let Some(feed) = self.feeds.remove(&id) {
            add_losses(&mut self.counters, &feed);
        }
    }

    fn tick(&mut self, now: MediaTime) {
        self.make_sound(now);
        self.make_pictures(now);
        while self.made.len() > UNPOLLED {
            self.made.pop_front();
        }
    }

    fn make_sound(&mut self, now: MediaTime) {
        let Some((epoch, mut block)) = self.sound else { return };
        let due = (now - epoch).ticks(SAMPLE_RATE).div_euclid(BLOCK as i64);
        if due - block >= CATCH_UP {
            self.counters.skipped_blocks += (due - block - CATCH_UP + 1).unsigned_abs();
            block = due - CATCH_UP + 1;
        }
        while block_time(epoch, block) <= now {
            self.make_block(block_time(epoch, block));
            block += 1;
        }
        self.sound = Some((epoch, block));
    }

    fn make_block(&mut self, time: MediaTime) {
        let half_tick = self.half_tick();
        for feed in self.feeds.values_mut() {
            feed.take_block(time, half_tick);
        }
        for (output, canvas) in &mut self.outputs {
            let samples = canvas.bus.mix(|id| self.feeds.get(&id).and_then(Feed::block));
            self.made.push_back(Made::Sound(*output, samples, time));
        }
        self.blocks_to_levels -= 1;
        if self.blocks_to_levels == 0 {
            self.blocks_to_levels = LEVELS;
            let levels: Vec<_> = self
                .feeds
                .iter_mut()
                .filter_map(|(id, feed)| Some((*id, decibels(feed.take_peak()?))))
                .collect();
            if !levels.is_empty() {
                self.made.push_back(Made::Levels(levels));
            }
        }
    }

    /// Half the time between two pictures: a picture is shown at the tick nearest to its time.
    fn half_tick(&self) -> MediaTime {
        let rate = self.outputs.values().map(|canvas| canvas.coding.frame_rate).max().unwrap_or(30);
        MediaTime::from_micros(500_000 / i64::from(rate))
    }

    fn make_pictures(&mut self, now: MediaTime) {
        let half_tick = self.half_tick();
        for (output, canvas) in &mut self.outputs {
            if canvas.next() > now {
                continue;
            }
            let due = (now - canvas.epoch).ticks(canvas.coding.frame_rate);
            let due = if canvas.time_of(due + 1) <= now { due + 1 } else { due };
            self.counters.skipped += (due - canvas.tick).max(0).unsigned_abs();
            canvas.tick = due.max(canvas.tick) + 1;
            let time = canvas.time_of(canvas.tick - 1);
            self.feeds.values_mut().for_each(|feed| feed.advance(time, half_tick));
            let picture = canvas.draw(&mut self.painter, &self.feeds, time);
            self.counters.pictures += 1;
            self.made.push_back(Made::Picture(*output, picture, time));
        }
    }
}

impl Canvas {
    fn new(coding: Coding, epoch: MediaTime, now: MediaTime) -> Self {
        let mut canvas = Self {
            coding,
            epoch,
            tick: 0,
            arrangement: Arrangement::default(),
            fading: None,
            bus: Bus::default(),
            last: None,
            pool: Vec::new(),
            under: None,
        };
        canvas.tick = (now - epoch).ticks(coding.frame_rate);
        while canvas.next() < now {
            canvas.tick += 1;
        }
        canvas
    }

    fn time_of(&self, tick: i64) -> MediaTime {
        self.epoch + MediaTime::from_ticks(tick, self.coding.frame_rate)
    }

    fn next(&self) -> MediaTime {
        self.time_of(self.tick)
    }

    fn arrange(&mut self, arrangement: Arrangement, transition: Transition) {
        let millis = match transition {
            Transition::Cut => 0,
            Transition::Fade { millis } => millis.min(10_000),
        };
        self.bus.arrange(&arrangement.sounds, millis);
        let before = std::mem::replace(&mut self.arrangement, arrangement);
        let from = match (self.fading.take(), &self.last) {
            (Some(_), Some(last)) => From::Still(last.clone()),
            _ => From::Live(before),
        };
        self.fading =
            (millis > 0).then(|| Fading { from, since: None, length: MediaTime::from_millis(millis.into()) });
    }

    fn draw(
        &mut self,
        painter: &mut Painter,
        feeds: &BTreeMap<FeedId, Feed>,
        time: MediaTime,
    ) -> Arc<Picture> {
        let (width, height) = (self.coding.large.width, self.coding.large.height);
        let mut shared = self.free_canvas();
        let on = Arc::get_mut(&mut shared).expect("a canvas taken from the pool is shared with nobody");
        painter.draw(on, &self.arrangement, feeds, time);
        if let Some(fading) = &mut self.fading {
            let gone = time - *fading.since.get_or_insert(time);
            if gone >= fading.length {
                self.fading = None;
            } else {
                let weight = (gone.micros() * 256 / fading.length.micros().max(1)) as u16;
                match &fading.from {
                    From::Still(still) => crossfade(on, still, weight),
                    From::Live(before) => {
                        let under =
                            self.under.get_or_insert_with(|| Picture::filled(width, height, palette::GROUND));
                        painter.draw(under, before, feeds, time);
                        crossfade(on, under, weight);
                    }
                }
            }
        }
        if self.fading.is_none() {
            self.under = None;
        }
        self.last = Some(shared.clone());
        if self.pool.len() < CANVASES {
            self.pool.push(shared.clone());
        }
        shared
    }

    /// A canvas nobody looks at any longer.
    fn free_canvas(&mut self) -> Arc<Picture> {
        let free = self.pool.iter_mut().position(|canvas| Arc::get_mut(canvas).is_some());
        match free {
            Some(at) => self.pool.swap_remove(at),
            None => {
                let (width, height) = (self.coding.large.width, self.coding.large.height);
                Arc::new(Picture::filled(width, height, palette::GROUND))
            }
        }
    }
}

fn block_time(epoch: MediaTime, block: i64) -> MediaTime {
    epoch + MediaTime::from_ticks(block * BLOCK as i64, SAMPLE_RATE)
}

fn decibels(peak: f32) -> f32 {
    (20.0 * peak.max(1e-6).log10()).clamp(SILENCE, 0.0)
}

fn add_losses(counters: &mut Counters, feed: &Feed) {
    let lost = feed.lost_sound();
    counters.dropped_pictures += feed.dropped;
    counters.underruns += lost.underruns;
    counters.lost_frames += lost.frames;
}
