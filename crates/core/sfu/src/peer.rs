//! One WebRTC peer: `str0m`'s `Rtc`, wrapped so that its contract cannot be broken.
//!
//! The contract: after each mutation all output is taken before the next mutation. Here every
//! mutation goes through [`Peer::with`], which takes the output. A panic inside is caught there
//! too, and ends this session only.

use crate::api::{CloseReason, Output, SfuStats};
use crate::demux::{is_media, is_stun};
use crate::keys::{self, Keys};
use crate::slab::Slot;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use str0m::net::{Protocol, Receive};
use str0m::{Event, Input, Rtc};

/// A `str0m` deadline this far away means none.
const NEVER: Duration = Duration::from_secs(24 * 3_600);
/// Errors a peer may cause before it is given up; one broken datagram is one error.
const PATIENCE: u32 = 100;

/// See [`Peer::established`].
const REST: Duration = Duration::from_secs(1);

/// A way this silent is not kept when another one is checked.
const SILENT: Duration = Duration::from_secs(3);

/// Where datagrams to a peer leave from and go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Route {
    pub(crate) ours: SocketAddr,
    pub(crate) peer: SocketAddr,
}

/// The way media goes: the peer's address and ours.
#[derive(Clone, Copy, Debug)]
struct Way {
    peer: SocketAddr,
    ours: SocketAddr,
    heard: Instant,
}

/// What a session step leaves to be done.
#[derive(Debug)]
pub(crate) enum Work {
    /// `str0m` reported something.
    Rtc(Box<Event>),
    /// The session cannot go on.
    Gone(CloseReason),
}

/// Where sessions put what comes out of them.
#[derive(Default)]
pub(crate) struct Sink {
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) work: VecDeque<(Slot, Work)>,
    pub(crate) stats: SfuStats,
}

pub(crate) struct Peer {
    rtc: Rtc,
    slot: Slot,
    deadline: Option<Instant>,
    errors: u32,
    gone: bool,
    /// The way the peer checked and chose last. `str0m` keeps an equally good earlier one until
    /// it has been silent for 15 s; after a change of network that would be a frozen picture.
    way: Option<Way>,
    /// Where the handshake went.
    handshake: Option<Route>,
    /// Media goes another way than through `str0m`, which must then send none.
    own_media: bool,
    /// How long `str0m` may wait for its timeouts.
    rest: Duration,
    keys: Option<Keys>,
}

impl Peer {
    /// `own_media`: only ICE and DTLS are `str0m`'s, RTP and RTCP are not.
    pub(crate) const fn new(rtc: Rtc, slot: Slot, own_media: bool) -> Self {
        Self {
            rtc,
            slot,
            deadline: None,
            errors: 0,
            gone: false,
            way: None,
            handshake: None,
            own_media,
            rest: Duration::ZERO,
            keys: None,
        }
    }

    /// Where media goes, if that is known yet.
    pub(crate) fn route(&self) -> Option<Route> {
        self.way.map(|way| Route { ours: way.ours, peer: way.peer }).or(self.handshake)
    }

    /// The handshake is done. Where media is not `str0m`'s, all it has left to do is to notice
    /// that the peer has gone, which it would look after many times a second.
    pub(crate) const fn established(&mut self) {
        if self.own_media {
            self.rest = REST;
        }
    }

    /// The keys the handshake agreed on, once.
    pub(crate) const fn take_keys(&mut self) -> Option<Keys> {
        self.keys.take()
    }

    /// When `str0m` wants [`timeout`](Self::timeout) called.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Reads without changing anything.
    pub(crate) const fn view(&self) -> &Rtc {
        &self.rtc
    }

    /// Changes the `Rtc` once and takes all that comes out. None if the session is gone.
    pub(crate) fn with<R>(
        &mut self,
        sink: &mut Sink,
        now: Instant,
        mutate: impl FnOnce(&mut Rtc) -> R,
    ) -> Option<R> {
        if self.gone {
            return None;
        }
        let result = catch_unwind(AssertUnwindSafe(|| {
            let result = mutate(&mut self.rtc);
            self.drain(sink, now);
            result
        }));
        self.keys = keys::take().or_else(|| self.keys.take());
        match result {
            Ok(result) => Some(result),
            Err(_panic) => {
                sink.stats.panics += 1;
                self.give_up(sink, CloseReason::Failed);
                None
            }
        }
    }

