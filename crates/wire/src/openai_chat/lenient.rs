//! Readers for what vendors send: a field of another type than documented counts as absent, so
//! that one odd field does not cost a whole reply.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The value, or nothing.
pub(crate) fn read<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

/// As [`read`], for a text; an empty one counts as absent.
pub(crate) fn read_text(raw: Option<&RawValue>) -> Option<String> {
    read(raw).filter(|text: &String| !text.is_empty())
}

/// As [`read`], for a count, which may be written `12.0`.
pub(crate) fn read_count(raw: Option<&RawValue>) -> Option<u64> {
    let number: Option<f64> = read(raw);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no count of tokens or seconds is near the limits; the cast saturates"
    )]
    number.map(|number| number as u64)
}

/// [`read`] for `#[serde(deserialize_with)]`.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(read)
}

/// [`read_text`] for `#[serde(deserialize_with)]`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer).map(read_text)
}

/// [`read_count`] for `#[serde(deserialize_with)]`; absent counts as zero.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(optional_count(deserializer)?.unwrap_or_default())
}

/// As [`count`], where absent and zero differ.
pub(crate) fn optional_count<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer).map(read_count)
}
