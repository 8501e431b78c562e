//! Replies that are passed on as they came.

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{append, cut, unreadable, write_error_event};
use super::reply::{Kind, no_object};
use super::stream::error_event;
use super::usage::{Counts, UsageRead};
use crate::{Envelope, Forward, Forwarded, Frame, Frames};

/// Forwards a whole reply.
///
/// # Errors
/// When it is no JSON object.
pub fn forward_reply(body: Bytes, envelope: &Envelope) -> Result<Forwarded, Fault> {
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        model: Option<&'a RawValue>,
        #[serde(borrow)]
        usage: Option<UsageRead<'a>>,
    }
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(no_object());
    }
    let reply: Reply<'_> = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    let usage = reply.usage.map(|usage| {
        let mut counts = Counts::default();
        counts.update(&usage);
        counts.usage()
    });
    let renamed = reply
        .model
        .and_then(|model| replace(&body, model.get(), &quoted(&envelope.model)));
    Ok(Forwarded {
        bytes: renamed.unwrap_or(body),
        usage,
    })
}

/// Forwards a stream.
///
/// Of the frames only `message_start`, `message_delta` and `error` are read; the others are known
/// by their first bytes.
#[derive(Debug)]
pub struct Observer {
    frames: Frames,
    /// The model's name as the client sees it, as JSON.
    model: Box<[u8]>,
    counts: Option<Counts>,
    unsent: Bytes,
    is_complete: bool,
}

/// What becomes of a frame.
enum Verdict {
    /// It goes out as it came.
    Keep,
    /// This goes out instead.
    Replace(Bytes),
}

impl Observer {
    /// A stream labelled by `envelope`.
    #[must_use]
    pub fn new(envelope: &Envelope) -> Self {
        Self {
            frames: Frames::default(),
            model: quoted(&envelope.model),
            counts: None,
            unsent: Bytes::new(),
            is_complete: false,
        }
    }

    fn observe(&mut self, frame: &Frame) -> Result<Verdict, Fault> {
        // All but a handful of the frames of a stream.
        if frame.raw().starts_with(b"event: content_block_") {
            return Ok(Verdict::Keep);
        }
        let Some(data) = frame.data() else {
            return Ok(Verdict::Keep);
        };
        let kind = match frame.event() {
            Some(event) => event.into(),
            // Some who imitate Anthropic leave the event's name out.
            None => match serde_json::from_str::<Kind<'_>>(&data) {
                Ok(Kind { kind }) => kind,
                Err(error) => return Err(unreadable(&error)),
            },
        };
        match &*kind {
            "message_start" => self.message_start(frame, &data),
            "message_delta" => self.message_delta(&data),
            // Read, because a name without its data may be where the stream was cut.
            "message_stop" => match serde_json::from_str::<Kind<'_>>(&data) {
                Ok(_) => {
                    self.is_complete = true;
                    Ok(Verdict::Keep)
                }
                Err(error) => Err(unreadable(&error)),
            },
            "error" => Err(error_event(&data)),
            _ => Ok(Verdict::Keep),
        }
    }

    fn message_start(&mut self, frame: &Frame, data: &str) -> Result<Verdict, Fault> {
        #[derive(Deserialize)]
        struct Start<'a> {
            #[serde(borrow)]
            message: Message<'a>,
        }
        #[derive(Deserialize)]
        struct Message<'a> {
            #[serde(borrow)]
            model: Option<&'a RawValue>,
            #[serde(borrow)]
            usage: Option<UsageRead<'a>>,
        }
        let Start { message } = serde_json::from_str(data).map_err(|error| unreadable(&error))?;
        self.count(message.usage.as_ref());
        let Some(model) = message.model else {
            return Ok(Verdict::Keep);
        };
        if let Some(frame) = replace(frame.raw(), model.get(), &self.model) {
            return Ok(Verdict::Replace(frame));
        }
        if model.get().as_bytes() == &*self.model {
            return Ok(Verdict::Keep);
        }
        // The data stood on several lines; their ends are white space between JSON's tokens.
        let data = Bytes::from(data.replace('\n', " "));
        let Start { message } =
            serde_json::from_slice(&data).map_err(|error| unreadable(&error))?;
        let model = message.model.map_or("", RawValue::get);
        let data = replace(&data, model, &self.model).unwrap_or_default();
        let frame = [b"event: message_start\ndata: ", &*data, b"\n\n"].concat();
        Ok(Verdict::Replace(frame.into()))
    }

    fn message_delta(&mut self, data: &str) -> Result<Verdict, Fault> {
        #[derive(Deserialize)]
        struct Delta<'a> {
            #[serde(borrow)]
            usage: Option<UsageRead<'a>>,
        }
        let delta: Delta<'_> = serde_json::from_str(data).map_err(|error| unreadable(&error))?;
        self.count(delta.usage.as_ref());
        Ok(Verdict::Keep)
    }

    fn count(&mut self, usage: Option<&UsageRead<'_>>) {
        if let Some(usage) = usage {
            self.counts.get_or_insert_default().update(usage);
        }
    }
}

