//! Readers for what vendors send: a field of another type than documented counts as absent, so
//! that one odd field does not cost a whole reply.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// For `#[serde(deserialize_with)]`: the value, or nothing.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = Option::<&'de RawValue>::deserialize(deserializer)?;
    Ok(raw.and_then(|raw| serde_json::from_str(raw.get()).ok()))
}

/// As [`optional`], for a text; an empty one counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(optional::<D, String>(deserializer)?.filter(|text| !text.is_empty()))
}

/// As [`optional`], for a count, which may be written `12.0`; absent counts as zero.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(optional_count(deserializer)?.unwrap_or_default())
}

/// As [`count`], where absent and zero differ.
pub(crate) fn optional_count<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let number = optional::<D, f64>(deserializer)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no count of tokens or seconds is near the limits; the cast saturates"
    )]
    Ok(number.map(|number| number as u64))
}
