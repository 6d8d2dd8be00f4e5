//! What is printed is read again by others: `pdftotext` (poppler-utils), `rqrr`, `png`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use palco_base::{Secret, WallTime};
use palco_print::{
    CalendarEntry, Fonts, Labelled, Row, StatementPaper, TicketPaper, calendar, qr_png, qr_svg,
    statement_pdf, ticket_pdf,
};
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

fn fonts() -> Fonts {
    let font = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../web/dist/font/Inter.ttf");
    let bytes = std::fs::read(&font);
    let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}; `./dev build` makes it", font.display()));
    Fonts::new(bytes).unwrap()
}

/// The words of a PDF, pages parted by form feeds.
fn words(pdf: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-enc", "UTF-8", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pdftotext is in poppler-utils, which `./dev test` installs");
    let mut stdin = child.stdin.take().unwrap();
    let pdf = pdf.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&pdf));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "poppler finds nothing wrong");
    String::from_utf8(output.stdout).unwrap()
}

fn labelled(label: &str, text: &str) -> Labelled {
    Labelled { label: label.into(), text: text.into() }
}

fn ticket() -> TicketPaper {
    TicketPaper {
        language: "es".into(),
        house: "Teatro Añil".into(),
        title: "Noche de ópera: ¿quién canta?".into(),
        date: "sábado, 5 de diciembre de 2026, 20:00 (hora de Ciudad de México)".into(),
        holder: labelled("Titular", "José Ñúñez"),
        kind: labelled("Entrada", "General"),
        order: labelled("Pedido", "K7QX-29MB"),
        price: labelled("Precio", "MXN 250.00"),
        code: format!("https://house.example/t/{}", "a1B2".repeat(16)),
        note: "Esta entrada vale para una pantalla a la vez.".into(),
    }
}

#[test]
fn a_ticket_says_all_of_it_on_one_page() {
    let pdf = ticket_pdf(&ticket(), &fonts()).unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(pdf.len() < 100_000, "the font is embedded only as far as it is used: {}", pdf.len());
    let said = words(&pdf);
    assert_eq!(said.matches('\u{c}').count(), 1, "one page");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Teatro Añil",
        "Noche de ópera: ¿quién canta?",
        "20:00 (hora de",
        "José Ñúñez",
        "General",
        "K7QX-29MB",
        "MXN 250.00",
        "una pantalla a la vez",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn what_the_font_lacks_is_a_box_and_no_panic() {
    let fonts = fonts();
    let long = "Donaudampfschifffahrtsgesellschaft".repeat(40);
    for name in [
        "🎭👩‍👩‍👧‍👦🏳️‍🌈",
        "ليلى العامري",
        "יעל לוי",
        "张伟 東京 서울",
        "นันทนา",
        "e\u{301}\u{302}\u{303}\u{304}",
        "\u{202e}desrever\u{202c}",
        "\0\u{1}\r\n\t",
        "",
        " ",
        "\u{feff}\u{200d}",
        "a\u{fffd}\u{10ffff}",
        &long,
    ] {
        let mut ticket = ticket();
        ticket.holder.text = name.into();
        ticket.title = name.into();
        ticket.date = format!("{name} {name}");
        ticket.note = name.repeat(20);
        let said = words(&ticket_pdf(&ticket, &fonts).unwrap());
        assert!(said.contains("K7QX-29MB"), "{name}");
        assert_eq!(said.matches('\u{c}').count(), 1, "{name}");
    }
    assert_eq!(Fonts::new(b"no font".to_vec()).expect_err("no font").code, "font_invalid");
    assert_eq!(Fonts::new(Vec::new()).expect_err("no font").code, "font_invalid");
}

fn row(label: impl Into<String>, amount: impl Into<String>) -> Row {
    Row { label: label.into(), amount: amount.into() }
}

fn statement(rows: usize) -> StatementPaper {
    StatementPaper {
        language: "en".into(),
        title: "Statement".into(),
        about: vec!["Teatro Añil".into(), "December 2026".into()],
        columns: row("What", "Amount"),
        rows: (0..rows).map(|at| row(format!("Ticket number {at}"), format!("{at}.50 MXN"))).collect(),
        totals: vec![row("Sum", "12,345.00 MXN"), row("Paid out", "12,000.00 MXN")],
        page: "Page".into(),
    }
}

#[test]
fn a_statement_breaks_into_pages_with_every_row_once() {
    for (rows, pages) in [(0, 1), (10, 1), (200, 6)] {
        let said = words(&statement_pdf(&statement(rows), &fonts()).unwrap());
        let sheets: Vec<&str> = said.trim_end_matches('\u{c}').split('\u{c}').collect();
        assert_eq!(sheets.len(), pages, "{rows} rows");
        let mut next = 0;
        for (number, sheet) in sheets.iter().enumerate() {
            assert!(sheet.contains(&format!("Page {} / {pages}", number + 1)), "{sheet}");
            assert_eq!(sheet.matches("Amount").count(), 1, "{sheet}");
            for line in sheet.lines().filter(|line| line.contains("Ticket number")) {
                let expected = format!("Ticket number {next}");
                assert!(line.trim_start().starts_with(&expected), "{line}");
                assert!(line.ends_with(&format!(" {next}.50 MXN")), "{line}");
                next += 1;
            }
        }
        assert_eq!(next, rows);
        let last = sheets.last().unwrap();
        assert!(last.contains("12,345.00 MXN") && last.contains("Paid out"), "{last}");
    }
}

#[test]
fn statements_of_anything_end() {
    let mut odd = statement(3);
    let long = "x".repeat(5_000);
    odd.title = long.clone();
    odd.about = vec![long.clone(); 30];
    odd.rows = vec![row(long.clone(), long.clone()), row("", ""), row("🎭", "٣")];
    odd.totals = vec![row(long.clone(), "1"); 60];
    odd.columns = row(long.clone(), long);
    let said = words(&statement_pdf(&odd, &fonts()).unwrap());
    assert!(said.matches('\u{c}').count() > 1);
}

/// What a reader reads in a black-and-white picture.
fn decode(side: usize, dark: impl FnMut(usize, usize) -> bool) -> String {
    let mut dark = dark;
    let luma = |x, y| if dark(x, y) { 0 } else { 255 };
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(side, side, luma);
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

/// The dark squares of the SVG's path, drawn eight pixels large.
fn decode_svg(svg: &str) -> String {
    let side: usize = svg.split_once("viewBox=\"0 0 ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    let path = svg.split_once("fill=\"#000\" d=\"").unwrap().1.split('"').next().unwrap();
    let mut squares = vec![false; side * side];
    for run in path.split('M').skip(1) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let long: usize = rest.split_once('v').unwrap().0.parse().unwrap();
        let from = y.parse::<usize>().unwrap() * side + x.parse::<usize>().unwrap();
        squares[from..from + long].fill(true);
    }
    decode(side * 8, |x, y| squares[y / 8 * side + x / 8])
}

fn decode_png(bytes: &[u8]) -> String {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.bit_depth, info.width), (png::BitDepth::One, info.height));
    assert!(pixels[..info.line_size * 32].iter().all(|byte| *byte == 0xFF), "a quiet zone");
    decode(info.width as usize, |x, y| pixels[y * info.line_size + x / 8] >> (7 - x % 8) & 1 == 0)
}

