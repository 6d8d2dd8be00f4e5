//! Scene → tiles: a pure function of who is there and what the director chose.
//!
//! Distances are of the look's spacing scale (4·8·12·16·24·32). Everything is even, because the
//! mixer's chroma planes are half size. Tiles are written back to front.

use crate::{Canvas, Layout, Slate};
use palco_base::FeedId;
use palco_base::canvas::{Arrangement, Fit, Rect, Sound, Tile, TileSource};

/// Between the picture's edge and the tiles.
const MARGIN: u32 = 16;
/// Between tiles.
const GAP: u32 = 12;
/// Between the picture's edge and small tiles that lie over a large one.
const INSET: u32 = 24;

/// Somebody on air.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    /// What they publish.
    pub feed: FeedId,
    /// Written under their picture.
    pub name: String,
    /// The director took their picture off: a card with the name stands there.
    pub hidden: bool,
    /// The director took their sound off.
    pub muted: bool,
    /// Linear factor of their sound.
    pub volume: f32,
}

/// The clip on the stage.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Shot {
    /// What it is in the mix.
    pub feed: FeedId,
    /// Linear factor of its sound.
    pub volume: f32,
}

/// What a scene is made of.
#[derive(Clone, PartialEq, Debug)]
pub struct Cast {
    /// Who stands where.
    pub layout: Layout,
    /// Index into `hosts` of who is large; the first if none.
    pub focus: Option<usize>,
    /// What the card says.
    pub slate: Slate,
    /// Who is on air, in order.
    pub hosts: Vec<Person>,
    /// The clip, if one is loaded.
    pub clip: Option<Shot>,
    /// What an empty stage shows.
    pub title: String,
}

/// The picture and the sound of a scene.
///
/// The clip is heard in every scene, for it can be music. The hosts are heard in all but the
/// slate: behind a card nobody expects to be on air. A layout that lacks what it shows falls back:
/// without a clip to the hosts, without hosts to the clip, without both to a card with the title.
#[must_use]
pub fn arrange(cast: &Cast, canvas: Canvas) -> Arrangement {
    let mut sounds: Vec<Sound> =
        if cast.layout == Layout::Slate { Vec::new() } else { cast.hosts.iter().filter_map(sound).collect() };
    sounds.extend(
        cast.clip
            .iter()
            .filter(|clip| clip.volume > 0.0)
            .map(|clip| Sound { feed: clip.feed, gain: clip.volume }),
    );
    Arrangement { tiles: tiles(cast, canvas), sounds }
}

/// One performer, full, and only they are heard.
#[must_use]
pub fn alone(person: &Person, canvas: Canvas) -> Arrangement {
    Arrangement { tiles: vec![tile(person, full(canvas))], sounds: sound(person).into_iter().collect() }
}

/// A clip, full, and only it is heard.
#[must_use]
pub fn clip_alone(feed: FeedId, volume: f32, canvas: Canvas) -> Arrangement {
    let sounds = if volume > 0.0 { vec![Sound { feed, gain: volume }] } else { Vec::new() };
    Arrangement { tiles: vec![clip_tile(feed, full(canvas))], sounds }
}

/// A card, and silence.
#[must_use]
pub fn card(slate: &Slate, canvas: Canvas) -> Arrangement {
    Arrangement { tiles: vec![card_tile(slate, full(canvas))], sounds: Vec::new() }
}

/// Whether two arrangements look the same but for what is written on the tiles.
#[must_use]
pub fn same_picture(a: &Arrangement, b: &Arrangement) -> bool {
    let same = |a: &Tile, b: &Tile| a.source == b.source && a.rect == b.rect && a.fit == b.fit;
    a.tiles.len() == b.tiles.len() && a.tiles.iter().zip(&b.tiles).all(|(a, b)| same(a, b))
}

/// Whether this feed is seen.
#[must_use]
pub fn shows(arrangement: &Arrangement, feed: FeedId) -> bool {
    arrangement.tiles.iter().any(|tile| tile.source == TileSource::Feed(feed))
}

/// Whether this feed is seen or heard.
#[must_use]
pub fn uses(arrangement: &Arrangement, feed: FeedId) -> bool {
    shows(arrangement, feed) || arrangement.sounds.iter().any(|sound| sound.feed == feed)
}

