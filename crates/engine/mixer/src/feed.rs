//! One performer's feed: a small static pipeline per track, `appsrc → decoder → appsink`.

use crate::elements::{self, chain, clock_time, live_source, make, media_time, running_time};
use crate::mixing::ToMix;
use crate::post::{Counts, Post, log, now};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use palco_base::{Codec, EncodedFrame, FeedId, MediaKind, MediaTime};
use palco_mix::Input;
use palco_mix::wire::FromMixer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Frames that wait for the decoder at most: beyond, it is too slow and starts at a key frame.
const QUEUED: u64 = 20;
/// Frames swallowed with nothing decoded before a key frame is asked for.
const BARREN: u32 = 10;
/// The same before the decoder is thrown away.
const HOPELESS: u32 = 100;
/// At most one key frame is asked for per feed in this time.
const ASK_EVERY: MediaTime = MediaTime::from_millis(500);
/// A hole in the sound up to this is concealed by the decoder.
const CONCEALED: MediaTime = MediaTime::from_millis(120);

/// A decoder at work.
struct Track {
    codec: Codec,
    pipeline: gst::Pipeline,
    source: AppSrc,
    /// Frames pushed since one was decoded.
    barren: Arc<AtomicU32>,
    failed: Arc<AtomicBool>,
}

