use std::io::Write as _;

use http::Method;
use http::header::HeaderValue;

use crate::endpoint::Endpoint;
use crate::outgoing::Outgoing;
use crate::proxy::Way;

/// The head of a request. Where it goes comes from the endpoint, and its length from its body; a
/// caller's own words on either were taken off before.
pub(super) fn head(request: &Outgoing, endpoint: &Endpoint, way: &Way) -> Vec<u8> {
    let Outgoing {
        method,
        target,
        headers,
        body,
    } = request;
    let lines = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4);
    let host = endpoint.host_header();
    let capacity = target.as_str().len() + 2 * host.len() + lines.sum::<usize>() + 128;
    let mut head = Vec::with_capacity(capacity);

    head.extend_from_slice(method.as_str().as_bytes());
    head.push(b' ');
    let proxy = match way {
        Way::Forward(proxy) => Some(proxy),
        Way::Direct | Way::Tunnel(_) => None,
    };
    if proxy.is_some() {
        // A proxy wants to be told where to go (RFC 9112, 3.2.2).
        head.extend_from_slice(b"http://");
        head.extend_from_slice(endpoint.authority().as_str().as_bytes());
    }
    head.extend_from_slice(target.as_str().as_bytes());
    head.extend_from_slice(b" HTTP/1.1\r\n");
    line(&mut head, "host", host);
    if let Some(value) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        line(&mut head, "proxy-authorization", value);
    }
    for (name, value) in headers {
        line(&mut head, name.as_str(), value);
    }
    // Without a body, these two say nothing about its length (RFC 9110, 8.6).
    if !(body.is_empty() && matches!(*method, Method::GET | Method::HEAD)) {
        // Writing to a vector does not fail.
        let _written = write!(head, "content-length: {}\r\n", body.len());
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn line(head: &mut Vec<u8>, name: &str, value: &HeaderValue) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
