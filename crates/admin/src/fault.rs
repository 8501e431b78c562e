//! What the admin plane answers when it does not do what it was asked: LiteLLM's envelope
//! `{"error":{"message","type","param","code"}}`, or FastAPI's `{"detail":[...]}` for a request of
//! the wrong shape. No message repeats a value of the request or any part of a key.

use std::time::Duration;

use axum::Json;
use axum::http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A request that is not done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// One reason, in LiteLLM's envelope.
    Error(ErrorBody),
    /// The request's shape is wrong: each place, as FastAPI names it.
    Shape(Vec<Detail>),
}

/// LiteLLM's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorBody {
    status: StatusCode,
    kind: &'static str,
    message: Box<str>,
    param: Option<Box<str>>,
    /// The methods that there are, where the method was wrong.
    allow: Option<Box<str>>,
    /// When to try again, in seconds.
    retry_after: Option<u64>,
}

/// A place in a request, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Detail {
    /// pydantic's word for the error.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// `["body", "field", 0]`.
    pub(crate) loc: Vec<serde_json::Value>,
    /// What is expected.
    pub(crate) msg: Box<str>,
}

impl Refusal {
    /// The one answer to every key that is not let in: wrong, unknown, expired, blocked or none.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "auth_error",
            "Authentication Error, Invalid proxy server token passed.",
        )
        .with_param("key")
    }

    /// The same once too many came from that address.
    pub(crate) fn too_many_wrong_keys(pause: Duration) -> Self {
        let mut refusal = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate_limit_error",
            "too many wrong keys came from this address; correct the key, or wait",
        );
        if let Self::Error(body) = &mut refusal {
            let begun = u64::from(pause.subsec_nanos() > 0);
            body.retry_after = Some(pause.as_secs() + begun);
        }
        refusal
    }

    /// The actor may not do it.
    pub(crate) fn forbidden(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "auth_error", message)
    }

    /// A value that cannot be taken.
    pub(crate) fn bad_request(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request_error", message)
    }

    /// There is none of this name that the actor may know of.
    pub(crate) fn not_found(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", message)
    }

    /// Somebody else changed it at the same time.
    pub(crate) fn conflict(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::CONFLICT, "bad_request_error", message)
    }

    /// It cannot be done now.
    pub(crate) fn unavailable(message: impl Into<Box<str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "no_db_connection", message)
    }

    /// A defect of ours, or of the store; the log has the cause.
    pub(crate) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            "Internal server error",
        )
    }

    /// There is no such route, or none that is shown to this actor.
    pub(crate) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", "Not Found")
    }

    /// The route exists, the method does not.
    pub(crate) fn wrong_method(allow: impl Into<Box<str>>) -> Self {
        let mut refusal = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "bad_request_error",
            "Method Not Allowed",
        );
        if let Self::Error(body) = &mut refusal {
            body.allow = Some(allow.into());
        }
        refusal
    }

    /// Any other status.
    pub(crate) fn new(
        status: StatusCode,
        kind: &'static str,
        message: impl Into<Box<str>>,
    ) -> Self {
        Self::Error(ErrorBody {
            status,
            kind,
            message: message.into(),
            param: None,
            allow: None,
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
        })
    }

    /// Names the field at fault.
    pub(crate) fn with_param(mut self, param: impl Into<Box<str>>) -> Self {
        if let Self::Error(body) = &mut self {
            body.param = Some(param.into());
        }
        self
    }

    /// The field at fault.
    pub(crate) fn param(&self) -> Option<&str> {
        match self {
            Self::Error(body) => body.param.as_deref(),
            Self::Shape(_) => None,
        }
    }

    /// The status that it is answered with.
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Self::Error(body) => body.status,
            Self::Shape(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// The reason, for an answer that reports on several objects.
    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Error(body) => &body.message,
            Self::Shape(details) => details.first().map_or("", |detail| &detail.msg),
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Fields<'a>,
}

#[derive(Serialize)]
struct Fields<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    param: Option<&'a str>,
    code: &'a str,
}

#[derive(Serialize)]
struct Details<'a> {
    detail: &'a [Detail],
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = match &self {
            Self::Error(body) => Json(Envelope {
                error: Fields {
                    message: &body.message,
                    kind: body.kind,
                    param: body.param.as_deref(),
                    code: status.as_str(),
                },
            })
            .into_response(),
            Self::Shape(detail) => Json(Details { detail }).into_response(),
        };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Self::Error(ErrorBody {
            retry_after: Some(seconds),
            ..
        }) = &self
        {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if let Self::Error(ErrorBody {
            allow: Some(allow), ..
        }) = &self
            && let Ok(value) = HeaderValue::from_str(allow)
        {
            headers.insert(ALLOW, value);
        }
        response
    }
}
