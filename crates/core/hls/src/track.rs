//! One track: what its encoder says of itself, the segment it is in, and its shelf.

use crate::aac::AudioConfig;
use crate::api::{self, Body, TrackKind};
use crate::fmp4::{VIDEO_RATE, audio_init, video_init};
use crate::h264::{ParameterSets, Sps};
use crate::part::{Limits, Pending, span};
use crate::rate::Meter;
use crate::shelf::{Shelf, Windows};
use bytes::Bytes;
use palco_base::{Bitrate, Codec, EncodedFrame, MediaTime};
use std::collections::BTreeMap;

/// Samples in an AAC access unit.
const AAC_FRAME: u64 = 1_024;
/// A frame of a picture that nothing is known of lasts a thirtieth of a second.
const VIDEO_FRAME: u64 = 3_000;

/// What the encoder says.
#[derive(Debug)]
pub(crate) enum Form {
    /// Parameter sets and what they mean; none before the first key frame.
    Video(Option<(ParameterSets, Sps)>),
    Audio(AudioConfig),
}

/// The segment that is being cut.
#[derive(Debug)]
pub(crate) struct Cutting {
    pub(crate) msn: u64,
    /// Its first sample.
    pub(crate) start: MediaTime,
    start_tick: u64,
    frames: u64,
    pending: Pending,
}

/// A playlist as it was last written.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) version: u64,
    pub(crate) body: Body,
    pub(crate) etag: String,
}

#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) form: Form,
    /// Ticks per second.
    pub(crate) rate: u32,
    limits: Limits,
    /// The longest a segment may be, in ticks.
    longest: u64,
    pub(crate) cutting: Option<Cutting>,
    /// The media sequence number of the next segment; none before the first.
    pub(crate) next: Option<u64>,
    /// The last frame taken.
    pub(crate) last: Option<MediaTime>,
    last_tick: Option<u64>,
    /// A frame that does not fit the timeline: a slip, or the first after a jump.
    pub(crate) suspect: Option<EncodedFrame>,
    /// When a key frame was last asked for, since the last one came.
    pub(crate) asked: Option<MediaTime>,
    chunks: u32,
    pub(crate) shelf: Shelf,
    pub(crate) meter: Meter,
    /// What the picture was before the process died.
    pub(crate) described: Option<Sps>,
    /// The number of the initialization section in force.
    pub(crate) init: Option<u32>,
    pub(crate) inits: BTreeMap<u32, Bytes>,
    /// Numbers before this have been used.
    pub(crate) next_init: u32,
    bitrate: Bitrate,
    /// Frames per second, measured over the last segment.
    measured_rate: Option<f64>,
    /// Whole and delta update.
    pub(crate) rendered: [Option<Rendered>; 2],
}

impl Track {
    /// None if the audio configuration cannot be read.
    pub(crate) fn new(
        track: &api::Track,
        part: MediaTime,
        (target, longest): (MediaTime, MediaTime),
        windows: Windows,
    ) -> Option<Self> {
        let (form, rate) = match &track.kind {
            TrackKind::Video => (Form::Video(None), VIDEO_RATE),
            TrackKind::Audio { config } => {
                let config = AudioConfig::parse(config)?;
                let rate = config.sample_rate;
                (Form::Audio(config), rate)
            }
        };
        Some(Self {
            form,
            rate,
            limits: Limits::new(part, rate),
            longest: longest.ticks(rate).max(1).unsigned_abs(),
            cutting: None,
            next: None,
            last: None,
            last_tick: None,
            suspect: None,
            asked: None,
            chunks: 0,
            shelf: Shelf::new(track.name.clone(), windows),
            meter: Meter::new(track.bitrate, target),
            described: None,
            init: None,
            inits: BTreeMap::new(),
            next_init: 0,
            bitrate: track.bitrate,
            measured_rate: None,
            rendered: [None, None],
        })
    }

    pub(crate) const fn is_video(&self) -> bool {
        matches!(self.form, Form::Video(_))
    }

    pub(crate) const fn takes(&self, codec: Codec) -> bool {
        matches!((&self.form, codec), (Form::Video(_), Codec::H264) | (Form::Audio(_), Codec::Aac))
    }

    /// Whether there is anything to play.
    pub(crate) fn started(&self) -> bool {
        (self.init.is_some() || self.described.is_some()) && self.shelf.newest().is_some()
    }

    /// How long a frame lasts if nothing else is known, in ticks.
    const fn frame_ticks(&self) -> u64 {
        if self.is_video() { VIDEO_FRAME } else { AAC_FRAME }
    }

    /// How long a frame lasts if nothing else is known.
    pub(crate) fn frame_time(&self) -> MediaTime {
        span(self.frame_ticks(), self.rate)
    }

