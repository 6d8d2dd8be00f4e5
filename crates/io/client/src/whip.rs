//! Publishing: coded frames to a WHIP endpoint (RFC 9725).

use crate::http::Door;
use crate::pacer::Due;
use crate::peer::{Offer, Session, lost};
use crate::shared::{Backoff, Handle, Shared, may_pass};
use crate::{Clock, FrameSource, Options, Pacer};
use palco_base::{Class, Codec, EncodedFrame, Fault, MediaKind, MediaTime, Secret};
use std::time::Duration;
use str0m::format::PayloadParams;
use str0m::media::{Frequency, MediaTime as RtpTime, Mid, Pt};
use str0m::{Event, IceConnectionState};

/// What a publisher has done so far.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Stats {
    /// Media time zero on the machine's monotonic clock: a frame is sent at `started` + its
    /// time. It stays over reconnects. None before the first connection.
    pub started: Option<MediaTime>,
    /// Whether media flows now.
    pub connected: bool,
    /// Since when.
    pub connected_at: Option<MediaTime>,
    /// Connections made, the first one included.
    pub connections: u64,
    /// Video frames handed to the network.
    pub frames: u64,
    /// Audio packets handed to the network.
    pub audio_packets: u64,
    /// Frames not sent: late after an interruption, or waiting for a key frame.
    pub skipped: u64,
    /// RTP packets of this connection, retransmissions included.
    pub packets: u64,
    /// RTP bytes of this connection, retransmissions included.
    pub bytes: u64,
    /// Round trip to the server.
    pub rtt: Option<Duration>,
    /// Fraction of packets that the server did not get, by its last report.
    pub loss: Option<f32>,
    /// Key frames the server asked for. Coded media cannot give them: it waits for the next.
    pub key_frames_asked: u64,
    /// How often the source has begun again.
    pub loops: u64,
}

/// A running publication. Dropping it ends the session at the server.
pub struct Publisher(Handle<Stats>);

/// Begins to publish `source` at a WHIP URL. Returns when the server has accepted the offer;
/// media flows a moment later ([`Publisher::wait_connected`]).
///
/// # Errors
/// Whatever keeps the first offer from being accepted, in the server's words if it said some.
pub fn publish(
    url: &str,
    token: Option<&Secret>,
    source: impl FrameSource + 'static,
    options: Options,
) -> Result<Publisher, Fault> {
    let door = Door::new(url, token);
    let offer = Offer::to_send(source.video(), options.media_through);
    let first = Session::open(url, &door, offer)?;
    let url = url.to_owned();
    let run = move |shared: &Shared<Stats>| {
        let pacer = Pacer::new(source, options.align);
        let mut work = Work { clock: Clock::new(), pacer, shared, packets: [0; 2] };
        let mut session = first;
        let mut backoff = Backoff::new();
        loop {
            let fault = match work.send(session) {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            shared.update(|s| s.connected = false);
            if !options.reconnect || !may_pass(&fault) {
                return Err(fault);
            }
            tracing::warn!(
                fault = fault.code,
                detail = fault.internal_detail(),
                "publisher lost, trying again"
            );
            if work.pacer.started().is_some() && fault.code == "connection_lost" {
                backoff.reset();
            }
            session = loop {
                shared.bell.wait(None::<&std::net::UdpSocket>, backoff.next());
                if shared.bell.is_rung() {
                    return Ok(());
                }
                match Session::open(&url, &door, offer) {
                    Ok(session) => break session,
                    Err(fault) if may_pass(&fault) => tracing::debug!(fault = fault.code, "not yet"),
                    Err(fault) => return Err(fault),
                }
            };
        }
    };
    Handle::spawn("whip", Stats::default(), run).map(Publisher)
}

impl Publisher {
    /// The numbers so far. Packet counts are refreshed once a second.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// Waits until media flows.
    ///
    /// # Errors
    /// The session's fault, or `too_slow`.
    pub fn wait_connected(&self, at_most: Duration) -> Result<Stats, Fault> {
        self.0.wait_until(at_most, |s| s.connected)
    }

    /// Waits until the numbers are such.
    ///
    /// # Errors
    /// The session's fault, or `too_slow`.
    pub fn wait_until(&self, at_most: Duration, such: impl Fn(&Stats) -> bool) -> Result<Stats, Fault> {
        self.0.wait_until(at_most, such)
    }

    /// Waits for the end: of the source, by [`stop`](Self::stop), or by a fault.
    ///
    /// # Errors
    /// Why it ended, if not by one of the first two.
    pub fn wait(&self) -> Result<(), Fault> {
        self.0.wait()
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.is_over()
    }

    /// Ends it; [`wait`](Self::wait) tells when that is done.
    pub fn stop(&self) {
        self.0.stop();
    }
}

struct Work<'a, S> {
    clock: Clock,
    pacer: Pacer<S>,
    shared: &'a Shared<Stats>,
    /// Of sound and of picture, as last reported.
    packets: [u64; 2],
}

