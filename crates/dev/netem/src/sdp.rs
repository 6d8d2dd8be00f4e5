//! Sends a WebRTC client through a relay: the answer's candidates are replaced by the relay's.

use std::net::SocketAddr;

/// The SDP with one candidate, at `relay`, instead of its UDP host candidates.
#[must_use]
pub fn through_relay(sdp: &str, relay: SocketAddr) -> String {
    let mut out = String::with_capacity(sdp.len());
    let mut replaced = false;
    for line in sdp.lines() {
        if let Some(candidate) = line.trim_end().strip_prefix("a=candidate:") {
            let mut fields: Vec<&str> = candidate.split(' ').collect();
            if fields.len() < 8 || replaced {
                continue;
            }
            let (ip, port) = (relay.ip().to_string(), relay.port().to_string());
            fields[4] = &ip;
            fields[5] = &port;
            out.push_str("a=candidate:");
            out.push_str(&fields.join(" "));
            replaced = true;
        } else {
            out.push_str(line.trim_end());
        }
        out.push_str("\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_relay_is_left() {
        let sdp = "v=0\r\na=candidate:1 1 udp 213 10.0.0.1 8189 typ host\r\na=candidate:2 1 udp 212 127.0.0.1 8189 typ host\r\na=mid:0\r\n";
        let relay = "127.0.0.1:9000".parse().unwrap();
        assert_eq!(
            through_relay(sdp, relay),
            "v=0\r\na=candidate:1 1 udp 213 127.0.0.1 9000 typ host\r\na=mid:0\r\n"
        );
    }
}
