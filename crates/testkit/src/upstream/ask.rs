use serde_json::Value;

/// What a chat request asks for, whichever family's words it came in.
#[derive(Debug, Clone, Default)]
pub(super) struct Ask {
    pub(super) model: String,
    /// The text of the last user message.
    pub(super) text: String,
    /// The last message, when it is a tool's result.
    pub(super) tool_result: Option<String>,
    /// Names of the tools that the conversation has called already.
    pub(super) called: Vec<String>,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    /// Parallel tool calls are switched off.
    pub(super) one_call: bool,
    pub(super) format: Format,
    pub(super) stream: bool,
    pub(super) thinking: bool,
    pub(super) stop: Vec<String>,
    pub(super) max_tokens: Option<usize>,
    pub(super) input_tokens: usize,
}

/// A tool on offer.
#[derive(Debug, Clone)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// What the text has to be.
#[derive(Debug, Clone, Default)]
pub(super) enum Format {
    #[default]
    Text,
    /// Any JSON object.
    Json,
    /// JSON that satisfies this schema.
    Schema(Value),
}

/// Whether a tool has to be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Choice {
    #[default]
    Auto,
    None,
    Required,
    Named(String),
}

/// The text of a `content` that is a string, or a list of parts with a `text` each.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str().or_else(|| part.as_str()))
            .collect::<Vec<_>>()
            .join("\n"),
        _ => String::new(),
    }
}

/// Counts words in every string of `value`: this upstream's tokens.
pub(super) fn count_tokens(value: &Value) -> usize {
    match value {
        Value::String(text) => pieces(text).len(),
        Value::Array(items) => items.iter().map(count_tokens).sum(),
        Value::Object(fields) => fields.values().map(count_tokens).sum(),
        _ => 0,
    }
}

/// A text cut before each run of white space, so that the pieces join to the text again.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut in_space) = (0, true);
    for (at, c) in text.char_indices() {
        let space = c.is_whitespace();
        if space && !in_space && at > start {
            pieces.push(text.get(start..at).unwrap_or_default());
            start = at;
        }
        in_space = space;
    }
    if start < text.len() {
        pieces.push(text.get(start..).unwrap_or_default());
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn pieces_join_to_the_text_again() {
        for text in [
            "",
            "one",
            "two words",
            "  lead  and\n\ntrail ",
            "späte  Wörter",
        ] {
            assert_eq!(pieces(text).concat(), text);
        }
        assert_eq!(pieces("You said: hi"), ["You", " said:", " hi"]);
    }
}
