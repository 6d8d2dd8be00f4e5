//! Wall-clock time, for people: when a show starts, when a position was true.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WallTime(i64);

const MILLIS_PER_DAY: i64 = 86_400_000;
/// 9999-12-31T23:59:59.999Z: the last moment RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999;

impl WallTime {
    /// From milliseconds since the epoch; years before 1970 or after 9999 are cut to these.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(if millis < 0 {
            0
        } else if millis > LATEST {
            LATEST
        } else {
            millis
        })
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        let limit = (LATEST / 1_000) as u64;
        Self::from_unix_millis(if seconds > limit { LATEST } else { seconds as i64 * 1_000 })
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        (self.0 / 1_000) as u64
    }

    /// Reads an RFC 3339 date-time, with any offset; fractions finer than ms are cut off.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Some(digits.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
        };
        let sign_at = |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|b| allowed.contains(b));
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let shaped = sign_at(4, b"-")
            && sign_at(7, b"-")
            && sign_at(10, b"Tt ")
            && sign_at(13, b":")
            && sign_at(16, b":");
        if !shaped || !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
            return None;
        }
        // A leap second (60) is read as the second before it ends.
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let mut at = 19;
        let mut millis = 0;
        if sign_at(at, b".") {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            for place in 0..3 {
                let digit = if place < digits { i64::from(bytes[at + 1 + place] - b'0') } else { 0 };
                millis = millis * 10 + digit;
            }
            at += 1 + digits;
        }
        let offset = match bytes.get(at)? {
            b'Z' | b'z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 && sign_at(at + 3, b":") => {
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'+' { 1 } else { -1 }
            }
            _ => return None,
        };
        let days = days_from_civil(year, month, day);
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second.min(59) - offset * 60;
        let total = seconds * 1_000 + millis;
        (0..=LATEST).contains(&total).then_some(Self(total))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-22T20:15:00.000Z`.
impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MILLIS_PER_DAY));
        let rest = self.0.rem_euclid(MILLIS_PER_DAY);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        let (second, millis) = (rest / 1_000 % 60, rest % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The reverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_survive_text_and_back() {
        let mut day = 0;
        while day * MILLIS_PER_DAY < LATEST {
            let time = WallTime(day * MILLIS_PER_DAY + 45_296_789);
            assert_eq!(WallTime::parse(&time.to_string()), Some(time), "{time}");
            // Every day of the next two centuries, then every 97th.
            day += if day < 84_000 { 1 } else { 97 };
        }
    }

    #[test]
    fn known_moments() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-22T20:15:00+01:00", 1_795_374_900),
            ("2026-11-22t19:15:00.000z", 1_795_374_900),
        ] {
            assert_eq!(WallTime::parse(text).map(WallTime::unix_seconds), Some(seconds), "{text}");
        }
        assert_eq!(WallTime(1_795_374_900_250).to_string(), "2026-11-22T19:15:00.250Z");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-11-22",
            "2026-11-22T20:15:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T20:15:00.Z",
            "2026-11-22T20:15:00+0100",
            "2026-11-22T20:15:00Zjunk",
            "1969-12-31T23:59:59Z",
            "２026-11-22T20:15:00Z",
        ] {
            assert_eq!(WallTime::parse(text), None, "{text:?}");
        }
    }
}
