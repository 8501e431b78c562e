use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use super::{exchange, format_request};

/// Answers one connection with exactly these bytes, then closes it.
fn serve_once(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _length = stream.read(&mut request).unwrap();
        stream.write_all(answer).unwrap();
    });
    address
}

#[test]
fn each_framing_is_read_to_its_end() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..],
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello",
    ] {
        let reply = exchange(serve_once(answer), b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (200, "hello"));
        assert!(reply.complete);
    }
}

#[test]
fn a_cut_body_is_told_from_a_whole_one() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        let reply = exchange(serve_once(answer), b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(reply.text(), "hello");
        assert!(!reply.complete);
    }
}

#[test]
fn a_well_formed_request_names_its_host_and_length() {
    let bytes = format_request("POST", "/x", &[("a", "b")], b"{}");
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "POST /x HTTP/1.1\r\nhost: 127.0.0.1\r\na: b\r\ncontent-length: 2\r\n\r\n{}"
    );
}
