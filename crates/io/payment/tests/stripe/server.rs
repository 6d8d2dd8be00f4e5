//! An HTTP server that gives prepared replies, one per connection, and hands over what it was sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

/// One request as it came.
#[derive(Debug)]
pub(crate) struct Request {
    /// Method and path, as in `GET /x`.
    pub line: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

pub(crate) fn json(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nRequest-Id: req_1\r\n\
         Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) struct Server {
    pub url: String,
    thread: JoinHandle<Vec<Request>>,
}

impl Server {
    pub(crate) fn new(replies: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            replies
                .into_iter()
                .map(|reply| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let request = read(&mut stream);
                    stream.write_all(reply.as_bytes()).unwrap();
                    request
                })
                .collect()
        });
        Self { url, thread }
    }

    /// Waits for the last reply to be given.
    pub(crate) fn requests(self) -> Vec<Request> {
        self.thread.join().unwrap()
    }
}

fn read(stream: &mut TcpStream) -> Request {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).unwrap();
        bytes.extend_from_slice(&buffer[..read]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            assert!(read > 0, "the request broke off");
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.lines();
        let line = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(key, _)| key == "content-length");
        let length = length.map_or(0, |(_, value)| value.parse().unwrap());
        if bytes.len() >= end + 4 + length {
            return Request { line, headers, body: bytes[end + 4..].to_vec() };
        }
        assert!(read > 0, "the request broke off");
    }
}
