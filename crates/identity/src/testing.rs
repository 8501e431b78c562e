//! Issuers of the tests' own: keys, tokens, and what their key sets say.

pub(crate) mod scripted;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironward_config::{Algorithm, Issuer, KeySource};
use ironward_core::Location;
use serde_json::{Value, json};

use crate::Identities;
use crate::key_set::KeySet;

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const OTHER: &str = "https://other.example.com/realm";
pub(crate) const AUDIENCE: &str = "gateway";

/// 2026-01-01T00:00:00Z, as the fake clock has it.
pub(crate) const NOW: u64 = 1_767_225_600;

pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A private key with an id.
pub(crate) struct Signer {
    pub(crate) kid: &'static str,
    pub(crate) algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    pub(crate) fn new(kid: &'static str, algorithm: Algorithm) -> Self {
        let pair = match algorithm {
            Algorithm::Rs256 | Algorithm::Ps256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
            }
            Algorithm::Es256 => {
                Pair::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
            }
            Algorithm::EdDsa => Pair::Ed25519(Ed25519KeyPair::generate().unwrap()),
        };
        Self {
            kid,
            algorithm,
            pair,
        }
    }

    /// The public key as a key set holds it.
    pub(crate) fn jwk(&self) -> Value {
        match &self.pair {
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair.public_key().as_ref());
                json!({"kty": "RSA", "kid": self.kid, "use": "sig", "n": encode(n), "e": encode(e)})
            }
            Pair::P256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "kid": self.kid, "x": encode(x), "y": encode(y)})
            }
            Pair::Ed25519(pair) => {
                let x = encode(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
            }
        }
    }

    /// The public key as bytes, for those who take it for a shared secret.
    pub(crate) fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Pair::P256(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = if self.algorithm == Algorithm::Ps256 {
                    pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                };
                signed.unwrap();
                signature
            }
            Pair::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with the usual header.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm.as_str(), "typ": "JWT", "kid": self.kid});
        self.token_with(&header, claims)
    }

    pub(crate) fn token_with(&self, header: &Value, claims: &Value) -> String {
        self.raw(&header.to_string(), &claims.to_string())
    }

    /// A token of exactly these texts.
    pub(crate) fn raw(&self, header: &str, claims: &str) -> String {
        let signed = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(claims.as_bytes())
        );
        let signature = encode(&self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Claims of a token that is valid for ten minutes.
pub(crate) fn claims(subject: &str) -> Value {
    json!({"iss": ISSUER, "sub": subject, "aud": AUDIENCE, "iat": NOW, "exp": NOW + 600})
}

/// `claims` with `name` set, or taken out.
pub(crate) fn with(mut claims: Value, name: &str, value: Option<Value>) -> Value {
    let fields = claims.as_object_mut().unwrap();
    match value {
        Some(value) => drop(fields.insert(name.to_owned(), value)),
        None => drop(fields.remove(name)),
    }
    claims
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// An issuer with discovery.
pub(crate) fn issuer(name: &str, algorithms: &[Algorithm]) -> Issuer {
    let location = Location::parse(&format!("{name}/.well-known/openid-configuration")).unwrap();
    Issuer {
        place: ironward_config::Place::start(&Arc::from("config.yaml")),
        issuer: name.to_owned(),
        audiences: vec![AUDIENCE.to_owned(), "gateway-staging".to_owned()],
        algorithms: algorithms.to_vec(),
        keys: KeySource::Discovery(location),
    }
}

/// Puts keys in force as if they had been fetched.
pub(crate) fn give(identities: &Identities, issuer: &str, keys: &[Value], fetched: SystemTime) {
    let keys = KeySet::read(key_set(keys).as_bytes(), fetched).unwrap();
    let trusted = identities.issuers().find(|one| &*one.name == issuer);
    trusted.unwrap().replace_keys(keys);
}

/// The two numbers of an `RSAPublicKey` (RFC 8017, appendix A.1.1), unsigned.
fn modulus_and_exponent(der: &[u8]) -> (&[u8], &[u8]) {
    fn value(der: &[u8]) -> (&[u8], &[u8]) {
        let (length, start) = match der[1] {
            short if short < 0x80 => (usize::from(short), 2),
            0x81 => (usize::from(der[2]), 3),
            _ => (usize::from(der[2]) << 8 | usize::from(der[3]), 4),
        };
        der[start..].split_at(length)
    }
    fn unsigned(number: &[u8]) -> &[u8] {
        number.strip_prefix(&[0]).unwrap_or(number)
    }
    let (numbers, _) = value(der);
    let (modulus, rest) = value(numbers);
    let (exponent, _) = value(rest);
    (unsigned(modulus), unsigned(exponent))
}
