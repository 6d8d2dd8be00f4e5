//! Dates and times in a show's own time zone, as people say them.

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use palco_base::{Fault, WallTime};
use palco_boxoffice::Lang;

const DAYS: [(&str, &str); 7] = [
    ("Monday", "lunes"),
    ("Tuesday", "martes"),
    ("Wednesday", "miércoles"),
    ("Thursday", "jueves"),
    ("Friday", "viernes"),
    ("Saturday", "sábado"),
    ("Sunday", "domingo"),
];
const MONTHS: [(&str, &str); 12] = [
    ("January", "enero"),
    ("February", "febrero"),
    ("March", "marzo"),
    ("April", "abril"),
    ("May", "mayo"),
    ("June", "junio"),
    ("July", "julio"),
    ("August", "agosto"),
    ("September", "septiembre"),
    ("October", "octubre"),
    ("November", "noviembre"),
    ("December", "diciembre"),
];

/// A moment as it is written in one zone and language.
#[derive(Clone, Debug)]
pub(crate) struct When {
    /// RFC 3339, for machines and the script.
    pub(crate) iso: String,
    /// `Friday, November 27`, with the year if it is another one.
    pub(crate) date: String,
    /// `8:00 PM`.
    pub(crate) hour: String,
    /// `EST`.
    pub(crate) zone: String,
    /// `27`, for a poster.
    pub(crate) day: i8,
    /// `NOV`.
    pub(crate) month: String,
}

impl When {
    /// This moment; `now` says which year goes without saying.
    pub(crate) fn new(at: WallTime, now: WallTime, zone: &str, lang: Lang) -> Self {
        let zone = time_zone(zone).unwrap_or(TimeZone::UTC);
        let stamp = timestamp(at);
        let civil = zone.to_datetime(stamp);
        let this_year = zone.to_datetime(timestamp(now)).year();
        let pick = |(en, es): (&'static str, &'static str)| if lang == Lang::Es { es } else { en };
        let weekday = pick(DAYS[day_index(civil.weekday())]);
        let month = pick(MONTHS[usize::from(civil.month().unsigned_abs()) - 1]);
        let date = match lang {
            Lang::En => format!("{weekday}, {month} {}", civil.day()),
            Lang::Es => format!("{weekday} {} de {month}", civil.day()),
        };
        let year = match lang {
            _ if civil.year() == this_year => String::new(),
            Lang::En => format!(", {}", civil.year()),
            Lang::Es => format!(" de {}", civil.year()),
        };
        Self {
            iso: stamp.to_string(),
            date: date + &year,
            hour: hour(civil, lang),
            zone: abbreviation(&zone, stamp),
            day: civil.day(),
            month: month.chars().take(3).collect(),
        }
    }

    /// All of it: `Friday, November 27 · 8:00 PM EST`.
    pub(crate) fn full(&self) -> String {
        format!("{} · {} {}", self.date, self.hour, self.zone)
    }
}

fn day_index(day: Weekday) -> usize {
    usize::from(day.to_monday_zero_offset().unsigned_abs())
}

fn hour(civil: DateTime, lang: Lang) -> String {
    let (hour, minute) = (civil.hour(), civil.minute());
    match lang {
        Lang::Es => format!("{hour}:{minute:02}"),
        Lang::En => {
            let half = if hour < 12 { "AM" } else { "PM" };
            format!("{}:{minute:02} {half}", (hour + 11) % 12 + 1)
        }
    }
}

fn abbreviation(zone: &TimeZone, at: Timestamp) -> String {
    let info = zone.to_offset_info(at);
    let name = info.abbreviation();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return name.to_owned();
    }
    // Zones without letters of their own: `-03` says little.
    let minutes = info.offset().seconds() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    if rest == 0 { format!("UTC{sign}{hours}") } else { format!("UTC{sign}{hours}:{rest:02}") }
}

pub(crate) fn timestamp(at: WallTime) -> Timestamp {
    Timestamp::from_millisecond(at.unix_millis()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The zone of this IANA name.
///
/// # Errors
/// `zone_unknown`.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, Fault> {
    jiff::tz::db().get(name).map_err(|_| {
        Fault::invalid("zone_unknown", "We do not know this time zone.")
            .hint("For example: America/Mexico_City.")
    })
}

/// A moment as `<input type="datetime-local">` writes it, in a zone.
pub(crate) fn local(at: WallTime, zone: &str) -> String {
    let zone = time_zone(zone).unwrap_or(TimeZone::UTC);
    zone.to_datetime(timestamp(at)).strftime("%Y-%m-%dT%H:%M").to_string()
}

/// What somebody typed into such an input, in a zone; nothing typed is no time. Of the hour that
/// comes twice when clocks go back, the first is meant.
///
/// # Errors
/// `time_broken`, `time_skipped`, `zone_unknown`.
pub(crate) fn read_local(text: &str, zone: &str) -> Result<Option<WallTime>, Fault> {
    let zone = time_zone(zone)?;
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let broken = || Fault::invalid("time_broken", "This is not a date and time.");
    let civil: DateTime = text.parse().map_err(|_| broken())?;
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        let text = "This time does not exist there: the clocks jump over it that night.";
        return Err(Fault::invalid("time_skipped", text).hint("Choose an hour earlier or later."));
    }
    let stamp = ambiguous.compatible().map_err(|_| broken())?;
    Ok(Some(WallTime::from_unix_millis(stamp.as_millisecond())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> WallTime {
        WallTime::parse(text).unwrap()
    }

    #[test]
    fn as_people_say_it() {
        let now = at("2026-11-23T12:00:00Z");
        let when = |text: &str, zone: &str, lang| When::new(at(text), now, zone, lang).full();
        assert_eq!(
            when("2026-11-28T01:00:00Z", "America/New_York", Lang::En),
            "Friday, November 27 · 8:00 PM EST"
        );
        assert_eq!(
            when("2026-11-28T02:30:00Z", "America/Mexico_City", Lang::Es),
            "viernes 27 de noviembre · 20:30 CST"
        );
        assert_eq!(
            when("2027-01-01T03:00:00Z", "America/Argentina/Buenos_Aires", Lang::Es),
            "viernes 1 de enero de 2027 · 0:00 UTC−3"
        );
        assert_eq!(
            when("2026-12-01T12:00:00Z", "Nowhere/Land", Lang::En),
            "Tuesday, December 1 · 12:00 PM UTC"
        );
    }

    #[test]
    fn local_times_and_back() {
        let zone = "America/New_York";
        let moment = at("2026-07-04T00:30:00Z");
        assert_eq!(local(moment, zone), "2026-07-03T20:30");
        assert_eq!(read_local("2026-07-03T20:30", zone).unwrap(), Some(moment));
        assert_eq!(read_local(" ", zone).unwrap(), None);
    }

    #[test]
    fn an_hour_that_is_skipped_is_refused_and_one_that_comes_twice_is_the_first() {
        let zone = "America/New_York";
        assert_eq!(read_local("2027-03-14T02:30", zone).unwrap_err().code, "time_skipped");
        assert_eq!(read_local("2026-11-01T01:30", zone).unwrap(), Some(at("2026-11-01T05:30:00Z")));
        for broken in ["tomorrow", "2026-02-30T10:00", "2026-11-27", "99999-01-01T00:00"] {
            let code = read_local(broken, zone).err().map(|fault| fault.code);
            assert!(matches!(code, Some("time_broken") | None), "{broken}");
        }
        assert_eq!(read_local("", "Mars/Olympus").unwrap_err().code, "zone_unknown");
    }
}
