use bytes::Bytes;
use ironward_core::{Fault, FaultKind, Usage};
use proptest::prelude::{any, prop_assert_eq, proptest};

use super::{Observer, forward_reply};
use crate::Forward as _;
use crate::openai_chat::arbitrary::reply;
use crate::openai_chat::tests::encode_stream;
use crate::testing::{cut, envelope};

/// What goes out, the usage, and whether the reply was complete.
fn forward(chunks: Vec<Bytes>, model: &str, include_usage: bool) -> (String, Option<Usage>, bool) {
    let mut observer = Observer::new(&envelope(model, include_usage));
    let mut out = Vec::new();
    let mut outcome: Result<(), Fault> = Ok(());
    for chunk in chunks {
        match observer.push(chunk) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(fault) => {
                outcome = Err(fault);
                break;
            }
        }
    }
    let end = outcome.and_then(|()| observer.finish());
    match &end {
        Ok(bytes) => out.extend_from_slice(bytes),
        Err(_) => out.extend_from_slice(&observer.unsent()),
    }
    (
        String::from_utf8(out).unwrap(),
        observer.usage(),
        end.is_ok(),
    )
}

const PIECE: &str = "data: {\"id\":\"1\",\"model\":\"group\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n";
const END: &str = "data: {\"id\":\"1\",\"model\":\"group\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"id\":\"1\",\"model\":\"group\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

#[test]
fn a_chunk_that_needs_no_change_is_not_copied() {
    let mut observer = Observer::new(&envelope("group", false));
    for _ in 0..3 {
        let chunk = Bytes::from([PIECE, PIECE].concat());
        assert_eq!(
            observer.push(chunk.clone()).unwrap().as_ptr(),
            chunk.as_ptr()
        );
        // What is open at the end of a chunk waits for the rest.
        let chunk = Bytes::from([PIECE, "data: {"].concat());
        let out = observer.push(chunk.clone()).unwrap();
        assert_eq!((out.as_ptr(), out.len()), (chunk.as_ptr(), PIECE.len()));
        let rest = PIECE.strip_prefix("data: {").unwrap();
        assert_eq!(observer.push(rest.into()).unwrap(), PIECE);
    }
}

