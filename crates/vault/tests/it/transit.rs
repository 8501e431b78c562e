//! The transit engine of a real `OpenBao`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use ironward_core::SystemClock;
use ironward_egress::Settings;
use ironward_secret::Secret;
use ironward_testkit::{SeededRandom, Service};
use ironward_vault::{Kek as _, KekFailure, TransitKek, TransitSettings, Vault, VaultLogin};

use crate::bench::{FIRST, dialler, keeps_the_contract, key, origin, wrap_error};

struct Bao(Service);

impl Bao {
    /// With a transit engine and two keys in it.
    fn start() -> Self {
        let bao = Self(Service::openbao(false));
        bao.put("sys/mounts/transit", r#"{"type":"transit"}"#);
        bao.put("transit/keys/ironward", "{}");
        bao.put("transit/keys/another", "{}");
        bao
    }

    fn put(&self, path: &str, body: &str) -> String {
        let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
        let reply = self
            .0
            .request("POST", &format!("/v1/{path}"), &[&token], body);
        assert!(
            (200..300).contains(&reply.status),
            "{path}: {}",
            reply.text()
        );
        reply.text()
    }

    fn settings(&self, key: &str, auth: VaultLogin) -> TransitSettings {
        let address = origin(&format!("http://{}", self.0.address()));
        TransitSettings::new(address, key, auth)
    }

    fn kek(&self, key: &str, auth: VaultLogin) -> TransitKek {
        TransitKek::new(self.settings(key, auth), dialler(Settings::default())).unwrap()
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.directory().join(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// A policy that allows what the documentation asks for, and nothing else.
    fn allow(&self, key: &str) {
        let rules = format!(
            r#"path \"transit/encrypt/{key}\" {{ capabilities = [\"update\"] }} path \"transit/decrypt/{key}\" {{ capabilities = [\"update\"] }}"#
        );
        let body = format!(r#"{{"policy":"{rules}"}}"#);
        self.put("sys/policies/acl/ironward", &body);
    }
}

fn root() -> VaultLogin {
    VaultLogin::Token(Secret::new(Service::ROOT_TOKEN))
}

#[tokio::test]
async fn a_transit_key_keeps_the_contract() {
    let bao = Bao::start();
    let kek = bao.kek("ironward", root());
    assert_eq!(kek.describe().name(), "vault-transit:transit/ironward");
    keeps_the_contract(Arc::new(kek)).await;
    // A key with derivation wants a context of its own; one of ChaCha20 takes associated data too.
    bao.put("transit/keys/derived", r#"{"derived":true}"#);
    keeps_the_contract(Arc::new(bao.kek("derived", root()))).await;
    bao.put("transit/keys/chacha", r#"{"type":"chacha20-poly1305"}"#);
    keeps_the_contract(Arc::new(bao.kek("chacha", root()))).await;
}

#[tokio::test]
async fn a_key_that_was_rotated_in_the_service_still_unwraps() {
    let bao = Bao::start();
    let kek = bao.kek("ironward", root());
    let wrapped = kek.wrap(&key(), FIRST).await.unwrap();
    bao.put("transit/keys/ironward/rotate", "{}");
    assert!(kek.unwrap(&wrapped, FIRST).await.unwrap().is_same(&key()));
    let again = kek.wrap(&key(), FIRST).await.unwrap();
    assert!(wrapped.starts_with(b"vault:v1:") && again.starts_with(b"vault:v2:"));
}

#[tokio::test]
async fn another_key_does_not_unwrap() {
    let bao = Bao::start();
    let wrapped = bao
        .kek("ironward", root())
        .wrap(&key(), FIRST)
        .await
        .unwrap();
    let other = bao.kek("another", root());
    let error = other.unwrap(&wrapped, FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused);
    assert!(error.message.contains("transit/another"), "{error}");
}

#[tokio::test]
async fn a_token_without_rights_is_told_which_it_needs() {
    let bao = Bao::start();
    let wrong = VaultLogin::Token(Secret::new("s.nobody-knows-this-canary"));
    let error = wrap_error(&bao.kek("ironward", wrong)).await;
    assert_eq!(error.kind, KekFailure::Denied);
    assert!(
        error.message.contains("transit/encrypt/ironward"),
        "{error}"
    );
    assert!(!error.message.contains("canary"), "{error}");
}

#[tokio::test]
async fn a_mount_that_is_not_there_is_named() {
    let bao = Bao::start();
    let mut settings = bao.settings("ironward", root());
    settings.mount = "nowhere".into();
    let kek = TransitKek::new(settings, dialler(Settings::default())).unwrap();
    let error = wrap_error(&kek).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("nowhere/"), "{error}");
}

#[tokio::test]
async fn a_token_file_is_read_for_every_request() {
    let bao = Bao::start();
    let path = bao.file("token", "s.expired\n");
    let kek = bao.kek("ironward", VaultLogin::TokenFile(path.clone()));
    assert_eq!(wrap_error(&kek).await.kind, KekFailure::Denied);
    bao.file("token", &format!("{}\n", Service::ROOT_TOKEN));
    assert!(kek.wrap(&key(), FIRST).await.is_ok());
    fs::remove_file(path).unwrap();
    let error = wrap_error(&kek).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn an_app_role_logs_in_with_the_least_it_needs() {
    let bao = Bao::start();
    bao.allow("ironward");
    bao.put("sys/auth/approle", r#"{"type":"approle"}"#);
    bao.put("auth/approle/role/gw", r#"{"token_policies":"ironward"}"#);
    let text = |reply: &str, field: &str| {
        let (_, rest) = reply.split_once(&format!("\"{field}\":\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let token = format!("x-vault-token: {}", Service::ROOT_TOKEN);
    let path = "/v1/auth/approle/role/gw/role-id";
    let role_id = text(&bao.0.request("GET", path, &[&token], "").text(), "role_id");
    let secret_id = text(
        &bao.put("auth/approle/role/gw/secret-id", "{}"),
        "secret_id",
    );
    let auth = |secret_id: &str| VaultLogin::AppRole {
        mount: "approle".into(),
        role_id: role_id.clone().into(),
        secret_id: bao.file("secret-id", secret_id),
    };
    keeps_the_contract(Arc::new(bao.kek("ironward", auth(&secret_id)))).await;
    let error = wrap_error(&bao.kek("another", auth(&secret_id))).await;
    assert_eq!(error.kind, KekFailure::Denied, "{error}");
    let error = wrap_error(&bao.kek("ironward", auth("0000-canary"))).await;
    assert_eq!(error.kind, KekFailure::Denied, "{error}");
    assert!(error.message.contains("auth/approle") && !error.message.contains("canary"));
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let bao = Service::openbao(true);
    let address = origin(&format!("https://{}", bao.address()));
    let kek = |settings| {
        let transit = TransitSettings::new(address.clone(), "ironward", root());
        TransitKek::new(transit, dialler(settings)).unwrap()
    };
    let error = wrap_error(&kek(Settings::default())).await;
    assert_eq!(error.kind, KekFailure::Unreachable);
    assert!(error.message.contains("certificate"), "{error}");
    let trusted = Settings {
        extra_ca_pem: bao.authority(),
        ..Settings::default()
    };
    // This server has no transit engine, but it has been reached.
    let error = wrap_error(&kek(trusted)).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(error.message.contains("answered 404"), "{error}");
}

#[tokio::test]
async fn a_service_that_dies_is_an_alarm_and_no_outage() {
    let mut bao = Bao::start();
    let kek = Arc::new(bao.kek("ironward", root()));
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SeededRandom::new(1)));
    let vault = Vault::create(kek.clone(), clock.clone(), random.clone());
    let vault = vault.await.unwrap();
    vault.probe().await.unwrap();
    let keys = vault.keys();
    bao.0.stop();
    let error = vault.probe().await.unwrap_err();
    assert_eq!(error.failure(), Some(KekFailure::Unreachable), "{error}");
    assert!(vault.alarm().is_some() && vault.keyring_to_seal().is_err());
    assert!(vault.advance().await.is_err());
    assert_eq!(vault.keyring().current_version(), 1);
    // A start, unlike a run, cannot do without.
    let error = Vault::open(kek, keys, clock, random).await.err().unwrap();
    let text = error.to_string();
    assert!(text.starts_with("data key 1 cannot be unwrapped: Vault at http://127.0.0.1:"));
    assert!(text.contains("check that it runs"), "{text}");
}

#[test]
fn names_that_would_leave_their_path_are_refused() {
    for name in ["", "a/../b", "a b", "a?b", "a#", "/a", "a/", "..", "%2e"] {
        let address = origin("http://127.0.0.1:8200");
        let settings = TransitSettings::new(address, name, root());
        let error = TransitKek::new(settings, dialler(Settings::default()));
        assert_eq!(
            error.err().unwrap().kind,
            KekFailure::Misconfigured,
            "{name}"
        );
    }
}

#[test]
fn data_keys_do_not_travel_in_the_clear() {
    let address = origin("http://vault.example.com:8200");
    let settings = TransitSettings::new(address, "ironward", root());
    let error = TransitKek::new(settings, dialler(Settings::default()));
    assert!(error.err().unwrap().message.contains("use https"));
}
