//! The mixing thread: owns the [`Mix`], waits for input or its deadline, hands on what it makes.

use crate::output::Encoder;
use crate::post::{Counts, Post, cpu_micros, now};
use palco_base::MediaTime;
use palco_mix::wire::{FromMixer, Output};
use palco_mix::{Input, Made, Mix};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};

/// What waits for the mixing thread at most: half a second of nine feeds.
const WAITING: usize = 512;
/// Counts are told once in this time.
const STATS_EVERY: MediaTime = MediaTime::from_millis(1_000);

/// What reaches the mixing thread.
pub(crate) enum Work {
    /// For the mix.
    Input(Input),
    /// Where an output's pictures and sound go from now on.
    Encode(Output, Arc<Encoder>),
    /// Nowhere any more.
    Forget(Output),
}

/// The way to the mixing thread; everybody has a clone.
#[derive(Clone)]
pub(crate) struct ToMix {
    queue: SyncSender<Work>,
    counts: Arc<Counts>,
}

impl ToMix {
    /// Hands over a picture or sound; dropped and counted if the queue is full.
    pub(crate) fn media(&self, input: Input) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Work::Input(input)) {
            Counts::add(&self.counts.dropped, 1);
        }
    }

    /// Hands over what must not be lost; waits for room.
    pub(crate) fn must(&self, work: Work) {
        // The mixing thread ends only with the process.
        let _ = self.queue.send(work);
    }
}

/// Starts the mixing thread.
pub(crate) fn start(post: &Post) -> Result<ToMix, String> {
    let (queue, work) = sync_channel(WAITING);
    let post = post.clone();
    let counts = post.counts.clone();
    std::thread::Builder::new()
        .name("mix".into())
        .spawn(move || {
            // The server has told if the system does not allow it.
            let _ = palco_realtime::enter();
            run(&work, &post);
        })
        .map_err(|error| format!("no thread for the mix: {error}"))?;
    Ok(ToMix { queue, counts })
}

fn run(work: &Receiver<Work>, post: &Post) {
    let mut mix = Mix::new();
    let mut encoders: HashMap<Output, Arc<Encoder>> = HashMap::new();
    let mut stats_due = now() + STATS_EVERY;
    loop {
        let due = mix.deadline().map_or(stats_due, |due| due.min(stats_due));
        match work.recv_timeout((due - now()).duration()) {
            Ok(Work::Input(input)) => mix.handle(input, now()),
            Ok(Work::Encode(output, encoder)) => {
                encoders.insert(output, encoder);
            }
            Ok(Work::Forget(output)) => {
                encoders.remove(&output);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let time = now();
        if mix.deadline().is_some_and(|due| due <= time) {
            mix.handle(Input::Tick, time);
        }
        while let Some(made) = mix.poll() {
            deliver(made, &encoders, post);
        }
        if stats_due <= time {
            // From now, not from when it was due: nothing is made up after a stall.
            stats_due = time + STATS_EVERY;
            post.say(stats(&mix, post));
        }
    }
}

fn deliver(made: Made, encoders: &HashMap<Output, Arc<Encoder>>, post: &Post) {
    match made {
        Made::Picture(output, picture, time) => {
            if let Some(encoder) = encoders.get(&output) {
                encoder.picture(picture, time);
            }
        }
        Made::Sound(output, samples, time) => {
            if let Some(encoder) = encoders.get(&output) {
                encoder.sound(&samples, time);
            }
        }
        Made::Levels(levels) => {
            post.say(FromMixer::Levels { levels });
        }
    }
}

fn stats(mix: &Mix, post: &Post) -> FromMixer {
    let counters = mix.counters();
    FromMixer::Stats {
        pictures: counters.pictures,
        skipped: counters.skipped,
        dropped: post.counts.dropped.load(Ordering::Relaxed) + counters.dropped_pictures,
        undecodable: post.counts.undecodable.load(Ordering::Relaxed),
        cpu: cpu_micros(),
        held: u64::try_from(mix.held().micros()).unwrap_or(0),
    }
}
