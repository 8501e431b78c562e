//! Every fault of this crate, so that its messages read alike and are checked in one place:
//! a message may name the configured host, never an address, a path or a byte of a secret.

use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use ironward_core::{Fault, FaultKind, Retry, Side};

use crate::http1::Broken;

/// The part of an attempt that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Connect,
    Head,
    Idle,
    Total,
}

pub(crate) fn timed_out(phase: Phase, limit: Duration) -> Fault {
    let limit = Shown(limit);
    let message = match phase {
        Phase::Connect => format!("no connection to the provider within {limit} (connect timeout)"),
        Phase::Head => {
            format!("the provider did not begin its reply within {limit} (first byte timeout)")
        }
        Phase::Idle => {
            format!("the provider's reply paused for longer than {limit} (idle timeout)")
        }
        Phase::Total => {
            format!("the provider did not finish its reply within {limit} (total timeout)")
        }
    };
    Fault::upstream(FaultKind::Timeout, Retry::Elsewhere(None), message)
}

/// A failure on the way to the provider, or a reply that cannot be read.
pub(crate) fn bad_gateway(message: impl Into<Box<str>>) -> Fault {
    Fault::upstream(FaultKind::BadGateway, Retry::Elsewhere(None), message)
}

/// A reply that would be as wrong a second time.
pub(crate) fn bad_reply(message: impl Into<Box<str>>) -> Fault {
    Fault::upstream(FaultKind::BadGateway, Retry::Never, message)
}

/// A request that must not leave.
pub(crate) fn bad_request(message: &'static str) -> Fault {
    Fault::gateway(FaultKind::Internal, message)
}

/// The credential's configuration is gone; the snapshot that comes after it has its successor.
pub(crate) fn credential_gone() -> Fault {
    Fault {
        retry: Retry::Elsewhere(None),
        ..Fault::gateway(
            FaultKind::Unavailable,
            "the credential of this deployment is no longer loaded; repeat the call",
        )
    }
}

pub(crate) fn private_address(host: &str, cause: String) -> Fault {
    Fault {
        side: Side::Gateway,
        ..bad_gateway(format!(
            "{host} resolves to a private address, which is not dialled; if it is meant to, \
             set allow_private_address: true beside its URL"
        ))
    }
    .with_cause(cause)
}

/// Even an origin that may be private must not reach the cloud's metadata service by a name.
pub(crate) fn forbidden_address(host: &str, cause: String) -> Fault {
    Fault {
        side: Side::Gateway,
        ..bad_gateway(format!(
            "{host} resolves to a link-local or metadata address, which is never dialled"
        ))
    }
    .with_cause(cause)
}

pub(crate) fn too_large(limit: u64) -> Fault {
    bad_reply(format!(
        "the provider's reply is larger than the limit of {limit} bytes"
    ))
}

/// An exchange of HTTP/1.1 failed before the head of the reply was there.
pub(crate) fn no_reply(broken: &Broken) -> Fault {
    let message = match broken {
        Broken::HeadTooLarge => "the head of the provider's reply is too large",
        Broken::Invalid(_) => "the provider's reply is not valid HTTP",
        Broken::Io(_) | Broken::Closed => CLOSED,
    };
    bad_gateway(message).with_cause(broken)
}

/// An exchange of HTTP/2 failed before the head of the reply was there.
pub(crate) fn no_stream(error: &hyper::Error) -> Fault {
    bad_gateway(CLOSED).with_cause(chain(error))
}

const CLOSED: &str = "the provider closed the connection before it replied";

/// The connection failed within the body of the reply.
pub(crate) fn cut_short(error: &dyn Error) -> Fault {
    truncated().with_cause(chain(error))
}

pub(crate) fn truncated() -> Fault {
    bad_gateway("the provider's reply broke off before its end")
}

/// An error and what it came from, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let _ = write!(text, ": {error}");
        source = error.source();
    }
    text
}

struct Shown(Duration);

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.subsec_millis() == 0 {
            write!(f, "{} s", self.0.as_secs())
        } else {
            write!(f, "{} ms", self.0.as_millis())
        }
    }
}
