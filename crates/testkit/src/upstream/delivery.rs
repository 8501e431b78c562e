use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde_json::Value;
use tokio::time::Sleep;

use super::Cut;
use super::record::State;

/// A reply, and the trouble with which it is delivered.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) frames: Vec<Bytes>,
    pub(super) stream: bool,
    pub(super) pace: Option<Duration>,
    pub(super) end: End,
    pub(super) before_head: Option<Duration>,
    pub(super) cut_head: bool,
}

/// What happens after the last frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Clean,
    Cut,
    Hang,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::whole(status, "application/json", body.to_string())
    }

    pub(super) fn whole(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            frames: vec![body.into()],
            stream: false,
            pace: None,
            end: End::Clean,
            before_head: None,
            cut_head: false,
        }
    }

    pub(super) fn stream(content_type: &str, frames: Vec<Bytes>) -> Self {
        Self {
            frames,
            stream: true,
            ..Self::whole(200, content_type, Bytes::new())
        }
    }

    pub(super) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self, state: Arc<State>) -> http::Response<Body> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in &self.headers {
            response = response.header(*name, value);
        }
        // A whole body that is cut or held back has announced its true length.
        let length = (!self.stream && self.end == End::Clean)
            .then(|| self.frames.iter().map(|frame| frame.len() as u64).sum());
        state.opened();
        let body = Body {
            frames: self.frames.into(),
            length,
            pace: self.pace,
            pause: None,
            end: self.end,
            state,
        };
        response.body(body).expect("scripted headers are valid")
    }
}

/// The frames of a reply, one at a time.
pub(super) struct Body {
    frames: VecDeque<Bytes>,
    length: Option<u64>,
    pace: Option<Duration>,
    pause: Option<Pin<Box<Sleep>>>,
    end: End,
    state: Arc<State>,
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        if let Some(pace) = this.pace {
            let pause = this
                .pause
                .get_or_insert_with(|| Box::pin(tokio::time::sleep(pace)));
            std::task::ready!(pause.as_mut().poll(context));
            this.pause = None;
        }
        match (this.frames.pop_front(), this.end) {
            (Some(frame), _) => Poll::Ready(Some(Ok(Frame::data(frame)))),
            (None, End::Clean) => Poll::Ready(None),
            (None, End::Cut) => {
                // The frames before the cut leave first: hyper drops what is still in its buffer.
                let flushed = this
                    .pause
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(FLUSH)));
                std::task::ready!(flushed.as_mut().poll(context));
                Poll::Ready(Some(Err(Cut)))
            }
            // Nobody wakes this body; the connection's end drops it.
            (None, End::Hang) => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.end == End::Clean
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.state.closed();
    }
}

/// Time for the frames before a cut to leave the process.
const FLUSH: Duration = Duration::from_millis(20);
