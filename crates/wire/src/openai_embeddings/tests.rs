use proptest::collection::vec;
use proptest::num::f32::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
use proptest::prelude::{prop_assert_eq, proptest};

use super::{decode_reply, encode_reply};
use crate::testing::envelope;
use crate::{EmbeddingsFormat, EmbeddingsReply};

proptest! {
    #[test]
    fn numbers_are_exact(vectors in vec(vec(POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO, 0..5), 0..4)) {
        let reply = EmbeddingsReply {
            model: Some("group".to_owned()),
            vectors,
            usage: Some(ironward_core::Usage::default()),
        };
        for format in [EmbeddingsFormat::Float, EmbeddingsFormat::Base64] {
            let bytes = encode_reply(format, &reply, &envelope("group", false));
            let read = decode_reply(&bytes).unwrap();
            prop_assert_eq!(&read, &reply);
            let bits = |reply: &EmbeddingsReply| -> Vec<u32> {
                reply.vectors.iter().flatten().map(|number| number.to_bits()).collect()
            };
            prop_assert_eq!(bits(&read), bits(&reply));
        }
    }
}

#[test]
fn what_is_no_vector_is_refused() {
    for embedding in [
        "7",
        "\"AAA\"",
        "\"AAAAAAA=\"",
        "\"//////\"",
        "[\"a\"]",
        "{}",
    ] {
        let body = format!(r#"{{"data":[{{"embedding":{embedding}}}]}}"#);
        assert!(decode_reply(body.as_bytes()).is_err(), "{embedding}");
    }
    for body in ["", "[]", "{}", r#"{"data":{}}"#] {
        assert!(decode_reply(body.as_bytes()).is_err(), "{body}");
    }
}
