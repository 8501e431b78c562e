//! The turns of a conversation as Ollama takes them.

use std::borrow::Cow;
use std::collections::HashMap;

use ironward_core::Fault;
use ironward_wire::{Chat, Image, Message, Part, PartBody, Role, Source};
use serde::Serialize;
use serde_json::value::RawValue;

use super::NAME;

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: Arguments<'a>,
}

/// The arguments as an object, whatever the model wrote.
#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Written(&'a RawValue),
    Broken { arguments: &'a str },
    None {},
}

impl<'a> Turn<'a> {
    const fn new(role: &'static str) -> Self {
        Self {
            role,
            content: Cow::Borrowed(""),
            thinking: None,
            images: Vec::new(),
            tool_calls: Vec::new(),
            tool_name: None,
            tool_call_id: None,
        }
    }

    fn say(&mut self, text: &'a str) {
        append(&mut self.content, text);
    }

    /// Whether it says anything.
    fn is_empty(&self) -> bool {
        self.content.is_empty()
            && self.thinking.is_none()
            && self.images.is_empty()
            && self.tool_calls.is_empty()
    }

    /// Adds a part that is neither a tool's call nor its result.
    fn add(&mut self, part: &'a Part) -> Result<(), Fault> {
        match &part.body {
            PartBody::Text(text) | PartBody::Refusal(text) => self.say(text),
            PartBody::Thinking { text, .. } if !text.is_empty() => {
                append(self.thinking.get_or_insert_default(), text);
            }
            PartBody::Document {
                source: Source::Text(text),
                ..
            } => self.say(text),
            PartBody::Image(Image {
                source: Source::Inline(media),
                ..
            }) => self.images.push(&media.data),
            PartBody::Image(_) => {
                return Err(Fault::invalid(
                    "messages",
                    format!(
                        "{NAME} takes pictures as data URLs only, and the gateway fetches none"
                    ),
                ));
            }
            PartBody::Document { .. } | PartBody::Audio(_) | PartBody::Video(_) => {
                return Err(Fault::invalid(
                    "messages",
                    format!("{NAME} takes text and pictures only"),
                ));
            }
            PartBody::Thinking { .. }
            | PartBody::RedactedThinking(_)
            | PartBody::Opaque { .. }
            | PartBody::ToolCall { .. }
            | PartBody::ToolResult { .. } => {}
        }
        Ok(())
    }
}

/// Pieces of one message are paragraphs of one text.
fn append<'a>(to: &mut Cow<'a, str>, text: &'a str) {
    if to.is_empty() {
        *to = Cow::Borrowed(text);
    } else if !text.is_empty() {
        let to = to.to_mut();
        to.push('\n');
        to.push_str(text);
    }
}

pub(super) fn written(chat: &Chat) -> Result<Vec<Turn<'_>>, Fault> {
    let mut turns = Vec::with_capacity(chat.messages.len());
    let mut names: HashMap<&str, &str> = HashMap::new();
    for message in &chat.messages {
        let role = match message.role {
            Role::System | Role::Developer => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let mut turn = Turn::new(role);
        for part in &message.parts {
            match &part.body {
                PartBody::ToolCall {
                    id,
                    name,
                    arguments,
                    ..
                } => {
                    names.insert(id, name);
                    turn.tool_calls.push(ToolCall {
                        id,
                        function: CalledFunction {
                            name,
                            arguments: written_arguments(arguments),
                        },
                    });
                }
                PartBody::ToolResult {
                    call_id, content, ..
                } => turns.push(result(call_id, content, &names)?),
                _ => turn.add(part)?,
            }
        }
        if !turn.is_empty() || !holds_results(message) {
            turns.push(turn);
        }
    }
    Ok(turns)
}

fn holds_results(message: &Message) -> bool {
    message
        .parts
        .iter()
        .any(|part| matches!(part.body, PartBody::ToolResult { .. }))
}

fn result<'a>(
    call_id: &'a str,
    content: &'a [Part],
    names: &HashMap<&str, &'a str>,
) -> Result<Turn<'a>, Fault> {
    let mut turn = Turn {
        tool_name: names.get(call_id).copied(),
        tool_call_id: Some(call_id),
        ..Turn::new("tool")
    };
    for part in content {
        turn.add(part)?;
    }
    Ok(turn)
}

fn written_arguments(arguments: &str) -> Arguments<'_> {
    if arguments.trim_ascii().is_empty() {
        return Arguments::None {};
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(written) if written.get().starts_with('{') => Arguments::Written(written),
        _ => Arguments::Broken { arguments },
    }
}
