//! Draws an arrangement.

use crate::draw::{Corners, Mask, blit, dim, fill, paint};
use crate::feed::Feed;
use crate::palette::{GROUND, RAISED, SOFT, SPOT, SURFACE, TEXT, Yuv};
use crate::picture::Picture;
use crate::scale::{Placing, Scaler, placing};
use crate::text::{Writer, initials};
use palco_base::canvas::{Arrangement, Fit, Rect, Tile, TileSource};
use palco_base::{FeedId, MediaTime};
use std::collections::{BTreeMap, HashMap};

/// Tiles' corners, and pictures' in them (LOOK.md: cards), px of a 720-line canvas.
const RADIUS: u32 = 14;
/// A scaled picture not used for so many drawings is thrown away.
const UNUSED: u64 = 60;
/// More masks than a stage ever shows; beyond, the cache starts again.
const MASKS: usize = 32;
/// How dark a label's ground is.
const LABEL_OPACITY: u8 = 190;

/// A picture scaled for a tile.
struct Scaled {
    serial: u64,
    dimmed: bool,
    picture: Picture,
    used: u64,
}

/// What identifies a scaled picture: whose, how large, how it fills.
type Shape = (FeedId, u32, u32, bool);

/// Draws, and remembers what need not be drawn again.
#[derive(Default)]
pub(crate) struct Painter {
    pub(crate) writer: Writer,
    scaler: Scaler,
    scaled: HashMap<Shape, Scaled>,
    masks: HashMap<(usize, usize, u32), Mask>,
    drawings: u64,
}

/// One drawing under way.
struct Drawing<'a> {
    on: &'a mut Picture,
    feeds: &'a BTreeMap<FeedId, Feed>,
    time: MediaTime,
}

impl Painter {
    /// Draws an arrangement over all of `on`, as it is at `time`.
    pub(crate) fn draw(
        &mut self,
        on: &mut Picture,
        arrangement: &Arrangement,
        feeds: &BTreeMap<FeedId, Feed>,
        time: MediaTime,
    ) {
        self.drawings += 1;
        let whole = Rect { x: 0, y: 0, width: on.width(), height: on.height() };
        let covered =
            arrangement.tiles.first().is_some_and(|tile| tile.rect == whole && tile.fit == Fit::Cover);
        if !covered {
            fill(on, whole, GROUND);
        }
        let mut drawing = Drawing { on, feeds, time };
        for tile in &arrangement.tiles {
            let tile = even(tile, whole);
            if tile.rect.width > 0 && tile.rect.height > 0 {
                self.tile(&mut drawing, &tile);
            }
        }
        let drawings = self.drawings;
        self.scaled.retain(|_, scaled| scaled.used + UNUSED > drawings);
    }

    fn tile(&mut self, drawing: &mut Drawing<'_>, tile: &Tile) {
        match &tile.source {
            TileSource::Slate { title, text } => self.slate(drawing.on, tile.rect, title, text),
            TileSource::Feed(id) => {
                let feed = drawing.feeds.get(id);
                let whole = tile.rect.width == drawing.on.width() && tile.rect.height == drawing.on.height();
                let radius = if whole || tile.fit == Fit::Contain { 0 } else { radius(drawing.on) };
                let corners = Corners::save(drawing.on, tile.rect, radius);
                if !self.picture(drawing, tile, *id) {
                    let name = feed.map_or("", |feed| &feed.name);
                    self.placeholder(drawing.on, tile.rect, name, tile.label.is_none());
                }
                if let Some(corners) = corners {
                    corners.restore(drawing.on);
                }
            }
        }
        if let Some(label) = &tile.label {
            self.label(drawing.on, tile.rect, label);
        }
    }

    /// Draws the feed's picture; `false` if it has none.
    fn picture(&mut self, drawing: &mut Drawing<'_>, tile: &Tile, id: FeedId) -> bool {
        let Some(feed) = drawing.feeds.get(&id) else { return false };
        let Some(shown) = feed.shown() else { return false };
        let dimmed = feed.frozen(drawing.time);
        let size = (shown.picture.width(), shown.picture.height());
        let place = placing(size, (tile.rect.width, tile.rect.height), tile.fit);
        let (x, y) = (tile.rect.x + place.x, tile.rect.y + place.y);
        let uncut = place.crop == (0.0, 0.0, f64::from(size.0), f64::from(size.1));
        if size == (place.width, place.height) && uncut && !dimmed {
            blit(drawing.on, &shown.picture, x, y);
            return true;
        }
        let shape = (id, tile.rect.width, tile.rect.height, tile.fit == Fit::Cover);
        let scaled = self.scaled.entry(shape).or_insert_with(|| Scaled {
            serial: 0,
            dimmed,
            picture: Picture::filled(place.width, place.height, GROUND),
            used: 0,
        });
        scaled.used = self.drawings;
        if scaled.serial != shown.serial || scaled.dimmed != dimmed {
            rescale(&mut self.scaler, scaled, &shown.picture, place, dimmed);
            scaled.serial = shown.serial;
        }
        blit(drawing.on, &scaled.picture, x, y);
        true
    }

