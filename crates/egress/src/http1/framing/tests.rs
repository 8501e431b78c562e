use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::{Broken, Chunked, EXTENSIONS, Framing, Head, TRAILERS, keeps_alive};

fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    headers
}

fn framing(
    status: u16,
    method: &Method,
    lines: &[(&'static str, &'static str)],
) -> Result<Framing, Broken> {
    let head = Head {
        status: status.try_into().unwrap(),
        headers: headers(lines),
    };
    Framing::of(&head, true, method)
}

#[test]
fn the_head_says_where_the_body_ends() {
    let chunked = Framing::Chunked(Chunked::BEGIN);
    for (lines, expected) in [
        (&[][..], Framing::UntilClose),
        (&[("content-length", "0")], Framing::OVER),
        (&[("content-length", "007")], Framing::Length(7)),
        (
            &[("content-length", "18446744073709551615")],
            Framing::Length(u64::MAX),
        ),
        (
            &[("content-length", "5"), ("content-length", "5")],
            Framing::Length(5),
        ),
        (&[("transfer-encoding", "chunked")], chunked),
        (&[("transfer-encoding", "ChunKed")], chunked),
    ] {
        let framing = framing(200, &Method::POST, lines).unwrap();
        assert_eq!(framing, expected, "{lines:?}");
    }
}

#[test]
fn a_length_that_could_be_read_in_two_ways_is_refused() {
    for lines in [
        &[("content-length", "5"), ("content-length", "6")][..],
        &[("content-length", "5, 5")],
        &[("content-length", "5,6")],
        &[("content-length", "")],
        &[("content-length", "+5")],
        &[("content-length", "-5")],
        &[("content-length", "0x5")],
        &[("content-length", "5 5")],
        &[("content-length", "18446744073709551616")],
        &[("content-length", "5"), ("transfer-encoding", "chunked")],
        &[("transfer-encoding", "identity")],
        &[("transfer-encoding", "gzip, chunked")],
        &[("transfer-encoding", "chunked, chunked")],
        &[("transfer-encoding", "xchunked")],
        &[("transfer-encoding", "")],
        &[
            ("transfer-encoding", "chunked"),
            ("transfer-encoding", "chunked"),
        ],
    ] {
        assert!(framing(200, &Method::POST, lines).is_err(), "{lines:?}");
        assert!(framing(204, &Method::HEAD, lines).is_err(), "{lines:?}");
    }
    let chunked = Head {
        status: http::StatusCode::OK,
        headers: headers(&[("transfer-encoding", "chunked")]),
    };
    assert!(Framing::of(&chunked, false, &Method::POST).is_err());
}

#[test]
fn some_replies_have_no_body_whatever_their_head_says() {
    let length = &[("content-length", "5")][..];
    for (status, method) in [
        (101, Method::POST),
        (204, Method::POST),
        (304, Method::GET),
        (200, Method::HEAD),
        (404, Method::HEAD),
    ] {
        for lines in [length, &[]] {
            let framing = framing(status, &method, lines).unwrap();
            assert_eq!(framing, Framing::OVER);
        }
    }
}

/// What is read of a chunked body, whether it is over, and what is left behind it.
fn chunks(text: &str) -> Result<(String, bool, Bytes), Broken> {
    let mut framing = Framing::Chunked(Chunked::BEGIN);
    let mut unread = Bytes::copy_from_slice(text.as_bytes());
    let mut body = String::new();
    while let Some(piece) = framing.take(&mut unread)? {
        body += std::str::from_utf8(&piece).unwrap();
    }
    Ok((body, framing.is_over(), unread))
}

#[test]
fn chunks_are_put_off_their_framing() {
    for (text, expected) in [
        ("0\r\n\r\n", ""),
        ("3\r\none\r\n4\r\n two\r\n0\r\n\r\n", "one two"),
        ("A;a=b;c=\"d\r\n0123456789\r\n00 ;x\r\n\r\n", "0123456789"),
        ("1 \t;x\r\na\r\n0000000000000000\r\nx: y\r\nz\r\n\r\n", "a"),
    ] {
        let (body, is_over, rest) = chunks(text).unwrap();
        assert_eq!(
            (&*body, is_over, rest.len()),
            (expected, true, 0),
            "{text:?}"
        );
        let (body, is_over, rest) = chunks(&format!("{text}HTTP/1.1")).unwrap();
        assert_eq!(
            (&*body, is_over, &*rest),
            (expected, true, &b"HTTP/1.1"[..])
        );
        for cut in 0..text.len() {
            assert!(
                !chunks(text.get(..cut).unwrap()).unwrap().1,
                "{text:?} at {cut}"
            );
        }
    }
}

#[test]
fn chunks_that_could_be_read_in_two_ways_are_refused() {
    for text in [
        "\r\n",
        ";x\r\n",
        " 1\r\na",
        "+1\r\na",
        "0x1\r\na",
        "g\r\n",
        "1\na",
        "1;x\na",
        "1\r\r\na",
        "1;x\ry\na",
        "1\r\nab\r\n",
        "1\r\na\n0",
        "1\r\na\r0",
        "00000000000000001\r\na",
        "0\r\n\n",
        "0\r\nx: y\n\r\n",
        "0\r\nx: y\rz\r\n\r\n",
        "0\r\n\rx",
    ] {
        assert!(chunks(text).is_err(), "{text:?}");
    }
}

#[test]
fn extensions_and_trailers_are_bounded() {
    let extension = |length: u16| format!("1;{}\r\na", "x".repeat((length - 1).into()));
    assert!(chunks(&extension(EXTENSIONS)).is_ok());
    assert!(chunks(&extension(EXTENSIONS + 1)).is_err());
    let trailers = |length: u16| format!("0\r\n{}\r\n", "x\r\n".repeat(length.into()));
    assert!(chunks(&trailers(TRAILERS)).unwrap().1);
    assert!(chunks(&trailers(TRAILERS + 1)).is_err());
}

#[test]
fn only_a_body_that_is_whole_may_end_with_the_connection() {
    let closed = |mut framing: Framing| framing.close().is_ok() && framing.is_over();
    assert!(closed(Framing::OVER));
    assert!(closed(Framing::UntilClose));
    assert!(!closed(Framing::Length(1)));
    assert!(!closed(Framing::Chunked(Chunked::BEGIN)));
    assert!(!closed(Framing::Chunked(Chunked::LastLf)));
}

#[test]
fn the_peer_says_whether_it_takes_another_request() {
    for (lines, one_0, one_1) in [
        (&[][..], false, true),
        (&[("connection", "close")], false, false),
        (&[("connection", "keep-alive")], true, true),
        (&[("connection", "Keep-Alive , x")], true, true),
        (&[("connection", "x,\tCLOSE")], false, false),
        (
            &[("connection", "keep-alive"), ("connection", "close")],
            false,
            false,
        ),
        (&[("connection", "closed")], false, true),
    ] {
        let headers = headers(lines);
        assert_eq!(keeps_alive(&headers, false), one_0, "{lines:?}");
        assert_eq!(keeps_alive(&headers, true), one_1, "{lines:?}");
    }
}
