use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::upstream::ask::pieces;
use crate::upstream::record::RecordedCall;
use crate::upstream::refusal::Refusal;
use crate::upstream::route::unknown_field;
use crate::upstream::vector::{DEFAULT_DIMENSIONS, embed as vector};

/// <https://platform.openai.com/docs/api-reference/embeddings>
pub(in crate::upstream) fn embed(_call: &RecordedCall, body: &Value) -> Result<Value, Refusal> {
    if let Some(name) = unknown_field(body, FIELDS) {
        let message = format!("Unrecognized request argument supplied: {name}");
        return Err(Refusal::field(name, message));
    }
    let inputs =
        inputs(&body["input"]).ok_or_else(|| Refusal::field("input", "'$.input' is invalid."))?;
    let dimensions = body["dimensions"]
        .as_u64()
        .and_then(|n| usize::try_from(n).ok());
    let tokens: usize = inputs.iter().map(|text| pieces(text).len()).sum();
    let rows: Vec<_> = inputs
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let vector = vector(text, dimensions.unwrap_or(DEFAULT_DIMENSIONS));
            let embedding = if body["encoding_format"] == "base64" {
                let bytes: Vec<u8> = vector.iter().flat_map(|x| x.to_le_bytes()).collect();
                STANDARD.encode(bytes).into()
            } else {
                json!(vector)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    Ok(json!({
        "object": "list",
        "data": rows,
        "model": body["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

/// A text, texts, a list of token numbers, or lists of them; token lists are embedded as written.
fn inputs(input: &Value) -> Option<Vec<String>> {
    match input {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) if items.is_empty() => None,
        Value::Array(items) if items.iter().all(Value::is_number) => Some(vec![input.to_string()]),
        Value::Array(items) => items
            .iter()
            .map(|item| match item {
                Value::String(text) => Some(text.clone()),
                Value::Array(_) => Some(item.to_string()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

const FIELDS: &[&str] = &["dimensions", "encoding_format", "input", "model", "user"];
