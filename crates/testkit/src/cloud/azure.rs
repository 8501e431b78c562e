//! Azure Key Vault, its keys and its secrets:
//! <https://learn.microsoft.com/en-us/rest/api/keyvault/keys/wrap-key/wrap-key>,
//! <https://learn.microsoft.com/en-us/rest/api/keyvault/secrets/get-secret/get-secret>.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use super::{Cloud, azure_error, is_let_in};

/// The key of the service: what it wrapped, and what it signed.
#[derive(Default)]
struct Rsa {
    wrapped: Vec<Value>,
    signed: Vec<Value>,
}

pub(super) fn script(
    secrets: &[(&str, &str)],
) -> impl FnMut(&str, &Value) -> (u16, Value) + Send + 'static {
    let secrets: BTreeMap<String, String> = secrets
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut rsa = Rsa::default();
    move |head, body| {
        if !is_let_in(head) {
            return azure_error(401, "Unauthorized");
        }
        let line = head.lines().next().unwrap_or_default();
        let (path, query) = line.split_once('?').unwrap_or_default();
        assert_eq!(query, "api-version=7.4 HTTP/1.1", "{line}");
        if let Some(name) = path.strip_prefix("GET /secrets/") {
            return secret(&secrets, name);
        }
        let key = format!("POST /keys/kek/{}/", Cloud::AZURE_KEY_VERSION);
        match path.strip_prefix(&key) {
            Some(verb) => rsa.answer(verb, body),
            None => azure_error(404, "KeyNotFound"),
        }
    }
}

fn secret(secrets: &BTreeMap<String, String>, name: &str) -> (u16, Value) {
    if name == "theirs" {
        return azure_error(403, "Forbidden");
    }
    match secrets.get(name) {
        Some(value) => (200, json!({"value": value, "id": "x", "attributes": {}})),
        None => azure_error(404, "SecretNotFound"),
    }
}

impl Rsa {
    fn answer(&mut self, verb: &str, body: &Value) -> (u16, Value) {
        let version = Cloud::AZURE_KEY_VERSION;
        let kid = format!("https://v.vault.azure.net/keys/kek/{version}");
        let text = |kind: &str, index: usize| Value::from(BASE64.encode(format!("{kind} {index}")));
        let value = &body["value"];
        let expected = if verb.ends_with("wrapkey") {
            "RSA-OAEP-256"
        } else {
            "PS256"
        };
        assert_eq!(body["alg"], expected, "{verb}");
        match verb {
            "wrapkey" => {
                self.wrapped.push(value.clone());
                let wrapped = text("wrapped", self.wrapped.len() - 1);
                (200, json!({"kid": kid, "value": wrapped}))
            }
            "sign" => {
                self.signed.push(value.clone());
                let signature = text("signature", self.signed.len() - 1);
                (200, json!({"kid": kid, "value": signature}))
            }
            "verify" => {
                let mut signed = self.signed.iter().enumerate();
                let is_ours = signed.any(|(index, digest)| {
                    *digest == body["digest"] && *value == text("signature", index)
                });
                (200, json!({"value": is_ours}))
            }
            "unwrapkey" => {
                let mut wrapped = self.wrapped.iter().enumerate();
                match wrapped.find(|(index, _)| *value == text("wrapped", *index)) {
                    Some((_, key)) => (200, json!({"kid": kid, "value": key})),
                    None => azure_error(400, "BadParameter"),
                }
            }
            _ => azure_error(404, "NotFound"),
        }
    }
}
