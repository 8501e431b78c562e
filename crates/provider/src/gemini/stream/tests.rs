use bytes::Bytes;
use ironward_core::FaultKind;
use ironward_wire::{Delta, Finish, StreamDecoder};
use proptest::prelude::*;

use super::Decoder;

const STREAM: &str = concat!(
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hm\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 16,\"totalTokenCount\": 16},\"modelVersion\": \"gemini-x\",\"responseId\": \"r-1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"grün \"}]}},{\"index\": 1,\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"f\",\"args\": {\"a\": [1, \"é\"]}},\"thoughtSignature\": \"c2ln\"},{\"functionCall\": {\"id\": \"own\",\"name\": \"g\"}}]}}]}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"executableCode\": {\"code\": \"1\"}}]},\"finishReason\": \"STOP\"}]}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"ist es\"}]},\"groundingMetadata\": {\"groundingChunks\": [{\"web\": {\"uri\": \"https://example.org\",\"title\": \"E\"}}],\"groundingSupports\": [{\"segment\": {\"startIndex\": 6,\"endIndex\": 9},\"groundingChunkIndices\": [0, 9]}]},\"finishReason\": \"STOP\"},{\"index\": 1,\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 16,\"candidatesTokenCount\": 3,\"thoughtsTokenCount\": 4,\"totalTokenCount\": 23}}\n\n",
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
    fn any_cut_gives_the_same_deltas(cuts in prop::collection::vec(0usize..400, 0..20)) {
        prop_assert_eq!(decoded(STREAM.as_bytes(), &cuts), decoded(STREAM.as_bytes(), &[]));
    }
}

#[test]
fn a_choice_is_closed_after_its_last_part() {
    let deltas = decoded(STREAM.as_bytes(), &[]);
    let finishes: Vec<_> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Finish { choice, finish } => Some((*choice, finish.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(finishes, [(0, Finish::Stop), (1, Finish::ToolCalls)]);
    assert!(matches!(deltas.last(), Some(Delta::Finish { .. })));
}

#[test]
fn ids_are_made_from_the_reply_and_offsets_count_characters() {
    let deltas = decoded(STREAM.as_bytes(), &[]);
    assert!(deltas.contains(&Delta::ToolCall {
        choice: 1,
        index: 0,
        id: "call_r-1_1_0".to_owned(),
        name: "f".to_owned(),
        signature: Some("c2ln".to_owned()),
    }));
    let annotations = deltas.iter().find_map(|delta| match delta {
        Delta::Annotations { json, .. } => Some(json.text()),
        _ => None,
    });
    assert_eq!(
        annotations,
        Some(
            r#"[{"type":"url_citation","url_citation":{"start_index":5,"end_index":8,"title":"E","url":"https://example.org"}}]"#
        )
    );
}

#[test]
fn a_cut_stream_is_no_whole_reply() {
    let whole = STREAM.rfind("data:").unwrap();
    let mut decoder = Decoder::default();
    let mut deltas = Vec::new();
    let chunk = Bytes::copy_from_slice(&STREAM.as_bytes()[..whole]);
    decoder.push(chunk, &mut deltas).unwrap();
    let fault = decoder.finish(&mut deltas).unwrap_err();
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert!(
        !deltas
            .iter()
            .any(|delta| matches!(delta, Delta::Finish { .. }))
    );
    assert!(
        Decoder::default().finish(&mut deltas).is_err(),
        "an empty one"
    );
}

#[test]
fn a_blocked_prompt_is_a_filtered_reply() {
    let stream = b"data: {\"promptFeedback\": {\"blockReason\": \"SAFETY\"},\"usageMetadata\": {\"promptTokenCount\": 4}}\n\n";
    let deltas = decoded(stream, &[]);
    assert_eq!(
        deltas.last(),
        Some(&Delta::Finish {
            choice: 0,
            finish: Finish::ContentFilter
        })
    );
}

#[test]
fn an_error_in_the_stream_is_a_fault() {
    let mut decoder = Decoder::default();
    let event = "data: {\"error\": {\"code\": 503,\"message\": \"The model is overloaded.\",\"status\": \"UNAVAILABLE\"}}\n\n";
    let fault = decoder
        .push(Bytes::from_static(event.as_bytes()), &mut Vec::new())
        .unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unavailable);
}
