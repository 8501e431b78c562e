use std::collections::BTreeMap;

use ironward_secret::Secret;
use ironward_store::objects::Metadata;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::names::{is_open_in_credential, is_secret};
use crate::request::{FromJson, Place, Problems, refuse_references, shortened};

/// The plaintext of a secret while its request is worked on. It has no `Debug`.
pub(crate) struct SecretText(Zeroizing<String>);

impl SecretText {
    /// The secret.
    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.0.as_bytes())
    }
}

/// What a request says of values that may be secrets, by name; `None` takes the value away.
#[derive(Default)]
pub(crate) struct Values {
    pub(crate) open: BTreeMap<Box<str>, Option<Value>>,
    pub(crate) secret: BTreeMap<Box<str>, Option<SecretText>>,
}

/// `litellm_params`.
#[derive(Default)]
pub(crate) struct Params(pub(crate) Values);

/// `credential_values`.
#[derive(Default)]
pub(crate) struct CredentialValues(pub(crate) Values);

/// An object that is kept and shown as it is, so that no secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct OpenValues(pub(crate) Metadata);

/// The most characters of a name.
const LONGEST_NAME: usize = 128;

impl Values {
    fn read(
        value: Value,
        at: Place<'_>,
        problems: &mut Problems,
        is_sealed: fn(&str) -> bool,
    ) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in Map::from_json(value, at, problems)? {
            let shown = shortened(&name);
            let at = Place::Field(&at, &shown);
            if !is_name(&name) {
                problems.value(&at, "a name has 1 to 128 letters, digits and any of _ - .");
                continue;
            }
            refuse_references(&value, at, problems);
            if is_sealed(&name) {
                let text = match value {
                    Value::Null => None,
                    value => Some(secret_text(value, at, problems)?),
                };
                read.secret.insert(name.into(), text);
            } else {
                refuse_secrets(&value, at, problems);
                let value = (!value.is_null()).then_some(value);
                read.open.insert(name.into(), value);
            }
        }
        Some(read)
    }
}

/// Names stand in logs and in errors.
fn is_name(name: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(is_good)
}

/// A secret is text; an object, such as a service account's key file, is sealed as JSON.
fn secret_text(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<SecretText> {
    let text = match value {
        Value::String(text) => Zeroizing::new(text),
        Value::Object(shown) if shown.contains_key("fingerprint") => {
            problems.value(
                &at,
                "this stands for a secret that is kept; send the secret, or leave the name out",
            );
            return None;
        }
        Value::Object(_) => Zeroizing::new(value.to_string()),
        _ => {
            problems.shape(&at, "string_type", "Input should be a valid string");
            return None;
        }
    };
    if text.trim().is_empty() {
        problems.value(&at, "a secret is not empty; send null to take it away");
    }
    Some(SecretText(text))
}

/// Inside of what is kept open, no name may look like a secret's: nothing there is sealed.
fn refuse_secrets(value: &Value, at: Place<'_>, problems: &mut Problems) {
    match value {
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                refuse_secrets(item, Place::Item(&at, position), problems);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                let shown = shortened(name);
                let at = Place::Field(&at, &shown);
                if is_secret(name) && (item.is_string() || item.is_object()) {
                    problems.value(
                        &at,
                        "this looks like a secret, and nothing is sealed here; send it as a \
                         parameter of the model or in credential_values",
                    );
                }
                refuse_secrets(item, at, problems);
            }
        }
        _ => {}
    }
}

impl FromJson for Params {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        Values::read(value, at, problems, is_secret).map(Self)
    }

    fn schema() -> Value {
        json!({"type": "object"})
    }
}

impl FromJson for CredentialValues {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        let is_sealed = |name: &str| !is_open_in_credential(name);
        let mut values = Values::read(value, at, problems, is_sealed)?;
        for (name, value) in &mut values.open {
            let written = match value.take() {
                None => continue,
                Some(Value::String(text)) => text,
                Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
                Some(_) => {
                    let at = Place::Field(&at, name);
                    problems.shape(&at, "string_type", "Input should be a valid string");
                    return None;
                }
            };
            *value = Some(Value::String(written));
        }
        Some(Self(values))
    }

    fn schema() -> Value {
        json!({"type": "object", "additionalProperties": {"type": ["string", "object", "boolean", "null"]}})
    }
}

impl FromJson for OpenValues {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        refuse_references(&value, at, problems);
        refuse_secrets(&value, at, problems);
        Map::from_json(value, at, problems).map(Self)
    }

    fn schema() -> Value {
        json!({"type": "object"})
    }
}
