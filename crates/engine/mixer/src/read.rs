//! `palco-mixer read`: a media file as encoded frames to publish.
//!
//! H.264 without B-frames and Opus are passed on as they are; anything else becomes them.

use crate::clip::{attach, picture_caps, sentence};
use crate::coders::{annex_b, h264, opus};
use crate::elements::{make, media_time, running_time};
use crate::file::{self, Glance};
use crate::post::encoded;
use crate::{elements, sandbox};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use palco_base::{Bitrate, Codec, EncodedFrame, FeedId, MediaKind, MediaTime};
use palco_mix::wire::{FromMixer, Message};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Frames of a stream that wait for the other stream.
const AHEAD: usize = 64;
/// Pictures looked at to see whether they come in the order they are shown.
const LOOKED_AT: usize = 300;
/// A file that gives nothing for so long has failed; the bus tells how.
const PATIENCE: Duration = Duration::from_secs(10);
/// What other codecs become.
const MADE_PICTURE: Bitrate = Bitrate::kbps(1_200);
const MADE_SOUND: Bitrate = Bitrate::kbps(96);

enum Event {
    /// All streams have been found.
    Found,
    Failed(String),
    Ended,
}

/// A stream's frames; none when it has ended.
type Frames = Receiver<Option<EncodedFrame>>;

/// Writes the file on standard input to standard output, once.
pub(crate) fn read() -> Result<(), String> {
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    let file = File::from(stdin);
    elements::start()?;
    elements::choose()?;
    sandbox::close();
    match file::glance(&file).map_err(|error| format!("standard input: {error}"))? {
        Glance::Fine => {}
        Glance::Empty => return Err("the file is empty".into()),
        Glance::Playlist => return Err("the file is a playlist, not media".into()),
        Glance::Truncated => return Err("the file is incomplete".into()),
        Glance::TooLarge => return Err("the picture is larger than 4096 × 2304".into()),
    }
    let again = file.try_clone().map_err(|error| error.to_string())?;
    let as_it_is = in_order(again)?;
    let run = Run::start(file, as_it_is)?;
    let written = write_merged(run.streams()?);
    run.finish(written)
}

/// Whether the file's pictures are H.264 without B-frames.
fn in_order(file: File) -> Result<bool, String> {
    let run = Run::start(file, true)?;
    let frames = Merge::new(run.streams()?).filter(|frame| frame.codec == Codec::H264);
    let times: Vec<MediaTime> = frames.take(LOOKED_AT).map(|frame| frame.time).collect();
    Ok(times.is_sorted())
}

/// A pipeline that opens the file.
struct Run {
    pipeline: gst::Pipeline,
    inbox: Receiver<Event>,
    streams: Arc<Mutex<Vec<Frames>>>,
}

