//! Shares of revenue: split so that nothing is lost or made.

use crate::catalogue::WHOLE;
use crate::ledger::{Account, Balances, Transfer};
use crate::money::Currency;
use crate::text::{clean_email, clean_line};
use palco_base::{Fault, Secret, ShareId, ShowId, WallTime};
use std::collections::BTreeMap;

/// Somebody's share of what a show's tickets earn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// Of which show.
    pub show: ShowId,
    /// Whose, 1 to 60 characters.
    pub name: String,
    /// Where the statement is sent; may be empty.
    pub email: String,
    /// How much, in basis points of the net revenue.
    pub basis_points: u32,
    /// Who has it may see the statement: 128 random bits.
    pub code: Secret,
}

impl Share {
    /// The share with its texts cleaned, if it fits beside the others of the show.
    ///
    /// # Errors
    /// What does not fit.
    pub fn checked(mut self, others: &[Self]) -> Result<Self, Fault> {
        self.name = clean_line(&self.name, 60)?;
        if !self.email.trim().is_empty() {
            self.email = clean_email(&self.email)?;
        }
        let others: u32 =
            others.iter().filter(|other| other.id != self.id).map(|other| other.basis_points).sum();
        if self.basis_points == 0 || self.basis_points.saturating_add(others) > WHOLE {
            return Err(Fault::invalid("shares_too_large", "All shares together are 100 % at most.")
                .hint(format!("{} % is left.", f64::from(WHOLE - others.min(WHOLE)) / 100.0)));
        }
        Ok(self)
    }
}

/// What each share gets of a net revenue (not below 0), rounded down, and what is left for the house.
#[must_use]
pub fn split(net: i64, shares: &[Share]) -> (Vec<i64>, i64) {
    let net = net.max(0);
    let part = |share: &Share| {
        // Of a part no larger than the whole.
        i64::try_from(i128::from(net) * i128::from(share.basis_points.min(WHOLE)) / i128::from(WHOLE))
            .unwrap_or(0)
    };
    let parts: Vec<i64> = shares.iter().map(part).collect();
    let house = net - parts.iter().sum::<i64>();
    (parts, house)
}

