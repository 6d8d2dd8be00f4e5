//! Waiting for a socket, a deadline or the order to stop, whichever comes first.

use palco_base::Fault;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// What ended a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Woken {
    /// The bell was rung; it stays rung.
    Stop,
    /// The socket has something.
    Readable,
    /// The time is over.
    Timeout,
}

/// Rung once, by whoever wants a session to end; heard in every wait from then on.
#[derive(Clone, Debug)]
pub(crate) struct Bell(Arc<OwnedFd>);

impl Bell {
    pub(crate) fn new() -> Result<Self, Fault> {
        eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
            .map(|fd| Self(Arc::new(fd)))
            .map_err(|e| Fault::unavailable("no_files", "This computer has too many files open.").internal(e))
    }

    pub(crate) fn ring(&self) {
        // Fails only when the counter is full: then it is rung already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }

    pub(crate) fn is_rung(&self) -> bool {
        self.wait(None::<&OwnedFd>, Duration::ZERO) == Woken::Stop
    }

    /// Waits with the kernel's high-resolution timer: no rounding to scheduler ticks, which
    /// would move frames by up to 4 ms.
    pub(crate) fn wait(&self, socket: Option<&impl AsFd>, at_most: Duration) -> Woken {
        let timeout = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(at_most.subsec_nanos()),
        };
        let mut fds = vec![PollFd::new(&*self.0, PollFlags::IN)];
        fds.extend(socket.map(|s| PollFd::new(s, PollFlags::IN)));
        // An interrupted wait counts as one that timed out: the caller looks at its clock anyway.
        let _ = poll(&mut fds, Some(&timeout));
        let ready = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| !fd.revents().is_empty());
        if ready(fds.first()) {
            Woken::Stop
        } else if ready(fds.get(1)) {
            Woken::Readable
        } else {
            Woken::Timeout
        }
    }
}
