//! Amounts with their currency.

use std::fmt;
use std::str::FromStr;

/// An ISO 4217 code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The code, such as `MXN`.
    #[must_use]
    pub fn code(&self) -> &str {
        // Three ASCII letters by construction.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The code of three letters of either case, as providers write it.
    #[must_use]
    pub(crate) fn of_any_case(text: &str) -> Option<Self> {
        text.to_ascii_uppercase().parse().ok()
    }
}

/// Why a text is not a currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotACurrency;

impl fmt::Display for NotACurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a currency is three capital letters, as in ISO 4217")
    }
}

impl std::error::Error for NotACurrency {}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) { Ok(Self(code)) } else { Err(NotACurrency) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// So much of a currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Money {
    /// In minor units as ISO 4217 has them: cents, centavos; whole yen.
    pub minor: i64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// So many minor units of a currency.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_capital_letters_and_nothing_else() {
        assert_eq!("MXN".parse::<Currency>().unwrap().to_string(), "MXN");
        for text in ["", "mxn", "MX", "MXNN", "MX1", "M N", "ÄÄ", "€"] {
            assert_eq!(text.parse::<Currency>(), Err(NotACurrency), "{text:?}");
        }
        assert_eq!(Currency::of_any_case("mxn"), "MXN".parse().ok());
    }
}
