//! The way of media through the SFU: from publishers and the mixer to players and the tap.

use crate::api::{Event, Output};
use crate::feed::{Arrival, Feed};
use crate::outbound::Via;
use crate::packet::Packet;
use crate::peer::Sink;
use crate::rtcp::{self, Told};
use crate::session::{Role, Session};
use crate::sfu::Sfu;
use crate::slab::Slot;
use crate::tap::VideoTap;
use palco_base::{Codec, EncodedFrame, FeedId, MediaKind, MediaTime, Size};
use std::time::{Instant, SystemTime};
use str0m::media::{KeyframeRequestKind, SenderFeedback};
use str0m::rtp::RtpPacket;

/// A Program's frames may be made this long before they are to be shown.
const FARTHEST_AHEAD: MediaTime = MediaTime::from_millis(1_000);

impl Sfu {
    /// A publisher's packet, decrypted, in order of arrival.
    pub(crate) fn rtp(&mut self, slot: Slot, packet: RtpPacket, now: Instant) {
        let media = self.media_time(now);
        let Some(Session { role: Role::Publish(publisher), .. }) = self.sessions.get(slot) else { return };
        let id = publisher.feed;
        let Some((_, codec)) = publisher.payloads.iter().find(|(pt, _)| *pt == packet.header.payload_type)
        else {
            return;
        };
        let codec = *codec;
        let Some(feed) = self.feeds.get_mut(&id).filter(|f| f.publisher == Some(slot)) else { return };
        let arrival = Arrival {
            codec,
            ssrc: *packet.header.ssrc,
            seq: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            at: now,
            media,
        };
        let packet = feed.arrive(arrival, packet.payload, &mut self.epoch);
        if !feed.muted(codec.kind()) {
            self.forward(id, std::slice::from_ref(&packet), now);
            let Some(feed) = self.feeds.get_mut(&id) else { return };
            tap(feed, id, &packet, &mut self.sink, now);
        }
        self.feed_changed(id, now);
        self.ask_key_frame(id, now);
        self.arm_feed(id);
    }

    /// A publisher's sender report.
    pub(crate) fn sender_report(&mut self, slot: Slot, report: &SenderFeedback) {
        let Some(session) = self.sessions.get(slot) else { return };
        let Role::Publish(publisher) = &session.role else { return };
        let Ok(ntp) = report.sender_info.ntp_time.duration_since(SystemTime::UNIX_EPOCH) else { return };
        let Ok(ntp) = i64::try_from(ntp.as_micros()) else { return };
        let kind = if publisher.video == Some(report.mid) { MediaKind::Video } else { MediaKind::Audio };
        if let Some(feed) = self.feeds.get_mut(&publisher.feed).filter(|f| f.publisher == Some(slot)) {
            feed.clock.report(kind, ntp, report.sender_info.rtp_time.numer() as u32);
        }
    }

    /// A frame of a Program: made into packets once.
    pub(crate) fn program_frame(&mut self, id: FeedId, size: Size, mut frame: EncodedFrame, now: Instant) {
        let media = self.media_time(now);
        // One time far ahead would hold up all that come after it.
        frame.time = frame.time.min(media + FARTHEST_AHEAD);
        let Some(feed) = self.feeds.get_mut(&id) else { return };
        let wallclock = feed.wallclock(frame.time, media, now);
        let Some(program) = &mut feed.program else { return };
        let packets = program.packets(size, &frame, wallclock);
        let kind = frame.codec.kind();
        feed.produced(frame.codec, size, frame.key, now);
        if !feed.muted(kind) {
            let tapped = feed.tap.is_some() && size == Size::Large;
            match kind {
                MediaKind::Audio => self.forward(id, &packets, now),
                MediaKind::Video => {
                    feed.flow_mut(kind, size).pacer.push(packets);
                    self.send_paced(id, now);
                }
            }
            if tapped {
                self.event(Event::FeedFrame { feed: id, frame });
            }
        }
        self.ask_key_frame(id, now);
        self.arm_feed(id);
    }

    /// Starts or stops frames for the mixer.
    pub(crate) fn tap(&mut self, id: FeedId, on: bool, now: Instant) {
        let feed = self.feed(id);
        if on && feed.tap.is_none() {
            feed.tap = Some(VideoTap::new());
            self.want_key_frame(id, now);
        } else if !on {
            feed.tap = None;
        }
    }

    /// Somebody needs a key frame of this feed.
    pub(crate) fn want_key_frame(&mut self, id: FeedId, now: Instant) {
        let Some(feed) = self.feeds.get_mut(&id) else { return };
        feed.keys.want();
        self.ask_key_frame(id, now);
        self.arm_feed(id);
    }

    /// Asks for a key frame if one is wanted and may be asked for now.
    pub(crate) fn ask_key_frame(&mut self, id: FeedId, now: Instant) {
        let Some(feed) = self.feeds.get_mut(&id) else { return };
        let program = feed.program.is_some();
        if !program && feed.publisher.is_none() {
            // The first frame of whoever publishes next is a key frame.
            feed.keys.came();
            return;
        }
        if !feed.keys.ask(now) {
            return;
        }
        if program {
            self.event(Event::KeyFrameWanted { feed: id });
            return;
        }
        let Some(session) = feed.publisher.and_then(|slot| self.sessions.get_mut(slot)) else { return };
        let Role::Publish(publisher) = &session.role else { return };
        let Some(mid) = publisher.video else {
            feed.keys.came();
            return;
        };
        let asked = session.peer.with(&mut self.sink, now, |rtc| {
            let mut direct = rtc.direct_api();
            let Some(stream) = direct.stream_rx_by_mid(mid, None) else { return false };
            stream.request_keyframe(KeyframeRequestKind::Pli);
            true
        });
        if asked == Some(true) {
            self.sink.stats.key_frames_asked += 1;
            // The request leaves with the next timeout.
            session.peer.timeout(&mut self.sink, now);
        }
    }

