//! `/api/v1`, one module per kind of visitor, each with its routes.

pub(crate) mod clips;
pub(crate) mod house;
pub(crate) mod performer;
pub(crate) mod public;
pub(crate) mod seat;
pub(crate) mod shows;
pub(crate) mod stage;

use crate::backend::Issued;
use palco_base::{Fault, FeedId, PerformerId, Secret, ShowId};
use std::time::Duration;

/// An id of the wire, or the fault that there is nothing of that name.
pub(crate) fn parse_id<T: std::str::FromStr>(text: &str, code: &'static str, what: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::not_found(code, format!("There is no such {what}.")))
}

pub(crate) fn performer_id(text: &str) -> Result<PerformerId, Fault> {
    parse_id(text, "unknown_performer", "performer")
}

pub(crate) fn clip_id(text: &str) -> Result<palco_base::ClipId, Fault> {
    parse_id(text, "unknown_clip", "clip")
}

pub(crate) fn viewer_id(text: &str) -> Result<palco_base::ViewerId, Fault> {
    text.parse().map_err(|_| {
        Fault::invalid("invalid_value", "A viewer is named by 16 lower-case hexadecimal digits.")
    })
}

/// How long a right is asked for, or its default.
fn lifetime(asked: Option<u64>, default: Duration) -> Result<Duration, Fault> {
    match asked {
        None => Ok(default),
        Some(0) => Err(Fault::invalid("expires_invalid", "A link must hold for 1 second at least.")),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
    }
}

fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Fault::unavailable("no_randomness", "The system gives no random bytes.").internal(error)
    })?;
    Ok(bytes)
}

fn random_bits() -> Result<u64, Fault> {
    random().map(u64::from_le_bytes)
}

fn new_show_id() -> Result<ShowId, Fault> {
    random_bits().map(ShowId::new)
}

fn new_performer_id() -> Result<PerformerId, Fault> {
    random_bits().map(PerformerId::new)
}

/// The ids of the mixer's own outputs are small numbers.
fn new_feed_id() -> Result<FeedId, Fault> {
    random_bits().map(|bits| FeedId::new(bits | 1 << 63))
}

/// 128 random bits as 22 characters of base64url (RFC 4648 §5).
fn new_invitation() -> Result<Secret, Fault> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = u128::from_le_bytes(random()?);
    let mut code = String::with_capacity(22);
    for _ in 0..22 {
        code.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
    Ok(Secret::new(code))
}

/// A link whose fragment carries the token: it is not sent to any server, nor written to a log.
fn with_token(page: &str, key: char, issued: &Issued) -> crate::types::GrantLink {
    let token = issued.token.reveal().to_owned();
    crate::types::GrantLink {
        url: format!("{page}#{key}={token}"),
        token,
        expires_at: issued.expires_at.to_string(),
    }
}
