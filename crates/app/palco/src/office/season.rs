//! A believable season of shows, so that every page can be judged with content: `palco demo-data`, and
//! the demo. Made through the office's own doors.

use super::Office;
use crate::clock;
use palco_base::{Fault, KindId, PromoId, Secret, ShareId, ShowId, StaffId, WallTime};
use palco_boxoffice::{
    BuyRequest, Buyer, Currency, Discount, Fee, Genre, Input, Lang, Listing, OrderState, Payment, Promo,
    Provider, Sales, Share, Tax, TicketKind, Wanted, Warning,
};
use palco_site::{BoxOffice as _, Role, ShowCard, ShowForm, Staff};
use palco_store::{Database, Key, NewOrder};
use std::sync::Arc;
use std::time::Duration;

/// Who signs in at the office of a demo, and with what: it is printed for everybody to read.
pub(crate) const OWNER: &str = "owner@example.com";
pub(crate) const OWNER_PASSWORD: &str = "palco-demo-night";

const DAY: i64 = 24 * 60;
const ZONE: &str = "America/Mexico_City";

/// One show of the season.
struct Night {
    slug: &'static str,
    title: &'static str,
    summary: &'static str,
    description: &'static str,
    performers: &'static [&'static str],
    genre: Genre,
    /// From now, in minutes; none is the demo show that is live.
    starts_in: i64,
    minutes: u16,
    warning: (&'static str, u8),
    currency: &'static str,
    /// Name, price, replay, face to face, seats.
    kinds: &'static [(&'static str, i64, bool, bool, Option<u32>)],
    seats: Option<u32>,
    sold: u32,
    sales: Sales,
    /// Basis points of each performer, in their order.
    shares: &'static [u32],
}

const SEASON: [Night; 7] = [
    Night {
        slug: "flamenco-a-cuatro-casas",
        title: "Flamenco a cuatro casas",
        summary: "Guitar, cante and two dancers, each from their own living room.",
        description: "Four artists who have never shared a room share a stage tonight.\n\nA soleá that begins in Sevilla and ends in Mexico City, bulerías by request, and a conversation after the last clap.",
        performers: &["Rocío Vega", "Manuel Cortés", "Itzel Romero"],
        genre: Genre::Show,
        starts_in: 2 * DAY + 130,
        minutes: 75,
        warning: ("", 0),
        currency: "USD",
        kinds: &[
            ("Live", 1_000, false, false, None),
            ("Live + replay", 1_400, true, false, None),
            ("VIP: a minute face to face", 4_500, true, true, Some(12)),
        ],
        seats: Some(300),
        sold: 64,
        sales: Sales::Open,
        shares: &[4_000, 3_000, 2_000],
    },
    Night {
        slug: "cabaret-after-midnight",
        title: "Cabaret After Midnight",
        summary: "Burlesque, songs and bad behaviour. For adults.",
        description: "Feathers, a piano that is slightly out of tune, and a host who remembers your name.",
        performers: &["Vera Noir", "The Tuesday Boys"],
        genre: Genre::Show,
        starts_in: 4 * DAY + 400,
        minutes: 90,
        warning: ("Nudity, strong language and flashing lights.", 18),
        currency: "USD",
        kinds: &[("Live", 1_800, false, false, None), ("Live + replay", 2_200, true, false, None)],
        seats: Some(40),
        sold: 37,
        sales: Sales::Open,
        shares: &[5_000, 3_500],
    },
    Night {
        slug: "reyes-del-danzon",
        title: "Reyes del danzón: la final",
        summary: "Seis parejas, un solo trofeo, y tus estrellas cuentan.",
        description: "La final que esperaste todo el año. Seis parejas bailan desde seis ciudades; tú das las estrellas.",
        performers: &["Pareja Ávila", "Pareja Sosa", "Pareja Luna"],
        genre: Genre::Competition,
        starts_in: 6 * DAY + 60,
        minutes: 120,
        warning: ("", 0),
        currency: "MXN",
        kinds: &[
            ("En vivo", 12_000, false, false, None),
            ("En vivo + repetición", 16_000, true, false, None),
        ],
        seats: None,
        sold: 41,
        sales: Sales::Open,
        shares: &[2_500, 2_500, 2_500],
    },
    Night {
        slug: "sunday-poetry",
        title: "Sunday Poetry, Free Entry",
        summary: "Five poets, five minutes each, pay what you want.",
        description: "Bring tea. Read your own after the break: five open slots.",
        performers: &["Maya Lindqvist", "Tomás Ibarra"],
        genre: Genre::Show,
        starts_in: 8 * DAY,
        minutes: 60,
        warning: ("", 0),
        currency: "USD",
        kinds: &[("Pay what you want", 0, true, false, None)],
        seats: Some(100),
        sold: 12,
        sales: Sales::Open,
        shares: &[5_000, 5_000],
    },
    Night {
        slug: "theatre-of-small-things",
        title: "Theatre of Small Things",
        summary: "Object theatre on a kitchen table, filmed from eight centimetres.",
        description: "A salt shaker falls in love. You will not look at your kitchen the same way.",
        performers: &["Compañía Mesa"],
        genre: Genre::Show,
        starts_in: 13 * DAY + 200,
        minutes: 50,
        warning: ("", 0),
        currency: "USD",
        kinds: &[("Live", 900, false, false, None), ("Live + replay", 1_200, true, false, None)],
        seats: Some(25),
        sold: 25,
        sales: Sales::Open,
        shares: &[8_000],
    },
    Night {
        slug: "son-jarocho-battle",
        title: "Son Jarocho Battle",
        summary: "Two bands, one fandango, the audience decides.",
        description: "Jaranas at twenty paces.",
        performers: &["Los Cojolites de Casa", "Monoblanco Chico"],
        genre: Genre::Competition,
        starts_in: 20 * DAY,
        minutes: 90,
        warning: ("", 0),
        currency: "MXN",
        kinds: &[("En vivo", 10_000, false, false, None)],
        seats: Some(500),
        sold: 3,
        sales: Sales::Open,
        shares: &[4_000, 4_000],
    },
    Night {
        slug: "winter-gala",
        title: "Winter Gala",
        summary: "Being prepared: nobody outside the office sees this yet.",
        description: "",
        performers: &[],
        genre: Genre::Show,
        starts_in: 34 * DAY,
        minutes: 120,
        warning: ("", 0),
        currency: "USD",
        kinds: &[("Live", 2_500, false, false, None)],
        seats: Some(200),
        sold: 0,
        sales: Sales::Draft,
        shares: &[],
    },
];

