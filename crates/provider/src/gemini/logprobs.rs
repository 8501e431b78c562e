//! Log-probabilities, in OpenAI's shape.
//! <https://ai.google.dev/api/generate-content#LogprobsResult>

use ironward_wire::Json;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LogprobsResult {
    chosen_candidates: Vec<Chosen>,
    top_candidates: Vec<Alternatives>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Alternatives {
    candidates: Vec<Chosen>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Chosen {
    token: String,
    log_probability: f64,
}

#[derive(Serialize)]
struct Logprobs<'a> {
    content: Vec<Token<'a>>,
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<Vec<Self>>,
}

impl<'a> Token<'a> {
    fn plain(chosen: &'a Chosen) -> Self {
        Token {
            token: &chosen.token,
            logprob: chosen.log_probability,
            bytes: chosen.token.as_bytes(),
            top_logprobs: None,
        }
    }
}

impl LogprobsResult {
    pub(super) fn written(&self) -> Option<Json> {
        let mut alternatives = self.top_candidates.iter();
        let content = self
            .chosen_candidates
            .iter()
            .map(|chosen| Token {
                top_logprobs: alternatives
                    .next()
                    .map(|top| top.candidates.iter().map(Token::plain).collect()),
                ..Token::plain(chosen)
            })
            .collect();
        Json::from_value(&Logprobs { content }).ok()
    }
}
