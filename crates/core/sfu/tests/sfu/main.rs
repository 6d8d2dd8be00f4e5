//! The SFU against real peers, in virtual time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests; seeds are printed")]

mod answers;
mod client;
mod disorder;
mod garbage;
mod media;
mod world;
