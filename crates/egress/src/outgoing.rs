use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use ironward_core::{Fault, Pieces, UpstreamRequest};

use crate::Credential;
use crate::faults;

/// A request with its credential, to be written on whatever connection it is sent on. Where that
/// goes is the lane's to say, and not in here.
pub(crate) struct Outgoing {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    /// Without those that name the host, frame the body or govern the connection.
    pub(crate) headers: HeaderMap,
    pub(crate) body: Pieces,
}

/// Puts the credential on a request and takes off what is not the caller's to say.
pub(crate) fn prepare(
    request: UpstreamRequest,
    credential: &Credential,
    user_agent: &HeaderValue,
) -> Result<Outgoing, Fault> {
    let UpstreamRequest {
        method,
        path,
        mut headers,
        body,
        auth,
        stream: _,
    } = request;
    let target = target(credential.base_path(), path)?;
    strip(&mut headers);
    if let Some((name, value)) = credential.header(&auth) {
        headers.insert(name, value);
    }
    if !headers.contains_key(USER_AGENT) {
        headers.insert(USER_AGENT, user_agent.clone());
    }
    // Decoding costs more than the bytes that compression saves within a data centre, and a
    // compressed stream arrives late. A provider that compresses regardless is decoded.
    if !headers.contains_key(ACCEPT_ENCODING) {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(Outgoing {
        method,
        target,
        headers,
        body,
    })
}

/// `path` below `base`. A path cannot leave the base, name a host, or end the request line.
fn target(base: &str, path: String) -> Result<PathAndQuery, Fault> {
    check(&path)?;
    let target = if base.is_empty() {
        Bytes::from(path)
    } else {
        Bytes::from([base, &path].concat())
    };
    PathAndQuery::from_maybe_shared(target)
        .map_err(|error| faults::bad_request("the request's path is not valid").with_cause(error))
}

fn check(path: &str) -> Result<(), Fault> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(faults::bad_request(
            "the request's path has to start with one '/'",
        ));
    }
    let is_clean = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    if !path.bytes().all(is_clean) {
        return Err(faults::bad_request(
            "the request's path holds a character that a path cannot have",
        ));
    }
    if climbs(path) {
        return Err(faults::bad_request("the request's path holds a '..'"));
    }
    Ok(())
}

/// Whether a segment means the parent: `..`, also in percent-encoding, also between encoded
/// slashes, because a server may decode before it resolves.
fn climbs(path: &str) -> bool {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    if !path.contains("..") && !path.contains('%') {
        return false;
    }
    let decoded = path
        .to_ascii_lowercase()
        .replace("%2e", ".")
        .replace("%2f", "/")
        .replace("%5c", "/");
    decoded.split('/').any(|segment| segment == "..")
}

/// Takes off the headers that belong to the connection, to the body's framing, or to egress.
fn strip(headers: &mut HeaderMap) {
    // A look at every name is cheaper than looking every forbidden name up.
    if !headers.keys().any(is_ours) {
        return;
    }
    let names: Vec<_> = headers
        .keys()
        .filter(|name| is_ours(name))
        .cloned()
        .collect();
    for name in names {
        headers.remove(name);
    }
}

fn is_ours(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "host"
            | "content-length"
            | "transfer-encoding"
            | "connection"
            | "keep-alive"
            | "te"
            | "trailer"
            | "upgrade"
            | "expect"
    ) || name.as_str().starts_with("proxy-")
}

#[cfg(test)]
mod tests;
