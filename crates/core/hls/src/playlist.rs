//! The text of playlists (RFC 8216bis §4).

use crate::api::Settings;
use crate::path::Resource;
use crate::shelf::Shelf;
use palco_base::{MediaTime, WallTime};
use std::fmt::{self, Write};

/// `application/vnd.apple.mpegurl`: the media type of playlists (RFC 8216bis §4).
pub(crate) const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";
/// 9 is the lowest with `EXT-X-SKIP` (§8); it has `EXT-X-GAP` and parts too.
const VERSION: u32 = 9;
/// Everything that counts in target or part target durations.
const HOLD_BACK: i64 = 3;
/// The same for the skip boundary.
const SKIP_UNTIL: i64 = 6;

/// `EXT-X-TARGETDURATION`: whole seconds.
pub(crate) fn target_duration(settings: &Settings) -> i64 {
    (settings.segment.micros() + 999_999).div_euclid(1_000_000)
}

/// A number of target durations.
pub(crate) fn targets(settings: &Settings, count: i64) -> MediaTime {
    MediaTime::from_millis(target_duration(settings) * 1_000 * count)
}

/// The skip boundary.
pub(crate) fn skip_boundary(settings: &Settings) -> MediaTime {
    targets(settings, SKIP_UNTIL)
}

/// Seconds with five digits after the point, rounded down: a part never looks longer than the
/// part target.
pub(crate) fn seconds(time: MediaTime) -> impl fmt::Display {
    let units = time.micros().max(0) / 10;
    fmt::from_fn(move |f| write!(f, "{}.{:05}", units / 100_000, units % 100_000))
}

/// A date as ISO 8601 with milliseconds, in UTC. Years before 1970 or after 9999 are cut off.
pub(crate) fn date(unix: MediaTime) -> impl fmt::Display {
    WallTime::from_unix_millis(unix.millis())
}

/// What a media playlist says besides its own segments.
pub(crate) struct Media<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) shelf: &'a Shelf,
    /// Discontinuities before its first segment.
    pub(crate) discontinuities: u64,
    /// The other renditions.
    pub(crate) others: &'a [&'a Shelf],
    /// Whether the show is over.
    pub(crate) ended: bool,
}

/// A media playlist; with `skip`, as a delta update if there is something to leave out.
pub(crate) fn media(what: &Media<'_>, skip: bool) -> String {
    let Media { settings, shelf, discontinuities, others, ended } = *what;
    let skipped = if skip { shelf.skippable() } else { 0 };
    let mut text = String::with_capacity(shelf.text_size(skipped));
    text.push_str("#EXTM3U\n");
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "#EXT-X-VERSION:{VERSION}");
    let _ = writeln!(text, "#EXT-X-TARGETDURATION:{}", target_duration(settings));
    let part_hold_back = MediaTime::from_micros(settings.part.micros() * HOLD_BACK);
    let _ = writeln!(
        text,
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={},HOLD-BACK={},CAN-SKIP-UNTIL={}",
        seconds(part_hold_back),
        seconds(targets(settings, HOLD_BACK)),
        seconds(skip_boundary(settings)),
    );
    let _ = writeln!(text, "#EXT-X-PART-INF:PART-TARGET={}", seconds(settings.part));
    let _ = writeln!(text, "#EXT-X-MEDIA-SEQUENCE:{}", shelf.first().unwrap_or(0));
    let _ = writeln!(text, "#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}");
    text.push_str("#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    if skipped > 0 {
        let _ = writeln!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
    }
    shelf.write(skipped, &mut text);
    if ended {
        text.push_str("#EXT-X-ENDLIST\n");
        return text;
    }
    if let Some((msn, part)) = shelf.hint() {
        let uri = Resource::Part(shelf.name().clone(), msn, part);
        let _ = writeln!(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"");
    }
    for other in others {
        let Some((msn, part)) = other.newest() else { continue };
        let uri = Resource::Playlist(other.name().clone());
        let _ = write!(text, "#EXT-X-RENDITION-REPORT:URI=\"{uri}\",LAST-MSN={msn}");
        if let Some(part) = part {
            let _ = write!(text, ",LAST-PART={part}");
        }
        text.push('\n');
    }
    text
}

/// One `EXT-X-STREAM-INF`.
pub(crate) struct Variant {
    pub(crate) uri: Resource,
    /// Peak, bits per second.
    pub(crate) bandwidth: u64,
    /// Bits per second.
    pub(crate) average: u64,
    pub(crate) codecs: String,
    /// Pixels and frames per second, if there is a picture.
    pub(crate) picture: Option<(u32, u32, f64)>,
}

/// The multivariant playlist. With `audio`, its playlist and number of channels, all variants use
/// it as their audio group.
pub(crate) fn multivariant(variants: &[Variant], audio: Option<(Resource, u8)>) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{VERSION}\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    if let Some((uri, channels)) = &audio {
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Program\",DEFAULT=YES,AUTOSELECT=YES,\
             CHANNELS=\"{channels}\",URI=\"{uri}\""
        );
    }
    for variant in variants {
        let Variant { uri, bandwidth, average, codecs, picture } = variant;
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},AVERAGE-BANDWIDTH={average},CODECS=\"{codecs}\""
        );
        if let Some((width, height, rate)) = picture {
            let _ = write!(text, ",RESOLUTION={width}x{height},FRAME-RATE={rate:.3}");
        }
        // In all or in none of them (§4.4.6.2).
        text.push_str(",CLOSED-CAPTIONS=NONE");
        if audio.is_some() {
            text.push_str(",AUDIO=\"audio\"");
        }
        let _ = writeln!(text, "\n{uri}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_164_799, "2024-02-28T23:59:59.000Z"),
            (1_709_251_200, "2024-03-01T00:00:00.000Z"),
            (1_795_391_957, "2026-11-22T23:59:17.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
            (i64::MAX / 1_000_000, "9999-12-31T23:59:59.999Z"),
            (-5, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(date(MediaTime::from_micros(seconds.saturating_mul(1_000_000))).to_string(), text);
        }
    }

    #[test]
    fn seconds_are_rounded_down() {
        assert_eq!(seconds(MediaTime::from_micros(333_339)).to_string(), "0.33333");
        assert_eq!(seconds(MediaTime::from_micros(2_000_000)).to_string(), "2.00000");
        assert_eq!(seconds(MediaTime::from_micros(-1)).to_string(), "0.00000");
    }
}
