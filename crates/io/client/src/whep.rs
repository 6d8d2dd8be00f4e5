//! Playing: coded frames from a WHEP endpoint (draft-ietf-wish-whep).

use crate::http::Door;
use crate::peer::{Offer, Session, lost};
use crate::shared::{Backoff, Handle, Shared, may_pass};
use crate::timeline::{Timeline, TrackId};
use crate::{Clock, Options};
use palco_base::{Codec, EncodedFrame, Fault, MediaTime, Secret};
use std::time::{Duration, SystemTime};
use str0m::media::{KeyframeRequestKind, MediaData};
use str0m::{Event, IceConnectionState};

/// Key frames are asked for at most this often.
const ASK_EVERY: MediaTime = MediaTime::from_millis(500);

/// A frame that came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// The frame; its time is on the machine's monotonic clock, see [`Timeline`]: when it would
    /// have come on the fastest way. Sound and picture can be compared once [`Stats::aligned`].
    pub frame: EncodedFrame,
    /// When its first packet came.
    pub arrived: MediaTime,
    /// Nothing is missing between the track's last frame and this one. After a gap the picture
    /// is broken until the next key frame.
    pub contiguous: bool,
}

/// What a player has seen so far.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Stats {
    /// Whether there is a connection now.
    pub connected: bool,
    /// Connections made, the first one included.
    pub connections: u64,
    /// From the call of [`play`] to the connection.
    pub connected_after: Option<MediaTime>,
    /// From the call of [`play`] to the last packet of the first key frame.
    pub first_frame_after: Option<MediaTime>,
    /// Video frames.
    pub frames: u64,
    /// Of these, key frames.
    pub key_frames: u64,
    /// Audio packets.
    pub audio_packets: u64,
    /// Coded bytes of both.
    pub bytes: u64,
    /// Video packets that never came, also not when asked for again.
    pub lost: u64,
    /// Audio packets that never came; servers do not repair sound.
    pub audio_lost: u64,
    /// Pauses in the picture: a gap of at least max(3 δ, δ + 150 ms), where δ is the mean
    /// distance of frames (W3C `freezeCount`). By arrival, without a playout buffer: on a lossy
    /// way this counts the waits for repairs that a browser's buffer hides.
    pub freezes: u64,
    /// How long these were, all together.
    pub frozen: MediaTime,
    /// Retransmissions asked for on this connection.
    pub nacks: u64,
    /// Key frames asked for.
    pub plis: u64,
    /// Whether both tracks' sender reports have come, so that their times can be compared.
    pub aligned: bool,
    /// Round trip to the server.
    pub rtt: Option<Duration>,
}

/// A running player. Dropping it ends the session at the server.
pub struct Player(Handle<Stats>);

