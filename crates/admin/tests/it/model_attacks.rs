//! What somebody tries who may add deployments and must not learn a secret by it.

use serde_json::{Value, json};

use crate::canary::{Log, assert_clean};
use crate::fixture::{ADMIN, Fixture};
use crate::models::{KEY, everything};

impl Fixture {
    /// Parameters that are refused with 400, naming the field.
    async fn refuses(&self, params: Value, field: &str) {
        let body = json!({"model_name": "x", "litellm_params": params});
        let answer = self.post(ADMIN, "/model/new", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let param = &answer.json["error"]["param"];
        assert_eq!(param, &json!(field), "{}", answer.text);
        assert_clean(&answer, &[KEY]);
        assert!(self.plane.feed.directory().deployments.is_empty());
    }
}

#[tokio::test]
async fn references_are_refused_and_named() {
    let log = Log::capture();
    let fixture = Fixture::new().await;
    for reference in [
        "os.environ/X",
        "env:X",
        "${X}",
        "file:///etc/passwd",
        "vault://x",
    ] {
        for field in ["api_key", "api_base", "api_version", "my_token", "custom"] {
            let params = json!({"model": "openai/x", field: reference});
            fixture
                .refuses(params, &format!("litellm_params.{field}"))
                .await;
        }
        let nested = json!({"model": "openai/x", "extra_body": {"a": [{"b": reference}]}});
        fixture
            .refuses(nested, "litellm_params.extra_body.a[0].b")
            .await;
    }
    log.assert_clean(30, &[KEY]);
}

#[tokio::test]
async fn parameters_are_checked_as_those_of_the_file() {
    let log = Log::capture();
    let fixture = Fixture::new().await;
    for (params, field) in [
        (json!({"api_key": KEY}), ""),
        (json!({"model": "nobody/x", "api_key": KEY}), ".model"),
        (json!({"model": "just-a-name", "api_key": KEY}), ".model"),
        (json!({"model": KEY, "api_key": KEY}), ".model"),
        (json!({"model": "anthropic/claude"}), ".api_key"),
        (json!({"model": "openai/x", "api_kye": KEY}), ".api_kye"),
        (json!({"model": "openai/x", "rpm": "many"}), ".rpm"),
        (json!({"model": "openai/x", "api_key": "a\nb"}), ".api_key"),
        (json!({"model": "openai/x", "api_key": " "}), ".api_key"),
        (
            json!({"model": "openai/x", "extra_headers": {"Host": "x"}}),
            ".extra_headers.Host",
        ),
        (
            json!({"model": "openai/x", "extra_body": {"api_key": KEY}}),
            ".extra_body.api_key",
        ),
    ] {
        fixture
            .refuses(params, &format!("litellm_params{field}"))
            .await;
    }
    log.assert_clean(11, &[KEY]);
}

#[tokio::test]
async fn an_address_is_public_unless_it_is_said_not_to_be() {
    let fixture = Fixture::new().await;
    for base in [
        "nonsense",
        "ftp://x.example",
        "https://a:b@x.example",
        "http://127.0.0.1",
        "http://10.0.0.1",
        "https://llm.internal",
        "http://localhost:11434",
    ] {
        let params = json!({"model": "openai/x", "api_base": base});
        fixture.refuses(params, "litellm_params.api_base").await;
    }
    for base in [
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://[::ffff:169.254.169.254]",
        "http://100.100.100.200",
        "http://0.0.0.0",
    ] {
        let params = json!({"model": "openai/x", "api_base": base, "allow_private_address": true});
        fixture.refuses(params, "litellm_params.api_base").await;
    }
    let private = json!({"model": "openai/x", "api_base": "http://127.0.0.1:1", "allow_private_address": true});
    fixture
        .model(&json!({"model_name": "x", "litellm_params": private}))
        .await;
}

#[tokio::test]
async fn a_request_of_another_shape_is_refused() {
    let fixture = Fixture::new().await;
    let params = json!({"model": "openai/x"});
    for body in [
        json!({"model_name": "x"}),
        json!({"model_name": "x", "litellm_params": params, "modle_info": {}}),
        json!({"model_name": "", "litellm_params": params}),
        json!({"model_name": "x", "litellm_params": params, "model_info": {"id": 5}}),
        json!({"model_name": "x", "litellm_params": params, "model_info": {"api_key": KEY}}),
        json!({"model_name": "x", "litellm_params": {"model": "openai/x", "api_key": [KEY]}}),
    ] {
        let answer = fixture.post(ADMIN, "/model/new", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
        assert_clean(&answer, &[KEY]);
    }
    assert!(fixture.plane.feed.directory().deployments.is_empty());
}

#[tokio::test]
async fn a_secret_stays_with_its_address() {
    let fixture = Fixture::new().await;
    fixture.model(&everything()).await;
    for params in [
        json!({"api_base": "https://evil.example.net"}),
        json!({"api_base": null}),
        json!({"base_url": "https://evil.example.net"}),
        json!({"allow_private_address": true}),
        json!({"model": "groq/x"}),
        json!({"custom_llm_provider": "groq"}),
        json!({"api_base": "https://evil.example.net", "api_key": "sk-only-one-of-them"}),
    ] {
        let update = json!({ "litellm_params": params });
        let answer = fixture.call("PATCH", "/model/m-1/update", &update).await;
        assert_eq!(answer.status, 400, "{update}: {}", answer.text);
    }
    // Another model of the same provider is no other place.
    let update = json!({"litellm_params": {"model": "openai/gpt-5"}});
    assert_eq!(
        fixture
            .call("PATCH", "/model/m-1/update", &update)
            .await
            .status,
        200
    );
    let update = json!({"litellm_params": {"api_base": "https://other.example.net", "api_key": "sk-of-the-other-place",
        "extra_headers": null, "aws_secret_access_key": null, "my_token": null}});
    let moved = fixture.call("PATCH", "/model/m-1/update", &update).await;
    assert_eq!(moved.status, 200, "{}", moved.text);
}

#[tokio::test]
async fn a_credential_goes_where_it_says_and_nowhere_else() {
    let fixture = Fixture::new().await;
    let credential = json!({"credential_name": "ours", "credential_values":
        {"api_key": KEY, "api_base": "https://llm.example.com"}});
    assert_eq!(
        fixture
            .post(ADMIN, "/credentials", &credential)
            .await
            .status,
        200
    );
    for params in [
        json!({"api_base": "https://evil.example.net"}),
        json!({"base_url": "https://evil.example.net"}),
        json!({"api_key": "sk-of-its-own-0123"}),
        json!({"extra_headers": {"X-A": "abcdefghij"}}),
        json!({"litellm_credential_name": "theirs"}),
        json!({"litellm_credential_name": 5}),
    ] {
        let mut all = json!({"model": "openai/x", "litellm_credential_name": "ours"});
        for (name, value) in params.as_object().unwrap() {
            all[name] = value.clone();
        }
        let body = json!({"model_name": "x", "litellm_params": all});
        let answer = fixture.post(ADMIN, "/model/new", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    let body = json!({"model_name": "x", "model_info": {"id": "m"}, "litellm_params":
        {"model": "anthropic/x", "litellm_credential_name": "ours"}});
    fixture.model(&body).await;
    let used = fixture
        .call("DELETE", "/credentials/ours", &json!({}))
        .await;
    assert_eq!(used.status, 400, "{}", used.text);
    let of_model = fixture.get(ADMIN, "/credentials/by_model/m").await;
    assert_eq!(of_model.json["credential_name"], json!("ours"));
    assert_clean(&of_model, &[KEY]);
}
