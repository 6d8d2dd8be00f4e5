//! HTTP/1.1 over one connection that is kept, as a browser keeps it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, HOST, HeaderName, LOCATION, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use palco_base::{Class, Fault, Secret, ViewerId};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// An answer of ours is never larger: the largest are segments of two seconds.
const MAX_BODY: usize = 16 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// The server's door.
pub(crate) struct Door {
    authority: String,
    host: ServerName<'static>,
    tls: Option<TlsConnector>,
    /// Where it is.
    pub(crate) address: SocketAddr,
    token: Option<Secret>,
}

impl Door {
    /// Finds the server of `http://HOST:PORT` or `https://…`.
    ///
    /// # Errors
    /// When that is no such address, or the host has none.
    pub(crate) async fn find(url: &str, token: Option<Secret>) -> Result<Self, Fault> {
        let bad = || {
            Fault::invalid("bad_url", "This is not a server's address.")
                .hint("It looks like http://host:8080, with nothing behind it.")
        };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(bad());
        }
        let bare = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if https { 443 } else { 80 });
        let unknown = || {
            Fault::unavailable("server_unreachable", format!("There is no computer called {bare}."))
                .hint("Check the address.")
        };
        let found: Vec<SocketAddr> = tokio::net::lookup_host((bare.as_str(), port))
            .await
            .map_err(|error| unknown().internal(error))?
            .collect();
        // IPv4 first: servers without IPv6 media still have `::1` by name.
        let address = found.iter().find(|a| a.is_ipv4()).or(found.first()).copied().ok_or_else(unknown)?;
        let host = ServerName::try_from(bare).map_err(|_| bad())?;
        let tls = https.then(|| TlsConnector::from(Arc::new(trust())));
        Ok(Self { authority: authority.to_string(), host, tls, address, token })
    }

    /// A connection, which is made with the first request.
    pub(crate) fn connection(self: &Arc<Self>) -> Connection {
        Connection { door: Arc::clone(self), sender: None, viewer: None }
    }

    /// The same, for one viewer: the house counts all such connections of theirs as one.
    pub(crate) fn connection_of(self: &Arc<Self>, viewer: ViewerId) -> Connection {
        Connection { viewer: Some(viewer), ..self.connection() }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Fault> {
        let unreachable = |error: std::io::Error| {
            Fault::unavailable("server_unreachable", "The server takes no connection.").internal(error)
        };
        let stream = match timeout(CONNECT_WITHIN, TcpStream::connect(self.address)).await {
            Ok(stream) => stream.map_err(unreachable)?,
            Err(_) => return Err(unreachable(std::io::ErrorKind::TimedOut.into())),
        };
        let _ = stream.set_nodelay(true);
        match &self.tls {
            None => drive(stream).await,
            Some(tls) => {
                let stream = tls.connect(self.host.clone(), stream).await.map_err(|error| {
                    Fault::unavailable("tls_failed", "The server's certificate is not trusted here.")
                        .hint("SSL_CERT_FILE can name a file with other roots.")
                        .internal(error)
                })?;
                drive(stream).await
            }
        }
    }
}

async fn drive(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, Fault> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
    Ok(sender)
}

/// What this computer trusts; `SSL_CERT_FILE` names other roots.
fn trust() -> ClientConfig {
    const BUNDLES: [&str; 3] =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let named = std::env::var("SSL_CERT_FILE").ok();
    let files = named.as_deref().into_iter().chain(BUNDLES);
    let mut roots = RootCertStore::empty();
    for certificates in files.filter_map(|path| CertificateDer::pem_file_iter(path).ok()).take(1) {
        // A root that rustls does not understand is not one.
        roots.add_parsable_certificates(certificates.flatten());
    }
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}

fn broken(error: hyper::Error) -> Fault {
    Fault::unavailable("answer_lost", "The server's answer broke off.").internal(error)
}

/// A viewer nobody else is.
pub(crate) fn new_viewer() -> ViewerId {
    // Each state has keys of its own.
    ViewerId::new(std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), ()))
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The reply, if it is a success.
    ///
    /// # Errors
    /// The server's refusal, in its own words if it said some.
    pub(crate) fn success(self) -> Result<Self, Fault> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let said: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let word = |key: &str| said.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let text = format!("HTTP {} {} {}", self.status, word("code"), word("text"));
        Err(Fault::new(
            Class::Unavailable,
            "refused",
            text.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
        ))
    }
}

