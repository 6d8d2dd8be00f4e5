//! The shard's thread.

use crate::addresses;
use crate::queue::{Inbox, ShardHandle, Shared};
use crate::shards::OnEvent;
use crate::socket::{Outbox, Socket};
use crate::stats::{Counters, NetStats};
use crate::sys::{self, Bell};
use palco_base::{MediaTime, WallTime};
use palco_sfu::{Event, Identity, Input, Output, Sfu, SfuConfig};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Runs collected before they are sent.
const FLUSH: usize = 256;
/// Batches taken in one turn, so that timers and commands have theirs.
const BATCHES: usize = 8;
/// Commands taken in one turn.
const COMMANDS: usize = 256;
/// Losses are told, and the core's load is looked at, this often.
const TELL: Duration = Duration::from_secs(1);

/// What a shard needs to know.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// Where the UDP socket is bound; port 0 takes any.
    pub address: SocketAddr,
    /// Addresses under which the machine is known outside (behind a NAT), told to peers first.
    pub public: Vec<IpAddr>,
    /// No more sessions than this.
    pub max_sessions: usize,
    /// At most one extra key frame is asked of a publisher in this time.
    pub key_frame_interval: Duration,
    /// Whether viewers get the small Rendition while their network carries no more.
    pub follow_bandwidth: bool,
    /// Certificate and secret; one is made if there is none. Shards of one machine may share it.
    pub identity: Option<Identity>,
}

impl ShardConfig {
    /// The defaults: 10,000 sessions, a key frame per 500 ms.
    #[must_use]
    pub const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            public: Vec::new(),
            max_sessions: 10_000,
            key_frame_interval: Duration::from_millis(500),
            follow_bandwidth: true,
            identity: None,
        }
    }
}

/// Where shards come from.
#[derive(Debug)]
pub struct Shard;

impl Shard {
    /// Binds the socket and starts the thread. `on_event` is called on that thread and must not
    /// wait; when the thread ends, for whatever reason, it is dropped.
    ///
    /// # Errors
    /// When the socket cannot be bound, or the system has no thread, randomness or key for us.
    pub fn spawn(config: ShardConfig, on_event: OnEvent) -> io::Result<ShardHandle> {
        let socket = Socket::bind(config.address)?;
        let candidates = addresses::candidates(socket.address(), &config.public)?;
        let mut seed = [0; 8];
        random(&mut seed)?;
        let identity = match config.identity {
            Some(identity) => identity,
            None => {
                let mut secret = [0; 32];
                random(&mut secret)?;
                Identity::new(secret).ok_or_else(|| io::Error::other("no DTLS certificate could be made"))?
            }
        };
        let core = SfuConfig {
            candidates: candidates.clone(),
            seed: u64::from_le_bytes(seed),
            max_sessions: config.max_sessions,
            key_frame_interval: config.key_frame_interval,
            follow_bandwidth: config.follow_bandwidth,
        };
        let shared = Arc::new(Shared {
            bell: Bell::new()?,
            rung: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            counters: Counters::default(),
        });
        let (address, theirs) = (socket.address(), Arc::clone(&shared));
        ShardHandle::new(shared, address, candidates, move |inbox| {
            std::thread::Builder::new().name("shard".into()).spawn(move || {
                let now = Instant::now();
                let media_now = MediaTime::from_micros(sys::monotonic_micros());
                let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let wall_now =
                    WallTime::from_unix_millis(i64::try_from(wall.as_millis()).unwrap_or(i64::MAX));
                let sfu = Sfu::new(core, identity, now, media_now, wall_now);
                Running { sfu, socket, shared: theirs, inbox, on_event, outbox: Outbox::default() }.run();
            })
        })
    }
}

fn random(bytes: &mut [u8]) -> io::Result<()> {
    getrandom::fill(bytes).map_err(|error| io::Error::other(error.to_string()))
}

struct Running {
    sfu: Sfu,
    socket: Socket,
    shared: Arc<Shared>,
    inbox: Inbox,
    on_event: OnEvent,
    outbox: Outbox,
}

