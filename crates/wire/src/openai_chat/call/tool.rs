use std::collections::BTreeMap;

use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{cache, read};
use crate::node::Node;
use crate::{Json, Tool, ToolChoice};

#[derive(Deserialize)]
struct ToolFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    function: Option<&'a RawValue>,
    custom: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FunctionFields<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    description: Option<&'a RawValue>,
    parameters: Option<&'a RawValue>,
    strict: Option<&'a RawValue>,
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
}

/// Reads `tools` and the older `functions`.
pub(super) fn decode_all(
    tools: Option<Node<'_, '_>>,
    functions: Option<Node<'_, '_>>,
) -> Result<Vec<Tool>, Fault> {
    let mut all = Vec::new();
    if let Some(tools) = tools {
        tools.items(|node| {
            all.push(decode(&node)?);
            Ok(())
        })?;
    }
    if let Some(functions) = functions {
        functions.items(|node| {
            all.push(function(&node)?);
            Ok(())
        })?;
    }
    Ok(all)
}

fn decode(node: &Node<'_, '_>) -> Result<Tool, Fault> {
    let fields: ToolFields<'_> = node.object()?;
    let kind = read(node.field("type", fields.kind), Node::string)?;
    let cache = cache(node.field("cache_control", fields.cache_control))?;
    if kind.is_none()
        && let Some(tool) = by_key(node)?
    {
        return Ok(tool);
    }
    match kind.as_deref() {
        Some("function") | None => {
            let mut tool = function(&node.required("function", fields.function)?)?;
            tool.cache = cache.or(tool.cache);
            Ok(tool)
        }
        Some(kind) => {
            let name = match node.field("custom", fields.custom) {
                Some(custom) if kind == "custom" => {
                    let fields: Named<'_> = custom.object()?;
                    Some(custom.required("name", fields.name)?.string()?)
                }
                _ => read(node.field("name", fields.name), Node::string)?,
            };
            Ok(Tool {
                name: name.unwrap_or_else(|| kind.to_owned()),
                description: None,
                parameters: Json::empty_object(),
                strict: None,
                cache,
                builtin: Some(node.json()?),
            })
        }
    }
}

/// Reads a tool whose only key is its name, as Gemini writes those that Google runs, and LiteLLM's
/// clients with it: `{"googleSearch": {}}`.
fn by_key(node: &Node<'_, '_>) -> Result<Option<Tool>, Fault> {
    let fields: BTreeMap<String, &RawValue> = node.object()?;
    let mut fields = fields.into_iter();
    let (Some((name, options)), None) = (fields.next(), fields.next()) else {
        return Ok(None);
    };
    if name == "function" || !options.get().starts_with('{') {
        return Ok(None);
    }
    Ok(Some(Tool {
        name,
        description: None,
        parameters: Json::empty_object(),
        strict: None,
        cache: None,
        builtin: Some(node.json()?),
    }))
}

fn function(node: &Node<'_, '_>) -> Result<Tool, Fault> {
    let fields: FunctionFields<'_> = node.object()?;
    let parameters = read(
        node.field("parameters", fields.parameters),
        Node::json_object,
    )?;
    let parameters = match parameters {
        Some(parameters) => parameters,
        None => Json::from_text(NO_PARAMETERS.to_owned()).unwrap_or_else(|_| Json::empty_object()),
    };
    Ok(Tool {
        name: node.required("name", fields.name)?.string()?,
        description: read(node.field("description", fields.description), Node::string)?,
        parameters,
        strict: read(node.field("strict", fields.strict), Node::boolean)?,
        cache: cache(node.field("cache_control", fields.cache_control))?,
        builtin: None,
    })
}

#[derive(Deserialize)]
struct ChoiceFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    function: Option<&'a RawValue>,
    custom: Option<&'a RawValue>,
    allowed_tools: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
}

/// Reads `tool_choice` or the older `function_call`. A list of allowed tools becomes what it means:
/// the other tools are left out.
pub(super) fn decode_choice(
    node: &Node<'_, '_>,
    tools: &mut Vec<Tool>,
    extra: &mut Vec<(String, Json)>,
) -> Result<Option<ToolChoice>, Fault> {
    if node.is_string() {
        return word(node).map(Some);
    }
    let fields: ChoiceFields<'_> = node.object()?;
    let kind = read(node.field("type", fields.kind), Node::string)?;
    let named = match kind.as_deref() {
        Some("allowed_tools") => {
            let allowed = node.required("allowed_tools", fields.allowed_tools)?;
            return allow(&allowed, tools).map(Some);
        }
        Some("function") | None => {
            // `function_call` names the function without a wrapper.
            node.field("function", fields.function)
                .or_else(|| node.field("name", fields.name).map(|_| *node))
        }
        Some("custom") => node.field("custom", fields.custom),
        Some(_) => {
            extra.push(("tool_choice".to_owned(), node.json()?));
            return Ok(None);
        }
    };
    let named = named.ok_or_else(|| node.fault("'auto', 'none', 'required' or a function"))?;
    let fields: Named<'_> = named.object()?;
    let name = named.required("name", fields.name)?.string()?;
    Ok(Some(ToolChoice::Tool(name)))
}

fn word(node: &Node<'_, '_>) -> Result<ToolChoice, Fault> {
    match node.string()?.as_str() {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        // Mistral's word is `any`.
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(node.fault("'auto', 'none', 'required' or a function")),
    }
}

#[derive(Deserialize)]
struct AllowedFields<'a> {
    #[serde(borrow)]
    mode: Option<&'a RawValue>,
    tools: Option<&'a RawValue>,
}

fn allow(node: &Node<'_, '_>, tools: &mut Vec<Tool>) -> Result<ToolChoice, Fault> {
    let fields: AllowedFields<'_> = node.object()?;
    let choice = word(&node.required("mode", fields.mode)?)?;
    let mut allowed = Vec::new();
    node.required("tools", fields.tools)?.items(|item| {
        let fields: ToolFields<'_> = item.object()?;
        let inner = item
            .field("function", fields.function)
            .or_else(|| item.field("custom", fields.custom))
            .ok_or_else(|| item.fault("a function or a custom tool"))?;
        let fields: Named<'_> = inner.object()?;
        allowed.push(inner.required("name", fields.name)?.string()?);
        Ok(())
    })?;
    tools.retain(|tool| allowed.contains(&tool.name));
    Ok(choice)
}

/// What OpenAI takes a function without `parameters` to have.
const NO_PARAMETERS: &str = r#"{"type":"object","properties":{}}"#;
