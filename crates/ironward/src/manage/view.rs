use serde_json::Value;

use crate::table::{one_line, rows_below};

/// What is shown of an answer.
#[derive(Debug)]
pub(super) enum View {
    /// One object, a field a line.
    Record {
        /// Where it is in the answer.
        at: &'static str,
        /// The fields that come first; the others follow by name.
        first: &'static [&'static str],
    },
    /// Objects, one a line.
    List {
        /// Where they are in the answer.
        at: &'static str,
        columns: &'static [Column],
    },
    /// The rules that say whether a call is let through, and what follows.
    Verdict,
    /// That it was done.
    Done(String),
}

/// A column of a list: its head, and where the value is in an object; the first that is there.
pub(super) type Column = (&'static str, &'static [&'static str]);

impl View {
    pub(super) fn show(&self, answer: &Value) -> String {
        match self {
            Self::Verdict => verdict(answer),
            Self::Done(what) => format!("{}\n", one_line(what)),
            Self::Record { at, first } => record(answer.pointer(at).unwrap_or(&Value::Null), first),
            Self::List { at, columns } => {
                let objects = answer.pointer(at).and_then(Value::as_array);
                let objects = objects.map(Vec::as_slice).unwrap_or_default();
                let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
                let rows: Vec<Vec<String>> = objects
                    .iter()
                    .map(|object| columns.iter().map(|column| cell(object, column)).collect())
                    .collect();
                let mut text = rows_below(&heads, &rows);
                if let Some(rest) = rest(answer) {
                    text.push_str(&rest);
                }
                text
            }
        }
    }
}

fn verdict(answer: &Value) -> String {
    let text = |object: &Value, name: &str| {
        let text = object.get(name).and_then(Value::as_str);
        text.unwrap_or("-").to_owned()
    };
    let is = |object: &Value| object.get("allowed") == Some(&Value::Bool(true));
    let lines = answer.get("lines").and_then(Value::as_array);
    let rows = lines.map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|line| {
            let says = if is(line) { "allows" } else { "refuses" };
            let mut row = vec![says.to_owned()];
            row.extend(["link", "name", "rule", "why"].map(|name| text(line, name)));
            row
        })
        .collect();
    let table = rows_below(&["says", "whose", "name", "rule", "why"], &rows);
    let end = if is(answer) {
        let group = text(answer, "model_group");
        format!("allowed: {} goes to {group}", text(answer, "model"))
    } else {
        format!("refused: {}", text(answer, "reason"))
    };
    format!("{table}\n{}\n", one_line(&end))
}

/// The longest list within a line; the record shows the whole.
const WIDEST: usize = 40;

fn cell(object: &Value, (_, places): &Column) -> String {
    let found = places.iter().find_map(|place| {
        let value = object.pointer(place)?;
        (!is_empty(value)).then_some(value)
    });
    let Some(value) = found else {
        return "-".to_owned();
    };
    let text = plain(value);
    if matches!(value, Value::Array(_)) && text.chars().count() > WIDEST {
        let cut: String = text.chars().take(WIDEST - 1).collect();
        return cut + "…";
    }
    text
}

fn record(object: &Value, first: &[&str]) -> String {
    let Some(fields) = object.as_object() else {
        return format!("{}\n", one_line(&plain(object)));
    };
    let leading = first
        .iter()
        .filter_map(|name| Some((*name, fields.get(*name)?)));
    let others = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| !first.contains(name));
    let rows: Vec<Vec<String>> = leading
        .chain(others)
        .filter(|(_, value)| !is_empty(value))
        .map(|(name, value)| vec![name.to_owned(), plain(value)])
        .collect();
    rows_below(&[], &rows)
}

/// A list of texts as people write one, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            items.join(", ")
        }
        other => other.to_string(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// That there are further pages.
fn rest(answer: &Value) -> Option<String> {
    let number = |names: [&str; 2]| {
        let mut names = names.into_iter();
        names.find_map(|name| answer.get(name)?.as_u64())
    };
    let pages = number(["total_pages", "total_pages"])?;
    let page = number(["current_page", "page"])?;
    let total = number(["total_count", "total"])?;
    (pages > 1).then(|| format!("\npage {page} of {pages}, {total} in all; --page shows another\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::View;

    #[test]
    fn a_list_says_when_there_is_more() {
        let view = View::List {
            at: "/keys",
            columns: &[
                ("id", &["/token"]),
                ("models", &["/models"]),
                ("of", &["/a", "/b"]),
            ],
        };
        let answer = json!({
            "keys": [
                {"token": "k1", "models": ["gpt-4o", "claude"], "a": "", "b": "B"},
                {"token": "k\u{1b}[2J", "models": [], "a": 1},
            ],
            "total_count": 5, "current_page": 1, "total_pages": 3,
        });
        insta::assert_snapshot!(view.show(&answer), @r"
        id          models          of
        k1          gpt-4o, claude  B
        k\u{1b}[2J  -               1

        page 1 of 3, 5 in all; --page shows another
        ");
    }

    #[test]
    fn a_record_shows_what_is_set() {
        let view = View::Record {
            at: "/info",
            first: &["key"],
        };
        let answer = json!({"info": {"alias": "日本", "key": "sk", "empty": [], "no": null,
                                     "metadata": {"a": "\u{202e}"}, "spend": 0.0}});
        insta::assert_snapshot!(view.show(&answer), @r#"
        key       sk
        alias     日本
        metadata  {"a":"\u{202e}"}
        spend     0.0
        "#);
    }
}
