//! A peer that knows nothing of our code: a full `str0m` client. It does ICE, DTLS, SRTP, NACK
//! and RTX like a browser. What it sends is VP8 with numbered frames, so that each received frame
//! can be told from the others.

use palco_base::{Codec, SessionId};
use palco_netem::{Impairment, Link};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::bwe::Bitrate;
use str0m::format::{Codec as Format, PayloadParams};
use str0m::ice::StunMessage;
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Rtc};

/// Between two pictures.
pub(crate) const PICTURE: Duration = Duration::from_millis(33);
/// Between two sound packets.
pub(crate) const SOUND: Duration = Duration::from_millis(20);
/// Packets of one picture.
pub(crate) const PARTS: u64 = 3;

/// A datagram between a client and one of the server's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) server: SocketAddr,
    pub(crate) bytes: Vec<u8>,
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
    pub(crate) address: SocketAddr,
    /// As the server sees it.
    pub(crate) outside: SocketAddr,
    pub(crate) up: Link<Wire>,
    pub(crate) down: Link<Wire>,
    pub(crate) deadline: Instant,
    pub(crate) connected: Option<Instant>,
    pub(crate) audio: Option<(Mid, Pt)>,
    pub(crate) video: Option<(Mid, Pt)>,
    pub(crate) sending: Option<Sending>,
    /// Send H.264 instead of VP8.
    pub(crate) h264: bool,
    pub(crate) next_picture: Instant,
    pub(crate) next_sound: Instant,
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
    /// Its checks that choose a way for media get there.
    pub(crate) chooses: bool,
}

impl Client {
    pub(crate) fn new(number: u64, seed: u64, impairment: Impairment, now: Instant) -> Self {
        let address = SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 5_000));
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_h264(true)
            .build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        Self {
            rtc,
            session: SessionId::new(number),
            address,
            outside: address,
            up: Link::new(impairment, seed),
            down: Link::new(impairment, seed + 1),
            deadline: now,
            connected: None,
            audio: None,
            video: None,
            sending: None,
            h264: false,
            next_picture: now,
            next_sound: now,
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
            chooses: true,
        }
    }

    /// Takes what has come and sends what is due.
    pub(crate) fn step(&mut self, now: Instant) {
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
                        let check = StunMessage::parse(&bytes);
                        if !self.chooses && check.is_ok_and(|check| check.use_candidate()) {
                            continue;
                        }
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

    /// Tells the server what the network carries, as browsers do (REMB).
    pub(crate) fn estimate(&mut self, now: Instant, bitrate: u64) {
        let (mid, _) = self.video.unwrap();
        let mut direct = self.rtc.direct_api();
        let stream = direct.stream_rx_by_mid(mid, None).expect("pictures have come");
        stream.request_remb(Bitrate::from(bitrate));
        self.drain(now);
        self.input(now, str0m::Input::Timeout(now));
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
