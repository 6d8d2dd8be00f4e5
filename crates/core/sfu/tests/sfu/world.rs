//! A server and its peers in one process, in virtual time, over bad links.
//!
//! The peers are full `str0m` clients: they do ICE, DTLS, SRTP, NACK and RTX like a browser. What
//! they send is VP8 with numbered frames, so that each received frame can be told from the others.

use palco_base::{Codec, EncodedFrame, FeedId, MediaTime, SessionId};
use palco_netem::{Impairment, Link};
use palco_sfu::{CloseReason, Command, Event, Identity, Input, Output, Sfu, SfuConfig, SfuStats};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::format::{Codec as Format, PayloadParams};
use str0m::media::{Direction, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Rtc};

/// Between two pictures.
pub(crate) const PICTURE: Duration = Duration::from_millis(33);
/// Between two sound packets.
pub(crate) const SOUND: Duration = Duration::from_millis(20);
/// Packets of one picture.
pub(crate) const PARTS: u64 = 3;

pub(crate) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A datagram between a client and one of the server's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    server: SocketAddr,
    bytes: Vec<u8>,
}

impl AsRef<[u8]> for Wire {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// One received RTP packet.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) at: Instant,
    pub(crate) video: bool,
    pub(crate) codec: Codec,
    pub(crate) seq: u64,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Arc<[u8]>,
}

/// What a client sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending {
    pub(crate) audio: bool,
    pub(crate) video: bool,
    /// Tells publishers apart in what is received.
    pub(crate) tag: u8,
    /// Added to the RTP clock, so that publishers' timestamps differ.
    pub(crate) rtp_base: u32,
}

pub(crate) struct Client {
    pub(crate) rtc: Rtc,
    pub(crate) session: SessionId,
    address: SocketAddr,
    /// As the server sees it.
    pub(crate) outside: SocketAddr,
    pub(crate) up: Link<Wire>,
    pub(crate) down: Link<Wire>,
    deadline: Instant,
    pub(crate) connected: Option<Instant>,
    audio: Option<(Mid, Pt)>,
    video: Option<(Mid, Pt)>,
    pub(crate) sending: Option<Sending>,
    /// Send H.264 instead of VP8.
    pub(crate) h264: bool,
    next_picture: Instant,
    next_sound: Instant,
    seq: [u64; 2],
    pub(crate) pictures: u64,
    pub(crate) key_wanted: bool,
    pub(crate) key_requests: Vec<Instant>,
    pub(crate) got: Vec<Got>,
    pub(crate) reports: usize,
    pub(crate) closed: bool,
    pub(crate) gone: bool,
    last_sent: Option<Vec<u8>>,
    pub(crate) last_check: Option<Vec<u8>>,
}

pub(crate) struct World {
    pub(crate) sfu: Sfu,
    pub(crate) now: Instant,
    pub(crate) start: Instant,
    pub(crate) server: SocketAddr,
    pub(crate) clients: Vec<Client>,
    pub(crate) events: Vec<(Instant, Event)>,
    /// Program feeds to be fed, with their next frame time and number.
    pub(crate) programs: Vec<Program>,
    made: u64,
    seed: u64,
}

pub(crate) struct Program {
    pub(crate) feed: FeedId,
    pub(crate) next: Instant,
    pub(crate) number: u64,
    pub(crate) key_wanted: bool,
    pub(crate) running: bool,
}

pub(crate) const KEY_INTERVAL: Duration = Duration::from_millis(500);

