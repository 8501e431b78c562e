//! Requests whose end two readers could find in different places: at most one answer, after which
//! the connection is closed, and nothing of the rest is taken for a request.

use std::time::Duration;

use ironward_testkit::raw::Connection;

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig};

/// What must not be taken for a request of its own.
const SMUGGLED: &str = "GET /health/liveliness HTTP/1.1\r\nhost: gw\r\n\r\n";

/// How long a connection is listened to: for its first answer, which does not come where the rest of
/// a body is still waited for, and after its last one.
const PATIENCE: Duration = Duration::from_secs(3);
const SILENCE: Duration = Duration::from_millis(400);

fn body() -> String {
    Dialect::OpenAi.body("openai/gpt-test", "hello").to_string()
}

fn chunked(body: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
}

/// An authorised call with these header lines about its length, followed by these bytes.
fn call(lengths: &str, bytes: &str) -> Vec<u8> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gw\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{lengths}\r\n"
    );
    [head.as_bytes(), bytes.as_bytes()].concat()
}

/// The statuses of all answers on one connection.
fn answers(rig: &Rig, bytes: &[u8]) -> Vec<u16> {
    let mut connection = Connection::open(rig.address()).expect("it listens");
    // It may have closed before all of it is sent.
    drop(connection.send(bytes));
    connection.set_patience(PATIENCE).expect("a socket");
    let mut statuses = Vec::new();
    while let Ok(reply) = connection.read_reply() {
        statuses.push(reply.status);
        connection.set_patience(SILENCE).expect("a socket");
    }
    statuses
}

/// Each of these gets one answer at most, and none of them two.
#[track_caller]
fn assert_one_answer(rig: &Rig, requests: &[Vec<u8>], allowed: &[u16]) {
    std::thread::scope(|scope| {
        let attempts: Vec<_> = requests
            .iter()
            .map(|request| (request, scope.spawn(|| answers(rig, request))))
            .collect();
        for (request, attempt) in attempts {
            let statuses = attempt.join().expect("an attempt");
            let text = String::from_utf8_lossy(request);
            assert!(statuses.len() <= 1, "{statuses:?} to {text}");
            for status in statuses {
                assert!(allowed.contains(&status), "{status} to {text}");
            }
        }
    });
}

#[test]
fn a_length_beside_chunks_leaves_nothing_for_another_reader() {
    let rig = Rig::start();
    let (body, end) = (body(), format!("0\r\n\r\n{SMUGGLED}"));
    let length = |length: usize| format!("content-length: {length}\r\n");
    let te = "transfer-encoding: chunked\r\n";
    let both = [
        call(&format!("{}{te}", length(end.len())), &end),
        call(&format!("{te}{}", length(end.len())), &end),
        call(&format!("{}{te}", length(6)), &end),
        call(&format!("{te}{}", length(4)), &(chunked(&body) + SMUGGLED)),
        call(
            &format!("{}{te}", length(body.len())),
            &(chunked(&body) + SMUGGLED),
        ),
    ];
    assert_one_answer(&rig, &both, &[200, 400]);
    // The two that are whole calls when read by their chunks, as RFC 9112 has it.
    for call in rig.upstream.calls() {
        assert_eq!(call.json()["messages"][0]["content"], "hello");
    }
    assert!(rig.upstream.calls().len() <= 2);
}

