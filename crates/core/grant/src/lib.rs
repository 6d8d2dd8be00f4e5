//! Grants: short, signed proofs of a right, checked without asking anybody.
//!
//! `base64url(payload) "." base64url(HMAC-SHA256(key, domain ‖ base64url(payload)))`, both without
//! padding (RFC 4648 §5). The payload is JSON. There is one algorithm and no header that could
//! name another: a token cannot choose how it is checked. It names its key only by a short id, and
//! only keys of the ring are looked up, so keys can be rotated (sign with the new one, accept the
//! old one until its last grant has run out).

#![forbid(unsafe_code)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use palco_base::{PerformerId, Secret, ShowId, TicketId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt;

/// Separates our signatures from any other use of the same key.
const DOMAIN: &[u8] = b"palco grant v1\0";
/// No grant of ours is longer; what is, is not looked at.
const LONGEST: usize = 1024;
/// How far ahead of ours an issuer's clock may be, in seconds. Only for the beginning of a grant:
/// its end is its end.
const SKEW: u64 = 60;

/// What a grant lets its bearer do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Direct the show.
    Director,
    /// Publish and play as one performer.
    Performer,
    /// Watch the Program.
    Viewer,
}

/// The seat of a ticket, opened on one screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Whose.
    pub ticket: TicketId,
    /// Which opening of it: only the newest counts, so taking the seat elsewhere ends the older one.
    pub version: u32,
    /// Whether the ticket is for the replay too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replay: bool,
}

/// A right, for a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// To do what.
    pub kind: Kind,
    /// At which show.
    pub show: ShowId,
    /// As which performer: there exactly when `kind` is [`Kind::Performer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<PerformerId>,
    /// On which ticket's seat, for a viewer who has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Seat>,
    /// Since when, seconds since the Unix epoch.
    pub iat: u64,
    /// Until when, not including it.
    pub exp: u64,
    /// Random, for telling grants apart.
    pub id: u64,
}

/// Why a token proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantFault {
    /// Not a grant at all.
    Malformed,
    /// Not signed by a key of ours.
    BadSignature,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
}

impl fmt::Display for GrantFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a grant",
            Self::BadSignature => "signature does not hold",
            Self::Expired => "expired",
            Self::NotYet => "not valid yet",
        })
    }
}

impl std::error::Error for GrantFault {}

/// A signing key. Never printed.
#[derive(Clone)]
pub struct Key {
    id: u32,
    bytes: [u8; 32],
}

impl Key {
    /// A key under an id that no other key of the ring has.
    #[must_use]
    pub const fn new(id: u32, bytes: [u8; 32]) -> Self {
        Self { id, bytes }
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> u32 {
        self.id
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("HMAC takes any key");
        mac.update(DOMAIN);
        mac.update(text);
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, …)", self.id)
    }
}

/// The keys in use: one that signs, and at most one more that is still believed.
#[derive(Clone, Debug)]
pub struct KeyRing {
    current: Key,
    previous: Option<Key>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    /// Key id.
    k: u32,
    /// The grant.
    g: Grant,
}

impl KeyRing {
    /// A ring that signs with `current` and believes `previous` too.
    #[must_use]
    pub const fn new(current: Key, previous: Option<Key>) -> Self {
        Self { current, previous }
    }

    /// Signs a grant.
    #[must_use]
    pub fn issue(&self, grant: &Grant) -> Secret {
        let payload = Payload { k: self.current.id, g: *grant };
        // Plain fields only: nothing here can fail to serialise.
        let json = serde_json::to_vec(&payload).expect("a grant serialises");
        let body = URL_SAFE_NO_PAD.encode(json);
        let tag = self.current.mac(body.as_bytes()).finalize().into_bytes();
        Secret::new(format!("{body}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// Checks a token at `now` (seconds since the Unix epoch).
    ///
    /// # Errors
    /// Why it proves nothing. The signature is checked before anything in it is believed, so
    /// only who holds a grant of ours can learn that it has expired.
    pub fn verify(&self, token: &str, now: u64) -> Result<Grant, GrantFault> {
        if token.len() > LONGEST {
            return Err(GrantFault::Malformed);
        }
        let (body, tag) = token.split_once('.').ok_or(GrantFault::Malformed)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| GrantFault::Malformed);
        let (json, tag) = (decode(body)?, decode(tag)?);
        let payload: Payload = serde_json::from_slice(&json).map_err(|_| GrantFault::Malformed)?;
        let keys = std::iter::once(&self.current).chain(&self.previous);
        let key = keys.into_iter().find(|key| key.id == payload.k).ok_or(GrantFault::BadSignature)?;
        // Compares in constant time.
        key.mac(body.as_bytes()).verify_slice(&tag).map_err(|_| GrantFault::BadSignature)?;
        let grant = payload.g;
        let seated = grant.seat.is_some() && grant.kind != Kind::Viewer;
        let backwards = grant.exp < grant.iat;
        if (grant.kind == Kind::Performer) != grant.subject.is_some() || seated || backwards {
            return Err(GrantFault::Malformed);
        }
        if now >= grant.exp {
            return Err(GrantFault::Expired);
        }
        if grant.iat > now.saturating_add(SKEW) {
            return Err(GrantFault::NotYet);
        }
        Ok(grant)
    }
}

#[cfg(test)]
mod tests;
