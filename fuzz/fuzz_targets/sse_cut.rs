//! Any cut of a stream into chunks gives the same frames.

#![no_main]

use bytes::Bytes;
use ironward_wire::Frames;
use libfuzzer_sys::fuzz_target;

fn events(chunks: &[&[u8]]) -> Vec<(Option<String>, Option<String>)> {
    let mut frames = Frames::default();
    let mut events = Vec::new();
    for chunk in chunks {
        frames.push(Bytes::copy_from_slice(chunk)).expect("the frame is small");
        while let Some(frame) = frames.next_frame() {
            events.push((frame.event().map(str::to_owned), frame.data().map(Into::into)));
        }
    }
    if let Some(frame) = frames.last_frame() {
        events.push((frame.event().map(str::to_owned), frame.data().map(Into::into)));
    }
    events.retain(|event| *event != (None, None));
    events
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let (one, other) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(events(&[one, other]), events(&[bytes]));
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(events(&single), events(&[bytes]));
});
