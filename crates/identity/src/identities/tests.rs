mod attacks;
mod mutations;

use std::sync::Arc;
use std::time::SystemTime;

use ironward_config::Algorithm;
use serde_json::{Value, json};

use super::{Identities, Identity};
use crate::Refusal;
use crate::testing::{ISSUER, NOW, OTHER, Signer, at, claims, give, issuer, with};

/// Two issuers with their keys.
struct World {
    identities: Arc<Identities>,
    rsa: Signer,
    pss: Signer,
    p256: Signer,
    ed25519: Signer,
    /// The key of the other issuer.
    other: Signer,
}

impl World {
    fn new() -> Self {
        let world = Self {
            identities: Identities::new(
                &[
                    issuer(ISSUER, &Algorithm::ALL),
                    issuer(OTHER, &[Algorithm::Es256]),
                ],
                None,
            ),
            rsa: Signer::new("rsa", Algorithm::Rs256),
            pss: Signer::new("pss", Algorithm::Ps256),
            p256: Signer::new("p256", Algorithm::Es256),
            ed25519: Signer::new("ed25519", Algorithm::EdDsa),
            other: Signer::new("other", Algorithm::Es256),
        };
        let keys: Vec<Value> = world.signers().map(Signer::jwk).collect();
        give(&world.identities, ISSUER, &keys, at(NOW));
        give(&world.identities, OTHER, &[world.other.jwk()], at(NOW));
        world
    }

    fn signers(&self) -> impl Iterator<Item = &Signer> {
        [&self.rsa, &self.pss, &self.p256, &self.ed25519].into_iter()
    }

    fn identify(&self, token: &str) -> Result<Arc<Identity>, Refusal> {
        self.at(token, at(NOW))
    }

    fn at(&self, token: &str, now: SystemTime) -> Result<Arc<Identity>, Refusal> {
        self.identities.identify(token.as_bytes(), now)
    }
}

#[test]
fn a_token_of_each_algorithm_says_who_it_is() {
    let world = World::new();
    for signer in world.signers() {
        let token = signer.token(&with(claims("agent"), "act", Some(json!({"sub": "deep"}))));
        assert!(Identities::is_token(token.as_bytes()));
        for _ in 0..2 {
            let identity = world.identify(&token).unwrap();
            assert_eq!(&*identity.issuer, ISSUER);
            assert_eq!(&*identity.subject, "agent");
            assert_eq!(identity.expires, at(NOW + 600));
            assert_eq!(identity.claims.text("act.sub").as_deref(), Some("deep"));
        }
    }
    assert_eq!(world.identities.remembered(), 4);
    let token = world
        .other
        .token(&with(claims("a"), "iss", Some(json!(OTHER))));
    assert_eq!(&*world.identify(&token).unwrap().issuer, OTHER);
}

#[test]
fn a_key_is_not_taken_for_a_token() {
    for bearer in [
        "sk-iw-abc",
        "eyJhbGciOiJSUzI1NiJ9",
        "eyJ.",
        "a.b.c",
        "",
        "eyJ.a.b.c",
    ] {
        assert!(!Identities::is_token(bearer.as_bytes()), "{bearer}");
    }
}

#[test]
fn a_remembered_token_ends_with_its_expiry_and_its_leeway() {
    let world = World::new();
    let token = world.p256.token(&claims("agent"));
    assert!(world.identify(&token).is_ok());
    assert!(world.at(&token, at(NOW + 659)).is_ok());
    // Within the leeway it is verified each time.
    assert_eq!(world.identities.remembered(), 0);
    let late = world.at(&token, at(NOW + 660));
    assert_eq!(late, Err(Refusal::Expired(ISSUER.into())));
}

#[test]
fn a_key_that_the_issuer_took_back_verifies_nothing_more() {
    let world = World::new();
    let token = world.rsa.token(&claims("agent"));
    assert!(world.identify(&token).is_ok());
    give(&world.identities, ISSUER, &[world.p256.jwk()], at(NOW));
    assert_eq!(
        world.identify(&token),
        Err(Refusal::UnknownKey(ISSUER.into()))
    );
}

