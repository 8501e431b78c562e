use ironward_core::Fault;

use crate::anthropic_messages::PROVIDER;
use crate::anthropic_messages::object::{Object, Path, keep, read_list};
use crate::{CacheMarker, Image, Media, Part, PartBody, Source};

/// Reads a text or a list of blocks.
pub(in crate::anthropic_messages) fn read_content(
    text: &str,
    path: &Path<'_>,
) -> Result<Vec<Part>, Fault> {
    if text.starts_with('"') {
        let text: String = serde_json::from_str(text).map_err(|_| path.has_to_be("text"))?;
        return Ok(vec![Part::text(text)]);
    }
    let items =
        read_list(text, path).map_err(|_| path.has_to_be("text or a list of content blocks"))?;
    let mut parts = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        read_block(item, &path.item(index), &mut parts)?;
    }
    Ok(parts)
}

/// Reads `cache_control`.
pub(in crate::anthropic_messages) fn read_cache(
    object: &Object<'_, '_>,
    path: &Path<'_>,
) -> Result<Option<CacheMarker>, Fault> {
    let Some(text) = object.get("cache_control") else {
        return Ok(None);
    };
    let path = path.field("cache_control");
    let control = Object::read(text, &path)?;
    if control.required_text("type")? != "ephemeral" {
        return Err(path.field("type").has_to_be("'ephemeral'"));
    }
    match control.text("ttl")?.as_deref() {
        None | Some("5m") => Ok(Some(CacheMarker::FiveMinutes)),
        Some("1h") => Ok(Some(CacheMarker::OneHour)),
        Some(_) => Err(path.field("ttl").has_to_be("'5m' or '1h'")),
    }
}

fn read_block(text: &str, path: &Path<'_>, parts: &mut Vec<Part>) -> Result<(), Fault> {
    let block = Object::read(text, path)?;
    let body = match block.required_text("type")?.as_str() {
        "text" => PartBody::Text(block.required_text("text")?),
        "image" => PartBody::Image(Image {
            source: read_source(&block, path)?,
            detail: None,
        }),
        "document" => return read_document(&block, path, parts),
        "search_result" => read_search_result(&block, path)?,
        "thinking" => PartBody::Thinking {
            text: block.text("thinking")?.unwrap_or_default(),
            signature: block.text("signature")?.filter(|proof| !proof.is_empty()),
        },
        "redacted_thinking" => PartBody::RedactedThinking(block.required_text("data")?),
        "tool_use" => PartBody::ToolCall {
            id: block.required_text("id")?,
            name: block.required_text("name")?,
            arguments: match block.get("input") {
                Some(input) if input.starts_with('{') => input.to_owned(),
                Some(_) => return Err(path.field("input").has_to_be("an object")),
                None => "{}".to_owned(),
            },
            signature: None,
        },
        "tool_result" => PartBody::ToolResult {
            call_id: block.required_text("tool_use_id")?,
            content: match block.get("content") {
                Some(content) => read_content(content, &path.field("content"))?,
                None => Vec::new(),
            },
            is_error: block.boolean("is_error")?.unwrap_or(false),
        },
        _ => {
            // Its own cache marker stays inside.
            parts.push(Part::new(PartBody::Opaque {
                provider: PROVIDER,
                json: keep(text, path)?,
            }));
            return Ok(());
        }
    };
    parts.push(Part {
        body,
        cache: read_cache(&block, path)?,
    });
    Ok(())
}

fn read_source(block: &Object<'_, '_>, path: &Path<'_>) -> Result<Source, Fault> {
    let text = block.required("source")?;
    let path = path.field("source");
    let source = Object::read(text, &path)?;
    Ok(match source.required_text("type")?.as_str() {
        "base64" => Source::Inline(Media {
            media_type: source.required_text("media_type")?,
            data: source.required_text("data")?,
        }),
        "url" => Source::Url {
            url: source.required_text("url")?,
            media_type: None,
        },
        "file" => Source::File(source.required_text("file_id")?),
        "text" => Source::Text(source.required_text("data")?),
        _ => {
            return Err(path
                .field("type")
                .has_to_be("'base64', 'url', 'file', 'text' or 'content'"));
        }
    })
}

/// A document; its `context` (told to the model, never cited) stands before it as text, and the
/// pictures of one made of blocks stand behind it.
fn read_document(
    block: &Object<'_, '_>,
    path: &Path<'_>,
    parts: &mut Vec<Part>,
) -> Result<(), Fault> {
    let title = block.text("title")?;
    if let Some(context) = block.text("context")? {
        parts.push(Part::text(context));
    }
    let (source, rest) = match read_blocks_of_source(block, path)? {
        Some(blocks) => split_texts(blocks),
        None => (read_source(block, path)?, Vec::new()),
    };
    parts.push(Part::new(PartBody::Document { source, title }));
    parts.extend(rest);
    if let Some(last) = parts.last_mut() {
        last.cache = read_cache(block, path)?;
    }
    Ok(())
}

/// The blocks of a source of type `content`; `None` for the other types.
fn read_blocks_of_source(
    block: &Object<'_, '_>,
    path: &Path<'_>,
) -> Result<Option<Vec<Part>>, Fault> {
    let path = path.field("source");
    let source = Object::read(block.required("source")?, &path)?;
    if source.text("type")?.as_deref() != Some("content") {
        return Ok(None);
    }
    let content = source.required("content")?;
    read_content(content, &path.field("content")).map(Some)
}

fn read_search_result(block: &Object<'_, '_>, path: &Path<'_>) -> Result<PartBody, Fault> {
    let address = block.required_text("source")?;
    let content = read_content(block.required("content")?, &path.field("content"))?;
    let (source, _) = split_texts(content);
    let title = match block.text("title")? {
        Some(title) => format!("{title} ({address})"),
        None => address,
    };
    Ok(PartBody::Document {
        source,
        title: Some(title),
    })
}

/// The texts as one document, and what is no text.
fn split_texts(parts: Vec<Part>) -> (Source, Vec<Part>) {
    let mut texts = Vec::new();
    let mut rest = Vec::new();
    for part in parts {
        match part.body {
            PartBody::Text(text) => texts.push(text),
            _ => rest.push(part),
        }
    }
    (Source::Text(texts.join("\n\n")), rest)
}
