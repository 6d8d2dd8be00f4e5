//! A real mixer process on sockets, media to feed it, and eyes for what it makes.

#![allow(dead_code, reason = "each test file uses its part")]

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSrc};
use palco_base::canvas::{Arrangement, Fit, Rect, Sound, Tile, TileSource};
use palco_base::{Bitrate, Codec, EncodedFrame, FeedId, MediaTime, Size};
use palco_mix::wire::{
    AAC_CONFIG, Coding, FromMixer, Message, Output, Reader, Rendition, ToMixer, output_of,
};
use std::fs::File;
use std::io::{IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_palco-mixer");
pub(crate) const CODING: Coding = Coding {
    frame_rate: 30,
    large: Rendition { width: 1280, height: 720, video: Bitrate::kbps(2_500) },
    small: None,
    opus: Bitrate::kbps(96),
    aac: None,
};

pub(crate) fn now() -> MediaTime {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    MediaTime::from_micros(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)
}

/// Everything a mixer said.
#[derive(Debug)]
pub(crate) enum Said {
    Control(FromMixer),
    Frame(Output, Size, EncodedFrame),
}

static ALONE: Mutex<()> = Mutex::new(());

pub(crate) struct Mixer {
    /// A live mixer needs the machine for itself: one test at a time.
    _alone: MutexGuard<'static, ()>,
    pub child: Child,
    socket: UnixStream,
    files: UnixStream,
    reader: Reader,
}

impl Drop for Mixer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mixer {
    pub(crate) fn start() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (socket, theirs) = UnixStream::pair().expect("sockets");
        let (files, their_files) = UnixStream::pair().expect("sockets");
        let child = Command::new(BINARY)
            .arg("serve")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(their_files)))
            .spawn()
            .expect("the mixer starts");
        let mut mixer = Self { _alone: alone, child, socket, files, reader: Reader::default() };
        mixer.until(20, |said| matches!(said, Said::Control(FromMixer::Ready { .. })));
        mixer
    }

    pub(crate) fn say(&mut self, what: ToMixer) {
        self.send(&Message::Control(what));
    }

    pub(crate) fn send(&mut self, message: &Message<ToMixer>) {
        let mut bytes = Vec::new();
        message.write(&mut bytes);
        self.socket.write_all(&bytes).expect("the mixer lives");
    }

    pub(crate) fn hand_over(&mut self, feed: FeedId, file: &File) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = rustix::net::SendAncillaryBuffer::new(&mut space);
        let fds = [file.as_fd()];
        assert!(control.push(rustix::net::SendAncillaryMessage::ScmRights(&fds)));
        let bytes = feed.bits().to_le_bytes();
        let flags = rustix::net::SendFlags::empty();
        rustix::net::sendmsg(&self.files, &[IoSlice::new(&bytes)], &mut control, flags)
            .expect("the mixer lives");
    }

    /// The next thing said before the deadline.
    pub(crate) fn hear(&mut self, deadline: Instant) -> Option<Said> {
        let mut bytes = vec![0; 256 << 10];
        loop {
            if let Some(message) = self.reader.next_message::<FromMixer>().expect("well formed") {
                return Some(match message {
                    Message::Control(control) => Said::Control(control),
                    Message::Media(id, frame) => {
                        let (output, size) = output_of(id).expect("an output");
                        Said::Frame(output, size, frame)
                    }
                    Message::Font(_) => panic!("a mixer sends no fonts"),
                });
            }
            let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            self.socket.set_read_timeout(Some(left)).expect("a timeout");
            match self.socket.read(&mut bytes) {
                Ok(0) => panic!("the mixer ended: {:?}", self.child.wait()),
                Ok(read) => self.reader.push(&bytes[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return None,
                Err(error) => panic!("the mixer's socket: {error}"),
            }
        }
    }

    /// What is said up to and with the first that fits; panics after so many seconds.
    pub(crate) fn until(&mut self, seconds: u64, fits: impl Fn(&Said) -> bool) -> Said {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let mut heard = Vec::new();
        while let Some(said) = self.hear(deadline) {
            if fits(&said) {
                return said;
            }
            if !matches!(said, Said::Frame(..)) {
                heard.push(said);
            }
        }
        panic!("not said in {seconds} s; only {heard:?}");
    }

    /// Plays feeds live for so long; returns all that was said meanwhile.
    pub(crate) fn play(&mut self, feeds: &mut [Live], duration: Duration) -> Vec<Said> {
        let end = Instant::now() + duration;
        let mut said = Vec::new();
        loop {
            let time = now();
            for feed in feeds.iter_mut() {
                while let Some(frame) = feed.due(time) {
                    self.send(&Message::Media(feed.id, frame));
                }
            }
            let next = Instant::now() + Duration::from_millis(4);
            while let Some(what) = self.hear(next.min(end)) {
                said.push(what);
            }
            if Instant::now() >= end {
                return said;
            }
        }
    }
}

/// Recorded frames published live, over and over.
pub(crate) struct Live {
    pub id: FeedId,
    frames: Vec<EncodedFrame>,
    length: MediaTime,
    began: MediaTime,
    next: usize,
    rounds: i64,
}

impl Live {
    pub(crate) fn new(id: FeedId, mut frames: Vec<EncodedFrame>) -> Self {
        frames.sort_by_key(|frame| frame.time);
        let last = frames.iter().map(|frame| frame.time).max().expect("there are frames");
        let length = MediaTime::from_millis((last.millis() + 34) / 20 * 20);
        Self { id, frames, length, began: now(), next: 0, rounds: 0 }
    }

    /// The next frame that has been captured by `time`.
    fn due(&mut self, time: MediaTime) -> Option<EncodedFrame> {
        let frame = &self.frames[self.next];
        let round = MediaTime::from_micros(self.length.micros() * self.rounds);
        let captured = self.began + round + frame.time;
        // Sound is there when its last sample is.
        let there =
            captured + if frame.codec == Codec::Opus { MediaTime::from_millis(20) } else { MediaTime::ZERO };
        if there > time {
            return None;
        }
        let frame = EncodedFrame { time: captured, ..frame.clone() };
        self.next += 1;
        if self.next == self.frames.len() {
            self.next = 0;
            self.rounds += 1;
        }
        Some(frame)
    }
}

/// Runs a pipeline that ends in `appsink name=out` to its end.
pub(crate) fn collect(description: &str, codec: Codec) -> Vec<EncodedFrame> {
    gst::init().expect("GStreamer");
    let pipeline =
        gst::parse::launch(description).expect(description).downcast::<gst::Pipeline>().expect("pipeline");
    let sink = pipeline.by_name("out").expect("out").downcast::<AppSink>().expect("appsink");
    sink.set_property("sync", false);
    pipeline.set_state(gst::State::Playing).expect("runs");
    let mut frames = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let buffer = sample.buffer().expect("a buffer");
        let segment =
            sample.segment().expect("a segment").downcast_ref::<gst::ClockTime>().expect("time").clone();
        let Some(time) = buffer.pts().and_then(|pts| segment.to_running_time(pts)) else { continue };
        frames.push(EncodedFrame {
            codec,
            key: codec == Codec::Opus || !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT),
            time: MediaTime::from_micros(time.useconds() as i64),
            payload: Arc::from(buffer.map_readable().expect("readable").as_slice()),
        });
    }
    pipeline.set_state(gst::State::Null).expect("stops");
    assert!(!frames.is_empty(), "nothing from {description}");
    frames
}