#[test]
fn keys_that_are_missing_or_a_day_old_verify_nothing() {
    let world = World::new();
    let day = NOW + 24 * 3600;
    let token = world
        .p256
        .token(&with(claims("agent"), "exp", Some(json!(day * 2))));
    assert!(world.at(&token, at(day - 1)).is_ok());
    assert_eq!(
        world.at(&token, at(day)),
        Err(Refusal::NoKeys(ISSUER.into()))
    );
    let empty = Identities::new(&[issuer(ISSUER, &Algorithm::ALL)], None);
    let refusal = empty.identify(token.as_bytes(), at(NOW)).unwrap_err();
    assert_eq!(refusal, Refusal::NoKeys(ISSUER.into()));
    let none = Identities::new(&[], None);
    assert!(none.is_empty());
    let refusal = none.identify(token.as_bytes(), at(NOW)).unwrap_err();
    assert_eq!(refusal, Refusal::UnknownIssuer);
}

#[test]
fn a_reload_keeps_the_keys_of_issuers_that_stay_as_they_are() {
    let world = World::new();
    let moved = ironward_config::Issuer {
        place: ironward_config::Place {
            line: 9,
            ..issuer(ISSUER, &[]).place
        },
        ..issuer(ISSUER, &Algorithm::ALL)
    };
    let stricter = ironward_config::Issuer {
        audiences: vec!["elsewhere".to_owned()],
        ..issuer(OTHER, &[Algorithm::Es256])
    };
    let next = Identities::new(&[moved, stricter], Some(&world.identities));
    let token = world.rsa.token(&claims("agent"));
    assert!(next.identify(token.as_bytes(), at(NOW)).is_ok());
    let token = world
        .other
        .token(&with(claims("a"), "iss", Some(json!(OTHER))));
    assert!(world.identify(&token).is_ok());
    let refusal = next.identify(token.as_bytes(), at(NOW)).unwrap_err();
    assert_eq!(refusal, Refusal::NoKeys(OTHER.into()));
}

#[test]
fn bad_tokens_take_no_room_and_push_nobody_out() {
    let world = World::new();
    let good = world.p256.token(&claims("agent"));
    assert!(world.identify(&good).is_ok());
    let (signed, _) = good.rsplit_once('.').unwrap();
    for number in 0..20_000_u32 {
        let forged = format!("{signed}.{}", crate::testing::encode(&number.to_be_bytes()));
        assert!(world.identify(&forged).is_err());
    }
    assert_eq!(world.identities.remembered(), 1);
    // Found, not verified again: the key that signed it is gone, but the set it is of is not.
    assert!(world.identify(&good).is_ok());
}

#[test]
fn refusals_are_one_line_and_hold_nothing_of_the_token() {
    let world = World::new();
    let canary = "canary-3f0c9a5e";
    let tokens = [
        canary.to_owned(),
        format!("eyJ{canary}.{canary}.{canary}"),
        world
            .rsa
            .token(&with(claims(canary), "iss", Some(json!(canary)))),
        world
            .rsa
            .token(&with(claims(canary), "aud", Some(json!(canary)))),
        world
            .rsa
            .token(&with(claims(canary), "exp", Some(json!(canary)))),
        world
            .rsa
            .token_with(&json!({"alg": canary}), &claims(canary)),
        world
            .rsa
            .token_with(&json!({"alg": "RS256", "kid": canary}), &claims(canary)),
        world
            .rsa
            .token_with(&json!({"alg": "RS256", "typ": canary}), &claims(canary)),
        world
            .other
            .token_with(&json!({"alg": "ES256", "kid": "p256"}), &claims(canary)),
        world
            .rsa
            .token(&with(claims(canary), "sub", Some(json!(5)))),
        world
            .rsa
            .token(&with(claims(canary), "exp", Some(json!(1)))),
        world
            .rsa
            .token(&with(claims(canary), "nbf", Some(json!(NOW + 500)))),
        canary.repeat(2000),
    ];
    let mut seen = std::collections::HashSet::new();
    for token in &tokens {
        let refusal = world.identify(token).unwrap_err();
        let text = refusal.to_string();
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains('\n') && text.len() > 20, "{text}");
        seen.insert(std::mem::discriminant(&refusal));
    }
    assert!(seen.len() >= 10, "{}", seen.len());
}
