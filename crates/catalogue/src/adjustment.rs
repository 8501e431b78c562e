use std::fmt;

use ironward_core::Amount;

use crate::Cost;
use crate::line::billionths;

/// What becomes of a provider's price before it is charged: a discount that was agreed with the
/// provider, then a margin (`cost_discount_config` and `cost_margin_config` of LiteLLM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adjustment {
    /// What is left of the cost, in billionths.
    left: u64,
    /// What is put on top of what is left, in billionths of it.
    margin: u64,
    /// What is put on top of each call.
    fixed: Amount,
}

/// Why a discount or margin cannot be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidAdjustment {
    /// A discount is a part of the cost: from 0 to 1, with at most nine places.
    Discount,
    /// A margin is a part of the cost: from 0 on, with at most nine places.
    Margin,
    /// What is put on top is an amount of dollars.
    Fixed,
}

const WHOLE: u64 = 1_000_000_000;

impl Adjustment {
    /// The provider's own price.
    pub const NONE: Self = Self {
        left: WHOLE,
        margin: 0,
        fixed: Amount::ZERO,
    };

    /// A discount of this part of the cost: `0.05`.
    ///
    /// # Errors
    /// When it is not from 0 to 1.
    pub fn with_discount(self, part: &str) -> Result<Self, InvalidAdjustment> {
        let discount = billionths(part).and_then(|discount| WHOLE.checked_sub(discount));
        let left = discount.ok_or(InvalidAdjustment::Discount)?;
        Ok(Self { left, ..self })
    }

    /// A margin of this part of what is left: `0.1`.
    ///
    /// # Errors
    /// When it is below 0 or no number.
    pub fn with_margin(self, part: &str) -> Result<Self, InvalidAdjustment> {
        let margin = billionths(part).ok_or(InvalidAdjustment::Margin)?;
        Ok(Self { margin, ..self })
    }

    /// So many dollars on top of each call.
    ///
    /// # Errors
    /// When it is below 0 or no number.
    pub fn with_fixed(self, dollars: &str) -> Result<Self, InvalidAdjustment> {
        let fixed = Amount::from_decimal(dollars, 0).map_err(|_| InvalidAdjustment::Fixed)?;
        Ok(Self { fixed, ..self })
    }

    /// What is charged for a call: the discount first, then the margin on what is left, each
    /// rounded half up at the 24th place, then what is put on top.
    #[must_use]
    pub const fn charged(&self, cost: &Cost) -> Amount {
        if self.left == WHOLE && self.margin == 0 {
            return cost.total().plus(self.fixed);
        }
        let left = cost.total().times_billionths(self.left);
        left.plus(left.times_billionths(self.margin))
            .plus(self.fixed)
    }
}

impl Default for Adjustment {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Display for InvalidAdjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discount => "a discount is a part of the cost, from 0 to 1",
            Self::Margin => "a margin is a part of the cost, from 0 on",
            Self::Fixed => "not an amount of dollars",
        })
    }
}

impl std::error::Error for InvalidAdjustment {}

#[cfg(test)]
mod tests {
    use ironward_core::Amount;

    use super::{Adjustment, InvalidAdjustment};
    use crate::Cost;

    fn charged(adjustment: Adjustment) -> String {
        let output = Amount::from_decimal("0.0125", 0).unwrap();
        let cost = Cost {
            output,
            ..Cost::default()
        };
        adjustment.charged(&cost).to_string()
    }

    /// The figures are LiteLLM's.
    #[test]
    fn the_discount_comes_before_the_margin() {
        let none = Adjustment::NONE;
        let discount = none.with_discount("0.1").unwrap();
        assert_eq!(charged(none), "0.0125");
        assert_eq!(charged(discount), "0.01125");
        assert_eq!(charged(none.with_margin("0.1").unwrap()), "0.01375");
        let both = discount.with_margin("0.1").unwrap();
        assert_eq!(charged(both), "0.012375");
        assert_eq!(charged(both.with_fixed("0.5").unwrap()), "0.512375");
        assert_eq!(charged(none.with_discount("1").unwrap()), "0");
    }

    /// LiteLLM takes them: a discount of 1.5 makes a cost below nothing there.
    #[test]
    fn what_would_give_money_away_is_refused() {
        let none = Adjustment::default();
        for part in ["1.5", "-0.5", "x", "0.1234567891"] {
            assert_eq!(none.with_discount(part), Err(InvalidAdjustment::Discount));
        }
        assert_eq!(none.with_margin("-0.1"), Err(InvalidAdjustment::Margin));
        assert_eq!(none.with_fixed("-1"), Err(InvalidAdjustment::Fixed));
    }
}
