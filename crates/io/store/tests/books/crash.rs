//! Killed at a commit, again and again, and started again: nothing is lost, nothing is done twice.
//!
//! The parent keeps the books; the child (this program again, with `CRASH_*` set) does the work and is
//! killed by SIGKILL at the n-th commit point, before or after the commit itself. `KILLS=1000` is the bar.

use crate::world::{On, SHOW, World, at, refund_all, usd, wanted};
use palco_base::{OrderId, Secret};
use palco_boxoffice::{Input, Money, OrderState, Payment, Provider, RefundState, TicketState};
use palco_store::{Books, Database, Event, Key};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

fn kills() -> u32 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(60)
}

/// The books, which die at the n-th commit point.
async fn mortal(books: &Books, deadly: u32) -> Database {
    let left = AtomicU32::new(deadly);
    Database::open(books).await.unwrap().at_commit(move || {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL).unwrap();
            // The signal is on its way: nothing more is done here.
            loop {
                std::thread::park();
            }
        }
    })
}

/// Runs a child until it comes to its end; how often it was killed.
fn work_and_die(task: &str, world: &World, provider: &Path, seed: u64, most: u32) -> u32 {
    let (mut killed, mut dice) = (0, seed);
    loop {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // After so many deaths it is let live.
        let deadly = if killed < most { 1 + u32::try_from((dice >> 33) % 7).unwrap() } else { u32::MAX };
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "crash::the_child", "--nocapture", "--test-threads=1"]);
        match &world.place {
            Books::File(path) => child.env("CRASH_FILE", path),
            Books::Postgres(url) => child.env("CRASH_POSTGRES", url.reveal()),
        };
        child.env("CRASH_TASK", task).env("CRASH_AT", deadly.to_string()).env("CRASH_SEED", dice.to_string());
        let output = child.env("CRASH_PROVIDER", provider).output().unwrap();
        if output.status.success() {
            return killed;
        }
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        assert_eq!(signal, Some(9), "{}", String::from_utf8_lossy(&output.stdout));
        killed += 1;
    }
}

/// Not a test by itself: what the child does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_child() {
    let said = |name: &str| std::env::var(name).ok();
    let Some(task) = said("CRASH_TASK") else { return };
    let books = match (said("CRASH_FILE"), said("CRASH_POSTGRES")) {
        (Some(path), _) => Books::File(PathBuf::from(path)),
        (None, Some(url)) => Books::Postgres(Secret::new(url)),
        (None, None) => panic!("no books"),
    };
    let number = |name: &str| said(name).unwrap().parse::<u64>().unwrap();
    let books = mortal(&books, u32::try_from(number("CRASH_AT")).unwrap_or(u32::MAX)).await;
    match task.as_str() {
        "pay" => pay(books, number("CRASH_SEED")).await,
        "cancel" => cancel(books, Path::new(&said("CRASH_PROVIDER").unwrap())).await,
        other => panic!("{other}"),
    }
}

/// Every order's payment, told five times over, shuffled, all at once.
async fn pay(books: Database, seed: u64) {
    let mut told = Vec::new();
    for stored in books.orders(SHOW, "", usize::MAX).await.unwrap() {
        let order = stored.order;
        let amount = order.quote.total_money();
        told.extend((0..5).map(|turn| (order.id, amount, turn)));
    }
    let mut dice = seed;
    told.sort_by_cached_key(|_| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        dice
    });
    let mut telling = tokio::task::JoinSet::new();
    for (order, amount, turn) in told {
        let books = books.clone();
        telling.spawn(async move { tell(&books, order, amount, turn).await });
    }
    telling.join_all().await;
}

async fn tell(books: &Database, order: OrderId, amount: Money, turn: u64) {
    let payment = Payment { provider: Provider::Stripe, reference: format!("pi_{order}"), amount };
    let input = Input::Paid { payment, spare: Database::new_refund().unwrap() };
    // Two of the five are another event about the same payment.
    let id = format!("evt_{order}_{}", turn % 2);
    let event = Event { provider: "stripe", id: &id };
    books.decide(Key::Id(order), Some(event), &input, at(10 + turn)).await.unwrap();
}

