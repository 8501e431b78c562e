mod proto;
mod read;

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, Finish};
use super::ask::{Ask, count_tokens, pieces, text_of};
use super::delivery::Reply;
use super::record::RecordedCall;
use super::refusal::{Refusal, RefusalKind};
use super::route::Family;
use super::vector::{DEFAULT_DIMENSIONS, embed as vector};

/// Contents: <https://ai.google.dev/api/generate-content>.
pub(super) struct Contents;

impl Family for Contents {
    /// `x-goog-api-key`, or `?key=`; a key that starts with `bad` is wrong.
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal> {
        let query = call
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("key="));
        let key = match call.header("x-goog-api-key") {
            "" => query.unwrap_or_default(),
            key => key,
        };
        if key.is_empty() {
            return Err(Refusal::new(
                403,
                RefusalKind::Plain,
                "Method doesn't allow unregistered callers (callers without established identity). \
                 Please use API Key or other form of API consumer identity to call this API.",
            ));
        }
        if key.starts_with("bad") {
            return Err(Refusal::new(400, RefusalKind::Key, BAD_KEY));
        }
        Ok(())
    }

    fn ask(&self, call: &RecordedCall, body: &Value) -> Result<Ask, Refusal> {
        read::ask(call, body)
    }

    fn whole(&self, ask: &Ask, answer: &Answer, body: &Value) -> Value {
        let count = body["generationConfig"]["candidateCount"]
            .as_u64()
            .unwrap_or(1);
        let candidates: Vec<_> = (0..count)
            .map(|index| candidate(index, parts(ask, answer), Some(answer)))
            .collect();
        envelope(ask, answer, &candidates)
    }

    /// Each event is a whole reply with the next parts; `usageMetadata` grows with it.
    fn frames(&self, ask: &Ask, answer: &Answer, _body: &Value) -> Vec<Bytes> {
        let thoughts = pieces(answer.thinking.as_deref().unwrap_or_default());
        let mut steps: Vec<Vec<Value>> = thoughts
            .into_iter()
            .map(|piece| vec![json!({"text": piece, "thought": true})])
            .collect();
        let spoken = answer.refusal.as_deref().unwrap_or(&answer.text);
        steps.extend(
            pieces(spoken)
                .into_iter()
                .map(|piece| vec![json!({"text": piece})]),
        );
        if !answer.calls.is_empty() {
            steps.push(calls(ask, answer));
        }
        if steps.is_empty() {
            steps.push(Vec::new());
        }
        let last = steps.len() - 1;
        let frames = steps.into_iter().enumerate().map(|(at, parts)| {
            let ends = (at == last).then_some(answer);
            let event = envelope(ask, answer, &[candidate(0, parts, ends)]);
            Bytes::from(format!("data: {event}\r\n\r\n"))
        });
        frames.collect()
    }

    fn stream_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn refuse(&self, refusal: &Refusal) -> Reply {
        refuse(refusal)
    }

    fn failure_frame(&self) -> Bytes {
        let error = json!({"error": {
            "code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE",
        }});
        format!("data: {error}\r\n\r\n").into()
    }
}

/// <https://ai.google.dev/api/tokens>
pub(super) fn count(call: &RecordedCall, body: &Value) -> Result<Value, Refusal> {
    let wrapped = &body["generateContentRequest"];
    let asked = if wrapped.is_null() { body } else { wrapped };
    let ask = read::ask(call, asked)?;
    Ok(json!({
        "totalTokens": ask.input_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": ask.input_tokens}],
    }))
}

/// <https://ai.google.dev/api/embeddings>
pub(super) fn embed(call: &RecordedCall, body: &Value) -> Result<Value, Refusal> {
    let body = &proto::camel(body);
    let one = |request: &Value| {
        let dimensions = request["outputDimensionality"].as_u64();
        let dimensions = dimensions.and_then(|n| usize::try_from(n).ok());
        let text = text_of(&request["content"]["parts"]);
        json!({"values": vector(&text, dimensions.unwrap_or(DEFAULT_DIMENSIONS))})
    };
    if call.path.ends_with(":embedContent") {
        return Ok(json!({"embedding": one(body)}));
    }
    let model = format!("models/{}", model_of(call));
    let requests = body["requests"].as_array().filter(|all| !all.is_empty());
    let requests = requests.ok_or_else(|| Refusal::field("requests", "requests: is empty"))?;
    if requests
        .iter()
        .any(|request| request["model"] != model.as_str())
    {
        let message = "the model of each request must match the model in the URL";
        return Err(Refusal::field("requests", message));
    }
    Ok(json!({"embeddings": requests.iter().map(one).collect::<Vec<_>>()}))
}

