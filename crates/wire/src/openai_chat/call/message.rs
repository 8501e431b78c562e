use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::part::decode_content;
use super::{cache, read};
use crate::node::Node;
use crate::openai_chat::{signature, thinking};
use crate::{CacheMarker, Json, Message, Part, PartBody, Role};

#[derive(Deserialize)]
struct MessageFields<'a> {
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    content: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    tool_calls: Option<&'a RawValue>,
    tool_call_id: Option<&'a RawValue>,
    function_call: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    reasoning_content: Option<&'a RawValue>,
    reasoning: Option<&'a RawValue>,
    reasoning_details: Option<&'a RawValue>,
    thinking_blocks: Option<&'a RawValue>,
    cache_control: Option<&'a RawValue>,
    audio: Option<&'a RawValue>,
}

/// Reads `messages`.
pub(super) fn decode_all(node: &Node<'_, '_>) -> Result<Vec<Message>, Fault> {
    let mut list = List::default();
    node.items(|item| list.take(&item))?;
    if list.messages.is_empty() {
        return Err(node.fault("a list of at least one message"));
    }
    Ok(list.messages)
}

#[derive(Default)]
struct List {
    messages: Vec<Message>,
    /// Whether the last message holds the results of tools, and takes the next one too.
    takes_results: bool,
    /// The name and made-up id of each `function_call` that has no result yet.
    functions: Vec<(String, String)>,
    /// How many ids were made up.
    made_up: usize,
}

impl List {
    fn take(&mut self, node: &Node<'_, '_>) -> Result<(), Fault> {
        let fields: MessageFields<'_> = node.object()?;
        let role = node.required("role", fields.role)?;
        let (role, parts) = match role.string()?.as_str() {
            "system" => (Role::System, content(node, &fields)?),
            "developer" => (Role::Developer, content(node, &fields)?),
            "user" => (Role::User, content(node, &fields)?),
            "assistant" => (Role::Assistant, self.assistant(node, &fields)?),
            "tool" => {
                let id = node.required("tool_call_id", fields.tool_call_id)?;
                return self.result(id.string()?, node, &fields);
            }
            "function" => {
                let name = node.required("name", fields.name)?.string()?;
                let id = self.answered(&name);
                return self.result(id, node, &fields);
            }
            _ => {
                return Err(role.fault(
                    "one of 'system', 'developer', 'user', 'assistant', 'tool' and 'function'",
                ));
            }
        };
        self.takes_results = false;
        self.messages.push(Message {
            role,
            parts,
            name: read(node.field("name", fields.name), Node::string)?,
        });
        Ok(())
    }

    fn assistant(
        &mut self,
        node: &Node<'_, '_>,
        fields: &MessageFields<'_>,
    ) -> Result<Vec<Part>, Fault> {
        let mut parts = thoughts(node, fields)?;
        parts.extend(content(node, fields)?);
        if let Some(refusal) = node.field("refusal", fields.refusal) {
            parts.push(Part::new(PartBody::Refusal(refusal.string()?)));
        }
        if let Some(calls) = node.field("tool_calls", fields.tool_calls) {
            calls.items(|call| {
                parts.push(Part::new(tool_call(&call)?));
                Ok(())
            })?;
        }
        if let Some(call) = node.field("function_call", fields.function_call) {
            let fields: FunctionFields<'_> = call.object()?;
            let name = call.required("name", fields.name)?.string()?;
            let id = format!("call_{}", self.made_up);
            self.made_up += 1;
            self.functions.push((name.clone(), id.clone()));
            parts.push(Part::new(PartBody::ToolCall {
                id,
                name,
                arguments: arguments(call.field("arguments", fields.arguments))?,
                signature: None,
            }));
        }
        if let Some(audio) = fields.audio {
            // The id of an earlier spoken reply, which means something to OpenAI only.
            let json = Json::from_text(format!("{{\"audio\":{}}}", audio.get()));
            parts.extend(json.ok().map(|json| {
                Part::new(PartBody::Opaque {
                    provider: "openai",
                    json,
                })
            }));
        }
        Ok(parts)
    }

