use std::fmt;

use crate::{InvalidMoney, Money};

/// An exact amount of United States dollars, never negative: the price of one unit, or a cost.
///
/// It counts septillionths of a dollar (10⁻²⁴), so that the price of a token and a million times
/// that price are both whole numbers. Sums and products stop at [`Amount::MAX`], 340 trillion
/// dollars, instead of going wrong; nothing else is lost on the way. [`Money`] is what a budget
/// counts in, and [`Amount::rounded`] and [`Amount::rounded_up`] lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(u128);

/// How many places after the point are kept.
const PLACES: i32 = 24;
const UNITS_OF_A_NANO: u128 = 1_000_000_000_000_000;
const UNITS_OF_A_PICO: u128 = 1_000_000_000_000;
const PICOS_OF_A_DOLLAR: u128 = 1_000_000_000_000;
const BILLION: u128 = 1_000_000_000;

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// What sums and products stop at.
    pub const MAX: Self = Self(u128::MAX);

    /// The amount that a decimal number times ten to the `exponent` says: `0.0000025`, `2.5e-06`;
    /// with -6 as exponent the price of one token from that of a million. Digits after the 24th
    /// place are rounded half up. The text is never read as a floating-point number.
    ///
    /// # Errors
    /// When it is not a number, negative, or above what [`Money`] holds.
    pub fn from_decimal(text: &str, exponent: i32) -> Result<Self, InvalidMoney> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (mantissa, power) = match digits.split_once(['e', 'E']) {
            Some((mantissa, power)) => (
                mantissa,
                power.parse().map_err(|_| InvalidMoney::NotANumber)?,
            ),
            None => (digits, 0_i32),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return Err(InvalidMoney::NotANumber);
        }
        let places = i32::try_from(fraction.len()).map_err(|_| InvalidMoney::NotANumber)?;
        let shift = power.saturating_add(exponent).saturating_sub(places);
        let amount = Self::of_digits(&digits(), shift.saturating_add(PLACES))?;
        if negative && amount.0 > 0 {
            return Err(InvalidMoney::Negative);
        }
        if amount.nanos() > u128::from(u64::MAX) {
            return Err(InvalidMoney::TooLarge);
        }
        Ok(amount)
    }

    /// The number of these digits, times ten to the `shift`.
    fn of_digits(
        digits: &(impl Iterator<Item = u8> + Clone),
        shift: i32,
    ) -> Result<Self, InvalidMoney> {
        let length = digits.clone().count();
        let dropped = usize::try_from(shift.saturating_neg()).unwrap_or_default();
        let mut units: u128 = 0;
        for digit in digits.clone().take(length.saturating_sub(dropped)) {
            units = push(units, digit - b'0')?;
        }
        // The first digit that is not kept decides; more of them than there are is nothing.
        let first_dropped = length
            .checked_sub(dropped)
            .and_then(|kept| digits.clone().nth(kept));
        if dropped > 0 && first_dropped.is_some_and(|digit| digit >= b'5') {
            units += 1;
        }
        for _ in 0..shift {
            if units == 0 {
                break;
            }
            units = push(units, 0)?;
        }
        Ok(Self(units))
    }

    /// As many units of this price.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count as u128))
    }

    /// As many thousandths of a unit of this price, rounded half up to the 24th place.
    #[must_use]
    pub const fn times_thousandths(self, count: u64) -> Self {
        self.share(count, 1_000)
    }

    /// This amount times so many billionths, rounded half up to the 24th place: 1.1 is
    /// 1 100 000 000.
    #[must_use]
    pub const fn times_billionths(self, count: u64) -> Self {
        self.share(count, BILLION)
    }

    const fn share(self, count: u64, of: u128) -> Self {
        let (count, whole, rest) = (count as u128, self.0 / of, self.0 % of);
        let rest = (rest * count + of / 2) / of;
        Self(whole.saturating_mul(count).saturating_add(rest))
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// This without the other, or nothing when the other is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// In money, rounded half up to the billionth of a dollar: what has been spent.
    #[must_use]
    pub fn rounded(self) -> Money {
        Self(self.0.saturating_add(UNITS_OF_A_NANO / 2)).floor()
    }

    /// In money, never less than this: what has to be reserved.
    #[must_use]
    pub fn rounded_up(self) -> Money {
        Self(self.0.saturating_add(UNITS_OF_A_NANO - 1)).floor()
    }

    /// In trillionths of a dollar, rounded half up.
    #[must_use]
    pub const fn picodollars(self) -> u128 {
        self.0.saturating_add(UNITS_OF_A_PICO / 2) / UNITS_OF_A_PICO
    }

    /// Dollars times ten to the `exponent`, with as many places as it takes, exact: with 6 the
    /// price of a million tokens.
    #[must_use]
    pub fn to_decimal(self, exponent: u8) -> String {
        let places = usize::try_from(PLACES)
            .unwrap_or_default()
            .saturating_sub(usize::from(exponent));
        let digits = format!("{:0>width$}", self.0, width = places + 1);
        let (whole, fraction) = digits
            .split_at_checked(digits.len() - places)
            .unwrap_or((&digits, ""));
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }

    const fn nanos(self) -> u128 {
        self.0 / UNITS_OF_A_NANO
    }

    fn floor(self) -> Money {
        Money::from_nanos(u64::try_from(self.nanos()).unwrap_or(u64::MAX))
    }
}

fn push(units: u128, digit: u8) -> Result<u128, InvalidMoney> {
    units
        .checked_mul(10)
        .and_then(|units| units.checked_add(u128::from(digit)))
        .ok_or(InvalidMoney::TooLarge)
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self(u128::from(money.nanos()) * UNITS_OF_A_NANO)
    }
}

