//! A shard over real sockets on the loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod viewer;

use palco_base::{Codec, FeedId, MediaTime, SessionId, Size};
use palco_net::{Full, Shard, ShardConfig, ShardHandle};
use palco_sfu::{CloseReason, Command, Event};
use std::net::SocketAddr;
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
    let mut viewer = Viewer::join(&shard, &events, 7);
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
