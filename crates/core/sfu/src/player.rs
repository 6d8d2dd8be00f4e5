//! A session that plays: which packets of which source are for it.

use crate::feed::Rates;
use crate::history::History;
use crate::ladder::{Ladder, Meter, Move};
use crate::outbound::{Outbound, Via};
use crate::packet::Packet;
use palco_base::{FeedId, MediaKind, Size};
use std::time::{Duration, Instant};

/// After the large picture filled the line, its queue is left to run empty for so long: the first
/// key frame of the small one, sent behind it, would get lost, and its repairs fill the line again.
const DRAIN: Duration = Duration::from_millis(100);

/// The playing side of a session.
pub(crate) struct Player {
    /// What plays.
    pub(crate) source: FeedId,
    /// What plays from its next key frame on.
    pub(crate) next: Option<FeedId>,
    /// When to stop waiting for that key frame.
    pub(crate) switch_by: Option<Instant>,
    pub(crate) out: Outbound,
    /// None: the large Rendition, whatever the network carries.
    ladder: Option<Ladder>,
    sent_rate: Meter,
    /// When a probe was last given bytes, and bits it may still send.
    probed: Option<(Instant, u64)>,
    /// The Rendition that is being sent, and whether a picture of it was left out: what comes
    /// after cannot be decoded then.
    sending: (Size, bool),
    /// No picture before then.
    drained_at: Option<Instant>,
}

/// What came of packets for a player.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// It waits for a key frame of this source.
    pub(crate) waits: bool,
    /// A switch is complete; this source is not played any more.
    pub(crate) left: Option<FeedId>,
}

impl Player {
    pub(crate) fn new(source: FeedId, out: Outbound, follow_bandwidth: bool) -> Self {
        Self {
            source,
            next: None,
            switch_by: None,
            out,
            ladder: follow_bandwidth.then(Ladder::new),
            sent_rate: Meter::default(),
            probed: None,
            sending: (Size::Large, false),
            drained_at: None,
        }
    }

    pub(crate) const fn has_picture(&self) -> bool {
        self.out.video.is_some()
    }

    /// Plays `next` from now on. Gives what played before.
    pub(crate) const fn complete_switch(&mut self) -> Option<FeedId> {
        let Some(next) = self.next.take() else { return None };
        self.switch_by = None;
        Some(std::mem::replace(&mut self.source, next))
    }

    /// Sends packets of one frame or less, all of the same track and Rendition of `feed`.
    /// `rates`: of its Renditions, if it has more than one.
    pub(crate) fn forward(
        &mut self,
        feed: FeedId,
        packets: &[Packet],
        rates: Option<Rates>,
        via: &mut Via<'_>,
    ) -> Forwarded {
        let mut done = Forwarded::default();
        let Some(first) = packets.first() else { return done };
        let kind = first.codec.kind();
        let paused = self.paused() || self.drained_at.is_some_and(|at| via.now < at);
        if kind == MediaKind::Video && paused && self.source == feed {
            return done;
        }
        let size = rates.map_or(Size::Large, |_| self.size());
        let key = packets.iter().any(|p| p.starts_key);
        if self.next == Some(feed)
            && kind == MediaKind::Video
            && key
            && first.size == size
            && self.out.track(kind).is_some_and(|t| t.takes(first.codec))
        {
            done.left = self.complete_switch();
        }
        if self.source != feed {
            done.waits = kind == MediaKind::Video && first.size == size;
            return done;
        }
        if kind == MediaKind::Video && !self.chooses(first.size, size, key) {
            done.waits = first.size == size;
            return done;
        }
        let bytes = self.out.send(packets, via);
        self.sent_rate.add(bytes, via.now);
        let takes = self.out.track(kind).is_some_and(|t| t.takes(first.codec) && !t.sends(first.epoch));
        done.waits = takes && first.size == size;
        done
    }

    /// Whether a picture of this Rendition is sent, when `wanted` is to be played.
    fn chooses(&mut self, size: Size, wanted: Size, key: bool) -> bool {
        let (sent, broken) = self.sending;
        if size == wanted {
            if key {
                self.sending = (size, false);
            }
            return key || size != sent || !broken;
        }
        // The old Rendition goes on until the new one begins, except for its key frames: the new
        // one's comes with them, and is smaller or wanted more.
        let goes_on = size == sent && !key && !broken;
        if size == sent {
            self.sending.1 = !goes_on;
        }
        goes_on
    }

    /// Sends again what was lost, if it can still be of use.
    pub(crate) fn resend(&mut self, seq: u16, histories: [&History; 2], via: &mut Via<'_>) {
        // On a line that is full, what waits for a key frame anyway is only in its way.
        if !self.sending.1 {
            self.out.resend(seq, histories, via);
        }
    }

    /// What the browser believes its network carries. Whether a key frame is needed now.
    pub(crate) fn estimate(&mut self, estimate: u64, now: Instant) -> bool {
        let sent = self.sent_rate.rate(now);
        let moved = self.ladder.as_mut().and_then(|ladder| ladder.estimate(estimate, sent, now));
        self.moved(moved, now)
    }

    /// How many packets of the picture got lost up to which. Whether a key frame is needed now.
    pub(crate) fn received(&mut self, lost: i32, highest: u32, now: Instant) -> bool {
        let sent = self.sent_rate.rate(now);
        let moved = self.ladder.as_mut().and_then(|ladder| ladder.received(lost, highest, sent, now));
        self.moved(moved, now)
    }

    /// Looks whether more can be played, and probes for it. Whether a key frame is needed now.
    pub(crate) fn climb(&mut self, rates: Rates, histories: [&History; 2], via: &mut Via<'_>) -> bool {
        let Rates { small, large } = rates;
        let Some(ladder) = &mut self.ladder else { return false };
        let moved = ladder.tick(small, large, via.now);
        let Some(target) = ladder.target(small, large, via.now).filter(|_| self.out.can_probe()) else {
            self.probed = None;
            return self.moved(moved, via.now);
        };
        let (last, left) = self.probed.unwrap_or((via.now, 0));
        let since = via.now.saturating_duration_since(last).as_micros() as u64;
        let mut bits = left + target.saturating_sub(small) * since / 1_000_000;
        while bits > 0 {
            let bytes = self.out.probe(histories, via);
            if bytes == 0 {
                break;
            }
            self.sent_rate.add(bytes, via.now);
            bits = bits.saturating_sub(8 * bytes as u64);
        }
        self.probed = Some((via.now, bits));
        self.moved(moved, via.now)
    }

    fn moved(&mut self, moved: Option<Move>, now: Instant) -> bool {
        if let Some(Move::Down | Move::Pause) = moved {
            // Whatever comes in its place: each packet more makes the queue longer.
            self.sending.1 = true;
            self.drained_at = Some(now + DRAIN);
        }
        matches!(moved, Some(Move::Up | Move::Resume))
    }

    /// Whether the network carries no picture at all.
    pub(crate) fn paused(&self) -> bool {
        self.ladder.as_ref().is_some_and(Ladder::paused)
    }

    /// The Rendition played where there is more than one.
    pub(crate) fn size(&self) -> Size {
        self.ladder.as_ref().map_or(Size::Large, Ladder::size)
    }
}
