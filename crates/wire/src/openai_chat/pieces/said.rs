use serde::Deserialize;
use serde_json::value::RawValue;

use super::{MessageFields, Told};
use crate::openai_chat::media::source;
use crate::openai_chat::{lenient, thinking};
use crate::{Delta, Image, Part, PartBody};

/// Thoughts, from the field that says most about them: many servers write the same text twice.
pub(super) fn thoughts(message: &MessageFields<'_>, told: &mut Told<'_>) {
    let plain = message
        .reasoning_content
        .as_ref()
        .or(message.reasoning.as_ref());
    let blocks = message
        .thinking_blocks
        .and_then(|json| thinking::from_blocks(json.get()).ok());
    let details = message
        .reasoning_details
        .and_then(|json| thinking::from_details(json.get()).ok());
    let structured = blocks.or(details).unwrap_or_default();
    let has_text = structured
        .iter()
        .any(|part| matches!(&part.body, PartBody::Thinking { text, .. } if !text.is_empty()));
    if let Some(text) = plain.filter(|_| !has_text) {
        told.deltas.push(Delta::Thinking {
            choice: told.choice,
            text: text.clone(),
        });
    }
    for part in structured {
        tell_thought(part, told);
    }
}

fn tell_thought(part: Part, told: &mut Told<'_>) {
    let Told { choice, deltas, .. } = told;
    let choice = *choice;
    match part.body {
        PartBody::Thinking { text, signature } => {
            if !text.is_empty() {
                deltas.push(Delta::Thinking { choice, text });
            }
            if let Some(signature) = signature {
                deltas.push(Delta::ThinkingSignature { choice, signature });
            }
        }
        PartBody::RedactedThinking(data) => {
            deltas.push(Delta::RedactedThinking { choice, data });
        }
        _ => {}
    }
}

/// `content`: a string, or Mistral's list of parts
/// (<https://docs.mistral.ai/capabilities/reasoning>).
pub(super) fn content(content: &RawValue, told: &mut Told<'_>) {
    #[derive(Deserialize)]
    struct PartFields<'a> {
        #[serde(default, deserialize_with = "lenient::text")]
        text: Option<String>,
        #[serde(default, deserialize_with = "lenient::text")]
        refusal: Option<String>,
        #[serde(borrow, default)]
        thinking: Option<&'a RawValue>,
        #[serde(default, deserialize_with = "lenient::text")]
        signature: Option<String>,
        #[serde(borrow, default)]
        image_url: Option<&'a RawValue>,
    }
    let choice = told.choice;
    if content.get().starts_with('"') {
        let text: String = serde_json::from_str(content.get()).unwrap_or_default();
        if !text.is_empty() {
            told.deltas.push(Delta::Text { choice, text });
        }
        return;
    }
    let parts: Vec<PartFields<'_>> = serde_json::from_str(content.get()).unwrap_or_default();
    for part in parts {
        if let Some(thought) = part.thinking {
            let text = thought_text(thought);
            let part = Part::new(PartBody::Thinking {
                text,
                signature: part.signature,
            });
            tell_thought(part, told);
        } else if let Some(text) = part.text {
            told.deltas.push(Delta::Text { choice, text });
        } else if let Some(text) = part.refusal {
            told.deltas.push(Delta::Refusal { choice, text });
        } else if let Some(image) = part.image_url.and_then(image) {
            told.deltas.push(Delta::Image { choice, image });
        }
    }
}

/// A string, or Mistral's list of texts.
fn thought_text(json: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Text {
        #[serde(default)]
        text: String,
    }
    serde_json::from_str::<String>(json.get()).unwrap_or_else(|_| {
        let texts: Vec<Text> = serde_json::from_str(json.get()).unwrap_or_default();
        texts.into_iter().map(|text| text.text).collect()
    })
}

/// `images` as LiteLLM and `OpenRouter` write them.
pub(super) fn images(list: &RawValue) -> Vec<Image> {
    #[derive(Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        image_url: &'a RawValue,
    }
    let entries: Vec<Entry<'_>> = serde_json::from_str(list.get()).unwrap_or_default();
    entries
        .into_iter()
        .filter_map(|entry| image(entry.image_url))
        .collect()
}

fn image(address: &RawValue) -> Option<Image> {
    #[derive(Deserialize)]
    struct Address {
        url: String,
        detail: Option<String>,
    }
    let address: Address = match serde_json::from_str(address.get()) {
        Ok(address) => address,
        Err(_) => Address {
            url: serde_json::from_str(address.get()).ok()?,
            detail: None,
        },
    };
    Some(Image {
        source: source(address.url, None)?,
        detail: address.detail,
    })
}
