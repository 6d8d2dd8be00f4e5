//! A Program without an encoder, and a shell without sockets.

use crate::m3u8::{self, Playlist};
use bytes::Bytes;
use palco_base::{Bitrate, Codec, EncodedFrame, Fault, MediaTime};
use palco_hls::path::{Directives, Rendition, Resource};
use palco_hls::{
    Answer, Head, Hls, Input, Output, Request, RequestId, Resume, Segment, Settings, Track, TrackId,
    TrackKind, WallClock,
};
use std::collections::BTreeMap;

pub(crate) const HIGH: TrackId = TrackId(0);
pub(crate) const LOW: TrackId = TrackId(1);
pub(crate) const SOUND: TrackId = TrackId(2);
pub(crate) const NAMES: [&str; 3] = ["720p", "360p", "audio"];
/// AAC-LC, 48 kHz, stereo.
pub(crate) const ASC: [u8; 2] = [0x11, 0x90];

pub(crate) const fn ms(millis: i64) -> MediaTime {
    MediaTime::from_millis(millis)
}

pub(crate) fn rendition(name: &str) -> Rendition {
    Rendition::new(name).unwrap()
}

/// 2026-11-22T20:00:00Z at monotonic 1,000 s.
pub(crate) const CLOCK: WallClock =
    WallClock { at: MediaTime::from_millis(1_000_000), unix: MediaTime::from_millis(1_795_377_600_000) };

pub(crate) fn settings() -> Settings {
    let track = |name: &str, kind, kbps| Track { name: rendition(name), kind, bitrate: Bitrate::kbps(kbps) };
    let tracks = vec![
        track(NAMES[0], TrackKind::Video, 2_500),
        track(NAMES[1], TrackKind::Video, 600),
        track(NAMES[2], TrackKind::Audio { config: ASC.to_vec() }, 128),
    ];
    Settings::new(tracks, CLOCK)
}

/// Writes bits, to make parameter sets the reader under test did not make.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, value: u32, count: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn ue(&mut self, value: u32) -> &mut Self {
        let code = value + 1;
        let length = 32 - code.leading_zeros();
        self.put(0, length - 1).put(code, length)
    }

    fn bytes(&self) -> Vec<u8> {
        self.0
            .chunks(8)
            .map(|c| c.iter().enumerate().fold(0, |b, (i, bit)| b | u8::from(*bit) << (7 - i)))
            .collect()
    }
}

/// A Baseline sequence parameter set for a picture of whole or half macroblock height.
pub(crate) fn sps(width: u32, height: u32, level: u8) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.ue(0).ue(0).ue(0).ue(4).ue(1).put(0, 1).ue(width.div_ceil(16) - 1).ue(height.div_ceil(16) - 1);
    bits.put(0b11, 2);
    let cut = height.div_ceil(16) * 16 - height;
    if cut > 0 {
        bits.put(1, 1).ue(0).ue(0).ue(0).ue(cut / 2);
    } else {
        bits.put(0, 1);
    }
    bits.put(0, 1).put(1, 1);
    let mut nal = vec![0x67, 66, 0xc0, level];
    nal.extend(bits.bytes());
    nal
}

