//! A session that plays: which packets of which source are for it.

use crate::outbound::{Outbound, Way};
use crate::packet::Packet;
use palco_base::{FeedId, MediaKind, Size};
use std::time::Instant;

/// The playing side of a session.
pub(crate) struct Player {
    /// What plays.
    pub(crate) source: FeedId,
    /// What plays from its next key frame on.
    pub(crate) next: Option<FeedId>,
    /// When to stop waiting for that key frame.
    pub(crate) switch_by: Option<Instant>,
    pub(crate) out: Outbound,
    /// The Rendition to play, where the source has more than one.
    pub(crate) size: Size,
    /// The Rendition that is being sent, and whether a picture of it was left out: what comes
    /// after cannot be decoded then.
    sent: (Size, bool),
}

/// What came of packets for a player.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// It waits for a key frame of this source.
    pub(crate) waits: bool,
    /// A switch is complete; this source is not played any more.
    pub(crate) left: Option<FeedId>,
    /// Bytes sent.
    pub(crate) bytes: usize,
}

impl Player {
    pub(crate) const fn new(source: FeedId, out: Outbound) -> Self {
        Self { source, next: None, switch_by: None, out, size: Size::Large, sent: (Size::Large, false) }
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
    /// `has_small`: the feed has a small picture beside the large.
    pub(crate) fn forward(
        &mut self,
        feed: FeedId,
        packets: &[Packet],
        has_small: bool,
        way: &mut Way<'_>,
    ) -> Forwarded {
        let mut done = Forwarded::default();
        let Some(first) = packets.first() else { return done };
        let kind = first.codec.kind();
        let size = if has_small { self.size } else { Size::Large };
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
            return done;
        }
        done.bytes = self.out.send(packets, way);
        let takes = self.out.track(kind).is_some_and(|t| t.takes(first.codec) && !t.sends(first.epoch));
        done.waits = takes && first.size == size;
        done
    }

    /// Whether a picture of this Rendition is sent, when `wanted` is to be played.
    const fn chooses(&mut self, size: Size, wanted: Size, key: bool) -> bool {
        let (sent, broken) = self.sent;
        match (same(size, wanted), same(size, sent)) {
            (true, true) if broken && !key => false,
            (true, false) if !key => true,
            (true, _) => {
                if key {
                    self.sent = (size, false);
                }
                true
            }
            // The old Rendition goes on until the new one begins, except for its key frames:
            // the new one's comes with them, and is smaller or wanted more.
            (false, true) if !key && !broken => true,
            (false, true) => {
                self.sent = (sent, true);
                false
            }
            (false, false) => false,
        }
    }

    /// Sends no more of the Rendition that is too much, whatever comes in its place.
    pub(crate) const fn stop_sending(&mut self) {
        self.sent = (self.sent.0, true);
    }
}

const fn same(a: Size, b: Size) -> bool {
    matches!((a, b), (Size::Large, Size::Large) | (Size::Small, Size::Small))
}
