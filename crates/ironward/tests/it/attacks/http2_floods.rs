//! HTTP/2 frames that cost the sender little and the receiver much: bounded, and nobody else
//! notices. The frames are written by hand, since no client library would send them.

use std::time::Duration;

use ironward_testkit::raw::Connection;

use crate::bystander::Bystander;
use crate::dialect::Dialect;
use crate::rig::{KEY, Rig};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a small frame")
        .to_be_bytes();
    let mut bytes = length.get(1..).unwrap_or_default().to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A literal header field that is not indexed (RFC 7541, 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| u8::try_from(text.len()).expect("a short text");
    let mut bytes = vec![0, length(name)];
    bytes.extend(name.as_bytes());
    bytes.push(length(value));
    bytes.extend(value.as_bytes());
    bytes
}

fn call_head() -> Vec<u8> {
    [
        field(":method", "POST"),
        field(":scheme", "http"),
        field(":authority", "gw"),
        field(":path", Dialect::OpenAi.path()),
        field("authorization", &format!("Bearer {KEY}")),
        field("content-type", "application/json"),
    ]
    .concat()
}

fn connect(rig: &Rig) -> Connection {
    let mut connection = Connection::open(rig.address()).expect("it listens");
    connection.send(PREFACE).expect("it reads");
    connection
        .send(&frame(SETTINGS, 0, 0, &[]))
        .expect("it reads");
    connection
}

/// Sends `piece` of each number until it is all out or the gateway has had enough.
fn flood(rig: &Rig, numbers: std::ops::Range<u32>, piece: impl Fn(u32) -> Vec<u8>) {
    let mut connection = connect(rig);
    // Nothing is read: a gateway that answers without bound would fill its own memory.
    connection
        .set_patience(Duration::from_secs(3))
        .expect("a socket");
    let mut batch = Vec::new();
    for number in numbers {
        batch.extend(piece(number));
        if batch.len() > 64 << 10 {
            if connection.send(&batch).is_err() {
                return;
            }
            batch.clear();
        }
    }
    drop(connection.send(&batch));
}

#[track_caller]
fn assert_harmless(attack: impl Fn(&Rig) + Sync) -> Rig {
    let rig = Rig::start();
    let at_start = rig.gateway.peak_memory();
    let bystander = Bystander::start(&rig);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| attack(&rig));
        }
    });
    bystander.assert_unharmed();
    rig.upstream.wait_for_open_replies(0);
    let grown = rig.gateway.peak_memory().saturating_sub(at_start);
    assert!(grown < 96 << 20, "grew by {} MB", grown >> 20);
    rig.assert_no_panic();
    rig
}

#[test]
fn streams_that_are_reset_at_once() {
    let head = call_head();
    let body = Dialect::OpenAi
        .body("openai/slow-head-5000", "hello")
        .to_string();
    assert_harmless(|rig| {
        flood(rig, 0..20_000, |number| {
            let stream = 2 * number + 1;
            [
                frame(HEADERS, END_HEADERS, stream, &head),
                frame(DATA, END_STREAM, stream, body.as_bytes()),
                frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()),
            ]
            .concat()
        });
    });
}

#[test]
fn streams_that_break_the_protocol() {
    let head = call_head();
    assert_harmless(|rig| {
        flood(rig, 0..20_000, |number| {
            let stream = 2 * number + 1;
            [
                frame(HEADERS, END_HEADERS | END_STREAM, stream, &head),
                // On a stream that has ended: the receiver has to reset it.
                frame(DATA, 0, stream, b"more"),
            ]
            .concat()
        });
    });
}

#[test]
fn a_head_that_never_ends() {
    let more = field("x-more", &"y".repeat(100)).repeat(100);
    assert_harmless(|rig| {
        flood(rig, 0..4_000, |number| match number {
            0 => frame(HEADERS, 0, 1, &call_head()),
            _ => frame(CONTINUATION, 0, 1, &more),
        });
    });
    assert_harmless(|rig| {
        flood(rig, 0..100_000, |number| match number {
            0 => frame(HEADERS, 0, 1, &call_head()),
            _ => frame(CONTINUATION, 0, 1, &[]),
        });
    });
}

#[test]
fn pings_and_settings_without_end() {
    assert_harmless(|rig| flood(rig, 0..100_000, |_| frame(PING, 0, 0, &[7; 8])));
    assert_harmless(|rig| flood(rig, 0..100_000, |_| frame(SETTINGS, 0, 0, &[])));
}

#[test]
fn empty_frames_without_end() {
    let head = call_head();
    assert_harmless(|rig| {
        flood(rig, 0..200_000, |number| match number {
            0 => frame(HEADERS, END_HEADERS, 1, &head),
            _ => frame(DATA, 0, 1, &[]),
        });
    });
}

#[test]
fn a_hundred_thousand_headers_in_one_block() {
    let many: Vec<u8> = (0..200)
        .flat_map(|n| field(&format!("x-{n}"), "y"))
        .collect();
    let rig = assert_harmless(|rig| {
        flood(rig, 0..500, |number| match number {
            0 => frame(HEADERS, 0, 1, &call_head()),
            499 => frame(CONTINUATION, END_HEADERS, 1, &many),
            _ => frame(CONTINUATION, 0, 1, &many),
        });
    });
    assert!(
        rig.upstream
            .calls()
            .iter()
            .all(|call| call.header("x-1").is_empty())
    );
}
