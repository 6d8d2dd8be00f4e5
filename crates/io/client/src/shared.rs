//! What a session's thread and its handle share: the way to stop, the numbers, the end.

use crate::bell::Bell;
use palco_base::{Class, Fault};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

struct State<S> {
    stats: S,
    ended: Option<Result<(), Fault>>,
}

/// The thread's side.
pub(crate) struct Shared<S> {
    pub(crate) bell: Bell,
    state: Mutex<State<S>>,
    changed: Condvar,
}

impl<S: Clone> Shared<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // Plain numbers: a panic elsewhere leaves them usable.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn update(&self, change: impl FnOnce(&mut S)) {
        change(&mut self.lock().stats);
        self.changed.notify_all();
    }
}

/// Ends the session in any case, also when the thread panics.
struct Ending<S: Clone>(Arc<Shared<S>>);

impl<S: Clone> Drop for Ending<S> {
    fn drop(&mut self) {
        let failed =
            Fault::new(Class::Internal, "client_failed", "The session failed. This is a bug of ours.");
        self.0.lock().ended.get_or_insert(Err(failed));
        self.0.changed.notify_all();
    }
}

/// The owner's side. Dropping it stops the session and waits for its end.
pub(crate) struct Handle<S: Clone> {
    shared: Arc<Shared<S>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: Clone + Send + 'static> Handle<S> {
    pub(crate) fn spawn(
        name: &str,
        stats: S,
        run: impl FnOnce(&Shared<S>) -> Result<(), Fault> + Send + 'static,
    ) -> Result<Self, Fault> {
        let state = Mutex::new(State { stats, ended: None });
        let shared = Arc::new(Shared { bell: Bell::new()?, state, changed: Condvar::new() });
        let ending = Ending(shared.clone());
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let ended = run(&ending.0);
                ending.0.lock().ended = Some(ended);
            })
            .map_err(|e| Fault::unavailable("no_threads", "This computer has too much to do.").internal(e))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    pub(crate) fn stats(&self) -> S {
        self.shared.lock().stats.clone()
    }

    pub(crate) fn stop(&self) {
        self.shared.bell.ring();
    }

    pub(crate) fn is_over(&self) -> bool {
        self.shared.lock().ended.is_some()
    }

    /// Waits for the end.
    pub(crate) fn wait(&self) -> Result<(), Fault> {
        let mut state = self.shared.lock();
        loop {
            match &state.ended {
                Some(ended) => return ended.clone(),
                None => state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Waits until the numbers are such, the session has ended, or time is over.
    pub(crate) fn wait_until(&self, at_most: Duration, such: impl Fn(&S) -> bool) -> Result<S, Fault> {
        let deadline = Instant::now() + at_most;
        let mut state = self.shared.lock();
        loop {
            if such(&state.stats) {
                return Ok(state.stats.clone());
            }
            if let Some(ended) = &state.ended {
                ended.clone()?;
                return Err(Fault::unavailable("session_over", "The session is over."));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Fault::unavailable("too_slow", "What we wait for does not come."));
            }
            let waited = self.shared.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<S: Clone> Drop for Handle<S> {
    fn drop(&mut self) {
        self.shared.bell.ring();
        if let Some(thread) = self.thread.take() {
            // A panic was reported as the session's end.
            let _ = thread.join();
        }
    }
}

/// How long to wait before the next attempt: 0.25 s, doubling, at most 5 s.
pub(crate) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(250);

    pub(crate) fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(crate) fn next(&mut self) -> Duration {
        let next = self.0;
        self.0 = (next * 2).min(Duration::from_secs(5));
        next
    }

    pub(crate) fn reset(&mut self) {
        self.0 = Self::FIRST;
    }
}

/// Whether the same request may work later.
pub(crate) fn may_pass(fault: &Fault) -> bool {
    matches!(fault.class, Class::Unavailable | Class::RateLimited | Class::Conflict | Class::Internal)
}
