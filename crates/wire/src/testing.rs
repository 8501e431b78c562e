//! What the tests of several dialects need.

use bytes::Bytes;
use ironward_core::{CallId, Random};

use crate::Envelope;

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// An envelope whose call id is all zeros.
pub(crate) fn envelope(model: &str, include_usage: bool) -> Envelope {
    Envelope {
        call_id: CallId::draw(&Zeros),
        created: 1_700_000_000,
        model: model.into(),
        include_usage,
    }
}

/// `stream` in chunks of the given sizes, the rest in one.
pub(crate) fn cut(stream: &[u8], sizes: &[u8]) -> Vec<Bytes> {
    let mut rest = stream;
    let mut chunks = Vec::new();
    for size in sizes {
        let (chunk, tail) = rest.split_at(usize::from(*size).min(rest.len()));
        chunks.push(Bytes::copy_from_slice(chunk));
        rest = tail;
    }
    chunks.push(Bytes::copy_from_slice(rest));
    chunks
}
