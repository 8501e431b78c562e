//! Whole replies: [`decode_reply`] reads an upstream's, [`encode_reply`] writes a client's.

use bytes::{Bytes, BytesMut};
use ironward_core::Fault;

use super::chunk::{Chunk, Progress};
use super::{fault, media, thinking, usage};
use crate::writer::JsonWriter;
use crate::{Assembler, ChatReply, Choice, Envelope, Finish, Image, PartBody, Source};

/// Reads an upstream's whole reply.
///
/// # Errors
/// When it is not one, or holds an error.
pub fn decode_reply(body: &[u8]) -> Result<ChatReply, Fault> {
    let text =
        std::str::from_utf8(body).map_err(|error| fault::unreadable("reply").with_cause(error))?;
    let chunk = Chunk::read(text, false)?;
    if chunk.choices.is_none() {
        return Err(fault::unreadable("reply").with_cause("no choices"));
    }
    // A whole reply is read like a stream of one chunk, so that vendors' variants are known once.
    let mut deltas = Vec::new();
    let mut progress = Progress::default();
    progress.take(chunk, &mut deltas)?;
    progress.close(&mut deltas);
    let mut assembler = Assembler::default();
    for delta in deltas {
        assembler.push(delta);
    }
    Ok(assembler.finish())
}

/// Writes a whole reply, with LiteLLM's additions (`reasoning_content`, `thinking_blocks`,
/// `images`) where there is something to say.
#[must_use]
pub fn encode_reply(reply: &ChatReply, envelope: &Envelope) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut json = JsonWriter::new(&mut out);
    head(&mut json, reply, envelope, "chat.completion", "chatcmpl-");
    json.key("choices").begin_array();
    for (index, choice) in (0..).zip(&reply.choices) {
        json.begin_object().key("index").number(index);
        message(&mut json, choice);
        json.key("logprobs");
        match &choice.logprobs {
            Some(logprobs) => json.raw(logprobs.text()),
            None => json.null(),
        };
        let finish = choice.finish.as_ref().unwrap_or(&Finish::Stop);
        json.key("finish_reason").text(reason(finish));
        json.end_object();
    }
    json.end_array();
    tail(&mut json, reply);
    out.freeze()
}

/// Opens a reply and writes what it is labelled with.
pub(crate) fn head(
    json: &mut JsonWriter<'_>,
    reply: &ChatReply,
    envelope: &Envelope,
    object: &str,
    id_prefix: &str,
) {
    json.begin_object().key("id");
    match &reply.id {
        Some(id) => json.text(id),
        None => json.text(&format!("{id_prefix}{}", envelope.call_id)),
    };
    json.key("object").text(object);
    json.key("created")
        .number(reply.created.unwrap_or(envelope.created));
    json.key("model").text(&envelope.model);
}

/// Writes what stands behind the choices, and closes the reply.
pub(crate) fn tail(json: &mut JsonWriter<'_>, reply: &ChatReply) {
    if let Some(counted) = &reply.usage {
        json.key("usage");
        usage::write(json, counted);
    }
    json.field("service_tier", reply.service_tier.as_deref().and_then(tier));
    json.field("system_fingerprint", reply.system_fingerprint.as_deref());
    json.end_object();
}

/// OpenAI's name of a tier, where it has one.
pub(super) fn tier(tier: &str) -> Option<&str> {
    match tier {
        "auto" | "default" | "flex" | "scale" | "priority" => Some(tier),
        // Anthropic's.
        "standard" => Some("default"),
        _ => None,
    }
}

fn message(json: &mut JsonWriter<'_>, choice: &Choice) {
    json.key("message").begin_object();
    json.key("role").text("assistant");
    let texts = |pick: fn(&PartBody) -> Option<&str>| -> Option<String> {
        let texts: Vec<&str> = choice
            .parts
            .iter()
            .filter_map(|part| pick(&part.body))
            .collect();
        (!texts.is_empty()).then(|| texts.concat())
    };
    let content = texts(|body| match body {
        PartBody::Text(text) => Some(text),
        _ => None,
    });
    let refusal = texts(|body| match body {
        PartBody::Refusal(text) => Some(text),
        _ => None,
    });
    // Both are documented as always there, if null.
    json.key("content").value(&content);
    json.key("refusal").value(&refusal);
    thinking::write(json, &choice.parts);
    calls(json, choice);
    images(json, choice);
    if let Some(annotations) = &choice.annotations {
        json.key("annotations").raw(annotations.text());
    }
    if let Some(audio) = &choice.audio {
        json.key("audio").raw(audio.text());
    }
    json.end_object();
}

fn calls(json: &mut JsonWriter<'_>, choice: &Choice) {
    let is_call = |body: &PartBody| matches!(body, PartBody::ToolCall { .. });
    if !choice.parts.iter().any(|part| is_call(&part.body)) {
        return;
    }
    json.key("tool_calls").begin_array();
    for part in &choice.parts {
        if let PartBody::ToolCall {
            id,
            name,
            arguments,
            signature,
        } = &part.body
        {
            json.begin_object();
            write_call(json, id, name, arguments, signature.as_deref());
            json.end_object();
        }
    }
    json.end_array();
}

fn images(json: &mut JsonWriter<'_>, choice: &Choice) {
    let images = choice.parts.iter().filter_map(|part| match &part.body {
        PartBody::Image(image) => Some(image),
        _ => None,
    });
    for (number, image) in (0..).zip(images) {
        if number == 0 {
            json.key("images").begin_array();
        }
        write_image(json, image, number);
    }
    if choice
        .parts
        .iter()
        .any(|part| matches!(part.body, PartBody::Image(_)))
    {
        json.end_array();
    }
}

/// Writes the fields of a tool call. LiteLLM's place for a thought signature is the one that its
/// clients send back.
pub(super) fn write_call(
    json: &mut JsonWriter<'_>,
    id: &str,
    name: &str,
    arguments: &str,
    signature: Option<&str>,
) {
    json.key("id").text(id);
    json.key("type").text("function");
    json.key("function").begin_object();
    json.key("name").text(name);
    json.key("arguments").text(arguments).end_object();
    if let Some(signature) = signature {
        json.key("provider_specific_fields").begin_object();
        json.key("thought_signature").text(signature).end_object();
    }
}

/// Writes a picture as LiteLLM does.
pub(super) fn write_image(json: &mut JsonWriter<'_>, image: &Image, number: u32) {
    json.begin_object().key("type").text("image_url");
    json.key("image_url").begin_object().key("url");
    match &image.source {
        Source::Inline(media) => json.text(&media::data_url(media)),
        Source::Url { url, .. } => json.text(url),
        Source::File(text) | Source::Text(text) => json.text(text),
    };
    json.field("detail", image.detail.as_deref());
    json.end_object();
    json.key("index").number(number.into()).end_object();
}

/// OpenAI's word for the end of a reply; where it has none, LiteLLM's choice.
pub(super) const fn reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Pause => "stop",
        Finish::Length | Finish::ContextWindow => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
    }
}