    /// The made-up id of the function call that a `function` message answers.
    fn answered(&mut self, name: &str) -> String {
        let found = self.functions.iter().position(|(called, _)| called == name);
        match found {
            Some(position) => self.functions.remove(position).1,
            None => format!("call_{name}"),
        }
    }

    fn result(
        &mut self,
        call_id: String,
        node: &Node<'_, '_>,
        fields: &MessageFields<'_>,
    ) -> Result<(), Fault> {
        let content = node.field("content", fields.content);
        let result = Part {
            body: PartBody::ToolResult {
                call_id,
                content: read(content, decode_content)?.unwrap_or_default(),
                is_error: false,
            },
            cache: message_cache(node, fields)?,
        };
        match self.messages.last_mut() {
            Some(message) if self.takes_results => message.parts.push(result),
            _ => self.messages.push(Message {
                role: Role::User,
                parts: vec![result],
                name: None,
            }),
        }
        self.takes_results = true;
        Ok(())
    }
}

fn content(node: &Node<'_, '_>, fields: &MessageFields<'_>) -> Result<Vec<Part>, Fault> {
    let content = node.field("content", fields.content);
    let mut parts = read(content, decode_content)?.unwrap_or_default();
    if let Some(marker) = message_cache(node, fields)?
        && let Some(last) = parts.last_mut()
    {
        last.cache = Some(marker);
    }
    Ok(parts)
}

fn message_cache(
    node: &Node<'_, '_>,
    fields: &MessageFields<'_>,
) -> Result<Option<CacheMarker>, Fault> {
    cache(node.field("cache_control", fields.cache_control))
}

/// The model's earlier thoughts, from the field that says most about them.
fn thoughts(node: &Node<'_, '_>, fields: &MessageFields<'_>) -> Result<Vec<Part>, Fault> {
    if let Some(blocks) = node.field("thinking_blocks", fields.thinking_blocks) {
        return thinking::from_blocks(blocks.text())
            .map_err(|_| blocks.fault("a list of thinking blocks"));
    }
    if let Some(details) = node.field("reasoning_details", fields.reasoning_details) {
        let parts = thinking::from_details(details.text())
            .map_err(|_| details.fault("a list of reasoning details"))?;
        if !parts.is_empty() {
            return Ok(parts);
        }
    }
    let text = node
        .field("reasoning_content", fields.reasoning_content)
        .or_else(|| node.field("reasoning", fields.reasoning));
    let text = read(text, Node::string)?.unwrap_or_default();
    Ok(thinking::unsigned(text).into_iter().collect())
}

#[derive(Deserialize)]
struct CallFields<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    function: Option<&'a RawValue>,
    custom: Option<&'a RawValue>,
    extra_content: Option<&'a RawValue>,
    provider_specific_fields: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct FunctionFields<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
    provider_specific_fields: Option<&'a RawValue>,
}

fn tool_call(node: &Node<'_, '_>) -> Result<PartBody, Fault> {
    let fields: CallFields<'_> = node.object()?;
    let id = node.required("id", fields.id)?.string()?;
    if let Some(custom) = node.field("custom", fields.custom) {
        let inner: FunctionFields<'_> = custom.object()?;
        return Ok(PartBody::ToolCall {
            id,
            name: custom.required("name", inner.name)?.string()?,
            arguments: custom.required("input", inner.input)?.string()?,
            signature: None,
        });
    }
    let function = node.required("function", fields.function)?;
    let inner: FunctionFields<'_> = function.object()?;
    Ok(PartBody::ToolCall {
        id,
        name: function.required("name", inner.name)?.string()?,
        arguments: arguments(function.field("arguments", inner.arguments))?,
        signature: signature::read([
            fields.extra_content,
            fields.provider_specific_fields,
            inner.provider_specific_fields,
        ]),
    })
}

/// Arguments are JSON in a string; some clients write the object itself.
fn arguments(node: Option<Node<'_, '_>>) -> Result<String, Fault> {
    match node {
        None => Ok("{}".to_owned()),
        Some(node) if node.is_object() => Ok(node.text().to_owned()),
        Some(node) => node.string(),
    }
}
