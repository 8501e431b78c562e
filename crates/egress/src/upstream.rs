use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ironward_core::{CredentialId, Fault, Timeouts, UpstreamRequest};

use crate::ReplyBody;
use crate::redact::Redaction;

/// A boxed future, as a trait that is used as `dyn` needs it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The boundary behind which the secrets are: in this process, or in another one.
pub trait Upstream: Send + Sync {
    /// Makes one attempt: sends `request` to the origin of `credential` and waits for the head of
    /// the reply.
    ///
    /// Every status from 200 to 299 and from 400 on is a reply; whether it is an error, and whose,
    /// is for the provider to say. No reply within `timeouts`, a redirect, or a reply that is not
    /// HTTP is a fault.
    fn send<'a>(
        &'a self,
        credential: CredentialId,
        request: UpstreamRequest,
        timeouts: &'a Timeouts,
    ) -> BoxFuture<'a, Result<UpstreamReply, Fault>>;
}

/// A provider's reply.
///
/// The headers are the provider's own, with connection-level ones among them; they describe the
/// connection to the provider and are not for a client. When the body came compressed, it is
/// decoded here and `content-encoding` and `content-length` are gone.
///
/// When the status is not a success, the body is whole, no longer than 64 KiB, and every trace of
/// the credential in it and in the headers is replaced by `[redacted]`. A body that comes with a
/// success is not searched: whoever finds an error in it applies the [`Redaction`] to it.
#[derive(Debug)]
pub struct UpstreamReply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, which has to be read to its end for the connection to be used again.
    pub body: ReplyBody,
    /// Takes the credential out of what is made of the reply later.
    pub redaction: Redaction,
    /// How long it took to get here.
    pub timing: Timing,
}

/// How long the parts of an attempt took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Name resolution, TCP and TLS; zero when a connection was reused.
    pub connect: Duration,
    /// From the start of the attempt to the head of the reply.
    pub head: Duration,
    /// Whether the connection had been used before.
    pub reused: bool,
}
