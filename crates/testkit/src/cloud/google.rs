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
            let mut payload =
                json!({"data": STANDARD.encode(value), "dataCrc32c": checksum(value)});
            if name.contains("/secrets/changed/") {
                payload["dataCrc32c"] = checksum(b"before").into();
            }
            if name.contains("/secrets/unchecked/") {
                payload["dataCrc32c"].take();
            }
            (200, json!({"name": name, "payload": payload}))
        }
        None => google_error(404, "NOT_FOUND"),
    }
}

fn encrypt(encrypted: &mut Encrypted, key: &str, body: &Value) -> (u16, Value) {
    let ciphertext = format!("ciphertext {}", encrypted.len());
    let bound = body["additionalAuthenticatedData"].clone();
    let (Some(plaintext), Some(additional)) = (
        is_as_sent(body, "plaintext"),
        is_as_sent(body, "additionalAuthenticatedData"),
    ) else {
        return google_error(400, "INVALID_ARGUMENT");
    };
    encrypted.push((key.to_owned(), body["plaintext"].clone(), bound));
    let reply = json!({
        "name": format!("{key}/cryptoKeyVersions/1"),
        "ciphertext": STANDARD.encode(&ciphertext),
        "ciphertextCrc32c": checksum(ciphertext.as_bytes()),
        "verifiedPlaintextCrc32c": plaintext,
        "verifiedAdditionalAuthenticatedDataCrc32c": additional,
        "protectionLevel": "SOFTWARE",
    });
    (200, bent(key, reply))
}

/// What the keys of certain names do to their answers.
fn bent(key: &str, mut reply: Value) -> Value {
    let name = key.rsplit('/').next().unwrap_or_default();
    match name {
        "changes-ciphertext" => reply["ciphertextCrc32c"] = checksum(b"before").into(),
        "changes-plaintext" if reply["plaintext"].is_string() => {
            reply["plaintextCrc32c"] = checksum(b"before").into();
        }
        "lost-plaintext-checksum" => reply["verifiedPlaintextCrc32c"] = false.into(),
        "lost-context-checksum" => {
            // False is left out.
            let fields = reply.as_object_mut().expect("an object");
            fields.remove("verifiedAdditionalAuthenticatedDataCrc32c");
        }
        _ => {}
    }
    reply
}

/// Whether a field came with a checksum; `None` where that is not the field's.
fn is_as_sent(body: &Value, field: &str) -> Option<bool> {
    let Some(sent) = body.get(format!("{field}Crc32c")) else {
        return Some(false);
    };
    let bytes = STANDARD.decode(body[field].as_str().unwrap_or_default());
    (*sent == checksum(&bytes.ok()?)).then_some(true)
}

/// CRC-32C, as JSON of protocol buffers has a 64-bit integer. By another implementation than that
/// of the vault, which is tested with it.
fn checksum(bytes: &[u8]) -> String {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    CRC.checksum(bytes).to_string()
}

fn decrypt(encrypted: &Encrypted, key: &str, body: &Value) -> (u16, Value) {
    let ciphertext = body["ciphertext"].as_str().unwrap_or_default();
    let fields = ["ciphertext", "additionalAuthenticatedData"];
    if fields.map(|field| is_as_sent(body, field)).contains(&None) {
        return google_error(400, "INVALID_ARGUMENT");
    }
    let mut known = encrypted.iter().enumerate();
    let found =
        known.find(|(index, _)| ciphertext == STANDARD.encode(format!("ciphertext {index}")));
    match found {
        Some((_, (of, plaintext, bound)))
            if of == key && *bound == body["additionalAuthenticatedData"] =>
        {
            let bytes = STANDARD.decode(plaintext.as_str().unwrap_or_default());
            let bytes = bytes.expect("it was Base64");
            let reply = json!({"plaintext": plaintext, "plaintextCrc32c": checksum(&bytes)});
            (200, bent(key, reply))
        }
        _ => google_error(400, "INVALID_ARGUMENT"),
    }
}
