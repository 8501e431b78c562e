use proptest::prelude::*;
use static_assertions::assert_not_impl_any;

use super::{KeyForm, KeyId, KeyToken};

assert_not_impl_any!(KeyToken: Clone, Copy, std::fmt::Debug, std::fmt::Display, PartialEq, serde::Serialize);

/// What SECURITY.md tells scanners to look for.
const PATTERN: &str = "sk-iw-[0-9a-hjkmnp-tv-z]{16}[0-9A-Za-z]{49}";

fn issue(id: u8, secret: u8) -> String {
    let token = KeyToken::issue(KeyId::from_random(&[id; 10]), &[secret; 32]);
    token.reveal_once().to_string()
}

#[test]
fn the_form_is_fixed() {
    // Digits and checksum computed with Python's integers and zlib.crc32.
    assert_eq!(
        issue(0, 0),
        "sk-iw-000000000000000000000000000000000000000000000000000000000000kL1mp"
    );
    assert_eq!(
        issue(0xff, 0xff),
        "sk-iw-zzzzzzzzzzzzzzzzyhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11RgKqO"
    );
    let mut random = [0; 32];
    random[31] = 61;
    let id = KeyId::from_random(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 31]);
    assert_eq!(id.as_str(), "000000010000000z");
    let text = KeyToken::issue(id, &random).reveal_once();
    assert_eq!(
        text.get(22..65),
        Some("000000000000000000000000000000000000000000z")
    );
}

#[test]
fn the_pattern_for_scanners_is_documented() {
    let page = include_str!("../../../../SECURITY.md");
    assert!(page.contains(PATTERN));
}

#[test]
fn an_id_is_read_back_and_nothing_else_is_one() {
    let id = KeyId::from_random(b"0123456789");
    assert_eq!(KeyId::parse(id.as_str()), Some(id));
    for wrong in [
        "",
        "000000000000000",
        "000000000000000i",
        "000000000000000Z",
        "00000000000000000",
    ] {
        assert_eq!(KeyId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_forms_are_told_apart() {
    let issued = issue(7, 9);
    let early = format!("sk-iw-{}", "0f".repeat(32));
    assert_eq!(
        KeyForm::of(issued.as_bytes()),
        KeyForm::Issued(KeyId::from_random(&[7; 10]))
    );
    for foreign in ["", "sk-1234", "Bearer x", "SK-IW-00", early.as_str()] {
        assert_eq!(
            KeyForm::of(foreign.as_bytes()),
            KeyForm::Foreign,
            "{foreign}"
        );
    }
    let (cut, long) = (issued.get(..70).unwrap(), format!("{issued}0"));
    for malformed in [
        "sk-iw-",
        "sk-iw-x",
        cut,
        &long,
        &early.replace('f', "g"),
        early.get(..69).unwrap(),
    ] {
        assert_eq!(
            KeyForm::of(malformed.as_bytes()),
            KeyForm::Malformed,
            "{malformed}"
        );
    }
}

proptest! {
    #[test]
    fn every_key_is_recognised(id: [u8; 10], secret: [u8; 32]) {
        let id = KeyId::from_random(&id);
        let text = KeyToken::issue(id, &secret).reveal_once();
        prop_assert_eq!(text.len(), KeyToken::LENGTH);
        prop_assert_eq!(KeyToken::parse(text.as_bytes()), Some(id));
    }

    #[test]
    fn one_wrong_character_is_noticed(secret: [u8; 32], at in 6_usize..71, to in proptest::char::range(' ', '~')) {
        let text = KeyToken::issue(KeyId::from_random(&[3; 10]), &secret).reveal_once();
        let mut bytes = text.as_bytes().to_vec();
        prop_assume!(bytes[at] != to as u8);
        bytes[at] = to as u8;
        prop_assert_eq!(KeyForm::of(&bytes), KeyForm::Malformed);
    }

    #[test]
    fn any_bytes_can_be_presented(bytes: Vec<u8>) {
        let form = KeyForm::of(&bytes);
        prop_assert!(!matches!(form, KeyForm::Issued(_)));
    }
}