impl Running {
    fn run(mut self) {
        match palco_realtime::enter() {
            Ok(()) => tracing::debug!("the shard has real-time priority"),
            Err(error) => tracing::info!(
                "media has ordinary priority: on a full machine its delay grows; `LimitRTPRIO=2` of the service \
                 or CAP_SYS_NICE would help ({error})"
            ),
        }
        let mut told = (Instant::now(), NetStats { segmented: true, ..NetStats::default() });
        let mut looked = (Instant::now(), sys::thread_cpu());
        while !self.shared.stop.load(Ordering::Acquire) {
            let mut more = self.commands();
            match self.datagrams() {
                Ok(waiting) => more |= waiting,
                Err(error) => {
                    tracing::error!("the media socket failed: {error}");
                    break;
                }
            }
            let now = Instant::now();
            if self.sfu.deadline().is_some_and(|at| at <= now) {
                self.step(Input::Timeout, now);
            }
            self.flush();
            self.tell_losses(&mut told, now);
            self.look_at_load(&mut looked, now);
            if !more && let Err(error) = self.wait() {
                tracing::error!("waiting for media failed: {error}");
                break;
            }
        }
        self.sfu.shut_down(Instant::now());
        self.drain();
        self.flush();
    }

    /// Whether commands may be left.
    fn commands(&mut self) -> bool {
        // Before the queues are looked at, so that what comes after rings again.
        self.shared.rung.store(false, Ordering::Release);
        for _ in 0..COMMANDS {
            // Whoever opens a Program before its first frame finds it open.
            let next = self.inbox.commands.try_recv().or_else(|_| self.inbox.frames.try_recv());
            let Ok(command) = next else { return false };
            self.step(Input::Command(command), Instant::now());
        }
        true
    }

    /// Whether datagrams may be left.
    fn datagrams(&mut self) -> io::Result<bool> {
        let Self { sfu, socket, on_event, outbox, shared, .. } = self;
        for _ in 0..BATCHES {
            let address = socket.address();
            let more = socket.receive(|datagram| {
                let to = SocketAddr::new(datagram.to.unwrap_or(address.ip()), address.port());
                let input = Input::Datagram { from: datagram.from, to, bytes: datagram.bytes };
                sfu.handle(input, Instant::now());
                drain(sfu, outbox, on_event, &shared.counters);
            })?;
            if outbox.len() >= FLUSH {
                socket.send(outbox, &shared.counters);
            }
            if !more {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn step(&mut self, input: Input<'_>, now: Instant) {
        self.sfu.handle(input, now);
        self.drain();
        if self.outbox.len() >= FLUSH {
            self.flush();
        }
    }

    fn drain(&mut self) {
        drain(&mut self.sfu, &mut self.outbox, &mut self.on_event, &self.shared.counters);
    }

    fn flush(&mut self) {
        self.socket.send(&mut self.outbox, &self.shared.counters);
    }

    fn wait(&self) -> io::Result<()> {
        let timeout = self.sfu.deadline().map(|at| at.saturating_duration_since(Instant::now()));
        sys::wait(self.socket.as_fd(), &self.shared.bell, timeout).map(drop)
    }

    /// The core decides by it who still gets in.
    fn look_at_load(&mut self, looked: &mut (Instant, Duration), now: Instant) {
        let passed = now.saturating_duration_since(looked.0);
        if passed < TELL {
            return;
        }
        let cpu = sys::thread_cpu();
        let share = cpu.saturating_sub(looked.1).as_secs_f64() / passed.as_secs_f64();
        *looked = (now, cpu);
        self.shared.counters.busy_per_mille.store((share * 1e3) as u64, Ordering::Relaxed);
        self.step(Input::Busy(share), now);
    }

    fn tell_losses(&self, told: &mut (Instant, NetStats), now: Instant) {
        if now.saturating_duration_since(told.0) < TELL {
            return;
        }
        let stats = NetStats { busy_per_mille: 0, sessions: 0, ..self.shared.counters.read() };
        if stats != told.1 {
            tracing::warn!(
                refused = stats.commands_refused,
                frames = stats.frames_dropped,
                unsent = stats.sends_dropped,
                failed = stats.sends_failed,
                segmented = stats.segmented,
                "media was lost in the shard (totals)"
            );
        }
        *told = (now, stats);
    }
}

fn drain(sfu: &mut Sfu, outbox: &mut Outbox, on_event: &mut OnEvent, counters: &Counters) {
    while let Some(output) = sfu.poll() {
        match output {
            Output::Transmit { from, to, bytes, segment } => outbox.push(from, to, bytes, segment),
            Output::Event(event) => {
                if matches!(event, Event::Closed { .. } | Event::Answered { answer: Err(_), .. }) {
                    counters.sessions.fetch_sub(1, Ordering::Relaxed);
                }
                on_event(event);
            }
        }
    }
}
