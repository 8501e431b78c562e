use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};

use crate::openai_chat::{reply, thinking, usage};
use crate::writer::JsonWriter;
use crate::{Delta, Envelope, Image, StreamEncoder, openai_error};

/// Writes a stream.
///
/// Thoughts are written as LiteLLM writes them: each as `reasoning_content` and as one
/// `thinking_blocks` entry, the signature in an entry of its own.
#[derive(Debug)]
pub struct Encoder {
    label: Label,
    /// The choices that were given their role.
    begun: BTreeSet<u32>,
    images: u32,
    usage: Option<Usage>,
}

/// What every chunk of a stream begins with, the same from first to last.
#[derive(Debug)]
pub(crate) struct Label {
    envelope: Envelope,
    object: &'static str,
    id_prefix: &'static str,
    /// `{"id":...,"model":...`, once it is known.
    head: BytesMut,
}

impl Label {
    /// Of chunks with this `object`, whose made-up ids begin with `id_prefix`.
    pub(crate) fn new(envelope: Envelope, object: &'static str, id_prefix: &'static str) -> Self {
        Self {
            envelope,
            object,
            id_prefix,
            head: BytesMut::new(),
        }
    }

    /// Takes the provider's id, time, tier and fingerprint; only before the first chunk, so that
    /// they never change.
    pub(crate) fn start(
        &mut self,
        id: Option<&str>,
        created: Option<u64>,
        tier: Option<&str>,
        fingerprint: Option<&str>,
    ) {
        if !self.head.is_empty() {
            return;
        }
        let mut head = BytesMut::with_capacity(160);
        let mut json = JsonWriter::new(&mut head);
        json.begin_object().key("id");
        match id {
            Some(id) => json.text(id),
            None => json.text(&format!("{}{}", self.id_prefix, self.envelope.call_id)),
        };
        json.key("object").text(self.object);
        json.key("created")
            .number(created.unwrap_or(self.envelope.created));
        json.key("model").text(&self.envelope.model);
        json.field("service_tier", tier);
        json.field("system_fingerprint", fingerprint);
        self.head = head;
    }

