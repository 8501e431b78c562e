//! JSON that every reader reads alike.

use serde::de::DeserializeOwned;

/// Reads one JSON object without duplicate keys at any depth; `None` for anything else.
pub(crate) fn read_object<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    // serde would also take an array for a struct.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    ironward_wire::check_strict(bytes).ok()?;
    serde_json::from_slice(bytes).ok()
}
