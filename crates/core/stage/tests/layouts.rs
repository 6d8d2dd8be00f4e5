//! Every layout, host count and shape against stored text, and what must hold for all of them.
//!
//! `PALCO_GOLDEN=write cargo test -p palco-stage --test layouts` writes the stored texts anew;
//! read the difference before you commit it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "golden texts are files")]

use palco_base::FeedId;
use palco_base::canvas::{Arrangement, Fit, Rect, TileSource};
use palco_stage::layout::{Cast, Person, Shot, alone, arrange, card, clip_alone, same_picture};
use palco_stage::{Canvas, Layout, Slate};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

const CLIP: FeedId = FeedId::new(0xc11b);

fn person(n: u64) -> Person {
    Person { feed: FeedId::new(n), name: format!("Host {n}"), hidden: false, muted: false, volume: 1.0 }
}

fn cast(layout: Layout, hosts: u64, clip: bool) -> Cast {
    Cast {
        layout,
        focus: None,
        slate: Slate { title: "Back soon".into(), text: "Ten minutes".into() },
        hosts: (1..=hosts).map(person).collect(),
        clip: clip.then_some(Shot { feed: CLIP, volume: 1.0 }),
        title: "The Show".into(),
    }
}

/// What a tile is called in the texts: a host's number, `C` the clip, `S` a card.
fn letter(source: &TileSource) -> char {
    match source {
        TileSource::Feed(feed) if *feed == CLIP => 'C',
        TileSource::Feed(feed) => char::from_digit(u32::try_from(feed.bits()).unwrap(), 10).unwrap(),
        TileSource::Slate { .. } => 'S',
    }
}

/// A drawing (one character is 20 x 40 pixels) and the exact numbers.
fn draw(arrangement: &Arrangement, canvas: Canvas) -> String {
    let (width, height) = canvas.size();
    let (columns, rows) = ((width / 20) as usize, (height / 40) as usize);
    let mut cells = vec![vec!['.'; columns]; rows];
    for tile in &arrangement.tiles {
        for (y, row) in (0u32..).zip(&mut cells) {
            for (x, cell) in (0u32..).zip(row) {
                let (x, y) = (x * 20 + 10, y * 40 + 20);
                let r = tile.rect;
                if (r.x..r.x + r.width).contains(&x) && (r.y..r.y + r.height).contains(&y) {
                    *cell = letter(&tile.source);
                }
            }
        }
    }
    let mut text = String::new();
    for row in cells {
        writeln!(text, "  {}", row.into_iter().collect::<String>()).unwrap();
    }
    for tile in &arrangement.tiles {
        let r = tile.rect;
        let fit = if tile.fit == Fit::Cover { "cover" } else { "contain" };
        write!(text, "  {} {:>4},{:<4} {:>4}x{:<4} {fit}", letter(&tile.source), r.x, r.y, r.width, r.height)
            .unwrap();
        match (&tile.source, &tile.label) {
            (TileSource::Slate { title, text: small }, _) => writeln!(text, " {title:?} {small:?}").unwrap(),
            (_, Some(label)) => writeln!(text, " {label:?}").unwrap(),
            (_, None) => writeln!(text).unwrap(),
        }
    }
    let sounds: Vec<String> = arrangement
        .sounds
        .iter()
        .map(|s| format!("{}*{}", letter(&TileSource::Feed(s.feed)), s.gain))
        .collect();
    writeln!(text, "  heard: {}", sounds.join(" ")).unwrap();
    text
}

fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var("PALCO_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(&path, text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "{name} differs from {}:\n{text}", path.display());
}

#[test]
fn every_layout_is_as_stored() {
    for canvas in [Canvas::Wide, Canvas::Tall] {
        for layout in Layout::ALL {
            let mut text = String::new();
            for hosts in 0..=9 {
                let arrangement = arrange(&cast(layout, hosts, layout.shows_clip()), canvas);
                writeln!(text, "{hosts} hosts\n{}", draw(&arrangement, canvas)).unwrap();
            }
            let shape = if canvas == Canvas::Wide { "wide" } else { "tall" };
            check(&format!("{}-{shape}", layout.name()), &text);
        }
    }
}

#[test]
fn the_audience_elsewhere_is_as_stored() {
    let mut text = String::new();
    for canvas in [Canvas::Wide, Canvas::Tall] {
        let slate = Slate { title: "The Show".into(), text: "Soon".into() };
        for (what, arrangement) in [
            ("a card", card(&slate, canvas)),
            ("a clip", clip_alone(CLIP, 0.5, canvas)),
            ("a silent clip", clip_alone(CLIP, 0.0, canvas)),
            ("one performer", alone(&person(3), canvas)),
        ] {
            writeln!(text, "{what} {canvas:?}\n{}", draw(&arrangement, canvas)).unwrap();
        }
    }
    check("audience", &text);
}

#[test]
fn focus_chooses_who_is_large() {
    for layout in [Layout::Solo, Layout::PictureInPicture] {
        let mut cast = cast(layout, 4, false);
        cast.focus = Some(2);
        let tiles = arrange(&cast, Canvas::Wide).tiles;
        assert_eq!(tiles[0].source, TileSource::Feed(FeedId::new(3)), "{layout:?}");
        assert_eq!(tiles[0].rect, Rect { x: 0, y: 0, width: 1280, height: 720 });
    }
}

