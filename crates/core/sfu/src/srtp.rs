//! SRTP and SRTCP for sessions that play (RFC 3711, RFC 7714): keys from the DTLS handshake. The
//! ciphers are those `str0m` uses; GCM, which nearly all viewers take, without its detour.
//!
//! `str0m` must not send SRTP or SRTCP of its own in such a session: both would count from zero
//! under one key, and GCM does not forgive a nonce used twice.

use crate::keys::Keys;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};
use std::sync::Arc;
use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{Aes128CmSha1_80, Aes128CmSha1_80Cipher, CryptoProvider};

/// Bytes GCM adds (RFC 7714 §14.2).
const GCM_TAG: usize = 16;

/// An SRTCP packet: fixed header and SSRC stand before what is encrypted.
const CONTROL_HEADER: usize = 8;
/// E flag and index at an SRTCP packet's end.
const CONTROL_INDEX: usize = 4;
const ENCRYPTED: u32 = 0x8000_0000;

/// The labels of key derivation (RFC 3711 §4.3.1).
#[derive(Clone, Copy)]
struct Labels {
    key: u8,
    authentication: u8,
    salt: u8,
}

const RTP: Labels = Labels { key: 0, authentication: 1, salt: 2 };
const RTCP: Labels = Labels { key: 3, authentication: 4, salt: 5 };

/// One direction of one protocol under one key.
enum Cipher {
    CmSha1 { cipher: Box<dyn Aes128CmSha1_80Cipher>, salt: [u8; 14], authentication: [u8; 20] },
    Gcm { key: LessSafeKey, salt: [u8; 12] },
}

/// The contexts of one session.
pub(crate) struct Srtp {
    provider: Arc<CryptoProvider>,
    rtp: Cipher,
    control: Cipher,
    theirs: Cipher,
    /// Of the next SRTCP packet; 31 bits.
    index: u32,
    replay: Replay,
}

impl Srtp {
    /// None if the material does not fit the profile, or the profile is none we know.
    pub(crate) fn new(provider: &Arc<CryptoProvider>, keys: &Keys) -> Option<Self> {
        let (ours, peers) = (Master::of(keys, !keys.client)?, Master::of(keys, keys.client)?);
        Some(Self {
            rtp: ours.cipher(provider, RTP, true)?,
            control: ours.cipher(provider, RTCP, true)?,
            theirs: peers.cipher(provider, RTCP, false)?,
            provider: Arc::clone(provider),
            index: 0,
            replay: Replay::default(),
        })
    }

    /// Bytes a protected RTP packet is longer than before.
    pub(crate) const fn tag(&self) -> usize {
        self.rtp.tag()
    }

    /// Appends `payload`, protected, to the RTP header that stands in `out` from `start` on.
    /// `index` is rollover counter and sequence number (RFC 3711 §3.3.1) and must not come twice
    /// under one SSRC with another header or payload. Whether it could be done.
    #[must_use]
    pub(crate) fn protect(
        &mut self,
        out: &mut Vec<u8>,
        start: usize,
        ssrc: u32,
        index: u64,
        payload: &[u8],
    ) -> bool {
        let body = out.len();
        out.extend_from_slice(payload);
        let done = match &mut self.rtp {
            Cipher::Gcm { key, salt } => {
                let (head, to) = out.split_at_mut(body);
                let nonce = nonce(*salt, ssrc, index);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&head[start..]), to);
                tag.map(|tag| out.extend_from_slice(tag.as_ref())).is_ok()
            }
            Cipher::CmSha1 { cipher, salt, authentication } => {
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, index);
                let done = cipher.encrypt(&iv, payload, &mut out[body..]).is_ok();
                let end = out.len() - start;
                out.resize(out.len() + Aes128CmSha1_80::HMAC_TAG_LEN, 0);
                let hmac = sha1_hmac(&self.provider);
                Aes128CmSha1_80::rtp_hmac(hmac, authentication, &mut out[start..], index, end);
                done
            }
        };
        if !done {
            out.truncate(start);
        }
        done
    }

    /// A compound RTCP packet as it goes over the wire.
    pub(crate) fn protect_control(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (header, body) = packet.split_at_checked(CONTROL_HEADER)?;
        let ssrc = u32::from_be_bytes(header[4..].try_into().ok()?);
        let index = self.index;
        self.index = (self.index + 1) & !ENCRYPTED;
        let trailer = (ENCRYPTED | index).to_be_bytes();
        let mut out = packet.to_vec();
        match &mut self.control {
            Cipher::CmSha1 { cipher, salt, authentication } => {
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, index.into());
                cipher.encrypt(&iv, body, &mut out[CONTROL_HEADER..]).ok()?;
                out.extend(trailer);
                let end = out.len();
                out.resize(end + Aes128CmSha1_80::HMAC_TAG_LEN, 0);
                let hmac = sha1_hmac(&self.provider);
                Aes128CmSha1_80::rtcp_hmac(hmac, authentication, &mut out, end);
            }
            Cipher::Gcm { key, salt } => {
                let aad = Aad::from(associated(header, trailer));
                let nonce = nonce(*salt, ssrc, index.into());
                let tag = key.seal_in_place_separate_tag(nonce, aad, &mut out[CONTROL_HEADER..]).ok()?;
                out.extend(tag.as_ref());
                out.extend(trailer);
            }
        }
        Some(out)
    }

    /// The peer's compound RTCP packet, or none if it is not authentic, came before, or is not
    /// encrypted (which no WebRTC peer sends).
    pub(crate) fn open_control(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let tag = self.theirs.tag();
        if packet.len() < CONTROL_HEADER + CONTROL_INDEX + tag {
            return None;
        }
        let header = &packet[..CONTROL_HEADER];
        let ssrc = u32::from_be_bytes(header[4..].try_into().ok()?);
        let at = match self.theirs {
            Cipher::CmSha1 { .. } => packet.len() - tag - CONTROL_INDEX,
            Cipher::Gcm { .. } => packet.len() - CONTROL_INDEX,
        };
        let trailer: [u8; 4] = packet[at..at + CONTROL_INDEX].try_into().ok()?;
        let index = u32::from_be_bytes(trailer);
        if index & ENCRYPTED == 0 || !self.replay.is_new(index & !ENCRYPTED) {
            return None;
        }
        let index = index & !ENCRYPTED;
        let body = &packet[CONTROL_HEADER..at];
        let mut out = packet[..at].to_vec();
        let to = &mut out[CONTROL_HEADER..];
        let length = match &mut self.theirs {
            Cipher::CmSha1 { cipher, salt, authentication } => {
                let hmac = sha1_hmac(&self.provider);
                let (signed, signature) = packet.split_at(packet.len() - tag);
                if !Aes128CmSha1_80::rtcp_verify(hmac, authentication, signed, signature) {
                    return None;
                }
                let iv = Aes128CmSha1_80::rtp_iv(*salt, ssrc, index.into());
                cipher.decrypt(&iv, body, to).ok()?;
                body.len()
            }
            Cipher::Gcm { key, salt } => {
                let aad = Aad::from(associated(header, trailer));
                key.open_in_place(nonce(*salt, ssrc, index.into()), aad, to).ok()?.len()
            }
        };
        out.truncate(CONTROL_HEADER + length);
        self.replay.note(index);
        Some(out)
    }
}

