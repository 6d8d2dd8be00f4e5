//! Requests to answers.

use crate::api::{Answer, Body, Cache, Head, Output, Request, RequestId, Stored, TrackId};
use crate::hls::Hls;
use crate::path::{Directives, Rendition, Resource};
use crate::playlist::{self, Variant, target_duration, targets};
use crate::shelf::{Complete, Shelf};
use crate::track::{Form, Rendered, Track};
use crate::waiting::Want;
use palco_base::{Class, Fault};
use std::hash::{DefaultHasher, Hasher};

/// The media types of segments and initialization sections.
const VIDEO: &str = "video/mp4";
const AUDIO: &str = "audio/mp4";

/// What becomes of a request at once.
enum Verdict {
    Answer(Answer),
    Wait(Want),
}

impl Hls {
    pub(crate) fn request(&mut self, request: Request, now: palco_base::MediaTime) {
        self.counters.requests += 1;
        let Request { id, resource, directives } = request;
        if self.waiting.contains(id) {
            let fault = Fault::invalid("request_id_in_use", "This request is waiting already.");
            self.waiting.remove(id);
            return self.answer(vec![id], Answer::Refused(fault));
        }
        match self.judge(resource, directives) {
            Verdict::Answer(answer) => self.answer(vec![id], answer),
            Verdict::Wait(_) if self.waiting.len() >= self.settings.max_waiting => {
                self.counters.refused += 1;
                let text = "Too many requests are waiting for this show.";
                self.answer(vec![id], Answer::Refused(Fault::unavailable("too_many_waiting", text)));
            }
            Verdict::Wait(want) => {
                self.waiting.add(id, want, now + targets(&self.settings, 3));
                self.counters.waiting_peak = self.counters.waiting_peak.max(self.waiting.len() as u64);
            }
        }
    }

    fn answer(&mut self, requests: Vec<RequestId>, answer: Answer) {
        if let Answer::Refused(fault) = &answer {
            match fault.class {
                Class::Invalid => self.counters.bad += requests.len() as u64,
                Class::NotFound => self.counters.not_found += requests.len() as u64,
                _ => {}
            }
        }
        self.outputs.push_back(Output::Answer { requests, answer });
    }

    /// Those who have waited three target durations get 503 (RFC 8216bis §6.2.5.2).
    pub(crate) fn expire(&mut self, now: palco_base::MediaTime) {
        let gone = self.waiting.expired(now);
        if !gone.is_empty() {
            self.counters.timed_out += gone.len() as u64;
            let text = "Nothing came for three target durations.";
            self.answer(gone, Answer::Refused(Fault::unavailable("not_in_time", text)));
        }
    }

    /// Answers all who wait for what is there now: those who want the same playlist together.
    pub(crate) fn wake(&mut self) {
        let mut ready: Vec<(TrackId, bool, Vec<RequestId>)> = Vec::new();
        for want in self.waiting.wants() {
            match want {
                Want::Multivariant if self.multivariant_ready() => {
                    let answer = self.multivariant();
                    let requests = self.waiting.take(want);
                    self.answer(requests, answer);
                }
                Want::Playlist { track, position, skip } if self.playlist_ready(track, position) => {
                    let requests = self.waiting.take(want);
                    match ready.iter_mut().find(|group| (group.0, group.1) == (track, skip)) {
                        Some(group) => group.2.extend(requests),
                        None => ready.push((track, skip, requests)),
                    }
                }
                Want::Part { track, msn, part } => {
                    if let Some(answer) = self.hinted(track, msn, part) {
                        let requests = self.waiting.take(want);
                        self.answer(requests, answer);
                    }
                }
                _ => {}
            }
        }
        for (track, skip, requests) in ready {
            let answer = self.media(track, skip, true);
            self.answer(requests, answer);
        }
    }

    fn judge(&mut self, resource: Resource, directives: Directives) -> Verdict {
        let track = match resource.rendition() {
            Some(name) => match self.track_named(name) {
                Some(track) => track,
                None => return Verdict::Answer(not_found("There is no such rendition.")),
            },
            None if self.multivariant_ready() => return Verdict::Answer(self.multivariant()),
            None => return Verdict::Wait(Want::Multivariant),
        };
        match resource {
            Resource::Multivariant => Verdict::Wait(Want::Multivariant),
            Resource::Playlist(_) => self.judge_playlist(track, directives),
            Resource::Init(_, number) => Verdict::Answer(self.init(track, number)),
            Resource::Segment(_, msn) => Verdict::Answer(self.segment(track, msn)),
            Resource::Part(_, msn, part) => match self.hinted(track, msn, part) {
                Some(answer) => Verdict::Answer(answer),
                None => Verdict::Wait(Want::Part { track, msn, part }),
            },
        }
    }