impl fmt::Display for Amount {
    /// Dollars with as many places as it takes: `0.0000025`, `25`. Each call that is charged writes
    /// one into a header: no memory is asked for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One division of large numbers; the others are of small ones.
        let picodollars = self.0 / UNITS_OF_A_PICO;
        let small = |number: u128| u64::try_from(number).unwrap_or_default();
        let low = small(self.0 - picodollars * UNITS_OF_A_PICO);
        let whole = small(picodollars / PICOS_OF_A_DOLLAR);
        let high = small(picodollars % PICOS_OF_A_DOLLAR);
        write!(f, "{whole}")?;
        match (high, low) {
            (0, 0) => Ok(()),
            (high, 0) => {
                let (places, digits) = trimmed(high);
                write!(f, ".{digits:0places$}")
            }
            (high, low) => {
                let (places, digits) = trimmed(low);
                write!(f, ".{high:012}{digits:0places$}")
            }
        }
    }
}

/// Twelve places without the zeros at their end: how many are left, and their digits.
const fn trimmed(mut digits: u64) -> (usize, u64) {
    let mut places = 12;
    while places > 1 && digits.is_multiple_of(10) {
        digits /= 10;
        places -= 1;
    }
    (places, digits)
}

#[cfg(test)]
mod tests {
    use super::Amount;
    use crate::{InvalidMoney, Money};

    fn amount(text: &str) -> Amount {
        Amount::from_decimal(text, 0).unwrap()
    }

    #[test]
    fn reads_the_decimal_text_exactly() {
        for (text, shown) in [
            ("0", "0"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("2.5e-06", "0.0000025"),
            ("2.5E-6", "0.0000025"),
            ("25e+1", "250"),
            ("1.25", "1.25"),
            (".5", "0.5"),
            ("5.", "5"),
            ("2.0000000000000002e-07", "0.00000020000000000000002"),
            ("2.384185791015625e-8", "0.00000002384185791015625"),
            // The 24th place is kept, the 25th rounded.
            ("1.4e-24", "0.000000000000000000000001"),
            ("1.5e-24", "0.000000000000000000000002"),
            ("4e-25", "0"),
            ("5e-25", "0.000000000000000000000001"),
            ("9e-26", "0"),
            ("9e-2147483648", "0"),
            ("0e999999999", "0"),
        ] {
            assert_eq!(amount(text).to_string(), shown, "{text}");
        }
        for text in [
            "18446744073.1",
            "0.000000000001",
            "0.100000000000000000000001",
        ] {
            let amount = amount(text);
            assert_eq!(amount.to_string(), text);
            assert_eq!(amount.to_decimal(0), text);
        }
        assert_eq!(Amount::MAX.to_string(), Amount::MAX.to_decimal(0));
        let price = Amount::from_decimal("2.5", -6).unwrap();
        assert_eq!(price, amount("2.5e-06"));
        assert_eq!(price.to_decimal(6), "2.5");
        assert_eq!(amount("1e-24").to_decimal(6), "0.000000000000000001");
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for (text, why) in [
            ("", InvalidMoney::NotANumber),
            (".", InvalidMoney::NotANumber),
            ("e5", InvalidMoney::NotANumber),
            ("1e", InvalidMoney::NotANumber),
            ("1 ", InvalidMoney::NotANumber),
            ("+1", InvalidMoney::NotANumber),
            ("1.2.3", InvalidMoney::NotANumber),
            ("inf", InvalidMoney::NotANumber),
            ("-1e-9", InvalidMoney::Negative),
            ("18446744074", InvalidMoney::TooLarge),
            ("1e99", InvalidMoney::TooLarge),
            ("1e2147483647", InvalidMoney::TooLarge),
        ] {
            assert_eq!(Amount::from_decimal(text, 0), Err(why), "{text}");
        }
    }

    #[test]
    fn multiplies_exactly_and_stops_at_the_end() {
        assert_eq!(amount("2.5e-06").times(1_000_000), amount("2.5"));
        assert_eq!(amount("0.006").times_thousandths(1_500), amount("0.009"));
        assert_eq!(amount("1e-24").times_thousandths(500), amount("1e-24"));
        assert_eq!(amount("1e-24").times_thousandths(499), Amount::ZERO);
        assert_eq!(amount("3").times_billionths(1_100_000_000), amount("3.3"));
        assert_eq!(amount("18446744073").times(u64::MAX), Amount::MAX);
        assert_eq!(Amount::MAX.times_thousandths(u64::MAX), Amount::MAX);
        assert_eq!(Amount::MAX.times_billionths(u64::MAX), Amount::MAX);
        assert_eq!(Amount::MAX.plus(amount("1")), Amount::MAX);
        assert_eq!(amount("1").less(amount("2")), Amount::ZERO);
    }

    #[test]
    fn becomes_money_in_a_stated_direction() {
        for (text, nearest, up) in [
            ("0", 0, 0),
            ("1e-24", 0, 1),
            ("4.999e-10", 0, 1),
            ("5e-10", 1, 1),
            ("1e-9", 1, 1),
        ] {
            assert_eq!(amount(text).rounded(), Money::from_nanos(nearest), "{text}");
            assert_eq!(amount(text).rounded_up(), Money::from_nanos(up), "{text}");
        }
        assert_eq!(Amount::MAX.rounded_up(), Money::from_nanos(u64::MAX));
        assert_eq!(Amount::from(Money::from_nanos(7)), amount("7e-9"));
        assert_eq!(amount("1.5e-12").picodollars(), 2);
    }
}
