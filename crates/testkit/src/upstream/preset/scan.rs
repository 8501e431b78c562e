use std::io;

use memchr::memmem;

/// Finds the end of each request in the bytes of a connection, and whether it asks for a stream.
#[derive(Default)]
pub(super) struct Scan {
    buffer: Vec<u8>,
    /// Body bytes that are still to come and need not be kept.
    skip: usize,
    streamed: Option<bool>,
}

/// Where a connection stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// A request is complete.
    Request { streamed: bool },
    /// More bytes have to come.
    More,
}

impl Scan {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    pub(super) fn progress(&mut self) -> io::Result<Progress> {
        if self.streamed.is_none() && !self.read_head()? {
            return Ok(Progress::More);
        }
        let Some(streamed) = self.streamed else {
            return Ok(Progress::More);
        };
        // All but the body's last kilobyte is dropped as it comes, unless it fits in anyway.
        let ready = self.buffer.len();
        if self.skip > ready {
            let dropped = ready.saturating_sub(TAIL);
            self.buffer.drain(..dropped);
            self.skip -= dropped;
            return Ok(Progress::More);
        }
        let body = self.buffer.get(..self.skip).unwrap_or_default();
        let tail = body
            .get(body.len().saturating_sub(TAIL)..)
            .unwrap_or_default();
        let streamed = streamed || says_stream(tail);
        self.buffer.drain(..self.skip);
        (self.skip, self.streamed) = (0, None);
        Ok(Progress::Request { streamed })
    }

    /// Consumes the head once it is there with the body's first kilobyte, or all of the body.
    fn read_head(&mut self) -> io::Result<bool> {
        let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") else {
            return Ok(false);
        };
        let length = content_length(self.buffer.get(..end).unwrap_or_default())?;
        let body = self.buffer.get(end + 4..).unwrap_or_default();
        if body.len() < length.min(TAIL) {
            return Ok(false);
        }
        let start = body.get(..length.min(TAIL)).unwrap_or_default();
        self.streamed = Some(says_stream(start));
        self.skip = length;
        self.buffer.drain(..end + 4);
        Ok(true)
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    for line in head.split(|byte| *byte == b'\n') {
        let Some(colon) = memchr::memchr(b':', line) else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            let value = std::str::from_utf8(value).map_err(io::Error::other)?;
            return value.parse().map_err(io::Error::other);
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(io::Error::other(
                "the preset upstream takes bodies with a length only",
            ));
        }
    }
    Ok(0)
}

fn says_stream(body: &[u8]) -> bool {
    memmem::find(body, b"\"stream\":true").is_some()
        || memmem::find(body, b"\"stream\": true").is_some()
}

const TAIL: usize = 1024;

#[cfg(test)]
mod tests {
    use super::{Progress, Scan};

    fn request(body: &str) -> Vec<u8> {
        let length = body.len();
        format!("POST /v1 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    }

    fn run(bytes: &[u8], cut: usize) -> Vec<bool> {
        let (mut scan, mut seen) = (Scan::default(), Vec::new());
        for piece in bytes.chunks(cut) {
            scan.push(piece);
            while let Progress::Request { streamed } = scan.progress().unwrap() {
                seen.push(streamed);
            }
        }
        seen
    }

    #[test]
    fn requests_are_found_however_they_are_cut() {
        let padding = "x".repeat(5000);
        let bytes = [
            request(r#"{"model":"m"}"#),
            request(&format!(r#"{{"stream":true,"x":"{padding}"}}"#)),
            request(&format!(r#"{{"x":"{padding}","stream": true}}"#)),
            request(""),
        ]
        .concat();
        for cut in [1, 2, 3, 700, 1500, bytes.len()] {
            assert_eq!(run(&bytes, cut), [false, true, true, false], "cut at {cut}");
        }
    }
}
