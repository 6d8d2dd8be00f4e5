//! A feed: one source of media, who publishes it, and what is known about its flow.

use crate::clock::FeedClock;
use crate::history::History;
use crate::ladder::Meter;
use crate::pacer::Pacer;
use crate::packet::Packet;
use crate::program::Program;
use crate::slab::Slot;
use crate::tap::VideoTap;
use palco_base::{Codec, MediaKind, MediaTime, Size};
use std::time::{Duration, Instant};

/// No packet for this long: the media has stopped.
const SILENCE: Duration = Duration::from_secs(2);
/// A sequence number this far from the last is not loss but another stream.
const LEAP: u64 = 3_000;
/// A Program's requests go to the mixer, which has its own throttle; this only bounds messages.
const PROGRAM_KEY_INTERVAL: Duration = Duration::from_millis(100);

/// Asks for key frames: at most one per interval, again while none comes.
#[derive(Debug)]
pub(crate) struct KeyFrames {
    interval: Duration,
    asked: Option<Instant>,
    wanted: bool,
    repeats: u32,
}

impl KeyFrames {
    pub(crate) const fn new(interval: Duration) -> Self {
        Self { interval, asked: None, wanted: false, repeats: 0 }
    }

    /// Somebody needs one.
    pub(crate) fn want(&mut self) {
        if !self.wanted {
            self.wanted = true;
            self.repeats = 0;
        }
    }

    /// One begins.
    pub(crate) fn came(&mut self) {
        self.wanted = false;
        self.repeats = 0;
    }

    /// When to ask, if one is wanted. Repeats are each twice as far, up to eight intervals.
    pub(crate) fn due(&self) -> Option<Instant> {
        let wait = self.interval * (1 << self.repeats.min(3));
        self.wanted.then_some(self.asked.map(|asked| asked + wait)?)
    }

    /// Whether to ask now.
    pub(crate) fn ask(&mut self, now: Instant) -> bool {
        if !self.wanted || self.due().is_some_and(|due| now < due) {
            return false;
        }
        self.repeats += u32::from(self.asked.is_some() && self.repeats < 8);
        self.asked = Some(now);
        true
    }
}

/// What is known about one track of a feed.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) epoch: u64,
    ssrc: u32,
    codec: Option<Codec>,
    last_seq: u64,
    last_at: Option<Instant>,
    muted: bool,
    /// H.264 key frames of this stream bring their parameter sets.
    in_band_sets: bool,
    /// What may be asked for again; pictures only.
    pub(crate) history: History,
    rate: Meter,
    /// Of a Program.
    pub(crate) pacer: Pacer,
}

impl Flow {
    fn flowing(&self, now: Instant) -> Option<Codec> {
        let recent = self.last_at.is_some_and(|at| now.saturating_duration_since(at) < SILENCE);
        self.codec.filter(|_| recent && !self.muted)
    }
}

/// What the Renditions of a Program take, in bit/s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rates {
    pub(crate) small: u64,
    pub(crate) large: u64,
}

pub(crate) struct Feed {
    pub(crate) program: Option<Program>,
    pub(crate) publisher: Option<Slot>,
    /// Sessions that play it or wait to.
    pub(crate) players: Vec<Slot>,
    audio: Flow,
    video: Flow,
    /// The small Rendition of a Program.
    small: Flow,
    pub(crate) clock: FeedClock,
    pub(crate) tap: Option<VideoTap>,
    pub(crate) keys: KeyFrames,
    reported: (Option<Codec>, Option<Codec>),
    /// How far ahead of now frame times have been, in µs; see [`Feed::wallclock`].
    ahead: i64,
    /// The timer set for this feed.
    pub(crate) timer: Option<Instant>,
}

/// What a packet of a publisher brings beside its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) codec: Codec,
    pub(crate) ssrc: u32,
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) at: Instant,
    pub(crate) media: MediaTime,
}

impl Feed {
    pub(crate) fn new(key_frame_interval: Duration, mut epoch: impl FnMut() -> u64) -> Self {
        Self {
            program: None,
            publisher: None,
            players: Vec::new(),
            audio: Flow { epoch: epoch(), ..Flow::default() },
            video: Flow { epoch: epoch(), ..Flow::default() },
            small: Flow { epoch: epoch(), ..Flow::default() },
            clock: FeedClock::default(),
            tap: None,
            keys: KeyFrames::new(key_frame_interval),
            reported: (None, None),
            ahead: 0,
            timer: None,
        }
    }

    /// Makes it a Program, once.
    pub(crate) fn open_program(&mut self) {
        if self.program.is_none() {
            self.program = Some(Program::new(self.audio.epoch, self.video.epoch, self.small.epoch));
            self.keys.interval = PROGRAM_KEY_INTERVAL;
        }
    }

    pub(crate) const fn flow(&self, kind: MediaKind) -> &Flow {
        match kind {
            MediaKind::Audio => &self.audio,
            MediaKind::Video => &self.video,
        }
    }

    pub(crate) const fn flow_mut(&mut self, kind: MediaKind, size: Size) -> &mut Flow {
        match (kind, size) {
            (MediaKind::Audio, _) => &mut self.audio,
            (MediaKind::Video, Size::Large) => &mut self.video,
            (MediaKind::Video, Size::Small) => &mut self.small,
        }
    }

    /// What may be asked for again, of both sizes.
    pub(crate) const fn histories(&self) -> [&History; 2] {
        [&self.video.history, &self.small.history]
    }

