use bytes::Bytes;
use ironward_core::Usage;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

use super::Plain;
use crate::Forward as _;
use crate::openai_chat::forward::Observer;
use crate::testing::{cut, envelope};

/// Chunks as vendors write them: OpenAI, Azure (whose keys are sorted), tool calls of two choices,
/// legacy completions, Groq, keys with escapes. At `@` any value may stand, `#` is mostly `null`.
const SHAPES: [&str; 6] = [
    r#"{"id":"1","object":"chat.completion.chunk","created":7,"model":"m","service_tier":"default","choices":[{"index":0,"delta":{"content":@},"logprobs":null,"finish_reason":#}],"usage":#,"obfuscation":@}"#,
    r#"{"choices":[{"content_filter_results":{},"delta":{"content":@},"finish_reason":#,"index":#,"logprobs":@}],"created":@,"error":#,"id":"1","model":"m","object":#}"#,
    r#"{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":@}}]}},{"index":1,"delta":{"content":@},"usage":#}],"model":"m"}"#,
    r#"{"id":@,"object":"text_completion","choices":[{"text":@,"index":0,"finish_reason":""}],"model":"m"}"#,
    r#"{ "id": @, "x_groq": {"id": @, "usage": #}, "model": "m", "choices": [ { "delta": { "reasoning": @ } } ] }"#,
    r#"{"\u006dode":@,"model":"m","choices":[{"delta":{"role":"assistant"},"f\u0069nish_reason":#}],"us\u0061ge":#}"#,
];

/// What an edit puts in.
const TOKENS: [&[u8]; 25] = [
    b"\"",
    b"\\",
    b"\\\"",
    b"\\u0075",
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"0",
    b"-",
    b" ",
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\ndata: ",
    b"\x01",
    b"\xff",
    b",\"usage\":{\"prompt_tokens\":3}",
    b",\"us\\u0061ge\":{\"prompt_tokens\":3}",
    b",\"error\":{\"message\":\"x\"}",
    b",\"finish_reason\":\"stop\"",
    b"\"finish_reason\":\"error\",",
    b",\"index\":1",
];

fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-z ]{0,9}", "[a-z\"\\\\\n/é✓😀]{0,9}"];
    let text = text.prop_map(|text| serde_json::Value::from(text).to_string());
    prop_oneof![
        6 => text,
        1 => any::<u32>().prop_map(|number| number.to_string()),
        1 => select(vec![
            "null",
            "true",
            "-1.5e3",
            "\"\\u00e9\\ud83d\"",
            "[]",
            "[{\"token\":\"a\",\"logprob\":-0.25}]",
            "{\"usage\":{\"prompt_tokens\":9},\"error\":1}",
            "{\"finish_reason\":\"stop\",\"index\":4}",
            "{ }",
        ])
        .prop_map(str::to_owned),
    ]
}

/// What stands at `#`.
fn told() -> impl Strategy<Value = String> {
    let told = select(vec![
        "{\"prompt_tokens\":3,\"completion_tokens\":4}",
        "{\"message\":\"x\",\"code\":429}",
        "\"stop\"",
        "\"error\"",
        "\"\"",
        "0",
        "1",
    ]);
    prop_oneof![6 => Just("null"), 1 => told].prop_map(str::to_owned)
}

/// `shape` with values at its places.
fn fill(shape: &str, values: &[String], told: &[String]) -> String {
    let (mut values, mut told) = (values.iter(), told.iter());
    let mut json = String::new();
    for part in shape.split_inclusive(['@', '#']) {
        let value = match part.chars().last() {
            Some('@') => values.next(),
            Some('#') => told.next(),
            _ => None,
        };
        json += part.trim_end_matches(['@', '#']);
        json += value.map_or("", String::as_str);
    }
    json
}

/// Frames of one shape.
fn pieces() -> impl Strategy<Value = String> {
    let piece = || (vec(value(), 3), vec(told(), 4));
    (select(SHAPES.to_vec()), vec(piece(), 1..5)).prop_map(|(shape, pieces)| {
        let frame =
            |(values, told): &(Vec<_>, Vec<_>)| format!("data: {}\n\n", fill(shape, values, told));
        pieces.iter().map(frame).collect()
    })
}

/// A frame of another kind.
fn other() -> impl Strategy<Value = String> {
    select(vec![
        "data: {\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n",
        "data:{\"model\":\"m\",\"choices\":[[0,\"\"]]}\r\n\r\n",
        "event: error\ndata: {\"message\":\"x\",\"model\":\"m\"}\n\n",
        "data: {\"object\":\"error\",\"message\":\"x\",\"model\":\"m\"}\n\n",
        ": ping\n\n",
        "data: [DONE]\n\n",
        "data: [1]\n\n",
    ])
    .prop_map(str::to_owned)
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop_oneof![4 => pieces(), 1 => other()], 1..6);
    let edits = vec((any::<Index>(), 0..4_usize, select(TOKENS.to_vec())), 0..3);
    (parts, edits).prop_map(|(parts, edits)| {
        let mut stream = parts.concat().into_bytes();
        for (at, removed, token) in edits {
            let at = at.index(stream.len());
            let end = stream.len().min(at + removed);
            stream.splice(at..end, token.iter().copied());
        }
        stream
    })
}

