use bytes::{Bytes, BytesMut};
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::arbitrary::{chat, reply};
use super::{Decoder, Encoder, decode_call, decode_reply, encode_call, encode_reply};
use crate::testing::{cut, envelope};
use crate::{Assembler, Body, ChatReply, Delta, StreamDecoder as _, StreamEncoder as _};

pub(super) fn decode_stream(chunks: Vec<Bytes>) -> Vec<Delta> {
    let mut decoder = Decoder::default();
    let mut deltas = Vec::new();
    for chunk in chunks {
        decoder.push(chunk, &mut deltas).unwrap();
    }
    decoder.finish(&mut deltas).unwrap();
    deltas
}

pub(super) fn encode_stream(deltas: Vec<Delta>, include_usage: bool) -> Bytes {
    let mut encoder = Encoder::new(envelope("group", include_usage));
    let mut out = BytesMut::new();
    for delta in deltas {
        encoder.encode(delta, &mut out);
    }
    encoder.finish(&mut out);
    out.freeze()
}

fn assembled(deltas: Vec<Delta>) -> ChatReply {
    let mut assembler = Assembler::default();
    for delta in deltas {
        assembler.push(delta);
    }
    assembler.finish()
}

proptest! {
    #[test]
    fn a_call_survives(chat in chat(), stream: bool) {
        let body = Body::read(encode_call(&chat, "model", stream).unwrap()).unwrap();
        prop_assert_eq!(decode_call(&body).unwrap(), chat);
        prop_assert_eq!(body.field("stream").is_some(), stream);
    }

    #[test]
    fn a_reply_survives(reply in reply()) {
        let bytes = encode_reply(&reply, &envelope("group", false));
        prop_assert_eq!(decode_reply(&bytes).unwrap(), reply);
    }

    #[test]
    fn a_reply_survives_being_streamed(reply in reply(), cuts in any::<Vec<u8>>()) {
        let deltas = reply.clone().into_deltas();
        prop_assert_eq!(&assembled(deltas.clone()), &reply);
        let stream = encode_stream(deltas, true);
        let read = decode_stream(cut(&stream, &cuts));
        prop_assert_eq!(&read, &decode_stream(vec![stream]));
        prop_assert_eq!(assembled(read), reply);
    }

    #[test]
    fn any_bytes_are_read_somehow(bytes in any::<Vec<u8>>()) {
        let bytes = Bytes::from(bytes);
        drop(decode_reply(&bytes));
        drop(super::forward_reply(bytes.clone(), &envelope("group", false)));
        let mut deltas = Vec::new();
        let mut decoder = Decoder::default();
        let outcome = decoder.push(bytes, &mut deltas);
        assert!(outcome.and_then(|()| decoder.finish(&mut deltas)).is_err());
    }
}

#[test]
fn the_usage_chunk_comes_only_when_asked_for() {
    let deltas = || {
        vec![
            Delta::Text {
                choice: 0,
                text: "a".to_owned(),
            },
            Delta::Usage(ironward_core::Usage::default()),
        ]
    };
    let with = encode_stream(deltas(), true);
    let with = std::str::from_utf8(&with).unwrap();
    assert!(with.contains(r#""choices":[],"usage":{"#), "{with}");
    assert_eq!(with.matches(r#""usage":null"#).count(), 1);
    let without = encode_stream(deltas(), false);
    assert!(!std::str::from_utf8(&without).unwrap().contains("usage"));
}

#[test]
fn the_gateway_names_what_the_provider_does_not() {
    let out = encode_stream(
        vec![Delta::Text {
            choice: 0,
            text: "a".to_owned(),
        }],
        false,
    );
    let out = std::str::from_utf8(&out).unwrap();
    let id = "0".repeat(32);
    assert!(
        out.starts_with(&format!(
            r#"data: {{"id":"chatcmpl-{id}","object":"chat.completion.chunk","created":1700000000,"model":"group","#
        )),
        "{out}"
    );
}
