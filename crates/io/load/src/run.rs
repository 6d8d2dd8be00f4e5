//! The rehearsal itself: who comes when, what is seen each second, and the end.

use crate::http::Door;
use crate::report::{Asked, Hls, Report, Second, Webrtc};
use crate::rtc::{Tally, Worker};
use crate::verdict::judge;
use crate::watch::Watch;
use crate::{Plan, hls, rtc};
use palco_base::Fault;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};

/// How long the server is looked at before the first viewer calls.
const BEFORE: Duration = Duration::from_secs(2);
/// Sessions ended at once.
const LEAVING: usize = 32;

type Joined = Result<(rtc::Viewer, Option<String>), Fault>;

/// Rehearses until the plan is done or `stop` is. `on_second` is told how it goes.
///
/// # Errors
/// When no server answers, or this computer gives no threads.
pub async fn rehearse(
    plan: &Plan,
    stop: impl Future<Output = ()>,
    mut on_second: impl FnMut(&Second),
) -> Result<Report, Fault> {
    let door = Arc::new(Door::find(&plan.to, plan.token.clone()).await?);
    let mut stop = std::pin::pin!(stop);
    let mut watch = Watch::new(&door, &plan.show).await?;
    let mut ended_early = tokio::select! {
        () = &mut stop => true,
        () = sleep_until(Instant::now() + BEFORE) => false,
    };
    watch.settle();
    let mut run = Run::new(plan, door, watch)?;
    let mut clock = interval_at(run.began + Duration::from_secs(1), Duration::from_secs(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while !ended_early {
        let (next, end) = (run.next_call(), run.began + plan.ramp + plan.hold);
        tokio::select! {
            biased;
            () = &mut stop => ended_early = true,
            _ = clock.tick() => on_second(run.second()),
            () = sleep_until(end) => break,
            Some(joined) = run.joining.join_next() => run.joined(joined.ok()),
            () = sleep_until(next.unwrap_or(end)) => run.call(),
        }
    }
    Ok(run.finish(ended_early).await)
}

struct Run<'a> {
    plan: &'a Plan,
    door: Arc<Door>,
    show: Arc<str>,
    watch: Watch,
    workers: Vec<Worker>,
    joining: JoinSet<Joined>,
    called: usize,
    hls_called: usize,
    refused: BTreeMap<String, u64>,
    sessions: Vec<String>,
    /// Viewers that were handed to a worker.
    placed: usize,
    hls: Vec<hls::Viewer>,
    watching: JoinSet<()>,
    began: Instant,
    full: bool,
    timeline: Vec<Second>,
    bytes: u64,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan, door: Arc<Door>, watch: Watch) -> Result<Self, Fault> {
        let workers = if plan.viewers == 0 { 0 } else { plan.workers.max(1) };
        Ok(Self {
            plan,
            door,
            show: plan.show.as_str().into(),
            watch,
            workers: (0..workers).map(Worker::start).collect::<Result<_, _>>()?,
            joining: JoinSet::new(),
            called: 0,
            hls_called: 0,
            refused: BTreeMap::new(),
            sessions: Vec::new(),
            placed: 0,
            hls: Vec::new(),
            watching: JoinSet::new(),
            began: Instant::now(),
            full: false,
            timeline: Vec::new(),
            bytes: 0,
        })
    }

    /// When the next viewer calls; none when all have.
    fn next_call(&self) -> Option<Instant> {
        let due = |called: usize, of: usize| (called < of).then(|| self.due(called, of));
        let next = [due(self.called, self.plan.viewers), due(self.hls_called, self.plan.hls)];
        next.into_iter().flatten().min()
    }

    fn due(&self, number: usize, of: usize) -> Instant {
        #[allow(clippy::cast_precision_loss)] // Nobody rehearses 2^52 viewers.
        let part = number as f64 / of as f64;
        self.began + self.plan.ramp.mul_f64(part)
    }

    /// Calls for those whose time has come.
    fn call(&mut self) {
        let now = Instant::now();
        if self.called < self.plan.viewers && self.due(self.called, self.plan.viewers) <= now {
            self.called += 1;
            let (door, show) = (Arc::clone(&self.door), Arc::clone(&self.show));
            self.joining.spawn(async move { rtc::join(&door, &show).await });
        }
        if self.hls_called < self.plan.hls && self.due(self.hls_called, self.plan.hls) <= now {
            self.hls_called += 1;
            let viewer = hls::Viewer::new();
            self.hls.push(viewer.clone());
            self.watching.spawn(viewer.watch(Arc::clone(&self.door), Arc::clone(&self.show)));
        }
    }

    /// Somebody's offer was answered.
    fn joined(&mut self, joined: Option<Joined>) {
        match joined {
            Some(Ok((viewer, session))) => {
                self.sessions.extend(session);
                if let Some(worker) = self.workers.get(self.placed % self.workers.len().max(1)) {
                    worker.take(viewer);
                }
                self.placed += 1;
            }
            Some(Err(fault)) => *self.refused.entry(fault.text).or_default() += 1,
            None => *self.refused.entry("a bug of this client's".to_owned()).or_default() += 1,
        }
    }

    fn second(&mut self) -> &Second {
        let tally = self.workers.iter().map(Worker::tally).fold(Tally::default(), Tally::plus);
        let last = self.timeline.last().map_or(0.0, |second| second.at);
        let at = self.began.elapsed().as_secs_f64();
        let refused: u64 = self.refused.values().sum();
        #[allow(clippy::cast_precision_loss)] // Bytes of a second.
        let mbit = (tally.bytes - self.bytes) as f64 * 8e-6 / (at - last).max(1e-3);
        self.bytes = tally.bytes;
        let mut second = Second {
            at: (at * 10.0).round() / 10.0,
            called: self.called as u64,
            joined: tally.joined,
            failed: tally.failed + refused,
            dropped: tally.dropped,
            receiving: tally.receiving,
            freezes: tally.freezes,
            lost: tally.lost,
            mbit: (mbit * 10.0).round() / 10.0,
            hls_called: self.hls_called as u64,
            hls_joined: self.hls.iter().filter(|viewer| viewer.joined()).count() as u64,
            hls_failed: self.hls.iter().filter(|viewer| viewer.ended()).count() as u64,
            stalls: self.hls.iter().map(hls::Viewer::stalls).sum(),
            ..Second::default()
        };
        self.watch.second(&mut second);
        if !self.full && self.began.elapsed() >= self.plan.ramp {
            self.full = true;
            self.watch.full();
        }
        self.timeline.push(second);
        &self.timeline[self.timeline.len() - 1]
    }

    /// Viewers there were on average since all had been called.
    #[allow(clippy::cast_precision_loss)] // Nobody rehearses 2^52 viewers.
    fn watched(&self) -> f64 {
        let ramp = self.plan.ramp.as_secs_f64();
        let there =
            |second: &Second| second.receiving + second.hls_joined - second.hls_failed.min(second.hls_joined);
        let full: Vec<u64> = self.timeline.iter().filter(|s| s.at > ramp).map(there).collect();
        full.iter().sum::<u64>() as f64 / full.len().max(1) as f64
    }

    async fn finish(mut self, ended_early: bool) -> Report {
        let seconds = self.began.elapsed().as_secs_f64();
        let watching = self.watched();
        let outcomes: Vec<hls::Outcome> = self.hls.iter().map(hls::Viewer::leave).collect();
        self.watching.abort_all();
        let (mut server, client, gauge) = self.watch.finish(watching);
        // Who gets an answer now leaves with it.
        let mut unanswered = 0;
        while let Some(joined) = self.joining.try_join_next() {
            if let Ok(Ok((_, session))) = joined {
                self.sessions.extend(session);
            }
            unanswered += 1;
        }
        unanswered += self.joining.len() as u64;
        self.joining.abort_all();
        let workers = self.workers;
        // Joining threads blocks; nothing else runs any more but the server's own answers.
        let seen =
            tokio::task::spawn_blocking(|| workers.into_iter().flat_map(Worker::finish).collect::<Vec<_>>());
        let seen = seen.await.unwrap_or_default();
        leave(&self.door, self.sessions).await;
        server.metrics = gauge.finish().await;
        let plan = self.plan;
        let mut report = Report {
            asked: Asked {
                to: plan.to.clone(),
                show: plan.show.clone(),
                viewers: plan.viewers,
                hls: plan.hls,
                ramp: plan.ramp.as_secs_f64(),
                hold: plan.hold.as_secs_f64(),
            },
            seconds: (seconds * 1e3).round() / 1e3,
            ended_early,
            webrtc: (plan.viewers > 0).then(|| Webrtc::of(&seen, &self.refused, unanswered)),
            hls: (plan.hls > 0).then(|| Hls::of(&outcomes, seconds)),
            server,
            client,
            timeline: self.timeline,
            ..Report::default()
        };
        report.verdict = judge(&report);
        report
    }
}

/// Ends the sessions at the server.
async fn leave(door: &Arc<Door>, sessions: Vec<String>) {
    let mut ending = JoinSet::new();
    for session in sessions {
        if ending.len() >= LEAVING {
            ending.join_next().await;
        }
        let door = Arc::clone(door);
        ending.spawn(async move { rtc::end(&door, &session).await });
    }
    while ending.join_next().await.is_some() {}
}
