//! Whole replies in both directions. <https://docs.anthropic.com/en/api/messages#response-id>

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::PROVIDER;
use super::content::{Block, KnownBlock, arguments_object};
use super::error::{UpstreamError, append, unreadable};
use super::usage::{Counts, UsageRead, UsageWritten};
use crate::{ChatReply, Choice, Envelope, Finish, Json, Part, PartBody};

/// Reads an upstream's whole reply.
///
/// # Errors
/// When it is not one.
pub fn decode_reply(body: &[u8]) -> Result<ChatReply, Fault> {
    let read: ReplyRead<'_> = match serde_json::from_slice(body) {
        Ok(read) => read,
        Err(error) => {
            return Err(UpstreamError::read(body)
                .map_or_else(|| unreadable(&error), UpstreamError::into_fault));
        }
    };
    let mut choice = Choice {
        finish: read
            .stop_reason
            .as_deref()
            .map(|reason| read_finish(reason, read.stop_sequence.map(Cow::into_owned))),
        ..Choice::default()
    };
    let mut annotations = Annotations::default();
    for block in read.content {
        read_block(block, &mut choice.parts, &mut annotations)
            .map_err(|error| unreadable(&error))?;
    }
    if let Some(refusal) = read.stop_details.and_then(StopDetails::refusal) {
        choice.parts.push(Part::new(PartBody::Refusal(refusal)));
    }
    choice.annotations = annotations.take();
    let mut counts = Counts::default();
    if let Some(usage) = &read.usage {
        counts.update(usage);
    }
    let service_tier = read.usage.as_ref().and_then(UsageRead::tier);
    Ok(ChatReply {
        id: read.id.map(Cow::into_owned),
        model: read.model.map(Cow::into_owned),
        created: None,
        choices: vec![choice],
        usage: read.usage.is_some().then(|| counts.usage()),
        service_tier,
        system_fingerprint: None,
    })
}

#[derive(Deserialize)]
struct ReplyRead<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stop_sequence: Option<Cow<'a, str>>,
    stop_details: Option<StopDetails>,
    #[serde(borrow)]
    usage: Option<UsageRead<'a>>,
}

/// Why a reply was refused.
#[derive(Deserialize)]
pub(super) struct StopDetails {
    #[serde(rename = "type")]
    kind: Option<String>,
    explanation: Option<String>,
}

impl StopDetails {
    pub(super) fn refusal(self) -> Option<String> {
        (self.kind.as_deref() == Some("refusal"))
            .then_some(self.explanation)
            .flatten()
    }
}

/// The type alone: what else a block has depends on it.
#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Cow<'a, str>,
}

/// The fields of the known blocks.
#[derive(Deserialize)]
pub(super) struct BlockRead<'a> {
    pub(super) text: Option<String>,
    pub(super) thinking: Option<String>,
    pub(super) signature: Option<String>,
    pub(super) data: Option<String>,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    #[serde(borrow)]
    pub(super) input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) citations: Option<Vec<&'a RawValue>>,
}

fn read_block(
    block: &RawValue,
    parts: &mut Vec<Part>,
    annotations: &mut Annotations,
) -> Result<(), serde_json::Error> {
    let Kind { kind } = serde_json::from_str(block.get())?;
    let is_known = matches!(
        &*kind,
        "text" | "thinking" | "redacted_thinking" | "tool_use"
    );
    if !is_known {
        parts.push(Part::new(PartBody::Opaque {
            provider: PROVIDER,
            json: Json::from_text(block.get().to_owned())?,
        }));
        return Ok(());
    }
    let read: BlockRead<'_> = serde_json::from_str(block.get())?;
    let body = match &*kind {
        "text" => {
            let text = read.text.unwrap_or_default();
            annotations.text(&text);
            for citation in read.citations.unwrap_or_default() {
                annotations.citation(citation);
            }
            annotations.close();
            PartBody::Text(text)
        }
        "thinking" => PartBody::Thinking {
            text: read.thinking.unwrap_or_default(),
            signature: read.signature.filter(|proof| !proof.is_empty()),
        },
        "redacted_thinking" => PartBody::RedactedThinking(read.data.unwrap_or_default()),
        _ => PartBody::ToolCall {
            id: read.id.unwrap_or_default(),
            name: read.name.unwrap_or_default(),
            arguments: read.input.map_or("{}", RawValue::get).to_owned(),
            signature: None,
        },
    };
    parts.push(Part::new(body));
    Ok(())
}

