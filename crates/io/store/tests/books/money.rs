//! Any order of buying, paying, refunding, settling and paying out leaves the books sound.

use crate::world::{On, SHOW, World, at, refund_all, usd};
use palco_base::ShareId;
use palco_boxoffice::{Account, Input, Money, OrderState};
use palco_store::{Decided, Key};

/// A small generator of numbers (xorshift), so that a failure can be run again by its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

async fn a_season(on: On, seed: u64) {
    println!("seed {seed}");
    let world = World::new(on, "season", Some(12)).await;
    let mut dice = Dice(seed);
    let mut orders: Vec<Decided> = Vec::new();
    for turn in 0..120 {
        let now = turn * 60;
        let any = usize::try_from(dice.roll(orders.len().max(1) as u64)).unwrap();
        match (dice.roll(9), orders.get(any).cloned()) {
            (0..=2, _) => orders.extend(world.hold(1 + u32::try_from(dice.roll(3)).unwrap(), now).await.ok()),
            (3 | 4, Some(order)) => {
                let payment = format!("pi_{any}_{}", dice.roll(2));
                world.pay(&order, &payment, &format!("evt_{}", dice.roll(60)), now).await;
            }
            (5, Some(order)) => drop(world.decide(&order, refund_all("x").1, now).await),
            (6, Some(order)) => {
                let stored = world.books.order(Key::Id(order.stored.order.id)).await.unwrap();
                for refund in stored.refunds {
                    let done = if dice.roll(3) == 0 {
                        Input::RefundFailed(refund.id, "no money".into())
                    } else {
                        Input::RefundDone(refund.id)
                    };
                    world.decide(&order, done, now).await.unwrap();
                }
            }
            (7, _) => {
                world.books.settle(SHOW, at(now)).await.unwrap();
                let share = ShareId::new(1 + dice.roll(2));
                let due = world.books.balances(Some(SHOW)).await.unwrap().of(Account::Share(SHOW, share));
                let part = Money::new(due / 2, usd());
                let paid = world.books.pay_out(SHOW, share, part, at(now)).await;
                assert_eq!(paid.is_ok(), part.minor > 0);
                let more = Money::new(due + 1, usd());
                assert_eq!(
                    world.books.pay_out(SHOW, share, more, at(now)).await.unwrap_err().code,
                    "payout_too_large"
                );
            }
            (8, _) => {
                for order in world.books.overdue(at(now)).await.unwrap().0 {
                    let id = Key::Id(order.id);
                    let lapsed = world.books.decide(id, None, &Input::Timeout, at(now)).await.unwrap();
                    assert_eq!(lapsed.stored.order.state, OrderState::Lapsed);
                }
            }
            _ => {}
        }
        world.sound().await;
    }
    // Every payment that was taken either bought a seat or went back, in full.
    let balances = world.books.balances(Some(SHOW)).await.unwrap();
    assert_eq!(balances.of(Account::Unseated(SHOW)), 0);
}

#[tokio::test]
async fn seasons_on_sqlite() {
    for seed in 1..=4 {
        a_season(On::Sqlite, seed * 7_919).await;
    }
}

#[tokio::test]
async fn seasons_on_postgres() {
    for seed in 1..=2 {
        a_season(On::Postgres, seed * 104_729).await;
    }
}
