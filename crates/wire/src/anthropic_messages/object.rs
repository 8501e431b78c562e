//! Objects of a client's body, read field by field: an error names the field's path and what it
//! has to be, never what it holds.

use std::borrow::Cow;
use std::fmt;

use ironward_core::Fault;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Body, Json};

/// Where a value stands: `messages[0].content[2].source`.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Self>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Field(&'p str),
    Item(usize),
}

impl<'p> Path<'p> {
    pub(super) const ROOT: Path<'static> = Path {
        parent: None,
        step: Step::Root,
    };

    pub(super) fn field(&'p self, name: &'p str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Field(name),
        }
    }

    pub(super) fn item(&'p self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Item(index),
        }
    }

    /// The fault of a value that is not `what`.
    pub(super) fn has_to_be(&self, what: &str) -> Fault {
        let path = self.to_string();
        let message = format!("'{path}' has to be {what}");
        Fault::invalid(path, message)
    }

    pub(super) fn is_missing(&self) -> Fault {
        let path = self.to_string();
        let message = format!("'{path}' is missing");
        Fault::invalid(path, message)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Item(index) => write!(f, "[{index}]"),
            Step::Field(name) => {
                let is_first = self
                    .parent
                    .is_none_or(|parent| matches!(parent.step, Step::Root));
                f.write_str(if is_first { "" } else { "." })?;
                f.write_str(name)
            }
        }
    }
}

/// One object: its place, and the texts of its fields.
pub(super) struct Object<'a, 'p> {
    path: &'p Path<'p>,
    fields: Vec<(Cow<'a, str>, &'a str)>,
}

impl<'a, 'p> Object<'a, 'p> {
    /// The whole body.
    pub(super) fn of_body(body: &'a Body) -> Self {
        Self {
            path: &Path::ROOT,
            fields: body
                .fields()
                .map(|(name, text)| (Cow::Borrowed(name), text))
                .collect(),
        }
    }

    pub(super) fn read(text: &'a str, path: &'p Path<'p>) -> Result<Self, Fault> {
        let Entries(fields) =
            serde_json::from_str(text).map_err(|_| path.has_to_be("an object"))?;
        Ok(Self { path, fields })
    }

    /// The names and texts of all fields.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.fields.iter().map(|(name, text)| (&**name, *text))
    }

    /// The JSON text of a field; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        let (_, text) = self.fields.iter().find(|(field, _)| field == name)?;
        (*text != "null").then_some(*text)
    }

    pub(super) fn required(&self, name: &str) -> Result<&'a str, Fault> {
        self.get(name)
            .ok_or_else(|| self.path.field(name).is_missing())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        self.value(name, "text")
    }

    pub(super) fn required_text(&self, name: &str) -> Result<String, Fault> {
        self.text(name)?
            .ok_or_else(|| self.path.field(name).is_missing())
    }

    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, Fault> {
        self.value(name, "true or false")
    }

    pub(super) fn unsigned(&self, name: &str) -> Result<Option<u64>, Fault> {
        self.value(name, "a whole number")
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Fault> {
        self.value(name, "a number")
    }

    /// The texts of a list's items.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<&'a str>>, Fault> {
        self.get(name)
            .map(|text| read_list(text, &self.path.field(name)))
            .transpose()
    }

    /// A field as it was written.
    pub(super) fn json(&self, name: &str) -> Result<Option<Json>, Fault> {
        self.get(name)
            .map(|text| keep(text, &self.path.field(name)))
            .transpose()
    }

    fn value<T: Deserialize<'a>>(&self, name: &str, what: &str) -> Result<Option<T>, Fault> {
        self.get(name)
            .map(|text| {
                serde_json::from_str(text).map_err(|_| self.path.field(name).has_to_be(what))
            })
            .transpose()
    }
}

/// The texts of a list's items.
pub(super) fn read_list<'a>(text: &'a str, path: &Path<'_>) -> Result<Vec<&'a str>, Fault> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| path.has_to_be("a list"))?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// A value as it was written.
pub(super) fn keep(text: &str, path: &Path<'_>) -> Result<Json, Fault> {
    Json::from_text(text.to_owned()).map_err(|_| path.has_to_be("JSON"))
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Key(name), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    entries.push((name, value.get()));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}

/// A key, borrowed unless it is written with escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
