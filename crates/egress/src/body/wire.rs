use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, SizeHint};
use hyper::body::Incoming;
use ironward_core::Fault;
use tokio::task::coop;

use crate::alarm::Patience;
use crate::decode::Decoder;
use crate::faults;
use crate::link::Link;
use crate::pool::Lane;

/// A body that comes over a connection, which it holds until its end.
pub(crate) struct Wire {
    /// `None` when the body is over; whatever is left then is in the decoder.
    source: Option<Source>,
    decoder: Option<Box<Decoder>>,
    patience: Patience,
    limit: u64,
    /// How much of `limit` is left.
    allowance: u64,
}

struct Source {
    incoming: Incoming,
    link: Link,
    lane: Arc<Lane>,
}

impl Wire {
    pub(crate) fn new(
        incoming: Incoming,
        link: Link,
        lane: Arc<Lane>,
        decoder: Option<Box<Decoder>>,
        patience: Patience,
        limit: u64,
    ) -> Result<Self, Fault> {
        let announced = incoming.size_hint().exact();
        if decoder.is_none() && announced.is_some_and(|announced| announced > limit) {
            return Err(faults::too_large(limit));
        }
        let mut wire = Self {
            source: Some(Source {
                incoming,
                link,
                lane,
            }),
            decoder,
            patience,
            limit,
            allowance: limit,
        };
        wire.release_if_over();
        Ok(wire)
    }

    pub(crate) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Bytes>, Fault>> {
        // A read can bring thousands of pieces, and whoever reads them never has to wait for one.
        let turn = ready!(coop::poll_proceed(cx));
        let result = ready!(self.poll_any(cx)).and_then(|piece| self.account(piece));
        turn.made_progress();
        if result.is_err() {
            // Nothing after a fault, and the connection is not fit to be used again.
            self.source = None;
            self.decoder = None;
        }
        Poll::Ready(result)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.source.is_none() && self.decoder.is_none()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match (&self.source, &self.decoder) {
            (Some(source), None) => source.incoming.size_hint(),
            (None, None) => SizeHint::with_exact(0),
            (_, Some(_)) => SizeHint::default(),
        }
    }

    fn poll_any(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            if let Some(decoder) = &mut self.decoder
                && let Some(piece) = decoder.next()?
            {
                return Poll::Ready(Ok(Some(piece)));
            }
            match ready!(self.poll_source(cx))? {
                Some(piece) => match &mut self.decoder {
                    Some(decoder) => decoder.feed(piece),
                    None => return Poll::Ready(Ok(Some(piece))),
                },
                None => {
                    return Poll::Ready(match self.decoder.take() {
                        Some(mut decoder) => decoder.finish(),
                        None => Ok(None),
                    });
                }
            }
        }
    }

    /// The next piece as it came over the connection.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            let Some(source) = &mut self.source else {
                return Poll::Ready(Ok(None));
            };
            let Source { incoming, link, .. } = source;
            match link.poll(cx, |cx| Pin::new(&mut *incoming).poll_frame(cx)) {
                Poll::Ready(Some(Ok(frame))) => {
                    self.patience.renew();
                    self.release_if_over();
                    // Trailers are of no use to anyone here.
                    if let Ok(piece) = frame.into_data()
                        && !piece.is_empty()
                    {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    return Poll::Ready(Err(faults::cut_short(&error)));
                }
                Poll::Ready(None) => {
                    // A reset with NO_ERROR ends a stream without a word: it is complete only if
                    // the peer had said so.
                    if source.link.is_stream() && !source.incoming.is_end_stream() {
                        return Poll::Ready(Err(faults::truncated()));
                    }
                    self.release();
                }
                Poll::Pending => {
                    let patience = &mut self.patience;
                    return patience.poll(cx, source.link.alarm()).map(Err);
                }
            }
        }
    }

    fn account(&mut self, piece: Option<Bytes>) -> Result<Option<Bytes>, Fault> {
        let length = piece.as_ref().map_or(0, Bytes::len) as u64;
        match self.allowance.checked_sub(length) {
            Some(left) => {
                self.allowance = left;
                Ok(piece)
            }
            None => Err(faults::too_large(self.limit)),
        }
    }

    /// When the length was announced, the end is known with the last piece: whoever reads then
    /// often does not ask again.
    fn release_if_over(&mut self) {
        if self
            .source
            .as_ref()
            .is_some_and(|source| source.incoming.is_end_stream())
        {
            self.release();
        }
    }

    /// Gives the connection back; a stream's place is free as soon as it is dropped.
    fn release(&mut self) {
        if let Some(Source { link, lane, .. }) = self.source.take()
            && let Link::Whole(whole) = link
        {
            lane.put(whole);
        }
    }
}
