//! A session that plays: takes packets of its source, gives them the session's headers.

use crate::packet::Packet;
use crate::peer::{Peer, Sink, Work};
use crate::rewrite::{Rewriter, Rewritten};
use crate::slab::Slot;
use palco_base::{Codec, FeedId, MediaKind, MediaTime};
use std::time::Instant;
use str0m::Rtc;
use str0m::media::{Mid, Pt};
use str0m::rtp::RtpWrite;

/// One outgoing track.
#[derive(Debug)]
pub(crate) struct OutTrack {
    pub(crate) mid: Mid,
    /// What the peer takes, in our order of preference.
    pub(crate) payloads: Vec<(Codec, Pt)>,
    rewriter: Option<Rewriter>,
}

impl OutTrack {
    pub(crate) const fn new(mid: Mid, payloads: Vec<(Codec, Pt)>) -> Self {
        Self { mid, payloads, rewriter: None }
    }

    fn payload(&self, codec: Codec) -> Option<Pt> {
        self.payloads.iter().find(|(c, _)| *c == codec).map(|(_, pt)| *pt)
    }
}

/// The playing side of a session.
#[derive(Debug)]
pub(crate) struct Player {
    /// What plays.
    pub(crate) source: FeedId,
    /// What plays from its next key frame on.
    pub(crate) next: Option<FeedId>,
    /// When to stop waiting for that key frame.
    pub(crate) switch_by: Option<Instant>,
    pub(crate) audio: Option<OutTrack>,
    pub(crate) video: Option<OutTrack>,
}

impl Player {
    /// The session is connected: media captured now gets RTP timestamp 0, because the first
    /// sender report, sent before the first packet, says so.
    pub(crate) fn start(&mut self, now: MediaTime, mut first_seq: impl FnMut() -> u16) {
        for track in [&mut self.audio, &mut self.video].into_iter().flatten() {
            track.rewriter = Some(Rewriter::new(now, first_seq()));
        }
    }

    /// Plays `next` from now on. Gives what played before.
    pub(crate) fn complete_switch(&mut self) -> Option<FeedId> {
        let next = self.next.take()?;
        self.switch_by = None;
        Some(std::mem::replace(&mut self.source, next))
    }

    /// Sends packets of one frame or less, all of the same track of `feed`. Whether it waits for
    /// a key frame of it.
    pub(crate) fn forward(
        &mut self,
        feed: FeedId,
        packets: &[Packet],
        slot: Slot,
        peer: &mut Peer,
        sink: &mut Sink,
        now: Instant,
    ) -> bool {
        let Some(first) = packets.first() else { return false };
        let kind = first.codec.kind();
        if self.next == Some(feed)
            && kind == MediaKind::Video
            && packets.iter().any(|p| p.starts_key)
            && self.video.as_ref().is_some_and(|t| t.payload(first.codec).is_some())
            && let Some(left) = self.complete_switch()
        {
            sink.work.push_back((slot, Work::Left(left)));
        }
        if self.source != feed {
            return kind == MediaKind::Video;
        }
        let track = match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        let Some(track) = track else { return false };
        let (Some(pt), mid) = (track.payload(first.codec), track.mid) else { return false };
        let Some(rewriter) = &mut track.rewriter else { return false };
        let mut writes = packets
            .iter()
            .filter_map(|packet| rewriter.rewrite(packet).map(|header| write(packet, header, pt)))
            .peekable();
        if writes.peek().is_none() {
            drop(writes);
            return !rewriter.takes(first.epoch);
        }
        // All packets of a frame are one mutation: this is what `str0m`'s own frame writer does.
        peer.with(sink, now, |rtc| send(rtc, mid, writes));
        peer.timeout(sink, now);
        false
    }
}

fn write(packet: &Packet, header: Rewritten, pt: Pt) -> RtpWrite {
    RtpWrite::new(pt, header.seq.into(), header.timestamp, packet.wallclock, packet.payload.clone())
        .marker(header.marker)
        .nackable(packet.codec.kind() == MediaKind::Video)
}

fn send(rtc: &mut Rtc, mid: Mid, writes: impl Iterator<Item = RtpWrite>) {
    let mut direct = rtc.direct_api();
    if let Some(stream) = direct.stream_tx_by_mid(mid, None) {
        for write in writes {
            stream.write_rtp(write);
        }
    }
}
