//! A [`Mail`] as the message that goes over the wire.

use crate::{Inline, MAX_ATTACHED, Mail, Mailbox, SendFault};
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{self, MultiPart, SinglePart};
use lettre::{Address, Message};
use palco_base::{Class, Fault};

/// Longest subject and name, in bytes.
const MAX_LINE: usize = 500;

/// RFC 3834: nobody's holiday notice need answer.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn invalid(text: &str) -> SendFault {
    SendFault::Refused(Fault::invalid("mail_invalid", text))
}

/// Builds the message: text and HTML as alternatives, pictures beside the HTML, files after both.
pub(crate) fn compose(mail: &Mail) -> Result<Message, SendFault> {
    check(mail)?;
    let from = mailbox(&mail.from)?;
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let mut builder = Message::builder()
        .message_id(Some(id))
        .to(mailbox(&mail.to)?)
        .subject(mail.subject.as_str())
        .header(AutoSubmitted);
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    let html = SinglePart::html(mail.html.clone());
    let alternative = MultiPart::alternative().singlepart(SinglePart::plain(mail.text.clone()));
    let mut body = if mail.inline.is_empty() {
        alternative.singlepart(html)
    } else {
        let mut related = MultiPart::related().singlepart(html);
        for picture in &mail.inline {
            related = related.singlepart(inline(picture)?);
        }
        alternative.multipart(related)
    };
    if !mail.attachments.is_empty() {
        body = MultiPart::mixed().multipart(body);
        for file in &mail.attachments {
            let kind = media_type(&file.content_type)?;
            body =
                body.singlepart(message::Attachment::new(file.name.clone()).body(file.bytes.clone(), kind));
        }
    }
    builder.from(from).multipart(body).map_err(|_| invalid("The mail cannot be put together."))
}

fn inline(picture: &Inline) -> Result<SinglePart, SendFault> {
    let kind = media_type(&picture.content_type)?;
    Ok(message::Attachment::new_inline(picture.cid.clone()).body(picture.bytes.clone(), kind))
}

fn media_type(text: &str) -> Result<ContentType, SendFault> {
    let plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let parsed = if plain { ContentType::parse(text).ok() } else { None };
    parsed.ok_or_else(|| invalid("A file's media type is not one."))
}

/// An address with its name. What is wrong is not said: it would stand in a log.
fn mailbox(of: &Mailbox) -> Result<message::Mailbox, SendFault> {
    let address = of.address.reveal();
    // `Address` takes a quoted local part, which may hold anything; nobody has one.
    let quoted = address.contains(|c: char| c == '"' || c.is_control() || c.is_whitespace());
    let parsed = if quoted { None } else { address.parse::<Address>().ok() };
    let address = parsed.ok_or_else(|| invalid("The e-mail address is not one."))?;
    let name = of.name.as_ref().map(|name| name.reveal().trim()).filter(|name| !name.is_empty());
    if name.is_some_and(|name| !is_line(name)) {
        return Err(invalid("The name of somebody in the mail is not one line."));
    }
    Ok(message::Mailbox::new(name.map(str::to_owned), address))
}

/// Something that may stand in a header: whatever the encoding would do with a line break, nobody
/// has one in a name or a subject.
fn is_line(text: &str) -> bool {
    text.len() <= MAX_LINE && !text.contains(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}')
}

fn is_word(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn check(mail: &Mail) -> Result<(), SendFault> {
    if !is_word(&mail.id) {
        return Err(invalid("The mail's id is not 1 to 100 plain characters."));
    }
    if !is_line(&mail.subject) {
        return Err(invalid("The subject is not one line."));
    }
    if !mail.attachments.iter().all(|file| is_line(&file.name) && !file.name.trim().is_empty()) {
        return Err(invalid("A file's name is not one line."));
    }
    if !mail.inline.iter().all(|picture| is_word(&picture.cid)) {
        return Err(invalid("A picture's name is not 1 to 100 plain characters."));
    }
    let files = mail.attachments.iter().map(|file| file.bytes.len());
    let attached: usize = files.chain(mail.inline.iter().map(|picture| picture.bytes.len())).sum();
    if attached > MAX_ATTACHED {
        let text = "The files are too large for a mail.";
        return Err(SendFault::Refused(Fault::new(Class::TooLarge, "mail_too_large", text)));
    }
    Ok(())
}
