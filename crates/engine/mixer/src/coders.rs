//! The encoders of an output: `appsrc → (scale) → H.264 → appsink`, `appsrc → Opus → appsink` and
//! `appsrc → AAC → appsink`.

use crate::elements::{self, chain, live_source, make, set_if};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};
use palco_base::{Bitrate, MediaTime};
use palco_mix::wire::Rendition;

/// A pipeline at work, and where its input goes.
pub(crate) struct Coder {
    pipeline: gst::Pipeline,
    pub(crate) source: AppSrc,
}

impl Drop for Coder {
    fn drop(&mut self) {
        // Going to NULL cannot fail in a way that could be mended.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

impl Coder {
    fn run(pipeline: gst::Pipeline, source: AppSrc) -> Result<Self, String> {
        pipeline.set_state(gst::State::Playing).map_err(|error| format!("an encoder: {error}"))?;
        Ok(Self { pipeline, source })
    }
}

/// Codes pictures of a canvas of `large`'s size as `rendition`.
pub(crate) fn video(
    large: Rendition,
    rendition: Rendition,
    frame_rate: u32,
    sink: AppSink,
) -> Result<Coder, String> {
    let caps = |of: Rendition| {
        gst::Caps::builder("video/x-raw")
            .field("format", "I420")
            .field("width", of.width as i32)
            .field("height", of.height as i32)
            .field("framerate", gst::Fraction::new(frame_rate as i32, 1))
            .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
            .field("colorimetry", "bt709")
            .field("interlace-mode", "progressive")
            .build()
    };
    let source = live_source(&caps(large));
    // The output says when a key frame is due; the encoder's own is only for when it does not.
    let encoder = h264(rendition.video, 4 * frame_rate)?;
    let parse = make("h264parse")?;
    parse.set_property("config-interval", -1i32);
    sink.set_caps(Some(&annex_b()));
    let pipeline = if (rendition.width, rendition.height) == (large.width, large.height) {
        chain(&[source.upcast_ref(), &encoder, &parse, sink.upcast_ref()])?
    } else {
        let (scale, filter) = (make("videoscale")?, make("capsfilter")?);
        filter.set_property("caps", caps(rendition));
        chain(&[source.upcast_ref(), &scale, &filter, &encoder, &parse, sink.upcast_ref()])?
    };
    Coder::run(pipeline, source)
}

/// H.264 as our doors want it: byte stream, one access unit per buffer.
pub(crate) fn annex_b() -> gst::Caps {
    gst::Caps::builder("video/x-h264").field("stream-format", "byte-stream").field("alignment", "au").build()
}

/// The best H.264 encoder there is, set for live: constrained baseline, no frame held back, a key
/// frame at least every `key_interval` pictures, no more than half a second of bits at once.
pub(crate) fn h264(bitrate: Bitrate, key_interval: u32) -> Result<gst::Element, String> {
    let name = elements::h264_encoder()?;
    let encoder = make(name)?;
    let kbps = (bitrate.bps() / 1_000).max(64).to_string();
    let interval = key_interval.to_string();
    if name == "openh264enc" {
        set_if(&encoder, "bitrate", &bitrate.bps().to_string());
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

/// Sound as the encoders get it.
fn sound_source() -> AppSrc {
    live_source(
        &gst::Caps::builder("audio/x-raw")
            .field("format", "S16LE")
            .field("layout", "interleaved")
            .field("rate", 48_000i32)
            .field("channels", 2i32)
            .build(),
    )
}

/// Codes sound as Opus.
pub(crate) fn opus_sound(bitrate: Bitrate, sink: &AppSink) -> Result<Coder, String> {
    let (source, encoder) = (sound_source(), opus(bitrate)?);
    let pipeline = chain(&[source.upcast_ref(), &encoder, sink.upcast_ref()])?;
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    bus.set_sync_handler(|_, message| {
        elements::go_first(message);
        gst::BusSyncReply::Drop
    });
    Coder::run(pipeline, source)
}

/// The Opus encoder: 20 ms packets.
pub(crate) fn opus(bitrate: Bitrate) -> Result<gst::Element, String> {
    let encoder = make("opusenc")?;
    encoder.set_property("bitrate", bitrate.bps().clamp(6_000, 510_000) as i32);
    encoder.set_property_from_str("frame-size", "20");
    encoder.set_property_from_str("bitrate-type", "constrained-vbr");
    encoder.set_property("complexity", 5i32);
    Ok(encoder)
}

/// By how much what AAC sounds like lags behind the times its encoder gives it.
pub(crate) fn aac_lag() -> Result<MediaTime, String> {
    let (_, priming) = elements::aac_encoder()?;
    Ok(MediaTime::from_ticks(priming, palco_mix::SAMPLE_RATE))
}

/// Codes sound as AAC-LC, raw access units.
pub(crate) fn aac_sound(bitrate: Bitrate, sink: &AppSink) -> Result<Coder, String> {
    let (name, _) = elements::aac_encoder()?;
    let (source, convert, encoder) = (sound_source(), make("audioconvert")?, make(name)?);
    set_if(&encoder, "bitrate", &bitrate.bps().clamp(32_000, 320_000).to_string());
    sink.set_caps(Some(
        &gst::Caps::builder("audio/mpeg")
            .field("mpegversion", 4i32)
            .field("stream-format", "raw")
            .field("base-profile", "lc")
            .build(),
    ));
    let pipeline = chain(&[source.upcast_ref(), &convert, &encoder, sink.upcast_ref()])?;
    Coder::run(pipeline, source)
}
