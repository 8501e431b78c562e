use ironward_core::{Fault, FaultKind};

use super::write::{Additions, is_custom};
use crate::openai_chat::media::{audio_format, data_url};
use crate::openai_chat::thinking;
use crate::writer::JsonWriter;
use crate::{CacheMarker, Image, Message, Part, PartBody, Role, Source, Tool};

/// Where a message is written.
pub(super) struct Target<'a, 'b> {
    pub(super) json: &'a mut JsonWriter<'b>,
    pub(super) tools: &'a [Tool],
    pub(super) additions: Additions,
    /// The message's place in the conversation, for faults.
    pub(super) position: usize,
}

impl Target<'_, '_> {
    pub(super) fn message(&mut self, message: &Message) -> Result<(), Fault> {
        match message.role {
            Role::System => {
                self.plain("system", message, &message.parts.iter().collect::<Vec<_>>())
            }
            Role::Developer => self.plain(
                "developer",
                message,
                &message.parts.iter().collect::<Vec<_>>(),
            ),
            Role::User => self.user(message),
            Role::Assistant => self.assistant(message),
        }
    }

    /// A message of nothing but a role and content.
    fn plain(
        &mut self,
        role: &'static str,
        message: &Message,
        parts: &[&Part],
    ) -> Result<(), Fault> {
        self.begin(role, message.name.as_deref());
        self.json.key("content");
        self.content(parts)?;
        self.json.end_object();
        Ok(())
    }

    fn begin(&mut self, role: &'static str, name: Option<&str>) {
        self.json.begin_object().key("role").text(role);
        self.json.field("name", name);
    }

    /// Results of tools have to follow the calls that they answer, each in a message of its own
    /// and as text only; their pictures go before whatever else the user says.
    fn user(&mut self, message: &Message) -> Result<(), Fault> {
        let mut rest = Vec::new();
        for part in &message.parts {
            if let PartBody::ToolResult {
                call_id, content, ..
            } = &part.body
            {
                let (texts, others): (Vec<&Part>, Vec<&Part>) =
                    content.iter().partition(|part| is_text(part));
                self.begin("tool", None);
                self.json.key("tool_call_id").text(call_id);
                self.json.key("content");
                self.content(&texts)?;
                self.cache(part.cache);
                self.json.end_object();
                rest.extend(others);
            }
        }
        let has_results = message.parts.iter().any(is_result);
        rest.extend(message.parts.iter().filter(|part| !is_result(part)));
        if has_results && rest.is_empty() {
            return Ok(());
        }
        self.plain("user", message, &rest)
    }

    fn assistant(&mut self, message: &Message) -> Result<(), Fault> {
        let parts = &message.parts;
        self.begin("assistant", message.name.as_deref());
        let texts: Vec<&Part> = parts.iter().filter(|part| is_text(part)).collect();
        let has_more = parts.iter().any(|part| {
            matches!(
                part.body,
                PartBody::ToolCall { .. }
                    | PartBody::Refusal(_)
                    | PartBody::Opaque {
                        provider: "openai",
                        ..
                    }
            )
        });
        self.json.key("content");
        if texts.is_empty() && has_more {
            self.json.null();
        } else {
            self.content(&texts)?;
        }
        if self.additions.reasoning_content {
            thinking::write(self.json, parts);
        }
        let refusals = parts.iter().filter_map(|part| match &part.body {
            PartBody::Refusal(text) => Some(text.as_str()),
            _ => None,
        });
        let refusal = refusals.collect::<Vec<_>>().concat();
        if !refusal.is_empty() {
            self.json.key("refusal").text(&refusal);
        }
        self.tool_calls(parts);
        for part in parts {
            self.spoken(part);
        }
        self.json.end_object();
        Ok(())
    }

    fn tool_calls(&mut self, parts: &[Part]) {
        let is_call = |part: &Part| matches!(part.body, PartBody::ToolCall { .. });
        if !parts.iter().any(is_call) {
            return;
        }
        self.json.key("tool_calls").begin_array();
        for part in parts {
            if let PartBody::ToolCall {
                id,
                name,
                arguments,
                signature,
            } = &part.body
            {
                let tool = self.tools.iter().find(|tool| tool.name == *name);
                let (kind, input) = if tool.is_some_and(is_custom) {
                    ("custom", "input")
                } else {
                    ("function", "arguments")
                };
                // Servers parse the text, and an empty one is no JSON.
                let arguments = match arguments.as_str() {
                    "" if kind == "function" => "{}",
                    arguments => arguments,
                };
                self.json.begin_object().key("id").text(id);
                self.json.key("type").text(kind);
                self.json.key(kind).begin_object();
                self.json.key("name").text(name);
                self.json.key(input).text(arguments).end_object();
                if let Some(signature) = signature
                    && self.additions.thought_signatures
                {
                    self.json.key("extra_content").begin_object();
                    self.json.key("google").begin_object();
                    self.json.key("thought_signature").text(signature);
                    self.json.end_object().end_object();
                }
                self.json.end_object();
            }
        }
        self.json.end_array();
    }

