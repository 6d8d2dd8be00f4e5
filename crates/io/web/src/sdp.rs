//! The little of SDP and trickle ICE fragments that the HTTP side of WHIP and WHEP looks at.
//! What an offer means is the SFU's to say.

use palco_base::{Fault, SessionId};

/// Whether a body can be an SDP offer at all (RFC 8866 §5): text that begins with the version and
/// has a media section, in lines without NUL.
///
/// # Errors
/// `sdp_broken`.
pub(crate) fn offer(bytes: &[u8]) -> Result<String, Fault> {
    let broken = || Fault::invalid("sdp_broken", "The body is not an SDP offer.");
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let media = text.lines().any(|line| line.starts_with("m="));
    if !text.starts_with("v=0") || !media || text.contains('\0') {
        return Err(broken());
    }
    Ok(text.to_owned())
}

/// The value of the first line `a=name:value`.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.trim_end().strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

/// The entity tag of a session's ICE session (RFC 9725 §4.3.1): it is the same as long as the
/// client's ICE credentials are. It is computed, not kept: a fragment carries the credentials, so
/// what it is for can be told from it alone.
pub(crate) fn entity_tag(session: SessionId, text: &str) -> String {
    let ufrag = attribute(text, "ice-ufrag").unwrap_or_default();
    let pwd = attribute(text, "ice-pwd").unwrap_or_default();
    let id = session.to_string();
    // FNV-1a, 64 bits: a tag tells versions apart, it protects nothing.
    let bytes = id.bytes().chain([0]).chain(ufrag.bytes()).chain([0]).chain(pwd.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\na=ice-pwd:secret\r\n";

    #[test]
    fn what_can_be_an_offer() {
        assert_eq!(offer(OFFER.as_bytes()).as_deref(), Ok(OFFER));
        for broken in
            [&b""[..], b"hello", b"v=0\r\ns=-\r\n", b"{\"sdp\":1}", b"v=0\r\nm=\xff\xfe", b"v=0\r\nm=a\0b"]
        {
            assert_eq!(offer(broken).unwrap_err().code, "sdp_broken");
        }
    }

    #[test]
    fn the_tag_follows_the_credentials() {
        let (one, two) = (SessionId::new(1), SessionId::new(2));
        let fragment = "a=ice-ufrag:abcd\na=ice-pwd:secret\nm=audio 9 RTP/AVP 0\na=candidate:1 1 UDP 1 192.0.2.1 9 typ host\n";
        assert_eq!(entity_tag(one, OFFER), entity_tag(one, fragment));
        assert_ne!(entity_tag(one, OFFER), entity_tag(two, OFFER));
        assert_ne!(entity_tag(one, OFFER), entity_tag(one, &fragment.replace("abcd", "efgh")));
        assert_ne!(entity_tag(one, OFFER), entity_tag(one, &fragment.replace("secret", "other")));
    }
}
