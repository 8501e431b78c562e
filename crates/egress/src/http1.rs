//! A client's side of HTTP/1.1 (RFC 9112), for connections that one request is on at a time.
//!
//! `Reader` and what it is made of turn bytes into a reply and do no I/O, so any bytes and any
//! cut of them can be tried in tests and by a fuzzer; [`Connection`] moves the bytes. Where the RFC
//! leaves a choice between guessing and refusing, this refuses: a reply whose end two readers could
//! see in two places is how one call's reply becomes another's.

mod connection;
mod framing;
mod head;
mod reader;
mod request;

use std::error::Error;
use std::{fmt, io};

pub(crate) use connection::{Connection, Transport};
pub(crate) use head::Head;
#[cfg(fuzzing)]
pub use reader::replay;

/// Why an exchange on a connection failed.
#[derive(Debug)]
pub(crate) enum Broken {
    /// Reading or writing failed.
    Io(io::Error),
    /// The peer closed the connection too early.
    Closed,
    /// The head is longer than the limit, or has too many lines.
    HeadTooLarge,
    /// The peer does not keep to HTTP/1.1; what it did.
    Invalid(&'static str),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Closed => f.write_str("the peer closed the connection"),
            Self::HeadTooLarge => f.write_str("the head is over 64 KB or 100 lines"),
            Self::Invalid(what) => f.write_str(what),
        }
    }
}

impl Error for Broken {}