#[test]
fn the_model_is_the_clients_word() {
    let stream = [PIECE, PIECE, END, DONE].concat();
    let (out, _, complete) = forward(vec![stream.clone().into()], "my \"own\"", false);
    assert_eq!(out, stream.replace("\"group\"", r#""my \"own\"""#));
    assert!(complete);
}

#[test]
fn a_model_inside_of_the_reply_is_left_alone() {
    let stream = PIECE.replace(
        "\"content\":\"a\"",
        r#""content":"\"model\":\"group\"","model":"group""#,
    );
    let (out, ..) = forward(
        vec![[stream.as_str(), DONE].concat().into()],
        "alias",
        false,
    );
    let expected = stream.replacen("\"group\"", "\"alias\"", 1);
    assert_eq!(out, [expected.as_str(), DONE].concat());
}

#[test]
fn the_usage_chunk_is_for_those_who_asked() {
    let stream = [&*with_usage(PIECE, "null"), END, USAGE, DONE].concat();
    let usage = Some(Usage {
        input: 3,
        output: 4,
        ..Usage::default()
    });
    let asked = forward(vec![stream.clone().into()], "group", true);
    assert_eq!(asked, (stream.clone(), usage, true));
    let not = forward(vec![stream.into()], "group", false);
    assert_eq!(not, ([PIECE, END, DONE].concat(), usage, true));
}

/// A frame with this field `usage` at its end.
fn with_usage(frame: &str, usage: &str) -> String {
    let frame = frame.strip_suffix("}\n\n").unwrap();
    format!("{frame},\"usage\":{usage}}}\n\n")
}

#[test]
fn who_did_not_ask_sees_no_usage_at_all() {
    let nulled = with_usage(PIECE, "null");
    let first = PIECE.replace("{\"id\"", "{ \"usage\" : null , \"id\"");
    let spaced = PIECE.replace(",\"choices\"", " , \"usage\" :\tnull,\"choices\"");
    let kept = PIECE.replace(",\"choices\"", " ,\"choices\"");
    let last = with_usage(END, "{\"prompt_tokens\":3}");
    let stream = [
        &*nulled, &*nulled, &*first, &*first, &*spaced, &*spaced, &*last, DONE,
    ]
    .concat();
    for model in ["group", "another"] {
        let (out, usage, complete) = forward(vec![stream.clone().into()], model, false);
        let named = |frame: &str| frame.replace("\"group\"", &format!("\"{model}\""));
        assert!(!out.contains("usage"), "{out}");
        assert!(out.starts_with(&named(&PIECE.repeat(2))), "{out}");
        assert!(
            out.ends_with(&named(&[&*kept, &*kept, END, DONE].concat())),
            "{out}"
        );
        assert_eq!(out.matches(&format!("\"model\":\"{model}\"")).count(), 7);
        let frames = out.lines().filter_map(|line| line.strip_prefix("data: {"));
        for json in frames {
            serde_json::from_str::<serde_json::Value>(&format!("{{{json}")).unwrap();
        }
        assert_eq!(usage.map(|usage| usage.input), Some(3));
        assert!(complete);
    }
    // JSON over several lines.
    let lines = nulled.replace(",\"usage\"", ",\ndata: \"usage\"");
    let (out, ..) = forward(vec![[&*lines, END, DONE].concat().into()], "group", false);
    assert_eq!(out, [PIECE, END, DONE].concat());
}

#[test]
fn a_usage_that_rides_along_gets_a_chunk_of_its_own() {
    let counted = "{\"prompt_tokens\":3,\"completion_tokens\":4}";
    let nulled = with_usage(END, "null");
    let group = concat!(
        "data: {\"id\":\"1\",\"object\":null,\"created\":null,\"model\":\"group\",\"choices\":[],",
        "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n"
    );
    for model in ["group", "another"] {
        let named = |frame: &str| frame.replace("\"group\"", &format!("\"{model}\""));
        let expected = named(&[PIECE, &*nulled, group, DONE].concat());
        // Once, also when each piece counts up to there; and however the stream ends.
        let more = with_usage(PIECE, "{\"prompt_tokens\":3}");
        let last = with_usage(END, counted);
        let (out, usage, _) = forward(vec![[PIECE, &*last, DONE].concat().into()], model, true);
        assert_eq!(out, expected);
        assert_eq!(usage.map(|usage| usage.total()), Some(7));
        let (out, ..) = forward(vec![[PIECE, &*last].concat().into()], model, true);
        assert_eq!(out, expected);
        let (out, ..) = forward(vec![[&*more, &*last, DONE].concat().into()], model, true);
        let expected = named(&[&*with_usage(PIECE, "null"), &*nulled, group, DONE].concat());
        assert_eq!(out, expected);
    }
    // A vendor that sends both has said it.
    let stream = [PIECE, &*with_usage(END, counted), USAGE, DONE].concat();
    let (out, ..) = forward(vec![stream.into()], "group", true);
    assert_eq!(out, [PIECE, &*nulled, USAGE, DONE].concat());
    // Moonshot counts in the choice, Groq in a field of its own.
    let choice = END.replace("\"stop\"", &format!("\"stop\",\"usage\":{counted}"));
    let groq = END.replace("}]}", &format!("}}],\"x_groq\":{{\"usage\":{counted}}}}}"));
    for end in [choice, groq] {
        let (out, ..) = forward(vec![[&*end, DONE].concat().into()], "group", true);
        assert_eq!(out, [&*end, group, DONE].concat());
    }
}

#[test]
fn a_cut_stream_is_no_reply() {
    for stream in [PIECE.to_owned(), String::new(), [PIECE, "data: {"].concat()] {
        let (out, _, complete) = forward(vec![stream.into()], "group", false);
        assert!(!complete);
        assert!(!out.contains("[DONE]"));
    }
}

#[test]
fn a_stream_that_ends_with_its_reasons_gets_its_end() {
    let (out, _, complete) = forward(vec![[PIECE, END].concat().into()], "group", false);
    assert!(complete);
    assert_eq!(out, [PIECE, END, DONE].concat());
    // The last frame without its blank line, and an end that was cut.
    let (out, _, complete) = forward(
        vec![[PIECE, END.trim_end()].concat().into()],
        "group",
        false,
    );
    assert!(complete);
    assert_eq!(out, [PIECE, END, DONE].concat());
    let (out, _, complete) = forward(
        vec![[PIECE, END, "data: [DO"].concat().into()],
        "group",
        false,
    );
    assert!(complete);
    assert_eq!(out, [PIECE, END, DONE].concat());
}

#[test]
fn nothing_follows_the_end() {
    let stream = [PIECE, END, DONE, PIECE, USAGE].concat();
    let (out, usage, _) = forward(vec![stream.into()], "group", true);
    assert_eq!(out, [PIECE, END, DONE].concat());
    assert!(usage.is_some());
}

#[test]
fn an_error_in_the_stream_is_a_fault_behind_what_came_before() {
    for (error, kind) in [
        (
            r#"data: {"error":{"message":"x","code":"rate_limit_exceeded"}}"#,
            FaultKind::RateLimited,
        ),
        (
            "event: error\ndata: {\"message\":\"x\",\"code\":503}",
            FaultKind::Unavailable,
        ),
        (
            r#"data: {"object":"error","message":"x","code":400}"#,
            FaultKind::BadRequest,
        ),
        (
            r#"data: {"id":"1","model":"group","choices":[{"index":0,"delta":{},"finish_reason":"error"}]}"#,
            FaultKind::UpstreamInternal,
        ),
        (
            r#"data: {"id":"1","model":"group","choices":[{"index":0,"delta":{},"finish_reason":null}],"error":{"code":402}}"#,
            FaultKind::PaymentRequired,
        ),
        ("data: not json", FaultKind::BadGateway),
        ("data: [1]", FaultKind::BadGateway),
    ] {
        let mut observer = Observer::new(&envelope("group", false));
        let chunk = format!("{PIECE}{PIECE}{error}\n\n{PIECE}");
        let fault = observer.push(chunk.into()).unwrap_err();
        assert_eq!(fault.kind, kind, "{error}");
        assert_eq!(observer.unsent(), [PIECE, PIECE].concat());
        assert_eq!(observer.unsent(), "");
        let end = observer.fail(&fault);
        assert!(end.starts_with(b"data: {\"error\":{") && end.ends_with(b"}\n\n"));
    }
}

#[test]
fn a_frame_like_those_before_is_still_read_where_it_differs() {
    let stop = PIECE.replace("\"finish_reason\":null", "\"finish_reason\":\"stop\"");
    let counted = with_usage(PIECE, "{\"prompt_tokens\":1}");
    let stream = [PIECE, PIECE, &*counted, &*stop].concat();
    let (out, usage, complete) = forward(vec![stream.into()], "group", false);
    assert_eq!(out, [PIECE, PIECE, PIECE, &*stop, DONE].concat());
    assert_eq!(usage.map(|usage| usage.input), Some(1));
    assert!(complete);
}

#[test]
fn a_whole_reply_changes_in_its_model_only() {
    let body = r#"{ "choices" : [{"message":{"model":"x"}}],  "model": "vendor" , "usage":{"prompt_tokens":3,"completion_tokens":4},"x":1.0 }"#;
    let forwarded = forward_reply(body.into(), &envelope("group", false)).unwrap();
    assert_eq!(forwarded.bytes, body.replace("\"vendor\"", "\"group\""));
    assert_eq!(forwarded.usage.map(|usage| usage.total()), Some(7));
    let same = Bytes::from(body);
    let forwarded = forward_reply(same.clone(), &envelope("vendor", false)).unwrap();
    assert_eq!(forwarded.bytes.as_ptr(), same.as_ptr());
    for body in ["[]", "", "null", "{\"error\":\"no\"}", "\u{feff}{}"] {
        assert!(
            forward_reply(body.into(), &envelope("group", false)).is_err(),
            "{body}"
        );
    }
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_bytes(reply in reply(), cuts in any::<Vec<u8>>(), asked: bool) {
        let stream = encode_stream(reply.into_deltas(), true);
        let whole = forward(vec![stream.clone()], "alias", asked);
        prop_assert_eq!(&whole, &forward(cut(&stream, &cuts), "alias", asked));
        if asked {
            let text = String::from_utf8(stream.to_vec()).unwrap();
            prop_assert_eq!(whole.0, text.replace(r#""model":"group""#, r#""model":"alias""#));
        }
    }
}
