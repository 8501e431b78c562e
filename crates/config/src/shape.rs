//! Values of a type, read from text: what is expected, what was found, what to write instead.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::node::{Value, switch};
use crate::reader::{Field, Reader, Text, found};
use crate::show::shown_value;

/// The longest time that can be configured: a week. Longer ones are mistakes of a unit.
const MAX_SECONDS: f64 = 7.0 * 24.0 * 3600.0;

impl Reader<'_> {
    /// `true` or `false`.
    pub(crate) fn switch(&mut self, field: &Field<'_>) -> Option<bool> {
        self.typed(field, "true or false", |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => switch(text),
        })
    }

    /// A whole number from 0.
    pub(crate) fn whole(&mut self, field: &Field<'_>) -> Option<u32> {
        self.typed(field, "a whole number such as 3", |text| text.parse().ok())
    }

    /// A size in MiB: a whole number above zero.
    pub(crate) fn mebibytes(&mut self, field: &Field<'_>) -> Option<u32> {
        let expected = "a whole number of MiB above zero, such as 32";
        self.typed(field, expected, |text| {
            text.parse().ok().filter(|size| *size > 0)
        })
    }

    /// A large whole number from 0; `_` may group its digits, and `1e6` is a million.
    pub(crate) fn count(&mut self, field: &Field<'_>) -> Option<u64> {
        self.typed(field, "a whole number such as 1000", parse_count)
    }

    /// A finite number from 0.
    pub(crate) fn number(&mut self, field: &Field<'_>) -> Option<f64> {
        self.typed(field, "a number from 0 such as 0.5", parse_number)
    }

    /// A length of time above zero.
    pub(crate) fn seconds(&mut self, field: &Field<'_>) -> Option<Duration> {
        let expected = "a time above zero in seconds, such as 30, '30s' or '5m'";
        self.typed(field, expected, |text| {
            parse_duration(text).filter(|time| !time.is_zero())
        })
    }

    /// A length of time; zero for none.
    pub(crate) fn pause(&mut self, field: &Field<'_>) -> Option<Duration> {
        let expected = "a time in seconds, such as 0, 2.5 or '30s'";
        self.typed(field, expected, parse_duration)
    }

    /// Text that is not empty, without surrounding white space.
    pub(crate) fn word(&mut self, field: &Field<'_>) -> Option<String> {
        self.typed(field, "text", |text| {
            (!text.is_empty()).then(|| text.to_owned())
        })
    }

    /// What others refer to something by. In a file it is a word; from the database it means itself,
    /// with white space around it if there is any.
    pub(crate) fn name(&mut self, field: &Field<'_>) -> Option<String> {
        if !self.is_literal {
            return self.word(field);
        }
        let text = self.text(field)?.text.to_string();
        if text.is_empty() {
            self.problem(field, "expected text, found an empty text");
            return None;
        }
        Some(text)
    }

    /// A list of texts; a single text is a list of one.
    pub(crate) fn words(&mut self, field: &Field<'_>) -> Option<Vec<String>> {
        if matches!(field.node.value, Value::Scalar(_)) {
            return Some(vec![self.word(field)?]);
        }
        let items = self.items(field)?;
        items.iter().map(|item| self.word(item)).collect()
    }

    /// A file. A relative path starts where the configuration file is that names it.
    pub(crate) fn file(&mut self, field: &Field<'_>) -> Option<PathBuf> {
        if let Value::Scalar(scalar) = &field.node.value
            && self.is_of_service(&scalar.text)
        {
            self.problem(
                field,
                "the path of a file is no secret of a service; write it here",
            );
            return None;
        }
        let path = self.word(field)?;
        Some(Path::new(&*field.node.place.file).with_file_name(path))
    }

    /// Reads trimmed text with `parse`; what it refuses is reported.
    fn typed<T>(
        &mut self,
        field: &Field<'_>,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        if !matches!(field.node.value, Value::Scalar(_)) || field.node.is_null() {
            let found = found(field.node);
            self.problem(field, format!("expected {expected}, found {found}"));
            return None;
        }
        let text = self.text(field)?;
        let value = parse(text.text.trim());
        if value.is_none() {
            let found = found_text(&text);
            self.problem(field, format!("expected {expected}, found {found}"));
        }
        value
    }
}

fn found_text(text: &Text) -> String {
    match text.source.name() {
        Some(source) => format!("something else in {source}"),
        None if text.text.trim().is_empty() => "an empty text".to_owned(),
        None => shown_value(&text.text),
    }
}

fn parse_number(text: &str) -> Option<f64> {
    let number: f64 = text.replace('_', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole, not negative and below 2^53, where every f64 is exact"
)]
fn parse_count(text: &str) -> Option<u64> {
    let digits = text.replace('_', "");
    if let Ok(count) = digits.parse() {
        return Some(count);
    }
    let number = parse_number(&digits)?;
    (number.fract() == 0.0 && number < 9_007_199_254_740_992.0).then_some(number as u64)
}

fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 4] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)))
        .unwrap_or((text, 1.0));
    let seconds = parse_number(number.trim_end())? * factor;
    (seconds <= MAX_SECONDS)
        .then(|| Duration::try_from_secs_f64(seconds).ok())
        .flatten()
}

#[cfg(test)]
mod tests;
