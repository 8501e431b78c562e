use http::header::Entry;
use http::{HeaderName, HeaderValue};

use super::Draft;
use crate::reader::{Field, Reader};
use crate::show::shown_key;

/// Headers that belong to the connection or to the gateway; a second one would change where a
/// request ends or whom it is for.
const RESERVED: [&str; 11] = [
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers in which providers expect their key.
const KEYS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// Reads `extra_headers`.
pub(super) fn read(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    for entry in reader.entries(field).unwrap_or_default() {
        let field = field.entry(entry);
        let Some((name, value)) = read_one(reader, &entry.key, &field) else {
            continue;
        };
        match draft.params.extra_headers.entry(name) {
            Entry::Vacant(slot) => {
                slot.insert(value);
            }
            Entry::Occupied(_) => reader.notice(&field, "this header is set already, ignored"),
        }
    }
}

fn read_one(
    reader: &mut Reader<'_>,
    name: &str,
    field: &Field<'_>,
) -> Option<(HeaderName, HeaderValue)> {
    let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
        let message = format!(
            "the key {} is no header name; write letters, digits and '-'",
            shown_key(name)
        );
        reader.problem_at(field.key_place, &field.path, message);
        return None;
    };
    if RESERVED.contains(&parsed.as_str()) {
        let message = "the gateway sets this header itself; remove it";
        reader.problem_at(field.key_place, &field.path, message);
        return None;
    }
    if KEYS.contains(&parsed.as_str()) {
        let message = "a key in a header of the configuration is not kept apart from requests, \
                       as api_key is; write api_key where the provider takes it";
        reader.notice(field, message);
    }
    let text = reader.text(field)?;
    let Ok(mut value) = HeaderValue::from_str(text.text.trim()) else {
        let message = "no header can carry this value; remove line breaks and control characters";
        reader.problem(field, message);
        return None;
    };
    value.set_sensitive(true);
    Some((parsed, value))
}