    /// Remembers packets of a picture.
    pub(crate) fn remember(&mut self, packets: &[Packet], now: Instant) {
        for packet in packets.iter().filter(|p| p.codec.kind() == MediaKind::Video) {
            let flow = self.flow_mut(MediaKind::Video, packet.size);
            flow.rate.add(packet.payload.len(), now);
            flow.history.push(packet);
        }
    }

    /// What its pictures take, if there is a small one to turn to.
    pub(crate) fn rates(&mut self, now: Instant) -> Option<Rates> {
        self.small.flowing(now)?;
        Some(Rates { small: self.small.rate.rate(now), large: self.video.rate.rate(now) })
    }

    pub(crate) fn muted(&self, kind: MediaKind) -> bool {
        self.flow(kind).muted
    }

    /// Silences or shows a track. What comes after begins anew.
    pub(crate) fn mute(&mut self, kind: MediaKind, muted: bool, mut epoch: impl FnMut() -> u64) {
        if self.flow(kind).muted == muted {
            return;
        }
        for size in [Size::Large, Size::Small] {
            let epoch = epoch();
            let flow = self.flow_mut(kind, size);
            flow.muted = muted;
            flow.epoch = epoch;
            if let Some(program) = &mut self.program {
                program.restart(kind, size, epoch);
            }
        }
        if kind == MediaKind::Video && !muted {
            self.keys.want();
        }
    }

    /// Another publisher: its numbers and times have nothing to do with the last one's.
    pub(crate) fn replace_publisher(&mut self, slot: Option<Slot>) {
        self.publisher = slot;
        self.clock.reset();
        // No stream has SSRC and codec like this, so the next packet begins an epoch.
        for flow in [&mut self.audio, &mut self.video] {
            flow.codec = flow.codec.filter(|_| slot.is_some());
            flow.ssrc = 0;
            if slot.is_none() {
                flow.last_at = None;
            }
        }
    }

    /// Notes a publisher's packet and turns it into one to pass on.
    pub(crate) fn arrive(
        &mut self,
        arrival: Arrival,
        payload: std::sync::Arc<[u8]>,
        next_epoch: &mut u64,
    ) -> Packet {
        let kind = arrival.codec.kind();
        let flow = self.flow_mut(kind, Size::Large);
        let other = flow.ssrc != arrival.ssrc;
        if other || flow.codec != Some(arrival.codec) || flow.last_seq.abs_diff(arrival.seq) > LEAP {
            *next_epoch += 1;
            flow.epoch = *next_epoch;
            flow.in_band_sets = false;
            flow.last_seq = arrival.seq;
        }
        flow.ssrc = arrival.ssrc;
        flow.codec = Some(arrival.codec);
        flow.last_seq = flow.last_seq.max(arrival.seq);
        flow.last_at = Some(arrival.at);
        let epoch = flow.epoch;
        let starts_key = match arrival.codec {
            Codec::Opus | Codec::Aac => true,
            Codec::Vp8 => crate::vp8::starts_key(&payload),
            Codec::H264 => {
                let starts = crate::h264::starts(&payload);
                flow.in_band_sets |= starts.sps;
                starts.sps || (starts.idr && !flow.in_band_sets)
            }
        };
        if other {
            self.clock.reset_track(kind);
        }
        if starts_key && kind == MediaKind::Video {
            self.keys.came();
        }
        let time = self.clock.capture(arrival.codec, arrival.timestamp, arrival.media);
        Packet {
            codec: arrival.codec,
            size: Size::Large,
            epoch,
            seq: arrival.seq,
            timestamp: arrival.timestamp,
            time,
            wallclock: self.wallclock(time, arrival.media, arrival.at),
            marker: arrival.marker,
            starts_key,
            payload,
        }
    }

    /// Notes one of our own frames.
    pub(crate) fn produced(&mut self, codec: Codec, size: Size, key: bool, now: Instant) {
        let flow = self.flow_mut(codec.kind(), size);
        flow.codec = Some(codec);
        flow.last_at = Some(now);
        if key && codec.kind() == MediaKind::Video && size == Size::Large {
            self.keys.came();
        }
    }

    /// A media time as an instant not later than now: `str0m` cannot say in a sender report
    /// what is not yet. Times ahead of now shift the whole feed, so that its tracks stay together.
    pub(crate) fn wallclock(&mut self, time: MediaTime, media_now: MediaTime, now: Instant) -> Instant {
        self.ahead = self.ahead.max((time - media_now).micros());
        let behind = (media_now - time).micros().saturating_add(self.ahead).max(0).unsigned_abs();
        now.checked_sub(Duration::from_micros(behind)).unwrap_or(now)
    }

    /// What flows now, if that is not what was told last.
    pub(crate) fn changed(&mut self, now: Instant) -> Option<(Option<Codec>, Option<Codec>)> {
        let flows = (self.audio.flowing(now), self.video.flowing(now));
        (flows != self.reported).then(|| {
            self.reported = flows;
            flows
        })
    }

    /// When something of this feed is due, other than key frames.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let silence = |flow: &Flow, told: Option<Codec>| told.and(flow.last_at).map(|at| at + SILENCE);
        [
            silence(&self.audio, self.reported.0),
            silence(&self.video, self.reported.1),
            self.keys.due(),
            self.tap.as_ref().and_then(VideoTap::deadline),
            self.video.pacer.deadline(),
            self.small.pacer.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Whether a picture flows that a switch can wait for.
    pub(crate) fn shows_picture(&self, now: Instant) -> bool {
        self.video.flowing(now).is_some()
    }

    pub(crate) fn leave(&mut self, slot: Slot) {
        self.players.retain(|player| *player != slot);
    }

    pub(crate) fn join(&mut self, slot: Slot) {
        if !self.players.contains(&slot) {
            self.players.push(slot);
        }
    }
}