/// What must be written so that shares and house have what is theirs of all that a show earned so
/// far: the whole at the first time, afterwards the differences, either way. `turn` numbers the
/// settlements of a show, so that none is written twice.
#[must_use]
pub fn settle(
    show: ShowId,
    balances: &Balances,
    shares: &[Share],
    currency: Currency,
    turn: u32,
    now: WallTime,
) -> Vec<Transfer> {
    let (sales, house) = (Account::Sales(show), Account::House(show));
    let mut targets: BTreeMap<Account, i64> = BTreeMap::from([(house, 0)]);
    for (account, _) in balances.iter() {
        // Shares that were taken away give back what they had.
        if matches!(account, Account::Share(of, _) if of == show) {
            targets.insert(account, 0);
        }
    }
    let has = |account: Account| match account {
        Account::Share(show, share) => balances.of(account) + balances.of(Account::Payout(show, share)),
        _ => balances.of(account),
    };
    let payouts: i64 = balances.payouts(show);
    let net = balances.of(sales) + targets.keys().map(|account| balances.of(*account)).sum::<i64>() + payouts;
    let (parts, rest) = split(net, shares);
    targets.insert(house, rest);
    targets.extend(shares.iter().zip(parts).map(|(share, part)| (Account::Share(show, share.id), part)));
    let mut transfers = Vec::new();
    for (to, target) in targets {
        let missing = target - has(to);
        let (debit, credit) = if missing > 0 { (sales, to) } else { (to, sales) };
        if missing != 0 {
            let key = format!("settle:{show}:{turn}:{to}");
            let amount = missing.abs();
            transfers.push(Transfer { key, at: now, debit, credit, amount, currency, order: None });
        }
    }
    transfers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHOW: ShowId = ShowId::new(1);

    fn share(id: u64, basis_points: u32) -> Share {
        Share {
            id: ShareId::new(id),
            show: SHOW,
            name: "Ana".to_owned(),
            email: String::new(),
            basis_points,
            code: Secret::new("x"),
        }
    }

    fn earn(balances: &mut Balances, minor: i64) {
        balances.add(Account::Sales(SHOW), minor);
        balances.add(Account::provider(crate::Provider::Demo), -minor);
    }

    fn settled(balances: &mut Balances, shares: &[Share], turn: u32) -> usize {
        let usd = Currency::parse("USD").unwrap();
        let transfers = settle(SHOW, balances, shares, usd, turn, WallTime::from_unix_seconds(0));
        transfers.iter().for_each(|transfer| balances.post(transfer));
        transfers.len()
    }

    #[test]
    fn what_rounding_leaves_is_the_houses() {
        assert_eq!(split(100, &[share(1, 3_333), share(2, 3_333), share(3, 3_333)]), (vec![33, 33, 33], 1));
        assert_eq!(split(-5, &[share(1, 10_000)]), (vec![0], 0));
    }

    #[test]
    fn settled_twice_is_settled_once_and_a_refund_is_taken_back() {
        let mut balances = Balances::default();
        let shares = [share(1, 5_000), share(2, 2_500)];
        earn(&mut balances, 1_001);
        assert_eq!(settled(&mut balances, &shares, 1), 3);
        assert_eq!(settled(&mut balances, &shares, 2), 0);
        let of = |balances: &Balances, id| balances.of(Account::Share(SHOW, ShareId::new(id)));
        assert_eq!((of(&balances, 1), of(&balances, 2), balances.of(Account::House(SHOW))), (500, 250, 251));
        balances.add(Account::Share(SHOW, ShareId::new(1)), -500);
        balances.add(Account::Payout(SHOW, ShareId::new(1)), 500);
        earn(&mut balances, -101);
        settled(&mut balances, &shares, 3);
        assert_eq!((of(&balances, 1), of(&balances, 2), balances.of(Account::House(SHOW))), (-50, 225, 225));
        assert_eq!(balances.of(Account::Sales(SHOW)), 0);
    }

    #[test]
    fn a_share_that_was_taken_away_gives_back() {
        let mut balances = Balances::default();
        earn(&mut balances, 1_000);
        settled(&mut balances, &[share(1, 4_000), share(2, 4_000)], 1);
        settled(&mut balances, &[share(2, 6_000)], 2);
        assert_eq!(balances.of(Account::Share(SHOW, ShareId::new(1))), 0);
        assert_eq!(balances.of(Account::Share(SHOW, ShareId::new(2))), 600);
        assert_eq!(balances.of(Account::House(SHOW)), 400);
    }

    #[test]
    fn more_than_all_is_refused() {
        assert!(share(3, 5_000).checked(&[share(1, 5_000), share(3, 9_000)]).is_ok());
        assert_eq!(share(3, 5_001).checked(&[share(1, 5_000)]).unwrap_err().code, "shares_too_large");
        assert_eq!(share(3, u32::MAX).checked(&[share(1, 5_000)]).unwrap_err().code, "shares_too_large");
        assert_eq!(share(3, 0).checked(&[]).unwrap_err().code, "shares_too_large");
    }

    proptest! {
        #[test]
        fn whatever_is_earned_given_back_and_paid_out_the_ledger_holds(
            steps in prop::collection::vec((0..3_u8, 1..100_000_i64), 1..40),
            points in prop::collection::vec(1..3_000_u32, 1..4),
        ) {
            let shares: Vec<_> = points.iter().zip(1..).map(|(bp, id)| share(id, *bp)).collect();
            let (mut balances, mut earned) = (Balances::default(), 0);
            for (turn, (what, minor)) in (0..).zip(steps) {
                match what {
                    0 => { earn(&mut balances, minor); earned += minor; }
                    1 => { let back = minor.min(earned); earn(&mut balances, -back); earned -= back; }
                    _ => {
                        let account = Account::Share(SHOW, shares[0].id);
                        let out = minor.min(balances.of(account).max(0));
                        balances.add(account, -out);
                        balances.add(Account::Payout(SHOW, shares[0].id), out);
                    }
                }
                settled(&mut balances, &shares, turn);
                prop_assert_eq!(balances.sum(), 0);
                prop_assert_eq!(balances.of(Account::Sales(SHOW)), 0);
                let (parts, house) = split(earned, &shares);
                prop_assert_eq!(balances.of(Account::House(SHOW)), house);
                for (share, part) in shares.iter().zip(parts) {
                    let has = balances.of(Account::Share(SHOW, share.id)) + balances.of(Account::Payout(SHOW, share.id));
                    prop_assert_eq!(has, part);
                }
            }
        }
    }
}
