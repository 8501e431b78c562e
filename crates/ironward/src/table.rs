//! What commands print for people.

use std::io::{IsTerminal as _, Write as _};

/// Rows below their heads, each column as wide as it has to be.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = heads.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let all = std::iter::once(heads.map(str::to_owned)).chain(rows.iter().cloned());
    for row in all {
        let cells = row.iter().zip(widths);
        let line: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Says on a terminal how far something is; what is written to a file is no place for it.
pub(crate) fn progress(text: &str) {
    let mut out = std::io::stderr().lock();
    if out.is_terminal() {
        let _closed = writeln!(out, "{text}");
    }
}

/// Milliseconds or seconds since 1970 as a date: `2026-11-23`.
pub(crate) fn date(seconds: u64) -> String {
    // Howard Hinnant's civil_from_days, for days after 1970.
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day = days - era * 146_097;
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{date, table};

    #[test]
    fn columns_are_as_wide_as_they_have_to_be() {
        let rows = [["1".to_owned(), "current".to_owned()]];
        assert_eq!(
            table(["version", "state"], &rows),
            "version  state\n1        current\n"
        );
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_251_199, "2024-02-29"),
            (1_795_392_000, "2026-11-23"),
        ] {
            assert_eq!(date(seconds), expected);
        }
    }
}
