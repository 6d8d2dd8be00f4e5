//! What a viewer costs: a shard sends Programs of 1.5 Mbit/s to viewers on the loopback, itself
//! on one core, everything else on the others.
//!
//! The viewers are real: ICE, DTLS, keys. A sample of them decrypts what comes and tells how long
//! it took; the others only take it off their sockets, because a core of viewers cannot decrypt
//! what a core of server sends. The loopback delivers on the sender's core, so the sender pays
//! for the receiving side's kernel work too, as little of it as there can be: a run of packets is
//! taken as one. A network card would take that off it.

use clap::Args;
use palco_base::{Codec, EncodedFrame, Fault, FeedId, MediaTime, SessionId, Size};
use palco_net::{Shard, ShardConfig, ShardHandle};
use palco_sfu::{Command, Event};
use quinn_udp::{RecvMeta, UdpSocketState};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{ErrorKind, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

/// 30 pictures of 6,000 bytes and 50 packets of 160 bytes a second: 1.5 Mbit/s of payload.
const PICTURE: usize = 6_000;
const SOUND: usize = 160;
const PICTURE_EVERY: Duration = Duration::from_micros(33_333);
const SOUND_EVERY: Duration = Duration::from_millis(20);
/// Viewers who decrypt.
const SAMPLE: usize = 20;
/// Left out at the beginning: joins and their key frames.
const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(crate) struct Arguments {
    /// Seconds to measure for each number of viewers
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Numbers of viewers, each measured by itself
    #[arg(default_values_t = [1, 10, 100, 500, 1_000])]
    viewers: Vec<usize>,
    /// Numbers of shows at the same time, each measured by itself with as many viewers in all
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 4, 8])]
    shows: Vec<usize>,
}

/// Viewers of all shows together, where it is shows that are counted.
const OF_ALL_SHOWS: usize = 240;

pub(crate) fn run(arguments: &Arguments) -> Result<Value, Fault> {
    let seconds = Duration::from_secs(arguments.seconds);
    let curve: Vec<Value> =
        arguments.viewers.iter().map(|viewers| measure(*viewers, 1, seconds)).collect::<Result<_, _>>()?;
    let shows: Vec<Value> = arguments
        .shows
        .iter()
        .map(|shows| measure(OF_ALL_SHOWS, *shows, seconds))
        .collect::<Result<_, _>>()?;
    Ok(json!({
        "benchmark": "fanout",
        "program_mbit_s": 1.5,
        "seconds": arguments.seconds,
        "curve": curve,
        "curve_of_shows": shows,
    }))
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::unavailable("bench_broken", error.to_string())
}

/// The Programs of so many shows.
fn programs(shows: usize) -> impl Iterator<Item = FeedId> + Clone {
    (1..=shows as u64).map(FeedId::new)
}

fn measure(count: usize, shows: usize, seconds: Duration) -> Result<Value, Fault> {
    let (tell, told) = channel();
    let on_event = move |event| {
        // The one who measures may be done already.
        let _ = tell.send(event);
    };
    let shard =
        Shard::spawn(ShardConfig::new(([127, 0, 0, 1], 0).into()), Box::new(on_event)).map_err(broken)?;
    pin();
    programs(shows).try_for_each(|feed| shard.send(Command::OpenProgram { feed })).map_err(broken)?;
    let before = cpu();
    let (began, mut house) = (Instant::now(), Vec::new());
    for (number, program) in (0..count).zip(programs(shows).cycle()) {
        house.push(Viewer::join(&shard, &told, number, program)?);
        let from = house.len().saturating_sub(50);
        turn(&mut house[from..])?;
    }
    while !house.iter().all(|viewer| viewer.connected) {
        turn(&mut house)?;
        if began.elapsed() > Duration::from_secs(180) {
            return Err(broken("not all viewers connected"));
        }
    }
    let (joined, join_cpu) = (began.elapsed(), cpu() - before);
    for viewer in house.iter_mut().skip(SAMPLE) {
        viewer.only_takes = true;
    }
    let mut feeder = Feeder::new(&shard, shows);
    feeder.run(&mut house, WARM_UP)?;
    for viewer in &mut house {
        (viewer.packets, viewer.delays) = (0, Vec::new());
    }
    let (began, before, sent) = (Instant::now(), cpu(), feeder.sent);
    feeder.run(&mut house, seconds)?;
    let (took, used) = (began.elapsed().as_secs_f64(), cpu() - before);
    let frames = (feeder.sent.0 - sent.0, feeder.sent.1 - sent.1);
    // What is still under way.
    feeder.rest(&mut house)?;

    let mut delays: Vec<u64> = house.iter().flat_map(|viewer| viewer.delays.iter().copied()).collect();
    delays.sort_unstable();
    let at = |share: f64| delays.get((delays.len() as f64 * share) as usize).map(|us| *us as f64 / 1e3);
    let got: u64 = house.iter().map(|viewer| viewer.packets).sum();
    let per_picture = PICTURE.div_ceil(1_150) as u64;
    // Each frame is for the viewers of its own show.
    let due = (frames.0 * per_picture + frames.1) * count as u64 / shows as u64;
    let stats = shard.stats();
    Ok(json!({
        "viewers": count,
        "shows": shows,
        "core": used / took,
        "ms_per_viewer_second": used * 1e3 / took / count as f64,
        "viewers_per_core": count as f64 * took / used,
        "delay_ms": { "p50": at(0.5), "p95": at(0.95), "p99": at(0.99) },
        "packets_lost_share": 1.0 - got as f64 / due as f64,
        "frames_dropped": stats.frames_dropped,
        "datagrams_unsent": stats.sends_dropped + stats.sends_failed,
        "join_cpu_ms": join_cpu * 1e3 / count as f64,
        "joins_per_second": count as f64 / joined.as_secs_f64(),
    }))
}

