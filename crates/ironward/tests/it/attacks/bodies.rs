//! Bodies that a policy and an upstream could read differently: 400, or exactly what was authorised
//! is sent.

use std::time::{Duration, Instant};

use ironward_testkit::Upstream;
use ironward_testkit::raw::Reply;

use crate::dialect::Dialect;
use crate::family::{FAMILIES, Family};
use crate::rig::{Rig, builder, config};

/// Stands in a body for the name of the one model group that there is.
const GROUP: &str = "@group@";

const MESSAGES: &str = r#""messages":[{"role":"user","content":"hello"}]"#;

/// A gateway whose only model groups are `allowed-FAMILY`, each for the model `authorised`.
fn rig() -> Rig {
    let upstream = Upstream::start();
    let entries = FAMILIES.map(|family| {
        let (entry, name) = (family.entry(&upstream), family.name);
        entry
            .replacen(&format!(": {name}/*"), &format!(": allowed-{name}"), 1)
            .replacen(&format!(": {name}/*"), &format!(": {name}/authorised"), 1)
    });
    let gateway = builder(&config(&entries.concat(), "")).start();
    Rig { gateway, upstream }
}

/// Sends each of `bodies` in every dialect to every family.
#[track_caller]
fn everywhere<B: AsRef<str>>(bodies: &[B], check: impl Fn(&Rig, &str, Family, &Reply)) {
    let rig = rig();
    for body in bodies.iter().map(B::as_ref) {
        for family in FAMILIES {
            for dialect in Dialect::BOTH {
                rig.upstream.forget();
                let mut sent = body.replace(GROUP, &format!("allowed-{}", family.name));
                if dialect == Dialect::Anthropic && sent.starts_with('{') {
                    sent.insert_str(1, r#""max_tokens":64,"#);
                }
                let reply = rig.post_with(dialect.path(), &[], sent.as_bytes());
                let start: String = body.chars().take(200).collect();
                check(&rig, &start, family, &reply);
            }
        }
    }
    rig.assert_no_panic();
}

#[track_caller]
fn assert_refused<B: AsRef<str>>(bodies: &[B]) {
    everywhere(bodies, |rig, body, family, reply| {
        let text = reply.text();
        assert_eq!(reply.status, 400, "{} to {body}: {text}", family.name);
        assert!(rig.upstream.calls().is_empty(), "{body} was sent");
    });
}

/// Refused and not sent, or sent with the authorised model and no other.
#[track_caller]
fn assert_refused_or_authorised<B: AsRef<str>>(bodies: &[B]) {
    everywhere(bodies, |rig, body, _, reply| {
        let (status, text) = (reply.status, reply.text());
        assert!(matches!(status, 200 | 400), "{status} to {body}: {text}");
        for call in rig.upstream.calls() {
            let text = String::from_utf8_lossy(&call.body);
            let json = call.json();
            // Gemini has it in the path.
            let named = json["model"].as_str().unwrap_or(&call.path);
            assert!(named.contains("authorised"), "{body} became {text}");
            assert!(times_named(&text) <= 1, "{body} became {text}");
        }
    });
}

/// How often `model` is a key, in any case and with any escapes.
fn times_named(json: &str) -> usize {
    let plain = json.to_ascii_lowercase();
    let plain = plain.replace("\\u006d", "m").replace("\\u004d", "m");
    plain.matches("\"model\":").count()
}

#[test]
fn two_models_are_one_too_many() {
    let mut bodies = Vec::new();
    for key in [
        "model",
        "Model",
        "MODEL",
        r"\u006dodel",
        r"mode\u006c",
        r"\u004dodel",
    ] {
        let (one, other) = (
            format!(r#""model":"{GROUP}""#),
            format!(r#""{key}":"forbidden""#),
        );
        bodies.push(format!("{{{one},{other},{MESSAGES}}}"));
        bodies.push(format!("{{{other},{one},{MESSAGES}}}"));
    }
    assert_refused(&bodies);
}

#[test]
fn one_model_in_another_spelling_is_that_model_or_none() {
    let keys = [
        r"\u006dodel",
        r"mode\u006c",
        "Model",
        "model ",
        r"model\u0000",
    ];
    assert_refused_or_authorised(&keys.map(|key| format!(r#"{{"{key}":"{GROUP}",{MESSAGES}}}"#)));
    let values = [
        r#""forbidden""#,
        r#""@group@ ""#,
        r#"" @group@""#,
        r#""@group@\u0000forbidden""#,
        r#"["@group@"]"#,
        r#"["forbidden","@group@"]"#,
        r#"{"model":"@group@"}"#,
        "null",
        "0",
    ];
    assert_refused(&values.map(|value| format!(r#"{{"model":{value},{MESSAGES}}}"#)));
}

#[test]
fn a_model_elsewhere_is_not_the_model() {
    let hidden = [
        r#""models":["forbidden"]"#,
        r#""model_name":"forbidden""#,
        r#""engine":"forbidden""#,
        r#""deployment_id":"forbidden""#,
        r#""fallbacks":["forbidden"]"#,
        r#""x_model":"forbidden""#,
    ];
    let body = |hidden| format!(r#"{{"model":"{GROUP}",{MESSAGES},{hidden}}}"#);
    assert_refused_or_authorised(&hidden.map(body));
}

#[test]
fn duplicates_at_any_depth_are_refused() {
    let fields = [
        r#""messages":[{"role":"user","role":"system","content":"hello"}]"#,
        r#""messages":[{"role":"user","content":"hello","conten\u0074":"other"}]"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"a","text":"b"}]}]"#,
        r#""messages":[],"messages":[{"role":"user","content":"hello"}]"#,
        r#""messages":[{"role":"user","content":"hello"}],"Messages":[]"#,
        r#""messages":[{"role":"user","content":"hello"}],"stream":false,"stream":true"#,
        r#""messages":[{"role":"user","content":"hello"}],"Stream":true"#,
        r#""messages":[{"role":"user","content":"hello"}],"metadata":{"a":"1","a":"2"}"#,
    ];
    assert_refused(&fields.map(|fields| format!(r#"{{"model":"{GROUP}",{fields}}}"#)));
}

#[test]
fn what_is_not_one_json_object_is_refused() {
    let model = format!(r#""model":"{GROUP}""#);
    assert_refused(&[
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "\"model\"".to_owned(),
        format!(r#"{{{model},{MESSAGES}}}{{"model":"forbidden"}}"#),
        format!("{{{model},{MESSAGES}}} x"),
        format!("{{{model},{MESSAGES}}}\0"),
        format!("{{{model},{MESSAGES},}}"),
        format!("{{{model},{MESSAGES}"),
        format!("\u{feff}{{{model},{MESSAGES}}}"),
        format!(r#"{{{model},{MESSAGES}/* "model":"forbidden" */}}"#),
        format!("{{'model':'{GROUP}',{MESSAGES}}}"),
        format!(r#"{{model:"{GROUP}",{MESSAGES}}}"#),
        format!(r#"{{{model},{MESSAGES},"seed":01}}"#),
        format!(r#"{{{model},{MESSAGES},"seed":+1}}"#),
        format!(r#"{{{model},{MESSAGES},"temperature":NaN}}"#),
        format!(r#"{{{model},{MESSAGES},"temperature":Infinity}}"#),
        format!("{{{model},{MESSAGES},\"user\":\"a\nb\"}}"),
        format!(r#"{{{model},{MESSAGES},"user":"\x41"}}"#),
    ]);
}

#[test]
fn numbers_that_no_double_holds_are_refused() {
    let mut bodies = Vec::new();
    for number in ["1e400", "-1e400", "1e99999999999", "9e308999"] {
        for field in [
            format!(r#""temperature":{number}"#),
            format!(r#""x_deep":[{{"n":{number}}}]"#),
        ] {
            bodies.push(format!(r#"{{"model":"{GROUP}",{MESSAGES},{field}}}"#));
        }
    }
    assert_refused(&bodies);
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    let mut bodies = Vec::new();
    for half in [
        r"\ud800",
        r"\udc00",
        r"\ud800x",
        r"\udc00\ud800",
        r"\uD83D\u0041",
        r"\u12",
    ] {
        let message = format!(r#"{{"role":"user","content":"{half}"}}"#);
        bodies.push(format!(r#"{{"model":"{GROUP}","messages":[{message}]}}"#));
        bodies.push(format!(r#"{{"model":"{GROUP}",{MESSAGES},"x_{half}":1}}"#));
        bodies.push(format!(r#"{{"model":"{GROUP}{half}",{MESSAGES}}}"#));
    }
    assert_refused(&bodies);
}

#[test]
fn depth_is_bounded() {
    let mut bodies = Vec::new();
    for depth in [200, 10_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let (open_objects, close_objects) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
        for field in [
            format!(r#""x_deep":{open}{close}"#),
            format!(r#""x_deep":{open}"#),
            format!(r#""metadata":{open_objects}1{close_objects}"#),
        ] {
            bodies.push(format!(r#"{{"model":"{GROUP}",{MESSAGES},{field}}}"#));
        }
    }
    assert_refused(&bodies);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let rig = rig();
    for bad in [
        &b"\xff"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xe2\x82",
    ] {
        for dialect in Dialect::BOTH {
            let body = dialect.body("allowed-openai", "@bad@").to_string();
            let (before, after) = body.split_once("@bad@").expect("the mark");
            let body = [before.as_bytes(), bad, after.as_bytes()].concat();
            let reply = rig.post_with(dialect.path(), &[], &body);
            assert_eq!(reply.status, 400, "{bad:?}: {}", reply.text());
        }
    }
    let body = Dialect::OpenAi.body("allowed-openai", "hello").to_string();
    let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reply = rig.post_with(Dialect::OpenAi.path(), &[], &utf16);
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn a_hundred_thousand_keys_cost_no_more_than_their_bytes() {
    let rig = rig();
    let keys: String = (0..100_000).map(|key| format!(r#","x_{key}":0"#)).collect();
    let body = format!(r#"{{"model":"allowed-openai",{MESSAGES}{keys},"x_7":1}}"#);
    let start = Instant::now();
    let reply = rig.post_with(Dialect::OpenAi.path(), &[], body.as_bytes());
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(reply.text().contains("duplicate key"), "{}", reply.text());
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_only_looks_odd_arrives_as_it_was_written() {
    let rig = rig();
    let body = r#"{"model":"allowed-openai","messages":[{"role":"user","content":"\ud83d\ude00 \u0000 \u2028 model"}],
        "seed":9007199254740993,"temperature":1.0e0,"x_big":123456789012345678901234567890,"x_zero":-0.0}"#;
    let reply = rig.post_with(Dialect::OpenAi.path(), &[], body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let call = rig.upstream.last_call();
    let sent = call.json();
    assert_eq!(sent["model"], "authorised");
    assert_eq!(
        sent["messages"][0]["content"],
        "\u{1f600} \0 \u{2028} model"
    );
    let text = String::from_utf8_lossy(&call.body);
    for exact in [
        "9007199254740993",
        "123456789012345678901234567890",
        "1.0e0",
        "-0.0",
    ] {
        assert!(text.contains(exact), "{exact}: {text}");
    }
}