fn tiles(cast: &Cast, canvas: Canvas) -> Vec<Tile> {
    let hosts = &cast.hosts[..];
    let large = cast.focus.filter(|focus| *focus < hosts.len()).unwrap_or(0);
    match (cast.layout, hosts.is_empty(), cast.clip) {
        (Layout::Slate, ..) => vec![card_tile(&cast.slate, full(canvas))],
        (_, true, None) => {
            let slate = Slate { title: cast.title.clone(), text: String::new() };
            vec![card_tile(&slate, full(canvas))]
        }
        (Layout::ClipFull, _, Some(clip)) | (_, true, Some(clip)) => vec![clip_tile(clip.feed, full(canvas))],
        (Layout::ClipWithHosts, false, Some(clip)) => clip_with_hosts(clip.feed, hosts, canvas),
        (Layout::Solo, ..) => vec![tile(&hosts[large], full(canvas))],
        (Layout::SideBySide, ..) if hosts.len() <= 4 => side_by_side(hosts, canvas),
        (Layout::PictureInPicture, ..) => picture_in_picture(hosts, large, canvas),
        _ => place(hosts, &grid(hosts.len(), inner(full(canvas)), canvas)),
    }
}

fn full(canvas: Canvas) -> Rect {
    let (width, height) = canvas.size();
    Rect { x: 0, y: 0, width, height }
}

fn inner(area: Rect) -> Rect {
    Rect {
        x: area.x + MARGIN,
        y: area.y + MARGIN,
        width: area.width - 2 * MARGIN,
        height: area.height - 2 * MARGIN,
    }
}

const fn even(length: u32) -> u32 {
    length & !1
}

fn sound(person: &Person) -> Option<Sound> {
    (!person.muted && person.volume > 0.0).then_some(Sound { feed: person.feed, gain: person.volume })
}

fn tile(person: &Person, rect: Rect) -> Tile {
    if person.hidden {
        return card_tile(&Slate { title: person.name.clone(), text: String::new() }, rect);
    }
    let label = Some(person.name.clone());
    Tile { source: TileSource::Feed(person.feed), rect, fit: Fit::Cover, label }
}

fn clip_tile(feed: FeedId, rect: Rect) -> Tile {
    Tile { source: TileSource::Feed(feed), rect, fit: Fit::Contain, label: None }
}

fn card_tile(slate: &Slate, rect: Rect) -> Tile {
    let source = TileSource::Slate { title: slate.title.clone(), text: slate.text.clone() };
    Tile { source, rect, fit: Fit::Cover, label: None }
}

fn place(hosts: &[Person], rects: &[Rect]) -> Vec<Tile> {
    hosts.iter().zip(rects).map(|(person, rect)| tile(person, *rect)).collect()
}

/// How many stand in each row.
fn rows(count: usize, canvas: Canvas) -> Vec<usize> {
    let rows: &[usize] = match (canvas, count) {
        (_, 0) => &[],
        (_, 1) => &[1],
        (Canvas::Wide, 2) => &[2],
        (Canvas::Wide, 3) => &[2, 1],
        (Canvas::Wide, 4) => &[2, 2],
        (Canvas::Wide, 5) => &[3, 2],
        (Canvas::Wide, 6) => &[3, 3],
        (Canvas::Wide, 7) => &[2, 3, 2],
        (Canvas::Wide, 8) => &[3, 3, 2],
        (Canvas::Tall, 2) => &[1, 1],
        (Canvas::Tall, 3) => &[1, 1, 1],
        (Canvas::Tall, 4) => &[2, 2],
        (Canvas::Tall, 5) => &[2, 2, 1],
        (Canvas::Tall, 6) => &[2, 2, 2],
        (Canvas::Tall, 7) => &[2, 2, 2, 1],
        (Canvas::Tall, 8) => &[2, 2, 2, 2],
        _ => &[3, 3, 3],
    };
    rows.to_vec()
}

/// Equal tiles in centred rows. One fills the whole canvas.
fn grid(count: usize, area: Rect, canvas: Canvas) -> Vec<Rect> {
    if count == 1 && area == inner(full(canvas)) {
        return vec![full(canvas)];
    }
    let rows = rows(count, canvas);
    let row_count = u32::try_from(rows.len().max(1)).unwrap_or(1);
    let columns = rows.iter().max().map_or(1, |most| u32::try_from(*most).unwrap_or(1));
    let cell_width = (area.width - (columns - 1) * GAP) / columns;
    let cell_height = (area.height - (row_count - 1) * GAP) / row_count;
    // A camera gives 16:9: faces survive cutting the sides, up to 4:3 (or 3:4 standing).
    let tallest = match canvas {
        Canvas::Wide => cell_width * 3 / 4,
        Canvas::Tall => cell_width * 4 / 3,
    };
    let height = even(cell_height.min(tallest));
    let width = even(cell_width.min(height * 16 / 9));
    let block = row_count * height + (row_count - 1) * GAP;
    let top = area.y + even((area.height - block) / 2);
    let mut rects = Vec::with_capacity(count);
    for (row, in_row) in (0u32..).zip(rows) {
        let in_row = u32::try_from(in_row).unwrap_or(1);
        let line = in_row * width + (in_row - 1) * GAP;
        let left = area.x + even((area.width - line) / 2);
        for column in 0..in_row {
            rects.push(Rect {
                x: left + column * (width + GAP),
                y: top + row * (height + GAP),
                width,
                height,
            });
        }
    }
    rects
}

