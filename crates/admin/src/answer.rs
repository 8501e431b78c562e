pub(crate) mod schema;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::permit::Permit;

/// What an operation answers when it was done: 200 and JSON, as LiteLLM does, or other text.
#[derive(Debug)]
pub(crate) struct Answer {
    content: Content,
    /// How many items the list has, of which the answer is a part.
    total: Option<usize>,
}

#[derive(Debug)]
enum Content {
    Json(Value),
    /// Text of this content type.
    Text(&'static str, String),
}

/// The header that says how many items a list has whose answer has no place for it.
pub(crate) const TOTAL: &str = "x-total-count";

impl Answer {
    /// Only what somebody is permitted to see.
    pub(crate) const fn new(_: &Permit, value: Value) -> Self {
        Self {
            content: Content::Json(value),
            total: None,
        }
    }

    /// The same as text of this content type.
    pub(crate) const fn text(_: &Permit, kind: &'static str, text: String) -> Self {
        Self {
            content: Content::Text(kind, text),
            total: None,
        }
    }

    /// A part of a list of so many items.
    pub(crate) const fn of(mut self, total: usize) -> Self {
        self.total = Some(total);
        self
    }
}

/// Nothing that the admin plane says may be kept by a cache on the way: some of it is shown once.
impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let no_store = (CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut response = match self.content {
            Content::Json(value) => (StatusCode::OK, [no_store], Json(value)).into_response(),
            Content::Text(kind, text) => {
                let kind = (CONTENT_TYPE, HeaderValue::from_static(kind));
                (StatusCode::OK, [no_store, kind], text).into_response()
            }
        };
        if let Some(total) = self.total {
            let headers = response.headers_mut();
            headers.insert(HeaderName::from_static(TOTAL), total.into());
        }
        response
    }
}

/// An object of an answer while it is written.
#[derive(Debug, Default)]
pub(crate) struct Row(Map<String, Value>);

impl Row {
    /// Writes a field; what is not set is `null`, as LiteLLM writes it.
    pub(crate) fn put(&mut self, name: &str, value: impl Serialize) -> &mut Self {
        // Only a map with keys that are no text cannot be written, and there is none.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Leaves a field out.
    pub(crate) fn remove(&mut self, name: &str) -> &mut Self {
        self.0.remove(name);
        self
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A time, from milliseconds since 1970, as LiteLLM's clients read it.
pub(crate) fn time(ms: u64) -> String {
    ironward_policy::timestamp(ms)
}
