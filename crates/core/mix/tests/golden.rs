//! Golden pictures: what arrangements look like, compared with small stored pictures.
//!
//! `tests/golden/*.pgm` hold each 1280x720 canvas averaged to 160x90: luma on top, below it both
//! chroma planes side by side. After a wanted change, run
//! `PALCO_GOLDEN=write cargo test -p palco-mix --test golden`, look at them, and commit them.

#![allow(clippy::disallowed_methods, reason = "the test keeps files; the core does not")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]

use palco_base::canvas::{Arrangement, Fit, Rect, Tile, TileSource};
use palco_base::{Bitrate, FeedId, MediaTime};
use palco_mix::palette::Yuv;
use palco_mix::wire::{Coding, Output, Rendition, Transition};
use palco_mix::{FeedKind, Input, Made, Mix, Picture};
use std::path::PathBuf;
use std::sync::Arc;

/// The least similarity: below, a person would see the difference.
const LEAST_PSNR: f64 = 42.0;
const SMALL: (usize, usize) = (160, 90);

/// A picture with a shape in it, so that mirroring, cutting and scaling show: a cross of light on
/// a slope, coloured at its corners.
fn test_picture(width: u32, height: u32, colour: u32) -> Arc<Picture> {
    let tint = Yuv::from_rgb(colour);
    let (w, h) = (width as usize, height as usize);
    let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
    let mut data = Vec::with_capacity(w * h + 2 * cw * ch);
    for y in 0..h {
        for x in 0..w {
            let cross = (x * 8 / w == 2) || (y * 8 / h == 5);
            data.push(if cross { 220 } else { (40 + x * 80 / w + y * 60 / h) as u8 });
        }
    }
    for chroma in [tint.u, tint.v] {
        for y in 0..ch {
            for x in 0..cw {
                data.push(if x * 4 / cw == 0 && y * 4 / ch == 0 { 128 } else { chroma });
            }
        }
    }
    Arc::new(Picture::from_i420(width, height, data).expect("the right number of bytes"))
}

struct Stage {
    mix: Mix,
    last: Option<Arc<Picture>>,
}

impl Stage {
    fn new() -> Self {
        let mut mix = Mix::new();
        let coding = Coding {
            frame_rate: 30,
            large: Rendition { width: 1280, height: 720, video: Bitrate::kbps(1) },
            small: None,
            opus: Bitrate::kbps(1),
            aac: None,
        };
        mix.handle(Input::Font(box_font()), MediaTime::ZERO);
        mix.handle(Input::OpenOutput(Output::Program, coding), MediaTime::ZERO);
        for (number, (name, colour, size)) in [
            ("Ana", 0xC0_4040, (640, 360)),
            ("Bruno Diaz", 0x40_A040, (640, 480)),
            ("Carla", 0x40_40C0, (360, 640)),
            ("Dario", 0xA0_A030, (1280, 720)),
            ("Eva Luz", 0x00_0000, (0, 0)),
        ]
        .into_iter()
        .enumerate()
        {
            let feed = FeedId::new(number as u64);
            mix.handle(Input::OpenFeed(feed, name.into(), FeedKind::Performer), MediaTime::ZERO);
            if size.0 > 0 {
                let picture = test_picture(size.0, size.1, colour);
                mix.handle(Input::Picture(feed, picture, MediaTime::ZERO), MediaTime::ZERO);
            }
        }
        Self { mix, last: None }
    }

    fn show(&mut self, tiles: Vec<Tile>, transition: Transition, until: i64) -> Arc<Picture> {
        let now = self.mix.deadline().expect("an output is open");
        let arrangement = Arrangement { tiles, sounds: Vec::new() };
        self.mix.handle(Input::Arrange(Output::Program, arrangement, transition), now);
        let until = now + MediaTime::from_millis(until);
        while let Some(due) = self.mix.deadline().filter(|due| *due <= until) {
            self.mix.handle(Input::Tick, due);
            while let Some(made) = self.mix.poll() {
                if let Made::Picture(_, picture, _) = made {
                    self.last = Some(picture);
                }
            }
        }
        self.last.clone().expect("pictures were made")
    }
}

fn tile(feed: u64, x: u32, y: u32, width: u32, height: u32, fit: Fit, label: Option<&str>) -> Tile {
    let rect = Rect { x, y, width, height };
    Tile { source: TileSource::Feed(FeedId::new(feed)), rect, fit, label: label.map(Into::into) }
}

fn grid() -> Vec<Tile> {
    [("Ana", 8, 8), ("Bruno", 644, 8), ("Carla", 8, 364), ("Dario", 644, 364)]
        .into_iter()
        .enumerate()
        .map(|(feed, (name, x, y))| tile(feed as u64, x, y, 628, 348, Fit::Cover, Some(name)))
        .collect()
}

