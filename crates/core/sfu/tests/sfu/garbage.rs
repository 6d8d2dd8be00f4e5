//! Whatever comes: nothing panics, and one viewer watching through all of it loses nothing.

use crate::client::Sending;
use crate::world::{World, millis};
use palco_base::{FeedId, SessionId};
use palco_netem::Impairment;
use palco_sfu::{Command, Event, Input};
use std::net::SocketAddr;

const FEED: FeedId = FeedId::new(1);

fn stage(seed: u64) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let near = Impairment { delay: millis(5), ..Impairment::default() };
    let sending = Sending { audio: true, video: true, tag: 1, rtp_base: 5 };
    let host = world.publish(FEED, sending, near);
    let viewer = world.play(FEED, near);
    world.run(millis(2_000));
    (world, host, viewer)
}

fn untouched(mut world: World, viewer: usize) {
    world.run(millis(1_000));
    let pictures = world.clients[viewer].whole_pictures();
    assert!(pictures.len() > 70, "{}", pictures.len());
    assert!(pictures.windows(2).all(|w| w[1].1 == w[0].1 + 1), "no picture is missing");
    world.clients[viewer].check_continuity(false);
    assert_eq!(world.stats().panics, 0);
}

struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }
}

#[test]
fn datagrams_of_every_kind_and_length() {
    let (mut world, host, viewer) = stage(200);
    let mut noise = Noise(200);
    let froms: [SocketAddr; 3] =
        ["10.66.6.6:666".parse().unwrap(), world.clients[host].outside, world.clients[viewer].outside];
    for from in froms {
        for first in 0..=255u8 {
            for length in [1, 2, 3, 4, 8, 11, 12, 13, 20, 28, 40, 100, 1_200, 1_500, 1_501, 65_000] {
                let mut bytes = noise.bytes(length);
                bytes[0] = first;
                world.datagram(from, &bytes);
            }
        }
        world.datagram(from, &[]);
        world.run(millis(20));
    }
    untouched(world, viewer);
}

#[test]
fn stun_of_every_length() {
    let (mut world, host, viewer) = stage(201);
    let mut noise = Noise(201);
    for from in ["10.66.6.6:666".parse().unwrap(), world.clients[host].outside] {
        for length in 0..=64usize {
            for kind in [0x0001u16, 0x0101, 0x0111, 0x0011, 0x3fff] {
                let mut bytes = noise.bytes(length);
                let body = length.saturating_sub(20) as u16;
                let head = [kind.to_be_bytes(), body.to_be_bytes(), [0x21, 0x12], [0xa4, 0x42]].concat();
                let fits = head.len().min(length);
                bytes[..fits].copy_from_slice(&head[..fits]);
                if length >= 24 {
                    // A USERNAME attribute of every claimed length.
                    bytes[20..24].copy_from_slice(&[0, 6, 0, (length - 24) as u8]);
                }
                world.datagram(from, &bytes);
            }
        }
    }
    untouched(world, viewer);
}

#[test]
fn rtp_that_nobody_announced_and_tags_that_do_not_fit() {
    let (mut world, host, viewer) = stage(202);
    let mut noise = Noise(202);
    let from = world.clients[host].outside;
    for round in 0..2_000u32 {
        let mut bytes = noise.bytes(20 + (round as usize % 1_100));
        bytes[0] = 0x80 | (noise.byte() & 0x3f);
        bytes[1] = if round % 2 == 0 { 96 + noise.byte() % 32 } else { 200 + noise.byte() % 8 };
        world.datagram(from, &bytes);
    }
    untouched(world, viewer);
}

