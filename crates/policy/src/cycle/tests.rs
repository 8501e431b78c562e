use proptest::prelude::*;

use super::{Cycle, Span};
use crate::{Period, parse_timestamp, timestamp};

fn ms(text: &str) -> u64 {
    parse_timestamp(text).unwrap()
}

/// The stretch of `cycle` in which `now` lies, as text.
fn span(cycle: Cycle, now: &str) -> (String, String) {
    let Span { start, end } = cycle.span(ms(now));
    (timestamp(start), timestamp(end))
}

fn cycle(period: &str, end: Option<&str>) -> Cycle {
    period.parse::<Period>().unwrap().cycle(end.map(ms))
}

/// Wednesday.
const NOW: &str = "2026-11-25T10:17:42Z";

#[test]
fn it_turns_where_the_calendar_does() {
    for (period, start, end) in [
        ("30s", "2026-11-25T10:17:30Z", "2026-11-25T10:18:00Z"),
        ("1m", "2026-11-25T10:17:00Z", "2026-11-25T10:18:00Z"),
        ("30m", "2026-11-25T10:00:00Z", "2026-11-25T10:30:00Z"),
        ("6h", "2026-11-25T06:00:00Z", "2026-11-25T12:00:00Z"),
        ("24h", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"),
        ("1d", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"),
        ("7d", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("1w", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("30d", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("1mo", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("3mo", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("12mo", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
    ] {
        let expected = (start.to_owned(), end.to_owned());
        // What the calendar says, a known end does not change.
        for known in [None, Some("2026-12-09T13:00:00Z")] {
            assert_eq!(span(cycle(period, known), NOW), expected, "{period}");
        }
    }
    assert_eq!(cycle("1d", None), Cycle::DAY);
    assert_eq!(cycle("60s", None), Cycle::MINUTE);
}

#[test]
fn it_ends_when_somebody_knows_its_end() {
    let of = |now| span(cycle("10d", Some("2026-12-02T00:00:00Z")), now);
    let around = |start: &str, end: &str| (start.to_owned(), end.to_owned());
    let first = around("2026-11-22T00:00:00Z", "2026-12-02T00:00:00Z");
    assert_eq!(of(NOW), first);
    let next = around("2026-12-02T00:00:00Z", "2026-12-12T00:00:00Z");
    assert_eq!(of("2026-12-02T00:00:00Z"), next);
    let fortnight = span(cycle("2w", Some("2026-11-27T00:00:00Z")), NOW);
    assert_eq!(
        fortnight,
        around("2026-11-13T00:00:00Z", "2026-11-27T00:00:00Z")
    );
    let start = cycle("2w", None).span(ms(NOW)).start;
    assert_eq!(cycle("1w", None).span(start).start, start, "a Monday");
}

#[test]
fn what_never_turns_never_ends() {
    assert_eq!(Cycle::NEVER.span(ms(NOW)), Span::ALWAYS);
    assert_eq!(Span::ALWAYS.ends(), None);
    assert_eq!(Cycle::MINUTE.span(60_000).ends(), Some(120_000));
}

proptest! {
    #[test]
    fn each_moment_lies_in_one_stretch(
        now in 0u64..4_102_444_800_000,
        count in 1u32..=1200,
        unit in "s|m|h|d|w|mo",
        end in proptest::option::of(0u64..4_102_444_800_000),
    ) {
        let period: Period = format!("{count}{unit}").parse().unwrap();
        let cycle = period.cycle(end);
        let span = cycle.span(now);
        prop_assert!(span.start <= now && now < span.end);
        prop_assert_eq!(cycle.span(span.end - 1), span);
        prop_assert_eq!(cycle.span(span.start), span);
        prop_assert_eq!(cycle.span(span.end).start, span.end);
    }
}
