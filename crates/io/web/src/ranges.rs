//! Ranges of a body (RFC 9110 §14).

use axum::http::HeaderMap;
use axum::http::header::{IF_RANGE, RANGE};
use std::ops::Range;

/// A range that begins behind the end (RFC 9110 §15.5.17).
#[derive(Debug, PartialEq)]
pub(crate) struct Outside;

/// The range of a body with this entity tag that a request wants; none for the whole.
pub(crate) fn wanted(request: &HeaderMap, tag: &str, length: u64) -> Option<Result<Range<u64>, Outside>> {
    let value = request.get(RANGE)?.to_str().ok()?;
    // RFC 9110 §13.1.5: the range is of what the client has, or it gets the whole.
    let same = request.get(IF_RANGE).is_none_or(|known| known.as_bytes() == tag.as_bytes());
    if same { range(value, length) } else { None }
}

/// The one range of a `Range` header; none if it is to be passed over (RFC 9110 §14.2): another
/// unit, more than one range, or not readable.
fn range(value: &str, length: u64) -> Option<Result<Range<u64>, Outside>> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    let (start, end) = match (first.trim(), last.trim()) {
        ("", last) => (length.saturating_sub(number(last)?), length),
        (first, "") => (number(first)?, length),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            (first, last.saturating_add(1).min(length))
        }
    };
    Some(if start < end { Ok(start..end) } else { Err(Outside) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_rfc_9110_has_them() {
        for (value, expected) in [
            ("bytes=0-0", Some(Ok(0..1))),
            ("bytes=2-", Some(Ok(2..10))),
            ("bytes=-3", Some(Ok(7..10))),
            ("bytes=-30", Some(Ok(0..10))),
            ("bytes=5-99", Some(Ok(5..10))),
            ("bytes=10-", Some(Err(Outside))),
            ("bytes=-0", Some(Err(Outside))),
            ("bytes=99999999999999999999-", Some(Err(Outside))),
            ("bytes=3-2", None),
            ("bytes=0-1,3-4", None),
            ("bytes=a-b", None),
            ("bytes=-", None),
            ("lines=0-1", None),
        ] {
            assert_eq!(range(value, 10), expected, "{value}");
        }
    }
}
