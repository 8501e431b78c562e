use ironward_core::Origin;
use ironward_secret::Secret;

use super::Credentials;
use crate::Credential;

fn credential(key: &str) -> Credential {
    let origin = Origin::parse("https://api.example.com/v1").unwrap();
    Credential::new(Some(Secret::new(key)), origin).unwrap()
}

#[test]
fn a_credential_goes_with_its_lease_and_its_id_never_comes_back() {
    let credentials = Credentials::new();
    let old = credentials.add(credential("sk-old-old-old"));
    let old_id = old.id();
    let new = credentials.add(credential("sk-new-new-new"));
    assert!(credentials.open(old_id).is_some());
    drop(old);
    assert!(credentials.open(old_id).is_none());
    let newer = credentials.add(credential("sk-newer-newer"));
    assert_ne!(newer.id(), old_id);
    assert_ne!(newer.id(), new.id());
    assert!(credentials.open(old_id).is_none());
    assert_eq!(credentials.len(), 2);
}

#[test]
fn a_call_that_has_opened_a_credential_keeps_it_until_it_is_done() {
    let credentials = Credentials::new();
    let lease = credentials.add(credential("sk-in-flight"));
    let opened = credentials.open(lease.id()).unwrap();
    let watch = std::sync::Arc::downgrade(&opened);
    drop(lease);
    assert!(watch.upgrade().is_some());
    drop(opened);
    assert!(watch.upgrade().is_none());
}

#[test]
fn nothing_prints_a_secret() {
    let credentials = Credentials::new();
    let lease = credentials.add(credential("sk-canary-canary"));
    let opened = credentials.open(lease.id()).unwrap();
    let printed = format!("{credentials:?} {lease:?} {opened:?}");
    assert!(!printed.contains("canary"));
}

#[test]
fn a_secret_that_no_header_can_carry_is_refused_without_showing_it() {
    let origin = Origin::parse("https://api.example.com").unwrap();
    let error = Credential::new(Some(Secret::new("sk-\u{1}canary")), origin).unwrap_err();
    assert!(!error.to_string().contains("canary"));
}