#[test]
fn repeated_and_bent_datagrams_of_a_real_peer() {
    let (mut world, host, viewer) = stage(203);
    let mut noise = Noise(203);
    // What the host really sends, with single bits changed, sent from its own address.
    for _ in 0..300 {
        world.run(millis(3));
        let from = world.clients[host].outside;
        let Some(mut bytes) = world.clients[host].peek_up() else { continue };
        let bit = usize::from(noise.byte()) * 5 % (bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        world.datagram(from, &bytes);
    }
    untouched(world, viewer);
}

#[test]
fn a_stranger_cannot_take_an_address() {
    let (mut world, _, viewer) = stage(204);
    // A check with the right ufrag but no password, from the viewer's own address and others.
    let address = world.clients[viewer].outside;
    let Some(check) = world.clients[viewer].last_check.clone() else { panic!("the viewer made checks") };
    let mut bent = check;
    let last = bent.len() - 10;
    bent[last] ^= 0xff;
    for from in [address, "10.66.6.6:1".parse().unwrap()] {
        world.datagram(from, &bent);
    }
    untouched(world, viewer);
}

#[test]
fn broken_descriptions_are_answered() {
    let (mut world, _, viewer) = stage(205);
    let real = world.offer();
    let mut noise = Noise(205);
    let mut number = 1_000;
    let mut offers: Vec<String> =
        vec![String::new(), "v=0".into(), "hello".into(), "v=0\r\n".repeat(2_000_000)];
    offers.push(real.replace("a=fingerprint", "a=finger"));
    offers.push(real.replace("a=ice-ufrag", "a=ice"));
    offers.push(real.replace("opus/48000/2", "L16/48000/2"));
    offers.push(real.replace("m=audio", "m=banana"));
    offers.push(real.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"));
    let lines: Vec<&str> = real.lines().collect();
    for skip in 0..lines.len() {
        let kept: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, l)| *l).collect();
        offers.push(kept.join("\r\n") + "\r\n");
        offers.push(lines[..skip].join("\r\n") + "\r\n");
    }
    for _ in 0..300 {
        let mut bytes = real.clone().into_bytes();
        for _ in 0..3 {
            let at = (usize::from(noise.byte()) << 8 | usize::from(noise.byte())) % bytes.len();
            bytes[at] = 32 + noise.byte() % 90;
        }
        offers.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    for offer in offers {
        for publish in [true, false] {
            number += 1;
            let session = SessionId::new(number);
            let offer = offer.clone();
            world.command(if publish {
                Command::Publish { session, feed: FeedId::new(77), offer }
            } else {
                Command::Play { session, source: FEED, offer, viewer: true }
            });
            let answered = world.events.iter().rev().find_map(|(_, e)| match e {
                Event::Answered { session: s, answer } if *s == session => Some(answer.clone()),
                _ => None,
            });
            match answered.expect("each offer is answered") {
                Ok(_) => world.command(Command::Close { session, reason: palco_sfu::CloseReason::ByPeer }),
                Err(fault) => assert!(!fault.code.is_empty() && !fault.text.is_empty()),
            }
        }
    }
    untouched(world, viewer);
}

#[test]
fn the_house_has_a_size() {
    let mut world = World::new(206);
    let offer = world.offer();
    for number in 0..201 {
        world.command(Command::Play {
            session: SessionId::new(5_000 + number),
            source: FEED,
            offer: offer.clone(),
            viewer: true,
        });
    }
    let refused: Vec<_> = world
        .events
        .iter()
        .filter_map(|(_, e)| match e {
            Event::Answered { answer: Err(fault), .. } => Some(fault.code),
            _ => None,
        })
        .collect();
    assert_eq!(refused, ["house_full"]);
    assert_eq!(world.stats().sessions, 200);
}

#[test]
fn a_busy_core_refuses_viewers_and_nobody_who_makes_the_show() {
    let mut world = World::new(207);
    let offer = world.offer();
    let mut ask = |busy, viewer, number| {
        world.sfu.handle(Input::Busy(busy), world.now);
        let session = SessionId::new(number);
        world.command(Command::Play { session, source: FEED, offer: offer.clone(), viewer });
        match world.events.pop() {
            Some((_, Event::Answered { answer, .. })) => answer.map_err(|fault| fault.code),
            other => panic!("{other:?}"),
        }
    };
    assert!(ask(0.5, true, 1).is_ok());
    assert_eq!(ask(0.95, true, 2).unwrap_err(), "house_full");
    assert!(ask(0.95, false, 3).is_ok());
    assert!(ask(0.5, true, 4).is_ok());
}
