//! A show with tickets to sell, in books of its own.

use crate::postgres;
use palco_base::{KindId, PromoId, RefundId, Secret, ShareId, ShowId, WallTime};
use palco_boxoffice::{
    BuyRequest, Buyer, Currency, Discount, Fee, Input, Lang, Listing, Money, Payment, Promo, Provider, Sales,
    Share, Tax, TicketKind, Wanted,
};
use palco_store::{Books, Database, Decided, Event, Key, NewOrder};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) const SHOW: ShowId = ShowId::new(0xabc);
pub(crate) const LIVE: KindId = KindId::new(1);
pub(crate) const REPLAY: KindId = KindId::new(2);
pub(crate) const HOLD: Duration = Duration::from_secs(900);

pub(crate) fn at(seconds: u64) -> WallTime {
    WallTime::from_unix_seconds(1_800_000_000 + seconds)
}

pub(crate) fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

pub(crate) struct World {
    pub(crate) books: Database,
    /// Where they are, for another process.
    pub(crate) place: Books,
    file: Option<PathBuf>,
}

impl Drop for World {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            if let Some(file) = &self.file {
                let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
            }
        }
    }
}

/// Books nobody has written in.
pub(crate) async fn empty(on: On, name: &str) -> (Books, Option<PathBuf>) {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let name = format!("books_{name}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    match on {
        On::Sqlite => {
            let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.sqlite"));
            let _ = std::fs::remove_file(&file);
            (Books::File(file.clone()), Some(file))
        }
        On::Postgres => {
            let port = tokio::task::spawn_blocking(postgres::port).await.unwrap();
            let server = format!("postgres://palco@127.0.0.1:{port}");
            let created = std::process::Command::new("createdb")
                .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-U", "palco", "-T", "template0", &name])
                .output()
                .unwrap();
            // It may still be starting: connections are refused until it is up.
            assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
            (Books::Postgres(Secret::new(format!("{server}/{name}"))), None)
        }
    }
}

impl World {
    /// A show of so many seats, $10 live or $15 with the replay, 7 % and $0.50 fees, 16 % tax on top.
    pub(crate) async fn new(on: On, name: &str, seats: Option<u32>) -> Self {
        let (place, file) = empty(on, name).await;
        let books = Database::open(&place).await.unwrap();
        let listing = Listing {
            fee: Fee { basis_points: 700, fixed: 50 },
            tax: Tax { name: "IVA".into(), basis_points: 1_600, included: false },
            seats,
            sales: Sales::Open,
            ..Listing::new(SHOW, usd())
        };
        books.set_listing(&listing).await.unwrap();
        for (id, name, price, replay) in
            [(LIVE, "Live", 1_000, false), (REPLAY, "Live + replay", 1_500, true)]
        {
            let kind = TicketKind {
                id,
                show: SHOW,
                name: name.into(),
                description: String::new(),
                price,
                pay_what_you_want: false,
                replay,
                face_to_face: false,
                seats: None,
                taken: 0,
                on_sale: true,
                position: 0,
            };
            books.set_kind(&kind).await.unwrap();
        }
        for (id, name, basis_points) in [(1, "Ana", 4_000), (2, "Bea", 3_333)] {
            let code = Database::new_code().unwrap();
            let (id, name) = (ShareId::new(id), name.to_owned());
            let share = Share { id, show: SHOW, name, email: String::new(), basis_points, code };
            books.set_share(&share).await.unwrap();
        }
        Self { books, place, file }
    }

    pub(crate) async fn promo(&self, code: &str, uses: u32) {
        let promo = Promo {
            id: PromoId::new(Database::new_id().unwrap()),
            show: SHOW,
            code: code.into(),
            discount: Discount::Percent(2_000),
            uses: Some(uses),
            used: 0,
            until: None,
        };
        self.books.set_promo(&promo).await.unwrap();
    }

    pub(crate) async fn sound(&self) {
        assert_eq!(self.books.broken_books(SHOW).await.unwrap(), Vec::<String>::new());
    }

    pub(crate) async fn taken(&self) -> u32 {
        self.books.show(SHOW).await.unwrap().unwrap().listing.taken
    }

    pub(crate) async fn hold(&self, quantity: u32, seconds: u64) -> Result<Decided, palco_base::Fault> {
        self.books.open_sale(SHOW, &wanted(quantity), at(seconds)).await
    }

    /// The order is paid in full.
    pub(crate) async fn pay(&self, order: &Decided, reference: &str, event: &str, seconds: u64) -> Decided {
        let amount = order.stored.order.quote.total_money();
        self.pay_amount(order, reference, event, amount, seconds).await
    }

    pub(crate) async fn pay_amount(
        &self,
        order: &Decided,
        reference: &str,
        event: &str,
        amount: Money,
        seconds: u64,
    ) -> Decided {
        let payment = Payment { provider: Provider::Stripe, reference: reference.into(), amount };
        let input = Input::Paid { payment, spare: Database::new_refund().unwrap() };
        let event = Event { provider: "stripe", id: event };
        self.books.decide(Key::Id(order.stored.order.id), Some(event), &input, at(seconds)).await.unwrap()
    }

    pub(crate) async fn decide(
        &self,
        order: &Decided,
        input: Input,
        seconds: u64,
    ) -> Result<Decided, palco_base::Fault> {
        self.books.decide(Key::Id(order.stored.order.id), None, &input, at(seconds)).await
    }
}

pub(crate) fn refund_all(reason: &str) -> (RefundId, Input) {
    let id = Database::new_refund().unwrap();
    let tickets = palco_boxoffice::Selection::All;
    (id, Input::Refund { id, tickets, with_fees: true, reason: reason.into() })
}

pub(crate) fn wanted(quantity: u32) -> NewOrder {
    NewOrder {
        request: BuyRequest {
            wanted: vec![Wanted { kind: LIVE, quantity, unit: None }],
            buyer: Buyer { email: "ana@example.com".into(), name: "Ana".into(), lang: Lang::Es },
            provider: Provider::Stripe,
            by_staff: false,
        },
        promo: None,
        opening: Database::opening(quantity as usize, HOLD).unwrap(),
        once: Database::new_code().unwrap().reveal().to_owned(),
        over: false,
    }
}

/// Runs a test on both databases.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::On::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::world::On::Postgres).await;
            })*
        }
    };
}
