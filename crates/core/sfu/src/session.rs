//! Sessions: from an offer to a peer that publishes or plays.

use crate::demux;
use crate::identity::Identity;
use crate::outbound::{Extensions, Outbound, Payload, Track};
use crate::peer::{Peer, Sink};
use crate::player::Player;
use crate::sdp::{self, Way};
use crate::slab::Slot;
use palco_base::{Codec, Fault, FeedId, MediaKind, SessionId};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap};
use str0m::{Candidate, IceCreds, Rtc};

/// `str0m` has nothing to report in a session that plays.
const NO_REPORTS: Duration = Duration::from_secs(24 * 3_600);

/// A peer that publishes.
#[derive(Debug)]
pub(crate) struct Publisher {
    pub(crate) feed: FeedId,
    pub(crate) payloads: Vec<(Pt, Codec)>,
    pub(crate) video: Option<Mid>,
}

pub(crate) enum Role {
    Publish(Publisher),
    Play(Box<Player>),
}

pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) credentials: IceCreds,
    /// `str0m` knows a way to the peer.
    pub(crate) nominated: bool,
    pub(crate) peer: Peer,
    pub(crate) role: Role,
    /// Addresses that have proved to be this peer's, oldest first.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) connected: bool,
    /// When to give up, unless it connects (again) before.
    pub(crate) give_up: Option<Instant>,
    /// The timer set for this session.
    pub(crate) timer: Option<Instant>,
}

impl Session {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let switch = match &self.role {
            Role::Play(player) => player.switch_by,
            Role::Publish(_) => None,
        };
        [self.peer.deadline(), self.give_up, switch].into_iter().flatten().min()
    }

    /// Takes the way (peer, ours) of a check that was in order as chosen.
    pub(crate) fn nominate(
        &mut self,
        identity: &Identity,
        sink: &mut Sink,
        (peer, ours): (SocketAddr, SocketAddr),
        check: &[u8],
        now: Instant,
    ) {
        let provider = identity.provider.sha1_hmac_provider;
        let nomination = demux::nomination(check, &self.credentials, provider);
        if let Some(nomination) = nomination
            && let Ok(receive) = Receive::new(Protocol::Udp, peer, ours, &nomination)
        {
            self.peer.nominated(sink, now, receive);
        }
    }
}

/// What is needed to make a session.
pub(crate) struct Making<'a> {
    pub(crate) id: SessionId,
    pub(crate) slot: Slot,
    /// Numbers the sessions of a shard.
    pub(crate) number: u64,
    pub(crate) identity: &'a Identity,
    pub(crate) candidates: &'a [SocketAddr],
    pub(crate) give_up: Instant,
    pub(crate) follow_bandwidth: bool,
    pub(crate) now: Instant,
}

/// A session that publishes into `feed`, and the answer.
pub(crate) fn publish(
    making: &Making<'_>,
    feed: FeedId,
    offer: &str,
    sink: &mut Sink,
) -> Result<(Session, String), Fault> {
    let (mut peer, credentials, answer, medias) = negotiate(making, offer, Way::Publish, sink)?;
    let payloads = medias.iter().flat_map(|m| m.payloads.iter().map(|p| (Pt::from(p.pt), p.codec))).collect();
    let video = medias.iter().find(|m| m.kind == MediaKind::Video).map(|m| m.mid);
    let role = Role::Publish(Publisher { feed, payloads, video });
    peer.timeout(sink, making.now);
    Ok((session(making, peer, credentials, role), answer))
}

/// A session that plays `source`, and the answer.
pub(crate) fn play(
    making: &Making<'_>,
    source: FeedId,
    offer: &str,
    sink: &mut Sink,
) -> Result<(Session, String), Fault> {
    let (mut peer, credentials, answer, medias) = negotiate(making, offer, Way::Play, sink)?;
    let mut track = |kind| {
        let media = medias.iter().find(|m| m.kind == kind)?;
        let (ssrc, repair) = peer.with(sink, making.now, |rtc| {
            let mut direct = rtc.direct_api();
            let stream = direct.stream_tx_by_mid(media.mid, None)?;
            Some((*stream.ssrc(), stream.rtx().map(|ssrc| *ssrc)))
        })??;
        Some(Track::new(ssrc, repair, media.payloads.clone(), media.extensions.clone(), kind))
    };
    let (audio, video) = (track(MediaKind::Audio), track(MediaKind::Video));
    peer.timeout(sink, making.now);
    let out = Outbound::new(sdp::cname(&answer).to_owned(), audio, video);
    let player = Player::new(source, out, making.follow_bandwidth);
    Ok((session(making, peer, credentials, Role::Play(Box::new(player))), answer))
}

fn session(making: &Making<'_>, peer: Peer, credentials: IceCreds, role: Role) -> Session {
    Session {
        id: making.id,
        credentials,
        nominated: false,
        peer,
        role,
        addresses: Vec::new(),
        connected: false,
        give_up: Some(making.give_up),
        timer: None,
    }
}

