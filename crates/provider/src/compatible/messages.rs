//! Takes out of `messages` and `tools` what a vendor would answer with an error.
//!
//! Values that are not touched are copied as the text that they were written in.

use std::borrow::Cow;
use std::fmt;

use memchr::memmem;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Compatible, Quirk};

/// Rewrites messages for a vendor, by its row.
#[derive(Clone, Copy)]
pub(super) struct Rules<'v>(pub(super) &'v Compatible);

/// Anthropic's marker, which LiteLLM's clients put into messages for any vendor.
pub(super) const CACHE_CONTROL: &str = "cache_control";
/// What LiteLLM adds to replies, and clients send back with the conversation.
const ADDITIONS: [&str; 2] = ["provider_specific_fields", "thinking_blocks"];

impl Rules<'_> {
    /// The rewritten messages; `None` when they can stay as they are.
    pub(super) fn rewrite(self, messages: &[u8]) -> Option<String> {
        if !self.may_change(messages) {
            return None;
        }
        let list: Vec<&RawValue> = serde_json::from_slice(messages).ok()?;
        let mut out = String::with_capacity(messages.len());
        write_list(&mut out, &list, |out, message| self.message(out, message));
        Some(out)
    }

    /// The rewritten tools; `None` when they can stay as they are.
    pub(super) fn rewrite_tools(self, tools: &[u8]) -> Option<String> {
        if !self.strips_additions() || !mentions(tools, CACHE_CONTROL) {
            return None;
        }
        let list: Vec<&RawValue> = serde_json::from_slice(tools).ok()?;
        let mut out = String::with_capacity(tools.len());
        // A schema may have a property of that name: nothing below `function` is touched.
        write_list(&mut out, &list, |out, tool| {
            write_object(out, tool, |out, key, value| match key {
                CACHE_CONTROL => false,
                "function" => {
                    write_key(out, key);
                    write_object(out, value, |out, key, value| {
                        key != CACHE_CONTROL && write_field(out, key, value)
                    });
                    true
                }
                _ => write_field(out, key, value),
            });
        });
        Some(out)
    }

    fn may_change(self, messages: &[u8]) -> bool {
        self.joins_text() || self.words().any(|word| mentions(messages, word))
    }

    /// The keys and texts in messages without which they can stay as they are, unless
    /// [`Self::joins_text`].
    pub(super) fn words(self) -> impl Iterator<Item = &'static str> {
        let developer = self.writes_system().then_some("developer");
        let additions = [CACHE_CONTROL].into_iter().chain(ADDITIONS);
        let additions = self.strips_additions().then_some(additions);
        let strips = self.0.strips.iter().copied();
        strips
            .chain(developer)
            .chain(additions.into_iter().flatten())
    }

    fn strips_additions(self) -> bool {
        !self.0.has(Quirk::CacheControl)
    }

    fn writes_system(self) -> bool {
        !self.0.has(Quirk::Developer)
    }

    /// Whether lists of texts become one text.
    pub(super) fn joins_text(self) -> bool {
        self.0.has(Quirk::TextAsString)
    }

    /// Whether `key` is taken out wherever it stands. `name` is not among those: it also stands in
    /// tool calls, which cannot be without.
    fn strips(self, key: &str) -> bool {
        let is_addition = key == CACHE_CONTROL || ADDITIONS.contains(&key);
        (key != "name" && self.0.strips.contains(&key)) || (is_addition && self.strips_additions())
    }

    fn message(self, out: &mut String, message: &RawValue) {
        let role = role(message);
        let is_result = matches!(role.as_deref(), Some("tool" | "function"));
        write_object(out, message, |out, key, value| {
            if self.strips(key) || (key == "name" && !is_result && self.0.strips.contains(&key)) {
                return false;
            }
            match key {
                "role" if self.writes_system() && role.as_deref() == Some("developer") => {
                    write_key(out, key);
                    out.push_str("\"system\"");
                    true
                }
                "content" => {
                    write_key(out, key);
                    self.content(out, value);
                    true
                }
                "tool_calls" => {
                    write_key(out, key);
                    self.nested(out, value);
                    true
                }
                _ => write_field(out, key, value),
            }
        });
    }

    fn content(self, out: &mut String, content: &RawValue) {
        if self.joins_text()
            && let Some(joined) = joined_text(content)
        {
            out.push_str(&serde_json::Value::from(joined).to_string());
        } else {
            self.nested(out, content);
        }
    }

    /// A list of parts or tool calls, and the objects in them.
    fn nested(self, out: &mut String, value: &RawValue) {
        if value.get().starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
            write_list(out, &list, |out, item| self.nested(out, item));
        } else {
            write_object(out, value, |out, key, value| {
                if self.strips(key) {
                    return false;
                }
                write_key(out, key);
                self.nested(out, value);
                true
            });
        }
    }
}

fn mentions(text: &[u8], word: &str) -> bool {
    memmem::find(text, word.as_bytes()).is_some()
}

fn role(message: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Message {
        role: Option<String>,
    }
    let message: Message = serde_json::from_str(message.get()).ok()?;
    message.role
}

/// The text of a list of nothing but texts.
fn joined_text(content: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Part<'a> {
        r#type: &'a str,
        text: String,
    }
    let parts: Vec<Part<'_>> = serde_json::from_str(content.get()).ok()?;
    parts
        .iter()
        .all(|part| part.r#type == "text")
        .then(|| parts.into_iter().map(|part| part.text).collect())
}

fn write_list(out: &mut String, list: &[&RawValue], write: impl Fn(&mut String, &RawValue)) {
    out.push('[');
    for (position, item) in list.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Writes `value` with what `write` makes of each field; `write` says whether it wrote the field.
/// Anything but an object is copied.
fn write_object(
    out: &mut String,
    value: &RawValue,
    write: impl Fn(&mut String, &str, &RawValue) -> bool,
) {
    let fields = match serde_json::from_str::<Fields<'_>>(value.get()) {
        Ok(fields) if value.get().starts_with('{') => fields,
        _ => return out.push_str(value.get()),
    };
    out.push('{');
    let mut first = true;
    for (key, value) in &fields.0 {
        let before = out.len();
        if !first {
            out.push(',');
        }
        if write(out, key, value) {
            first = false;
        } else {
            out.truncate(before);
        }
    }
    out.push('}');
}

fn write_field(out: &mut String, key: &str, value: &RawValue) -> bool {
    write_key(out, key);
    out.push_str(value.get());
    true
}

fn write_key(out: &mut String, key: &str) {
    out.push_str(&serde_json::Value::from(key).to_string());
    out.push(':');
}

/// The fields of an object, in the order they were written.
struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    fields.push((key.0, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
