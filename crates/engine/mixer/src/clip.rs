//! A clip being played: a thread of its own around one pipeline that runs on our clock.

use crate::elements::{self, make, media_time, running_time};
use crate::file::{self, Glance, Trait};
use crate::mixing::ToMix;
use crate::post::{Post, log, now};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks};
use gstreamer_video as gst_video;
use palco_base::FeedId;
use palco_mix::Input;
use palco_mix::wire::FromMixer;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// A clip that plays tells where it is once in this time.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Clips are scaled down to fit in this, either way up.
const LARGEST: (u32, u32) = (1280, 720);
/// Commands and events that wait for a clip's thread.
const WAITING: usize = 64;

/// What reaches a clip's thread.
enum Event {
    Set {
        playing: bool,
        looped: bool,
        seek: Option<u64>,
    },
    Close,
    /// The pipeline stands at a picture.
    Ready,
    Ended,
    Failed(String),
    Is(Trait),
}

/// A clip that is open. Dropping it ends it.
pub(crate) struct Clip {
    events: SyncSender<Event>,
}

/// How a clip begins.
pub(crate) struct Beginning {
    pub(crate) position: u64,
    pub(crate) playing: bool,
    pub(crate) looped: bool,
}

impl Clip {
    /// Opens a clip; `file` may come a moment later than the command.
    pub(crate) fn open(
        feed: FeedId,
        file: impl FnOnce() -> Option<File> + Send + 'static,
        beginning: Beginning,
        mix: ToMix,
        post: Post,
    ) -> Result<Self, String> {
        let (events, inbox) = sync_channel(WAITING);
        let own = events.clone();
        std::thread::Builder::new()
            .name("clip".into())
            .spawn(move || {
                let fail = |text: String| {
                    post.say(FromMixer::ClipFailed { feed, text });
                };
                let Some(file) = file() else { return fail("The clip's file did not arrive.".into()) };
                match Player::new(feed, file, beginning, mix, post.clone(), own) {
                    Ok(mut player) => player.run(&inbox),
                    Err(text) => fail(text),
                }
            })
            .map_err(|error| format!("no thread for a clip: {error}"))?;
        Ok(Self { events })
    }

    /// Changes how it plays.
    pub(crate) fn set(&self, playing: bool, looped: bool, seek: Option<u64>) {
        if let Err(TrySendError::Full(_)) = self.events.try_send(Event::Set { playing, looped, seek }) {
            log("a clip does not take commands");
        }
    }
}

impl Drop for Clip {
    fn drop(&mut self) {
        let _ = self.events.try_send(Event::Close);
    }
}

/// What the director last asked for, and how far it has been done.
struct Player {
    feed: FeedId,
    post: Post,
    pipeline: gst::Pipeline,
    playing: bool,
    looped: bool,
    /// Asked for while the pipeline was not ready, in ms.
    seek: Option<u64>,
    ready: bool,
    ended: bool,
    still: bool,
    failed: bool,
}

