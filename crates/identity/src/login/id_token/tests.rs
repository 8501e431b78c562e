use ironward_config::Algorithm;
use serde_json::{Value, json};

use super::{IdToken, LoginFailed};
use crate::Identity;
use crate::key_set::KeySet;
use crate::testing::{AUDIENCE, ISSUER, NOW, Signer, at, claims, issuer, key_set, with};

const NONCE: &str = "n-0S6_WzA2Mj";

fn verify(signer: &Signer, token: &str) -> Result<Identity, LoginFailed> {
    let mut settings = issuer(ISSUER, &[Algorithm::Es256]);
    settings.audiences = vec![AUDIENCE.to_owned()];
    let keys = KeySet::read(key_set(&[signer.jwk()]).as_bytes(), at(NOW)).unwrap();
    IdToken {
        settings: &settings,
        client_id: AUDIENCE,
        nonce: NONCE,
    }
    .verify(token.as_bytes(), keys, at(NOW))
}

fn sound() -> Value {
    with(claims("alice"), "nonce", Some(json!(NONCE)))
}

#[test]
fn a_token_of_this_login_says_who_it_is() {
    let signer = Signer::new("k", Algorithm::Es256);
    let identity = verify(&signer, &signer.token(&sound())).unwrap();
    assert_eq!((&*identity.issuer, &*identity.subject), (ISSUER, "alice"));
    for more in [json!(AUDIENCE), json!([AUDIENCE]), json!([AUDIENCE, "api"])] {
        let token = with(sound(), "aud", Some(more));
        let token = with(token, "azp", Some(json!(AUDIENCE)));
        assert!(verify(&signer, &signer.token(&token)).is_ok());
    }
}

#[test]
fn a_token_that_is_not_of_this_login_says_nothing() {
    let signer = Signer::new("k", Algorithm::Es256);
    let refused = |token: &str, what: &str| {
        let failed = verify(&signer, token).unwrap_err();
        assert!(matches!(failed, LoginFailed::Refused(_)), "{failed}");
        assert!(failed.to_string().contains(what), "{failed}");
    };
    let changed = |name: &str, value: Option<Value>, what: &str| {
        refused(&signer.token(&with(sound(), name, value)), what);
    };
    changed("nonce", None, "nonce");
    changed("nonce", Some(json!("another")), "nonce");
    changed("nonce", Some(json!([NONCE])), "nonce");
    changed(
        "iss",
        Some(json!("https://other.example.com")),
        "another issuer",
    );
    changed(
        "aud",
        Some(json!("another-client")),
        "ironward.login.client_id",
    );
    changed("aud", Some(json!([AUDIENCE, "api"])), "azp");
    changed("azp", Some(json!("another-client")), "azp");
    changed("exp", Some(json!(NOW - 61)), "ends before it begins");
    changed("exp", None, "expiry");
    changed("sub", None, "subject");
    changed("sub", Some(json!("a\nb")), "subject");
    for algorithm in ["none", "HS256", "RS256"] {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "k"});
        refused(
            &signer.token_with(&header, &sound()),
            "ironward.login.algorithms",
        );
    }
    let other = Signer::new("k", Algorithm::Es256);
    refused(&other.token(&sound()), "not signed by it");
    let other = Signer::new("unknown", Algorithm::Es256);
    refused(&other.token(&sound()), "does not have");
}
