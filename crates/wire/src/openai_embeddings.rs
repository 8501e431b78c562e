//! OpenAI's embeddings: `POST /v1/embeddings`.
//! <https://platform.openai.com/docs/api-reference/embeddings>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::node::Node;
use crate::openai_chat::{fault, lenient, read, usage};
use crate::writer::JsonWriter;
use crate::{Body, Embeddings, EmbeddingsFormat, EmbeddingsInput, EmbeddingsReply, Envelope};

/// Reads a client's call.
///
/// # Errors
/// A bad-request fault naming the field.
pub fn decode_call(body: &Body) -> Result<Embeddings, Fault> {
    let top = |name| Node::top(body, name);
    let texts = top("input")
        .ok_or_else(|| Fault::invalid("input", "'input' is missing; give the texts to embed"))?;
    let format = match top("encoding_format") {
        None => EmbeddingsFormat::Float,
        Some(node) => match node.string()?.as_str() {
            "float" => EmbeddingsFormat::Float,
            "base64" => EmbeddingsFormat::Base64,
            _ => return Err(node.fault("'float' or 'base64'")),
        },
    };
    let extra = body
        .names()
        .filter(|name| !MODELLED.contains(name))
        .filter_map(|name| Some((name.to_owned(), top(name)?.json())))
        .map(|(name, json)| Ok((name, json?)))
        .collect::<Result<_, Fault>>()?;
    Ok(Embeddings {
        input: input(&texts)?,
        dimensions: read(top("dimensions"), Node::count)?,
        format,
        user: read(top("user"), Node::string)?,
        extra,
    })
}

/// A text, a list of texts, a list of tokens, or a list of such lists.
fn input(node: &Node<'_, '_>) -> Result<Vec<EmbeddingsInput>, Fault> {
    if node.is_string() {
        return Ok(vec![EmbeddingsInput::Text(node.string()?)]);
    }
    if !node.is_array() {
        return Err(node.fault("a text, a list of texts, or tokens"));
    }
    let mut inputs = Vec::new();
    let mut tokens = Vec::new();
    node.items(|item| {
        if item.is_string() {
            inputs.push(EmbeddingsInput::Text(item.string()?));
        } else if item.is_array() {
            let mut list = Vec::new();
            item.items(|number| {
                list.push(token(&number)?);
                Ok(())
            })?;
            inputs.push(EmbeddingsInput::Tokens(list));
        } else {
            tokens.push(token(&item)?);
        }
        Ok(())
    })?;
    let is_text = |input: &EmbeddingsInput| matches!(input, EmbeddingsInput::Text(_));
    let is_mixed = inputs.iter().any(is_text) && !inputs.iter().all(is_text);
    match (inputs.is_empty(), tokens.is_empty()) {
        (false, true) if !is_mixed => Ok(inputs),
        (true, false) => Ok(vec![EmbeddingsInput::Tokens(tokens)]),
        (true, true) => Err(node.fault("a list of at least one text")),
        (false, _) => Err(node.fault("texts or tokens, not both")),
    }
}

fn token(node: &Node<'_, '_>) -> Result<u32, Fault> {
    let number = node.count()?;
    number
        .try_into()
        .map_err(|_| node.fault("a token's number"))
}

/// Writes a call for an upstream that speaks this dialect, as `model`.
///
/// # Errors
/// Never for now.
pub fn encode_call(embeddings: &Embeddings, model: &str) -> Result<Bytes, Fault> {
    let mut out = BytesMut::with_capacity(1024);
    let mut json = JsonWriter::new(&mut out);
    json.begin_object().key("model").text(model);
    json.key("input");
    match embeddings.input.as_slice() {
        [one] => write_input(&mut json, one),
        several => {
            json.begin_array();
            for each in several {
                write_input(&mut json, each);
            }
            json.end_array();
        }
    }
    json.field("dimensions", embeddings.dimensions);
    // Not every vendor knows the field, and each writes numbers where it is left out.
    if embeddings.format == EmbeddingsFormat::Base64 {
        json.key("encoding_format").text("base64");
    }
    json.field("user", embeddings.user.as_deref());
    json.end_object();
    Ok(out.freeze())
}

