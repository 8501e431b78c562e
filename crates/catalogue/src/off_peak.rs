use std::fmt;

/// The hours in which a provider asks less.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OffPeak {
    /// In any of these.
    pub windows: Vec<Window>,
    /// By how many hours the weekdays are ahead of UTC; the times of day are UTC.
    pub weekdays_ahead: i8,
}

/// A part of some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// A bit a day, the lowest for Monday.
    pub weekdays: u8,
    /// The first minute of the day.
    pub from: u16,
    /// The minute at which it is over; 1440 is the end of the day.
    pub until: u16,
}

const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

impl OffPeak {
    /// Whether this second since 1970 is in one of the windows.
    #[must_use]
    pub fn holds(&self, seconds: u64) -> bool {
        let minute = seconds % DAY / 60;
        let ahead = u64::from(self.weekdays_ahead.unsigned_abs()) * HOUR;
        let local = if self.weekdays_ahead < 0 {
            seconds.saturating_sub(ahead)
        } else {
            seconds.saturating_add(ahead)
        };
        // The first of January 1970 was a Thursday.
        let weekday = (local / DAY + 3) % 7;
        self.windows.iter().any(|window| {
            window.weekdays & 1 << weekday != 0
                && (u64::from(window.from)..u64::from(window.until)).contains(&minute)
        })
    }

    /// Reads what [`fmt::Display`] writes.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (windows, ahead) = text.split_once('/').unwrap_or((text, "0"));
        let windows: Option<Vec<Window>> = windows.split(',').map(Window::read).collect();
        Some(Self {
            windows: windows?,
            weekdays_ahead: ahead.parse().ok()?,
        })
    }
}

impl Window {
    fn read(text: &str) -> Option<Self> {
        let (days, times) = text.split_once('@')?;
        let (from, until) = times.split_once('-')?;
        let mut weekdays = 0;
        for day in days.bytes() {
            if !(b'1'..=b'7').contains(&day) {
                return None;
            }
            weekdays |= 1 << (day - b'1');
        }
        Some(Self {
            weekdays,
            from: minute(from)?,
            until: minute(until)?,
        })
    }
}

/// Reads `07:30` as a minute of the day.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour.checked_mul(60)?.checked_add(minute)?;
    (minute < 60 && all <= 1_440).then_some(all)
}

impl fmt::Display for OffPeak {
    /// Weekdays from 1 for Monday, and times: `12345@00:00-01:00,67@00:00-24:00/8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, window) in self.windows.iter().enumerate() {
            f.write_str(if number == 0 { "" } else { "," })?;
            for day in (0..7).filter(|day| window.weekdays & 1 << day != 0) {
                write!(f, "{}", day + 1)?;
            }
            let (from, until) = (window.from, window.until);
            write!(f, "@{:02}:{:02}", from / 60, from % 60)?;
            write!(f, "-{:02}:{:02}", until / 60, until % 60)?;
        }
        if self.weekdays_ahead != 0 {
            write!(f, "/{}", self.weekdays_ahead)?;
        }
        Ok(())
    }
}