#[test]
fn codes_are_read_again() {
    let texts = [
        "x".to_owned(),
        "https://house.example/t/abc?d=1&e=%20#f".to_owned(),
        "Ñandú 🎭 \"<script>\"".to_owned(),
        "a1B2".repeat(100),
    ];
    for text in texts {
        let svg = qr_svg(&text).unwrap();
        assert_eq!(decode_svg(&svg), text);
        for word in ["script", "style", "href", "<!", "<?", "on"] {
            assert!(!svg.replace("version", "").contains(word), "{word} in {svg}");
        }
        assert_eq!(decode_png(&qr_png(&text).unwrap()), text);
    }
    assert_eq!(qr_svg(&"x".repeat(3_000)).expect_err("long").code, "qr_too_long");
}

fn entry() -> CalendarEntry {
    CalendarEntry {
        uid: "show-7@house.example".into(),
        sequence: 2,
        stamp: WallTime::parse("2026-11-22T10:00:00Z").unwrap(),
        starts: WallTime::parse("2026-12-05T20:00:00.999-06:00").unwrap(),
        ends: WallTime::parse("2026-12-05T22:30:00-06:00").unwrap(),
        title: "Opera; with, commas \\ and\nlines".into(),
        description: "One\r\nTwo\rThree".into(),
        url: "https://house.example/s/7".into(),
        organizer: ("The \"House\"".into(), Secret::new("tickets@house.example")),
        cancelled: false,
    }
}

/// Lines with folding undone (RFC 5545 §3.1).
fn unfold(text: &str) -> Vec<String> {
    text.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

#[test]
fn a_calendar_has_what_it_must() {
    let expected = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Palco//Palco//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        "UID:show-7@house.example",
        "SEQUENCE:2",
        "DTSTAMP:20261122T100000Z",
        "DTSTART:20261206T020000Z",
        "DTEND:20261206T043000Z",
        "STATUS:CONFIRMED",
        r"SUMMARY:Opera\; with\, commas \\ and\nlines",
        r"DESCRIPTION:One\nTwo\nThree",
        "URL:https://house.example/s/7",
        "ORGANIZER;CN=\"The ^'House^'\":mailto:tickets@house.example",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        r"DESCRIPTION:Opera\; with\, commas \\ and\nlines",
        "TRIGGER:-PT30M",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ];
    assert_eq!(unfold(&calendar(&entry())), expected);
    let cancelled = unfold(&calendar(&CalendarEntry { cancelled: true, ..entry() }));
    assert!(cancelled.contains(&"METHOD:CANCEL".to_owned()));
    assert!(cancelled.contains(&"STATUS:CANCELLED".to_owned()));
    assert!(!cancelled.contains(&"BEGIN:VALARM".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_text_is_folded_and_stays_in_its_line(title in any::<String>(), description in ".{0,400}", url in any::<String>(), name in any::<String>()) {
        let entry = CalendarEntry {
            title: title.clone(),
            description,
            url: url.clone(),
            uid: url,
            organizer: (name.clone(), Secret::new(name)),
            ..entry()
        };
        let text = calendar(&entry);
        prop_assert!(text.ends_with("\r\n"));
        for line in text.split_terminator("\r\n") {
            prop_assert!(line.len() <= 75, "{}", line);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
        }
        let lines = unfold(&text);
        prop_assert_eq!(lines.len(), 22);
        let summary = lines[11].strip_prefix("SUMMARY:").unwrap();
        let mut read = String::new();
        let mut rest = summary.chars();
        while let Some(c) = rest.next() {
            read.push(match c {
                '\\' => match rest.next() { Some('n') => '\n', Some(c) => c, None => panic!("a loose backslash") },
                ';' | ',' => panic!("not escaped: {c}"),
                c => c,
            });
        }
        let normal = |text: &str| -> String {
            let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', " ");
            text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
        };
        prop_assert_eq!(read, normal(&title));
    }
}
