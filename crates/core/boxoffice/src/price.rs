//! What an order costs: prices, discount, fees, tax. Nothing is rounded twice.

use crate::catalogue::{Fee, Tax, WHOLE};
use crate::money::{Currency, MAX_AMOUNT, Money};
use crate::order::Line;
use palco_base::Fault;

/// What a promo code takes off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discount {
    /// Basis points of the prices.
    Percent(u32),
    /// Minor units off the whole order, never more than the prices.
    Amount(i64),
}

/// What an order costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// Of all amounts.
    pub currency: Currency,
    /// Sum of the prices.
    pub prices: i64,
    /// Taken off by a promo code.
    pub discount: i64,
    /// On top for the house.
    pub fees: i64,
    /// The tax, whether on top or contained.
    pub tax: i64,
    /// Whether the tax is contained in the prices.
    pub tax_included: bool,
    /// What the buyer pays.
    pub total: i64,
}

impl Quote {
    /// What the tickets earn: without fees and without tax.
    #[must_use]
    pub const fn net(&self) -> i64 {
        self.total - self.fees - self.tax
    }

    /// One of its amounts, with the currency.
    #[must_use]
    pub const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// What the buyer pays, with the currency.
    #[must_use]
    pub const fn total_money(&self) -> Money {
        self.money(self.total)
    }
}

/// What these lines cost. Fees are on what is left after the discount, for tickets that cost
/// something; a tax on top is on prices and fees; half a minor unit is rounded up.
///
/// # Errors
/// `amount_too_large`.
pub fn quote(
    currency: Currency,
    lines: &[Line],
    discount: Option<Discount>,
    fee: Fee,
    tax: &Tax,
) -> Result<Quote, Fault> {
    let prices: i128 = lines.iter().map(|line| i128::from(line.unit) * i128::from(line.quantity)).sum();
    let discount = match discount {
        None => 0,
        Some(Discount::Percent(basis_points)) => part(prices, basis_points.min(WHOLE)),
        Some(Discount::Amount(minor)) => i128::from(minor).clamp(0, prices),
    };
    let left = prices - discount;
    let paid: u32 = lines.iter().filter(|line| line.unit > 0).map(|line| line.quantity).sum();
    let fees =
        if left == 0 { 0 } else { part(left, fee.basis_points) + i128::from(fee.fixed) * i128::from(paid) };
    let taxed = left + fees;
    let tax_amount = if tax.included {
        let rate = i128::from(tax.basis_points);
        // taxed · r ÷ (1 + r), rounded half up.
        let whole = i128::from(WHOLE) + rate;
        (2 * taxed * rate + whole) / (2 * whole)
    } else {
        part(taxed, tax.basis_points)
    };
    let total = if tax.included { taxed } else { taxed + tax_amount };
    let large = || Fault::invalid("amount_too_large", "This order is too large.").hint("Take fewer tickets.");
    if total > i128::from(MAX_AMOUNT) {
        return Err(large());
    }
    let minor = |amount: i128| i64::try_from(amount).map_err(|_| large());
    Ok(Quote {
        currency,
        prices: minor(prices)?,
        discount: minor(discount)?,
        fees: minor(fees)?,
        tax: minor(tax_amount)?,
        tax_included: tax.included,
        total: minor(total)?,
    })
}

/// So many basis points of an amount that is not negative, half rounded up.
const fn part(amount: i128, basis_points: u32) -> i128 {
    (amount * basis_points as i128 + WHOLE as i128 / 2) / WHOLE as i128
}

