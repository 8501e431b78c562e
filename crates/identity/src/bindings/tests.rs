use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bindings, Unbound, check_binding};
use crate::testing::{ISSUER, NOW, OTHER, at};
use crate::{Claims, Identity, SpiffeId};

fn identity(claims: &Value) -> Identity {
    Identity {
        issuer: Arc::from(claims["iss"].as_str().unwrap()),
        subject: claims["sub"].as_str().unwrap().into(),
        claims: Claims::read(claims.to_string().as_bytes()).unwrap(),
        expires: at(NOW),
    }
}

fn bindings(entries: &[(u32, &[(&str, &str)])]) -> Bindings<u32> {
    let mut bindings = Bindings::default();
    for (owner, claims) in entries {
        bindings.add(*owner, claims.iter().copied()).unwrap();
    }
    bindings
}

#[test]
fn all_claims_of_an_entry_have_to_hold() {
    let bindings = bindings(&[
        (1, &[("iss", ISSUER), ("sub", "a")]),
        (2, &[("iss", ISSUER), ("sub", "b"), ("act.env", "prod")]),
        (
            3,
            &[("iss", ISSUER), ("repository", "org/app"), ("ref", "main")],
        ),
        (3, &[("repository", "org/lib"), ("iss", ISSUER)]),
    ]);
    let find = |claims: Value| bindings.of_token(&identity(&claims)).copied();
    let nobody = Err(Unbound::Nobody);
    assert_eq!(find(json!({"iss": ISSUER, "sub": "a"})), Ok(1));
    assert_eq!(find(json!({"iss": ISSUER, "sub": "A"})), nobody);
    assert_eq!(find(json!({"iss": OTHER, "sub": "a"})), nobody);
    let b = |act: Value| json!({"iss": ISSUER, "sub": "b", "act": act});
    assert_eq!(find(b(json!({"env": "prod"}))), Ok(2));
    assert_eq!(find(b(json!({"env": ["prod"]}))), nobody);
    assert_eq!(find(b(json!({"env": "prod "}))), nobody);
    assert_eq!(find(b(json!(null))), nobody);
    let x = |repository: &str, branch: &str| json!({"iss": ISSUER, "sub": "x", "repository": repository, "ref": branch});
    assert_eq!(find(x("org/app", "main")), Ok(3));
    assert_eq!(find(x("org/app", "dev")), nobody);
    assert_eq!(find(x("org/lib", "dev")), Ok(3));
}

#[test]
fn an_ambiguous_match_is_nobodys() {
    let both = bindings(&[
        (1, &[("iss", ISSUER), ("sub", "a")]),
        (2, &[("iss", ISSUER), ("team", "x")]),
    ]);
    let find = |claims: Value| both.of_token(&identity(&claims)).copied();
    assert_eq!(find(json!({"iss": ISSUER, "sub": "a"})), Ok(1));
    assert_eq!(find(json!({"iss": ISSUER, "sub": "b", "team": "x"})), Ok(2));
    let ambiguous = json!({"iss": ISSUER, "sub": "a", "team": "x"});
    assert_eq!(find(ambiguous.clone()), Err(Unbound::Several));
    let same = bindings(&[
        (1, &[("iss", ISSUER), ("sub", "a")]),
        (1, &[("iss", ISSUER), ("team", "x")]),
    ]);
    assert_eq!(same.of_token(&identity(&ambiguous)), Ok(&1));
}

#[test]
fn a_certificate_is_matched_by_its_id_and_a_token_never_is() {
    let id = "spiffe://example.com/agent";
    let bindings = bindings(&[(1, &[("spiffe", id)])]);
    let parsed = SpiffeId::parse(id).unwrap();
    assert_eq!(bindings.of_certificate(&parsed), Ok(&1));
    let other = SpiffeId::parse("spiffe://example.com/agents").unwrap();
    assert_eq!(bindings.of_certificate(&other), Err(Unbound::Nobody));
    for token in [
        json!({"iss": ISSUER, "sub": id, "spiffe": id}),
        json!({"iss": "", "sub": "", "spiffe": id}),
    ] {
        assert_eq!(bindings.of_token(&identity(&token)), Err(Unbound::Nobody));
    }
    let twice = self::bindings(&[(1, &[("spiffe", id)]), (2, &[("spiffe", id)])]);
    assert_eq!(twice.of_certificate(&parsed), Err(Unbound::Several));
}

#[test]
fn entries_that_anybody_would_fit_are_refused() {
    let many: Vec<(String, &str)> = (0..40).map(|n| (format!("c{n}"), "x")).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    for claims in [
        &[][..],
        &[("sub", "a")],
        &[("iss", ISSUER)],
        &[("iss", ISSUER), ("aud", "gateway")],
        &[("iss", ISSUER), ("sub", "")],
        &[("iss", ""), ("sub", "a")],
        &[("iss", ISSUER), ("", "a")],
        &[("iss", ISSUER), ("sub", "a"), ("sub", "a")],
        &[("spiffe", "spiffe://example.com")],
        &[("spiffe", "spiffe://example.com/a"), ("iss", ISSUER)],
        &[
            ("spiffe", "spiffe://example.com/a"),
            ("sub", "a"),
            ("iss", ISSUER),
        ],
        &many,
    ] {
        assert!(check_binding(claims.iter().copied()).is_err(), "{claims:?}");
        assert!(
            Bindings::default().add(1, claims.iter().copied()).is_err(),
            "{claims:?}"
        );
    }
}
