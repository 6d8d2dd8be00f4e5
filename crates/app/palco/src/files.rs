//! How many files, and so connections, this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer than this are soon used up by an audience.
const FEW: u64 = 8_192;

/// Takes as many as the system allows: it gives 1,024 to who does not ask, and every viewer by HLS
/// or events is one. Gives how many there are now; none: any number.
pub(crate) fn take_all() -> Option<u64> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // It may be refused; then they run out sooner, and that is said.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current
}

/// The same for a server, which says so if it got few.
pub(crate) fn take_all_for_an_audience() {
    if let Some(most) = take_all().filter(|most| *most < FEW) {
        tracing::warn!(
            "no more than {most} connections at once are allowed here: for a larger audience raise `LimitNOFILE` \
             of the service"
        );
    }
}