#[test]
fn layouts_that_lack_what_they_show_fall_back() {
    for canvas in [Canvas::Wide, Canvas::Tall] {
        let grid = arrange(&cast(Layout::Grid, 3, false), canvas).tiles;
        for layout in [Layout::ClipFull, Layout::ClipWithHosts] {
            assert_eq!(arrange(&cast(layout, 3, false), canvas).tiles, grid, "no clip: the hosts");
        }
        let clip = clip_alone(CLIP, 1.0, canvas).tiles;
        for layout in [Layout::Solo, Layout::Grid, Layout::ClipWithHosts] {
            assert_eq!(arrange(&cast(layout, 0, true), canvas).tiles, clip, "no hosts: the clip");
        }
        let empty = arrange(&cast(Layout::Solo, 0, false), canvas).tiles;
        assert!(matches!(&empty[0].source, TileSource::Slate { title, .. } if title == "The Show"));
    }
}

#[test]
fn who_is_heard() {
    let mut cast = cast(Layout::Solo, 4, true);
    cast.hosts[0].muted = true;
    cast.hosts[1].volume = 0.0;
    cast.hosts[2].volume = 1.5;
    cast.clip = Some(Shot { feed: CLIP, volume: 0.25 });
    let heard = |cast: &Cast| -> Vec<(u64, f32)> {
        arrange(cast, Canvas::Wide).sounds.iter().map(|s| (s.feed.bits(), s.gain)).collect()
    };
    assert_eq!(heard(&cast), [(3, 1.5), (4, 1.0), (CLIP.bits(), 0.25)], "all on air, seen or not");
    cast.layout = Layout::Slate;
    assert_eq!(heard(&cast), [(CLIP.bits(), 0.25)], "music, but nobody's microphone");
}

#[test]
fn a_hidden_host_keeps_the_place_as_a_card() {
    let shown = cast(Layout::Grid, 3, false);
    let mut hidden = shown.clone();
    hidden.hosts[1].hidden = true;
    let (shown, hidden) = (arrange(&shown, Canvas::Wide), arrange(&hidden, Canvas::Wide));
    assert_eq!(hidden.tiles[1].rect, shown.tiles[1].rect);
    assert!(matches!(&hidden.tiles[1].source, TileSource::Slate { title, .. } if title == "Host 2"));
    assert_eq!(hidden.sounds, shown.sounds);
}

#[test]
fn a_new_name_or_volume_is_the_same_picture() {
    let one = cast(Layout::Grid, 3, false);
    let mut two = one.clone();
    two.hosts[0].name = "Another".into();
    two.hosts[1].volume = 0.1;
    let (one, two) = (arrange(&one, Canvas::Wide), arrange(&two, Canvas::Wide));
    assert!(one != two && same_picture(&one, &two));
    assert!(!same_picture(&one, &arrange(&cast(Layout::Grid, 2, false), Canvas::Wide)));
}

fn overlap(a: Rect, b: Rect) -> bool {
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
}

fn any_cast() -> impl Strategy<Value = (Cast, Canvas)> {
    let layout = prop::sample::select(Layout::ALL.to_vec());
    let canvas = prop::sample::select(vec![Canvas::Wide, Canvas::Tall]);
    let host = (any::<bool>(), any::<bool>(), 0.0f32..=2.0);
    let hosts = prop::collection::vec(host, 0..=9);
    (layout, canvas, hosts, prop::option::of(0usize..12), prop::option::of(0.0f32..=2.0)).prop_map(
        |(layout, canvas, hosts, focus, clip)| {
            let hosts = (1..).zip(hosts).map(|(n, (hidden, muted, volume))| Person {
                hidden,
                muted,
                volume,
                ..person(n)
            });
            let mut cast = cast(layout, 0, false);
            cast.hosts = hosts.collect();
            cast.focus = focus;
            cast.clip = clip.map(|volume| Shot { feed: CLIP, volume });
            (cast, canvas)
        },
    )
}

proptest! {
    #[test]
    fn tiles_are_even_inside_and_apart((cast, canvas) in any_cast()) {
        let arrangement = arrange(&cast, canvas);
        let (width, height) = canvas.size();
        prop_assert!(!arrangement.tiles.is_empty(), "never an empty picture");
        for tile in &arrangement.tiles {
            let r = tile.rect;
            prop_assert!([r.x, r.y, r.width, r.height].iter().all(|n| n % 2 == 0), "odd: {r:?}");
            prop_assert!(r.width >= 64 && r.height >= 64, "too small: {r:?}");
            prop_assert!(r.x + r.width <= width && r.y + r.height <= height, "outside: {r:?}");
        }
        // Only picture in picture lays tiles over others, and there only over the first.
        let skip = usize::from(cast.layout == Layout::PictureInPicture);
        let tiles = &arrangement.tiles[skip.min(arrangement.tiles.len())..];
        for (i, a) in tiles.iter().enumerate() {
            for b in &tiles[i + 1..] {
                prop_assert!(!overlap(a.rect, b.rect), "{:?} and {:?}", a.rect, b.rect);
            }
        }
        for sound in &arrangement.sounds {
            prop_assert!(sound.gain > 0.0 && sound.gain <= 2.0);
        }
    }

    #[test]
    fn everybody_on_air_is_there_where_all_are_shown((cast, canvas) in any_cast()) {
        let all = match cast.layout {
            Layout::Grid | Layout::SideBySide | Layout::PictureInPicture => true,
            Layout::ClipWithHosts => cast.clip.is_some(),
            _ => false,
        };
        let shown = arrange(&cast, canvas).tiles.iter().filter(|tile| tile.source != TileSource::Feed(CLIP)).count();
        if all && !cast.hosts.is_empty() {
            prop_assert_eq!(shown, cast.hosts.len());
        }
    }
}
