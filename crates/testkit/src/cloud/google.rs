//! Google Cloud KMS and Secret Manager:
//! <https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys>,
//! <https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{google_error, is_let_in};

/// What was encrypted: the key, the plaintext and the additional data. A ciphertext is its index.
type Encrypted = Vec<(String, Value, Value)>;

pub(super) fn script(
    secrets: &[(&str, &[u8])],
) -> impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static {
    let secrets: BTreeMap<String, Vec<u8>> = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
        .collect();
    let mut encrypted = Encrypted::new();
    move |head, body| {
        if !is_let_in(head) {
            return google_error(401, "UNAUTHENTICATED");
        }
        let line = head.lines().next().unwrap_or_default();
        let (method, rest) = line.split_once(" /v1/").unwrap_or_default();
        let (name, verb) = rest.split_once(':').unwrap_or_default();
        match (method, verb) {
            ("GET", "access HTTP/1.1") => access(&secrets, name),
            ("POST", _) if name.ends_with("/none") => google_error(404, "NOT_FOUND"),
            ("POST", "encrypt HTTP/1.1") => encrypt(&mut encrypted, name, body),
            ("POST", "decrypt HTTP/1.1") => decrypt(&encrypted, name, body),
            _ => google_error(404, "NOT_FOUND"),
        }
    }
}

fn access(secrets: &BTreeMap<String, Vec<u8>>, name: &str) -> (u16, Value) {
    if name.contains("/secrets/theirs/") {
        return google_error(403, "PERMISSION_DENIED");
    }
    if name.contains("/secrets/off/") {
        return google_error(400, "FAILED_PRECONDITION");
    }
    if name.contains("/secrets/ill/") {
        return google_error(503, "UNAVAILABLE");
    }
    match secrets.get(name) {
        Some(value) => {
            let payload = json!({"data": STANDARD.encode(value), "dataCrc32c": "1"});
            (200, json!({"name": name, "payload": payload}))
        }
        None => google_error(404, "NOT_FOUND"),
    }
}

fn encrypt(encrypted: &mut Encrypted, key: &str, body: &Value) -> (u16, Value) {
    let ciphertext = STANDARD.encode(format!("ciphertext {}", encrypted.len()));
    let bound = body["additionalAuthenticatedData"].clone();
    encrypted.push((key.to_owned(), body["plaintext"].clone(), bound));
    let name = format!("{key}/cryptoKeyVersions/1");
    (200, json!({"name": name, "ciphertext": ciphertext}))
}

fn decrypt(encrypted: &Encrypted, key: &str, body: &Value) -> (u16, Value) {
    let ciphertext = body["ciphertext"].as_str().unwrap_or_default();
    let mut known = encrypted.iter().enumerate();
    let found =
        known.find(|(index, _)| ciphertext == STANDARD.encode(format!("ciphertext {index}")));
    match found {
        Some((_, (of, plaintext, bound)))
            if of == key && *bound == body["additionalAuthenticatedData"] =>
        {
            (200, json!({"plaintext": plaintext}))
        }
        _ => google_error(400, "INVALID_ARGUMENT"),
    }
}
