//! The listening socket: HTTP/1.1 and HTTP/2, with or without TLS.

use crate::app::Peer;
use crate::heard::{Heard, Listening};
use crate::links::Encrypted;
use crate::site::Site;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// A client that has not sent its request's head by then is let go.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// So is one that has not finished the TLS handshake.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Requests under way have this long when the server stops.
const GRACE: Duration = Duration::from_secs(3);
/// Connections at once; the next ones wait in the kernel's queue.
const CONNECTIONS: usize = 20_000;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 100;

/// Serves until `shutdown` is done, then lets the requests under way end.
///
/// # Errors
/// When the listening socket is broken for good.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    tls: Option<ServerConfig>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let tls = tls.map(|mut config| {
        if config.alpn_protocols.is_empty() {
            config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        TlsAcceptor::from(Arc::new(config))
    });
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (permit, (stream, from)) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next(&listener, &room) => next?,
        };
        // Frames are small and answers are written whole: waiting for more only adds delay.
        let _ = stream.set_nodelay(true);
        let (router, watcher, tls) = (site.router(), graceful.watcher(), tls.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match tls {
                None => connection(stream, router, from, false, watcher).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIME, tls.accept(stream)).await {
                        connection(stream, router, from, true, watcher).await;
                    }
                }
            }
        });
    }
    drop(listener);
    // Nobody may be listening to streams now; that is fine.
    let _ = site.closing().send(true);
    if timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::info!("connections were cut because their requests did not end");
    }
    Ok(())
}

/// The next connection, when there is room for it.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(OwnedSemaphorePermit, (TcpStream, SocketAddr))> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    Ok((permit, accept(listener).await?))
}

/// The next connection. One that went away before it was taken is passed over; when the process
/// has no file descriptors left, it waits for some.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept().await {
            Ok(accepted) => return Ok(accepted),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
            Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotConnected) => {
                return Err(e);
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken for now");
                sleep_until(Instant::now() + Duration::from_millis(200)).await;
            }
        }
    }
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    from: SocketAddr,
    encrypted: bool,
    watcher: hyper_util::server::graceful::Watcher,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).max_headers(64);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Duration::from_secs(30));
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(from));
        request.extensions_mut().insert(axum::extract::ConnectInfo(from));
        request.extensions_mut().insert(Encrypted(encrypted));
        router.clone().oneshot(request)
    });
    let heard = Heard::default();
    let stream = TokioIo::new(Listening { stream, heard: heard.clone() });
    let served = builder.serve_connection_with_upgrades(stream, service).into_owned();
    tokio::select! {
        served = watcher.watch(served) => if let Err(error) = served {
            // Clients go away all the time; nothing is wrong with us.
            tracing::debug!(%error, "a connection ended early");
        },
        () = silence(heard) => tracing::debug!("a connection that said nothing was let go"),
    }
}

/// Ends when nothing has come in the time for a head. (The library's own time begins with the first
/// byte, which tells it whether this is HTTP/1 or 2.)
async fn silence(heard: Heard) {
    sleep_until(Instant::now() + HEAD_TIME).await;
    if heard.something() {
        std::future::pending::<()>().await;
    }
}
