use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls_pki_types::CertificateDer;

use super::{SpiffeId, Workload};
use crate::testing::{NOW, at};

/// A certificate with these URIs, signed by an authority.
fn certificate(uris: &[&str]) -> CertificateDer<'static> {
    certificate_until(uris, NOW)
}

fn certificate_until(uris: &[&str], end: u64) -> CertificateDer<'static> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = Issuer::new(authority, KeyPair::generate().unwrap());
    let mut leaf = CertificateParams::new(vec!["agent.example.com".to_owned()]).unwrap();
    for uri in uris {
        leaf.subject_alt_names
            .push(SanType::URI((*uri).try_into().unwrap()));
    }
    leaf.not_after = at(end).into();
    let key = KeyPair::generate().unwrap();
    leaf.signed_by(&key, &authority).unwrap().der().clone()
}

#[test]
fn the_id_is_the_one_uri_of_the_certificate() {
    let id = "spiffe://prod.example.com/ns/agents/sa/planner";
    let read = |uris: &[&str]| SpiffeId::of_verified(&certificate(uris));
    assert_eq!(read(&[id]).unwrap().as_str(), id);
    assert!(read(&[]).is_err());
    assert!(read(&[id, "spiffe://prod.example.com/ns/agents/sa/other"]).is_err());
    assert!(read(&[id, "https://example.com/"]).is_err());
    assert!(read(&[id, id]).is_err());
    assert!(read(&["https://example.com/"]).is_err());
    assert!(SpiffeId::of_verified(&CertificateDer::from(vec![0x30, 0])).is_err());
}

#[test]
fn a_workload_is_over_when_its_certificate_is() {
    let id = "spiffe://prod.example.com/ns/agents/sa/planner";
    // Before and after the year 2050, which is written in another way.
    for end in [NOW, NOW + 40 * 365 * 86_400] {
        let workload = Workload::of_verified(&certificate_until(&[id], end)).unwrap();
        assert_eq!((workload.id.as_str(), workload.until), (id, at(end)));
    }
    assert!(Workload::of_verified(&certificate(&[])).is_err());
}

#[test]
fn every_id_has_one_spelling() {
    for id in [
        "spiffe://example.com/a",
        "spiffe://e_x.a-1/a/B.c/_-9",
        "spiffe://x/...",
    ] {
        assert_eq!(SpiffeId::parse(id).unwrap().as_str(), id);
    }
    let long = format!("spiffe://example.com/{}", "a".repeat(2048));
    let domain = format!("spiffe://{}/a", "a".repeat(256));
    for text in [
        "",
        "spiffe://",
        "spiffe:///a",
        "spiffe://example.com",
        "spiffe://example.com/",
        "spiffe://example.com/a/",
        "spiffe://example.com//a",
        "spiffe://example.com/./a",
        "spiffe://example.com/../a",
        "spiffe://example.com/%61",
        "spiffe://example.com/a?b",
        "spiffe://example.com/a#b",
        "spiffe://example.com/\u{e4}",
        "spiffe://Example.com/a",
        "SPIFFE://example.com/a",
        "spiffe://user@example.com/a",
        "spiffe://example.com:8443/a",
        "https://example.com/a",
        " spiffe://example.com/a",
        &long,
        &domain,
    ] {
        assert!(SpiffeId::parse(text).is_err(), "{text}");
    }
}
