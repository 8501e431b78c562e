use std::collections::BTreeMap;
use std::fmt;

use ironward_secret::Secret;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// A secret as a service keeps it: a text, or fields. It cannot be printed.
pub struct Document(Content);

enum Content {
    Text(Zeroizing<String>),
    Fields(Fields),
}

/// What the fields of a secret are.
pub(super) type Fields = BTreeMap<String, Field>;

/// One of them.
pub(super) enum Field {
    Text(Zeroizing<String>),
    /// A number, a list...: no secret that can be sent anywhere.
    Other,
}

/// The largest value that is taken: a key, not a document.
const MOST: usize = 64 << 10;

impl Document {
    pub(super) const fn of_fields(fields: Fields) -> Self {
        Self(Content::Fields(fields))
    }

    pub(super) const fn of_text(text: Zeroizing<String>) -> Self {
        Self(Content::Text(text))
    }

    /// The value of a field, or the whole of it.
    ///
    /// # Errors
    /// What there is instead, without any of it.
    pub fn pick(&self, field: Option<&str>) -> Result<Secret, String> {
        match (&self.0, field) {
            (Content::Text(text), None) => value(text, "the secret"),
            (Content::Text(text), Some(field)) => {
                let fields: Fields = serde_json::from_str(text).map_err(|_| {
                    format!("the secret is no JSON object, so it has no field '{field}'; leave #{field} out")
                })?;
                pick(&fields, field)
            }
            (Content::Fields(fields), Some(field)) => pick(fields, field),
            (Content::Fields(_), None) => {
                Err("the secret has fields; name one with #FIELD".to_owned())
            }
        }
    }
}

/// Reads text into a buffer that is wiped.
pub(super) fn wiped_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(deserializer).map(Zeroizing::new)
}

/// The same where there may be none.
pub(super) fn wiped<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Zeroizing<String>>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(Zeroizing::new))
}

fn pick(fields: &Fields, field: &str) -> Result<Secret, String> {
    match fields.get(field) {
        Some(Field::Text(text)) => value(text, &format!("the field '{field}'")),
        Some(Field::Other) => Err(format!("the field '{field}' is no text")),
        None => Err(format!("the secret has no field '{field}'")),
    }
}

fn value(text: &str, what: &str) -> Result<Secret, String> {
    if text.len() > MOST {
        return Err(format!("{what} is larger than a secret is ({MOST} bytes)"));
    }
    let secret = Secret::exact(text.as_bytes().trim_ascii());
    if secret.is_empty() {
        return Err(format!("{what} is empty"));
    }
    Ok(secret)
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Field, E> {
        Ok(Field::Text(Zeroizing::new(text)))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Field, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Field, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Field::Other)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::Document;

    fn text(text: &str) -> Document {
        Document::of_text(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn a_field_is_picked() {
        let object = r#"{"key":" sk-1 ","n":1,"deep":{"a":[true,null,-1,1.5]},"empty":" "}"#;
        for document in [
            text(object),
            Document::of_fields(serde_json::from_str(object).unwrap()),
        ] {
            let picked = document.pick(Some("key")).unwrap();
            assert_eq!(picked.expose().bytes(), b"sk-1");
            for (field, why) in [
                ("n", "is no text"),
                ("deep", "is no text"),
                ("empty", "is empty"),
                ("other", "has no field 'other'"),
            ] {
                let error = document.pick(Some(field)).err().unwrap();
                assert!(error.contains(why), "{error}");
            }
        }
    }

    #[test]
    fn a_text_is_taken_whole() {
        let picked = text("sk-1\n").pick(None).unwrap();
        assert_eq!(picked.expose().bytes(), b"sk-1");
        let error = text("sk-canary").pick(Some("key")).err().unwrap();
        assert!(error.contains("no JSON object") && !error.contains("canary"));
        assert!(text("").pick(None).is_err());
        assert!(text(&"x".repeat(70_000)).pick(None).is_err());
        let fields = Document::of_fields(serde_json::from_str("{}").unwrap());
        assert!(fields.pick(None).err().unwrap().contains("#FIELD"));
    }
}