    /// The id of an earlier spoken reply of OpenAI's.
    fn spoken(&mut self, part: &Part) {
        #[derive(serde::Deserialize)]
        struct Spoken<'a> {
            #[serde(borrow)]
            audio: &'a serde_json::value::RawValue,
        }
        if let PartBody::Opaque {
            provider: "openai",
            json,
        } = &part.body
            && let Ok(spoken) = serde_json::from_str::<Spoken<'_>>(json.text())
        {
            self.json.key("audio").raw(spoken.audio.get());
        }
    }

    /// A single text is written as a string, as every vendor reads it.
    fn content(&mut self, parts: &[&Part]) -> Result<(), Fault> {
        let parts: Vec<&Part> = parts
            .iter()
            .copied()
            .filter(|part| has_form(part))
            .collect();
        match parts.as_slice() {
            [] => {
                self.json.text("");
            }
            [
                Part {
                    body: PartBody::Text(text),
                    cache,
                },
            ] if cache.is_none() || !self.additions.cache_control => {
                self.json.text(text);
            }
            parts => {
                self.json.begin_array();
                for part in parts {
                    self.part(part)?;
                }
                self.json.end_array();
            }
        }
        Ok(())
    }

    fn part(&mut self, part: &Part) -> Result<(), Fault> {
        match &part.body {
            PartBody::Text(text)
            | PartBody::Document {
                source: Source::Text(text),
                ..
            } => self.typed("text", |json| {
                json.key("text").text(text);
            }),
            PartBody::Image(image) => self.image(image)?,
            PartBody::Document { source, title } => self.document(source, title.as_deref())?,
            PartBody::Audio(media) => self.typed("input_audio", |json| {
                json.key("input_audio").begin_object();
                json.key("data").text(&media.data);
                json.key("format").text(audio_format(&media.media_type));
                json.end_object();
            }),
            PartBody::Video(source) => {
                let url = self.address(source, "a film")?;
                self.typed("video_url", |json| {
                    json.key("video_url").begin_object();
                    json.key("url").text(&url).end_object();
                });
            }
            PartBody::Thinking { .. }
            | PartBody::RedactedThinking(_)
            | PartBody::ToolCall { .. }
            | PartBody::ToolResult { .. }
            | PartBody::Opaque { .. }
            | PartBody::Refusal(_) => return Ok(()),
        }
        self.cache(part.cache);
        self.json.end_object();
        Ok(())
    }

    /// The open object of a part.
    fn typed(&mut self, kind: &'static str, write: impl FnOnce(&mut JsonWriter<'_>)) {
        self.json.begin_object().key("type").text(kind);
        write(self.json);
    }

    fn image(&mut self, image: &Image) -> Result<(), Fault> {
        let url = self.address(&image.source, "a picture")?;
        self.typed("image_url", |json| {
            json.key("image_url").begin_object();
            json.key("url").text(&url);
            json.field("detail", image.detail.as_deref());
            json.end_object();
        });
        Ok(())
    }

    fn address(&self, source: &Source, what: &str) -> Result<String, Fault> {
        match source {
            Source::Inline(media) => Ok(data_url(media)),
            Source::Url { url, .. } => Ok(url.clone()),
            Source::File(_) | Source::Text(_) => {
                Err(self.no_form(&format!("{what} from an uploaded file")))
            }
        }
    }

    fn document(&mut self, source: &Source, title: Option<&str>) -> Result<(), Fault> {
        match source {
            Source::Inline(media) => self.typed("file", |json| {
                json.key("file").begin_object();
                // Bytes without a name are an error.
                json.key("filename").text(title.unwrap_or("document.pdf"));
                json.key("file_data").text(&data_url(media)).end_object();
            }),
            Source::File(id) => self.typed("file", |json| {
                json.key("file").begin_object();
                json.key("file_id").text(id).end_object();
            }),
            Source::Url { .. } | Source::Text(_) => {
                return Err(self.no_form("a document at an address; send its bytes"));
            }
        }
        Ok(())
    }

    fn no_form(&self, what: &str) -> Fault {
        let position = self.position;
        Fault::downstream(
            FaultKind::UnsupportedParam,
            format!("'messages[{position}]' has {what}, which OpenAI's format has no form for"),
        )
        .with_param(format!("messages[{position}]"))
    }

    fn cache(&mut self, marker: Option<CacheMarker>) {
        if self.additions.cache_control {
            cache(self.json, marker);
        }
    }
}

/// Writes `cache_control`, where there is a marker.
pub(super) fn cache(json: &mut JsonWriter<'_>, marker: Option<CacheMarker>) {
    match marker {
        None => {}
        Some(CacheMarker::FiveMinutes) => {
            json.key("cache_control").raw(r#"{"type":"ephemeral"}"#);
        }
        Some(CacheMarker::OneHour) => {
            json.key("cache_control")
                .raw(r#"{"type":"ephemeral","ttl":"1h"}"#);
        }
    }
}

fn is_text(part: &Part) -> bool {
    matches!(
        part.body,
        PartBody::Text(_)
            | PartBody::Document {
                source: Source::Text(_),
                ..
            }
    )
}

/// Whether a part can be content. Thoughts, calls and results are parts of other messages, or are
/// written beside the content.
fn has_form(part: &Part) -> bool {
    matches!(
        part.body,
        PartBody::Text(_)
            | PartBody::Image(_)
            | PartBody::Document { .. }
            | PartBody::Audio(_)
            | PartBody::Video(_)
    )
}

fn is_result(part: &Part) -> bool {
    matches!(part.body, PartBody::ToolResult { .. })
}
