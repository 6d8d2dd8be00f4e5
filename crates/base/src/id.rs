//! Identifiers that cannot be mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id is 16 lower-case hexadecimal digits")
    }
}

impl std::error::Error for NotAnId {}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 64 bits, written as 16 lower-case hexadecimal digits. The caller that creates
        /// one brings the randomness; this crate has none.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(u64);

        impl $name {
            /// The id with these bits.
            #[must_use]
            pub const fn new(bits: u64) -> Self {
                Self(bits)
            }

            /// The bits of the id.
            #[must_use]
            pub const fn bits(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:016x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:016x})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let plain = text.len() == 16
                    && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                if !plain {
                    return Err(NotAnId);
                }
                u64::from_str_radix(text, 16).map(Self).map_err(|_| NotAnId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }
    };
}

id! {
    /// A show: the dated event people come to, and the stage it plays on.
    ShowId
}
id! {
    /// A performer of one show.
    PerformerId
}
id! {
    /// A clip: an uploaded video, picture or sound.
    ClipId
}
id! {
    /// One WebRTC session: a performer publishing, or anyone playing.
    SessionId
}
id! {
    /// One viewer of a show, as long as their page is open. Says nothing of who they are.
    ViewerId
}
id! {
    /// One order: what a buyer takes in one go.
    OrderId
}
id! {
    /// One ticket, which is one seat.
    TicketId
}
id! {
    /// A kind of ticket of one show.
    KindId
}
id! {
    /// A promo code of one show.
    PromoId
}
id! {
    /// Somebody's share of the revenue of one show.
    ShareId
}
id! {
    /// One sum on its way back to a buyer.
    RefundId
}
id! {
    /// Somebody who works for the house: an account of the office.
    StaffId
}
id! {
    /// One source of media: a performer's publication, a clip being played, or a Program.
    FeedId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let id = ShowId::new(0x00ab_cdef_0123_4567);
        assert_eq!(id.to_string(), "00abcdef01234567");
        assert_eq!("00abcdef01234567".parse(), Ok(id));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "0", "00ABCDEF01234567", "+0abcdef01234567", "00abcdef012345678", "00abcdef0123456g"]
        {
            assert_eq!(text.parse::<ShowId>(), Err(NotAnId), "{text:?}");
        }
    }
}