/// As the office does it: mark, give every order back, have the provider pay, note that it did.
async fn cancel(books: Database, provider: &Path) {
    books.cancel_listing(SHOW).await.unwrap();
    for order in books.open_orders(SHOW).await.unwrap() {
        books.decide(Key::Id(order), None, &refund_all("show_cancelled").1, at(100)).await.unwrap();
    }
    loop {
        let due = books.refunds_due(at(200), 50).await.unwrap();
        if due.is_empty() {
            return;
        }
        for open in due {
            let line = format!("{} {}\n", open.refund.id, open.refund.amount.minor);
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(provider).unwrap();
            file.write_all(line.as_bytes()).unwrap();
            let done = Input::RefundDone(open.refund.id);
            books.decide(Key::Id(open.refund.order), None, &done, at(201)).await.unwrap();
        }
    }
}

async fn paid_once_however_often_killed(on: On) {
    let (mut killed, mut seed, provider) = (0, 1, PathBuf::from("/dev/null"));
    while killed < kills() {
        seed += 1;
        println!("seed {seed}");
        let world = World::new(on, "crash", Some(100)).await;
        for _ in 0..6 {
            world.books.open_sale(SHOW, &wanted(2), at(0)).await.unwrap();
        }
        killed += work_and_die("pay", &world, &provider, seed, kills() - killed);
        for stored in world.books.orders(SHOW, "", usize::MAX).await.unwrap() {
            assert_eq!(stored.order.state, OrderState::Paid);
            assert_eq!(stored.tickets.iter().filter(|it| it.state == TicketState::Valid).count(), 2);
            assert!(stored.refunds.is_empty());
        }
        assert_eq!(world.books.letters_due(at(1_000), 100).await.unwrap().len(), 6, "one letter each");
        world.sound().await;
    }
    println!("{killed} kills");
}

async fn refunded_once_however_often_killed(on: On) {
    let orders = if kills() >= 1_000 { 1_000 } else { 60 };
    let world = World::new(on, "cancel", None).await;
    for number in 0..orders {
        let order = world.hold(1, 0).await.unwrap();
        world.pay(&order, &format!("pi_{number}"), &format!("evt_{number}"), 1).await;
    }
    let provider = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("provider-{on:?}-{}.log", std::process::id()));
    let _ = std::fs::remove_file(&provider);
    let killed = work_and_die("cancel", &world, &provider, 7, kills() / 2);
    let mut asked: BTreeMap<String, i64> = BTreeMap::new();
    let log = std::fs::read_to_string(&provider).unwrap();
    for line in log.lines() {
        let (id, minor) = line.split_once(' ').unwrap();
        // The provider knows a repeated wish by its key, and does it once.
        asked.insert(id.to_owned(), minor.parse().unwrap());
    }
    let mut gross = 0;
    for stored in world.books.orders(SHOW, "", usize::MAX).await.unwrap() {
        assert_eq!(stored.refunds.len(), 1, "one refund for each order");
        assert_eq!(stored.refunds[0].state, RefundState::Done);
        assert_eq!(stored.refunds[0].amount, stored.order.quote.total_money());
        gross += stored.order.quote.total;
    }
    assert_eq!(asked.len(), orders, "the provider was never asked under a second key");
    assert_eq!(asked.values().sum::<i64>(), gross);
    let statement = world.books.statement(SHOW).await.unwrap();
    assert_eq!((statement.gross, statement.refunds, statement.net), (gross, gross, 0));
    assert_eq!(statement.currency, usd());
    world.sound().await;
    let _ = std::fs::remove_file(&provider);
    println!("{killed} kills, {orders} orders");
}

crate::on_both!(paid_once_however_often_killed, refunded_once_however_often_killed);
