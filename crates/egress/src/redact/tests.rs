use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use ironward_core::{Fault, Origin};
use ironward_secret::Secret;

use super::{Redaction, Redactor, drop_headers_with};
use crate::Credential;

const KEY: &str = "sk-proj-Ab3+xY/9_k-QwErTy.UiOp~77zZ";

fn clean(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    let clean = Redactor::new(&Secret::new(KEY)).redact(text);
    String::from_utf8(clean.unwrap_or_else(|| text.to_vec())).unwrap()
}

/// Fails when eight bytes in a row of `needle` are in `text`.
fn assert_no_window(text: &str, needle: &str) {
    for window in needle.as_bytes().windows(8) {
        let window = std::str::from_utf8(window).unwrap();
        assert!(!text.contains(window), "{window} is in {text}");
    }
}

#[test]
fn the_whole_secret_goes_and_the_rest_stays() {
    let text = format!("key {KEY} is wrong, {KEY}{KEY}.");
    assert_eq!(clean(text), "key [redacted] is wrong, [redacted].");
    assert_eq!(clean(KEY), "[redacted]");
    assert_eq!(clean("nothing to see"), "nothing to see");
    assert_eq!(clean(""), "");
}

#[test]
fn every_piece_of_eight_bytes_goes_and_shorter_ones_stay() {
    assert_eq!(
        clean(format!("you sent {}***", KEY.get(..11).unwrap())),
        "you sent [redacted]***"
    );
    for start in 0..=KEY.len() - 8 {
        let piece = KEY.get(start..start + 8).unwrap();
        assert_eq!(clean(format!("<{piece}>")), "<[redacted]>");
        assert_eq!(
            clean(format!("<{}>", piece.get(..7).unwrap())),
            format!("<{}>", piece.get(..7).unwrap())
        );
    }
}

#[test]
fn base64_goes_whatever_stands_before_and_behind() {
    for before in ["", "x", "xy", "Bearer ", "user:"] {
        for behind in ["", "z", "\n"] {
            let encoded = STANDARD.encode(format!("{before}{KEY}{behind}"));
            let cleaned = clean(format!("auth={encoded};"));
            assert!(cleaned.contains("[redacted]"));
            assert_no_window(&cleaned, &STANDARD.encode(KEY));
            let url_safe = encoded.replace('+', "-").replace('/', "_");
            assert!(clean(url_safe).contains("[redacted]"));
        }
    }
}

#[test]
fn hexadecimal_and_percent_encoding_go() {
    let hex: String = KEY.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(clean(format!("({hex})")), "([redacted])");
    assert_eq!(clean(hex.to_uppercase()), "[redacted]");
    let percent = KEY.replace('+', "%2B").replace('/', "%2F");
    assert_eq!(clean(&percent), "[redacted]");
    assert_eq!(
        clean(percent.replace("%2B", "%2b").replace("%2F", "%2f")),
        "[redacted]"
    );
    let all = percent
        .replace('-', "%2D")
        .replace('.', "%2E")
        .replace('_', "%5F")
        .replace('~', "%7E");
    assert_eq!(clean(all), "[redacted]");
}

#[test]
fn a_short_secret_is_found_whole_and_a_placeholder_is_left() {
    let five = Redactor::new(&Secret::new("k3y-9"));
    assert_eq!(five.redact(b"a k3y-9 b").unwrap(), b"a [redacted] b");
    assert_eq!(five.redact(b"a k3y- b"), None);
    assert_eq!(Redactor::new(&Secret::new("x")).redact(b"xxx"), None);
}

#[test]
fn header_values_are_redacted_or_dropped() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-echo",
        HeaderValue::from_str(&format!("Bearer {KEY}")).unwrap(),
    );
    headers.insert("x-request-id", HeaderValue::from_static("req_1"));
    let mut of_success = headers.clone();
    Redactor::new(&Secret::new(KEY)).redact_headers(&mut headers);
    assert_eq!(headers["x-echo"], "Bearer [redacted]");
    assert_eq!(headers["x-request-id"], "req_1");
    drop_headers_with(KEY.as_bytes(), &mut of_success);
    assert_eq!(of_success.len(), 1);
    assert_eq!(of_success["x-request-id"], "req_1");
}

#[test]
fn bytes_that_are_no_text_do_not_hide_a_secret() {
    let mut text = vec![0xff, 0xfe];
    text.extend_from_slice(KEY.as_bytes());
    text.push(0x80);
    let cleaned = Redactor::new(&Secret::new(KEY)).redact(&text).unwrap();
    assert_eq!(
        cleaned,
        [&[0xff, 0xfe], &b"[redacted]"[..], &[0x80]].concat()
    );
}

#[test]
fn a_fault_that_quotes_the_provider_is_cleaned_everywhere() {
    let origin = Origin::parse("https://api.example.com").unwrap();
    let credential = Credential::new(Some(Secret::new(KEY)), origin).unwrap();
    let redaction = Redaction::of(Arc::new(credential));
    let quote = &*format!("key {KEY} is wrong");
    let fault = Fault::invalid(quote, quote)
        .with_cause(quote)
        .with_code(quote);
    let clean = "key [redacted] is wrong";
    let expected = Fault::invalid(clean, clean)
        .with_cause(clean)
        .with_code(clean);
    assert_eq!(redaction.apply(fault), expected);
    let innocent = Fault::invalid("model", "'model' is missing");
    assert_eq!(redaction.apply(innocent.clone()), innocent);
}