    /// A feed without a picture: a disc with its initials, and its name unless a label says it.
    fn placeholder(&mut self, on: &mut Picture, rect: Rect, name: &str, named: bool) {
        fill(on, rect, SURFACE);
        let disc = (rect.width.min(rect.height) * 2 / 5) & !1;
        if disc < 8 {
            return;
        }
        let middle = (rect.x + rect.width / 2, rect.y + rect.height / 2);
        let corner = (middle.0.saturating_sub(disc / 2) & !1, middle.1.saturating_sub(disc / 2) & !1);
        let mask = self.mask(disc, disc, disc / 2);
        paint(on, mask, corner.0, corner.1, RAISED, 255);
        let letters = initials(name);
        self.centred(on, &letters, disc * 9 / 20, middle, disc, SOFT);
        if named {
            let below = corner.1 + disc + rect.height / 12;
            self.centred(on, name, (rect.height / 12).max(12), (middle.0, below), rect.width * 9 / 10, TEXT);
        }
    }

    /// A card: a mark of light, a large line, a small one.
    fn slate(&mut self, on: &mut Picture, rect: Rect, title: &str, text: &str) {
        fill(on, rect, GROUND);
        let unit = (rect.height.min(rect.width * 9 / 16) / 36).max(2);
        let (size, small, width) = (unit * 4, unit * 2, rect.width * 4 / 5);
        let lines = self.writer.wrap(title, size, width, 3);
        let below = self.writer.wrap(text, small, width, 2);
        let line = |size: u32| size * 5 / 4;
        let mark = (unit * 6, (unit / 3).max(2));
        let gap = unit * 2;
        let height = mark.1
            + gap
            + line(size) * lines.len() as u32
            + if below.is_empty() { 0 } else { gap / 2 + line(small) * below.len() as u32 };
        let middle = rect.x + rect.width / 2;
        let mut y = rect.y + rect.height.saturating_sub(height) / 2;
        let mask = self.mask(mark.0, mark.1, mark.1 / 2);
        paint(on, mask, middle.saturating_sub(mark.0 / 2) & !1, y & !1, SPOT, 255);
        y += mark.1 + gap;
        for text in lines {
            self.centred(on, &text, size, (middle, y + line(size) / 2), width, TEXT);
            y += line(size);
        }
        y += gap / 2;
        for text in below {
            self.centred(on, &text, small, (middle, y + line(small) / 2), width, SOFT);
            y += line(small);
        }
    }

    fn centred(
        &mut self,
        on: &mut Picture,
        text: &str,
        size: u32,
        middle: (u32, u32),
        width: u32,
        colour: Yuv,
    ) {
        let Some(mask) = self.writer.line(text, size, width) else { return };
        let x = middle.0.saturating_sub(mask.width as u32 / 2) & !1;
        let y = middle.1.saturating_sub(mask.height as u32 / 2) & !1;
        paint(on, &mask, x, y, colour, 255);
    }

    /// A name in a dark pill at the tile's lower left.
    fn label(&mut self, on: &mut Picture, rect: Rect, name: &str) {
        let size = (rect.height / 18).clamp(14, 28);
        let (pad, margin) = (size * 3 / 5, (size * 3 / 5) & !1);
        let room = rect.width.saturating_sub(2 * (pad + margin));
        if rect.height < 3 * size || room < 2 * size {
            return;
        }
        let Some(text) = self.writer.line(name, size, room) else { return };
        let (width, height) = (text.width as u32 + 2 * pad, (size * 8 / 5) & !1);
        let x = (rect.x + margin) & !1;
        let y = (rect.y + rect.height).saturating_sub(margin + height) & !1;
        let mask = self.mask(width, height, height / 2);
        paint(on, mask, x, y, GROUND, LABEL_OPACITY);
        paint(on, &text, (x + pad) & !1, (y + (height - size) / 2) & !1, TEXT, 255);
    }

    fn mask(&mut self, width: u32, height: u32, radius: u32) -> &Mask {
        if self.masks.len() >= MASKS {
            self.masks.clear();
        }
        let (width, height) = (width as usize, height as usize);
        self.masks
            .entry((width, height, radius))
            .or_insert_with(|| Mask::rounded(width, height, radius as f32))
    }
}

fn rescale(scaler: &mut Scaler, scaled: &mut Scaled, from: &Picture, place: Placing, dimmed: bool) {
    if (scaled.picture.width(), scaled.picture.height()) != (place.width, place.height) {
        scaled.picture = Picture::filled(place.width, place.height, GROUND);
    }
    scaler.scale(from, place.crop, &mut scaled.picture);
    scaled.dimmed = dimmed;
    if dimmed {
        dim(&mut scaled.picture);
    }
}

/// Corners shrink with the canvas.
fn radius(on: &Picture) -> u32 {
    (RADIUS * on.width().min(on.height()) / 720) & !1
}

/// The tile with its rectangle on even pixels and inside the canvas.
fn even(tile: &Tile, whole: Rect) -> Tile {
    let (x, y) = (tile.rect.x.min(whole.width) & !1, tile.rect.y.min(whole.height) & !1);
    let width = tile.rect.width.min(whole.width - x) & !1;
    let height = tile.rect.height.min(whole.height - y) & !1;
    Tile { rect: Rect { x, y, width, height }, ..tile.clone() }
}