impl Drop for Track {
    fn drop(&mut self) {
        // Going to NULL cannot fail in a way that could be mended.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// See the module.
pub(crate) struct Feed {
    id: FeedId,
    mix: ToMix,
    post: Post,
    video: Option<Track>,
    audio: Option<Track>,
    /// Nothing can be decoded before a key frame.
    needs_key: bool,
    asked: Option<MediaTime>,
    /// When the last sound began, and how long it was.
    heard: Option<(MediaTime, MediaTime)>,
}

impl Feed {
    pub(crate) fn new(id: FeedId, mix: ToMix, post: Post) -> Self {
        Self { id, mix, post, video: None, audio: None, needs_key: true, asked: None, heard: None }
    }

    /// Takes a frame as it came from the network.
    pub(crate) fn push(&mut self, frame: EncodedFrame) {
        if clock_time(frame.time).is_none() {
            Counts::add(&self.post.counts.undecodable, 1);
            return;
        }
        match frame.codec.kind() {
            MediaKind::Video => self.push_video(frame),
            MediaKind::Audio => self.push_audio(frame),
        }
    }

    fn push_video(&mut self, frame: EncodedFrame) {
        self.check_video(frame.codec);
        if self.needs_key && !frame.key {
            self.ask();
            return;
        }
        if self.video.is_none() {
            match self.track(frame.codec) {
                Ok(track) => self.video = Some(track),
                Err(text) => return log(&text),
            }
        }
        let Some(track) = &self.video else { return };
        if track.source.current_level_buffers() > QUEUED {
            Counts::add(&self.post.counts.dropped, 1);
            self.needs_key = true;
            return self.ask();
        }
        self.needs_key = false;
        track.barren.fetch_add(1, Ordering::Relaxed);
        track.push(&frame);
    }

    /// Throws away a decoder that failed or does not fit; sees when one makes nothing.
    fn check_video(&mut self, codec: Codec) {
        let Some(track) = &self.video else { return };
        let barren = track.barren.load(Ordering::Relaxed);
        let failed = track.failed.load(Ordering::Relaxed) || barren > HOPELESS;
        if failed {
            Counts::add(&self.post.counts.undecodable, u64::from(barren.max(1)));
        }
        if failed || track.codec != codec {
            self.video = None;
            self.needs_key = true;
        } else if barren > BARREN
            && barren.is_multiple_of(BARREN + 1)
            && track.source.current_level_buffers() == 0
        {
            self.needs_key = true;
        }
    }

    fn push_audio(&mut self, frame: EncodedFrame) {
        if self.audio.as_ref().is_some_and(|track| track.failed.load(Ordering::Relaxed)) {
            Counts::add(&self.post.counts.undecodable, 1);
            self.audio = None;
            self.heard = None;
        }
        if self.heard.is_some_and(|(last, _)| frame.time <= last && last - frame.time < CONCEALED) {
            Counts::add(&self.post.counts.dropped, 1);
            return; // Too late: what comes after it has been decoded.
        }
        if self.audio.is_none() {
            match self.track(frame.codec) {
                Ok(track) => self.audio = Some(track),
                Err(text) => return log(&text),
            }
        }
        let Some(track) = &self.audio else { return };
        if track.source.current_level_buffers() > 2 * QUEUED {
            Counts::add(&self.post.counts.dropped, 1);
            return;
        }
        if let Some((last, length)) = self.heard {
            let hole = frame.time - (last + length);
            if hole >= MediaTime::from_millis(10) && hole <= CONCEALED {
                track.conceal(last + length, hole);
            }
        }
        self.heard = Some((frame.time, opus_length(&frame.payload)));
        track.push(&frame);
    }

    fn ask(&mut self) {
        let now = now();
        if self.asked.is_none_or(|asked| now - asked >= ASK_EVERY)
            && self.post.say(FromMixer::KeyFrameWanted { feed: self.id })
        {
            self.asked = Some(now);
        }
    }

    fn track(&self, codec: Codec) -> Result<Track, String> {
        let caps = match codec {
            Codec::H264 => gst::Caps::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .build(),
            Codec::Vp8 => gst::Caps::new_empty_simple("video/x-vp8"),
            Codec::Opus => gst::Caps::builder("audio/x-opus")
                .field("rate", 48_000i32)
                .field("channels", 2i32)
                .field("channel-mapping-family", 0i32)
                .build(),
            Codec::Aac => return Err("no feed comes in AAC".to_owned()),
        };
        let source = live_source(&caps);
        let decoder = make(elements::decoder(codec)?)?;
        let (convert, caps) = match codec.kind() {
            MediaKind::Video => {
                // One thread: more would each hold a frame back. Errors end the pipeline, and
                // a new one begins at the next key frame.
                elements::set_if(&decoder, "max-threads", "1");
                elements::set_if(&decoder, "threads", "1");
                elements::set_if(&decoder, "max-errors", "0");
                elements::set_if(&decoder, "output-corrupt", "false");
                elements::set_if(&decoder, "qos", "false");
                (make("videoconvert")?, gst::Caps::builder("video/x-raw").field("format", "I420").build())
            }
            MediaKind::Audio => {
                elements::set_if(&decoder, "plc", "true");
                (make("audioconvert")?, elements::sound_caps())
            }
        };
        let sink = AppSink::builder().caps(&caps).sync(false).max_buffers(4).build();
        let pipeline = chain(&[source.upcast_ref(), &decoder, &convert, sink.upcast_ref()])?;
        let barren = Arc::new(AtomicU32::new(0));
        let failed = Arc::new(AtomicBool::new(false));
        sink.set_callbacks(self.callbacks(codec.kind(), barren.clone()));
        let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
        let (mark, sound) = (failed.clone(), codec.kind() == MediaKind::Audio);
        bus.set_sync_handler(move |_, message| {
            if sound {
                elements::go_first(message);
            }
            if let gst::MessageView::Error(_) = message.view() {
                mark.store(true, Ordering::Relaxed);
            }
            gst::BusSyncReply::Drop
        });
        pipeline.set_state(gst::State::Playing).map_err(|error| error.to_string())?;
        Ok(Track { codec, pipeline, source, barren, failed })
    }

    fn callbacks(&self, kind: MediaKind, barren: Arc<AtomicU32>) -> AppSinkCallbacks {
        let (id, mix, counts) = (self.id, self.mix.clone(), self.post.counts.clone());
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                barren.store(0, Ordering::Relaxed);
                let input = running_time(&sample).and_then(|time| match kind {
                    MediaKind::Video => {
                        Some(Input::Picture(id, Arc::new(elements::picture(&sample)?), media_time(time)))
                    }
                    MediaKind::Audio => {
                        Some(Input::Sound(id, elements::samples(sample.buffer()?)?, media_time(time)))
                    }
                });
                match input {
                    Some(input) => mix.media(input),
                    None => Counts::add(&counts.undecodable, 1),
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build()
    }
}

impl Track {
    fn push(&self, frame: &EncodedFrame) {
        let mut buffer = gst::Buffer::from_slice(Payload(frame.payload.clone()));
        if let Some(buffer) = buffer.get_mut() {
            let time = clock_time(frame.time);
            buffer.set_pts(time);
            buffer.set_dts(time);
            if !frame.key {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        // A pipeline that failed says so on its bus as well.
        let _ = self.source.push_buffer(buffer);
    }

    /// Tells the decoder that sound is missing here.
    fn conceal(&self, from: MediaTime, length: MediaTime) {
        if let (Some(from), Some(length)) = (clock_time(from), clock_time(length)) {
            let gap = gst::event::Gap::builder(from).duration(length).build();
            self.source.send_event(gap);
        }
    }
}

struct Payload(Arc<[u8]>);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// How long an Opus packet sounds (RFC 6716, section 3.1).
fn opus_length(packet: &[u8]) -> MediaTime {
    let Some(toc) = packet.first() else { return MediaTime::ZERO };
    let config = toc >> 3;
    let micros: i64 = match config {
        0..=11 => [10_000, 20_000, 40_000, 60_000][usize::from(config & 3)],
        12..=15 => [10_000, 20_000][usize::from(config & 1)],
        _ => [2_500, 5_000, 10_000, 20_000][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => i64::from(packet.get(1).map_or(1, |count| count & 63)),
    };
    MediaTime::from_micros(micros * frames)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_lengths() {
        for (packet, millis) in [
            (&[0xFC, 1, 2][..], 20), // CELT fullband 20 ms, one frame: what browsers send
            (&[0x78, 0][..], 20),    // hybrid 20 ms
            (&[0x0B, 3][..], 60),    // SILK 20 ms, three frames
            (&[0x01][..], 20),       // SILK 10 ms, two frames
            (&[][..], 0),
        ] {
            assert_eq!(opus_length(packet).millis(), millis, "{packet:x?}");
        }
    }
}
