//! A thread that drives many viewers: wait for their sockets and timers, receive, drain.

use super::viewer::{DATAGRAM, Outcome, Viewer};
use crate::probe::overflows;
use palco_base::Fault;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::OwnedFd;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The bell's place among the sockets.
const BELL: u64 = u64::MAX;
/// Sockets looked at per turn.
const EVENTS: usize = 256;
/// How often the numbers are added up and viewers looked after.
const TICK: Duration = Duration::from_millis(250);

/// Numbers of all viewers of a worker, for the progress line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) joined: u64,
    /// Ended before the first picture.
    pub(crate) failed: u64,
    /// Ended after it.
    pub(crate) dropped: u64,
    pub(crate) receiving: u64,
    pub(crate) freezes: u64,
    pub(crate) lost: u64,
    pub(crate) bytes: u64,
}

impl Tally {
    /// Both together.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            joined: self.joined + other.joined,
            failed: self.failed + other.failed,
            dropped: self.dropped + other.dropped,
            receiving: self.receiving + other.receiving,
            freezes: self.freezes + other.freezes,
            lost: self.lost + other.lost,
            bytes: self.bytes + other.bytes,
        }
    }
}

#[derive(Default)]
struct Orders {
    new: Vec<Viewer>,
    finish: bool,
}

struct Inbox {
    orders: Mutex<Orders>,
    tally: Mutex<Tally>,
    bell: OwnedFd,
}

/// A running worker.
pub(crate) struct Worker {
    inbox: Arc<Inbox>,
    thread: JoinHandle<Vec<Outcome>>,
}

fn no_worker(error: impl std::fmt::Display) -> Fault {
    Fault::unavailable("no_worker", "This computer gives us no thread or no events.").internal(error)
}

impl Worker {
    /// Starts one.
    pub(crate) fn start(number: usize) -> Result<Self, Fault> {
        let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map_err(no_worker)?;
        let inbox = Arc::new(Inbox { orders: Mutex::default(), tally: Mutex::default(), bell });
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(no_worker)?;
        epoll::add(&poll, &inbox.bell, EventData::new_u64(BELL), EventFlags::IN).map_err(no_worker)?;
        let work = Work {
            inbox: Arc::clone(&inbox),
            poll,
            viewers: Vec::new(),
            timers: BinaryHeap::new(),
            next_tick: Instant::now(),
        };
        let name = format!("viewers-{number}");
        let thread = std::thread::Builder::new().name(name).spawn(|| work.run()).map_err(no_worker)?;
        Ok(Self { inbox, thread })
    }

    /// Gives it a viewer to drive.
    pub(crate) fn take(&self, viewer: Viewer) {
        self.order(|orders| orders.new.push(viewer));
    }

    /// The numbers now.
    pub(crate) fn tally(&self) -> Tally {
        *self.inbox.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it; all its viewers leave.
    pub(crate) fn finish(self) -> Vec<Outcome> {
        self.order(|orders| orders.finish = true);
        self.thread.join().unwrap_or_default()
    }

    fn order(&self, change: impl FnOnce(&mut Orders)) {
        change(&mut self.inbox.orders.lock().unwrap_or_else(PoisonError::into_inner));
        // It can only fail when it has been rung 2^64 times.
        let _ = rustix::io::write(&self.inbox.bell, &1_u64.to_ne_bytes());
    }
}

struct Work {
    inbox: Arc<Inbox>,
    poll: OwnedFd,
    viewers: Vec<Viewer>,
    timers: BinaryHeap<Reverse<(Instant, usize)>>,
    next_tick: Instant,
}

impl Work {
    fn run(mut self) -> Vec<Outcome> {
        let mut events = Vec::with_capacity(EVENTS);
        let mut buffer = [0; DATAGRAM];
        loop {
            if let Err(error) = self.wait(&mut events) {
                tracing::error!(%error, "viewers cannot be driven");
                break;
            }
            let mut rung = false;
            for event in events.drain(..) {
                let place = event.data.u64();
                if place == BELL {
                    rung = true;
                } else if let Some(viewer) = usize::try_from(place).ok().and_then(|n| self.viewers.get_mut(n))
                {
                    viewer.receive(&mut buffer);
                    self.look_after(place as usize, Instant::now());
                }
            }
            if rung && self.orders() {
                break;
            }
            self.turn();
        }
        let (now, overflows) = (Instant::now(), overflows());
        self.viewers.into_iter().map(|viewer| viewer.leave(now, &overflows)).collect()
    }

    fn wait(&self, events: &mut Vec<epoll::Event>) -> Result<(), rustix::io::Errno> {
        let timer = self.timers.peek().map_or(self.next_tick, |Reverse((at, _))| (*at).min(self.next_tick));
        let left = timer.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).unwrap_or_default();
        match epoll::wait(&self.poll, spare_capacity(events), Some(&left)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes the orders. True if it is to finish.
    fn orders(&mut self) -> bool {
        let _ = rustix::io::read(&self.inbox.bell, &mut [0; 8]);
        let orders = std::mem::take(&mut *self.inbox.orders.lock().unwrap_or_else(PoisonError::into_inner));
        for viewer in orders.new {
            let place = self.viewers.len();
            let data = EventData::new_u64(place as u64);
            if let Err(error) = epoll::add(&self.poll, &viewer.socket, data, EventFlags::IN) {
                tracing::error!(%error, "a viewer's socket cannot be watched");
            }
            self.viewers.push(viewer);
            self.look_after(place, Instant::now());
        }
        orders.finish
    }

    /// Does what is due for a viewer, and sets its timer.
    fn look_after(&mut self, place: usize, now: Instant) {
        let Some(viewer) = self.viewers.get_mut(place) else { return };
        if viewer.is_over() {
            // Its socket may go on receiving; nobody listens any more. Not there is as good.
            let _ = epoll::delete(&self.poll, &viewer.socket);
            return;
        }
        viewer.turn(now);
        if viewer.scheduled.is_none_or(|at| viewer.deadline < at) {
            viewer.scheduled = Some(viewer.deadline);
            self.timers.push(Reverse((viewer.deadline, place)));
        }
    }

    fn turn(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((at, place))) = self.timers.peek()
            && at <= now
        {
            self.timers.pop();
            let Some(viewer) = self.viewers.get_mut(place) else { continue };
            // An earlier timer has been set since: this one is of no use any more.
            if viewer.scheduled == Some(at) {
                viewer.scheduled = None;
                self.look_after(place, now);
            }
        }
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.tick(now);
        }
    }

    fn tick(&mut self, now: Instant) {
        let mut tally = Tally::default();
        for place in 0..self.viewers.len() {
            self.look_after(place, now);
            let glance = self.viewers[place].glance(now);
            tally.joined += u64::from(glance.joined);
            tally.failed += u64::from(glance.ended && !glance.joined);
            tally.dropped += u64::from(glance.ended && glance.joined);
            tally.receiving += u64::from(glance.receiving);
            tally.freezes += glance.freezes;
            tally.lost += glance.lost;
            tally.bytes += glance.bytes;
        }
        *self.inbox.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
    }
}
