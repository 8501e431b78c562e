use super::Hours;
use crate::calendar::DAY_MS;

const DAY: u16 = 1440;
const MINUTE_MS: u64 = 60_000;
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Spans of the week in minutes from Monday 00:00 UTC, in order, none touching the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Week {
    spans: Box<[(u16, u16)]>,
}

impl Week {
    /// What a list of hours means together.
    pub(super) fn of(hours: &[Hours]) -> Result<Self, (String, String)> {
        let mut spans: Vec<(u16, u16)> = Vec::new();
        for span in hours {
            let Hours { days, from, to } = span;
            let wrong = |why: &str| {
                let item = format!("days {days:?} from minute {from} to {to}");
                Err((item, why.to_owned()))
            };
            if *to > DAY || from >= to {
                return wrong(
                    "the minutes of a day go from 0 to 1440, the first before the last; \
                     write a night as two spans",
                );
            }
            if days.is_empty() || days.iter().any(|day| *day > 6) {
                return wrong("days go from 0 (Monday) to 6 (Sunday), at least one");
            }
            let on = |day: &u8| (u16::from(*day) * DAY + from, u16::from(*day) * DAY + to);
            spans.extend(days.iter().map(on));
        }
        spans.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match merged.last_mut() {
                Some((_, end)) if *end >= from => *end = to.max(*end),
                _ => merged.push((from, to)),
            }
        }
        Ok(Self {
            spans: merged.into(),
        })
    }

    /// Whether a time, in milliseconds since 1970, lies within.
    pub(super) fn covers(&self, now: u64) -> bool {
        let minute = minute_of_week(now);
        let within = |(from, to): &(u16, u16)| (*from..*to).contains(&minute);
        self.spans.iter().any(within)
    }

    /// The first span that does not lie within `wide`.
    pub(super) fn outside(&self, wide: &Self) -> Option<String> {
        let is_within = |(from, to): &(u16, u16)| {
            let mut spans = wide.spans.iter();
            spans.any(|(first, last)| first <= from && to <= last)
        };
        let (from, to) = self.spans.iter().find(|span| !is_within(span))?;
        Some(format!("{} to {}", written(*from), written(*to)))
    }
}

/// A time of the week for people: `Mon 09:30`.
pub(super) fn time_of_week(now: u64) -> String {
    written(minute_of_week(now))
}

fn minute_of_week(now: u64) -> u16 {
    // 1970-01-01 was a Thursday.
    let monday = 3 * DAY_MS;
    let minute = (now % (7 * DAY_MS) + monday) % (7 * DAY_MS) / MINUTE_MS;
    u16::try_from(minute).unwrap_or_default()
}

fn written(minute: u16) -> String {
    // The end of the week is Monday's 00:00 again.
    let day = DAYS.get(usize::from(minute / DAY % 7)).unwrap_or(&"");
    let of_day = minute % DAY;
    format!("{day} {:02}:{:02}", of_day / 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::{Hours, Week, time_of_week};

    const HOUR_MS: u64 = 3_600_000;
    /// Monday, 1970-01-05, 00:00 UTC.
    const MONDAY: u64 = 4 * 24 * HOUR_MS;

    fn hours(days: &[u8], from: u16, to: u16) -> Hours {
        Hours {
            days: days.to_vec(),
            from,
            to,
        }
    }

    #[test]
    fn office_hours_cover_the_working_week() {
        let week = Week::of(&[hours(&[0, 1, 2, 3, 4], 9 * 60, 17 * 60)]).unwrap();
        assert!(week.covers(MONDAY + 9 * HOUR_MS));
        assert!(!week.covers(MONDAY + 9 * HOUR_MS - 1));
        assert!(!week.covers(MONDAY + 17 * HOUR_MS));
        assert!(week.covers(MONDAY + (4 * 24 + 16) * HOUR_MS));
        assert!(!week.covers(MONDAY + (5 * 24 + 10) * HOUR_MS));
        assert_eq!(time_of_week(MONDAY + 9 * HOUR_MS), "Mon 09:00");
        assert_eq!(time_of_week(0), "Thu 00:00");
        assert!(!Week::of(&[]).unwrap().covers(MONDAY));
    }

    #[test]
    fn spans_that_touch_are_one() {
        let wide = Week::of(&[hours(&[0, 1], 0, 1440)]).unwrap();
        let over_midnight = [hours(&[0], 1200, 1440), hours(&[1], 0, 60)];
        let night = Week::of(&over_midnight).unwrap();
        assert_eq!(night.outside(&wide), None);
        assert_eq!(
            wide.outside(&night).unwrap(),
            "Mon 00:00 to Wed 00:00",
            "the whole of both days"
        );
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for (days, from, to) in [
            (&[7u8][..], 0, 60),
            (&[], 0, 60),
            (&[0], 60, 60),
            (&[0], 1200, 60),
            (&[0], 0, 1441),
        ] {
            assert!(Week::of(&[hours(days, from, to)]).is_err());
        }
    }
}
