//! One public key of an issuer.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironward_config::Algorithm;
use serde::Deserialize;

/// A key as a key set holds it (RFC 7517, RFC 7518 section 6, RFC 8037).
#[derive(Debug, Deserialize)]
pub(crate) struct Jwk {
    kty: String,
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
    #[serde(default)]
    key_ops: Option<Vec<String>>,
    #[serde(default)]
    crv: Option<String>,
    #[serde(default)]
    n: Option<String>,
    #[serde(default)]
    e: Option<String>,
    #[serde(default)]
    x: Option<String>,
    #[serde(default)]
    y: Option<String>,
}

/// A key that verifies signatures of exactly one type of key.
pub(crate) struct VerifyingKey {
    pub(crate) kid: Option<Box<str>>,
    /// What the issuer says the key is for, where it says so.
    only: Option<Algorithm>,
    material: Material,
}

enum Material {
    /// One key, parsed for both paddings.
    Rsa {
        pkcs1: ParsedPublicKey,
        pss: ParsedPublicKey,
    },
    P256(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

/// The fewest bytes of an RSA modulus: 2048 bits.
const FEWEST_MODULUS: usize = 256;

/// The most bytes of an RSA modulus: 8192 bits. Verifying costs the square of it.
const MOST_MODULUS: usize = 1024;

/// The length of an Ed25519 key and of a coordinate on P-256.
const COORDINATE: usize = 32;

impl VerifyingKey {
    /// The key of `jwk`, or why it is none that is used here.
    pub(crate) fn of(jwk: &Jwk) -> Result<Self, &'static str> {
        if jwk.purpose.as_ref().is_some_and(|purpose| purpose != "sig") {
            return Err("it is not for signatures (use)");
        }
        let verifies = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
        if jwk.key_ops.as_ref().is_some_and(|ops| !verifies(ops)) {
            return Err("it is not for verifying (key_ops)");
        }
        let only = match &jwk.alg {
            None => None,
            Some(name) => {
                Some(Algorithm::of(name).ok_or("it is for an algorithm (alg) not used here")?)
            }
        };
        let key = Self {
            kid: jwk.kid.as_deref().map(Box::from),
            only,
            material: Material::of(jwk)?,
        };
        match only {
            Some(algorithm) if key.parsed(algorithm).is_none() => {
                Err("its type (kty) does not fit its algorithm (alg)")
            }
            _ => Ok(key),
        }
    }

    /// Whether signatures of `algorithm` can be this key's.
    pub(crate) fn fits(&self, algorithm: Algorithm) -> bool {
        self.only.is_none_or(|only| only == algorithm) && self.parsed(algorithm).is_some()
    }

    /// Whether `signature` over `message` is this key's.
    pub(crate) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.fits(algorithm)
            && self
                .parsed(algorithm)
                .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    /// The key in the form for `algorithm`: `None` where the types do not fit, so that an RSA key
    /// can never be taken for a shared secret or a point.
    fn parsed(&self, algorithm: Algorithm) -> Option<&ParsedPublicKey> {
        match (&self.material, algorithm) {
            (Material::Rsa { pkcs1, .. }, Algorithm::Rs256) => Some(pkcs1),
            (Material::Rsa { pss, .. }, Algorithm::Ps256) => Some(pss),
            (Material::P256(key), Algorithm::Es256)
            | (Material::Ed25519(key), Algorithm::EdDsa) => Some(key),
            _ => None,
        }
    }
}

impl Material {
    fn of(jwk: &Jwk) -> Result<Self, &'static str> {
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => rsa(&bytes(jwk.n.as_ref())?, &bytes(jwk.e.as_ref())?),
            ("EC", Some("P-256")) => {
                let mut point = vec![UNCOMPRESSED];
                point.extend(coordinate(jwk.x.as_ref())?);
                point.extend(coordinate(jwk.y.as_ref())?);
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .map(Self::P256)
                    .map_err(|_| "it is no point of P-256")
            }
            ("OKP", Some("Ed25519")) => ParsedPublicKey::new(&ED25519, coordinate(jwk.x.as_ref())?)
                .map(Self::Ed25519)
                .map_err(|_| "it is no key of Ed25519"),
            ("oct", _) => Err("it is a shared secret, which no issuer publishes"),
            _ => Err("its type (kty, crv) is none that is used here"),
        }
    }
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Material, &'static str> {
    let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
    let high = modulus.iter().find(|byte| **byte != 0).copied();
    // 2048 bits means that the highest bit of the 256 bytes is set.
    let has_bits = significant > FEWEST_MODULUS
        || (significant == FEWEST_MODULUS && high.is_some_and(|byte| byte & 0x80 != 0));
    if !has_bits {
        return Err("it is an RSA key of fewer than 2048 bits");
    }
    if significant > MOST_MODULUS {
        return Err("it is an RSA key of more than 8192 bits");
    }
    // Smaller exponents are not used by any issuer, and 1 verifies everything.
    let exponent = exponent
        .iter()
        .try_fold(0_u32, |sum, byte| {
            sum.checked_mul(256)?.checked_add(u32::from(*byte))
        })
        .filter(|exponent| *exponent >= LEAST_EXPONENT && exponent % 2 == 1)
        .ok_or("it is an RSA key with an unusual exponent")?;
    let components = RsaPublicKeyComponents {
        n: modulus
            .get(modulus.len() - significant..)
            .unwrap_or_default()
            .to_vec(),
        e: exponent
            .to_be_bytes()
            .into_iter()
            .skip_while(|byte| *byte == 0)
            .collect(),
    };
    let parse = |parameters| components.to_parsed_public_key(parameters);
    match (
        parse(&RSA_PKCS1_2048_8192_SHA256),
        parse(&RSA_PSS_2048_8192_SHA256),
    ) {
        (Ok(pkcs1), Ok(pss)) => Ok(Material::Rsa { pkcs1, pss }),
        _ => Err("it is no RSA key"),
    }
}

fn coordinate(text: Option<&String>) -> Result<Vec<u8>, &'static str> {
    let bytes = bytes(text)?;
    if bytes.len() == COORDINATE {
        Ok(bytes)
    } else {
        Err("a coordinate of it has another length than its curve")
    }
}

fn bytes(text: Option<&String>) -> Result<Vec<u8>, &'static str> {
    let text = text.ok_or("a part of it is missing")?;
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| "a part of it is not base64url")
}

/// What an uncompressed point starts with (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// F4, the exponent that everybody uses.
const LEAST_EXPONENT: u32 = 65_537;

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
