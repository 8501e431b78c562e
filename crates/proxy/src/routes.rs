//! The one table of the data port. Authorisation belongs to the matched route; what is not here
//! does not exist, and nothing is normalised on the way in.

use std::borrow::Cow;

use http::Method;
use ironward_wire::Dialect;
use percent_encoding::percent_decode_str;

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// A call in a dialect, with the model where the path names it.
    Call(Dialect, Option<Cow<'a, str>>),
    /// The list of models.
    Models,
    /// One model.
    Model(Cow<'a, str>),
    /// Whether the process lives.
    Liveness,
    /// Whether it takes calls.
    Readiness,
    /// `HEAD /`, by which Claude Code sees whether anyone is there.
    Root,
}

impl Route<'_> {
    /// The one method that the route answers.
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Call(..) => Method::POST,
            Self::Models | Self::Model(_) | Self::Liveness | Self::Readiness => Method::GET,
            Self::Root => Method::HEAD,
        }
    }

    /// Every path template of it.
    pub(crate) const fn templates(&self) -> &'static [&'static str] {
        match self {
            Self::Call(dialect, _) => templates(*dialect),
            Self::Models => &["/v1/models", "/models"],
            Self::Model(_) => &["/v1/models/{model}", "/models/{model}"],
            Self::Liveness => &["/health/liveness", "/health/liveliness"],
            Self::Readiness => &["/health/readiness"],
            Self::Root => &["/"],
        }
    }

    /// Whether it answers without a key. Nothing that it says tells one gateway from another.
    pub(crate) fn is_public(&self) -> bool {
        matches!(self, Self::Liveness | Self::Readiness | Self::Root)
    }
}

/// Every path template of a call's route: what a grant lists is compared with these, never with the
/// path that a client sent.
pub(crate) const fn templates(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenAiChat => &[
            "/v1/chat/completions",
            "/chat/completions",
            "/engines/{model}/chat/completions",
            "/openai/deployments/{model}/chat/completions",
        ],
        Dialect::OpenAiCompletions => &[
            "/v1/completions",
            "/completions",
            "/engines/{model}/completions",
            "/openai/deployments/{model}/completions",
        ],
        Dialect::OpenAiEmbeddings => &[
            "/v1/embeddings",
            "/embeddings",
            "/engines/{model}/embeddings",
            "/openai/deployments/{model}/embeddings",
        ],
        Dialect::AnthropicMessages => &["/v1/messages"],
        Dialect::AnthropicCountTokens => &["/v1/messages/count_tokens"],
    }
}

/// Paths that are matched as they are, by what follows an optional `/v1`.
const CALLS: [(&str, Dialect); 3] = [
    ("/chat/completions", Dialect::OpenAiChat),
    ("/completions", Dialect::OpenAiCompletions),
    ("/embeddings", Dialect::OpenAiEmbeddings),
];

/// Prefixes of paths that name the model: OpenAI's old engines and Azure's deployments.
const MODEL_PREFIXES: [&str; 2] = ["/engines/", "/openai/deployments/"];

/// What `path` means, if anything.
pub(crate) fn find(path: &str) -> Option<Route<'_>> {
    let call = |rest: &str| {
        CALLS
            .iter()
            .find(|(known, _)| *known == rest)
            .map(|(_, dialect)| *dialect)
    };
    match path {
        "/" => return Some(Route::Root),
        "/v1/messages" => return Some(Route::Call(Dialect::AnthropicMessages, None)),
        "/v1/messages/count_tokens" => {
            return Some(Route::Call(Dialect::AnthropicCountTokens, None));
        }
        "/v1/models" | "/models" => return Some(Route::Models),
        "/health/liveliness" | "/health/liveness" => return Some(Route::Liveness),
        "/health/readiness" => return Some(Route::Readiness),
        _ => {}
    }
    if let Some(dialect) = call(path.strip_prefix("/v1").unwrap_or(path)) {
        return Some(Route::Call(dialect, None));
    }
    if let Some(id) = path
        .strip_prefix("/v1/models/")
        .or_else(|| path.strip_prefix("/models/"))
    {
        return model_name(id).map(Route::Model);
    }
    let under = MODEL_PREFIXES
        .iter()
        .find_map(|prefix| path.strip_prefix(prefix))?;
    let (name, dialect) = CALLS
        .iter()
        .find_map(|(suffix, dialect)| Some((under.strip_suffix(suffix)?, *dialect)))?;
    model_name(name).map(|name| Route::Call(dialect, Some(name)))
}

/// A model name out of a path: percent-decoded once, and refused when it could mean something to
/// whoever reads a path after us.
fn model_name(written: &str) -> Option<Cow<'_, str>> {
    let name = percent_decode_str(written).decode_utf8().ok()?;
    let is_sound = !name.is_empty()
        && name.len() <= 256
        && !name.contains(['\\', '?', '#', '%', ';'])
        && !name.chars().any(char::is_control)
        && !name
            .split('/')
            .any(|segment| matches!(segment, "" | "." | ".."));
    is_sound.then_some(name)
}

#[cfg(test)]
mod tests;