/// A picture of one colour (`0xRRGGBB`) as H.264, 30 a second, a key frame each second.
pub(crate) fn h264(rgb: u32, width: u32, height: u32, frames: u32) -> Vec<EncodedFrame> {
    collect(
        &format!(
            "videotestsrc num-buffers={frames} pattern=solid-color foreground-color={} ! \
             video/x-raw,format=I420,width={width},height={height},framerate=30/1,colorimetry=bt709 ! \
             x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30 bitrate=800 ! \
             video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline ! \
             h264parse config-interval=-1 ! appsink name=out",
            0xFF00_0000 | rgb
        ),
        Codec::H264,
    )
}

/// Something that moves, as H.264.
pub(crate) fn moving(pattern: &str, frames: u32) -> Vec<EncodedFrame> {
    collect(
        &format!(
            "videotestsrc num-buffers={frames} pattern={pattern} ! \
             video/x-raw,format=I420,width=640,height=360,framerate=30/1,colorimetry=bt709 ! \
             x264enc tune=zerolatency speed-preset=veryfast key-int-max=60 bitrate=900 ! \
             video/x-h264,stream-format=byte-stream,alignment=au,profile=constrained-baseline ! \
             h264parse config-interval=-1 ! appsink name=out"
        ),
        Codec::H264,
    )
}

