//! Mail from the house to its guests.
//!
//! A [`Mail`] is written by whoever has something to say; a [`Mailer`] takes it to a server that
//! will see to it. Mail goes wrong in two ways that call for different things, so [`SendFault`]
//! tells them apart: keep it and try again, or give it up and tell somebody.

#![forbid(unsafe_code)]

mod compose;
mod smtp;
mod url;

pub use smtp::Smtp;

use futures_util::future::BoxFuture;
use palco_base::{Fault, Secret};
use std::fmt;

/// Attachments and pictures of one mail may have so many bytes together: what most servers take,
/// before base64 makes a third more of it.
pub const MAX_ATTACHED: usize = 15 << 20;

/// Somebody's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mailbox {
    /// What they are called; any script.
    pub name: Option<Secret>,
    /// `local@domain`.
    pub address: Secret,
}

impl Mailbox {
    /// A mailbox of somebody with no name.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { name: None, address: Secret::new(address) }
    }

    /// Adds the name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Secret::new(name));
        self
    }
}

/// A file that comes with a mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called, such as `ticket.pdf`.
    pub name: String,
    /// Its media type, such as `application/pdf`, with parameters if it has any.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// A picture that the HTML shows as `<img src="cid:…">`.
#[derive(Clone, PartialEq, Eq)]
pub struct Inline {
    /// The name in the HTML: letters, digits, `.`, `_` and `-`.
    pub cid: String,
    /// Its media type, such as `image/png`.
    pub content_type: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// One mail to one person.
#[derive(Clone)]
pub struct Mail {
    /// The same for the same mail however often it is sent: it becomes the `Message-ID`, by which
    /// mailboxes know a second copy. 1 to 100 letters, digits, `.`, `_` and `-`.
    pub id: String,
    /// Who it is from.
    pub from: Mailbox,
    /// Who gets it.
    pub to: Mailbox,
    /// Who gets the answer, if not `from`.
    pub reply_to: Option<Mailbox>,
    /// One line.
    pub subject: String,
    /// What it says, for those who read text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// Files that come with it.
    pub attachments: Vec<Attachment>,
    /// Pictures that the HTML shows.
    pub inline: Vec<Inline>,
}

impl fmt::Debug for Mail {
    /// Its id only: bodies hold links that let people in.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail was not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SendFault {
    /// Keep it and try again: `mail_server_unreachable`, `mail_server_busy`,
    /// `mail_login_refused` (somebody must set the password right first), `mail_unsecured` (the
    /// server offers no TLS, or a certificate nobody trusts).
    Later(Fault),
    /// It will never be sent as it is: `mail_refused` by the server, `mail_invalid`,
    /// `mail_too_large`.
    Refused(Fault),
}

impl SendFault {
    /// What happened, whichever of both it is.
    #[must_use]
    pub fn fault(&self) -> &Fault {
        match self {
            Self::Later(fault) | Self::Refused(fault) => fault,
        }
    }
}

/// Somebody who takes mail.
pub trait Mailer: Send + Sync {
    /// Hands a mail over. Done when the other side has promised to see to it.
    ///
    /// # Errors
    /// [`SendFault`] says whether to try again. After a broken connection the mail may have been
    /// taken all the same: send it again with the same id.
    fn send<'a>(&'a self, mail: &'a Mail) -> BoxFuture<'a, Result<(), SendFault>>;
}
