//! The forms that thoughts have beside plain `reasoning_content`.

use serde::Deserialize;

use crate::writer::JsonWriter;
use crate::{Part, PartBody};

/// LiteLLM's `thinking_blocks`, which are Anthropic's content blocks.
#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    thinking: Option<String>,
    signature: Option<String>,
    data: Option<String>,
}

/// `OpenRouter`'s `reasoning_details`.
/// <https://openrouter.ai/docs/guides/best-practices/reasoning-tokens>
#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    summary: Option<String>,
    signature: Option<String>,
}

/// Reads `thinking_blocks`.
pub(super) fn from_blocks(json: &str) -> Result<Vec<Part>, serde_json::Error> {
    let blocks: Vec<Block> = serde_json::from_str(json)?;
    Ok(blocks.into_iter().filter_map(Block::part).collect())
}

/// Reads `reasoning_details`; encrypted ones mean something to their own vendor only and are left
/// out.
pub(super) fn from_details(json: &str) -> Result<Vec<Part>, serde_json::Error> {
    let details: Vec<Detail> = serde_json::from_str(json)?;
    Ok(details
        .into_iter()
        .filter_map(|detail| match detail.kind.as_str() {
            "reasoning.text" => thought(detail.text, detail.signature),
            "reasoning.summary" => thought(detail.summary, None),
            _ => None,
        })
        .collect())
}

/// A thought without a proof; nothing for an empty text.
pub(super) fn unsigned(text: String) -> Option<Part> {
    thought(Some(text), None)
}

fn thought(text: Option<String>, signature: Option<String>) -> Option<Part> {
    let text = text.unwrap_or_default();
    let signature = signature.filter(|signature| !signature.is_empty());
    (!text.is_empty() || signature.is_some())
        .then(|| Part::new(PartBody::Thinking { text, signature }))
}

impl Block {
    fn part(self) -> Option<Part> {
        match self.kind.as_str() {
            "thinking" => thought(self.thinking, self.signature),
            "redacted_thinking" => self
                .data
                .map(|data| Part::new(PartBody::RedactedThinking(data))),
            _ => None,
        }
    }
}

/// Writes `reasoning_content`, and `thinking_blocks` where the text alone would lose something.
pub(super) fn write(json: &mut JsonWriter<'_>, parts: &[Part]) {
    let mut all = String::new();
    let mut thoughts = 0;
    let mut is_text_only = true;
    for part in parts {
        match &part.body {
            PartBody::Thinking { text, signature } => {
                all.push_str(text);
                thoughts += 1;
                is_text_only &= signature.is_none();
            }
            PartBody::RedactedThinking(_) => is_text_only = false,
            _ => {}
        }
    }
    if !all.is_empty() {
        json.key("reasoning_content").text(&all);
    }
    if is_text_only && thoughts < 2 {
        return;
    }
    json.key("thinking_blocks").begin_array();
    for part in parts {
        match &part.body {
            PartBody::Thinking { text, signature } => {
                write_block(json, text, signature.as_deref());
            }
            PartBody::RedactedThinking(data) => write_redacted(json, data),
            _ => {}
        }
    }
    json.end_array();
}

/// Writes a `thinking` block; LiteLLM's always has a signature, if an empty one.
pub(super) fn write_block(json: &mut JsonWriter<'_>, text: &str, signature: Option<&str>) {
    json.begin_object().key("type").text("thinking");
    json.key("thinking").text(text);
    json.key("signature").text(signature.unwrap_or_default());
    json.end_object();
}

/// Writes a `redacted_thinking` block.
pub(super) fn write_redacted(json: &mut JsonWriter<'_>, data: &str) {
    json.begin_object().key("type").text("redacted_thinking");
    json.key("data").text(data).end_object();
}
