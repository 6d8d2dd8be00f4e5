//! A WebRTC peer and the session around it: one offer, one answer, then datagrams.

use crate::bell::{Bell, Woken};
use crate::http::Door;
use crate::link::{DATAGRAM, Link};
use palco_base::{Class, Codec, Fault};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::change::SdpAnswer;
use str0m::crypto::from_feature_flags;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive, Transmit};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcError};

/// From the offer to a connection that carries media.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// A server that is there sends STUN answers and RTCP all the time.
const SILENCE: Duration = Duration::from_secs(6);
/// Video packets that may come before a hole is given up: half a second of a Program.
const WAIT_FOR_REPAIR: usize = 150;
/// Datagrams read before timers are looked at again.
const BATCH: usize = 64;

/// What to offer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) direction: Direction,
    pub(crate) h264: bool,
    pub(crate) vp8: bool,
    /// Instead of the answer's candidates.
    pub(crate) through: Option<SocketAddr>,
}

impl Offer {
    pub(crate) fn to_send(video: Codec, through: Option<SocketAddr>) -> Self {
        let (h264, vp8) = (video == Codec::H264, video == Codec::Vp8);
        Self { direction: Direction::SendOnly, h264, vp8, through }
    }

    pub(crate) fn to_play(through: Option<SocketAddr>) -> Self {
        Self { direction: Direction::RecvOnly, h264: true, vp8: true, through }
    }
}

/// str0m, so that a change without a complete drain cannot be written.
struct Peer {
    rtc: Rtc,
    transmits: Vec<Transmit>,
    events: VecDeque<Event>,
    deadline: Instant,
}

impl Peer {
    fn with<R>(&mut self, change: impl FnOnce(&mut Rtc) -> R) -> Result<R, RtcError> {
        let result = change(&mut self.rtc);
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return Ok(result);
                }
                Output::Transmit(transmit) => self.transmits.push(transmit),
                Output::Event(event) => self.events.push_back(event),
            }
        }
    }
}

/// A session with a server, from the POST to the DELETE, which dropping it sends.
pub(crate) struct Session {
    peer: Peer,
    link: Link,
    door: Door,
    url: Option<String>,
    opened: Instant,
    heard: Instant,
    connected: bool,
    pub(crate) audio: Mid,
    pub(crate) video: Mid,
}

fn broken(error: impl std::fmt::Display) -> Fault {
    Fault::new(Class::Unprocessable, "sdp_broken", "The server's answer is not one we can use.")
        .internal(error)
}

/// The connection is gone; another attempt may work.
pub(crate) fn lost(why: impl std::fmt::Display) -> Fault {
    Fault::unavailable("connection_lost", "The connection to the server is lost.").internal(why)
}

impl Session {
    /// Offers, posts, and takes the answer.
    ///
    /// # Errors
    /// No way to the server, the server's refusal, or an answer that is not one.
    pub(crate) fn open(url: &str, door: &Door, offer: Offer) -> Result<Self, Fault> {
        let link = Link::open(url)?;
        let now = Instant::now();
        let mut config = Rtc::builder()
            .set_crypto_provider(Arc::new(from_feature_flags()))
            .clear_codecs()
            .enable_opus(true, false)
            .enable_h264(offer.h264)
            .enable_vp8(offer.vp8)
            // A lost packet that is asked for twice takes three round trips: wait as long as a
            // browser would, instead of str0m's 30 packets, which are 0.1 s of a Program.
            .set_reordering_size_video(WAIT_FOR_REPAIR)
            .set_stats_interval(Some(Duration::from_secs(1)));
        // A loopback or LAN answers in milliseconds; a lost server must be noticed in seconds.
        config.set_max_stun_rto(Duration::from_millis(1_500));
        let rtc = config.build(now);
        let mut peer = Peer { rtc, transmits: Vec::new(), events: VecDeque::new(), deadline: now };
        let near = Candidate::host(link.near(), "udp").map_err(broken)?;
        peer.with(|rtc| rtc.handle_input(Input::Timeout(now))).map_err(broken)?.map_err(broken)?;
        peer.with(|rtc| rtc.add_local_candidate(near).is_some()).map_err(broken)?;
        let offered = peer
            .with(|rtc| {
                let mut change = rtc.sdp_api();
                // One MediaStream (RFC 9725 §4.4.2).
                let mut add =
                    |kind| change.add_media(kind, offer.direction, Some("palco".into()), None, None);
                let (audio, video) = (add(MediaKind::Audio), add(MediaKind::Video));
                change.apply().map(|(offer, pending)| (audio, video, offer.to_sdp_string(), pending))
            })
            .map_err(broken)?;
        // Two new media sections always need an offer.
        let Some((audio, video, sdp, pending)) = offered else { return Err(broken("no offer")) };
        let mut answered = door.post(url, &sdp)?;
        if let Some(relay) = offer.through {
            answered.sdp = through(&answered.sdp, relay);
        }
        let mut session = Self {
            peer,
            link,
            door: door.clone(),
            url: answered.session,
            opened: now,
            heard: now,
            connected: false,
            audio,
            video,
        };
        let mut others: Vec<SocketAddr> =
            candidates(&answered.sdp).filter_map(|peer| session.link.towards(peer.ip())).collect();
        others.dedup();
        others.retain(|local| *local != session.link.near());
        let answer = SdpAnswer::from_sdp_string(&answered.sdp).map_err(broken)?;
        session
            .peer
            .with(|rtc| rtc.sdp_api().accept_answer(pending, answer))
            .map_err(broken)?
            .map_err(broken)?;
        for local in others {
            let candidate = Candidate::host(local, "udp").map_err(broken)?;
            session.peer.with(|rtc| rtc.add_local_candidate(candidate).is_some()).map_err(broken)?;
        }
        Ok(session)
    }

