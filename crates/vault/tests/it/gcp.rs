//! Google Cloud KMS, as its reference describes it: no such service can run here. The scripted one
//! checks the request line by line and answers as the page does.

use std::sync::Arc;

use ironward_egress::Settings;
use ironward_testkit::Cloud;
use ironward_vault::{GcpKmsKek, GcpKmsSettings, Kek as _, KekError, KekFailure};
use serde_json::json;
use tempfile::TempDir;

use crate::bench::{FIRST, dialler, keeps_the_contract, key, origin, secret_file, wrap_error};

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

/// <https://cloud.google.com/kms/docs/data-integrity-guidelines>: such an answer is discarded.
#[tokio::test]
async fn a_checksum_that_is_not_that_of_the_bytes_ends_it() {
    let (cloud, folder) = (Cloud::google(&[]), TempDir::new().unwrap());
    let of = |name: &str| {
        let key = KEY.replace("cryptoKeys/k", &format!("cryptoKeys/{name}"));
        kek(&cloud, &folder, &key, Cloud::TOKEN)
    };
    for name in [
        "changes-ciphertext",
        "lost-plaintext-checksum",
        "lost-context-checksum",
    ] {
        assert_changed(&wrap_error(&of(name)).await);
    }
    let kek = of("changes-plaintext");
    let wrapped = kek.wrap(&key(), FIRST).await.unwrap();
    assert_changed(&kek.unwrap(&wrapped, FIRST).await.err().unwrap());
}

#[track_caller]
fn assert_changed(error: &KekError) {
    // Asked again, it may be well.
    assert_eq!(error.kind, KekFailure::Unreachable, "{error}");
    assert!(error.message.contains("CRC-32C"), "{error}");
}

/// A service that answers without any checksum is not Google's.
#[tokio::test]
async fn an_answer_without_checksums_is_none() {
    let folder = TempDir::new().unwrap();
    let cloud = Cloud::scripted(|_, _| (200, json!({"ciphertext": "aaaa", "plaintext": "aaaa"})));
    let kek = kek(&cloud, &folder, KEY, Cloud::TOKEN);
    let unwrapped = kek.unwrap(b"wrapped", FIRST).await.err().unwrap();
    for error in [wrap_error(&kek).await, unwrapped] {
        assert_eq!(error.kind, KekFailure::Misconfigured, "{error}");
    }
}
