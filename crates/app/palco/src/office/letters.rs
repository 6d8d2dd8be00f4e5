//! What the mails say, and how they go.

use super::Office;
use crate::clock;
use askama::Template;
use palco_base::{Class, Fault, WallTime};
use palco_boxoffice::{Lang, Order, RefundState, Ticket, TicketState};
use palco_mail::{Attachment, Inline, Mail, Mailbox, SendFault};
use palco_site::ShowCard;
use palco_store::{Key, Letter, LetterKind, Stored};
use std::time::Duration;

/// Letters taken at once.
const BATCH: u64 = 20;
/// How long a letter is tried before somebody must look.
const GIVE_UP: Duration = Duration::from_secs(3 * 24 * 3600);

/// A letter, written.
struct Written {
    subject: String,
    text: String,
    html: String,
    attachments: Vec<Attachment>,
    inline: Vec<Inline>,
}

/// A letter's body: paragraphs, a button, facts, and what is said at the end.
#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    lang: &'a str,
    subject: &'a str,
    greeting: &'a str,
    paragraphs: &'a [String],
    facts: &'a [(String, String)],
    buttons: &'a [(String, String)],
    code: bool,
    close: &'a str,
}

/// The same as text.
#[derive(Template)]
#[template(path = "letter.txt", escape = "none")]
struct Text<'a> {
    greeting: &'a str,
    paragraphs: &'a [String],
    facts: &'a [(String, String)],
    buttons: &'a [(String, String)],
    close: &'a str,
}

/// What a letter is made of, before it is drawn.
#[derive(Default)]
struct Draft {
    subject: String,
    greeting: String,
    paragraphs: Vec<String>,
    facts: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Draft {
    fn write(self, lang: Lang, code: bool) -> Result<Written, Fault> {
        let close = match lang {
            Lang::En => "See you at the show.",
            Lang::Es => "Nos vemos en la función.",
        };
        let html = Html {
            lang: lang.tag(),
            subject: &self.subject,
            greeting: &self.greeting,
            paragraphs: &self.paragraphs,
            facts: &self.facts,
            buttons: &self.buttons,
            code,
            close,
        };
        let text = Text {
            greeting: &self.greeting,
            paragraphs: &self.paragraphs,
            facts: &self.facts,
            buttons: &self.buttons,
            close,
        };
        let broken = |error| {
            Fault::new(Class::Internal, "letter_broken", "A letter cannot be written.").internal(error)
        };
        let (html, text) = (html.render().map_err(broken)?, text.render().map_err(broken)?);
        Ok(Written { subject: self.subject, text, html, attachments: Vec::new(), inline: Vec::new() })
    }
}

/// The one of two languages.
const fn say<'a>(lang: Lang, en: &'a str, es: &'a str) -> &'a str {
    match lang {
        Lang::En => en,
        Lang::Es => es,
    }
}

fn greeting(order: &Order, lang: Lang) -> String {
    let hello = say(lang, "Hello", "Hola");
    if order.buyer.name.is_empty() { format!("{hello},") } else { format!("{hello} {},", order.buyer.name) }
}

impl Office {
    /// Sends letters whose time has come; how many.
    pub(super) async fn send_letters(&self) -> Result<usize, Fault> {
        if self.mailer.is_none() && !self.demo {
            // They wait until there is a mail server; the office says so.
            return Ok(0);
        }
        let due = self.books.letters_due(clock::now().wall, BATCH).await?;
        let mut sent = 0;
        for letter in &due {
            let written = match self.write(letter).await {
                Ok(written) => written,
                Err(fault) => {
                    tracing::error!(letter = letter.id, ?fault, "a letter cannot be written");
                    self.books.letter_failed(letter, None).await?;
                    continue;
                }
            };
            let (subject, text, html) = (written.subject.clone(), written.text.clone(), written.html.clone());
            match self.hand_over(letter, written).await {
                Ok(()) => {
                    sent += 1;
                    self.books.letter_sent(letter.id, &subject, &text, &html).await?;
                }
                Err(SendFault::Later(fault)) => {
                    let waited =
                        clock::now().wall.unix_seconds().saturating_sub(letter.created_at.unix_seconds());
                    let wait = 30_u64 << letter.tries.min(7);
                    let again = WallTime::from_unix_seconds(clock::now().wall.unix_seconds() + wait);
                    let again = (waited < GIVE_UP.as_secs()).then_some(again);
                    tracing::warn!(letter = letter.id, ?fault, "a letter could not be sent");
                    self.books.letter_failed(letter, again).await?;
                }
                Err(SendFault::Refused(fault)) => {
                    tracing::warn!(letter = letter.id, ?fault, "a letter was refused");
                    self.books.letter_failed(letter, None).await?;
                }
            }
        }
        Ok(sent)
    }

