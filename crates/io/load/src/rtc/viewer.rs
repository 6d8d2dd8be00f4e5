//! One viewer: a WebRTC peer, its socket, and what it has seen. It is driven by a worker.

use super::pictures::{Packet, Pictures, begins_key_frame};
use palco_base::{Class, Fault, MediaTime};
use rustix::net::sockopt::set_socket_recv_buffer_size;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, KeyframeRequestKind, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpPacket;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

/// From the offer to the first whole key frame; a browser's user has left by then.
const JOIN_WITHIN: Duration = Duration::from_secs(15);
/// Key frames are asked for at most this often.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Larger than any datagram WebRTC sends.
pub(super) const DATAGRAM: usize = 2_048;
const RECEIVE_BUFFER: usize = 512 << 10;
/// Datagrams read before other viewers have their turn.
const BATCH: usize = 64;

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::new(Class::Unprocessable, "sdp_broken", "The server's answer is not one we can use.")
        .internal(error)
}

fn no_socket(error: std::io::Error) -> Fault {
    Fault::unavailable("no_socket", "This computer gives us no more sockets.")
        .hint("`ulimit -n` says how many.")
        .internal(error)
}

/// A viewer that has made its offer.
pub(crate) struct Offered {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    video: Mid,
    text: String,
    pending: SdpPendingOffer,
    called: Instant,
}

impl Offered {
    /// Opens a socket towards the server and makes an offer as a browser would: Opus and H.264.
    pub(crate) fn new(server: IpAddr) -> Result<Self, Fault> {
        let called = Instant::now();
        let near = route(server).map_err(no_socket)?;
        let socket = UdpSocket::bind((near, 0)).map_err(no_socket)?;
        socket.set_nonblocking(true).map_err(no_socket)?;
        // About what browsers ask for; the kernel may give less, and what is lost here is counted.
        let _ = set_socket_recv_buffer_size(&socket, RECEIVE_BUFFER);
        let address = socket.local_addr().map_err(no_socket)?;
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(true)
            .build(called);
        rtc.add_local_candidate(Candidate::host(address, "udp").map_err(broken)?);
        let mut change = rtc.sdp_api();
        // One MediaStream (RFC 9725 §4.4.2).
        let mut add = |kind| change.add_media(kind, Direction::RecvOnly, Some("palco".into()), None, None);
        add(MediaKind::Audio);
        let video = add(MediaKind::Video);
        // Two new media sections always need an offer.
        let (offer, pending) = change.apply().ok_or_else(|| broken("no offer"))?;
        let text = offer.to_sdp_string();
        Ok(Self { rtc, socket, address, video, text, pending, called })
    }

    pub(crate) fn sdp(&self) -> &str {
        &self.text
    }

    /// Takes the answer.
    pub(crate) fn accept(mut self, answer: &str) -> Result<Viewer, Fault> {
        let answer = SdpAnswer::from_sdp_string(answer).map_err(broken)?;
        self.rtc.sdp_api().accept_answer(self.pending, answer).map_err(broken)?;
        let opus = self.rtc.codec_config().find(|p| p.spec().codec == Codec::Opus).map(|p| p.pt());
        Ok(Viewer {
            rtc: self.rtc,
            socket: self.socket,
            address: self.address,
            video: self.video,
            opus,
            called: self.called,
            asked: None,
            want_key: false,
            deadline: self.called,
            scheduled: None,
            connected: None,
            pictures: Pictures::default(),
            sound: Sound::default(),
            bytes: 0,
            end: None,
        })
    }
}

/// Packets of the sound, which servers do not repair.
#[derive(Clone, Copy, Debug, Default)]
struct Sound {
    first: Option<u64>,
    last: u64,
    packets: u64,
}

impl Sound {
    fn packet(&mut self, seq: u64) {
        self.first.get_or_insert(seq);
        self.last = self.last.max(seq);
        self.packets += 1;
    }

    fn lost(&self) -> u64 {
        self.first.map_or(0, |first| (self.last + 1).saturating_sub(first + self.packets))
    }
}

/// A viewer that is in, or on its way in.
pub(crate) struct Viewer {
    rtc: Rtc,
    pub(super) socket: UdpSocket,
    address: SocketAddr,
    video: Mid,
    opus: Option<Pt>,
    called: Instant,
    /// When a key frame was asked for last.
    asked: Option<Instant>,
    want_key: bool,
    /// When it must be driven next.
    pub(super) deadline: Instant,
    /// For when the worker has set its timer.
    pub(super) scheduled: Option<Instant>,
    connected: Option<Instant>,
    pictures: Pictures,
    sound: Sound,
    bytes: u64,
    /// Why it ended.
    end: Option<&'static str>,
}

/// What became of a viewer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Seconds from the offer's making to the first whole key frame.
    pub(crate) joined: Option<f64>,
    /// Of these, to the end of the DTLS handshake.
    pub(crate) connected: Option<f64>,
    /// Why it ended before it was let go; before it had joined, or after.
    pub(crate) end: Option<&'static str>,
    /// Seconds since it had joined.
    pub(crate) watched: f64,
    pub(crate) packets: u64,
    pub(crate) lost: u64,
    pub(crate) late: u64,
    pub(crate) sound_packets: u64,
    pub(crate) sound_lost: u64,
    /// Datagrams that found its socket full.
    pub(crate) overflowed: u64,
    pub(crate) bytes: u64,
    pub(crate) whole: u64,
    pub(crate) freezes: u64,
    pub(crate) frozen: f64,
    /// How much later than its own earliest picture each one came, ms.
    pub(crate) lag: Vec<f64>,
    pub(crate) jitter: Vec<f64>,
    pub(crate) nothing_yet: bool,
}

