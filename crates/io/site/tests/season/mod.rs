//! A box office in memory with a believable season, for tests and for looking at the pages.

#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, clippy::unwrap_used)]

mod office;
mod shows;

use palco_base::{OrderId, Secret, ShowId, StaffId, TicketId, WallTime};
use palco_boxoffice::{
    BuyRequest, Buyer, Lang, NewTicket, Opening, OrderState, Promo, Provider, Refund, Sale, Share, Shelf,
    TicketState, Wanted,
};
use palco_site::{OrderView, Rating, Role, ShowCard, Staff};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use shows::{JAZZ, LIVE, PAST, SLAM};

pub const SESSION: &str = "session-of-owner-0001";
pub const BUYER: &str = "session-of-buyer-0001";
pub const ADMIN: &str = "admin-token-of-this-house";
pub const PAID: &str = "order-paid-one-000000001";
pub const SEVERAL: &str = "order-paid-three-0000001";
pub const HELD: &str = "order-held-000000000001";
pub const LAPSED: &str = "order-lapsed-0000000001";
pub const TICKET: &str = "ticket-00000000000000b10";
pub const TICKET_LIVE: &str = "ticket-00000000000000b20";
pub const TICKET_PAST: &str = "ticket-00000000000000b30";
pub const STATEMENT: &str = "statement-of-rosa-00001";

pub struct Season {
    pub state: Mutex<State>,
    pub has_staff: bool,
    pub role: Mutex<Role>,
}

#[derive(Default)]
pub struct State {
    pub cards: Vec<Arc<ShowCard>>,
    pub orders: Vec<OrderView>,
    pub promos: Vec<Promo>,
    pub shares: Vec<Share>,
    pub refunds: Vec<Refund>,
    pub ratings: HashMap<String, Rating>,
    pub warned: Vec<(ShowId, Option<TicketId>)>,
    pub bought: Vec<(BuyRequest, Option<String>, String)>,
    pub links: Vec<String>,
    pub calls: Vec<String>,
    next: u64,
}

pub fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    WallTime::from_unix_seconds(since.as_secs())
}

/// A season with this text in every field that somebody can write.
pub fn season_saying(text: &str) -> Arc<Season> {
    let mut state = State { cards: shows::season(Some(text)), next: 0x100, ..State::default() };
    fill(&mut state, Some(text));
    Arc::new(Season { state: Mutex::new(state), has_staff: true, role: Mutex::new(Role::Owner) })
}

pub fn season() -> Arc<Season> {
    let mut state = State { cards: shows::season(None), next: 0x100, ..State::default() };
    fill(&mut state, None);
    Arc::new(Season { state: Mutex::new(state), has_staff: true, role: Mutex::new(Role::Owner) })
}

