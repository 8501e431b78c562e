//! Model servers on this machine (`--local`).

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// A server that answered on its standard port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalServer {
    /// The provider that speaks to it.
    pub(crate) provider: &'static str,
    /// Where it is.
    pub(crate) base_url: &'static str,
    port: u16,
}

/// The standard ports, from each server's documentation.
const SERVERS: [LocalServer; 4] = [
    LocalServer {
        provider: "ollama",
        base_url: "http://127.0.0.1:11434",
        port: 11434,
    },
    LocalServer {
        provider: "llamacpp",
        base_url: "http://127.0.0.1:8080/v1",
        port: 8080,
    },
    LocalServer {
        provider: "hosted_vllm",
        base_url: "http://127.0.0.1:8000/v1",
        port: 8000,
    },
    LocalServer {
        provider: "lm_studio",
        base_url: "http://127.0.0.1:1234/v1",
        port: 1234,
    },
];

/// Loopback answers at once or not at all.
const PATIENCE: Duration = Duration::from_millis(200);

/// The servers that take connections now.
pub(crate) fn find() -> Vec<LocalServer> {
    SERVERS
        .into_iter()
        .filter(|server| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port));
            TcpStream::connect_timeout(&address, PATIENCE).is_ok()
        })
        .collect()
}
