//! Egress against real sockets on this machine.
#![cfg(test)]

mod h2;
mod limits;
mod origins;
mod peer;
mod proxies;
mod redaction;
mod reuse;
mod timeouts;
mod tls;
