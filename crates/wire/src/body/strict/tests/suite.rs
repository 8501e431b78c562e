//! The families of the JSON parsing test suite (<https://github.com/nst/JSONTestSuite>), with cases
//! of our own: what every reader accepts, what every reader refuses, and what is left to each,
//! where `serde_json`'s choice is ours.

use super::accepts;

/// Alone a case is no object, so it is read as a value in one.
fn check<T: AsRef<str>>(cases: impl IntoIterator<Item = T>, is_accepted: bool) {
    for case in cases {
        let case = case.as_ref();
        for text in [
            format!("{{\"k\":{case}}}"),
            format!("{{\"a\":0,\"k\":{case},\"b\":\"\"}}"),
            format!("\t{{\"k\":[0,{{\"k\":{case}}},null]}}\r\n"),
        ] {
            assert_eq!(accepts(text.as_bytes()), is_accepted, "{text}");
        }
    }
}

#[test]
fn what_is_written_in_the_files() {
    let accepted = include_str!("../../../../testdata/json/accepted.txt");
    let refused = include_str!("../../../../testdata/json/refused.txt");
    check(accepted.lines(), true);
    check(refused.lines(), false);
}

#[test]
fn what_cannot_be_seen() {
    let sound = [
        "[1\n]",
        "\n1\r",
        " \t{\n\"a\"\r:\n\"b\"\n}",
        "\"\u{7f}\"",
        "\"\u{82}\u{10fffe}\"",
        "\"\u{2028}\u{2029}\"",
        "\"\u{feff}\"",
    ];
    let unsound = [
        "",
        " ",
        "[\u{b}]",
        "[\u{c}]",
        "[\u{a0}]",
        "[\u{feff}]",
        "[\u{2060}]",
        "[\0]",
        "1\0",
        "//\n1",
        "[\"a\",\n4\n,1,",
        "\"\n\"",
        "\"\t\"",
        "\"\0\"",
        "\"\u{1f}\"",
        "\"a\u{1}a\"",
    ];
    check(sound, true);
    check(unsound, false);
}

#[test]
fn long_numbers_up_to_the_largest() {
    let nines = |count| "9".repeat(count);
    let zeros = |count| "0".repeat(count);
    let sound = [
        nines(200),
        nines(201),
        nines(308),
        format!("-{}", nines(308)),
        format!("1{}", zeros(308)),
        format!("{}e-9", nines(310)),
        format!("{}e99", nines(150)),
        format!("{}.{}", nines(150), nines(150)),
        format!("0.{}1e400", zeros(399)),
        format!("1e{}1", zeros(300)),
    ];
    let unsound = [
        nines(310),
        format!("-{}", nines(310)),
        format!("1{}", zeros(309)),
        format!("{}e1", nines(308)),
        format!("{}e99", nines(250)),
        format!("{}e250", nines(100)),
        format!("1e{}400", zeros(300)),
        format!("{}.", nines(300)),
        format!("0{}", nines(300)),
    ];
    check(sound, true);
    check(unsound, false);
}

#[test]
fn what_is_no_utf_8() {
    for bytes in [
        &b"\xef\xbb\xbf{}"[..],
        b"\xff\xfe{\0}\0",
        b"\0{\0}",
        b"{\"k\":\"\xe0\xff\"}",
        b"{\"k\":\"\xc0\xaf\"}",
        b"{\"k\":\"\xfc\x80\x80\x80\x80\x80\"}",
        b"{\"k\":\"\xed\xa0\x80\"}",
        b"{\"k\":\"\xf4\xbf\xbf\xbf\"}",
        b"{\"k\":\"\x81\"}",
        b"{\"k\":\"\xe9\"}",
        b"{\"k\":\"\xf0\x9f\x98\"}",
        b"{\"k\":\"\xc3\\u00a9\"}",
        b"{\"k\":\"\\\xc3\xa9\"}",
        b"{\"\xff\":0}",
        b"{\"k\":0}\xff",
        b"{\"k\":\xff}",
        b"\xe5",
    ] {
        assert!(!accepts(bytes), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_is_no_object() {
    let texts = "null true 1 \"{}\" [] [{}] [{} {}{} {}, {}x {}1 {}\"a\" {}] {}/**/ {} \
                 { {\"a\" {\"a\": {\"a\":1 {\"a\":1, {\"a\":1,\"b } }{";
    for text in texts.split(' ') {
        assert_eq!(accepts(text.as_bytes()), text == "{}", "{text:?}");
    }
    for text in [
        "",
        " ",
        "\n",
        "{} {}",
        "{}\0",
        "\0{}",
        "\u{feff}{}",
        "\u{a0}{}",
        "{}\u{2028}",
        "//\n{}",
    ] {
        assert!(!accepts(text.as_bytes()), "{text:?}");
    }
    for text in [" {} ", "\r\n\t{\r\n\t}\r\n\t"] {
        assert!(accepts(text.as_bytes()), "{text:?}");
    }
}
