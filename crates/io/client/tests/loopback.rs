//! Publisher and player against a small WHIP and WHEP server of str0m in this process: what
//! the one sends, the other gets, over real sockets on the loopback interface.

#![allow(clippy::unwrap_used)] // A failure anywhere in here is the test's.

use palco_base::{Codec, EncodedFrame, MediaTime, Secret};
use palco_client::{Clock, Frames, Options, whep, whip};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use str0m::change::SdpOffer;
use str0m::media::{MediaData, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc};

/// A server with one feed: who offers to send publishes it, who offers to receive plays it.
struct Server {
    url: String,
    shared: Arc<Shared>,
}

/// A frame on its way to a player.
type Sent = (MediaKind, Arc<MediaData>);

#[derive(Default)]
struct Shared {
    players: Mutex<Vec<Sender<Sent>>>,
    deletes: AtomicU64,
    posts: AtomicU64,
    /// Refuse offers with this.
    refuse: Mutex<Option<&'static str>>,
    /// Tells the last session's thread to go away without a word.
    kill: Mutex<Option<Sender<()>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/door", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let state = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &state);
            }
        });
        Self { url, shared }
    }
}

fn serve(mut stream: TcpStream, shared: &Arc<Shared>) {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
    let (head, body) = loop {
        let read = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        if body.len() >= length.map_or(0, |l| l.trim().parse::<usize>().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let refuse = *shared.refuse.lock().unwrap();
    let reply = if head.starts_with("DELETE") {
        assert!(head.starts_with("DELETE /door/7 "), "{head}");
        shared.deletes.fetch_add(1, Ordering::SeqCst);
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
    } else if let Some(status) = refuse {
        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    } else {
        assert!(head.to_lowercase().contains("authorization: bearer abc"), "{head}");
        shared.posts.fetch_add(1, Ordering::SeqCst);
        let answer = session(&body, shared);
        format!(
            "HTTP/1.1 201 Created\r\nLocation: /door/7\r\nContent-Type: application/sdp\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{answer}",
            answer.len()
        )
    };
    stream.write_all(reply.as_bytes()).unwrap();
}

/// Answers an offer and runs the session in a thread of its own.
fn session(offer: &str, shared: &Arc<Shared>) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut rtc = Rtc::builder()
        .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
        .set_ice_lite(true)
        .build(Instant::now());
    rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
    let answer = rtc.sdp_api().accept_offer(SdpOffer::from_sdp_string(offer).unwrap()).unwrap();
    let (kill, killed) = channel();
    *shared.kill.lock().unwrap() = Some(kill);
    let (sender, frames) = channel();
    if !offer.contains("a=sendonly") {
        shared.players.lock().unwrap().push(sender);
    }
    let shared = shared.clone();
    std::thread::spawn(move || run(rtc, &socket, &shared, &frames, &killed));
    answer.to_sdp_string()
}

fn run(mut rtc: Rtc, socket: &UdpSocket, shared: &Shared, frames: &Receiver<Sent>, killed: &Receiver<()>) {
    let mut mids: Vec<(MediaKind, Mid)> = Vec::new();
    let mut buffer = [0; 2048];
    while rtc.is_alive() && killed.try_recv().is_err() {
        let deadline = loop {
            match rtc.poll_output().unwrap() {
                Output::Timeout(deadline) => break deadline,
                Output::Transmit(t) => drop(socket.send_to(&t.contents, t.destination)),
                Output::Event(Event::MediaAdded(added)) => mids.push((added.kind, added.mid)),
                Output::Event(Event::MediaData(data)) => {
                    let kind = mids.iter().find(|(_, mid)| *mid == data.mid).unwrap().0;
                    let (mut players, data) = (shared.players.lock().unwrap(), Arc::new(data));
                    players.retain(|player| player.send((kind, data.clone())).is_ok());
                }
                Output::Event(_) => {}
            }
        };
        if rtc.is_connected()
            && let Ok((kind, data)) = frames.try_recv()
        {
            let mid = mids.iter().find(|(k, _)| *k == kind).unwrap().1;
            let Some(writer) = rtc.writer(mid) else { continue };
            let pt = writer.match_params(data.params).unwrap();
            writer.write(pt, data.network_time, data.time, data.data.clone()).unwrap();
            continue;
        }
        let wait = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(2));
        socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
        let input = match socket.recv_from(&mut buffer) {
            Ok((length, source)) => {
                let destination = socket.local_addr().unwrap();
                let contents = buffer[..length].try_into().unwrap();
                Input::Receive(
                    Instant::now(),
                    Receive { proto: Protocol::Udp, source, destination, contents },
                )
            }
            Err(_) => Input::Timeout(Instant::now()),
        };
        rtc.handle_input(input).unwrap();
    }
}

/// Four seconds: every picture a NAL unit that tells its number, key frames far longer than a
/// packet, and audio packets with their number.
fn media() -> Vec<EncodedFrame> {
    let video = (0..120_u32).map(|n| {
        let key = n % 30 == 0;
        let mut payload = Vec::new();
        if key {
            payload.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 1, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80]);
        }
        payload.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
        payload.extend(n.to_be_bytes().map(|b| b | 0x80));
        payload.resize(payload.len() + if key { 9_000 } else { 700 }, 0xaa);
        EncodedFrame {
            codec: Codec::H264,
            key,
            time: MediaTime::from_micros(i64::from(n) * 1_000_000 / 30),
            payload: payload.into(),
        }
    });
    let audio = (0..200_u32).map(|n| EncodedFrame {
        codec: Codec::Opus,
        key: true,
        time: MediaTime::from_millis(i64::from(n) * 20),
        payload: n.to_be_bytes().into_iter().chain([7; 60]).collect(),
    });
    video.chain(audio).collect()
}

