use bytes::Bytes;
use serde_json::{Value, json};

use super::{CREATED, DONE, failure_frame, finish_reason, sse, usage};
use crate::upstream::answer::Answer;
use crate::upstream::ask::{Ask, count_tokens, pieces, text_of};
use crate::upstream::delivery::Reply;
use crate::upstream::record::RecordedCall;
use crate::upstream::refusal::Refusal;
use crate::upstream::route::{Family, unknown_field};

/// The older completions: <https://platform.openai.com/docs/api-reference/completions>.
pub(in crate::upstream) struct Completions;

impl Family for Completions {
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal> {
        super::authenticate(call)
    }

    fn ask(&self, _call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
        if let Some(name) = unknown_field(body, FIELDS) {
            let message = format!("Unrecognized request argument supplied: {name}");
            return Err(Refusal::field(name, message));
        }
        let model = body["model"]
            .as_str()
            .ok_or_else(|| Refusal::field("model", "you must provide a model parameter"))?;
        let stop = match &body["stop"] {
            Value::String(one) => vec![one.clone()],
            stop => stop.as_array().into_iter().flatten().map(text_of).collect(),
        };
        Ok(Ask {
            model: model.to_owned(),
            text: text_of(&body["prompt"]),
            stream: body["stream"] == true,
            stop,
            max_tokens: body["max_tokens"]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok()),
            input_tokens: count_tokens(&body["prompt"]),
            ..Ask::default()
        })
    }

    fn whole(&self, ask: &Ask, answer: &Answer, _body: &Value) -> Value {
        let mut whole = envelope(ask, &answer.text, Some(finish_reason(answer.finish)));
        whole["usage"] = usage(answer.usage, 1);
        whole
    }

    fn frames(&self, ask: &Ask, answer: &Answer, body: &Value) -> Vec<Bytes> {
        let mut frames: Vec<_> = pieces(&answer.text)
            .into_iter()
            .map(|piece| sse(&envelope(ask, piece, None)))
            .collect();
        frames.push(sse(&envelope(ask, "", Some(finish_reason(answer.finish)))));
        if body["stream_options"]["include_usage"] == true {
            let mut last = envelope(ask, "", None);
            last["choices"] = json!([]);
            last["usage"] = usage(answer.usage, 1);
            frames.push(sse(&last));
        }
        frames.push(DONE);
        frames
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream; charset=utf-8"
    }

    fn refuse(&self, refusal: &Refusal) -> Reply {
        super::refuse(refusal)
    }

    fn failure_frame(&self) -> Bytes {
        failure_frame()
    }
}

fn envelope(ask: &Ask, text: &str, reason: Option<&str>) -> Value {
    json!({
        "id": "cmpl-test",
        "object": "text_completion",
        "created": CREATED,
        "model": ask.model,
        "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": reason}],
    })
}

const FIELDS: &[&str] = &[
    "best_of",
    "echo",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "max_tokens",
    "model",
    "n",
    "presence_penalty",
    "prompt",
    "seed",
    "stop",
    "stream",
    "stream_options",
    "suffix",
    "temperature",
    "top_p",
    "user",
];