pub(crate) fn vp8(rgb: u32, frames: u32) -> Vec<EncodedFrame> {
    collect(
        &format!(
            "videotestsrc num-buffers={frames} pattern=solid-color foreground-color={} ! \
             video/x-raw,format=I420,width=480,height=360,framerate=30/1,colorimetry=bt709 ! \
             vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 ! appsink name=out",
            0xFF00_0000 | rgb
        ),
        Codec::Vp8,
    )
}

/// A tone as Opus, 20 ms packets.
pub(crate) fn tone(hertz: u32, packets: u32) -> Vec<EncodedFrame> {
    let mut frames = collect(
        &format!(
            "audiotestsrc num-buffers={packets} samplesperbuffer=960 freq={hertz} volume=0.2 ! \
             audio/x-raw,rate=48000,channels=2 ! audioconvert ! opusenc frame-size=20 ! appsink name=out"
        ),
        Codec::Opus,
    );
    // The encoder ends with a packet of its own delay.
    frames.truncate(packets as usize);
    frames
}

/// One decoded picture: packed I420.
pub(crate) struct Seen {
    pub width: u32,
    pub height: u32,
    pub time: MediaTime,
    pub data: Vec<u8>,
}

impl Seen {
    /// Y, U and V of a pixel.
    pub(crate) fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let luma = (self.width * self.height) as usize;
        let half = (self.width / 2) as usize;
        let chroma = (y / 2) as usize * half + (x / 2) as usize;
        [
            self.data[(y * self.width + x) as usize],
            self.data[luma + chroma],
            self.data[luma + luma / 4 + chroma],
        ]
    }
}

/// Decodes H.264 frames, the first of which is a key frame.
pub(crate) fn decode(frames: &[EncodedFrame]) -> Vec<Seen> {
    gst::init().expect("GStreamer");
    let description = "appsrc name=in format=time caps=video/x-h264,stream-format=byte-stream,alignment=au ! \
        avdec_h264 max-threads=1 ! videoconvert ! video/x-raw,format=I420 ! appsink name=out sync=false";
    let pipeline =
        gst::parse::launch(description).expect("pipeline").downcast::<gst::Pipeline>().expect("pipeline");
    let source = pipeline.by_name("in").expect("in").downcast::<AppSrc>().expect("appsrc");
    let sink = pipeline.by_name("out").expect("out").downcast::<AppSink>().expect("appsink");
    source.set_max_bytes(0);
    pipeline.set_state(gst::State::Playing).expect("runs");
    for frame in frames {
        let mut buffer = gst::Buffer::from_slice(frame.payload.to_vec());
        let time = gst::ClockTime::from_useconds(frame.time.micros() as u64);
        buffer.get_mut().expect("fresh").set_pts(time);
        source.push_buffer(buffer).expect("taken");
    }
    source.end_of_stream().expect("taken");
    let mut seen = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let info = gstreamer_video::VideoInfo::from_caps(sample.caps().expect("caps")).expect("video");
        let buffer = sample.buffer().expect("a buffer");
        let frame =
            gstreamer_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("readable");
        use gstreamer_video::VideoFrameExt as _;
        let mut data = Vec::new();
        for plane in 0..3 {
            let (width, height) = if plane == 0 {
                (info.width(), info.height())
            } else {
                (info.width().div_ceil(2), info.height().div_ceil(2))
            };
            let stride = frame.plane_stride()[plane as usize] as usize;
            for row in 0..height as usize {
                data.extend_from_slice(
                    &frame.plane_data(plane).expect("plane")[row * stride..][..width as usize],
                );
            }
        }
        let time = MediaTime::from_micros(buffer.pts().expect("a time").useconds() as i64);
        seen.push(Seen { width: info.width(), height: info.height(), time, data });
    }
    pipeline.set_state(gst::State::Null).expect("stops");
    seen
}

/// Decodes Opus packets to one channel of 48 kHz.
pub(crate) fn listen(packets: &[EncodedFrame]) -> Vec<f32> {
    let caps = "audio/x-opus,rate=48000,channels=2,channel-mapping-family=0";
    sound_of(packets, caps, "opusdec")
}

/// Decodes AAC access units to one channel of 48 kHz.
pub(crate) fn listen_aac(units: &[EncodedFrame]) -> Vec<f32> {
    let config: String = AAC_CONFIG.iter().map(|byte| format!("{byte:02x}")).collect();
    let caps = format!(
        "audio/mpeg,mpegversion=4,stream-format=raw,rate=48000,channels=2,codec_data=(buffer){config}"
    );
    sound_of(units, &caps, "avdec_aac")
}