const BUYERS: [(&str, Lang); 8] = [
    ("Ana López", Lang::Es),
    ("Sofía Ríos", Lang::Es),
    ("James Okafor", Lang::En),
    ("Mia Chen", Lang::En),
    ("مريم حداد", Lang::En),
    ("Björk Ásgeirsdóttir", Lang::En),
    ("Diego Santos 💃", Lang::Es),
    ("Priya Nair", Lang::En),
];

/// Fills empty books with a season, and puts a listing on the show `live`, if there is one.
///
/// # Errors
/// When something of it is refused.
pub(crate) async fn fill(office: &Arc<Office>, live: Option<ShowId>) -> Result<(), Fault> {
    let by = Staff {
        id: StaffId::new(Database::new_id()?),
        email: OWNER.to_owned(),
        name: "Demo Owner".to_owned(),
        role: Role::Owner,
    };
    if !office.has_staff().await? {
        office.set_staff(None, by.clone(), Some(&Secret::new(OWNER_PASSWORD))).await?;
    }
    if let Some(live) = live {
        list_live(office, &by, live).await?;
    }
    for night in &SEASON {
        if office.card(night.slug).is_none() {
            fill_night(office, &by, night).await?;
        }
    }
    Ok(())
}

/// The demo show, which anybody can buy a ticket to.
async fn list_live(office: &Arc<Office>, by: &Staff, show: ShowId) -> Result<(), Fault> {
    let Some(card) = office.card_of(show) else { return Ok(()) };
    let listing = Listing {
        summary: "Four musicians, four living rooms, one stage. Live now.".to_owned(),
        performers: ["Lucía", "Mateo", "Inés", "Carmen"].map(str::to_owned).to_vec(),
        minutes: 90,
        seats: Some(500),
        revision: card.listing.as_ref().map_or(0, |listing| listing.revision),
        sales: Sales::Open,
        ..priced(show, "USD")?
    };
    let form = form(&card, listing);
    office.change_show(by, show, form).await?;
    if card.kinds.is_empty() {
        for (position, (name, price, replay)) in
            (0..).zip([("Live", 1_000, false), ("Live + replay", 1_400, true)])
        {
            office.set_kind(by, kind(show, name, price, replay, false, None, position)?).await?;
        }
        for (name, basis_points) in [("Lucía", 2_500), ("Mateo", 2_500), ("Inés", 2_500), ("Carmen", 2_000)]
        {
            office.set_share(by, share(show, name, basis_points)?).await?;
        }
        sell(office, show, 23, false).await?;
    }
    Ok(())
}

fn form(card: &ShowCard, listing: Listing) -> ShowForm {
    ShowForm {
        title: card.show.title.clone(),
        slug: None,
        description: card.show.description.clone(),
        starts_at: card.show.starts_at,
        listing,
    }
}

/// 7 % and 50 cents of fees, 16 % of tax contained in pesos.
fn priced(show: ShowId, currency: &str) -> Result<Listing, Fault> {
    let listing = Listing::new(show, Currency::parse(currency)?);
    let pesos = currency == "MXN";
    Ok(Listing {
        time_zone: ZONE.to_owned(),
        fee: Fee { basis_points: 700, fixed: if pesos { 500 } else { 50 } },
        tax: if pesos {
            Tax { name: "IVA".to_owned(), basis_points: 1_600, included: true }
        } else {
            Tax::default()
        },
        ..listing
    })
}

