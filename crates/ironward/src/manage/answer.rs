use std::fmt::Write as _;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use crate::exit::Failure;
use crate::table::{is_unsafe, one_line};

/// What the gateway said.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Answer {
    /// The answer as it came. For a terminal, characters that could rewrite it are written as JSON
    /// writes them, which changes nothing for whoever reads it as JSON.
    pub(super) fn text(&self, is_terminal: bool) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let text = text.trim_end();
        if is_terminal {
            let mut escaped = String::with_capacity(text.len() + 1);
            for letter in text.chars() {
                if is_unsafe(letter) && letter != '\n' && letter != '\t' {
                    let mut units = [0; 2];
                    for unit in letter.encode_utf16(&mut units) {
                        let _infallible = write!(escaped, "\\u{unit:04x}");
                    }
                } else {
                    escaped.push(letter);
                }
            }
            return escaped + "\n";
        }
        format!("{text}\n")
    }

    pub(super) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| {
            Failure::Unreached(
                "the answer is not JSON: --admin-url does not name an admin port".to_owned(),
            )
        })
    }

    /// Whether it was done, else why not, on one line.
    pub(super) fn outcome(&self) -> Result<(), Failure> {
        if self.status.is_success() {
            return Ok(());
        }
        let status = self.status.as_u16();
        let said = match serde_json::from_slice(&self.body) {
            Ok(body) => reason(&body),
            Err(_) => None,
        };
        let said = said.unwrap_or_else(|| "the gateway gives no reason".to_owned());
        let text = format!("{} ({status})", one_line(&said));
        Err(match status {
            401 => Failure::Refused(format!(
                "{text}; is the key in IRONWARD_ADMIN_KEY or --key-file this gateway's?"
            )),
            404 => Failure::Absent(text),
            429 | 500.. => Failure::Unreached(text),
            _ => Failure::Refused(text),
        })
    }
}

/// LiteLLM's envelope, or `FastAPI`'s list of what is wrong with a request.
fn reason(body: &Value) -> Option<String> {
    if let Some(details) = body.get("detail").and_then(Value::as_array) {
        let all: Vec<String> = details.iter().filter_map(detail).collect();
        return (!all.is_empty()).then(|| all.join("; "));
    }
    let error = body.get("error")?;
    let message = error.get("message")?.as_str()?;
    match error.get("param").and_then(Value::as_str) {
        Some(param) if param != "key" && !message.contains(param) => {
            Some(format!("{param}: {message}"))
        }
        _ => Some(message.to_owned()),
    }
}

fn detail(detail: &Value) -> Option<String> {
    let message = detail.get("msg")?.as_str()?;
    let place: Vec<String> = detail
        .get("loc")?
        .as_array()?
        .iter()
        .skip(1)
        .map(|part| {
            part.as_str()
                .map_or_else(|| part.to_string(), str::to_owned)
        })
        .collect();
    Some(if place.is_empty() {
        message.to_owned()
    } else {
        format!("{}: {message}", place.join("."))
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::Answer;
    use crate::exit::Failure;

    fn said(status: u16, body: &str) -> Failure {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        answer.outcome().unwrap_err()
    }

    #[test]
    fn a_refusal_is_one_line() {
        let shape = r#"{"detail":[{"type":"extra_forbidden","loc":["body","modls"],"msg":"Extra inputs are not permitted; did you mean 'models'?"},{"type":"x","loc":["body","hours",0],"msg":"no"}]}"#;
        let failure = said(422, shape);
        assert!(matches!(failure, Failure::Refused(_)));
        assert_eq!(
            failure.to_string(),
            "modls: Extra inputs are not permitted; did you mean 'models'?; hours.0: no (422)"
        );
        let failure = said(
            404,
            "{\"error\":{\"message\":\"Key\\nnot found\",\"param\":\"key\"}}",
        );
        assert!(matches!(failure, Failure::Absent(_)));
        assert_eq!(failure.to_string(), "Key\\u{a}not found (404)");
        assert!(matches!(said(503, "no json"), Failure::Unreached(_)));
        assert!(said(401, "{}").to_string().contains("IRONWARD_ADMIN_KEY"));
    }

    #[test]
    fn a_terminal_is_not_rewritten_by_a_name() {
        let answer = Answer {
            status: StatusCode::OK,
            body: Bytes::from("{\"a\":\"\u{9b}2J\u{202e}\"}".to_owned()),
        };
        assert_eq!(answer.text(true), "{\"a\":\"\\u009b2J\\u202e\"}\n");
        assert_eq!(answer.text(false), "{\"a\":\"\u{9b}2J\u{202e}\"}\n");
    }
}
