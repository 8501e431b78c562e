//! Google Cloud KMS, as its reference describes it: no such service can run here. The scripted one
//! checks the request line by line and answers as the page does.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ironward_egress::Settings;
use ironward_vault::{GcpKmsKek, GcpKmsSettings, Kek as _, KekFailure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{dialler, keeps_the_contract, origin, scripted, wrap_error};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

/// What was encrypted: plaintext and additional data. A ciphertext is `index` in Base64.
type Vaulted = Arc<Mutex<Vec<(Value, Value)>>>;

async fn kms() -> SocketAddr {
    let vaulted = Vaulted::default();
    scripted(move |head, body| answer(head, body, &vaulted)).await
}

fn answer(head: &str, body: &Value, vaulted: &Vaulted) -> (u16, Value) {
    let refusal = |code: u16, status: &str| {
        let message = "echo-canary";
        let error = json!({"code": code, "message": message, "status": status});
        (code, json!({"error": error}))
    };
    if !head.contains("authorization: Bearer ya29.good") {
        return refusal(401, "UNAUTHENTICATED");
    }
    let bound = body["additionalAuthenticatedData"].clone();
    let line = head.lines().next().unwrap();
    let mut vaulted = vaulted.lock().unwrap();
    if line == format!("POST /v1/{KEY}:encrypt HTTP/1.1") {
        let ciphertext = STANDARD.encode(format!("ciphertext {}", vaulted.len()));
        vaulted.push((body["plaintext"].clone(), bound));
        let name = format!("{KEY}/cryptoKeyVersions/1");
        return (200, json!({"name": name, "ciphertext": ciphertext}));
    }
    if line != format!("POST /v1/{KEY}:decrypt HTTP/1.1") {
        return refusal(404, "NOT_FOUND");
    }
    let ciphertext = STANDARD
        .decode(body["ciphertext"].as_str().unwrap())
        .unwrap();
    let index = ciphertext.strip_prefix(b"ciphertext ");
    let index = index.and_then(|index| std::str::from_utf8(index).ok()?.parse::<usize>().ok());
    match index.and_then(|index| vaulted.get(index)) {
        Some((plaintext, known)) if *known == bound => (200, json!({"plaintext": plaintext})),
        _ => refusal(400, "INVALID_ARGUMENT"),
    }
}

async fn kek(folder: &TempDir, key: &str, token: &str) -> GcpKmsKek {
    let path = folder.path().join("token");
    fs::write(&path, format!("{token}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = GcpKmsSettings {
        endpoint: Some(origin(&format!("http://{}", kms().await))),
        ..GcpKmsSettings::new(key, path)
    };
    GcpKmsKek::new(settings, dialler(Settings::default())).unwrap()
}

#[tokio::test]
async fn a_key_of_google_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    let kek = kek(&folder, KEY, "ya29.good").await;
    assert_eq!(kek.describe().name(), format!("gcp-kms:{KEY}"));
    keeps_the_contract(Arc::new(kek)).await;
}

#[tokio::test]
async fn a_token_that_has_expired_is_named() {
    let folder = TempDir::new().unwrap();
    let error = wrap_error(&kek(&folder, KEY, "ya29.token-canary").await).await;
    assert_eq!(error.kind, KekFailure::Denied);
    assert!(
        error.message.contains("expired") && !error.message.contains("canary"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let other = KEY.replace("cryptoKeys/k", "cryptoKeys/none");
    let error = wrap_error(&kek(&folder, &other, "ya29.good").await).await;
    assert_eq!(error.kind, KekFailure::Misconfigured);
    assert!(
        error.message.contains("NOT_FOUND") && error.message.contains("none"),
        "{error}"
    );
}
