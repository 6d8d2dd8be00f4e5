//! The HTTP half of WHIP and WHEP (RFC 9725 §4): an offer out, an answer and a session URL back.

use palco_base::{Class, Fault, Secret};
use std::sync::Arc;
use std::time::Duration;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

const SDP: &str = "application/sdp";
/// RFC 9725 §4.5: redirects of the POST are 307 or 308.
const MAX_REDIRECTS: usize = 3;
/// An answer is a few kilobytes; more is not an answer.
const MAX_ANSWER: u64 = 256 << 10;

/// What the server said to an offer.
pub(crate) struct Answered {
    pub(crate) sdp: String,
    /// The session's own URL, absolute; DELETE ends it.
    pub(crate) session: Option<String>,
}

/// A server's HTTP door, with the token that opens it.
#[derive(Clone)]
pub(crate) struct Door {
    agent: Agent,
    token: Option<Secret>,
}

impl Door {
    pub(crate) fn new(url: &str, token: Option<&Secret>) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(Duration::from_secs(15)))
            .user_agent(concat!("palco/", env!("CARGO_PKG_VERSION")));
        if url.starts_with("https:") {
            config = config.tls_config(tls());
        }
        Self { agent: config.build().new_agent(), token: token.cloned() }
    }

    /// Posts an offer.
    ///
    /// # Errors
    /// The server's own fault if it gave one; otherwise one made from the status.
    pub(crate) fn post(&self, url: &str, offer: &str) -> Result<Answered, Fault> {
        let mut url = url.to_owned();
        for _ in 0..=MAX_REDIRECTS {
            let mut request =
                self.agent.post(&url).header(header::CONTENT_TYPE, SDP).header(header::ACCEPT, SDP);
            if let Some(token) = &self.token {
                request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
            }
            let mut response = request.send(offer).map_err(|e| unreachable(&url, e))?;
            let location =
                response.headers().get(header::LOCATION).and_then(|l| l.to_str().ok()).map(|l| join(&url, l));
            match response.status() {
                StatusCode::CREATED | StatusCode::OK => {
                    let sdp = read(&mut response).map_err(|e| {
                        Fault::unavailable("answer_lost", "The server's answer broke off.").internal(e)
                    })?;
                    return Ok(Answered { sdp, session: location });
                }
                StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => match location {
                    // The token is not for another house.
                    Some(next) if origin(&next) == origin(&url) || self.token.is_none() => url = next,
                    _ => {
                        return Err(Fault::unavailable(
                            "bad_redirect",
                            "The server sends us somewhere else.",
                        ));
                    }
                },
                _ => return Err(refused(&mut response)),
            }
        }
        Err(Fault::unavailable("bad_redirect", "The server sends us round in circles."))
    }

    /// Ends a session. Whether that worked does not matter: the server times it out.
    pub(crate) fn delete(&self, session: &str) {
        let mut request = self.agent.delete(session);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        let said = request.config().timeout_global(Some(Duration::from_secs(3))).build().call();
        match said {
            Ok(response) => tracing::debug!(status = response.status().as_u16(), "session ended"),
            Err(error) => tracing::debug!(%error, "session could not be ended"),
        }
    }
}

/// TLS by aws-lc-rs, trusting what this computer trusts; `SSL_CERT_FILE` names other roots.
fn tls() -> TlsConfig {
    const BUNDLES: [&str; 3] =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    let named = std::env::var("SSL_CERT_FILE").ok();
    let pem = named.as_deref().into_iter().chain(BUNDLES).find_map(|path| std::fs::read(path).ok());
    let roots: Vec<_> = parse_pem(&pem.unwrap_or_default())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}

fn read(response: &mut Response<Body>) -> Result<String, ureq::Error> {
    response.body_mut().with_config().limit(MAX_ANSWER).read_to_string()
}

fn unreachable(url: &str, error: ureq::Error) -> Fault {
    // A handshake that fails comes as an I/O error around the reason.
    let handshake = matches!(&error, ureq::Error::Io(e)
        if e.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()));
    match error {
        ureq::Error::BadUri(_) => Fault::invalid("bad_url", "This is not a web address.")
            .hint("It looks like http://host:8080/whip/name."),
        ureq::Error::Http(_) => {
            Fault::invalid("bad_url", "The address or the token has a character that cannot be.")
        }
        error if handshake || matches!(error, ureq::Error::Tls(_) | ureq::Error::Rustls(_)) => {
            Fault::unavailable("tls_failed", "The server's certificate is not one this computer trusts.")
                .hint("SSL_CERT_FILE can name a file with other roots.")
                .internal(error)
        }
        _ => Fault::unavailable("server_unreachable", format!("No server answers at {}.", origin(url)))
            .hint("Check the address, and that the server is running.")
            .internal(error),
    }
}

/// The codes of our own server that a client may want to tell apart (docs of the HTTP contract).
const CODES: [&str; 21] = [
    "token_missing",
    "token_invalid",
    "token_expired",
    "token_other_show",
    "not_allowed",
    "own_feed",
    "not_found",
    "unknown_show",
    "unknown_performer",
    "invitation_unknown",
    "show_not_live",
    "show_over",
    "stage_full",
    "not_sdp",
    "sdp_broken",
    "sdp_too_large",
    "no_common_codec",
    "too_many_tracks",
    "too_many_requests",
    "house_full",
    "mixer_down",
];

