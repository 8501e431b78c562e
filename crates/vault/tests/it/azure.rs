//! Azure Key Vault, as its reference describes it: no such service can run here. The scripted one
//! checks the requests and answers as the pages do.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ironward_egress::Settings;
use ironward_testkit::{Cloud, raw};
use ironward_vault::{AzureKeyVaultKek, AzureKeyVaultSettings, Kek as _, KekFailure};
use serde_json::json;
use tempfile::TempDir;

use crate::bench::{FIRST, dialler, keeps_the_contract, key, origin, secret_file, wrap_error};

const VERSION: &str = Cloud::AZURE_KEY_VERSION;

fn kek(cloud: &Cloud, folder: &TempDir, name: &str, token: &str) -> AzureKeyVaultKek {
    let vault = origin(&cloud.url());
    let settings =
        AzureKeyVaultSettings::new(vault, name, VERSION, secret_file(folder, "token", token));
    AzureKeyVaultKek::new(settings, dialler(Settings::default())).unwrap()
}

#[tokio::test]
async fn a_key_of_azure_keeps_the_contract() {
    let (cloud, folder) = (Cloud::azure(&[]), TempDir::new().unwrap());
    let kek = kek(&cloud, &folder, "kek", Cloud::TOKEN);
    assert_eq!(
        kek.describe().name(),
        format!("azure-keyvault:kek/{VERSION}")
    );
    keeps_the_contract(Arc::new(kek)).await;
}

#[tokio::test]
async fn a_key_that_somebody_wrapped_with_the_public_half_is_refused() {
    let (cloud, folder) = (Cloud::azure(&[]), TempDir::new().unwrap());
    let kek = kek(&cloud, &folder, "kek", Cloud::TOKEN);
    let good = kek.wrap(&key(), FIRST).await.unwrap();
    // The service unwraps it, because anybody could have wrapped it.
    let path = format!("/keys/kek/{VERSION}/wrapkey?api-version=7.4");
    let bearer = format!("Bearer {}", Cloud::TOKEN);
    let body = json!({"alg": "RSA-OAEP-256", "value": BASE64.encode([7; 32])}).to_string();
    let headers = [("authorization", bearer.as_str())];
    let reply = raw::request(cloud.address(), "POST", &path, &headers, body.as_bytes());
    assert_eq!(reply.unwrap().status, 200);
    let (wrapped, signature) = (b"wrapped 1", b"signature 0");
    let forged = [&9_u16.to_be_bytes()[..], wrapped, signature].concat();
    assert_eq!(forged.len(), good.len());
    let error = kek.unwrap(&forged, FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused);
    assert!(error.message.contains("signature"), "{error}");
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there_is_named() {
    let (cloud, folder) = (Cloud::azure(&[]), TempDir::new().unwrap());
    let denied = kek(&cloud, &folder, "kek", "eyJ0.token-canary");
    let error = wrap_error(&denied).await;
    assert_eq!(error.kind, KekFailure::Denied);
    assert!(
        error.message.contains("expired") && !error.message.contains("canary"),
        "{error}"
    );
    let missing = kek(&cloud, &folder, "none", Cloud::TOKEN);
    let error = wrap_error(&missing).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(
        error.message.contains("KeyNotFound") && error.message.contains("none/"),
        "{error}"
    );
}

#[test]
fn names_are_checked() {
    for (name, version) in [("", VERSION), ("a/b", VERSION), ("kek", ""), ("kek", "..")] {
        let vault = origin("https://v.vault.azure.net");
        let settings = AzureKeyVaultSettings::new(vault, name, version, "/token".into());
        assert!(AzureKeyVaultKek::new(settings, dialler(Settings::default())).is_err());
    }
}
