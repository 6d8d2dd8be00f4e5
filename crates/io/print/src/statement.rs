//! A statement of amounts on A4, on as many pages as it takes.

use crate::fonts::{Fonts, Pen, Shaped};
use crate::paper::{self, Align, FAINT, INK, RULE, Sheet, failed};
use krilla::page::PageSettings;
use palco_base::Fault;

const WIDTH: f32 = 595.28;
const HEIGHT: f32 = 841.89;
const MARGIN: f32 = 56.0;
const ROOM: f32 = WIDTH - 2.0 * MARGIN;
/// Amounts may be as wide as this; labels get the rest.
const AMOUNT: f32 = 150.0;
const BOTTOM: f32 = HEIGHT - MARGIN - 16.0;
const TEXT: f32 = 10.0;
const LEADING: f32 = 14.0;

/// One line of a statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// What it is for.
    pub label: String,
    /// How much, as it is to be read; stands at the right edge.
    pub amount: String,
}

/// What stands on a statement, in its reader's language.
#[derive(Clone, Debug)]
pub struct StatementPaper {
    /// BCP 47, such as `es`.
    pub language: String,
    /// What it is a statement of.
    pub title: String,
    /// Under the title: for whom, which show, from when to when.
    pub about: Vec<String>,
    /// The columns' names, on top of each page.
    pub columns: Row,
    /// What came and went.
    pub rows: Vec<Row>,
    /// What it comes to; kept together, after a line.
    pub totals: Vec<Row>,
    /// The word before the page's number.
    pub page: String,
}

/// Prints a statement: A4, with the columns' names and a number on each page.
///
/// # Errors
/// `paper_failed`.
pub fn statement_pdf(statement: &StatementPaper, fonts: &Fonts) -> Result<Vec<u8>, Fault> {
    let pen = fonts.pen().ok_or_else(failed)?;
    let pages = lay_out(statement, &pen);
    let mut document = paper::document(&statement.title, &statement.language);
    for (number, pieces) in pages.iter().enumerate() {
        let size = PageSettings::from_wh(WIDTH, HEIGHT).ok_or_else(failed)?;
        let mut page = document.start_page_with(size);
        {
            let mut sheet = Sheet::new(page.surface(), &pen);
            for piece in pieces {
                draw(&mut sheet, piece);
            }
            let foot = pen.shape(&format!("{} {} / {}", statement.page, number + 1, pages.len()));
            sheet.line(&foot, 8.0, FAINT, WIDTH - MARGIN, HEIGHT - MARGIN, Align::Right);
        }
        page.finish();
    }
    paper::finish(document)
}

/// Something on a page, with its place.
enum Piece {
    Line { line: Shaped, size: f32, faint: bool, right: bool, y: f32 },
    Rule { y: f32 },
}

fn draw(sheet: &mut Sheet<'_, '_>, piece: &Piece) {
    match piece {
        Piece::Line { line, size, faint, right, y } => {
            let colour = if *faint { FAINT } else { INK };
            let (x, align) = if *right { (WIDTH - MARGIN, Align::Right) } else { (MARGIN, Align::Left) };
            sheet.line(line, *size, colour, x, *y, align);
        }
        Piece::Rule { y } => sheet.rectangle(MARGIN, *y, ROOM, 0.75, RULE),
    }
}

/// Pages that are being filled.
struct Layout<'a> {
    pen: &'a Pen<'a>,
    columns: &'a Row,
    pages: Vec<Vec<Piece>>,
    /// Where the last line on the last page ends.
    y: f32,
}

impl Layout<'_> {
    fn add(&mut self, piece: Piece) {
        if let Some(page) = self.pages.last_mut() {
            page.push(piece);
        }
    }

    fn text(&mut self, text: &str, size: f32, faint: bool, most: usize) {
        for line in self.pen.wrap(text, ROOM / size, most) {
            self.y += size * 1.35;
            self.add(Piece::Line { line, size, faint, right: false, y: self.y });
        }
    }

    fn new_page(&mut self) {
        self.pages.push(Vec::new());
        self.y = MARGIN;
    }

    fn columns(&mut self) {
        self.y += 8.0;
        let columns = self.columns;
        self.row(columns, 8.0, true);
        self.rule();
    }

    fn rule(&mut self) {
        self.y += 6.0;
        self.add(Piece::Rule { y: self.y });
        self.y += 2.0;
    }

    fn height(&self, row: &Row) -> f32 {
        let lines = self.pen.wrap(&row.label, (ROOM - AMOUNT) / TEXT, 3).len().max(1);
        (0..lines).map(|_| LEADING).sum::<f32>() + 3.0
    }

    /// Begins a page if so much does not fit on this one.
    fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.new_page();
            self.columns();
        }
    }

    fn row(&mut self, row: &Row, size: f32, faint: bool) {
        let labels = self.pen.wrap(&row.label, (ROOM - AMOUNT) / size, 3);
        let first = self.y + LEADING;
        for line in self.pen.wrap(&row.amount, AMOUNT / size, 1) {
            self.add(Piece::Line { line, size, faint, right: true, y: first });
        }
        for line in labels {
            self.y += LEADING;
            self.add(Piece::Line { line, size, faint, right: false, y: self.y });
        }
        self.y = self.y.max(first) + 3.0;
    }
}

fn lay_out(statement: &StatementPaper, pen: &Pen<'_>) -> Vec<Vec<Piece>> {
    let mut layout = Layout { pen, columns: &statement.columns, pages: Vec::new(), y: 0.0 };
    layout.new_page();
    layout.text(&statement.title, 20.0, false, 3);
    layout.y += 4.0;
    for about in statement.about.iter().take(12) {
        layout.text(about, TEXT, true, 2);
    }
    layout.columns();
    for row in &statement.rows {
        layout.need(layout.height(row));
        layout.row(row, TEXT, false);
    }
    let totals: f32 = statement.totals.iter().map(|row| layout.height(row)).sum();
    // Together, unless they fill a page by themselves.
    layout.need((totals + 10.0).min(BOTTOM / 2.0));
    layout.rule();
    for row in &statement.totals {
        layout.need(layout.height(row));
        layout.row(row, TEXT, false);
    }
    layout.pages
}
