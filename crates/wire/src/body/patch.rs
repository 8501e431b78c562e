use bytes::Bytes;
use ironward_core::Pieces;

use super::{Body, as_text};

/// A copy of a [`Body`] with some top-level fields set, renamed or removed. Everything else,
/// unknown fields included, is kept as it was written.
#[derive(Debug)]
pub struct Patch<'a> {
    /// What the kept values are parts of.
    source: &'a Body,
    fields: Vec<(&'a str, Value<'a>)>,
}

#[derive(Debug)]
enum Value<'a> {
    Kept(&'a [u8]),
    Set(String),
}

impl Value<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Kept(bytes) => bytes,
            Self::Set(text) => text.as_bytes(),
        }
    }
}

impl<'a> Patch<'a> {
    pub(super) fn new(body: &'a Body) -> Self {
        let mut fields = Vec::with_capacity(body.fields.places.len() + 4);
        let kept = body.values();
        fields.extend(kept.map(|(name, value)| (name, Value::Kept(value))));
        Self {
            source: body,
            fields,
        }
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
        as_text(self.get_bytes(name)?)
    }

    /// As [`Patch::get`], for a text that may be long: its UTF-8 is not looked at again.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.fields.iter().find(|(field, _)| *field == name)?;
        Some(value.bytes()).filter(|text| *text != b"null")
    }

    /// Whether one of `words` may stand in the value of `name`, as a key or as a text of its own,
    /// written without escapes. False is certain, and costs no look at the value.
    #[must_use]
    pub fn may_hold<'w>(&self, name: &str, words: impl IntoIterator<Item = &'w str>) -> bool {
        let value = self.fields.iter().find(|(field, _)| *field == name);
        match value {
            None => false,
            Some((_, Value::Set(_))) => true,
            Some((_, Value::Kept(_))) => {
                let known = &self.source.words;
                words
                    .into_iter()
                    .any(|word| known.may_hold(word.as_bytes()))
            }
        }
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

    /// The patched body, to be sent: a long value that was kept is not copied.
    #[must_use]
    pub fn into_pieces(self) -> Pieces {
        let mut pieces = Pieces::new();
        let mut out = Vec::with_capacity(SHORT);
        out.push(b'{');
        for (position, (name, value)) in self.fields.into_iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            write_key(&mut out, name);
            out.push(b':');
            let long = match value {
                Value::Kept(bytes) if bytes.len() > SHORT => self.source.bytes.slice_ref(bytes),
                Value::Set(text) if text.len() > SHORT => text.into(),
                short => {
                    out.extend_from_slice(short.bytes());
                    continue;
                }
            };
            pieces.push(std::mem::take(&mut out));
            pieces.push(long);
        }
        out.push(b'}');
        pieces.push(out);
        pieces
    }

    /// The patched body, to be read again.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.into_pieces().joined()
    }
}

/// A value up to this length is copied: that costs less than a piece of its own.
const SHORT: usize = 4 << 10;

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
