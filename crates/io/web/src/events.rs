//! Server-sent events (WHATWG HTML §9.2): a state at once, then each change, coalesced.

use crate::app::{App, Caller};
use crate::backend::{Levels, Who};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use palco_stage::Snapshot;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

/// States are not sent more often than this; what changed meanwhile goes with the next.
const SPACING: Duration = Duration::from_millis(100);
/// How often the right to listen is looked at again, and a comment keeps the way open.
const CHECK: Duration = Duration::from_secs(15);

/// What a stream is made of.
pub(crate) struct Feed<F> {
    /// The event's name.
    pub(crate) name: &'static str,
    pub(crate) states: watch::Receiver<Arc<Snapshot>>,
    /// What to send of a state; none ends the stream.
    pub(crate) view: F,
    /// Sent as they come.
    pub(crate) levels: Option<broadcast::Receiver<Levels>>,
    /// Whose right it hangs on; none if everybody may listen.
    pub(crate) right: Option<(Caller, Who)>,
}

struct Streaming<F, V> {
    feed: Feed<F>,
    closing: watch::Receiver<bool>,
    /// Told when a right may have ended.
    rights: watch::Receiver<u64>,
    /// What was sent last: the same again is not sent.
    last: Option<V>,
    next_state: Instant,
    next_check: Instant,
    dirty: bool,
}

/// What woke the stream.
enum Wake {
    State,
    Levels(Levels),
    Check,
    /// Something to wait on differently.
    Again,
    End,
}

/// The stream as an answer.
pub(crate) fn stream<F, V>(
    app: &App,
    feed: Feed<F>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<F, V>>
where
    F: Fn(&Snapshot) -> Option<V> + Send + 'static,
    V: Serialize + PartialEq + Send + 'static,
{
    let now = Instant::now();
    let (closing, rights) = (app.0.closing.subscribe(), app.backend().rights());
    let streaming = Streaming {
        feed,
        closing,
        rights,
        last: None,
        next_state: now,
        next_check: now + CHECK,
        dirty: true,
    };
    let events = stream::unfold(streaming, |mut streaming| async move {
        let event = streaming.next().await?;
        Some((Ok(event), streaming))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(CHECK))
}

impl<F, V> Streaming<F, V>
where
    F: Fn(&Snapshot) -> Option<V>,
    V: Serialize + PartialEq,
{
    async fn next(&mut self) -> Option<Event> {
        loop {
            match self.wake().await {
                Wake::State => {
                    self.dirty = false;
                    let snapshot = Arc::clone(&self.feed.states.borrow_and_update());
                    if !self.allowed() {
                        return None;
                    }
                    let view = (self.feed.view)(&snapshot)?;
                    self.next_state = Instant::now() + SPACING;
                    if self.last.as_ref() == Some(&view) {
                        continue;
                    }
                    let event = Event::default().event(self.feed.name).json_data(&view);
                    self.last = Some(view);
                    return event.ok();
                }
                Wake::Levels(levels) => {
                    let snapshot = self.feed.states.borrow();
                    let map = crate::api::stage::level_map(&snapshot, &levels);
                    return Event::default().event("levels").json_data(map).ok();
                }
                Wake::Check => {
                    self.next_check = Instant::now() + CHECK;
                    if !self.allowed() {
                        return None;
                    }
                }
                Wake::Again => {}
                Wake::End => return None,
            }
        }
    }

    fn allowed(&self) -> bool {
        self.feed.right.as_ref().is_none_or(|(caller, who)| caller.still(*who))
    }

    async fn wake(&mut self) -> Wake {
        let levels = async {
            let Some(levels) = &mut self.feed.levels else { return std::future::pending().await };
            loop {
                match levels.recv().await {
                    Ok(levels) => return Some(levels),
                    // Who reads too slowly misses some: the next ones are as good.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        };
        tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => Wake::End,
            Ok(()) = self.rights.changed(), if self.feed.right.is_some() => Wake::Check,
            () = tokio::time::sleep_until(self.next_check) => Wake::Check,
            () = tokio::time::sleep_until(self.next_state), if self.dirty => Wake::State,
            changed = self.feed.states.changed(), if !self.dirty => match changed {
                Ok(()) => {
                    self.dirty = true;
                    Wake::Again
                }
                Err(_) => Wake::End,
            },
            levels = levels => match levels {
                Some(levels) => Wake::Levels(levels),
                None => {
                    self.feed.levels = None;
                    Wake::Again
                }
            },
        }
    }
}
