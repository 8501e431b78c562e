//! What has opened gateways before, tried before and after the victim's own token was remembered.

use aws_lc_rs::hmac;
use ironward_config::Algorithm;
use serde_json::{Value, json};

use super::World;
use crate::Refusal;
use crate::testing::{ISSUER, NOW, OTHER, Signer, claims, encode, with};

/// A name, the token, and whether it was refused for the right reason.
type Attack = (&'static str, String, fn(&Refusal) -> bool);

#[test]
fn every_forgery_is_refused_before_and_after_the_victim_came() {
    let world = World::new();
    let victims: Vec<String> = world
        .signers()
        .map(|signer| signer.token(&claims("victim")))
        .collect();
    let attacks: Vec<Attack> = [
        spliced(&victims),
        unsigned(&victims),
        symmetric(&world),
        other_issuer(&world),
        confused(&world),
        brought(&world),
        claimed(&world),
        timed(&world),
        written(&world),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(attacks.len() > 50, "{}", attacks.len());
    let try_all = |when: &str| {
        for (name, token, is_right) in &attacks {
            let refusal = world.identify(token).expect_err(name);
            assert!(is_right(&refusal), "{name}, {when}: {refusal:?}");
        }
    };
    try_all("before");
    for victim in &victims {
        assert_eq!(&*world.identify(victim).unwrap().subject, "victim");
    }
    try_all("after");
    for victim in &victims {
        assert!(world.identify(victim).is_ok());
    }
    try_all("after the second time");
    assert_eq!(world.identities.remembered(), victims.len());
}

fn is_signature(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Signature(issuer) if &**issuer == ISSUER)
}

fn is_algorithm(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Algorithm(_))
}

fn is_malformed(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Malformed(_))
}

fn is_claim(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Claim(..))
}

fn is_unknown_key(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::UnknownKey(_))
}

/// The victim's header and signature around other claims, and the other way round.
fn spliced(victims: &[String]) -> Vec<Attack> {
    let claims = encode(claims("admin").to_string().as_bytes());
    let mut attacks: Vec<Attack> = Vec::new();
    for victim in victims {
        let parts: Vec<&str> = victim.split('.').collect();
        let [header, original, signature] = parts[..] else {
            panic!("{victim}");
        };
        let all_same = format!("{header}.{claims}.{signature}");
        attacks.push(("victim's header and signature", all_same, is_signature));
        attacks.push((
            "victim's header",
            format!("{header}.{claims}.AAAA"),
            is_signature,
        ));
        attacks.push((
            "no signature",
            format!("{header}.{original}."),
            is_signature,
        ));
        let longer = format!("{header}.{original}.{signature}AAAA");
        attacks.push(("longer signature", longer, is_signature));
        let zeros = encode(&[0; 64]);
        attacks.push((
            "zeros",
            format!("{header}.{original}.{zeros}"),
            is_signature,
        ));
    }
    attacks
}

/// `none` in every spelling.
fn unsigned(victims: &[String]) -> Vec<Attack> {
    let claims = encode(claims("victim").to_string().as_bytes());
    let signature = victims[0].rsplit('.').next().unwrap();
    let mut attacks: Vec<Attack> = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", "", "null"] {
        let header = encode(json!({"alg": alg, "kid": "rsa"}).to_string().as_bytes());
        attacks.push(("none", format!("{header}.{claims}."), is_algorithm));
        attacks.push((
            "none, signed",
            format!("{header}.{claims}.{signature}"),
            is_algorithm,
        ));
    }
    attacks
}

/// A public key taken for a shared secret.
fn symmetric(world: &World) -> Vec<Attack> {
    let mut attacks: Vec<Attack> = Vec::new();
    for signer in world.signers() {
        let jwk = signer.jwk();
        let mut secrets = vec![signer.public(), jwk.to_string().into_bytes()];
        let parts = ["n", "x"].iter().filter_map(|part| jwk[part].as_str());
        secrets.extend(parts.map(|part| part.as_bytes().to_vec()));
        for secret in secrets {
            for alg in ["HS256", "HS384", "hs256"] {
                let header = json!({"alg": alg, "typ": "JWT", "kid": signer.kid});
                let signed = format!(
                    "{}.{}",
                    encode(header.to_string().as_bytes()),
                    encode(claims("victim").to_string().as_bytes())
                );
                let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
                let tag = hmac::sign(&key, signed.as_bytes());
                let token = format!("{signed}.{}", encode(tag.as_ref()));
                attacks.push(("public key as shared secret", token, is_algorithm));
            }
        }
    }
    attacks
}

