use crate::{Assembler, Delta, Json, PartBody};

#[test]
fn a_text_is_told_word_by_word() {
    let words: Vec<String> = super::words("one two\nthree ").collect();
    assert_eq!(words, ["one ", "two\n", "three "]);
}

#[test]
fn spoken_pieces_are_joined_as_bytes() {
    let mut assembler = Assembler::default();
    for piece in [
        r#"{"id":"a","transcript":"Hel"}"#,
        r#"{"data":"AQ=="}"#,
        r#"{"data":"AgM=","transcript":"lo"}"#,
        r#"{"expires_at":7}"#,
    ] {
        assembler.push(Delta::Audio {
            choice: 0,
            json: Json::from_text(piece.to_owned()).unwrap(),
        });
    }
    let reply = assembler.finish();
    assert_eq!(
        reply.choices[0].audio.as_ref().unwrap().text(),
        r#"{"id":"a","data":"AQID","expires_at":7,"transcript":"Hello"}"#
    );
}

#[test]
fn a_signature_closes_a_thought() {
    let mut assembler = Assembler::default();
    let think = |text: &str| Delta::Thinking {
        choice: 3,
        text: text.to_owned(),
    };
    let sign = |signature: &str| Delta::ThinkingSignature {
        choice: 3,
        signature: signature.to_owned(),
    };
    for delta in [
        think("a"),
        think("b"),
        sign("1"),
        think("c"),
        sign("2"),
        sign("3"),
    ] {
        assembler.push(delta);
    }
    let reply = assembler.finish();
    let thoughts: Vec<(&str, Option<&str>)> = reply.choices[0]
        .parts
        .iter()
        .map(|part| match &part.body {
            PartBody::Thinking { text, signature } => (text.as_str(), signature.as_deref()),
            _ => panic!("another part"),
        })
        .collect();
    assert_eq!(
        thoughts,
        [("ab", Some("1")), ("c", Some("2")), ("", Some("3"))]
    );
}
