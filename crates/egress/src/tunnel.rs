use std::io;

use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::endpoint::Endpoint;
use crate::proxy::Proxy;

/// The largest head that a proxy may answer with.
const HEAD_LIMIT: usize = 8 << 10;

/// Why a proxy opened no tunnel.
pub(crate) enum Refusal {
    /// It answered with this status.
    Status(u16),
    /// It answered with something else.
    NotHttp,
    /// The connection to it failed.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Asks the proxy behind `stream` for a tunnel to `endpoint`; afterwards, `stream` is the tunnel.
pub(crate) async fn open<S>(
    stream: &mut S,
    proxy: &Proxy,
    endpoint: &Endpoint,
) -> Result<(), Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = endpoint.authority().host();
    let port = endpoint.port();
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(value) = proxy.authorization.as_ref().map(HeaderValue::as_bytes) {
        // Basic credentials are Base64, so they are text.
        let value = String::from_utf8_lossy(value);
        request.push_str("Proxy-Authorization: ");
        request.push_str(&value);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;

    let mut head = Vec::with_capacity(512);
    while !head.ends_with(b"\r\n\r\n") {
        // Byte by byte, because what follows belongs to the tunnel; this happens once a connection.
        head.push(stream.read_u8().await?);
        if head.len() >= HEAD_LIMIT {
            return Err(Refusal::NotHttp);
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(Refusal::Status(status)),
        None => Err(Refusal::NotHttp),
    }
}

/// The status in `HTTP/1.x nnn ...`.
fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    words.next().filter(|word| word.starts_with("HTTP/1."))?;
    words
        .next()
        .filter(|word| word.len() == 3)
        .and_then(|word| word.parse().ok())
}

#[cfg(test)]
mod tests;
