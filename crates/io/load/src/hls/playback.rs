//! A player's clock over what has been fetched: when it began, where it is, when it stood still.

use crate::samples::Samples;
use palco_base::MediaTime;

/// Shorter than a picture or two is nobody's stall.
const STALL: MediaTime = MediaTime::from_millis(50);

/// The playing of one viewer. Times of the Program and of this computer are since 1970.
#[derive(Debug)]
pub(super) struct Playback {
    called: MediaTime,
    /// Per track: where to begin, and up to where there is media.
    tracks: Vec<(Option<MediaTime>, Option<MediaTime>)>,
    /// Since when it plays, and from where.
    began: Option<(MediaTime, MediaTime)>,
    stalled: MediaTime,
    stalls: u64,
    /// Where it stood still last, and for how long.
    stood: (MediaTime, MediaTime),
    pub(super) latency: Samples,
}

impl Playback {
    /// Of so many tracks, by a person who called for it at `called`.
    pub(super) fn new(tracks: usize, called: MediaTime) -> Self {
        let tracks = vec![(None, None); tracks];
        let latency = Samples::default();
        let (stalled, stood) = (MediaTime::ZERO, (MediaTime::ZERO, MediaTime::ZERO));
        Self { called, tracks, began: None, stalled, stalls: 0, stood, latency }
    }

    /// A track would begin here.
    pub(super) fn begin_at(&mut self, track: usize, wanted: MediaTime) {
        if let Some((begin, _)) = self.tracks.get_mut(track) {
            begin.get_or_insert(wanted);
        }
    }

    /// A track has media up to `ends`.
    pub(super) fn fetched(&mut self, track: usize, ends: MediaTime, now: MediaTime) {
        self.settle(now);
        if let Some((_, end)) = self.tracks.get_mut(track) {
            *end = Some(end.map_or(ends, |before| before.max(ends)));
        }
        if self.began.is_none()
            && let Some(from) = self.tracks.iter().map(|(begin, _)| *begin).collect::<Option<Vec<_>>>()
            && let Some(from) = from.into_iter().max()
            && self.limit().is_some_and(|limit| limit > from)
        {
            self.began = Some((now, from));
        }
        if let Some(position) = self.position(now) {
            self.latency.add((now - position).seconds());
        }
    }

    /// The end of what all tracks have.
    fn limit(&self) -> Option<MediaTime> {
        let ends: Option<Vec<MediaTime>> = self.tracks.iter().map(|(_, end)| *end).collect();
        ends?.into_iter().min()
    }

    /// Where it is.
    fn position(&self, now: MediaTime) -> Option<MediaTime> {
        let (since, from) = self.began?;
        let playing = from + (now - since) - self.stalled;
        Some(self.limit().map_or(playing, |limit| playing.min(limit)))
    }

    /// Counts how long it has stood still up to now.
    fn settle(&mut self, now: MediaTime) {
        let (Some((since, from)), Some(limit)) = (self.began, self.limit()) else { return };
        let over = from + (now - since) - self.stalled - limit;
        if over > MediaTime::ZERO {
            let before = if self.stood.0 == limit { self.stood.1 } else { MediaTime::ZERO };
            self.stood = (limit, before + over);
            self.stalled += over;
            self.stalls += u64::from(before < STALL && before + over >= STALL);
        }
    }

    /// The end of watching.
    pub(super) fn finish(&mut self, now: MediaTime) {
        self.settle(now);
    }

    /// Seconds from the call to the first picture.
    pub(super) fn joined(&self) -> Option<f64> {
        self.began.map(|(at, _)| (at - self.called).seconds())
    }

    /// Seconds since then.
    pub(super) fn watched(&self, now: MediaTime) -> f64 {
        self.began.map_or(0.0, |(at, _)| (now - at).seconds())
    }

    /// How often it stood still, and how many seconds together.
    pub(super) fn stalls(&self) -> (u64, f64) {
        (self.stalls, self.stalled.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: i64) -> MediaTime {
        MediaTime::from_millis(millis)
    }

    /// Two tracks with parts of half a second; a part can be had when it ends.
    fn playing() -> Playback {
        let mut playback = Playback::new(2, ms(10_000));
        playback.begin_at(0, ms(8_500));
        playback.begin_at(1, ms(8_400));
        playback.fetched(0, ms(9_000), ms(10_100));
        assert_eq!(playback.joined(), None, "sound is missing");
        playback.fetched(1, ms(9_000), ms(10_200));
        playback
    }

    #[test]
    fn it_begins_when_both_tracks_are_there() {
        let playback = playing();
        assert_eq!(playback.joined(), Some(0.2));
        assert_eq!(playback.position(ms(10_300)), Some(ms(8_600)));
    }

    #[test]
    fn media_in_time_is_no_stall() {
        let mut playback = playing();
        for n in 0..20 {
            playback.fetched(0, ms(9_500 + n * 500), ms(10_300 + n * 500));
            playback.fetched(1, ms(9_500 + n * 500), ms(10_350 + n * 500));
        }
        playback.finish(ms(20_000));
        assert_eq!(playback.stalls(), (0, 0.0));
        assert!(playback.latency.values().all(|latency| (1.69..1.71).contains(&latency)));
    }

    #[test]
    fn late_media_is_a_stall_as_long_as_it_lasts_and_delay_grows_by_it() {
        let mut playback = playing();
        // Media to 9,000 has been played at 10,700.
        playback.fetched(0, ms(10_000), ms(10_900));
        playback.fetched(1, ms(10_000), ms(11_000));
        assert_eq!(playback.stalls(), (1, 0.3));
        assert_eq!(playback.position(ms(11_100)), Some(ms(9_100)));
        let last = playback.latency.values().last().unwrap();
        assert!((1.999..2.001).contains(&last), "{last}");
        playback.finish(ms(12_500));
        assert_eq!(playback.stalls(), (2, 0.8));
    }
}
