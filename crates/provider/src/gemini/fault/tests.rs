use std::time::Duration;

use http::{HeaderMap, StatusCode};
use ironward_core::{Fault, FaultKind, Retry};

use super::classify;

fn fault(status: u16, body: &str) -> Fault {
    let status = StatusCode::from_u16(status).unwrap();
    classify(status, &HeaderMap::new(), body.as_bytes())
}

fn error(status: u16, word: &str, message: &str) -> Fault {
    fault(
        status,
        &format!(
            r#"{{"error": {{"code": {status}, "message": "{message}", "status": "{word}"}}}}"#
        ),
    )
}

#[test]
fn every_status_has_its_kind() {
    let cases = [
        (
            400,
            "INVALID_ARGUMENT",
            "Request contains an invalid argument.",
            FaultKind::BadRequest,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass a valid API key.",
            FaultKind::UpstreamAuthentication,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
            FaultKind::ContextWindowExceeded,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            FaultKind::PermissionDenied,
        ),
        (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
            FaultKind::UpstreamAuthentication,
        ),
        (
            403,
            "PERMISSION_DENIED",
            "Your API key was reported as leaked.",
            FaultKind::PermissionDenied,
        ),
        (
            404,
            "NOT_FOUND",
            "models/x is not found for API version v1beta",
            FaultKind::NotFound,
        ),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "Resource exhausted.",
            FaultKind::RateLimited,
        ),
        (
            500,
            "INTERNAL",
            "An internal error has occurred.",
            FaultKind::UpstreamInternal,
        ),
        (
            503,
            "UNAVAILABLE",
            "The model is overloaded.",
            FaultKind::Unavailable,
        ),
        (
            504,
            "DEADLINE_EXCEEDED",
            "The request timed out.",
            FaultKind::Timeout,
        ),
    ];
    for (status, word, message, kind) in cases {
        let fault = error(status, word, message);
        assert_eq!(fault.kind, kind, "{word}: {message}");
        assert_eq!(fault.code.as_deref(), Some(word));
        assert_eq!(fault.upstream_status, Some(status));
    }
}

#[test]
fn what_is_about_the_operators_account_stays_with_the_operator() {
    for (status, word, message) in [
        (
            400,
            "INVALID_ARGUMENT",
            "API key expired. Please renew the API key.",
        ),
        (
            403,
            "PERMISSION_DENIED",
            "Permission denied: Consumer 'project:1' has been suspended.",
        ),
        (
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials.",
        ),
    ] {
        let fault = error(status, word, message);
        assert!(fault.message.starts_with("gemini refused"), "{fault}");
        assert_eq!(fault.cause.as_deref(), Some(message));
        assert_eq!(fault.retry, Retry::Elsewhere(None));
    }
}

#[test]
fn the_time_to_wait_is_read_from_the_details() {
    let body = r#"[{"error": {"code": 429, "message": "Quota.\nPlease retry in 48.9s.", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.Help", "links": []},
                    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "48.9s"}]}}]"#;
    let fault = fault(429, body);
    assert_eq!(
        fault.retry,
        Retry::Elsewhere(Some(Duration::from_millis(48_900)))
    );
    assert_eq!(&*fault.message, "Quota. Please retry in 48.9s.");
    for nonsense in ["-1s", "NaNs", "soon", "infs"] {
        let body = body.replace("48.9s\"", &format!("{nonsense}\""));
        assert_eq!(self::fault(429, &body).retry_after(), None, "{nonsense}");
    }
}

#[test]
fn a_body_that_is_not_googles_is_for_the_log() {
    let fault = fault(502, "<html>secret proxy page</html>");
    assert_eq!(fault.kind, FaultKind::BadGateway);
    assert_eq!(&*fault.message, "the provider answered with status 502");
}
