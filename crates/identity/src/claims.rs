use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::json::read_object;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(Map<String, Value>);

impl Claims {
    /// Reads one JSON object without duplicate keys.
    pub(crate) fn read(json: &[u8]) -> Option<Self> {
        read_object(json).map(Self)
    }

    /// The value of the claim at `path`, a nested one with dots: text as it is, a whole number or
    /// a truth value as JSON writes it.
    ///
    /// A name may itself hold dots (`kubernetes.io.serviceaccount.name`, with `kubernetes.io` as
    /// the first name), so every way to cut the path is looked at. Where two of them lead to a
    /// value the path says nothing, and this is `None`, as it is for lists, objects and fractions.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<Cow<'_, str>> {
        let mut found = Vec::new();
        find(&self.0, path, &mut found);
        match *found.as_slice() {
            [Value::String(text)] => Some(Cow::Borrowed(text)),
            [Value::Bool(value)] => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            [Value::Number(number)] if !number.is_f64() => Some(Cow::Owned(number.to_string())),
            _ => None,
        }
    }

    /// The top-level claim of exactly this name.
    pub(crate) fn top(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// Collects every value that `path` may mean, two at most.
fn find<'v>(object: &'v Map<String, Value>, path: &str, found: &mut Vec<&'v Value>) {
    if let Some(value) = object.get(path) {
        found.push(value);
    }
    for (at, _) in path.match_indices('.') {
        if found.len() > 1 {
            return;
        }
        let (Some(name), Some(rest)) = (path.get(..at), path.get(at + 1..)) else {
            continue;
        };
        if let Some(Value::Object(inner)) = object.get(name) {
            find(inner, rest, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;

    fn text(json: &str, path: &str) -> Option<String> {
        let claims = Claims::read(json.as_bytes()).unwrap();
        claims.text(path).map(std::borrow::Cow::into_owned)
    }

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        let token = r#"{"sub":"a","n":7,"f":1.5,"yes":true,"none":null,"list":["a"],
            "act":{"sub":"b","deep":{"er":"c"}},
            "kubernetes.io":{"namespace":"prod","serviceaccount":{"name":"agent"}},
            "https://example.com/team":"x"}"#;
        for (path, value) in [
            ("sub", Some("a")),
            ("n", Some("7")),
            ("yes", Some("true")),
            ("act.sub", Some("b")),
            ("act.deep.er", Some("c")),
            ("kubernetes.io.serviceaccount.name", Some("agent")),
            ("https://example.com/team", Some("x")),
            ("f", None),
            ("none", None),
            ("list", None),
            ("act", None),
            ("act.", None),
            (".sub", None),
            ("sub.a", None),
            ("", None),
            ("Sub", None),
        ] {
            assert_eq!(text(token, path).as_deref(), value, "{path}");
        }
    }

    #[test]
    fn a_path_that_may_mean_two_claims_means_none() {
        assert_eq!(text(r#"{"a.b":"x","a":{"b":"y"}}"#, "a.b"), None);
        assert_eq!(text(r#"{"a":{"b.c":"x"},"a.b":{"c":"x"}}"#, "a.b.c"), None);
    }

    #[test]
    fn duplicates_at_any_depth_and_what_is_no_object_are_refused() {
        for json in [
            r#"{"sub":"a","sub":"b"}"#,
            r#"{"sub":"a","s\u0075b":"b"}"#,
            r#"{"a":{"x":1,"x":1}}"#,
            r#"{"a":[{"x":1,"x":1}]}"#,
            "[]",
            "\"sub\"",
            "{} {}",
            "{\"a\":\"\\ud800\"}",
            "{\"exp\":1e400}",
            "",
        ] {
            assert_eq!(Claims::read(json.as_bytes()), None, "{json}");
        }
    }
}
