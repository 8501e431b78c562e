use ironward_config::Algorithm;
use serde_json::{Value, json};

use super::{Jwk, VerifyingKey};
use crate::testing::{Signer, encode, with};

fn read(jwk: Value) -> Result<VerifyingKey, &'static str> {
    let jwk: Jwk = serde_json::from_value(jwk).map_err(|_| "not of the form")?;
    VerifyingKey::of(&jwk)
}

#[test]
fn each_key_verifies_its_own_algorithm_and_no_other() {
    for algorithm in Algorithm::ALL {
        let signer = Signer::new("k", algorithm);
        let key = read(signer.jwk()).unwrap();
        let signature = signer.sign(b"message");
        for other in Algorithm::ALL {
            let verifies = key.verifies(other, b"message", &signature);
            assert_eq!(verifies, other == algorithm, "{algorithm} as {other}");
        }
        assert!(!key.verifies(algorithm, b"massage", &signature));
        assert!(!key.verifies(algorithm, b"message", &[]));
        assert!(!key.verifies(algorithm, b"message", &vec![0; signature.len()]));
    }
}

#[test]
fn a_key_that_names_its_algorithm_keeps_to_it() {
    let signer = Signer::new("k", Algorithm::Ps256);
    let key = read(with(signer.jwk(), "alg", Some(json!("RS256")))).unwrap();
    assert!(key.fits(Algorithm::Rs256));
    assert!(!key.fits(Algorithm::Ps256));
    assert!(!key.verifies(Algorithm::Ps256, b"m", &signer.sign(b"m")));
    for alg in ["ES256", "RS512", "HS256", "none", "RSA-OAEP"] {
        assert!(
            read(with(signer.jwk(), "alg", Some(json!(alg)))).is_err(),
            "{alg}"
        );
    }
}

#[test]
fn keys_for_other_purposes_are_left_out() {
    let jwk = Signer::new("k", Algorithm::Es256).jwk();
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("key_ops", json!([])),
        ("kty", json!("oct")),
        ("kty", json!("OKP")),
        ("kty", json!("RSA")),
        ("crv", json!("P-384")),
        ("crv", json!("Ed25519")),
        ("x", json!("AA")),
        ("y", json!(encode(&[7; 32]))),
        ("kid", json!(5)),
    ] {
        let key = read(with(jwk.clone(), name, Some(value.clone())));
        assert!(key.is_err(), "{name} {value}");
    }
    for missing in ["kty", "crv", "x", "y"] {
        assert!(read(with(jwk.clone(), missing, None)).is_err(), "{missing}");
    }
    assert!(read(with(jwk, "key_ops", Some(json!(["verify"])))).is_ok());
}

#[test]
fn weak_rsa_keys_are_refused() {
    let jwk = Signer::new("k", Algorithm::Rs256).jwk();
    let mut odd = vec![0xff; 128];
    let refused = |n: &[u8], part: &str| {
        let error = read(with(jwk.clone(), "n", Some(json!(encode(n))))).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    refused(&odd, "fewer than 2048");
    // 2047 bits in the same number of bytes, and 1024 bits behind zeros.
    let mut short = vec![0xff; 256];
    short[0] = 0x7f;
    refused(&short, "fewer than 2048");
    let mut padded = vec![0; 128];
    padded.append(&mut odd);
    refused(&padded, "fewer than 2048");
    refused(&[], "fewer than 2048");
    refused(&[0xff; 1025], "more than 8192");
    let exponent = |e: &[u8]| {
        let error = read(with(jwk.clone(), "e", Some(json!(encode(e))))).unwrap_err();
        assert!(error.contains("exponent"), "{error}");
    };
    exponent(&[1]);
    exponent(&[3]);
    exponent(&[]);
    exponent(&[1, 0, 0]);
    exponent(&[1, 0, 0, 0, 1]);
}
