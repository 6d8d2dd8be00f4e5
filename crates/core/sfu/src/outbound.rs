//! The sending side of a session that plays: headers, SRTP, repairs and reports.
//!
//! Payloads are shared by all viewers. Per viewer and packet there is only this: a header is
//! written, the payload is encrypted behind it, and packets of one length go to the kernel as one
//! datagram to be cut there.

use crate::api::Output;
use crate::history::History;
use crate::keys::Keys;
use crate::packet::Packet;
use crate::peer::{Route, Sink};
use crate::repairs::Repairs;
use crate::rewrite::{Rewriter, Rewritten};
use crate::rtcp::Compound;
use crate::srtp::Srtp;
use palco_base::{Codec, MediaKind, MediaTime};
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::crypto::CryptoProvider;

/// Sender reports: so often that sync is there within two seconds.
const REPORTS: Duration = Duration::from_secs(1);
/// Datagrams the kernel cuts one run into at most, and its bytes.
const RUN_DATAGRAMS: usize = 64;
const RUN_BYTES: usize = 60_000;
/// Probes are taken from this many of the last packets.
const PROBES: u16 = 8;

/// A codec as the peer takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payload {
    pub(crate) codec: Codec,
    pub(crate) pt: u8,
    /// Of retransmissions (RFC 4588).
    pub(crate) repair: Option<u8>,
}

/// Header extensions agreed on, by id (RFC 8285, one-byte form).
#[derive(Clone, Debug, Default)]
pub(crate) struct Extensions {
    pub(crate) mid: Option<(u8, String)>,
    pub(crate) send_time: Option<u8>,
}

impl Extensions {
    /// The extension block, and where the three bytes of the send time stand in it.
    fn block(&self) -> (Vec<u8>, Option<usize>) {
        let mut block = vec![0xBE, 0xDE, 0, 0];
        if let Some((id, mid)) = &self.mid
            && (1..=16).contains(&mid.len())
        {
            block.push(id << 4 | (mid.len() as u8 - 1));
            block.extend(mid.as_bytes());
        }
        let send_time = self.send_time.map(|id| {
            block.push(id << 4 | 2);
            block.extend([0; 3]);
            block.len() - 3
        });
        if block.len() == 4 {
            return (Vec::new(), None);
        }
        block.resize(block.len().next_multiple_of(4), 0);
        block[3] = (block.len() / 4 - 1) as u8;
        (block, send_time)
    }
}

/// One outgoing track.
pub(crate) struct Track {
    ssrc: u32,
    /// SSRC of retransmissions and their next number.
    repair: Option<(u32, u64)>,
    /// What the peer takes, in our order of preference.
    payloads: Vec<Payload>,
    extensions: Vec<u8>,
    send_time: Option<usize>,
    rewriter: Rewriter,
    packets: u32,
    octets: u32,
    /// RTP timestamp and capture of the newest packet.
    newest: Option<(u32, Instant)>,
}

impl Track {
    pub(crate) fn new(
        ssrc: u32,
        repair: Option<u32>,
        payloads: Vec<Payload>,
        mut extensions: Extensions,
        kind: MediaKind,
    ) -> Self {
        let repair = repair.filter(|_| payloads.iter().any(|p| p.repair.is_some()));
        if kind == MediaKind::Video && repair.is_none() {
            // Without RTX a repair is the same packet again, and must be the same to the bit.
            extensions.send_time = None;
        }
        let (extensions, send_time) = extensions.block();
        let rewriter = Rewriter::new(MediaTime::ZERO, 0);
        Self {
            ssrc,
            repair: repair.map(|ssrc| (ssrc, 1)),
            payloads,
            extensions,
            send_time,
            rewriter,
            packets: 0,
            octets: 0,
            newest: None,
        }
    }

    pub(crate) fn takes(&self, codec: Codec) -> bool {
        self.payload(codec).is_some()
    }

    /// Whether packets of `epoch` are being sent.
    pub(crate) fn sends(&self, epoch: u64) -> bool {
        self.rewriter.takes(epoch)
    }