fn refused(response: &mut Response<Body>) -> Fault {
    let status = response.status();
    let (class, code, text) = match status.as_u16() {
        401 => (Class::Unauthenticated, "token_invalid", "The server does not accept the token."),
        403 => (Class::Forbidden, "not_allowed", "The token does not allow this."),
        404 | 410 => (Class::NotFound, "not_found", "The server knows no such show or door."),
        405 | 406 | 415 => (Class::Unsupported, "not_sdp", "There is no WHIP or WHEP door at this address."),
        409 => (Class::Conflict, "conflict", "The server cannot do this now."),
        413 => (Class::TooLarge, "sdp_too_large", "The server finds the offer too large."),
        422 => (Class::Unprocessable, "unprocessable", "The server cannot do this."),
        429 => (Class::RateLimited, "too_many_requests", "The server wants us to come more slowly."),
        400..=499 => (Class::Invalid, "refused", "The server does not understand the request."),
        _ => (Class::Unavailable, "server_failed", "The server cannot serve us now."),
    };
    let body = read(response).unwrap_or_default();
    let said: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    let word = |key: &str| said.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let known = word("code").and_then(|said| CODES.into_iter().find(|code| *code == said));
    let mut fault = Fault::new(class, known.unwrap_or(code), word("text").unwrap_or_else(|| text.to_owned()));
    fault.hint = word("hint");
    fault.internal(format!("HTTP {status}{}", word("code").map(|c| format!(" {c}")).unwrap_or_default()))
}

/// Scheme and authority of an absolute URL.
pub(crate) fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |at| authority + at);
    &url[..end]
}

/// Resolves a `Location` (RFC 3986 §5.2, as far as servers use it).
fn join(base: &str, location: &str) -> String {
    if location.contains("://") {
        location.to_owned()
    } else if location.starts_with('/') {
        format!("{}{location}", origin(base))
    } else {
        let path = base.split(['?', '#']).next().unwrap_or(base);
        let folder = path.rfind('/').filter(|at| *at >= origin(base).len()).map_or(path, |at| &path[..at]);
        format!("{folder}/{location}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    /// A server that gives these replies, one per connection, and returns what it was sent.
    fn server(replies: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/whip/demo", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            replies
                .into_iter()
                .map(|reply| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
                    while !String::from_utf8_lossy(&bytes).contains("\r\n\r\n") || !bytes.ends_with(b"v=0") {
                        match stream.read(&mut buffer).unwrap() {
                            0 => break,
                            read => bytes.extend_from_slice(&buffer[..read]),
                        }
                    }
                    stream.write_all(reply.as_bytes()).unwrap();
                    String::from_utf8(bytes).unwrap()
                })
                .collect()
        });
        (url, thread)
    }

    fn reply(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
    }

    fn post(url: &str) -> Result<Answered, Fault> {
        Door::new(url, Some(&Secret::new("abc"))).post(url, "v=0")
    }

    #[test]
    fn an_offer_is_answered_also_behind_a_redirect() {
        let moved = reply("307 Temporary Redirect", "Location: /other\r\n", "");
        let created = reply("201 Created", "Location: demo/1\r\n", "the answer");
        let (url, thread) = server(vec![moved, created]);
        let answered = post(&url).unwrap();
        assert_eq!(answered.sdp, "the answer");
        assert_eq!(answered.session.as_deref(), Some(format!("{}/demo/1", origin(&url)).as_str()));
        let requests = thread.join().unwrap();
        assert!(requests[0].starts_with("POST /whip/demo "), "{}", requests[0]);
        assert!(requests[1].starts_with("POST /other "));
        for request in requests {
            let lower = request.to_lowercase();
            assert!(lower.contains("content-type: application/sdp"), "{request}");
            assert!(lower.contains("authorization: bearer abc"), "{request}");
        }
    }

    #[test]
    fn the_token_does_not_follow_to_another_house() {
        let (url, _) =
            server(vec![reply("307 Temporary Redirect", "Location: http://127.0.0.2:9/x\r\n", "")]);
        assert_eq!(post(&url).err().map(|f| f.code), Some("bad_redirect"));
    }

    #[test]
    fn refusals_carry_the_servers_words() {
        let body =
            r#"{"code":"token_expired","text":"Your invitation is over.","hint":"Ask for a new one."}"#;
        let (url, _) = server(vec![reply("401 Unauthorized", "", body)]);
        let fault = post(&url).err().unwrap();
        assert_eq!((fault.code, fault.class), ("token_expired", Class::Unauthenticated));
        assert_eq!(fault.to_string(), "Your invitation is over. Ask for a new one.");

        for (status, code) in [
            ("400 Bad Request", "refused"),
            ("403 Forbidden", "not_allowed"),
            ("404 Not Found", "not_found"),
            ("409 Conflict", "conflict"),
            ("415 Unsupported Media Type", "not_sdp"),
            ("503 Service Unavailable", "server_failed"),
        ] {
            let (url, _) = server(vec![reply(status, "", "<html>no</html>")]);
            assert_eq!(post(&url).err().map(|f| f.code), Some(code));
        }
    }

    #[test]
    fn nobody_there_and_no_address_at_all() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert_eq!(
            post(&format!("http://127.0.0.1:{port}/")).err().map(|f| f.code),
            Some("server_unreachable")
        );
        assert_eq!(post("not a url").err().map(|f| f.code), Some("bad_url"));
    }

    #[test]
    fn locations_are_resolved() {
        for (base, location, url) in [
            ("http://a:1/whip/x", "/whip/x/9", "http://a:1/whip/x/9"),
            ("http://a:1/whip/x?q=/1", "9", "http://a:1/whip/9"),
            ("http://a:1", "9", "http://a:1/9"),
            ("http://a:1/w", "https://b/9", "https://b/9"),
        ] {
            assert_eq!(join(base, location), url);
        }
    }
}