#[test]
fn an_odd_transfer_encoding_is_refused() {
    let rig = Rig::start();
    let bytes = chunked(&body()) + SMUGGLED;
    let odd = [
        "transfer-encoding: xchunked\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: \"chunked\"\r\n",
        "transfer-encoding : chunked\r\n",
        "transfer-encoding\t: chunked\r\n",
        "transfer-encoding: \x0bchunked\r\n",
        "transfer-encoding:\r\n chunked\r\n",
        " transfer-encoding: chunked\r\n",
        "x: y\r\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\0\r\n",
        "transfer_encoding: chunked\r\ntransfer-encoding: cow\r\n",
    ];
    let requests = odd.map(|line| call(line, &bytes));
    assert_one_answer(&rig, &requests, &[400]);
    let old = format!(
        "POST /v1/chat/completions HTTP/1.0\r\nauthorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n{bytes}"
    );
    assert_one_answer(&rig, &[old.into_bytes()], &[400]);
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn an_odd_length_is_refused() {
    let rig = Rig::start();
    let body = body();
    let length = body.len();
    let odd = [
        format!(
            "content-length: {length}\r\ncontent-length: {}\r\n",
            length + 46
        ),
        format!("content-length: {length}, {}\r\n", length + 46),
        format!("content-length: +{length}\r\n"),
        format!("content-length: -{length}\r\n"),
        format!("content-length: {length:#x}\r\n"),
        format!("content-length: {length} 46\r\n"),
        format!("content-length: {length};\r\n"),
        format!("content-length: {length}.0\r\n"),
        "content-length: \r\n".to_owned(),
        "content-length: 18446744073709551617\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
    ];
    let requests = odd.map(|line| call(&line, &format!("{body}{SMUGGLED}")));
    assert_one_answer(&rig, &requests, &[400]);
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn an_odd_chunk_is_refused() {
    let rig = Rig::start();
    let body = body();
    let length = body.len();
    let end = format!("0\r\n\r\n{SMUGGLED}");
    let odd = [
        format!("+{length:x}\r\n{body}\r\n{end}"),
        format!("-{length:x}\r\n{body}\r\n{end}"),
        format!("{length:#x}\r\n{body}\r\n{end}"),
        format!("1{length:016x}\r\n{body}\r\n{end}"),
        format!("ffffffffffffffff\r\n{body}\r\n{end}"),
        format!("{length:x}\r\n{body}{end}"),
        format!("{length:x}\r\n{body}xx{end}"),
        format!("{:x}\r\n{body}\r\n{end}", length - 1),
        format!("{length:x};{}\r\n{body}\r\n{end}", "x".repeat(100_000)),
        format!("\r\n{body}\r\n{end}"),
        format!("g\r\n{body}\r\n{end}"),
    ];
    let requests = odd.map(|bytes| call("transfer-encoding: chunked\r\n", &bytes));
    assert_one_answer(&rig, &requests, &[400]);
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn the_body_of_a_refused_request_is_no_request() {
    let rig = Rig::start();
    let length = format!("content-length: {}\r\n", SMUGGLED.len());
    let with = |start: &str, more: &str| {
        format!("{start} HTTP/1.1\r\nhost: gw\r\n{more}{length}\r\n{SMUGGLED}").into_bytes()
    };
    let key = format!("authorization: Bearer {KEY}\r\n");
    let no_json = format!("{key}content-type: text/plain\r\n");
    let requests = [
        with("POST /v1/chat/completions", ""),
        with(
            "POST /v1/chat/completions",
            "authorization: Bearer sk-wrong\r\n",
        ),
        with("POST /v1/chat/completions", &no_json),
        with("POST /v1/chat/completions", &key),
        with("POST /nowhere", ""),
        with("GET /v1/models", ""),
        with("GET /v1/models", &key),
        with("GET /health/liveliness", ""),
        with("HEAD /", ""),
        with("GET //", ""),
    ];
    assert_one_answer(&rig, &requests, &[200, 400, 401, 404, 415]);
}

#[test]
fn a_body_over_the_limit_is_no_request_either() {
    let rig = Rig::with("ironward:\n  body_limit_mb: 1\n");
    let bytes = "x".repeat(2 << 20) + SMUGGLED;
    let announced = call(&format!("content-length: {}\r\n", bytes.len()), &bytes);
    let in_chunks = call("transfer-encoding: chunked\r\n", &chunked(&bytes));
    assert_one_answer(&rig, &[announced, in_chunks], &[413]);
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn a_trailer_authorises_nothing() {
    let rig = Rig::start();
    let body = body();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: gw\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\ntrailer: authorization\r\n\r\n{:x}\r\n{body}\r\n0\r\nauthorization: Bearer {KEY}\r\n\r\n",
        body.len()
    );
    assert_eq!(answers(&rig, request.as_bytes()), [401]);
    assert!(rig.upstream.calls().is_empty());
}

#[test]
fn two_honest_requests_in_one_packet_get_two_answers() {
    let rig = Rig::start();
    let body = body();
    let one = call(&format!("content-length: {}\r\n", body.len()), &body);
    let other = call("transfer-encoding: chunked\r\n", &chunked(&body));
    let bytes = [one, other, SMUGGLED.into()].concat();
    assert_eq!(answers(&rig, &bytes), [200, 200, 200]);
}
