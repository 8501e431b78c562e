//! Gemini's stream: server-sent events, each a reply of its own with what is new.

use std::collections::BTreeMap;

use bytes::Bytes;
use ironward_core::{Fault, FaultKind, Retry};
use ironward_wire::{Delta, Finish, Frame, Frames, StreamDecoder};

use super::citations::Sources;
use super::reply::{Candidate, Counts, Piece, Response, finish, read};

#[derive(Default)]
pub(super) struct Decoder {
    frames: Frames,
    started: bool,
    id: Option<String>,
    choices: BTreeMap<u32, Progress>,
}

/// What is known of one choice.
#[derive(Default)]
struct Progress {
    calls: u32,
    /// Code that Google runs ends with one too, and what comes out follows; so the last one counts,
    /// and it is told at the end.
    finish_reason: Option<String>,
    blocked: bool,
    sources: Sources,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        self.frames.push(chunk)?;
        while let Some(frame) = self.frames.next_frame() {
            self.event(&frame, deltas)?;
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(frame) = self.frames.last_frame() {
            self.event(&frame, deltas)?;
        }
        let complete = |progress: &Progress| progress.blocked || progress.finish_reason.is_some();
        if self.choices.is_empty() || !self.choices.values().all(complete) {
            return Err(Fault::upstream(
                FaultKind::BadGateway,
                Retry::Again(None),
                "the provider's stream ended before the reply was complete",
            ));
        }
        for (choice, progress) in std::mem::take(&mut self.choices) {
            if let Some(json) = progress.sources.annotations() {
                deltas.push(Delta::Annotations { choice, json });
            }
            let finish = match progress.finish_reason {
                Some(reason) => finish(&reason, progress.calls > 0),
                None => Finish::ContentFilter,
            };
            deltas.push(Delta::Finish { choice, finish });
        }
        Ok(())
    }
}

impl Decoder {
    fn event(&mut self, frame: &Frame, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        let Some(text) = frame.data() else {
            return Ok(());
        };
        let response: Response = read(text.as_bytes())?;
        if let Some(error) = response.error {
            return Err(super::fault::in_reply(&error));
        }
        if !self.started {
            self.started = true;
            self.id = response.response_id;
            deltas.push(Delta::Start {
                id: self.id.clone(),
                model: response.model_version,
                created: None,
                service_tier: response.usage_metadata.as_ref().and_then(Counts::tier),
                system_fingerprint: None,
            });
        }
        // Before the parts: Anthropic's stream tells the input with its first event.
        if let Some(counts) = response.usage_metadata.as_ref().map(Counts::usage) {
            deltas.push(Delta::Usage(counts));
        }
        for candidate in response.candidates {
            self.candidate(candidate, deltas)?;
        }
        if response
            .prompt_feedback
            .is_some_and(|feedback| feedback.block_reason.is_some())
        {
            self.choices.entry(0).or_default().blocked = true;
        }
        Ok(())
    }

    fn candidate(
        &mut self,
        mut candidate: Candidate,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), Fault> {
        let choice = candidate.index;
        let progress = self.choices.entry(choice).or_default();
        if candidate.finish_reason.is_some() || candidate.speaks() {
            progress.finish_reason = candidate.finish_reason.take();
        }
        let first_call = progress.calls;
        let pieces = candidate.pieces(self.id.as_deref(), &mut progress.calls)?;
        let mut indices = first_call..;
        for piece in pieces {
            match piece {
                Piece::Text(text) => {
                    progress.sources.hear(&text);
                    deltas.push(Delta::Text { choice, text });
                }
                Piece::Thinking(text) => deltas.push(Delta::Thinking { choice, text }),
                Piece::Call {
                    id,
                    name,
                    arguments,
                    signature,
                } => {
                    let index = indices.next().unwrap_or_default();
                    deltas.push(Delta::ToolCall {
                        choice,
                        index,
                        id,
                        name,
                        signature,
                    });
                    deltas.push(Delta::ToolArguments {
                        choice,
                        index,
                        fragment: arguments,
                    });
                }
                Piece::Image(image) => deltas.push(Delta::Image { choice, image }),
                Piece::Audio(json) => deltas.push(Delta::Audio { choice, json }),
            }
        }
        if let Some(json) = candidate.logprobs() {
            deltas.push(Delta::Logprobs { choice, json });
        }
        if let Some(grounding) = candidate.grounding_metadata {
            progress.sources.add(grounding);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
