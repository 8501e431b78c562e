use std::fmt;
use std::str::FromStr;

/// An amount of United States dollars, exact to a billionth. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(u64);

/// Why a text or number is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidMoney {
    /// Not a decimal number.
    NotANumber,
    /// Below zero.
    Negative,
    /// Above 18 billion dollars.
    TooLarge,
}

const NANOS: u64 = 1_000_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in billionths of a dollar.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The amount in billionths of a dollar.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// The amount that a floating-point number's shortest decimal form says; digits after the
    /// ninth place are rounded half up.
    ///
    /// # Errors
    /// When it is negative, infinite, not a number or too large.
    pub fn from_dollars(dollars: f64) -> Result<Self, InvalidMoney> {
        if !dollars.is_finite() {
            return Err(InvalidMoney::NotANumber);
        }
        // The shortest form that reads back as the same number, never with an exponent.
        dollars.to_string().parse()
    }

    /// The nearest floating-point number of dollars: for a client that reads JSON numbers.
    #[must_use]
    pub fn to_dollars(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::MAX)
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction)
        {
            return Err(InvalidMoney::NotANumber);
        }
        let mut nanos: u64 = 0;
        let mut push = |digit: u8| -> Result<(), InvalidMoney> {
            nanos = nanos
                .checked_mul(10)
                .and_then(|nanos| nanos.checked_add(u64::from(digit - b'0')))
                .ok_or(InvalidMoney::TooLarge)?;
            Ok(())
        };
        for digit in whole.bytes() {
            push(digit)?;
        }
        let mut places = fraction.bytes();
        for _ in 0..9 {
            push(places.next().unwrap_or(b'0'))?;
        }
        if places.next().is_some_and(|digit| digit >= b'5') {
            nanos = nanos.checked_add(1).ok_or(InvalidMoney::TooLarge)?;
        }
        if negative && nanos > 0 {
            return Err(InvalidMoney::Negative);
        }
        Ok(Self(nanos))
    }
}

impl fmt::Display for Money {
    /// Dollars with as many places as it takes: `0.1`, `25`, `0.000000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, nanos) = (self.0 / NANOS, self.0 % NANOS);
        if nanos == 0 {
            return write!(f, "{whole}");
        }
        let places = format!("{nanos:09}");
        write!(f, "{whole}.{}", places.trim_end_matches('0'))
    }
}

impl fmt::Display for InvalidMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a number of dollars",
            Self::Negative => "an amount cannot be negative",
            Self::TooLarge => "an amount cannot be above 18 billion dollars",
        })
    }
}

impl std::error::Error for InvalidMoney {}

#[cfg(test)]
mod tests {
    use super::{InvalidMoney, Money};

    #[test]
    fn reads_what_configurations_hold() {
        for (dollars, nanos) in [
            (0.0, 0),
            (0.1, 100_000_000),
            (1e-9, 1),
            (1.5e-10, 0),
            (5e-10, 1),
            (25.0, 25_000_000_000),
            (1_000_000.000_001, 1_000_000_000_001_000),
        ] {
            assert_eq!(
                Money::from_dollars(dollars).map(Money::nanos),
                Ok(nanos),
                "{dollars}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for (text, why) in [
            ("", InvalidMoney::NotANumber),
            (".", InvalidMoney::NotANumber),
            ("1e3", InvalidMoney::NotANumber),
            ("1 ", InvalidMoney::NotANumber),
            ("+1", InvalidMoney::NotANumber),
            ("-0.01", InvalidMoney::Negative),
            ("18446744074", InvalidMoney::TooLarge),
            ("18446744073.7095516155", InvalidMoney::TooLarge),
        ] {
            assert_eq!(text.parse::<Money>(), Err(why), "{text}");
        }
        assert_eq!(
            Money::from_dollars(f64::INFINITY),
            Err(InvalidMoney::NotANumber)
        );
        assert_eq!(Money::from_dollars(1e300), Err(InvalidMoney::TooLarge));
        assert_eq!("-0.0".parse(), Ok(Money::ZERO));
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["0", "0.1", "25", "0.000000001", "18446744073.709551615"] {
            let money: Money = text.parse().unwrap();
            assert_eq!(money.to_string(), text);
        }
        assert!((Money::from_nanos(100_000_000).to_dollars() - 0.1).abs() < f64::EPSILON);
    }
}
