//! One output's encoders: `appsrc → H.264 → appsink` and `appsrc → Opus → appsink`.

use crate::elements::{self, chain, clock_time, live_source, make, media_time, running_time, set_if};
use crate::post::{Counts, Post, encoded, now};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use gstreamer_video as gst_video;
use palco_base::{Codec, FeedId, MediaTime};
use palco_mix::Picture;
use palco_mix::wire::{Output, Rendition, output_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Pictures that wait for the encoder at most; beyond, the newest is left out.
const QUEUED_PICTURES: u64 = 3;
/// Blocks of sound that wait at most.
const QUEUED_BLOCKS: u64 = 25;
/// At most one key frame more in this time, however many ask.
const KEY_EVERY: MediaTime = MediaTime::from_millis(500);

/// When key frames were made and whether one is wanted.
struct Keys {
    /// µs on our clock.
    last: AtomicI64,
    wanted: AtomicBool,
    /// A frame was lost on the way out: what follows is useless up to the next key frame.
    broken: AtomicBool,
}

/// See the module.
pub(crate) struct Encoder {
    pipelines: [gst::Pipeline; 2],
    pictures: AppSrc,
    sound: AppSrc,
    codec: gst::Element,
    keys: Arc<Keys>,
    post: Post,
    /// When the last block of sound ended, µs; −1 before the first.
    sound_end: AtomicI64,
}

impl Drop for Encoder {
    fn drop(&mut self) {
        for pipeline in &self.pipelines {
            // Going to NULL cannot fail in a way that could be mended.
            let _ = pipeline.set_state(gst::State::Null);
        }
    }
}

impl Encoder {
    pub(crate) fn new(output: Output, rendition: Rendition, post: &Post) -> Result<Self, String> {
        let keys = Arc::new(Keys {
            last: AtomicI64::new(i64::MIN / 2),
            wanted: AtomicBool::new(false),
            broken: AtomicBool::new(false),
        });
        let id = output_id(output);
        let (video, pictures, codec) = video(rendition, sink(id, Codec::H264, post, &keys))?;
        let (audio, sound) = audio(rendition, sink(id, Codec::Opus, post, &keys))?;
        for pipeline in [&video, &audio] {
            pipeline.set_state(gst::State::Playing).map_err(|error| format!("an encoder: {error}"))?;
        }
        let sound_end = AtomicI64::new(-1);
        Ok(Self { pipelines: [video, audio], pictures, sound, codec, keys, post: post.clone(), sound_end })
    }

    /// Asks for a key frame: now, or as soon as the last one is old enough.
    pub(crate) fn want_key(&self) {
        self.keys.wanted.store(true, Ordering::Relaxed);
    }

    /// Encodes a picture.
    pub(crate) fn picture(&self, picture: Arc<Picture>, time: MediaTime) {
        if self.pictures.current_level_buffers() >= QUEUED_PICTURES {
            Counts::add(&self.post.counts.dropped, 1);
            return;
        }
        let age = now().micros().saturating_sub(self.keys.last.load(Ordering::Relaxed));
        if age >= KEY_EVERY.micros() && self.keys.wanted.swap(false, Ordering::Relaxed) {
            self.keys.last.store(now().micros(), Ordering::Relaxed);
            let force = gst_video::UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
            self.codec.send_event(force);
        }
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
        let _ = self.pictures.push_buffer(buffer);
    }

    /// Encodes a block of sound.
    pub(crate) fn sound(&self, samples: &[f32], time: MediaTime) {
        if self.sound.current_level_buffers() >= QUEUED_BLOCKS {
            Counts::add(&self.post.counts.dropped, 1);
            return;
        }
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
        let _ = self.sound.push_buffer(buffer);
    }
}

struct Shared(Arc<Picture>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().as_ref()
    }
}

fn video(rendition: Rendition, sink: AppSink) -> Result<(gst::Pipeline, AppSrc, gst::Element), String> {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", rendition.width as i32)
        .field("height", rendition.height as i32)
        .field("framerate", gst::Fraction::new(rendition.frame_rate as i32, 1))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .field("colorimetry", "bt709")
        .field("interlace-mode", "progressive")
        .build();
    let source = live_source(&caps);
    let encoder = h264(rendition)?;
    let parse = make("h264parse")?;
    parse.set_property("config-interval", -1i32);
    sink.set_caps(Some(&annex_b()));
    let pipeline = chain(&[source.upcast_ref(), &encoder, &parse, sink.upcast_ref()])?;
    Ok((pipeline, source, encoder))
}

