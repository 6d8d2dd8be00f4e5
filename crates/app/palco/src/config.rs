//! The keys of `palco serve`: one struct is flag, environment variable, line of `palco.toml`
//! and help text. A flag beats the environment, the environment beats the file.

use clap::Args;
use palco_base::{Fault, Secret};
use palco_store::Books;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

/// Environment variables of ours that are not keys.
const NOT_KEYS: &[&str] = &["PALCO_CONFIG", "PALCO_TOKEN"];

/// What may be set. Everything has a default.
#[derive(Args, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Folder for shows, clips and keys [default: palco-data]
    #[arg(long, env = "PALCO_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address of site, API, WHIP and WHEP [default: 127.0.0.1:8080; with tls_cert 0.0.0.0:8443]
    #[arg(long, env = "PALCO_LISTEN", value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// UDP address of WebRTC media [default: 0.0.0.0:8189]
    #[arg(long, env = "PALCO_RTC", value_name = "ADDR")]
    rtc: Option<SocketAddr>,
    /// Addresses under which the public reaches `rtc`, when they are not this machine's own (NAT)
    #[arg(long, env = "PALCO_RTC_PUBLIC", value_name = "IP", value_delimiter = ',')]
    rtc_public: Option<Vec<IpAddr>>,
    /// Threads of WebRTC media, each with a UDP port of its own: that of `rtc` and those above it
    /// [default: one less than this machine has cores, at least 1]
    #[arg(long, env = "PALCO_RTC_SHARDS", value_name = "N")]
    rtc_shards: Option<NonZeroU8>,
    /// How the public writes this server in links [default: http://ADDR of listen]
    #[arg(long, env = "PALCO_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Certificate chain (PEM) to serve HTTPS with; browsers give camera and microphone only there or on localhost
    #[arg(long, env = "PALCO_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Private key (PEM) of the certificate
    #[arg(long, env = "PALCO_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The palco-mixer executable [default: beside palco]
    #[arg(long, env = "PALCO_MIXER", value_name = "FILE")]
    mixer: Option<PathBuf>,
    /// WebRTC sessions at most, performers and viewers together [default: 2000 for each of rtc_shards]
    #[arg(long, env = "PALCO_MAX_SESSIONS", value_name = "N")]
    max_sessions: Option<usize>,
    /// Bytes of an uploaded clip at most [default: 2147483648]
    #[arg(long, env = "PALCO_CLIP_MAX_BYTES", value_name = "N")]
    clip_max_bytes: Option<u64>,
    /// Whether viewers by WebRTC get the small picture while their network carries no more
    /// [default: true]
    #[arg(long, env = "PALCO_FOLLOW_BANDWIDTH", value_name = "true|false")]
    follow_bandwidth: Option<bool>,
    /// Days that recordings are kept after their show [default: 0, for ever]
    #[arg(long, env = "PALCO_KEEP_RECORDINGS_DAYS", value_name = "N")]
    keep_recordings_days: Option<u32>,
    /// The box office's books, if not in the data folder: postgres://user:password@host/name
    #[arg(long, env = "PALCO_BOOKS", value_name = "URL", hide_env_values = true)]
    books: Option<String>,
    /// Mail server: smtp://, smtps:// or smtp+starttls://, with user:password@ if it wants them
    #[arg(long, env = "PALCO_SMTP", value_name = "URL", hide_env_values = true)]
    smtp: Option<String>,
    /// Address the mails come from [default: tickets@ the host of public_url]
    #[arg(long, env = "PALCO_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Whether tickets can be "paid" by the built-in demo, in which no money moves
    /// [default: true without a stripe_key, else false]
    #[arg(long, env = "PALCO_DEMO_PAYMENTS", value_name = "true|false")]
    demo_payments: Option<bool>,
    /// Secret key of a Stripe account (sk_… or rk_…), to be paid by card and OXXO
    #[arg(long, env = "PALCO_STRIPE_KEY", value_name = "KEY", hide_env_values = true)]
    stripe_key: Option<String>,
    /// Signing secret of the Stripe webhook that calls /webhooks/stripe; two while it is being changed
    #[arg(
        long,
        env = "PALCO_STRIPE_WEBHOOK_SECRETS",
        value_name = "SECRET",
        value_delimiter = ',',
        hide_env_values = true
    )]
    stripe_webhook_secrets: Option<Vec<String>>,
    /// Where Stripe's API is, for tests against a stand-in
    #[arg(long, env = "PALCO_STRIPE_URL", value_name = "URL", hide = true)]
    stripe_url: Option<String>,
    /// What to log, as `level` or `target=level,…` [default: info]
    #[arg(long, env = "PALCO_LOG", value_name = "FILTER")]
    log: Option<String>,
}

