//! What must hold of every provider's decoders.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use ironward_core::CallId;
use ironward_provider::{Provider, find};
use ironward_wire::{Body, Call, Delta, Dialect, Envelope};

struct Zeros;

impl ironward_core::Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A call in each dialect.
const CALLS: [(Dialect, &str); 5] = [
    (Dialect::OpenAiChat, r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#),
    (Dialect::OpenAiCompletions, r#"{"model":"m","prompt":"x"}"#),
    (Dialect::OpenAiEmbeddings, r#"{"model":"m","input":["x","y"]}"#),
    (Dialect::AnthropicMessages, r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#),
    (Dialect::AnthropicCountTokens, r#"{"model":"m","messages":[{"role":"user","content":"x"}]}"#),
];

/// Reads `bytes` in every way in which the bytes of these providers are read.
pub fn check(providers: &[&str], cut: u16, bytes: &[u8]) {
    let envelope = Envelope {
        call_id: CallId::draw(&Zeros),
        created: 0,
        model: "model".into(),
        include_usage: cut % 2 == 0,
    };
    for name in providers {
        let provider = find(name).expect("the provider exists").provider;
        let status = StatusCode::from_u16(400 + cut % 600).expect("a status");
        let fault = provider.classify(status, &HeaderMap::new(), bytes);
        assert!(fault.kind.status() >= 400 && !fault.message.contains('\n'));
        for (dialect, text) in CALLS {
            let body = Body::read(text.as_bytes().into()).expect("the body is sound");
            let call = Call::read(dialect, body, None).expect("the call is sound");
            whole(provider, &call, &envelope, bytes);
            if dialect.can_stream() {
                stream(provider, &call, &envelope, cut, bytes);
            }
        }
    }
}

/// A reply that is read is written in the client's dialect, whatever its kind, or refused.
fn whole(provider: &dyn Provider, call: &Call, envelope: &Envelope, bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    if let Ok(reply) = provider.decode(call, &bytes) {
        let written = call.dialect.encode_reply(call, &reply, envelope);
        let written = written.expect("the reply is of the call's kind");
        serde_json::from_slice::<serde_json::Value>(&written).expect("the reply is sound JSON");
    }
    let _forwarded = call.dialect.forward_reply(bytes, envelope);
}

/// Any cut gives the same deltas and the same end, and they are written without a panic.
fn stream(provider: &dyn Provider, call: &Call, envelope: &Envelope, cut: u16, bytes: &[u8]) {
    let read = |chunks: &mut dyn Iterator<Item = &[u8]>| {
        let mut decoder = provider.stream(call).expect("a conversation can be streamed");
        let mut deltas: Vec<Delta> = Vec::new();
        for chunk in chunks {
            if decoder.push(Bytes::copy_from_slice(chunk), &mut deltas).is_err() {
                return (deltas, false);
            }
        }
        let complete = decoder.finish(&mut deltas).is_ok();
        (deltas, complete)
    };
    let (one, other) = bytes.split_at(usize::from(cut) % (bytes.len() + 1));
    let uncut = read(&mut [bytes].into_iter());
    for cut in [read(&mut [one, other].into_iter()), read(&mut bytes.chunks(1))] {
        assert_eq!(uncut.1, cut.1, "a cut decides whether the stream is complete");
        assert_eq!(uncut.0, cut.0, "a cut changes the deltas");
    }
    let (deltas, complete) = uncut;
    let mut encoder = call.dialect.stream_encoder(envelope.clone()).expect("it has streams");
    let mut out = BytesMut::new();
    for delta in deltas {
        encoder.encode(delta, &mut out);
    }
    if complete {
        encoder.finish(&mut out);
    }
    let written = std::str::from_utf8(&out).expect("events are text");
    for line in written.lines().filter_map(|line| line.strip_prefix("data: ")) {
        assert!(line == "[DONE]" || serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    let mut forward = call.dialect.forward(envelope).expect("conversations are streamed");
    if forward.push(Bytes::copy_from_slice(bytes)).is_ok() {
        let _complete = forward.finish();
    }
}
