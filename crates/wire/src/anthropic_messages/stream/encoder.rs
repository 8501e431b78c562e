use std::borrow::Cow;

use bytes::BytesMut;
use ironward_core::{Fault, FaultKind, Retry, Usage};
use serde::Serialize;

use crate::anthropic_messages::content::KnownBlock;
use crate::anthropic_messages::content::arguments_object;
use crate::anthropic_messages::error::{write_error_event, write_event};
use crate::anthropic_messages::reply::{ReplyWritten, write_finish, write_id};
use crate::anthropic_messages::usage::UsageWritten;
use crate::{Delta, Envelope, Finish, StreamEncoder};

/// Writes a stream: one block after the other, each begun and ended, whatever the provider's
/// pieces looked like. Only the first drawn reply is written; Anthropic knows no others.
#[derive(Debug)]
pub struct Encoder {
    envelope: Envelope,
    stage: Stage,
    id: Option<String>,
    service_tier: Option<String>,
    open: Option<Open>,
    /// How many blocks have begun.
    blocks: u32,
    has_calls: bool,
    has_refused: bool,
    finish: Option<Finish>,
    usage: Option<Usage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// `message_start` waits for the delta after the provider's start: it may be the usage.
    Waiting,
    Open,
    /// Ended by `message_stop` or by an error.
    Closed,
}

/// The block that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    /// With the provider's index of the tool call.
    Call(u32),
}

impl Encoder {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub const fn new(envelope: Envelope) -> Self {
        Self {
            envelope,
            stage: Stage::Waiting,
            id: None,
            service_tier: None,
            open: None,
            blocks: 0,
            has_calls: false,
            has_refused: false,
            finish: None,
            usage: None,
        }
    }

    fn start(&mut self, out: &mut BytesMut) {
        if self.stage != Stage::Waiting {
            return;
        }
        self.stage = Stage::Open;
        let message = ReplyWritten {
            id: write_id(self.id.as_deref(), &self.envelope),
            kind: "message",
            role: "assistant",
            model: &self.envelope.model,
            content: Vec::new(),
            stop_reason: None,
            stop_sequence: None,
            usage: UsageWritten::of_reply(self.usage, self.service_tier.as_deref()),
        };
        let event = MessageStart {
            kind: "message_start",
            message,
        };
        write_event("message_start", &event, out);
    }

    /// Sees to it that a block of this kind is open.
    fn switch_to(&mut self, wanted: Open, block: KnownBlock<'_>, out: &mut BytesMut) {
        if self.open != Some(wanted) {
            self.close(out);
            self.begin(block, out);
            self.open = Some(wanted);
        }
    }

    fn begin(&mut self, content_block: KnownBlock<'_>, out: &mut BytesMut) {
        let event = BlockStart {
            kind: "content_block_start",
            index: self.blocks,
            content_block,
        };
        write_event("content_block_start", &event, out);
        self.blocks += 1;
    }

    fn piece(&self, delta: BlockDelta<'_>, out: &mut BytesMut) {
        let event = BlockPiece {
            kind: "content_block_delta",
            index: self.blocks.saturating_sub(1),
            delta,
        };
        write_event("content_block_delta", &event, out);
    }

    /// Ends the open block, if there is one.
    fn close(&mut self, out: &mut BytesMut) {
        if self.open.take().is_some() {
            self.stop(out);
        }
    }

    fn stop(&self, out: &mut BytesMut) {
        let event = BlockStop {
            kind: "content_block_stop",
            index: self.blocks.saturating_sub(1),
        };
        write_event("content_block_stop", &event, out);
    }

    fn text(&mut self, text: &str, out: &mut BytesMut) {
        if !text.is_empty() {
            let block = KnownBlock::Text {
                text: Cow::Borrowed(""),
                cache_control: None,
            };
            self.switch_to(Open::Text, block, out);
            self.piece(BlockDelta::Text { text }, out);
        }
    }

    fn thinking(&mut self, out: &mut BytesMut) {
        let block = KnownBlock::Thinking {
            thinking: "",
            signature: "",
        };
        self.switch_to(Open::Thinking, block, out);
    }

