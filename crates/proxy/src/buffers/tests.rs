use std::sync::Arc;

use bytes::Bytes;

use super::{Buffers, LEAST, MOST};

fn kept(buffers: &Buffers) -> usize {
    let kept = buffers.lock();
    let rooms = kept.rooms.iter().flatten();
    assert_eq!(rooms.map(Vec::capacity).sum::<usize>(), kept.bytes);
    kept.bytes
}

#[test]
fn room_comes_back_with_the_last_of_its_bytes_and_is_used_again() {
    let buffers = Arc::new(Buffers::default());
    let mut buffer = buffers.take(3 * LEAST);
    buffer.extend(b"some bytes");
    let place = buffer.as_ref().as_ptr();
    let bytes = Bytes::from(buffer);
    let part = bytes.slice(5..);
    drop(bytes);
    assert_eq!((&part[..], kept(&buffers)), (&b"bytes"[..], 0));
    drop(part);
    assert_eq!(kept(&buffers), 4 * LEAST);
    // Neither a smaller one nor a larger one takes it.
    drop((buffers.take(2 * LEAST), buffers.take(5 * LEAST)));
    let mut again = buffers.take(4 * LEAST);
    again.extend(b"x");
    assert_eq!((again.as_ref().as_ptr(), again.len()), (place, 1));
}

#[test]
fn no_more_is_kept_than_the_limit_and_nothing_of_other_sizes() {
    let buffers = Arc::new(Buffers::default());
    let many: Vec<_> = (0..MOST / LEAST + 3).map(|_| buffers.take(1)).collect();
    drop(many);
    assert_eq!(kept(&buffers), MOST);
    let buffers = Arc::new(Buffers::default());
    drop(buffers.take((4 << 20) + 1));
    let mut grown = buffers.take(LEAST);
    grown.extend(&vec![0; LEAST + 1]);
    grown.bytes.shrink_to_fit();
    drop(grown);
    assert_eq!(kept(&buffers), 0);
}

#[test]
fn only_what_nobody_needed_is_given_back_and_not_all_at_once() {
    let buffers = Arc::new(Buffers::default());
    let held: Vec<_> = (0..8).map(|_| buffers.take(1)).collect();
    drop(held);
    // It was not there all the time since the last look, which was never.
    assert_eq!(buffers.spared().len(), 0);
    // Half of it is needed now and then.
    drop((0..4).map(|_| buffers.take(1)).collect::<Vec<_>>());
    assert_eq!(buffers.spared().len(), 4);
    assert_eq!(buffers.spared().len(), 4);
    assert_eq!((buffers.spared().len(), kept(&buffers)), (0, 0));
    // A room that is larger than what is given back goes alone.
    drop((
        buffers.take(4 << 20),
        buffers.take(4 << 20),
        buffers.take(1),
    ));
    assert_eq!(buffers.spared().len(), 0);
    let given = |rooms: Vec<Vec<u8>>| rooms.iter().map(Vec::capacity).collect::<Vec<_>>();
    assert_eq!(given(buffers.spared()), [4 << 20]);
    assert_eq!(given(buffers.spared()), [4 << 20]);
    assert_eq!(given(buffers.spared()), [LEAST]);
}