    /// Makes the parameter sets those in force. Gives the new initialization section; none if it
    /// is the old one. The caller has seen that the sets can be read.
    pub(crate) fn adopt(&mut self, sets: Option<(ParameterSets, Sps)>) -> Option<(u32, Bytes)> {
        if let (Form::Video(form), Some(sets)) = (&mut self.form, sets) {
            *form = Some(sets);
        } else if self.init.is_some() {
            return None;
        }
        let bytes = match &self.form {
            Form::Video(form) => form.as_ref().map(|(sets, sps)| video_init(sps, sets))?,
            Form::Audio(config) => audio_init(config, u32::try_from(self.bitrate.bps()).unwrap_or(u32::MAX)),
        };
        let number = self.next_init;
        self.next_init += 1;
        self.init = Some(number);
        self.inits.insert(number, bytes.clone());
        Some((number, bytes))
    }

    /// The tick for a frame whose time is at `tick` of the timeline. Sound is counted in samples
    /// as long as its times agree with that to a frame: their rounding must not become cracks.
    /// None if it would not be after the last sample.
    pub(crate) fn place(&self, tick: u64) -> Option<u64> {
        let Some(last) = self.last_tick else { return Some(tick) };
        if self.is_video() {
            return (tick > last).then_some(tick);
        }
        let due = last + AAC_FRAME;
        if tick.abs_diff(due) <= AAC_FRAME { Some(due) } else { (tick > due).then_some(tick) }
    }

    /// Begins a segment; the one before has been completed.
    pub(crate) fn begin(&mut self, msn: u64, start: MediaTime, start_tick: u64) {
        self.cutting = Some(Cutting { msn, start, start_tick, frames: 0, pending: Pending::default() });
        self.next = Some(msn + 1);
    }

    /// Adds a sample to the open segment. Says whether that completed a part.
    pub(crate) fn push(&mut self, tick: u64, sync: bool, bytes: &[u8]) -> bool {
        let limits = self.limits;
        let Some(cutting) = &mut self.cutting else { return false };
        let ends = cutting.pending.ends_before(tick, limits);
        if ends {
            self.end_part(Some(tick));
        }
        self.last_tick = Some(tick);
        if let Some(cutting) = &mut self.cutting {
            cutting.frames += 1;
            cutting.pending.push(tick, sync, bytes);
        }
        ends
    }

    /// Ends the part; gives the tick it ends at.
    fn end_part(&mut self, end: Option<u64>) -> Option<u64> {
        let (frame, how, longest) = (self.frame_ticks(), (self.limits, self.rate), self.longest);
        let sequence = self.chunks.wrapping_add(1);
        let cutting = self.cutting.as_mut()?;
        let (part, end) =
            cutting.pending.finish((end, cutting.start_tick + longest), frame, how, sequence)?;
        // 4 billion parts are 40 years; a counter that came round is allowed too.
        self.chunks = sequence;
        self.shelf.add_part(part);
        Some(end)
    }

    /// Completes the open segment, whose next sample, if there is one, comes at `end`. Gives the
    /// segment, its bytes, and whether a part was completed with it.
    pub(crate) fn complete(&mut self, end: Option<u64>) -> Option<(api::Segment, Bytes, bool)> {
        let parts = !self.cutting.as_ref()?.pending.is_empty();
        let natural = self.end_part(end);
        let cutting = self.cutting.take()?;
        let natural = natural.or(self.last_tick).unwrap_or(cutting.start_tick);
        // A hole before the next segment belongs to nobody.
        let end = end.filter(|end| *end <= natural + self.limits.most()).unwrap_or(natural).max(natural);
        let duration = span((end - cutting.start_tick).min(self.longest), self.rate);
        let (segment, bytes) = self.shelf.complete(duration)?;
        self.meter.add(segment.size, duration);
        if duration > MediaTime::ZERO {
            self.measured_rate = Some(cutting.frames as f64 / duration.seconds());
        }
        Some((segment, bytes, parts))
    }

    /// The source starts anew: what comes need not follow what was.
    pub(crate) fn restart(&mut self) {
        (self.last, self.last_tick) = (None, None);
    }

    /// What the picture is, or was at last.
    fn sps(&self) -> Option<&Sps> {
        match &self.form {
            Form::Video(form) => form.as_ref().map(|(_, sps)| sps).or(self.described.as_ref()),
            Form::Audio(_) => None,
        }
    }

    /// The codec string of RFC 6381, once it is known.
    pub(crate) fn codec_string(&self) -> Option<String> {
        match &self.form {
            Form::Video(_) => self.sps().map(Sps::codec_string),
            Form::Audio(config) => Some(config.codec_string()),
        }
    }

    /// Width and height in pixels and frames per second, if it is a picture and known.
    pub(crate) fn picture(&self) -> Option<(u32, u32, f64)> {
        let sps = self.sps()?;
        // A measured rate is a whole number when it almost is one.
        let whole = |rate: f64| if (rate - rate.round()).abs() < 0.02 * rate { rate.round() } else { rate };
        let rate = sps.frame_rate.or(self.measured_rate.map(whole)).unwrap_or(30.0);
        Some((sps.width, sps.height, rate))
    }
}
