//! A strict reader of media playlists, written from RFC 8216bis and not from the writer: it
//! refuses what it does not know, and what breaks a rule that one playlist can break.

use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) duration: f64,
    pub(crate) uri: String,
    pub(crate) independent: bool,
}

#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Segment {
    pub(crate) duration: f64,
    pub(crate) uri: String,
    /// Milliseconds of the day and the day as text: enough to compare.
    pub(crate) date: String,
    pub(crate) discontinuity: bool,
    pub(crate) map: String,
    pub(crate) gap: bool,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Playlist {
    pub(crate) target: f64,
    pub(crate) part_target: f64,
    pub(crate) control: BTreeMap<String, String>,
    pub(crate) sequence: u64,
    pub(crate) discontinuity_sequence: u64,
    pub(crate) skipped: u64,
    pub(crate) segments: Vec<Segment>,
    /// The segment that is not complete.
    pub(crate) open: Option<Segment>,
    pub(crate) hint: Option<String>,
    pub(crate) reports: Vec<BTreeMap<String, String>>,
    pub(crate) ended: bool,
}

impl Playlist {
    pub(crate) fn last(&self) -> u64 {
        self.sequence + self.segments.len() as u64 - 1
    }

    /// By media sequence number.
    pub(crate) fn segment(&self, msn: u64) -> &Segment {
        &self.segments[usize::try_from(msn - self.sequence).unwrap()]
    }

    pub(crate) fn open_parts(&self) -> usize {
        self.open.as_ref().map_or(0, |open| open.parts.len())
    }
}

/// An attribute list (§4.2): each name once, quoted strings without quotes in the result.
pub(crate) fn attributes(text: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').expect("an attribute has a value");
        assert!(name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'), "{name:?}");
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').expect("a quoted string ends"),
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        assert!(!value.is_empty(), "{name} is empty in {text}");
        assert!(all.insert(name.to_owned(), value.to_owned()).is_none(), "{name} twice in {text}");
        rest = match after.strip_prefix(',') {
            Some(more) => {
                assert!(!more.is_empty(), "a comma at the end of {text}");
                more
            }
            None => {
                assert!(after.is_empty(), "{after:?} after a value in {text}");
                after
            }
        };
    }
    all
}

fn number(text: &str) -> f64 {
    assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{text:?} is a decimal number");
    text.parse().unwrap()
}

fn integer(text: &str) -> u64 {
    assert!(text.bytes().all(|b| b.is_ascii_digit()), "{text:?} is a decimal integer");
    text.parse().unwrap()
}

/// What a segment's tags have said so far.
#[derive(Default)]
struct Ahead {
    segment: Segment,
    extinf: Option<f64>,
    map: String,
}

/// Reads a media playlist.
///
/// # Panics
/// With a reason, if a rule is broken.
pub(crate) fn parse(text: &str) -> Playlist {
    assert!(text.ends_with('\n') && !text.contains('\r'));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("#EXTM3U"));
    let mut playlist = Playlist::default();
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut ahead = Ahead::default();
    for line in lines {
        assert!(!playlist.ended, "{line} after EXT-X-ENDLIST");
        let Some(tag) = line.strip_prefix('#') else {
            uri(line, &mut playlist, &mut ahead);
            continue;
        };
        let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
        *seen.entry(name.to_owned()).or_default() += 1;
        if !segment_tag(name, value, &mut ahead, &playlist) {
            playlist_tag(name, value, &mut playlist);
        }
    }
    assert!(ahead.extinf.is_none(), "an EXTINF without URI");
    if ahead.segment != (Segment { map: ahead.segment.map.clone(), ..Segment::default() }) {
        ahead.segment.map.clone_from(&ahead.map);
        playlist.open = Some(ahead.segment);
    }
    for (name, count) in &seen {
        let many = [
            "EXTINF",
            "EXT-X-PART",
            "EXT-X-MAP",
            "EXT-X-PROGRAM-DATE-TIME",
            "EXT-X-DISCONTINUITY",
            "EXT-X-GAP",
            "EXT-X-RENDITION-REPORT",
        ];
        assert!(*count == 1 || many.contains(&name.as_str()), "{name} stands {count} times");
    }
    for name in [
        "EXT-X-VERSION",
        "EXT-X-TARGETDURATION",
        "EXT-X-SERVER-CONTROL",
        "EXT-X-PART-INF",
        "EXT-X-MEDIA-SEQUENCE",
    ] {
        assert!(seen.contains_key(name), "{name} is missing");
    }
    rules(&playlist);
    playlist
}

