//! Replies of a provider that speaks this dialect: [`Observer`] and [`forward_reply`] pass them on
//! as they came and read no more than they have to.

mod edits;
mod peek;
mod plain;
mod usage_chunk;

use std::ops::Range;

use bytes::Bytes;
use ironward_core::{Fault, Usage};
use serde_json::value::RawValue;

use super::chunk::is_whole;
use super::stream::error_frame;
use super::{fault, usage};
use crate::{Envelope, Forward, Forwarded, Frame, Frames};
use edits::{Edits, member, place, splice};
use peek::Peek;
use plain::Plain;

/// Forwards a whole reply: the bytes as they came, but for the top-level `model`.
///
/// # Errors
/// When it is no JSON object, or an error in place of a reply, as `OpenRouter` sends with status
/// 200.
pub fn forward_reply(body: Bytes, envelope: &Envelope) -> Result<Forwarded, Fault> {
    let text =
        std::str::from_utf8(&body).map_err(|error| fault::unreadable("reply").with_cause(error))?;
    let peek = Peek::read(text)?;
    if !peek.has_content()
        && let Some(error) = peek.error
    {
        return Err(fault::of_error(error));
    }
    let counted = peek.usage().and_then(usage::read);
    let model = quoted(&envelope.model);
    let written = peek.model.map(RawValue::get);
    let changed = written.filter(|written| *written != model);
    let bytes = match changed.map(|written| place(&body, written.as_bytes())) {
        None => body,
        Some(standing) => {
            let mut out = Vec::with_capacity(body.len() + model.len());
            splice(&body, &Edits::renaming(standing), &model, &mut out);
            out.into()
        }
    };
    Ok(Forwarded {
        bytes,
        usage: counted,
    })
}

/// Forwards a stream, of chat completions or of legacy ones.
///
/// - The top-level `model` becomes the name that the client asked for.
/// - The gateway always asks the provider for usage. A client that did not ask sees none: the chunk
///   of nothing but usage is taken out, and the field `usage` of the others. Fields of a vendor's own
///   that hold it, such as `x_groq`, stay.
/// - A client that asked gets it in a chunk of its own, as with `OpenAI`, also from the vendors that
///   put it into the one that ends the last choice; that one has `"usage":null` then.
/// - The stream is complete when `[DONE]` came, or every choice gave the reason of its end before
///   the connection was closed; then `[DONE]` is added.
#[derive(Debug)]
pub struct Observer {
    /// The client's name of the model, as JSON.
    model: String,
    include_usage: bool,
    plain: Plain,
    frames: Frames,
    /// How many bytes came that are in no whole frame yet.
    open: usize,
    /// Choices that have begun, and those that have ended, a bit each.
    begun: u128,
    ended: u128,
    is_done: bool,
    usage: Option<Usage>,
    /// The chunk of nothing but usage that follows the last one, when none has come.
    closing: Option<Vec<u8>>,
    unsent: Bytes,
}

/// What becomes of a frame.
enum Fate {
    AsItCame,
    /// The model's name, or the usage, is another one.
    Changed(Edits),
    /// Written anew, since its JSON came over several lines.
    Rewritten(Vec<u8>),
    Dropped,
}

impl Fate {
    const fn of(edits: Edits) -> Self {
        match edits {
            Edits {
                model: None,
                usage: None,
            } => Self::AsItCame,
            edits => Self::Changed(edits),
        }
    }
}

impl Observer {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(envelope: &Envelope) -> Self {
        Self {
            model: quoted(&envelope.model),
            include_usage: envelope.include_usage,
            plain: Plain::default(),
            frames: Frames::default(),
            open: 0,
            begun: 0,
            ended: 0,
            is_done: false,
            usage: None,
            closing: None,
            unsent: Bytes::new(),
        }
    }