pub(super) fn read_finish(reason: &str, sequence: Option<String>) -> Finish {
    match reason {
        "max_tokens" => Finish::Length,
        "stop_sequence" => Finish::StopSequence(sequence),
        "tool_use" => Finish::ToolCalls,
        "pause_turn" | "compaction" => Finish::Pause,
        "refusal" => Finish::Refusal,
        "model_context_window_exceeded" => Finish::ContextWindow,
        _ => Finish::Stop,
    }
}

/// Collects the citations that have a web address, as OpenAI writes them: which characters of the
/// whole text they are about. The others point into documents of the call.
#[derive(Debug, Default)]
pub(super) struct Annotations {
    list: Vec<Annotation>,
    /// The first character of the open text block.
    start: usize,
    /// One past the last character so far.
    end: usize,
    /// How many of `list` are of earlier blocks.
    closed: usize,
}

#[derive(Debug, Serialize)]
struct Annotation {
    #[serde(rename = "type")]
    kind: &'static str,
    url_citation: UrlCitation,
}

#[derive(Debug, Serialize)]
struct UrlCitation {
    start_index: usize,
    end_index: usize,
    title: String,
    url: String,
}

impl Annotations {
    pub(super) fn text(&mut self, text: &str) {
        self.end += text.chars().count();
    }

    pub(super) fn citation(&mut self, citation: &RawValue) {
        #[derive(Deserialize)]
        struct Citation {
            url: Option<String>,
            title: Option<String>,
        }
        let Ok(read) = serde_json::from_str::<Citation>(citation.get()) else {
            return;
        };
        let Some(url) = read.url else {
            return;
        };
        self.list.push(Annotation {
            kind: "url_citation",
            url_citation: UrlCitation {
                start_index: self.start,
                end_index: self.end,
                title: read.title.unwrap_or_default(),
                url,
            },
        });
    }

    /// The text block ends: now it is known which characters its citations are about.
    pub(super) fn close(&mut self) {
        for annotation in self.list.iter_mut().skip(self.closed) {
            annotation.url_citation.end_index = self.end;
        }
        self.closed = self.list.len();
        self.start = self.end;
    }

    /// What has been collected since the last time; `None` when there is nothing.
    pub(super) fn take(&mut self) -> Option<Json> {
        let list = std::mem::take(&mut self.list);
        self.closed = 0;
        if list.is_empty() {
            return None;
        }
        Json::from_value(&list).ok()
    }
}

/// Writes a whole reply.
#[must_use]
pub fn encode_reply(reply: &ChatReply, envelope: &Envelope) -> Bytes {
    let choice = reply.choices.first();
    let parts = choice.map(|choice| choice.parts.as_slice());
    let parts = parts.unwrap_or_default();
    let (stop_reason, stop_sequence) = write_finish(
        choice.and_then(|choice| choice.finish.as_ref()),
        parts.iter().any(is_call),
    );
    let is_refusal = parts
        .iter()
        .any(|part| matches!(part.body, PartBody::Refusal(_)));
    let written = ReplyWritten {
        id: write_id(reply.id.as_deref(), envelope),
        kind: "message",
        role: "assistant",
        model: &envelope.model,
        content: parts.iter().filter_map(write_block).collect(),
        stop_reason: Some(if is_refusal { "refusal" } else { stop_reason }),
        stop_sequence,
        usage: UsageWritten::of_reply(reply.usage, reply.service_tier.as_deref()),
    };
    let mut out = BytesMut::new();
    append(&mut out, &written);
    out.freeze()
}

