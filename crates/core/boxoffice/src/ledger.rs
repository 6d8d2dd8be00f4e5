//! The ledger: immutable transfers, each one debit and one credit of the same amount, so that debits
//! and credits are equal after every one of them. Corrections are new transfers.

use crate::order::Provider;
use palco_base::{OrderId, ShareId, ShowId, WallTime};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where money is, or whose it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Account {
    /// What a provider has taken for us and not given back. An asset: debits make it grow.
    Provider(PayWay),
    /// What the tickets of a show earned and nobody's share is yet.
    Sales(ShowId),
    /// Fees of a show, the house's.
    Fees(ShowId),
    /// Tax of a show, the state's.
    Tax(ShowId),
    /// Taken without a seat to give for it; on its way back.
    Unseated(ShowId),
    /// On its way back to buyers.
    RefundsDue(ShowId),
    /// A performer's share of a show.
    Share(ShowId, ShareId),
    /// What is left of a show for the house, with what rounding leaves over.
    House(ShowId),
    /// What was paid out of the house's bank to a performer for a show. An asset that shrank.
    Payout(ShowId, ShareId),
}

/// The provider that has the money. An order that costs nothing has none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum PayWay {
    /// [`Provider::Demo`].
    Demo,
    /// [`Provider::Manual`].
    Manual,
    /// [`Provider::Stripe`].
    Stripe,
    /// [`Provider::Free`].
    Free,
}

impl From<Provider> for PayWay {
    fn from(provider: Provider) -> Self {
        match provider {
            Provider::Demo => Self::Demo,
            Provider::Manual => Self::Manual,
            Provider::Stripe => Self::Stripe,
            Provider::Free => Self::Free,
        }
    }
}

impl From<PayWay> for Provider {
    fn from(way: PayWay) -> Self {
        match way {
            PayWay::Demo => Self::Demo,
            PayWay::Manual => Self::Manual,
            PayWay::Stripe => Self::Stripe,
            PayWay::Free => Self::Free,
        }
    }
}

impl Account {
    /// The account of a provider.
    #[must_use]
    pub fn provider(provider: Provider) -> Self {
        Self::Provider(provider.into())
    }

    /// The show it is of, if it is of one.
    #[must_use]
    pub const fn show(self) -> Option<ShowId> {
        match self {
            Self::Provider(_) => None,
            Self::Sales(show)
            | Self::Fees(show)
            | Self::Tax(show)
            | Self::Unseated(show)
            | Self::RefundsDue(show)
            | Self::Share(show, _)
            | Self::Payout(show, _)
            | Self::House(show) => Some(show),
        }
    }
}

/// As it is stored: `sales:0123456789abcdef`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider(way) => write!(f, "provider:{}", Provider::from(*way).name()),
            Self::Sales(show) => write!(f, "sales:{show}"),
            Self::Fees(show) => write!(f, "fees:{show}"),
            Self::Tax(show) => write!(f, "tax:{show}"),
            Self::Unseated(show) => write!(f, "unseated:{show}"),
            Self::RefundsDue(show) => write!(f, "refunds_due:{show}"),
            Self::Share(show, share) => write!(f, "share:{show}:{share}"),
            Self::House(show) => write!(f, "house:{show}"),
            Self::Payout(show, share) => write!(f, "payout:{show}:{share}"),
        }
    }
}

/// A text that names no account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAnAccount;

impl FromStr for Account {
    type Err = NotAnAccount;

    fn from_str(text: &str) -> Result<Self, NotAnAccount> {
        let (kind, of) = text.split_once(':').ok_or(NotAnAccount)?;
        let show = || of.parse().map_err(|_| NotAnAccount);
        Ok(match kind {
            "provider" => Self::provider(Provider::named(of).ok_or(NotAnAccount)?),
            "sales" => Self::Sales(show()?),
            "fees" => Self::Fees(show()?),
            "tax" => Self::Tax(show()?),
            "unseated" => Self::Unseated(show()?),
            "refunds_due" => Self::RefundsDue(show()?),
            "house" => Self::House(show()?),
            "share" | "payout" => {
                let (show, share) = of.split_once(':').ok_or(NotAnAccount)?;
                let (show, share) =
                    (show.parse().map_err(|_| NotAnAccount)?, share.parse().map_err(|_| NotAnAccount)?);
                if kind == "share" { Self::Share(show, share) } else { Self::Payout(show, share) }
            }
            _ => return Err(NotAnAccount),
        })
    }
}

/// One entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// What it is for, unique: the same thing is never written twice.
    pub key: String,
    /// When.
    pub at: WallTime,
    /// To the debit of this account.
    pub debit: Account,
    /// To the credit of this one.
    pub credit: Account,
    /// Minor units, above 0.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: crate::Currency,
    /// For which order, if it is for one.
    pub order: Option<OrderId>,
}

/// What is on each account: credits less debits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Balances(BTreeMap<Account, i64>);

impl Balances {
    /// Adds to one side of an account: credits are positive.
    pub fn add(&mut self, account: Account, minor: i64) {
        *self.0.entry(account).or_default() += minor;
    }

    /// Takes a transfer in.
    pub fn post(&mut self, transfer: &Transfer) {
        self.add(transfer.debit, -transfer.amount);
        self.add(transfer.credit, transfer.amount);
    }

    /// Credits less debits of an account.
    #[must_use]
    pub fn of(&self, account: Account) -> i64 {
        self.0.get(&account).copied().unwrap_or(0)
    }

    /// What was paid out to performers of a show.
    #[must_use]
    pub fn payouts(&self, show: ShowId) -> i64 {
        let of_show =
            self.0.iter().filter(|(account, _)| matches!(account, Account::Payout(of, _) if *of == show));
        of_show.map(|(_, minor)| minor).sum()
    }

    /// Of all accounts together: 0, or the ledger is broken.
    #[must_use]
    pub fn sum(&self) -> i64 {
        self.0.values().sum()
    }

    /// All accounts that were ever used.
    pub fn iter(&self) -> impl Iterator<Item = (Account, i64)> {
        self.0.iter().map(|(account, minor)| (*account, *minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_they_are_written() {
        let (show, share) = (ShowId::new(7), ShareId::new(8));
        let mut all = vec![Account::Sales(show), Account::Fees(show), Account::Tax(show)];
        all.extend([Account::Unseated(show), Account::RefundsDue(show), Account::House(show)]);
        all.extend([Account::Share(show, share), Account::Payout(show, share)]);
        all.extend(Provider::ALL.map(Account::provider));
        for account in all {
            assert_eq!(account.to_string().parse(), Ok(account));
        }
        for text in ["", "sales", "sales:", "sales:7", "provider:paypal", "share:0000000000000007", "x:y"] {
            assert_eq!(text.parse::<Account>(), Err(NotAnAccount), "{text:?}");
        }
    }
}
