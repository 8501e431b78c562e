use std::borrow::Cow;

use bytes::Bytes;
use ironward_core::Fault;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::anthropic_messages::error::{UpstreamError, cut, unreadable};
use crate::anthropic_messages::reply::{Annotations, BlockRead, Kind, StopDetails, read_finish};
use crate::anthropic_messages::usage::{Counts, UsageRead};
use crate::{Delta, Frame, Frames, StreamDecoder};

/// Reads an upstream's stream.
///
/// Blocks without a neutral form (server tools, their results, compaction...) and events that are
/// not known are passed over.
#[derive(Debug, Default)]
pub struct Decoder {
    frames: Frames,
    /// The blocks that have begun and not ended, by Anthropic's index.
    open: Vec<(u64, Open)>,
    /// How many tool calls have begun.
    calls: u32,
    counts: Counts,
    annotations: Annotations,
    is_complete: bool,
}

#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    Call {
        index: u32,
        /// What the beginning of the block had as input: `{}`, or all of it where it is not
        /// streamed; it stands unless fragments come.
        whole: Option<String>,
    },
}

impl StreamDecoder for Decoder {
    fn push(&mut self, chunk: Bytes, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        self.frames.push(chunk)?;
        while let Some(frame) = self.frames.next_frame() {
            self.frame(&frame, deltas)?;
        }
        Ok(())
    }

    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        if let Some(frame) = self.frames.last_frame() {
            // A frame that was cut is not JSON: then the stream was cut, whatever the frame says.
            self.frame(&frame, deltas)
                .map_err(|fault| if fault.code.is_some() { fault } else { cut() })?;
        }
        if self.is_complete { Ok(()) } else { Err(cut()) }
    }
}

/// Any event; each has some of these.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    index: u64,
    #[serde(borrow)]
    message: Option<MessageStart<'a>>,
    #[serde(borrow)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    delta: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<UsageRead<'a>>,
}

#[derive(Deserialize)]
struct MessageStart<'a> {
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    usage: Option<UsageRead<'a>>,
}

/// What a block's delta may have, by its type.
#[derive(Deserialize)]
struct BlockDelta<'a> {
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    partial_json: Option<String>,
    #[serde(borrow)]
    citation: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageDelta<'a> {
    #[serde(borrow)]
    stop_reason: Option<Cow<'a, str>>,
    stop_sequence: Option<String>,
    stop_details: Option<StopDetails>,
}

impl Decoder {
    fn frame(&mut self, frame: &Frame, deltas: &mut Vec<Delta>) -> Result<(), Fault> {
        let Some(data) = frame.data() else {
            return Ok(());
        };
        if frame.event() == Some("error") {
            return Err(error_event(&data));
        }
        self.event(&data, deltas)
            .map_err(|error| unreadable(&error))?
            .map_or(Ok(()), Err)
    }

