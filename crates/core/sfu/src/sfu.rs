//! The core itself: sessions, feeds, timers, and the three verbs.

use crate::admission::Admission;
use crate::api::{CloseReason, Command, Event, Input, Output, SfuConfig};
use crate::demux::{self, Kind};
use crate::feed::Feed;
use crate::identity::Identity;
use crate::outbound::Via;
use crate::peer::{Sink, Work};
use crate::rng::Rng;
use crate::session::{self, Making, Role, Session};
use crate::slab::{Slab, Slot};
use crate::timers::{Timer, Timers};
use crate::wallclock::WallClock;
use palco_base::{Fault, FeedId, MediaKind, MediaTime, SessionId, Size, WallTime};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::IceConnectionState;
use str0m::net::{Protocol, Receive};

/// A session that has not connected by then is closed.
const CONNECT: Duration = Duration::from_secs(30);
/// How long a session that lost its peer may come back. `str0m` notices after about 15 s without
/// checks; together this is the 30 s of RFC 7675.
const LOST: Duration = Duration::from_secs(15);
/// A switch waits this long for a key frame, then goes ahead with sound alone.
const SWITCH: Duration = Duration::from_secs(3);
/// Addresses remembered per session.
const ADDRESSES: usize = 8;

/// The selective forwarding unit of one shard.
pub struct Sfu {
    pub(crate) config: SfuConfig,
    identity: Identity,
    pub(crate) rng: Rng,
    /// One instant on both clocks.
    origin: (Instant, MediaTime),
    pub(crate) clock: WallClock,
    pub(crate) sessions: Slab<Session>,
    by_id: HashMap<SessionId, Slot>,
    by_address: HashMap<SocketAddr, Slot>,
    pub(crate) feeds: HashMap<FeedId, Feed>,
    pub(crate) timers: Timers,
    pub(crate) sink: Sink,
    admission: Admission,
    /// The last epoch given to a track.
    pub(crate) epoch: u64,
    /// Sessions made so far.
    made: u64,
}

fn house_full() -> Fault {
    Fault::unavailable("house_full", "There is no room for another connection.")
        .hint("Watch with a few seconds' delay (HLS), or try again in a moment.")
}

impl Sfu {
    /// An SFU with nobody in it. `now`, `media_now` and `wall_now` are the same moment.
    #[must_use]
    pub fn new(
        config: SfuConfig,
        identity: Identity,
        now: Instant,
        media_now: MediaTime,
        wall_now: WallTime,
    ) -> Self {
        Self {
            rng: Rng::new(config.seed),
            config,
            identity,
            origin: (now, media_now),
            clock: WallClock::new(now, wall_now),
            sessions: Slab::new(),
            by_id: HashMap::new(),
            by_address: HashMap::new(),
            feeds: HashMap::new(),
            timers: Timers::default(),
            sink: Sink::default(),
            admission: Admission::default(),
            epoch: 0,
            made: 0,
        }
    }

