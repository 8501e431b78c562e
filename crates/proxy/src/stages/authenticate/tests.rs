use std::collections::HashMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use ironward_core::{Fault, Principal, Role};
use ironward_identity::Identities;
use ironward_secret::KeyHasher;
use ironward_store::{DirectoryWriter, Freshness};
use ironward_telemetry::Metrics;
use ironward_testkit::FakeClock;

use super::{Arrival, authenticate};
use crate::{Access, Keys, Routing, Settings, SnapshotBuilder, keyless};

const KEY: &str = "sk-the-right-key";

fn try_with(headers: &[(&str, &str)], header: Option<&'static str>) -> Result<(), Fault> {
    let hasher = Arc::new(KeyHasher::new(&[7; 32]));
    let principal = Principal {
        alias: "admin".into(),
        role: Role::ProxyAdmin,
    };
    let keys = Keys {
        principals: HashMap::from([(hasher.hash(KEY.as_bytes()), Arc::new(principal))]),
        header: header.map(HeaderName::from_static),
        hasher,
    };
    let snapshot = SnapshotBuilder {
        deployments: Vec::new(),
        aliases: HashMap::new(),
        keys,
        settings: Settings::default(),
        routing: Routing::default(),
        credentials: Vec::new(),
    }
    .build(&Metrics::default());
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    let clock = Arc::new(FakeClock::new());
    let directory = DirectoryWriter::new().directory();
    let access = Access::new(
        Arc::clone(&directory),
        Arc::clone(&snapshot.keys.hasher),
        Arc::new(Freshness::new(clock)),
        None,
        keyless(&directory, Identities::new(&[], None)),
    );
    let arrival = Arrival {
        headers: &map,
        source: None,
        workload: None,
        route: &["/v1/models"],
        now: 0,
    };
    authenticate(&access, &snapshot, arrival).map(|_| ())
}

#[test]
fn every_form_of_the_header_is_read() {
    for (name, value) in [
        ("authorization", "Bearer sk-the-right-key"),
        ("authorization", "bearer sk-the-right-key"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=Bearer sk-the-right-key/20261123/us-east-1/bedrock/aws4_request, x",
        ),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=sk-the-right-key/20261123/us-east-1/bedrock/aws4_request, x",
        ),
        ("x-litellm-api-key", "sk-the-right-key"),
        ("x-litellm-api-key", "Bearer sk-the-right-key"),
        ("api-key", "sk-the-right-key"),
        ("x-api-key", "sk-the-right-key"),
        ("x-goog-api-key", "sk-the-right-key"),
        ("ocp-apim-subscription-key", "sk-the-right-key"),
    ] {
        assert!(try_with(&[(name, value)], None).is_ok(), "{name}: {value}");
    }
}

#[test]
fn the_first_header_in_the_order_decides() {
    let right = ("authorization", "Bearer sk-the-right-key");
    assert!(try_with(&[right, ("x-api-key", "sk-wrong")], None).is_ok());
    assert!(try_with(&[right, ("x-litellm-api-key", "sk-wrong")], None).is_err());
    assert!(try_with(&[("authorization", "Bearer x"), ("x-api-key", KEY)], None).is_err());
}

#[test]
fn a_configured_header_is_the_only_one() {
    assert!(
        try_with(
            &[("x-company-key", "Bearer sk-the-right-key")],
            Some("x-company-key")
        )
        .is_ok()
    );
    assert!(
        try_with(
            &[("authorization", "Bearer sk-the-right-key")],
            Some("x-company-key")
        )
        .is_err()
    );
}

#[test]
fn every_wrong_key_gets_the_same_answer() {
    let wrong = try_with(&[("authorization", "Bearer sk-wrong")], None).unwrap_err();
    for key in [
        "sk-the-right-ke",
        "sk-the-right-keyy",
        "SK-THE-RIGHT-KEY",
        "x' UNION SELECT 1--",
        "sk-1234",
    ] {
        let fault = try_with(&[("authorization", &format!("Bearer {key}"))], None).unwrap_err();
        assert_eq!(fault, wrong, "{key}");
        assert!(!fault.message.contains(key));
    }
}

#[test]
fn what_is_no_key_is_refused() {
    for headers in [
        &[][..],
        &[("authorization", "")],
        &[("authorization", "sk-the-right-key")],
        &[("authorization", "Digest sk-the-right-key")],
        &[("authorization", "Bearer ")],
        &[("x-api-key", "")],
        &[
            ("authorization", "Bearer sk-the-right-key"),
            ("authorization", "Bearer sk-the-right-key"),
        ],
    ] {
        assert!(try_with(headers, None).is_err(), "{headers:?}");
    }
}