    /// The peer proved to be at `peer`, by a check sent to `ours`.
    pub(crate) fn checked(&mut self, peer: SocketAddr, ours: SocketAddr, chosen: bool, now: Instant) {
        let keep = self.way.is_some_and(|way| {
            let silent = now.saturating_duration_since(way.heard) >= SILENT;
            !chosen && !silent && (way.peer, way.ours) != (peer, ours)
        });
        if !keep && (chosen || self.way.is_some()) {
            self.way = Some(Way { peer, ours, heard: now });
        }
    }

    /// Something came from there.
    pub(crate) fn heard(&mut self, peer: SocketAddr, now: Instant) {
        if let Some(way) = self.way.as_mut().filter(|way| way.peer == peer) {
            way.heard = now;
        }
    }

    /// A datagram that is not STUN garbage and was addressed to this peer.
    pub(crate) fn receive(&mut self, sink: &mut Sink, now: Instant, receive: Receive<'_>) {
        let result = self.with(sink, now, |rtc| rtc.handle_input(Input::Receive(now, receive)));
        self.judge(sink, result);
    }

    /// A check of our own making; the peer, who did not send it, is not answered.
    pub(crate) fn nominated(&mut self, sink: &mut Sink, now: Instant, nomination: Receive<'_>) {
        let mut made = Sink { stats: sink.stats, ..Sink::default() };
        self.receive(&mut made, now, nomination);
        let is_answer = |output: &Output| matches!(output, Output::Transmit { bytes, .. } if is_stun(bytes));
        sink.outputs.extend(made.outputs.into_iter().filter(|output| !is_answer(output)));
        sink.work.extend(made.work);
        sink.stats = made.stats;
    }

    /// Time goes on.
    pub(crate) fn timeout(&mut self, sink: &mut Sink, now: Instant) {
        let result = self.with(sink, now, |rtc| rtc.handle_input(Input::Timeout(now)));
        self.judge(sink, result);
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify). The peer must be dropped after.
    pub(crate) fn close(&mut self, sink: &mut Sink, now: Instant) {
        self.with(sink, now, Rtc::close);
        self.gone = true;
    }

    fn judge(&mut self, sink: &mut Sink, result: Option<Result<(), str0m::RtcError>>) {
        match result {
            Some(Err(_)) if !self.rtc.is_alive() => self.give_up(sink, CloseReason::Failed),
            Some(Err(_)) => {
                // Anyone can send a broken datagram in a peer's name; only many are reason enough.
                self.errors += 1;
                if self.errors > PATIENCE {
                    self.give_up(sink, CloseReason::Failed);
                }
            }
            _ => {}
        }
    }

    fn give_up(&mut self, sink: &mut Sink, reason: CloseReason) {
        if !self.gone {
            self.gone = true;
            self.deadline = None;
            sink.work.push_back((self.slot, Work::Gone(reason)));
        }
    }

    fn drain(&mut self, sink: &mut Sink, now: Instant) {
        let mut failures = 0;
        loop {
            match self.rtc.poll_output() {
                Ok(str0m::Output::Timeout(at)) => {
                    self.deadline = (at < now + NEVER).then_some(at.max(now + self.rest));
                    return;
                }
                Ok(str0m::Output::Transmit(transmit)) => {
                    if transmit.proto == Protocol::Udp {
                        let bytes: Vec<u8> = transmit.contents.into();
                        if bytes.is_empty() || self.own_media && is_media(&bytes) {
                            continue;
                        }
                        sink.stats.datagrams_out += 1;
                        sink.stats.bytes_out += bytes.len() as u64;
                        // Checks are answered to where they came from; all else goes the way.
                        let way = self.way.filter(|_| !is_stun(&bytes));
                        let (from, to) =
                            way.map_or((transmit.source, transmit.destination), |way| (way.ours, way.peer));
                        if !is_stun(&bytes) {
                            self.handshake = Some(Route { ours: from, peer: to });
                        }
                        let segment = bytes.len();
                        sink.outputs.push_back(Output::Transmit { from, to, bytes, segment });
                    }
                }
                Ok(str0m::Output::Event(event)) => {
                    sink.work.push_back((self.slot, Work::Rtc(Box::new(event))));
                }
                Err(_) => {
                    failures += 1;
                    if failures > 3 || !self.rtc.is_alive() {
                        self.give_up(sink, CloseReason::Failed);
                        return;
                    }
                }
            }
        }
    }
}
