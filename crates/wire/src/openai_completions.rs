//! OpenAI's legacy completions: `POST /v1/completions`.
//! <https://platform.openai.com/docs/api-reference/completions>
//!
//! A provider that speaks it forwards the call as it is; for any other one the prompt becomes the
//! only user message of a conversation.

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};

use crate::node::Node;
use crate::openai_chat::{Label, error_frame, head, read, sampling, tail};
use crate::{
    Body, Chat, ChatReply, Delta, Envelope, Finish, Message, Part, PartBody, Role, StreamEncoder,
};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field: also for what no conversation can do (several prompts,
/// tokens, `suffix`, `echo`, `best_of`, `logprobs`).
pub fn decode_call(body: &Body) -> Result<Chat, Fault> {
    let top = |name| Node::top(body, name);
    refuse(top("suffix"), |_| Ok(false))?;
    refuse(top("echo"), |node| Ok(!node.boolean()?))?;
    refuse(top("best_of"), |node| Ok(node.count()? == 1))?;
    refuse(top("logprobs"), |_| Ok(false))?;
    let prompt = top("prompt").ok_or_else(|| {
        Fault::invalid("prompt", "'prompt' is missing; give the text to continue")
    })?;
    let extra = body
        .names()
        .filter(|name| !MODELLED.contains(name))
        .filter_map(|name| Some((name.to_owned(), top(name)?.json())))
        .map(|(name, json)| Ok((name, json?)))
        .collect::<Result<_, Fault>>()?;
    Ok(Chat {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::text(text(&prompt)?)],
            name: None,
        }],
        max_output_tokens: read(top("max_tokens"), Node::count)?,
        sampling: sampling(body)?,
        user: read(top("user"), Node::string)?,
        extra,
        ..Chat::default()
    })
}

/// Refuses a field unless its value means what a conversation does anyway.
fn refuse(
    node: Option<Node<'_, '_>>,
    is_default: impl FnOnce(&Node<'_, '_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    match node {
        Some(node) if !is_default(&node)? => {
            Err(node
                .fault("left out: this model is reached as a chat model, which has no such thing"))
        }
        _ => Ok(()),
    }
}

fn text(prompt: &Node<'_, '_>) -> Result<String, Fault> {
    const EXPECTED: &str = "one text: this model is reached as a chat model, which takes no tokens and no more than one prompt";
    if prompt.is_string() {
        return prompt.string();
    }
    let mut texts = Vec::new();
    if prompt.is_array() {
        prompt.items(|item| {
            texts.push(item.is_string().then(|| item.string()).transpose()?);
            Ok(())
        })?;
    }
    match (texts.pop().flatten(), texts.is_empty()) {
        (Some(text), true) => Ok(text),
        _ => Err(prompt.fault(EXPECTED)),
    }
}

/// Writes a whole reply. Only the text of it can be told.
#[must_use]
pub fn encode_reply(reply: &ChatReply, envelope: &Envelope) -> Bytes {
    let mut out = BytesMut::with_capacity(1024);
    let mut json = crate::writer::JsonWriter::new(&mut out);
    head(&mut json, reply, envelope, "text_completion", "cmpl-");
    json.key("choices").begin_array();
    for (index, choice) in (0..).zip(&reply.choices) {
        let texts = choice.parts.iter().filter_map(|part| match &part.body {
            PartBody::Text(text) | PartBody::Refusal(text) => Some(text.as_str()),
            _ => None,
        });
        json.begin_object();
        json.key("text").text(&texts.collect::<Vec<_>>().concat());
        json.key("index").number(index);
        json.key("logprobs").null();
        let finish = choice.finish.as_ref().unwrap_or(&Finish::Stop);
        json.key("finish_reason").text(reason(finish));
        json.end_object();
    }
    json.end_array();
    tail(&mut json, reply);
    out.freeze()
}

/// Writes a stream.
#[derive(Debug)]
pub struct Encoder {
    label: Label,
    usage: Option<Usage>,
}

impl Encoder {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(envelope: Envelope) -> Self {
        Self {
            label: Label::new(envelope, "text_completion", "cmpl-"),
            usage: None,
        }
    }

    fn chunk(&mut self, choice: u32, text: &str, finish: Option<&Finish>, out: &mut BytesMut) {
        let mut json = self.label.open(out);
        json.begin_object().key("text").text(text);
        json.key("index").number(choice.into());
        json.key("logprobs").null();
        json.key("finish_reason").value(&finish.map(reason));
        json.end_object();
        self.label.close(json);
    }
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, delta: Delta, out: &mut BytesMut) {
        match delta {
            Delta::Start {
                id,
                created,
                system_fingerprint,
                ..
            } => {
                let fingerprint = system_fingerprint.as_deref();
                self.label.start(id.as_deref(), created, None, fingerprint);
            }
            Delta::Text { choice, text } | Delta::Refusal { choice, text } => {
                self.chunk(choice, &text, None, out);
            }
            Delta::Finish { choice, finish } => self.chunk(choice, "", Some(&finish), out),
            Delta::Usage(counted) => self.usage = Some(counted),
            Delta::Thinking { .. }
            | Delta::ThinkingSignature { .. }
            | Delta::RedactedThinking { .. }
            | Delta::ToolCall { .. }
            | Delta::ToolArguments { .. }
            | Delta::Image { .. }
            | Delta::Audio { .. }
            | Delta::Annotations { .. }
            | Delta::Logprobs { .. } => {}
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        self.label.end(self.usage.as_ref(), out);
    }

    fn fail(&mut self, fault: &Fault, out: &mut BytesMut) {
        out.extend_from_slice(&error_frame(fault));
    }
}

const fn reason(finish: &Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::StopSequence(_) | Finish::Pause | Finish::ToolCalls => "stop",
        Finish::Length | Finish::ContextWindow => "length",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
    }
}

/// Fields that have a neutral form, that [`crate::Call`] reads, or that were refused.
const MODELLED: [&str; 19] = [
    "model",
    "stream",
    "stream_options",
    "prompt",
    "suffix",
    "echo",
    "best_of",
    "logprobs",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "n",
    "user",
];

#[cfg(test)]
mod tests;