fn header(alg: &str, kid: &str) -> Value {
    json!({"alg": alg, "kid": kid})
}

/// Each issuer's keys for the other's name.
fn other_issuer(world: &World) -> Vec<Attack> {
    let victim = claims("victim");
    let of_other = with(victim.clone(), "iss", Some(json!(OTHER)));
    vec![
        (
            "the other issuer's key, under its own id",
            world.other.token(&victim),
            is_unknown_key,
        ),
        (
            "the other issuer's key, under an id of this one",
            world.other.token_with(&header("ES256", "p256"), &victim),
            is_signature,
        ),
        (
            "this issuer's key for the other's name",
            world.p256.token(&of_other),
            is_unknown_key,
        ),
        (
            "this issuer's key for the other's name and id",
            world.p256.token_with(&header("ES256", "other"), &of_other),
            |refusal| matches!(refusal, Refusal::Signature(issuer) if &**issuer == OTHER),
        ),
        (
            "an algorithm that the other issuer is not configured for",
            world.rsa.token_with(&header("RS256", "other"), &of_other),
            is_algorithm,
        ),
    ]
}

/// Keys and algorithms that do not belong together.
fn confused(world: &World) -> Vec<Attack> {
    let victim = claims("victim");
    vec![
        (
            "the other padding",
            world.rsa.token_with(&header("PS256", "rsa"), &victim),
            is_signature,
        ),
        (
            "an RSA key as a point",
            world.rsa.token_with(&header("ES256", "rsa"), &victim),
            is_unknown_key,
        ),
        (
            "a point as an Ed25519 key",
            world.p256.token_with(&header("EdDSA", "p256"), &victim),
            is_unknown_key,
        ),
        (
            "no id where several fit",
            world.rsa.token_with(&json!({"alg": "RS256"}), &victim),
            is_unknown_key,
        ),
        (
            "an unknown id",
            world
                .p256
                .token_with(&header("ES256", "../../dev/null"), &victim),
            is_unknown_key,
        ),
    ]
}

/// Keys and rules that the token brings itself.
fn brought(world: &World) -> Vec<Attack> {
    let victim = claims("victim");
    let own = Signer::new("own", Algorithm::Es256);
    let of_own = |name: &str, value: Value| {
        own.token_with(&with(header("ES256", "own"), name, Some(value)), &victim)
    };
    let url = json!("https://evil.example.com/jwks");
    let crit = json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"]});
    vec![
        (
            "a key in the header",
            of_own("jwk", own.jwk()),
            is_unknown_key,
        ),
        (
            "a key set in the header",
            of_own("jku", url.clone()),
            is_unknown_key,
        ),
        (
            "a certificate in the header",
            of_own("x5c", json!(["AAAA"])),
            is_unknown_key,
        ),
        (
            "a certificate's URL in the header",
            of_own("x5u", url),
            is_unknown_key,
        ),
        (
            "extensions that must be understood",
            world.rsa.token_with(&crit, &victim),
            |refusal| matches!(refusal, Refusal::Header(_)),
        ),
    ]
}