/// Tasks of this process with their names and directories.
fn tasks() -> Vec<(bool, std::path::PathBuf)> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return Vec::new() };
    let is_shard = |path: &std::path::Path| {
        std::fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "shard")
    };
    tasks.flatten().map(|task| (is_shard(&task.path()), task.path())).collect()
}

/// CPU seconds of the shard's thread.
fn cpu() -> f64 {
    let nanos = |path: &std::path::Path| {
        let stat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        stat.split(' ').next()?.parse::<f64>().ok()
    };
    tasks().iter().filter(|(shard, _)| *shard).filter_map(|(_, path)| nanos(path)).sum::<f64>() / 1e9
}

/// The shard gets the first core, everybody else the others. Without `taskset` nobody is pinned.
fn pin() {
    let others = format!("1-{}", std::thread::available_parallelism().map_or(1, |n| (n.get() - 1).max(1)));
    for (shard, path) in tasks() {
        if let Some(id) = path.file_name().and_then(|name| name.to_str()) {
            let cores = if shard { "0" } else { others.as_str() };
            let _ = std::process::Command::new("taskset").args(["-cp", cores, id]).output();
        }
    }
}

/// The Programs.
struct Feeder<'a> {
    shard: &'a ShardHandle,
    began: Instant,
    /// Next picture and packet of sound of each, and how much later it began than the first.
    next: Vec<(FeedId, (u64, u64), Duration)>,
    /// Pictures and packets of sound.
    sent: (u64, u64),
}

impl<'a> Feeder<'a> {
    fn new(shard: &'a ShardHandle, shows: usize) -> Self {
        let apart = PICTURE_EVERY / shows as u32;
        let next = programs(shows).zip(0..).map(|(feed, number)| (feed, (0, 0), apart * number)).collect();
        Self { shard, began: Instant::now(), next, sent: (0, 0) }
    }

    fn run(&mut self, house: &mut [Viewer], time: Duration) -> Result<(), Fault> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            // Those who measure look often, so that what they tell is not their own slowness.
            let (sample, rest) = house.split_at_mut(house.len().min(SAMPLE));
            for part in rest.chunks_mut(50).chain([[].as_mut_slice()]) {
                self.feed();
                turn(sample)?;
                turn(part)?;
            }
        }
        Ok(())
    }

    fn rest(&self, house: &mut [Viewer]) -> Result<(), Fault> {
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            turn(house)?;
        }
        Ok(())
    }

    fn feed(&mut self) {
        let mut next = std::mem::take(&mut self.next);
        for (feed, (picture, sound), later) in &mut next {
            let Some(now) = self.began.elapsed().checked_sub(*later) else { continue };
            if now >= PICTURE_EVERY * *picture as u32 {
                self.send(*feed, Codec::H264, picture.is_multiple_of(60), PICTURE);
                *picture += 1;
                self.sent.0 += 1;
            }
            if now >= SOUND_EVERY * *sound as u32 {
                self.send(*feed, Codec::Opus, true, SOUND);
                *sound += 1;
                self.sent.1 += 1;
            }
        }
        self.next = next;
    }

    fn send(&self, feed: FeedId, codec: Codec, key: bool, bytes: usize) {
        let mut payload = Vec::with_capacity(bytes + 32);
        if codec == Codec::H264 {
            payload.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
        }
        // When it was handed in stands at its end: the last packet of all is what is waited for.
        payload.resize(bytes - DIGITS, 0x77);
        payload.extend(digits(micros()));
        let time = MediaTime::from(self.began.elapsed());
        let frame = EncodedFrame { codec, key, time, payload: payload.into() };
        // A full queue drops the frame, which the shard counts.
        let _ = self.shard.send(Command::ProgramFrame { feed, size: Size::Large, frame });
    }
}

