//! The addresses that are handed out.

use axum::http::header::HOST;
use axum::http::request::Parts;

/// Whether a connection came by TLS; put into each request by the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Encrypted(pub(crate) bool);

/// Makes absolute links.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    base: String,
}

impl Links {
    /// From the configured address of the site; without one, from the address this request was
    /// sent to, which leads the one who asked (and only them) back to the same place.
    pub(crate) fn new(public_url: Option<&str>, request: &Parts) -> Self {
        if let Some(url) = public_url {
            return Self { base: url.trim_end_matches('/').to_owned() };
        }
        let scheme = match request.extensions.get::<Encrypted>() {
            Some(Encrypted(true)) => "https",
            _ => "http",
        };
        let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
        // HTTP/2 has the host in the URI.
        let host = host.or_else(|| request.uri.authority().map(|authority| authority.as_str()));
        let host = host.filter(|host| plain_host(host)).unwrap_or("localhost:8080");
        Self { base: format!("{scheme}://{host}") }
    }

    /// Whether the site is reached by TLS.
    pub(crate) fn encrypted(&self) -> bool {
        self.base.starts_with("https:")
    }

    pub(crate) fn watch(&self, slug: &str) -> String {
        format!("{}/shows/{slug}/watch", self.base)
    }

    pub(crate) fn desk(&self, slug: &str) -> String {
        format!("{}/desk/{slug}", self.base)
    }

    pub(crate) fn invitation(&self, code: &str) -> String {
        format!("{}/stage/{code}", self.base)
    }

    pub(crate) fn whip(&self, slug: &str) -> String {
        format!("{}/whip/{slug}", self.base)
    }
}

/// Name or address and port, nothing that could be more than that in a link.
fn plain_host(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
    !host.is_empty() && host.len() <= 255 && host.bytes().all(plain)
}
