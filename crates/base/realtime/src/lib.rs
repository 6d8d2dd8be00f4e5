//! Real-time scheduling for the threads that media passes through on its way.
//!
//! A picture passes five threads of ours, and none of them is busy for long. On a machine that is
//! full each may wait tens of milliseconds for its turn, and every buffer behind it grows by that:
//! so these threads go before the ordinary ones, as in sound servers. Those that compute (decoding
//! and encoding pictures) and those that talk (pages, files) stay ordinary ones.

#![allow(unsafe_code, reason = "the call has no safe wrapper that keeps threads made later ordinary")]

use std::io;

/// Low among real-time threads: the machine's own go before us.
const PRIORITY: i32 = 2;

/// Makes the calling thread a real-time one (`SCHED_RR`); threads and processes that it starts are
/// ordinary ones. The kernel keeps a twentieth of each core for those.
///
/// # Errors
/// When the system does not allow it: Linux wants `CAP_SYS_NICE`, or an `RLIMIT_RTPRIO` of 2 or
/// more. The thread goes on as it was.
pub fn enter() -> io::Result<()> {
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    let parameters = libc::sched_param { sched_priority: PRIORITY };
    // SAFETY: 0 is the calling thread, and the kernel only reads the parameters, during the call.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_thread_goes_first_and_those_it_starts_do_not_or_nothing_changes() {
        // SAFETY: asks about the calling thread only.
        let policy = || unsafe { libc::sched_getscheduler(0) };
        let real_time = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
        std::thread::spawn(move || {
            let before = policy();
            let expected = if super::enter().is_ok() { real_time } else { before };
            assert_eq!(policy(), expected);
            let child = std::thread::spawn(policy).join().expect("asks only");
            assert_eq!(child, before);
        })
        .join()
        .expect("nothing panics");
    }
}