/// Microseconds since the first call, the same in all threads.
fn micros() -> u64 {
    static BEGAN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(Instant::now).elapsed().as_micros() as u64
}

/// A number in bytes none of which can be taken for the beginning of a NAL unit.
const DIGITS: usize = 16;

fn digits(number: u64) -> [u8; DIGITS] {
    std::array::from_fn(|i| 0x70 | (number >> (4 * i) & 15) as u8)
}

fn number(digits: &[u8; DIGITS]) -> u64 {
    digits.iter().rev().fold(0, |number, digit| number << 4 | u64::from(digit & 15))
}

/// Each takes what came for it and does what is due.
fn turn(viewers: &mut [Viewer]) -> Result<(), Fault> {
    thread_local!(static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 65_536]));
    BUFFER.with_borrow_mut(|buffer| viewers.iter_mut().try_for_each(|viewer| viewer.turn(buffer)))
}

struct Viewer {
    rtc: Rtc,
    socket: UdpSocket,
    receiver: UdpSocketState,
    address: SocketAddr,
    deadline: Instant,
    connected: bool,
    only_takes: bool,
    packets: u64,
    /// Of pictures, in µs.
    delays: Vec<u64>,
}

impl Viewer {
    fn join(
        shard: &ShardHandle,
        events: &Receiver<Event>,
        number: usize,
        source: FeedId,
    ) -> Result<Self, Fault> {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).map_err(broken)?;
        // What came in one run is taken as one (UDP_GRO): on the loopback the receiver's side of the
        // kernel runs on the sender's core, and is not what is measured.
        let receiver = UdpSocketState::new((&socket).into()).map_err(broken)?;
        let address = socket.local_addr().map_err(broken)?;
        let now = Instant::now();
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").map_err(broken)?);
        let mut api = rtc.sdp_api();
        api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = api.apply().ok_or_else(|| broken("no offer"))?;
        let session = SessionId::new(number as u64 + 1);
        let offer = offer.to_sdp_string();
        shard.send(Command::Play { session, source, offer, viewer: false }).map_err(broken)?;
        let answer = loop {
            match events.recv_timeout(Duration::from_secs(10)).map_err(broken)? {
                Event::Answered { session: s, answer } if s == session => break answer?,
                _ => {}
            }
        };
        let answer = SdpAnswer::from_sdp_string(&answer).map_err(broken)?;
        rtc.sdp_api().accept_answer(pending, answer).map_err(broken)?;
        let (connected, only_takes, packets, delays) = (false, false, 0, Vec::new());
        Ok(Self { rtc, socket, receiver, address, deadline: now, connected, only_takes, packets, delays })
    }

    /// Takes what came and does what is due.
    fn turn(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        let mut meta = [RecvMeta::default()];
        loop {
            let into = &mut [IoSliceMut::new(buffer)];
            match self.receiver.recv((&self.socket).into(), into, &mut meta) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(broken(error)),
            }
            let [RecvMeta { addr, len, stride, .. }] = meta;
            for bytes in buffer[..len].chunks(stride.max(1)) {
                self.take(addr, bytes)?;
            }
        }
        let now = Instant::now();
        if self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).map_err(broken)?;
            self.drain()?;
        }
        Ok(())
    }

    fn take(&mut self, from: SocketAddr, bytes: &[u8]) -> Result<(), Fault> {
        let rtp = (128..192).contains(&bytes[0]) && !(192..224).contains(&bytes[1]);
        self.packets += u64::from(rtp);
        if rtp && self.only_takes {
            return Ok(());
        }
        if let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, bytes) {
            self.rtc.handle_input(Input::Receive(Instant::now(), receive)).map_err(broken)?;
            self.drain()?;
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Fault> {
        loop {
            match self.rtc.poll_output().map_err(broken)? {
                Output::Timeout(at) => {
                    // Who only takes has nothing to do but to stay connected.
                    let rest = Duration::from_millis(if self.only_takes { 500 } else { 0 });
                    self.deadline = at.max(Instant::now() + rest);
                    return Ok(());
                }
                Output::Transmit(transmit) => {
                    // A full socket is a lost datagram, as on any network.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(str0m::Event::Connected) => self.connected = true,
                Output::Event(str0m::Event::RtpPacket(packet)) if packet.header.marker => {
                    let payload: &Arc<[u8]> = &packet.payload;
                    if let Some(time) = payload.last_chunk().filter(|_| payload.len() > 2 * SOUND) {
                        self.delays.push(micros().saturating_sub(number(time)));
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