fn kind(
    show: ShowId,
    name: &str,
    price: i64,
    replay: bool,
    face_to_face: bool,
    seats: Option<u32>,
    position: u16,
) -> Result<TicketKind, Fault> {
    Ok(TicketKind {
        id: KindId::new(Database::new_id()?),
        show,
        name: name.to_owned(),
        description: if face_to_face {
            "A private minute with a performer after the show.".to_owned()
        } else {
            String::new()
        },
        price,
        pay_what_you_want: price == 0,
        replay,
        face_to_face,
        seats,
        taken: 0,
        on_sale: true,
        position,
    })
}

fn share(show: ShowId, name: &str, basis_points: u32) -> Result<Share, Fault> {
    let id = ShareId::new(Database::new_id()?);
    let code = Database::new_code()?;
    Ok(Share { id, show, name: name.to_owned(), email: String::new(), basis_points, code })
}

async fn fill_night(office: &Arc<Office>, by: &Staff, night: &Night) -> Result<(), Fault> {
    let minutes = clock::now().wall.unix_millis() / 60_000 + night.starts_in;
    // On the hour or the half.
    let starts_at = WallTime::from_unix_millis(minutes.div_euclid(30) * 30 * 60_000);
    let listing = Listing {
        summary: night.summary.to_owned(),
        performers: night.performers.iter().map(|name| (*name).to_owned()).collect(),
        genre: night.genre,
        minutes: night.minutes,
        warning: Warning { text: night.warning.0.to_owned(), age: night.warning.1 },
        seats: night.seats,
        sales: night.sales,
        ..priced(ShowId::new(0), night.currency)?
    };
    let form = ShowForm {
        title: night.title.to_owned(),
        slug: Some(night.slug.to_owned()),
        description: night.description.to_owned(),
        starts_at: Some(starts_at),
        listing,
    };
    let show = office.make_show(by, form).await?.show.id;
    for (position, (name, price, replay, face, seats)) in (0..).zip(night.kinds) {
        office.set_kind(by, kind(show, name, *price, *replay, *face, *seats, position)?).await?;
    }
    for (name, basis_points) in night.performers.iter().zip(night.shares) {
        office.set_share(by, share(show, name, *basis_points)?).await?;
    }
    let promo = Promo {
        id: PromoId::new(Database::new_id()?),
        show,
        code: "AMIGOS".to_owned(),
        discount: Discount::Percent(2_000),
        uses: Some(50),
        used: 0,
        until: None,
    };
    office.set_promo(by, promo).await?;
    sell(office, show, night.sold, night.sales == Sales::Open).await
}

/// Sells so many tickets by the demo provider.
async fn sell(office: &Arc<Office>, show: ShowId, tickets: u32, promo: bool) -> Result<(), Fault> {
    let Some(card) = office.card_of(show) else { return Ok(()) };
    let mut left = tickets;
    for turn in 0_usize.. {
        if left == 0 || card.kinds.is_empty() {
            break;
        }
        let quantity = [1, 2, 1, 3, 2, 1][turn % 6].min(left);
        let kind = &card.kinds[[0, 1, 0, 0, 1, 2][turn % 6] % card.kinds.len()];
        let (name, lang) = BUYERS[turn % BUYERS.len()];
        let request = BuyRequest {
            wanted: vec![Wanted { kind: kind.id, quantity, unit: kind.pay_what_you_want.then_some(500) }],
            buyer: Buyer { email: format!("buyer{}@example.com", turn % 40), name: name.to_owned(), lang },
            provider: Provider::Demo,
            by_staff: false,
        };
        let promo = (promo && turn % 7 == 3).then_some("AMIGOS");
        // Over the last days, so that the chart of sales has a shape.
        let days = [11, 9, 8, 6, 5, 3, 2, 1, 1, 0][turn * 10 / tickets.max(1) as usize % 10];
        let at = WallTime::from_unix_millis(clock::now().wall.unix_millis() - days * 86_400_000);
        match office.sell_at(show, request, promo, at).await {
            Ok(()) => {}
            // The few seats of a kind may be gone; the others are not.
            Err(fault) if matches!(fault.code, "sold_out" | "not_enough_seats") => {}
            Err(fault) => return Err(fault),
        }
        left -= quantity;
    }
    office.foyer.read(&office.books, show).await
}

impl Office {
    /// A sale that was made and paid then.
    async fn sell_at(
        &self,
        show: ShowId,
        request: BuyRequest,
        promo: Option<&str>,
        at: WallTime,
    ) -> Result<(), Fault> {
        let quantity: usize = request.wanted.iter().map(|wanted| wanted.quantity as usize).sum();
        let new = NewOrder {
            request,
            promo: promo.map(str::to_owned),
            opening: Database::opening(quantity, Duration::from_secs(900))?,
            once: Database::new_code()?.reveal().to_owned(),
            over: false,
        };
        let order = self.books.open_sale(show, &new, at).await?.stored.order;
        if order.state == OrderState::Held {
            let amount = order.quote.total_money();
            let payment =
                Payment { provider: Provider::Demo, reference: format!("demo_{}", order.id), amount };
            let input = Input::Paid { payment, spare: Database::new_refund()? };
            self.books.decide(Key::Id(order.id), None, &input, at).await?;
        }
        Ok(())
    }
}
