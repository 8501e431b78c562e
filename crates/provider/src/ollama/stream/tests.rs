use bytes::Bytes;
use ironward_core::FaultKind;
use ironward_wire::{Delta, Finish, StreamDecoder};
use proptest::prelude::*;

use super::Decoder;

const STREAM: &str = concat!(
    "{\"model\":\"m\",\"created_at\":\"2026-08-04T19:58:19.95975Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"hm\"},\"done\":false}\n",
    "{\"model\":\"m\",\"created_at\":\"2026-08-04T19:58:19.96Z\",\"message\":{\"role\":\"assistant\",\"content\":\"grün\"},\"done\":false}\n",
    "{\"model\":\"m\",\"created_at\":\"2026-08-04T19:58:19.97Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"a\":1}}},{\"id\":\"own\",\"function\":{\"index\":1,\"name\":\"g\"}}]},\"done\":false}\n",
    "{\"model\":\"m\",\"created_at\":\"2026-08-04T19:58:20Z\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":5}",
);

fn decoded(stream: &[u8], cuts: &[usize]) -> Vec<Delta> {
    let mut decoder = Decoder::default();
    let mut deltas = Vec::new();
    let mut rest = stream;
    for cut in cuts {
        let (chunk, after) = rest.split_at((*cut).min(rest.len()));
        decoder
            .push(Bytes::copy_from_slice(chunk), &mut deltas)
            .unwrap();
        rest = after;
    }
    decoder
        .push(Bytes::copy_from_slice(rest), &mut deltas)
        .unwrap();
    decoder.finish(&mut deltas).unwrap();
    deltas
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_deltas(cuts in prop::collection::vec(0usize..200, 0..20)) {
        prop_assert_eq!(decoded(STREAM.as_bytes(), &cuts), decoded(STREAM.as_bytes(), &[]));
    }
}

#[test]
fn tool_calls_are_told_with_ids_and_a_reason() {
    let deltas = decoded(STREAM.as_bytes(), &[]);
    let calls: Vec<_> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::ToolCall { index, id, .. } => Some((*index, id.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(calls, [(0, "call_2026080419581997_0"), (1, "own")]);
    assert!(deltas.contains(&Delta::Finish {
        choice: 0,
        finish: Finish::ToolCalls
    }));
}

#[test]
fn a_cut_stream_is_no_whole_reply() {
    let mut decoder = Decoder::default();
    let cut = STREAM.rfind('\n').unwrap();
    let chunk = Bytes::copy_from_slice(&STREAM.as_bytes()[..=cut]);
    decoder.push(chunk, &mut Vec::new()).unwrap();
    let fault = decoder.finish(&mut Vec::new()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
}

#[test]
fn an_error_in_the_stream_is_a_fault() {
    let mut decoder = Decoder::default();
    let line =
        Bytes::from_static(b"{\"error\":\"an error was encountered while running the model\"}\n");
    let fault = decoder.push(line, &mut Vec::new()).unwrap_err();
    assert_eq!(fault.kind, FaultKind::UpstreamInternal);
}

#[test]
fn a_line_without_an_end_is_bounded() {
    let mut decoder = Decoder::default();
    let chunk = Bytes::from(vec![b' '; 1 << 20]);
    let fed = (0..64)
        .take_while(|_| decoder.push(chunk.clone(), &mut Vec::new()).is_ok())
        .count();
    assert!(fed < 20, "{fed}");
}
