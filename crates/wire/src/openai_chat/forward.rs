//! Replies of a provider that speaks this dialect: [`Observer`] and [`forward_reply`] pass them on
//! as they came and read no more than they have to.

mod peek;
mod plain;

use std::ops::Range;

use bytes::Bytes;
use ironward_core::{Fault, Usage};
use serde_json::value::RawValue;

use super::chunk::is_whole;
use super::stream::error_frame;
use super::{fault, usage};
use crate::{Envelope, Forward, Forwarded, Frame, Frames};
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
            splice(&body, &standing, &model, &mut out);
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
/// - The chunk of nothing but usage is taken out unless the client asked for it: the gateway always
///   asks the provider. `"usage": null` in the others may stay.
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
    unsent: Bytes,
}

/// What becomes of a frame.
enum Fate {
    AsItCame,
    /// The bytes of the frame that hold the model's name are replaced.
    Renamed(Range<usize>),
    /// Written anew, since its JSON came over several lines.
    Rewritten(Vec<u8>),
    Dropped,
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
            return Ok(self.renamed(frame, alike.model));
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
            return Ok(Fate::AsItCame);
        }
        if text.is_empty() {
            return Ok(Fate::AsItCame);
        }
        let peek = Peek::read(text)?;
        check(&peek, frame, text)?;
        self.count(&peek);
        self.begun |= peek.choices.begun;
        self.ended |= peek.choices.ended;
        if peek.is_usage_only() && !self.include_usage {
            return Ok(Fate::Dropped);
        }
        let Some(written) = peek.model.map(RawValue::get) else {
            return Ok(Fate::AsItCame);
        };
        let standing = place(frame.raw(), written.as_bytes());
        if frame.raw().get(standing.clone()) != Some(written.as_bytes()) {
            return Ok(self.rewritten(&data, written));
        }
        if peek.is_plain() {
            let begun = peek.choices.begun;
            self.plain.learn(frame.raw(), text, standing.clone(), begun);
        }
        Ok(self.renamed(frame, standing))
    }

    /// The frame whose model's name stands at `model`.
    fn renamed(&self, frame: &Frame, model: Range<usize>) -> Fate {
        if frame.raw().get(model.clone()) == Some(self.model.as_bytes()) {
            Fate::AsItCame
        } else {
            Fate::Renamed(model)
        }
    }

    fn count(&mut self, peek: &Peek<'_>) {
        if let Some(counted) = peek.usage().and_then(usage::read) {
            self.usage = Some(counted);
        }
    }

    /// The frame of JSON that came over several lines, and was joined in a buffer of its own.
    fn rewritten(&self, data: &str, written: &str) -> Fate {
        let mut out = Vec::with_capacity(data.len() + self.model.len() + 8);
        out.extend_from_slice(b"data: ");
        let standing = place(data.as_bytes(), written.as_bytes());
        splice(data.as_bytes(), &standing, &self.model, &mut out);
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
                Fate::Renamed(place) => place.len(),
                Fate::AsItCame | Fate::Rewritten(_) | Fate::Dropped => 0,
            };
            let room = (self.chunk.len() + model.len()).saturating_sub(replaced);
            let mut copy = Vec::with_capacity(room);
            copy.extend_from_slice(self.chunk.get(..self.kept).unwrap_or_default());
            copy
        });
        match fate {
            Fate::AsItCame => copy.extend_from_slice(raw),
            Fate::Renamed(place) => splice(raw, place, model, copy),
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

/// Where `part`, a slice of `whole`, stands in it.
fn place(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    start..start.wrapping_add(part.len())
}
/// `whole` with `model` at `place`.
fn splice(whole: &[u8], place: &Range<usize>, model: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(whole.get(..place.start).unwrap_or_default());
    out.extend_from_slice(model.as_bytes());
    out.extend_from_slice(whole.get(place.end..).unwrap_or_default());
}

/// A name as JSON.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

#[cfg(test)]
mod tests;
