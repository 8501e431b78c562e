use ironward_core::FaultKind;

use super::of_error;

#[test]
fn errors_are_told_apart_by_code_then_status() {
    for (json, kind) in [
        (
            r#"{"message":"x","type":"server_error","code":null}"#,
            FaultKind::UpstreamInternal,
        ),
        (
            r#"{"message":"x","type":"invalid_request_error","code":"context_length_exceeded"}"#,
            FaultKind::ContextWindowExceeded,
        ),
        (
            r#"{"message":"This model's maximum context length is 8 tokens","code":400}"#,
            FaultKind::ContextWindowExceeded,
        ),
        (
            r#"{"message":"x","code":"content_filter"}"#,
            FaultKind::ContentPolicy,
        ),
        (
            r#"{"message":"x","type":"invalid_request_error","code":"invalid_api_key"}"#,
            FaultKind::UpstreamAuthentication,
        ),
        (
            r#"{"message":"x","type":"insufficient_quota","code":"insufficient_quota"}"#,
            FaultKind::RateLimited,
        ),
        (r#"{"message":"x","code":"529"}"#, FaultKind::Unavailable),
        (
            r#"{"message":"x","raw_status_code":422}"#,
            FaultKind::Unprocessable,
        ),
        (
            r#"{"message":"x","type":"invalid_request_error"}"#,
            FaultKind::BadRequest,
        ),
        (r#""no such thing""#, FaultKind::UpstreamInternal),
        ("7", FaultKind::UpstreamInternal),
        (
            r#"{"message":{"a":1},"type":[],"code":{},"status":"x"}"#,
            FaultKind::UpstreamInternal,
        ),
    ] {
        assert_eq!(
            of_error(serde_json::from_str(json).unwrap()).kind,
            kind,
            "{json}"
        );
    }
}

#[test]
fn what_may_name_the_operators_things_stays_in_the_log() {
    let json =
        r#"{"message":"Incorrect API key provided: sk-abc\nfor org-1","code":"invalid_api_key"}"#;
    let fault = of_error(serde_json::from_str(json).unwrap());
    assert!(!fault.message.contains("sk-abc"), "{}", fault.message);
    assert_eq!(
        fault.cause.as_deref(),
        Some("Incorrect API key provided: sk-abc for org-1")
    );
    assert_eq!(fault.code.as_deref(), Some("invalid_api_key"));
}

#[test]
fn what_is_about_the_request_is_told() {
    let json = r#"{"message":"bad\nvalue","type":"invalid_request_error","status_code":400}"#;
    let fault = of_error(serde_json::from_str(json).unwrap());
    assert_eq!(
        &*fault.message,
        "the provider refused the request: bad value"
    );
    assert_eq!(fault.upstream_status, Some(400));
}