/// Spreads a sum over weights so that nothing is lost or made: largest remainders first, the
/// earlier one where they are equal. All weights 0 gives all to the first.
pub(crate) fn spread(sum: i64, weights: &[i64]) -> Vec<i64> {
    let whole: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let mut parts = vec![0_i64; weights.len()];
    if weights.is_empty() {
        return parts;
    }
    if whole <= 0 {
        parts[0] = sum;
        return parts;
    }
    let mut rests: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
    for (at, weight) in weights.iter().enumerate() {
        let exact = i128::from(sum) * i128::from(*weight);
        // Of a part no larger than the sum.
        parts[at] = i64::try_from(exact.div_euclid(whole)).unwrap_or(0);
        rests.push((-exact.rem_euclid(whole), at));
    }
    rests.sort_unstable();
    let missing = sum - parts.iter().sum::<i64>();
    for (_, at) in rests.into_iter().take(usize::try_from(missing).unwrap_or(0)) {
        parts[at] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use palco_base::KindId;
    use proptest::prelude::*;

    fn usd() -> Currency {
        Currency::parse("USD").unwrap()
    }

    fn line(unit: i64, quantity: u32) -> Line {
        Line { kind: KindId::new(1), name: "Live".to_owned(), quantity, unit }
    }

    fn tax(basis_points: u32, included: bool) -> Tax {
        Tax { name: "IVA".to_owned(), basis_points, included }
    }

    #[test]
    fn ten_dollars_plus_fees() {
        let fee = Fee { basis_points: 700, fixed: 50 };
        let q = quote(usd(), &[line(1_000, 1)], None, fee, &Tax::default()).unwrap();
        assert_eq!((q.prices, q.fees, q.tax, q.total, q.net()), (1_000, 120, 0, 1_120, 1_000));
    }

    #[test]
    fn tax_on_top_and_contained() {
        let on_top = quote(usd(), &[line(1_000, 2)], None, Fee::default(), &tax(1_600, false)).unwrap();
        assert_eq!((on_top.tax, on_top.total, on_top.net()), (320, 2_320, 2_000));
        let contained = quote(usd(), &[line(1_160, 2)], None, Fee::default(), &tax(1_600, true)).unwrap();
        assert_eq!((contained.tax, contained.total, contained.net()), (320, 2_320, 2_000));
    }

    #[test]
    fn a_free_order_has_no_fees_and_a_discount_never_gives_money() {
        let fee = Fee { basis_points: 700, fixed: 50 };
        let free = quote(usd(), &[line(0, 3)], None, fee, &tax(1_600, false)).unwrap();
        assert_eq!((free.total, free.fees), (0, 0));
        let all_off =
            quote(usd(), &[line(500, 2)], Some(Discount::Amount(5_000)), fee, &Tax::default()).unwrap();
        assert_eq!((all_off.discount, all_off.fees, all_off.total), (1_000, 0, 0));
        let half =
            quote(usd(), &[line(999, 1)], Some(Discount::Percent(5_000)), fee, &Tax::default()).unwrap();
        assert_eq!((half.discount, half.total), (500, 499 + 35 + 50));
    }

    #[test]
    fn too_much_is_refused_and_never_wraps() {
        let q = quote(usd(), &[line(MAX_AMOUNT, u32::MAX)], None, Fee::default(), &Tax::default());
        assert_eq!(q.unwrap_err().code, "amount_too_large");
    }

    proptest! {
        #[test]
        fn parts_of_a_quote_add_up(
            units in prop::collection::vec((0..2_000_000_i64, 1..9_u32), 1..5),
            off in 0..12_000_u32, bp in 0..5_000_u32, fixed in 0..500_i64, rate in 0..5_000_u32, included: bool,
        ) {
            let lines: Vec<_> = units.iter().map(|(unit, n)| line(*unit, *n)).collect();
            let q = quote(usd(), &lines, Some(Discount::Percent(off)), Fee { basis_points: bp, fixed }, &tax(rate, included));
            let Ok(q) = q else { return Ok(()) };
            prop_assert!(q.discount <= q.prices && q.total >= 0 && q.fees >= 0 && q.tax >= 0 && q.net() >= 0);
            let on_top = if included { 0 } else { q.tax };
            prop_assert_eq!(q.prices - q.discount + q.fees + on_top, q.total);
        }

        #[test]
        fn spreading_loses_and_makes_nothing(sum in 0..10_000_000_i64, weights in prop::collection::vec(0..100_000_i64, 1..12)) {
            let parts = spread(sum, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), sum);
            let whole: i64 = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                if whole > 0 {
                    let exact = sum as f64 * *weight as f64 / whole as f64;
                    prop_assert!((*part as f64 - exact).abs() <= 1.0);
                }
            }
        }
    }
}
