use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands in place of the rest of a text that was cut.
pub(crate) const CUT: char = '\u{2026}';

/// Something that a record says. Names are constants, so that no caller can choose one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, bounded already: see [`bounded`].
    Text(String),
    /// A number that cannot be negative.
    Number(u64),
    /// One that can.
    Signed(i64),
    /// A yes or no.
    Truth(bool),
    /// Several.
    List(Vec<Self>),
    /// Named ones.
    Fields(Fields),
}

/// What a record says, by name, in the order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<&'static str, Value>);

impl Fields {
    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.put(name, value);
        self
    }

    /// The same with one more, where there is something to say.
    #[must_use]
    pub fn with_some(mut self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.put(name, value);
        }
        self
    }

    /// Adds one, in place of one of the same name.
    pub fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, value.into());
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As canonical JSON: names sorted, no space, nothing but printable ASCII.
    pub(crate) fn write(&self, to: &mut String) {
        to.push('{');
        for (at, (name, value)) in self.0.iter().enumerate() {
            if at > 0 {
                to.push(',');
            }
            write_text(name, to);
            to.push(':');
            value.write(to);
        }
        to.push('}');
    }
}

impl Value {
    fn write(&self, to: &mut String) {
        // Writing to a string does not fail.
        let _written = match self {
            Self::Text(text) => {
                write_text(text, to);
                Ok(())
            }
            Self::Number(number) => write!(to, "{number}"),
            Self::Signed(number) => write!(to, "{number}"),
            Self::Truth(truth) => write!(to, "{truth}"),
            Self::List(values) => {
                to.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        to.push(',');
                    }
                    value.write(to);
                }
                to.push(']');
                Ok(())
            }
            Self::Fields(fields) => {
                fields.write(to);
                Ok(())
            }
        };
    }
}

fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for c in text.chars() {
        write_char(c, |c| to.push(c));
    }
    to.push('"');
}

/// Writes a character of a text as printable ASCII, each of which `put` puts behind the last.
pub(crate) fn write_char(c: char, mut put: impl FnMut(char)) {
    match c {
        '"' | '\\' => {
            put('\\');
            put(c);
        }
        ' '..='~' => put(c),
        _ => {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                put('\\');
                put('u');
                for place in [12, 8, 4, 0] {
                    let digit = char::from_digit(u32::from(*unit >> place) & 15, 16);
                    put(digit.unwrap_or('0'));
                }
            }
        }
    }
}

/// A caller's text, of at most `most` characters: the rest is cut, and a mark stands in its place.
#[must_use]
pub fn bounded(text: &str, most: usize) -> Value {
    let mut chars = text.chars();
    let mut kept: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        kept.pop();
        kept.push(CUT);
    }
    Value::Text(kept)
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Signed(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Truth(truth)
    }
}

impl From<Fields> for Value {
    fn from(fields: Fields) -> Self {
        Self::Fields(fields)
    }
}

impl From<Vec<Self>> for Value {
    fn from(values: Vec<Self>) -> Self {
        Self::List(values)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Value, bounded};

    #[test]
    fn json_is_canonical_and_printable() {
        let text = "a\"\\\n\u{202e}\u{1f511}";
        let fields = Fields::default()
            .with("z", 1_u64)
            .with("a", bounded(text, 10))
            .with("m", vec![Value::from(true), Value::from(-1_i64)]);
        let mut json = String::new();
        fields.write(&mut json);
        assert_eq!(
            json,
            r#"{"a":"a\"\\\u000a\u202e\ud83d\udd11","m":[true,-1],"z":1}"#
        );
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["a"], text);
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(bounded("abcdef", 6), Value::Text("abcdef".to_owned()));
        assert_eq!(
            bounded("abcdefg", 6),
            Value::Text("abcde\u{2026}".to_owned())
        );
    }
}
