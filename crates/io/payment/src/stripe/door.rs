//! One HTTP exchange with Stripe, and what may go wrong with it.

use super::answer::Word as _;
use super::form::Form;
use super::{VERSION, strict};
use palco_base::{Fault, Secret};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use ureq::http::header;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// A buyer waits for it, and Stripe's own libraries give it 80 s; a card is not charged here.
const PATIENCE: Duration = Duration::from_secs(20);
const CONNECT: Duration = Duration::from_secs(5);
/// Answers are a few kilobytes.
const MAX_ANSWER: u64 = 1 << 20;
/// How much of Stripe's own sentence is passed on, in characters.
const MAX_SENTENCE: usize = 300;

/// Why there is no answer.
pub(crate) enum Trouble {
    /// Stripe knows no such thing.
    Unknown(Fault),
    /// Stripe understood and will not.
    Refused(Fault),
    /// All else.
    Other(Fault),
}

impl Trouble {
    /// The fault, when what may be unknown has this name.
    pub(crate) fn about(self, unknown: &'static str) -> Fault {
        match self {
            Self::Unknown(mut fault) => {
                fault.code = unknown;
                fault
            }
            Self::Refused(fault) | Self::Other(fault) => fault,
        }
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        let (Trouble::Unknown(fault) | Trouble::Refused(fault) | Trouble::Other(fault)) = trouble;
        fault
    }
}

/// Stripe's HTTP door, and the key to it.
pub(crate) struct Door {
    agent: Agent,
    base: String,
    key: Secret,
}

impl Door {
    pub(crate) fn new(base: &str, key: Secret) -> Self {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The key is for one house.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("palco/", env!("CARGO_PKG_VERSION")));
        if base.starts_with("https:") {
            config = config.https_only(true).tls_config(tls());
        }
        Self { agent: config.build().new_agent(), base: base.trim_end_matches('/').to_owned(), key }
    }

    /// Asks for something. `path` begins with a slash and may have a query.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Trouble> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, self.authorization())
            .header("stripe-version", VERSION);
        read(request.call())
    }

    /// Does something, with an idempotency key if doing it twice would matter.
    pub(crate) fn post(&self, path: &str, form: Form, idempotency: Option<&str>) -> Result<Value, Trouble> {
        let mut request = self
            .agent
            .post(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, self.authorization())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("stripe-version", VERSION);
        if let Some(key) = idempotency {
            request = request.header("idempotency-key", key);
        }
        read(request.send(form.finish()))
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.key.reveal())
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

fn read(sent: Result<ureq::http::Response<Body>, ureq::Error>) -> Result<Value, Trouble> {
    let mut response = sent.map_err(|error| Trouble::Other(unreachable(&error)))?;
    let status = response.status().as_u16();
    let request = response.headers().get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let body = response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
    let body = body.map_err(|error| Trouble::Other(unreachable(&error)))?;
    let said = strict::parse(&body);
    tracing::debug!(status, request, "Stripe answered");
    if (200..300).contains(&status) {
        return said
            .map_err(|error| Trouble::Other(failed().internal(format!("HTTP {status}, not JSON: {error}"))));
    }
    let said = said.unwrap_or_default();
    let error = said.get("error").unwrap_or(&Value::Null);
    let about = format!(
        "HTTP {status}, {} {}, request {}",
        sentence(error.word("type").unwrap_or("no type")),
        sentence(error.word("code").unwrap_or("no code")),
        request.as_deref().map_or("unnamed".to_owned(), sentence),
    );
    Err(trouble(status, error, about))
}

fn trouble(status: u16, error: &Value, about: String) -> Trouble {
    let with_words = |fault: Fault| {
        let fault = fault.internal(&about);
        match error.word("message") {
            Some(message) => fault.hint(format!("Stripe says: {}", sentence(message))),
            None => fault,
        }
    };
    match status {
        401 | 403 => Trouble::Other(
            Fault::unprocessable("provider_key_refused", "The payment provider does not accept our key.")
                .hint("Check the secret key and what it may do, in Stripe's dashboard.")
                .internal(about),
        ),
        404 => Trouble::Unknown(with_words(Fault::not_found(
            "unknown",
            "The payment provider does not know it.",
        ))),
        // 409: the same idempotency key is being worked on at this moment; 424: somebody behind
        // Stripe did not answer.
        409 | 424 | 429 => Trouble::Other(
            Fault::unavailable("provider_busy", "The payment provider wants us to come back later.")
                .internal(about),
        ),
        400..=499 => Trouble::Refused(with_words(Fault::unprocessable(
            "provider_refused",
            "The payment provider refuses this.",
        ))),
        _ => Trouble::Other(failed().internal(about)),
    }
}

fn failed() -> Fault {
    Fault::unavailable("provider_failed", "The payment provider does not work at the moment.")
        .hint("Try again in a moment.")
}

fn unreachable(error: &ureq::Error) -> Fault {
    Fault::unavailable("provider_unreachable", "The payment provider cannot be reached.")
        .hint("Try again in a moment.")
        .internal(error)
}

/// Somebody else's words made fit for a screen and a log: one line, not too long, and nothing
/// that looks like an e-mail address or a key.
fn sentence(words: &str) -> String {
    let mut kept = String::new();
    for word in words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let secret = word.contains('@') || ["sk_", "rk_", "pk_"].iter().any(|key| word.contains(key));
        let word = if secret { "…" } else { word };
        if kept.chars().count() + word.chars().count() >= MAX_SENTENCE {
            kept.push('…');
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_made_harmless() {
        assert_eq!(sentence("Invalid  email:\r\nann@example.com is\u{0} bad"), "Invalid email: … is bad");
        assert_eq!(sentence("Invalid API Key provided: sk_test_***1234"), "Invalid API Key provided: …");
        assert!(sentence(&"word ".repeat(1000)).chars().count() <= MAX_SENTENCE + 2);
        assert!(sentence(&"w".repeat(1000)).chars().count() <= MAX_SENTENCE + 2);
    }
}
