//! The font, and how wide a text is in it.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use palco_base::Fault;
use rustybuzz::{Direction, Face, UnicodeBuffer};
use std::fmt;

/// The fonts that paper is printed in.
#[derive(Clone)]
pub struct Fonts {
    font: Font,
    bytes: Vec<u8>,
}

impl fmt::Debug for Fonts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fonts").finish_non_exhaustive()
    }
}

impl Fonts {
    /// From the bytes of one TrueType or OpenType file. A file of the house's own, not of
    /// strangers': it is trusted.
    ///
    /// What the font has no picture for is drawn as its box for missing characters; text is
    /// written from left to right whatever the script.
    ///
    /// # Errors
    /// `font_invalid` if it is not a font.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Fault> {
        let invalid = || Fault::invalid("font_invalid", "The font for tickets cannot be read.");
        Face::from_slice(&bytes, 0).ok_or_else(invalid)?;
        let font = Font::new(bytes.clone().into(), 0).ok_or_else(invalid)?;
        Ok(Self { font, bytes })
    }

    /// The font, ready to measure with.
    pub(crate) fn pen(&self) -> Option<Pen<'_>> {
        Some(Pen { face: Face::from_slice(&self.bytes, 0)?, font: &self.font })
    }
}

/// A font ready to measure with.
pub(crate) struct Pen<'a> {
    face: Face<'a>,
    pub(crate) font: &'a Font,
}

/// One line of text as glyphs.
pub(crate) struct Shaped {
    pub(crate) text: String,
    pub(crate) glyphs: Vec<KrillaGlyph>,
    /// In ems.
    pub(crate) width: f32,
}

impl Pen<'_> {
    /// The glyphs of one line. Line breaks and other control characters are spaces.
    pub(crate) fn shape(&self, text: &str) -> Shaped {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        // The rest of the layout counts on it; without a font for the script nothing is gained by
        // the other direction.
        buffer.set_direction(Direction::LeftToRight);
        let shaped = rustybuzz::shape(&self.face, &[], buffer);
        #[allow(clippy::cast_precision_loss, reason = "font units are small")]
        let em = |units: i32| units as f32 / self.face.units_per_em() as f32;
        let infos = shaped.glyph_infos();
        let mut glyphs = Vec::with_capacity(infos.len());
        let mut width = 0.0;
        for (at, (info, place)) in infos.iter().zip(shaped.glyph_positions()).enumerate() {
            let start = info.cluster as usize;
            let next = infos[at..].iter().map(|later| later.cluster as usize).find(|later| *later > start);
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                em(place.x_advance),
                em(place.x_offset),
                em(place.y_offset),
                em(place.y_advance),
                start..next.unwrap_or(text.len()),
                None,
            ));
            width += em(place.x_advance);
        }
        Shaped { text, glyphs, width }
    }

    /// Breaks a text into lines of at most `width` ems, at most `most` of them; what does not fit
    /// ends in an ellipsis. Words that are too long are cut. Empty text is no line.
    pub(crate) fn wrap(&self, text: &str, width: f32, most: usize) -> Vec<Shaped> {
        let mut lines: Vec<String> = Vec::new();
        let fits = |text: &str| self.shape(text).width <= width;
        let mut line = String::new();
        for word in text.split_whitespace() {
            if lines.len() > most {
                break;
            }
            let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&longer) {
                line = longer;
                continue;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                line.push(c);
                // A line keeps at least one character, however narrow the place.
                if line.chars().count() > 1 && !fits(&line) {
                    line.pop();
                    lines.push(std::mem::replace(&mut line, c.to_string()));
                    if lines.len() > most {
                        break;
                    }
                }
            }
        }
        if !line.is_empty() {
            lines.push(line);
        }
        if lines.len() > most {
            lines.truncate(most);
            if let Some(last) = lines.last_mut() {
                while !last.is_empty() && !fits(&format!("{last}…")) {
                    last.pop();
                }
                last.push('…');
            }
        }
        lines.iter().map(|line| self.shape(line)).collect()
    }
}