    async fn hand_over(&self, letter: &Letter, written: Written) -> Result<(), SendFault> {
        let Some(mailer) = &self.mailer else {
            // The demo sends nothing: its letters are read on a page.
            return Ok(());
        };
        let mail = Mail {
            id: format!("letter-{:016x}", letter.id.cast_unsigned()),
            from: self.mail_from.clone(),
            to: Mailbox::new(letter.to.clone()),
            reply_to: None,
            subject: written.subject,
            text: written.text,
            html: written.html,
            attachments: written.attachments,
            inline: written.inline,
        };
        mailer.send(&mail).await
    }

    async fn write(&self, letter: &Letter) -> Result<Written, Fault> {
        let lang = letter.lang;
        let Some(order) = letter.order else { return self.sign_in_letter(letter, lang) };
        let stored = self.books.order(Key::Id(order)).await?;
        let card = self.card_of(stored.order.show);
        match letter.kind {
            LetterKind::Tickets => self.tickets_letter(&stored, card.as_deref(), lang),
            LetterKind::Refunded(refund) => {
                let refund = stored.refunds.iter().find(|it| Some(it.id) == refund);
                refunded_letter(&stored, card.as_deref(), refund, lang)
            }
            LetterKind::NoSeat(refund) => {
                let refund = stored.refunds.iter().find(|it| it.id == refund);
                no_seat_letter(&stored, card.as_deref(), refund, lang)
            }
            LetterKind::SignIn => self.sign_in_letter(letter, lang),
        }
    }

    fn sign_in_letter(&self, letter: &Letter, lang: Lang) -> Result<Written, Fault> {
        let token = letter.token.as_ref().map_or("", |token| token.reveal());
        let draft = Draft {
            subject: say(lang, "Your link to sign in", "Tu enlace para entrar").to_owned(),
            greeting: say(lang, "Hello,", "Hola,").to_owned(),
            paragraphs: vec![
                say(
                    lang,
                    "With this button you see all your tickets. It works once, for half an hour.",
                    "Con este botón ves todos tus boletos. Sirve una vez, durante media hora.",
                )
                .to_owned(),
                say(
                    lang,
                    "If you did not ask for it, do nothing: nobody gets in without it.",
                    "Si no lo pediste, no hagas nada: nadie entra sin él.",
                )
                .to_owned(),
            ],
            buttons: vec![(
                say(lang, "See my tickets", "Ver mis boletos").to_owned(),
                format!("{}/account/link/{token}", self.site),
            )],
            ..Draft::default()
        };
        draft.write(lang, false)
    }

