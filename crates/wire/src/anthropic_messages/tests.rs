mod golden;
mod property;
mod table;

use bytes::Bytes;
use ironward_core::{CallId, Fault, Random};

use super::{Decoder, Observer};
use crate::{Delta, Envelope, Forward, StreamDecoder};

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn envelope() -> Envelope {
    Envelope {
        call_id: CallId::draw(&Zeros),
        created: 0,
        model: "group".into(),
        include_usage: false,
    }
}

/// What is read from a stream that comes in `chunks`, and how it ended.
fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Delta>, Option<Fault>) {
    let mut decoder = Decoder::default();
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(fault) = decoder.push(Bytes::copy_from_slice(chunk), &mut deltas) {
            return (deltas, Some(fault));
        }
    }
    let fault = decoder.finish(&mut deltas).err();
    (deltas, fault)
}

/// What of a stream that comes in `chunks` goes out, and the fault that it ended with.
fn forward<'a>(
    observer: &mut Observer,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, Option<Fault>) {
    let mut out = Vec::new();
    for chunk in chunks {
        match observer.push(Bytes::copy_from_slice(chunk)) {
            Ok(frames) => out.extend_from_slice(&frames),
            Err(fault) => {
                out.extend_from_slice(&observer.unsent());
                return (out, Some(fault));
            }
        }
    }
    match observer.finish() {
        Ok(frames) => out.extend_from_slice(&frames),
        Err(fault) => return (out, Some(fault)),
    }
    (out, None)
}
