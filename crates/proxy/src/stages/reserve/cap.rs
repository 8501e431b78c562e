//! Where a stream ends whose provider goes on beyond what is reserved for it.

use bytes::Bytes;
use ironward_core::{Fault, FaultKind};

/// How much text may still come. Providers are told where an answer ends and keep to it; one that
/// does not is stopped here.
#[derive(Debug)]
pub(crate) struct Cap {
    left: u64,
}

/// A token of an answer is hardly ever longer, on average: text has four or five bytes a token.
const BYTES: u64 = 16;

/// The fields of a stream's events that hold what the model writes, in every dialect.
const WRITTEN: [&[u8]; 8] = [
    b"content",
    b"text",
    b"reasoning_content",
    b"reasoning",
    b"thinking",
    b"arguments",
    b"partial_json",
    b"refusal",
];

impl Cap {
    /// The end of answers of so many tokens in all.
    pub(super) const fn new(tokens: u64) -> Self {
        Self {
            left: tokens.saturating_mul(BYTES),
        }
    }

    /// Counts whole events. Why the stream has to end, once it has.
    pub(crate) fn count(&mut self, events: &Bytes) -> Option<Fault> {
        let length = written(events);
        let left = self.left.checked_sub(length);
        self.left = left.unwrap_or_default();
        left.is_none().then(|| {
            Fault::gateway(
                FaultKind::BudgetExceeded,
                "the provider wrote more than the call may cost at most; the reply ends here",
            )
        })
    }
}

/// Bytes of what the model wrote in these events; escapes as they stand, but for quotes.
fn written(events: &[u8]) -> u64 {
    let mut pieces = events.split(|byte| *byte == b'"');
    let mut length = 0;
    let mut name: &[u8] = b"";
    while let Some(piece) = pieces.next() {
        if piece.trim_ascii() != b":" || !WRITTEN.contains(&name) {
            name = piece;
            continue;
        }
        for text in pieces.by_ref() {
            length += u64::try_from(text.len()).unwrap_or(u64::MAX);
            let escapes = text.iter().rev().take_while(|byte| **byte == b'\\');
            if escapes.count() % 2 == 0 {
                break;
            }
        }
        name = b"";
    }
    length
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Cap, written};

    #[test]
    fn only_what_the_model_wrote_is_counted() {
        let openai =
            br#"data: {"id":"content","choices":[{"delta":{"role":"assistant","content":"abc"}}]}"#;
        assert_eq!(written(openai), 3);
        let tool =
            br#"{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"{\"a\": 1}"}}]}}"#;
        // An escaped quote is one byte.
        assert_eq!(written(tool), 8);
        let anthropic = br#"data: {"type":"content_block_delta","delta":{"type":"text_delta","text" : "hi\\"}}"#;
        assert_eq!(written(anthropic), 4);
        assert_eq!(written(br#"{"delta":{"content":null,"text":""}}"#), 0);
        assert_eq!(written(b"data: [DONE]"), 0);
    }

    #[test]
    fn it_ends_beyond_the_last_token() {
        let mut cap = Cap::new(1);
        let event = |text: &str| Bytes::from(format!(r#"data: {{"content":"{text}"}}"#));
        assert!(cap.count(&event("0123456789abcdef")).is_none());
        assert!(cap.count(&event("")).is_none());
        assert!(cap.count(&event("x")).is_some());
    }
}