    fn payload(&self, codec: Codec) -> Option<Payload> {
        self.payloads.iter().find(|p| p.codec == codec).copied()
    }

    const fn header_length(&self) -> usize {
        12 + self.extensions.len()
    }

    fn header(&self, out: &mut Vec<u8>, pt: u8, ssrc: u32, seq: u64, fields: Rewritten, ntp: u64) {
        let extended = u8::from(!self.extensions.is_empty());
        out.extend([0x80 | extended << 4, pt | u8::from(fields.marker) << 7]);
        out.extend((seq as u16).to_be_bytes());
        out.extend(fields.timestamp.to_be_bytes());
        out.extend(ssrc.to_be_bytes());
        let block = out.len();
        out.extend(&self.extensions);
        if let Some(at) = self.send_time {
            // 6 bits of seconds, 18 of fraction.
            let time = ((ntp >> 14) as u32).to_be_bytes();
            out[block + at..block + at + 3].copy_from_slice(&time[1..]);
        }
    }

    fn report(&self, compound: &mut Compound, via: &Via<'_>) {
        let Some((timestamp, captured)) = self.newest else { return };
        let rate = self.payloads.first().map_or(90_000, |p| p.codec.clock_rate());
        let since = MediaTime::from(via.now.saturating_duration_since(captured)).ticks(rate);
        compound.sender_report(
            self.ssrc,
            via.ntp,
            timestamp.wrapping_add(since as u32),
            self.packets,
            self.octets,
        );
    }
}

/// Datagrams of one length, the last may be shorter, on their way to one peer.
#[derive(Default)]
struct Run {
    bytes: Vec<u8>,
    segment: usize,
    datagrams: usize,
    /// A shorter one ended it.
    ended: bool,
}

impl Run {
    /// Whether a datagram of this length can join.
    const fn takes(&self, length: usize) -> bool {
        !self.ended
            && length <= self.segment
            && self.datagrams < RUN_DATAGRAMS
            && self.bytes.len() + length <= RUN_BYTES
    }

    fn send(self, route: Route, sink: &mut Sink) {
        if self.datagrams == 0 {
            return;
        }
        sink.stats.datagrams_out += self.datagrams as u64;
        sink.stats.bytes_out += self.bytes.len() as u64;
        let Self { bytes, segment, .. } = self;
        sink.outputs.push_back(Output::Transmit { from: route.ours, to: route.peer, bytes, segment });
    }
}

/// What is needed to send to one peer now.
pub(crate) struct Via<'a> {
    pub(crate) route: Route,
    pub(crate) sink: &'a mut Sink,
    pub(crate) now: Instant,
    /// The same moment as NTP time.
    pub(crate) ntp: u64,
}

/// All that is sent to one peer.
pub(crate) struct Outbound {
    srtp: Option<Srtp>,
    cname: String,
    pub(crate) audio: Option<Track>,
    pub(crate) video: Option<Track>,
    report_at: Option<Instant>,
    /// A receiver's clock to be given back: its SSRC, its time, and when it came.
    peer_clock: Option<(u32, u32, Instant)>,
    repairs: Repairs,
    /// Probes sent so far.
    probes: u16,
}

impl Outbound {
    pub(crate) const fn new(cname: String, audio: Option<Track>, video: Option<Track>) -> Self {
        Self {
            srtp: None,
            cname,
            audio,
            video,
            report_at: None,
            peer_clock: None,
            repairs: Repairs::new(),
            probes: 0,
        }
    }

    /// The handshake is done: media captured at `now` gets RTP timestamp 0. Whether the keys fit.
    pub(crate) fn start(
        &mut self,
        provider: &Arc<CryptoProvider>,
        keys: &Keys,
        now: MediaTime,
        mut first_seq: impl FnMut() -> u16,
    ) -> bool {
        self.srtp = Srtp::new(provider, keys);
        for track in [&mut self.audio, &mut self.video].into_iter().flatten() {
            track.rewriter = Rewriter::new(now, first_seq());
        }
        self.srtp.is_some()
    }

