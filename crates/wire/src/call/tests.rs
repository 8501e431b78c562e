use crate::{Body, Call, Dialect};

fn read(text: &'static str) -> Result<Call, Box<str>> {
    let body = Body::read(text.as_bytes().into()).unwrap();
    Call::read(Dialect::OpenAiChat, body, None).map_err(|fault| fault.message)
}

#[test]
fn the_peek_finds_what_the_stages_need() {
    let call =
        read(r#"{"model":"gpt","stream":true,"stream_options":{"include_usage":true,"x":1}}"#)
            .unwrap();
    assert_eq!(
        (&*call.model, call.stream, call.include_usage),
        ("gpt", true, true)
    );
    assert!(!read(r#"{"model":"gpt","stream":null}"#).unwrap().stream);
}

#[test]
fn a_wrong_type_names_its_field() {
    for (text, field) in [
        (r"{}", "'model' is missing"),
        (r#"{"model":""}"#, "'model' is missing"),
        (r#"{"model":7}"#, "'model'"),
        (r#"{"model":"m","stream":"yes"}"#, "'stream'"),
        (r#"{"model":"m","stream_options":[1]}"#, "'stream_options'"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(field), "{error}");
    }
}

#[test]
fn the_model_in_the_path_wins() {
    let body = Body::read(r#"{"model":"other"}"#.as_bytes().into()).unwrap();
    let call = Call::read(Dialect::OpenAiChat, body, Some("mine")).unwrap();
    assert_eq!(&*call.model, "mine");
}
