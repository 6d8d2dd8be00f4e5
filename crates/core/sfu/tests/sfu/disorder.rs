//! Commands in any order, about things that are there or not: nothing panics, every session that
//! was opened is open or was closed once, and each viewer's streams go on.

use crate::client::Sending;
use crate::world::{World, millis};
use palco_base::{FeedId, SessionId};
use palco_netem::Impairment;
use palco_sfu::{CloseReason, Command, Event};
use std::collections::HashMap;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }
}

fn step(world: &mut World, dice: &mut Dice) {
    let feed = FeedId::new(1 + dice.roll(3));
    let any = FeedId::new(1 + dice.roll(6));
    let session = SessionId::new(1 + dice.roll(world.clients.len() as u64 + 2));
    let near = Impairment { loss: 0.02, delay: millis(dice.roll(30)), ..Impairment::default() };
    let coin = |dice: &mut Dice| dice.roll(2) == 0;
    match dice.roll(16) {
        0 | 1 if world.clients.len() < 25 => {
            let (audio, video) = (dice.roll(4) > 0, true);
            let tag = world.clients.len() as u8;
            let rtp_base = dice.roll(1 << 32) as u32;
            world.publish(feed, Sending { audio, video, tag, rtp_base }, near);
        }
        2..=4 if world.clients.len() < 25 => {
            world.play(any, near);
        }
        5..=7 => world.command(Command::Switch { session, source: any }),
        8 => world.command(Command::Close { session, reason: CloseReason::Removed }),
        9 if coin(dice) => world.command(Command::CloseFeed { feed: any }),
        10 => world.command(Command::Tap { feed: any, on: coin(dice) }),
        11 => world.command(Command::Mute { feed: any, audio: coin(dice), video: coin(dice) }),
        12 => world.command(Command::RequestKeyFrame { feed: any }),
        13 if world.programs.len() < 2 => world.open_program(FeedId::new(4 + dice.roll(2))),
        14 => {
            let index = dice.roll(world.clients.len() as u64 + 1) as usize;
            if let Some(client) = world.clients.get_mut(index) {
                let cut = dice.roll(3) == 0;
                client.up.cut(cut);
                client.down.cut(cut);
            }
        }
        _ => {}
    }
    world.run(millis(dice.roll(400)));
}

#[test]
fn commands_in_any_order() {
    for seed in 300..304 {
        let mut world = World::new(seed);
        let mut dice = Dice(seed * 7_919);
        for _ in 0..80 {
            step(&mut world, &mut dice);
        }
        world.run(millis(2_000));
        let stats = world.stats();
        assert_eq!(stats.panics, 0, "seed {seed}");
        let mut open: HashMap<SessionId, i32> = HashMap::new();
        for (_, event) in &world.events {
            match event {
                Event::Answered { session, answer: Ok(_) } => *open.entry(*session).or_default() += 1,
                Event::Closed { session, .. } => *open.entry(*session).or_default() -= 1,
                _ => {}
            }
        }
        assert!(open.values().all(|n| (0..=1).contains(n)), "seed {seed}: each ends once");
        assert_eq!(open.values().sum::<i32>() as u64, stats.sessions, "seed {seed}");
        for client in &world.clients {
            client.check_continuity(true);
        }
    }
}