    /// Takes what the shell brings. Call [`poll`](Self::poll) until it is empty after.
    pub fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::Datagram { from, to, bytes } => self.datagram(from, to, bytes, now),
            Input::Command(command) => self.command(command, now),
            Input::Timeout => self.timeout(now),
            Input::Busy(share) => self.admission.measured(share, self.playing()[0]),
        }
        self.settle(now);
    }

    /// What is to be done, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.sink.outputs.pop_front()
    }

    /// When to call [`handle`](Self::handle) with [`Input::Timeout`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Ends all sessions with [`CloseReason::Shutdown`]. Poll after, as always.
    pub fn shut_down(&mut self, now: Instant) {
        let slots: Vec<Slot> = self.sessions.slots().collect();
        for slot in slots {
            self.close(slot, CloseReason::Shutdown, now);
        }
        self.settle(now);
    }

    pub(crate) fn media_time(&self, now: Instant) -> MediaTime {
        let (instant, media) = self.origin;
        match now.checked_duration_since(instant) {
            Some(since) => media + MediaTime::from(since),
            None => media - MediaTime::from(instant.saturating_duration_since(now)),
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.sink.outputs.push_back(Output::Event(event));
    }

    fn datagram(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8], now: Instant) {
        self.sink.stats.datagrams_in += 1;
        self.sink.stats.bytes_in += bytes.len() as u64;
        let kind = demux::kind(bytes);
        let slot = match &kind {
            Kind::Check { slot, ufrag, .. } => Some(*slot)
                .filter(|slot| self.sessions.get(*slot).is_some_and(|s| s.credentials.ufrag == *ufrag)),
            Kind::ByAddress => self.by_address.get(&from).copied(),
            Kind::Unknown => None,
        };
        let receive = Receive::new(Protocol::Udp, from, to, bytes);
        let (Some(slot), Ok(receive)) = (slot, receive) else {
            self.sink.stats.datagrams_unknown += 1;
            return;
        };
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if demux::is_media(bytes) && matches!(session.role, Role::Play(_)) {
            session.peer.heard(from, now);
            if demux::is_control(bytes) {
                self.feedback(slot, bytes, now);
            }
            return;
        }
        let before = self.sink.outputs.len();
        session.peer.receive(&mut self.sink, now, receive);
        if let Kind::Check { chosen, .. } = kind {
            // An address is this peer's only after a check from it was answered with success:
            // that one knew the password.
            let proved = self.sink.outputs.range(before..).any(|output| {
                matches!(output, Output::Transmit { to, bytes, .. } if *to == from && demux::accepts_check(bytes))
            });
            if proved {
                session.peer.checked(from, to, chosen, now);
                let first = !std::mem::replace(&mut session.nominated, true);
                if first && !chosen {
                    session.nominate(&self.identity, &mut self.sink, (from, to), bytes, now);
                }
                if self.by_address.get(&from) != Some(&slot) {
                    self.learn_address(slot, from);
                }
            }
        } else {
            session.peer.heard(from, now);
        }
        self.arm_session(slot);
    }

    fn learn_address(&mut self, slot: Slot, address: SocketAddr) {
        if let Some(before) = self.by_address.insert(address, slot)
            && let Some(session) = self.sessions.get_mut(before)
        {
            session.addresses.retain(|a| *a != address);
        }
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.addresses.push(address);
        if session.addresses.len() > ADDRESSES {
            let oldest = session.addresses.remove(0);
            self.by_address.remove(&oldest);
        }
    }

    fn command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Publish { session, feed, offer } => {
                let result = self.publish(session, feed, &offer, now);
                self.answer(session, result);
            }
            Command::Play { session, source, offer, viewer } => {
                let result = if viewer && !self.admission.admit() {
                    Err(house_full())
                } else {
                    self.play(session, source, &offer, now)
                };
                self.answer(session, result);
            }
            Command::Switch { session, source } => self.switch(session, source, now),
            Command::Close { session, reason } => {
                if let Some(slot) = self.by_id.get(&session) {
                    self.close(*slot, reason, now);
                }
            }
            Command::OpenProgram { feed } => self.feed(feed).open_program(),
            Command::ProgramFrame { feed, size, frame } => self.program_frame(feed, size, frame, now),
            Command::CloseFeed { feed } => self.close_feed(feed, now),
            Command::Tap { feed, on } => self.tap(feed, on, now),
            Command::RequestKeyFrame { feed } => self.want_key_frame(feed, now),
            Command::Mute { feed, audio, video } => self.mute(feed, audio, video, now),
            Command::Stats => {
                let mut stats = self.sink.stats;
                stats.sessions = self.sessions.len() as u64;
                [stats.playing, stats.playing_small, stats.playing_paused] = self.playing();
                self.event(Event::Stats(Box::new(stats)));
            }
        }
    }

    /// How many play, and how many of these the small picture, and none.
    fn playing(&self) -> [u64; 3] {
        let mut playing = [0; 3];
        for slot in self.sessions.slots() {
            if let Some(Session { role: Role::Play(player), .. }) = self.sessions.get(slot) {
                let rungs = [true, player.size() == Size::Small && !player.paused(), player.paused()];
                playing.iter_mut().zip(rungs).for_each(|(count, is)| *count += u64::from(is));
            }
        }
        playing
    }

    fn answer(&mut self, session: SessionId, answer: Result<String, Fault>) {
        if answer.is_err() {
            self.sink.stats.refused += 1;
        }
        self.event(Event::Answered { session, answer });
    }

    fn making(&mut self, id: SessionId, now: Instant) -> Result<Making<'_>, Fault> {
        if self.sessions.len() >= self.config.max_sessions {
            return Err(house_full());
        }
        if self.by_id.contains_key(&id) {
            return Err(Fault::conflict("session_exists", "This session exists already."));
        }
        self.made += 1;
        Ok(Making {
            id,
            slot: self.sessions.next_slot(),
            number: self.made,
            identity: &self.identity,
            candidates: &self.config.candidates,
            give_up: now + CONNECT,
            follow_bandwidth: self.config.follow_bandwidth,
            now,
        })
    }

    fn publish(&mut self, id: SessionId, feed: FeedId, offer: &str, now: Instant) -> Result<String, Fault> {
        if self.feeds.get(&feed).is_some_and(|f| f.program.is_some()) {
            return Err(Fault::conflict("feed_is_program", "Nobody can publish into a Program."));
        }
        let mut sink = std::mem::take(&mut self.sink);
        let made = self.making(id, now).and_then(|making| session::publish(&making, feed, offer, &mut sink));
        self.sink = sink;
        let (session, answer) = made?;
        let before = self.feeds.get(&feed).and_then(|f| f.publisher);
        // The slot was promised to the ufrag, so the session goes in before the old one goes out.
        let slot = self.insert(session);
        if let Some(before) = before {
            self.close(before, CloseReason::Replaced, now);
        }
        self.feed(feed).replace_publisher(Some(slot));
        Ok(answer)
    }

    fn play(&mut self, id: SessionId, source: FeedId, offer: &str, now: Instant) -> Result<String, Fault> {
        let mut sink = std::mem::take(&mut self.sink);
        let made = self.making(id, now).and_then(|making| session::play(&making, source, offer, &mut sink));
        self.sink = sink;
        let (session, answer) = made?;
        let slot = self.insert(session);
        self.feed(source).join(slot);
        Ok(answer)
    }

    fn insert(&mut self, session: Session) -> Slot {
        let id = session.id;
        let slot = self.sessions.insert(session);
        self.by_id.insert(id, slot);
        self.arm_session(slot);
        slot
    }

    /// The feed, made if there is none yet: a session may play what is to be published.
    pub(crate) fn feed(&mut self, id: FeedId) -> &mut Feed {
        let Self { feeds, epoch, config, .. } = self;
        feeds.entry(id).or_insert_with(|| {
            Feed::new(config.key_frame_interval, || {
                *epoch += 1;
                *epoch
            })
        })
    }

    fn switch(&mut self, session: SessionId, source: FeedId, now: Instant) {
        let Some(slot) = self.by_id.get(&session).copied() else { return };
        let Some(Session { role: Role::Play(player), .. }) = self.sessions.get_mut(slot) else { return };
        let waited_for = player.next.take();
        player.switch_by = None;
        let (current, pictured) = (player.source, player.has_picture());
        if source != current {
            player.next = Some(source);
            player.switch_by = Some(now + SWITCH);
        }
        if let Some(waited_for) = waited_for
            && waited_for != source
            && waited_for != current
            && let Some(feed) = self.feeds.get_mut(&waited_for)
        {
            feed.leave(slot);
        }
        self.feed(source).join(slot);
        if source == current {
            return;
        }
        let flowing = self.feed(source).shows_picture(now);
        if pictured && flowing {
            self.want_key_frame(source, now);
        } else {
            self.complete_switch(slot, now);
        }
        self.arm_session(slot);
    }

    fn complete_switch(&mut self, slot: Slot, now: Instant) {
        let Some(Session { role: Role::Play(player), .. }) = self.sessions.get_mut(slot) else { return };
        let Some(left) = player.complete_switch() else { return };
        let source = player.source;
        if let Some(feed) = self.feeds.get_mut(&left) {
            feed.leave(slot);
        }
        self.want_key_frame(source, now);
    }

    /// Ends a session: says goodbye, forgets it, tells.
    pub(crate) fn close(&mut self, slot: Slot, reason: CloseReason, now: Instant) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if let (Role::Play(player), Some(route)) = (&mut session.role, session.peer.route()) {
            let ntp = self.clock.ntp(now);
            player.out.bye(&mut Via { route, sink: &mut self.sink, now, ntp });
        }
        session.peer.close(&mut self.sink, now);
        let Some(session) = self.sessions.remove(slot) else { return };
        self.by_id.remove(&session.id);
        for address in &session.addresses {
            self.by_address.remove(address);
        }
        if let Some(at) = session.timer {
            self.timers.remove(at, Timer::Session(slot));
        }
        // The slot may be given away at once: nothing of this session may reach the next.
        self.sink.work.retain(|(of, _)| *of != slot);
        match &session.role {
            Role::Publish(publisher) => {
                if let Some(feed) = self.feeds.get_mut(&publisher.feed)
                    && feed.publisher == Some(slot)
                {
                    // Replaced: the feed goes on, and tells only if the new one stays silent.
                    if reason == CloseReason::Replaced {
                        feed.publisher = None;
                    } else {
                        feed.replace_publisher(None);
                        self.feed_changed(publisher.feed, now);
                    }
                }
            }
            Role::Play(player) => {
                for feed in [Some(player.source), player.next].into_iter().flatten() {
                    if let Some(feed) = self.feeds.get_mut(&feed) {
                        feed.leave(slot);
                    }
                }
            }
        }
        self.event(Event::Closed { session: session.id, reason });
    }

    fn close_feed(&mut self, feed: FeedId, now: Instant) {
        let publisher = self.feeds.get(&feed).and_then(|f| f.publisher);
        if let Some(slot) = publisher {
            self.close(slot, CloseReason::Removed, now);
        }
        if let Some(feed_gone) = self.feeds.remove(&feed)
            && let Some(at) = feed_gone.timer
        {
            self.timers.remove(at, Timer::Feed(feed));
        }
    }

    fn mute(&mut self, feed: FeedId, audio: bool, video: bool, now: Instant) {
        self.feed(feed);
        let Self { feeds, epoch, .. } = self;
        let mut next = || {
            *epoch += 1;
            *epoch
        };
        if let Some(feed) = feeds.get_mut(&feed) {
            feed.mute(MediaKind::Audio, audio, &mut next);
            feed.mute(MediaKind::Video, video, &mut next);
        }
        self.feed_changed(feed, now);
        self.ask_key_frame(feed, now);
        self.arm_feed(feed);
    }

    fn timeout(&mut self, now: Instant) {
        while let Some(timer) = self.timers.ring(now) {
            match timer {
                Timer::Session(slot) => self.session_timeout(slot, now),
                Timer::Feed(feed) => self.feed_timeout(feed, now),
            }
            // What came of it is done before the next timer, as one of them may be closed by it.
            self.settle(now);
        }
    }

    fn session_timeout(&mut self, slot: Slot, now: Instant) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.timer = None;
        if session.deadline().is_some_and(|at| at > now) {
            self.arm_session(slot);
            return;
        }
        if session.give_up.is_some_and(|at| at <= now) {
            self.close(slot, CloseReason::TimedOut, now);
            return;
        }
        if let Role::Play(player) = &session.role
            && player.switch_by.is_some_and(|at| at <= now)
        {
            self.complete_switch(slot, now);
        }
        if let Some(session) = self.sessions.get_mut(slot)
            && session.peer.deadline().is_some_and(|at| at <= now)
        {
            session.peer.timeout(&mut self.sink, now);
        }
        self.arm_session_after(slot, now);
    }

    fn arm_session(&mut self, slot: Slot) {
        if let Some(session) = self.sessions.get_mut(slot) {
            self.timers.arm_session(slot, session);
        }
    }

    /// After a timeout a deadline that is still past would make the shell spin: a little later.
    fn arm_session_after(&mut self, slot: Slot, now: Instant) {
        if let Some(session) = self.sessions.get_mut(slot)
            && let Some(at) = session.deadline()
        {
            let at = at.max(now + Duration::from_millis(1));
            self.timers.arm(Timer::Session(slot), &mut session.timer, at);
        }
    }

    pub(crate) fn arm_feed(&mut self, id: FeedId) {
        if let Some(feed) = self.feeds.get_mut(&id)
            && let Some(at) = feed.deadline()
        {
            self.timers.arm(Timer::Feed(id), &mut feed.timer, at);
        }
    }

    /// Does what sessions have left to be done, until nothing is left.
    fn settle(&mut self, now: Instant) {
        while let Some((slot, work)) = self.sink.work.pop_front() {
            match work {
                Work::Gone(reason) => self.close(slot, reason, now),
                Work::Rtc(event) => self.rtc_event(slot, *event, now),
            }
            self.arm_session(slot);
        }
    }

    fn rtc_event(&mut self, slot: Slot, event: str0m::Event, now: Instant) {
        match event {
            str0m::Event::RtpPacket(packet) => self.rtp(slot, packet, now),
            str0m::Event::SenderFeedback(report) => self.sender_report(slot, &report),
            str0m::Event::Connected => self.connected(slot, now),
            str0m::Event::IceConnectionStateChange(state) => {
                let Some(session) = self.sessions.get_mut(slot) else { return };
                match state {
                    IceConnectionState::Disconnected => session.give_up = Some(now + LOST),
                    _ if session.connected => session.give_up = None,
                    _ => {}
                }
            }
            str0m::Event::Closed => self.close(slot, CloseReason::ByPeer, now),
            _ => {}
        }
    }

    fn connected(&mut self, slot: Slot, now: Instant) {
        let media_now = self.media_time(now);
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if std::mem::replace(&mut session.connected, true) {
            return;
        }
        session.give_up = None;
        session.peer.established();
        let id = session.id;
        let mut wanted = None;
        if let Role::Play(player) = &mut session.role {
            let rng = &mut self.rng;
            let provider = &self.identity.provider;
            let keys = session.peer.take_keys();
            let started = keys.is_some_and(|keys| {
                player.out.start(provider, &keys, media_now, || (rng.next() >> 48) as u16)
            });
            if !started {
                self.close(slot, CloseReason::Failed, now);
                return;
            }
            wanted = Some(player.next.unwrap_or(player.source));
        }
        self.event(Event::Connected { session: id });
        if let Some(source) = wanted {
            self.want_key_frame(source, now);
        }
    }
}