/// Begins to play a WHEP URL; `on_frame` is called on the session's thread for every frame, in
/// decoding order per track, and must not block. Returns when the server has accepted the offer.
///
/// # Errors
/// Whatever keeps the first offer from being accepted, in the server's words if it said some.
pub fn play(
    url: &str,
    token: Option<&Secret>,
    mut on_frame: impl FnMut(Received) + Send + 'static,
    options: Options,
) -> Result<Player, Fault> {
    let clock = Clock::new();
    let called = clock.now();
    let door = Door::new(url, token);
    let offer = Offer::to_play(options.media_through);
    let first = Session::open(url, &door, offer)?;
    let url = url.to_owned();
    let run = move |shared: &Shared<Stats>| {
        let (mut session, mut backoff) = (first, Backoff::new());
        loop {
            let mut work = Work::new(clock, called, shared, &mut on_frame);
            let fault = match work.receive(session) {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            shared.update(|s| s.connected = false);
            if !options.reconnect || !may_pass(&fault) {
                return Err(fault);
            }
            if fault.code == "connection_lost" {
                backoff.reset();
            }
            tracing::warn!(fault = fault.code, detail = fault.internal_detail(), "player lost, trying again");
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
    Handle::spawn("whep", Stats::default(), run).map(Player)
}

impl Player {
    /// The numbers so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// Waits until the numbers are such.
    ///
    /// # Errors
    /// The session's fault, or `too_slow`.
    pub fn wait_until(&self, at_most: Duration, such: impl Fn(&Stats) -> bool) -> Result<Stats, Fault> {
        self.0.wait_until(at_most, such)
    }

    /// Waits for the end, by [`stop`](Self::stop) or by a fault.
    ///
    /// # Errors
    /// Why it ended, if nobody stopped it.
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

struct Work<'a, F> {
    clock: Clock,
    called: MediaTime,
    shared: &'a Shared<Stats>,
    on_frame: &'a mut F,
    timeline: Timeline,
    freezes: Freezes,
    /// The last sequence number of each track.
    last: [Option<u64>; 2],
    /// A key frame is needed; asked for at.
    wanting: Option<MediaTime>,
}

impl<'a, F: FnMut(Received)> Work<'a, F> {
    fn new(clock: Clock, called: MediaTime, shared: &'a Shared<Stats>, on_frame: &'a mut F) -> Self {
        let timeline = Timeline::new();
        Self {
            clock,
            called,
            shared,
            on_frame,
            timeline,
            freezes: Freezes::default(),
            last: [None; 2],
            wanting: None,
        }
    }

    fn receive(&mut self, mut session: Session) -> Result<(), Fault> {
        loop {
            while let Some(event) = session.event() {
                match event {
                    Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                        return Err(lost("ICE consent"));
                    }
                    Event::Closed => return Err(lost("closed by the server")),
                    Event::MediaData(data) => self.frame(&session, data),
                    event => self.note(&session, &event),
                }
            }
            self.ask(&mut session)?;
            let until =
                self.wanting.map_or(self.clock.now() + MediaTime::from_millis(1_000), |at| at + ASK_EVERY);
            if !session.step(&self.shared.bell, self.clock.instant(until))? {
                return Ok(());
            }
        }
    }

    /// Asks for a key frame while one is needed.
    fn ask(&mut self, session: &mut Session) -> Result<(), Fault> {
        let now = self.clock.now();
        let Some(asked) = self.wanting.filter(|asked| now - *asked >= ASK_EVERY) else { return Ok(()) };
        let mid = session.video;
        let sent = session.with(|rtc| match rtc.direct_api().stream_rx_by_mid(mid, None) {
            Some(stream) => {
                stream.request_keyframe(KeyframeRequestKind::Pli);
                true
            }
            None => false,
        })?;
        tracing::trace!(?asked, sent, "key frame");
        self.wanting = Some(now);
        self.shared.update(|s| s.plis += u64::from(sent));
        Ok(())
    }

    fn frame(&mut self, session: &Session, data: MediaData) {
        let codec = match data.params.spec().codec {
            str0m::format::Codec::H264 => Codec::H264,
            str0m::format::Codec::Vp8 => Codec::Vp8,
            str0m::format::Codec::Opus => Codec::Opus,
            _ => return,
        };
        let video = data.mid == session.video;
        let key = !video || data.is_keyframe();
        let (first, last) = (**data.seq_range.start(), **data.seq_range.end());
        let missing = self.last[usize::from(video)].map_or(0, |before| first.saturating_sub(before + 1));
        self.last[usize::from(video)] = Some(last);
        let contiguous = data.contiguous && missing == 0;
        let arrived = self.clock.media_time(data.network_time);
        let track = if video { TrackId::Video } else { TrackId::Audio };
        // The RTP timestamp is the low half of str0m's extended one.
        let rtp = (data.time.numer() & u64::from(u32::MAX)) as u32;
        let time = self.timeline.time(track, rtp, arrived);
        let now = self.clock.now();
        if video {
            if key {
                self.wanting = None;
            } else if !contiguous && self.wanting.is_none() {
                // Long enough ago to be due at once.
                self.wanting = Some(now - ASK_EVERY);
            }
        }
        let frozen = if video { self.freezes.frame(now) } else { None };
        let (called, aligned, length) = (self.called, self.timeline.is_aligned(), data.data.len());
        self.shared.update(|s| {
            s.frames += u64::from(video);
            s.key_frames += u64::from(video && key);
            s.audio_packets += u64::from(!video);
            s.bytes += length as u64;
            *if video { &mut s.lost } else { &mut s.audio_lost } += missing;
            s.freezes += u64::from(frozen.is_some());
            s.frozen += frozen.unwrap_or_default();
            s.aligned = aligned;
            if video && key {
                s.first_frame_after.get_or_insert(now - called);
            }
        });
        let frame = EncodedFrame { codec, key, time, payload: data.data };
        (self.on_frame)(Received { frame, arrived, contiguous });
    }

    fn note(&mut self, session: &Session, event: &Event) {
        match event {
            Event::Connected => {
                let now = self.clock.now();
                self.wanting = Some(now);
                let called = self.called;
                self.shared.update(|s| {
                    s.connected = true;
                    s.connections += 1;
                    s.connected_after.get_or_insert(now - called);
                });
            }
            Event::SenderFeedback(feedback) => {
                let track = if feedback.mid == session.video { TrackId::Video } else { TrackId::Audio };
                let info = feedback.sender_info;
                let sender = info.ntp_time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                let rtp = (info.rtp_time.numer() & u64::from(u32::MAX)) as u32;
                self.timeline.report(track, rtp, i64::try_from(sender.as_micros()).unwrap_or_default());
            }
            Event::PeerStats(peer) => self.shared.update(|s| {
                let pair = peer.selected_candidate_pair.as_ref();
                s.rtt = pair.and_then(|p| p.current_round_trip_time).or(peer.rtt).or(s.rtt);
            }),
            Event::MediaIngressStats(track) if track.mid == session.video => {
                self.shared.update(|s| s.nacks = track.nacks);
            }
            _ => {}
        }
    }
}

/// Finds pauses in the picture as a browser does (W3C webrtc-stats, `freezeCount`).
#[derive(Default)]
struct Freezes {
    last: Option<MediaTime>,
    /// Mean distance of the last frames, µs.
    mean: Option<f64>,
}

impl Freezes {
    fn frame(&mut self, now: MediaTime) -> Option<MediaTime> {
        let gap = now - self.last.replace(now)?;
        let micros = gap.micros() as f64;
        let mean = *self.mean.get_or_insert(micros);
        self.mean = Some(mean + (micros - mean) / 30.0);
        (micros >= (3.0 * mean).max(mean + 150_000.0)).then_some(gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_freeze_and_jitter_is_not() {
        let mut freezes = Freezes::default();
        let mut now = MediaTime::ZERO;
        for n in 0..300_i64 {
            now += MediaTime::from_millis(33 + (n % 5) * 10 - 20);
            assert_eq!(freezes.frame(now), None, "frame {n}");
        }
        now += MediaTime::from_millis(400);
        assert_eq!(freezes.frame(now), Some(MediaTime::from_millis(400)));
    }
}
