//! The names under `/hls/{show}/`: the one place that prints and reads them.
//!
//! | path below `/hls/{show}/` | what |
//! |---|---|
//! | `index.m3u8` | the multivariant playlist |
//! | `{rendition}.m3u8` | a media playlist |
//! | `{rendition}/init-{n}.mp4` | an initialization section |
//! | `{rendition}/{msn}.m4s` | a media segment |
//! | `{rendition}/{msn}.{part}.m4s` | a partial segment |
//!
//! URIs inside playlists are relative, and the same for every viewer: a grant never stands in a
//! playlist, or each viewer would need a rendering, and a cache in front could share nothing.
//! `hls.js` adds the grant to each request by itself (`xhrSetup`: a header, or `?g=…` on the URL),
//! native players of iOS send the site's cookie. [`Directives::parse`] reads over such parameters.

use palco_base::{Fault, ShowId};
use std::fmt;
use std::sync::Arc;

/// The name of a rendition, as it stands in paths: 1 to 32 of `a-z`, `0-9`, `-`, `_`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rendition(Arc<str>);

impl Rendition {
    /// Takes a name; none if it has other characters, is empty, longer than 32, or `index`.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let plain =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        // `index.m3u8` is taken.
        (plain && (1..=32).contains(&name.len()) && name != "index").then(|| Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Rendition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be asked for. Its `Display` is the path relative to the multivariant playlist.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Resource {
    /// The multivariant playlist.
    Multivariant,
    /// A rendition's media playlist.
    Playlist(Rendition),
    /// A rendition's initialization section with this number.
    Init(Rendition, u32),
    /// The media segment with this media sequence number.
    Segment(Rendition, u64),
    /// The partial segment: media sequence number of its parent, index in it from 0.
    Part(Rendition, u64, u32),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Multivariant => f.write_str("index.m3u8"),
            Self::Playlist(rendition) => write!(f, "{rendition}.m3u8"),
            Self::Init(rendition, number) => write!(f, "{rendition}/init-{number}.mp4"),
            Self::Segment(rendition, msn) => write!(f, "{rendition}/{msn}.m4s"),
            Self::Part(rendition, msn, part) => write!(f, "{rendition}/{msn}.{part}.m4s"),
        }
    }
}

impl Resource {
    /// Reads what stands after `/hls/{show}/`. Each resource has one spelling: no leading zeros
    /// and no signs, so that a cache keeps nothing twice.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        if path == "index.m3u8" {
            return Some(Self::Multivariant);
        }
        if let Some(name) = path.strip_suffix(".m3u8") {
            return Rendition::new(name).map(Self::Playlist);
        }
        let (name, file) = path.split_once('/')?;
        let rendition = Rendition::new(name)?;
        if let Some(number) = file.strip_prefix("init-") {
            let number = decimal(number.strip_suffix(".mp4")?)?;
            return Some(Self::Init(rendition, u32::try_from(number).ok()?));
        }
        let stem = file.strip_suffix(".m4s")?;
        match stem.split_once('.') {
            None => Some(Self::Segment(rendition, decimal(stem)?)),
            Some((msn, part)) => {
                Some(Self::Part(rendition, decimal(msn)?, u32::try_from(decimal(part)?).ok()?))
            }
        }
    }

    /// The absolute path for a show.
    #[must_use]
    pub fn path(&self, show: ShowId) -> String {
        format!("/hls/{show}/{self}")
    }

    /// Whose it is; none for the multivariant playlist.
    #[must_use]
    pub const fn rendition(&self) -> Option<&Rendition> {
        match self {
            Self::Multivariant => None,
            Self::Playlist(name) | Self::Init(name, _) | Self::Segment(name, _) | Self::Part(name, ..) => {
                Some(name)
            }
        }
    }
}

/// Reads an absolute path, without its query: show and resource. None if it is not one of ours.
#[must_use]
pub fn parse(path: &str) -> Option<(ShowId, Resource)> {
    let (show, resource) = path.strip_prefix("/hls/")?.split_once('/')?;
    Some((show.parse().ok()?, Resource::parse(resource)?))
}

