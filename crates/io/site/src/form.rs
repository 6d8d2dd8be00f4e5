//! Forms as browsers send them.

use crate::refusal::Refused;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use palco_base::{Class, Fault};
use palco_boxoffice::Currency;

/// The fields of a form, as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Fault::new(Class::TooLarge, "form_too_large", "This is more than we take.")
            } else {
                Fault::invalid("form_broken", "We could not read this form.")
            }
        })?;
        Ok(Self::parse(&bytes))
    }
}

impl Form {
    /// Reads a body (`application/x-www-form-urlencoded`).
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// A form that is filled in already.
    pub(crate) fn of(pairs: Vec<(&str, String)>) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The form with one field as if this had been typed.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What was typed into a field; empty if it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether the form has this field: a box that was ticked, a button that was pressed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    /// A whole number up to `most`; empty is 0.
    pub(crate) fn number(&self, name: &str, most: u32) -> Result<u32, Fault> {
        let text = self.get(name).trim();
        if text.is_empty() {
            return Ok(0);
        }
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number
            .filter(|number| *number <= most)
            .ok_or_else(|| Fault::invalid("number_broken", "This is not a number that fits here."))
    }

    /// A number that may be left out.
    pub(crate) fn maybe(&self, name: &str, most: u32) -> Result<Option<u32>, Fault> {
        if self.get(name).trim().is_empty() { Ok(None) } else { self.number(name, most).map(Some) }
    }

    /// A percentage with up to two digits after the point, as basis points; empty is 0.
    pub(crate) fn percent(&self, name: &str) -> Result<u32, Fault> {
        let broken = || Fault::invalid("percent_broken", "This is not a percentage.");
        let text = self.get(name).trim().trim_end_matches('%').trim();
        if text.is_empty() {
            return Ok(0);
        }
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || whole.len() > 3 || part.len() > 2 || !digits(whole) || !digits(part) {
            return Err(broken());
        }
        let points: u32 = format!("{whole}{part:0<2}").parse().map_err(|_| broken())?;
        if points > 10_000 { Err(broken()) } else { Ok(points) }
    }

    /// An amount in this currency; empty is 0.
    pub(crate) fn amount(&self, name: &str, currency: Currency) -> Result<i64, Fault> {
        let text = self.get(name).trim();
        if text.is_empty() { Ok(0) } else { currency.read(text) }
    }
}

/// `12.5` of 1,250 basis points.
pub(crate) fn percent(basis_points: u32) -> String {
    let text = format!("{}.{:02}", basis_points / 100, basis_points % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A cell of a CSV file (RFC 4180). What a spreadsheet would take for a formula is made a text.
pub(crate) fn cell(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let number = text.strip_prefix('-').unwrap_or(text);
    let number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let guard = if formula && !number { "'" } else { "" };
    if text.contains([',', '"', '\n', '\r']) || !guard.is_empty() {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// A line of a CSV file.
pub(crate) fn row(cells: &[&str]) -> String {
    let cells: Vec<_> = cells.iter().map(|text| cell(text)).collect();
    cells.join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_as_typed() {
        let form = Form::parse(b"a=1%2B1&b=&c=12.5+%25&d=-3&e=99999999999&f=on");
        assert_eq!(form.get("a"), "1+1");
        assert_eq!(form.get("x"), "");
        assert!(form.has("f") && form.has("b") && !form.has("x"));
        assert_eq!((form.number("b", 9).ok(), form.maybe("b", 9).ok()), (Some(0), Some(None)));
        assert_eq!(form.percent("c").ok(), Some(1_250));
        for field in ["a", "d", "e"] {
            assert_eq!(form.number(field, 1_000).unwrap_err().code, "number_broken", "{field}");
            assert_eq!(form.percent(field).unwrap_err().code, "percent_broken", "{field}");
        }
    }

    #[test]
    fn percentages_and_back() {
        for points in [0, 5, 50, 700, 1_250, 3_333, 10_000] {
            assert_eq!(
                Form::parse(format!("p={}", percent(points)).as_bytes()).percent("p").ok(),
                Some(points)
            );
        }
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("Ana", "Ana"),
            ("-12.50", "-12.50"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1+cmd|' /C calc'!A0", "\"'-1+cmd|' /C calc'!A0\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\t=1", "\"'\t=1\""),
            ("López, Ana", "\"López, Ana\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
