//! The scanner against `serde_json`'s walk: they accept the same bytes and find the same fields.

mod arbitrary;
mod suite;

use proptest::prelude::{any, proptest};

use super::super::Field;
use super::scan::{Refused, scan};
use super::{keys, read_object, reason, walk};

/// Whether both readers accept; panics where they differ.
fn accepts(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match (scan(bytes), walk::read_object(bytes)) {
        (Ok((scanned, _)), Ok(walked)) => {
            assert_eq!(scanned, walked, "{text:?}");
            true
        }
        (Err(_), Err(error)) => {
            let told = read_object(bytes).unwrap_err();
            assert_eq!(told.to_string(), error.to_string(), "{text:?}");
            false
        }
        (scanned, walked) => {
            let (scanned, walked) = (scanned.map(drop), walked.map(drop));
            panic!("{text:?}: the scanner says {scanned:?}, the walk {walked:?}")
        }
    }
}

#[test]
fn the_place_of_a_value_is_without_the_white_space_around_it() {
    let text = "\n{ \"a\" :\t[1, 2] , \"\\u00e9\\n\":{\"b\" :null}\r,\"\":-0 }\n";
    let (fields, _) = scan(text.as_bytes()).unwrap();
    let found: Vec<_> = fields
        .places
        .iter()
        .map(|Field { name, value }| {
            let name = fields.names.get(name.clone()).unwrap();
            (name, text.get(value.clone()).unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [("a", "[1, 2]"), ("\u{e9}\n", "{\"b\" :null}"), ("", "-0")]
    );
    assert!(accepts(text.as_bytes()));
}

/// What a string may hold, and what it may not.
const PIECES: [(&[u8], bool); 28] = [
    (b"", true),
    (b"\\\"", true),
    (b"\\\\", true),
    (b"\\/\\b\\f\\n\\r\\t", true),
    (b"\\\\\\\"", true),
    (b"\\u0041", true),
    (b"\\uABcd\\u0000", true),
    (b"\\ud83d\\ude00", true),
    (b"\\uDBFF\\uDFFF", true),
    (b"\x7f", true),
    ("\u{e9}\u{4f60}\u{1f600}".as_bytes(), true),
    (b"\\u12", false),
    (b"\\u+123", false),
    (b"\\u00g0", false),
    (b"\\ud83d", false),
    (b"\\ud83d\\n", false),
    (b"\\ud83dx\\ude00", false),
    (b"\\ud83d\\ud83d", false),
    (b"\\ud83d\\u0041", false),
    (b"\\ude00", false),
    (b"\\x", false),
    (b"\\U0041", false),
    (b"\\", false),
    (b"\x00", false),
    (b"\n", false),
    (b"\x1f", false),
    (b"\xff", false),
    (b"\xed\xa0\x80", false),
];

#[test]
fn a_string_is_read_alike_wherever_its_pieces_stand() {
    // Words, blocks and the rest meet at every distance from either end of the string.
    for (piece, is_sound) in PIECES {
        for before in 0..100 {
            for behind in [0, 1, 7, 8, 63, 200] {
                let filled = [&[b'x'; 100][..before], piece, &[b'\''; 200][..behind]].concat();
                let string = [b"\"", &*filled, b"\""].concat();
                for body in [
                    [b"{\"a\":", &*string, b"}"].concat(),
                    [b"{", &*string, b":[]}"].concat(),
                ] {
                    assert_eq!(accepts(&body), is_sound, "{:?}", body.escape_ascii());
                }
                assert!(!accepts(&[b"{\"a\":\"", &*filled].concat()));
            }
        }
    }
}

#[test]
fn two_escapes_next_to_each_other_are_two() {
    for before in 0..100 {
        for escapes in [
            "\\\\\\\\",
            "\\\\\\\"",
            "\\n\\u0041",
            "\\u0041\\n",
            "\\ud83d\\ude00\\\\",
        ] {
            let plain = "x".repeat(before);
            let sound = format!("{{\"{plain}{escapes}\":\"{plain}{escapes}\"}}");
            assert!(accepts(sound.as_bytes()), "{sound}");
            let open = format!("{{\"a\":\"{plain}{escapes}\\\"}}");
            assert!(!accepts(open.as_bytes()), "{open}");
        }
    }
}

#[test]
fn a_key_may_stand_once_in_its_object_and_again_in_another() {
    for count in [
        1,
        2,
        keys::FEW - 1,
        keys::FEW,
        keys::FEW + 1,
        keys::FEW + 2,
        100,
    ] {
        let keys: Vec<String> = (0..count)
            .map(|number| format!("\"k{number}\":1"))
            .collect();
        let object = format!("{{{}}}", keys.join(","));
        assert!(accepts(object.as_bytes()));
        let nested = keys
            .join(",")
            .replace(":1", &format!(":[{object},{object}]"));
        assert!(accepts(format!("{{{nested}}}").as_bytes()));
        for again in [0, count / 2, count - 1] {
            for twice in [
                format!("\"k{again}\":{object}"),
                format!("\"\\u006b{again}\":[]"),
            ] {
                for list in [
                    format!("{{{},{twice}}}", keys.join(",")),
                    format!("{{{twice},{}}}", keys.join(",")),
                    format!("{{\"a\":[{object},{{{},{twice}}}]}}", keys.join(",")),
                ] {
                    assert!(!accepts(list.as_bytes()), "{list}");
                }
            }
        }
    }
}

#[test]
fn one_level_less_than_128_is_read() {
    for depth in [1, 2, 125, 126, 127, 128, 129, 300] {
        // The object around is a level too.
        let lists = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let objects = format!(
            "{{\"a\":{}1{}}}",
            "{\"a\":".repeat(depth),
            "}".repeat(depth)
        );
        let siblings = lists.replace("[]", "[[],[],[1]]");
        assert_eq!(accepts(lists.as_bytes()), depth < 127);
        assert_eq!(accepts(objects.as_bytes()), depth < 127);
        assert_eq!(accepts(siblings.as_bytes()), depth < 126);
        assert!(!accepts("[".repeat(depth).as_bytes()));
    }
}

#[test]
fn a_refusal_that_serde_json_does_not_share_is_a_refusal() {
    let error = reason(b"{\n \"a\":1}", &Refused { at: 4 });
    assert_eq!((error.line(), error.column()), (2, 2));
    assert_eq!(error.to_string(), "unreadable at line 2 column 2");
}

proptest! {
    #[test]
    fn any_document_is_read_alike(random in any::<[u8; 512]>()) {
        accepts(&arbitrary::document(&random));
    }

    #[test]
    fn any_document_with_a_slip_in_it_is_read_alike(random in any::<[u8; 512]>()) {
        accepts(&arbitrary::slipped(&random));
    }

    #[test]
    fn any_bytes_are_read_alike(bytes in any::<Vec<u8>>()) {
        accepts(&bytes);
    }
}
