use bytes::Bytes;
use proptest::prelude::{any, proptest};

use super::Frames;

type Event = (Option<String>, Option<String>);

fn events(chunks: &[&[u8]]) -> Vec<Event> {
    let mut frames = Frames::default();
    let mut events = Vec::new();
    for chunk in chunks {
        frames.push(Bytes::copy_from_slice(chunk)).unwrap();
        while let Some(frame) = frames.next_frame() {
            events.push((
                frame.event().map(str::to_owned),
                frame.data().map(Into::into),
            ));
        }
    }
    if let Some(frame) = frames.last_frame() {
        events.push((
            frame.event().map(str::to_owned),
            frame.data().map(Into::into),
        ));
    }
    events.retain(|event| *event != (None, None));
    events
}

const STREAM: &str = ": comment\n\nevent: a\ndata: {\"x\":1}\n\ndata:one\r\ndata: two\r\n\r\ndata\r\rdata: last\n\n\n\ndata: open";

#[test]
fn every_line_ending_and_form_is_read() {
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        events(&[STREAM.as_bytes()]),
        [
            (text("a"), text("{\"x\":1}")),
            (None, text("one\ntwo")),
            (None, text("")),
            (None, text("last")),
            (None, text("open")),
        ]
    );
}

#[test]
fn a_frame_in_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
    let mut frames = Frames::default();
    frames.push(chunk.clone()).unwrap();
    assert_eq!(frames.next_frame().unwrap().raw().as_ptr(), chunk.as_ptr());
}

#[test]
fn an_endless_frame_is_refused() {
    let mut frames = Frames {
        limit: 64,
        ..Frames::default()
    };
    let outcome = (0..100).try_for_each(|_| {
        frames.push(Bytes::from_static(b"data: xxxxxxxx"))?;
        assert_eq!(frames.next_frame(), None);
        Ok::<_, ironward_core::Fault>(())
    });
    assert!(outcome.is_err());
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_events(cuts in proptest::collection::vec(1_usize..9, 0..80)) {
        let mut rest = STREAM.as_bytes();
        let mut chunks = Vec::new();
        for cut in cuts {
            let (chunk, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        chunks.push(rest);
        assert_eq!(events(&chunks), events(&[STREAM.as_bytes()]));
    }

    #[test]
    fn any_bytes_are_cut_somehow(bytes in any::<Vec<u8>>()) {
        events(&[&bytes]);
    }
}
