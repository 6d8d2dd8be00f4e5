//! What is on.

use super::now;
use palco_base::{KindId, ShowId, WallTime};
use palco_boxoffice::{Currency, Fee, Genre, Listing, Sales, Tax, TicketKind, Warning};
use palco_site::{Reputation, ShowCard};
use palco_stage::{Canvas, Door, Phase, Show};
use std::sync::Arc;

pub const LIVE: &str = "velvet-hour";
pub const JAZZ: &str = "the-late-harbour";
pub const SLAM: &str = "poetry-slam-final";
pub const PAST: &str = "tango-y-sombra";

struct Make<'a> {
    slug: &'a str,
    title: &'a str,
    summary: &'a str,
    hours: i64,
    phase: Phase,
    zone: &'a str,
    poster: Option<&'a str>,
    currency: &'a str,
    price: i64,
    genre: Genre,
    sales: Sales,
    seats: (Option<u32>, u32),
    people: &'a [&'a str],
}

const USUAL: Make<'static> = Make {
    slug: "",
    title: "",
    summary: "",
    hours: 0,
    phase: Phase::Scheduled,
    zone: "America/New_York",
    poster: None,
    currency: "USD",
    price: 1_000,
    genre: Genre::Show,
    sales: Sales::Open,
    seats: (Some(120), 40),
    people: &[],
};

fn all() -> Vec<Make<'static>> {
    let soon = |slug, title, summary, hours| Make { slug, title, summary, hours, ..USUAL };
    vec![
        Make {
            phase: Phase::Live,
            poster: Some("velvet"),
            people: &["Dolores Flame", "Mister Onyx", "Las Hermanas Vidrio"],
            seats: (Some(400), 388),
            ..soon(LIVE, "The Velvet Hour", "Late burlesque with a live band and a very steep staircase.", -1)
        },
        Make {
            poster: Some("harbour"),
            people: &["Rosa Belmonte", "The Low Tide Quartet", "Emre Aydın"],
            seats: (Some(120), 103),
            ..soon(
                JAZZ,
                "The Late Harbour",
                "Jazz in the dark: one voice, four players, no lights but the bass lamp.",
                99,
            )
        },
        Make {
            zone: "America/Mexico_City",
            currency: "MXN",
            price: 18_000,
            genre: Genre::Competition,
            poster: Some("lucha"),
            people: &["Rayo Fantasma", "La Tormenta", "El Último Cometa"],
            ..soon(
                "mascara-contra-cabellera",
                "Máscara contra cabellera",
                "Tres caídas, dos rivales y una sola máscara. Vota tú por la mejor llave.",
                101,
            )
        },
        Make {
            genre: Genre::Competition,
            price: 500,
            seats: (None, 0),
            people: &["Eight finalists"],
            ..soon(
                SLAM,
                "Poetry Slam: the Final",
                "Eight poets, three minutes each, and your stars decide.",
                148,
            )
        },
        Make {
            price: 0,
            seats: (Some(60), 22),
            zone: "Europe/Madrid",
            currency: "EUR",
            ..soon(
                "small-ghosts",
                "Miniature Theatre for Very Small Ghosts",
                "Puppets no taller than a thumb, filmed very close.",
                172,
            )
        },
        Make {
            zone: "Europe/Lisbon",
            currency: "EUR",
            price: 1_400,
            seats: (Some(80), 80),
            ..soon("fado", "Fado", "Songs from the edge of the sea.", 196)
        },
        Make {
            sales: Sales::Cancelled,
            ..soon("storm-concert", "Concert on the Roof", "Strings above the city.", 220)
        },
        Make {
            hours: -200,
            phase: Phase::Over,
            poster: Some("tango"),
            zone: "America/Argentina/Buenos_Aires",
            ..soon(
                PAST,
                "Tango y sombra",
                "Two dancers, one bandoneón, and the shadow that leads them both.",
                -200,
            )
        },
        Make {
            hours: -420,
            phase: Phase::Over,
            ..soon(
                "open-kitchen",
                "Open Kitchen: Mole from Zero",
                "Thirty-one ingredients and a very patient cook.",
                -420,
            )
        },
        Make {
            hours: -700,
            phase: Phase::Over,
            ..soon("night-radio", "Night Radio, Live", "A radio play with footsteps you can see.", -700)
        },
        Make { sales: Sales::Draft, ..soon("secret-draft", "Not announced yet", "Shh.", 300) },
    ]
}

