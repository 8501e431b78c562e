//! What must hold of every provider's decoders.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::CallId;
use ironward_provider::find;
use ironward_wire::{Body, Call, Delta, Dialect, Envelope};

struct Zeros;

impl ironward_core::Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// Reads `bytes` in every way in which the provider's bytes are read.
pub fn check(provider: &str, cut: u8, bytes: &[u8]) {
    let provider = find(provider).expect("the provider exists").provider;
    let envelope = Envelope {
        call_id: CallId::draw(&Zeros),
        created: 0,
        model: "model".into(),
        include_usage: cut % 2 == 0,
    };
    let whole = Bytes::copy_from_slice(bytes);
    let status = StatusCode::from_u16(400 + u16::from(cut)).expect("a status");
    let fault = provider.classify(status, &HeaderMap::new(), bytes);
    assert!(fault.kind.status() >= 400 && !fault.message.contains('\n'));
    for dialect in [Dialect::OpenAiChat, Dialect::AnthropicMessages] {
        let text = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"x"}]}"#;
        let body = Body::read(text.as_bytes().into()).expect("the body is sound");
        let call = Call::read(dialect, body, None).expect("the call is sound");
        if let Ok(reply) = provider.decode(&call, &whole) {
            let written = dialect.encode_reply(&call, &reply, &envelope).expect("a conversation");
            serde_json::from_slice::<serde_json::Value>(&written).expect("the reply is sound JSON");
        }
        let _forwarded = dialect.forward_reply(whole.clone(), &envelope);
        let (one, other) = bytes.split_at(usize::from(cut).min(bytes.len()));
        let stream = |chunks: &[&[u8]]| {
            let mut decoder = provider.stream(&call).expect("a conversation can be streamed");
            let mut deltas: Vec<Delta> = Vec::new();
            for chunk in chunks {
                if decoder.push(Bytes::copy_from_slice(chunk), &mut deltas).is_err() {
                    return (deltas, false);
                }
            }
            let complete = decoder.finish(&mut deltas).is_ok();
            (deltas, complete)
        };
        let (uncut, cut) = (stream(&[bytes]), stream(&[one, other]));
        assert_eq!(uncut.1, cut.1, "a cut decides whether the stream is complete");
        assert_eq!(uncut.0, cut.0, "a cut changes the deltas");
        let mut forward = dialect.forward(&envelope).expect("conversations are streamed");
        if forward.push(whole.clone()).is_ok() {
            let _complete = forward.finish();
        }
    }
}