pub(super) fn models() -> Reply {
    Reply::json(
        200,
        &json!({"models": [{
            "name": "models/gemini-test", "version": "001", "displayName": "Gemini Test",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }]}),
    )
}

/// The model in `/v1beta/models/{model}:verb`.
pub(super) fn model_of(call: &RecordedCall) -> &str {
    let name = call.path.rsplit("/models/").next().unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}

fn parts(ask: &Ask, answer: &Answer) -> Vec<Value> {
    let mut parts = Vec::new();
    if let Some(thinking) = &answer.thinking {
        parts.push(json!({"text": thinking, "thought": true}));
    }
    let spoken = answer.refusal.as_deref().unwrap_or(&answer.text);
    if !spoken.is_empty() {
        parts.push(json!({"text": spoken}));
    }
    parts.extend(calls(ask, answer));
    parts
}

/// The first call of a turn that was thought over carries the thought's signature.
fn calls(ask: &Ask, answer: &Answer) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate().map(|(at, call)| {
        let id = format!("fc_test{:04}", ask.called.len() + at);
        let mut part = json!({
            "functionCall": {"id": id, "name": call.name, "args": call.arguments},
        });
        if at == 0 && answer.thinking.is_some() {
            part["thoughtSignature"] = SIGNATURE.into();
        }
        part
    });
    calls.collect()
}

fn candidate(index: u64, parts: Vec<Value>, ends: Option<&Answer>) -> Value {
    let mut content = json!({"role": "model"});
    if !parts.is_empty() {
        content["parts"] = parts.into();
    }
    let mut candidate = json!({"content": content, "index": index});
    if let Some(answer) = ends {
        candidate["finishReason"] = finish_reason(answer.finish).into();
    }
    candidate
}

fn envelope(ask: &Ask, answer: &Answer, candidates: &[Value]) -> Value {
    let tokens = answer.usage;
    let mut usage = json!({
        "promptTokenCount": tokens.input,
        "candidatesTokenCount": tokens.output - tokens.reasoning,
        "totalTokenCount": tokens.input + tokens.output,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens.input}],
    });
    if tokens.reasoning > 0 {
        usage["thoughtsTokenCount"] = tokens.reasoning.into();
    }
    if tokens.input >= 1024 {
        usage["cachedContentTokenCount"] = 1024.into();
    }
    json!({
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": ask.model,
        "responseId": "resp-test",
    })
}

/// Tool calls end with `STOP` too.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::Tools | Finish::Refusal => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
    }
}

fn refuse(refusal: &Refusal) -> Reply {
    let message = match refusal.kind {
        // A prompt against policy is no HTTP error here.
        RefusalKind::Policy => {
            return Reply::json(
                200,
                &json!({
                    "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                    "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3},
                    "modelVersion": "gemini-test",
                }),
            );
        }
        RefusalKind::Model => format!(
            "models/{} is not found for API version v1beta, or is not supported for \
             generateContent. Call ListModels to see the list of available models and their \
             supported methods.",
            refusal.message
        ),
        RefusalKind::ContextWindow => "The input token count (1200000) exceeds the maximum number \
             of tokens allowed (1048576)."
            .to_owned(),
        RefusalKind::Key => BAD_KEY.to_owned(),
        RefusalKind::Quota | RefusalKind::Plain => refusal.message.clone(),
    };
    let status = if refusal.kind == RefusalKind::Key {
        400
    } else {
        refusal.status
    };
    let mut error = json!({"code": status, "message": message, "status": status_name(status)});
    if refusal.kind == RefusalKind::Key {
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        }]);
    } else if status == 429 {
        error["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s",
        }]);
    }
    Reply::json(status, &json!({"error": error}))
}

fn status_name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        400..=498 => "INVALID_ARGUMENT",
        _ => "INTERNAL",
    }
}

fn count_input(body: &Value) -> usize {
    ["systemInstruction", "contents", "tools"]
        .iter()
        .map(|field| count_tokens(&body[*field]))
        .sum()
}

const BAD_KEY: &str = "API key not valid. Please pass a valid API key.";
const SIGNATURE: &str = "CiQBdGVzdGtpdC10aG91Z2h0";
