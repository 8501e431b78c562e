//! The document as `serde_json` reads it, which refuses bad UTF-8, bad escapes, lone surrogates,
//! numbers out of range and 128 levels by itself; this visitor adds that no object may hold a key
//! twice.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::Fields;
use super::keys::{self, Keys};

pub(super) fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let mut keys = Keys::new();
    Walk { keys: &mut keys }.deserialize(&mut deserializer)?;
    deserializer.end()
}

pub(super) fn read_object(bytes: &[u8]) -> Result<Fields, serde_json::Error> {
    check(bytes)?;
    // The text is known to be sound: this pass only finds where each top-level value stands.
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    deserializer.deserialize_map(Places {
        start: bytes.as_ptr().addr(),
    })
}

/// Walks any value.
struct Walk<'s, 'de> {
    keys: &'s mut Keys<Cow<'de, str>>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk { keys: self.keys })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = self.keys.open();
        while let Some(Key(key)) = entries.next_key()? {
            if let Err(key) = self.keys.add(&mut keys, key) {
                return Err(A::Error::custom(format_args!(
                    "duplicate key '{}'",
                    shortened(&key)
                )));
            }
            entries.next_value_seed(Walk { keys: self.keys })?;
        }
        self.keys.close(&keys);
        Ok(())
    }
}

/// A key, borrowed unless it is written with escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct Places {
    start: usize,
}

impl<'de> Visitor<'de> for Places {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::with_capacity(keys::FEW);
        while let Some((Key(name), value)) = entries.next_entry::<Key<'de>, &'de RawValue>()? {
            let text = value.get();
            let start = text.as_ptr().addr().saturating_sub(self.start);
            fields.push(&name, start..start + text.len());
        }
        Ok(fields)
    }
}

fn shortened(key: &str) -> String {
    key.chars()
        .take(64)
        .flat_map(char::escape_default)
        .collect()
}
