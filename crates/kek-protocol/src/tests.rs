//! The bytes on the wire, one by one: a change here is a new version of the protocol.

use proptest::prelude::{any, proptest};

use crate::{
    Failure, FailureKind, HEADER, MOST, Malformed, Plain, Question, Reply, Request, body_length,
};

fn plain() -> Plain {
    Plain::new(std::array::from_fn(|at| u8::try_from(at).unwrap()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn request(question: Question) -> Request {
    Request::Key {
        key: "kek/0a".into(),
        version: 7,
        question,
    }
}

fn failed(kind: FailureKind, message: &str) -> Reply {
    let message = message.into();
    Reply::Failed(Failure { kind, message })
}

/// The body of a frame, by the length in its header.
#[track_caller]
fn body(frame: &[u8]) -> &[u8] {
    let header = frame.first_chunk().unwrap();
    let body = &frame[HEADER..];
    assert_eq!(body_length(header), Ok(body.len()));
    body
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn requests_have_these_bytes() {
    let golden = [
        (Request::Describe, "69776b656b010001".to_owned() + "01"),
        (
            request(Question::Wrap(plain())),
            format!("69776b656b01002c02066b656b2f306100000007{KEY}"),
        ),
        (
            request(Question::Unwrap(vec![0xfe, 0xff])),
            "69776b656b01000e03066b656b2f306100000007feff".to_owned(),
        ),
    ];
    for (request, bytes) in golden {
        let frame = request.encode().unwrap();
        assert_eq!(hex(&frame), bytes, "{request:?}");
        assert_eq!(Request::decode(body(&frame)), Ok(request));
    }
}

#[test]
fn replies_have_these_bytes() {
    let described = Reply::Described {
        key: "kek/0a".into(),
        token: "t".into(),
    };
    let golden = [
        (
            described,
            "69776b656b010009".to_owned() + "01066b656b2f306174",
        ),
        (
            Reply::Wrapped(vec![0xfe, 0xff]),
            "69776b656b01000302feff".to_owned(),
        ),
        (
            Reply::Unwrapped(plain()),
            format!("69776b656b01002103{KEY}"),
        ),
        (
            failed(FailureKind::Unreachable, "a"),
            "69776b656b0100028061".to_owned(),
        ),
        (
            failed(FailureKind::Denied, "b"),
            "69776b656b0100028162".to_owned(),
        ),
        (
            failed(FailureKind::Refused, "c"),
            "69776b656b0100028263".to_owned(),
        ),
        (
            failed(FailureKind::Misconfigured, "d"),
            "69776b656b0100028364".to_owned(),
        ),
    ];
    for (reply, bytes) in golden {
        let frame = reply.encode().unwrap();
        assert_eq!(hex(&frame), bytes, "{reply:?}");
        assert_eq!(Reply::decode(body(&frame)), Ok(reply));
    }
}

#[test]
fn a_header_is_read_strictly() {
    assert_eq!(body_length(b"iwkek\x01\x00\x05"), Ok(5));
    assert_eq!(body_length(b"iwkek\x01\x04\x00"), Ok(MOST));
    assert_eq!(
        body_length(b"iwkek\x01\x04\x01"),
        Err(Malformed::TooLong(1025))
    );
    assert_eq!(
        body_length(b"iwkek\x02\x00\x05"),
        Err(Malformed::Version(2))
    );
    assert_eq!(body_length(b"GET / HT"), Err(Malformed::Foreign));
}

#[test]
fn a_body_that_is_not_whole_is_refused() {
    for body in [
        &b""[..],
        b"\x00",
        b"\x04",
        b"\x01x",
        b"\x02\x03ab",
        b"\x02\x01k\x00\x00\x00",
        b"\x02\x01k\x00\x00\x00\x01short",
        b"\x03\x01\xff\x00\x00\x00\x01",
    ] {
        assert!(Request::decode(body).is_err(), "{body:?}");
    }
    for body in [&b""[..], b"\x00", b"\x03short", b"\x84x", b"\x80\xff"] {
        assert!(Reply::decode(body).is_err(), "{body:?}");
    }
}

#[test]
fn what_is_for_people_is_one_line_of_a_bounded_length() {
    let long = failed(FailureKind::Refused, &"ä\n\u{1b}".repeat(1000));
    let frame = long.encode().unwrap();
    let Ok(Reply::Failed(read)) = Reply::decode(body(&frame)) else {
        panic!("it is a failure");
    };
    assert!(read.message.starts_with("ä  ä  "), "{}", read.message);
    assert!(read.message.len() <= 900);
}

#[test]
fn a_name_that_does_not_fit_is_refused() {
    let long = Request::Key {
        key: "k".repeat(256).into(),
        version: 1,
        question: Question::Unwrap(Vec::new()),
    };
    assert!(long.encode().is_err());
    let long = request(Question::Unwrap(vec![0; MOST]));
    assert!(matches!(long.encode(), Err(Malformed::TooLong(_))));
}

#[test]
fn nothing_prints_a_key() {
    let printed = format!(
        "{:?} {:?}",
        request(Question::Wrap(plain())),
        Reply::Unwrapped(plain())
    );
    assert!(!printed.contains("30, 31"), "{printed}");
    assert!(!printed.contains("1e1f"), "{printed}");
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_alike(bytes in any::<Vec<u8>>()) {
        if let Ok(request) = Request::decode(&bytes)
            && let Ok(frame) = request.encode()
        {
            assert_eq!(&frame[HEADER..], &bytes[..]);
        }
        drop(Reply::decode(&bytes));
    }
}
