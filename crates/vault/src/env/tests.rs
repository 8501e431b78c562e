use std::sync::Arc;

use ironward_secret::{DataKey, Secret};
use ironward_testkit::SeededRandom;

use super::EnvKek;
use crate::{Context, Kek as _, KekFailure};

fn kek(value: &str) -> EnvKek {
    EnvKek::new(
        "IRONWARD_KEK",
        &Secret::new(value),
        Arc::new(SeededRandom::new(1)),
    )
    .unwrap()
}

const VALUE: &str = "sk-salt-of-a-litellm-user";
const CONTEXT: Context = Context { version: 1 };

#[tokio::test]
async fn one_value_unwraps_what_it_wrapped_and_another_does_not() {
    let key = DataKey::from_bytes(&[9; 32]).unwrap();
    let wrapped = kek(VALUE).wrap(&key, CONTEXT).await.unwrap();
    // White space at the end of a variable is nobody's intention.
    let same = kek(&format!("{VALUE}\n"));
    assert!(same.unwrap(&wrapped, CONTEXT).await.unwrap().is_same(&key));
    let other = kek("sk-another-salt-altogether");
    let error = other.unwrap(&wrapped, CONTEXT).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused);
    assert!(error.message.contains("IRONWARD_KEK"), "{error}");
    assert_ne!(same.describe().name(), other.describe().name());
}

#[test]
fn the_derivation_is_fixed() {
    // Computed with Python's hmac (HKDF, then HMAC under its fingerprint key).
    assert_eq!(kek(VALUE).describe().name(), "env:748b23ec314420ea");
}

#[test]
fn it_warns_and_says_nothing_of_the_value() {
    let kek = kek(VALUE);
    let shown = format!("{:?}", kek.describe());
    assert!(shown.contains("every process") && !shown.contains("salt-of"));
}

#[test]
fn a_word_is_no_key() {
    let short = Secret::new("sk-1234");
    let error = EnvKek::new("LITELLM_SALT_KEY", &short, Arc::new(SeededRandom::new(1)));
    let error = error.err().unwrap();
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("openssl rand") && !error.message.contains("sk-1234"));
}