/// One connection to the server.
pub(crate) struct Connection {
    door: Arc<Door>,
    sender: Option<SendRequest<Full<Bytes>>>,
    viewer: Option<ViewerId>,
}

impl Connection {
    /// Asks for a path.
    ///
    /// # Errors
    /// No connection, no answer in time, or a broken one.
    pub(crate) async fn get(&mut self, path: &str, within: Duration) -> Result<Reply, Fault> {
        self.request(Method::GET, path, &[], Bytes::new(), within).await
    }

    /// Sends a request, over a new connection if the server has closed this one.
    ///
    /// # Errors
    /// No connection, no answer in time, or a broken one.
    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
        within: Duration,
    ) -> Result<Reply, Fault> {
        let request = self.head(method, path, headers, body)?;
        if let Ok(reply) = timeout(within, self.exchange(request)).await {
            return reply;
        }
        // Half an answer is on its way: this connection is of no use any more.
        self.sender = None;
        Err(Fault::unavailable("too_slow", "The server did not answer in time."))
    }

    fn head(
        &self,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, Fault> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.door.authority)
            .header(USER_AGENT, concat!("palco-rehearse/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        if let Some(viewer) = self.viewer {
            request = request.header("palco-viewer", viewer.to_string());
        }
        if let Some(token) = &self.door.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        request.body(Full::new(body)).map_err(|error| {
            Fault::invalid("bad_url", "The address or the token has a character that cannot be.")
                .internal(error)
        })
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Fault> {
        let ready = match self.sender.as_mut() {
            Some(sender) => sender.ready().await.is_ok(),
            None => false,
        };
        if !ready {
            self.sender = None;
        }
        let mut sender = match self.sender.take() {
            Some(sender) => sender,
            None => self.door.connect().await?,
        };
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).map(str::to_owned);
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|error| {
            Fault::unavailable("answer_lost", "The server's answer broke off.").internal(error)
        })?;
        self.sender = Some(sender);
        Ok(Reply { status, location, body: body.to_bytes() })
    }
}

/// The path of `uri` as it stands in the document at `base`.
///
/// # Errors
/// When it leads to another house.
pub(crate) fn resolve(base: &str, uri: &str) -> Result<String, Fault> {
    if uri.contains("://") || uri.starts_with("//") {
        return Err(Fault::unavailable("bad_redirect", "The server sends us somewhere else."));
    }
    if uri.starts_with('/') {
        return Ok(uri.to_owned());
    }
    let folder = base.split('?').next().unwrap_or(base).rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').collect();
    let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
    for part in path.split('/') {
        match part {
            "." => {}
            ".." if parts.len() > 1 => drop(parts.pop()),
            ".." => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    Ok(query.map_or_else(|| path.clone(), |query| format!("{path}?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_a_server_and_nothing_else() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (url, address) in [
            ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("http://127.0.0.1/", Some("127.0.0.1:80")),
            ("http://[::1]:81", Some("[::1]:81")),
            ("127.0.0.1:8080", None),
            ("ftp://127.0.0.1", None),
            ("http://127.0.0.1/show/x", None),
            ("http://a@127.0.0.1", None),
        ] {
            let found = runtime.block_on(Door::find(url, None));
            assert_eq!(found.ok().map(|door| door.address), address.map(|a| a.parse().unwrap()), "{url}");
        }
    }

    #[test]
    fn addresses_in_playlists_are_resolved() {
        for (base, uri, path) in [
            ("/hls/a/index.m3u8", "video/1.m4s", "/hls/a/video/1.m4s"),
            ("/hls/a/index.m3u8?x=/", "/b", "/b"),
            ("/hls/a/b/c.m3u8", "../d.mp4?e=/..", "/hls/a/d.mp4?e=/.."),
            ("/a", "./../../b", "/b"),
        ] {
            assert_eq!(resolve(base, uri).unwrap(), path);
        }
        assert!(resolve("/a", "https://elsewhere/").is_err());
    }

    #[test]
    fn a_refusal_is_in_the_servers_words() {
        let body = Bytes::from_static(br#"{"code":"house_full","text":"The house is full."}"#);
        let reply = Reply { status: 503, location: None, body };
        assert_eq!(reply.success().err().unwrap().text, "HTTP 503 house_full The house is full.");
        let reply = Reply { status: 502, location: None, body: Bytes::from_static(b"<html>") };
        assert_eq!(reply.success().err().unwrap().text, "HTTP 502");
    }
}
