//! What texts and numbers may be. Each rule gives back the cleaned value or a fault.

use crate::Slate;
use palco_base::Fault;

/// Most hosts on air a show can be set to.
pub(crate) const MAX_ON_AIR: u8 = 9;
/// Performers of one show, all roles.
pub(crate) const MAX_PERFORMERS: usize = 64;
/// Clips of one show.
pub(crate) const MAX_CLIPS: usize = 500;
/// Longest fade.
pub(crate) const MAX_FADE_MILLIS: u32 = 5_000;

/// Trimmed, without control characters, 1 to `most` characters.
fn line(text: &str, most: usize, code: &'static str, what: &str) -> Result<String, Fault> {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let clean = clean.trim();
    if clean.is_empty() || clean.chars().count() > most {
        return Err(Fault::invalid(code, format!("{what} must have 1 to {most} characters.")));
    }
    Ok(clean.to_owned())
}

pub(crate) fn title(text: &str) -> Result<String, Fault> {
    line(text, 120, "title_invalid", "The title of a show")
}

pub(crate) fn performer_name(text: &str) -> Result<String, Fault> {
    line(text, 60, "name_invalid", "The name of a performer")
}

pub(crate) fn clip_name(text: &str) -> Result<String, Fault> {
    line(text, 200, "name_invalid", "The name of a clip")
}

pub(crate) fn description(text: &str) -> Result<String, Fault> {
    if text.chars().count() > 4_000 {
        return Err(Fault::invalid(
            "description_invalid",
            "The description must have at most 4000 characters.",
        ));
    }
    Ok(text.chars().filter(|c| !c.is_control() || *c == '\n').collect())
}

pub(crate) fn slate(slate: Slate) -> Result<Slate, Fault> {
    let short = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
    if short(&slate.title, 120) && short(&slate.text, 240) {
        return Ok(slate);
    }
    Err(Fault::invalid(
        "slate_invalid",
        "A slate takes a title of up to 120 characters and a text of up to 240.",
    ))
}

pub(crate) fn max_on_air(count: u8) -> Result<u8, Fault> {
    if (1..=MAX_ON_AIR).contains(&count) {
        return Ok(count);
    }
    Err(Fault::invalid("max_on_air_invalid", "A show can have 1 to 9 hosts on air."))
}

pub(crate) fn volume(volume: f32) -> Result<f32, Fault> {
    // NaN is in no range.
    if (0.0..=2.0).contains(&volume) {
        return Ok(volume);
    }
    Err(Fault::invalid("volume_invalid", "A volume is a number from 0 to 2; 1 leaves the sound as it is."))
}

/// `a-z`, `0-9` and single inner dashes, 1 to 60 characters, and not what could be an id.
pub(crate) fn slug(text: &str) -> Result<String, Fault> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let dashes = text.starts_with('-') || text.ends_with('-') || text.contains("--");
    let id_like = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if text.is_empty() || text.len() > 60 || !plain || dashes || id_like {
        return Err(Fault::invalid(
            "slug_invalid",
            "A show's name in addresses takes a-z, 0-9 and single dashes, up to 60.",
        )
        .hint("For example: friday-late-show"));
    }
    Ok(text.to_owned())
}

/// A slug made from a title: letters without their accents, digits, dashes between words.
#[must_use]
pub fn slugify(title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        let plain = unaccented(c);
        if plain.is_empty() {
            if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        } else {
            slug.push_str(plain.encode());
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() || self::slug(slug).is_err() { "show".to_owned() } else { slug.to_owned() }
}

/// The slug of a title, or that with the first number behind it that makes it free.
#[must_use]
pub fn free_slug(title: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain = slugify(title);
    if !taken(&plain) {
        return plain;
    }
    let numbered = (2u64..).map(|n| format!("{plain}-{n}")).find(|slug| !taken(slug));
    numbered.unwrap_or(plain)
}

/// What a character becomes in a slug.
struct Plain([u8; 2], usize);

impl Plain {
    fn is_empty(&self) -> bool {
        self.1 == 0
    }

    fn encode(&self) -> &str {
        std::str::from_utf8(&self.0[..self.1]).unwrap_or_default()
    }
}

fn unaccented(c: char) -> Plain {
    let one = |b: u8| Plain([b, 0], 1);
    match c {
        'a'..='z' | '0'..='9' => one(c as u8),
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' => one(b'a'),
        'ä' | 'æ' => Plain(*b"ae", 2),
        'ç' | 'ć' | 'č' => one(b'c'),
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => one(b'e'),
        'ì' | 'í' | 'î' | 'ï' | 'ī' => one(b'i'),
        'ñ' | 'ń' | 'ň' => one(b'n'),
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' => one(b'o'),
        'ö' | 'œ' => Plain(*b"oe", 2),
        'ù' | 'ú' | 'û' | 'ū' | 'ů' => one(b'u'),
        'ü' => Plain(*b"ue", 2),
        'ß' => Plain(*b"ss", 2),
        'ý' | 'ÿ' => one(b'y'),
        'š' | 'ś' => one(b's'),
        'ž' | 'ź' | 'ż' => one(b'z'),
        _ => Plain([0, 0], 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_of_titles() {
        for (title, slug) in [
            ("Friday Late Show!", "friday-late-show"),
            ("  Ñandú — el año  ", "nandu-el-ano"),
            ("Größe 10", "groesse-10"),
            ("夜", "show"),
            ("", "show"),
            ("--a--b--", "a-b"),
            ("0123456789abcdef", "show"),
        ] {
            assert_eq!(slugify(title), slug, "{title:?}");
            assert!(super::slug(&slugify(title)).is_ok());
        }
        assert!(super::slug(&slugify(&"ab ".repeat(100))).is_ok());
    }

    #[test]
    fn a_taken_slug_gets_a_number() {
        assert_eq!(free_slug("Show", |s| s == "show" || s == "show-2"), "show-3");
    }

    #[test]
    fn slugs_that_are_none() {
        for text in ["", "-a", "a-", "a--b", "A", "a b", "é", "00abcdef01234567", &"a".repeat(61)] {
            assert_eq!(super::slug(text).map_err(|f| f.code), Err("slug_invalid"), "{text:?}");
        }
    }

    #[test]
    fn volumes_that_are_none() {
        for v in [-0.1, 2.1, f32::NAN, f32::INFINITY] {
            assert!(volume(v).is_err(), "{v}");
        }
    }
}