/// A picture of `size` bytes that nobody can decode, with real parameter sets if it is a key.
pub(crate) fn picture(key: bool, parameters: &[u8], size: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    if key {
        for nal in [parameters, &[0x68, 0xce, 0x3c, 0x80]] {
            stream.extend_from_slice(&[0, 0, 0, 1]);
            stream.extend_from_slice(nal);
        }
    }
    stream.extend_from_slice(&[0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
    stream.extend(std::iter::repeat_n(0xaa, size));
    stream
}

/// The core with the shell's part played by the test.
pub(crate) struct World {
    pub(crate) hls: Hls,
    pub(crate) now: MediaTime,
    pub(crate) segments: Vec<(Segment, Bytes)>,
    pub(crate) inits: BTreeMap<(TrackId, u32), Bytes>,
    pub(crate) answers: BTreeMap<RequestId, Answer>,
    /// How many requests each answer was for.
    pub(crate) wakes: Vec<usize>,
    pub(crate) wanted: Vec<TrackId>,
    next_request: u64,
    /// Parameter sets of the two pictures.
    pub(crate) parameters: [Vec<u8>; 2],
    /// Scales the size of frames.
    pub(crate) frame_bytes: usize,
    clocks: [i64; 3],
    /// When the encoders began.
    pub(crate) origin: MediaTime,
    /// No frames of these tracks.
    pub(crate) silent: [bool; 3],
    /// One key frame, out of turn, for both pictures.
    pub(crate) key_now: bool,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(settings(), None)
    }

    pub(crate) fn with(settings: Settings, resume: Option<Resume>) -> Self {
        let hls = Hls::new(settings, resume).unwrap();
        let mut world = Self {
            hls,
            now: ms(1_000_000),
            segments: Vec::new(),
            inits: BTreeMap::new(),
            answers: BTreeMap::new(),
            wakes: Vec::new(),
            wanted: Vec::new(),
            next_request: 0,
            parameters: [sps(1280, 720, 31), sps(640, 360, 30)],
            frame_bytes: 200,
            clocks: [0; 3],
            origin: ms(1_000_000),
            silent: [false; 3],
            key_now: false,
        };
        world.drain();
        world
    }

    pub(crate) fn handle(&mut self, input: Input) {
        self.hls.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.hls.poll() {
            match output {
                Output::Answer { requests, answer } => {
                    self.wakes.push(requests.len());
                    for id in requests {
                        assert!(self.answers.insert(id, answer.clone()).is_none(), "answered twice");
                    }
                }
                Output::Init { track, number, bytes } => {
                    assert!(self.inits.insert((track, number), bytes).is_none(), "a number is used once");
                }
                Output::Segment { segment, bytes } => {
                    let used = |s: &Segment| (s.track, s.sequence) == (segment.track, segment.sequence);
                    assert!(!self.segments.iter().rev().take(64).any(|(s, _)| used(s)), "used twice");
                    self.segments.push((segment, bytes));
                }
                Output::KeyFrameWanted { track } => self.wanted.push(track),
            }
        }
    }

    pub(crate) fn frame(&mut self, track: TrackId, time: MediaTime, payload: Vec<u8>, key: bool) {
        let codec = if track == SOUND { Codec::Aac } else { Codec::H264 };
        let frame = EncodedFrame { codec, key, time, payload: payload.into() };
        self.handle(Input::Frame { track, frame });
    }

    /// Lets the Program run until `until` after it began: 30 pictures a second, a key frame every
    /// 60, sound in blocks of 1,024 samples.
    pub(crate) fn run(&mut self, until: MediaTime) {
        loop {
            let [high, low, sound] = self.clocks;
            let shown = MediaTime::from_micros(high * 1_000_000 / 30);
            let block = MediaTime::from_ticks(sound * 1_024, 48_000);
            let next = shown.min(block);
            if next >= until {
                break;
            }
            self.to(self.origin + next);
            if shown <= block {
                let key = high % 60 == 0 || std::mem::take(&mut self.key_now);
                self.clocks = [high + 1, low + 1, sound];
                for (index, track) in [HIGH, LOW].into_iter().enumerate() {
                    if !self.silent[index] {
                        let size = self.frame_bytes * if key { 8 } else { 1 } / (1 + 3 * index) + 1;
                        let payload = picture(key, &self.parameters[index], size);
                        self.frame(track, self.origin + shown, payload, key);
                    }
                }
            } else {
                self.clocks[2] += 1;
                if !self.silent[2] {
                    self.frame(SOUND, self.origin + block, vec![0x21; 40], true);
                }
            }
        }
        self.to(self.origin + until);
    }

    /// The encoders are started again at `origin`.
    pub(crate) fn restart(&mut self, origin: MediaTime) {
        self.origin = origin;
        self.clocks = [0; 3];
    }

    /// Time goes on to `now`, with all that is due on the way.
    pub(crate) fn to(&mut self, now: MediaTime) {
        while let Some(at) = self.hls.deadline()
            && at <= now
        {
            self.now = self.now.max(at);
            self.handle(Input::Timeout);
        }
        self.now = self.now.max(now);
    }

    pub(crate) fn ask(&mut self, path: &str, query: &str) -> RequestId {
        let resource = Resource::parse(path).unwrap();
        self.next_request += 1;
        let id = RequestId(self.next_request);
        let directives = Directives::parse(query).unwrap();
        self.handle(Input::Request(Request { id, resource, directives }));
        id
    }

    /// Asks for what must be there.
    pub(crate) fn get(&mut self, path: &str, query: &str) -> (Head, Bytes) {
        let id = self.ask(path, query);
        match self.answers.remove(&id) {
            Some(Answer::Found { head, body }) => (head, body.bytes().clone()),
            other => panic!("{path}?{query}: {other:?}"),
        }
    }

    pub(crate) fn text(&mut self, path: &str, query: &str) -> String {
        let (head, bytes) = self.get(path, query);
        assert_eq!(head.content_type, "application/vnd.apple.mpegurl");
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    pub(crate) fn playlist(&mut self, name: &str) -> Playlist {
        m3u8::parse(&self.text(&format!("{name}.m3u8"), ""))
    }

    /// Asks for what must be refused.
    pub(crate) fn refused(&mut self, path: &str, query: &str) -> Fault {
        let id = self.ask(path, query);
        match self.answers.remove(&id) {
            Some(Answer::Refused(fault)) => fault,
            other => panic!("{path}?{query}: {other:?}"),
        }
    }

    pub(crate) fn waits(&self, id: RequestId) -> bool {
        !self.answers.contains_key(&id)
    }
}
