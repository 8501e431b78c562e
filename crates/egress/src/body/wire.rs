use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::SizeHint;
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

/// Where a body comes from, and where its connection goes afterwards.
pub(crate) struct Source {
    pub(crate) link: Link,
    pub(crate) lane: Arc<Lane>,
}

impl Wire {
    pub(crate) fn new(
        source: Source,
        decoder: Option<Box<Decoder>>,
        patience: Patience,
        limit: u64,
    ) -> Result<Self, Fault> {
        let announced = source.link.announced();
        if decoder.is_none() && announced.is_some_and(|announced| announced > limit) {
            return Err(faults::too_large(limit));
        }
        let mut wire = Self {
            source: Some(source),
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
            (Some(source), None) => source
                .link
                .announced()
                .map_or_else(SizeHint::default, SizeHint::with_exact),
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
        let Some(source) = &mut self.source else {
            return Poll::Ready(Ok(None));
        };
        let Poll::Ready(piece) = source.link.poll_piece(cx) else {
            return self.patience.poll(cx, source.link.alarm()).map(Err);
        };
        self.patience.renew();
        // When the length was announced, the end is known with the last piece: whoever reads then
        // often does not ask again.
        self.release_if_over();
        Poll::Ready(piece)
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

    /// Gives the connection back; a stream's place is free as soon as it is dropped.
    fn release_if_over(&mut self) {
        if let Some(Source { link, lane }) = self.source.take_if(|source| source.link.is_over())
            && let Link::Whole(whole) = link
        {
            lane.put(whole);
        }
    }
}
