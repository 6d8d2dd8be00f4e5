//! A server with a real shard, a Program that never ends, and as much HTTP as a rehearsal needs.

use crate::hls::Broadcast;
use palco_base::{Codec, EncodedFrame, FeedId, MediaTime, SessionId, Size};
use palco_net::{Shard, ShardConfig, ShardHandle};
use palco_sfu::{CloseReason, Command, Event};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PROGRAM: FeedId = FeedId::new(1);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const PICTURE: Duration = Duration::from_millis(40);

struct Inside {
    shard: Arc<ShardHandle>,
    events: Mutex<Receiver<Event>>,
    seats: u64,
    sessions: AtomicU64,
    ended: AtomicU64,
    broadcast: Broadcast,
}

/// A house with so many seats, until it is dropped.
pub(crate) struct House {
    pub(crate) url: String,
    inside: Arc<Inside>,
    /// Dropping it ends the Program.
    _program: Sender<()>,
}

impl House {
    pub(crate) fn open(seats: u64) -> Self {
        let (tell, told) = channel();
        let on_event = Box::new(move |event| {
            // Nobody listens when the test is over.
            let _ = tell.send(event);
        });
        let shard = Arc::new(Shard::spawn(ShardConfig::new(([127, 0, 0, 1], 0).into()), on_event).unwrap());
        shard.send(Command::OpenProgram { feed: PROGRAM }).unwrap();
        let (program, end) = channel();
        let sender = Arc::clone(&shard);
        std::thread::spawn(move || play(&sender, &end));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inside = Arc::new(Inside {
            shard,
            events: Mutex::new(told),
            seats,
            sessions: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            broadcast: Broadcast::new(),
        });
        let door = Arc::clone(&inside);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let door = Arc::clone(&door);
                std::thread::spawn(move || door.connection(&stream));
            }
        });
        Self { url, inside, _program: program }
    }

    /// Sessions that were ended by DELETE.
    pub(crate) fn ended(&self) -> u64 {
        self.inside.ended.load(Ordering::Relaxed)
    }
}

/// 25 pictures and 50 packets of sound a second, a key frame every second.
fn play(shard: &ShardHandle, end: &Receiver<()>) {
    let start = Instant::now();
    for number in 0_u32.. {
        let due = start + PICTURE * number;
        let left = due.saturating_duration_since(Instant::now());
        if end.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        let time = MediaTime::from(PICTURE * number);
        let half = MediaTime::from_micros(time.micros() + 20_000);
        let key = number.is_multiple_of(25);
        for frame in [picture(key, time), sound(time), sound(half)] {
            // A full queue drops the frame, as in the product.
            let _ = shard.send(Command::ProgramFrame { feed: PROGRAM, size: Size::Large, frame });
        }
    }
}

fn picture(key: bool, time: MediaTime) -> EncodedFrame {
    let mut payload = Vec::new();
    if key {
        payload.extend([0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 0xce]);
    }
    payload.extend([0, 0, 0, 1, if key { 0x65 } else { 0x41 }]);
    payload.resize(payload.len() + 4_000, 0x77);
    EncodedFrame { codec: Codec::H264, key, time, payload: payload.into() }
}

fn sound(time: MediaTime) -> EncodedFrame {
    EncodedFrame { codec: Codec::Opus, key: true, time, payload: vec![0x77; 80].into() }
}

impl Inside {
    /// Requests one after the other, until the client has gone.
    fn connection(&self, stream: &TcpStream) -> Option<()> {
        let (mut reader, mut writer) = (BufReader::new(stream), stream);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let mut words = line.split(' ').map(str::to_owned);
            let (method, target) = (words.next()?, words.next()?);
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).ok()?;
                if header.trim().is_empty() {
                    break;
                }
                if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().ok()?;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let (status, headers, body) = self.answer(&method, &target, &body);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
            writer.write_all(&[head.as_bytes(), &body].concat()).ok()?;
        }
    }

    fn answer(&self, method: &str, target: &str, body: &[u8]) -> (&'static str, String, Vec<u8>) {
        let none = String::new;
        match (method, target) {
            ("POST", "/whep/demo") => self.play(body),
            ("DELETE", target) if target.starts_with("/whep/demo/") => {
                let session: u64 = target.rsplit('/').next().unwrap().parse().unwrap();
                let (session, reason) = (SessionId::new(session), CloseReason::ByPeer);
                self.shard.send(Command::Close { session, reason }).unwrap();
                self.ended.fetch_add(1, Ordering::Relaxed);
                ("200 OK", none(), Vec::new())
            }
            ("GET", "/metrics") => ("200 OK", none(), b"palco_rtc_sessions 7\n".to_vec()),
            ("GET", target) => match self.broadcast.get(target) {
                Some(body) => ("200 OK", none(), body),
                None => ("404 Not Found", none(), Vec::new()),
            },
            _ => ("405 Method Not Allowed", none(), Vec::new()),
        }
    }

    fn play(&self, offer: &[u8]) -> (&'static str, String, Vec<u8>) {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        if number > self.seats {
            let said = br#"{"code":"house_full","text":"The house is full."}"#;
            return ("503 Service Unavailable", String::new(), said.to_vec());
        }
        let session = SessionId::new(number);
        let offer = String::from_utf8_lossy(offer).into_owned();
        // One after the other, so that each waits for its own answer.
        let events = self.events.lock().unwrap();
        self.shard.send(Command::Play { session, source: PROGRAM, offer, viewer: true }).unwrap();
        loop {
            match events.recv_timeout(ANSWER_WITHIN).unwrap() {
                Event::Answered { session: answered, answer } if answered == session => {
                    let location = format!("Location: /whep/demo/{number}\r\n");
                    return ("201 Created", location, answer.unwrap().into_bytes());
                }
                _ => {}
            }
        }
    }
}
