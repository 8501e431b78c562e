use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, FaultKind, Retry};

/// Cuts a byte stream into server-sent-event frames, however the network cut it.
/// <https://html.spec.whatwg.org/multipage/server-sent-events.html>
///
/// A frame that arrived whole in one chunk is a slice of that chunk; only one that was cut is
/// copied.
#[derive(Debug)]
pub struct Frames {
    /// What has not been cut yet.
    rest: Bytes,
    /// How much of `rest` is known to hold no end of a frame.
    scanned: usize,
    /// The largest frame that is accepted, in bytes.
    limit: usize,
}

/// One frame with its closing blank line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    raw: Bytes,
}

impl Default for Frames {
    /// Frames of up to 16 MiB: a whole image in base64 arrives in one.
    fn default() -> Self {
        Self {
            rest: Bytes::new(),
            scanned: 0,
            limit: 16 << 20,
        }
    }
}

impl Frames {
    /// Takes the next chunk of the stream.
    ///
    /// # Errors
    /// When a frame grows over the limit.
    pub fn push(&mut self, chunk: Bytes) -> Result<(), Fault> {
        if self.rest.is_empty() {
            self.rest = chunk;
            self.scanned = 0;
            return Ok(());
        }
        if self.rest.len() > self.limit {
            return Err(oversized());
        }
        // A frame of many chunks is gathered in one growing buffer, not copied anew each time.
        let mut joined = match std::mem::take(&mut self.rest).try_into_mut() {
            Ok(unique) => unique,
            Err(shared) => {
                let mut copy =
                    BytesMut::with_capacity((shared.len() + chunk.len()).next_power_of_two());
                copy.extend_from_slice(&shared);
                copy
            }
        };
        joined.extend_from_slice(&chunk);
        self.rest = joined.freeze();
        Ok(())
    }

    /// What came and has not been cut yet.
    #[must_use]
    pub const fn rest(&self) -> &Bytes {
        &self.rest
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Option<Frame> {
        match frame_end(&self.rest, self.scanned) {
            Ok(end) => {
                self.scanned = 0;
                Some(Frame {
                    raw: self.rest.split_to(end),
                })
            }
            Err(scanned) => {
                self.scanned = scanned;
                None
            }
        }
    }

    /// What is left when the stream ends: a last frame without its blank line, which some servers
    /// send, or nothing.
    pub fn last_frame(&mut self) -> Option<Frame> {
        let raw = std::mem::take(&mut self.rest);
        self.scanned = 0;
        (!raw.trim_ascii().is_empty()).then_some(Frame { raw })
    }
}

impl Frame {
    /// The frame as it came.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The last `event:` of the frame.
    #[must_use]
    pub fn event(&self) -> Option<&str> {
        self.values(b"event").last()
    }

    /// The `data:` lines, joined by line feeds; `None` for a frame of comments only.
    #[must_use]
    pub fn data(&self) -> Option<Cow<'_, str>> {
        let mut values = self.values(b"data");
        let first = values.next()?;
        let mut joined = Cow::Borrowed(first);
        for value in values {
            let text = joined.to_mut();
            text.push('\n');
            text.push_str(value);
        }
        Some(joined)
    }

    fn values<'a>(&'a self, field: &'static [u8]) -> impl Iterator<Item = &'a str> {
        Lines(&self.raw).filter_map(move |line| {
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
            let value = line.strip_prefix(field)?;
            let value = match value {
                [] => value,
                [b':', b' ', value @ ..] | [b':', value @ ..] => value,
                _ => return None,
            };
            // Bytes that are no UTF-8 make the JSON inside unreadable; its reader says so.
            Some(std::str::from_utf8(value).unwrap_or("\u{fffd}"))
        })
    }
}

/// Lines that end in LF, CR LF or CR.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', self.0).unwrap_or(self.0.len());
        let (line, rest) = self.0.split_at(end);
        self.0 = rest.get(line_ending(rest)..).unwrap_or_default();
        Some(line)
    }
}

/// The length of the line ending that `bytes` start with, 0 if they don't.
fn line_ending(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Where the first frame ends, or from where to look again when more has come.
fn frame_end(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    while let Some(found) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'\n', b'\r', rest))
    {
        let line_end = at + found;
        let rest = bytes.get(line_end..).unwrap_or_default();
        if rest == b"\r" {
            // The LF of this CR LF may come with the next chunk.
            return Err(line_end);
        }
        let next_line = line_end + line_ending(rest);
        let rest = bytes.get(next_line..).unwrap_or_default();
        if rest.is_empty() || rest == b"\r" {
            return Err(line_end);
        }
        match line_ending(rest) {
            0 => at = next_line,
            blank => return Ok(next_line + blank),
        }
    }
    Err(bytes.len().max(from))
}

fn oversized() -> Fault {
    Fault::upstream(
        FaultKind::BadGateway,
        Retry::Never,
        "the provider sent an event larger than the gateway takes",
    )
}

#[cfg(test)]
mod tests;
