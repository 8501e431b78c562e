//! What commands print for people.

use std::io::{IsTerminal as _, Write as _};

use unicode_width::UnicodeWidthStr as _;

/// Rows below their heads, each column as wide as it has to be.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
    rows_below(&heads, &rows)
}

/// The same for columns that are counted at run time; without heads where there are none.
pub(crate) fn rows_below(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads = (!heads.is_empty()).then(|| heads.iter().map(|head| one_line(head)).collect());
    let rows = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect());
    let lines: Vec<Vec<String>> = heads.into_iter().chain(rows).collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        widths.resize(widths.len().max(line.len()), 0);
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.width());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let mut shown = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            shown.push_str(cell);
            shown.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

/// Untrusted text as it may stand in a line of a terminal: what could move the cursor, change the
/// direction or hide is written as its number.
pub(crate) fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_unsafe(letter) {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters, line ends, marks that reorder text, and those that cannot be seen.
pub(crate) const fn is_unsafe(letter: char) -> bool {
    matches!(letter,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
    fn wide_letters_take_two_columns_and_none_rewrites_the_terminal() {
        let rows = [
            ["\u{65e5}\u{672c}".to_owned(), "x".to_owned()],
            ["e\u{301}".to_owned(), "y".to_owned()],
            ["a\u{1b}[2J\r\u{202e}".to_owned(), "z".to_owned()],
        ];
        assert_eq!(
            table(["name", "id"], &rows),
            "name                     id\n\
             \u{65e5}\u{672c}                     x\n\
             e\u{301}                        y\n\
             a\\u{1b}[2J\\u{d}\\u{202e}  z\n"
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
