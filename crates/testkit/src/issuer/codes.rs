use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Issuer, encode};

/// The codes that stand for a token: each is good once.
#[derive(Default)]
pub(super) struct Codes {
    given: Mutex<HashMap<String, (String, String)>>,
    asked: AtomicUsize,
}

impl Codes {
    pub(super) fn give(&self, code: &str, challenge: &str, token: String) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        given.insert(code.to_owned(), (challenge.to_owned(), token));
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What the token endpoint answers.
    pub(super) fn exchange(&self, authorization: &str, form: &str) -> (&'static str, String) {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let deny = |error: &str| {
            let body = json!({"error": error, "error_description": form});
            ("400 Bad Request", body.to_string())
        };
        // RFC 6749, section 2.3.1: both halves are encoded as in a form before they are joined.
        let secret = Issuer::SECRET
            .replace('%', "%25")
            .replace(' ', "%20")
            .replace('+', "%2B");
        let pair = STANDARD.encode(format!("{}:{secret}", Issuer::AUDIENCE));
        if authorization != format!("Basic {pair}") {
            return deny("invalid_client");
        }
        let field = |name: &str| {
            let mut fields = form.split('&').filter_map(|field| field.split_once('='));
            fields.find_map(|(found, value)| (found == name).then_some(value))
        };
        if field("grant_type") != Some("authorization_code") || field("redirect_uri").is_none() {
            return deny("invalid_request");
        }
        let code = field("code").unwrap_or_default();
        let given = self
            .given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(code);
        let verifier = field("code_verifier").unwrap_or_default();
        let challenge = encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        match given {
            Some((expected, token)) if expected == challenge => {
                let body = json!({"access_token": "x", "token_type": "Bearer", "id_token": token});
                ("200 OK", body.to_string())
            }
            _ => deny("invalid_grant"),
        }
    }
}
