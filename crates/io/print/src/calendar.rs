//! A show as an entry for calendars (RFC 5545, RFC 5546).

use palco_base::{Secret, WallTime};
use std::fmt::Write as _;

/// What goes into somebody's calendar.
#[derive(Clone, Debug)]
pub struct CalendarEntry {
    /// The same for the same show for ever, such as `show-7@house.example`: by it a calendar knows
    /// a change from a second entry.
    pub uid: String,
    /// Larger with every change.
    pub sequence: u32,
    /// When this text was made.
    pub stamp: WallTime,
    /// When the show begins.
    pub starts: WallTime,
    /// When it ends, as far as anybody knows.
    pub ends: WallTime,
    /// What it is called.
    pub title: String,
    /// More about it, in any number of lines.
    pub description: String,
    /// Where to watch it.
    pub url: String,
    /// Who invites: a name, and an address that may be answered.
    pub organizer: (String, Secret),
    /// Whether it will not take place: takes the entry out again, and needs a larger `sequence`.
    pub cancelled: bool,
}

/// The entry as iCalendar text (`text/calendar; charset=utf-8; method=PUBLISH`, or `CANCEL`).
/// Reminds half an hour before.
#[must_use]
pub fn calendar(entry: &CalendarEntry) -> String {
    let (method, status) = if entry.cancelled { ("CANCEL", "CANCELLED") } else { ("PUBLISH", "CONFIRMED") };
    let (name, address) = &entry.organizer;
    let mut text = String::new();
    let mut line = |content: &str| fold(&mut text, content);
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line("PRODID:-//Palco//Palco//EN");
    line(&format!("METHOD:{method}"));
    line("BEGIN:VEVENT");
    line(&format!("UID:{}", escaped(&one_word(&entry.uid))));
    line(&format!("SEQUENCE:{}", entry.sequence));
    line(&format!("DTSTAMP:{}", utc(entry.stamp)));
    line(&format!("DTSTART:{}", utc(entry.starts)));
    line(&format!("DTEND:{}", utc(entry.ends)));
    line(&format!("STATUS:{status}"));
    line(&format!("SUMMARY:{}", escaped(&entry.title)));
    line(&format!("DESCRIPTION:{}", escaped(&entry.description)));
    line(&format!("URL:{}", one_word(&entry.url)));
    line(&format!("ORGANIZER;CN=\"{}\":mailto:{}", parameter(name), one_word(address.reveal())));
    if !entry.cancelled {
        line("BEGIN:VALARM");
        line("ACTION:DISPLAY");
        line(&format!("DESCRIPTION:{}", escaped(&entry.title)));
        line("TRIGGER:-PT30M");
        line("END:VALARM");
    }
    line("END:VEVENT");
    line("END:VCALENDAR");
    text
}

/// RFC 5545 §3.3.11. Control characters other than line breaks mean nothing and are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' | ';' | ',' => out.extend(['\\', c]),
            '\r' => {
                rest.next_if_eq(&'\n');
                out.push_str("\\n");
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// A parameter's value in quotes (RFC 6868).
fn parameter(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('^', "^^").replace('"', "^'")
}

/// What has no spaces and no line breaks by its nature.
fn one_word(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect()
}

/// `20260101T190000Z`.
fn utc(time: WallTime) -> String {
    // 2026-01-01T19:00:00…Z without its punctuation, to the second.
    let mut digits: String = time.to_string().chars().filter(|c| !"-:".contains(*c)).take(15).collect();
    digits.push('Z');
    digits
}

/// RFC 5545 §3.1: no line is longer than 75 octets; the next begins with a space. No character is
/// cut in two.
fn fold(into: &mut String, line: &str) {
    let mut room = 75;
    for c in line.chars() {
        if c.len_utf8() > room {
            into.push_str("\r\n ");
            room = 74;
        }
        room -= c.len_utf8();
        // Writing into a String cannot fail.
        let _ = into.write_char(c);
    }
    into.push_str("\r\n");
}
