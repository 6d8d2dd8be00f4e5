//! Mail by SMTP (RFC 5321), the way every provider takes it.

use crate::compose::compose;
use crate::url::{self, Security};
use crate::{Mail, Mailer, SendFault};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error};
use lettre::{AsyncTransport as _, Tokio1Executor};
use palco_base::{Class, Fault, Secret};
use std::time::Duration;

/// For one step of the conversation.
const STEP: Duration = Duration::from_secs(20);
/// For the whole of it: a server that scans attachments for viruses takes its time.
const WHOLE: Duration = Duration::from_secs(90);

/// A mail server, and our login there. One connection per mail.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// The server at this URL: `smtp://` (in the clear, with a password only to this computer),
    /// `smtps://` or `smtp+starttls://`, then `user:password@` if there is a login, percent-encoded
    /// where needed, then host and port (25, 465 and 587 if there is none). `hello` is our own
    /// domain, by which servers want to be greeted.
    ///
    /// # Errors
    /// `mail_url_invalid` says which part is wrong, and never what stands there.
    pub fn new(url: &Secret, hello: &str) -> Result<Self, Fault> {
        let server = url::parse(url)?;
        let plain = hello.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if hello.is_empty() || !plain {
            return Err(Fault::invalid("mail_url_invalid", "Our own domain is not one."));
        }
        let parameters = || {
            TlsParameters::new(server.host.clone()).map_err(|error| {
                Fault::new(Class::Internal, "mail_tls", "TLS for mail cannot be set up.").internal(error)
            })
        };
        let tls = match server.security {
            Security::None => Tls::None,
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(STEP))
            .hello_name(ClientId::Domain(hello.to_owned()));
        if let Some((user, password)) = &server.login {
            builder = builder
                .credentials(Credentials::new(user.reveal().to_owned(), password.reveal().to_owned()))
                .authentication(vec![Mechanism::Plain, Mechanism::Login]);
        }
        Ok(Self { transport: builder.build() })
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendFault>> {
        async move {
            let message = compose(mail)?;
            let wide = !mail.to.address.reveal().is_ascii() || !mail.from.address.reveal().is_ascii();
            match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => Err(meaning(&error, wide)),
                Err(_) => Err(SendFault::Later(unreachable().internal("no end after 90 s"))),
            }
        }
        .boxed()
    }
}

fn unreachable() -> Fault {
    Fault::unavailable("mail_server_unreachable", "The mail server cannot be reached.")
}

/// What an error asks of us. The server's own words are left out: they repeat the address.
/// `wide`: an address has characters that only some servers take (RFC 6531).
fn meaning(error: &Error, wide: bool) -> SendFault {
    if let Some(code) = error.status() {
        let said = format!("the server said {code}");
        return match u16::from(code) {
            // RFC 4954 §6: it is our login that is wrong, not the mail.
            530 | 534 | 535 | 538 => SendFault::Later(
                Fault::unavailable("mail_login_refused", "The mail server does not accept our login.")
                    .hint("Check user and password in the mail server's URL.")
                    .internal(said),
            ),
            // RFC 7504: it takes mail from nobody, at the moment at least.
            521 => SendFault::Later(unreachable().internal(said)),
            500.. => SendFault::Refused(
                Fault::unprocessable("mail_refused", "The mail server refuses this mail.").internal(said),
            ),
            _ => SendFault::Later(
                Fault::unavailable("mail_server_busy", "The mail server wants us to come back later.")
                    .internal(said),
            ),
        };
    }
    if error.is_client() && wide {
        let text = "The mail server cannot write to this e-mail address.";
        return SendFault::Refused(Fault::unprocessable("mail_refused", text));
    }
    if error.is_tls() || error.is_client() || is_handshake(error) {
        let text = "The mail server offers no connection that is safe.";
        return SendFault::Later(
            Fault::unavailable("mail_unsecured", text)
                .hint("Check scheme, host and port of its URL, and its certificate.")
                .internal(error),
        );
    }
    if error.is_response() {
        return SendFault::Later(unreachable().internal("what answers there speaks no SMTP"));
    }
    SendFault::Later(unreachable().internal(error))
}

/// A TLS handshake that fails comes as an I/O error of invalid data around the reason.
fn is_handshake(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let data = inner.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        if data == Some(std::io::ErrorKind::InvalidData) {
            return true;
        }
        source = inner.source();
    }
    false
}