    fn drain(&mut self, out: &mut Output) -> Result<(), Fault> {
        while let Some(frame) = self.frames.next_frame() {
            self.open = self.open.saturating_sub(frame.raw().len());
            let fate = self.take(&frame)?;
            out.put(frame.raw(), &fate, &self.model);
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame) -> Result<Fate, Fault> {
        if !self.is_done
            && let Some(alike) = self.plain.recognise(frame.raw())
        {
            self.begun |= alike.begun;
            let usage = alike.usage.map(|usage| (usage, ""));
            return Ok(self.changed(frame, alike.model, usage));
        }
        let Some(data) = frame.data() else {
            return Ok(Fate::AsItCame);
        };
        let text = data.trim();
        if self.is_done {
            // Nothing may follow, but what it cost still counts.
            if let Ok(peek) = Peek::read(text) {
                self.count(&peek);
            }
            return Ok(Fate::Dropped);
        }
        if text == "[DONE]" {
            self.is_done = true;
            return Ok(match self.closing.take() {
                Some(mut closing) => {
                    closing.extend_from_slice(frame.raw());
                    Fate::Rewritten(closing)
                }
                None => Fate::AsItCame,
            });
        }
        if text.is_empty() {
            return Ok(Fate::AsItCame);
        }
        let peek = Peek::read(text)?;
        check(&peek, frame, text)?;
        self.count(&peek);
        self.begun |= peek.choices.begun;
        self.ended |= peek.choices.ended;
        if !self.include_usage {
            if peek.is_usage_only() {
                return Ok(Fate::Dropped);
            }
        } else if let Some(counted) = peek.usage() {
            let closing = || usage_chunk::write(text, &self.model, counted);
            self.closing = (!peek.is_usage_only()).then(closing);
        }
        let Some(edits) = self.edits(&peek, frame.raw()) else {
            return Ok(self.rewritten(&data, &peek));
        };
        let Edits { model, usage } = edits;
        let Some(model) = model else {
            return Ok(Fate::of(Edits { model: None, usage }));
        };
        if peek.is_plain() {
            let cut = usage.as_ref().map(|(place, _)| place.clone());
            let begun = peek.choices.begun;
            self.plain
                .learn(frame.raw(), text, (model.clone(), cut), begun);
        }
        Ok(self.changed(frame, model, usage))
    }

    /// What is changed in the JSON that stands in `whole`; `None`: it stands elsewhere.
    fn edits(&self, peek: &Peek<'_>, whole: &[u8]) -> Option<Edits> {
        let find = |raw: &RawValue| {
            let standing = place(whole, raw.get().as_bytes());
            (whole.get(standing.clone()) == Some(raw.get().as_bytes())).then_some(standing)
        };
        let model = match peek.model {
            Some(model) => Some(find(model)?),
            None => None,
        };
        let usage = match peek.usage_field() {
            Some(usage) if !self.include_usage => {
                member(whole, &find(usage)?).map(|member| (member, ""))
            }
            // It follows in a chunk of its own.
            Some(usage) if usage.get() != "null" && !peek.is_usage_only() => {
                Some((find(usage)?, "null"))
            }
            _ => None,
        };
        Some(Edits { model, usage })
    }

    /// The frame whose model's name stands at `model`, and whose usage is changed so.
    fn changed(
        &self,
        frame: &Frame,
        model: Range<usize>,
        usage: Option<(Range<usize>, &'static str)>,
    ) -> Fate {
        let is_same = frame.raw().get(model.clone()) == Some(self.model.as_bytes());
        let model = (!is_same).then_some(model);
        Fate::of(Edits { model, usage })
    }

    fn count(&mut self, peek: &Peek<'_>) {
        if let Some(counted) = peek.usage().and_then(usage::read) {
            self.usage = Some(counted);
        }
    }

    /// The frame of JSON that came over several lines, and was joined in a buffer of its own.
    fn rewritten(&self, data: &str, peek: &Peek<'_>) -> Fate {
        let Some(edits) = self.edits(peek, data.as_bytes()) else {
            return Fate::AsItCame;
        };
        let mut out = Vec::with_capacity(data.len() + self.model.len() + 8);
        out.extend_from_slice(b"data: ");
        splice(data.as_bytes(), &edits, &self.model, &mut out);
        // Line feeds stand between values only: strings hold none.
        for byte in &mut out {
            if *byte == b'\n' {
                *byte = b' ';
            }
        }
        out.extend_from_slice(b"\n\n");
        Fate::Rewritten(out)
    }
}

fn check(peek: &Peek<'_>, frame: &Frame, text: &str) -> Result<(), Fault> {
    if let Some(error) = peek.error {
        return Err(fault::of_error(error));
    }
    if !peek.has_content() && (peek.is_error_object() || frame.event() == Some("error")) {
        let raw = serde_json::from_str(text).map_err(|_| fault::unreadable("reply"))?;
        return Err(fault::of_error(raw));
    }
    peek.choices.fault().map_or(Ok(()), Err)
}

impl Forward for Observer {
    fn push(&mut self, chunk: Bytes) -> Result<Bytes, Fault> {
        let mut out = Output::new(&chunk, self.open);
        self.open += chunk.len();
        self.frames.push(chunk)?;
        match self.drain(&mut out) {
            Ok(()) => Ok(out.into_bytes()),
            Err(fault) => {
                self.unsent = out.into_bytes();
                Err(fault)
            }
        }
    }

    fn unsent(&mut self) -> Bytes {
        std::mem::take(&mut self.unsent)
    }

    fn finish(&mut self) -> Result<Bytes, Fault> {
        let mut out = Output::new(&Bytes::new(), 1);
        if let Some(frame) = self.frames.last_frame().filter(is_whole) {
            let fate = self.take(&frame)?;
            if !matches!(fate, Fate::Dropped) {
                out.put(frame.raw().trim_ascii_end(), &fate, &self.model);
                // The blank line that it came without.
                out.put(b"\n\n", &Fate::AsItCame, "");
            }
        }
        if !self.is_done {
            if self.begun == 0 || self.begun != self.ended {
                self.unsent = out.into_bytes();
                return Err(fault::cut());
            }
            self.is_done = true;
            if let Some(closing) = self.closing.take() {
                out.put(b"", &Fate::Rewritten(closing), "");
            }
            out.put(b"data: [DONE]\n\n", &Fate::AsItCame, "");
        }
        Ok(out.into_bytes())
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn fail(&mut self, fault: &Fault) -> Bytes {
        error_frame(fault)
    }
}

/// What one chunk becomes: for as long as nothing has to change a slice of it, then a copy.
struct Output {
    chunk: Bytes,
    /// How much of the chunk's beginning goes out as it came.
    kept: usize,
    copy: Option<Vec<u8>>,
}

impl Output {
    /// For `chunk`, of whose first frame `open` bytes came before.
    fn new(chunk: &Bytes, open: usize) -> Self {
        Self {
            chunk: chunk.clone(),
            kept: 0,
            copy: (open > 0).then(|| Vec::with_capacity(open + chunk.len())),
        }
    }

    fn put(&mut self, raw: &[u8], fate: &Fate, model: &str) {
        if self.copy.is_none() && matches!(fate, Fate::AsItCame) {
            self.kept += raw.len();
            return;
        }
        let copy = self.copy.get_or_insert_with(|| {
            // Just enough for a chunk of one frame, which most are.
            let replaced = match fate {
                Fate::Changed(edits) => edits.replaced(),
                Fate::AsItCame | Fate::Rewritten(_) | Fate::Dropped => 0,
            };
            let room = (self.chunk.len() + model.len()).saturating_sub(replaced);
            let mut copy = Vec::with_capacity(room);
            copy.extend_from_slice(self.chunk.get(..self.kept).unwrap_or_default());
            copy
        });
        match fate {
            Fate::AsItCame => copy.extend_from_slice(raw),
            Fate::Changed(edits) => splice(raw, edits, model, copy),
            Fate::Rewritten(frame) => copy.extend_from_slice(frame),
            Fate::Dropped => {}
        }
    }

    fn into_bytes(self) -> Bytes {
        match self.copy {
            Some(copy) => copy.into(),
            None if self.kept == self.chunk.len() => self.chunk,
            None => self.chunk.slice(..self.kept.min(self.chunk.len())),
        }
    }
}

/// A name as JSON.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

#[cfg(test)]
mod tests;
