//! Where a provider is, and the key that opens it.

use ironward_core::{Origin, Reach, Scheme};
use ironward_secret::Secret;

use super::{Draft, ModelParams};
use crate::Placed;
use crate::placeholder::looks_like_placeholder;
use crate::reader::{Field, Reader};

/// Reads `api_key`.
pub(super) fn read_key(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(key) = reader.text(field) else {
        return;
    };
    if key.text.trim().is_empty() {
        let message = match key.source.name() {
            Some(source) => format!("{source} is empty; set it to the key"),
            None => "an empty key; write os.environ/NAME, or leave api_key out".to_owned(),
        };
        return reader.problem(field, message);
    }
    if looks_like_placeholder(&key.text) {
        let source = key.source.name();
        let source = source.unwrap_or_else(|| "this key".to_owned());
        let message = format!(
            "{source} looks like a placeholder, which the provider will refuse; \
             write os.environ/NAME and set that variable to the real key"
        );
        reader.notice(field, message);
    }
    let secret = Secret::new(key.text.as_bytes());
    if secret.header("").is_err() {
        let message = "the key holds a line break or another character that no header can carry; \
                       copy it again";
        return reader.problem(field, message);
    }
    draft.params.api_key = Some(secret);
}

/// Reads `api_base`.
pub(super) fn read_base(draft: &mut Draft, reader: &mut Reader<'_>, field: &Field<'_>) {
    let Some(base) = reader.text(field) else {
        return;
    };
    match Origin::parse(base.text.trim()) {
        Ok(value) => {
            draft.params.api_base = Some(Placed {
                value,
                place: field.node.place.clone(),
            });
        }
        Err(error) => {
            let source = match base.source.name() {
                Some(source) => format!("{source} does not hold a base URL"),
                None => "not a base URL".to_owned(),
            };
            let message = format!("{source}: {error}; write https://HOST[:PORT][/PATH]");
            reader.problem(field, message);
        }
    }
}

/// A key that would cross the internet in the clear is worth a word.
pub(super) fn check_plaintext(reader: &mut Reader<'_>, field: &Field<'_>, params: &ModelParams) {
    if let (Some(base), Some(_)) = (&params.api_base, &params.api_key)
        && base.value.scheme == Scheme::Http
        && base.value.reach == Reach::Public
    {
        let message = "plain http to a public host: the key and every conversation can be read \
                       on the way; write https";
        reader.notice_at(&base.place, &format!("{}.api_base", field.path), message);
    }
}