fn sound_of(packets: &[EncodedFrame], caps: &str, decoder: &str) -> Vec<f32> {
    gst::init().expect("GStreamer");
    let description = format!(
        "appsrc name=in format=time caps=\"{caps}\" ! {decoder} ! audioconvert ! \
         audio/x-raw,format=F32LE,channels=2,layout=interleaved ! appsink name=out sync=false"
    );
    let pipeline =
        gst::parse::launch(&description).expect("pipeline").downcast::<gst::Pipeline>().expect("pipeline");
    let source = pipeline.by_name("in").expect("in").downcast::<AppSrc>().expect("appsrc");
    let sink = pipeline.by_name("out").expect("out").downcast::<AppSink>().expect("appsink");
    pipeline.set_state(gst::State::Playing).expect("runs");
    for packet in packets {
        let mut buffer = gst::Buffer::from_slice(packet.payload.to_vec());
        let time = gst::ClockTime::from_useconds(packet.time.micros() as u64);
        buffer.get_mut().expect("fresh").set_pts(time);
        source.push_buffer(buffer).expect("taken");
    }
    source.end_of_stream().expect("taken");
    let mut samples = Vec::new();
    while let Ok(sample) = sink.pull_sample() {
        let map = sample.buffer().expect("a buffer").map_readable().expect("readable");
        samples.extend(map.as_chunks::<8>().0.iter().map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])));
    }
    pipeline.set_state(gst::State::Null).expect("stops");
    samples
}

/// Strength of a frequency in samples, 1.0 for a full-scale sine.
pub(crate) fn strength(samples: &[f32], hertz: f64) -> f64 {
    let (mut re, mut im) = (0.0, 0.0);
    for (at, v) in samples.iter().enumerate() {
        let phase = at as f64 * hertz * std::f64::consts::TAU / 48_000.0;
        re += f64::from(*v) * phase.cos();
        im += f64::from(*v) * phase.sin();
    }
    re.hypot(im) * 2.0 / samples.len() as f64
}

pub(crate) fn frames_of(said: &[Said], output: Output, codec: Codec) -> Vec<EncodedFrame> {
    frames_at(said, output, Size::Large, codec)
}

pub(crate) fn frames_at(said: &[Said], output: Output, size: Size, codec: Codec) -> Vec<EncodedFrame> {
    said.iter()
        .filter_map(|said| match said {
            Said::Frame(of, at, frame) if *of == output && *at == size && frame.codec == codec => {
                Some(frame.clone())
            }
            _ => None,
        })
        .collect()
}

/// From the first key frame on.
pub(crate) fn from_key(frames: &[EncodedFrame]) -> &[EncodedFrame] {
    let key = frames.iter().position(|frame| frame.key).expect("there is a key frame");
    &frames[key..]
}

pub(crate) fn tile(feed: FeedId, x: u32, y: u32, width: u32, height: u32) -> Tile {
    Tile { source: TileSource::Feed(feed), rect: Rect { x, y, width, height }, fit: Fit::Cover, label: None }
}

/// Four feeds in four quarters, all heard.
pub(crate) fn quarters(feeds: [FeedId; 4]) -> Arrangement {
    let places = [(0, 0), (640, 0), (0, 360), (640, 360)];
    Arrangement {
        tiles: feeds.iter().zip(places).map(|(feed, (x, y))| tile(*feed, x, y, 640, 360)).collect(),
        sounds: feeds.iter().map(|feed| Sound { feed: *feed, gain: 1.0 }).collect(),
    }
}

/// One feed on all of the canvas.
pub(crate) fn alone(feed: FeedId) -> Arrangement {
    Arrangement { tiles: vec![tile(feed, 0, 0, 1280, 720)], sounds: vec![Sound { feed, gain: 1.0 }] }
}

/// A folder that goes when the test ends.
pub(crate) struct Folder(pub PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Makes a file with ffmpeg.
    pub(crate) fn ffmpeg(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.0.join(name);
        let done = Command::new("ffmpeg")
            .args(["-v", "error", "-nostdin", "-y"])
            .args(arguments.split_whitespace())
            .arg(&path)
            .status()
            .expect("ffmpeg runs");
        assert!(done.success(), "ffmpeg {arguments}");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether a colour is near another, as coding leaves it.
pub(crate) fn near(seen: [u8; 3], rgb: u32) -> bool {
    let expected = palco_mix::palette::Yuv::from_rgb(rgb).planes();
    seen.iter().zip(expected).all(|(seen, expected)| seen.abs_diff(expected) <= 6)
}