    /// Reads one event; gives the fault that it reports.
    fn event(
        &mut self,
        data: &str,
        deltas: &mut Vec<Delta>,
    ) -> Result<Option<Fault>, serde_json::Error> {
        let event: Event<'_> = serde_json::from_str(data)?;
        match &*event.kind {
            "message_start" => {
                if let Some(message) = event.message {
                    deltas.push(Delta::Start {
                        id: message.id,
                        model: message.model,
                        created: None,
                        service_tier: message.usage.as_ref().and_then(UsageRead::tier),
                        system_fingerprint: None,
                    });
                    self.count(message.usage.as_ref(), deltas);
                }
            }
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    self.block_start(event.index, block, deltas)?;
                }
            }
            "content_block_delta" => {
                if let Some(delta) = event.delta {
                    self.block_delta(event.index, delta, deltas)?;
                }
            }
            "content_block_stop" => self.block_stop(event.index, deltas),
            "message_delta" => {
                if let Some(delta) = event.delta {
                    let delta: MessageDelta<'_> = serde_json::from_str(delta.get())?;
                    message_delta(delta, deltas);
                }
                self.count(event.usage.as_ref(), deltas);
            }
            "message_stop" => self.is_complete = true,
            "error" => return Ok(Some(error_event(data))),
            // `ping`, and what Anthropic may add.
            _ => {}
        }
        Ok(None)
    }

    fn count(&mut self, usage: Option<&UsageRead<'_>>, deltas: &mut Vec<Delta>) {
        if let Some(usage) = usage {
            self.counts.update(usage);
            deltas.push(Delta::Usage(self.counts.usage()));
        }
    }

    fn block_start(
        &mut self,
        at: u64,
        block: &RawValue,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), serde_json::Error> {
        let Kind { kind } = serde_json::from_str(block.get())?;
        if !matches!(
            &*kind,
            "text" | "thinking" | "redacted_thinking" | "tool_use"
        ) {
            return Ok(());
        }
        let read: BlockRead<'_> = serde_json::from_str(block.get())?;
        let open = match &*kind {
            "text" => {
                self.text(read.text.unwrap_or_default(), deltas);
                for citation in read.citations.unwrap_or_default() {
                    self.annotations.citation(citation);
                }
                Open::Text
            }
            "thinking" => {
                push_thinking(read.thinking, read.signature, deltas);
                Open::Thinking
            }
            "redacted_thinking" => {
                deltas.push(Delta::RedactedThinking {
                    choice: 0,
                    data: read.data.unwrap_or_default(),
                });
                return Ok(());
            }
            _ => {
                let index = self.calls;
                self.calls += 1;
                deltas.push(Delta::ToolCall {
                    choice: 0,
                    index,
                    id: read.id.unwrap_or_default(),
                    name: read.name.unwrap_or_default(),
                    signature: None,
                });
                Open::Call {
                    index,
                    whole: Some(read.input.map_or("{}", RawValue::get).to_owned()),
                }
            }
        };
        self.open.push((at, open));
        Ok(())
    }

    fn block_delta(
        &mut self,
        at: u64,
        delta: &RawValue,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), serde_json::Error> {
        let Some((_, open)) = self.open.iter_mut().find(|(index, _)| *index == at) else {
            return Ok(());
        };
        let read: BlockDelta<'_> = serde_json::from_str(delta.get())?;
        match open {
            Open::Text => {
                self.text(read.text.unwrap_or_default(), deltas);
                if let Some(citation) = read.citation {
                    self.annotations.citation(citation);
                }
            }
            Open::Thinking => push_thinking(read.thinking, read.signature, deltas),
            Open::Call { index, whole } => {
                if let Some(fragment) = read.partial_json.filter(|json| !json.is_empty()) {
                    *whole = None;
                    deltas.push(Delta::ToolArguments {
                        choice: 0,
                        index: *index,
                        fragment,
                    });
                }
            }
        }
        Ok(())
    }

    fn block_stop(&mut self, at: u64, deltas: &mut Vec<Delta>) {
        let Some(position) = self.open.iter().position(|(index, _)| *index == at) else {
            return;
        };
        match self.open.swap_remove(position).1 {
            Open::Text => {
                self.annotations.close();
                if let Some(json) = self.annotations.take() {
                    deltas.push(Delta::Annotations { choice: 0, json });
                }
            }
            Open::Call {
                index,
                whole: Some(fragment),
            } => deltas.push(Delta::ToolArguments {
                choice: 0,
                index,
                fragment,
            }),
            Open::Thinking | Open::Call { whole: None, .. } => {}
        }
    }

    fn text(&mut self, text: String, deltas: &mut Vec<Delta>) {
        if !text.is_empty() {
            self.annotations.text(&text);
            deltas.push(Delta::Text { choice: 0, text });
        }
    }
}

fn push_thinking(text: Option<String>, signature: Option<String>, deltas: &mut Vec<Delta>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        deltas.push(Delta::Thinking { choice: 0, text });
    }
    if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
        deltas.push(Delta::ThinkingSignature {
            choice: 0,
            signature,
        });
    }
}

fn message_delta(delta: MessageDelta<'_>, deltas: &mut Vec<Delta>) {
    if let Some(text) = delta.stop_details.and_then(StopDetails::refusal) {
        deltas.push(Delta::Refusal { choice: 0, text });
    }
    if let Some(reason) = delta.stop_reason {
        deltas.push(Delta::Finish {
            choice: 0,
            finish: read_finish(&reason, delta.stop_sequence),
        });
    }
}

/// The fault that an `error` event reports.
pub(in crate::anthropic_messages) fn error_event(data: &str) -> Fault {
    UpstreamError::read(data.as_bytes())
        .unwrap_or_else(|| UpstreamError {
            error_type: "api_error".to_owned(),
            message: String::new(),
        })
        .into_fault()
}
