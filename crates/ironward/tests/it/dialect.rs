use serde_json::{Value, json};

/// A client's wire format for chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
}

impl Dialect {
    pub(crate) const BOTH: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    /// A call whose only message is `text`.
    pub(crate) fn body(self, model: &str, text: &str) -> Value {
        self.conversation(model, &json!(text))
    }

    /// A call whose only message has this content.
    pub(crate) fn conversation(self, model: &str, content: &Value) -> Value {
        let mut body = json!({"model": model, "messages": [{"role": "user", "content": content}]});
        if self == Self::Anthropic {
            body["max_tokens"] = 64.into();
        }
        body
    }

    /// The same, streamed.
    pub(crate) fn stream(self, model: &str, text: &str) -> Value {
        let mut body = self.body(model, text);
        body["stream"] = true.into();
        body
    }

    /// The text of a whole reply.
    pub(crate) fn text(self, reply: &Value) -> &str {
        let text = match self {
            Self::OpenAi => &reply["choices"][0]["message"]["content"],
            Self::Anthropic => &reply["content"][0]["text"],
        };
        text.as_str().unwrap_or_default()
    }

    /// The message of an error reply, after a check of its form.
    #[track_caller]
    pub(crate) fn error(self, reply: &Value) -> String {
        if self == Self::Anthropic {
            assert_eq!(reply["type"], "error", "{reply}");
        }
        assert!(reply["error"]["type"].is_string(), "{reply}");
        let message = reply["error"]["message"].as_str();
        message.unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Whether a stream says that it is complete.
    pub(crate) fn is_complete(self, stream: &str) -> bool {
        match self {
            Self::OpenAi => stream.lines().any(|line| line == "data: [DONE]"),
            Self::Anthropic => stream.lines().any(|line| line == "event: message_stop"),
        }
    }

    /// The error event that ends a stream.
    pub(crate) fn error_event(self, stream: &str) -> Option<Value> {
        let last = stream.trim_end().split("\n\n").last()?;
        let json = last.lines().find_map(|line| line.strip_prefix("data: "))?;
        let event: Value = serde_json::from_str(json).ok()?;
        let named = self == Self::OpenAi || last.lines().any(|line| line == "event: error");
        (named && event["error"].is_object()).then_some(event)
    }

    /// All text of a stream, joined.
    pub(crate) fn streamed_text(self, stream: &str) -> String {
        let events = stream
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .filter_map(|json| serde_json::from_str::<Value>(json).ok());
        events
            .filter_map(|event| {
                let text = match self {
                    Self::OpenAi => &event["choices"][0]["delta"]["content"],
                    Self::Anthropic => &event["delta"]["text"],
                };
                text.as_str().map(str::to_owned)
            })
            .collect()
    }
}
