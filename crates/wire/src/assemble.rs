//! From deltas to a whole reply and back.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::writer::JsonWriter;
use crate::{ChatReply, Choice, Delta, Json, Part, PartBody};

/// Puts a streamed reply together: the inverse of [`ChatReply::into_deltas`].
#[derive(Debug, Default)]
pub struct Assembler {
    reply: ChatReply,
    choices: BTreeMap<u32, Open>,
}

/// A choice that is being put together.
#[derive(Debug, Default)]
struct Open {
    choice: Choice,
    /// Where the tool calls stand among the parts.
    calls: BTreeMap<u32, usize>,
    /// Whether the last thought got its signature.
    is_signed: bool,
    audio: Spoken,
    annotations: Vec<Json>,
    content_logprobs: Vec<Json>,
    refusal_logprobs: Vec<Json>,
    /// Log-probabilities of another form than the chat's.
    other_logprobs: Option<Json>,
}

/// OpenAI's `audio`, whose pieces are told apart.
#[derive(Debug, Default, Deserialize)]
struct Spoken {
    id: Option<String>,
    #[serde(default)]
    data: String,
    #[serde(default)]
    transcript: String,
    expires_at: Option<u64>,
    #[serde(skip)]
    bytes: Vec<u8>,
}

impl Assembler {
    /// Takes the next delta.
    pub fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Start {
                id,
                model,
                created,
                service_tier,
                system_fingerprint,
            } => {
                self.reply.id = id;
                self.reply.model = model;
                self.reply.created = created;
                self.reply.service_tier = service_tier;
                self.reply.system_fingerprint = system_fingerprint;
            }
            Delta::Text { choice, text } => self.open(choice).text(text),
            Delta::Refusal { choice, text } => self.open(choice).refusal(text),
            Delta::Thinking { choice, text } => self.open(choice).thinking(text),
            Delta::ThinkingSignature { choice, signature } => {
                self.open(choice).sign(signature);
            }
            Delta::RedactedThinking { choice, data } => {
                self.open(choice).part(PartBody::RedactedThinking(data));
            }
            Delta::ToolCall {
                choice,
                index,
                id,
                name,
                signature,
            } => {
                let open = self.open(choice);
                open.calls.insert(index, open.choice.parts.len());
                open.part(PartBody::ToolCall {
                    id,
                    name,
                    arguments: String::new(),
                    signature,
                });
            }
            Delta::ToolArguments {
                choice,
                index,
                fragment,
            } => self.open(choice).arguments(index, &fragment),
            Delta::Image { choice, image } => self.open(choice).part(PartBody::Image(image)),
            Delta::Audio { choice, json } => self.open(choice).audio.push(&json),
            Delta::Annotations { choice, json } => {
                append(&mut self.open(choice).annotations, &json);
            }
            Delta::Logprobs { choice, json } => self.open(choice).logprobs(json),
            Delta::Finish { choice, finish } => self.open(choice).choice.finish = Some(finish),
            Delta::Usage(usage) => self.reply.usage = Some(usage),
        }
    }

    /// The reply, as far as it has come.
    #[must_use]
    pub fn finish(self) -> ChatReply {
        ChatReply {
            choices: self.choices.into_values().map(Open::close).collect(),
            ..self.reply
        }
    }

    fn open(&mut self, choice: u32) -> &mut Open {
        self.choices.entry(choice).or_default()
    }
}

impl Open {
    fn part(&mut self, body: PartBody) {
        self.is_signed = false;
        self.choice.parts.push(Part::new(body));
    }

    fn last(&mut self) -> Option<&mut PartBody> {
        self.choice.parts.last_mut().map(|part| &mut part.body)
    }

    fn text(&mut self, more: String) {
        match self.last() {
            Some(PartBody::Text(text)) => text.push_str(&more),
            _ => self.part(PartBody::Text(more)),
        }
    }

    fn refusal(&mut self, more: String) {
        match self.last() {
            Some(PartBody::Refusal(text)) => text.push_str(&more),
            _ => self.part(PartBody::Refusal(more)),
        }
    }

    fn thinking(&mut self, more: String) {
        let is_signed = self.is_signed;
        match self.last() {
            Some(PartBody::Thinking { text, .. }) if !is_signed => text.push_str(&more),
            _ => self.part(PartBody::Thinking {
                text: more,
                signature: None,
            }),
        }
    }

    fn sign(&mut self, proof: String) {
        let is_signed = self.is_signed;
        match self.last() {
            Some(PartBody::Thinking { signature, .. }) if !is_signed => *signature = Some(proof),
            _ => self.part(PartBody::Thinking {
                text: String::new(),
                signature: Some(proof),
            }),
        }
        self.is_signed = true;
    }

    fn arguments(&mut self, index: u32, fragment: &str) {
        let part = self
            .calls
            .get(&index)
            .and_then(|position| self.choice.parts.get_mut(*position));
        if let Some(Part {
            body: PartBody::ToolCall { arguments, .. },
            ..
        }) = part
        {
            arguments.push_str(fragment);
        }
    }

