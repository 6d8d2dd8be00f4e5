//! A sheet in points (1/72 inch), with the origin at the top left.

use crate::fonts::{Pen, Shaped};
use crate::qr::{Modules, QUIET};
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::{Document, SerializeSettings};
use palco_base::{Class, Fault};

/// Nearly black: what is to be read.
pub(crate) const INK: [u8; 3] = [20, 20, 24];
/// Grey: what says what is to be read.
pub(crate) const FAINT: [u8; 3] = [105, 105, 112];
/// Lines.
pub(crate) const RULE: [u8; 3] = [205, 205, 210];

/// Where a text stands on its place.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Where a sheet is drawn on.
pub(crate) struct Sheet<'a, 'b> {
    surface: Surface<'a>,
    pen: &'b Pen<'b>,
}

impl<'a, 'b> Sheet<'a, 'b> {
    pub(crate) fn new(surface: Surface<'a>, pen: &'b Pen<'b>) -> Self {
        Self { surface, pen }
    }

    fn colour(&mut self, [red, green, blue]: [u8; 3]) {
        let paint = rgb::Color::new(red, green, blue).into();
        self.surface.set_fill(Some(Fill { paint, ..Fill::default() }));
    }

    /// Draws one line with its baseline at `y`; `x` is its left or its right end.
    pub(crate) fn line(&mut self, line: &Shaped, size: f32, colour: [u8; 3], x: f32, y: f32, align: Align) {
        let width = line.width * size;
        let left = match align {
            Align::Left => x,
            Align::Right => x - width,
        };
        self.colour(colour);
        let start = Point::from_xy(left, y);
        self.surface.draw_glyphs(start, &line.glyphs, self.pen.font.clone(), &line.text, size, false);
    }

    pub(crate) fn rectangle(&mut self, left: f32, top: f32, width: f32, height: f32, colour: [u8; 3]) {
        let mut path = PathBuilder::new();
        if let Some(rectangle) = Rect::from_xywh(left, top, width, height) {
            path.push_rect(rectangle);
        }
        if let Some(path) = path.finish() {
            self.colour(colour);
            self.surface.draw_path(&path);
        }
    }

    /// Draws a QR code on a white square of this side, its border within.
    #[allow(clippy::cast_precision_loss, reason = "a code has at most 177 modules a side")]
    pub(crate) fn code(&mut self, modules: &Modules, left: f32, top: f32, side: f32) {
        let module = side / (modules.side + 2 * QUIET) as f32;
        let at = |place: usize| (place + QUIET) as f32 * module;
        let mut path = PathBuilder::new();
        for (x, y, long) in modules.runs() {
            let run = Rect::from_xywh(left + at(x), top + at(y), long as f32 * module, module);
            if let Some(run) = run {
                path.push_rect(run);
            }
        }
        if let Some(path) = path.finish() {
            self.colour([0; 3]);
            self.surface.draw_path(&path);
        }
    }
}

/// An empty document with its title and language.
pub(crate) fn document(title: &str, language: &str) -> Document {
    let mut document = Document::new_with(SerializeSettings::default());
    let metadata = Metadata::new().title(title.to_owned()).language(language.to_owned());
    document.set_metadata(metadata.creator("Palco".to_owned()));
    document
}

pub(crate) fn finish(document: Document) -> Result<Vec<u8>, Fault> {
    document.finish().map_err(|error| failed().internal(format!("{error:?}")))
}

pub(crate) fn failed() -> Fault {
    Fault::new(Class::Internal, "paper_failed", "The document could not be printed.")
}
