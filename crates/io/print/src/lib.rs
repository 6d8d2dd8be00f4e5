//! Paper and pictures made from text: tickets and statements as PDF, QR codes, calendar entries.
//!
//! Nothing here knows what a ticket is or speaks a language: all words come in, amounts already
//! written out. Nothing is read from a disk either: the font comes as bytes.

#![forbid(unsafe_code)]

mod calendar;
mod fonts;
mod paper;
mod qr;
mod statement;
mod ticket;

pub use calendar::{CalendarEntry, calendar};
pub use fonts::Fonts;
pub use qr::{qr_png, qr_svg};
pub use statement::{Row, StatementPaper, statement_pdf};
pub use ticket::{Labelled, TicketPaper, ticket_pdf};
