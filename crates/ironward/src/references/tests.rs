//! What is kept of what a service said, and for how long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ironward_config::{Reference, Scheme, SecretSources, VaultAuth, VaultSource};
use ironward_core::Origin;
use ironward_secret::Secret;

use super::{Found, References};

fn reference(name: &str) -> Reference {
    Reference {
        scheme: Scheme::Vault,
        name: name.into(),
        field: Some("key".into()),
    }
}

fn sources(address: &str) -> SecretSources {
    SecretSources {
        vault: Some(VaultSource {
            address: Origin::parse(address).unwrap(),
            namespace: None,
            auth: VaultAuth::Variable,
        }),
        ..SecretSources::default()
    }
}

fn merge(references: &References, sources: &SecretSources, said: &[Result<&str, &str>]) -> Found {
    let said = said.iter().enumerate().map(|(index, said)| {
        let outcome = said.map(|text| Arc::new(Secret::new(text)));
        let outcome = outcome.map_err(str::to_owned);
        (reference(&format!("secret/{index}")), outcome)
    });
    references.merge(sources.clone(), said.collect::<BTreeMap<_, _>>())
}

/// What a reference stands for, or why for nothing.
fn value(found: &Found, index: usize) -> Result<String, String> {
    let found = found.resolved.get(&reference(&format!("secret/{index}")));
    let secret = found.unwrap().as_ref().map_err(Clone::clone)?;
    Ok(String::from_utf8(secret.expose().bytes().to_vec()).unwrap())
}

#[test]
fn what_is_in_force_stays_while_the_service_does_not_answer() {
    let references = References::default();
    let here = sources("https://vault.example.com");
    let found = merge(&references, &here, &[Ok("one"), Ok("two")]);
    assert!(!references.are(&found));
    let refresh = references.keep(found);
    assert_eq!(refresh, Some(Duration::from_secs(300)));
    // Also when it is to be asked more often from now on.
    let oftener = SecretSources {
        refresh: Duration::from_secs(1),
        ..here
    };
    let found = merge(&references, &oftener, &[Err("it is down"), Ok("new")]);
    assert_eq!(value(&found, 0).as_deref(), Ok("one"));
    assert_eq!(value(&found, 1).as_deref(), Ok("new"));
    assert!(!references.are(&found));
    assert_eq!(references.keep(found), Some(Duration::from_secs(1)));
    let found = merge(&references, &oftener, &[Err("it is down"), Ok("new")]);
    assert!(references.are(&found));
}

#[test]
fn what_another_service_said_counts_for_nothing() {
    let references = References::default();
    let here = sources("https://vault.example.com");
    references.keep(merge(&references, &here, &[Ok("one")]));
    let there = sources("https://other.example.com");
    let found = merge(&references, &there, &[Err("it is down")]);
    let why = "vault://secret/0#key cannot be read: it is down";
    assert_eq!(value(&found, 0), Err(why.to_owned()));
    assert!(references.lack());
    merge(&references, &here, &[Err("it is down")]);
    assert!(!references.lack(), "there is the one in force");
}

#[test]
fn where_there_is_no_secret_nothing_is_read_again() {
    let references = References::default();
    assert!(references.are(&Found::default()));
    assert_eq!(references.keep(Found::default()), None);
}

#[test]
fn trouble_is_told_once_and_so_is_its_end() {
    let references = References::default();
    let here = sources("https://vault.example.com");
    references.keep(merge(&references, &here, &[Ok("one"), Ok("two")]));
    let trouble = || references.0.lock().unwrap().trouble.len();
    for _ in 0..2 {
        // Both for one reason, which is said once.
        merge(&references, &here, &[Err("it is down"), Err("it is down")]);
        assert_eq!(trouble(), 1);
    }
    merge(&references, &here, &[Ok("one"), Ok("two")]);
    assert_eq!(trouble(), 0);
}
