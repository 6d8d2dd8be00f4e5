//! A show that goes on after its process died: what is on disk is listed again, what viewers may
//! have seen of more than that is passed over, and a discontinuity follows.

use crate::api::{Resume, Segment, TrackId};
use crate::fmp4::described;
use crate::hls::Hls;
use palco_base::MediaTime;
use std::collections::BTreeMap;

/// A record beyond this (half a year of segments) is not believed, nor that more was lost.
const MOST: u64 = 10_000_000;
const MOST_PASSED: u32 = 1_000;
/// 2170: dates later than this, or before 1970, are not believed either.
const LATEST: MediaTime = MediaTime::from_millis(6_311_520_000_000);

fn credible(segment: &Segment) -> bool {
    segment.sequence < MOST && u64::from(segment.init) < MOST
}

impl Hls {
    pub(crate) fn resume(&mut self, resume: Resume) {
        let passed = resume.unrecorded.min(MOST_PASSED);
        let mut of_track: BTreeMap<TrackId, BTreeMap<u64, Segment>> = BTreeMap::new();
        for segment in resume.segments {
            if segment.track.0 < self.tracks.len() && credible(&segment) {
                of_track.entry(segment.track).or_default().insert(segment.sequence, segment);
            }
        }
        self.discontinuities = of_track
            .values()
            .flat_map(BTreeMap::values)
            .filter(|segment| segment.discontinuity)
            .map(|segment| segment.sequence)
            .collect();
        let last = of_track.values().filter_map(|segments| segments.last_key_value()).map(|(last, _)| *last);
        let next = last.max().map_or(0, |last| last + 1) + u64::from(passed);
        let init = of_track.values().flat_map(BTreeMap::values).map(|segment| segment.init + 1).max();
        for track in &mut self.tracks {
            track.next_init = init.unwrap_or(0) + passed;
        }
        for (id, init) in &resume.inits {
            if let Some(track) = self.tracks.get_mut(id.0).filter(|track| track.is_video()) {
                track.described = described(init);
            }
        }
        let mut dated = MediaTime::from_micros(i64::MIN);
        for (id, segments) in of_track {
            dated = dated.max(self.relist(id, segments, next));
        }
        self.timeline.resume(next, dated);
    }

    /// Lists the recorded segments of a track up to, not with, `next`; what is missing is a gap.
    /// Gives the date at which they end.
    fn relist(&mut self, id: TrackId, segments: BTreeMap<u64, Segment>, next: u64) -> MediaTime {
        let (longest, usual) = (self.longest(), self.settings.segment);
        let track = &mut self.tracks[id.0];
        let mut dated = MediaTime::ZERO;
        let mut init = 0;
        let mut segments = segments.into_iter().peekable();
        let first = segments.peek().map_or(next, |(first, _)| *first);
        for sequence in first..next {
            let recorded = segments.next_if(|(at, _)| *at == sequence).map(|(_, segment)| segment);
            let mut segment = recorded.unwrap_or(Segment {
                track: id,
                sequence,
                init,
                duration: usual,
                program_date_time: dated,
                discontinuity: false,
                gap: true,
                size: 0,
            });
            segment.discontinuity = self.discontinuities.contains(&sequence);
            // The rules hold for what another version may have written, too.
            segment.duration = segment.duration.clamp(MediaTime::from_millis(1), longest);
            let date = segment.program_date_time.clamp(MediaTime::ZERO, LATEST);
            segment.program_date_time = date.max(dated);
            init = segment.init;
            dated = segment.program_date_time + segment.duration;
            if !segment.gap {
                track.meter.add(segment.size, segment.duration);
            }
            track.shelf.add_stored(segment);
        }
        track.next = Some(next);
        dated
    }
}