    fn tickets_letter(&self, stored: &Stored, card: Option<&ShowCard>, lang: Lang) -> Result<Written, Fault> {
        let title = title(card);
        let valid: Vec<&Ticket> = stored.tickets.iter().filter(|it| it.state == TicketState::Valid).collect();
        let link = |ticket: &Ticket| format!("{}/tickets/{}", self.site, ticket.code.reveal());
        let buttons = valid.iter().zip(1..).map(|(ticket, number)| {
            let name = match (valid.len(), lang) {
                (1, Lang::En) => "Open your ticket".to_owned(),
                (1, Lang::Es) => "Abrir tu boleto".to_owned(),
                (_, Lang::En) => format!("Open ticket {number}"),
                (_, Lang::Es) => format!("Abrir el boleto {number}"),
            };
            (name, link(ticket))
        });
        let draft = Draft {
            subject: match (valid.len(), lang) {
                (1, Lang::En) => format!("Your ticket: {title}"),
                (_, Lang::En) => format!("Your tickets: {title}"),
                (1, Lang::Es) => format!("Tu boleto: {title}"),
                (_, Lang::Es) => format!("Tus boletos: {title}"),
            },
            greeting: greeting(&stored.order, lang),
            paragraphs: vec![
                say(
                    lang,
                    "Each ticket is for one screen at a time. Whoever has the link has the seat, so keep it to yourself.",
                    "Cada boleto sirve en una pantalla a la vez. Quien tiene el enlace tiene el asiento: guárdalo para ti.",
                )
                .to_owned(),
                say(
                    lang,
                    "You have a seat. When the doors open, this is your way in:",
                    "Ya tienes tu asiento. Cuando abran las puertas, entras por aquí:",
                )
                .to_owned(),
            ],
            facts: self.facts(stored, card, lang),
            buttons: buttons.collect(),
        };
        let mut written = draft.write(lang, !valid.is_empty())?;
        if let Some(first) = valid.first() {
            let bytes = palco_print::qr_png(&link(first))?;
            written.inline.push(Inline {
                cid: "code".to_owned(),
                content_type: "image/png".to_owned(),
                bytes,
            });
        }
        for (ticket, number) in valid.iter().zip(1..) {
            if let Ok(bytes) = self.paper(ticket, &stored.order, card, lang, &link(ticket)) {
                let name = format!("ticket-{}-{number}.pdf", stored.order.number());
                written.attachments.push(Attachment {
                    name,
                    content_type: "application/pdf".to_owned(),
                    bytes,
                });
            }
        }
        if let Some(card) = card.filter(|card| card.show.starts_at.is_some()) {
            let entry = self.calendar_file(card, &format!("{}/shows/{}", self.site, card.show.slug));
            written.attachments.push(Attachment {
                name: "show.ics".to_owned(),
                content_type: "text/calendar; charset=utf-8; method=PUBLISH".to_owned(),
                bytes: entry.into_bytes(),
            });
        }
        Ok(written)
    }