    pub(crate) const fn track(&self, kind: MediaKind) -> Option<&Track> {
        match kind {
            MediaKind::Audio => self.audio.as_ref(),
            MediaKind::Video => self.video.as_ref(),
        }
    }

    /// Sends packets of one track. Gives how many bytes that were.
    pub(crate) fn send(&mut self, packets: &[Packet], via: &mut Via<'_>) -> usize {
        let Some(kind) = packets.first().map(|p| p.codec.kind()) else { return 0 };
        let Some(srtp) = &mut self.srtp else { return 0 };
        let track = match kind {
            MediaKind::Audio => self.audio.as_mut(),
            MediaKind::Video => self.video.as_mut(),
        };
        let Some(track) = track else { return 0 };
        let (mut run, mut sent) = (Run::default(), 0);
        for packet in packets {
            let (Some(payload), Some(fields)) = (track.payload(packet.codec), track.rewriter.rewrite(packet))
            else {
                continue;
            };
            let first = track.newest.is_none();
            track.newest = Some((fields.timestamp, packet.wallclock));
            if first {
                // Before the first packet, so that sound and picture are in step from the start.
                let mut compound = Compound::default();
                track.report(&mut compound, via);
                compound.description(track.ssrc, &self.cname);
                control(srtp, &compound, via);
                self.report_at.get_or_insert(via.now + REPORTS);
            }
            let length = track.header_length() + packet.payload.len() + srtp.tag();
            if !run.takes(length) {
                std::mem::take(&mut run).send(via.route, via.sink);
                run.segment = length;
                run.bytes.reserve_exact(length * packets.len().min(RUN_DATAGRAMS));
            }
            let start = run.bytes.len();
            track.header(&mut run.bytes, payload.pt, track.ssrc, fields.seq, fields, via.ntp);
            if !srtp.protect(&mut run.bytes, start, track.ssrc, fields.seq, &packet.payload) {
                continue;
            }
            run.datagrams += 1;
            run.ended = length < run.segment;
            track.packets = track.packets.wrapping_add(1);
            track.octets = track.octets.wrapping_add(packet.payload.len() as u32);
            sent += length;
        }
        run.send(via.route, via.sink);
        self.repairs.earn(sent);
        if self.report_at.is_some_and(|at| at <= via.now) {
            self.report(via);
        }
        sent
    }

    fn report(&mut self, via: &mut Via<'_>) {
        let mut compound = Compound::default();
        let tracks = || [&self.audio, &self.video].into_iter().flatten().filter(|t| t.newest.is_some());
        let Some(first) = tracks().next().map(|track| track.ssrc) else { return };
        tracks().for_each(|track| track.report(&mut compound, via));
        compound.description(first, &self.cname);
        if let Some((theirs, middle, came)) = self.peer_clock.take() {
            let delay = via.now.saturating_duration_since(came).as_secs_f64() * 65_536.0;
            compound.round_trip(first, theirs, middle, delay as u32);
        }
        self.report_at = Some(via.now + REPORTS);
        if let Some(srtp) = &mut self.srtp {
            control(srtp, &compound, via);
        }
    }

    /// The peer's RTCP as it came, opened.
    pub(crate) fn open(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.srtp.as_mut()?.open_control(bytes)
    }

    /// The peer tells its time, to hear how long the way is.
    pub(crate) const fn note_clock(&mut self, ssrc: u32, middle: u32, now: Instant) {
        self.peer_clock = Some((ssrc, middle, now));
    }

    /// The peer heard our report of the time `middle`, and told so `delay` later (both as
    /// [`crate::rtcp::Told::Heard`] has them).
    pub(crate) fn note_heard(&mut self, middle: u32, delay: u32, ntp: u64) {
        let way = ((ntp >> 16) as u32).wrapping_sub(middle).wrapping_sub(delay).cast_signed();
        // A receiver that counts a little too much makes it negative.
        self.repairs.measured(Duration::from_micros(u64::from(way.max(0).unsigned_abs()) * 15_625 / 1_024));
    }

