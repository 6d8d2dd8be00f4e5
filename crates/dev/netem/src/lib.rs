//! Bad networks on purpose: [`Link`] for cores in virtual time, [`Relay`] for real clients.

mod link;
mod relay;
mod rng;
mod sdp;
mod words;

pub use link::{Burst, Impairment, Link, LinkStats};
pub use relay::{Control, Relay, RelayStats};
pub use sdp::through_relay;
pub use words::{Word, WordError, parse_word, set};
