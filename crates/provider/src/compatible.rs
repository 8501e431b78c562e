//! Vendors that speak OpenAI's wire format: rows of a table, not files.
//!
//! What the vendors do differently is written as [`Quirk`]s in their rows. A call in an OpenAI
//! dialect is patched and forwarded; any other one is written by the chat codec and then goes
//! through the same patch, so a quirk is stated once.

mod errors;
mod messages;
mod request;
mod vendors;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use ironward_core::{AuthScheme, Fault, FaultKind, UpstreamRequest};
use ironward_wire::{Call, Dialect, Reply, StreamDecoder, openai_chat, openai_embeddings};

use crate::{Local, Provider, Target, Vendor, estimate};

pub(crate) use errors::classify;
pub(crate) use request::{body, request};

/// A vendor that speaks OpenAI's wire format: how it is reached, and where it departs from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compatible {
    /// As in `provider/model`.
    pub(crate) name: &'static str,
    /// Further names that LiteLLM knows it by.
    pub(crate) aliases: &'static [&'static str],
    /// The base URL; `None` when the operator has to give `api_base`.
    pub(crate) base_url: Option<&'static str>,
    /// What every path starts with below the base URL, which people write with and without it.
    pub(crate) prefix: &'static str,
    /// The environment variables that may hold the key, the first present wins.
    pub(crate) key_variables: &'static [&'static str],
    /// The environment variables that may hold the base URL, the first present wins.
    pub(crate) base_variables: &'static [&'static str],
    /// Whether it needs no key (local servers).
    pub(crate) keyless: bool,
    /// The header that holds the key instead of `Authorization: Bearer`.
    pub(crate) key_header: Option<&'static str>,
    /// Which of OpenAI's endpoints it has.
    pub(crate) endpoints: Endpoints,
    /// Fields that it knows by another name: OpenAI's, its own.
    pub(crate) renames: &'static [(&'static str, &'static str)],
    /// Top-level fields that it answers with an error.
    pub(crate) refused: &'static [&'static str],
    /// Fields of messages that it answers with an error; taken out silently, since they are echoes
    /// of earlier replies or hints, and not a wish of the caller's.
    pub(crate) strips: &'static [&'static str],
    /// Where else it departs from OpenAI.
    pub(crate) quirks: &'static [Quirk],
}

/// The paths of OpenAI's endpoints, of those that a vendor has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Endpoints {
    /// Conversations.
    pub(crate) chat: Option<&'static str>,
    /// Legacy completions.
    pub(crate) completions: Option<&'static str>,
    /// Vectors.
    pub(crate) embeddings: Option<&'static str>,
}

/// A departure from OpenAI's format.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Quirk {
    /// OpenAI's own reasoning models take `max_completion_tokens` and no sampling.
    ReasoningModels,
    /// Streams tell their usage unasked, and `stream_options` is an error.
    NoStreamOptions,
    /// `tool_choice: "required"` is written `"any"`.
    RequiredIsAny,
    /// There is no `tool_choice: "required"`.
    NoRequired,
    /// `response_format` knows `json_object` only.
    NoJsonSchema,
    /// One reply a call; `n: 1` may be an error too.
    OneReply,
    /// The highest temperature that is no error; a higher one is lowered to it.
    TemperatureUpTo(f64),
    /// Content has to be a string where it is text only.
    TextAsString,
    /// The role `developer` is known; elsewhere it is written `system`.
    Developer,
    /// `cache_control` is known; elsewhere it is taken out.
    CacheControl,
    /// Thoughts of earlier turns have to come back as `reasoning_content`.
    ReasoningContent,
    /// `metadata` of strings is kept with `store: true`, without which it is an error.
    StoredMetadata,
    /// It is a LiteLLM: the gateway's own fields are for it.
    Gateway,
    /// `store` is set to `false` where the call does not say.
    StoreFalse,
    /// Short names of models are below this path.
    ModelPrefix(&'static str),
}

impl Endpoints {
    /// Conversations only.
    pub(crate) const CHAT: Self = Self {
        chat: Some(CHAT),
        completions: None,
        embeddings: None,
    };
    /// Conversations and legacy completions.
    pub(crate) const CHAT_COMPLETIONS: Self = Self {
        completions: Some(COMPLETIONS),
        ..Self::CHAT
    };
    /// Conversations and vectors.
    pub(crate) const CHAT_EMBEDDINGS: Self = Self {
        embeddings: Some(EMBEDDINGS),
        ..Self::CHAT
    };
    /// All three.
    pub(crate) const ALL: Self = Self {
        chat: Some(CHAT),
        completions: Some(COMPLETIONS),
        embeddings: Some(EMBEDDINGS),
    };
    /// Vectors only.
    pub(crate) const EMBEDDINGS: Self = Self {
        chat: None,
        completions: None,
        embeddings: Some(EMBEDDINGS),
    };

