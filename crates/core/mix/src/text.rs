//! Text as masks. Without a font there is no text, and nothing fails.

use crate::draw::Mask;
use ab_glyph::{Font as _, FontVec, PxScale, ScaleFont as _, point};
use std::collections::HashMap;
use std::sync::Arc;

/// More different texts than a stage ever shows; beyond, the cache starts again.
const CACHED: usize = 64;
/// A longer text is cut before it is laid out.
const LONGEST: usize = 200;

/// Writes text with the one font it was given.
#[derive(Default)]
pub(crate) struct Writer {
    font: Option<FontVec>,
    cache: HashMap<(String, u32, u32), Option<Arc<Mask>>>,
}

impl Writer {
    /// Takes a TrueType or OpenType font; `false` if it is none.
    pub(crate) fn font(&mut self, bytes: Vec<u8>) -> bool {
        self.cache.clear();
        self.font = FontVec::try_from_vec(bytes).ok();
        self.font.is_some()
    }

    /// One line, `size` pixels from ascent to descent, cut with "…" if wider than `width`.
    /// None if there is nothing to see.
    pub(crate) fn line(&mut self, text: &str, size: u32, width: u32) -> Option<Arc<Mask>> {
        let font = self.font.as_ref()?;
        if let Some(known) = self.cache.get(&(text.to_owned(), size, width)) {
            return known.clone();
        }
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        let mask = draw(font, &shorten(font, text, size, width), size).map(Arc::new);
        self.cache.insert((text.to_owned(), size, width), mask.clone());
        mask
    }

    /// Breaks a text into at most `most` lines no wider than `width`; the last takes the rest.
    pub(crate) fn wrap(&self, text: &str, size: u32, width: u32, most: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let Some(font) = &self.font else { return lines };
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if advance(font, &format!("{line} {word}"), size) <= width as f32 => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        if lines.len() > most {
            let rest = lines.split_off(most.max(1)).join(" ");
            if let Some(last) = lines.last_mut() {
                last.push(' ');
                last.push_str(&rest);
            }
        }
        lines
    }
}

/// The glyphs the font has for a text, with where each begins, and where the last ends.
fn lay_out(font: &FontVec, text: &str, size: u32) -> (Vec<(ab_glyph::GlyphId, f32)>, f32) {
    let scaled = font.as_scaled(PxScale::from(size as f32));
    let mut x = 0.0;
    let mut last = None;
    let mut glyphs = Vec::new();
    for letter in text.chars().take(LONGEST) {
        let id = font.glyph_id(letter);
        if id.0 == 0 {
            continue; // The font has no such letter: better none than a box.
        }
        if let Some(last) = last {
            x += scaled.kern(last, id);
        }
        glyphs.push((id, x));
        x += scaled.h_advance(id);
        last = Some(id);
    }
    (glyphs, x)
}

fn advance(font: &FontVec, text: &str, size: u32) -> f32 {
    lay_out(font, text, size).1
}

fn shorten(font: &FontVec, text: &str, size: u32, width: u32) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    if advance(font, &text, size) <= width as f32 {
        return text;
    }
    let mut letters: Vec<char> = text.chars().collect();
    while letters.pop().is_some() {
        let shorter = format!("{}…", letters.iter().collect::<String>().trim_end());
        if advance(font, &shorter, size) <= width as f32 {
            return shorter;
        }
    }
    String::new()
}

fn draw(font: &FontVec, text: &str, size: u32) -> Option<Mask> {
    let (glyphs, advance) = lay_out(font, text, size);
    let scale = PxScale::from(size as f32);
    let ascent = font.as_scaled(scale).ascent();
    let mut mask = Mask::new(advance.ceil().max(0.0) as usize, size as usize);
    let mut seen = false;
    for (id, x) in glyphs {
        let Some(outline) = font.outline_glyph(id.with_scale_and_position(scale, point(x, ascent))) else {
            continue;
        };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, cover| {
            let (x, y) = (bounds.min.x as i64 + i64::from(dx), bounds.min.y as i64 + i64::from(dy));
            let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return };
            if x < mask.width && y < mask.height {
                let pixel = &mut mask.alpha[y * mask.width + x];
                *pixel = pixel.saturating_add((cover.clamp(0.0, 1.0) * 255.0) as u8);
                seen = true;
            }
        });
    }
    seen.then_some(mask)
}

/// The first letters of the first and last word, for a placeholder.
pub(crate) fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let first = words.next();
    let last = words.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_all_sorts_of_names() {
        for (name, expected) in
            [("Ana María López", "AL"), ("ángel", "Á"), ("  ", ""), ("🎺 Brass (band)", "BB"), ("x", "X")]
        {
            assert_eq!(initials(name), expected, "{name:?}");
        }
    }

    #[test]
    fn no_font_no_text_no_failure() {
        let mut writer = Writer::default();
        assert!(!writer.font(b"not a font".to_vec()));
        assert!(writer.line("hello", 20, 100).is_none());
        assert!(writer.wrap("hello you", 20, 100, 2).is_empty());
    }
}
