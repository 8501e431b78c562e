use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode};

use super::framing::{Framing, keeps_alive};
use super::head::{Scan, parse};
use super::{Broken, Head};

/// How many informational heads (1xx) may come before a reply.
const INFORMATIONAL: u8 = 8;

/// Makes replies out of bytes, whatever pieces they come in.
#[derive(Debug)]
pub(super) struct Reader {
    /// What was pushed and not taken.
    unread: Bytes,
    scan: Scan,
    informational: u8,
    framing: Framing,
    keeps_alive: bool,
}

impl Reader {
    /// A reader of a connection that no request has been on.
    pub(super) fn new() -> Self {
        Self {
            unread: Bytes::new(),
            scan: Scan::default(),
            informational: 0,
            framing: Framing::OVER,
            keeps_alive: true,
        }
    }

    /// Takes what was read.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if self.unread.is_empty() {
            self.unread = bytes;
        } else {
            // Only a head that comes in pieces gets here. Nobody shares its bytes yet, so they are
            // not copied but grown.
            let mut joined = BytesMut::from(std::mem::take(&mut self.unread));
            joined.extend_from_slice(&bytes);
            self.unread = joined.freeze();
        }
    }

    /// The head of the reply to a request of `method`, once it is there.
    pub(super) fn head(&mut self, method: &Method) -> Result<Option<Head>, Broken> {
        while let Some(length) = self.scan.find_end(&self.unread)? {
            let scan = std::mem::take(&mut self.scan);
            let (head, is_1_1) = parse(&self.unread.split_to(length), scan.lines())?;
            // After 101, the bytes are not HTTP any more.
            let is_last =
                !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS;
            if is_last {
                self.informational = 0;
                self.framing = Framing::of(&head, is_1_1, method)?;
                self.keeps_alive = keeps_alive(&head.headers, is_1_1)
                    && self.framing != Framing::UntilClose
                    && !head.status.is_informational();
                return Ok(Some(head));
            }
            self.informational += 1;
            if self.informational > INFORMATIONAL {
                return Err(Broken::Invalid("too many informational heads"));
            }
        }
        Ok(None)
    }

    /// The next piece of the reply's body; `None` when more has to be pushed, or it is over.
    pub(super) fn piece(&mut self) -> Result<Option<Bytes>, Broken> {
        self.framing.take(&mut self.unread)
    }

    /// The peer closed the connection within the body.
    pub(super) fn close(&mut self) -> Result<(), Broken> {
        self.framing.close()
    }

    /// Whether the reply was taken to its end.
    pub(super) fn is_over(&self) -> bool {
        self.framing.is_over()
    }

    /// How much of the body is left, when that was announced.
    pub(super) fn announced(&self) -> Option<u64> {
        self.framing.announced()
    }

    /// Whether another request may follow: the reply is over, the peer keeps the connection, and
    /// sent nothing that nobody asked for.
    pub(super) fn is_at_rest(&self) -> bool {
        self.is_over() && self.keeps_alive && self.unread.is_empty()
    }
}

/// The status and body of the reply in `pieces`, after which the peer closes, and whether the
/// connection could have been used again; `None` when it is not valid. For tests and the fuzzer.
#[cfg(any(test, fuzzing))]
#[cfg_attr(
    not(fuzzing),
    expect(unreachable_pub, reason = "public for the fuzzer")
)]
pub fn replay(pieces: &[&[u8]]) -> Option<(u16, Vec<u8>, bool)> {
    let mut reader = Reader::new();
    let mut status = None;
    let mut body = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        reader.push(Bytes::copy_from_slice(piece));
        if status.is_none() {
            status = reader.head(&Method::POST).ok()?.map(|head| head.status);
        }
        if status.is_some() {
            while let Some(piece) = reader.piece().ok()? {
                body.extend_from_slice(&piece);
            }
        }
    }
    let was_at_rest = reader.is_at_rest();
    if !reader.is_over() {
        reader.close().ok()?;
    }
    Some((status?.as_u16(), body, was_at_rest))
}

#[cfg(test)]
mod tests;
