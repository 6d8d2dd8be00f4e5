//! One viewer that knows nothing of our code, over real sockets.

use palco_base::{Codec, EncodedFrame, FeedId, MediaTime, SessionId};
use palco_sfu::{Command, Event};
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Input, Output, Rtc};

pub(crate) const PROGRAM: FeedId = FeedId::new(1);

pub(crate) struct Viewer {
    pub(crate) rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    pub(crate) deadline: Instant,
    pub(crate) connected: bool,
    pub(crate) closed: bool,
    pub(crate) video: u64,
    pub(crate) audio: u64,
}

impl Viewer {
    /// Joins the Program; waits for the answer only.
    pub(crate) fn join(send: impl Fn(Command), events: &Receiver<Event>, number: u64) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let now = Instant::now();
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(true)
            .enable_vp8(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        let mut api = rtc.sdp_api();
        api.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = api.apply().unwrap();
        let session = SessionId::new(number);
        send(Command::Play { session, source: PROGRAM, offer: offer.to_sdp_string(), viewer: true });
        let answer = loop {
            match events.recv_timeout(Duration::from_secs(10)).unwrap() {
                Event::Answered { session: s, answer } if s == session => break answer.unwrap(),
                _ => {}
            }
        };
        rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(&answer).unwrap()).unwrap();
        Self { rtc, socket, address, deadline: now, connected: false, closed: false, video: 0, audio: 0 }
    }

    /// Takes what came and what is due.
    pub(crate) fn turn(&mut self) {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            if let Ok(receive) = Receive::new(Protocol::Udp, from, self.address, &buffer[..length]) {
                self.rtc.handle_input(Input::Receive(Instant::now(), receive)).unwrap();
                self.drain();
            }
        }
        let now = Instant::now();
        if self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
                Output::Transmit(transmit) => {
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(str0m::Event::Connected) => self.connected = true,
                Output::Event(str0m::Event::Closed) => self.closed = true,
                Output::Event(str0m::Event::RtpPacket(packet)) if packet.payload.len() > 200 => {
                    self.video += 1
                }
                Output::Event(str0m::Event::RtpPacket(_)) => self.audio += 1,
                Output::Event(_) => {}
            }
        }
    }
}

/// A Program's frame: a picture of `bytes`, or 20 ms of sound.
pub(crate) fn frame(codec: Codec, key: bool, bytes: usize, time: MediaTime) -> EncodedFrame {
    let mut payload = Vec::new();
    if codec == Codec::H264 {
        if key {
            payload.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce]);
        }
        payload.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
    }
    payload.resize(payload.len() + bytes, 0x77);
    EncodedFrame { codec, key, time, payload: payload.into() }
}
