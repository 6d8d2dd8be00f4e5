//! Reading playlists (RFC 8216bis), as far as a player of ours needs them.

use palco_base::{Fault, MediaTime, WallTime};

/// What the multivariant playlist names: the first variant and its sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The variant's playlist.
    pub(super) variant: String,
    /// The playlist of its audio group, if it has one.
    pub(super) audio: Option<String>,
}

/// A partial segment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) uri: String,
    pub(super) duration: MediaTime,
    pub(super) independent: bool,
}

/// A segment, or the beginning of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Segment {
    pub(super) msn: u64,
    /// None while it is being cut.
    pub(super) uri: Option<String>,
    pub(super) duration: MediaTime,
    /// `EXT-X-PROGRAM-DATE-TIME`, since 1970.
    pub(super) starts: MediaTime,
    /// The initialization section, if it is named here.
    pub(super) map: Option<String>,
    pub(super) parts: Vec<Part>,
    pub(super) gap: bool,
}

/// A media playlist.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Playlist {
    pub(super) target: MediaTime,
    pub(super) can_block: bool,
    pub(super) can_skip: bool,
    /// How far behind the end to play.
    pub(super) hold_back: MediaTime,
    pub(super) segments: Vec<Segment>,
    pub(super) ended: bool,
}

fn not_hls(what: &str) -> Fault {
    Fault::unavailable("playlist_broken", format!("The playlist is broken: {what}."))
}

/// The value of an attribute, without its quotes.
fn attribute<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = list;
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').map(|(v, n)| (v, n.strip_prefix(',').unwrap_or(n)))?,
            None => after.split_once(',').unwrap_or((after, "")),
        };
        if key.trim() == name {
            return Some(value);
        }
        rest = next;
    }
    None
}

fn seconds(text: &str) -> Option<MediaTime> {
    let seconds: f64 = text.trim().parse().ok()?;
    #[allow(clippy::cast_possible_truncation)] // Checked to be some sane time.
    (0.0..1e9).contains(&seconds).then(|| MediaTime::from_micros((seconds * 1e6).round() as i64))
}

/// A date and time since 1970, as Palco writes it.
fn date(text: &str) -> Option<MediaTime> {
    WallTime::parse(text.trim()).map(|time| MediaTime::from_millis(time.unix_millis()))
}

fn lines(text: &str) -> Result<impl Iterator<Item = &str>, Fault> {
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    match lines.next() {
        Some("#EXTM3U") => Ok(lines),
        _ => Err(not_hls("it does not begin with #EXTM3U")),
    }
}

impl Choice {
    /// Reads a multivariant playlist. The first variant is the one the server likes best.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let (mut variant, mut group, mut audios) = (None, None, Vec::new());
        let mut lines = lines(text)?;
        while let Some(line) = lines.next() {
            if let Some(list) = line.strip_prefix("#EXT-X-MEDIA:") {
                if attribute(list, "TYPE") == Some("AUDIO") {
                    audios.push((attribute(list, "GROUP-ID"), attribute(list, "URI")));
                }
            } else if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:")
                && variant.is_none()
            {
                group = attribute(list, "AUDIO");
                variant = lines.find(|line| !line.starts_with('#')).map(str::to_owned);
            }
        }
        let audio =
            audios.into_iter().find(|(id, _)| group.is_some() && *id == group).and_then(|(_, uri)| uri);
        Ok(Self {
            variant: variant.ok_or_else(|| not_hls("it has no variant"))?,
            audio: audio.map(str::to_owned),
        })
    }
}

impl Playlist {
    /// Reads a media playlist.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let mut playlist = Self::default();
        let (mut msn, mut open, mut begun) = (0, Segment::default(), false);
        let mut clock = None;
        for line in lines(text)? {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            match tag {
                "#EXT-X-TARGETDURATION" => playlist.target = seconds(value).ok_or_else(|| not_hls(line))?,
                "#EXT-X-SERVER-CONTROL" => playlist.control(value),
                "#EXT-X-MEDIA-SEQUENCE" => msn = value.parse().map_err(|_| not_hls(line))?,
                "#EXT-X-SKIP" => {
                    let skipped = attribute(value, "SKIPPED-SEGMENTS").and_then(|n| n.parse::<u64>().ok());
                    msn += skipped.ok_or_else(|| not_hls(line))?;
                }
                "#EXT-X-MAP" => open.map = attribute(value, "URI").map(str::to_owned),
                "#EXT-X-PROGRAM-DATE-TIME" => clock = Some(date(value).ok_or_else(|| not_hls(line))?),
                "#EXT-X-GAP" => open.gap = true,
                "#EXT-X-PART" => {
                    open.parts.push(Part::read(value).ok_or_else(|| not_hls(line))?);
                    begun = true;
                }
                "#EXTINF" => {
                    let duration = value.split(',').next().and_then(seconds);
                    open.duration = duration.ok_or_else(|| not_hls(line))?;
                }
                "#EXT-X-ENDLIST" => playlist.ended = true,
                _ if line.starts_with('#') => {}
                uri => {
                    let starts = clock.ok_or_else(|| not_hls("a segment without PROGRAM-DATE-TIME"))?;
                    clock = Some(starts + open.duration);
                    let done =
                        Segment { msn, starts, uri: Some(uri.to_owned()), ..std::mem::take(&mut open) };
                    playlist.segments.push(done);
                    (msn, begun) = (msn + 1, false);
                }
            }
        }
        if begun {
            let starts = clock.ok_or_else(|| not_hls("parts without PROGRAM-DATE-TIME"))?;
            playlist.segments.push(Segment { msn, starts, ..open });
        }
        Ok(playlist)
    }

    fn control(&mut self, value: &str) {
        self.can_block = attribute(value, "CAN-BLOCK-RELOAD") == Some("YES");
        self.can_skip = attribute(value, "CAN-SKIP-UNTIL").is_some();
        let back = attribute(value, "PART-HOLD-BACK").or(attribute(value, "HOLD-BACK"));
        self.hold_back = back.and_then(seconds).unwrap_or_default();
    }

    /// Where the newest media ends.
    pub(super) fn end(&self) -> Option<MediaTime> {
        self.segments.last().map(Segment::end)
    }

    /// What to ask for next: `_HLS_msn`, `_HLS_part`.
    pub(super) fn next(&self) -> Option<(u64, usize)> {
        let last = self.segments.last()?;
        Some(if last.uri.is_some() { (last.msn + 1, 0) } else { (last.msn, last.parts.len()) })
    }
}

