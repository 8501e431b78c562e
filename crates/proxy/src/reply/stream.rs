use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as _;
use ironward_core::Fault;
use ironward_egress::ReplyBody;

use super::relay::{Passed, Relay};
use crate::stages::{Grant, Outcome};

/// A streamed reply whose first bytes are there.
pub(crate) struct Begun {
    /// What is ready to go out before more is read.
    pub(crate) ready: Bytes,
    /// What carries over the rest.
    pub(crate) relay: Relay,
    /// The provider's side; `None` when it is over.
    pub(crate) upstream: Option<ReplyBody>,
    /// The fault that follows `ready`.
    pub(crate) fault: Option<Fault>,
}

/// A streamed reply on its way through. Settles its grant when it ends; when the client hangs up
/// it is dropped, and the grant settles itself.
pub(crate) struct Stream {
    begun: Begun,
    grant: Option<Grant>,
}

impl Begun {
    /// A reply that is all there.
    pub(crate) const fn all(ready: Bytes, relay: Relay) -> Self {
        Self {
            ready,
            relay,
            upstream: None,
            fault: None,
        }
    }
}

impl Stream {
    pub(crate) const fn new(begun: Begun, grant: Grant) -> Self {
        Self {
            begun,
            grant: Some(grant),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.grant.is_none() && self.begun.ready.is_empty()
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let begun = &mut self.begun;
            if let (Some(grant), Some(usage)) = (&mut self.grant, begun.relay.usage()) {
                grant.observe(usage);
            }
            if !begun.ready.is_empty() {
                return Poll::Ready(Some(std::mem::take(&mut begun.ready)));
            }
            if let Some(fault) = begun.fault.take() {
                return Poll::Ready(self.fail(fault));
            }
            let Some(upstream) = &mut begun.upstream else {
                self.settle(Outcome::Complete);
                return Poll::Ready(None);
            };
            let passed = match ready!(Pin::new(upstream).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => begun.relay.push(chunk),
                    Err(_trailers) => continue,
                },
                Some(Err(fault)) => Passed {
                    bytes: Bytes::new(),
                    fault: Some(fault),
                },
                None => {
                    begun.upstream = None;
                    begun.relay.finish()
                }
            };
            begun.ready = passed.bytes;
            if passed.fault.is_some() {
                begun.upstream = None;
                begun.fault = passed.fault;
            }
        }
    }

    fn fail(&mut self, fault: Fault) -> Option<Bytes> {
        let event = self.begun.relay.fail(&fault);
        self.settle(Outcome::Broken(fault));
        (!event.is_empty()).then_some(event)
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(grant) = self.grant.take() {
            grant.settle(outcome);
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
