//! A server and its peers in one process, in virtual time, over bad links.

use crate::client::{Client, PICTURE, Sending, Wire};
use palco_base::{Codec, EncodedFrame, FeedId, MediaTime, SessionId, Size, WallTime};
use palco_netem::Impairment;
use palco_sfu::{CloseReason, Command, Event, Identity, Input, Output, Sfu, SfuConfig, SfuStats};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::format::{Codec as Format, PayloadParams};
use str0m::media::{Direction, MediaKind};

pub(crate) fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
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
    /// Whether there is a small picture beside the large.
    pub(crate) small: bool,
}

/// Bytes of a Program's pictures: 720 kbit/s, and 170.
pub(crate) const LARGE_PICTURE: usize = 3_000;
pub(crate) const SMALL_PICTURE: usize = 700;

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
            follow_bandwidth: true,
        };
        let wall = WallTime::from_unix_seconds(1_790_000_000);
        let identity = Identity::new([seed as u8; 32]).unwrap();
        let sfu = Sfu::new(config, identity, now, MediaTime::from_millis(1_000_000), wall);
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
                Output::Transmit { from, to, bytes, segment } => {
                    if let Some(client) = self.clients.iter_mut().find(|c| c.outside == to) {
                        for bytes in bytes.chunks(segment) {
                            client.down.push(self.now, Wire { server: from, bytes: bytes.to_vec() });
                        }
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
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(self.made * 2);
        Client::new(self.made, seed, impairment, self.now)
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
            viewer: true,
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
        self.programs.push(Program {
            feed,
            next: self.now,
            number: 0,
            key_wanted: true,
            running: true,
            small: false,
        });
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
        let (feed, number, small) = (program.feed, program.number, program.small);
        program.number += 1;
        program.next += PICTURE;
        let time = self.media(self.now);
        let picture = |bytes| {
            let mut picture = Vec::new();
            if key {
                picture.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce]);
            }
            picture.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
            picture.extend(std::iter::repeat_n(1 + (number % 250) as u8, bytes));
            picture
        };
        let mut frames = vec![
            (Size::Large, Codec::H264, picture(LARGE_PICTURE)),
            (Size::Large, Codec::Opus, vec![number as u8; 80]),
        ];
        if small {
            frames.push((Size::Small, Codec::H264, picture(SMALL_PICTURE)));
        }
        for (size, codec, payload) in frames {
            let frame = EncodedFrame { codec, key, time, payload: payload.into() };
            self.command(Command::ProgramFrame { feed, size, frame });
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