impl Part {
    fn read(list: &str) -> Option<Self> {
        Some(Self {
            uri: attribute(list, "URI")?.to_owned(),
            duration: attribute(list, "DURATION").and_then(seconds)?,
            independent: attribute(list, "INDEPENDENT") == Some("YES"),
        })
    }
}

impl Segment {
    pub(super) fn end(&self) -> MediaTime {
        if self.uri.is_some() {
            return self.starts + self.duration;
        }
        self.parts.iter().fold(self.starts, |at, part| at + part.duration)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Segments of two seconds with parts of half a second, the last one open.
    pub(in crate::hls) fn live(first: u64, last: u64, open_parts: usize) -> String {
        let mut text = format!(
            "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,\
             PART-HOLD-BACK=1.50000,HOLD-BACK=6.00000,CAN-SKIP-UNTIL=12.00000\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
             #EXT-X-MAP:URI=\"v/init-0.mp4\"\n"
        );
        for msn in first..=last {
            let parts = if msn == last { open_parts } else { 4 };
            let (minute, second) = (msn * 2 / 60, msn * 2 % 60);
            text += &format!("#EXT-X-PROGRAM-DATE-TIME:2026-11-22T00:{minute:02}:{second:02}.000Z\n");
            for part in 0..parts {
                let independent = if part == 0 { ",INDEPENDENT=YES" } else { "" };
                text += &format!("#EXT-X-PART:DURATION=0.50000,URI=\"v/{msn}.{part}.m4s\"{independent}\n");
            }
            if msn < last {
                text += &format!("#EXTINF:2.00000,\nv/{msn}.m4s\n");
            }
        }
        text
    }

    #[test]
    fn the_first_variant_and_its_sound() {
        let text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x,y\",URI=\"a.m3u8\"\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=9,CODECS=\"avc1,mp4a\",AUDIO=\"a\"\nv.m3u8\n\
                    #EXT-X-STREAM-INF:BANDWIDTH=1\nw.m3u8\n";
        let choice = Choice { variant: "v.m3u8".into(), audio: Some("a.m3u8".into()) };
        assert_eq!(Choice::read(text).unwrap(), choice);
        assert!(Choice::read("#EXTM3U\n").is_err());
        assert!(Choice::read("<html>").is_err());
    }

    #[test]
    fn a_live_playlist_is_read() {
        let playlist = Playlist::read(&live(3, 5, 2)).unwrap();
        assert_eq!(playlist.hold_back, MediaTime::from_millis(1_500));
        assert!(playlist.can_block && playlist.can_skip && !playlist.ended);
        let msns: Vec<u64> = playlist.segments.iter().map(|s| s.msn).collect();
        assert_eq!(msns, [3, 4, 5]);
        assert_eq!(playlist.segments[0].map.as_deref(), Some("v/init-0.mp4"));
        assert_eq!(playlist.next(), Some((5, 2)));
        let (start, end) = (playlist.segments[0].starts, playlist.end().unwrap());
        assert_eq!(end - start, MediaTime::from_millis(5_000));
    }

    #[test]
    fn a_delta_update_counts_what_it_leaves_out() {
        let text = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:10\n#EXT-X-SKIP:SKIPPED-SEGMENTS=5\n\
                    #EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:01.5+00:00\n#EXTINF:2.0,\na\n#EXTINF:2.0,\nb\n#EXT-X-ENDLIST\n";
        let playlist = Playlist::read(text).unwrap();
        assert_eq!(playlist.segments[1].msn, 16);
        assert_eq!(playlist.segments[1].starts, MediaTime::from_millis(3_500));
        assert_eq!((playlist.next(), playlist.ended), (Some((17, 0)), true));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T00:00:00.250Z", Some(951_782_400_250)),
            ("2026-11-22T23:59:17.000Z", Some(1_795_391_957_000)),
            ("2026-11-23T01:59:17+02:00", Some(1_795_391_957_000)),
            ("2026-13-01T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(date(text).map(MediaTime::millis), millis, "{text}");
        }
    }
}
