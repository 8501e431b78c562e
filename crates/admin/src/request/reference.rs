use serde_json::{Value, json};

use super::{FromJson, Place, Problems, shortened};

/// What the configuration file resolves, and what shells and other gateways do. A value that came
/// over the network is never resolved; where it would be taken for a secret, it is refused so that
/// nobody believes it was.
const PREFIXES: [&str; 12] = [
    "os.environ/",
    "os.environ[",
    "env:",
    "env/",
    "env://",
    "file:",
    "vault:",
    "vault/",
    "aws-sm:",
    "gcp-sm:",
    "azure-kv:",
    "secret:",
];

/// A value that LiteLLM would look through for references to secrets kept elsewhere. None is
/// resolved here, so none is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal(pub(crate) Value);

impl FromJson for Literal {
    fn from_json(value: Value, at: Place<'_>, problems: &mut Problems) -> Option<Self> {
        refuse_references(&value, at, problems);
        Some(Self(value))
    }

    fn schema() -> Value {
        json!({})
    }
}

/// Reports each reference in `value` at its place.
pub(crate) fn refuse_references(value: &Value, at: Place<'_>, problems: &mut Problems) {
    match value {
        Value::String(text) if is_reference(text) => problems.value(
            &at,
            "references are resolved in the configuration file only; send the value itself",
        ),
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                refuse_references(item, Place::Item(&at, position), problems);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                let name = shortened(name);
                refuse_references(item, Place::Field(&at, &name), problems);
            }
        }
        _ => {}
    }
}

fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let starts = |prefix: &&str| {
        text.get(..prefix.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    PREFIXES.iter().any(starts) || text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    #[test]
    fn references_are_told_from_values() {
        for text in [
            "os.environ/OPENAI_API_KEY",
            " OS.ENVIRON/X",
            "env:X",
            "file:///etc/passwd",
            "file:/x",
            "vault://secret/x#y",
            "${HOME}",
            "prefix-${X}",
            "aws-sm://x",
        ] {
            assert!(is_reference(text), "{text}");
        }
        for text in [
            "sk-abc",
            "https://api.openai.com/v1",
            "environment",
            "$5",
            "profile:x",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
