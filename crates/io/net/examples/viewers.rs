//! What a viewer costs: `cargo run --release -p palco-net --example viewers -- VIEWERS SECONDS`.
//!
//! A shard sends a Program of 1.5 Mbit/s to viewers on the loopback; printed is the CPU time of
//! the shard's thread alone (the viewers' decryption is in another), from `/proc`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement talks to its reader")]

#[path = "../tests/shard/viewer.rs"]
mod viewer;

use palco_base::{Codec, MediaTime, Size};
use palco_net::{Shard, ShardConfig};
use palco_sfu::{Command, Event};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use viewer::{PROGRAM, Viewer, frame};

/// CPU seconds of the thread called `shard`.
fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let stats = tasks.flatten().filter_map(|task| {
        std::fs::read_to_string(task.path().join("schedstat"))
            .ok()
            .zip(std::fs::read_to_string(task.path().join("comm")).ok())
    });
    let nanos = |stat: &str| stat.split(' ').next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0);
    stats.filter(|(_, name)| name.trim() == "shard").map(|(stat, _)| nanos(&stat) / 1e9).sum()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<u64>().unwrap());
    let (count, seconds) = (arguments.next().unwrap_or(100), arguments.next().unwrap_or(10));
    let (tell, told) = channel();
    let shard = Shard::spawn(
        ShardConfig::new(([127, 0, 0, 1], 0).into()),
        Box::new(move |event| {
            let _ = tell.send(event);
        }),
    )
    .unwrap();
    shard.send(Command::OpenProgram { feed: PROGRAM }).unwrap();
    let before = cpu();
    let mut viewers: Vec<Viewer> = (0..count).map(|n| Viewer::join(&shard, &told, n + 1)).collect();
    let start = Instant::now();
    while !viewers.iter().all(|v| v.connected) {
        viewers.iter_mut().for_each(Viewer::turn);
        assert!(start.elapsed() < Duration::from_secs(120), "not all connected");
    }
    println!("join: {:.2} ms CPU per viewer", (cpu() - before) * 1e3 / count as f64);

    let (start, before) = (Instant::now(), cpu());
    let end = Duration::from_secs(seconds);
    let (mut pictures, mut sounds) = (0u32, 0u32);
    // A full queue drops the frame, which the last line tells.
    let send = |frame| {
        let _ = shard.send(Command::ProgramFrame { feed: PROGRAM, size: Size::Large, frame });
    };
    while start.elapsed() < end {
        let time = MediaTime::from(start.elapsed());
        // 30 pictures of 6,000 bytes and 50 packets of 160 bytes a second: 1.5 Mbit/s.
        if start.elapsed() >= Duration::from_millis(33) * pictures {
            let frame = frame(Codec::H264, pictures.is_multiple_of(60), 6_000, time);
            pictures += 1;
            send(frame);
        }
        if start.elapsed() >= Duration::from_millis(20) * sounds {
            sounds += 1;
            send(frame(Codec::Opus, true, 160, time));
        }
        viewers.iter_mut().for_each(Viewer::turn);
    }
    let (used, took) = (cpu() - before, start.elapsed().as_secs_f64());
    shard.send(Command::Stats).unwrap();
    let stats = told.iter().find_map(|event| match event {
        Event::Stats(stats) => Some(stats),
        _ => None,
    });
    let got: u64 = viewers.iter().map(|v| v.video + v.audio).sum();
    println!(
        "{count} viewers, {took:.1} s: {used:.2} s CPU of the shard = {:.3} ms per viewer and second",
        used * 1e3 / took / count as f64
    );
    println!(
        "viewers per core: {:.0}; packets received {got}; {:?}; {:?}",
        count as f64 * took / used,
        stats.unwrap(),
        shard.stats()
    );
}
