use std::sync::OnceLock;

use http::HeaderMap;
use ironward_core::Fault;

use crate::{Body, Chat, Dialect, Embeddings};

/// A call as the pipeline carries it: the client's dialect, its body, and what every stage needs
/// to know without reading more of it.
#[derive(Debug)]
pub struct Call {
    /// The dialect that the client speaks.
    pub dialect: Dialect,
    /// The body, read strictly.
    pub body: Body,
    /// The model group asked for.
    pub model: Box<str>,
    /// Whether the reply is to be streamed.
    pub stream: bool,
    /// Whether an OpenAI client asked for the usage chunk (`stream_options.include_usage`).
    pub include_usage: bool,
    /// Headers of the client's that a provider of its dialect may read (`anthropic-beta`,
    /// `anthropic-version`), picked by the proxy from a list; never a credential.
    pub forwarded: HeaderMap,
    content: OnceLock<Result<Content, Fault>>,
}

/// What a call asks for, in no vendor's words.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The next turn of a conversation, or, by the dialect's task, only its token count.
    Chat(Box<Chat>),
    /// Vectors.
    Embeddings(Embeddings),
}

impl Call {
    /// A call in `dialect`. `path_model` is the model that the URL names, where it does
    /// (`/openai/deployments/{model}/...`); it wins over the body's, as with Azure.
    ///
    /// # Errors
    /// When `model` is missing, or `model`, `stream` or `stream_options` is of the wrong type.
    pub fn read(dialect: Dialect, body: Body, path_model: Option<&str>) -> Result<Self, Fault> {
        let model = match path_model {
            Some(model) => Some(model.to_owned()),
            None => body.read_field::<String>("model")?,
        };
        let model = model.filter(|model| !model.is_empty()).ok_or_else(|| {
            Fault::invalid("model", "'model' is missing; name the model group to call")
        })?;
        let stream = dialect.can_stream() && body.read_field("stream")?.unwrap_or(false);
        let options: Option<StreamOptions> = body.read_field("stream_options")?;
        let include_usage = options
            .and_then(|options| options.include_usage)
            .unwrap_or(false);
        Ok(Self {
            dialect,
            body,
            model: model.into(),
            stream,
            include_usage,
            forwarded: HeaderMap::new(),
            content: OnceLock::new(),
        })
    }

    /// The call in neutral form, decoded on first use.
    ///
    /// # Errors
    /// A bad-request fault naming the field that the dialect does not allow.
    pub fn content(&self) -> Result<&Content, Fault> {
        self.content
            .get_or_init(|| self.dialect.decode_call(&self.body))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The conversation, for providers asked to continue or count one.
    ///
    /// # Errors
    /// As [`Call::content`]; or when the call is no conversation.
    pub fn chat(&self) -> Result<&Chat, Fault> {
        match self.content()? {
            Content::Chat(chat) => Ok(chat),
            Content::Embeddings(_) => Err(Fault::gateway(
                ironward_core::FaultKind::Internal,
                "an embeddings call was taken for a conversation",
            )),
        }
    }

    /// The texts to embed, for providers asked for vectors.
    ///
    /// # Errors
    /// As [`Call::content`]; or when the call is a conversation.
    pub fn embeddings(&self) -> Result<&Embeddings, Fault> {
        match self.content()? {
            Content::Embeddings(embeddings) => Ok(embeddings),
            Content::Chat(_) => Err(Fault::gateway(
                ironward_core::FaultKind::Internal,
                "a conversation was taken for an embeddings call",
            )),
        }
    }
}

#[derive(serde::Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

#[cfg(test)]
mod tests;
