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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::bench::{dialler, keeps_the_contract, origin, wrap_error};

const KEY: &str = "projects/p/locations/global/keyRings/r/cryptoKeys/k";

/// What was encrypted: plaintext and additional data. A ciphertext is `index` in Base64.
type Vaulted = Arc<Mutex<Vec<(Value, Value)>>>;

async fn kms() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let vaulted = Vaulted::default();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !is_whole(&request) {
                stream.read_buf(&mut request).await.unwrap();
            }
            let (status, body) = answer(&String::from_utf8(request).unwrap(), &vaulted);
            let body = body.to_string();
            let reply = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: application/json; charset=UTF-8\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    });
    address
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.to_ascii_lowercase();
    let (_, length) = length.split_once("content-length: ").unwrap();
    body.len() >= length.lines().next().unwrap().parse().unwrap()
}

fn answer(request: &str, vaulted: &Vaulted) -> (u16, Value) {
    let refusal = |code: u16, status: &str| {
        let message = "echo-canary";
        let error = json!({"code": code, "message": message, "status": status});
        (code, json!({"error": error}))
    };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    if !head.contains("authorization: Bearer ya29.good\r\n") {
        return refusal(401, "UNAUTHENTICATED");
    }
    let body: Value = serde_json::from_str(body).unwrap();
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