fn sha1_hmac(provider: &CryptoProvider) -> impl Fn(&[u8], &[&[u8]]) -> [u8; 20] + use<> {
    let hmac = provider.sha1_hmac_provider;
    move |key, parts| hmac.sha1_hmac(key, parts)
}

/// RFC 7714 §8.1 and §9.1: two zero bytes, the SSRC, 48 bits of index; exclusive or with the salt.
fn nonce(salt: [u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut nonce = salt;
    let ssrc = ssrc.to_be_bytes();
    let index = index.to_be_bytes();
    nonce[2..].iter_mut().zip(ssrc.iter().chain(&index[2..])).for_each(|(n, b)| *n ^= b);
    Nonce::assume_unique_for_key(nonce)
}

/// What GCM authenticates beside the ciphertext of SRTCP (RFC 7714 §9.2).
fn associated(header: &[u8], trailer: [u8; 4]) -> [u8; CONTROL_HEADER + CONTROL_INDEX] {
    let mut all = [0; CONTROL_HEADER + CONTROL_INDEX];
    all[..CONTROL_HEADER].copy_from_slice(header);
    all[CONTROL_HEADER..].copy_from_slice(&trailer);
    all
}

impl Cipher {
    const fn tag(&self) -> usize {
        match self {
            Self::CmSha1 { .. } => Aes128CmSha1_80::HMAC_TAG_LEN,
            Self::Gcm { .. } => GCM_TAG,
        }
    }
}

/// One side's master key and salt.
struct Master<'a> {
    profile: SrtpProfile,
    key: &'a [u8],
    salt: &'a [u8],
}

impl<'a> Master<'a> {
    /// The material is both keys, then both salts, the DTLS client's first (RFC 5764 §4.2).
    fn of(keys: &'a Keys, servers: bool) -> Option<Self> {
        let (key, salt) = match keys.profile {
            SrtpProfile::AES128_CM_SHA1_80 => (16, 14),
            SrtpProfile::AEAD_AES_128_GCM => (16, 12),
            SrtpProfile::AEAD_AES_256_GCM => (32, 12),
            _ => return None,
        };
        let side = usize::from(servers);
        let material = keys.material.get(..2 * (key + salt))?;
        let (all_keys, all_salts) = material.split_at(2 * key);
        let of = |all: &'a [u8], length| &all[side * length..(side + 1) * length];
        Some(Self { profile: keys.profile, key: of(all_keys, key), salt: of(all_salts, salt) })
    }

