//! The door to the management plane on the data port. What is behind it this crate does not know:
//! it sees that a caller is let in, hands the request over, and hands the answer back.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt as _;
use ironward_core::{Fault, FaultKind};
use tokio::sync::{mpsc, oneshot};

use crate::Body;

/// The management plane, as far as the data port sees it.
pub trait Management: Send + Sync {
    /// Every path template of the route that `path` means, if it is one and answered here now.
    fn find(&self, path: &str) -> Option<&'static [&'static str]>;

    /// Has a request answered, on a thread that serves no calls.
    fn answer(
        &self,
        source: Option<IpAddr>,
        request: Request<HandedOver>,
    ) -> oneshot::Receiver<Response<Bytes>>;
}

/// The body of a request that another thread reads, piece by piece as it asks for them.
#[derive(Debug)]
pub struct HandedOver(mpsc::Receiver<Piece>);

#[derive(Debug)]
enum Piece {
    Bytes(Bytes),
    End,
}

/// The client went away, or its body broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff;

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was cut off")
    }
}

impl std::error::Error for CutOff {}

impl HttpBody for HandedOver {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        Poll::Ready(match ready!(self.0.poll_recv(context)) {
            Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
            Some(Piece::End) => None,
            None => Some(Err(CutOff)),
        })
    }
}

/// Hands a request over and waits for the answer. Only as much of the body is read as is asked for.
pub(crate) async fn hand_over<B>(
    management: &dyn Management,
    (head, source): (Parts, Option<IpAddr>),
    body: B,
) -> Result<Response<Body>, Fault>
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let (pieces, handed_over) = mpsc::channel(1);
    let request = Request::from_parts(head, HandedOver(handed_over));
    let mut answer = management.answer(source, request);
    let answer = tokio::select! {
        answer = &mut answer => answer,
        () = feed(body, pieces) => answer.await,
    };
    let answer = answer.map_err(|_| {
        Fault::gateway(
            FaultKind::Unavailable,
            "the management plane takes no requests now; try again soon",
        )
    })?;
    Ok(answer.map(Body::whole))
}

/// Hands on the pieces of a body. One that breaks off has no end.
async fn feed<B>(mut body: B, pieces: mpsc::Sender<Piece>)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return };
        if let Ok(bytes) = frame.into_data()
            && pieces.send(Piece::Bytes(bytes)).await.is_err()
        {
            return;
        }
    }
    // Whoever has read enough is gone.
    let _gone = pieces.send(Piece::End).await;
}