fn token() -> Secret {
    Secret::new("abc")
}

#[test]
fn what_is_published_is_played() {
    let server = Server::start();
    let (sender, received) = channel();
    let on_frame = move |frame| drop(sender.send(frame));
    let player = whep::play(&server.url, Some(&token()), on_frame, Options::default()).unwrap();
    player.wait_until(Duration::from_secs(10), |s| s.connected).unwrap();
    let frames = Frames::new(media(), true);
    let publisher = whip::publish(&server.url, Some(&token()), frames, Options::default()).unwrap();
    let started = publisher.wait_connected(Duration::from_secs(10)).unwrap().started.unwrap();

    let seen =
        player.wait_until(Duration::from_secs(20), |s| s.frames >= 180 && s.audio_packets >= 300).unwrap();
    assert_eq!((seen.lost, seen.audio_lost), (0, 0), "{seen:?}");
    assert!(seen.first_frame_after.is_some() && seen.key_frames >= 5, "{seen:?}");
    let sent = publisher.stats();
    assert_eq!((sent.connections, sent.skipped, sent.loops), (1, 0, 1), "{sent:?}");
    drop(publisher);
    drop(player);
    assert_eq!(server.shared.deletes.load(Ordering::SeqCst), 2, "both sessions were ended at the server");

    let media = media();
    let videos: Vec<_> = media.iter().filter(|f| f.codec == Codec::H264).collect();
    let (mut pictures, mut packets) = (0_usize, 0_u32);
    for got in received {
        assert!(got.contiguous);
        if got.frame.codec == Codec::H264 {
            let sent = videos[pictures % videos.len()];
            assert_eq!(got.frame.payload, sent.payload, "picture {pictures}");
            assert_eq!(got.frame.key, sent.key);
            let at = i64::try_from(pictures).unwrap() * 1_000_000 / 30;
            let late = got.arrived - (started + MediaTime::from_micros(at));
            assert!(late >= MediaTime::ZERO, "picture {pictures} came before it was due: {late:?}");
            pictures += 1;
        } else {
            assert_eq!(got.frame.payload[..4], (packets % 200).to_be_bytes());
            packets += 1;
        }
    }
    assert!(pictures >= 180 && packets >= 300);
}

#[test]
fn a_publisher_whose_server_vanishes_comes_back_in_step() {
    let server = Server::start();
    let frames = Frames::new(media(), true);
    let publisher = whip::publish(&server.url, Some(&token()), frames, Options::default()).unwrap();
    let before = publisher.wait_connected(Duration::from_secs(10)).unwrap();
    publisher.wait_until(Duration::from_secs(10), |s| s.frames > 30).unwrap();
    server.shared.kill.lock().unwrap().take().unwrap().send(()).unwrap();
    let again = |s: &whip::Stats| s.connections == 2;
    let waited = publisher.wait_until(Duration::from_secs(30), again);
    let after = waited.unwrap_or_else(|fault| panic!("{fault:?}: {:?}", publisher.stats()));
    assert_eq!(after.started, before.started, "media time goes on");
    publisher.wait_until(Duration::from_secs(10), |s| s.frames > after.frames + 30).unwrap();
    publisher.stop();
    publisher.wait().unwrap();
}

#[test]
fn a_refusal_ends_it_and_so_does_the_end_of_the_media() {
    let server = Server::start();
    *server.shared.refuse.lock().unwrap() = Some("401 Unauthorized");
    let frames = || Frames::new(media(), false);
    let refused = whip::publish(&server.url, Some(&token()), frames(), Options::default());
    assert_eq!(refused.err().map(|f| f.code), Some("token_invalid"));
    *server.shared.refuse.lock().unwrap() = None;

    let clock = Clock::new();
    let publisher = whip::publish(&server.url, Some(&token()), frames(), Options::default()).unwrap();
    publisher.wait().unwrap();
    let stats = publisher.stats();
    assert_eq!((stats.frames, stats.audio_packets), (120, 200));
    let took = clock.now() - stats.started.unwrap();
    assert!(took >= MediaTime::from_millis(3_900), "paced: {took:?}");
    assert_eq!(server.shared.posts.load(Ordering::SeqCst), 1);
}

#[test]
fn a_player_whose_server_vanishes_comes_back() {
    let server = Server::start();
    let player = whep::play(&server.url, Some(&token()), drop, Options::default()).unwrap();
    player.wait_until(Duration::from_secs(10), |s| s.connected).unwrap();
    let kill = server.shared.kill.lock().unwrap().take().unwrap();
    let frames = Frames::new(media(), true);
    let publisher = whip::publish(&server.url, Some(&token()), frames, Options::default()).unwrap();
    player.wait_until(Duration::from_secs(10), |s| s.frames > 30).unwrap();
    kill.send(()).unwrap();
    let again = player.wait_until(Duration::from_secs(30), |s| s.connections == 2).unwrap();
    player.wait_until(Duration::from_secs(10), |s| s.frames > again.frames + 30).unwrap();

    // Gone for good, and nobody wants to wait.
    *server.shared.refuse.lock().unwrap() = Some("404 Not Found");
    server.shared.kill.lock().unwrap().take().unwrap().send(()).unwrap();
    assert_eq!(player.wait().err().map(|f| f.code), Some("not_found"));
    drop(publisher);
}
