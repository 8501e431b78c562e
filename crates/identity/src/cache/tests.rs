use std::sync::Arc;

use ironward_config::Algorithm;
use serde_json::json;

use super::{Cache, Entry, Fingerprint, MOST_IN_SHARD, SHARDS};
use crate::issuer::Trusted;
use crate::key_set::KeySet;
use crate::testing::{ISSUER, NOW, Signer, at, issuer, key_set};
use crate::validity::Validity;
use crate::{Claims, Identity};

struct Shelf {
    cache: Cache,
    issuer: Arc<Trusted>,
    keys: [u8; 32],
}

impl Shelf {
    fn new() -> Self {
        let trusted = Trusted::new(issuer(ISSUER, &[Algorithm::EdDsa]));
        let jwk = Signer::new("k", Algorithm::EdDsa).jwk();
        let set = KeySet::read(key_set(&[jwk]).as_bytes(), at(NOW)).unwrap();
        let keys = set.fingerprint;
        trusted.replace_keys(set);
        Self {
            cache: Cache::new(),
            issuer: Arc::new(trusted),
            keys,
        }
    }

    fn insert(&self, token: &str, expires: u64) {
        let claims = json!({"exp": expires}).to_string();
        let claims = Claims::read(claims.as_bytes()).unwrap();
        let entry = Entry {
            validity: Validity::of(&claims, ISSUER).unwrap(),
            identity: Arc::new(Identity {
                issuer: Arc::clone(&self.issuer.name),
                subject: token.into(),
                claims,
                expires: at(expires),
            }),
            issuer: Arc::clone(&self.issuer),
            keys: self.keys,
        };
        self.cache
            .insert(Fingerprint::of(token.as_bytes()), entry, at(NOW));
    }

    fn find(&self, token: &str, now: u64) -> Option<String> {
        let found = self
            .cache
            .find(Fingerprint::of(token.as_bytes()), at(now))?;
        Some(found.subject.to_string())
    }
}

#[test]
fn an_entry_dies_to_the_second() {
    let shelf = Shelf::new();
    shelf.insert("a", NOW + 600);
    assert_eq!(shelf.find("a", NOW + 599).as_deref(), Some("a"));
    assert_eq!(shelf.find("b", NOW), None);
    assert_eq!(shelf.find("a", NOW + 600), None);
    assert_eq!(shelf.cache.len(), 0);
    shelf.insert("over", NOW);
    assert_eq!(shelf.cache.len(), 0);
}

#[test]
fn an_entry_dies_with_the_keys_that_it_was_verified_with() {
    let shelf = Shelf::new();
    shelf.insert("a", NOW + 600);
    let jwk = Signer::new("new", Algorithm::EdDsa).jwk();
    let other = KeySet::read(key_set(&[jwk]).as_bytes(), at(NOW)).unwrap();
    shelf.issuer.replace_keys(other);
    assert_eq!(shelf.find("a", NOW), None);
}

#[test]
fn an_entry_dies_when_the_keys_are_too_old() {
    let shelf = Shelf::new();
    let days = NOW + 3 * 24 * 3600;
    shelf.insert("a", days);
    assert!(shelf.find("a", NOW + 24 * 3600 - 1).is_some());
    assert_eq!(shelf.find("a", NOW + 24 * 3600), None);
}

#[test]
fn the_size_is_bounded_and_what_ends_first_goes() {
    let shelf = Shelf::new();
    shelf.insert("longest", NOW + 1_000_000);
    let most = MOST_IN_SHARD * SHARDS;
    for number in 0..most * 2 {
        shelf.insert(&number.to_string(), NOW + 600 + number as u64);
    }
    assert!(shelf.cache.len() <= most);
    assert!(shelf.cache.len() > most / 2);
    assert!(shelf.find("longest", NOW).is_some());
    assert!(shelf.find(&(most * 2 - 1).to_string(), NOW).is_some());
    assert_eq!(shelf.find("0", NOW), None);
}
