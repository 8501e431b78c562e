use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use memchr::{memchr, memchr_iter};

use super::Broken;

/// The longest head of a reply, in bytes, and the most headers in it.
const LIMIT: usize = 64 << 10;
const HEADERS: usize = 100;

/// How every reply begins; a minor version follows.
const BEGINNING: &[u8] = b"HTTP/1.";

/// The head of a reply.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

/// Looks for the end of a head, and at each byte once, however the head is cut.
#[derive(Debug, Default)]
pub(super) struct Scan {
    seen: usize,
    /// Where the line begins that `seen` is in.
    line: usize,
    lines: usize,
}

impl Scan {
    /// The length of the head that `bytes` begin with, when its end is there. What was there at the
    /// call before has to be there again.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Broken> {
        if !BEGINNING.iter().zip(bytes).all(|(one, other)| one == other) {
            // A peer that speaks something else may wait for us now: this is not the time to wait.
            return Err(Broken::Invalid("the reply does not begin like HTTP/1"));
        }
        let bytes = bytes.get(..LIMIT).unwrap_or(bytes);
        while let Some(at) = memchr(b'\n', bytes.get(self.seen..).unwrap_or_default()) {
            let end = self.seen + at;
            let line = bytes.get(self.line..end).unwrap_or_default();
            let Some(line) = line.strip_suffix(b"\r") else {
                return Err(Broken::Invalid("a line of the head ends in a bare LF"));
            };
            self.seen = end + 1;
            self.line = self.seen;
            if line.is_empty() {
                return Ok(Some(self.seen));
            }
            self.lines += 1;
            if self.lines > HEADERS + 1 {
                return Err(Broken::HeadTooLarge);
            }
        }
        self.seen = bytes.len();
        if bytes.len() == LIMIT {
            return Err(Broken::HeadTooLarge);
        }
        Ok(None)
    }

    pub(super) fn lines(&self) -> usize {
        self.lines
    }
}

/// Reads a whole head, as [`Scan`] found it; `true` for HTTP/1.1, `false` for HTTP/1.0.
///
/// Values are slices of `head`. A folded line (obs-fold) begins with white space, which no name
/// does, and is refused with every other line that is none.
pub(super) fn parse(head: &Bytes, lines: usize) -> Result<(Head, bool), Broken> {
    let mut begin = 0;
    let mut lines_of = memchr_iter(b'\n', head).map(|end| {
        let line = head.get(begin..end).unwrap_or_default();
        begin = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    let (status, is_1_1) = status_line(lines_of.next().unwrap_or_default())?;
    let mut headers = HeaderMap::with_capacity(lines);
    for line in lines_of.take_while(|line| !line.is_empty()) {
        let (name, value) = header(head, line)?;
        headers.append(name, value);
    }
    Ok((Head { status, headers }, is_1_1))
}

/// `HTTP/1.x nnn`, and a reason that means nothing.
fn status_line(line: &[u8]) -> Result<(StatusCode, bool), Broken> {
    let rest = line.strip_prefix(BEGINNING).unwrap_or_default();
    let (is_1_1, status, reason) = match *rest {
        [version @ (b'0' | b'1'), b' ', a, b, c, ref reason @ ..] => {
            (version == b'1', [a, b, c], reason)
        }
        _ => {
            return Err(Broken::Invalid(
                "the status line is none of HTTP/1.0 or 1.1",
            ));
        }
    };
    let status = StatusCode::from_bytes(&status)
        .ok()
        .filter(|_| matches!(reason.first(), None | Some(b' ')))
        .ok_or(Broken::Invalid(
            "the status is not a number of three digits",
        ))?;
    Ok((status, is_1_1))
}

fn header(head: &Bytes, line: &[u8]) -> Result<(HeaderName, HeaderValue), Broken> {
    let (name, value) = memchr(b':', line)
        .and_then(|colon| line.split_at_checked(colon))
        .ok_or(Broken::Invalid("a line of the head is no header"))?;
    let name = HeaderName::from_bytes(name)
        .map_err(|_| Broken::Invalid("the name of a header is not valid"))?;
    let value = trim(value.strip_prefix(b":").unwrap_or_default());
    let value = HeaderValue::from_maybe_shared(head.slice_ref(value))
        .map_err(|_| Broken::Invalid("the value of a header is not valid"))?;
    Ok((name, value))
}

/// Without the blanks and tabs around it, and nothing else that counts as white space elsewhere.
pub(super) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests;
