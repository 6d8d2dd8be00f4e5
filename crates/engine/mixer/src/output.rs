//! One output on its way out: each Rendition coded once, the sound once per codec, and key
//! frames at the same pictures of all Renditions.

use crate::coders::{self, Coder};
use crate::elements::{clock_time, media_time, running_time};
use crate::post::{Counts, Post, encoded};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video as gst_video;
use palco_base::{Codec, FeedId, MediaTime, Size};
use palco_mix::Picture;
use palco_mix::wire::{Coding, Output, output_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Pictures that wait for an encoder at most; beyond, the newest is left out.
const QUEUED_PICTURES: u64 = 3;
/// Blocks of sound that wait at most.
const QUEUED_BLOCKS: u64 = 25;
/// At most one key frame more in this time, however many ask.
const KEY_EVERY: MediaTime = MediaTime::from_millis(500);
/// A key frame at the first picture of each such stretch of the clock, whoever asks: HLS cuts its
/// segments there.
const KEY_GRID: MediaTime = MediaTime::from_millis(2_000);
/// So close before one that comes anyway, none is made for whoever asks.
const KEY_NEAR: MediaTime = MediaTime::from_millis(250);

/// When key frames were made and whether one is wanted.
struct Keys {
    /// Time of the picture last made a key frame, µs.
    last: AtomicI64,
    wanted: AtomicBool,
}

impl Keys {
    /// Whether the picture of this time is to be one.
    fn due(&self, time: MediaTime) -> bool {
        let age = time - MediaTime::from_micros(self.last.load(Ordering::Relaxed));
        let into = MediaTime::from_micros(time.micros().rem_euclid(KEY_GRID.micros()));
        let on_grid = into < age && age >= KEY_NEAR;
        let asked = || age >= KEY_EVERY && KEY_GRID - into >= KEY_NEAR;
        let due = on_grid || (asked() && self.wanted.load(Ordering::Relaxed));
        if due {
            self.last.store(time.micros(), Ordering::Relaxed);
            self.wanted.store(false, Ordering::Relaxed);
        }
        due
    }
}

/// See the module.
pub(crate) struct Encoder {
    renditions: Vec<Coder>,
    sounds: Vec<Coder>,
    keys: Arc<Keys>,
    post: Post,
    /// When the last block of sound ended, µs; −1 before the first.
    sound_end: AtomicI64,
}

impl Encoder {
    pub(crate) fn new(output: Output, coding: Coding, post: &Post) -> Result<Self, String> {
        let keys = Arc::new(Keys { last: AtomicI64::new(i64::MIN / 2), wanted: AtomicBool::new(false) });
        let large = output_id(output, Size::Large);
        let mut renditions = Vec::new();
        for (size, rendition) in [(Size::Large, Some(coding.large)), (Size::Small, coding.small)] {
            if let Some(rendition) = rendition {
                let sink = picture_sink(output_id(output, size), post, &keys);
                renditions.push(coders::video(coding.large, rendition, coding.frame_rate, sink)?);
            }
        }
        let opus = sound_sink(large, Codec::Opus, post, MediaTime::ZERO);
        let mut sounds = vec![coders::opus_sound(coding.opus, &opus)?];
        if let Some(bitrate) = coding.aac {
            let sink = sound_sink(large, Codec::Aac, post, coders::aac_lag()?);
            sounds.push(coders::aac_sound(bitrate, &sink)?);
        }
        let sound_end = AtomicI64::new(-1);
        Ok(Self { renditions, sounds, keys, post: post.clone(), sound_end })
    }

    /// Asks for a key frame: now, or as soon as the last one is old enough.
    pub(crate) fn want_key(&self) {
        self.keys.wanted.store(true, Ordering::Relaxed);
    }

    /// Encodes a picture.
    pub(crate) fn picture(&self, picture: Arc<Picture>, time: MediaTime) {
        // All Renditions or none: their key frames stay at the same pictures.
        if self.renditions.iter().any(|coder| coder.source.current_level_buffers() >= QUEUED_PICTURES) {
            Counts::add(&self.post.counts.dropped, 1);
            return;
        }
        let key = self.keys.due(time);
        let (offsets, strides) = (picture.offsets(), picture.strides().map(|stride| stride as i32));
        let (width, height) = (picture.width(), picture.height());
        let mut buffer = gst::Buffer::from_slice(Shared(picture));
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(clock_time(time));
            let flags = gst_video::VideoFrameFlags::empty();
            let format = gst_video::VideoFormat::I420;
            // Without it GStreamer would assume rows padded to four bytes.
            let _ = gst_video::VideoMeta::add_full(buffer, flags, format, width, height, &offsets, &strides);
        }
        for coder in &self.renditions {
            if key {
                // In line with the pictures: those before it may still wait for the encoder.
                let force = gst_video::DownstreamForceKeyUnitEvent::builder().all_headers(true).build();
                coder.source.send_event(force);
            }
            let _ = coder.source.push_buffer(buffer.clone());
        }
    }

    /// Encodes a block of sound.
    pub(crate) fn sound(&self, samples: &[f32], time: MediaTime) {
        let bytes: Vec<u8> =
            samples.iter().flat_map(|v| ((v * 32_767.0).round() as i16).to_le_bytes()).collect();
        let mut buffer = gst::Buffer::from_mut_slice(bytes);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(clock_time(time));
            let end = time + MediaTime::from_ticks((samples.len() / 2) as i64, palco_mix::SAMPLE_RATE);
            if self.sound_end.swap(end.micros(), Ordering::Relaxed) != time.micros() {
                buffer.set_flags(gst::BufferFlags::DISCONT);
            }
        }
        for coder in &self.sounds {
            if coder.source.current_level_buffers() >= QUEUED_BLOCKS {
                Counts::add(&self.post.counts.dropped, 1);
                self.sound_end.store(-1, Ordering::Relaxed);
                continue;
            }
            let _ = coder.source.push_buffer(buffer.clone());
        }
    }
}

