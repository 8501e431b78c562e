use std::time::Duration;

use ironward_config::Algorithm;
use serde_json::json;

use super::{GOOD_FOR, KeySet, MOST_KEYS};
use crate::testing::{NOW, Signer, at, key_set, with};

fn read(json: &str) -> Result<KeySet, String> {
    KeySet::read(json.as_bytes(), at(NOW))
}

#[test]
fn keys_are_found_by_id_and_type() {
    let one = Signer::new("one", Algorithm::Rs256);
    let two = Signer::new("two", Algorithm::Es256);
    let set = read(&key_set(&[one.jwk(), two.jwk()])).unwrap();
    assert_eq!(set.len(), 2);
    assert!(set.find(Some("one"), Algorithm::Rs256).is_some());
    assert!(set.find(Some("one"), Algorithm::Es256).is_none());
    assert!(set.find(Some("two"), Algorithm::Es256).is_some());
    assert!(set.find(Some("three"), Algorithm::Es256).is_none());
    assert!(set.find(Some(""), Algorithm::Es256).is_none());
}

#[test]
fn a_token_without_an_id_can_only_mean_the_single_key() {
    let one = with(Signer::new("one", Algorithm::Es256).jwk(), "kid", None);
    let set = read(&key_set(std::slice::from_ref(&one))).unwrap();
    assert!(set.find(None, Algorithm::Es256).is_some());
    assert!(set.find(None, Algorithm::Rs256).is_none());
    assert!(set.find(Some("one"), Algorithm::Es256).is_none());
    let two = Signer::new("two", Algorithm::Es256).jwk();
    let set = read(&key_set(&[one, two])).unwrap();
    assert!(set.find(None, Algorithm::Es256).is_none());
}

#[test]
fn what_is_not_used_is_left_out_with_a_reason() {
    let jwk = Signer::new("one", Algorithm::EdDsa).jwk();
    let secret = json!({"kty": "oct", "k": "AAAA", "kid": "secret"});
    let set = read(&key_set(&[secret.clone(), jwk, json!(5)])).unwrap();
    assert_eq!(set.len(), 1);
    let [secret_out, number_out] = set.left_out.as_slice() else {
        panic!("{:?}", set.left_out);
    };
    assert!(secret_out.contains("key 0: it is a shared secret"));
    assert!(number_out.contains("key 2"));
    assert!(
        read(&key_set(&[secret]))
            .unwrap_err()
            .contains("shared secret")
    );
}

#[test]
fn what_is_no_key_set_is_refused() {
    let jwk = Signer::new("one", Algorithm::EdDsa).jwk();
    let many = vec![jwk.clone(); MOST_KEYS + 1];
    let twice = key_set(&[jwk.clone(), jwk.clone()]);
    let sound = key_set(&[jwk]);
    let duplicate = sound.replacen("\"kid\"", "\"kid\":\"two\",\"kid\"", 1);
    for json in [
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        &key_set(&[]),
        &key_set(&many),
        &twice,
        &duplicate,
    ] {
        assert!(read(json).is_err(), "{json}");
    }
    assert!(read(&twice).unwrap_err().contains("'one'"));
    assert!(read(&sound).is_ok());
}

#[test]
fn old_keys_are_used_for_a_day() {
    let set = read(&key_set(&[Signer::new("one", Algorithm::EdDsa).jwk()])).unwrap();
    let second = Duration::from_secs(1);
    assert!(set.is_good(at(NOW) + GOOD_FOR - second));
    assert!(!set.is_good(at(NOW) + GOOD_FOR));
    assert!(set.is_good(at(NOW) - second));
}
