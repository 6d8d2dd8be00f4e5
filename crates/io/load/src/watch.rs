//! Looks at the server and at this process, second by second.

use crate::http::{Connection, Door};
use crate::probe::{self, Metrics, Process, Usage, read_metrics};
use crate::report::{Metric, Second, Server};
use crate::samples::thousandth;
use palco_base::Fault;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

const METRICS_WITHIN: Duration = Duration::from_secs(5);
/// How often it is asked for at the end, at most, one second apart.
const AFTER: u32 = 4;
const SESSIONS: &str = "palco_rtc_sessions";
const UNSENT: &str = "palco_rtc_datagrams_unsent_total";
const PICTURES_SKIPPED: &str = "palco_mixer_ticks_skipped_total";
const FRAMES_DROPPED: &str = "palco_rtc_program_frames_dropped_total";

/// The server's metrics, asked for once a second beside everything else: a server that is slow
/// to answer must not slow down the viewers.
pub(crate) struct Gauge {
    door: Arc<Door>,
    show: String,
    before: Metrics,
    most: Arc<Mutex<Metrics>>,
    task: Option<AbortHandle>,
}

async fn ask(connection: &mut Connection, show: &str) -> Result<Metrics, Fault> {
    let reply = connection.get("/metrics", METRICS_WITHIN).await?;
    // A server of another make may have none.
    let text = reply.success().map(|reply| reply.body).unwrap_or_default();
    Ok(read_metrics(&String::from_utf8_lossy(&text), show))
}

impl Gauge {
    /// Asks for the first time.
    ///
    /// # Errors
    /// When no server answers.
    pub(crate) async fn new(door: &Arc<Door>, show: &str) -> Result<Self, Fault> {
        let before = ask(&mut door.connection(), show).await?;
        let most = Arc::new(Mutex::new(before.clone()));
        Ok(Self { door: Arc::clone(door), show: show.to_owned(), before, most, task: None })
    }

    /// Asks every second from now on.
    pub(crate) fn start(&mut self) {
        let (mut connection, show, most) =
            (self.door.connection(), self.show.clone(), Arc::clone(&self.most));
        let task = tokio::spawn(async move {
            let mut clock = interval(Duration::from_secs(1));
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                clock.tick().await;
                // One that is missed is made up for by the next.
                let Ok(now) = ask(&mut connection, &show).await else { continue };
                let mut most = most.lock().unwrap_or_else(PoisonError::into_inner);
                for (name, value) in now {
                    let known = most.entry(name).or_insert(value);
                    *known = known.max(value);
                }
            }
        });
        self.task = Some(task.abort_handle());
    }

    /// How much a counter has grown.
    fn grown(&self, name: &str) -> u64 {
        let most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        let value = |metrics: &Metrics| metrics.get(name).copied().unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A counter's growth.
        let grown = (value(&most) - value(&self.before)).max(0.0) as u64;
        grown
    }

    /// Asks for the last time, when everybody has left.
    pub(crate) async fn finish(self) -> BTreeMap<String, Metric> {
        if let Some(task) = &self.task {
            task.abort();
        }
        let mut connection = self.door.connection();
        let mut after = Metrics::new();
        for _ in 0..AFTER {
            after = ask(&mut connection, &self.show).await.unwrap_or_default();
            // Sessions end a moment after the server has said so.
            if after.get(SESSIONS) <= self.before.get(SESSIONS) {
                break;
            }
            sleep_until(tokio::time::Instant::now() + Duration::from_secs(1)).await;
        }
        let most = self.most.lock().unwrap_or_else(PoisonError::into_inner);
        let metric = |(name, most): (&String, &f64)| {
            let value = |metrics: &Metrics| metrics.get(name).copied().unwrap_or_default();
            (name.clone(), Metric { before: value(&self.before), most: *most, after: value(&after) })
        };
        most.iter().filter(|(name, _)| name.starts_with("palco_")).map(metric).collect()
    }
}

/// One process over the time of the rehearsal.
#[derive(Default)]
struct Watched {
    /// Its id; none if it cannot be seen.
    id: Option<String>,
    first: Process,
    last: Process,
    /// At the moment when everybody had been called.
    full: Option<Process>,
    usage: Usage,
}

impl Watched {
    fn new(id: Option<String>) -> Self {
        let first = id.as_deref().and_then(Process::look).unwrap_or_default();
        Self { id, last: first.clone(), first, ..Self::default() }
    }

    /// Nobody has called yet; this is what it uses without viewers.
    fn settle(&mut self, seconds: f64) {
        let Some(now) = self.look() else { return };
        self.usage.cpus_before = thousandth((now.cpu - self.first.cpu) / seconds);
        self.usage.rss_before = now.rss;
        self.last = now;
    }