    /// AES in counter mode over the salt and the label (RFC 3711 §4.3.3).
    fn derive<const N: usize>(&self, provider: &CryptoProvider, label: u8) -> [u8; N] {
        let mut input = [0; 16];
        input[..self.salt.len()].copy_from_slice(self.salt);
        input[7] ^= label;
        let mut derived = [0; N];
        for (round, block) in derived.chunks_mut(16).enumerate() {
            input[14..].copy_from_slice(&(round as u16).to_be_bytes());
            // The provider wants room for a block more than it fills.
            let mut out = [0; 32];
            if self.key.len() == 16 {
                provider.srtp_provider.srtp_aes_128_ecb_round(self.key, &input, &mut out);
            } else {
                provider.srtp_provider.srtp_aes_256_ecb_round(self.key, &input, &mut out);
            }
            block.copy_from_slice(&out[..block.len()]);
        }
        derived
    }

    fn gcm(
        &self,
        algorithm: &'static Algorithm,
        key: &[u8],
        provider: &CryptoProvider,
        labels: Labels,
    ) -> Option<Cipher> {
        let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
        Some(Cipher::Gcm { key, salt: self.derive(provider, labels.salt) })
    }

    fn cipher(&self, provider: &CryptoProvider, labels: Labels, encrypt: bool) -> Option<Cipher> {
        let srtp = provider.srtp_provider;
        Some(match self.profile {
            SrtpProfile::AES128_CM_SHA1_80 => Cipher::CmSha1 {
                cipher: srtp.aes_128_cm_sha1_80().create_cipher(self.derive(provider, labels.key), encrypt),
                salt: self.derive(provider, labels.salt),
                authentication: self.derive(provider, labels.authentication),
            },
            SrtpProfile::AEAD_AES_128_GCM => {
                self.gcm(&AES_128_GCM, &self.derive::<16>(provider, labels.key), provider, labels)?
            }
            SrtpProfile::AEAD_AES_256_GCM => {
                self.gcm(&AES_256_GCM, &self.derive::<32>(provider, labels.key), provider, labels)?
            }
            _ => return None,
        })
    }
}

/// Which of the last 64 SRTCP indices have come (RFC 3711 §3.3.2).
#[derive(Debug, Default)]
struct Replay {
    highest: Option<u32>,
    /// Bit n: `highest - n` has come.
    seen: u64,
}

impl Replay {
    fn is_new(&self, index: u32) -> bool {
        let Some(highest) = self.highest else { return true };
        index > highest || (highest - index < 64 && self.seen & (1 << (highest - index)) == 0)
    }

    fn note(&mut self, index: u32) {
        match self.highest {
            Some(highest) if index <= highest => self.seen |= 1 << (highest - index).min(63),
            highest => {
                let step = index - highest.unwrap_or(index);
                self.seen = self.seen.checked_shl(step).unwrap_or(0) | 1;
                self.highest = Some(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(profile: SrtpProfile) -> (Srtp, Srtp) {
        let provider = Arc::new(str0m::crypto::from_feature_flags());
        let material: Vec<u8> = (0..88).collect();
        let length = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => 60,
            SrtpProfile::AEAD_AES_128_GCM => 56,
            _ => 88,
        };
        let side = |client| {
            let keys = Keys { material: material[..length].to_vec(), profile, client };
            Srtp::new(&provider, &keys).unwrap()
        };
        (side(false), side(true))
    }

    #[test]
    fn control_goes_both_ways_once() {
        for profile in
            [SrtpProfile::AES128_CM_SHA1_80, SrtpProfile::AEAD_AES_128_GCM, SrtpProfile::AEAD_AES_256_GCM]
        {
            let (mut server, mut client) = pair(profile);
            let packets: Vec<Vec<u8>> =
                (0..70u8).map(|n| [&[0x80, 201, 0, 1, 1, 2, 3, 4], &[n; 20][..]].concat()).collect();
            let wires: Vec<Vec<u8>> = packets.iter().map(|p| client.protect_control(p).unwrap()).collect();
            assert_eq!(server.open_control(&wires[5]).unwrap(), packets[5]);
            assert_eq!(server.open_control(&wires[3]).unwrap(), packets[3], "late is well");
            assert_eq!(server.open_control(&wires[5]), None, "twice is not");
            assert_eq!(server.open_control(&wires[3]), None);
            assert_eq!(server.open_control(&wires[69]).unwrap(), packets[69]);
            assert_eq!(server.open_control(&wires[4]), None, "too late to know");
            assert_eq!(server.open_control(&wires[6]).unwrap(), packets[6], "63 behind is still known");
            let mut broken = wires[50].clone();
            broken[12] ^= 1;
            assert_eq!(server.open_control(&broken), None);
            assert_eq!(server.open_control(&wires[50]).unwrap(), packets[50], "a forgery shuts nobody out");
            for length in 0..wires[51].len() {
                assert_eq!(server.open_control(&wires[51][..length]), None);
            }
        }
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn keys_are_derived_as_the_rfc_does() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
        };
        let provider = str0m::crypto::from_feature_flags();
        let (key, salt) = (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        let master = Master { profile: SrtpProfile::AES128_CM_SHA1_80, key: &key, salt: &salt };
        assert_eq!(master.derive::<16>(&provider, RTP.key).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(master.derive::<14>(&provider, RTP.salt).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(
            master.derive::<20>(&provider, RTP.authentication).to_vec(),
            hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4")
        );
    }
}
