use ironward_core::Usage;

use crate::Json;

/// Texts to embed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// What to embed, one vector each.
    pub input: Vec<EmbeddingsInput>,
    /// The wanted length of the vectors.
    pub dimensions: Option<u64>,
    /// How the client wants the numbers written.
    pub format: EmbeddingsFormat,
    /// The end user on whose behalf the call is made.
    pub user: Option<String>,
    /// Top-level fields that have no neutral form (name, value).
    pub extra: Vec<(String, Json)>,
}

/// One thing to embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbeddingsInput {
    /// Text.
    Text(String),
    /// Text that the client cut into its model's tokens already.
    Tokens(Vec<u32>),
}

/// How the numbers of a vector are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmbeddingsFormat {
    /// A JSON array of numbers.
    #[default]
    Float,
    /// Base64 of little-endian 32-bit floats.
    Base64,
}

/// The vectors, in the order of the input.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingsReply {
    /// The model as the provider names it.
    pub model: Option<String>,
    /// One vector each.
    pub vectors: Vec<Vec<f32>>,
    /// What it consumed.
    pub usage: Option<Usage>,
}