#[allow(clippy::disallowed_methods, reason = "virtual time must begin somewhere")]
fn beginning() -> Instant {
    Instant::now()
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        println!("seed {seed}");
        let now = beginning();
        let server: SocketAddr = "10.9.9.9:8189".parse().unwrap();
        let config = SfuConfig {
            candidates: vec!["10.9.9.8:8189".parse().unwrap(), server],
            seed,
            max_sessions: 200,
            key_frame_interval: KEY_INTERVAL,
        };
        let identity = Identity::new([seed as u8; 32]).unwrap();
        let sfu = Sfu::new(config, identity, now, MediaTime::from_millis(1_000_000));
        Self {
            sfu,
            now,
            start: now,
            server,
            clients: Vec::new(),
            events: Vec::new(),
            programs: Vec::new(),
            made: 0,
            seed,
        }
    }

    pub(crate) fn media(&self, at: Instant) -> MediaTime {
        MediaTime::from_millis(1_000_000) + MediaTime::from(at - self.start)
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.sfu.handle(Input::Command(command), self.now);
        self.drain();
    }

    pub(crate) fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        let input = Input::Datagram { from, to: self.server, bytes };
        self.sfu.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.sfu.poll() {
            match output {
                Output::Transmit { from, to, bytes } => {
                    if let Some(client) = self.clients.iter_mut().find(|c| c.outside == to) {
                        client.down.push(self.now, Wire { server: from, bytes });
                    }
                }
                Output::Event(event) => {
                    if let Event::KeyFrameWanted { feed } = &event {
                        for program in self.programs.iter_mut().filter(|p| p.feed == *feed) {
                            program.key_wanted = true;
                        }
                    }
                    self.events.push((self.now, event));
                }
            }
        }
    }

    fn client(&mut self, impairment: Impairment) -> Client {
        self.made += 1;
        let address = SocketAddr::from(([10, 0, (self.made >> 8) as u8, self.made as u8], 5_000));
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_h264(true)
            .build(self.now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(self.made * 2);
        Client {
            rtc,
            session: SessionId::new(self.made),
            address,
            outside: address,
            up: Link::new(impairment, seed),
            down: Link::new(impairment, seed + 1),
            deadline: self.now,
            connected: None,
            audio: None,
            video: None,
            sending: None,
            h264: false,
            next_picture: self.now,
            next_sound: self.now,
            seq: [10, 10],
            pictures: 0,
            key_wanted: true,
            key_requests: Vec::new(),
            got: Vec::new(),
            reports: 0,
            closed: false,
            gone: false,
            last_sent: None,
            last_check: None,
        }
    }

    /// Makes the offer of a client; the answer goes to the function given back.
    fn join(
        &mut self,
        impairment: Impairment,
        direction: Direction,
        kinds: &[MediaKind],
        command: impl FnOnce(SessionId, String) -> Command,
    ) -> usize {
        let mut client = self.client(impairment);
        let mut api = client.rtc.sdp_api();
        let mut mids = Vec::new();
        for kind in kinds {
            mids.push((*kind, api.add_media(*kind, direction, None, None, None)));
        }
        let (offer, pending) = api.apply().unwrap();
        let session = client.session;
        self.command(command(session, offer.to_sdp_string()));
        let answer = self
            .events
            .iter()
            .rev()
            .find_map(|(_, event)| match event {
                Event::Answered { session: s, answer } if *s == session => Some(answer.clone()),
                _ => None,
            })
            .expect("an answer to each offer")
            .expect("an offer that is taken");
        let answer = SdpAnswer::from_sdp_string(&answer).expect("a readable answer");
        client.rtc.sdp_api().accept_answer(pending, answer).expect("an acceptable answer");
        for (kind, mid) in mids {
            let codec = if kind == MediaKind::Audio { Format::Opus } else { Format::Vp8 };
            let media = client.rtc.media(mid).unwrap();
            let pt = client
                .rtc
                .codec_config()
                .find(|p| p.spec().codec == codec && media.remote_pts().contains(&p.pt()))
                .map(PayloadParams::pt);
            if let Some(pt) = pt {
                match kind {
                    MediaKind::Audio => client.audio = Some((mid, pt)),
                    MediaKind::Video => client.video = Some((mid, pt)),
                }
            }
        }
        self.clients.push(client);
        self.clients.len() - 1
    }

    pub(crate) fn publish(&mut self, feed: FeedId, sending: Sending, impairment: Impairment) -> usize {
        let kinds: Vec<_> = [(sending.audio, MediaKind::Audio), (sending.video, MediaKind::Video)]
            .into_iter()
            .filter_map(|(is, kind)| is.then_some(kind))
            .collect();
        let index = self.join(impairment, Direction::SendOnly, &kinds, |session, offer| Command::Publish {
            session,
            feed,
            offer,
        });
        self.clients[index].sending = Some(sending);
        index
    }

    pub(crate) fn play(&mut self, source: FeedId, impairment: Impairment) -> usize {
        let kinds = [MediaKind::Audio, MediaKind::Video];
        self.join(impairment, Direction::RecvOnly, &kinds, |session, offer| Command::Play {
            session,
            source,
            offer,
        })
    }

    /// An offer to receive sound and picture.
    pub(crate) fn offer(&mut self) -> String {
        let mut client = self.client(Impairment::default());
        let mut api = client.rtc.sdp_api();
        api.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        api.add_media(MediaKind::Video, Direction::SendRecv, None, None, None);
        api.apply().unwrap().0.to_sdp_string()
    }

    pub(crate) fn open_program(&mut self, feed: FeedId) {
        self.command(Command::OpenProgram { feed });
        self.programs.push(Program { feed, next: self.now, number: 0, key_wanted: true, running: true });
    }

    /// Lets time go on.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.next().filter(|at| *at <= end);
            self.now = next.unwrap_or(end).max(self.now);
            if next.is_none() {
                return;
            }
            self.step();
        }
    }

    /// Lets time go on until something holds; fails after `most`.
    pub(crate) fn run_until(&mut self, most: Duration, mut holds: impl FnMut(&mut Self) -> bool) {
        let end = self.now + most;
        while !holds(self) {
            assert!(self.now < end, "it did not happen within {most:?}");
            self.run(millis(5));
        }
    }

    fn next(&self) -> Option<Instant> {
        let clients = self.clients.iter().filter(|c| !c.gone).flat_map(|c| {
            let sending = c.sending.filter(|_| c.connected.is_some());
            [
                Some(c.deadline),
                c.up.deadline(),
                c.down.deadline(),
                sending.filter(|s| s.video).map(|_| c.next_picture),
                sending.filter(|s| s.audio).map(|_| c.next_sound),
            ]
        });
        let programs = self.programs.iter().filter(|p| p.running).map(|p| Some(p.next));
        clients.chain(programs).chain([self.sfu.deadline()]).flatten().min()
    }

    fn step(&mut self) {
        let now = self.now;
        if self.sfu.deadline().is_some_and(|at| at <= now) {
            self.sfu.handle(Input::Timeout, now);
            self.drain();
        }
        for index in 0..self.clients.len() {
            while let Some(wire) = self.clients[index].up.poll(now) {
                let from = self.clients[index].outside;
                let input = Input::Datagram { from, to: wire.server, bytes: &wire.bytes };
                self.sfu.handle(input, now);
                self.drain();
            }
            if !self.clients[index].gone {
                self.clients[index].step(now);
            }
        }
        for index in 0..self.programs.len() {
            self.program(index);
        }
    }

    fn program(&mut self, index: usize) {
        let program = &mut self.programs[index];
        if !program.running || program.next > self.now {
            return;
        }
        let key = program.key_wanted || program.number.is_multiple_of(60);
        program.key_wanted = false;
        let (feed, number) = (program.feed, program.number);
        program.number += 1;
        program.next += PICTURE;
        let time = self.media(self.now);
        let mut picture = Vec::new();
        if key {
            picture.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce]);
        }
        picture.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
        picture.extend(std::iter::repeat_n(1 + (number % 250) as u8, 3_000));
        for (codec, payload) in [(Codec::H264, picture), (Codec::Opus, vec![number as u8; 80])] {
            let frame = EncodedFrame { codec, key, time, payload: payload.into() };
            self.command(Command::ProgramFrame { feed, frame });
        }
    }

    pub(crate) fn closed(&self, session: SessionId) -> Option<CloseReason> {
        self.events.iter().find_map(|(_, event)| match event {
            Event::Closed { session: s, reason } if *s == session => Some(*reason),
            _ => None,
        })
    }

    pub(crate) fn stats(&mut self) -> SfuStats {
        self.command(Command::Stats);
        match self.events.pop() {
            Some((_, Event::Stats(stats))) => *stats,
            other => panic!("expected stats, got {other:?}"),
        }
    }

    /// Frames given to the mixer.
    pub(crate) fn frames(&self, feed: FeedId) -> Vec<(Instant, EncodedFrame)> {
        self.events
            .iter()
            .filter_map(|(at, event)| match event {
                Event::FeedFrame { feed: f, frame } if *f == feed => Some((*at, frame.clone())),
                _ => None,
            })
            .collect()
    }
}

