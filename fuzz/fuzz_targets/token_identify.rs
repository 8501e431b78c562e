//! Nothing that nobody signed is a token, and one of a sound form is exactly its three parts.

#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use ironward_config::{Algorithm, Issuer, KeySource, Place};
use ironward_core::Location;
use ironward_identity::{Identities, fuzzing};
use libfuzzer_sys::fuzz_target;

static IDENTITIES: LazyLock<Arc<Identities>> = LazyLock::new(|| {
    let keys = Location::parse("https://id.example.com/keys").expect("a URL");
    let issuer = Issuer {
        place: Place::start(&Arc::from("c.yaml")),
        issuer: "https://id.example.com".to_owned(),
        audiences: vec!["gateway".to_owned()],
        algorithms: Algorithm::ALL.to_vec(),
        keys: KeySource::Configured(keys),
    };
    Identities::new(&[issuer], None)
});

fuzz_target!(|bytes: &[u8]| {
    assert!(IDENTITIES.identify(bytes, SystemTime::UNIX_EPOCH).is_err());
    assert_eq!(IDENTITIES.remembered(), 0);
    if let Some((claims, signed)) = fuzzing::take_apart(bytes) {
        assert!(bytes.len() <= 16 << 10);
        assert_eq!(bytes.iter().filter(|byte| **byte == b'.').count(), 2);
        assert!(bytes.starts_with(signed) && bytes.get(signed.len()) == Some(&b'.'));
        for path in ["iss", "act.sub", "kubernetes.io.serviceaccount.name", "..", ""] {
            drop(claims.text(path));
        }
    }
});
