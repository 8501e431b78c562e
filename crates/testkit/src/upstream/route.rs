mod leak;
mod trouble;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::ask::Ask;
use super::behaviour::Behaviour;
use super::delivery::Reply;
use super::record::{RecordedCall, State};
use super::refusal::{Refusal, RefusalKind};
use super::{anthropic, gemini, ollama, openai};

/// One vendor's wire format for chat.
pub(super) trait Family {
    /// Refuses a call without an acceptable key.
    fn authenticate(&self, call: &RecordedCall) -> Result<(), Refusal>;
    /// Reads the call, and checks what the vendor checks.
    fn ask(&self, call: &RecordedCall, body: &Value) -> Result<Ask, Refusal>;
    /// The answer as one body.
    fn whole(&self, ask: &Ask, answer: &Answer, body: &Value) -> Value;
    /// The answer as a stream's frames.
    fn frames(&self, ask: &Ask, answer: &Answer, body: &Value) -> Vec<Bytes>;
    /// The content type of a stream.
    fn stream_type(&self) -> &'static str;
    /// The refusal in the vendor's words.
    fn refuse(&self, refusal: &Refusal) -> Reply;
    /// A stream's frame that says that it failed.
    fn failure_frame(&self) -> Bytes;
}

/// The reply to any request.
pub(super) fn answer(call: &RecordedCall, state: &State) -> Reply {
    let path = call.path.as_str();
    if call.method == Method::GET || call.method == Method::HEAD {
        return list(call, path);
    }
    let has = |suffix: &str| path.ends_with(suffix);
    if has("/chat/completions") {
        chat(&openai::Chat, call, state)
    } else if has("/completions") {
        chat(&openai::Completions, call, state)
    } else if has("/embeddings") {
        once(&openai::Chat, call, openai::embed)
    } else if has("/messages/count_tokens") {
        once(&anthropic::Messages, call, anthropic::count)
    } else if has("/messages") {
        chat(&anthropic::Messages, call, state)
    } else if has(":generateContent") || has(":streamGenerateContent") {
        chat(&gemini::Contents, call, state)
    } else if has(":embedContent") || has(":batchEmbedContents") {
        once(&gemini::Contents, call, gemini::embed)
    } else if has(":countTokens") {
        once(&gemini::Contents, call, gemini::count)
    } else if has("/api/chat") {
        chat(&ollama::Chat, call, state)
    } else if has("/api/embed") {
        once(&ollama::Chat, call, ollama::embed)
    } else {
        unknown(path)
    }
}

fn list(call: &RecordedCall, path: &str) -> Reply {
    if path.ends_with("/api/tags") {
        ollama::tags()
    } else if path.contains("/v1beta/models") {
        gemini::models()
    } else if path.ends_with("/models") && !call.header("anthropic-version").is_empty() {
        anthropic::models()
    } else if path.ends_with("/models") {
        match openai::Chat.authenticate(call) {
            Ok(()) => openai::models(),
            Err(refusal) => openai::Chat.refuse(&refusal),
        }
    } else if path == "/" {
        Reply::whole(200, "text/plain", "Ollama is running")
    } else {
        unknown(path)
    }
}

fn unknown(path: &str) -> Reply {
    let message = format!("Invalid URL (POST {path})");
    openai::Chat.refuse(&Refusal::new(404, RefusalKind::Plain, message))
}

/// An endpoint without a stream and without a script of its own.
fn once(
    family: &dyn Family,
    call: &RecordedCall,
    reply: fn(&RecordedCall, &Value) -> Result<Value, Refusal>,
) -> Reply {
    let reply = || {
        family.authenticate(call)?;
        let body = read(call)?;
        let model = body["model"]
            .as_str()
            .unwrap_or_else(|| gemini::model_of(call));
        trouble::refuse(Behaviour::of(model), model)?;
        reply(call, &body)
    };
    match reply() {
        Ok(body) => Reply::json(200, &body),
        Err(refusal) => family.refuse(&refusal),
    }
}

fn chat(family: &dyn Family, call: &RecordedCall, state: &State) -> Reply {
    try_chat(family, call, state).unwrap_or_else(|refusal| family.refuse(&refusal))
}

fn try_chat(family: &dyn Family, call: &RecordedCall, state: &State) -> Result<Reply, Refusal> {
    family.authenticate(call)?;
    let body = read(call)?;
    let ask = family.ask(call, &body)?;
    let behaviour = Behaviour::of(&ask.model);
    if behaviour == Behaviour::Flaky && state.count(&ask.model).is_multiple_of(2) {
        return Err(Refusal::new(500, RefusalKind::Plain, "flaky, as asked"));
    }
    trouble::refuse(behaviour, &ask.model)?;
    if let Behaviour::Leak(status @ 400..) = behaviour {
        let refusal = Refusal::new(status, RefusalKind::Plain, leak::of(call));
        let reply = family.refuse(&refusal);
        return Ok(reply.with_header("x-request-id", leak::of(call)));
    }
    let mut answer = Answer::to(&ask, behaviour);
    if let Behaviour::Huge(_) = behaviour {
        trouble::FILLER_MARK.clone_into(&mut answer.text);
    }
    let reply = if ask.stream {
        Reply::stream(family.stream_type(), family.frames(&ask, &answer, &body))
    } else {
        Reply::json(200, &family.whole(&ask, &answer, &body))
    };
    let mut reply = trouble::apply(reply, behaviour, &ask, family);
    if let Behaviour::Leak(_) = behaviour {
        leak::into_stream(&mut reply, &family.failure_frame(), call);
    }
    Ok(reply)
}

fn read(call: &RecordedCall) -> Result<Value, Refusal> {
    serde_json::from_slice(&call.body).map_err(|error| {
        Refusal::new(
            400,
            RefusalKind::Plain,
            format!("We could not parse the JSON body of your request: {error}"),
        )
    })
}

/// The first field of `object` that is not among `known` and does not start with `x_`.
pub(super) fn unknown_field(object: &Value, known: &[&str]) -> Option<String> {
    object
        .as_object()?
        .keys()
        .find(|name| !known.contains(&name.as_str()) && !name.starts_with("x_"))
        .cloned()
}