    /// Changes the peer.
    ///
    /// # Errors
    /// When it is beyond repair.
    pub(crate) fn with<R>(&mut self, change: impl FnOnce(&mut Rtc) -> R) -> Result<R, Fault> {
        let result = self.peer.with(change).map_err(lost)?;
        self.send();
        Ok(result)
    }

    /// The next thing that happened.
    pub(crate) fn event(&mut self) -> Option<Event> {
        let event = self.peer.events.pop_front();
        if let Some(Event::Connected) = event {
            self.connected = true;
        }
        event
    }

    /// Waits until `until`, a datagram, a timer of the peer's or the bell; false if it rang.
    ///
    /// # Errors
    /// When the connection did not come, or is gone.
    pub(crate) fn step(&mut self, bell: &Bell, until: Instant) -> Result<bool, Fault> {
        let now = Instant::now();
        if !self.peer.rtc.is_alive() {
            return Err(lost("closed by the server"));
        }
        if !self.connected && now > self.opened + CONNECT_WITHIN {
            return Err(Fault::unavailable(
                "no_media_path",
                "The server answers, but no media gets through.",
            )
            .hint("A firewall may block UDP towards the server's media port."));
        }
        if self.connected && now > self.heard + SILENCE {
            return Err(lost("silence"));
        }
        let watch = now + Duration::from_secs(1);
        let until = until.min(self.peer.deadline).min(watch);
        match bell.wait(Some(&self.link.socket), until.saturating_duration_since(now)) {
            Woken::Stop => return Ok(false),
            Woken::Readable => self.receive()?,
            Woken::Timeout => {}
        }
        let now = Instant::now();
        if now >= self.peer.deadline {
            self.with(|rtc| rtc.handle_input(Input::Timeout(now)))?.map_err(lost)?;
        }
        Ok(true)
    }

    fn receive(&mut self) -> Result<(), Fault> {
        let mut buffer = [0; DATAGRAM];
        for _ in 0..BATCH {
            // An error is a port that answered "closed" for something we sent: not this session's end.
            let Ok((length, source)) = self.link.socket.recv_from(&mut buffer) else { break };
            let Some(destination) = self.link.towards(source.ip()) else { continue };
            let Ok(contents) = buffer[..length].try_into() else { continue };
            let now = Instant::now();
            self.heard = now;
            let input = Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents });
            if self.peer.rtc.accepts(&input) {
                self.with(|rtc| rtc.handle_input(input))?.map_err(lost)?;
            }
        }
        Ok(())
    }

    fn send(&mut self) {
        for transmit in self.peer.transmits.drain(..) {
            // A datagram that cannot leave is one that is lost: that is what NACK is for.
            let _ = self.link.socket.send_to(&transmit.contents, transmit.destination);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.with(|rtc| rtc.close()).is_err() {
            tracing::debug!("the session was broken already");
        }
        if let Some(url) = self.url.take() {
            self.door.delete(&url);
        }
    }
}

/// The UDP candidates of an SDP (RFC 8839 §5.1).
fn candidates(sdp: &str) -> impl Iterator<Item = SocketAddr> + '_ {
    sdp.lines().filter_map(|line| {
        let mut words = line.strip_prefix("a=candidate:")?.split_ascii_whitespace().skip(2);
        let udp = words.next()?.eq_ignore_ascii_case("udp");
        let (ip, port) = (words.nth(1)?.parse().ok()?, words.next()?.parse().ok()?);
        udp.then_some(SocketAddr::new(ip, port))
    })
}

/// The SDP with a relay as its only candidates.
fn through(sdp: &str, relay: SocketAddr) -> String {
    let line = |line: &str| {
        let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        if line.starts_with("a=candidate:") && words.len() > 5 {
            (words[4], words[5]) = (relay.ip().to_string(), relay.port().to_string());
        }
        words.join(" ") + "\r\n"
    };
    sdp.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_read() {
        let sdp = "v=0\r\na=candidate:1 1 udp 2130706431 10.0.0.5 8189 typ host\r\n\
                   a=candidate:2 1 TCP 1 10.0.0.5 8189 typ host tcptype passive\r\n\
                   a=candidate:3 1 UDP 1 nonsense 1 typ host\r\na=candidate:\r\n\
                   a=candidate:4 1 UDP 1 ::1 8189 typ host\r\n";
        let found: Vec<_> = candidates(sdp).map(|a| a.to_string()).collect();
        assert_eq!(found, ["10.0.0.5:8189", "[::1]:8189"]);
        let relayed = through(sdp, SocketAddr::from(([127, 0, 0, 1], 9)));
        assert!(relayed.starts_with("v=0\r\na=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\n"));
        assert!(candidates(&relayed).all(|a| a.to_string() == "127.0.0.1:9"));
    }
}
