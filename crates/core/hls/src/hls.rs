//! The core itself: its verbs, and what holds for all that it does.

use crate::api::{Counters, Input, Output, Resume, Settings, TrackId};
use crate::playlist::{self, target_duration, targets};
use crate::shelf::Windows;
use crate::timeline::{Timeline, credible};
use crate::track::{Rendered, Track};
use crate::waiting::Waiting;
use palco_base::{Fault, MediaTime};
use std::collections::{BTreeSet, VecDeque};

/// One show as HLS. See the crate's documentation for how it is driven.
#[derive(Debug)]
pub struct Hls {
    pub(crate) settings: Settings,
    pub(crate) tracks: Vec<Track>,
    pub(crate) timeline: Timeline,
    pub(crate) waiting: Waiting,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) counters: Counters,
    /// The multivariant playlist, and the version of it.
    pub(crate) multivariant: Option<Rendered>,
    pub(crate) multivariant_version: u64,
    /// Discontinuities there have been, by media sequence number.
    pub(crate) discontinuities: BTreeSet<u64>,
    /// When the source was last taken to have restarted.
    pub(crate) restarted: Option<MediaTime>,
    pub(crate) ended: bool,
}

impl Hls {
    /// A show that begins, or with `resume` one that goes on after the process died.
    ///
    /// # Errors
    /// `bad_hls_settings` if a setting is out of its range, two tracks have one name, there is
    /// more than one audio track or no track at all, or an AudioSpecificConfig cannot be read.
    pub fn new(settings: Settings, resume: Option<Resume>) -> Result<Self, Fault> {
        check(&settings)?;
        let windows = Windows {
            parts: targets(&settings, 3),
            memory: settings.memory,
            skip: playlist::skip_boundary(&settings),
        };
        let tracks: Option<Vec<Track>> = settings
            .tracks
            .iter()
            .map(|track| {
                Track::new(track, settings.part, (targets(&settings, 1), longest(&settings)), windows)
            })
            .collect();
        let tracks = tracks.ok_or_else(|| bad("An AudioSpecificConfig cannot be read."))?;
        let mut hls = Self {
            timeline: Timeline::new(settings.clock),
            tracks,
            settings,
            waiting: Waiting::default(),
            outputs: VecDeque::new(),
            counters: Counters::default(),
            multivariant: None,
            multivariant_version: 0,
            discontinuities: BTreeSet::new(),
            restarted: None,
            ended: false,
        };
        if let Some(resume) = resume {
            hls.resume(resume);
        }
        // The sound's form is known; the pictures' comes with their first key frames.
        for index in 0..hls.tracks.len() {
            if !hls.tracks[index].is_video() {
                hls.adopt(TrackId(index), None);
            }
        }
        Ok(hls)
    }

    /// Takes what happened. `now` is on the same clock as the frames' times, and never goes back.
    pub fn handle(&mut self, input: Input, now: MediaTime) {
        match input {
            Input::Frame { track, frame } => self.frame(track, frame, now),
            Input::Clock(clock) => self.timeline.set_clock(clock),
            Input::Request(request) => self.request(request, now),
            Input::Cancel(request) => drop(self.waiting.remove(request)),
            Input::End => self.end(),
            Input::Timeout => {}
        }
        self.expire(now);
        self.counters.waiting = self.waiting.len() as u64;
    }

    /// What is to be done, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timeout`] is due: the next waiting request has waited too long.
    #[must_use]
    pub fn deadline(&self) -> Option<MediaTime> {
        self.waiting.deadline()
    }

    /// What happened so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Bytes of media held in memory.
    #[must_use]
    pub fn memory(&self) -> u64 {
        self.tracks.iter().map(|track| track.shelf.memory()).sum()
    }

    /// The longest a segment may be: `EXTINF` must not round to more than the target duration.
    pub(crate) fn longest(&self) -> MediaTime {
        longest(&self.settings)
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = TrackId> + use<> {
        (0..self.tracks.len()).map(TrackId)
    }
}

fn longest(settings: &Settings) -> MediaTime {
    targets(settings, 1) + MediaTime::from_millis(480)
}

fn bad(text: impl Into<String>) -> Fault {
    Fault::invalid("bad_hls_settings", text)
}

fn check(settings: &Settings) -> Result<(), Fault> {
    let Settings { tracks, segment, part, memory, gap, .. } = settings;
    let names: BTreeSet<_> = tracks.iter().map(|track| &track.name).collect();
    let audio = tracks.iter().filter(|track| track.kind != crate::api::TrackKind::Video).count();
    if tracks.is_empty() || names.len() < tracks.len() || audio > 1 {
        return Err(bad("There must be tracks of different names, at most one of them audio."));
    }
    if !credible(settings.clock) {
        return Err(bad("The wall clock cannot stand so."));
    }
    if !(1_000..=10_000).contains(&segment.millis()) {
        return Err(bad("A segment is 1 to 10 s long."));
    }
    // Whole milliseconds: the playlist must be able to say it exactly.
    if part.micros() % 1_000 != 0 || part.millis() < 200 || part.micros() * 4 > segment.micros() {
        return Err(bad("A part is 200 ms to a quarter of a segment long, in whole milliseconds."));
    }
    if memory.micros() < 6_000_000 * target_duration(settings) || memory.millis() > 86_400_000 {
        return Err(bad("At least six target durations, at most a day, stay in memory."));
    }
    if gap < part || gap.millis() > 60_000 {
        return Err(bad("A gap is at least as long as a part, at most a minute."));
    }
    Ok(())
}