    /// Packets of one track to all who play the feed.
    fn forward(&mut self, id: FeedId, packets: &[Packet], now: Instant) {
        let Self { feeds, sessions, sink, clock, .. } = self;
        let Some(feed) = feeds.get_mut(&id) else { return };
        feed.remember(packets, now);
        let rates = feed.rates(now);
        let histories = feed.histories();
        let mut wanted = false;
        let ntp = clock.ntp(now);
        let mut left = Vec::new();
        for slot in &feed.players {
            let Some(session) = sessions.get_mut(*slot).filter(|s| s.connected) else { continue };
            let (Role::Play(player), Some(route)) = (&mut session.role, session.peer.route()) else {
                continue;
            };
            let via = &mut Via { route, sink, now, ntp };
            let done = player.forward(id, packets, rates, via);
            wanted |= done.waits;
            if let Some(rates) = rates
                && player.source == id
            {
                wanted |= player.climb(rates, histories, via);
            }
            left.extend(done.left.map(|feed| (*slot, feed)));
        }
        if wanted {
            feed.keys.want();
        }
        for (slot, feed) in left {
            if let Some(feed) = feeds.get_mut(&feed) {
                feed.leave(slot);
            }
        }
    }

    /// The pieces of large pictures that are due.
    fn send_paced(&mut self, id: FeedId, now: Instant) {
        for size in [Size::Large, Size::Small] {
            let Some(feed) = self.feeds.get_mut(&id) else { return };
            if let Some(piece) = feed.flow_mut(MediaKind::Video, size).pacer.poll(now) {
                self.forward(id, &piece, now);
            }
        }
    }

    /// What somebody who plays tells.
    pub(crate) fn feedback(&mut self, slot: Slot, bytes: &[u8], now: Instant) {
        let Self { feeds, sessions, sink, clock, .. } = self;
        let Some(session) = sessions.get_mut(slot) else { return };
        let (Role::Play(player), Some(route)) = (&mut session.role, session.peer.route()) else { return };
        let Some(bytes) = player.out.open(bytes) else { return };
        let histories = feeds.get(&player.source).map(Feed::histories);
        let ntp = clock.ntp(now);
        let mut key_frame = false;
        rtcp::read(&bytes, |told| match told {
            Told::Missing { ssrc, first, more } if player.out.is_picture(ssrc) => {
                let Some(histories) = histories else { return };
                let via = &mut Via { route, sink, now, ntp };
                player.resend(first, histories, via);
                for bit in (0..16).filter(|bit| more >> bit & 1 == 1) {
                    player.resend(first.wrapping_add(1 + bit), histories, via);
                }
            }
            Told::KeyFrame { ssrc } => key_frame |= player.out.is_picture(ssrc),
            Told::Received { ssrc, lost, highest } if player.out.is_picture(ssrc) => {
                key_frame |= player.received(lost, highest, now);
            }
            Told::Heard { ssrc, middle, delay } if player.out.is_picture(ssrc) => {
                player.out.note_heard(middle, delay, ntp);
            }
            Told::Estimate { bitrate } => key_frame |= player.estimate(bitrate, now),
            Told::Clock { ssrc, middle } => player.out.note_clock(ssrc, middle, now),
            _ => {}
        });
        let source = player.source;
        if key_frame {
            self.want_key_frame(source, now);
        }
    }

    pub(crate) fn feed_changed(&mut self, id: FeedId, now: Instant) {
        let Some(feed) = self.feeds.get_mut(&id).filter(|f| f.program.is_none()) else { return };
        if let Some((audio, video)) = feed.changed(now) {
            self.event(Event::FeedChanged { feed: id, audio, video });
        }
    }

    pub(crate) fn feed_timeout(&mut self, id: FeedId, now: Instant) {
        let Some(feed) = self.feeds.get_mut(&id) else { return };
        feed.timer = None;
        self.send_paced(id, now);
        let Some(feed) = self.feeds.get_mut(&id) else { return };
        poll_tap(feed, id, &mut self.sink, now);
        self.feed_changed(id, now);
        self.ask_key_frame(id, now);
        self.arm_feed(id);
    }
}

/// To the mixer.
fn tap(feed: &mut Feed, id: FeedId, packet: &Packet, sink: &mut Sink, now: Instant) {
    let Some(tap) = &mut feed.tap else { return };
    if packet.codec == Codec::Opus {
        if !packet.payload.is_empty() {
            let payload = packet.payload.clone();
            let frame = EncodedFrame { codec: packet.codec, key: true, time: packet.time, payload };
            sink.outputs.push_back(Output::Event(Event::FeedFrame { feed: id, frame }));
        }
        return;
    }
    tap.push(packet, now);
    poll_tap(feed, id, sink, now);
}

fn poll_tap(feed: &mut Feed, id: FeedId, sink: &mut Sink, now: Instant) {
    let Some(tap) = &mut feed.tap else { return };
    let mut frames = Vec::new();
    let found = tap.poll(now, &mut frames);
    sink.stats.frames_lost += found.lost;
    if found.needs_key {
        feed.keys.want();
    }
    let events = frames.into_iter().map(|frame| Output::Event(Event::FeedFrame { feed: id, frame }));
    sink.outputs.extend(events);
}