/// One m-line that media goes over, with the payload types agreed on, best first.
struct Agreed {
    mid: Mid,
    kind: MediaKind,
    payloads: Vec<Payload>,
    extensions: Extensions,
}

fn negotiate(
    making: &Making<'_>,
    offer: &str,
    way: Way,
    sink: &mut Sink,
) -> Result<(Peer, IceCreds, String, Vec<Agreed>), Fault> {
    let offer = sdp::offer(offer, way)?;
    let credentials = making.identity.credentials(making.slot, making.number);
    let mut config = Rtc::builder()
        .set_ice_lite(true)
        .set_rtp_mode(true)
        .set_crypto_provider(making.identity.provider.clone())
        .set_dtls_cert(making.identity.certificate.clone())
        .set_local_ice_credentials(credentials.clone())
        .set_extension_map(extensions(way))
        .clear_codecs()
        .enable_opus(true, false);
    if way == Way::Play {
        config = config.set_rtcp_report_interval_audio(NO_REPORTS).set_rtcp_report_interval_video(NO_REPORTS);
    }
    codecs(&mut config);
    let mut peer = Peer::new(config.build(making.now), making.slot, way == Way::Play);
    for candidate in making.candidates {
        if let Ok(candidate) = Candidate::host(*candidate, "udp") {
            peer.with(sink, making.now, |rtc| {
                rtc.add_local_candidate(candidate);
            });
        }
    }
    let answered = peer.with(sink, making.now, |rtc| {
        let offer = SdpOffer::from_sdp_string(&offer.text).map_err(sdp::broken)?;
        rtc.sdp_api().accept_offer(offer).map_err(sdp::broken)
    });
    // Whatever a session says before it exists is of no interest.
    sink.work.retain(|(of, _)| *of != making.slot);
    let answer = answered.ok_or_else(|| sdp::broken("panic while reading"))??;
    let medias = agreed(peer.view(), &offer.tracks)?;
    Ok((peer, credentials, sdp::answer(&answer.to_sdp_string(), &offer.text), medias))
}

/// H.264 before VP8, because browsers send the first codec of the answer: it costs viewers and
/// the mixer least. Packetization mode 1 only; Constrained Baseline first.
fn codecs(config: &mut str0m::RtcConfig) {
    let codecs = config.codec_config();
    for (pt, rtx, profile) in
        [(108, 109, 0x42_e0_1f), (127, 121, 0x42_00_1f), (123, 119, 0x4d_00_1f), (114, 115, 0x64_00_1f)]
    {
        codecs.add_h264(Pt::from(pt), Some(Pt::from(rtx)), true, profile);
    }
    codecs.enable_vp8(true);
}

/// Only what is used: without an extension for orientation browsers turn the picture themselves.
/// Without transport-wide numbers, but with send times, a browser that plays estimates itself what
/// its network carries, and tells about once a second (REMB): a thousand of them cost nothing.
fn extensions(way: Way) -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(2, Extension::AbsoluteSendTime);
    map.set(4, Extension::RtpMid);
    if way == Way::Publish {
        map.set(3, Extension::TransportSequenceNumber);
    }
    map
}

fn agreed(rtc: &Rtc, tracks: &[(MediaKind, String)]) -> Result<Vec<Agreed>, Fault> {
    let mut all = Vec::new();
    for (kind, mid) in tracks {
        let mid = Mid::from(mid.as_str());
        let Some(media) = rtc.media(mid) else { continue };
        let payloads: Vec<_> = rtc
            .codec_config()
            .params()
            .iter()
            .filter(|p| media.remote_pts().contains(&p.pt()))
            .filter_map(|p| {
                let codec = codec(p.spec().codec)?;
                Some(Payload { codec, pt: *p.pt(), repair: p.resend().map(|pt| *pt) })
            })
            .filter(|p| p.codec.kind() == *kind)
            .collect();
        if payloads.is_empty() {
            return Err(Fault::unprocessable(
                "no_common_codec",
                match kind {
                    MediaKind::Audio => "The offer has no sound codec in common with us.",
                    MediaKind::Video => "The offer has no picture codec in common with us.",
                },
            )
            .hint("Offer H.264 (packetization-mode 1) or VP8, and Opus."));
        }
        let ids = media.remote_extmap();
        let extensions = Extensions {
            mid: ids.id_of(Extension::RtpMid).map(|id| (id, mid.to_string())),
            send_time: ids.id_of(Extension::AbsoluteSendTime),
        };
        all.push(Agreed { mid, kind: *kind, payloads, extensions });
    }
    Ok(all)
}

const fn codec(codec: str0m::format::Codec) -> Option<Codec> {
    match codec {
        str0m::format::Codec::H264 => Some(Codec::H264),
        str0m::format::Codec::Vp8 => Some(Codec::Vp8),
        str0m::format::Codec::Opus => Some(Codec::Opus),
        _ => None,
    }
}