/// What goes out, what was counted, and how it ended. `forget` makes the observer read each frame
/// in full.
fn observe(chunks: Vec<Bytes>, asked: bool, forget: bool) -> (Vec<u8>, Option<Usage>, String) {
    let mut observer = Observer::new(&envelope("group", asked));
    let mut out = Vec::new();
    for chunk in chunks {
        if forget {
            observer.plain = Plain::default();
        }
        match observer.push(chunk) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(fault) => {
                out.extend_from_slice(&observer.unsent());
                return (out, observer.usage(), format!("{fault:?}"));
            }
        }
    }
    if forget {
        observer.plain = Plain::default();
    }
    let end = match observer.finish() {
        Ok(bytes) => {
            out.extend_from_slice(&bytes);
            String::new()
        }
        Err(fault) => {
            out.extend_from_slice(&observer.unsent());
            format!("{fault:?}")
        }
    };
    (out, observer.usage(), end)
}

/// No chunk ends two frames, so nothing is remembered from one to the next.
fn bytes_of(stream: &[u8]) -> Vec<Bytes> {
    stream.chunks(1).map(Bytes::copy_from_slice).collect()
}

proptest! {
    #[test]
    fn to_recognise_a_frame_is_to_read_it(stream in stream(), cuts in any::<Vec<u8>>(), asked: bool) {
        let read = observe(bytes_of(&stream), asked, true);
        prop_assert_eq!(&observe(cut(&stream, &cuts), asked, false), &read);
        prop_assert_eq!(&observe(bytes_of(&stream), asked, false), &read);
    }
}

#[test]
fn pieces_are_recognised_by_the_one_before() {
    let frame = |shape: &str, values: [&str; 3]| {
        let json = fill(
            shape,
            &values.map(str::to_owned),
            &["null"; 4].map(str::to_owned),
        );
        Bytes::from(format!("data: {json}\n\n"))
    };
    for shape in &SHAPES[..5] {
        let mut observer = Observer::new(&envelope("group", false));
        observer.push(frame(shape, ["\"a\"", "\"\"", "1"])).unwrap();
        for values in [
            ["\"b\"", "\"cd\"", "23"],
            ["\"\\n\\u00e9\"", "\"✓\"", "1"],
            ["{\"finish_reason\":\"stop\"}", "[1,{}]", "null"],
        ] {
            let frame = frame(shape, values);
            let alike = observer.plain.recognise(&frame).unwrap();
            assert_eq!(frame.get(alike.model), Some(&b"\"m\""[..]), "{shape}");
        }
        // A string that does not end, a line that does, bytes that are no text, a number that goes on.
        for values in [
            ["\"b", "\"c\"", "2"],
            ["{\n}", "\"c\"", "2"],
            ["\"\u{1}\"", "1", "2"],
            ["01", "\"c\"", "2"],
            ["\"\\x\"", "1", "2"],
        ] {
            assert!(observer.plain.recognise(&frame(shape, values)).is_none());
        }
    }
}

#[test]
fn what_differs_in_a_field_that_is_read_is_not_recognised() {
    let data = |json: &str| [b"data: ", json.as_bytes(), b"\n\n"].concat();
    let piece = r#"{"choices":[{"index":0,"delta":{},"finish_reason":null,"usage":null}],"object":"o","data":[],"error":null,"usage":null,"x_groq":{"usage":null},"model":"m"}"#;
    for (was, is) in [
        (r#""index":0"#, r#""index":1"#),
        (r#""finish_reason":null"#, r#""finish_reason":"stop""#),
        (
            r#"null,"usage":null}"#,
            r#"null,"usage":{"prompt_tokens":3}}"#,
        ),
        (r#""object":"o""#, r#""object":"error""#),
        (r#""data":[]"#, r#""data":null"#),
        (r#""error":null"#, r#""error":1"#),
        (
            r#"null,"usage":null,"#,
            r#"null,"usage":{"prompt_tokens":3},"#,
        ),
        (r#"{"usage":null}"#, r#"{"usage":{"prompt_tokens":3}}"#),
        (r#""model":"m""#, r#""model":"n""#),
    ] {
        let mut observer = Observer::new(&envelope("group", false));
        observer.push(data(piece).into()).unwrap();
        assert!(observer.plain.recognise(&data(piece)).is_some());
        let other = piece.replacen(was, is, 1);
        assert_ne!(piece, other);
        assert!(observer.plain.recognise(&data(&other)).is_none(), "{other}");
    }
    let mut observer = Observer::new(&envelope("group", false));
    observer
        .push(data(r#"{"model":"m","choices":[],"x":"?"}"#).into())
        .unwrap();
    let mut other = data(r#"{"model":"m","choices":[],"x":"!"}"#);
    assert!(observer.plain.recognise(&other).is_some());
    let mark = other.iter().position(|byte| *byte == b'!').unwrap();
    other[mark] = 0xff;
    assert!(observer.plain.recognise(&other).is_none());
}

#[test]
fn a_field_that_matters_is_seen_however_it_is_written() {
    let piece =
        r#"data: {"model":"group","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}"#;
    let counted = r#"data: {"model":"group","choices":[{"index":0,"delta":{"content":"a"}}],"\u0075sage":{"prompt_tokens":3}}"#;
    let ended = r#"data: {"model":"group","choices":[{"index":0,"delta":{"content":"a"},"finish_r\u0065ason":"stop"}],"usage":null}"#;
    let stream = [piece, piece, counted, piece, ended, ""].join("\n\n");
    let (out, usage, end) = observe(vec![Bytes::from(stream.clone())], false, false);
    let handed_on = stream.replace(",\"usage\":null", "");
    assert_eq!(out, [handed_on.as_bytes(), b"data: [DONE]\n\n"].concat());
    assert_eq!(usage.map(|usage| usage.input), Some(3));
    assert_eq!(end, "");
    let failed = piece.replace("\"usage\":null", r#""\u0065rror":{"message":"no"}"#);
    let stream = [piece, piece, &failed, ""].join("\n\n");
    let (_, _, end) = observe(vec![Bytes::from(stream)], false, false);
    assert!(end.contains("no"), "{end}");
}
