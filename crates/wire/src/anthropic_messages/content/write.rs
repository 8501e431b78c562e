use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ironward_core::Fault;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::anthropic_messages::PROVIDER;
use crate::anthropic_messages::object::Path;
use crate::{CacheMarker, Json, Media, Part, PartBody, Source};

/// A text where one will do, blocks otherwise.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::anthropic_messages) enum Content<'a> {
    /// One uncached text.
    Text(Cow<'a, str>),
    /// Anything else.
    Blocks(Vec<Block<'a>>),
}

/// One content block.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::anthropic_messages) enum Block<'a> {
    Known(KnownBlock<'a>),
    /// One of Anthropic's own, as it was.
    Opaque(&'a Json),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::anthropic_messages) enum KnownBlock<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
    Image {
        source: SourceWritten<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
    Document {
        source: SourceWritten<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: &'a RawValue,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Content<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Cache>,
    },
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(in crate::anthropic_messages) enum SourceWritten<'a> {
    Base64 {
        media_type: &'a str,
        data: &'a str,
    },
    Url {
        url: &'a str,
    },
    File {
        file_id: &'a str,
    },
    Text {
        media_type: &'static str,
        data: Cow<'a, str>,
    },
}

/// `cache_control`.
#[derive(Debug, Clone, Copy, Serialize)]
pub(in crate::anthropic_messages) struct Cache {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl Cache {
    pub(in crate::anthropic_messages) fn of(marker: Option<CacheMarker>) -> Option<Self> {
        let ttl = match marker? {
            CacheMarker::FiveMinutes => None,
            CacheMarker::OneHour => Some("1h"),
        };
        Some(Self {
            kind: "ephemeral",
            ttl,
        })
    }
}

/// Writes parts as a text or as blocks.
pub(in crate::anthropic_messages) fn write_content(mut blocks: Vec<Block<'_>>) -> Content<'_> {
    match blocks.as_mut_slice() {
        [
            Block::Known(KnownBlock::Text {
                text,
                cache_control: None,
            }),
        ] => Content::Text(std::mem::take(text)),
        _ => Content::Blocks(blocks),
    }
}

/// Writes parts as blocks.
///
/// Left out: empty texts, which Anthropic refuses; thoughts without its own signature, which it
/// refuses too; and the opaque parts of other vendors.
pub(in crate::anthropic_messages) fn write_blocks<'a>(
    parts: &'a [Part],
    path: &Path<'_>,
    blocks: &mut Vec<Block<'a>>,
) -> Result<(), Fault> {
    let mut calls = 0;
    for (index, part) in parts.iter().enumerate() {
        let content = path.field("content");
        let place = content.item(index);
        let cache_control = Cache::of(part.cache);
        let known = match &part.body {
            PartBody::Text(text) | PartBody::Refusal(text) => {
                if text.trim().is_empty() {
                    continue;
                }
                text_block(text, cache_control)
            }
            PartBody::Image(image) => match write_source(&image.source) {
                SourceWritten::Text { data, .. } => KnownBlock::Text {
                    text: data,
                    cache_control,
                },
                source => KnownBlock::Image {
                    source,
                    cache_control,
                },
            },
            PartBody::Document { source, title } => KnownBlock::Document {
                source: write_source(source),
                title: title.as_deref(),
                cache_control,
            },
            PartBody::Thinking { text, signature } => match signature.as_deref() {
                None | Some("") => continue,
                Some(signature) => KnownBlock::Thinking {
                    thinking: text,
                    signature,
                },
            },
            PartBody::RedactedThinking(data) => KnownBlock::RedactedThinking { data },
            PartBody::ToolCall {
                id,
                name,
                arguments,
                ..
            } => {
                let input =
                    arguments_object(arguments).ok_or_else(|| not_an_object(path, calls))?;
                calls += 1;
                KnownBlock::ToolUse {
                    id: call_id(id),
                    name,
                    input,
                    cache_control,
                }
            }
            PartBody::ToolResult {
                call_id: id,
                content,
                is_error,
            } => {
                let mut inner = Vec::with_capacity(content.len());
                write_blocks(content, &place, &mut inner)?;
                KnownBlock::ToolResult {
                    tool_use_id: call_id(id),
                    content: (!inner.is_empty()).then(|| write_content(inner)),
                    is_error: *is_error,
                    cache_control,
                }
            }
            PartBody::Opaque { provider, json } => {
                if *provider == PROVIDER {
                    blocks.push(Block::Opaque(json));
                }
                continue;
            }
            PartBody::Audio(_) => return Err(no_form(&place, "audio")),
            PartBody::Video(_) => return Err(no_form(&place, "video")),
        };
        blocks.push(Block::Known(known));
    }
    Ok(())
}

/// A tool call's arguments as a JSON object: none and `null` are `{}`; `None` when they are
/// anything else than an object.
pub(in crate::anthropic_messages) fn arguments_object(arguments: &str) -> Option<&RawValue> {
    let text = match arguments.trim() {
        "" | "null" => "{}",
        text => text,
    };
    let value: &RawValue = serde_json::from_str(text).ok()?;
    value.get().starts_with('{').then_some(value)
}

fn text_block(text: &str, cache_control: Option<Cache>) -> KnownBlock<'_> {
    KnownBlock::Text {
        text: text.into(),
        cache_control,
    }
}

fn write_source(source: &Source) -> SourceWritten<'_> {
    match source {
        Source::Inline(Media { media_type, data }) => {
            // Only plain text has a form as text; base64 is for PDF.
            if media_type.starts_with("text/")
                && let Some(text) = STANDARD
                    .decode(data)
                    .ok()
                    .and_then(|bytes| String::from_utf8(bytes).ok())
            {
                return plain_text(text.into());
            }
            SourceWritten::Base64 { media_type, data }
        }
        Source::Url { url, .. } => SourceWritten::Url { url },
        Source::File(file_id) => SourceWritten::File { file_id },
        Source::Text(text) => plain_text(text.into()),
    }
}

const fn plain_text(data: Cow<'_, str>) -> SourceWritten<'_> {
    SourceWritten::Text {
        media_type: "text/plain",
        data,
    }
}

/// Anthropic takes ids of letters, digits, `_` and `-`; other vendors' may have more.
fn call_id(id: &str) -> Cow<'_, str> {
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if id.is_empty() {
        "_".into()
    } else if id.chars().all(is_allowed) {
        id.into()
    } else {
        id.chars()
            .map(|char| if is_allowed(char) { char } else { '_' })
            .collect::<String>()
            .into()
    }
}

/// Arguments that are no JSON object come from clients of OpenAI's dialect: its path is named.
fn not_an_object(message: &Path<'_>, call: usize) -> Fault {
    message
        .field("tool_calls")
        .item(call)
        .field("function")
        .field("arguments")
        .has_to_be("a JSON object")
}

fn no_form(path: &Path<'_>, what: &str) -> Fault {
    let path = path.to_string();
    let message = format!("'{path}' is {what}, which {PROVIDER} has no form for");
    Fault::invalid(path, message)
}