/// Numbers for the progress line.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Glance {
    pub(super) joined: bool,
    pub(super) ended: bool,
    pub(super) receiving: bool,
    pub(super) freezes: u64,
    pub(super) lost: u64,
    pub(super) bytes: u64,
}

impl Viewer {
    /// Since its offer was made.
    fn since(&self, now: Instant) -> MediaTime {
        MediaTime::from(now.saturating_duration_since(self.called))
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Reads what has come.
    pub(super) fn receive(&mut self, buffer: &mut [u8; DATAGRAM]) {
        for _ in 0..BATCH {
            // An error is a port that answered "closed" for something we sent: not the end.
            let Ok((length, source)) = self.socket.recv_from(buffer) else { break };
            let Ok(contents) = buffer[..length].try_into() else { continue };
            let now = Instant::now();
            self.bytes += length as u64;
            let receive = Receive { proto: Protocol::Udp, source, destination: self.address, contents };
            self.input(Input::Receive(now, receive), now);
            if self.is_over() {
                return;
            }
        }
    }

    /// Does what is due.
    pub(super) fn turn(&mut self, now: Instant) {
        if now >= self.deadline && !self.is_over() {
            self.input(Input::Timeout(now), now);
        }
        if self.pictures.first_key.is_none() && now > self.called + JOIN_WITHIN {
            let why = if self.connected.is_none() { "no media path (ICE or DTLS)" } else { "no picture" };
            self.end.get_or_insert(why);
        }
        self.ask(now);
    }

    fn input(&mut self, input: Input<'_>, now: Instant) {
        if self.rtc.handle_input(input).is_err() {
            self.end.get_or_insert("broken connection");
        }
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    // Never at once again, or other viewers would not have their turn.
                    self.deadline = at.max(now + Duration::from_micros(100));
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    // What cannot leave is lost, as on any way.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Ok(Output::Event(event)) => self.event(event, now),
                Err(_) => {
                    self.end.get_or_insert("broken connection");
                    return;
                }
            }
        }
    }

    fn event(&mut self, event: Event, now: Instant) {
        match event {
            Event::RtpPacket(packet) => self.packet(&packet, now),
            Event::Connected => {
                self.connected = Some(now);
                self.asked = Some(now);
            }
            Event::Closed => {
                self.end.get_or_insert("closed by the server");
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.end.get_or_insert("connection lost (ICE)");
            }
            _ => {}
        }
    }

    fn packet(&mut self, packet: &RtpPacket, now: Instant) {
        if Some(packet.header.payload_type) == self.opus {
            return self.sound.packet(*packet.seq_no);
        }
        let seen = Packet {
            seq: *packet.seq_no,
            ticks: i64::try_from(packet.time.numer()).unwrap_or_default(),
            marker: packet.header.marker,
            key: begins_key_frame(&packet.payload),
        };
        let at = self.since(now);
        self.want_key |= self.pictures.packet(seen, at);
    }

    /// Asks for a key frame when there has been none, or when something was lost for good.
    fn ask(&mut self, now: Instant) {
        let wanting = self.want_key || self.pictures.first_key.is_none();
        let due = self.connected.is_some() && self.asked.is_none_or(|at| now >= at + ASK_EVERY);
        if !wanting || !due || self.is_over() {
            return;
        }
        (self.asked, self.want_key) = (Some(now), false);
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(self.video, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.drain(now);
    }

    pub(super) fn glance(&self, now: Instant) -> Glance {
        let fresh = |at: MediaTime| self.since(now) - at < MediaTime::from_millis(1_000);
        Glance {
            joined: self.pictures.first_key.is_some(),
            ended: self.is_over(),
            receiving: !self.is_over() && self.pictures.last().is_some_and(fresh),
            freezes: self.pictures.freezes,
            lost: self.pictures.lost,
            bytes: self.bytes,
        }
    }

    /// Leaves, and says what it has seen.
    pub(super) fn leave(mut self, now: Instant, overflows: &BTreeMap<u16, u64>) -> Outcome {
        let at = self.since(now);
        self.pictures.finish(at);
        if self.end.is_none() && self.rtc.close().is_ok() {
            self.drain(now);
        }
        let joined = self.pictures.first_key;
        let pictures = &self.pictures;
        let least = pictures.transit.values().fold(f64::INFINITY, f64::min);
        Outcome {
            joined: joined.map(MediaTime::seconds),
            connected: self.connected.map(|at| at.saturating_duration_since(self.called).as_secs_f64()),
            nothing_yet: joined.is_none() && self.end.is_none(),
            end: self.end,
            watched: joined.map_or(0.0, |joined| (at - joined).seconds()),
            packets: pictures.packets,
            lost: pictures.lost,
            late: pictures.late,
            sound_packets: self.sound.packets,
            sound_lost: self.sound.lost(),
            overflowed: overflows.get(&self.address.port()).copied().unwrap_or_default(),
            bytes: self.bytes,
            whole: pictures.whole,
            freezes: pictures.freezes,
            frozen: pictures.frozen.seconds(),
            lag: pictures.transit.values().map(|transit| transit - least).collect(),
            jitter: pictures.jitter.values().collect(),
        }
    }
}

/// The source address the kernel takes towards `peer`. Sends nothing.
fn route(peer: IpAddr) -> std::io::Result<IpAddr> {
    let any: IpAddr =
        if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((peer, 9))?;
    Ok(socket.local_addr()?.ip())
}
