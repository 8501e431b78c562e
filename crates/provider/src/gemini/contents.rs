//! The turns of a conversation as Gemini takes them.
//! <https://ai.google.dev/api/caching#Content>

use std::borrow::Cow;
use std::collections::HashMap;

use ironward_core::Fault;
use ironward_wire::{Chat, Image, Media, Message, Part, PartBody, Role, Source};
use serde::Serialize;
use serde_json::value::RawValue;

use super::NAME;
use super::generation::Thinks;
use crate::Target;

/// What a call without the signature that Gemini 3 gave it carries instead, base64 of
/// `skip_thought_signature_validator`: histories of other vendors' models and of clients that drop
/// the signature. <https://ai.google.dev/gemini-api/docs/thought-signatures>
const UNSIGNED: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The turns, and what the application instructs.
pub(super) struct Contents<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) system: Option<Turn<'a>>,
}

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<Piece<'a>>,
    /// Whether it answers function calls; such a turn holds nothing else.
    #[serde(skip)]
    answers: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Piece<'a> {
    #[serde(flatten)]
    body: PieceBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum PieceBody<'a> {
    Text(Cow<'a, str>),
    InlineData(Blob<'a>),
    FileData(FileRef<'a>),
    FunctionCall(FunctionCall<'a>),
    FunctionResponse(FunctionResponse<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileRef<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    file_uri: Cow<'a, str>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    args: Args<'a>,
}

/// The arguments as an object, whatever the model wrote.
#[derive(Serialize)]
#[serde(untagged)]
enum Args<'a> {
    Written(&'a RawValue),
    Broken { arguments: &'a str },
    None {},
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    response: Outcome<'a>,
}

/// What a function gave, as an object.
/// <https://ai.google.dev/api/caching#FunctionResponse>
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome<'a> {
    Object(Box<RawValue>),
    Result { result: Value<'a> },
    Error { error: Value<'a> },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Json(Box<RawValue>),
    Text(Cow<'a, str>),
}

impl<'a> Turn<'a> {
    /// Text without a role.
    pub(super) fn text(text: &'a str) -> Self {
        Self {
            role: None,
            parts: vec![Piece::text(text)],
            answers: false,
        }
    }
}

impl<'a> Piece<'a> {
    const fn new(body: PieceBody<'a>) -> Self {
        Self {
            body,
            thought_signature: None,
        }
    }

    fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::new(PieceBody::Text(text.into()))
    }

    fn inline(media: &'a Media) -> Self {
        Self::new(PieceBody::InlineData(Blob {
            mime_type: &media.media_type,
            data: &media.data,
        }))
    }
}

impl<'a> Contents<'a> {
    pub(super) fn new(chat: &'a Chat, target: &Target<'_>) -> Result<Self, Fault> {
        let mut writer = Writer::default();
        for message in &chat.messages {
            match message.role {
                Role::System | Role::Developer => writer.instruct(message)?,
                Role::User => writer.hear(message)?,
                Role::Assistant => writer.recall(message)?,
            }
        }
        let mut turns = writer.turns;
        if matches!(Thinks::by_name(target.model), Thinks::Level { .. }) {
            turns.iter_mut().for_each(sign);
        }
        // Gemini refuses a conversation in which nobody has spoken.
        if turns.is_empty() {
            turns.push(Turn {
                role: Some("user"),
                ..Turn::text(" ")
            });
        }
        let system = (!writer.system.is_empty()).then_some(Turn {
            role: None,
            parts: writer.system,
            answers: false,
        });
        Ok(Self { turns, system })
    }
}

/// Marks the first function call of a turn as unsigned; of parallel calls only the first has a
/// signature.
fn sign(turn: &mut Turn<'_>) {
    let first = turn
        .parts
        .iter_mut()
        .find(|piece| matches!(piece.body, PieceBody::FunctionCall(_)));
    if let Some(call) = first {
        call.thought_signature.get_or_insert(UNSIGNED);
    }
}

#[derive(Default)]
struct Writer<'a> {
    turns: Vec<Turn<'a>>,
    system: Vec<Piece<'a>>,
    /// The functions' names by the ids of their calls.
    names: HashMap<&'a str, &'a str>,
}

impl<'a> Writer<'a> {
    fn push(&mut self, role: &'static str, answers: bool, piece: Piece<'a>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == Some(role) && turn.answers == answers => {
                turn.parts.push(piece);
            }
            _ => self.turns.push(Turn {
                role: Some(role),
                parts: vec![piece],
                answers,
            }),
        }
    }

    /// The application's instructions, wherever in the conversation they stand.
    fn instruct(&mut self, message: &'a Message) -> Result<(), Fault> {
        for part in &message.parts {
            match &part.body {
                PartBody::Text(text) if text.is_empty() => {}
                PartBody::Text(text) => self.system.push(Piece::text(text.as_str())),
                PartBody::Opaque { .. } => {}
                _ => {
                    return Err(Fault::invalid(
                        "messages",
                        format!("a system message for {NAME} can only hold text"),
                    ));
                }
            }
        }
        Ok(())
    }

    /// The person and the functions; these first, because their turn has to follow the calls.
    fn hear(&mut self, message: &'a Message) -> Result<(), Fault> {
        for part in &message.parts {
            if let PartBody::ToolResult {
                call_id,
                content,
                is_error,
            } = &part.body
            {
                self.answer(call_id, content, *is_error)?;
            }
        }
        for part in &message.parts {
            if !matches!(part.body, PartBody::ToolResult { .. })
                && let Some(piece) = piece(part)?
            {
                self.push("user", false, piece);
            }
        }
        Ok(())
    }

    /// The model's earlier turns. Its thoughts stay behind: the API does not need them, and a
    /// signature of another vendor's model would be refused.
    fn recall(&mut self, message: &'a Message) -> Result<(), Fault> {
        for part in &message.parts {
            if let PartBody::ToolCall {
                id,
                name,
                arguments,
                signature,
            } = &part.body
            {
                self.names.insert(id, name);
                let call = Piece {
                    body: PieceBody::FunctionCall(FunctionCall {
                        id,
                        name,
                        args: args(arguments),
                    }),
                    thought_signature: signature.as_deref(),
                };
                self.push("model", false, call);
            } else if let Some(piece) = piece(part)? {
                self.push("model", false, piece);
            }
        }
        Ok(())
    }

    fn answer(
        &mut self,
        call_id: &'a str,
        content: &'a [Part],
        is_error: bool,
    ) -> Result<(), Fault> {
        let name = *self.names.get(call_id).ok_or_else(|| {
            Fault::invalid(
                "messages",
                format!("no tool call before this tool result has the id '{call_id}'"),
            )
        })?;
        let response = Piece::new(PieceBody::FunctionResponse(FunctionResponse {
            id: call_id,
            name,
            response: outcome(content, is_error),
        }));
        self.push("user", true, response);
        for part in content {
            if !matches!(part.body, PartBody::Text(_))
                && let Some(piece) = piece(part)?
            {
                self.push("user", true, piece);
            }
        }
        Ok(())
    }
}

fn args(arguments: &str) -> Args<'_> {
    if arguments.trim_ascii().is_empty() {
        return Args::None {};
    }
    match serde_json::from_str::<&RawValue>(arguments) {
        Ok(written) if written.get().starts_with('{') => Args::Written(written),
        _ => Args::Broken { arguments },
    }
}

fn outcome(content: &[Part], is_error: bool) -> Outcome<'_> {
    let mut texts = content.iter().filter_map(|part| match &part.body {
        PartBody::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let mut text = Cow::Borrowed(texts.next().unwrap_or_default());
    for more in texts {
        let text = text.to_mut();
        text.push('\n');
        text.push_str(more);
    }
    let json = serde_json::from_str::<Box<RawValue>>(&text).ok();
    match (json, is_error) {
        (Some(json), false) if json.get().starts_with('{') => Outcome::Object(json),
        (json, is_error) => {
            let value = json.map_or(Value::Text(text), Value::Json);
            if is_error {
                Outcome::Error { error: value }
            } else {
                Outcome::Result { result: value }
            }
        }
    }
}

/// A part that is no function call and no result; `None` for what is not sent.
fn piece(part: &Part) -> Result<Option<Piece<'_>>, Fault> {
    Ok(Some(match &part.body {
        PartBody::Text(text) | PartBody::Refusal(text) => {
            if text.is_empty() {
                return Ok(None);
            }
            Piece::text(text.as_str())
        }
        PartBody::Image(Image { source, .. }) => media(source, None)?,
        PartBody::Document { source, .. } => media(source, Some("application/pdf"))?,
        PartBody::Video(source) => media(source, Some("video/mp4"))?,
        PartBody::Audio(sound) => Piece::inline(sound),
        PartBody::Thinking { .. }
        | PartBody::RedactedThinking(_)
        | PartBody::Opaque { .. }
        | PartBody::ToolCall { .. }
        | PartBody::ToolResult { .. } => return Ok(None),
    }))
}

/// Bytes, or where Google finds them: public https addresses, `YouTube`, Cloud Storage, and
/// files uploaded to the API. <https://ai.google.dev/gemini-api/docs/file-input-methods>
fn media<'a>(source: &'a Source, fallback: Option<&'static str>) -> Result<Piece<'a>, Fault> {
    let (file_uri, media_type) = match source {
        Source::Inline(media) => return Ok(Piece::inline(media)),
        Source::Text(text) => return Ok(Piece::text(text.as_str())),
        Source::Url { url, media_type } => (Cow::Borrowed(url.as_str()), media_type.as_deref()),
        Source::File(id) if id.starts_with("files/") => (
            format!("https://generativelanguage.googleapis.com/v1beta/{id}").into(),
            None,
        ),
        Source::File(id) => (Cow::Borrowed(id.as_str()), None),
    };
    if !file_uri.starts_with("https://") && !file_uri.starts_with("gs://") {
        return Err(Fault::invalid(
            "messages",
            format!(
                "{NAME} reads https and gs addresses and files uploaded to it; send the bytes as a data URL"
            ),
        ));
    }
    let mime_type = media_type.or_else(|| type_by_name(&file_uri)).or(fallback);
    Ok(Piece::new(PieceBody::FileData(FileRef {
        mime_type,
        file_uri,
    })))
}

fn type_by_name(url: &str) -> Option<&'static str> {
    const YOUTUBE: [&str; 4] = [
        "https://www.youtube.com/",
        "https://youtube.com/",
        "https://m.youtube.com/",
        "https://youtu.be/",
    ];
    if YOUTUBE.iter().any(|site| url.starts_with(site)) {
        return Some("video/mp4");
    }
    let path = url.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit_once('/')?.1.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "csv" => "text/csv",
        "html" => "text/html",
        "md" => "text/markdown",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "flac" => "audio/flac",
        "ogg" => "audio/ogg",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        _ => return None,
    })
}