fn small(picture: &Picture) -> Vec<u8> {
    let offsets = picture.offsets();
    let strides = picture.strides();
    let bytes: &[u8] = picture.as_ref();
    let average = |plane: usize, x: usize, y: usize| {
        let sum: u32 = (0..64)
            .map(|at| u32::from(bytes[offsets[plane] + (y * 8 + at / 8) * strides[plane] + x * 8 + at % 8]))
            .sum();
        ((sum + 32) / 64) as u8
    };
    let mut small: Vec<u8> =
        (0..SMALL.1).flat_map(|y| (0..SMALL.0).map(move |x| (x, y))).map(|(x, y)| average(0, x, y)).collect();
    for y in 0..SMALL.1 / 2 {
        small.extend((0..SMALL.0 / 2).map(|x| average(1, x, y)));
        small.extend((0..SMALL.0 / 2).map(|x| average(2, x, y)));
    }
    small
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let error: f64 = a.iter().zip(b).map(square).sum::<f64>() / a.len() as f64;
    if error == 0.0 { f64::INFINITY } else { 10.0 * (255.0 * 255.0 / error).log10() }
}

fn check(name: &str, picture: &Picture) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.pgm"));
    let header = format!("P5 {} {} 255\n", SMALL.0, SMALL.1 * 3 / 2);
    let small = small(picture);
    if std::env::var_os("PALCO_GOLDEN").is_some_and(|value| value == "write") {
        let mut file = header.into_bytes();
        file.extend_from_slice(&small);
        std::fs::write(&path, file).expect("the golden picture is written");
        return;
    }
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}; see this file's head"));
    let golden = file.strip_prefix(header.as_bytes()).expect("a golden picture of this size");
    assert_eq!(golden.len(), small.len(), "{name}");
    let psnr = psnr(golden, &small);
    println!("{name}: {psnr:.1} dB");
    if psnr < LEAST_PSNR {
        let seen = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pgm"));
        let mut file = header.into_bytes();
        file.extend_from_slice(&small);
        std::fs::write(&seen, file).expect("the picture is written");
        panic!("{name} is not what it was ({psnr:.1} dB); see {}", seen.display());
    }
}

#[test]
fn layouts_look_as_they_did() {
    let mut stage = Stage::new();
    check("empty", &stage.show(Vec::new(), Transition::Cut, 100));
    check("grid", &stage.show(grid(), Transition::Cut, 100));
    let whole = tile(3, 0, 0, 1280, 720, Fit::Cover, None);
    check("solo", &stage.show(vec![whole.clone()], Transition::Cut, 100));
    let contain = vec![
        tile(1, 0, 0, 640, 720, Fit::Contain, None),
        tile(2, 640, 0, 640, 720, Fit::Contain, Some("Carla")),
    ];
    check("contain", &stage.show(contain, Transition::Cut, 100));
    let inset = tile(0, 920, 500, 320, 180, Fit::Cover, Some("Ana"));
    check("picture_in_picture", &stage.show(vec![whole.clone(), inset], Transition::Cut, 100));
    let absent = vec![
        tile(4, 8, 8, 628, 704, Fit::Cover, Some("Eva Luz")),
        tile(99, 644, 8, 628, 704, Fit::Cover, None),
    ];
    check("placeholder", &stage.show(absent, Transition::Cut, 100));
    let rect = Rect { x: 0, y: 0, width: 1280, height: 720 };
    let source = TileSource::Slate {
        title: "The Show Must Go On And On For A Very Long Title".into(),
        text: "Back in a moment".into(),
    };
    let slate = Tile { source, rect, fit: Fit::Cover, label: None };
    check("slate", &stage.show(vec![slate.clone()], Transition::Cut, 100));
    stage.show(vec![whole], Transition::Cut, 100);
    check("fade", &stage.show(vec![slate], Transition::Fade { millis: 1_000 }, 500));
    check("frozen", &stage.show(grid(), Transition::Cut, 3_000));
}

#[test]
fn straight_copies_are_exact_and_cuts_are_immediate() {
    let mut stage = Stage::new();
    let picture = stage.show(vec![tile(0, 640, 360, 640, 360, Fit::Cover, None)], Transition::Cut, 34);
    let source = test_picture(640, 360, 0xC0_4040);
    for (x, y) in [(100, 50), (320, 180), (600, 340)] {
        assert_eq!(picture.pixel(640 + x, 360 + y), source.pixel(x, y), "{x},{y}");
    }
}

