//! `palco-mixer probe`: can this file be played?

use crate::elements::{self, make};
use crate::file::{self, Glance, Trait};
use crate::{clip, sandbox};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video as gst_video;
use palco_mix::wire::Probe;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A file that needs longer is not one to play live.
const LIMIT: Duration = Duration::from_secs(10);
/// How much is decoded at the beginning and at the end.
const SAMPLE: gst::ClockTime = gst::ClockTime::from_seconds(1);

enum Event {
    Ready,
    Ended,
    Failed(gst::glib::Error),
    Is(Trait),
    /// A stream has been decoded for [`SAMPLE`].
    Enough,
}

/// What was seen of the streams.
#[derive(Default)]
struct Seen {
    picture: Mutex<Option<(u32, u32)>>,
    sound: AtomicBool,
    buffers: AtomicU64,
    /// The latest position in the file that was decoded, in ns.
    furthest: AtomicU64,
}

fn refused(code: &str, text: &str) -> Probe {
    Probe::Refused { code: code.into(), text: text.into() }
}

fn too_large() -> Probe {
    refused("clip_too_large_picture", "The picture is larger than 4096 × 2304 pixels.")
}

fn truncated() -> Probe {
    refused("clip_truncated", "The file is incomplete: its end is missing. Upload it again.")
}

fn undecodable(text: &str) -> Probe {
    refused("clip_undecodable", text)
}

/// Prints the verdict as one line of JSON.
pub(crate) fn probe() -> Result<(), String> {
    let file = std::io::stdin().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    elements::start()?;
    elements::choose()?;
    sandbox::close();
    let verdict = judge(File::from(file))?;
    let mut line = serde_json::to_string(&verdict).map_err(|error| error.to_string())?;
    line.push('\n');
    std::io::stdout().write_all(line.as_bytes()).map_err(|error| error.to_string())
}

fn judge(file: File) -> Result<Probe, String> {
    match file::glance(&file).map_err(|error| format!("standard input: {error}"))? {
        Glance::Fine => {}
        Glance::Empty => return Ok(refused("clip_empty", "The file is empty.")),
        Glance::Playlist => return Ok(refused("clip_not_media", "This is a playlist, not a video.")),
        Glance::Truncated => return Ok(truncated()),
        Glance::TooLarge => return Ok(too_large()),
    }
    let (events, inbox) = sync_channel(256);
    let seen = Arc::new(Seen::default());
    let pipeline = open(file, &seen, &events)?;
    let verdict = watch(&pipeline, &seen, &inbox);
    let _ = pipeline.set_state(gst::State::Null);
    Ok(verdict)
}

fn open(file: File, seen: &Arc<Seen>, events: &SyncSender<Event>) -> Result<gst::Pipeline, String> {
    let pipeline = gst::Pipeline::new();
    let source = file::source(file)?;
    let told = events.clone();
    let bin = file::decodebin(None, move |what| {
        let _ = told.try_send(Event::Is(what));
    })?;
    pipeline.add_many([source.upcast_ref(), &bin]).map_err(|error| error.to_string())?;
    source.link(&bin).map_err(|error| error.to_string())?;
    let (weak, seen, enough) = (pipeline.downgrade(), seen.clone(), events.clone());
    bin.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(structure) = caps.structure(0) else { return };
        let known = structure.name() == "video/x-raw" || structure.name() == "audio/x-raw";
        if file::too_large(&caps) {
            let _ = enough.try_send(Event::Is(Trait::TooLarge));
        }
        if let Ok(info) = gst_video::VideoInfo::from_caps(&caps) {
            let mut picture = seen.picture.lock().unwrap_or_else(PoisonError::into_inner);
            picture.get_or_insert((info.width(), info.height()));
        } else if known {
            seen.sound.store(true, Ordering::Relaxed);
        }
        if known && let Ok(sink) = counting_sink(&seen, &enough) {
            // A stream that cannot be linked is not counted, and a file without any is refused.
            let _ = clip::attach(&pipeline, pad, &[sink]);
        }
    });
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    let events = events.clone();
    bus.set_sync_handler(move |_, message| {
        let _ = match message.view() {
            gst::MessageView::AsyncDone(_) => events.try_send(Event::Ready),
            gst::MessageView::Eos(_) => events.try_send(Event::Ended),
            gst::MessageView::Error(error) => events.try_send(Event::Failed(error.error())),
            _ => Ok(()),
        };
        gst::BusSyncReply::Drop
    });
    // What cannot even begin says why on the bus.
    let _ = pipeline.set_state(gst::State::Paused);
    Ok(pipeline)
}