    /// Whether this is the SSRC of the picture.
    pub(crate) fn is_picture(&self, ssrc: u32) -> bool {
        self.video.as_ref().is_some_and(|track| track.ssrc == ssrc)
    }

    /// Sends the packet again that went out as `seq`, if it can be had, is not on its way and not too
    /// many were.
    pub(crate) fn resend(&mut self, seq: u16, histories: [&History; 2], via: &mut Via<'_>) {
        if !self.repairs.begin(seq, via.now) {
            via.sink.stats.repairs_refused += 1;
            return;
        }
        let bytes = self.again(seq, histories, via);
        via.sink.stats.repairs += u64::from(bytes > 0);
        self.repairs.spend(bytes);
    }

    /// Sends the packet again that went out as `seq`, if it can be had. Gives its bytes.
    fn again(&mut self, seq: u16, histories: [&History; 2], via: &mut Via<'_>) -> usize {
        let (Some(track), Some(srtp)) = (&mut self.video, &mut self.srtp) else { return 0 };
        let Some(origin) = track.rewriter.origin(seq) else { return 0 };
        let found = histories.into_iter().find_map(|h| h.get(origin.epoch, origin.number, via.now));
        let Some(packet) = found else { return 0 };
        let Some(payload) = track.payload(packet.codec) else { return 0 };
        let timestamp = packet.timestamp.wrapping_add(origin.timestamp_offset);
        let fields = Rewritten { seq: origin.seq, timestamp, marker: packet.marker };
        let length = track.header_length() + 2 + packet.payload.len() + srtp.tag();
        let mut run = Run { segment: length, datagrams: 1, ..Run::default() };
        run.bytes.reserve_exact(length);
        let done = match (&mut track.repair, payload.repair) {
            (Some((ssrc, next)), Some(pt)) => {
                let (ssrc, seq) = (*ssrc, *next);
                *next += 1;
                track.header(&mut run.bytes, pt, ssrc, seq, fields, via.ntp);
                // RFC 4588 §4: the original number stands before the payload.
                let again = [&(fields.seq as u16).to_be_bytes()[..], &packet.payload].concat();
                srtp.protect(&mut run.bytes, 0, ssrc, seq, &again)
            }
            _ => {
                track.header(&mut run.bytes, payload.pt, track.ssrc, fields.seq, fields, via.ntp);
                srtp.protect(&mut run.bytes, 0, track.ssrc, fields.seq, &packet.payload)
            }
        };
        if done {
            run.segment = run.bytes.len();
            run.send(via.route, via.sink);
        }
        length
    }

    /// Whether packets may be sent that nobody asked for.
    pub(crate) fn can_probe(&self) -> bool {
        self.video.as_ref().is_some_and(|track| track.repair.is_some())
    }

    /// Sends one of the newest packets once more, to see whether it gets through. Gives its bytes.
    pub(crate) fn probe(&mut self, histories: [&History; 2], via: &mut Via<'_>) -> usize {
        let Some(last) = self.video.as_ref().and_then(|track| track.rewriter.last_seq()) else { return 0 };
        // By turns, so that a packet that was lost may come with it.
        self.probes = self.probes.wrapping_add(1);
        self.again(last.wrapping_sub(self.probes % PROBES), histories, via)
    }

    /// Says goodbye.
    pub(crate) fn bye(&mut self, via: &mut Via<'_>) {
        let ssrcs: Vec<u32> = [&self.audio, &self.video].into_iter().flatten().map(|t| t.ssrc).collect();
        let (Some(srtp), Some(first)) = (&mut self.srtp, ssrcs.first()) else { return };
        let mut compound = Compound::default();
        compound.nothing_received(*first);
        compound.bye(&ssrcs);
        control(srtp, &compound, via);
    }
}

fn control(srtp: &mut Srtp, compound: &Compound, via: &mut Via<'_>) {
    if let Some(bytes) = srtp.protect_control(compound.bytes()) {
        let run = Run { segment: bytes.len(), datagrams: 1, bytes, ended: true };
        run.send(via.route, via.sink);
    }
}
