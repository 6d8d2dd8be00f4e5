//! What a show earned, and whose it is.

use crate::ledger::{Account, Balances};
use crate::money::Currency;
use crate::share::{Share, split};
use palco_base::{KindId, ShareId, ShowId};

/// Tickets of one kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindLine {
    /// Which kind.
    pub kind: KindId,
    /// What it is called.
    pub name: String,
    /// Valid tickets.
    pub sold: u32,
    /// Tickets that were given back.
    pub refunded: u32,
    /// What was paid for the valid ones, with fees and tax.
    pub gross: i64,
}

/// A performer's line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShareLine {
    /// Which share.
    pub share: ShareId,
    /// Whose.
    pub name: String,
    /// In basis points.
    pub basis_points: u32,
    /// What it is, of all that was earned so far.
    pub earned: i64,
    /// What was paid out of it.
    pub paid_out: i64,
}

impl ShareLine {
    /// What is still to be paid out; negative when too much was.
    #[must_use]
    pub const fn due(&self) -> i64 {
        self.earned - self.paid_out
    }
}

/// A show's statement. `gross = net + fees + tax + refunds`, `net = Σ earned + house`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    /// Of which show.
    pub show: ShowId,
    /// In what.
    pub currency: Currency,
    /// All that buyers paid.
    pub gross: i64,
    /// What was given back, or is on its way.
    pub refunds: i64,
    /// Fees, the house's.
    pub fees: i64,
    /// Tax, the state's.
    pub tax: i64,
    /// What is shared.
    pub net: i64,
    /// The house's rest of what is shared.
    pub house: i64,
    /// By kind of ticket.
    pub kinds: Vec<KindLine>,
    /// By performer.
    pub shares: Vec<ShareLine>,
}

impl Statement {
    /// The statement of a show by its ledger.
    ///
    /// `gross` is Σ of debits of providers, `refunded` Σ of credits of [`Account::RefundsDue`].
    #[must_use]
    pub fn new(
        show: ShowId,
        currency: Currency,
        balances: &Balances,
        (gross, refunds): (i64, i64),
        kinds: Vec<KindLine>,
        shares: &[Share],
    ) -> Self {
        let settled: i64 = balances
            .iter()
            .filter(|(account, _)| {
                account.show() == Some(show)
                    && matches!(account, Account::Share(..) | Account::Payout(..) | Account::House(_))
            })
            .map(|(_, minor)| minor)
            .sum();
        let net = balances.of(Account::Sales(show)) + settled;
        let (parts, house) = split(net, shares);
        let line = |(share, earned): (&Share, i64)| ShareLine {
            share: share.id,
            name: share.name.clone(),
            basis_points: share.basis_points,
            earned,
            paid_out: balances.of(Account::Payout(show, share.id)),
        };
        Self {
            show,
            currency,
            gross,
            refunds,
            fees: balances.of(Account::Fees(show)),
            tax: balances.of(Account::Tax(show)),
            net,
            house,
            kinds,
            shares: shares.iter().zip(parts).map(line).collect(),
        }
    }
}
