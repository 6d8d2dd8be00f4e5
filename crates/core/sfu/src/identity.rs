//! What a shard proves itself with: one certificate for all its sessions, and passwords.

use crate::keys::Watched;
use crate::slab::Slot;
use std::sync::{Arc, OnceLock};
use str0m::IceCreds;
use str0m::config::DtlsCert;
use str0m::crypto::CryptoProvider;

/// Characters ICE allows in credentials (RFC 8445: ALPHA, DIGIT, `+`, `/`), by six bits.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Characters that carry the slot at the head of a ufrag: 24 bits.
const SLOT_CHARS: usize = 4;

/// The DTLS certificate and the secret ICE passwords are derived from. Made once by the shell;
/// shards may share a clone.
#[derive(Clone)]
pub struct Identity {
    pub(crate) certificate: DtlsCert,
    pub(crate) provider: Arc<CryptoProvider>,
    secret: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// A new certificate; `secret` comes from the system's secure randomness. None if the
    /// crypto library cannot make a key.
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Option<Self> {
        let mut provider = str0m::crypto::from_feature_flags();
        // Lives as long as the process: one for all identities.
        static WATCHED: OnceLock<Watched> = OnceLock::new();
        provider.dtls_provider = WATCHED.get_or_init(|| Watched(provider.dtls_provider));
        let certificate = provider.dtls_provider.generate_certificate()?;
        Some(Self { certificate, provider: Arc::new(provider), secret })
    }

    /// Credentials for the session in `slot`; `number` must not come twice. The ufrag begins
    /// with the slot, so that the first check from a new address finds its session.
    pub(crate) fn credentials(&self, slot: Slot, number: u64) -> IceCreds {
        let derive = |what: &[u8]| {
            self.provider.sha1_hmac_provider.sha1_hmac(&self.secret, &[what, &number.to_be_bytes()])
        };
        let mut ufrag: String = (0..SLOT_CHARS).map(|i| ice_char(slot >> (6 * i))).collect();
        ufrag.extend(derive(b"ufrag").iter().take(8).map(|b| ice_char(u32::from(*b))));
        // 24 characters of 6 bits are 144 bits; 128 are asked for (RFC 8445 §5.3).
        let mac = derive(b"pass");
        let pass = mac.iter().chain(&derive(b"more")[..4]).map(|b| ice_char(u32::from(*b))).collect();
        IceCreds { ufrag, pass }
    }
}

fn ice_char(bits: u32) -> char {
    char::from(ICE_CHARS[(bits & 63) as usize])
}

/// The slot a ufrag of ours begins with.
pub(crate) fn slot_of(ufrag: &str) -> Option<Slot> {
    let head = ufrag.as_bytes().get(..SLOT_CHARS)?;
    head.iter().rev().try_fold(0, |slot, byte| {
        let bits = ICE_CHARS.iter().position(|c| c == byte)?;
        Some(slot << 6 | bits as Slot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ufrag_carries_its_slot() {
        let identity = Identity::new([7; 32]).unwrap();
        for slot in [0, 1, 63, 64, 4_095, 1_000_000, (1 << 24) - 1] {
            let credentials = identity.credentials(slot, u64::from(slot));
            assert_eq!(slot_of(&credentials.ufrag), Some(slot));
            assert_eq!((credentials.ufrag.len(), credentials.pass.len()), (12, 24));
        }
        assert_ne!(identity.credentials(1, 1).pass, identity.credentials(1, 2).pass);
        assert_eq!(slot_of("AB"), None);
        assert_eq!(slot_of("A B-xxxx"), None);
    }
}