#[test]
fn a_fade_goes_evenly_from_one_to_the_other_even_when_interrupted() {
    let mut stage = Stage::new();
    let whole = |feed| vec![tile(feed, 0, 0, 1280, 720, Fit::Cover, None)];
    let luma = |picture: &Picture| i32::from(picture.pixel(1200, 100).expect("inside").y);
    let empty = luma(&stage.show(Vec::new(), Transition::Cut, 34));
    let full = luma(&test_picture(1280, 720, 0xA0_A030));
    let mut last = empty;
    for step in 0..10 {
        let fade = Transition::Fade { millis: 300 };
        let now = if step == 0 { stage.show(whole(3), fade, 20) } else { stage.tick() };
        let now = luma(&now);
        assert!(now >= last - 1 && now <= full, "step {step}: {last} then {now}");
        last = now;
    }
    assert_eq!(luma(&stage.tick()), full, "the fade ends");
    // Turned round half way: no jump back to either end.
    let half = luma(&stage.show(Vec::new(), Transition::Fade { millis: 300 }, 140));
    let turned = luma(&stage.show(whole(3), Transition::Fade { millis: 300 }, 20));
    assert!((half - turned).abs() < (full - empty) / 4, "{half} then {turned}");
}

impl Stage {
    fn tick(&mut self) -> Arc<Picture> {
        let mut picture = None;
        while picture.is_none() {
            let due = self.mix.deadline().expect("an output is open");
            self.mix.handle(Input::Tick, due);
            while let Some(made) = self.mix.poll() {
                if let Made::Picture(_, made, _) = made {
                    picture = Some(made);
                }
            }
        }
        picture.expect("just checked")
    }
}

/// A TrueType font whose letters are boxes: capitals tall, small letters low, nothing else.
fn box_font() -> Vec<u8> {
    let glyph = |width: i16, height: i16| {
        let mut bytes = Vec::new();
        for value in [1, 60, 0, width, height, 3, 0] {
            bytes.extend(value.to_be_bytes());
        }
        bytes.extend([1u8; 4]);
        for delta in [60, 0, width - 60, 0, 0, height, 0, -height] {
            bytes.extend(i16::to_be_bytes(delta));
        }
        while bytes.len() % 4 != 0 {
            bytes.push(0);
        }
        bytes
    };
    let glyphs = [glyph(500, 900), glyph(640, 700), glyph(480, 480), Vec::new()];
    let (mut glyf, mut loca) = (Vec::new(), Vec::new());
    for glyph in &glyphs {
        loca.extend((glyf.len() as u32).to_be_bytes());
        glyf.extend(glyph);
    }
    loca.extend((glyf.len() as u32).to_be_bytes());
    let words = |values: &[u16]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<u8>>();
    // Format 4: capitals are glyph 1, small letters 2, the space 3 (one segment each kind, by
    // arrays so that all letters share a glyph).
    let segments: [(u16, u16, u16); 3] = [(32, 32, 3), (65, 90, 1), (97, 122, 2)];
    let mut cmap4 = words(&[4, 0, 0, 8, 8, 2, 0]);
    cmap4.extend(words(&[32, 90, 122, 0xFFFF, 0, 32, 65, 97, 0xFFFF, 0, 0, 0, 1]));
    let mut array = Vec::new();
    for (index, (first, last, glyph)) in segments.into_iter().enumerate() {
        cmap4.extend(words(&[((4 - index) * 2 + array.len() * 2) as u16]));
        array.extend(std::iter::repeat_n(glyph, usize::from(last - first) + 1));
    }
    cmap4.extend(words(&[0]));
    cmap4.extend(words(&array));
    let length = cmap4.len() as u16;
    cmap4[2..4].copy_from_slice(&length.to_be_bytes());
    let mut cmap = words(&[0, 1, 3, 1, 0, 12]);
    cmap.extend(cmap4);
    let mut head = words(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0, 1_000]);
    head.extend([0; 16]);
    head.extend(words(&[0, 0, 640, 900, 0, 8, 2, 1, 0]));
    let mut hhea = words(&[1, 0, 900, 100u16.wrapping_neg(), 0, 700]);
    hhea.extend([0; 22]);
    hhea.extend(words(&[4]));
    let maxp = words(&[0, 0x5000, 4]);
    let hmtx = words(&[560, 60, 700, 60, 540, 60, 300, 0]);
    let tables: [(&[u8; 4], Vec<u8>); 7] = [
        (b"cmap", cmap),
        (b"glyf", glyf),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", hmtx),
        (b"loca", loca),
        (b"maxp", maxp),
    ];
    let mut font = vec![0, 1, 0, 0];
    font.extend(words(&[7, 64, 2, 48]));
    let mut offset = 12 + 16 * tables.len();
    for (tag, table) in &tables {
        font.extend_from_slice(*tag);
        font.extend([0; 4]);
        font.extend((offset as u32).to_be_bytes());
        font.extend((table.len() as u32).to_be_bytes());
        offset += table.len().next_multiple_of(4);
    }
    for (_, table) in tables {
        font.extend(&table);
        font.resize(font.len().next_multiple_of(4), 0);
    }
    font
}
