use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use ironward_core::Fault;

use crate::alarm::{Alarm, Deadlines};
use crate::faults;
use crate::http1::{Connection, Head, Transport};
use crate::http2::Stream;
use crate::outgoing::Outgoing;
use crate::pool::Lane;

/// What one request is sent on, and its reply comes back on.
pub(crate) enum Link {
    /// A connection of its own (HTTP/1.1).
    Whole(Box<Whole>),
    /// A stream of a shared connection (HTTP/2).
    Stream(Stream),
}

/// An HTTP/1.1 connection. It lives as long as this handle: dropping it closes the socket at once,
/// even when the peer no longer reads what is being written.
pub(crate) struct Whole {
    connection: Connection,
    alarm: Alarm,
}

/// Why a request has no reply.
pub(crate) struct Setback {
    pub(crate) fault: Fault,
    /// The request, when it is certain that the provider has not processed any of it.
    pub(crate) unsent: Option<Box<Outgoing>>,
}

impl Whole {
    /// Boxed once, and moved into the pool and out of it many times.
    pub(crate) fn new(stream: impl Transport + 'static) -> Box<Self> {
        Box::new(Self {
            connection: Connection::new(stream),
            alarm: Alarm::distant(),
        })
    }

    /// Whether a connection that rests is fit for a request, as far as the runtime has heard of
    /// it. It is not when it is closed, or the reply before came before its request was written:
    /// nobody would write the rest.
    ///
    /// Nobody is woken for it any more after this.
    pub(crate) fn is_fit(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.connection.check_rest(&mut cx).is_ok()
    }

    async fn send(
        &mut self,
        request: Outgoing,
        lane: &Lane,
        deadlines: &Deadlines,
    ) -> Result<Head, Setback> {
        others_first().await;
        let Self { connection, alarm } = self;
        let check = |cx: &mut Context<'_>| Poll::Ready(connection.check_rest(cx));
        if let Err(broken) = std::future::poll_fn(check).await {
            // Nothing of it was written. That is the one case in which a request may be repeated
            // here: a provider that has seen it may have run it, and a model call is neither free
            // nor idempotent.
            return Err(Setback {
                fault: faults::no_reply(&broken),
                unsent: Some(Box::new(request)),
            });
        }
        connection.begin(request, &lane.endpoint, &lane.way);
        let head = in_time(|cx| connection.poll_head(cx), alarm, deadlines).await?;
        head.map_err(|broken| Setback {
            fault: faults::no_reply(&broken),
            unsent: None,
        })
    }
}

impl Link {
    /// Whether a request can be sent now.
    pub(crate) fn is_fit(&mut self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_fit(),
            Self::Stream(stream) => stream.is_open(),
        }
    }

    pub(crate) fn alarm(&mut self) -> &mut Alarm {
        match self {
            Self::Whole(whole) => &mut whole.alarm,
            Self::Stream(stream) => &mut stream.alarm,
        }
    }

    /// Sends the request and waits for the head of the reply.
    pub(crate) async fn send(
        &mut self,
        request: Outgoing,
        lane: &Lane,
        deadlines: &Deadlines,
    ) -> Result<Head, Setback> {
        match self {
            Self::Whole(whole) => whole.send(request, lane, deadlines).await,
            Self::Stream(stream) => stream.send(request, lane, deadlines).await,
        }
    }

    /// The next piece of the reply's body as it came; `None` at its end.
    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Fault>> {
        match self {
            Self::Whole(whole) => {
                let piece = whole.connection.poll_piece(cx);
                piece.map_err(|broken| faults::cut_short(&broken))
            }
            Self::Stream(stream) => stream.poll_piece(cx),
        }
    }

    /// Whether the reply was read to its end.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.connection.is_over(),
            Self::Stream(stream) => stream.is_over(),
        }
    }

    /// How much of the reply's body is left, when that was announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        match self {
            Self::Whole(whole) => whole.connection.announced(),
            Self::Stream(stream) => stream.announced(),
        }
    }
}

/// Lets the tasks go first that are ready too. They bring their requests as far, and then all are
/// written one right after the other: a peer on the same machine is woken for all of them, and not
/// for each. Its wake-ups cost the writer more than this turn does.
async fn others_first() {
    let mut waited = false;
    std::future::poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What `reply` comes to, if that is before the head of a reply is due.
pub(crate) async fn in_time<T>(
    mut reply: impl FnMut(&mut Context<'_>) -> Poll<T>,
    alarm: &mut Alarm,
    deadlines: &Deadlines,
) -> Result<T, Setback> {
    let deadline = deadlines.head();
    std::future::poll_fn(|cx| {
        if let Poll::Ready(reply) = reply(cx) {
            return Poll::Ready(Ok(reply));
        }
        let late = |()| {
            Err(Setback {
                fault: deadlines.late_head(),
                unsent: None,
            })
        };
        alarm.poll(cx, deadline).map(late)
    })
    .await
}
