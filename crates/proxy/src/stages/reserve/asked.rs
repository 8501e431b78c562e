//! What a call asks for, as far as it bounds what the call can cost.

use std::sync::Arc;

use http::HeaderMap;
use ironward_core::{Deployment, Fault};
use ironward_wire::{Body, Call, Chat, Dialect, Part, PartBody};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::LEAST_OUTPUT;
use crate::budgets::Needs;
use crate::cost::field;
use crate::side_pool::{SidePool, Work};
use crate::stages::asks::OUTPUT_TOKENS;

/// What a call asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Bytes of the body that is sent.
    pub(super) text: u64,
    pub(super) reads: Reads,
    /// The most output tokens of one answer; `None`: as many as the model gives.
    pub(super) output: Option<u64>,
    /// How many of them limits count before the call, where nobody says where an answer ends.
    pub(super) guessed: u64,
    /// Whether the end of the answers is ours to say.
    is_open: bool,
    /// How many answers; none, where none is written.
    pub(super) answers: u64,
    /// Whether answers may be something else than text.
    pub(super) gives_media: bool,
}

/// What the model reads besides the body's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Nothing.
    Text,
    /// What a provider says to its model about tools.
    Tools,
    /// Nobody knows how many tokens: media, files, what the provider fetches.
    Media,
}

/// Tokens of an answer that limits count before the call, where the call does not name an end.
const GUESSED: u64 = 1024;

impl Asked {
    pub(super) async fn of(
        call: &Arc<Call>,
        needs: Needs,
        side_pool: &SidePool,
    ) -> Result<Self, Fault> {
        let text = call.body.bytes().len();
        let mut asked = Self {
            text: u64::try_from(text).unwrap_or(u64::MAX),
            reads: Reads::Text,
            output: None,
            guessed: GUESSED,
            is_open: false,
            answers: 1,
            gives_media: call.body.field("modalities").is_some(),
        };
        match call.dialect {
            Dialect::OpenAiEmbeddings | Dialect::AnthropicCountTokens => {
                asked.output = Some(0);
                asked.answers = 0;
                return Ok(asked);
            }
            Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::AnthropicMessages => {}
        }
        asked.output = OUTPUT_TOKENS
            .iter()
            .filter_map(|name| number(call.body.field(name)?))
            .max();
        asked.is_open = asked.output.is_none();
        asked.answers = answers(call);
        if needs.cost {
            let call = Arc::clone(call);
            let look = move || Ok(reads(&call));
            asked.reads = side_pool.run(Work::Translate, text, look).await?;
        }
        Ok(asked)
    }

    /// Gives the answers an end that the call does not name.
    pub(super) const fn fit(&mut self, output: u64) {
        self.output = Some(output);
    }

    /// Lets answers take `output` tokens each of a limit that has room for no more. One that has none
    /// left has no room for the call: an end that is told has to leave an answer.
    pub(super) fn fit_limit(&mut self, output: u64) -> bool {
        match self.fitted() {
            Some(_) if output >= LEAST_OUTPUT => self.fit(output),
            None if output > 0 => self.guessed = output,
            _ => return false,
        }
        true
    }

    /// Whether the end of the answers is ours to say.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// The end that was given to its answers, if one was.
    pub(super) fn fitted(&self) -> Option<u64> {
        self.output.filter(|_| self.is_open)
    }

    /// The most output tokens of one answer of this deployment, which may say more than the call.
    pub(super) fn output_at(&self, deployment: &Deployment, call: &Call) -> Option<u64> {
        if self.answers == 0 {
            return Some(0);
        }
        let at = |name| number(field(deployment, call, name)?);
        let said = OUTPUT_TOKENS.into_iter().filter_map(at).max();
        match (self.output, said) {
            (Some(own), Some(said)) => Some(own.max(said)),
            (own, said) => own.or(said),
        }
    }
}

fn number(json: &str) -> Option<u64> {
    let number: serde_json::Number = serde_json::from_str(json).ok()?;
    number.as_u64()
}

/// How many answers are written: `n` for each prompt, or as many as the best is chosen from.
fn answers(call: &Call) -> u64 {
    let count = |name| call.body.field(name).and_then(number);
    let each = count("n").max(count("best_of")).unwrap_or(1).max(1);
    let prompts = match call.dialect {
        Dialect::OpenAiCompletions => call.body.field("prompt").map_or(1, prompts),
        _ => 1,
    };
    each.saturating_mul(prompts)
}

/// A prompt is a text or the tokens of one; several are in a list.
fn prompts(json: &str) -> u64 {
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) else {
        return 1;
    };
    let is_one = items.iter().all(|item| number(item.get()).is_some());
    let count = if is_one { 1 } else { items.len() };
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What nobody can read may hold anything.
fn reads(call: &Call) -> Reads {
    let fetches = FETCHING.iter().any(|name| call.body.field(name).is_some());
    // Prompts of completions are texts or tokens, and nothing else.
    if call.dialect == Dialect::OpenAiCompletions && !fetches {
        return Reads::Text;
    }
    let Ok(chat) = call.chat() else {
        return Reads::Media;
    };
    let runs_itself = chat.tools.iter().any(|tool| tool.builtin.is_some());
    if fetches || runs_itself || has_media(chat) {
        return Reads::Media;
    }
    if chat.tools.is_empty() {
        Reads::Text
    } else {
        Reads::Tools
    }
}

/// Fields by which a provider reads what is not in the call.
const FETCHING: [&str; 6] = [
    "web_search_options",
    "mcp_servers",
    "container",
    "plugins",
    "search_parameters",
    "documents",
];

fn has_media(chat: &Chat) -> bool {
    fn is_media(part: &Part) -> bool {
        match &part.body {
            PartBody::Text(_)
            | PartBody::Thinking { .. }
            | PartBody::RedactedThinking(_)
            | PartBody::ToolCall { .. }
            | PartBody::Refusal(_) => false,
            PartBody::ToolResult { content, .. } => content.iter().any(is_media),
            PartBody::Image(_)
            | PartBody::Document { .. }
            | PartBody::Audio(_)
            | PartBody::Video(_)
            | PartBody::Opaque { .. } => true,
        }
    }
    let mut parts = chat.messages.iter().flat_map(|message| &message.parts);
    parts.any(is_media)
}

/// The most tags of a call that are looked for.
const MOST_TAGS: usize = 64;

/// The labels of a call: LiteLLM's header, else `tags`, `metadata.tags` or `litellm_metadata.tags`.
pub(super) fn tags(headers: &HeaderMap, body: &Body) -> Vec<Box<str>> {
    #[derive(Deserialize)]
    struct Tagged {
        tags: Option<Vec<Box<str>>>,
    }
    let mut tags: Vec<Box<str>> = Vec::new();
    let header = headers.get("x-litellm-tags");
    let header = header.and_then(|value| value.to_str().ok()).unwrap_or("");
    tags.extend(header.split(',').map(|tag| tag.trim().into()));
    let own = body.field("tags");
    tags.extend(
        own.and_then(|json| serde_json::from_str::<Vec<Box<str>>>(json).ok())
            .into_iter()
            .flatten(),
    );
    for name in ["metadata", "litellm_metadata"] {
        let json = body.field(name);
        let tagged = json.and_then(|json| serde_json::from_str::<Tagged>(json).ok());
        tags.extend(tagged.and_then(|tagged| tagged.tags).into_iter().flatten());
    }
    tags.retain(|tag| !tag.is_empty());
    tags.truncate(MOST_TAGS);
    tags
}
