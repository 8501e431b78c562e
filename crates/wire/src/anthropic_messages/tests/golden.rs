//! Runs every case below `testdata/anthropic_messages/<case>/`.
//!
//! | given | expected |
//! |---|---|
//! | `call.json` | `chat.txt`: the neutral form, or the fault; `call.out.json`: that, written again |
//! | `reply.json` | `reply.txt`, `reply.out.json`, and `reply.forwarded.json` with the usage that was read |
//! | `stream.sse` | `deltas.txt`, `stream.out.sse`, `stream.forwarded.sse` with the usage that was read |
//!
//! `UPDATE=1 cargo test -p ironward-wire` writes what is expected; read the diff.

use std::fs;
use std::path::Path;

use bytes::{Bytes, BytesMut};

use super::{decode, envelope, forward};
use crate::anthropic_messages::{
    Encoder, Observer, decode_call, decode_reply, encode_call, encode_reply, forward_reply,
};
use crate::{Body, Forward, StreamEncoder};

#[test]
fn every_case_gives_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/anthropic_messages");
    let mut failures = Vec::new();
    let mut cases: Vec<_> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    for case in &cases {
        for (file, actual) in run(case) {
            let path = case.join(file);
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&path, actual).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != actual {
                failures.push(format!("{}\n+++ actual\n{actual}", path.display()));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} files of {} cases differ:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

fn run(case: &Path) -> Vec<(&'static str, String)> {
    let read = |file: &str| fs::read(case.join(file)).map(Bytes::from);
    let mut out = Vec::new();
    if let Ok(body) = read("call.json") {
        call(body, &mut out);
    }
    if let Ok(body) = read("reply.json") {
        reply(&body, &mut out);
    }
    if let Ok(body) = read("stream.sse") {
        stream(&body, &mut out);
    }
    assert!(!out.is_empty(), "{} is no case", case.display());
    out
}

fn call(body: Bytes, out: &mut Vec<(&'static str, String)>) {
    let body = Body::read(body).unwrap();
    let model: String = body.read_field("model").unwrap().unwrap();
    match decode_call(&body) {
        Ok(chat) => {
            out.push(("chat.txt", format!("{chat:#?}\n")));
            let written = match encode_call(&chat, &model, false) {
                Ok(written) => pretty(&written),
                Err(fault) => format!("{fault:#?}\n"),
            };
            out.push(("call.out.json", written));
        }
        Err(fault) => out.push(("chat.txt", format!("{fault:#?}\n"))),
    }
}

fn reply(body: &Bytes, out: &mut Vec<(&'static str, String)>) {
    match decode_reply(body) {
        Ok(reply) => {
            out.push(("reply.txt", format!("{reply:#?}\n")));
            out.push(("reply.out.json", pretty(&encode_reply(&reply, &envelope()))));
        }
        Err(fault) => out.push(("reply.txt", format!("{fault:#?}\n"))),
    }
    let forwarded = match forward_reply(body.clone(), &envelope()) {
        Ok(forwarded) => format!(
            "{}\n{:#?}\n",
            String::from_utf8_lossy(&forwarded.bytes).trim_end(),
            forwarded.usage
        ),
        Err(fault) => format!("{fault:#?}\n"),
    };
    out.push(("reply.forwarded.json", forwarded));
}

fn stream(body: &[u8], out: &mut Vec<(&'static str, String)>) {
    let (deltas, fault) = decode([body]);
    let mut text = format!("{deltas:#?}\n");
    if let Some(fault) = &fault {
        text.push_str(&format!("{fault:#?}\n"));
    }
    out.push(("deltas.txt", text));
    let mut encoder = Encoder::new(envelope());
    let mut written = BytesMut::new();
    for delta in deltas {
        encoder.encode(delta, &mut written);
    }
    match &fault {
        None => encoder.finish(&mut written),
        Some(fault) => encoder.fail(fault, &mut written),
    }
    out.push(("stream.out.sse", String::from_utf8(written.into()).unwrap()));
    let mut observer = Observer::new(&envelope());
    let (mut forwarded, fault) = forward(&mut observer, [body]);
    if let Some(fault) = fault {
        forwarded.extend_from_slice(&observer.fail(&fault));
    }
    let text = String::from_utf8(forwarded).unwrap();
    out.push((
        "stream.forwarded.sse",
        format!("{text}: {:?}\n", observer.usage()),
    ));
}

fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    format!("{value:#}\n")
}
