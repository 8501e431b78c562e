use std::fmt::Write as _;

use ironward_testkit::{RecordedCall, Upstream};

/// A provider family: how it is configured, and how its upstream sees the key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// As in `provider/model`.
    pub(crate) name: &'static str,
    /// What `api_base` has behind the address.
    base: &'static str,
    /// The header that brings the key, and what stands before the key.
    key_header: (&'static str, &'static str),
    /// The key that the gateway holds for it.
    pub(crate) key: &'static str,
}

/// Every wire format that a provider can have.
pub(crate) const FAMILIES: [Family; 6] = [
    Family {
        name: "openai",
        base: "/v1",
        key_header: ("authorization", "Bearer "),
        key: "vR7kQ2mZ9xW4nB6tY1pL",
    },
    Family {
        name: "azure",
        base: "",
        key_header: ("api-key", ""),
        key: "hJ3sD8fG5aK0cV2bN7eM",
    },
    Family {
        name: "groq",
        base: "/openai/v1",
        key_header: ("authorization", "Bearer "),
        key: "uT6yR1wE9qP4oI8lU3zX",
    },
    Family {
        name: "anthropic",
        base: "",
        key_header: ("x-api-key", ""),
        key: "mN5bV0cX7zL2kJ9hG4fD",
    },
    Family {
        name: "gemini",
        base: "",
        key_header: ("x-goog-api-key", ""),
        key: "qA1wS6eD3rF8tG5yH0uJ",
    },
    Family {
        name: "ollama",
        base: "",
        key_header: ("authorization", "Bearer "),
        key: "pO9iU4yT7rE2wQ6lK1jH",
    },
];

impl Family {
    /// The model group that hands any name on to this family.
    pub(crate) fn model(self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// The key that a recorded call of this family came with.
    pub(crate) fn key_of(self, call: &RecordedCall) -> String {
        let (header, prefix) = self.key_header;
        let value = call.header(header);
        value.strip_prefix(prefix).unwrap_or_default().to_owned()
    }

    /// Its entry of `model_list`, on `upstream`.
    pub(crate) fn entry(self, upstream: &Upstream) -> String {
        let Self { name, base, .. } = self;
        let mut entry = String::new();
        let _infallible = write!(
            entry,
            "  - model_name: {name}/*\n    litellm_params:\n      model: {name}/*\n      api_base: {}{base}\n      api_key: {}\n",
            upstream.url(),
            self.key,
        );
        if name == "azure" {
            entry.push_str("      api_version: 2024-10-21\n");
        }
        entry
    }
}