impl Forward for Observer {
    fn push(&mut self, chunk: Bytes) -> Result<Bytes, Fault> {
        self.frames.push(chunk)?;
        // Frames that go out as they came go out as one slice of what came.
        let came = self.frames.rest().clone();
        let mut kept = 0;
        let mut rewritten: Option<BytesMut> = None;
        let mut fault = None;
        while let Some(frame) = self.frames.next_frame() {
            match (self.observe(&frame), &mut rewritten) {
                (Ok(Verdict::Keep), None) => kept += frame.raw().len(),
                (Ok(Verdict::Keep), Some(out)) => out.extend_from_slice(frame.raw()),
                (Ok(Verdict::Replace(new)), Some(out)) => out.extend_from_slice(&new),
                (Ok(Verdict::Replace(new)), None) => {
                    let mut out = BytesMut::with_capacity(came.len() + new.len());
                    out.extend_from_slice(came.get(..kept).unwrap_or_default());
                    out.extend_from_slice(&new);
                    rewritten = Some(out);
                }
                (Err(broken), _) => {
                    fault = Some(broken);
                    break;
                }
            }
        }
        let out = match rewritten {
            Some(out) => out.freeze(),
            None => came.slice(..kept.min(came.len())),
        };
        match fault {
            None => Ok(out),
            Some(fault) => {
                self.unsent = out;
                Err(fault)
            }
        }
    }

    fn unsent(&mut self) -> Bytes {
        std::mem::take(&mut self.unsent)
    }

    fn finish(&mut self) -> Result<Bytes, Fault> {
        let mut last = Bytes::new();
        if let Some(frame) = self.frames.last_frame() {
            // A frame that was cut is not JSON: then the stream was cut, whatever the frame says.
            let verdict = self
                .observe(&frame)
                .map_err(|fault| if fault.code.is_some() { fault } else { cut() })?;
            let mut out = BytesMut::from(match &verdict {
                Verdict::Keep => frame.raw().trim_ascii_end(),
                Verdict::Replace(new) => new.trim_ascii_end(),
            });
            out.extend_from_slice(b"\n\n");
            last = out.freeze();
        }
        if self.is_complete {
            Ok(last)
        } else {
            Err(cut())
        }
    }

    fn usage(&self) -> Option<Usage> {
        self.counts.map(|counts| counts.usage())
    }

    fn fail(&mut self, fault: &Fault) -> Bytes {
        let mut out = BytesMut::new();
        write_error_event(fault, &mut out);
        out.freeze()
    }
}

/// `text` as JSON.
fn quoted(text: &str) -> Box<[u8]> {
    let mut out = BytesMut::new();
    append(&mut out, &text);
    (*out).into()
}

/// `whole` with `part`, which is a slice of it, replaced by `new`; `None` when there is nothing to
/// replace or `part` stands elsewhere.
fn replace(whole: &Bytes, part: &str, new: &[u8]) -> Option<Bytes> {
    if part.as_bytes() == new {
        return None;
    }
    let start = part.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let before = whole.get(..start)?;
    let after = whole.get(start.checked_add(part.len())?..)?;
    Some([before, new, after].concat().into())
}
