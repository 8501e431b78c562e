//! Google Cloud KMS, as its reference describes it: no such service can run here. The scripted one
//! checks the request line by line and answers as the page does.

use std::sync::Arc;

use ironward_egress::Settings;
use ironward_testkit::Cloud;
use ironward_vault::{GcpKmsKek, GcpKmsSettings, Kek as _, KekFailure};
use tempfile::TempDir;

use crate::bench::{dialler, keeps_the_contract, origin, secret_file, wrap_error};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

fn kek(cloud: &Cloud, folder: &TempDir, key: &str, token: &str) -> GcpKmsKek {
    let settings = GcpKmsSettings {
        endpoint: Some(origin(&cloud.url())),
        ..GcpKmsSettings::new(key, secret_file(folder, "token", token))
    };
    GcpKmsKek::new(settings, dialler(Settings::default())).unwrap()
}

#[tokio::test]
async fn a_key_of_google_keeps_the_contract() {
    let (cloud, folder) = (Cloud::google(&[]), TempDir::new().unwrap());
    let kek = kek(&cloud, &folder, KEY, Cloud::TOKEN);
    assert_eq!(kek.describe().name(), format!("gcp-kms:{KEY}"));
    keeps_the_contract(Arc::new(kek)).await;
}

#[tokio::test]
async fn a_token_that_has_expired_is_named() {
    let (cloud, folder) = (Cloud::google(&[]), TempDir::new().unwrap());
    let error = wrap_error(&kek(&cloud, &folder, KEY, "ya29.token-canary")).await;
    assert_eq!(error.kind, KekFailure::Denied);
    assert!(
        error.message.contains("expired") && !error.message.contains("canary"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let (cloud, folder) = (Cloud::google(&[]), TempDir::new().unwrap());
    let other = KEY.replace("cryptoKeys/k", "cryptoKeys/none");
    let error = wrap_error(&kek(&cloud, &folder, &other, Cloud::TOKEN)).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(
        error.message.contains("NOT_FOUND") && error.message.contains("none"),
        "{error}"
    );
}