impl Drop for Run {
    fn drop(&mut self) {
        // Sinks that wait for room must be let go before the pipeline can stop.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // Going to NULL cannot fail in a way that could be mended.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

impl Run {
    fn start(file: File, pass_h264: bool) -> Result<Self, String> {
        let mut passed = gst::Caps::new_empty_simple("audio/x-opus");
        if pass_h264 {
            passed.merge(gst::Caps::new_empty_simple("video/x-h264"));
        }
        let pipeline = gst::Pipeline::new();
        let source = file::source(file)?;
        let bin = file::decodebin(Some(&passed), |_| {})?;
        pipeline.add_many([source.upcast_ref(), &bin]).map_err(|error| error.to_string())?;
        source.link(&bin).map_err(|error| error.to_string())?;
        let (events, inbox) = sync_channel(64);
        let streams: Arc<Mutex<Vec<Frames>>> = Arc::default();
        let (weak, found, failed) = (pipeline.downgrade(), streams.clone(), events.clone());
        let taken: Mutex<Vec<MediaKind>> = Mutex::default();
        bin.connect_pad_added(move |_, pad| {
            let Some(pipeline) = weak.upgrade() else { return };
            let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
            let Some(name) = caps.structure(0).map(|structure| structure.name().to_string()) else { return };
            let kind = if name.starts_with("video/") { MediaKind::Video } else { MediaKind::Audio };
            let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
            if taken.contains(&kind) {
                return;
            }
            let (sender, frames) = sync_channel(AHEAD);
            match branch(&name, &caps, sender).and_then(|elements| attach(&pipeline, pad, &elements)) {
                Ok(()) => {
                    taken.push(kind);
                    found.lock().unwrap_or_else(PoisonError::into_inner).push(frames);
                }
                Err(text) => {
                    let _ = failed.try_send(Event::Failed(text));
                }
            }
        });
        let all = events.clone();
        bin.connect_no_more_pads(move |_| {
            let _ = all.try_send(Event::Found);
        });
        let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
        bus.set_sync_handler(move |_, message| {
            let _ = match message.view() {
                gst::MessageView::Error(error) => events.try_send(Event::Failed(sentence(&error.error()))),
                gst::MessageView::Eos(_) => events.try_send(Event::Ended),
                _ => Ok(()),
            };
            gst::BusSyncReply::Drop
        });
        // What cannot begin says why on the bus.
        let _ = pipeline.set_state(gst::State::Playing);
        Ok(Self { pipeline, inbox, streams })
    }

    /// The streams, once all have been found.
    fn streams(&self) -> Result<Vec<Frames>, String> {
        match self.inbox.recv_timeout(PATIENCE) {
            Ok(Event::Found) => {}
            Ok(Event::Failed(text)) => return Err(text),
            Ok(Event::Ended) | Err(_) => return Err("there is nothing in the file".into()),
        }
        let streams = std::mem::take(&mut *self.streams.lock().unwrap_or_else(PoisonError::into_inner));
        if streams.is_empty() {
            Err("there is neither picture nor sound in the file".into())
        } else {
            Ok(streams)
        }
    }

    /// What went wrong on the way, if something did.
    fn finish(self, written: Result<(), String>) -> Result<(), String> {
        let failed = self.inbox.try_iter().find_map(|event| match event {
            Event::Failed(text) => Some(text),
            _ => None,
        });
        failed.map_or(written, Err)
    }
}

/// Elements that turn a stream of these caps into frames.
fn branch(
    name: &str,
    caps: &gst::Caps,
    sender: SyncSender<Option<EncodedFrame>>,
) -> Result<Vec<gst::Element>, String> {
    let mut elements = Vec::new();
    let codec = match name {
        "audio/x-opus" => Codec::Opus,
        "video/x-h264" => Codec::H264,
        "video/x-raw" => {
            let filter = make("capsfilter")?;
            filter.set_property("caps", picture_caps(caps)?);
            let rate = gstreamer_video::VideoInfo::from_caps(caps).map_or(30, |info| {
                let fps = info.fps();
                u32::try_from(fps.numer() / fps.denom().max(1)).unwrap_or(0).clamp(1, 60)
            });
            elements.extend([make("videoconvertscale")?, filter, h264(MADE_PICTURE, 2 * rate)?]);
            Codec::H264
        }
        "audio/x-raw" => {
            let filter = make("capsfilter")?;
            let sound =
                gst::Caps::builder("audio/x-raw").field("rate", 48_000i32).field("channels", 2i32).build();
            filter.set_property("caps", sound);
            elements.extend([make("audioconvert")?, make("audioresample")?, filter, opus(MADE_SOUND)?]);
            Codec::Opus
        }
        other => return Err(format!("a stream of {other} cannot be published")),
    };
    let sink = AppSink::builder().sync(false).max_buffers(4).build();
    if codec == Codec::H264 {
        let parse = make("h264parse")?;
        parse.set_property("config-interval", -1i32);
        elements.push(parse);
        sink.set_caps(Some(&annex_b()));
    }
    collect(&sink, codec, sender);
    elements.push(sink.upcast());
    Ok(elements)
}

fn collect(sink: &AppSink, codec: Codec, sender: SyncSender<Option<EncodedFrame>>) {
    let end = sender.clone();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let time = running_time(&sample).map(media_time);
                let frame = sample.buffer().zip(time).and_then(|(buffer, time)| encoded(codec, time, buffer));
                if let Some(frame) = frame {
                    sender.send(Some(frame)).map_err(|_| gst::FlowError::Eos)?;
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .eos(move |_| {
                let _ = end.send(None);
            })
            .build(),
    );
}

/// Frames of all streams in the order of their times.
struct Merge {
    streams: Vec<(Frames, Option<EncodedFrame>)>,
}

impl Merge {
    fn new(streams: Vec<Frames>) -> Self {
        Self { streams: streams.into_iter().map(|frames| (frames, None)).collect() }
    }
}

impl Iterator for Merge {
    type Item = EncodedFrame;

    fn next(&mut self) -> Option<EncodedFrame> {
        self.streams.retain_mut(|(frames, head)| {
            if head.is_none() {
                *head = frames.recv_timeout(PATIENCE).ok().flatten();
            }
            head.is_some()
        });
        let first = self.streams.iter_mut().min_by_key(|(_, head)| head.as_ref().map(|frame| frame.time));
        first.and_then(|(_, head)| head.take())
    }
}

fn write_merged(streams: Vec<Frames>) -> Result<(), String> {
    let mut to = std::io::BufWriter::new(std::io::stdout().lock());
    let mut bytes = Vec::new();
    for frame in Merge::new(streams) {
        bytes.clear();
        Message::<FromMixer>::Media(FeedId::new(0), frame).write(&mut bytes);
        if let Err(error) = to.write_all(&bytes) {
            return broken(&error);
        }
    }
    to.flush()
        .or_else(|error| broken(&error).map_err(std::io::Error::other))
        .map_err(|error| error.to_string())
}

/// A reader that has gone wants no more: that is no failure.
fn broken(error: &std::io::Error) -> Result<(), String> {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        Ok(())
    } else {
        Err(format!("standard output: {error}"))
    }
}