/// H.264 as our doors want it: byte stream, one access unit per buffer.
pub(crate) fn annex_b() -> gst::Caps {
    gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au").build()
}

/// The best H.264 encoder there is, set for live: constrained baseline, no frame held back, a key
/// frame every 2 s, no more than half a second of bits at once.
pub(crate) fn h264(rendition: Rendition) -> Result<gst::Element, String> {
    let name = elements::h264_encoder()?;
    let encoder = make(name)?;
    let kbps = (rendition.video.bps() / 1_000).max(64).to_string();
    let interval = (rendition.frame_rate * 2).to_string();
    if name == "openh264enc" {
        set_if(&encoder, "bitrate", &rendition.video.bps().to_string());
        set_if(&encoder, "rate-control", "bitrate");
        set_if(&encoder, "gop-size", &interval);
        set_if(&encoder, "complexity", "low");
        return Ok(encoder);
    }
    set_if(&encoder, "bitrate", &kbps);
    set_if(&encoder, "key-int-max", &interval);
    set_if(&encoder, "gop-size", &interval);
    set_if(&encoder, "bframes", "0");
    set_if(&encoder, "b-frames", "0");
    set_if(&encoder, "aud", "false");
    if name == "x264enc" {
        encoder.set_property_from_str("tune", "zerolatency");
        encoder.set_property_from_str("speed-preset", "ultrafast");
        encoder.set_property("byte-stream", true);
        encoder.set_property("cabac", false);
        encoder.set_property("vbv-buf-capacity", 500u32);
        // One thread: slices for more would cost bits and wake-ups, and it is fast enough.
        encoder.set_property("threads", 1u32);
    } else {
        set_if(&encoder, "rate-control", "cbr");
        set_if(&encoder, "rc-mode", "cbr");
        set_if(&encoder, "zerolatency", "true");
    }
    Ok(encoder)
}

fn audio(rendition: Rendition, sink: AppSink) -> Result<(gst::Pipeline, AppSrc), String> {
    let caps = gst::Caps::builder("audio/x-raw")
        .field("format", "S16LE")
        .field("layout", "interleaved")
        .field("rate", 48_000i32)
        .field("channels", 2i32)
        .build();
    let source = live_source(&caps);
    let encoder = opus(rendition)?;
    let pipeline = chain(&[source.upcast_ref(), &encoder, sink.upcast_ref()])?;
    Ok((pipeline, source))
}

/// The Opus encoder: 20 ms packets.
pub(crate) fn opus(rendition: Rendition) -> Result<gst::Element, String> {
    let encoder = make("opusenc")?;
    encoder.set_property("bitrate", rendition.audio.bps().clamp(6_000, 510_000) as i32);
    encoder.set_property_from_str("frame-size", "20");
    encoder.set_property_from_str("bitrate-type", "constrained-vbr");
    encoder.set_property("complexity", 5i32);
    Ok(encoder)
}

fn sink(id: FeedId, codec: Codec, post: &Post, keys: &Arc<Keys>) -> AppSink {
    let (post, keys) = (post.clone(), keys.clone());
    let sink = AppSink::builder().sync(false).max_buffers(8).build();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let time = running_time(&sample).map(media_time);
                let frame = sample.buffer().zip(time).and_then(|(buffer, time)| encoded(codec, time, buffer));
                let Some(frame) = frame else { return Ok(gst::FlowSuccess::Ok) };
                if codec == Codec::Opus {
                    post.frame(id, frame);
                    return Ok(gst::FlowSuccess::Ok);
                }
                if frame.key {
                    keys.last.store(now().micros(), Ordering::Relaxed);
                    keys.broken.store(false, Ordering::Relaxed);
                }
                if keys.broken.load(Ordering::Relaxed) {
                    Counts::add(&post.counts.dropped, 1);
                } else if !post.frame(id, frame) {
                    keys.broken.store(true, Ordering::Relaxed);
                    keys.wanted.store(true, Ordering::Relaxed);
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    sink
}
