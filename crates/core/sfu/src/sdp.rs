//! What we take of an offer before `str0m` sees it, and what we set right in the answer.

use palco_base::{Class, Fault, MediaKind};

/// The longest offer read; browsers' are below 10 kB.
const LONGEST: usize = 64 * 1024;
/// The MediaStream of everything we send in one session. One for sound and picture, so that
/// browsers play them in sync (W3C WebRTC §5.1: tracks of one stream are synchronised).
const STREAM: &str = "palco";

/// Which way media goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    /// WHIP: the peer sends.
    Publish,
    /// WHEP: the peer receives.
    Play,
}

/// An offer that cannot be understood.
pub(crate) fn broken(detail: impl std::fmt::Display) -> Fault {
    Fault::invalid("sdp_broken", "The session description cannot be understood.")
        .hint("Send the SDP offer of a WebRTC peer connection as it is.")
        .internal(detail)
}

/// An offer in a shape we take.
#[derive(Debug)]
pub(crate) struct Offer {
    /// With one way for media, without candidates (as ICE-lite we learn addresses from checks)
    /// and without simulcast.
    pub(crate) text: String,
    /// The m-lines that media goes over.
    pub(crate) tracks: Vec<(MediaKind, String)>,
}

/// Checks the shape of an offer and brings it into ours.
pub(crate) fn offer(text: &str, way: Way) -> Result<Offer, Fault> {
    if text.len() > LONGEST {
        return Err(Fault::new(
            Class::TooLarge,
            "sdp_too_large",
            "The session description is longer than 64 kB.",
        ));
    }
    if !text.starts_with("v=0") {
        return Err(broken("does not begin with v=0"));
    }
    let mut sections = text.split("\nm=");
    let session = sections.next().unwrap_or_default();
    let session_direction = direction(session).unwrap_or("sendrecv");
    let mut offer = lines(session, |_| true);
    let mut tracks = Vec::new();
    let mut count = 0;
    for section in sections {
        count += 1;
        let (kind, rest) = section.split_once(' ').ok_or_else(|| broken("bad m-line"))?;
        let refused = rest.starts_with("0 ") && !section.contains("a=bundle-only");
        let theirs = direction(section).unwrap_or(session_direction);
        let goes = match way {
            Way::Publish => theirs == "sendonly" || theirs == "sendrecv",
            Way::Play => theirs == "recvonly" || theirs == "sendrecv",
        } && !refused;
        let kind = match kind {
            "audio" => Some(MediaKind::Audio),
            "video" => Some(MediaKind::Video),
            _ if refused => None,
            _ => {
                return Err(Fault::unprocessable(
                    "unsupported_media",
                    "Only sound and picture are taken here, no data channels.",
                ));
            }
        };
        let mid = section.lines().find_map(|l| l.trim_end().strip_prefix("a=mid:"));
        let mid = mid.ok_or_else(|| broken("m-line without mid"))?;
        if let Some(kind) = kind.filter(|_| goes) {
            tracks.push((kind, mid.to_owned()));
        }
        offer.push_str("m=");
        offer.push_str(&lines(section, |line| !is_direction(line)));
        offer.push_str(match (goes, way) {
            (false, _) => "a=inactive\r\n",
            (true, Way::Publish) => "a=sendonly\r\n",
            (true, Way::Play) => "a=recvonly\r\n",
        });
    }
    let of = |kind| tracks.iter().filter(|(k, _)| *k == kind).count();
    if of(MediaKind::Audio) > 1 || of(MediaKind::Video) > 1 {
        return Err(Fault::unprocessable(
            "too_many_tracks",
            "At most one sound track and one picture track are taken.",
        )
        .hint("Send one camera and one microphone; simulcast is not needed."));
    }
    if tracks.is_empty() {
        return Err(Fault::unprocessable(
            "no_media",
            match way {
                Way::Publish => "The offer sends neither sound nor picture.",
                Way::Play => "The offer receives neither sound nor picture.",
            },
        ));
    }
    // RFC 9725 §4.4.2: media is bundled; we have one address for all of it.
    if count > 1 && !session.contains("a=group:BUNDLE") {
        return Err(broken("more than one m-line without BUNDLE"));
    }
    Ok(Offer { text: offer, tracks })
}

fn lines(section: &str, keep: impl Fn(&str) -> bool) -> String {
    const DROPPED: [&str; 4] = ["a=candidate:", "a=end-of-candidates", "a=simulcast:", "a=rid:"];
    let mut kept = String::with_capacity(section.len());
    for line in section.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if keep(line) && !DROPPED.iter().any(|d| line.starts_with(d)) {
            kept.push_str(line);
            kept.push_str("\r\n");
        }
    }
    kept
}

fn is_direction(line: &str) -> bool {
    matches!(line, "a=sendrecv" | "a=sendonly" | "a=recvonly" | "a=inactive")
}

