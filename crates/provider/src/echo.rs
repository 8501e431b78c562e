//! The built-in `ironward/echo`: answers with the last user message, without any upstream, so that
//! a gateway can be tried and tested before it holds a key.
//!
//! Counts are of words, and vectors are made from the bytes of the text: the same for the same
//! text, and without any meaning.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::{Fault, FaultKind, UpstreamRequest, Usage};
use ironward_wire::{
    Call, Chat, ChatReply, Choice, Content, Dialect, Embeddings, EmbeddingsInput, EmbeddingsReply,
    Finish, Part, PartBody, Reply, Role, StreamDecoder,
};

use crate::{Local, Provider, Target, Vendor, status};

pub(crate) const VENDOR: Vendor = Vendor {
    provider: &Echo,
    aliases: &[],
    base_url: None,
    key_variables: &[],
    base_variables: &[],
    keyless: true,
};

/// The length of a vector when the call does not say.
const DIMENSIONS: usize = 8;

/// The longest vector that is made.
const MOST_DIMENSIONS: usize = 4_096;

struct Echo;

impl Provider for Echo {
    fn name(&self) -> &'static str {
        "ironward"
    }

    fn speaks(&self, _dialect: Dialect) -> bool {
        false
    }

    fn encode(&self, _call: &Call, _target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        Err(no_upstream())
    }

    fn decode(&self, _call: &Call, _body: &Bytes) -> Result<Reply, Fault> {
        Err(no_upstream())
    }

    fn stream(&self, _call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Err(no_upstream())
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, _body: &[u8]) -> Fault {
        status::fault(status, headers, "the echo has no upstream".to_owned())
    }

    fn local(&self, _dialect: Dialect) -> Option<Local> {
        Some(answer)
    }
}

fn answer(call: &Call) -> Result<Reply, Fault> {
    call.content().map(|content| match content {
        Content::Chat(chat) if call.dialect == Dialect::AnthropicCountTokens => {
            Reply::TokenCount(words_of(chat))
        }
        Content::Chat(chat) => Reply::Chat(reply(chat)),
        Content::Embeddings(embeddings) => Reply::Embeddings(vectors(embeddings)),
    })
}

fn no_upstream() -> Fault {
    Fault::gateway(FaultKind::Internal, "the echo was sent to an upstream")
}

fn reply(chat: &Chat) -> ChatReply {
    let text = last_user_text(chat);
    let usage = Usage {
        input: words_of(chat),
        output: words(&text),
        ..Usage::default()
    };
    ChatReply {
        model: Some("echo".to_owned()),
        choices: vec![Choice {
            parts: vec![Part::text(text)],
            finish: Some(Finish::Stop),
            ..Choice::default()
        }],
        usage: Some(usage),
        ..ChatReply::default()
    }
}

/// The text of the last message that a person wrote; tool results are user messages without any.
fn last_user_text(chat: &Chat) -> String {
    let users = chat
        .messages
        .iter()
        .rev()
        .filter(|it| it.role == Role::User);
    users
        .map(|message| texts(&message.parts).collect::<Vec<_>>().join("\n"))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn texts(parts: &[Part]) -> impl Iterator<Item = &str> {
    parts.iter().filter_map(|part| match &part.body {
        PartBody::Text(text) => Some(text.as_str()),
        _ => None,
    })
}

fn words_of(chat: &Chat) -> u64 {
    let parts = chat.messages.iter().map(|message| &message.parts);
    parts.flat_map(|parts| texts(parts)).map(words).sum()
}

fn words(text: &str) -> u64 {
    text.split_whitespace().map(|_| 1).sum()
}

fn vectors(embeddings: &Embeddings) -> EmbeddingsReply {
    let asked = embeddings.dimensions.and_then(|n| usize::try_from(n).ok());
    let length = asked.unwrap_or(DIMENSIONS).clamp(1, MOST_DIMENSIONS);
    let input = embeddings.input.iter().map(|input| match input {
        EmbeddingsInput::Text(text) => words(text),
        EmbeddingsInput::Tokens(tokens) => tokens.iter().map(|_| 1).sum(),
    });
    EmbeddingsReply {
        model: Some("echo".to_owned()),
        usage: Some(Usage {
            input: input.sum(),
            ..Usage::default()
        }),
        vectors: embeddings
            .input
            .iter()
            .map(|input| vector(input, length))
            .collect(),
    }
}

/// A vector of length 1.
fn vector(input: &EmbeddingsInput, length: usize) -> Vec<f32> {
    let seed = match input {
        EmbeddingsInput::Text(text) => hash(text.bytes()),
        EmbeddingsInput::Tokens(tokens) => hash(tokens.iter().flat_map(|it| it.to_le_bytes())),
    };
    let mut state = seed;
    let raw: Vec<f32> = std::iter::repeat_with(|| {
        // xorshift64: <https://www.jstatsoft.org/article/view/v008i14>
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [byte, ..] = state.to_le_bytes();
        f32::from(byte) / 127.5 - 1.0
    })
    .take(length)
    .collect();
    let norm = raw.iter().map(|it| it * it).sum::<f32>().sqrt();
    raw.iter()
        .map(|it| it / norm.max(f32::MIN_POSITIVE))
        .collect()
}

/// FNV-1a, never 0.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }) | 1
}

#[cfg(test)]
mod tests;
