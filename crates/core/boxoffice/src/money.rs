//! Amounts of money: integers in minor units, never a float.

use palco_base::Fault;
use std::fmt;

/// No single amount is larger: what Stripe takes in one charge (eight digits), and far below where
/// sums of many could overflow.
pub const MAX_AMOUNT: i64 = 99_999_999;

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(&'static (&'static str, u8, &'static str));

/// Code, digits after the point (ISO 4217 "exponent"), sign before the amount.
static CURRENCIES: [(&str, u8, &str); 31] = [
    ("ARS", 2, "$"),
    ("AUD", 2, "$"),
    ("BHD", 3, "BD"),
    ("BOB", 2, "Bs"),
    ("BRL", 2, "R$"),
    ("CAD", 2, "$"),
    ("CHF", 2, "Fr."),
    ("CLP", 0, "$"),
    ("COP", 2, "$"),
    ("CRC", 2, "₡"),
    ("CZK", 2, "Kč"),
    ("DKK", 2, "kr"),
    ("DOP", 2, "RD$"),
    ("EUR", 2, "€"),
    ("GBP", 2, "£"),
    ("GTQ", 2, "Q"),
    ("HNL", 2, "L"),
    ("INR", 2, "₹"),
    ("JPY", 0, "¥"),
    ("KRW", 0, "₩"),
    ("KWD", 3, "KD"),
    ("MXN", 2, "$"),
    ("NOK", 2, "kr"),
    ("NZD", 2, "$"),
    ("PEN", 2, "S/"),
    ("PLN", 2, "zł"),
    ("PYG", 0, "₲"),
    ("SEK", 2, "kr"),
    ("TND", 3, "DT"),
    ("USD", 2, "$"),
    ("UYU", 2, "$U"),
];

impl Currency {
    /// The currency with this code, in upper or lower case.
    ///
    /// # Errors
    /// `currency_unknown`.
    pub fn parse(code: &str) -> Result<Self, Fault> {
        let known = CURRENCIES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code));
        known.map(Self).ok_or_else(|| {
            Fault::invalid("currency_unknown", "This currency is not known here.")
                .hint("Use a code of three letters, such as USD, MXN or EUR.")
        })
    }

    /// All that are known, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        CURRENCIES.iter().map(Self)
    }

    /// Its ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.0
    }

    /// Digits after the point.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.0.1
    }

    /// What is written before the amount.
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        self.0.2
    }

    /// Reads an amount as a person writes it: `10`, `10.5`, `10,50`. Not negative, not above
    /// [`MAX_AMOUNT`], no more digits than the currency has.
    ///
    /// # Errors
    /// `amount_broken`, `amount_too_large`, `amount_too_fine`.
    pub fn read(self, text: &str) -> Result<i64, Fault> {
        let broken = || {
            Fault::invalid("amount_broken", "This is not an amount of money.")
                .hint("Write it as 12 or 12.50.")
        };
        let large = || Fault::invalid("amount_too_large", "This amount is too large.");
        let text = text.trim();
        let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !digits(whole)
            || !digits(part)
            || (part.is_empty() && whole.len() < text.len())
        {
            return Err(broken());
        }
        let exponent = usize::from(self.exponent());
        if part.len() > exponent {
            return Err(Fault::invalid(
                "amount_too_fine",
                format!("{} has {exponent} digits after the point.", self.code()),
            ));
        }
        if whole.len() + exponent > 12 {
            return Err(large());
        }
        let minor = format!("{whole}{part:0<exponent$}").parse::<i64>().map_err(|_| broken())?;
        if minor > MAX_AMOUNT { Err(large()) } else { Ok(minor) }
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Money {
    /// Minor units; negative when it is owed the other way round.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// So many minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Digits only, with the point: `1234.50`.
    #[must_use]
    pub fn digits(self) -> String {
        let exponent = usize::from(self.currency.exponent());
        let sign = if self.minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.minor.unsigned_abs(), width = exponent + 1);
        let (whole, part) = digits.split_at(digits.len() - exponent);
        if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
    }

    /// With the sign before and the code behind: `$1,234.50 USD`.
    #[must_use]
    pub fn full(self) -> String {
        format!("{self} {}", self.currency.code())
    }
}

/// With the sign before: `$1,234.50`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |rest| ("−", rest));
        let (whole, part) = digits.split_once('.').map_or((digits, None), |(w, p)| (w, Some(p)));
        write!(f, "{sign}{}", self.currency.symbol())?;
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        part.map_or(Ok(()), |part| write!(f, ".{part}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn written_as_people_write_it() {
        let written = |minor, code| Money::new(minor, of(code)).full();
        assert_eq!(written(1_120, "USD"), "$11.20 USD");
        assert_eq!(written(5, "mxn"), "$0.05 MXN");
        assert_eq!(written(123_456_789, "EUR"), "€1,234,567.89 EUR");
        assert_eq!(written(1_500, "JPY"), "¥1,500 JPY");
        assert_eq!(written(1_500, "KWD"), "KD1.500 KWD");
        assert_eq!(written(-250, "USD"), "−$2.50 USD");
        assert_eq!(Money::new(i64::MIN, of("USD")).digits(), "-92233720368547758.08");
    }

    #[test]
    fn read_as_people_write_it() {
        assert_eq!(of("USD").read(" 10 "), Ok(1_000));
        assert_eq!(of("USD").read("10.5"), Ok(1_050));
        assert_eq!(of("USD").read("10,05"), Ok(1_005));
        assert_eq!(of("CLP").read("5000"), Ok(5_000));
        assert_eq!(of("KWD").read("1.250"), Ok(1_250));
        for (code, text, fault) in [
            ("USD", "", "amount_broken"),
            ("USD", "-1", "amount_broken"),
            ("USD", "1e3", "amount_broken"),
            ("USD", "1.000,50", "amount_broken"),
            ("USD", "10.", "amount_broken"),
            ("USD", ".5", "amount_broken"),
            ("USD", "١٠", "amount_broken"),
            ("USD", "NaN", "amount_broken"),
            ("USD", "10.005", "amount_too_fine"),
            ("CLP", "10.5", "amount_too_fine"),
            ("USD", "1000000", "amount_too_large"),
            ("USD", "99999999999999999999999", "amount_too_large"),
        ] {
            assert_eq!(of(code).read(text).unwrap_err().code, fault, "{text:?}");
        }
        assert_eq!(Currency::parse("XXX").unwrap_err().code, "currency_unknown");
    }
}
