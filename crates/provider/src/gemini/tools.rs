//! Tools: functions of the caller's, and those that Google runs itself.

use std::collections::BTreeMap;

use ironward_core::Fault;
use ironward_wire::{Chat, Json, Tool, ToolChoice};
use serde::Serialize;

use super::{NAME, schema};
use crate::Target;

#[derive(Serialize)]
pub(super) enum ToolSet<'a> {
    #[serde(rename = "functionDeclarations")]
    Functions(Vec<Function<'a>>),
    /// What Google runs, with its options.
    #[serde(untagged)]
    Builtin(Builtin),
}

type Builtin = BTreeMap<&'static str, Json>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    function_calling_config: FunctionCalling<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FunctionCalling<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_function_names: Option<[&'a str; 1]>,
}

/// Writes `tools`, and Google's search where it is asked for in another way.
pub(super) fn sets<'a>(
    tools: &'a [Tool],
    search: bool,
    target: &Target<'_>,
) -> Result<Vec<ToolSet<'a>>, Fault> {
    let mut functions = Vec::new();
    let mut builtins: Vec<Builtin> = Vec::new();
    for (position, tool) in tools.iter().enumerate() {
        let Some(written) = &tool.builtin else {
            functions.push(Function {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters_json_schema: match tool.parameters.text() {
                    "{}" | "null" => None,
                    _ => Some(schema::adapt(&tool.parameters, "tools")?),
                },
            });
            continue;
        };
        match builtin(written) {
            // One thing may be asked for in two ways.
            Some(builtin) if builtins.contains(&builtin) => {}
            Some(builtin) => builtins.push(builtin),
            None => target.unsupported(NAME, &format!("tools[{position}]"))?,
        }
    }
    if search && !builtins.iter().any(|tool| tool.contains_key(SEARCH)) {
        builtins.push(web_search());
    }
    let functions = (!functions.is_empty()).then_some(ToolSet::Functions(functions));
    let builtins = builtins.into_iter().map(ToolSet::Builtin);
    Ok(functions.into_iter().chain(builtins).collect())
}

/// Reads a tool that Google runs: by Gemini's name of it, `{"googleSearch": {}}`, beside which a
/// `type` says nothing, or OpenAI's web search, whose options Gemini has no form for.
fn builtin(written: &Json) -> Option<Builtin> {
    let mut fields: BTreeMap<String, Json> = written.read("tools").ok()?;
    let kind = fields.remove("type");
    let kind: Option<String> = kind.and_then(|kind| kind.read("tools").ok());
    if matches!(kind.as_deref(), Some("web_search" | "web_search_preview")) {
        return Some(web_search());
    }
    let builtin: Option<Builtin> = fields
        .into_iter()
        .map(|(name, options)| Some((own_name(&name)?, options)))
        .collect();
    builtin.filter(|builtin| !builtin.is_empty())
}

fn web_search() -> Builtin {
    BTreeMap::from([(SEARCH, Json::empty_object())])
}

/// Gemini's name of a tool, which may be written in either of the ways that its JSON allows.
/// <https://ai.google.dev/api/caching#Tool>; Enterprise Web Search is Vertex AI's.
fn own_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "codeExecution" | "code_execution" => "codeExecution",
        "computerUse" | "computer_use" => "computerUse",
        "enterpriseWebSearch" | "enterprise_web_search" => "enterpriseWebSearch",
        "fileSearch" | "file_search" => "fileSearch",
        "googleMaps" | "google_maps" => "googleMaps",
        "googleSearch" | "google_search" => SEARCH,
        "googleSearchRetrieval" | "google_search_retrieval" => "googleSearchRetrieval",
        "urlContext" | "url_context" => "urlContext",
        _ => return None,
    })
}

/// Which function has to be called.
pub(super) fn config(chat: &Chat) -> Option<ToolConfig<'_>> {
    // Without a function there is nothing to choose, and Gemini refuses the choice.
    if chat.tools.iter().all(|tool| tool.builtin.is_some()) {
        return None;
    }
    let (mode, name) = match chat.tool_choice.as_ref()? {
        ToolChoice::Auto => ("AUTO", None),
        ToolChoice::None => ("NONE", None),
        ToolChoice::Required => ("ANY", None),
        ToolChoice::Tool(name) => ("ANY", Some(name)),
    };
    Some(ToolConfig {
        function_calling_config: FunctionCalling {
            mode,
            allowed_function_names: name.map(|name| [name.as_str()]),
        },
    })
}

const SEARCH: &str = "googleSearch";
