//! The books through their door, on SQLite and on PostgreSQL: every test runs on both.

#![allow(clippy::print_stdout, reason = "a failure is run again by the seed it printed")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its world should stop there")]

mod crash;
mod money;
mod postgres;
mod races;
mod sales;
mod world;