fn write_input(json: &mut JsonWriter<'_>, input: &EmbeddingsInput) {
    match input {
        EmbeddingsInput::Text(text) => json.text(text),
        EmbeddingsInput::Tokens(tokens) => json.value(tokens),
    };
}

#[derive(Deserialize)]
struct ReplyFields<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    #[serde(borrow, default)]
    data: Option<Vec<Vector<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Vector<'a> {
    #[serde(default, deserialize_with = "lenient::optional")]
    index: Option<usize>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// Reads an upstream's reply, of numbers or base64.
///
/// # Errors
/// When it is not one.
pub fn decode_reply(body: &[u8]) -> Result<EmbeddingsReply, Fault> {
    let fields: ReplyFields<'_> = serde_json::from_slice(body)
        .map_err(|error| fault::unreadable("reply").with_cause(error))?;
    let Some(data) = fields.data else {
        return Err(fields.error.map_or_else(
            || fault::unreadable("reply").with_cause("no vectors"),
            fault::of_error,
        ));
    };
    let mut vectors = Vec::with_capacity(data.len());
    for (position, vector) in data.iter().enumerate() {
        let numbers = numbers(vector.embedding).ok_or_else(|| {
            fault::unreadable("reply").with_cause("a vector of neither numbers nor base64")
        })?;
        vectors.push((vector.index.unwrap_or(position), numbers));
    }
    vectors.sort_by_key(|(index, _)| *index);
    Ok(EmbeddingsReply {
        model: fields.model,
        vectors: vectors.into_iter().map(|(_, vector)| vector).collect(),
        usage: fields.usage.and_then(usage::read),
    })
}

fn numbers(json: &RawValue) -> Option<Vec<f32>> {
    if json.get().starts_with('[') {
        return serde_json::from_str(json.get()).ok();
    }
    let text: String = serde_json::from_str(json.get()).ok()?;
    let bytes = STANDARD.decode(text).ok()?;
    let (numbers, rest) = bytes.as_chunks::<4>();
    let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    // Bytes that are no such numbers (Perplexity's `base64_int8`) seldom look like any.
    let numbers: Vec<f32> = numbers.collect();
    (rest.is_empty() && numbers.iter().all(|number| number.is_finite())).then_some(numbers)
}

/// Writes a reply, its numbers as `format` says.
#[must_use]
pub fn encode_reply(
    format: EmbeddingsFormat,
    reply: &EmbeddingsReply,
    envelope: &Envelope,
) -> Bytes {
    let numbers: usize = reply.vectors.iter().map(Vec::len).sum();
    let mut out = BytesMut::with_capacity(256 + numbers * 12);
    let mut json = JsonWriter::new(&mut out);
    json.begin_object().key("object").text("list");
    json.key("data").begin_array();
    for (index, vector) in (0..).zip(&reply.vectors) {
        json.begin_object().key("object").text("embedding");
        json.key("index").number(index).key("embedding");
        match format {
            EmbeddingsFormat::Float => json.value(vector),
            EmbeddingsFormat::Base64 => {
                let bytes: Vec<u8> = vector
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect();
                json.text(&STANDARD.encode(bytes))
            }
        };
        json.end_object();
    }
    json.end_array();
    json.key("model").text(&envelope.model);
    let counted = reply.usage.unwrap_or_default();
    json.key("usage").begin_object();
    json.key("prompt_tokens").number(counted.input);
    json.key("total_tokens").number(counted.total());
    json.end_object().end_object();
    out.freeze()
}

/// Fields that have a neutral form, or that [`crate::Call`] reads.
const MODELLED: [&str; 7] = [
    "model",
    "stream",
    "stream_options",
    "input",
    "dimensions",
    "encoding_format",
    "user",
];

#[cfg(test)]
mod tests;