fn uri(line: &str, playlist: &mut Playlist, ahead: &mut Ahead) {
    assert!(!line.is_empty(), "no blank lines");
    assert!(
        !line.starts_with('/') && !line.contains("://") && !line.contains('?'),
        "{line} is relative and bare"
    );
    let mut segment = std::mem::take(&mut ahead.segment);
    segment.duration = ahead.extinf.take().expect("EXTINF before a URI");
    line.clone_into(&mut segment.uri);
    segment.map.clone_from(&ahead.map);
    assert!(!segment.map.is_empty() || playlist.skipped > 0, "EXT-X-MAP before the first segment");
    assert!(!segment.date.is_empty(), "PROGRAM-DATE-TIME in all");
    playlist.segments.push(segment);
}

fn segment_tag(name: &str, value: &str, ahead: &mut Ahead, playlist: &Playlist) -> bool {
    match name {
        "EXTINF" => {
            let duration = number(value.strip_suffix(',').expect("a comma ends the duration"));
            assert!(ahead.extinf.replace(duration).is_none());
        }
        "EXT-X-PART" => {
            assert!(ahead.extinf.is_none(), "parts stand before EXTINF");
            let all = attributes(value);
            let known = ["DURATION", "URI", "INDEPENDENT"];
            assert!(all.keys().all(|key| known.contains(&key.as_str())), "{all:?}");
            let independent = all.get("INDEPENDENT").is_some_and(|yes| yes == "YES");
            assert!(independent || !all.contains_key("INDEPENDENT"));
            let part = Part { duration: number(&all["DURATION"]), uri: all["URI"].clone(), independent };
            ahead.segment.parts.push(part);
        }
        "EXT-X-MAP" => {
            assert!(ahead.segment.parts.is_empty(), "EXT-X-MAP applies to the parts too");
            let mut all = attributes(value);
            ahead.map = all.remove("URI").unwrap();
            assert!(all.is_empty());
        }
        "EXT-X-PROGRAM-DATE-TIME" => {
            assert!(ahead.segment.parts.is_empty() && ahead.segment.date.is_empty());
            assert!(value.len() == 24 && value.ends_with('Z'), "{value}");
            value.clone_into(&mut ahead.segment.date);
        }
        "EXT-X-DISCONTINUITY" => {
            assert!(ahead.segment.parts.is_empty() && value.is_empty());
            assert!(!std::mem::replace(&mut ahead.segment.discontinuity, true));
        }
        "EXT-X-GAP" => ahead.segment.gap = true,
        _ => return false,
    }
    assert!(playlist.hint.is_none() && playlist.reports.is_empty(), "{name} after the hint");
    true
}

fn playlist_tag(name: &str, value: &str, playlist: &mut Playlist) {
    let before_segments = playlist.segments.is_empty();
    match name {
        "EXT-X-VERSION" => assert!(integer(value) >= 9, "EXT-X-SKIP needs version 9"),
        "EXT-X-TARGETDURATION" => playlist.target = integer(value) as f64,
        "EXT-X-SERVER-CONTROL" => playlist.control = attributes(value),
        "EXT-X-PART-INF" => playlist.part_target = number(&attributes(value)["PART-TARGET"]),
        "EXT-X-MEDIA-SEQUENCE" => {
            assert!(before_segments, "{name} stands before the segments");
            playlist.sequence = integer(value);
        }
        "EXT-X-DISCONTINUITY-SEQUENCE" => {
            assert!(before_segments, "{name} stands before the segments");
            playlist.discontinuity_sequence = integer(value);
        }
        "EXT-X-PLAYLIST-TYPE" => assert_eq!(value, "EVENT"),
        "EXT-X-INDEPENDENT-SEGMENTS" => assert!(value.is_empty()),
        "EXT-X-SKIP" => {
            assert!(before_segments);
            playlist.skipped = integer(&attributes(value)["SKIPPED-SEGMENTS"]);
            assert!(playlist.skipped > 0);
        }
        "EXT-X-PRELOAD-HINT" => {
            let all = attributes(value);
            assert_eq!(all["TYPE"], "PART");
            assert_eq!(all.len(), 2);
            playlist.hint = Some(all["URI"].clone());
        }
        "EXT-X-RENDITION-REPORT" => {
            let all = attributes(value);
            assert!(all.contains_key("URI") && all.contains_key("LAST-MSN"));
            playlist.reports.push(all);
        }
        "EXT-X-ENDLIST" => playlist.ended = true,
        _ => panic!("{name} is not known"),
    }
}

