//! The SFU against real peers, in virtual time.

mod garbage;
mod media;
mod world;
