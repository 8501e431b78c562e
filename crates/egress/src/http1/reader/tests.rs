use bytes::Bytes;
use http::Method;
use proptest::prelude::*;

use super::{INFORMATIONAL, Reader, replay};

const REPLIES: &[&str] = &[
    "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello world",
    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\na: b\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nhello world",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 429 No\r\ncontent-length: 2\r\n\r\nno",
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\nx",
];

fn cut<'a>(mut bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for cut in cuts {
        let (piece, rest) = bytes.split_at((*cut).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces.push(bytes);
    pieces
}

#[test]
fn replies_are_read_as_they_were_meant() {
    let read: Vec<_> = REPLIES
        .iter()
        .map(|reply| replay(&[reply.as_bytes()]).unwrap())
        .map(|(status, body, at_rest)| (status, String::from_utf8(body).unwrap(), at_rest))
        .collect();
    let expected = [
        (200, "hello world", true),
        (200, "", true),
        (204, "", true),
        (200, "hello world", true),
        (200, "hello world", false),
        (429, "no", true),
        (101, "", false),
    ];
    assert_eq!(read, expected.map(|(a, b, c)| (a, b.to_owned(), c)));
}

#[test]
fn a_reply_that_ends_early_is_none() {
    for reply in REPLIES {
        let until_close = reply.starts_with("HTTP/1.0") || reply.starts_with("HTTP/1.1 101");
        let end = reply.len() - usize::from(until_close);
        let head = if until_close {
            reply.find("\r\n\r\n").unwrap() + 4
        } else {
            end
        };
        for length in 0..head {
            assert_eq!(replay(&[&reply.as_bytes()[..length]]), None, "{reply:?}");
        }
    }
}

#[test]
fn a_connection_with_something_behind_its_reply_is_not_at_rest() {
    for reply in &REPLIES[..4] {
        let longer = format!("{reply}HTTP/1.1 200 OK\r\n");
        let (_, body, at_rest) = replay(&[longer.as_bytes()]).unwrap();
        let (_, expected, _) = replay(&[reply.as_bytes()]).unwrap();
        assert_eq!((body, at_rest), (expected, false));
    }
}

#[test]
fn informational_heads_are_bounded() {
    let replies = |count: u8| {
        let informational = "HTTP/1.1 103 Early\r\n\r\n".repeat(count.into());
        replay(&[(informational + REPLIES[0]).as_bytes()])
    };
    assert_eq!(replies(INFORMATIONAL).unwrap().0, 200);
    assert_eq!(replies(INFORMATIONAL + 1), None);
}

#[test]
fn a_body_is_handed_on_without_a_copy() {
    let mut reader = Reader::new();
    let bytes = Bytes::from_static(REPLIES[0].as_bytes());
    reader.push(bytes.clone());
    reader.head(&Method::POST).unwrap().unwrap();
    assert_eq!(reader.announced(), Some(11));
    let body = reader.piece().unwrap().unwrap();
    assert_eq!(body.as_ptr(), bytes[bytes.len() - 11..].as_ptr());
    assert!(reader.is_at_rest());
}

#[test]
fn a_head_in_many_pieces_is_not_copied_for_each() {
    let mut reader = Reader::new();
    let mut moves = 0;
    let mut place = reader.unread.as_ptr();
    reader.push(Bytes::from_static(b"HTTP/1.1 200 OK\r\nx: "));
    for _ in 0..60_000 {
        reader.push(Bytes::from_static(b"y"));
        moves += u32::from(reader.unread.as_ptr() != place);
        place = reader.unread.as_ptr();
    }
    assert!(moves < 20, "{moves} moves");
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_reply(
        which in 0..REPLIES.len(),
        cuts in prop::collection::vec(0_usize..30, 0..40),
    ) {
        let reply = REPLIES[which].as_bytes();
        prop_assert_eq!(replay(&cut(reply, &cuts)), replay(&[reply]));
    }

    #[test]
    fn any_cut_of_any_bytes_gives_the_same(
        which in 0..REPLIES.len(),
        at in any::<prop::sample::Index>(),
        put in "[\r\n\t ;:,0-9a-fA-F]{0,3}",
        cuts in prop::collection::vec(0_usize..30, 0..40),
    ) {
        let mut reply = REPLIES[which].to_owned();
        let at = at.index(reply.len());
        reply.replace_range(at..=at, &put);
        let reply = reply.as_bytes();
        prop_assert_eq!(replay(&cut(reply, &cuts)), replay(&[reply]));
    }

    #[test]
    fn what_is_chunked_comes_out_whole(
        body in prop::collection::vec(any::<u8>(), 0..200),
        sizes in prop::collection::vec(1_usize..50, 0..20),
        cuts in prop::collection::vec(0_usize..30, 0..40),
    ) {
        let mut reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in cut(&body, &sizes).into_iter().filter(|chunk| !chunk.is_empty()) {
            reply.extend(format!("{:x}\r\n", chunk.len()).bytes());
            reply.extend_from_slice(chunk);
            reply.extend(b"\r\n");
        }
        reply.extend(b"0\r\n\r\n");
        prop_assert_eq!(replay(&cut(&reply, &cuts)), Some((200, body, true)));
    }
}