    fn track_named(&self, name: &Rendition) -> Option<TrackId> {
        self.ids().find(|id| self.tracks[id.0].shelf.name() == name)
    }

    /// RFC 8216bis §6.2.5.2.
    fn judge_playlist(&mut self, track: TrackId, directives: Directives) -> Verdict {
        let Directives { msn, part, skip } = directives;
        if self.ended {
            // Blocking directives mean nothing to a playlist that does not change any more.
            return Verdict::Answer(self.media(track, skip, false));
        }
        let position = match (msn, part) {
            (None, Some(_)) => {
                return Verdict::Answer(bad("part_without_msn", "_HLS_part needs _HLS_msn."));
            }
            (None, None) => None,
            (Some(msn), part) => Some((msn, part)),
        };
        if position.is_some_and(|(msn, part)| self.too_far(track, msn, part)) {
            return Verdict::Answer(bad("too_far", "The playlist is not as far as that yet."));
        }
        if self.playlist_ready(track, position) {
            return Verdict::Answer(self.media(track, skip, position.is_some()));
        }
        Verdict::Wait(Want::Playlist { track, position, skip })
    }

    /// Whether a request is so far ahead that it must be a mistake: more than two segments, or
    /// more than the Advance Part Limit.
    fn too_far(&self, track: TrackId, msn: u64, part: Option<u64>) -> bool {
        let shelf = &self.tracks[track.0].shelf;
        let next = shelf.last().map(|last| last + 1).or(shelf.first());
        let next = next.unwrap_or(self.timeline.last().unwrap_or(self.timeline.next()));
        if msn > next + 1 {
            return true;
        }
        let Some(part) = part else { return false };
        let target = self.settings.part.micros().max(1).unsigned_abs();
        let limit = if target < 1_000_000 { 3_000_000 / target } else { 3 };
        let there = shelf.open().filter(|open| open.segment.sequence == msn).map_or(0, |o| o.parts.len());
        // `there - 1` is the last part in the playlist. A part past the end of a segment that is
        // complete is a fair question.
        msn >= next && part >= there as u64 + limit
    }

    /// Whether the playlist of a track has the position, or can be given at all.
    fn playlist_ready(&self, track: TrackId, position: Option<(u64, Option<u64>)>) -> bool {
        let shelf = &self.tracks[track.0].shelf;
        let first = shelf.last().is_some();
        self.ended || (first && position.is_none_or(|(msn, part)| shelf.has(msn, part)))
    }

    /// The part, or that it is not there and does not come; none if it is hinted.
    fn hinted(&self, track: TrackId, msn: u64, part: u32) -> Option<Answer> {
        let state = &self.tracks[track.0];
        if let Some(found) = state.shelf.part(msn, part) {
            let etag = format!("\"{}-{msn}.{part}\"", state.shelf.name());
            return Some(Answer::Found { head: media_head(state, etag), body: found.bytes.clone().into() });
        }
        let hinted = !self.ended && state.shelf.hint() == Some((msn, part));
        (!hinted).then(|| not_found("There is no such part."))
    }

    fn init(&self, track: TrackId, number: u32) -> Answer {
        let state = &self.tracks[track.0];
        let head = media_head(state, format!("\"{}-init-{number}\"", state.shelf.name()));
        match state.inits.get(&number) {
            Some(bytes) => Answer::Found { head, body: bytes.clone().into() },
            None if number < state.next_init => {
                Answer::Stored { head, stored: Stored::Init { track, number } }
            }
            None => not_found("There is no such initialization section."),
        }
    }

    fn segment(&self, track: TrackId, msn: u64) -> Answer {
        let state = &self.tracks[track.0];
        let head = media_head(state, format!("\"{}-{msn}\"", state.shelf.name()));
        match state.shelf.complete_segment(msn) {
            Some(Complete::Here(bytes)) => Answer::Found { head, body: bytes.clone().into() },
            Some(Complete::Stored) => {
                Answer::Stored { head, stored: Stored::Segment { track, sequence: msn } }
            }
            Some(Complete::Gap) | None => not_found("There is no such segment."),
        }
    }

