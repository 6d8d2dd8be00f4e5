//! Many at once: nothing is oversold, and without the lock it is.

use crate::on_both;
use crate::world::{On, World, wanted};
use crate::world::{SHOW, at};
use palco_store::Locking;
use std::sync::Arc;

on_both!(two_hundred_race_for_fifty_seats, without_the_lock_it_is_oversold, five_webhooks_at_once);

/// Races `buyers` for the seats; how many got one.
async fn race(world: &Arc<World>, buyers: usize) -> u32 {
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..buyers {
        let world = Arc::clone(world);
        racing.spawn(async move { world.books.open_sale(SHOW, &wanted(1), at(0)).await });
    }
    let mut won = 0;
    while let Some(done) = racing.join_next().await {
        match done.unwrap() {
            Ok(_) => won += 1,
            Err(fault) => assert_eq!(fault.code, "sold_out"),
        }
    }
    won
}

/// How many races a test runs; `./dev bench races` runs ten thousand.
fn races() -> u32 {
    std::env::var("RACES").ok().and_then(|races| races.parse().ok()).unwrap_or(3)
}

async fn two_hundred_race_for_fifty_seats(on: On) {
    for _ in 0..races() {
        let world = Arc::new(World::new(on, "race", Some(50)).await);
        assert_eq!(race(&world, 200).await, 50);
        assert_eq!(world.taken().await, 50);
        world.sound().await;
    }
}

/// The negative control: if this did not oversell, the race above would prove nothing.
async fn without_the_lock_it_is_oversold(on: On) {
    let mut world = World::new(on, "control", Some(50)).await;
    world.books = world.books.clone().locking(Locking::Off);
    let world = Arc::new(world);
    assert!(race(&world, 200).await > 50);
    assert!(!world.books.broken_books(SHOW).await.unwrap().is_empty(), "and the books' own check notices");
}

async fn five_webhooks_at_once(on: On) {
    let world = Arc::new(World::new(on, "webhooks", Some(50)).await);
    let order = world.hold(1, 0).await.unwrap();
    let mut telling = tokio::task::JoinSet::new();
    for turn in 0..5 {
        let (world, order) = (Arc::clone(&world), order.clone());
        telling.spawn(async move { world.pay(&order, "pi_1", "evt_1", turn).await.repeated });
    }
    let repeated = telling.join_all().await;
    assert_eq!(repeated.iter().filter(|repeated| !**repeated).count(), 1);
    world.sound().await;
}