/// A decimal number in its one spelling.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Delivery directives of a media playlist request (RFC 8216bis §6.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Directives {
    /// `_HLS_msn`: answer when this media segment, or the part of it, is in the playlist.
    pub msn: Option<u64>,
    /// `_HLS_part`: the part's index.
    pub part: Option<u64>,
    /// `_HLS_skip`: a playlist delta update is wanted.
    pub skip: bool,
}

impl Directives {
    /// Reads the query of a URL, without its `?`. Other parameters are read over.
    ///
    /// # Errors
    /// `bad_directive` if a directive of ours has no usable value or comes twice.
    pub fn parse(query: &str) -> Result<Self, Fault> {
        let mut found = Self::default();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let number = || {
                let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
                let value = if digits { value.parse::<u64>().ok() } else { None };
                value.ok_or_else(|| bad(format!("{key} needs a decimal number.")))
            };
            let twice = match key {
                "_HLS_msn" => found.msn.replace(number()?).is_some(),
                "_HLS_part" => found.part.replace(number()?).is_some(),
                // v2 also skips date ranges, of which there are none.
                "_HLS_skip" if value == "YES" || value == "v2" => std::mem::replace(&mut found.skip, true),
                "_HLS_skip" => return Err(bad("_HLS_skip is YES or v2.")),
                _ => false,
            };
            if twice {
                return Err(bad(format!("{key} comes twice.")));
            }
        }
        Ok(found)
    }
}

fn bad(text: impl Into<String>) -> Fault {
    Fault::invalid("bad_directive", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn resources() -> impl Strategy<Value = Resource> {
        let name = "[a-z0-9_-]{1,32}".prop_filter_map("a rendition", |name| Rendition::new(&name));
        (name, any::<u64>(), any::<u32>(), 0..5).prop_map(|(name, msn, part, which)| match which {
            0 => Resource::Multivariant,
            1 => Resource::Playlist(name),
            2 => Resource::Init(name, part),
            3 => Resource::Segment(name, msn),
            _ => Resource::Part(name, msn, part),
        })
    }

    proptest! {
        #[test]
        fn a_path_is_read_as_it_was_printed(resource in resources(), show in any::<u64>()) {
            let show = ShowId::new(show);
            prop_assert_eq!(parse(&resource.path(show)), Some((show, resource)));
        }

        #[test]
        fn any_text_is_one_resource_in_its_one_spelling_or_none(text in "[a-z0-9./+-]{0,24}") {
            if let Some(resource) = Resource::parse(&text) {
                prop_assert_eq!(resource.to_string(), text);
            }
        }

        #[test]
        fn any_query_is_read_or_refused(text in ".{0,64}") {
            let _ = Directives::parse(&text);
        }
    }

    #[test]
    fn another_spelling_is_no_path() {
        for text in [
            "",
            "index",
            "720p/01.m4s",
            "720p/+1.m4s",
            "720p/1..m4s",
            "720p/.m4s",
            "../1.m4s",
            "720p/init-.mp4",
            "720p/init-1.m4s",
            "A/1.m4s",
            "720p/1.2.3.m4s",
            "720p/99999999999999999999.m4s",
        ] {
            assert_eq!(Resource::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_grant_in_the_query_is_read_over() {
        let read = Directives::parse("g=abc.def&_HLS_msn=7&_HLS_part=0&_HLS_skip=v2").unwrap();
        assert_eq!(read, Directives { msn: Some(7), part: Some(0), skip: true });
        assert_eq!(Directives::parse("").unwrap(), Directives::default());
    }

    #[test]
    fn a_directive_without_a_sane_value_is_refused() {
        for query in [
            "_HLS_msn=",
            "_HLS_msn=-1",
            "_HLS_msn=+1",
            "_HLS_msn=1&_HLS_msn=2",
            "_HLS_part=x",
            "_HLS_skip=NO",
            "_HLS_msn=99999999999999999999",
        ] {
            assert_eq!(Directives::parse(query).unwrap_err().code, "bad_directive", "{query}");
        }
    }
}
