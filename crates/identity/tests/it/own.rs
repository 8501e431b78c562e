use std::collections::HashMap;
use std::time::SystemTime;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ironward_config::Algorithm;
use ironward_core::{Clock as _, SystemClock};
use ironward_identity::{Identities, KeysEvent, Refusal};
use ironward_testkit::Trap;
use serde_json::json;

use crate::peer::{AUDIENCE, Refreshing, issuer, listen, response, serve};

const DISCOVERY: &str = "/.well-known/openid-configuration";

fn now() -> SystemTime {
    SystemClock.wall()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn key_set(pair: &Ed25519KeyPair) -> String {
    let x = encode(pair.public_key().as_ref());
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]}).to_string()
}

fn token(pair: &Ed25519KeyPair, issuer: &str) -> String {
    let since = now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let header = json!({"alg": "EdDSA", "kid": "k"}).to_string();
    let claims =
        json!({"iss": issuer, "sub": "agent", "aud": AUDIENCE, "exp": since.as_secs() + 60});
    let signed = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let signature = encode(pair.sign(signed.as_bytes()).as_ref());
    format!("{signed}.{signature}")
}

fn discovery(issuer: &str) -> String {
    let document = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")});
    response("200 OK", "", &document.to_string())
}

#[tokio::test]
async fn keys_come_through_egress() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let (listener, name) = listen().await;
    let keys = response("200 OK", "cache-control: max-age=600\r\n", &key_set(&pair));
    let answers = HashMap::from([(DISCOVERY, discovery(&name)), ("/keys", keys)]);
    let _server = serve(listener, answers);
    let identities = Identities::new(&[issuer(&name, &[Algorithm::EdDsa])], None);
    let token = token(&pair, &name);
    let refusal = identities.identify(token.as_bytes(), now()).unwrap_err();
    assert_eq!(refusal, Refusal::NoKeys(name.as_str().into()));
    let mut refreshing = Refreshing::start(&identities);
    let event = refreshing.event().await;
    assert!(
        matches!(
            event,
            KeysEvent::Fetched {
                keys: 1,
                changed: true,
                ..
            }
        ),
        "{event:?}"
    );
    let identity = identities.identify(token.as_bytes(), now()).unwrap();
    assert_eq!(&*identity.subject, "agent");
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let trap = Trap::start();
    for path in [DISCOVERY, "/keys"] {
        let (listener, name) = listen().await;
        let location = format!("location: {}/keys\r\n", trap.url());
        let mut answers = HashMap::from([(DISCOVERY, discovery(&name))]);
        answers.insert(path, response("302 Found", &location, ""));
        let _server = serve(listener, answers);
        let identities = Identities::new(&[issuer(&name, &[Algorithm::EdDsa])], None);
        let reason = Refreshing::start(&identities).failure().await;
        assert!(reason.contains("redirect"), "{reason}");
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn a_public_name_that_leads_to_a_private_address_is_not_dialled() {
    let trap = Trap::start();
    let url = trap.url().replace("127.0.0.1", "id.example.com");
    let identities = Identities::new(&[issuer(&url, &[Algorithm::EdDsa])], None);
    let reason = Refreshing::start(&identities).failure().await;
    assert!(reason.contains("private address"), "{reason}");
    trap.assert_untouched();
}

#[tokio::test]
async fn an_endless_document_is_not_read_to_its_end() {
    let (listener, name) = listen().await;
    let long = format!("{{\"keys\":[\"{}", "x".repeat(1 << 20));
    let answers = HashMap::from([
        (DISCOVERY, discovery(&name)),
        ("/keys", response("200 OK", "", &long)),
    ]);
    let _server = serve(listener, answers);
    let identities = Identities::new(&[issuer(&name, &[Algorithm::EdDsa])], None);
    let reason = Refreshing::start(&identities).failure().await;
    assert!(reason.contains("larger than the limit"), "{reason}");
}
