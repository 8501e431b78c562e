use bytes::Bytes;
use proptest::prelude::{any, proptest};

use super::Body;

fn read(text: &str) -> Result<Body, Box<str>> {
    Body::read(Bytes::copy_from_slice(text.as_bytes())).map_err(|fault| fault.message)
}

#[test]
fn what_is_not_one_sound_object_is_refused_with_its_place() {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (text, part) in [
        ("", "line 1"),
        ("[]", "a JSON object"),
        (
            "{\"model\":\"a\"} x",
            "trailing characters at line 1 column 15",
        ),
        (
            "{\"model\":\"a\",\n\"model\":\"b\"}",
            "duplicate key 'model' at line 2",
        ),
        ("{\"a\":{\"x\":1,\"\\u0078\":2}}", "duplicate key 'x'"),
        ("{\"model\":\"\\ud800\"}", "hex escape"),
        ("{\"temperature\":1e400}", "out of range"),
        ("{\"Model\":\"a\"}", "another spelling"),
        ("{\"model\":\"a\",\"mOdel\":\"b\"}", "another spelling"),
        ("{\"a\":01}", "line 1 column"),
        ("\u{feff}{}", "line 1 column"),
        (deep.as_str(), "recursion limit"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert!(Body::read(Bytes::from_static(b"{\"a\":\"\xff\"}")).is_err());
}

#[test]
fn a_duplicate_among_many_keys_is_found() {
    let mut keys: Vec<String> = (0..100).map(|n| format!("\"k{n}\":{{}}")).collect();
    assert!(read(&format!("{{{}}}", keys.join(","))).is_ok());
    for position in [0, 15, 16, 17, 99] {
        keys.push(format!("\"k{position}\":1"));
        assert!(
            read(&format!("{{{}}}", keys.join(",")))
                .unwrap_err()
                .contains("duplicate")
        );
        keys.pop();
    }
}

#[test]
fn an_escaped_key_is_the_key_that_it_spells() {
    let body = read("{\"\\u006dodel\":\"gpt\"}").unwrap();
    assert_eq!(body.field("model"), Some("\"gpt\""));
    assert_eq!(body.patch().into_bytes(), "{\"model\":\"gpt\"}");
}

#[test]
fn a_patch_keeps_what_it_does_not_name() {
    let body =
        read("{ \"model\" : \"a\" , \"x-y\": [1, 2], \"stream\": null, \"old\": 3 }").unwrap();
    assert_eq!(body.field("stream"), None);
    let mut patch = body.patch();
    patch
        .set_str("model", "b\"c")
        .set_default("stream", "true")
        .rename("old", "new")
        .set("z", "{}");
    assert!(!patch.remove("nothing"));
    assert_eq!(
        patch.into_bytes(),
        "{\"model\":\"b\\\"c\",\"x-y\":[1, 2],\"stream\":true,\"new\":3,\"z\":{}}"
    );
}

#[test]
fn a_rename_never_overwrites_a_value() {
    let body = read("{\"max_tokens\":1,\"max_completion_tokens\":2}").unwrap();
    let mut patch = body.patch();
    patch.rename("max_completion_tokens", "max_tokens");
    assert_eq!(patch.into_bytes(), "{\"max_tokens\":1}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ignored = Body::read(bytes.into());
    }

    #[test]
    fn an_untouched_patch_is_the_same_document(text in "[a-z\"\\\\\u{e9}\u{1f600}]{0,8}", number in any::<i64>()) {
        let document = serde_json::json!({ "model": text, text.clone() + "k": [number, {"deep": text}] });
        let body = read(&document.to_string()).unwrap();
        let copy: serde_json::Value = serde_json::from_slice(&body.patch().into_bytes()).unwrap();
        assert_eq!(copy, document);
    }
}

#[test]
fn what_is_long_is_sent_as_it_lies_in_memory() {
    let long = "x".repeat(5_000);
    let body = read(&format!(
        r#"{{"a":"{long}","model":"m","b":["{long}"],"c":1}}"#
    ))
    .unwrap();
    let mut patch = body.patch();
    patch.set("model", "\"n\"").set("d", format!("\"{long}\""));
    let pieces = patch.into_pieces();
    assert_eq!(
        pieces.clone().joined(),
        format!(r#"{{"a":"{long}","model":"n","b":["{long}"],"c":1,"d":"{long}"}}"#)
    );
    let theirs = body.bytes().as_ptr_range();
    let shared = pieces
        .iter()
        .filter(|piece| theirs.contains(&piece.as_ptr()));
    assert_eq!(shared.map(|piece| piece.len()).sum::<usize>(), 10_006);
}

#[test]
fn a_patch_knows_which_words_its_values_do_not_hold() {
    let body = read(
        r#"{"messages":[{"role":"developer","content":[{"cache_control":{}},"thinking_blocks, in a text"]}]}"#,
    )
    .unwrap();
    let mut patch = body.patch();
    assert!(patch.may_hold("messages", ["assistant", "developer"]));
    assert!(patch.may_hold("messages", ["cache_control"]));
    assert!(!patch.may_hold("messages", ["thinking_blocks", "assistant"]));
    assert!(
        !patch.may_hold("tools", ["cache_control"]),
        "there are none"
    );
    patch.set("messages", "[]");
    assert!(patch.may_hold("messages", ["thinking_blocks"]), "not known");
}
