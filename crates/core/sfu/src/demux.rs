//! Whose datagram is this? (RFC 7983)

use crate::identity::slot_of;
use crate::slab::Slot;
use str0m::IceCreds;
use str0m::crypto::Sha1HmacProvider;
use str0m::ice::StunMessage;

/// Longer datagrams cannot have come over a path we send over, and would not fit into what is
/// made of them for viewers.
const LONGEST: usize = 1_500;

/// What a datagram is by its first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A STUN request that names its receiver: slot and whole ufrag, and whether the peer has
    /// chosen this way for media (USE-CANDIDATE).
    Check { slot: Slot, ufrag: String, chosen: bool },
    /// STUN without a name of ours, DTLS, SRTP or SRTCP: known by its address.
    ByAddress,
    /// Nothing we speak.
    Unknown,
}

/// Looks at the outside of a datagram.
pub(crate) fn kind(bytes: &[u8]) -> Kind {
    if bytes.len() > LONGEST {
        return Kind::Unknown;
    }
    match bytes.first() {
        Some(0..=3) => match StunMessage::parse(bytes) {
            Ok(message) => check(&message).unwrap_or(Kind::ByAddress),
            Err(_) => Kind::Unknown,
        },
        Some(20..=63 | 128..=191) => Kind::ByAddress,
        _ => Kind::Unknown,
    }
}

fn check(message: &StunMessage<'_>) -> Option<Kind> {
    if !message.is_binding_request() {
        return None;
    }
    let (local, _) = message.split_username()?;
    let (slot, ufrag) = (slot_of(local)?, local.to_owned());
    Some(Kind::Check { slot, ufrag, chosen: message.use_candidate() })
}

/// A check that was in order, as if the peer had chosen this way for media at once.
///
/// A browser chooses with its next check, which in a session that was asked for while the line was
/// cut comes a second later; until then `str0m` answers no handshake. A way that is proved may be
/// used before (RFC 8445 §12.1.1), and when the peer chooses another, that one is.
pub(crate) fn nomination(
    check: &[u8],
    credentials: &IceCreds,
    provider: &dyn Sha1HmacProvider,
) -> Option<Vec<u8>> {
    let check = StunMessage::parse(check).ok()?;
    let (name, priority, tie_breaker) = (check.username()?, check.prio()?, check.ice_controlling()?);
    let nomination = StunMessage::binding_request(name, check.trans_id(), true, tie_breaker, priority, true);
    let mut bytes = vec![0; LONGEST];
    let sign = |key: &[u8], parts: &[&[u8]]| provider.sha1_hmac(key, parts);
    let length = nomination.to_bytes(Some(credentials.pass.as_bytes()), &mut bytes, sign).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

/// Whether this is the answer to a check that was in order (RFC 8489: Binding success response).
pub(crate) fn accepts_check(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x01, 0x01])
}

/// Whether it is STUN at all (RFC 7983).
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 4)
}

/// Whether it is SRTP or SRTCP (RFC 7983).
pub(crate) fn is_media(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| (128..192).contains(first))
}

/// Whether media is SRTCP (RFC 5761 §4).
pub(crate) fn is_control(bytes: &[u8]) -> bool {
    is_media(bytes) && bytes.get(1).is_some_and(|second| (192..224).contains(second))
}
