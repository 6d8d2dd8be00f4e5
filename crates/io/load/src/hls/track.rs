//! What a player fetches of one track, playlist by playlist.

use super::playlist::{Playlist, Segment};
use palco_base::MediaTime;

/// A piece of media to fetch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) uri: String,
    /// Since 1970, by `EXT-X-PROGRAM-DATE-TIME`.
    pub(super) starts: MediaTime,
    pub(super) ends: MediaTime,
}

/// Where a player is in a track.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// The next segment and part wanted.
    next: Option<(u64, usize)>,
    /// Where playing is to begin.
    pub(super) wanted: Option<MediaTime>,
    map: Option<String>,
}

impl Track {
    /// An initialization section to fetch, if it is another one, and the media that is new.
    pub(super) fn advance(&mut self, playlist: &Playlist) -> (Option<String>, Vec<Piece>) {
        let map = playlist.segments.iter().rev().find_map(|segment| segment.map.clone());
        let init = map.filter(|map| self.map.as_ref() != Some(map));
        if init.is_some() {
            self.map.clone_from(&init);
        }
        if self.next.is_none() {
            self.begin(playlist);
        }
        let mut pieces = Vec::new();
        for segment in &playlist.segments {
            self.take(segment, &mut pieces);
        }
        (init, pieces)
    }

    /// Chooses where to begin: at the last place that can be decoded alone, no later than the
    /// hold-back from the end.
    fn begin(&mut self, playlist: &Playlist) {
        let Some(end) = playlist.end() else { return };
        let wanted = end - playlist.hold_back;
        let mut found = None;
        for segment in &playlist.segments {
            let mut at = segment.starts;
            if at > wanted && found.is_some() {
                break;
            }
            found = Some((segment.msn, 0, at));
            for (index, part) in segment.parts.iter().enumerate() {
                if at <= wanted && part.independent {
                    found = Some((segment.msn, index, at));
                }
                at += part.duration;
            }
        }
        if let Some((msn, part, at)) = found {
            self.next = Some((msn, part));
            self.wanted = Some(wanted.max(at));
        }
    }

    fn take(&mut self, segment: &Segment, pieces: &mut Vec<Piece>) {
        let Some((msn, part)) = self.next else { return };
        if segment.msn < msn {
            return;
        }
        let part = if segment.msn == msn { part } else { 0 };
        let mut at = segment.starts;
        if segment.gap {
            // Nothing is there, and nothing will be.
        } else if let Some(uri) = segment.uri.clone().filter(|_| segment.parts.is_empty()) {
            // Its parts are not listed any more, or never were.
            if part == 0 {
                pieces.push(Piece { uri, starts: at, ends: segment.end() });
            }
        } else {
            for (index, listed) in segment.parts.iter().enumerate() {
                let starts = at;
                at += listed.duration;
                if index >= part {
                    pieces.push(Piece { uri: listed.uri.clone(), starts, ends: at });
                }
            }
        }
        self.next = Some(match segment.uri {
            Some(_) => (segment.msn + 1, 0),
            None => (segment.msn, segment.parts.len()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::playlist::tests::live;
    use super::*;

    fn uris(track: &mut Track, text: &str) -> Vec<String> {
        track.advance(&Playlist::read(text).unwrap()).1.into_iter().map(|piece| piece.uri).collect()
    }

    #[test]
    fn it_begins_where_it_can_be_decoded_and_far_enough_from_the_end() {
        let mut track = Track::default();
        let playlist = Playlist::read(&live(0, 5, 2)).unwrap();
        let (init, pieces) = track.advance(&playlist);
        assert_eq!(init.as_deref(), Some("v/init-0.mp4"));
        // The end is one second into the last segment: 1.5 s before that is in the one before.
        assert_eq!(pieces[0].uri, "v/4.0.m4s");
        assert_eq!(pieces.len(), 6);
        assert_eq!(track.wanted, Some(playlist.end().unwrap() - MediaTime::from_millis(1_500)));
        assert!(pieces.windows(2).all(|pair| pair[0].ends == pair[1].starts));
    }

    #[test]
    fn then_every_part_is_fetched_once() {
        let mut track = Track::default();
        uris(&mut track, &live(0, 5, 2));
        assert_eq!(uris(&mut track, &live(0, 5, 2)), [""; 0]);
        assert_eq!(uris(&mut track, &live(0, 5, 3)), ["v/5.2.m4s"]);
        assert_eq!(uris(&mut track, &live(0, 6, 1)), ["v/5.3.m4s", "v/6.0.m4s"]);
        let (init, _) = track.advance(&Playlist::read(&live(0, 6, 2)).unwrap());
        assert_eq!(init, None, "the same initialization section is not fetched again");
    }

    #[test]
    fn what_has_no_parts_any_more_is_fetched_whole() {
        let mut track = Track::default();
        uris(&mut track, &live(0, 1, 1));
        let text = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T00:00:04Z\n\
                    #EXTINF:2.0,\na\n#EXT-X-GAP\n#EXTINF:2.0,\nb\n";
        assert_eq!(uris(&mut track, text), ["a"]);
    }

    #[test]
    fn plain_hls_plays_too() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T00:00:00Z\n\
                    #EXTINF:2.0,\na\n#EXTINF:2.0,\nb\n";
        assert_eq!(uris(&mut Track::default(), text), ["b"]);
        assert_eq!(uris(&mut Track::default(), "#EXTM3U\n"), [""; 0]);
    }
}
