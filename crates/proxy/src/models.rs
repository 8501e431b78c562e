//! `GET /v1/models`, in OpenAI's form, or in Anthropic's for a client that sends
//! `anthropic-version`.

use bytes::Bytes;
use serde::Serialize;

/// LiteLLM's constant: groups have no date of their own.
const CREATED: u64 = 1_677_610_602;
const CREATED_AT: &str = "2023-02-28T18:56:42Z";

/// The form of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    OpenAi,
    Anthropic,
}

#[derive(Serialize)]
struct OpenAiList<'a> {
    data: Vec<OpenAiModel<'a>>,
    object: &'static str,
}

#[derive(Serialize)]
struct OpenAiModel<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
}

#[derive(Serialize)]
struct AnthropicList<'a> {
    data: Vec<AnthropicModel<'a>>,
    first_id: Option<&'a str>,
    has_more: bool,
    last_id: Option<&'a str>,
}

#[derive(Serialize)]
struct AnthropicModel<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    display_name: &'a str,
    created_at: &'static str,
}

/// The list of `names`.
pub(crate) fn list(names: &[&str], form: Form) -> Bytes {
    match form {
        Form::OpenAi => json(&OpenAiList {
            data: names.iter().copied().map(openai).collect(),
            object: "list",
        }),
        Form::Anthropic => json(&AnthropicList {
            data: names.iter().copied().map(anthropic).collect(),
            first_id: names.first().copied(),
            has_more: false,
            last_id: names.last().copied(),
        }),
    }
}

/// The one called `name`.
pub(crate) fn one(name: &str, form: Form) -> Bytes {
    match form {
        Form::OpenAi => json(&openai(name)),
        Form::Anthropic => json(&anthropic(name)),
    }
}

fn openai(id: &str) -> OpenAiModel<'_> {
    OpenAiModel {
        id,
        object: "model",
        created: CREATED,
        owned_by: "openai",
    }
}

fn anthropic(id: &str) -> AnthropicModel<'_> {
    AnthropicModel {
        kind: "model",
        id,
        display_name: id,
        created_at: CREATED_AT,
    }
}

fn json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
