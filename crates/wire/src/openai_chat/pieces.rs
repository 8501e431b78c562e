//! What a model says, read from OpenAI's `delta` or, all at once, `message`, in any vendor's
//! variant of it.

mod calls;
mod said;

use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{fault, lenient};
use crate::{Delta, Finish, Json};
use calls::{CallFields, Calls, FunctionFields};

/// One entry of `choices`.
#[derive(Deserialize)]
pub(super) struct ChoiceFields<'a> {
    #[serde(default, deserialize_with = "lenient::optional")]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    /// Of the legacy completions.
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    finish_reason: Option<String>,
    /// The stop text that was met, where the server is vLLM.
    #[serde(default, deserialize_with = "lenient::text")]
    stop_reason: Option<String>,
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
    /// Moonshot's place for it.
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct MessageFields<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient::text")]
    reasoning_content: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    reasoning: Option<String>,
    #[serde(borrow)]
    reasoning_details: Option<&'a RawValue>,
    #[serde(borrow)]
    thinking_blocks: Option<&'a RawValue>,
    #[serde(deserialize_with = "lenient::text")]
    refusal: Option<String>,
    #[serde(borrow, deserialize_with = "lenient::optional")]
    tool_calls: Option<Vec<CallFields<'a>>>,
    #[serde(borrow, deserialize_with = "lenient::optional")]
    function_call: Option<FunctionFields<'a>>,
    #[serde(borrow)]
    annotations: Option<&'a RawValue>,
    #[serde(borrow)]
    audio: Option<&'a RawValue>,
    #[serde(borrow)]
    images: Option<&'a RawValue>,
}

/// One drawn reply, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Choice {
    calls: Calls,
    has_content: bool,
    finished: bool,
}

/// Where the deltas of a choice go.
pub(super) struct Told<'d> {
    /// Which drawn reply it is.
    pub(super) choice: u32,
    /// Makes ids unique where the vendor gives none.
    pub(super) seed: &'d str,
    pub(super) deltas: &'d mut Vec<Delta>,
}

impl Choice {
    /// Whether the reason of its end was told.
    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// Reads one entry of `choices`.
    ///
    /// # Errors
    /// When it holds an error.
    pub(super) fn take(
        &mut self,
        fields: ChoiceFields<'_>,
        told: &mut Told<'_>,
    ) -> Result<(), Fault> {
        if let Some(error) = fields.error {
            return Err(fault::of_error(error));
        }
        let choice = told.choice;
        // A closing chunk of some servers repeats the whole message.
        let whole = fields.message.filter(|_| !self.has_content);
        if let Some(said) = fields.delta.or(whole) {
            let message = serde_json::from_str(said.get())
                .map_err(|error| fault::unreadable("reply").with_cause(error))?;
            let before = told.deltas.len();
            self.message(message, told);
            self.has_content |= told.deltas.len() > before;
        }
        let text = fields.text.map(|text| Delta::Text { choice, text });
        let logprobs = fields
            .logprobs
            .and_then(logprobs)
            .map(|json| Delta::Logprobs { choice, json });
        told.deltas.extend(text.into_iter().chain(logprobs));
        if let Some(reason) = fields.finish_reason {
            if let Some(fault) = fault::of_finish(&reason) {
                return Err(fault);
            }
            self.finish(finish(&reason, fields.stop_reason), told);
        }
        Ok(())
    }

    /// The end of the stream: a choice that was not ended by a reason ends as its content says.
    pub(super) fn close(&mut self, told: &mut Told<'_>) {
        let finish = if self.calls.is_empty() {
            Finish::Stop
        } else {
            Finish::ToolCalls
        };
        self.finish(finish, told);
    }

    fn finish(&mut self, finish: Finish, told: &mut Told<'_>) {
        if self.finished {
            return;
        }
        self.finished = true;
        self.calls.close(told);
        told.deltas.push(Delta::Finish {
            choice: told.choice,
            finish,
        });
    }

    fn message(&mut self, message: MessageFields<'_>, told: &mut Told<'_>) {
        let choice = told.choice;
        said::thoughts(&message, told);
        if let Some(content) = message.content {
            said::content(content, told);
        }
        let refusal = message.refusal;
        told.deltas
            .extend(refusal.map(|text| Delta::Refusal { choice, text }));
        let images = message.images.map(said::images).unwrap_or_default();
        let images = images
            .into_iter()
            .map(|image| Delta::Image { choice, image });
        told.deltas.extend(images);
        let audio = message.audio.and_then(kept);
        told.deltas
            .extend(audio.map(|json| Delta::Audio { choice, json }));
        let annotations = message.annotations.filter(|list| !is_empty_list(list));
        let annotations = annotations.and_then(kept);
        told.deltas
            .extend(annotations.map(|json| Delta::Annotations { choice, json }));
        let calls = message.tool_calls.unwrap_or_default();
        let function = message.function_call.map(CallFields::from_function);
        for call in calls.into_iter().chain(function) {
            self.calls.take(call, told);
        }
    }
}

fn finish(reason: &str, stop_reason: Option<String>) -> Finish {
    match reason {
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" | "tool_use" => Finish::ToolCalls,
        "content_filter" | "safety" | "SAFETY" => Finish::ContentFilter,
        "model_context_window_exceeded" => Finish::ContextWindow,
        "stop" | "stop_sequence" if stop_reason.is_some() => Finish::StopSequence(stop_reason),
        // `eos`, `end_turn`, `COMPLETE`...
        _ => Finish::Stop,
    }
}

fn kept(json: &RawValue) -> Option<Json> {
    Json::from_text(json.get().to_owned()).ok()
}

fn is_empty_list(json: &RawValue) -> bool {
    serde_json::from_str::<Vec<serde::de::IgnoredAny>>(json.get()).is_ok_and(|list| list.is_empty())
}

/// Log-probabilities as OpenAI writes them, which is with both lists; nothing when both are
/// missing, as Snowflake writes it.
fn logprobs(json: &RawValue) -> Option<Json> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow, default)]
        content: Option<&'a RawValue>,
        #[serde(borrow, default)]
        refusal: Option<&'a RawValue>,
        /// Of the legacy completions.
        #[serde(borrow, default)]
        tokens: Option<&'a RawValue>,
    }
    let fields: Fields<'_> = serde_json::from_str(json.get()).ok()?;
    if fields.tokens.is_some() {
        return kept(json);
    }
    fields.content.or(fields.refusal)?;
    let text = |list: Option<&'_ RawValue>| list.map_or("null", RawValue::get).to_owned();
    let (content, refusal) = (text(fields.content), text(fields.refusal));
    Json::from_text(format!("{{\"content\":{content},\"refusal\":{refusal}}}")).ok()
}