/// Columns of full height; on a standing canvas, rows of full width.
fn side_by_side(hosts: &[Person], canvas: Canvas) -> Vec<Tile> {
    if hosts.len() == 1 {
        return vec![tile(&hosts[0], full(canvas))];
    }
    let area = inner(full(canvas));
    let count = u32::try_from(hosts.len()).unwrap_or(1);
    let split = |length: u32| even((length - (count - 1) * GAP) / count);
    let spare = |length: u32, each: u32| even((length - count * each - (count - 1) * GAP) / 2);
    let rects: Vec<Rect> = (0..count)
        .map(|i| match canvas {
            Canvas::Wide => {
                let width = split(area.width);
                Rect { x: area.x + spare(area.width, width) + i * (width + GAP), width, ..area }
            }
            Canvas::Tall => {
                let height = split(area.height);
                Rect { y: area.y + spare(area.height, height) + i * (height + GAP), height, ..area }
            }
        })
        .collect();
    place(hosts, &rects)
}

/// A block of small equal tiles: one column up to four, then two.
fn block(count: usize, single: (u32, u32), double: (u32, u32)) -> (u32, u32, (u32, u32)) {
    let count = u32::try_from(count).unwrap_or(1);
    if count <= 4 { (1, count, single) } else { (2, count.div_ceil(2), double) }
}

/// One fills the canvas, the others stand over its lower right corner.
fn picture_in_picture(hosts: &[Person], large: usize, canvas: Canvas) -> Vec<Tile> {
    let mut tiles = vec![tile(&hosts[large], full(canvas))];
    let small: Vec<&Person> = hosts.iter().enumerate().filter(|(i, _)| *i != large).map(|(_, p)| p).collect();
    let (single, double) = match canvas {
        Canvas::Wide => ((256, 144), (208, 118)),
        Canvas::Tall => ((216, 270), (168, 210)),
    };
    let (columns, rows, (width, height)) = block(small.len(), single, double);
    let (canvas_width, canvas_height) = canvas.size();
    let left = canvas_width - INSET - columns * width - (columns - 1) * GAP;
    let top = canvas_height - INSET - rows * height - rows.saturating_sub(1) * GAP;
    for (index, person) in (0u32..).zip(small) {
        let (row, column) = (index / columns, index % columns);
        let rect = Rect { x: left + column * (width + GAP), y: top + row * (height + GAP), width, height };
        tiles.push(tile(person, rect));
    }
    tiles
}

/// The clip large, the hosts small beside it; on a standing canvas, below it.
fn clip_with_hosts(clip: FeedId, hosts: &[Person], canvas: Canvas) -> Vec<Tile> {
    let area = inner(full(canvas));
    if canvas == Canvas::Tall {
        let height = even(area.width * 9 / 16);
        let top = Rect { height, ..area };
        let below = Rect { y: area.y + height + GAP, height: area.height - height - GAP, ..area };
        let mut tiles = vec![clip_tile(clip, top)];
        tiles.extend(place(hosts, &grid(hosts.len(), below, canvas)));
        return tiles;
    }
    const SIDE: u32 = 288;
    let clip_width = area.width - GAP - SIDE;
    let clip_height = even(clip_width * 9 / 16);
    let centred = |height: u32| area.y + even((area.height - height) / 2);
    let clip_rect = Rect { x: area.x, y: centred(clip_height), width: clip_width, height: clip_height };
    let mut tiles = vec![clip_tile(clip, clip_rect)];
    let (columns, rows, (width, height)) = block(hosts.len(), (SIDE, 162), ((SIDE - GAP) / 2, 104));
    let (left, top) = (area.x + clip_width + GAP, centred(rows * height + (rows - 1) * GAP));
    for (index, person) in (0u32..).zip(hosts) {
        let (row, column) = (index / columns, index % columns);
        let rect = Rect { x: left + column * (width + GAP), y: top + row * (height + GAP), width, height };
        tiles.push(tile(person, rect));
    }
    tiles
}