impl<S: FrameSource> Work<'_, S> {
    /// Sends until the source ends or the bell rings.
    fn send(&mut self, mut session: Session) -> Result<(), Fault> {
        let mut connected = false;
        loop {
            while let Some(event) = session.event() {
                match event {
                    Event::Connected => {
                        connected = true;
                        self.connected();
                    }
                    Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                        return Err(lost("ICE consent"));
                    }
                    Event::Closed => return Err(lost("closed by the server")),
                    event => self.count(&session, &event),
                }
            }
            let mut until = self.clock.now() + MediaTime::from_millis(1_000);
            if connected {
                loop {
                    match self.pacer.poll(self.clock.now())? {
                        Due::Frame(frame) => self.write(&mut session, frame)?,
                        Due::At(time) => {
                            until = time;
                            break;
                        }
                        Due::End => return Ok(()),
                    }
                }
            }
            if !session.step(&self.shared.bell, self.clock.instant(until))? {
                return Ok(());
            }
        }
    }

    fn connected(&mut self) {
        let now = self.clock.now();
        self.pacer.resume(now);
        self.packets = [0; 2];
        let started = self.pacer.started();
        self.shared.update(|s| {
            s.connected = true;
            s.connections += 1;
            s.connected_at = Some(now);
            s.started = started;
            (s.packets, s.bytes) = (0, 0);
        });
    }

    fn write(&mut self, session: &mut Session, frame: EncodedFrame) -> Result<(), Fault> {
        let codec = frame.codec;
        let video = codec.kind() == MediaKind::Video;
        let mid = if video { session.video } else { session.audio };
        // Not before `resume`, hence not before `started`.
        let started = self.pacer.started().unwrap_or_default();
        let wallclock = self.clock.instant(started + frame.time);
        let rate = if video { Frequency::NINETY_KHZ } else { Frequency::FORTY_EIGHT_KHZ };
        let ticks = frame.time.ticks(codec.clock_rate()).max(0).unsigned_abs();
        session.with(|rtc| -> Result<(), Fault> {
            let Some(pt) = payload_type(rtc, mid, codec) else {
                return Err(Fault::new(
                    Class::Unsupported,
                    "no_common_codec",
                    "The server does not take this codec.",
                ));
            };
            let Some(writer) = rtc.writer(mid) else { return Err(lost("no writer")) };
            writer.write(pt, wallclock, RtpTime::new(ticks, rate), frame.payload).map_err(lost)
        })??;
        let (skipped, loops) = (self.pacer.skipped(), self.pacer.source().loops());
        self.shared.update(|s| {
            s.frames += u64::from(video);
            s.audio_packets += u64::from(!video);
            (s.skipped, s.loops) = (skipped, loops);
        });
        Ok(())
    }

    fn count(&mut self, session: &Session, event: &Event) {
        match event {
            Event::KeyframeRequest(_) => self.shared.update(|s| s.key_frames_asked += 1),
            Event::PeerStats(peer) => self.shared.update(|s| {
                let pair = peer.selected_candidate_pair.as_ref();
                s.rtt = peer.rtt.or_else(|| pair.and_then(|p| p.current_round_trip_time)).or(s.rtt);
                s.loss = peer.egress_loss_fraction.or(s.loss);
                s.bytes = peer.bytes_tx;
            }),
            Event::MediaEgressStats(track) => {
                self.packets[usize::from(track.mid == session.video)] = track.packets;
                let packets = self.packets.iter().sum();
                self.shared.update(|s| s.packets = packets);
            }
            _ => {}
        }
    }
}

/// The payload type for this codec among those agreed; for H.264 the one with packetization
/// mode 1 (RFC 6184 §6.3), because a key frame does not fit one packet.
fn payload_type(rtc: &mut str0m::Rtc, mid: Mid, codec: Codec) -> Option<Pt> {
    let is = |p: &&PayloadParams| match (codec, p.spec().codec) {
        (Codec::H264, str0m::format::Codec::H264) => p.spec().format.packetization_mode == Some(1),
        (Codec::Vp8, str0m::format::Codec::Vp8) | (Codec::Opus, str0m::format::Codec::Opus) => true,
        _ => false,
    };
    rtc.writer(mid)?.payload_params().find(is).map(PayloadParams::pt)
}
