use std::ops::Range;

use serde::de::IgnoredAny;

use super::edits::place;

/// Recognises the frames that nearly a whole stream is made of, without reading all of their JSON:
/// those that differ from an earlier one only in values that nobody here reads.
///
/// What such a frame says to the gateway was told by the frame that it is like, to the byte; what
/// differs is a JSON value at the place of another one. So reading it in full could tell nothing
/// else, however its keys are escaped.
#[derive(Debug, Default)]
pub(super) struct Plain {
    /// The frame that was read in full; empty before there is one.
    frame: Vec<u8>,
    /// Where its unread values stand, in order.
    unread: Vec<Range<usize>>,
    model: Range<usize>,
    /// The member that holds no usage, where it is not handed on.
    usage: Option<Range<usize>>,
    begun: u128,
}

/// A frame that is like an earlier one.
pub(super) struct Alike {
    /// Where the model's name stands.
    pub(super) model: Range<usize>,
    /// Where the member stands that is not handed on.
    pub(super) usage: Option<Range<usize>>,
    /// The choices in it, a bit each. None of them ends here.
    pub(super) begun: u128,
}

impl Plain {
    /// Remembers a frame that was read, whose data is one line, `json`, with the model's name at
    /// `model`, and a member that is not handed on at `usage`. It held pieces of the choices in
    /// `begun` and nothing else that matters.
    pub(super) fn learn(
        &mut self,
        frame: &[u8],
        json: &str,
        (model, usage): (Range<usize>, Option<Range<usize>>),
        begun: u128,
    ) {
        self.frame.clear();
        self.unread.clear();
        if frame.len() <= LARGEST && self.find_unread(frame, json.as_bytes()).is_some() {
            self.frame.extend_from_slice(frame);
            self.model = model;
            self.usage = usage;
            self.begun = begun;
        }
    }

    /// Finds the values in `json`, a part of `frame`, which [`super::Peek`] skips. Only such as are
    /// named: what a list means may depend on the position in it.
    fn find_unread(&mut self, frame: &[u8], json: &[u8]) -> Option<()> {
        let mut rest = json;
        while let Some(start) = memchr::memchr(b'"', rest) {
            let (text, behind) = split_value(rest.get(start..)?)?;
            rest = behind;
            let Some(value) = rest.trim_ascii_start().strip_prefix(b":") else {
                continue;
            };
            rest = value.trim_ascii_start();
            // A key with an escape could be any of them.
            if READ.contains(&text) || text.contains(&b'\\') {
                continue;
            }
            let (value, behind) = split_value(rest)?;
            rest = behind;
            self.unread.push(place(frame, value));
        }
        Some(())
    }

    /// Holds a frame against the one that is remembered.
    pub(super) fn recognise(&self, frame: &[u8]) -> Option<Alike> {
        if self.frame.is_empty() {
            return None;
        }
        let mut model = self.model.clone();
        let mut usage = self.usage.clone();
        let mut rest = frame;
        let mut from = 0;
        let mut unread = self.unread.iter();
        loop {
            let known = self.frame.get(from..)?;
            let same = from + same(rest, known);
            let Some(unread) = unread.find(|unread| unread.end > same) else {
                break;
            };
            rest = rest.strip_prefix(known.get(..unread.start - from)?)?;
            let (value, behind) = split_value(rest)?;
            if unread.end <= self.model.start {
                shift(&mut model, value.len(), unread.len());
            }
            if let (Some(known), Some(usage)) = (&self.usage, &mut usage)
                && unread.end <= known.start
            {
                shift(usage, value.len(), unread.len());
            }
            rest = behind;
            from = unread.end;
        }
        (rest == self.frame.get(from..)?).then_some(Alike {
            model,
            usage,
            begun: self.begun,
        })
    }
}

/// Moves a place behind a value that is `new` bytes long now, and was `old`.
const fn shift(place: &mut Range<usize>, new: usize, old: usize) {
    place.start = place.start + new - old;
    place.end = place.end + new - old;
}

/// How many bytes two texts have in common from their start, as far as blocks of 32 tell.
fn same(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.as_chunks::<32>().0.iter().zip(other.as_chunks().0);
    32 * blocks.take_while(|(one, other)| one == other).count()
}

/// The JSON value that `bytes` begin with, if it stands on one line, and what is behind it.
fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(length) = simple_string(bytes).or_else(|| simple_object(bytes)) {
        return bytes.split_at_checked(length);
    }
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    let (value, behind) = bytes.split_at_checked(values.byte_offset())?;
    let is_sound =
        memchr::memchr2(b'\n', b'\r', value).is_none() && std::str::from_utf8(value).is_ok();
    is_sound.then_some((value, behind))
}

/// The length of the JSON string that `bytes` begin with, if it has no escapes and is ASCII.
fn simple_string(bytes: &[u8]) -> Option<usize> {
    let text = bytes.strip_prefix(b"\"")?;
    let is_simple = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    let length = text.iter().position(|byte| !is_simple(byte))?;
    (text.get(length) == Some(&b'"')).then_some(length + 2)
}

/// The length of the JSON object that `bytes` begin with, if it is as short as most deltas are:
/// `{"content":"a"}`.
fn simple_object(bytes: &[u8]) -> Option<usize> {
    let key = bytes.strip_prefix(b"{")?;
    let value = key.get(simple_string(key)?..)?.strip_prefix(b":")?;
    let end = value.get(simple_string(value)?..)?.strip_prefix(b"}")?;
    Some(bytes.len() - end.len())
}

/// The keys whose values [`super::Peek`] reads, wherever they stand.
const READ: [&[u8]; 9] = [
    b"\"choices\"",
    b"\"data\"",
    b"\"error\"",
    b"\"finish_reason\"",
    b"\"index\"",
    b"\"model\"",
    b"\"object\"",
    b"\"usage\"",
    b"\"x_groq\"",
];

/// Larger frames are not remembered. A piece of text or of a tool call takes a few hundred bytes.
const LARGEST: usize = 4 << 10;

#[cfg(test)]
mod tests;
