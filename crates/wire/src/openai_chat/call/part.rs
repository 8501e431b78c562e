use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{cache, read};
use crate::node::Node;
use crate::openai_chat::media::{audio_type, read_data_url, source, type_by_name};
use crate::{Image, Media, Part, PartBody, Source};

/// Reads `content`: a string, or a list of parts. An empty text says nothing and is left out.
pub(super) fn decode_content(node: &Node<'_, '_>) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    if node.is_string() {
        push_text(node.string()?, &mut parts);
        return Ok(parts);
    }
    if !node.is_array() {
        return Err(node.fault("a string or a list of parts"));
    }
    node.items(|item| {
        let marker = CacheField::read(&item)?;
        let before = parts.len();
        decode(&item, &mut parts)?;
        if parts.len() > before
            && let Some(last) = parts.last_mut()
        {
            last.cache = marker;
        }
        Ok(())
    })?;
    Ok(parts)
}

#[derive(Deserialize)]
struct CacheField<'a> {
    #[serde(borrow)]
    cache_control: Option<&'a RawValue>,
}

impl CacheField<'_> {
    fn read(node: &Node<'_, '_>) -> Result<Option<crate::CacheMarker>, Fault> {
        let fields: CacheField<'_> = node.object()?;
        cache(node.field("cache_control", fields.cache_control))
    }
}

fn push_text(text: String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::text(text));
    }
}

/// The fields of every kind of part; each kind has its own.
#[derive(Deserialize)]
struct PartFields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    text: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    image_url: Option<&'a RawValue>,
    input_audio: Option<&'a RawValue>,
    file: Option<&'a RawValue>,
    video_url: Option<&'a RawValue>,
    file_url: Option<&'a RawValue>,
    document_url: Option<&'a RawValue>,
    document_name: Option<&'a RawValue>,
    thinking: Option<&'a RawValue>,
    signature: Option<&'a RawValue>,
    data: Option<&'a RawValue>,
}

fn decode(node: &Node<'_, '_>, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let fields: PartFields<'_> = node.object()?;
    let kind = node.required("type", fields.kind)?;
    let body = match kind.string()?.as_str() {
        "text" => {
            push_text(node.required("text", fields.text)?.string()?, parts);
            return Ok(());
        }
        "refusal" => PartBody::Refusal(node.required("refusal", fields.refusal)?.string()?),
        "image_url" => image(&node.required("image_url", fields.image_url)?)?,
        "input_audio" => audio(&node.required("input_audio", fields.input_audio)?)?,
        "file" => file(&node.required("file", fields.file)?)?,
        // vLLM, OpenRouter and Alibaba.
        "video_url" => {
            PartBody::Video(address(&node.required("video_url", fields.video_url)?)?.source)
        }
        // Perplexity, OpenRouter and Z.ai.
        "file_url" => PartBody::Document {
            source: address(&node.required("file_url", fields.file_url)?)?.source,
            title: None,
        },
        // Mistral.
        "document_url" => PartBody::Document {
            source: address(&node.required("document_url", fields.document_url)?)?.source,
            title: read(
                node.field("document_name", fields.document_name),
                Node::string,
            )?,
        },
        "thinking" => PartBody::Thinking {
            text: thought(&node.required("thinking", fields.thinking)?)?,
            signature: read(node.field("signature", fields.signature), Node::string)?,
        },
        "redacted_thinking" => {
            PartBody::RedactedThinking(node.required("data", fields.data)?.string()?)
        }
        _ => return Err(kind.fault("a kind of part that the gateway knows")),
    };
    parts.push(Part::new(body));
    Ok(())
}

#[derive(Deserialize)]
struct AddressFields<'a> {
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    format: Option<&'a RawValue>,
}

struct Address {
    source: Source,
    detail: Option<String>,
}

