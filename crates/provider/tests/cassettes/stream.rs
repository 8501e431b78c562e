//! Streams, and that it does not matter how the network cuts them.

use bytes::{Bytes, BytesMut};
use ironward_core::{Fault, Usage};
use ironward_wire::{Delta, Dialect, StreamDecoder, anthropic_messages, openai_chat};

use crate::exchange::{Exchange, Kind, envelope, small_call};
use crate::said::Said;
use crate::whole::compare;

/// Streams up to this size are also fed byte by byte.
const SMALL: usize = 6_000;

pub(crate) fn check(exchange: &Exchange) -> Result<(), String> {
    let reply = exchange.reply();
    if let Some(dialect) = exchange.dialect() {
        forwarded(exchange, dialect, &reply)?;
    }
    if exchange.kind == Kind::Completions {
        return Ok(());
    }
    let dialect = match exchange.kind {
        Kind::Chat => Dialect::AnthropicMessages,
        _ => Dialect::OpenAiChat,
    };
    let call = small_call(dialect, true);
    let decoder = || {
        exchange
            .provider()
            .stream(&call)
            .map_err(|it| it.to_string())
    };
    let (deltas, end) = decoded(decoder()?, [reply.clone()]);
    for chunks in cuts(exchange, &reply) {
        let (cut, cut_end) = decoded(decoder()?, chunks);
        if cut != deltas || cut_end != end {
            return Err("the deltas depend on how the stream is cut".to_owned());
        }
    }
    expect_end(exchange, "the decoder", &end)?;
    if end.is_err() {
        return Ok(());
    }
    order(&deltas)?;
    let said = Said::streamed(&deltas);
    for dialect in [Dialect::OpenAiChat, Dialect::AnthropicMessages] {
        written_again(dialect, deltas.clone(), &said)?;
    }
    Ok(())
}

/// Frames go out as they came, however they came.
fn forwarded(exchange: &Exchange, dialect: Dialect, reply: &Bytes) -> Result<(), String> {
    let whole = forward(dialect, [reply.clone()]);
    for chunks in cuts(exchange, reply) {
        if forward(dialect, chunks) != whole {
            return Err("what is forwarded depends on how the stream is cut".to_owned());
        }
    }
    expect_end(exchange, "the observer", &whole.2)?;
    let tells_usage = memchr::memmem::find(reply, b"_tokens\"").is_some();
    if whole.2.is_ok() && tells_usage && whole.1.is_none() {
        return Err("the usage was not seen".to_owned());
    }
    Ok(())
}

type Forwarded = (Bytes, Option<Usage>, Result<(), Fault>);

fn forward(dialect: Dialect, chunks: impl IntoIterator<Item = Bytes>) -> Forwarded {
    let mut forward = dialect.forward(&envelope()).unwrap();
    let mut out = BytesMut::new();
    let mut end = Ok(());
    for chunk in chunks {
        match forward.push(chunk) {
            Ok(frames) => out.extend_from_slice(&frames),
            Err(fault) => {
                out.extend_from_slice(&forward.unsent());
                end = Err(fault);
                break;
            }
        }
    }
    if end.is_ok() {
        match forward.finish() {
            Ok(frames) => out.extend_from_slice(&frames),
            Err(fault) => end = Err(fault),
        }
    }
    (out.freeze(), forward.usage(), end)
}

fn decoded(
    mut decoder: Box<dyn StreamDecoder>,
    chunks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Delta>, Result<(), Fault>) {
    let mut deltas = Vec::new();
    for chunk in chunks {
        if let Err(fault) = decoder.push(chunk, &mut deltas) {
            return (deltas, Err(fault));
        }
    }
    let end = decoder.finish(&mut deltas);
    (deltas, end)
}

/// A cut stream never looks like a whole one, and a whole one not like a cut one.
fn expect_end(exchange: &Exchange, who: &str, end: &Result<(), Fault>) -> Result<(), String> {
    let tells_error = memchr::memmem::find(&exchange.reply(), b"\"error\":{").is_some();
    match (exchange.is_complete(), end) {
        (_, Err(_)) if tells_error => Ok(()),
        (true, Err(fault)) => Err(format!(
            "{who} takes a whole stream for a broken one: {fault}"
        )),
        (false, Ok(())) => Err(format!("{who} takes a cut stream for a whole one")),
        _ => Ok(()),
    }
}

fn order(deltas: &[Delta]) -> Result<(), String> {
    if !matches!(deltas.first(), Some(Delta::Start { .. })) {
        return Err(format!("the first delta is {:?}", deltas.first()));
    }
    Ok(())
}

/// What a client of `dialect` gets is a whole stream that says the same.
fn written_again(dialect: Dialect, deltas: Vec<Delta>, said: &Said) -> Result<(), String> {
    let mut encoder = dialect.stream_encoder(envelope()).unwrap();
    let mut out = BytesMut::new();
    for delta in deltas {
        encoder.encode(delta, &mut out);
    }
    encoder.finish(&mut out);
    let decoder: Box<dyn StreamDecoder> = match dialect {
        Dialect::AnthropicMessages => Box::new(anthropic_messages::Decoder::default()),
        _ => Box::new(openai_chat::Decoder::default()),
    };
    let (again, end) = decoded(decoder, [out.clone().freeze()]);
    end.map_err(|fault| format!("our own stream in {} is refused: {fault}", dialect.label()))?;
    let mut said = said.clone();
    if dialect == Dialect::AnthropicMessages {
        said.choices.truncate(1);
    }
    compare(dialect, &said, &Said::streamed(&again))?;
    let (bytes, _, end) = forward(dialect, [out.freeze()]);
    end.map_err(|fault| format!("our own stream in {} looks cut: {fault}", dialect.label()))?;
    if bytes.is_empty() {
        return Err("our own stream is not forwarded".to_owned());
    }
    Ok(())
}

/// Byte by byte where it is small, and twice at pseudo-random places.
fn cuts(exchange: &Exchange, reply: &Bytes) -> Vec<Vec<Bytes>> {
    let mut all = Vec::new();
    if reply.len() <= SMALL {
        all.push((0..reply.len()).map(|at| reply.slice(at..=at)).collect());
    }
    let mut state = exchange.id().bytes().fold(0x9e37_79b9_u64, |state, byte| {
        state.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    for most in [40, 4_000] {
        let mut rest = reply.clone();
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let length = 1 + usize::try_from(state >> 33).unwrap() % most;
            chunks.push(rest.split_to(length.min(rest.len())));
        }
        all.push(chunks);
    }
    all
}
