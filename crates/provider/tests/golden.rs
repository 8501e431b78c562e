//! Runs every case below `testdata/<vendor>/<case>/` through the vendor's provider.
//!
//! | file | what it is |
//! |---|---|
//! | `call.json` | the client's call: `{"dialect", "model" (the upstream's), "body"}`, and where the case needs them `"drop_params"`, `"policy": {"defaults", "always_drop", "allow", "extra_body"}`, `"api_version"`, `"headers"` (the client's, as the proxy passes them on) |
//! | `request.http` | expected: method and path, headers, body; or `refused.txt`: the fault; neither where the provider answers without an upstream |
//! | `reply.json`, `stream.sse`, `stream.ndjson` or `error.http` | what the upstream answers; the latter with its status line and headers |
//! | `out.json`, `out.sse` or `fault.txt` | expected: what the client gets |
//! | `usage.txt` | expected: what the call consumed |
//!
//! `UPDATE=1 cargo test -p ironward-provider --test golden` writes what is expected; read the diff.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ironward_core::{
    CallId, CredentialId, Deployment, DeploymentId, Fault, ParamPolicy, Random, Timeouts, Usage,
};
use ironward_provider::{Provider, Target, find};
use ironward_wire::{Body, Call, Delta, Dialect, Envelope};
use serde::Deserialize;
use serde_json::value::RawValue;

