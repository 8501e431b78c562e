use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

/// One request as the upstream received it.
#[derive(Debug, Clone)]
pub struct RecordedCall {
    /// The method.
    pub method: Method,
    /// The path as it came, without the query.
    pub path: String,
    /// The query without its `?`.
    pub query: String,
    /// The protocol version.
    pub version: Version,
    /// The headers as they came; over HTTP/2 `host` is the authority.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl RecordedCall {
    pub(super) fn new(mut parts: Parts, body: Bytes) -> Self {
        if let Some(authority) = parts.uri.authority()
            && let Ok(host) = authority.as_str().parse()
        {
            parts.headers.entry(http::header::HOST).or_insert(host);
        }
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            version: parts.version,
            headers: parts.headers,
            body,
        }
    }

    /// A header's first value as text; empty when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the upstream received JSON")
    }
}

/// What the connections of one upstream share.
#[derive(Debug, Default)]
pub(super) struct State {
    calls: Mutex<Vec<RecordedCall>>,
    /// Calls of each `flaky` model.
    counts: Mutex<HashMap<String, usize>>,
    open: AtomicUsize,
}

impl State {
    pub(super) fn record(&self, call: RecordedCall) {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
    }

    pub(super) fn calls(&self) -> Vec<RecordedCall> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn forget(&self) {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// How often this model has been called before, and counts this call.
    pub(super) fn count(&self, model: &str) -> usize {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(model.to_owned()).or_default();
        *count += 1;
        *count - 1
    }

    pub(super) fn open_replies(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn opened(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}