    /// Opens a frame and the list of choices in it.
    pub(crate) fn open<'o>(&mut self, out: &'o mut BytesMut) -> JsonWriter<'o> {
        self.start(None, None, None, None);
        // Most pieces fit; else each of the writer's small steps might grow the buffer.
        out.reserve(self.head.len() + 160);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&self.head);
        let mut json = JsonWriter::new(out);
        json.key("choices").begin_array();
        json
    }

    /// Closes what [`Label::open`] opened. Chunks before the one that tells the usage say that
    /// they do not: <https://platform.openai.com/docs/api-reference/chat-streaming>
    pub(crate) fn close(&self, mut json: JsonWriter<'_>) {
        json.end_array();
        if self.envelope.include_usage {
            json.key("usage").null();
        }
        json.end_object().end_frame();
    }

    /// Writes the last chunk before `[DONE]`, and that.
    pub(crate) fn end(&mut self, counted: Option<&Usage>, out: &mut BytesMut) {
        if let Some(counted) = counted.filter(|_| self.envelope.include_usage) {
            let mut json = self.open(out);
            json.end_array().key("usage");
            usage::write(&mut json, counted);
            json.end_object().end_frame();
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

/// The event with which a broken stream ends. No `[DONE]` follows: it would look complete.
pub(crate) fn error_frame(fault: &Fault) -> Bytes {
    let error = openai_error::encode(fault);
    let mut frame = BytesMut::with_capacity(error.len() + 8);
    frame.extend_from_slice(b"data: ");
    frame.extend_from_slice(&error);
    frame.extend_from_slice(b"\n\n");
    frame.freeze()
}

impl Encoder {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(envelope: Envelope) -> Self {
        Self {
            label: Label::new(envelope, "chat.completion.chunk", "chatcmpl-"),
            begun: BTreeSet::new(),
            images: 0,
            usage: None,
        }
    }

    /// Writes a chunk whose `delta` is written by `write`.
    fn delta(&mut self, choice: u32, out: &mut BytesMut, write: impl FnOnce(&mut JsonWriter<'_>)) {
        self.chunk(choice, out, write, |json| {
            json.key("finish_reason").null();
        });
    }

    /// Writes a chunk; `after` writes what stands beside its `delta`.
    fn chunk(
        &mut self,
        choice: u32,
        out: &mut BytesMut,
        write: impl FnOnce(&mut JsonWriter<'_>),
        after: impl FnOnce(&mut JsonWriter<'_>),
    ) {
        let is_first = self.begun.insert(choice);
        let mut json = self.label.open(out);
        json.begin_object().key("index").number(choice.into());
        json.key("delta").begin_object();
        if is_first {
            json.key("role").text("assistant");
        }
        write(&mut json);
        json.end_object();
        after(&mut json);
        json.end_object();
        self.label.close(json);
    }

    fn image(&mut self, choice: u32, image: &Image, out: &mut BytesMut) {
        let number = self.images;
        self.images += 1;
        self.delta(choice, out, |json| {
            json.key("images").begin_array();
            reply::write_image(json, image, number);
            json.end_array();
        });
    }

    fn thought(&mut self, choice: u32, text: &str, signature: &str, out: &mut BytesMut) {
        self.delta(choice, out, |json| {
            json.key("reasoning_content").text(text);
            json.key("thinking_blocks").begin_array();
            thinking::write_block(json, text, Some(signature));
            json.end_array();
        });
    }
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, delta: Delta, out: &mut BytesMut) {
        match delta {
            Delta::Start {
                id,
                created,
                service_tier,
                system_fingerprint,
                ..
            } => {
                let tier = service_tier.as_deref().and_then(reply::tier);
                let fingerprint = system_fingerprint.as_deref();
                self.label.start(id.as_deref(), created, tier, fingerprint);
            }
            Delta::Text { choice, text } => self.delta(choice, out, |json| {
                json.key("content").text(&text);
            }),
            Delta::Refusal { choice, text } => self.delta(choice, out, |json| {
                json.key("refusal").text(&text);
            }),
            Delta::Thinking { choice, text } => self.thought(choice, &text, "", out),
            Delta::ThinkingSignature { choice, signature } => {
                self.thought(choice, "", &signature, out);
            }
            Delta::RedactedThinking { choice, data } => self.delta(choice, out, |json| {
                json.key("thinking_blocks").begin_array();
                thinking::write_redacted(json, &data);
                json.end_array();
            }),
            Delta::ToolCall {
                choice,
                index,
                id,
                name,
                signature,
            } => self.delta(choice, out, |json| {
                json.key("tool_calls").begin_array();
                json.begin_object().key("index").number(index.into());
                reply::write_call(json, &id, &name, "", signature.as_deref());
                json.end_object().end_array();
            }),
            Delta::ToolArguments {
                choice,
                index,
                fragment,
            } => self.delta(choice, out, |json| {
                json.key("tool_calls").begin_array();
                json.begin_object().key("index").number(index.into());
                json.key("function").begin_object();
                json.key("arguments").text(&fragment);
                json.end_object().end_object().end_array();
            }),
            Delta::Image { choice, image } => self.image(choice, &image, out),
            Delta::Audio {
                choice,
                json: audio,
            } => self.delta(choice, out, |json| {
                json.key("audio").raw_line(audio.text());
            }),
            Delta::Annotations { choice, json: list } => self.delta(choice, out, |json| {
                json.key("annotations").raw_line(list.text());
            }),
            Delta::Logprobs { choice, json: list } => self.chunk(
                choice,
                out,
                |_| {},
                |json| {
                    json.key("logprobs").raw_line(list.text());
                    json.key("finish_reason").null();
                },
            ),
            Delta::Finish { choice, finish } => self.chunk(
                choice,
                out,
                |_| {},
                |json| {
                    json.key("finish_reason").text(reply::reason(&finish));
                },
            ),
            Delta::Usage(counted) => self.usage = Some(counted),
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.label.end(self.usage.as_ref(), out);
    }

    fn fail(&mut self, fault: &Fault, out: &mut BytesMut) {
        out.extend_from_slice(&error_frame(fault));
    }
}
