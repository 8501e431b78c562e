use proptest::prelude::*;

use super::{InvalidPeriod, Period};
use crate::calendar::{DAY_MS, Date, date_of, days_to};

fn ms(year: u64, month: u64, day: u64) -> u64 {
    days_to(Date { year, month, day }) * DAY_MS
}

#[test]
fn reads_what_litellm_writes() {
    for (text, length) in [
        ("30s", 30_000),
        ("30m", 1_800_000),
        ("30h", 108_000_000),
        ("30d", 2_592_000_000),
        ("1w", 604_800_000),
    ] {
        let period: Period = text.parse().unwrap();
        assert_eq!(period.after(1_000), 1_000 + length, "{text}");
        assert_eq!(period.to_string(), text);
    }
    assert_eq!(Period::parse_or_never("-1"), Ok(None));
    assert_eq!(Period::parse_or_never("90d"), Ok(Some(Period::NINETY_DAYS)));
}

#[test]
fn refuses_what_is_no_period() {
    for (text, why) in [
        ("", InvalidPeriod::NotAPeriod),
        ("30", InvalidPeriod::NotAPeriod),
        ("d", InvalidPeriod::NotAPeriod),
        ("mo", InvalidPeriod::NotAPeriod),
        ("-1d", InvalidPeriod::NotAPeriod),
        ("+1d", InvalidPeriod::NotAPeriod),
        ("1.5h", InvalidPeriod::NotAPeriod),
        ("1 d", InvalidPeriod::NotAPeriod),
        ("1D", InvalidPeriod::NotAPeriod),
        ("1y", InvalidPeriod::NotAPeriod),
        ("\u{663}d", InvalidPeriod::NotAPeriod),
        ("0s", InvalidPeriod::Zero),
        ("00mo", InvalidPeriod::Zero),
        ("36526d", InvalidPeriod::TooLong),
        ("99999999999999999999s", InvalidPeriod::TooLong),
    ] {
        assert_eq!(text.parse::<Period>(), Err(why), "{text}");
    }
    assert!("-1".parse::<Period>().is_err(), "never is no period");
}

#[test]
fn a_month_is_one_of_the_calendar() {
    let after = |text: &str, start| text.parse::<Period>().unwrap().after(start);
    assert_eq!(after("1mo", ms(2026, 1, 31)), ms(2026, 2, 28));
    assert_eq!(after("1mo", ms(2028, 1, 31)), ms(2028, 2, 29));
    assert_eq!(after("1mo", ms(2026, 12, 15) + 77), ms(2027, 1, 15) + 77);
    assert_eq!(after("25mo", ms(2026, 11, 30)), ms(2028, 12, 30));
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(count in 1u32..=1200, unit in "s|m|h|d|w|mo") {
        let text = format!("{count}{unit}");
        let period: Period = text.parse().unwrap();
        prop_assert_eq!(period.to_string().parse(), Ok(period));
    }

    #[test]
    fn it_ends_after_it_starts_and_keeps_the_time_of_day(
        start in 0u64..4_102_444_800_000,
        count in 1u32..=1200,
    ) {
        let months: Period = format!("{count}mo").parse().unwrap();
        let end = months.after(start);
        prop_assert!(end > start);
        prop_assert_eq!(end % DAY_MS, start % DAY_MS);
        let (from, to) = (date_of(start / DAY_MS), date_of(end / DAY_MS));
        prop_assert_eq!(from.year * 12 + from.month + u64::from(count), to.year * 12 + to.month);
    }
}
