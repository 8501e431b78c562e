use bytes::Bytes;

use super::Body;

/// A copy of a [`Body`] with some top-level fields set, renamed or removed. Everything else,
/// unknown fields included, is kept as it was written.
#[derive(Debug)]
pub struct Patch<'a> {
    fields: Vec<(&'a str, Value<'a>)>,
}

#[derive(Debug)]
enum Value<'a> {
    Kept(&'a str),
    Set(String),
}

impl<'a> Patch<'a> {
    pub(super) fn new(body: &'a Body) -> Self {
        let mut fields = Vec::with_capacity(body.fields.len() + 4);
        fields.extend(body.fields().map(|(name, text)| (name, Value::Kept(text))));
        Self { fields }
    }

    /// Sets `name` to the JSON value `json`, in its place or at the end.
    pub fn set(&mut self, name: &'a str, json: impl Into<String>) -> &mut Self {
        let value = Value::Set(json.into());
        match self.fields.iter_mut().find(|(field, _)| *field == name) {
            Some((_, old)) => *old = value,
            None => self.fields.push((name, value)),
        }
        self
    }

    /// Sets `name` to `text` as a JSON string.
    pub fn set_str(&mut self, name: &'a str, text: &str) -> &mut Self {
        self.set(name, serde_json::Value::from(text).to_string())
    }

    /// Sets `name` unless it is there already with a value other than `null`.
    pub fn set_default(&mut self, name: &'a str, json: &str) -> &mut Self {
        if self.get(name).is_none() {
            self.set(name, json);
        }
        self
    }

    /// The JSON text that `name` now has; `null` counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(field, _)| *field == name)?;
        let text = match value {
            Value::Kept(text) => text,
            Value::Set(text) => text.as_str(),
        };
        (text != "null").then_some(text)
    }

    /// Removes `name`; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        let before = self.fields.len();
        self.fields.retain(|(field, _)| *field != name);
        self.fields.len() != before
    }

    /// Moves the value of `from` to `to`, unless `to` has one already.
    pub fn rename(&mut self, from: &str, to: &'a str) -> &mut Self {
        if self.get(to).is_some() {
            self.remove(from);
        } else if self.fields.iter().any(|(field, _)| *field == from) {
            self.remove(to);
            if let Some((field, _)) = self.fields.iter_mut().find(|(field, _)| *field == from) {
                *field = to;
            }
        }
        self
    }

    /// The names that are there now.
    pub fn names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(|(name, _)| *name)
    }

    /// The patched body.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        let length = |value: &Value<'_>| match value {
            Value::Kept(text) => text.len(),
            Value::Set(text) => text.len(),
        };
        let size = self
            .fields
            .iter()
            .map(|(name, value)| name.len() + length(value) + 4)
            .sum::<usize>();
        let mut out = Vec::with_capacity(size + 2);
        out.push(b'{');
        for (position, (name, value)) in self.fields.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_key(&mut out, name);
            out.push(b':');
            match value {
                Value::Kept(text) => out.extend_from_slice(text.as_bytes()),
                Value::Set(text) => out.extend_from_slice(text.as_bytes()),
            }
        }
        out.push(b'}');
        out.into()
    }
}

/// Writes a key; nearly every key needs no escape.
fn write_key(out: &mut Vec<u8>, name: &str) {
    if name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    {
        out.push(b'"');
        out.extend_from_slice(name.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    }
}
