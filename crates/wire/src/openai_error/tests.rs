use std::fmt::Write as _;

use ironward_core::{Fault, FaultKind};

use super::encode;

#[test]
fn every_kind_has_its_type_and_code() {
    let mut table = String::new();
    for kind in FaultKind::ALL {
        let body = encode(&Fault::gateway(*kind, "m"));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let error = &value["error"];
        assert_eq!(error["message"], "m");
        assert!(error["param"].is_null());
        let word = |key: &str| error[key].as_str().unwrap();
        let (label, code) = (kind.label(), word("code"));
        let _ = writeln!(table, "{label}: {} {code}", word("type"));
    }
    assert_eq!(table, TABLE);
}

#[test]
fn the_whole_body() {
    let fault = Fault::invalid("messages[0].role", "'x' is \"wrong\"").with_cause("secret");
    assert_eq!(
        encode(&fault),
        r#"{"error":{"message":"'x' is \"wrong\"","type":"invalid_request_error","param":"messages[0].role","code":"400"}}"#
    );
}

const TABLE: &str = "\
bad_request: invalid_request_error 400
unsupported_param: invalid_request_error 400
context_window_exceeded: invalid_request_error context_length_exceeded
content_policy: invalid_request_error content_policy_violation
unknown_model: invalid_request_error 400
authentication: auth_error 401
upstream_authentication: authentication_error 401
payment_required: invalid_request_error 402
permission_denied: permission_error 403
not_found: invalid_request_error 404
method_not_allowed: invalid_request_error 405
timeout: timeout_error 408
conflict: invalid_request_error 409
too_large: invalid_request_error 413
unsupported_media_type: invalid_request_error 415
unprocessable: invalid_request_error 422
budget_exceeded: budget_exceeded 422
rate_limited: rate_limit_error 429
no_deployment: rate_limit_error 429
client_gone: client_disconnect 499
internal: internal_server_error 500
upstream_internal: internal_server_error 500
bad_gateway: internal_server_error 502
unavailable: internal_server_error 503
";
