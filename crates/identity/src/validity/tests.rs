use serde_json::{Value, json};

use super::{Validity, is_for};
use crate::testing::{NOW, at};
use crate::{Claims, Refusal};

fn read(claims: &Value) -> Claims {
    Claims::read(claims.to_string().as_bytes()).unwrap()
}

fn holds(claims: &Value, now: u64) -> Result<(), Refusal> {
    Validity::of(&read(claims), "i")?.check(at(now), "i")
}

#[test]
fn the_leeway_is_a_minute_and_no_more() {
    let expiring = json!({"exp": NOW});
    assert_eq!(holds(&expiring, NOW + 59), Ok(()));
    assert_eq!(
        holds(&expiring, NOW + 60),
        Err(Refusal::Expired("i".into()))
    );
    for name in ["nbf", "iat"] {
        let future = json!({"exp": NOW + 600, name: NOW});
        assert_eq!(holds(&future, NOW - 60), Ok(()), "{name}");
        assert_eq!(
            holds(&future, NOW - 61),
            Err(Refusal::NotYet("i".into())),
            "{name}"
        );
    }
}

#[test]
fn times_are_whole_numbers_and_an_expiry_is_there() {
    let later = NOW + 600;
    for claims in [
        json!({}),
        json!({"exp": null}),
        json!({"exp": later.to_string()}),
        json!({"exp": 1_767_226_200.5}),
        json!({"exp": 1_767_226_200.0}),
        json!({"exp": -1}),
        json!({"exp": true}),
        json!({"exp": [later]}),
        json!({"exp": later, "nbf": "0"}),
        json!({"exp": later, "nbf": 0.5}),
        json!({"exp": later, "iat": null}),
        json!({"exp": later, "iat": -5}),
        json!({"exp": later, "iat": later + 1}),
        json!({"exp": later, "nbf": later + 1}),
    ] {
        assert!(
            matches!(holds(&claims, NOW), Err(Refusal::Claim(..))),
            "{claims}"
        );
    }
    let exponent = Claims::read(b"{\"exp\":1.8e9}").unwrap();
    assert!(Validity::of(&exponent, "i").is_err());
}

#[test]
fn the_latest_expiry_is_still_a_time() {
    let claims = read(&json!({"exp": u64::MAX}));
    let validity = Validity::of(&claims, "i").unwrap();
    assert_eq!(validity.check(at(NOW), "i"), Ok(()));
    assert!(validity.end() > at(NOW));
}

#[test]
fn the_audience_is_one_of_ours_to_the_letter() {
    let ours = ["gateway".to_owned(), "https://gw.example.com".to_owned()];
    let is_ours = |aud: Value| is_for(&read(&json!({ "aud": aud })), &ours);
    assert!(is_ours(json!("gateway")));
    assert!(is_ours(json!(["other", "https://gw.example.com"])));
    for aud in [
        json!("Gateway"),
        json!("gateway "),
        json!("gateway,other"),
        json!("https://gw.example.com/"),
        json!(["other"]),
        json!([]),
        json!(["gateway", 1]),
        json!({"gateway": true}),
        json!(null),
        json!(""),
    ] {
        assert!(!is_ours(aud.clone()), "{aud}");
    }
    assert!(!is_for(&read(&json!({})), &ours));
}