/// A reply, or the one without content that begins a stream.
#[derive(Serialize)]
pub(super) struct ReplyWritten<'a> {
    pub(super) id: Cow<'a, str>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) role: &'static str,
    pub(super) model: &'a str,
    pub(super) content: Vec<Block<'a>>,
    pub(super) stop_reason: Option<&'static str>,
    pub(super) stop_sequence: Option<&'a str>,
    pub(super) usage: UsageWritten,
}

/// Anthropic's own id, or one made from the call's.
pub(super) fn write_id<'a>(id: Option<&'a str>, envelope: &Envelope) -> Cow<'a, str> {
    match id {
        Some(id) if id.starts_with("msg_") => id.into(),
        _ => format!("msg_{}", envelope.call_id).into(),
    }
}

/// Anthropic's word for why a reply ended, and the text that ended it. Some vendors say that a
/// reply with tool calls just stopped.
pub(super) const fn write_finish(
    finish: Option<&Finish>,
    has_calls: bool,
) -> (&'static str, Option<&str>) {
    match finish {
        None | Some(Finish::Stop) if has_calls => ("tool_use", None),
        None | Some(Finish::Stop) => ("end_turn", None),
        Some(Finish::ToolCalls) => ("tool_use", None),
        Some(Finish::StopSequence(None)) => ("stop_sequence", None),
        Some(Finish::StopSequence(Some(text))) => ("stop_sequence", Some(text.as_str())),
        Some(Finish::Length) => ("max_tokens", None),
        Some(Finish::ContentFilter | Finish::Refusal) => ("refusal", None),
        Some(Finish::Pause) => ("pause_turn", None),
        Some(Finish::ContextWindow) => ("model_context_window_exceeded", None),
    }
}

const fn is_call(part: &Part) -> bool {
    matches!(part.body, PartBody::ToolCall { .. })
}

/// Writes a part of a reply; `None` for what Anthropic's replies never hold (pictures, sound), for
/// the opaque parts of other vendors, and for an empty text, which it would refuse when the client
/// sends it back.
fn write_block(part: &Part) -> Option<Block<'_>> {
    Some(Block::Known(match &part.body {
        PartBody::Text(text) if text.is_empty() => return None,
        PartBody::Text(text) | PartBody::Refusal(text) => KnownBlock::Text {
            text: text.into(),
            cache_control: None,
        },
        PartBody::Thinking { text, signature } => KnownBlock::Thinking {
            thinking: text,
            signature: signature.as_deref().unwrap_or_default(),
        },
        PartBody::RedactedThinking(data) => KnownBlock::RedactedThinking { data },
        PartBody::ToolCall {
            id,
            name,
            arguments,
            ..
        } => KnownBlock::ToolUse {
            id: id.into(),
            name,
            // A model that breaks off inside its arguments leaves no object to give.
            input: arguments_object(arguments).or_else(|| arguments_object(""))?,
            cache_control: None,
        },
        PartBody::Opaque { provider, json } if *provider == PROVIDER => {
            return Some(Block::Opaque(json));
        }
        PartBody::Opaque { .. }
        | PartBody::Image(_)
        | PartBody::Document { .. }
        | PartBody::Audio(_)
        | PartBody::Video(_)
        | PartBody::ToolResult { .. } => return None,
    }))
}

/// Writes the reply of `count_tokens`.
#[must_use]
pub fn encode_token_count(count: u64) -> Bytes {
    format!("{{\"input_tokens\":{count}}}").into()
}

/// Reads the reply of `count_tokens`.
///
/// # Errors
/// When it is not one.
pub fn decode_token_count(body: &[u8]) -> Result<u64, Fault> {
    #[derive(Deserialize)]
    struct Count {
        input_tokens: u64,
    }
    serde_json::from_slice(body)
        .map(|Count { input_tokens }| input_tokens)
        .map_err(|error| unreadable(&error))
}

/// The fault of a `200` that is no reply.
pub(super) fn no_object() -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        ironward_core::Retry::Again(None),
        "the provider's reply could not be read",
    )
    .with_cause("the body is no JSON object")
}
