//! The listening socket, with real connections on this machine.

use crate::client::ADMIN;
use crate::fake::Fake;
use palco_web::{Backend, Site, WebConfig, serve};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<std::io::Result<()>>,
}

async fn start() -> Running {
    start_with(None).await
}

async fn start_with(tls: Option<ServerConfig>) -> Running {
    let backend: Arc<dyn Backend> = Arc::new(Fake::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let site = Site::new(backend, WebConfig::default(), axum::Router::new());
    let done = tokio::spawn(serve(listener, site, tls, async {
        let _ = stopped.await;
    }));
    Running { address, stop, done }
}

/// Sends text and reads until the server closes.
async fn exchange(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_request_is_answered_and_the_server_stops_when_asked() {
    let running = start().await;
    let answer =
        exchange(running.address, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(r#"{"live":true}"#), "{answer}");
    running.stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running.done).await.unwrap().unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any longer");
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let running = start().await;
    let body = r#"{"title":"Show"}"#;
    let create = format!(
        "POST /api/v1/shows HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {ADMIN}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert!(exchange(running.address, &create).await.starts_with("HTTP/1.1 201"));
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /api/v1/public/shows/show/events HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut seen = String::new();
    while !seen.contains("event: show") {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "closed too early: {seen}");
        seen.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    running.stop.send(()).unwrap();
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(2), running.done).await.unwrap().unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_does_not_send_a_whole_head_is_let_go() {
    let running = start().await;
    let began = tokio::time::Instant::now();
    exchange(running.address, "GET /health/live HTTP/1.1\r\nhost: x\r\nslow").await;
    assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_at_all_is_let_go() {
    let running = start().await;
    let began = tokio::time::Instant::now();
    assert_eq!(exchange(running.address, "").await, "");
    assert!(began.elapsed() <= Duration::from_secs(11), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rests_between_two_requests_stays() {
    let running = start().await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..2 {
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("true}") {
            let mut piece = [0; 1024];
            let count = stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "closed too early: {answer}");
            answer.push_str(std::str::from_utf8(&piece[..count]).unwrap());
        }
        tokio::time::advance(Duration::from_secs(8)).await;
    }
}

#[tokio::test]
async fn heads_that_are_too_large_or_no_heads_are_refused() {
    let running = start().await;
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let answer = exchange(running.address, &format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let answer = exchange(running.address, "\u{1}\u{2}\u{3} nonsense\r\n\r\n").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    let answer =
        exchange(running.address, "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "others do not notice");
}

/// A server's and a client's side of a certificate that was made for this test.
fn certificate() -> (ServerConfig, ClientConfig) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let server =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let server =
        server.unwrap().with_no_client_auth().with_single_cert(vec![certificate.clone()], key).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    (server, client.unwrap().with_root_certificates(roots).with_no_client_auth())
}

#[tokio::test]
async fn tls_with_both_versions_of_http() {
    let (server, mut client) = certificate();
    let running = start_with(Some(server)).await;
    let name = ServerName::try_from("localhost").unwrap();
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connect = tokio_rustls::TlsConnector::from(Arc::new(client.clone()));
    let stream = TcpStream::connect(running.address).await.unwrap();
    let stream = connect.connect(name.clone(), stream).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "HTTP/2 first");

    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connect = tokio_rustls::TlsConnector::from(Arc::new(client));
    let stream = TcpStream::connect(running.address).await.unwrap();
    let mut stream = connect.connect(name, stream).await.unwrap();
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    // The server closes as it was asked to; how TLS takes that is not what is tested here.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    // Who speaks no TLS is let go, and others do not notice.
    let plain = exchange(running.address, "GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!plain.contains("200 OK"), "{plain}");
}