    /// The endpoint that takes calls in `dialect` as they are.
    const fn native(&self, dialect: Dialect) -> Option<&'static str> {
        match dialect {
            Dialect::OpenAiChat => self.chat,
            Dialect::OpenAiCompletions => self.completions,
            Dialect::OpenAiEmbeddings => self.embeddings,
            Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => None,
        }
    }
}

impl Compatible {
    /// What most vendors have in common; a row states the rest.
    ///
    /// Vendors that serve open models know the older `max_tokens`, and some ignore what they don't
    /// know: a limit that is silently dropped costs money, so it is renamed unless the row says
    /// that the vendor knows `max_completion_tokens`.
    pub(crate) const ROW: Self = Self {
        name: "",
        aliases: &[],
        base_url: None,
        prefix: "",
        key_variables: &[],
        base_variables: &[],
        keyless: false,
        key_header: None,
        endpoints: Endpoints::CHAT,
        renames: &[("max_completion_tokens", "max_tokens")],
        refused: &[],
        strips: &[],
        quirks: &[],
    };

    /// The vendor of this row.
    pub(crate) const fn vendor(&'static self) -> Vendor {
        Vendor {
            provider: self,
            aliases: self.aliases,
            base_url: self.base_url,
            key_variables: self.key_variables,
            base_variables: self.base_variables,
            keyless: self.keyless,
        }
    }

    /// Whether the vendor has `quirk`.
    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    fn auth(&self) -> AuthScheme {
        self.key_header.map_or(AuthScheme::Bearer, |name| {
            AuthScheme::Header(http::HeaderName::from_static(name))
        })
    }
}

impl Provider for Compatible {
    fn name(&self) -> &'static str {
        self.name
    }

    fn speaks(&self, dialect: Dialect) -> bool {
        self.endpoints.native(dialect).is_some()
    }

    fn encode(&self, call: &Call, target: &Target<'_>) -> Result<UpstreamRequest, Fault> {
        let (endpoint, body) = body(self, call, target)?;
        let path = format!("{}{endpoint}", self.prefix);
        Ok(request(path, self.auth(), body, call, target))
    }

    fn decode(&self, call: &Call, body: &Bytes) -> Result<Reply, Fault> {
        decode(call, body)
    }

    fn stream(&self, _call: &Call) -> Result<Box<dyn StreamDecoder>, Fault> {
        Ok(Box::new(openai_chat::Decoder::default()))
    }

    fn classify(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
        classify(self.name, status, headers, body)
    }

    fn base_path<'a>(&self, written: &'a str) -> &'a str {
        let written = written.trim_end_matches('/');
        let base = ENDPOINTS
            .iter()
            .find_map(|endpoint| written.strip_suffix(endpoint))
            .unwrap_or(written);
        base.strip_suffix(self.prefix).unwrap_or(base)
    }

    fn local(&self, dialect: Dialect) -> Option<Local> {
        estimate::local(dialect)
    }
}

/// The table's vendors.
pub(crate) fn vendors() -> impl Iterator<Item = Vendor> {
    vendors::VENDORS.iter().map(Compatible::vendor)
}

/// Reads a whole reply to a call that was not forwarded.
pub(crate) fn decode(call: &Call, body: &[u8]) -> Result<Reply, Fault> {
    match call.dialect {
        Dialect::OpenAiEmbeddings => openai_embeddings::decode_reply(body).map(Reply::Embeddings),
        Dialect::OpenAiChat | Dialect::OpenAiCompletions | Dialect::AnthropicMessages => {
            openai_chat::decode_reply(body).map(Reply::Chat)
        }
        Dialect::AnthropicCountTokens => Err(Fault::gateway(
            FaultKind::Internal,
            "a token count was asked of a vendor that has none",
        )),
    }
}

const CHAT: &str = "/chat/completions";
const COMPLETIONS: &str = "/completions";
const EMBEDDINGS: &str = "/embeddings";

/// Longest first: `/completions` also ends the first one.
const ENDPOINTS: [&str; 3] = [CHAT, COMPLETIONS, EMBEDDINGS];

#[cfg(test)]
mod tests;
