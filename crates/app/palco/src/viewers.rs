//! The house of one show: the shell around `palco_house`, and the thread that keeps its books.

use crate::clock;
use crate::house::House as AllShows;
use palco_base::{Fault, SessionId, ShowId, ViewerId};
use palco_house::{ByWay, House, Input, Output, Report, Why};
use palco_sfu::CloseReason;
use palco_store::Store;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// The core's deadlines are met to within this.
const LOOK_EVERY: Duration = Duration::from_secs(1);

struct Books {
    house: House,
    /// What is to be stored, if it was not yet.
    unkept: Option<Box<Report>>,
}

/// See the module.
pub(crate) struct Viewers {
    show: ShowId,
    books: Mutex<Books>,
}

impl Viewers {
    /// The house as it was stored, or an empty one.
    pub(crate) fn open(show: ShowId, store: &Store) -> Self {
        let kept = store.house(show).unwrap_or_else(|fault| {
            tracing::error!(%show, ?fault, "the show's report cannot be read; a new one is begun");
            None
        });
        Self { show, books: Mutex::new(Books { house: House::new(kept), unkept: None }) }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        // A panic in the core is a bug that the next input would only meet again.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what happened.
    pub(crate) fn tell(&self, input: Input) {
        let mut books = self.books();
        books.house.handle(input, clock::now());
        while let Some(Output::Keep(report)) = books.house.poll() {
            books.unkept = Some(report);
        }
    }

    /// A viewer's session is up.
    pub(crate) fn connected(&self, session: SessionId, viewer: ViewerId) {
        self.tell(Input::Connected { session, viewer });
    }

    /// A viewer's session is gone.
    pub(crate) fn closed(&self, session: SessionId, reason: CloseReason) {
        let why = match reason {
            CloseReason::ByPeer => Why::Left,
            CloseReason::TimedOut | CloseReason::Failed | CloseReason::Replaced => Why::Lost,
            CloseReason::Removed => Why::Removed,
            CloseReason::ShowEnded => Why::Ended,
            CloseReason::Shutdown => Why::Stopped,
        };
        self.tell(Input::Closed { session, why });
    }

    /// Who is there, and all numbers so far.
    pub(crate) fn now(&self) -> (ByWay<u32>, Report) {
        let books = self.books();
        (books.house.present(), books.house.report().clone())
    }

    /// Lets time go by, and stores what is to be kept. Blocks.
    fn look(&self, store: &Store) {
        let deadline = self.books().house.deadline();
        if deadline.is_some_and(|at| at <= clock::media_time()) {
            self.tell(Input::Timeout);
        }
        self.keep(store);
    }

    fn keep(&self, store: &Store) {
        let unkept = self.books().unkept.take();
        let Some(report) = unkept else { return };
        if let Err(fault) = store.keep_house(self.show, &report) {
            // The next minute's tries again; the last one's stays with us.
            tracing::error!(show = %self.show, ?fault, "the show's report could not be stored");
        }
    }

    /// Stores the numbers as they are now, before the server stops. Blocks.
    pub(crate) fn close(&self, store: &Store) {
        let mut books = self.books();
        let report = books.house.report();
        if report.began.is_some() {
            books.unkept = Some(Box::new(report.clone()));
        }
        drop(books);
        self.keep(store);
    }
}

/// Ends the thread when dropped.
pub(crate) struct Keeper(#[allow(dead_code)] Sender<()>);

/// Starts the thread that lets time go by in every house, and stores their reports.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn keep_books(shows: &Arc<AllShows>) -> Result<Keeper, Fault> {
    let (stop, stopped) = channel();
    let shows = Arc::downgrade(shows);
    let thread = std::thread::Builder::new().name("viewers".into()).spawn(move || run(&shows, &stopped));
    thread
        .map(|_| Keeper(stop))
        .map_err(|error| Fault::unavailable("no_threads", "The system gives no threads.").internal(error))
}

fn run(shows: &Weak<AllShows>, stopped: &Receiver<()>) {
    while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
        let Some(shows) = shows.upgrade() else { return };
        shows.each_house(|viewers, store| viewers.look(store));
    }
}
