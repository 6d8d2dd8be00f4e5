//! A shard over real sockets on the loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod viewer;

use palco_base::{Codec, FeedId, MediaTime, SessionId, Size};
use palco_net::{Full, Shard, ShardConfig, ShardHandle, Shards};
use palco_sfu::{CloseReason, Command, Event};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use viewer::{PROGRAM, Viewer, frame};

fn shard(address: &str) -> (ShardHandle, Receiver<Event>) {
    let (tell, told) = channel();
    let config = ShardConfig::new(address.parse::<SocketAddr>().unwrap());
    let on_event = Box::new(move |event| {
        let _ = tell.send(event);
    });
    (Shard::spawn(config, on_event).unwrap(), told)
}

#[test]
fn a_viewer_watches_a_program_until_the_shard_stops() {
    let (shard, events) = shard("0.0.0.0:0");
    shard.send(Command::OpenProgram { feed: PROGRAM }).unwrap();
    let mut viewer = Viewer::join(|command| shard.send(command).unwrap(), &events, 7);
    let start = Instant::now();
    let mut sent = 0u64;
    while viewer.video < 100 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} packets came", viewer.video);
        viewer.turn();
        let due = start.elapsed().as_millis() as u64 / 5;
        if viewer.connected && sent < due {
            sent = due;
            let time = MediaTime::from(start.elapsed());
            for (codec, bytes) in [(Codec::H264, 3_000), (Codec::Opus, 80)] {
                let frame = frame(codec, sent.is_multiple_of(10), bytes, time);
                shard.send(Command::ProgramFrame { feed: PROGRAM, size: Size::Large, frame }).unwrap();
            }
        }
        std::thread::yield_now();
    }
    assert!(viewer.audio > 10);
    shard.stop();
    let closed = events.try_iter().find_map(|event| match event {
        Event::Closed { session, reason } => Some((session, reason)),
        _ => None,
    });
    assert_eq!(closed, Some((SessionId::new(7), CloseReason::Shutdown)));
    let told = Instant::now();
    while !viewer.closed {
        assert!(told.elapsed() < Duration::from_secs(5), "the viewer is told");
        viewer.turn();
        std::thread::yield_now();
    }
    assert_eq!(shard.send(Command::Stats), Err(Full), "a stopped shard takes nothing");
    assert!(events.recv().is_err(), "the events end with the shard");
}

#[test]
fn frames_cannot_displace_commands() {
    let (shard, events) = shard("127.0.0.1:0");
    let feed = FeedId::new(3);
    let mut refused = 0;
    for number in 0..5_000 {
        let frame = frame(Codec::H264, true, 100_000, MediaTime::from_millis(number));
        refused += u64::from(shard.send(Command::ProgramFrame { feed, size: Size::Large, frame }).is_err());
    }
    shard.send(Command::Stats).unwrap();
    assert!(matches!(events.recv_timeout(Duration::from_secs(10)), Ok(Event::Stats(_))));
    assert_eq!(shard.stats().frames_dropped, refused);
    assert_eq!(shard.stats().commands_refused, 0);
}

#[test]
fn a_taken_port_is_an_error() {
    let (first, _events) = shard("127.0.0.1:0");
    let config = ShardConfig::new(first.address());
    assert!(Shard::spawn(config, Box::new(|_| ())).is_err());
    assert_eq!(first.candidates(), [first.address()]);
}

const TWO: NonZeroU8 = NonZeroU8::new(2).unwrap();

#[test]
fn viewers_are_spread_over_shards_and_all_are_served() {
    let (tell, events) = channel();
    let (tell_where, places) = channel();
    let config = ShardConfig::new("127.0.0.1:0".parse().unwrap());
    let shards = Shards::spawn(config, TWO, |number| {
        let (tell, tell_where) = (tell.clone(), tell_where.clone());
        Box::new(move |event| {
            if let Event::Connected { session } = &event {
                let _ = tell_where.send((*session, number));
            }
            let _ = tell.send(event);
        })
    })
    .unwrap();
    let give = |command| shards.send(command).unwrap();
    give(Command::OpenProgram { feed: PROGRAM });
    let mut house: Vec<_> = (1..=6).map(|number| Viewer::join(give, &events, number)).collect();
    let start = Instant::now();
    let mut sent = 0;
    let until = |house: &mut [Viewer], sent: &mut u64, what: &str, enough: &dyn Fn(&Viewer) -> bool| {
        while !house.iter().all(enough) {
            assert!(start.elapsed() < Duration::from_secs(30), "{what}");
            house.iter_mut().for_each(Viewer::turn);
            let due = start.elapsed().as_millis() as u64 / 20;
            if *sent < due {
                *sent = due;
                let frame = frame(Codec::H264, true, 3_000, MediaTime::from(start.elapsed()));
                give(Command::ProgramFrame { feed: PROGRAM, size: Size::Large, frame });
            }
            std::thread::yield_now();
        }
    };
    until(&mut house, &mut sent, "all are served", &|viewer| viewer.video > 30);
    let places: HashMap<_, _> = places.try_iter().collect();
    let of = |shard| places.values().filter(|at| **at == shard).count();
    assert_eq!((of(0), of(1)), (3, 3), "{places:?}");
    // Whichever shard they are on: who is closed is gone, and makes room where they were.
    for number in [1, 2] {
        give(Command::Close { session: SessionId::new(number), reason: CloseReason::Removed });
    }
    until(&mut house[..2], &mut sent, "both are told", &|viewer| viewer.closed);
    assert!(house[2..].iter().all(|viewer| !viewer.closed));
    shards.stop();
    let nothing_is_due = u64::MAX;
    until(&mut house, &mut { nothing_is_due }, "all are told", &|viewer| viewer.closed);
}

#[test]
fn shards_have_ports_one_above_the_other_and_all_or_none() {
    let base = free_pair();
    let spawn = |count| Shards::spawn(ShardConfig::new(base), count, |_| Box::new(|_| ()));
    let both = spawn(TWO).unwrap();
    assert_eq!(both.addresses().map(|a| a.port()).collect::<Vec<_>>(), [base.port(), base.port() + 1]);
    drop(both);
    let mut above = base;
    above.set_port(base.port() + 1);
    let taken = std::net::UdpSocket::bind(above).unwrap();
    assert_eq!(spawn(TWO).unwrap_err().0, above);
    drop(taken);
    spawn(TWO).expect("nothing is left of the one that failed");
    let mut last = base;
    last.set_port(u16::MAX);
    let (address, error) = Shards::spawn(ShardConfig::new(last), TWO, |_| Box::new(|_| ())).unwrap_err();
    assert_eq!((address, error.kind()), (last, std::io::ErrorKind::InvalidInput));
}

/// An address whose port and the one above it nobody has.
fn free_pair() -> SocketAddr {
    let pairs = std::iter::repeat_with(|| {
        let first = std::net::UdpSocket::bind("127.0.0.1:0").ok()?;
        let address = first.local_addr().ok()?;
        let above = SocketAddr::new(address.ip(), address.port().checked_add(1)?);
        std::net::UdpSocket::bind(above).ok().map(|_| address)
    });
    pairs.take(100).flatten().next().unwrap()
}
