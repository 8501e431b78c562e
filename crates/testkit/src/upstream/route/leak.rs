use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::upstream::delivery::Reply;
use crate::upstream::record::RecordedCall;

/// The headers by which a call can bring its key.
const KEY_HEADERS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// A complaint that repeats the key: as it came, in Base64 at two alignments, in hexadecimal.
pub(super) fn of(call: &RecordedCall) -> String {
    let mut text = "Incorrect API key provided:".to_owned();
    for value in KEY_HEADERS.map(|name| call.header(name)) {
        let key = value.strip_prefix("Bearer ").unwrap_or(value);
        if key.is_empty() {
            continue;
        }
        let (encoded, shifted) = (STANDARD.encode(key), STANDARD.encode(format!("x{key}")));
        let _infallible = write!(text, " {key} {encoded} {shifted} ");
        for byte in key.bytes() {
            let _infallible = write!(text, "{byte:02x}");
        }
        // A piece of the key, as some vendors show it.
        let tail: String = key.chars().skip(key.chars().count() / 2).collect();
        let _infallible = write!(text, " ...{tail}");
    }
    text
}

/// Ends a stream with an error that repeats the key.
pub(super) fn into_stream(reply: &mut Reply, failure: &Bytes, call: &RecordedCall) {
    if !reply.stream {
        return;
    }
    let mut failure = String::from_utf8_lossy(failure).into_owned();
    for field in ["\"message\":\"", "\"error\":\""] {
        failure = failure.replacen(field, &format!("{field}{} ", of(call)), 1);
    }
    reply.frames.truncate(2);
    reply.frames.push(failure.into());
}