/// Takes decoded buffers as fast as they come and counts them.
fn counting_sink(seen: &Arc<Seen>, events: &SyncSender<Event>) -> Result<gst::Element, String> {
    make("appsink")?;
    let sink = AppSink::builder().sync(false).max_buffers(1).build();
    let (seen, events) = (seen.clone(), events.clone());
    let mut first = None;
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                seen.buffers.fetch_add(1, Ordering::Relaxed);
                let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
                let time = sample.buffer().and_then(|buffer| buffer.pts());
                if let Some(place) =
                    segment.zip(time).and_then(|(segment, time)| segment.to_stream_time(time))
                {
                    seen.furthest.fetch_max(place.nseconds(), Ordering::Relaxed);
                }
                if let Some(time) = time {
                    let began = *first.get_or_insert(time);
                    if time < began {
                        first = Some(time);
                    } else if time >= began + SAMPLE {
                        let _ = events.try_send(Event::Enough);
                    }
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    Ok(sink.upcast())
}

/// What a stretch of decoding came to.
enum Stretch {
    Done,
    Ended,
    Verdict(Probe),
}

fn watch(pipeline: &gst::Pipeline, seen: &Seen, inbox: &Receiver<Event>) -> Probe {
    let deadline = Instant::now() + LIMIT;
    let mut still = false;
    if let Stretch::Verdict(verdict) =
        wait(inbox, deadline, &mut still, |event| matches!(event, Event::Ready))
    {
        return verdict;
    }
    let picture = *seen.picture.lock().unwrap_or_else(PoisonError::into_inner);
    let sound = seen.sound.load(Ordering::Relaxed);
    if picture.is_none() && !sound {
        return refused("clip_not_media", "There is neither picture nor sound in the file.");
    }
    let duration = pipeline.query_duration::<gst::ClockTime>().filter(|_| !still);
    let playable = Probe::Playable { duration: duration.map(gst::ClockTime::mseconds), picture, sound };
    // The beginning.
    let _ = pipeline.set_state(gst::State::Playing);
    let enough = |event: &Event| matches!(event, Event::Enough);
    match wait(inbox, deadline, &mut still, enough) {
        Stretch::Verdict(verdict) => return verdict,
        Stretch::Ended if seen.buffers.load(Ordering::Relaxed) == 0 => {
            return undecodable("Nothing in the file can be decoded.");
        }
        Stretch::Ended if duration.is_none_or(|all| all <= SAMPLE * 2) => return playable,
        Stretch::Ended => return truncated(),
        Stretch::Done => {}
    }
    // The end.
    let Some(near) = duration.and_then(|all| all.checked_sub(SAMPLE)) else { return playable };
    let _ = pipeline.set_state(gst::State::Paused);
    seen.furthest.store(0, Ordering::Relaxed);
    if pipeline.seek_simple(gst::SeekFlags::FLUSH | gst::SeekFlags::KEY_UNIT, near).is_err() {
        return playable; // Not every kind of file can be sought in; it still plays.
    }
    let _ = pipeline.set_state(gst::State::Playing);
    // Results of the stretch before may still be on their way: only the end counts.
    match wait(inbox, deadline, &mut still, |_| false) {
        Stretch::Verdict(verdict) => verdict,
        // Decoding began at the key frame before the end; it must have come near the end.
        _ if seen.furthest.load(Ordering::Relaxed) + SAMPLE.nseconds() < near.nseconds() => truncated(),
        _ => playable,
    }
}

/// Waits for an event or the end of the file, or what settles the matter.
fn wait(
    inbox: &Receiver<Event>,
    deadline: Instant,
    still: &mut bool,
    done: impl Fn(&Event) -> bool,
) -> Stretch {
    loop {
        let Ok(event) = inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
            return Stretch::Verdict(undecodable("The file cannot be decoded in reasonable time."));
        };
        if done(&event) {
            return Stretch::Done;
        }
        match event {
            Event::Ended => return Stretch::Ended,
            Event::Failed(error) => return Stretch::Verdict(verdict_of(&error)),
            Event::Is(Trait::TooLarge) => return Stretch::Verdict(too_large()),
            Event::Is(Trait::Foreign) => {
                return Stretch::Verdict(refused(
                    "clip_not_media",
                    "This is not a video, a picture or a sound.",
                ));
            }
            Event::Is(Trait::Still) => *still = true,
            Event::Ready | Event::Enough => {}
        }
    }
}

fn verdict_of(error: &gst::glib::Error) -> Probe {
    match error.kind::<gst::StreamError>() {
        Some(gst::StreamError::TypeNotFound | gst::StreamError::WrongType) => {
            refused("clip_not_media", "This is not a video, a picture or a sound.")
        }
        _ => undecodable(&clip::sentence(error)),
    }
}
