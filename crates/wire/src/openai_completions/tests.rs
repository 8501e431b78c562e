use super::decode_call;
use crate::Body;

#[test]
fn what_no_conversation_can_do_is_refused_by_name() {
    for (field, place) in [
        (r#""prompt":null"#, "prompt"),
        (r#""prompt":["a","b"]"#, "prompt"),
        (r#""prompt":[1,2]"#, "prompt"),
        (r#""prompt":[[1]]"#, "prompt"),
        (r#""prompt":{"a":1}"#, "prompt"),
        (r#""prompt":"a","suffix":"b""#, "suffix"),
        (r#""prompt":"a","echo":true"#, "echo"),
        (r#""prompt":"a","best_of":3"#, "best_of"),
        (r#""prompt":"a","logprobs":0"#, "logprobs"),
    ] {
        let body = Body::read(format!("{{{field}}}").into()).unwrap();
        assert_eq!(
            decode_call(&body).unwrap_err().param.as_deref(),
            Some(place)
        );
    }
}

#[test]
fn defaults_written_out_are_no_wish() {
    let body = r#"{"prompt":["a"],"suffix":null,"echo":false,"best_of":1,"logprobs":null}"#;
    assert!(decode_call(&Body::read(body.into()).unwrap()).is_ok());
}
