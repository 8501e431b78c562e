//! What happens to a stream of 50 events, from its first chunk to its end.

use bytes::{Bytes, BytesMut};
use gungraun::{library_benchmark, library_benchmark_group};
use ironward_wire::{Forward, StreamDecoder, StreamEncoder, anthropic_messages, openai_chat};

use crate::sample::{anthropic_stream, azure_stream, envelope, openai_stream};

fn openai() -> (Box<dyn Forward>, Vec<Bytes>) {
    let observer = openai_chat::Observer::new(&envelope());
    (Box::new(observer), openai_stream())
}

fn azure() -> (Box<dyn Forward>, Vec<Bytes>) {
    let observer = openai_chat::Observer::new(&envelope());
    (Box::new(observer), azure_stream())
}

fn anthropic() -> (Box<dyn Forward>, Vec<Bytes>) {
    let observer = anthropic_messages::Observer::new(&envelope());
    (Box::new(observer), anthropic_stream())
}

struct Translation {
    decoder: Box<dyn StreamDecoder>,
    encoder: Box<dyn StreamEncoder>,
    chunks: Vec<Bytes>,
}

fn from_openai() -> Translation {
    Translation {
        decoder: Box::new(openai_chat::Decoder::default()),
        encoder: Box::new(anthropic_messages::Encoder::new(envelope())),
        chunks: openai_stream(),
    }
}

fn from_anthropic() -> Translation {
    Translation {
        decoder: Box::new(anthropic_messages::Decoder::default()),
        encoder: Box::new(openai_chat::Encoder::new(envelope())),
        chunks: anthropic_stream(),
    }
}

#[library_benchmark]
#[bench::openai(setup = openai)]
#[bench::azure(setup = azure)]
#[bench::anthropic(setup = anthropic)]
fn observer((mut observer, chunks): (Box<dyn Forward>, Vec<Bytes>)) -> (Box<dyn Forward>, usize) {
    let mut sent = 0;
    for chunk in chunks {
        sent += observer.push(chunk).expect("a sound stream").len();
    }
    sent += observer.finish().expect("a whole stream").len();
    (observer, sent)
}

// One event at a time, as the data path does it.
#[library_benchmark]
#[bench::openai_to_anthropic(setup = from_openai)]
#[bench::anthropic_to_openai(setup = from_anthropic)]
fn translate(translation: Translation) -> usize {
    let Translation {
        mut decoder,
        mut encoder,
        chunks,
    } = translation;
    let mut deltas = Vec::new();
    let mut sent = 0;
    for chunk in chunks {
        let mut out = BytesMut::new();
        decoder.push(chunk, &mut deltas).expect("a sound stream");
        for delta in deltas.drain(..) {
            encoder.encode(delta, &mut out);
        }
        sent += out.len();
    }
    let mut out = BytesMut::new();
    decoder.finish(&mut deltas).expect("a whole stream");
    for delta in deltas.drain(..) {
        encoder.encode(delta, &mut out);
    }
    encoder.finish(&mut out);
    sent + out.len()
}

library_benchmark_group!(name = streams, benchmarks = [observer, translate]);
