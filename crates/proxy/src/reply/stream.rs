use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Body as _;
use ironward_core::Fault;
use ironward_egress::{Redaction, ReplyBody};

use super::gather::Gather;
use super::relay::{Passed, Relay};
use crate::access::Cut;
use crate::stages::{Cap, Outcome, Recorded};

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
    /// What keeps the credential out of a fault that quotes the provider.
    pub(crate) redaction: Redaction,
}

/// A streamed reply on its way through. Settles its call when it ends; when the client hangs up
/// it is dropped, and the call settles itself.
pub(crate) struct Stream {
    relay: Relay,
    /// The provider's side; `None` when it is over.
    upstream: Option<ReplyBody>,
    /// The fault that follows what is ready.
    fault: Option<Fault>,
    redaction: Redaction,
    ready: Gather,
    recorded: Option<Recorded>,
    /// The end of what allowed it.
    cut: Option<Cut>,
    /// The end of what is reserved for it.
    cap: Option<Cap>,
}

/// What is ready goes out without waiting for more from here on.
const ENOUGH: usize = 16 << 10;

impl Begun {
    /// A reply that is all there.
    pub(crate) fn all(ready: Bytes, relay: Relay) -> Self {
        Self {
            ready,
            relay,
            upstream: None,
            fault: None,
            redaction: Redaction::default(),
        }
    }
}

impl Stream {
    pub(crate) fn new(begun: Begun, mut recorded: Recorded, cut: Option<Cut>) -> Self {
        let Begun {
            ready,
            relay,
            upstream,
            fault,
            redaction,
        } = begun;
        if let Some(usage) = relay.usage() {
            recorded.observe(usage);
        }
        let mut cap = recorded.cap();
        let over = cap.as_mut().and_then(|cap| cap.count(&ready));
        Self {
            relay,
            upstream: upstream.filter(|_| over.is_none()),
            fault: fault.or(over),
            redaction,
            ready: Gather::new(ready),
            recorded: Some(recorded),
            cut,
            cap,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.recorded.is_none() && self.ready.is_empty()
    }

    /// The next piece. A provider's connection hands over what it has read event by event; each
    /// would become a system call of its own. So all that is there goes out together, and nothing
    /// waits for the network.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.look_for_cut(context);
        loop {
            let Some(upstream) = self.upstream.as_mut().filter(|_| self.ready.len() < ENOUGH)
            else {
                return Poll::Ready(self.take());
            };
            match Pin::new(upstream).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(chunk) = frame.into_data() {
                        let passed = self.relay.push(chunk);
                        self.hold(passed);
                    }
                }
                Poll::Ready(Some(Err(fault))) => {
                    self.hold(Passed {
                        bytes: Bytes::new(),
                        fault: Some(fault),
                    });
                }
                Poll::Ready(None) => {
                    let passed = self.relay.finish();
                    self.upstream = None;
                    self.hold(passed);
                }
                Poll::Pending if self.ready.is_empty() => return Poll::Pending,
                Poll::Pending => return Poll::Ready(self.take()),
            }
        }
    }

    /// Ends the stream when what allowed it has ended, unless all of it is here already.
    fn look_for_cut(&mut self, context: &mut Context<'_>) {
        let Some(cut) = self.cut.as_mut().filter(|_| self.upstream.is_some()) else {
            return;
        };
        if let Some(fault) = cut.poll(context) {
            self.hold(Passed {
                bytes: Bytes::new(),
                fault: Some(fault),
            });
        }
    }

    fn hold(&mut self, mut passed: Passed) {
        if let Some(cap) = self.cap.as_mut().filter(|_| self.upstream.is_some()) {
            passed.fault = passed.fault.or_else(|| cap.count(&passed.bytes));
        }
        self.ready.push(passed.bytes);
        if passed.fault.is_some() {
            self.upstream = None;
            self.fault = passed.fault;
        }
        if let (Some(recorded), Some(usage)) = (&mut self.recorded, self.relay.usage()) {
            recorded.observe(usage);
        }
    }

    /// What is ready; then the error event, if there is to be one; then the end.
    fn take(&mut self) -> Option<Bytes> {
        if !self.ready.is_empty() {
            return Some(self.ready.take());
        }
        if let Some(fault) = self.fault.take() {
            return self.fail(fault);
        }
        self.settle(Outcome::Complete);
        None
    }

    fn fail(&mut self, fault: Fault) -> Option<Bytes> {
        let fault = self.redaction.apply(fault);
        let event = self.relay.fail(&fault);
        self.settle(Outcome::Broken(fault));
        (!event.is_empty()).then_some(event)
    }

    fn settle(&mut self, outcome: Outcome) {
        if let Some(recorded) = self.recorded.take() {
            recorded.settle(outcome);
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}
