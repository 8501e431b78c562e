//! Days of the proleptic Gregorian calendar, UTC: no clock, no time zones.

pub(crate) const DAY_MS: u64 = 86_400_000;

/// A date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: u64,
    /// 1 to 12.
    pub(crate) month: u64,
    /// 1 to 31.
    pub(crate) day: u64,
}

/// The date of the day that is `days` after 1970-01-01, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>): years start in March, so that the
/// leap day is the last one.
pub(crate) const fn date_of(days: u64) -> Date {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    Date {
        year: era * 400 + year + (month <= 2) as u64,
        month,
        day: of_year - (153 * march_month + 2) / 5 + 1,
    }
}

/// The number of days from 1970-01-01 to a date that is not before it.
pub(crate) const fn days_to(date: Date) -> u64 {
    let year = date.year - (date.month <= 2) as u64;
    let (era, of_era) = (year / 400, year % 400);
    let march_month = (date.month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + date.day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// How many days a month has.
pub(crate) const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Reads what [`timestamp`] writes, in UTC, with or without a fraction of a second; a date alone is
/// its start. In milliseconds since 1970.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00Z"));
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let is_date = year >= 1970 && (1..=12).contains(&month);
    if !is_date || day == 0 || day > days_in(year, month) {
        return None;
    }
    let time = time
        .strip_suffix('Z')
        .or_else(|| time.strip_suffix("+00:00"))?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_time = hour < 24 && minute < 60 && second < 60;
    if !is_time || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    let seconds = (hour * 60 + minute) * 60 + second;
    let days = days_to(Date { year, month, day });
    Some(days * DAY_MS + seconds * 1000 + thousandths.parse::<u64>().ok()?)
}

/// The numbers of a text, each of its length.
fn numbers<const N: usize>(text: &str, between: char, lengths: [usize; N]) -> Option<[u64; N]> {
    let mut parts = text.split(between);
    let mut read = [0; N];
    for (number, length) in read.iter_mut().zip(lengths) {
        let part = parts.next().filter(|part| part.len() == length)?;
        let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
        *number = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(read)
}

/// A time as people and LiteLLM's clients read it: `2026-11-23T08:48:17Z`.
#[must_use]
pub fn timestamp(ms: u64) -> String {
    let Date { year, month, day } = date_of(ms / DAY_MS);
    let second = ms % DAY_MS / 1000;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, Date, date_of, days_in, days_to, parse_timestamp, timestamp};

    #[test]
    fn every_day_of_five_centuries_follows_the_one_before() {
        let mut expected = Date {
            year: 1970,
            month: 1,
            day: 1,
        };
        for days in 0..182_621 {
            assert_eq!(date_of(days), expected);
            assert_eq!(days_to(expected), days);
            expected.day += 1;
            if expected.day > days_in(expected.year, expected.month) {
                expected.day = 1;
                expected.month += 1;
            }
            if expected.month > 12 {
                expected.month = 1;
                expected.year += 1;
            }
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for ms in [0, 951_782_400_000, 1_795_000_000_000, 4_102_444_799_000] {
            assert_eq!(parse_timestamp(&timestamp(ms)), Some(ms));
        }
        assert_eq!(parse_timestamp("1970-01-02"), Some(86_400_000));
        assert_eq!(parse_timestamp("1970-01-01T00:00:01.5+00:00"), Some(1500));
        for text in [
            "",
            "never",
            "1969-12-31",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01-01",
            "+026-01-01",
            "2026-01-01T00:00:00+02:00",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(timestamp(DAY_MS - 1), "1970-01-01T23:59:59Z");
    }
}