/// What holds in every playlist.
fn rules(playlist: &Playlist) {
    let Playlist { target, part_target, control, .. } = playlist;
    assert!(*part_target > 0.0);
    assert!(control["CAN-BLOCK-RELOAD"] == "YES");
    assert!(number(&control["PART-HOLD-BACK"]) >= 3.0 * part_target - 1e-9, "PART-HOLD-BACK");
    assert!(number(&control["HOLD-BACK"]) >= 3.0 * target, "HOLD-BACK");
    assert!(number(&control["CAN-SKIP-UNTIL"]) >= 6.0 * target, "skip boundary");
    assert_eq!(playlist.hint.is_none(), playlist.ended, "a hint until the end");
    let complete = playlist.segments.iter().map(|segment| (segment, true));
    let mut date = "";
    for (segment, complete) in complete.chain(playlist.open.iter().map(|open| (open, false))) {
        assert!(segment.duration.round() <= *target, "EXTINF {} rounds above the target", segment.duration);
        assert!(!segment.gap || segment.parts.is_empty());
        assert!(segment.date.as_str() >= date, "dates go on: {} after {date}", segment.date);
        date = &segment.date;
        for (index, part) in segment.parts.iter().enumerate() {
            assert!(part.duration <= *part_target, "part of {}", part.duration);
            let last = complete && index + 1 == segment.parts.len();
            assert!(
                last || part.duration >= 0.85 * part_target,
                "part of {} in {}",
                part.duration,
                segment.uri
            );
        }
        let parts: f64 = segment.parts.iter().map(|part| part.duration).sum();
        assert!(!complete || parts <= segment.duration + 1e-3, "{parts} s of parts in {}", segment.duration);
    }
    // Parts only near the end: three target durations, and what the segment they begin in has.
    let mut behind: f64 = playlist.open.iter().flat_map(|open| &open.parts).map(|part| part.duration).sum();
    for segment in playlist.segments.iter().rev() {
        assert!(
            segment.parts.is_empty() || behind <= 3.0 * target + 1.5 * target,
            "parts {behind} s from the end"
        );
        behind += segment.duration;
    }
}

/// What was skipped has no parts any more.
fn bare(segments: &[Segment]) -> Vec<Segment> {
    segments.iter().map(|segment| Segment { parts: Vec::new(), ..segment.clone() }).collect()
}

/// Puts a delta update on what a client has (§6.3.7).
pub(crate) fn merge(have: &Playlist, delta: Playlist) -> Playlist {
    if delta.skipped == 0 {
        return delta;
    }
    let from = usize::try_from(delta.sequence - have.sequence).unwrap();
    let kept = &have.segments[from..from + usize::try_from(delta.skipped).unwrap()];
    let mut map = kept.last().unwrap().map.clone();
    let mut merged = Playlist { segments: bare(kept), skipped: 0, ..delta.clone() };
    for mut segment in delta.segments.into_iter().chain(delta.open) {
        if segment.map.is_empty() {
            segment.map.clone_from(&map);
        }
        map.clone_from(&segment.map);
        if segment.uri.is_empty() { merged.open = Some(segment) } else { merged.segments.push(segment) }
    }
    merged
}

/// What holds from one playlist of a rendition to a later one (§6.2.1, §6.2.2).
pub(crate) fn follows(before: &Playlist, after: &Playlist) {
    assert!(!before.ended || after.ended, "the end is the end");
    assert_eq!(before.target, after.target, "the target duration MUST NOT change");
    assert_eq!(before.part_target, after.part_target);
    assert_eq!(before.control, after.control);
    assert_eq!(before.sequence, after.sequence, "EVENT: nothing is taken away");
    assert_eq!(before.discontinuity_sequence, after.discontinuity_sequence);
    assert!(before.segments.len() <= after.segments.len());
    let same = |a: &Segment, b: &Segment| {
        let bare = |s: &Segment| Segment { parts: Vec::new(), ..s.clone() };
        assert_eq!(bare(a), bare(b), "segments never change");
        assert!(b.parts.is_empty() || a.parts == b.parts, "parts never change");
    };
    // All of them, if few; else the end and a sample: the long show has 7,200.
    let count = before.segments.len();
    for index in (0..count).filter(|index| count < 400 || index + 60 > count || index % 97 == 0) {
        same(&before.segments[index], &after.segments[index]);
    }
    if let Some(open) = &before.open {
        let later = after.segments.get(count).or(after.open.as_ref()).expect("an open segment goes on");
        assert!(later.parts.is_empty() || later.parts.starts_with(&open.parts), "parts are only added");
        assert_eq!(
            (&open.date, &open.map, open.discontinuity),
            (&later.date, &later.map, later.discontinuity)
        );
    }
}