    fn call(&mut self, index: u32, id: &str, name: &str, out: &mut BytesMut) {
        if let Some(input) = arguments_object("") {
            let block = KnownBlock::ToolUse {
                id: id.into(),
                name,
                input,
                cache_control: None,
            };
            self.has_calls = true;
            self.switch_to(Open::Call(index), block, out);
        }
    }

    fn arguments(&mut self, index: u32, partial_json: &str, out: &mut BytesMut) {
        if partial_json.is_empty() {
            return;
        }
        if self.open == Some(Open::Call(index)) {
            self.piece(BlockDelta::Arguments { partial_json }, out);
        } else {
            // The call's block has ended: what was sent of it can't be mended.
            let fault = Fault::upstream(
                FaultKind::BadGateway,
                Retry::Never,
                "the provider mixed the arguments of several tool calls",
            );
            self.fail(&fault, out);
        }
    }
}

impl StreamEncoder for Encoder {
    fn encode(&mut self, delta: Delta, out: &mut BytesMut) {
        if self.stage == Stage::Closed {
            return;
        }
        match delta {
            Delta::Start {
                id, service_tier, ..
            } => {
                self.id = id;
                self.service_tier = service_tier;
                return;
            }
            Delta::Usage(usage) => {
                self.usage = Some(usage);
                return;
            }
            _ => self.start(out),
        }
        match delta {
            Delta::Text { choice: 0, text } => self.text(&text, out),
            Delta::Refusal { choice: 0, text } => {
                self.has_refused = true;
                self.text(&text, out);
            }
            Delta::Thinking { choice: 0, text } if !text.is_empty() => {
                self.thinking(out);
                self.piece(BlockDelta::Thinking { thinking: &text }, out);
            }
            Delta::ThinkingSignature {
                choice: 0,
                signature,
            } => {
                self.thinking(out);
                let signature = &signature;
                self.piece(BlockDelta::Signature { signature }, out);
                self.close(out);
            }
            Delta::RedactedThinking { choice: 0, data } => {
                self.close(out);
                self.begin(KnownBlock::RedactedThinking { data: &data }, out);
                self.stop(out);
            }
            Delta::ToolCall {
                choice: 0,
                index,
                id,
                name,
                ..
            } => self.call(index, &id, &name, out),
            Delta::ToolArguments {
                choice: 0,
                index,
                fragment,
            } => self.arguments(index, &fragment, out),
            Delta::Finish { choice: 0, finish } => self.finish = Some(finish),
            // Other choices, and what Anthropic's replies never hold.
            _ => {}
        }
    }

    fn finish(&mut self, out: &mut BytesMut) {
        if self.stage == Stage::Closed {
            return;
        }
        self.start(out);
        self.close(out);
        let (reason, stop_sequence) = write_finish(self.finish.as_ref(), self.has_calls);
        let event = MessageDelta {
            kind: "message_delta",
            delta: StopDelta {
                stop_reason: if self.has_refused { "refusal" } else { reason },
                stop_sequence,
            },
            usage: UsageWritten::of_delta(self.usage.unwrap_or_default()),
        };
        write_event("message_delta", &event, out);
        let event = MessageStop {
            kind: "message_stop",
        };
        write_event("message_stop", &event, out);
        self.stage = Stage::Closed;
    }

    fn fail(&mut self, fault: &Fault, out: &mut BytesMut) {
        if self.stage != Stage::Closed {
            self.stage = Stage::Closed;
            write_error_event(fault, out);
        }
    }
}

#[derive(Serialize)]
struct MessageStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: ReplyWritten<'a>,
}

#[derive(Serialize)]
struct BlockStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    content_block: KnownBlock<'a>,
}

#[derive(Serialize)]
struct BlockPiece<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    delta: BlockDelta<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum BlockDelta<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "input_json_delta")]
    Arguments { partial_json: &'a str },
}

#[derive(Serialize)]
struct BlockStop {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: StopDelta<'a>,
    usage: UsageWritten,
}

#[derive(Serialize)]
struct StopDelta<'a> {
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
}

#[derive(Serialize)]
struct MessageStop {
    #[serde(rename = "type")]
    kind: &'static str,
}
