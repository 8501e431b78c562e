use serde_json::json;

/// A call that is repeated.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Characters of the prompt.
    pub(super) prompt: usize,
    pub(super) stream: bool,
}

pub(super) const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "whole",
        prompt: 100,
        stream: false,
    },
    Scenario {
        name: "large",
        prompt: 100_000,
        stream: false,
    },
    Scenario {
        name: "stream",
        prompt: 100,
        stream: true,
    },
];

impl Scenario {
    /// A chat completion request as an SDK would write it.
    pub(super) fn body(&self) -> String {
        const WORDS: &str = "The quick brown fox jumps over the lazy dog. ";
        let prompt: String = WORDS.chars().cycle().take(self.prompt).collect();
        let messages = json!([
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": prompt},
        ]);
        let mut body = json!({"model": "gpt-test", "messages": messages});
        if let (true, Some(fields)) = (self.stream, body.as_object_mut()) {
            fields.insert("stream".to_owned(), true.into());
        }
        body.to_string()
    }
}