struct Shared(Arc<Picture>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().as_ref()
    }
}

fn picture_sink(id: FeedId, post: &Post, keys: &Arc<Keys>) -> AppSink {
    let (post, keys) = (post.clone(), keys.clone());
    // A frame was lost on the way out: what follows is useless up to the next key frame.
    let mut broken = false;
    let sink = AppSink::builder().sync(false).max_buffers(8).build();
    let take = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let time = running_time(&sample).map(media_time);
        let frame = sample.buffer().zip(time).and_then(|(buffer, time)| encoded(Codec::H264, time, buffer));
        let Some(frame) = frame else { return Ok(gst::FlowSuccess::Ok) };
        broken &= !frame.key;
        if broken {
            Counts::add(&post.counts.dropped, 1);
        } else if !post.frame(id, frame) {
            broken = true;
            keys.wanted.store(true, Ordering::Relaxed);
        }
        Ok(gst::FlowSuccess::Ok)
    };
    sink.set_callbacks(AppSinkCallbacks::builder().new_sample(take).build());
    sink
}

/// `lag`: by how much what is heard lags behind the time the encoder gives it.
fn sound_sink(id: FeedId, codec: Codec, post: &Post, lag: MediaTime) -> AppSink {
    let post = post.clone();
    let sink = AppSink::builder().sync(false).max_buffers(8).build();
    let take = move |sink: &AppSink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let time = running_time(&sample).map(|time| media_time(time) - lag);
        if let Some(frame) = sample.buffer().zip(time).and_then(|(buffer, time)| encoded(codec, time, buffer))
        {
            post.frame(id, frame);
        }
        Ok(gst::FlowSuccess::Ok)
    };
    sink.set_callbacks(AppSinkCallbacks::builder().new_sample(take).build());
    sink
}