#[test]
fn every_case_gives_what_is_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut failures = Vec::new();
    let mut cases = 0;
    for vendor in folders(&root) {
        for case in folders(&vendor) {
            cases += 1;
            let mut golden = Golden {
                folder: case,
                failures: &mut failures,
            };
            golden.run(&name_of(&vendor));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {cases} cases differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

struct Golden<'a> {
    folder: PathBuf,
    failures: &'a mut Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallFile {
    dialect: String,
    model: String,
    #[serde(default)]
    drop_params: bool,
    #[serde(default)]
    policy: PolicyFile,
    api_version: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Box<RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct PolicyFile {
    defaults: BTreeMap<String, Box<RawValue>>,
    always_drop: Vec<String>,
    allow: Vec<String>,
    extra_body: BTreeMap<String, Box<RawValue>>,
}

impl Golden<'_> {
    fn run(&mut self, vendor: &str) {
        let provider = find(vendor)
            .unwrap_or_else(|| panic!("no vendor is called '{vendor}'"))
            .provider;
        let file: CallFile = serde_json::from_slice(&self.read("call.json").unwrap())
            .unwrap_or_else(|error| panic!("{}/call.json: {error}", self.folder.display()));
        let dialect = Dialect::ALL
            .into_iter()
            .find(|dialect| dialect.label() == file.dialect)
            .unwrap_or_else(|| panic!("no dialect is called '{}'", file.dialect));
        let body = Body::read(Bytes::copy_from_slice(file.body.get().as_bytes())).unwrap();
        let mut call = Call::read(dialect, body, None).unwrap();
        call.forwarded = headers(&file.headers);
        let deployment = deployment(vendor, &file);
        let target = Target {
            deployment: &deployment,
            model: &file.model,
            drop_unsupported: file.drop_params,
        };
        if let Some(local) = provider.local(dialect) {
            let bytes = dialect.encode_reply(&call, &local(&call).unwrap(), &envelope(&call));
            self.expect("out.json", &pretty(&bytes.unwrap()));
            return;
        }
        match provider.encode(&call, &target) {
            Ok(request) => {
                assert_eq!(request.stream, call.stream, "{}", self.folder.display());
                let mut text = format!("{} {}\n", request.method, request.path);
                write_headers(&request.headers, &mut text);
                let _ = writeln!(text, "(auth): {:?}\n", request.auth);
                text.push_str(&pretty(&request.body.joined()));
                self.expect("request.http", &text);
                self.answer(provider, &call);
            }
            Err(fault) => self.expect("refused.txt", &format!("{fault:#?}\n")),
        }
    }

    fn answer(&mut self, provider: &dyn Provider, call: &Call) {
        if let Some(error) = self.read("error.http") {
            let (status, headers, body) = parse_reply(&error);
            let fault = provider.classify(status, &headers, &body);
            self.expect("fault.txt", &format!("{fault:#?}\n"));
        } else if let Some(reply) = self.read("reply.json") {
            match whole(provider, call, reply.into()) {
                Ok((out, usage)) => {
                    self.expect("out.json", &pretty(&out));
                    self.expect("usage.txt", &format!("{usage:#?}\n"));
                }
                Err(fault) => self.expect("fault.txt", &format!("{fault:#?}\n")),
            }
        } else if let Some(stream) = self
            .read("stream.sse")
            .or_else(|| self.read("stream.ndjson"))
        {
            let (out, usage) = streamed(provider, call, &stream, usize::MAX);
            for size in [1, 7, 100] {
                assert_eq!(
                    streamed(provider, call, &stream, size),
                    (out.clone(), usage),
                    "{} in chunks of {size}",
                    self.folder.display()
                );
            }
            self.expect("out.sse", &out);
            self.expect("usage.txt", &format!("{usage:#?}\n"));
        }
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

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        fs::read(self.folder.join(file)).ok()
    }
}

/// A whole reply as the client gets it.
fn whole(
    provider: &dyn Provider,
    call: &Call,
    reply: Bytes,
) -> Result<(Bytes, Option<Usage>), Fault> {
    if provider.speaks(call.dialect) {
        let forwarded = call.dialect.forward_reply(reply, &envelope(call))?;
        Ok((forwarded.bytes, forwarded.usage))
    } else {
        let reply = provider.decode(call, &reply)?;
        let out = call.dialect.encode_reply(call, &reply, &envelope(call))?;
        Ok((out, reply.usage()))
    }
}

/// A stream as the client gets it, with the upstream's bytes in chunks of `size`.
fn streamed(
    provider: &dyn Provider,
    call: &Call,
    stream: &[u8],
    size: usize,
) -> (String, Option<Usage>) {
    let chunks = stream
        .chunks(size.min(stream.len().max(1)))
        .map(Bytes::copy_from_slice);
    let mut out = BytesMut::new();
    let mut usage = None;
    if provider.speaks(call.dialect) {
        let mut forward = call.dialect.forward(&envelope(call)).unwrap();
        let mut broken = None;
        for chunk in chunks {
            match forward.push(chunk) {
                Ok(frames) => out.extend_from_slice(&frames),
                Err(fault) => {
                    out.extend_from_slice(&forward.unsent());
                    broken = Some(fault);
                    break;
                }
            }
        }
        let end = broken.map_or_else(|| forward.finish(), Err);
        match end {
            Ok(frames) => out.extend_from_slice(&frames),
            Err(fault) => out.extend_from_slice(&forward.fail(&fault)),
        }
        usage = forward.usage();
    } else {
        let mut decoder = provider.stream(call).unwrap();
        let mut encoder = call.dialect.stream_encoder(envelope(call)).unwrap();
        let mut deltas = Vec::new();
        let mut outcome = Ok(());
        for chunk in chunks {
            outcome = decoder.push(chunk, &mut deltas);
            if outcome.is_err() {
                break;
            }
        }
        let outcome = outcome.and_then(|()| decoder.finish(&mut deltas));
        for delta in deltas {
            if let Delta::Usage(now) = &delta {
                usage = Some(*now);
            }
            encoder.encode(delta, &mut out);
        }
        match outcome {
            Ok(()) => encoder.finish(&mut out),
            Err(fault) => encoder.fail(&fault, &mut out),
        }
    }
    (String::from_utf8(out.to_vec()).unwrap(), usage)
}

fn deployment(vendor: &str, file: &CallFile) -> Deployment {
    let pairs = |fields: &BTreeMap<String, Box<RawValue>>| {
        fields
            .iter()
            .map(|(name, json)| (name.as_str().into(), json.get().into()))
            .collect()
    };
    let names = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    Deployment {
        id: DeploymentId::new("deployment"),
        group: "group".into(),
        provider: find(vendor).unwrap().provider.name(),
        model: file.model.as_str().into(),
        credential: CredentialId::new(1),
        weight: 1.0,
        order: 1,
        retries: None,
        timeouts: Timeouts::default(),
        stream_first_byte: None,
        params: ParamPolicy {
            drop_unsupported: file.drop_params,
            always_drop: names(&file.policy.always_drop),
            allow: names(&file.policy.allow),
            defaults: pairs(&file.policy.defaults),
            extra_body: pairs(&file.policy.extra_body),
        },
        api_version: file.api_version.as_deref().map(Into::into),
        extra_headers: HeaderMap::new(),
        mock_response: None,
    }
}

struct Zeros;

impl Random for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn envelope(call: &Call) -> Envelope {
    Envelope {
        call_id: CallId::draw(&Zeros),
        created: 1_700_000_000,
        model: call.model.clone(),
        include_usage: call.include_usage,
    }
}

fn headers(from: &BTreeMap<String, String>) -> HeaderMap {
    from.iter()
        .map(|(name, value)| {
            (
                name.parse::<HeaderName>().unwrap(),
                value.parse::<HeaderValue>().unwrap(),
            )
        })
        .collect()
}

fn write_headers(headers: &HeaderMap, text: &mut String) {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    text.push_str(&lines.concat());
}

/// `HTTP/1.1 429 ...`, headers, an empty line, the body.
fn parse_reply(text: &[u8]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let text = std::str::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let fields = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    (
        status.parse().unwrap(),
        headers(&fields),
        body.trim_end().into(),
    )
}

/// JSON in a form whose differences can be read; anything else as it is.
fn pretty(body: &[u8]) -> String {
    let mut text = match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap(),
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    text.push('\n');
    text
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(of)
        .map(|entries| entries.map(|entry| entry.unwrap().path()).collect())
        .unwrap_or_default();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}
