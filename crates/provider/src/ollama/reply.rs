//! Replies as Ollama writes them.

use ironward_core::{Fault, FaultKind, Retry, Usage};
use ironward_wire::{ChatReply, Choice, EmbeddingsReply, Finish, Json, Part, PartBody};
use serde::{Deserialize, Serialize};

/// A whole reply, or one line of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Response {
    pub(super) model: Option<String>,
    created_at: String,
    pub(super) message: Message,
    pub(super) done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    logprobs: Option<Json>,
    pub(super) error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: Option<String>,
    pub(super) thinking: Option<String>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Deserialize)]
struct ToolCall {
    id: Option<String>,
    function: Function,
}

#[derive(Debug, Deserialize)]
struct Function {
    name: String,
    arguments: Option<Json>,
}

/// A tool call in neutral form.
pub(super) struct Called {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

impl Response {
    /// The tool calls. `before` counts those of the reply so far.
    pub(super) fn calls(&mut self, before: u32) -> Vec<Called> {
        // An id for a call that came without one: unique over the turns of a conversation, because
        // no two replies are made in the same nanosecond.
        let moment: String = self
            .created_at
            .chars()
            .filter(char::is_ascii_digit)
            .take(26)
            .collect();
        let calls = self.message.tool_calls.take().unwrap_or_default();
        let calls = calls.into_iter().zip(before..).map(|(call, index)| Called {
            id: call
                .id
                .filter(|id| !id.is_empty())
                .unwrap_or_else(|| format!("call_{moment}_{index}")),
            name: call.function.name,
            arguments: call
                .function
                .arguments
                .filter(|arguments| !arguments.is_null())
                .map_or_else(|| "{}".to_owned(), |json| json.text().to_owned()),
        });
        calls.collect()
    }

    /// Why it ended. Ollama has no reason of its own for tool calls.
    pub(super) fn finish(&self, called: bool) -> Finish {
        match self.done_reason.as_deref() {
            Some("length") => Finish::Length,
            _ if called => Finish::ToolCalls,
            _ => Finish::Stop,
        }
    }

    /// A prompt that was read from Ollama's cache is not counted at all.
    pub(super) fn usage(&self) -> Option<Usage> {
        (self.prompt_eval_count.is_some() || self.eval_count.is_some()).then(|| Usage {
            input: self.prompt_eval_count.unwrap_or_default(),
            output: self.eval_count.unwrap_or_default(),
            ..Usage::default()
        })
    }

    /// The log-probabilities, whose entries are OpenAI's.
    pub(super) fn logprobs(&mut self) -> Option<Json> {
        #[derive(Serialize)]
        struct Logprobs {
            content: Json,
        }
        let content = self.logprobs.take().filter(|content| !content.is_null())?;
        Json::from_value(&Logprobs { content }).ok()
    }
}

/// Reads a whole reply.
pub(super) fn decode_chat(body: &[u8]) -> Result<ChatReply, Fault> {
    let mut response: Response = read(body)?;
    if let Some(error) = response.error {
        return Err(failed(&error));
    }
    if !response.done {
        return Err(unreadable("the reply is not done"));
    }
    let mut parts = Vec::new();
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    if let Some(text) = text(response.message.thinking.take()) {
        parts.push(PartBody::Thinking {
            text,
            signature: None,
        });
    }
    parts.extend(text(response.message.content.take()).map(PartBody::Text));
    let calls = response.calls(0);
    let called = !calls.is_empty();
    parts.extend(calls.into_iter().map(|call| PartBody::ToolCall {
        id: call.id,
        name: call.name,
        arguments: call.arguments,
        signature: None,
    }));
    let choice = Choice {
        parts: parts.into_iter().map(Part::new).collect(),
        finish: Some(response.finish(called)),
        logprobs: response.logprobs(),
        ..Choice::default()
    };
    Ok(ChatReply {
        usage: response.usage(),
        model: response.model,
        choices: vec![choice],
        ..ChatReply::default()
    })
}

/// Reads vectors.
pub(super) fn decode_embeddings(body: &[u8]) -> Result<EmbeddingsReply, Fault> {
    #[derive(Deserialize)]
    struct Vectors {
        model: Option<String>,
        embeddings: Vec<Vec<f32>>,
        prompt_eval_count: Option<u64>,
    }
    let vectors: Vectors = read(body)?;
    Ok(EmbeddingsReply {
        model: vectors.model,
        vectors: vectors.embeddings,
        usage: vectors.prompt_eval_count.map(|input| Usage {
            input,
            ..Usage::default()
        }),
    })
}

pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(unreadable)
}

/// The fault of an error that came under status 200.
pub(super) fn failed(error: &str) -> Fault {
    super::fault(
        http::StatusCode::INTERNAL_SERVER_ERROR,
        &http::HeaderMap::new(),
        error,
    )
}

pub(super) fn unreadable(cause: impl std::fmt::Display) -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Elsewhere(None),
        "the provider sent a reply that cannot be read",
    )
    .with_cause(cause)
}