/// Signed by the issuer, but not for us, or not for this.
fn claimed(world: &World) -> Vec<Attack> {
    let of =
        |name: &str, value: Option<Value>| world.rsa.token(&with(claims("victim"), name, value));
    let is_audience: fn(&Refusal) -> bool = |refusal| matches!(refusal, Refusal::Audience(_));
    let is_issuer: fn(&Refusal) -> bool = |refusal| *refusal == Refusal::UnknownIssuer;
    vec![
        (
            "wrong audience",
            of("aud", Some(json!("other"))),
            is_audience,
        ),
        ("no audience", of("aud", None), is_audience),
        ("empty audiences", of("aud", Some(json!([]))), is_audience),
        (
            "audience with a slash",
            of("aud", Some(json!("gateway/"))),
            is_audience,
        ),
        (
            "audience object",
            of("aud", Some(json!({"gateway": 1}))),
            is_audience,
        ),
        (
            "unknown issuer",
            of("iss", Some(json!("https://evil.example.com"))),
            is_issuer,
        ),
        (
            "issuer with a slash",
            of("iss", Some(json!(format!("{ISSUER}/")))),
            is_issuer,
        ),
        (
            "issuer in capitals",
            of("iss", Some(json!(ISSUER.to_uppercase()))),
            is_issuer,
        ),
        ("issuers", of("iss", Some(json!([ISSUER]))), is_issuer),
        ("no issuer", of("iss", None), is_issuer),
        ("no subject", of("sub", None), is_claim),
        ("empty subject", of("sub", Some(json!(""))), is_claim),
        ("subject number", of("sub", Some(json!(7))), is_claim),
        (
            "subject of two lines",
            of("sub", Some(json!("a\nb"))),
            is_claim,
        ),
        (
            "bound to a key",
            of("cnf", Some(json!({"jkt": "x"}))),
            is_claim,
        ),
    ]
}

fn timed(world: &World) -> Vec<Attack> {
    let of =
        |name: &str, value: Option<Value>| world.p256.token(&with(claims("victim"), name, value));
    let is_not_yet: fn(&Refusal) -> bool = |refusal| matches!(refusal, Refusal::NotYet(_));
    let expired = with(claims("victim"), "iat", Some(json!(NOW - 1000)));
    vec![
        (
            "expired",
            world
                .p256
                .token(&with(expired, "exp", Some(json!(NOW - 60)))),
            |refusal| matches!(refusal, Refusal::Expired(_)),
        ),
        ("no expiry", of("exp", None), is_claim),
        (
            "expiry as text",
            of("exp", Some(json!((NOW + 600).to_string()))),
            is_claim,
        ),
        (
            "expiry as fraction",
            of("exp", Some(json!(1_767_226_200.5))),
            is_claim,
        ),
        ("negative expiry", of("exp", Some(json!(-1))), is_claim),
        ("not yet", of("nbf", Some(json!(NOW + 61))), is_not_yet),
        (
            "of the future",
            of("iat", Some(json!(NOW + 61))),
            is_not_yet,
        ),
        (
            "ends before it begins",
            of("iat", Some(json!(NOW + 601))),
            is_claim,
        ),
    ]
}

/// Signed by the issuer, but read differently by different readers.
fn written(world: &World) -> Vec<Attack> {
    let header = json!({"alg": "EdDSA", "kid": "ed25519"}).to_string();
    let sound = claims("victim").to_string();
    let signer = &world.ed25519;
    let twice = sound.replacen("\"sub\"", "\"sub\":\"admin\",\"sub\"", 1);
    let escaped = sound.replacen("\"sub\"", "\"s\\u0075b\":\"admin\",\"sub\"", 1);
    let twice_in_header = header.replacen("\"alg\"", "\"alg\":\"none\",\"alg\"", 1);
    let token = signer.token(&claims("victim"));
    vec![
        ("a claim twice", signer.raw(&header, &twice), is_malformed),
        (
            "a claim twice, escaped",
            signer.raw(&header, &escaped),
            is_malformed,
        ),
        (
            "a header field twice",
            signer.raw(&twice_in_header, &sound),
            is_malformed,
        ),
        (
            "claims and more",
            signer.raw(&header, &format!("{sound} {{}}")),
            is_malformed,
        ),
        (
            "claims in a list",
            signer.raw(&header, &format!("[{sound}]")),
            is_malformed,
        ),
        ("padding", format!("{token}=="), is_malformed),
        ("white space", format!("{token} "), is_malformed),
        ("a fourth part", format!("{token}.{token}"), is_malformed),
        (
            "huge",
            signer.raw(&header, &format!("{sound}{}", " ".repeat(20_000))),
            |refusal| *refusal == Refusal::TooLarge,
        ),
    ]
}