    /// The media playlist as it is now, written only if it has changed since.
    fn media(&mut self, track: TrackId, skip: bool, blocked: bool) -> Answer {
        let shelf = &self.tracks[track.0].shelf;
        let Some(first) = shelf.first() else { return not_found("The rendition never began.") };
        let version = shelf.version();
        let known = self.tracks[track.0].rendered[usize::from(skip)].clone();
        let rendered = match known.filter(|known| known.version == version) {
            Some(known) => known,
            None => {
                let others: Vec<&Shelf> =
                    self.ids().filter(|id| *id != track).map(|id| &self.tracks[id.0].shelf).collect();
                let what = playlist::Media {
                    settings: &self.settings,
                    shelf,
                    discontinuities: self.discontinuities.range(..first).count() as u64,
                    others: &others,
                    ended: self.ended,
                };
                let rendered = rendered(version, playlist::media(&what, skip));
                self.counters.renderings += 1;
                self.tracks[track.0].rendered[usize::from(skip)] = Some(rendered.clone());
                rendered
            }
        };
        // A blocking answer stands for what it was asked for; another is soon out of date.
        let seconds = if blocked || self.ended { 6 * self.seconds() } else { (self.seconds() / 2).max(1) };
        found(rendered, Cache::Seconds(seconds))
    }

    fn seconds(&self) -> u32 {
        u32::try_from(target_duration(&self.settings)).unwrap_or(1)
    }

    /// All renditions play, or one does for two segments already and nobody waits for the rest.
    fn multivariant_ready(&self) -> bool {
        let going = |track: &Track| track.init.is_some() && track.shelf.count() >= 2;
        self.ended || self.tracks.iter().all(Track::started) || self.tracks.iter().any(going)
    }

    fn multivariant(&mut self) -> Answer {
        let version = self.multivariant_version;
        let rendered = match self.multivariant.clone().filter(|known| known.version == version) {
            Some(known) => known,
            None => {
                let Some(text) = self.multivariant_text() else {
                    return not_found("The show never began.");
                };
                self.counters.renderings += 1;
                self.multivariant.insert(rendered(version, text)).clone()
            }
        };
        found(rendered, Cache::Seconds((self.seconds() / 2).max(1)))
    }

    fn multivariant_text(&self) -> Option<String> {
        let started = || self.tracks.iter().filter(|track| track.started());
        let audio = started().find(|track| !track.is_video());
        let variants: Vec<Variant> = started().filter_map(|track| variant(track, audio)).collect();
        let group = audio.and_then(|track| match &track.form {
            Form::Audio(config) => Some((uri(track), config.channels)),
            Form::Video(_) => None,
        });
        (!variants.is_empty()).then(|| playlist::multivariant(&variants, group))
    }
}

fn uri(track: &Track) -> Resource {
    Resource::Playlist(track.shelf.name().clone())
}

/// A track as a variant: a picture with the sound beside it, or the sound alone.
fn variant(track: &Track, audio: Option<&Track>) -> Option<Variant> {
    let beside = audio.filter(|_| track.is_video());
    let mut codecs = track.codec_string()?;
    if let Some(codec) = beside.and_then(Track::codec_string) {
        codecs = format!("{codecs},{codec}");
    }
    let sum = |of: fn(&Track) -> u64| of(track).saturating_add(beside.map_or(0, of));
    // Whole kilobits, so that the text does not change with every segment.
    let up = |rate: u64| rate.div_ceil(1_000).saturating_mul(1_000);
    Some(Variant {
        uri: uri(track),
        bandwidth: up(sum(|track| track.meter.peak())),
        average: up(sum(|track| track.meter.average())),
        codecs,
        picture: track.picture(),
    })
}

fn rendered(version: u64, text: String) -> Rendered {
    // The same text has the same tag, also in another process.
    let mut hasher = DefaultHasher::new();
    hasher.write(text.as_bytes());
    Rendered { version, etag: format!("\"{:016x}\"", hasher.finish()), body: Body::text(text) }
}

fn found(rendered: Rendered, cache: Cache) -> Answer {
    let head = Head { content_type: playlist::CONTENT_TYPE, cache, etag: rendered.etag };
    Answer::Found { head, body: rendered.body }
}

fn media_head(track: &Track, etag: String) -> Head {
    Head { content_type: if track.is_video() { VIDEO } else { AUDIO }, cache: Cache::Immutable, etag }
}

fn not_found(text: &str) -> Answer {
    Answer::Refused(Fault::not_found("no_such_resource", text))
}

fn bad(code: &'static str, text: &str) -> Answer {
    Answer::Refused(Fault::invalid(code, text))
}