pub fn season(text: Option<&str>) -> Vec<Arc<ShowCard>> {
    all().iter().zip(1..).map(|(make, id)| Arc::new(card(make, id, text))).collect()
}

fn card(make: &Make<'_>, id: u64, text: Option<&str>) -> ShowCard {
    let say = |it: &str| text.map_or(it.to_owned(), str::to_owned);
    let show = ShowId::new(id);
    // On the hour, as shows are.
    let starts = now().unix_millis() / 3_600_000 * 3_600_000 + make.hours * 3_600_000;
    let starts = WallTime::from_unix_millis(starts);
    let mut listing = Listing::new(show, Currency::parse(make.currency).unwrap());
    listing.revision = 3;
    listing.summary = say(make.summary);
    listing.performers = make.people.iter().map(|name| say(name)).collect();
    listing.genre = make.genre;
    listing.minutes = 75;
    make.zone.clone_into(&mut listing.time_zone);
    listing.poster = make.poster.map(str::to_owned);
    listing.fee = Fee { basis_points: 700, fixed: if make.currency == "MXN" { 500 } else { 50 } };
    if make.currency == "MXN" {
        listing.tax = Tax {
            name: text.map_or("IVA".into(), |it| it.chars().take(20).collect()),
            basis_points: 1_600,
            included: true,
        };
    }
    (listing.seats, listing.taken) = make.seats;
    listing.sales = make.sales;
    if make.slug == LIVE {
        listing.warning =
            Warning { text: say("Partial nudity, flashing lights, and jokes about dentists."), age: 18 };
    }
    let description = say(
        "The doors open a quarter of an hour early, and the band tunes up in front of you.\n\n\
         Everything is played live and mixed live. If your line is thin the sound goes on while the picture waits.\n\n\
         There is one interval. Bring your own drink.",
    );
    ShowCard {
        show: Show {
            id: show,
            slug: make.slug.into(),
            title: say(make.title),
            description,
            phase: make.phase,
            starts_at: Some(starts),
            started_at: None,
            ended_at: (make.phase == Phase::Over).then_some(starts),
            max_on_air: 4,
            canvas: Canvas::Wide,
            door: Door::Grant,
        },
        kinds: kinds(make, show, &say),
        listing: Some(listing),
        reputation: Reputation {
            stars: 61 * u32::from(make.hours < 0),
            voices: 13 * u32::from(make.hours < 0),
            likes: 48,
            views: 2_310 + id * 77,
        },
        viewers: if make.phase == Phase::Live { 214 } else { 0 },
        replay: make.phase == Phase::Over && make.slug != "night-radio",
    }
}

fn kinds(make: &Make<'_>, show: ShowId, say: &dyn Fn(&str) -> String) -> Vec<TicketKind> {
    let kind = |n: u64, name: &str, description: &str, price: i64| TicketKind {
        id: KindId::new(show.bits() * 16 + n),
        show,
        name: say(name),
        description: say(description),
        price,
        pay_what_you_want: make.slug == SLAM,
        replay: n > 1,
        face_to_face: n > 2,
        seats: (n > 2).then_some(6),
        taken: if n > 2 { 4 } else { 0 },
        on_sale: true,
        position: 1,
    };
    if make.price == 0 {
        return vec![kind(1, "Live", "The evening as it happens.", 0)];
    }
    let mut kinds = vec![kind(1, "Live", "The evening as it happens.", make.price)];
    if make.slug != SLAM {
        kinds.push(kind(2, "Live and replay", "And a week to see it again.", make.price * 14 / 10));
    }
    if make.slug == JAZZ {
        kinds.push(kind(
            3,
            "Front row",
            "A word with Rosa after the show, just you two.",
            make.price * 45 / 10,
        ));
    }
    kinds
}