    fn facts(&self, stored: &Stored, card: Option<&ShowCard>, lang: Lang) -> Vec<(String, String)> {
        let order = &stored.order;
        let mut facts = vec![(say(lang, "Show", "Función").to_owned(), title(card).to_owned())];
        if let Some(card) = card
            && let Some(starts) = card.show.starts_at
        {
            let zone = card.listing.as_ref().map_or("UTC", |listing| listing.time_zone.as_str());
            facts.push((say(lang, "When", "Cuándo").to_owned(), when(starts, zone, lang)));
        }
        for line in &order.lines {
            facts.push((line.name.clone(), format!("× {}", line.quantity)));
        }
        let total = if order.quote.total == 0 {
            say(lang, "Free", "Gratis").to_owned()
        } else {
            order.quote.total_money().full()
        };
        facts.push((say(lang, "Total", "Total").to_owned(), total));
        facts.push((say(lang, "Order", "Pedido").to_owned(), order.number()));
        facts
    }
}

fn title(card: Option<&ShowCard>) -> &str {
    card.map_or("Palco", |card| card.show.title.as_str())
}

fn refunded_letter(
    stored: &Stored,
    card: Option<&ShowCard>,
    refund: Option<&palco_boxoffice::Refund>,
    lang: Lang,
) -> Result<Written, Fault> {
    let title = title(card);
    let cancelled = refund.is_some_and(|refund| refund.reason == "show_cancelled")
        || card
            .and_then(|card| card.listing.as_ref())
            .is_some_and(|it| it.sales == palco_boxoffice::Sales::Cancelled);
    let mut paragraphs = vec![match (cancelled, lang) {
        (true, Lang::En) => {
            format!("“{title}” was cancelled. We are sorry: we would have loved to see you there.")
        }
        (true, Lang::Es) => format!("«{title}» se canceló. Lo sentimos: nos habría encantado verte ahí."),
        (false, Lang::En) => format!("Your ticket to “{title}” was given back."),
        (false, Lang::Es) => format!("Tu boleto para «{title}» se devolvió."),
    }];
    if let Some(refund) = refund {
        let amount = refund.amount.full();
        paragraphs.push(match (&refund.state, lang) {
            (RefundState::Failed(_), Lang::En) => {
                format!("We owe you {amount}; we will write again about how you get them.")
            }
            (RefundState::Failed(_), Lang::Es) => {
                format!("Te debemos {amount}; te escribiremos para decirte cómo los recibes.")
            }
            (_, Lang::En) => {
                format!("You get {amount} back, the way you paid. Banks take 5 to 10 days.")
            }
            (_, Lang::Es) => {
                format!("{amount} van de regreso por donde pagaste. Los bancos tardan de 5 a 10 días.")
            }
        });
    }
    let subject = match (cancelled, lang) {
        (true, Lang::En) => format!("Cancelled: {title}"),
        (true, Lang::Es) => format!("Cancelada: {title}"),
        (false, Lang::En) => format!("Given back: {title}"),
        (false, Lang::Es) => format!("Devuelto: {title}"),
    };
    let facts = vec![(say(lang, "Order", "Pedido").to_owned(), stored.order.number())];
    Draft { subject, greeting: greeting(&stored.order, lang), paragraphs, facts, buttons: Vec::new() }
        .write(lang, false)
}

fn no_seat_letter(
    stored: &Stored,
    card: Option<&ShowCard>,
    refund: Option<&palco_boxoffice::Refund>,
    lang: Lang,
) -> Result<Written, Fault> {
    let title = title(card);
    let amount = refund.map_or_else(|| stored.order.quote.total_money(), |refund| refund.amount).full();
    let (subject, text) = match lang {
        Lang::En => (
            format!("Your payment came too late: {title}"),
            format!(
                "Your payment for “{title}” came when no seat was left. You get all of it back: {amount}."
            ),
        ),
        Lang::Es => (
            format!("Tu pago llegó tarde: {title}"),
            format!(
                "Tu pago para «{title}» llegó cuando ya no quedaban asientos. Te devolvemos todo: {amount}."
            ),
        ),
    };
    let facts = vec![(say(lang, "Order", "Pedido").to_owned(), stored.order.number())];
    let greeting = greeting(&stored.order, lang);
    Draft { subject, greeting, paragraphs: vec![text], facts, buttons: Vec::new() }.write(lang, false)
}

/// A moment in words, in a time zone by its IANA name: `Saturday, 28 November 2026, 20:00 CST`.
pub(super) fn when(at: WallTime, zone: &str, lang: Lang) -> String {
    const DAYS: [[&str; 2]; 7] = [
        ["Monday", "lunes"],
        ["Tuesday", "martes"],
        ["Wednesday", "miércoles"],
        ["Thursday", "jueves"],
        ["Friday", "viernes"],
        ["Saturday", "sábado"],
        ["Sunday", "domingo"],
    ];
    const MONTHS: [[&str; 2]; 12] = [
        ["January", "enero"],
        ["February", "febrero"],
        ["March", "marzo"],
        ["April", "abril"],
        ["May", "mayo"],
        ["June", "junio"],
        ["July", "julio"],
        ["August", "agosto"],
        ["September", "septiembre"],
        ["October", "octubre"],
        ["November", "noviembre"],
        ["December", "diciembre"],
    ];
    let Ok(moment) = jiff::Timestamp::from_millisecond(at.unix_millis()) else { return at.to_string() };
    let zone = jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let local = moment.to_zoned(zone);
    let pick = usize::from(lang == Lang::Es);
    let day = DAYS[usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0) % 7][pick];
    let month = MONTHS[usize::try_from(local.month() - 1).unwrap_or(0) % 12][pick];
    let (date, year) = (local.day(), local.year());
    let time = format!("{:02}:{:02} {}", local.hour(), local.minute(), local.strftime("%Z"));
    match lang {
        Lang::En => format!("{day}, {date} {month} {year}, {time}"),
        Lang::Es => format!("{day} {date} de {month} de {year}, {time}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_the_shows_zone() {
        let at = WallTime::parse("2026-11-29T02:00:00Z").unwrap();
        assert_eq!(when(at, "America/Mexico_City", Lang::En), "Saturday, 28 November 2026, 20:00 CST");
        assert_eq!(when(at, "America/Mexico_City", Lang::Es), "sábado 28 de noviembre de 2026, 20:00 CST");
        assert_eq!(when(at, "Europe/Madrid", Lang::Es), "domingo 29 de noviembre de 2026, 03:00 CET");
        assert_eq!(when(at, "Not/AZone", Lang::En), "Sunday, 29 November 2026, 02:00 UTC");
    }
}
