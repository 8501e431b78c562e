use crate::calendar::{DAY_MS, Date, date_of, days_to};

/// How often something that is counted starts anew. Which stretch of time a moment lies in follows
/// from the moment alone: every node, and every start, finds the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cycle(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Never,
    /// In milliseconds; one step starts at `offset`, which is less than the length.
    Steps {
        length: u64,
        offset: u64,
    },
    /// Of the calendar, counted from January 1970.
    Months(u32),
}

/// A stretch of time, in milliseconds since 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first millisecond.
    pub start: u64,
    /// The first millisecond after it; `u64::MAX` when it never ends.
    pub end: u64,
}

impl Cycle {
    /// It never starts anew.
    pub const NEVER: Self = Self(Kind::Never);
    /// At every full minute.
    pub const MINUTE: Self = Self::steps(60_000, 0);
    /// At every midnight.
    pub const DAY: Self = Self::steps(DAY_MS, 0);

    /// Steps of a length, one of which starts, or ends, at `at`.
    pub(crate) const fn steps(length: u64, at: u64) -> Self {
        let length = if length == 0 { 1 } else { length };
        let offset = at % length;
        Self(Kind::Steps { length, offset })
    }

    pub(crate) const fn months(count: u32) -> Self {
        Self(Kind::Months(if count == 0 { 1 } else { count }))
    }

    /// The stretch that `now` lies in.
    #[must_use]
    pub fn span(self, now: u64) -> Span {
        match self.0 {
            Kind::Never => Span::ALWAYS,
            Kind::Steps { length, offset } => {
                // Before the first whole step there is the end of one.
                let steps = now.checked_sub(offset).map(|since| since / length);
                let start = steps.map_or(0, |steps| offset + steps * length);
                let next = steps.map_or(0, |steps| steps + 1);
                Span {
                    start,
                    end: next.saturating_mul(length).saturating_add(offset),
                }
            }
            Kind::Months(count) => {
                let count = u64::from(count);
                let today = date_of(now / DAY_MS);
                let turn = ((today.year - 1970) * 12 + today.month - 1) / count;
                Span {
                    start: first_of(turn * count),
                    end: first_of((turn + 1) * count),
                }
            }
        }
    }
}

impl Span {
    /// All of time.
    pub const ALWAYS: Self = Self {
        start: 0,
        end: u64::MAX,
    };

    /// When it is over; `None`: never.
    #[must_use]
    pub const fn ends(self) -> Option<u64> {
        match self.end {
            u64::MAX => None,
            end => Some(end),
        }
    }
}

/// The start of the month that is so many after January 1970.
const fn first_of(months: u64) -> u64 {
    let first = Date {
        year: 1970 + months / 12,
        month: months % 12 + 1,
        day: 1,
    };
    days_to(first).saturating_mul(DAY_MS)
}

#[cfg(test)]
mod tests;
