//! Which GStreamer elements there are, and small helpers around them.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use palco_base::{Codec, MediaTime};

/// H.264 encoders, best first.
const ENCODERS: [&str; 4] = ["nvh264enc", "vah264enc", "x264enc", "openh264enc"];
/// AAC-LC encoders, best first, and how many samples of silence each begins with.
const AAC_ENCODERS: [(&str, i64); 2] = [("avenc_aac", 1_024), ("voaacenc", 1_600)];
/// Decoders by codec, best first.
const H264_DECODERS: [&str; 2] = ["avdec_h264", "openh264dec"];
const VP8_DECODERS: [&str; 2] = ["vp8dec", "avdec_vp8"];

fn first(names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| gst::ElementFactory::find(name).is_some())
}

/// Starts GStreamer.
pub(crate) fn start() -> Result<(), String> {
    gst::init().map_err(|error| format!("GStreamer does not start: {error}"))?;
    // All shared pools of GLib, so GStreamer's too, give their threads the priority of the thread
    // that makes the first: an ordinary one, now.
    gst::glib::ThreadPool::shared(None).map(drop).map_err(|error| format!("GLib has no threads: {error}"))
}

/// The H.264 encoder to use.
pub(crate) fn h264_encoder() -> Result<&'static str, String> {
    first(&ENCODERS).ok_or_else(|| format!("no H.264 encoder: install one of {}", ENCODERS.join(", ")))
}

/// The AAC encoder to use, and how many samples of silence it begins with.
pub(crate) fn aac_encoder() -> Result<(&'static str, i64), String> {
    AAC_ENCODERS
        .into_iter()
        .find(|(name, _)| gst::ElementFactory::find(name).is_some())
        .ok_or_else(|| "no AAC encoder: install avenc_aac or voaacenc".to_owned())
}

/// The decoder to use.
pub(crate) fn decoder(codec: Codec) -> Result<&'static str, String> {
    let names: &[&'static str] = match codec {
        Codec::H264 => &H264_DECODERS,
        Codec::Vp8 => &VP8_DECODERS,
        Codec::Opus => &["opusdec"],
        Codec::Aac => &["avdec_aac"],
    };
    first(names).ok_or_else(|| format!("no decoder: install one of {}", names.join(", ")))
}

/// Makes each element once, so that its plugin and what that loads are there before the
/// sandbox closes, and tells which were chosen.
pub(crate) fn choose() -> Result<Vec<String>, String> {
    let mut chosen = vec![h264_encoder()?.to_owned(), "opusenc".to_owned(), aac_encoder()?.0.to_owned()];
    for codec in [Codec::H264, Codec::Vp8, Codec::Opus] {
        chosen.push(decoder(codec)?.to_owned());
    }
    for name in chosen.iter().map(String::as_str).chain([
        "appsrc",
        "appsink",
        "audioconvert",
        "audioresample",
        "capsfilter",
        "decodebin",
        "h264parse",
        "typefind",
        "videoconvert",
        "videoconvertscale",
        "videoscale",
    ]) {
        make(name)?;
    }
    Ok(chosen)
}

/// Makes an element.
pub(crate) fn make(name: &str) -> Result<gst::Element, String> {
    gst::ElementFactory::make(name).build().map_err(|_| format!("GStreamer has no {name}"))
}

/// Sets a property if the element has it: encoders of one family differ between versions.
pub(crate) fn set_if(element: &gst::Element, name: &str, value: &str) {
    if element.find_property(name).is_some() {
        element.set_property_from_str(name, value);
    }
}

/// A pipeline of elements one after another.
pub(crate) fn chain(elements: &[&gst::Element]) -> Result<gst::Pipeline, String> {
    let pipeline = gst::Pipeline::new();
    pipeline.add_many(elements).map_err(|error| error.to_string())?;
    gst::Element::link_many(elements).map_err(|error| error.to_string())?;
    Ok(pipeline)
}

/// Gives the thread that tells of its beginning real-time priority; for a pipeline's bus.
pub(crate) fn go_first(message: &gst::MessageRef) {
    if let gst::MessageView::StreamStatus(status) = message.view()
        && status.get().0 == gst::StreamStatusType::Enter
    {
        // The server has told if the system does not allow it.
        let _ = palco_realtime::enter();
    }
}

/// An appsrc for live media with times of our clock.
pub(crate) fn live_source(caps: &gst::Caps) -> gst_app::AppSrc {
    gst_app::AppSrc::builder().caps(caps).format(gst::Format::Time).is_live(true).max_bytes(0).build()
}

/// A buffer's time to GStreamer, or none before the clock's zero.
pub(crate) fn clock_time(time: MediaTime) -> Option<gst::ClockTime> {
    u64::try_from(time.micros()).ok().map(gst::ClockTime::from_useconds)
}

/// GStreamer's time to ours.
pub(crate) fn media_time(time: gst::ClockTime) -> MediaTime {
    MediaTime::from_micros(i64::try_from(time.useconds()).unwrap_or(i64::MAX))
}

/// When a sample is due, on its pipeline's running time. (Encoders may move times and segment
/// together, so the bare timestamp says nothing.)
pub(crate) fn running_time(sample: &gst::Sample) -> Option<gst::ClockTime> {
    let pts = sample.buffer()?.pts()?;
    sample.segment()?.downcast_ref::<gst::ClockTime>()?.to_running_time(pts)
}

/// What `caps` of decoded sound are asked for everywhere.
pub(crate) fn sound_caps() -> gst::Caps {
    gst::Caps::builder("audio/x-raw")
        .field("format", "F32LE")
        .field("layout", "interleaved")
        .field("rate", 48_000i32)
        .field("channels", 2i32)
        .build()
}

/// The samples in a buffer of [`sound_caps`].
pub(crate) fn samples(buffer: &gst::BufferRef) -> Option<Vec<f32>> {
    let map = buffer.map_readable().ok()?;
    Some(map.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

/// Copies a decoded I420 picture out of GStreamer; none if its size is refused.
pub(crate) fn picture(sample: &gst::Sample) -> Option<palco_mix::Picture> {
    use gstreamer_video::{VideoFrameExt as _, VideoFrameRef, VideoInfo};
    let info = VideoInfo::from_caps(sample.caps()?).ok()?;
    if !palco_mix::fits(info.width(), info.height()) {
        return None;
    }
    let frame = VideoFrameRef::from_buffer_ref_readable(sample.buffer()?, &info).ok()?;
    let (width, height) = (info.width() as usize, info.height() as usize);
    let mut data = Vec::with_capacity(width * height * 3 / 2 + width + height + 2);
    for plane in 0..3u32 {
        let (width, height) =
            if plane == 0 { (width, height) } else { (width.div_ceil(2), height.div_ceil(2)) };
        let stride = usize::try_from(*frame.plane_stride().get(plane as usize)?).ok()?;
        let bytes = frame.plane_data(plane).ok()?;
        for row in 0..height {
            data.extend_from_slice(bytes.get(row * stride..row * stride + width)?);
        }
    }
    palco_mix::Picture::from_i420(info.width(), info.height(), data)
}
