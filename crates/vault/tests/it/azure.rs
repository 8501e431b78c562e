//! Azure Key Vault, as its reference describes it: no such service can run here. The scripted one
//! checks the requests and answers as the pages do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ironward_egress::Settings;
use ironward_vault::{AzureKeyVaultKek, AzureKeyVaultSettings, Kek as _, KekFailure};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{FIRST, dialler, keeps_the_contract, key, origin, scripted, wrap_error};

const VERSION: &str = "0698c2156c1a4e1da5b6bab6f6422fd6";

/// A key of the service: what it wrapped, and what it signed.
#[derive(Default)]
struct Rsa {
    wrapped: Vec<Value>,
    signed: Vec<Value>,
}

fn answer(head: &str, body: &Value, rsa: &mut Rsa) -> (u16, Value) {
    let refusal = |status: u16, code: &str| {
        (
            status,
            json!({"error": {"code": code, "message": "echo-canary"}}),
        )
    };
    if !head.contains("authorization: Bearer eyJ0.good") {
        return refusal(401, "Unauthorized");
    }
    let line = head.lines().next().unwrap();
    let (path, query) = line.split_once('?').unwrap();
    assert_eq!(query, "api-version=7.4 HTTP/1.1");
    let Some(verb) = path.strip_prefix(&format!("POST /keys/kek/{VERSION}/")) else {
        return refusal(404, "KeyNotFound");
    };
    let kid = format!("https://v.vault.azure.net/keys/kek/{VERSION}");
    let text = |kind: &str, index: usize| Value::from(BASE64.encode(format!("{kind} {index}")));
    let value = &body["value"];
    let expected = if verb.ends_with("wrapkey") {
        "RSA-OAEP-256"
    } else {
        "PS256"
    };
    assert_eq!(body["alg"], expected);
    match verb {
        "wrapkey" => {
            rsa.wrapped.push(value.clone());
            let wrapped = text("wrapped", rsa.wrapped.len() - 1);
            (200, json!({"kid": kid, "value": wrapped}))
        }
        "sign" => {
            rsa.signed.push(value.clone());
            let signature = text("signature", rsa.signed.len() - 1);
            (200, json!({"kid": kid, "value": signature}))
        }
        "verify" => {
            let mut signed = rsa.signed.iter().enumerate();
            let is_ours = signed.any(|(index, digest)| {
                *digest == body["digest"] && *value == text("signature", index)
            });
            (200, json!({"value": is_ours}))
        }
        "unwrapkey" => {
            let mut wrapped = rsa.wrapped.iter().enumerate();
            match wrapped.find(|(index, _)| *value == text("wrapped", *index)) {
                Some((_, key)) => (200, json!({"kid": kid, "value": key})),
                None => refusal(400, "BadParameter"),
            }
        }
        _ => refusal(404, "NotFound"),
    }
}

async fn kek(folder: &TempDir, name: &str, token: &str) -> (AzureKeyVaultKek, Arc<Mutex<Rsa>>) {
    let path = folder.path().join("token");
    fs::write(&path, format!("{token}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let rsa = Arc::new(Mutex::new(Rsa::default()));
    let served = Arc::clone(&rsa);
    let address = scripted(move |head, body| answer(head, body, &mut served.lock().unwrap())).await;
    let vault = origin(&format!("http://{address}"));
    let settings = AzureKeyVaultSettings::new(vault, name, VERSION, path);
    let kek = AzureKeyVaultKek::new(settings, dialler(Settings::default())).unwrap();
    (kek, rsa)
}

#[tokio::test]
async fn a_key_of_azure_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    let (kek, _) = kek(&folder, "kek", "eyJ0.good").await;
    assert_eq!(
        kek.describe().name(),
        format!("azure-keyvault:kek/{VERSION}")
    );
    keeps_the_contract(Arc::new(kek)).await;
}

#[tokio::test]
async fn a_key_that_somebody_wrapped_with_the_public_half_is_refused() {
    let folder = TempDir::new().unwrap();
    let (kek, rsa) = kek(&folder, "kek", "eyJ0.good").await;
    let good = kek.wrap(&key(), FIRST).await.unwrap();
    // The service unwraps it, because anybody could have wrapped it.
    rsa.lock()
        .unwrap()
        .wrapped
        .push(BASE64.encode([7; 32]).into());
    let (wrapped, signature) = (b"wrapped 1", b"signature 0");
    let forged = [&9_u16.to_be_bytes()[..], wrapped, signature].concat();
    assert_eq!(forged.len(), good.len());
    let error = kek.unwrap(&forged, FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused);
    assert!(error.message.contains("signature"), "{error}");
}

#[tokio::test]
async fn who_may_not_and_what_is_not_there_is_named() {
    let folder = TempDir::new().unwrap();
    let (denied, _) = kek(&folder, "kek", "eyJ0.token-canary").await;
    let error = wrap_error(&denied).await;
    assert_eq!(error.kind, KekFailure::Denied);
    assert!(
        error.message.contains("expired") && !error.message.contains("canary"),
        "{error}"
    );
    let (missing, _) = kek(&folder, "none", "eyJ0.good").await;
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