impl Client {
    fn step(&mut self, now: Instant) {
        while let Some(wire) = self.down.poll(now) {
            if let Ok(receive) = Receive::new(Protocol::Udp, wire.server, self.address, &wire.bytes) {
                self.input(now, str0m::Input::Receive(now, receive));
            }
        }
        if self.deadline <= now {
            self.input(now, str0m::Input::Timeout(now));
        }
        if let Some(sending) = self.sending.filter(|_| self.connected.is_some()) {
            if sending.video && self.next_picture <= now {
                self.next_picture = now + PICTURE;
                self.picture(now, sending);
            }
            if sending.audio && self.next_sound <= now {
                self.next_sound = now + SOUND;
                self.sound(now, sending);
            }
        }
    }

    fn input(&mut self, now: Instant, input: str0m::Input<'_>) {
        if self.rtc.handle_input(input).is_err() {
            self.gone = true;
        }
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(str0m::Output::Timeout(at)) => {
                    self.deadline = at.max(now + Duration::from_micros(100));
                    return;
                }
                Ok(str0m::Output::Transmit(transmit)) => {
                    let bytes = transmit.contents.to_vec();
                    self.last_sent = Some(bytes.clone());
                    if bytes.starts_with(&[0, 1]) {
                        self.last_check = Some(bytes.clone());
                    }
                    self.up.push(now, Wire { server: transmit.destination, bytes });
                }
                Ok(str0m::Output::Event(event)) => self.event(now, event),
                Err(_) => {
                    self.gone = true;
                    return;
                }
            }
        }
    }

    fn event(&mut self, now: Instant, event: str0m::Event) {
        match event {
            str0m::Event::Connected => {
                self.connected = Some(now);
                (self.next_picture, self.next_sound) = (now, now);
            }
            str0m::Event::KeyframeRequest(_) => {
                self.key_wanted = true;
                self.key_requests.push(now);
            }
            str0m::Event::SenderFeedback(_) => self.reports += 1,
            str0m::Event::Closed => self.closed = true,
            str0m::Event::RtpPacket(packet) => {
                let params = self.rtc.codec_config().find(|p| p.pt() == packet.header.payload_type);
                let codec = match params.expect("a payload type of ours").spec().codec {
                    Format::Opus => Codec::Opus,
                    Format::Vp8 => Codec::Vp8,
                    _ => Codec::H264,
                };
                self.got.push(Got {
                    at: now,
                    video: codec != Codec::Opus,
                    codec,
                    seq: *packet.seq_no,
                    timestamp: packet.header.timestamp,
                    ssrc: *packet.header.ssrc,
                    payload: packet.payload,
                });
            }
            _ => {}
        }
    }

    fn write(&mut self, now: Instant, mid: Mid, writes: Vec<RtpWrite>) {
        for write in writes {
            if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.write_rtp(write);
            }
            self.drain(now);
        }
        self.input(now, str0m::Input::Timeout(now));
    }

    /// One VP8 picture: `[descriptor, tag of key or not, publisher, number, part]`.
    fn picture(&mut self, now: Instant, sending: Sending) {
        let Some((mid, mut pt)) = self.video else { return };
        if self.h264 {
            let media = self.rtc.media(mid).unwrap();
            let takes =
                |p: &PayloadParams| p.spec().codec == Format::H264 && media.remote_pts().contains(&p.pt());
            pt = self.rtc.codec_config().find(takes).map(PayloadParams::pt).unwrap();
        }
        let key = std::mem::take(&mut self.key_wanted);
        let number = self.pictures;
        self.pictures += 1;
        let since = now - self.connected.unwrap_or(now);
        let time = sending.rtp_base.wrapping_add((since.as_micros() * 9 / 100) as u32);
        let writes = (0..PARTS)
            .map(|part| {
                let descriptor = if part == 0 { 0x10 } else { 0 };
                let mut payload = vec![descriptor, u8::from(!key), sending.tag];
                payload.extend(number.to_be_bytes());
                payload.push(part as u8);
                payload.resize(500, 0xaa);
                if self.h264 {
                    // One NAL unit each: parameter sets first, then slices.
                    payload[0] = match (key, part) {
                        (true, 0) => 0x67,
                        (true, 1) => 0x68,
                        (true, _) => 0x65,
                        (false, _) => 0x41,
                    };
                }
                self.seq[0] += 1;
                RtpWrite::new(pt, self.seq[0].into(), time, now, payload)
                    .marker(part + 1 == PARTS)
                    .nackable(true)
            })
            .collect();
        self.write(now, mid, writes);
    }

    fn sound(&mut self, now: Instant, sending: Sending) {
        let Some((mid, pt)) = self.audio else { return };
        let since = now - self.connected.unwrap_or(now);
        let time = sending.rtp_base.wrapping_add((since.as_micros() * 48 / 1_000) as u32);
        self.seq[1] += 1;
        let payload = vec![sending.tag; 60];
        self.write(now, mid, vec![RtpWrite::new(pt, self.seq[1].into(), time, now, payload)]);
    }

    /// The last datagram sent.
    pub(crate) fn peek_up(&self) -> Option<Vec<u8>> {
        self.last_sent.clone()
    }

    /// Whole VP8 pictures received, as (publisher, number, key), in order of sequence numbers.
    pub(crate) fn whole_pictures(&self) -> Vec<(u8, u64, bool)> {
        let mut packets: Vec<&Got> = self.got.iter().filter(|g| g.codec == Codec::Vp8).collect();
        packets.sort_by_key(|g| g.seq);
        packets.dedup_by_key(|g| g.seq);
        let part =
            |g: &Got| (g.payload[2], u64::from_be_bytes(g.payload[3..11].try_into().unwrap()), g.payload[11]);
        packets
            .windows(PARTS as usize)
            .filter(|w| {
                let (tag, number, _) = part(w[0]);
                w.iter()
                    .enumerate()
                    .all(|(i, g)| part(g) == (tag, number, i as u8) && g.seq == w[0].seq + i as u64)
            })
            .map(|w| (part(w[0]).0, part(w[0]).1, w[0].payload[1] == 0))
            .collect()
    }

    /// Checks that each track is one stream that goes on: one SSRC, no number twice, timestamps
    /// that go with the numbers.
    pub(crate) fn check_continuity(&self, holes: bool) {
        for video in [true, false] {
            let mut packets: Vec<&Got> = self.got.iter().filter(|g| g.video == video).collect();
            packets.sort_by_key(|g| g.seq);
            for pair in packets.windows(2) {
                assert_eq!(pair[0].ssrc, pair[1].ssrc, "SSRC stays");
                assert_ne!(pair[0].seq, pair[1].seq, "no number twice");
                assert!(holes || pair[1].seq == pair[0].seq + 1, "{} then {}", pair[0].seq, pair[1].seq);
                let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed();
                assert!(step >= 0, "time goes on: {step} at {}", pair[1].seq);
            }
            if let Some(first) = packets.first() {
                assert!(first.seq < 65_536, "rollover counter begins at zero");
            }
        }
    }
}