fn fill(state: &mut State, text: Option<&str>) {
    let say = |it: &str| text.map_or(it.to_owned(), str::to_owned);
    let card =
        |state: &State, slug: &str| state.cards.iter().find(|it| it.show.slug == slug).unwrap().clone();
    let (jazz, live, past) = (card(state, JAZZ), card(state, LIVE), card(state, PAST));
    let who = |name: &str, email: &str| Buyer { email: email.into(), name: say(name), lang: Lang::En };
    let sell = |card: &ShowCard, id: u64, code: &str, quantity: u32, buyer: Buyer| {
        sale(card, id, code, quantity, buyer)
    };
    let mut all = vec![
        sell(&jazz, 0xb1, PAID, 1, who("Marisol Vega", "marisol@example.com")),
        sell(&live, 0xb2, "order-live-000000000001", 1, who("Jonas Falk", "jonas@example.com")),
        sell(&past, 0xb3, "order-past-000000000001", 1, who("Irene Solís", "irene@example.com")),
        sell(&jazz, 0xb4, SEVERAL, 3, who("Teo Anaya", "teo@example.com")),
    ];
    for (n, name) in ["Lucía Ferrer", "Sam Okafor", "Noor Haddad", "Pilar Ríos"].iter().enumerate() {
        let (id, email) =
            (0xc0 + n as u64, format!("{}@example.com", name.split(' ').next().unwrap().to_lowercase()));
        all.push(sell(&jazz, id, &format!("order-more-00000000000{n}"), 1 + n as u32 % 2, who(name, &email)));
    }
    for view in &mut all {
        view.order.state = OrderState::Paid;
        view.tickets.iter_mut().for_each(|ticket| ticket.state = TicketState::Valid);
    }
    all[3].tickets[1].state = TicketState::Void;
    let refund = |state| Refund {
        id: palco_base::RefundId::new(0xe1),
        order: all[3].order.id,
        show: jazz.show.id,
        amount: all[3].order.quote.money(1_120),
        payment: "pay".into(),
        provider: Provider::Demo,
        reason: say("changed plans"),
        state,
        created_at: now(),
        round: 0,
    };
    let failed = refund(palco_boxoffice::RefundState::Failed(say("the card was closed")));
    all[3].refunds.push(failed);
    let mut held = sell(&jazz, 0xd1, HELD, 2, who("Ada Lind", "ada@example.com"));
    held.order.held_until = WallTime::from_unix_millis(now().unix_millis() + 600_000);
    all.push(held);
    let mut lapsed = sell(&jazz, 0xd2, LAPSED, 1, who("Bo Chen", "bo@example.com"));
    lapsed.order.state = OrderState::Lapsed;
    all.push(lapsed);
    state.orders = all;
    let show = jazz.show.id;
    state.promos = vec![Promo {
        id: palco_base::PromoId::new(0xf1),
        show,
        code: "HARBOUR20".into(),
        discount: palco_boxoffice::Discount::Percent(2_000),
        uses: Some(50),
        used: 7,
        until: None,
    }];
    let share = |id: u64, name: &str, points: u32, code: &str| Share {
        id: palco_base::ShareId::new(id),
        show,
        name: say(name),
        email: "rosa@example.com".into(),
        basis_points: points,
        code: Secret::new(code),
    };
    state.shares = vec![
        share(1, "Rosa Belmonte", 4_000, STATEMENT),
        share(2, "The Low Tide Quartet", 3_000, "statement-of-band-00001"),
        share(3, "Emre Aydın", 500, "statement-of-emre-00001"),
    ];
}

pub fn sale(card: &ShowCard, id: u64, code: &str, quantity: u32, buyer: Buyer) -> OrderView {
    let kind = card.kinds.iter().find(|kind| kind.on_sale).unwrap();
    let request = BuyRequest {
        wanted: vec![Wanted { kind: kind.id, quantity, unit: None }],
        buyer,
        provider: Provider::Demo,
        by_staff: true,
    };
    let mut listing = card.listing.clone().unwrap();
    listing.sales = palco_boxoffice::Sales::Open;
    (listing.seats, listing.taken) = (None, 0);
    let shelf = Shelf { listing, kinds: card.kinds.clone(), promo: None, over: false };
    open(&shelf, request, id, code, Some(Arc::new(card.clone()))).unwrap()
}

pub fn open(
    shelf: &Shelf,
    request: BuyRequest,
    id: u64,
    code: &str,
    card: Option<Arc<ShowCard>>,
) -> Result<OrderView, palco_base::Fault> {
    let opening = Opening {
        id: OrderId::new(id << 32),
        code: Secret::new(code),
        tickets: (0..100)
            .map(|n| NewTicket {
                id: TicketId::new(id * 0x100 + n),
                code: Secret::new(format!("ticket-{id:016x}{n}")),
            })
            .collect(),
        hold: Duration::from_secs(600),
    };
    let sale = Sale::open(shelf, request, opening, now())?;
    Ok(OrderView { order: sale.order().clone(), tickets: sale.tickets().to_vec(), refunds: Vec::new(), card })
}

pub fn owner(role: Role) -> Staff {
    Staff { id: StaffId::new(7), email: "clara@example.com".into(), name: "Clara".into(), role }
}