/// `{"url": ...}`, or the address alone as Mistral writes it. `format` is LiteLLM's name for the
/// media type.
fn address(node: &Node<'_, '_>) -> Result<Address, Fault> {
    const EXPECTED: &str = "an address or a base64 data URL";
    if node.is_string() {
        let source = source(node.string()?, None).ok_or_else(|| node.fault(EXPECTED))?;
        return Ok(Address {
            source,
            detail: None,
        });
    }
    let fields: AddressFields<'_> = node.object()?;
    let url = node.required("url", fields.url)?;
    let format = read(node.field("format", fields.format), Node::string)?;
    Ok(Address {
        source: source(url.string()?, format).ok_or_else(|| url.fault(EXPECTED))?,
        detail: read(node.field("detail", fields.detail), Node::string)?,
    })
}

fn image(node: &Node<'_, '_>) -> Result<PartBody, Fault> {
    let Address { source, detail } = address(node)?;
    Ok(PartBody::Image(Image { source, detail }))
}

#[derive(Deserialize)]
struct AudioFields<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    format: Option<&'a RawValue>,
}

fn audio(node: &Node<'_, '_>) -> Result<PartBody, Fault> {
    let fields: AudioFields<'_> = node.object()?;
    let format = node.required("format", fields.format)?.string()?;
    Ok(PartBody::Audio(Media {
        media_type: audio_type(&format),
        data: node.required("data", fields.data)?.string()?,
    }))
}

#[derive(Deserialize)]
struct FileFields<'a> {
    #[serde(borrow)]
    file_data: Option<&'a RawValue>,
    file_id: Option<&'a RawValue>,
    filename: Option<&'a RawValue>,
    format: Option<&'a RawValue>,
}

/// A file by its type: LiteLLM's clients send films, sounds and pictures as files too, and write
/// an address into `file_id`.
fn file(node: &Node<'_, '_>) -> Result<PartBody, Fault> {
    let fields: FileFields<'_> = node.object()?;
    let title = read(node.field("filename", fields.filename), Node::string)?;
    let format = read(node.field("format", fields.format), Node::string)?;
    let source = if let Some(node) = node.field("file_data", fields.file_data) {
        let text = node.string()?;
        Source::Inline(match read_data_url(&text) {
            Some(media) => media.ok_or_else(|| node.fault("base64 or a base64 data URL"))?,
            None => Media {
                media_type: format.unwrap_or_else(|| {
                    type_by_name(title.as_deref().unwrap_or_default()).to_owned()
                }),
                data: text,
            },
        })
    } else if let Some(node) = node.field("file_id", fields.file_id) {
        let id = node.string()?;
        if id.contains("://") {
            Source::Url {
                url: id,
                media_type: format,
            }
        } else {
            Source::File(id)
        }
    } else {
        return Err(node.fault("a file with 'file_data' or 'file_id'"));
    };
    Ok(by_type(source, title))
}

fn by_type(source: Source, title: Option<String>) -> PartBody {
    let media_type = match &source {
        Source::Inline(media) => media.media_type.as_str(),
        Source::Url { media_type, .. } => media_type.as_deref().unwrap_or_default(),
        Source::File(_) | Source::Text(_) => "",
    };
    if media_type.starts_with("image/") {
        return PartBody::Image(Image {
            source,
            detail: None,
        });
    }
    if media_type.starts_with("video/") {
        return PartBody::Video(source);
    }
    match source {
        Source::Inline(media) if media.media_type.starts_with("audio/") => PartBody::Audio(media),
        source => PartBody::Document { source, title },
    }
}

/// Mistral writes a list of texts, everyone else a string.
fn thought(node: &Node<'_, '_>) -> Result<String, Fault> {
    #[derive(Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        text: Option<&'a RawValue>,
    }
    if node.is_string() {
        return node.string();
    }
    let mut thought = String::new();
    node.items(|item| {
        let fields: Fields<'_> = item.object()?;
        if let Some(text) = item.field("text", fields.text) {
            thought.push_str(&text.string()?);
        }
        Ok(())
    })?;
    Ok(thought)
}