    fn look(&self) -> Option<Process> {
        Process::look(self.id.as_deref()?)
    }

    /// CPUs used since the last look, and by the busiest thread.
    fn second(&mut self, seconds: f64) -> Option<(f64, Option<(String, f64)>)> {
        let now = self.look()?;
        let cpus = thousandth((now.cpu - self.last.cpu) / seconds);
        let busiest = now.busiest(&self.last).map(|(name, cpu)| (name, thousandth(cpu / seconds)));
        if let Some((name, cpus)) = busiest.as_ref().filter(|(_, c)| *c > self.usage.busiest_thread_cpus) {
            (self.usage.busiest_thread, self.usage.busiest_thread_cpus) = (name.clone(), *cpus);
        }
        self.last = now;
        Some((cpus, busiest))
    }

    /// Since everybody had been called, the CPUs used.
    fn finish(mut self, seconds: f64) -> Option<Usage> {
        let now = self.look()?;
        let since = self.full.as_ref().unwrap_or(&self.first);
        self.usage.cpus = thousandth((now.cpu - since.cpu) / seconds);
        self.usage.rss_after = now.rss;
        Some(self.usage)
    }
}

/// All that is watched besides the viewers.
pub(crate) struct Watch {
    pub(crate) gauge: Gauge,
    server: Watched,
    client: Watched,
    machine: Option<(f64, usize)>,
    local: bool,
    began: Instant,
    at: Instant,
    full: Option<Instant>,
}

impl Watch {
    /// Begins to watch the server behind `door`.
    ///
    /// # Errors
    /// When no server answers.
    pub(crate) async fn new(door: &Arc<Door>, show: &str) -> Result<Self, Fault> {
        let gauge = Gauge::new(door, show).await?;
        let now = Instant::now();
        Ok(Self {
            gauge,
            server: Watched::new(probe::listener(door.address)),
            client: Watched::new(Some("self".to_owned())),
            machine: probe::machine(),
            local: door.address.ip().is_loopback(),
            began: now,
            at: now,
            full: None,
        })
    }

    /// Takes what was seen so far as the server's state without viewers.
    pub(crate) fn settle(&mut self) {
        let now = Instant::now();
        let seconds = (now - self.began).as_secs_f64();
        self.server.settle(seconds);
        self.client.settle(seconds);
        self.machine = probe::machine();
        (self.began, self.at) = (now, now);
        self.gauge.start();
    }

    /// Everybody has been called.
    pub(crate) fn full(&mut self) {
        self.full = Some(Instant::now());
        self.server.full = self.server.look();
        self.client.full = self.client.look();
    }

    /// Fills in what is not about the viewers.
    pub(crate) fn second(&mut self, second: &mut Second) {
        let now = Instant::now();
        let seconds = (now - self.at).as_secs_f64().max(1e-3);
        self.at = now;
        if let Some((cpus, busiest)) = self.server.second(seconds) {
            (second.server_cpus, second.server_busiest) = (Some(cpus), busiest);
        }
        if let Some((cpus, busiest)) = self.client.second(seconds) {
            (second.client_cpus, second.client_busiest) = (cpus, busiest);
        }
        if let (Some((busy, count)), Some((before, _))) = (probe::machine(), self.machine) {
            second.machine_busy = Some(thousandth((busy - before) / seconds / count as f64));
            self.machine = Some((busy, count));
        }
        second.unsent = self.gauge.grown(UNSENT);
        second.pictures_skipped = self.gauge.grown(PICTURES_SKIPPED);
        second.frames_dropped = self.gauge.grown(FRAMES_DROPPED);
    }

    /// The end, with everybody still in. `watching` viewers were there on average since all had
    /// been called.
    pub(crate) fn finish(self, watching: f64) -> (Server, Usage, Gauge) {
        let seconds = self.full.unwrap_or(self.began).elapsed().as_secs_f64().max(1e-3);
        let process = self.server.finish(seconds);
        let per_viewer = |value: f64| (watching > 0.0).then(|| (value / watching * 1e4).round() / 1e4);
        let usage = process.as_ref();
        let server = Server {
            cpu_ms_per_viewer_second: usage.and_then(|u| per_viewer((u.cpus - u.cpus_before) * 1e3)),
            rss_per_viewer: usage.and_then(|u| per_viewer(u.rss_after as f64 - u.rss_before as f64)),
            cpus: self.machine.map(|(_, count)| count).filter(|_| self.local),
            process,
            metrics: BTreeMap::new(),
        };
        (server, self.client.finish(seconds).unwrap_or_default(), self.gauge)
    }
}