/// The keys with their defaults filled in.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) rtc: SocketAddr,
    pub(crate) rtc_public: Vec<IpAddr>,
    pub(crate) rtc_shards: NonZeroU8,
    pub(crate) public_url: Option<String>,
    pub(crate) tls: Option<(PathBuf, PathBuf)>,
    pub(crate) mixer: PathBuf,
    pub(crate) max_sessions: usize,
    pub(crate) clip_max_bytes: u64,
    pub(crate) follow_bandwidth: bool,
    pub(crate) keep_recordings_days: u32,
    pub(crate) books: Option<Secret>,
    pub(crate) smtp: Option<Secret>,
    pub(crate) mail_from: Option<String>,
    pub(crate) demo_payments: Option<bool>,
    pub(crate) stripe_key: Option<Secret>,
    pub(crate) stripe_webhook_secrets: Vec<Secret>,
    pub(crate) stripe_url: Option<String>,
    pub(crate) log: String,
}

impl Config {
    /// Where the box office's books are.
    pub(crate) fn books(&self) -> Books {
        match &self.books {
            Some(url) => Books::Postgres(url.clone()),
            None => Books::File(self.data.join("books.sqlite")),
        }
    }
}

impl Keys {
    /// Fills what is not set here from the file: `path`, or `palco.toml` in the working folder
    /// if there is one.
    pub(crate) fn resolve(self, path: Option<&Path>) -> Result<Config, Fault> {
        refuse_unknown_environment(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
        let file = match path {
            Some(path) => Self::from_file(path)?,
            None if Path::new("palco.toml").exists() => Self::from_file(Path::new("palco.toml"))?,
            None => Self::default(),
        };
        self.or(file).with_defaults()
    }

    fn from_file(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Fault::invalid("config_unreadable", format!("{} cannot be read: {error}.", path.display()))
        })?;
        Self::from_toml(&text).map_err(|error| {
            Fault::invalid("config_invalid", format!("{} is not valid: {error}", path.display()))
                .hint("`palco serve --help` lists every key.")
        })
    }

    fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    fn or(self, other: Self) -> Self {
        Self {
            data: self.data.or(other.data),
            listen: self.listen.or(other.listen),
            rtc: self.rtc.or(other.rtc),
            rtc_public: self.rtc_public.or(other.rtc_public),
            rtc_shards: self.rtc_shards.or(other.rtc_shards),
            public_url: self.public_url.or(other.public_url),
            tls_cert: self.tls_cert.or(other.tls_cert),
            tls_key: self.tls_key.or(other.tls_key),
            mixer: self.mixer.or(other.mixer),
            max_sessions: self.max_sessions.or(other.max_sessions),
            clip_max_bytes: self.clip_max_bytes.or(other.clip_max_bytes),
            follow_bandwidth: self.follow_bandwidth.or(other.follow_bandwidth),
            keep_recordings_days: self.keep_recordings_days.or(other.keep_recordings_days),
            books: self.books.or(other.books),
            smtp: self.smtp.or(other.smtp),
            mail_from: self.mail_from.or(other.mail_from),
            demo_payments: self.demo_payments.or(other.demo_payments),
            stripe_key: self.stripe_key.or(other.stripe_key),
            stripe_webhook_secrets: self.stripe_webhook_secrets.or(other.stripe_webhook_secrets),
            stripe_url: self.stripe_url.or(other.stripe_url),
            log: self.log.or(other.log),
        }
    }

    fn with_defaults(self) -> Result<Config, Fault> {
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            _ => {
                return Err(Fault::invalid("config_invalid", "tls_cert and tls_key must be set together."));
            }
        };
        let rtc_shards = self.rtc_shards.unwrap_or_else(all_cores_but_one);
        let listen = if tls.is_some() { ([0, 0, 0, 0], 8443) } else { ([127, 0, 0, 1], 8080) };
        Ok(Config {
            data: self.data.unwrap_or_else(|| "palco-data".into()),
            listen: self.listen.unwrap_or_else(|| listen.into()),
            rtc: self.rtc.unwrap_or_else(|| ([0, 0, 0, 0], 8189).into()),
            rtc_public: self.rtc_public.unwrap_or_default(),
            rtc_shards,
            public_url: self.public_url.map(|url| url.trim_end_matches('/').to_owned()),
            tls,
            mixer: self.mixer.unwrap_or_else(mixer_beside_us),
            max_sessions: self.max_sessions.unwrap_or_else(|| 2_000 * usize::from(rtc_shards.get())),
            clip_max_bytes: self.clip_max_bytes.unwrap_or(2 << 30),
            follow_bandwidth: self.follow_bandwidth.unwrap_or(true),
            keep_recordings_days: self.keep_recordings_days.unwrap_or(0),
            books: self.books.map(Secret::new),
            smtp: self.smtp.map(Secret::new),
            mail_from: self.mail_from,
            demo_payments: self.demo_payments,
            stripe_key: self.stripe_key.map(Secret::new),
            stripe_webhook_secrets: self
                .stripe_webhook_secrets
                .unwrap_or_default()
                .into_iter()
                .map(Secret::new)
                .collect(),
            stripe_url: self.stripe_url,
            log: self.log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// One is left to mixers and pages.
fn all_cores_but_one() -> NonZeroU8 {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u8::try_from(cores - 1).map_or(NonZeroU8::MAX, |others| NonZeroU8::new(others).unwrap_or(NonZeroU8::MIN))
}

fn mixer_beside_us() -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name("palco-mixer")
}

/// A misspelt key must not be silently ignored, in the environment neither.
fn refuse_unknown_environment(names: impl Iterator<Item = String>) -> Result<(), Fault> {
    let known = Keys::augment_args(clap::Command::new("palco"));
    for name in names.filter(|name| name.starts_with("PALCO_")) {
        let is_key = known.get_arguments().any(|a| a.get_env().is_some_and(|env| env == name.as_str()));
        if !is_key && !NOT_KEYS.contains(&name.as_str()) {
            return Err(Fault::invalid(
                "config_unknown_key",
                format!("The environment variable {name} is no key of palco."),
            )
            .hint("`palco serve --help` lists every key."));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, FromArgMatches};

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        keys: Keys,
    }

    fn line(arguments: &[&str]) -> Keys {
        let matches = Line::command().get_matches_from(arguments);
        Line::from_arg_matches(&matches).expect("valid in these tests").keys
    }

    #[test]
    fn a_flag_beats_the_file_and_the_file_beats_the_default() {
        let file = Keys::from_toml("listen = \"127.0.0.1:1\"\nmax_sessions = 7").expect("valid");
        let config = line(&["palco", "--listen", "127.0.0.1:2"]).or(file).with_defaults().expect("valid");
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.max_sessions, 7);
        assert_eq!(config.rtc.port(), 8189);
    }

    #[test]
    fn unknown_keys_are_refused_wherever_they_stand() {
        let error = Keys::from_toml("lisen = \"127.0.0.1:1\"").expect_err("misspelt");
        assert!(error.to_string().contains("lisen"), "{error}");
        let fault = refuse_unknown_environment(["PALCO_LISEN".to_owned()].into_iter()).expect_err("misspelt");
        assert_eq!(fault.code, "config_unknown_key");
        assert!(
            refuse_unknown_environment(["PALCO_LISTEN".to_owned(), "HOME".to_owned()].into_iter()).is_ok()
        );
    }

    #[test]
    fn recordings_are_kept_for_ever_unless_days_are_said() {
        let days = |keys: Keys| keys.with_defaults().expect("valid").keep_recordings_days;
        assert_eq!(days(Keys::default()), 0);
        assert_eq!(days(line(&["palco", "--keep-recordings-days", "30"])), 30);
        assert_eq!(days(Keys::from_toml("keep_recordings_days = 7").expect("valid")), 7);
        assert!(Keys::from_toml("keep_recordings_days = -1").is_err());
    }

    #[test]
    fn half_a_certificate_is_refused() {
        let keys = Keys::from_toml("tls_cert = \"a.pem\"").expect("valid TOML");
        assert_eq!(keys.with_defaults().expect_err("no key").code, "config_invalid");
    }
}
