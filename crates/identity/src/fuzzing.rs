//! What the fuzz targets reach into.

use std::time::SystemTime;

use ironward_config::Algorithm;

use crate::Claims;
use crate::key_set::KeySet;
use crate::token::Token;

/// The claims of a token whose form is sound, whoever signed it, and the two parts that the
/// signature is over.
#[must_use]
pub fn take_apart(token: &[u8]) -> Option<(Claims, &[u8])> {
    let token = Token::parse(token).ok()?;
    Some((token.claims, token.signed))
}

/// How many keys of a key set can be used, and whether any of them takes an empty signature.
#[must_use]
pub fn read_keys(json: &[u8]) -> Option<(usize, bool)> {
    let set = KeySet::read(json, SystemTime::UNIX_EPOCH).ok()?;
    let keys = Algorithm::ALL
        .into_iter()
        .filter_map(|algorithm| Some((algorithm, set.find(None, algorithm)?)));
    let mut verified = keys.map(|(algorithm, key)| key.verifies(algorithm, json, &[]));
    Some((set.len(), verified.any(|verified| verified)))
}
