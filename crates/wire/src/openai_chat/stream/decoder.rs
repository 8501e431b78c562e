use bytes::Bytes;
use ironward_core::Fault;

use crate::openai_chat::chunk::{Chunk, Progress};
use crate::openai_chat::fault;
use crate::{Delta, Frame, Frames, StreamDecoder};

/// Reads an upstream's stream.
///
/// A reply is complete when `[DONE]` came, or when each of its choices gave the reason of its end
/// and the connection was closed: Mistral, Perplexity and xAI have streams without `[DONE]`.
#[derive(Debug, Default)]
pub struct Decoder {
    frames: Frames,
    progress: Progress,
    is_done: bool,
}

impl Decoder {
    fn take(&mut self, frame: &Frame, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        let Some(data) = frame.data() else {
            return Ok(());
        };
        let data = data.trim();
        if data.is_empty() || self.is_done {
            return Ok(());
        }
        if data == "[DONE]" {
            self.is_done = true;
            self.progress.close(deltas);
            return Ok(());
        }
        let is_error = frame.event() == Some("error");
        self.progress.take(Chunk::read(data, is_error)?, deltas)
    }
}

impl StreamDecoder for Decoder {
    fn push(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        self.frames.push(chunk)?;
        while let Some(frame) = self.frames.next_frame() {
            self.take(&frame, deltas)?;
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(frame) = self.frames.last_frame() {
            self.take(&frame, deltas)?;
        }
        if self.is_done || self.progress.is_finished() {
            Ok(())
        } else {
            Err(fault::cut())
        }
    }
}

#[cfg(test)]
mod tests;