    fn logprobs(&mut self, json: Json) {
        #[derive(Deserialize)]
        struct Fields {
            content: Option<Json>,
            refusal: Option<Json>,
        }
        match serde_json::from_str::<Fields>(json.text()) {
            Ok(Fields {
                content: None,
                refusal: None,
            })
            | Err(_) => self.other_logprobs = Some(json),
            Ok(fields) => {
                if let Some(list) = &fields.content {
                    append(&mut self.content_logprobs, list);
                }
                if let Some(list) = &fields.refusal {
                    append(&mut self.refusal_logprobs, list);
                }
            }
        }
    }

    fn close(self) -> Choice {
        let mut choice = self.choice;
        choice.audio = self.audio.close();
        if !self.annotations.is_empty() {
            choice.annotations = Json::from_value(&self.annotations).ok();
        }
        choice.logprobs = if self.content_logprobs.is_empty() && self.refusal_logprobs.is_empty() {
            self.other_logprobs
        } else {
            written(|json| {
                json.begin_object();
                for (key, list) in [
                    ("content", &self.content_logprobs),
                    ("refusal", &self.refusal_logprobs),
                ] {
                    json.key(key).value(&(!list.is_empty()).then_some(list));
                }
                json.end_object();
            })
        };
        choice
    }
}

impl Spoken {
    fn push(&mut self, json: &Json) {
        let Ok(piece) = serde_json::from_str::<Self>(json.text()) else {
            return;
        };
        // Each piece is padded for itself, so they cannot be joined as they are.
        self.bytes
            .extend(STANDARD.decode(piece.data.as_bytes()).unwrap_or_default());
        self.transcript.push_str(&piece.transcript);
        self.id = piece.id.or_else(|| self.id.take());
        self.expires_at = piece.expires_at.or(self.expires_at);
    }

    fn close(self) -> Option<Json> {
        let id = self.id?;
        written(|json| {
            json.begin_object().key("id").text(&id);
            json.key("data").text(&STANDARD.encode(&self.bytes));
            json.field("expires_at", self.expires_at);
            json.key("transcript").text(&self.transcript).end_object();
        })
    }
}

/// Appends the items of a list; anything else is no list of annotations or log-probabilities.
fn append(to: &mut Vec<Json>, list: &Json) {
    to.extend(serde_json::from_str::<Vec<Json>>(list.text()).unwrap_or_default());
}

fn written(write: impl FnOnce(&mut JsonWriter<'_>)) -> Option<Json> {
    let mut out = bytes::BytesMut::new();
    write(&mut JsonWriter::new(&mut out));
    Json::from_text(String::from_utf8(out.into()).ok()?).ok()
}

impl ChatReply {
    /// The reply as a stream would tell it, texts word by word: for replies that the gateway gives
    /// itself.
    #[must_use]
    pub fn into_deltas(self) -> Vec<Delta> {
        let mut deltas = vec![Delta::Start {
            id: self.id,
            model: self.model,
            created: self.created,
            service_tier: self.service_tier,
            system_fingerprint: self.system_fingerprint,
        }];
        for (number, choice) in (0..).zip(self.choices) {
            choice.tell(number, &mut deltas);
        }
        deltas.extend(self.usage.map(Delta::Usage));
        deltas
    }
}

impl Choice {
    fn tell(self, choice: u32, deltas: &mut Vec<Delta>) {
        let mut calls = 0..;
        for part in self.parts {
            tell_part(choice, part.body, &mut calls, deltas);
        }
        let lists = [
            self.audio.map(|json| Delta::Audio { choice, json }),
            self.annotations
                .map(|json| Delta::Annotations { choice, json }),
            self.logprobs.map(|json| Delta::Logprobs { choice, json }),
            self.finish.map(|finish| Delta::Finish { choice, finish }),
        ];
        deltas.extend(lists.into_iter().flatten());
    }
}

fn tell_part(
    choice: u32,
    body: PartBody,
    calls: &mut impl Iterator<Item = u32>,
    deltas: &mut Vec<Delta>,
) {
    match body {
        PartBody::Text(text) => {
            deltas.extend(words(&text).map(|text| Delta::Text { choice, text }));
        }
        PartBody::Refusal(text) => {
            deltas.extend(words(&text).map(|text| Delta::Refusal { choice, text }));
        }
        PartBody::Thinking { text, signature } => {
            deltas.extend(words(&text).map(|text| Delta::Thinking { choice, text }));
            deltas
                .extend(signature.map(|signature| Delta::ThinkingSignature { choice, signature }));
        }
        PartBody::RedactedThinking(data) => deltas.push(Delta::RedactedThinking { choice, data }),
        PartBody::ToolCall {
            id,
            name,
            arguments,
            signature,
        } => {
            let index = calls.next().unwrap_or(u32::MAX);
            deltas.push(Delta::ToolCall {
                choice,
                index,
                id,
                name,
                signature,
            });
            deltas.push(Delta::ToolArguments {
                choice,
                index,
                fragment: arguments,
            });
        }
        PartBody::Image(image) => deltas.push(Delta::Image { choice, image }),
        // No reply streams any of these.
        PartBody::Document { .. }
        | PartBody::Audio(_)
        | PartBody::Video(_)
        | PartBody::ToolResult { .. }
        | PartBody::Opaque { .. } => {}
    }
}

/// The words of a text, each with the blank behind it.
fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_inclusive([' ', '\n']).map(str::to_owned)
}

#[cfg(test)]
mod tests;
