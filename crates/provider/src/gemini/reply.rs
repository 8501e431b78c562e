//! Replies as Gemini writes them. <https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>

use ironward_core::{Fault, FaultKind, Retry, Usage};
use ironward_wire::{
    ChatReply, Choice, EmbeddingsReply, Finish, Image, Json, Media, Part, PartBody, Source,
};
use serde::{Deserialize, Serialize};

use super::citations::{Grounding, Sources};
use super::logprobs::LogprobsResult;

/// A whole reply, or one event of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Response {
    pub(super) candidates: Vec<Candidate>,
    pub(super) prompt_feedback: Option<PromptFeedback>,
    pub(super) usage_metadata: Option<Counts>,
    pub(super) model_version: Option<String>,
    pub(super) response_id: Option<String>,
    /// A stream that fails ends with one of these.
    pub(super) error: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate {
    pub(super) index: u32,
    content: Option<Content>,
    pub(super) finish_reason: Option<String>,
    pub(super) grounding_metadata: Option<Grounding>,
    logprobs_result: Option<LogprobsResult>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Option<Vec<WirePart>>,
}

/// Parts of other kinds (code that Google ran and what came out, its own tools' calls) have no
/// form in the clients' dialects; Google's own SDKs leave them out of the text too.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WirePart {
    text: Option<String>,
    thought: Option<bool>,
    thought_signature: Option<String>,
    inline_data: Option<Blob>,
    function_call: Option<FunctionCall>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Blob {
    mime_type: String,
    data: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FunctionCall {
    id: Option<String>,
    name: Option<String>,
    args: Option<Json>,
    partial_args: Option<Json>,
    will_continue: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PromptFeedback {
    pub(super) block_reason: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Counts {
    prompt_token_count: u64,
    cached_content_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    tool_use_prompt_token_count: u64,
    prompt_tokens_details: Option<Vec<Modality>>,
    candidates_tokens_details: Option<Vec<Modality>>,
    tool_use_prompt_tokens_details: Option<Vec<Modality>>,
    service_tier: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Modality {
    modality: String,
    token_count: u64,
}

/// A part in neutral form.
pub(super) enum Piece {
    Text(String),
    Thinking(String),
    Call {
        id: String,
        name: String,
        arguments: String,
        signature: Option<String>,
    },
    Image(Image),
    Audio(Json),
}

impl Candidate {
    /// Whether it holds parts, of any kind.
    pub(super) fn speaks(&self) -> bool {
        let parts = self
            .content
            .as_ref()
            .and_then(|content| content.parts.as_ref());
        parts.is_some_and(|parts| !parts.is_empty())
    }

    /// The parts, in order. `calls` counts the function calls of this choice so far.
    pub(super) fn pieces(
        &mut self,
        reply_id: Option<&str>,
        calls: &mut u32,
    ) -> Result<Vec<Piece>, Fault> {
        let parts = self.content.take().and_then(|content| content.parts);
        let mut pieces = Vec::new();
        for part in parts.unwrap_or_default() {
            if let Some(call) = part.function_call {
                let made = call_id(reply_id, self.index, *calls);
                pieces.push(call.piece(made, part.thought_signature)?);
                *calls = calls.saturating_add(1);
            } else if let Some(blob) = part.inline_data {
                pieces.extend(blob.piece(reply_id));
            } else if let Some(text) = part.text.filter(|text| !text.is_empty()) {
                // The signature of a text is not asked for in the next call; it is left out.
                pieces.push(if part.thought == Some(true) {
                    Piece::Thinking(text)
                } else {
                    Piece::Text(text)
                });
            }
        }
        Ok(pieces)
    }

    /// The log-probabilities in OpenAI's shape.
    pub(super) fn logprobs(&self) -> Option<Json> {
        self.logprobs_result.as_ref()?.written()
    }
}

impl FunctionCall {
    fn piece(self, made_id: String, signature: Option<String>) -> Result<Piece, Fault> {
        // They come only when asked for, on Vertex AI: `streamFunctionCallArguments`.
        if self.partial_args.is_some() || self.will_continue == Some(true) {
            return Err(unreadable("a function call's arguments came in pieces"));
        }
        let name = self
            .name
            .ok_or_else(|| unreadable("a function call has no name"))?;
        let args = self.args.filter(|args| !args.is_null());
        Ok(Piece::Call {
            id: self.id.filter(|id| !id.is_empty()).unwrap_or(made_id),
            name,
            arguments: args.map_or_else(|| "{}".to_owned(), |args| args.text().to_owned()),
            signature,
        })
    }
}

impl Blob {
    fn piece(self, reply_id: Option<&str>) -> Option<Piece> {
        if self.mime_type.starts_with("image/") {
            return Some(Piece::Image(Image {
                source: Source::Inline(Media {
                    media_type: self.mime_type,
                    data: self.data,
                }),
                detail: None,
            }));
        }
        if !self.mime_type.starts_with("audio/") {
            return None;
        }
        let audio = OpenAiAudio {
            id: format!("audio_{}", reply_id.unwrap_or_default()),
            data: &self.data,
            transcript: "",
            expires_at: 0,
        };
        Json::from_value(&audio).ok().map(Piece::Audio)
    }
}

/// OpenAI's `message.audio`; nothing is kept at Google, so it has expired when it arrives.
#[derive(Serialize)]
struct OpenAiAudio<'a> {
    id: String,
    data: &'a str,
    transcript: &'static str,
    expires_at: u64,
}

/// An id for a call that came without one: unique over the turns of a conversation, because the
/// reply's id is, and the same however the stream was cut.
fn call_id(reply_id: Option<&str>, choice: u32, call: u32) -> String {
    let reply: String = reply_id
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        // OpenAI takes ids of up to 40 characters, and a fallback may bring this one there.
        .take(26)
        .collect();
    match choice {
        0 => format!("call_{reply}_{call}"),
        choice => format!("call_{reply}_{choice}_{call}"),
    }
}

/// Why a choice ended. `called` says whether it holds function calls, for which Gemini has no
/// reason of its own. <https://ai.google.dev/api/generate-content#FinishReason>
pub(super) fn finish(reason: &str, called: bool) -> Finish {
    match reason {
        "MAX_TOKENS" | "CONTINUATION" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "OTHER"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "IMAGE_OTHER"
        | "ESCALATION"
        | "PUP_LIMITED_DISABLED"
        | "MODEL_ARMOR" => Finish::ContentFilter,
        _ if called => Finish::ToolCalls,
        // STOP; and a function call that the model got wrong (MALFORMED_FUNCTION_CALL and its
        // kin), which costs tokens and is therefore a reply, as with LiteLLM.
        _ => Finish::Stop,
    }
}

impl Counts {
    /// The tier that served the call, in OpenAI's word.
    pub(super) fn tier(&self) -> Option<String> {
        self.service_tier.as_deref().map(|tier| match tier {
            "standard" => "default".to_owned(),
            tier => tier.to_owned(),
        })
    }

    /// Google counts tool results and thoughts beside the prompt and the candidates.
    pub(super) fn usage(&self) -> Usage {
        let audio = |details: &Option<Vec<Modality>>| {
            let details = details.as_deref().unwrap_or_default();
            let audio = details.iter().filter(|count| count.modality == "AUDIO");
            audio.map(|count| count.token_count).sum::<u64>()
        };
        Usage {
            input: self
                .prompt_token_count
                .saturating_add(self.tool_use_prompt_token_count),
            input_cached: self.cached_content_token_count,
            input_audio: audio(&self.prompt_tokens_details)
                .saturating_add(audio(&self.tool_use_prompt_tokens_details)),
            output: self
                .candidates_token_count
                .saturating_add(self.thoughts_token_count),
            output_reasoning: self.thoughts_token_count,
            output_audio: audio(&self.candidates_tokens_details),
            ..Usage::default()
        }
    }
}

/// Reads a whole reply.
pub(super) fn decode_chat(body: &[u8]) -> Result<ChatReply, Fault> {
    let response: Response = read(body)?;
    if let Some(error) = response.error {
        return Err(super::fault::in_reply(&error));
    }
    let id = response.response_id;
    let mut choices = Vec::with_capacity(response.candidates.len());
    for candidate in response.candidates {
        choices.push(choice(candidate, id.as_deref())?);
    }
    if choices.is_empty() {
        // A prompt that was blocked has cost tokens and has no candidates.
        let feedback = response.prompt_feedback.unwrap_or_default();
        if feedback.block_reason.is_none() {
            return Err(unreadable("the reply has no candidates"));
        }
        choices.push(Choice {
            finish: Some(Finish::ContentFilter),
            ..Choice::default()
        });
    }
    let counts = response.usage_metadata;
    Ok(ChatReply {
        id,
        model: response.model_version,
        created: None,
        choices,
        usage: counts.as_ref().map(Counts::usage),
        service_tier: counts.as_ref().and_then(Counts::tier),
        system_fingerprint: None,
    })
}

fn choice(mut candidate: Candidate, reply_id: Option<&str>) -> Result<Choice, Fault> {
    let mut choice = Choice::default();
    let mut sources = Sources::default();
    let mut calls = 0;
    for piece in candidate.pieces(reply_id, &mut calls)? {
        let body = match piece {
            Piece::Text(text) => {
                sources.hear(&text);
                match choice.parts.last_mut().map(|part| &mut part.body) {
                    Some(PartBody::Text(said)) => {
                        said.push_str(&text);
                        continue;
                    }
                    _ => PartBody::Text(text),
                }
            }
            Piece::Thinking(text) => match choice.parts.last_mut().map(|part| &mut part.body) {
                Some(PartBody::Thinking { text: thought, .. }) => {
                    thought.push_str(&text);
                    continue;
                }
                _ => PartBody::Thinking {
                    text,
                    signature: None,
                },
            },
            Piece::Call {
                id,
                name,
                arguments,
                signature,
            } => PartBody::ToolCall {
                id,
                name,
                arguments,
                signature,
            },
            Piece::Image(image) => PartBody::Image(image),
            Piece::Audio(audio) => {
                choice.audio = Some(audio);
                continue;
            }
        };
        choice.parts.push(Part::new(body));
    }
    choice.logprobs = candidate.logprobs();
    sources.add(candidate.grounding_metadata.unwrap_or_default());
    choice.annotations = sources.annotations();
    choice.finish = Some(finish(
        candidate.finish_reason.as_deref().unwrap_or_default(),
        calls > 0,
    ));
    Ok(choice)
}

/// Reads a batch of vectors.
pub(super) fn decode_embeddings(body: &[u8]) -> Result<EmbeddingsReply, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Batch {
        embeddings: Vec<Vector>,
        usage_metadata: Option<Counts>,
    }
    #[derive(Deserialize)]
    struct Vector {
        values: Vec<f32>,
    }
    let batch: Batch = read(body)?;
    Ok(EmbeddingsReply {
        model: None,
        vectors: batch
            .embeddings
            .into_iter()
            .map(|vector| vector.values)
            .collect(),
        usage: batch.usage_metadata.as_ref().map(Counts::usage),
    })
}

/// Reads a count of tokens.
pub(super) fn decode_count(body: &[u8]) -> Result<u64, Fault> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Count {
        total_tokens: u64,
    }
    read::<Count>(body).map(|count| count.total_tokens)
}

pub(super) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(unreadable)
}

pub(super) fn unreadable(cause: impl std::fmt::Display) -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Elsewhere(None),
        "the provider sent a reply that cannot be read",
    )
    .with_cause(cause)
}