impl Drop for Player {
    fn drop(&mut self) {
        // Going to NULL cannot fail in a way that could be mended.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

impl Player {
    fn new(
        feed: FeedId,
        file: File,
        beginning: Beginning,
        mix: ToMix,
        post: Post,
        events: SyncSender<Event>,
    ) -> Result<Self, String> {
        match file::glance(&file) {
            Ok(Glance::Fine) => {}
            Ok(Glance::Empty) => return Err("The clip is empty.".into()),
            Ok(Glance::Playlist) => return Err("This is a playlist, not a video.".into()),
            Ok(Glance::Truncated) => return Err("The clip is incomplete: its end is missing.".into()),
            Ok(Glance::TooLarge) => return Err(TOO_LARGE.into()),
            Err(_) => return Err("The clip cannot be read.".into()),
        }
        let pipeline = gst::Pipeline::new();
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let source = file::source(file)?;
        let told = events.clone();
        let bin = file::decodebin(None, move |what| {
            let _ = told.try_send(Event::Is(what));
        })?;
        pipeline.add_many([source.upcast_ref(), &bin]).map_err(|error| error.to_string())?;
        source.link(&bin).map_err(|error| error.to_string())?;
        open_streams(&bin, &pipeline, feed, mix, events.clone());
        watch(&pipeline, events)?;
        let player = Self {
            feed,
            post,
            pipeline,
            playing: beginning.playing,
            looped: beginning.looped,
            seek: (beginning.position > 0).then_some(beginning.position),
            ready: false,
            ended: false,
            still: false,
            failed: false,
        };
        player.pipeline.set_state(gst::State::Paused).map_err(|_| "The clip cannot be opened.")?;
        Ok(player)
    }

    fn run(&mut self, inbox: &Receiver<Event>) {
        loop {
            match inbox.recv_timeout(TELL_EVERY) {
                Ok(Event::Close) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => {
                    if self.playing && self.ready && !self.ended && !self.still {
                        self.tell();
                    }
                }
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Close => {}
            Event::Set { playing, looped, seek } => {
                // Played again after its end, it begins anew.
                let again = self.ended && playing && seek.is_none();
                self.playing = playing;
                self.looped = looped;
                self.seek = if again { Some(0) } else { seek.or(self.seek) };
                self.go_on();
                self.tell();
            }
            Event::Ready => {
                self.ready = true;
                self.go_on();
                self.tell();
            }
            Event::Ended if self.still => {}
            Event::Ended if self.looped => {
                self.seek = Some(0);
                self.go_on();
                self.tell();
            }
            Event::Ended => {
                self.ended = true;
                self.playing = false;
                self.go_on();
                self.tell();
            }
            Event::Is(Trait::Still) => self.still = true,
            Event::Is(Trait::TooLarge) => self.fail(TOO_LARGE.into()),
            Event::Is(Trait::Foreign) => self.fail(NOT_MEDIA.into()),
            Event::Failed(text) => self.fail(text),
        }
    }

    fn fail(&mut self, text: String) {
        if !self.failed {
            self.failed = true;
            self.ready = false;
            let _ = self.pipeline.set_state(gst::State::Null);
            self.post.say(FromMixer::ClipFailed { feed: self.feed, text });
        }
    }

    /// Brings the pipeline to where it should be. Seeks and changes of state take their time;
    /// `Ready` comes when one is done.
    fn go_on(&mut self) {
        if self.failed || !self.ready {
            return;
        }
        if let Some(millis) = self.seek.take().filter(|_| !self.still) {
            let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
            let end = self.duration().map_or(u64::MAX, |end| end.saturating_sub(1));
            let target = gst::ClockTime::from_mseconds(millis.min(end).min(u64::MAX / 1_000_000));
            self.ended = false;
            if self.pipeline.seek_simple(flags, target).is_ok() {
                self.ready = false;
                return;
            }
            log("a clip cannot be sought in");
        }
        let state = if self.playing && !self.still { gst::State::Playing } else { gst::State::Paused };
        if self.pipeline.set_state(state).is_err() {
            self.fail("The clip cannot be played.".into());
        }
    }

    fn duration(&self) -> Option<u64> {
        if self.still {
            return None;
        }
        self.pipeline.query_duration::<gst::ClockTime>().map(gst::ClockTime::mseconds)
    }

    fn tell(&self) {
        if self.failed {
            return;
        }
        let duration = self.duration();
        let asked = self.pipeline.query_position::<gst::ClockTime>().map(gst::ClockTime::mseconds);
        let position = match (self.ended, self.seek, duration) {
            (true, _, Some(duration)) => duration,
            (_, Some(seek), _) => seek,
            _ => asked.unwrap_or(0),
        };
        self.post.say(FromMixer::ClipState {
            feed: self.feed,
            position: duration.map_or(position, |duration| position.min(duration)),
            duration,
            playing: self.playing,
            ended: self.ended,
        });
    }
}

const NOT_MEDIA: &str = "This is not a video, a picture or a sound.";
const TOO_LARGE: &str = "The clip's picture is larger than 4096 × 2304 pixels.";

/// Turns what happens in the pipeline into events.
fn watch(pipeline: &gst::Pipeline, events: SyncSender<Event>) -> Result<(), String> {
    let bus = pipeline.bus().ok_or("a pipeline has a bus")?;
    bus.set_sync_handler(move |_, message| {
        let event = match message.view() {
            gst::MessageView::AsyncDone(_) => Some(Event::Ready),
            gst::MessageView::Eos(_) => Some(Event::Ended),
            gst::MessageView::Error(error) => Some(Event::Failed(sentence(&error.error()))),
            _ => None,
        };
        if let Some(event) = event {
            // A thread that does not take 64 events is ending.
            let _ = events.try_send(event);
        }
        gst::BusSyncReply::Drop
    });
    Ok(())
}

/// What a director is told about an error.
pub(crate) fn sentence(error: &gstreamer::glib::Error) -> String {
    match error.kind::<gst::StreamError>() {
        Some(gst::StreamError::TypeNotFound | gst::StreamError::WrongType) => NOT_MEDIA.into(),
        Some(gst::StreamError::CodecNotFound) => "The clip uses a codec that is not installed here.".into(),
        Some(gst::StreamError::Demux) => "The clip is damaged or incomplete.".into(),
        _ => "The clip cannot be decoded.".into(),
    }
}

/// Links the first picture and the first sound of the file to the mix as they are found.
fn open_streams(
    bin: &gst::Element,
    pipeline: &gst::Pipeline,
    feed: FeedId,
    mix: ToMix,
    events: SyncSender<Event>,
) {
    let weak = pipeline.downgrade();
    let (video, audio) = (AtomicBool::new(false), AtomicBool::new(false));
    let (bad, none) = (events.clone(), events);
    let found = Arc::new(AtomicBool::new(false));
    let seen = found.clone();
    bin.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let Some(caps) = pad.current_caps().or_else(|| Some(pad.query_caps(None))) else { return };
        let Some(structure) = caps.structure(0) else { return };
        let is_video = structure.name() == "video/x-raw";
        let taken = if is_video { &video } else { &audio };
        if !(is_video || structure.name() == "audio/x-raw") || taken.swap(true, Ordering::Relaxed) {
            return;
        }
        seen.store(true, Ordering::Relaxed);
        let branch = if is_video { picture_branch(&caps, feed, &mix) } else { sound_branch(feed, &mix) };
        let failed = match branch.and_then(|elements| attach(&pipeline, pad, &elements)) {
            Ok(()) => return,
            Err(text) => text,
        };
        let _ = bad.try_send(Event::Failed(failed));
    });
    bin.connect_no_more_pads(move |_| {
        if !found.load(Ordering::Relaxed) {
            let _ = none.try_send(Event::Failed("There is neither picture nor sound in the clip.".into()));
        }
    });
}

/// Adds elements to a running pipeline, one after another behind `pad`.
pub(crate) fn attach(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    elements: &[gst::Element],
) -> Result<(), String> {
    pipeline.add_many(elements).map_err(|error| error.to_string())?;
    gst::Element::link_many(elements).map_err(|error| error.to_string())?;
    for element in elements {
        element.sync_state_with_parent().map_err(|error| error.to_string())?;
    }
    let sink = elements.first().and_then(|first| first.static_pad("sink")).ok_or("a sink pad")?;
    pad.link(&sink).map_err(|error| format!("{error}"))?;
    Ok(())
}

/// What pictures of these caps are scaled to: no larger than needed, square pixels, even.
pub(crate) fn picture_caps(caps: &gst::Caps) -> Result<gst::Caps, String> {
    let info = gst_video::VideoInfo::from_caps(caps).map_err(|_| "The clip's picture has no size.")?;
    if !palco_mix::fits(info.width(), info.height()) {
        return Err(TOO_LARGE.into());
    }
    let pixel = info.par();
    let aspect = f64::from(pixel.numer().max(1)) / f64::from(pixel.denom().max(1));
    let (width, height) = (f64::from(info.width()) * aspect, f64::from(info.height()));
    let (most, least) = (f64::from(LARGEST.0), f64::from(LARGEST.1));
    let room = if width >= height { (most, least) } else { (least, most) };
    let scale = (room.0 / width).min(room.1 / height).min(1.0);
    let even = |size: f64| ((size * scale / 2.0).round() as i32 * 2).max(2);
    Ok(gst::Caps::builder("video/x-raw")
        .field("format", "I420")
        .field("width", even(width))
        .field("height", even(height))
        .field("pixel-aspect-ratio", gst::Fraction::new(1, 1))
        .build())
}

fn picture_branch(caps: &gst::Caps, feed: FeedId, mix: &ToMix) -> Result<Vec<gst::Element>, String> {
    let scale = make("videoconvertscale")?;
    let filter = make("capsfilter")?;
    filter.set_property("caps", picture_caps(caps)?);
    let sink = AppSink::builder().sync(true).qos(true).max_buffers(2).build();
    let (early, late) = (mix.clone(), mix.clone());
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_preroll(move |sink| {
                let sample = sink.pull_preroll().map_err(|_| gst::FlowError::Eos)?;
                // Standing still: shown at once.
                if let Some(picture) = elements::picture(&sample) {
                    early.media(Input::Picture(feed, Arc::new(picture), now()));
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                if let (Some(time), Some(picture)) = (due(sink, &sample), elements::picture(&sample)) {
                    late.media(Input::Picture(feed, Arc::new(picture), media_time(time)));
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    let mut elements = vec![scale, filter];
    // Phones film sideways and say so in a tag.
    if let Ok(flip) = make("videoflip") {
        elements::set_if(&flip, "video-direction", "auto");
        elements.push(flip);
    }
    elements.push(sink.upcast());
    Ok(elements)
}

fn sound_branch(feed: FeedId, mix: &ToMix) -> Result<Vec<gst::Element>, String> {
    let sink = AppSink::builder().caps(&elements::sound_caps()).sync(true).max_buffers(4).build();
    let mix = mix.clone();
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let samples = sample.buffer().and_then(elements::samples);
                if let (Some(time), Some(samples)) = (due(sink, &sample), samples) {
                    mix.media(Input::Sound(feed, samples, media_time(time)));
                }
                Ok(gst::FlowSuccess::Ok)
            })
            .build(),
    );
    Ok(vec![make("audioconvert")?, make("audioresample")?, sink.upcast()])
}

/// When a sample is due on the monotonic clock.
fn due(sink: &AppSink, sample: &gst::Sample) -> Option<gst::ClockTime> {
    Some(sink.base_time()? + running_time(sample)?)
}
