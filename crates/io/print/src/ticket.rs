//! A ticket on A5.

use crate::fonts::{Fonts, Pen};
use crate::paper::{self, Align, FAINT, INK, RULE, Sheet, failed};
use crate::qr::Modules;
use krilla::page::PageSettings;
use palco_base::Fault;

const WIDTH: f32 = 419.53;
const HEIGHT: f32 = 595.28;
const MARGIN: f32 = 34.0;
const CODE: f32 = 220.0;
/// Where the facts begin.
const FACTS: f32 = 428.0;

/// Something with its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labelled {
    /// What it is, such as "Seat holder".
    pub label: String,
    /// The thing itself.
    pub text: String,
}

/// What stands on a ticket, in the holder's language.
#[derive(Clone, Debug)]
pub struct TicketPaper {
    /// BCP 47, such as `es`: for those who have the paper read to them.
    pub language: String,
    /// Whose show it is.
    pub house: String,
    /// What the show is called.
    pub title: String,
    /// When it begins, with its time zone in words.
    pub date: String,
    /// Whose seat it is.
    pub holder: Labelled,
    /// What kind of ticket.
    pub kind: Labelled,
    /// The order's code.
    pub order: Labelled,
    /// What was paid, currency and all.
    pub price: Labelled,
    /// What the QR code says: the link that lets its holder in. Whoever sees it can use it.
    pub code: String,
    /// Small print.
    pub note: String,
}

/// Prints a ticket: one page of A5.
///
/// # Errors
/// `qr_too_long`; `paper_failed`.
pub fn ticket_pdf(ticket: &TicketPaper, fonts: &Fonts) -> Result<Vec<u8>, Fault> {
    let modules = Modules::of(&ticket.code)?;
    let pen = fonts.pen().ok_or_else(failed)?;
    let mut document = paper::document(&ticket.title, &ticket.language);
    let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(failed)?;
    let mut page = document.start_page_with(size);
    {
        let mut sheet = Sheet::new(page.surface(), &pen);
        let below = head(&mut sheet, &pen, ticket);
        // The head is at most five lines: the code has its place whatever they say.
        let (left, top) = ((WIDTH - CODE) / 2.0, (below + FACTS - 14.0 - CODE) / 2.0);
        sheet.code(&modules, left, top, CODE);
        foot(&mut sheet, &pen, ticket);
    }
    page.finish();
    paper::finish(document)
}

/// House, title and date; gives the height they end at.
fn head(sheet: &mut Sheet<'_, '_>, pen: &Pen<'_>, ticket: &TicketPaper) -> f32 {
    let room = WIDTH - 2.0 * MARGIN;
    let mut y = MARGIN;
    for (text, size, colour, most) in
        [(&ticket.house, 9.0, FAINT, 1), (&ticket.title, 21.0, INK, 3), (&ticket.date, 11.5, INK, 2)]
    {
        for line in pen.wrap(text, room / size, most) {
            y += size * 1.25;
            sheet.line(&line, size, colour, MARGIN, y, Align::Left);
        }
        y += size * 0.35;
    }
    y += 6.0;
    sheet.rectangle(MARGIN, y, room, 0.75, RULE);
    y
}

/// The facts in two columns, and the small print under them.
fn foot(sheet: &mut Sheet<'_, '_>, pen: &Pen<'_>, ticket: &TicketPaper) {
    let half = (WIDTH - 2.0 * MARGIN) / 2.0;
    let rows = [[&ticket.holder, &ticket.kind], [&ticket.order, &ticket.price]];
    let mut y = FACTS;
    for row in rows {
        for (fact, left) in row.into_iter().zip([MARGIN, MARGIN + half]) {
            let room = half - 10.0;
            for line in pen.wrap(&fact.label, room / 8.0, 1) {
                sheet.line(&line, 8.0, FAINT, left, y, Align::Left);
            }
            for (number, line) in (1_u8..).zip(pen.wrap(&fact.text, room / 11.5, 2)) {
                sheet.line(&line, 11.5, INK, left, y + 14.5 * f32::from(number), Align::Left);
            }
        }
        y += 52.0;
    }
    for line in pen.wrap(&ticket.note, (WIDTH - 2.0 * MARGIN) / 8.0, 3) {
        y += 10.5;
        sheet.line(&line, 8.0, FAINT, MARGIN, y, Align::Left);
    }
}
