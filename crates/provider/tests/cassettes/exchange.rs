//! One recorded exchange, and what it is in the gateway's words.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use ironward_core::{
    CallId, CredentialId, Deployment, DeploymentId, ParamPolicy, Random, Timeouts,
};
use ironward_provider::{Provider, find};
use ironward_wire::{Body, Call, Dialect, Envelope};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A line of a recording.
pub(crate) struct Exchange {
    line: Line,
    /// What was asked.
    pub(crate) kind: Kind,
    /// The vendor whose codec reads it.
    pub(crate) vendor: &'static str,
}

/// What was asked, in which format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Chat,
    Completions,
    Embeddings,
    Messages,
    CountTokens,
    GeminiGenerate,
    GeminiEmbed,
    GeminiCount,
    OllamaChat,
    OllamaEmbed,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: String,
    provider: String,
    #[serde(default)]
    endpoint: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    request_body: Option<Box<RawValue>>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    response_headers: Option<Value>,
    #[serde(default)]
    response_body: Option<String>,
    #[serde(default)]
    response_framing: Option<String>,
    #[serde(default)]
    response_body_encoding: Option<String>,
    #[serde(default)]
    complete: bool,
}

impl Exchange {
    /// Reads a line; `None` when it is of a format that no codec here covers.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(line).unwrap();
        let endpoint = line.endpoint.clone()?;
        let endpoint = endpoint.split('?').next()?;
        let (kind, vendor) = surface(&line.provider, endpoint)?;
        Some(Self { line, kind, vendor })
    }

    pub(crate) fn id(&self) -> &str {
        &self.line.id
    }

    /// Who was recorded.
    pub(crate) fn recorded(&self) -> &str {
        &self.line.provider
    }

    pub(crate) fn provider(&self) -> &'static dyn Provider {
        find(self.vendor).unwrap().provider
    }

    pub(crate) fn status(&self) -> u16 {
        self.line.status.unwrap_or(200)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status())
    }

    /// Whether the stream was recorded to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.line.complete
    }

    pub(crate) fn framing(&self) -> &str {
        if self.line.response_body_encoding.as_deref() == Some("base64") && self.is_success() {
            return "binary";
        }
        self.line.response_framing.as_deref().unwrap_or("none")
    }

    pub(crate) fn reply(&self) -> Bytes {
        Bytes::from(self.line.response_body.clone().unwrap_or_default())
    }

    pub(crate) fn headers(&self) -> HeaderMap {
        let Some(Value::Object(fields)) = &self.line.response_headers else {
            return HeaderMap::new();
        };
        fields
            .iter()
            .filter_map(|(name, value)| {
                let name: HeaderName = name.parse().ok()?;
                let value: HeaderValue = value.as_str()?.parse().ok()?;
                Some((name, value))
            })
            .collect()
    }

    /// The dialect of the recorded client, where it is one that the gateway's clients speak.
    pub(crate) fn dialect(&self) -> Option<Dialect> {
        match self.kind {
            Kind::Chat => Some(Dialect::OpenAiChat),
            Kind::Completions => Some(Dialect::OpenAiCompletions),
            Kind::Embeddings => Some(Dialect::OpenAiEmbeddings),
            Kind::Messages => Some(Dialect::AnthropicMessages),
            Kind::CountTokens => Some(Dialect::AnthropicCountTokens),
            _ => None,
        }
    }

    /// The recorded call; `None` when the request was not kept or is of a vendor's own format.
    pub(crate) fn call(&self) -> Option<Result<(Call, Value), String>> {
        let dialect = self.dialect()?;
        let text = self.line.request_body.as_ref()?.get();
        if !text.starts_with('{') {
            return None;
        }
        let written: Value = serde_json::from_str(text).unwrap();
        let in_path = written.get("model").is_none_or(Value::is_null);
        let model = in_path.then(|| self.line.model.as_deref().unwrap_or("recorded"));
        let call = Body::read(Bytes::copy_from_slice(text.as_bytes()))
            .and_then(|body| Call::read(dialect, body, model))
            .map(|call| (call, written))
            .map_err(|fault| fault.to_string());
        Some(call)
    }
}

fn surface(provider: &str, endpoint: &str) -> Option<(Kind, &'static str)> {
    let ends = |tail: &str| endpoint.ends_with(tail);
    if matches!(provider, "gemini" | "vertex") {
        let kind = if ends(":generateContent") || ends(":streamGenerateContent") {
            Kind::GeminiGenerate
        } else if ends(":embedContent") || ends(":batchEmbedContents") {
            Kind::GeminiEmbed
        } else if ends(":countTokens") {
            Kind::GeminiCount
        } else if ends("/chat/completions") {
            return Some((Kind::Chat, "openai_like"));
        } else {
            return None;
        };
        return Some((kind, "gemini"));
    }
    let kind = match provider {
        "ollama" if ends("/api/chat") => Kind::OllamaChat,
        "ollama" if ends("/api/embed") => Kind::OllamaEmbed,
        "anthropic" if ends("/v1/messages") => Kind::Messages,
        "anthropic" if ends("/v1/messages/count_tokens") => Kind::CountTokens,
        // Bedrock's and Cohere's own formats end alike.
        "cohere" => return None,
        "deepseek" | "openai-compatible" if ends("/chat") => Kind::Chat,
        _ if ends("/chat/completions") => Kind::Chat,
        _ if ends("/v1/completions") || ends("}/completions") => Kind::Completions,
        "ollama" => return None,
        _ if ends("/embeddings") => Kind::Embeddings,
        _ => return None,
    };
    let vendor = match (provider, kind) {
        ("ollama", Kind::OllamaChat | Kind::OllamaEmbed) => "ollama",
        ("anthropic", Kind::Messages | Kind::CountTokens) => "anthropic",
        ("alibaba", _) => "dashscope",
        ("azure", _) if endpoint.starts_with("/models/") => "azure_ai",
        ("together", _) => "together_ai",
        ("venice", _) => "veniceai",
        ("anthropic" | "ollama" | "bedrock", _) => "openai_like",
        // `find` knows the rest by the name that they were recorded under.
        (name, _) => find(name).map_or("openai_like", |vendor| vendor.provider.name()),
    };
    Some((kind, vendor))
}

/// A call as small as `dialect` allows.
pub(crate) fn small_call(dialect: Dialect, stream: bool) -> Call {
    let field = match dialect {
        Dialect::OpenAiEmbeddings => r#""input":["hi"]"#,
        Dialect::OpenAiCompletions => r#""prompt":"hi""#,
        _ => r#""max_tokens":9,"messages":[{"role":"user","content":"hi"}]"#,
    };
    let body = format!(
        r#"{{"model":"group","stream":{stream},"stream_options":{{"include_usage":true}},{field}}}"#
    );
    let mut call = Call::read(dialect, Body::read(body.into()).unwrap(), None).unwrap();
    call.include_usage = true;
    call
}

pub(crate) fn envelope() -> Envelope {
    struct Zeros;
    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }
    Envelope {
        call_id: CallId::draw(&Zeros),
        created: 1_700_000_000,
        model: "group".into(),
        include_usage: true,
    }
}

pub(crate) fn deployment(provider: &'static str) -> Deployment {
    Deployment {
        id: DeploymentId::new("deployment"),
        group: "group".into(),
        provider,
        model: "model".into(),
        credential: CredentialId::new(1),
        weight: 1.0,
        order: 1,
        retries: None,
        timeouts: Timeouts::default(),
        stream_first_byte: None,
        params: ParamPolicy::default(),
        api_version: None,
        extra_headers: HeaderMap::new(),
        mock_response: None,
    }
}