fn direction(section: &str) -> Option<&str> {
    section.lines().map(str::trim_end).find(|l| is_direction(l)).map(|l| &l[2..])
}

/// The answer as the peer gets it: one MediaStream for all tracks, the end of candidates, and
/// round trip reports (RFC 3611 §4.4) where the offer asked for them. `str0m` sends those without
/// saying so; libwebrtc asks for a lost packet again only after 100 ms unless it is told.
pub(crate) fn answer(text: &str, offer: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut told = false;
    for line in text.lines().map(str::trim_end).filter(|l| !l.is_empty()) {
        if let Some(id) = line.strip_prefix("a=msid:") {
            let track = id.split_once(' ').map_or(id, |(_, track)| track);
            out.push_str(&format!("a=msid:{STREAM} {track}\r\n"));
        } else if line.starts_with("a=msid-semantic") {
            out.push_str(&format!("a=msid-semantic: WMS {STREAM}\r\n"));
        } else if let Some((ssrc, id)) = line.split_once(" msid:").filter(|_| line.starts_with("a=ssrc:")) {
            let track = id.split_once(' ').map_or(id, |(_, track)| track);
            out.push_str(&format!("{ssrc} msid:{STREAM} {track}\r\n"));
        } else {
            // Candidates stand at the head of the first section only.
            if told && line.starts_with("a=ice-ufrag") {
                out.push_str("a=end-of-candidates\r\n");
                told = false;
            }
            told |= line.starts_with("a=candidate:");
            out.push_str(line);
            out.push_str("\r\n");
            if let Some(format) = line.strip_suffix(" nack").filter(|_| line.starts_with("a=rtcp-fb:")) {
                let asked = format!("{format} rrtr");
                if offer.lines().any(|line| line.trim_end() == asked) {
                    out.push_str(&asked);
                    out.push_str("\r\n");
                }
            }
        }
    }
    out
}

/// The name we have in RTCP (RFC 3550 §6.5.1), as the answer says it.
pub(crate) fn cname(answer: &str) -> &str {
    answer.split_once(" cname:").map_or(STREAM, |(_, rest)| rest.lines().next().unwrap_or(STREAM))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\n";

    fn code(text: &str, way: Way) -> &'static str {
        offer(text, way).unwrap_err().code
    }

    #[test]
    fn shapes_we_do_not_take_have_names() {
        let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=sendonly\r\na=mid:0\r\n";
        let video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=sendonly\r\na=mid:1\r\n";
        assert_eq!(code("", Way::Publish), "sdp_broken");
        assert_eq!(code("hello", Way::Publish), "sdp_broken");
        assert_eq!(code(HEAD, Way::Publish), "no_media");
        assert_eq!(code(&format!("{HEAD}{audio}"), Way::Play), "no_media");
        assert_eq!(code(&format!("{HEAD}{video}{video}"), Way::Publish), "too_many_tracks");
        assert_eq!(
            code(&format!("{HEAD}m=application 9 DTLS/SCTP 5000\r\n"), Way::Play),
            "unsupported_media"
        );
        assert_eq!(code(&"v=0\r\n".repeat(2_000_000), Way::Publish), "sdp_too_large");
        let unbundled = HEAD.replace("a=group:BUNDLE 0 1 2\r\n", "");
        assert_eq!(code(&format!("{unbundled}{audio}{video}"), Way::Publish), "sdp_broken");
    }

    #[test]
    fn media_goes_one_way_and_candidates_stay_outside() {
        let text = format!(
            "{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=candidate:1 1 udp 1 x.local 9 typ host\r\na=sendrecv\r\na=mid:0\r\n\
             m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=bundle-only\r\na=mid:1\r\na=rid:h send\r\na=simulcast:send h\r\n"
        );
        let taken = offer(&text, Way::Publish).unwrap().text;
        assert_eq!(taken.matches("a=sendonly").count(), 2);
        for gone in ["candidate", "simulcast", "rid", "sendrecv"] {
            assert!(!taken.contains(gone), "{gone} in {taken}");
        }
    }

    #[test]
    fn the_answer_has_one_stream() {
        let text = "a=msid-semantic: WMS x y\r\na=candidate:1\r\na=ice-ufrag:u\r\na=msid:x tx\r\na=ssrc:5 cname:c\r\na=ssrc:5 msid:x tx\r\na=msid:y ty\r\n";
        assert_eq!(
            answer(text, ""),
            "a=msid-semantic: WMS palco\r\na=candidate:1\r\na=end-of-candidates\r\na=ice-ufrag:u\r\na=msid:palco tx\r\na=ssrc:5 cname:c\r\na=ssrc:5 msid:palco tx\r\na=msid:palco ty\r\n"
        );
    }

    #[test]
    fn round_trip_reports_are_agreed_where_they_are_asked_for() {
        let text = "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:98 nack\r\n";
        let asked = "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 rrtr\r\n";
        assert_eq!(
            answer(text, asked),
            "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 rrtr\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:98 nack\r\n"
        );
    }
}
