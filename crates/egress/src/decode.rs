use std::io::{self, Write as _};

use bytes::buf::Writer;
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use ironward_core::Fault;

use crate::faults;

/// How much is decoded before it is handed on: memory stays bounded however well a body was
/// compressed, and a slow reader slows the decoding down.
const PIECE: usize = 64 << 10;

/// The largest body that may come out of nothing, and how much larger than what was received any
/// body may become. JSON of a provider shrinks to a fifth or a tenth; only an attack reaches 200.
const SMALL: u64 = 1 << 20;
const RATIO: u64 = 200;

/// Decodes a compressed body piece by piece.
///
/// Requests ask for `identity`, so this is for providers and proxies that compress regardless.
pub(crate) struct Decoder {
    inflate: Inflate,
    input: Bytes,
    received: u64,
    decoded: u64,
}

enum Inflate {
    Gzip(MultiGzDecoder<Writer<BytesMut>>),
    Zlib(ZlibDecoder<Writer<BytesMut>>),
}

impl Decoder {
    /// The decoder that `headers` ask for; takes the headers away that no longer hold.
    pub(crate) fn for_reply(headers: &mut HeaderMap) -> Result<Option<Box<Self>>, Fault> {
        let Some(coding) = headers.get(CONTENT_ENCODING) else {
            return Ok(None);
        };
        let several = headers.get_all(CONTENT_ENCODING).iter().nth(1).is_some();
        let name = coding.to_str().unwrap_or("?").trim().to_ascii_lowercase();
        let output = || BytesMut::new().writer();
        let inflate = match name.as_str() {
            "identity" | "" if !several => {
                headers.remove(CONTENT_ENCODING);
                return Ok(None);
            }
            "gzip" | "x-gzip" if !several => Inflate::Gzip(MultiGzDecoder::new(output())),
            "deflate" if !several => Inflate::Zlib(ZlibDecoder::new(output())),
            _ => {
                let shown: String = name
                    .chars()
                    .filter(|c| c.is_ascii_graphic() || *c == ' ')
                    .take(40)
                    .collect();
                return Err(faults::bad_reply(format!(
                    "the provider's reply has the content-encoding '{shown}', which was not asked \
                     for; gzip and deflate are understood"
                )));
            }
        };
        headers.remove(CONTENT_ENCODING);
        headers.remove(CONTENT_LENGTH);
        Ok(Some(Box::new(Self {
            inflate,
            input: Bytes::new(),
            received: 0,
            decoded: 0,
        })))
    }

    /// Takes the next piece as it came; the one before has to be used up.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        self.received = self.received.saturating_add(piece.len() as u64);
        self.input = piece;
    }

    /// The next decoded piece; `None` when more input is needed.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.input.is_empty() {
            return Ok(None);
        }
        while !self.input.is_empty() && self.inflate.output().len() < PIECE {
            let taken = self.inflate.write(&self.input).map_err(corrupt)?;
            if taken == 0 {
                return Err(corrupt("bytes behind the end of the compressed body"));
            }
            self.input.advance(taken);
        }
        self.inflate.flush().map_err(corrupt)?;
        self.take()
    }

    /// The last decoded piece. A body that ends within its compressed form is a fault.
    pub(crate) fn finish(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.received > 0 {
            self.inflate
                .finish()
                .map_err(|error| faults::truncated().with_cause(error))?;
        }
        self.take()
    }

    fn take(&mut self) -> Result<Option<Bytes>, Fault> {
        let piece = self.inflate.output().split().freeze();
        self.decoded = self.decoded.saturating_add(piece.len() as u64);
        if self.decoded > SMALL && self.decoded / RATIO > self.received {
            return Err(faults::bad_reply(
                "the provider's reply expands far beyond its compressed size",
            ));
        }
        Ok((!piece.is_empty()).then_some(piece))
    }
}

impl Inflate {
    fn write(&mut self, input: &[u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(gzip) => gzip.write(input),
            Self::Zlib(zlib) => zlib.write(input),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(gzip) => gzip.flush(),
            Self::Zlib(zlib) => zlib.flush(),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Gzip(gzip) => gzip.try_finish(),
            Self::Zlib(zlib) => zlib.try_finish(),
        }
    }

    fn output(&mut self) -> &mut BytesMut {
        match self {
            Self::Gzip(gzip) => gzip.get_mut().get_mut(),
            Self::Zlib(zlib) => zlib.get_mut().get_mut(),
        }
    }
}

fn corrupt(cause: impl std::fmt::Display) -> Fault {
    faults::bad_gateway("the provider's compressed reply cannot be decoded").with_cause(cause)
}

#[cfg(test)]
mod tests;
