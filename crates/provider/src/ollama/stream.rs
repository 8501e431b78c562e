//! Ollama's stream: one JSON object a line.

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind, Retry};
use ironward_wire::{Delta, StreamDecoder};

use super::reply::{Response, failed, read};

#[derive(Default)]
pub(super) struct Decoder {
    lines: Lines,
    started: bool,
    done: bool,
    calls: u32,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        self.lines.push(chunk)?;
        while let Some(line) = self.lines.next() {
            self.line(&line, deltas)?;
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        let rest = self.lines.rest();
        self.line(&rest, deltas)?;
        if self.done {
            return Ok(());
        }
        Err(Fault::upstream(
            FaultKind::BadGateway,
            Retry::Again(None),
            "the provider's stream ended before the reply was complete",
        ))
    }
}

impl Decoder {
    fn line(&mut self, line: &[u8], deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        const CHOICE: u32 = 0;
        if line.trim_ascii().is_empty() || self.done {
            return Ok(());
        }
        let mut response: Response = read(line)?;
        if let Some(error) = &response.error {
            return Err(failed(error));
        }
        if !self.started {
            self.started = true;
            deltas.push(Delta::Start {
                id: None,
                model: response.model.take(),
                created: None,
                service_tier: None,
                system_fingerprint: None,
            });
        }
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(text) = text(response.message.thinking.take()) {
            deltas.push(Delta::Thinking {
                choice: CHOICE,
                text,
            });
        }
        if let Some(text) = text(response.message.content.take()) {
            deltas.push(Delta::Text {
                choice: CHOICE,
                text,
            });
        }
        for call in response.calls(self.calls) {
            let index = self.calls;
            self.calls = self.calls.saturating_add(1);
            deltas.push(Delta::ToolCall {
                choice: CHOICE,
                index,
                id: call.id,
                name: call.name,
                signature: None,
            });
            deltas.push(Delta::ToolArguments {
                choice: CHOICE,
                index,
                fragment: call.arguments,
            });
        }
        if let Some(json) = response.logprobs() {
            deltas.push(Delta::Logprobs {
                choice: CHOICE,
                json,
            });
        }
        if response.done {
            self.done = true;
            deltas.push(Delta::Finish {
                choice: CHOICE,
                finish: response.finish(self.calls > 0),
            });
            deltas.extend(response.usage().map(Delta::Usage));
        }
        Ok(())
    }
}

/// Cuts a byte stream into lines, however the network cut it. A line that arrived whole in one
/// chunk is a slice of that chunk.
#[derive(Debug, Default)]
struct Lines {
    rest: Bytes,
    /// The beginning of a line whose end has not come yet.
    cut: BytesMut,
}

impl Lines {
    /// The largest line that is accepted, in bytes.
    const LIMIT: usize = 16 << 20;

    fn push(&mut self, chunk: Bytes) -> Result<(), Fault> {
        if self.cut.len() > Self::LIMIT {
            return Err(Fault::upstream(
                FaultKind::BadGateway,
                Retry::Never,
                "the provider sent a line larger than the gateway takes",
            ));
        }
        self.rest = chunk;
        Ok(())
    }

    /// The next whole line; keeps what is left when there is none.
    fn next(&mut self) -> Option<Bytes> {
        let Some(end) = memchr::memchr(b'\n', &self.rest) else {
            self.cut.extend_from_slice(&self.rest);
            self.rest = Bytes::new();
            return None;
        };
        let line = self.rest.split_to(end + 1);
        if self.cut.is_empty() {
            return Some(line);
        }
        self.cut.extend_from_slice(&line);
        Some(self.cut.split().freeze())
    }

    /// A last line without its line feed, or nothing.
    fn rest(&mut self) -> Bytes {
        self.cut.split().freeze()
    }
}

#[cfg(test)]
mod tests;
