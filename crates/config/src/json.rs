use crate::node::{Entry, Node, Scalar, Value};
use crate::reader::{Field, Reader, Source, Text};

impl Reader<'_> {
    /// The value of `field` as JSON text, with references resolved. `None` is reported.
    pub(crate) fn json(&mut self, field: &Field<'_>) -> Option<String> {
        Some(json_as_written(&self.resolved(field)?))
    }

    /// The entries of a mapping as (name, JSON text).
    pub(crate) fn json_entries(&mut self, field: &Field<'_>) -> Option<Vec<(String, String)>> {
        let entries = self.entries(field)?;
        let named = entries.iter().map(|entry| {
            let json = self.json(&field.entry(entry))?;
            Some((entry.key.clone(), json))
        });
        named.collect()
    }

    /// A copy of the value in which references are replaced by what they name.
    fn resolved(&mut self, field: &Field<'_>) -> Option<Node> {
        let value = match &field.node.value {
            Value::Scalar(scalar) => {
                let Text { text, source } = self.text(field)?;
                let plain = scalar.plain && matches!(source, Source::Here);
                Value::Scalar(Scalar { text, plain })
            }
            Value::List(items) => {
                let fields = items.iter().enumerate();
                let resolved = fields.map(|(index, item)| self.resolved(&field.item(index, item)));
                Value::List(resolved.collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                let resolved = entries.iter().map(|entry| {
                    let node = self.resolved(&field.entry(entry))?;
                    Some(Entry {
                        node,
                        key: entry.key.clone(),
                        key_place: entry.key_place.clone(),
                    })
                });
                Value::Map(resolved.collect::<Option<_>>()?)
            }
        };
        Some(Node {
            place: field.node.place.clone(),
            value,
        })
    }
}

/// The value as JSON text, references kept as they are written.
pub(crate) fn json_as_written(node: &Node) -> String {
    let mut out = String::new();
    push_node(node, &mut out);
    out
}

fn push_node(node: &Node, out: &mut String) {
    match &node.value {
        Value::Scalar(scalar) => push_scalar(scalar, out),
        Value::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_node(item, out);
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, entry) in entries.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_text(&entry.key, out);
                out.push(':');
                push_node(&entry.node, out);
            }
            out.push('}');
        }
    }
}

fn push_scalar(scalar: &Scalar, out: &mut String) {
    if scalar.is_null() {
        out.push_str("null");
    } else if let Some(on) = scalar.as_switch() {
        out.push_str(if on { "true" } else { "false" });
    } else if let Some(number) = scalar.plain.then(|| number(&scalar.text)).flatten() {
        out.push_str(&number);
    } else {
        push_text(&scalar.text, out);
    }
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// A plain scalar that is a number, as JSON writes it. `1_000` and `.5` are YAML's; a number with a
/// leading zero, infinity and a date stay text.
fn number(text: &str) -> Option<String> {
    let digits = text.replace('_', "");
    let unsigned = digits.trim_start_matches(['-', '+']);
    let starts_like_one = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let leading_zero = unsigned.len() > 1
        && unsigned.starts_with('0')
        && unsigned.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    if !starts_like_one || leading_zero {
        return None;
    }
    if let Ok(whole) = digits.parse::<i64>() {
        return Some(whole.to_string());
    }
    if let Ok(whole) = digits.parse::<u64>() {
        return Some(whole.to_string());
    }
    let float = digits.parse::<f64>().ok()?;
    Some(serde_json::Number::from_f64(float)?.to_string())
}

#[cfg(test)]
mod tests;
