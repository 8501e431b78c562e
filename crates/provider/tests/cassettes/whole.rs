//! Whole replies and errors.

use bytes::Bytes;
use http::StatusCode;
use ironward_core::FaultKind;
use ironward_wire::{
    ChatReply, Dialect, EmbeddingsReply, Reply, anthropic_messages, openai_chat, openai_embeddings,
};
use serde_json::Value;

use crate::exchange::{Exchange, Kind, envelope, small_call};
use crate::report::difference;
use crate::said::Said;

pub(crate) fn check(exchange: &Exchange) -> Result<(), String> {
    check_forwarded(exchange)?;
    if is_error(&exchange.reply()) {
        let call = small_call(Dialect::OpenAiChat, false);
        let decoded = exchange.provider().decode(&call, &exchange.reply());
        return decoded.map_or(Ok(()), |_| Err("an error was taken for a reply".to_owned()));
    }
    if exchange.kind == Kind::CountTokens {
        return Ok(());
    }
    // A dialect in which the provider has to decode its reply.
    let dialect = match exchange.kind {
        Kind::Embeddings | Kind::GeminiEmbed | Kind::OllamaEmbed => Dialect::OpenAiEmbeddings,
        Kind::Chat => Dialect::AnthropicMessages,
        Kind::GeminiCount => Dialect::AnthropicCountTokens,
        _ => Dialect::OpenAiChat,
    };
    let call = small_call(dialect, false);
    let reply = exchange
        .provider()
        .decode(&call, &exchange.reply())
        .map_err(|fault| format!("decode: {fault}"))?;
    match &reply {
        Reply::Chat(reply) => chat(reply),
        Reply::Embeddings(reply) => embeddings(reply),
        Reply::TokenCount(count) if *count > 0 => Ok(()),
        Reply::TokenCount(_) => Err("no tokens were counted".to_owned()),
    }
}

/// A reply in the client's own dialect goes out as it came, but for the model's name.
pub(crate) fn check_forwarded(exchange: &Exchange) -> Result<(), String> {
    let Some(dialect) = exchange.dialect() else {
        return Ok(());
    };
    let body = exchange.reply();
    let forwarded = dialect.forward_reply(body.clone(), &envelope());
    if is_error(&body) {
        return forwarded.map_or(Ok(()), |_| Err("an error was forwarded".to_owned()));
    }
    let forwarded = forwarded.map_err(|fault| format!("forward_reply: {fault}"))?;
    let mut expected: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    if expected.get("model").is_some() {
        expected["model"] = "group".into();
    }
    let actual: Value = serde_json::from_slice(&forwarded.bytes)
        .map_err(|error| format!("what is forwarded is not JSON: {error}"))?;
    if actual != expected {
        return Err("a forwarded reply was changed".to_owned());
    }
    let has_usage = expected.get("usage").is_some_and(Value::is_object);
    if has_usage && forwarded.usage.is_none() {
        return Err(format!("the usage was not seen: {}", expected["usage"]));
    }
    Ok(())
}

/// An error with the status of a success, which some vendors send.
fn is_error(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body)
        .is_ok_and(|body| body.get("error").is_some_and(Value::is_object))
}

/// What a client of either dialect gets says what the provider said.
fn chat(reply: &ChatReply) -> Result<(), String> {
    let said = Said::whole(reply);
    if said.choices.is_empty() {
        return Err("no choices were read".to_owned());
    }
    for dialect in [Dialect::OpenAiChat, Dialect::AnthropicMessages] {
        let call = small_call(dialect, false);
        let written = dialect
            .encode_reply(&call, &Reply::Chat(reply.clone()), &envelope())
            .map_err(|fault| format!("encode_reply in {}: {fault}", dialect.label()))?;
        let again = match dialect {
            Dialect::AnthropicMessages => anthropic_messages::decode_reply(&written),
            _ => openai_chat::decode_reply(&written),
        };
        let again = again.map_err(|fault| format!("our own reply is refused: {fault}"))?;
        compare(dialect, &said, &Said::whole(&again))?;
    }
    Ok(())
}

pub(crate) fn compare(dialect: Dialect, said: &Said, again: &Said) -> Result<(), String> {
    let (one, two) = (
        said.clone().through(dialect),
        again.clone().through(dialect),
    );
    if one.choices != two.choices
        || (one.usage.is_some() && one.usage != two.usage && said.counts_add_up())
    {
        let what = format!("a client of {} reads something else", dialect.label());
        return Err(difference(&what, &one, &two));
    }
    Ok(())
}

fn embeddings(reply: &EmbeddingsReply) -> Result<(), String> {
    if reply.vectors.is_empty() || reply.vectors.iter().any(Vec::is_empty) {
        return Err("no vectors were read".to_owned());
    }
    for format in ["float", "base64"] {
        let body = format!(r#"{{"model":"group","input":["hi"],"encoding_format":"{format}"}}"#);
        let body = ironward_wire::Body::read(body.into()).unwrap();
        let call = ironward_wire::Call::read(Dialect::OpenAiEmbeddings, body, None).unwrap();
        let written = Dialect::OpenAiEmbeddings
            .encode_reply(&call, &Reply::Embeddings(reply.clone()), &envelope())
            .map_err(|fault| format!("encode_reply: {fault}"))?;
        let again = openai_embeddings::decode_reply(&written)
            .map_err(|fault| format!("our own reply is refused: {fault}"))?;
        if again.vectors != reply.vectors {
            return Err(format!("vectors differ when written as {format}"));
        }
    }
    Ok(())
}

/// An error means something sensible, in a message that may be shown.
pub(crate) fn check_error(exchange: &Exchange) -> Result<(), String> {
    use FaultKind as K;
    if exchange.is_success() {
        return Ok(());
    }
    let status = exchange.status();
    let body: Bytes = exchange.reply();
    let fault = exchange.provider().classify(
        StatusCode::from_u16(status).unwrap(),
        &exchange.headers(),
        &body,
    );
    let kinds: &[K] = match status {
        400 => &[
            K::BadRequest,
            K::UnsupportedParam,
            K::ContextWindowExceeded,
            K::ContentPolicy,
            K::NotFound,
            K::UpstreamAuthentication,
            K::PaymentRequired,
        ],
        401 => &[K::UpstreamAuthentication],
        402 => &[K::PaymentRequired],
        403 => &[
            K::PermissionDenied,
            K::UpstreamAuthentication,
            K::ContentPolicy,
        ],
        404 => &[K::NotFound],
        413 => &[K::TooLarge, K::ContextWindowExceeded],
        422 => &[K::Unprocessable],
        429 => &[K::RateLimited],
        500 => &[K::UpstreamInternal, K::ContextWindowExceeded],
        _ => &[
            K::UpstreamInternal,
            K::BadRequest,
            K::BadGateway,
            K::Unavailable,
            K::Timeout,
        ],
    };
    let message = &*fault.message;
    if !kinds.contains(&fault.kind) {
        return Err(format!(
            "status {status} became {:?}: {message}",
            fault.kind
        ));
    }
    if message.is_empty() || message.chars().count() > 2_200 || message.contains(char::is_control) {
        return Err(format!("the message cannot be shown: {message:?}"));
    }
    let text = String::from_utf8_lossy(&body);
    if fault.kind == K::UpstreamAuthentication && message.len() > 40 && text.contains(message) {
        return Err("the vendor's text about the key is passed on".to_owned());
    }
    if fault.upstream_status != Some(status) {
        return Err("the upstream's status is lost".to_owned());
    }
    Ok(())
}
