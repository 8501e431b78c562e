/// Milliseconds since 1970 of a time as `row_to_json` writes it, UTC: `2026-11-23T08:48:17.123`,
/// with or without an offset of zero.
pub(super) fn read(text: &str) -> Option<u64> {
    let text = text
        .strip_suffix('Z')
        .or_else(|| text.strip_suffix("+00:00"))
        .unwrap_or(text);
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.split('-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.split(':').map(number);
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let is_one = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !is_one {
        return None;
    }
    let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
    // Howard Hinnant's days_from_civil: years start in March.
    let year = year - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    Some(seconds * 1000 + number(&millis)?)
}

fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (text, expected) in [
            ("1970-01-01T00:00:00", Some(0)),
            ("2000-02-29T00:00:00.5", Some(951_782_400_500)),
            ("2026-11-23T08:48:17.123", Some(1_795_423_697_123)),
            ("2026-11-23 08:48:17.123456+00:00", Some(1_795_423_697_123)),
            ("2026-11-23T08:48:17Z", Some(1_795_423_697_000)),
            ("2026-11-23", None),
            ("2026-13-23T00:00:00", None),
            ("2026-11-23T08:48:17+02:00", None),
            ("infinity", None),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
