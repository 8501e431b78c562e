use std::fmt;
use std::str::FromStr;

use crate::Cycle;
use crate::calendar::{DAY_MS, Date, date_of, days_in, days_to};

/// The first Monday after 1970 began.
const MONDAY_MS: u64 = 4 * DAY_MS;

/// A length of time as LiteLLM writes it: `30s`, `30m`, `30h`, `30d`, `1w`, `1mo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    count: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
}

impl Unit {
    /// Longest suffix first: `1mo` ends in no other unit's suffix, `1m` does not end in `mo`.
    const ALL: [Self; 6] = [
        Self::Month,
        Self::Second,
        Self::Minute,
        Self::Hour,
        Self::Day,
        Self::Week,
    ];

    const fn suffix(self) -> &'static str {
        match self {
            Self::Second => "s",
            Self::Minute => "m",
            Self::Hour => "h",
            Self::Day => "d",
            Self::Week => "w",
            Self::Month => "mo",
        }
    }

    /// How many make a hundred years, roughly: the most that is accepted.
    const fn most(self) -> u32 {
        match self {
            Self::Second => 3_155_760_000,
            Self::Minute => 52_596_000,
            Self::Hour => 876_600,
            Self::Day => 36_525,
            Self::Week => 5_200,
            Self::Month => 1_200,
        }
    }
}

/// Why a text is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidPeriod {
    /// Not a whole number followed by a unit.
    NotAPeriod,
    /// Nothing at all.
    Zero,
    /// Over a hundred years.
    TooLong,
}

impl Period {
    /// Ninety days: how long a key lives unless it says otherwise.
    pub const NINETY_DAYS: Self = Self::days(90);

    /// A number of days.
    #[must_use]
    pub const fn days(count: u16) -> Self {
        Self {
            count: count as u32,
            unit: Unit::Day,
        }
    }

    /// Reads a period where LiteLLM also takes "never" (`-1`): `None` is never.
    ///
    /// # Errors
    /// As for [`str::parse`].
    pub fn parse_or_never(text: &str) -> Result<Option<Self>, InvalidPeriod> {
        match text {
            "-1" => Ok(None),
            _ => text.parse().map(Some),
        }
    }

    /// How often budgets of this period start anew: where LiteLLM goes by the calendar, by the
    /// calendar too (`1d` at midnight, `7d` and `1w` on Mondays, `30d` and `1mo` on the first, several
    /// months from one January on), each in UTC; anything else in steps of its length.
    ///
    /// Where no calendar says it, a step ends at `end`, if somebody knows of one, in milliseconds
    /// since 1970; else steps are counted from 1970, weeks from a Monday.
    #[must_use]
    pub fn cycle(self, end: Option<u64>) -> Cycle {
        let count = u64::from(self.count);
        match (self.unit, count) {
            (Unit::Second, _) => Cycle::steps(count * 1000, 0),
            (Unit::Minute, _) => Cycle::steps(count * 60_000, 0),
            (Unit::Hour, _) => Cycle::steps(count * 3_600_000, 0),
            (Unit::Day, 1) => Cycle::DAY,
            (Unit::Day, 7) | (Unit::Week, 1) => Cycle::steps(7 * DAY_MS, MONDAY_MS),
            (Unit::Day, 30) => Cycle::months(1),
            (Unit::Day, _) => Cycle::steps(count * DAY_MS, end.unwrap_or_default()),
            (Unit::Week, _) => Cycle::steps(count * 7 * DAY_MS, end.unwrap_or(MONDAY_MS)),
            (Unit::Month, _) => Cycle::months(self.count),
        }
    }

    /// When a period that starts at `start` is over; both in milliseconds since 1970, UTC.
    ///
    /// A month is one of the calendar: from the 31st it goes to the last day of a shorter month.
    #[must_use]
    pub fn after(self, start: u64) -> u64 {
        let count = u64::from(self.count);
        let length = match self.unit {
            Unit::Second => count * 1000,
            Unit::Minute => count * 60_000,
            Unit::Hour => count * 3_600_000,
            Unit::Day => count * DAY_MS,
            Unit::Week => count * 7 * DAY_MS,
            Unit::Month => return months_after(start, count),
        };
        start.saturating_add(length)
    }
}

fn months_after(start: u64, count: u64) -> u64 {
    let Date { year, month, day } = date_of(start / DAY_MS);
    let months = year * 12 + (month - 1) + count;
    let (year, month) = (months / 12, months % 12 + 1);
    let day = day.min(days_in(year, month));
    days_to(Date { year, month, day })
        .saturating_mul(DAY_MS)
        .saturating_add(start % DAY_MS)
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let (unit, digits) = Unit::ALL
            .iter()
            .find_map(|unit| Some((*unit, text.strip_suffix(unit.suffix())?)))
            .ok_or(InvalidPeriod::NotAPeriod)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidPeriod::NotAPeriod);
        }
        let count: u32 = digits.parse().map_err(|_| InvalidPeriod::TooLong)?;
        match count {
            0 => Err(InvalidPeriod::Zero),
            _ if count > unit.most() => Err(InvalidPeriod::TooLong),
            _ => Ok(Self { count, unit }),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.count, self.unit.suffix())
    }
}

impl fmt::Display for InvalidPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAPeriod => {
                "not a period; write a whole number and its unit: 30s, 30m, 30h, 30d, 1w, 1mo"
            }
            Self::Zero => "a period cannot be nothing; write at least 1s",
            Self::TooLong => "a period cannot be over a hundred years",
        })
    }
}

impl std::error::Error for InvalidPeriod {}

#[cfg(test)]
mod tests;
