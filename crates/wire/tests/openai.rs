//! Runs every case below `testdata/openai_*/<case>/` through the dialect of that name.
//!
//! | file | what it is |
//! |---|---|
//! | `call.json` | a client's call |
//! | `call.txt`, `upstream.json` | expected: the neutral form or the fault; the call as it is written for an upstream |
//! | `reply.json` | an upstream's whole reply |
//! | `reply.txt`, `out.json`, `forwarded.json` | expected: the neutral form or the fault; the reply as it is written for a client, and as it is forwarded |
//! | `stream.sse` | an upstream's stream |
//! | `deltas.txt`, `out.sse`, `forwarded.sse` | expected: as for a reply |
//!
//! `UPDATE=1 cargo test -p ironward-wire --test openai` writes what is expected; read the diff.

#![cfg(test)]

use std::fmt::{Debug, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use ironward_core::{CallId, Fault, Random, Usage};
use ironward_wire::{
    Body, Delta, Dialect, EmbeddingsFormat, Envelope, StreamDecoder as _, openai_chat,
    openai_completions, openai_embeddings,
};

#[test]
fn every_case_gives_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut failures = Vec::new();
    let dialects = [
        Dialect::OpenAiChat,
        Dialect::OpenAiCompletions,
        Dialect::OpenAiEmbeddings,
    ];
    for dialect in dialects {
        let cases = folders(&root.join(dialect.label()));
        assert!(!cases.is_empty(), "no case for {}", dialect.label());
        for folder in cases {
            let mut case = Case {
                dialect,
                folder,
                failures: &mut failures,
            };
            case.call();
            case.reply();
            case.stream();
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

struct Case<'a> {
    dialect: Dialect,
    folder: PathBuf,
    failures: &'a mut Vec<String>,
}

impl Case<'_> {
    fn call(&mut self) {
        let Some(call) = self.read("call.json") else {
            return;
        };
        let body = Body::read(call).unwrap();
        let decoded = self.dialect.decode_call(&body);
        self.expect("call.txt", &shown(&decoded));
        let written = match self.dialect {
            Dialect::OpenAiEmbeddings => openai_embeddings::decode_call(&body)
                .and_then(|call| openai_embeddings::encode_call(&call, "upstream-model")),
            Dialect::OpenAiCompletions => openai_completions::decode_call(&body)
                .and_then(|chat| openai_chat::encode_call(&chat, "upstream-model", false)),
            _ => openai_chat::decode_call(&body)
                .and_then(|chat| openai_chat::encode_call(&chat, "upstream-model", true)),
        };
        if decoded.is_ok() {
            let text = written.map_or_else(|fault| format!("{fault:#?}\n"), |json| pretty(&json));
            self.expect("upstream.json", &text);
        }
    }

    fn reply(&mut self) {
        let Some(reply) = self.read("reply.json") else {
            return;
        };
        if self.dialect == Dialect::OpenAiEmbeddings {
            let decoded = openai_embeddings::decode_reply(&reply);
            self.expect("reply.txt", &shown(&decoded));
            if let Ok(decoded) = decoded {
                let float = EmbeddingsFormat::Float;
                let out = openai_embeddings::encode_reply(float, &decoded, &envelope());
                self.expect("out.json", &pretty(&out));
            }
        } else {
            let decoded = openai_chat::decode_reply(&reply);
            self.expect("reply.txt", &shown(&decoded));
            if let Ok(decoded) = decoded {
                let out = match self.dialect {
                    Dialect::OpenAiCompletions => {
                        openai_completions::encode_reply(&decoded, &envelope())
                    }
                    _ => openai_chat::encode_reply(&decoded, &envelope()),
                };
                self.expect("out.json", &pretty(&out));
            }
        }
        let forwarded = match self.dialect.forward_reply(reply, &envelope()) {
            Ok(forwarded) => {
                let text = String::from_utf8(forwarded.bytes.into()).unwrap();
                format!("{}\n\n{:#?}\n", text.trim_end(), forwarded.usage)
            }
            Err(fault) => format!("{fault:#?}\n"),
        };
        self.expect("forwarded.json", &forwarded);
    }

    fn stream(&mut self) {
        let Some(stream) = self.read("stream.sse") else {
            return;
        };
        let whole = self.streamed(&stream, usize::MAX);
        for size in [1, 2, 7, 100] {
            assert_eq!(
                self.streamed(&stream, size),
                whole,
                "{} in chunks of {size}",
                self.folder.display()
            );
        }
        let [deltas, out, forwarded] = &whole;
        self.expect("deltas.txt", deltas);
        self.expect("out.sse", out);
        self.expect("forwarded.sse", forwarded);
    }

    /// The stream decoded, written anew, and forwarded, with its bytes in chunks of `size`.
    fn streamed(&self, stream: &[u8], size: usize) -> [String; 3] {
        let chunks: Vec<Bytes> = stream
            .chunks(size.min(stream.len()))
            .map(Bytes::copy_from_slice)
            .collect();
        let (deltas, outcome) = decoded(&chunks);
        let mut shown = String::new();
        for delta in &deltas {
            let _ = writeln!(shown, "{delta:?}");
        }
        let mut encoder = self.dialect.stream_encoder(envelope()).unwrap();
        let mut out = BytesMut::new();
        for delta in deltas {
            encoder.encode(delta, &mut out);
        }
        match outcome {
            Ok(()) => encoder.finish(&mut out),
            Err(fault) => {
                let _ = writeln!(shown, "{fault:#?}");
                encoder.fail(&fault, &mut out);
            }
        }
        let (forwarded, usage) = self.forwarded(chunks);
        [
            shown,
            String::from_utf8(out.to_vec()).unwrap(),
            format!("{forwarded}\n{usage:#?}\n"),
        ]
    }

    fn forwarded(&self, chunks: Vec<Bytes>) -> (String, Option<Usage>) {
        let mut forward = self.dialect.forward(&envelope()).unwrap();
        let mut out = Vec::new();
        let mut outcome = Ok(());
        for chunk in chunks {
            match forward.push(chunk) {
                Ok(bytes) => out.extend_from_slice(&bytes),
                Err(fault) => {
                    outcome = Err(fault);
                    break;
                }
            }
        }
        match outcome.and_then(|()| forward.finish()) {
            Ok(bytes) => out.extend_from_slice(&bytes),
            Err(fault) => {
                out.extend_from_slice(&forward.unsent());
                out.extend_from_slice(&forward.fail(&fault));
            }
        }
        (String::from_utf8(out).unwrap(), forward.usage())
    }

    fn expect(&mut self, file: &str, actual: &str) {
        let path = self.folder.join(file);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, actual).unwrap();
            return;
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if expected != actual {
            self.failures.push(format!(
                "--- {}\n{expected}\n+++ actual\n{actual}",
                path.display()
            ));
        }
    }

    fn read(&self, file: &str) -> Option<Bytes> {
        fs::read(self.folder.join(file)).ok().map(Bytes::from)
    }
}

fn decoded(chunks: &[Bytes]) -> (Vec<Delta>, Result<(), Fault>) {
    let mut decoder = openai_chat::Decoder::default();
    let mut deltas = Vec::new();
    let outcome = chunks
        .iter()
        .try_for_each(|chunk| decoder.push(chunk.clone(), &mut deltas))
        .and_then(|()| decoder.finish(&mut deltas));
    (deltas, outcome)
}

fn shown<T: Debug>(outcome: &Result<T, Fault>) -> String {
    match outcome {
        Ok(value) => format!("{value:#?}\n"),
        Err(fault) => format!("{fault:#?}\n"),
    }
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn envelope() -> Envelope {
    Envelope {
        call_id: CallId::draw(&Zeros),
        created: 1_700_000_000,
        model: "group".into(),
        include_usage: true,
    }
}

/// JSON in a form whose differences can be read.
fn pretty(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap();
    format!("{value:#}\n")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(of)
        .unwrap_or_else(|error| panic!("{}: {error}", of.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}
