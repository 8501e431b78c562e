use crate::testing::{Case, classified};

const CALL: &str = r#"{"model":"g","messages":[],"stream":true}"#;

#[test]
fn the_version_decides_the_path() {
    for (version, path) in [
        (
            None,
            "/openai/deployments/my%20gpt/chat/completions?api-version=2025-02-01-preview",
        ),
        (
            Some("2024-10-21&x=/"),
            "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21%26x%3D%2F",
        ),
        (Some("v1"), "/openai/v1/chat/completions"),
        (Some("latest"), "/openai/v1/chat/completions"),
        (
            Some("preview"),
            "/openai/v1/chat/completions?api-version=preview",
        ),
    ] {
        let mut case = Case::new("azure", "my gpt");
        if let Some(version) = version {
            case = case.version(version);
        }
        assert_eq!(case.request(CALL).unwrap().path, path);
    }
}

#[test]
fn a_name_is_one_segment() {
    for (model, segment) in [
        ("../../admin", "..%2F..%2Fadmin"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("%2e%2e", "%252e%252e"),
        ("gpt-4.1_x~y", "gpt-4.1_x~y"),
    ] {
        let path = Case::new("azure", model).request(CALL).unwrap().path;
        let expected = format!("/openai/deployments/{segment}/chat/completions");
        assert_eq!(path.split('?').next(), Some(expected.as_str()));
    }
    for model in ["", ".", "..", "..."] {
        assert!(Case::new("azure", model).request(CALL).is_err(), "{model}");
    }
}

#[test]
fn old_versions_are_not_asked_for_the_usage_of_streams() {
    let sent = |version| Case::new("azure", "m").version(version).sent(CALL);
    assert_eq!(sent("2024-06-01").get("stream_options"), None);
    assert_eq!(
        sent("2024-09-01-preview")["stream_options"]["include_usage"],
        true
    );
    assert_eq!(sent("v1")["stream_options"]["include_usage"], true);
}

#[test]
fn the_content_filter_is_known() {
    let fault = classified(
        "azure",
        400,
        r#"{"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{}}}}"#,
    );
    assert_eq!(fault.kind, ironward_core::FaultKind::ContentPolicy);
    assert_eq!(fault.code.as_deref(), Some("ResponsibleAIPolicyViolation"));
}
