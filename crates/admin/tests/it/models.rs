//! Deployments: made, changed and shown over the API.

use std::sync::Arc;

use axum::http::HeaderMap;
use ironward_admin::{ConfiguredModel, Settings};
use ironward_core::{CredentialId, Deployment, DeploymentId, ParamPolicy, Role, Timeouts};
use ironward_policy::Grant;
use ironward_store::objects::{Kind, ValuePlace};
use serde_json::{Value, json};

use crate::canary::{Log, assert_clean, assert_no_part};
use crate::fixture::{ADMIN, Fixture};

const KEY: &str = "sk-canary-Zq8vT3mWx71Lr0Pd";
const HEADER: &str = "tok-9f2c-77aa-hidden-header";
const CLOUD: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

fn everything() -> Value {
    json!({
        "model_name": "gpt-4o",
        "litellm_params": {
            "model": "openai/gpt-4o-2024",
            "api_key": KEY,
            "api_base": "https://llm.example.com/v1",
            "extra_headers": {"X-Gate": HEADER},
            "aws_secret_access_key": CLOUD,
            "my_token": KEY,
            "rpm": 60,
            "tpm": 1000,
            "temperature": 0.5,
        },
        "model_info": {
            "id": "m-1", "db_model": false, "mode": "chat", "max_input_tokens": 128_000,
            "supports_vision": true, "created_by": "somebody else",
        },
    })
}

impl Fixture {
    /// A deployment of the configuration file.
    fn configure(&self, id: &str, group: &str) {
        let settings = self.plane.settings.load();
        let deployment = Deployment {
            id: DeploymentId::new(id),
            group: group.into(),
            provider: "anthropic",
            model: "claude".into(),
            credential: CredentialId::new(1),
            weight: 1.0,
            order: 1,
            retries: None,
            timeouts: Timeouts::default(),
            stream_first_byte: None,
            params: ParamPolicy::default(),
            api_version: None,
            extra_headers: HeaderMap::new(),
            mock_response: None,
        };
        let mut models = settings.models.clone();
        models.push(ConfiguredModel::new(&deployment, None));
        self.plane.settings.store(Arc::new(Settings {
            administrators: settings.administrators.clone(),
            key_header: None,
            key_life: settings.key_life,
            models,
            stores_models: true,
            keyed_providers: settings.keyed_providers.clone(),
        }));
    }

    fn opened_param(&self, id: &str, field: &str) -> Vec<u8> {
        let entry = self.plane.feed.directory().deployments.find(id).unwrap();
        let place = ValuePlace {
            installation: self.plane.store.locked().installation(),
            kind: Kind::Deployment,
            id,
            field,
        };
        let value = &entry.object.sealed[field];
        let opened = value.open(&self.plane.store.keys(), &place).unwrap();
        opened.expose().bytes().to_vec()
    }

    async fn model(&self, body: &Value) -> Value {
        let made = self.post(ADMIN, "/model/new", body).await;
        assert_eq!(made.status, 200, "{body}: {}", made.text);
        made.json
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[tokio::test]
async fn answers_have_litellms_shapes_and_no_secret() {
    let fixture = Fixture::new().await;
    fixture.configure("c-1", "claude");
    let log = Log::capture();
    let secrets = [KEY, HEADER, CLOUD];
    let mut said = Vec::new();
    let made = fixture.post(ADMIN, "/model/new", &everything()).await;
    assert_eq!(made.status, 200, "{}", made.text);
    insta::assert_snapshot!("model_new", pretty(&made.json));
    said.push(made);
    let shown = fixture.get(ADMIN, "/model/info").await;
    insta::assert_snapshot!("model_info", pretty(&shown.json));
    said.push(shown);
    let groups = fixture
        .get(ADMIN, "/model_group/info?model_group=gpt-4o")
        .await;
    insta::assert_snapshot!("model_group_info", pretty(&groups.json));
    said.push(groups);
    for path in [
        "/v1/model/info?litellm_model_id=m-1",
        "/v2/model/info?size=1&sortBy=created_at&sortOrder=desc",
        "/model_group/info",
        "/credentials/by_model/m-1",
    ] {
        let answer = fixture.get(ADMIN, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        said.push(answer);
    }
    let update = json!({"model_info": {"id": "m-1"}, "litellm_params": {"rpm": 5}});
    said.push(fixture.post(ADMIN, "/model/update", &update).await);
    let update = json!({"litellm_params": {"tpm": null}, "model_name": "gpt"});
    said.push(fixture.call("PATCH", "/model/m-1/update", &update).await);
    said.push(
        fixture
            .post(ADMIN, "/model/block", &json!({"model_id": "m-1"}))
            .await,
    );
    said.push(
        fixture
            .post(ADMIN, "/model/unblock", &json!({"model_id": "m-1"}))
            .await,
    );
    said.push(fixture.post(ADMIN, "/model/new", &everything()).await);
    said.push(
        fixture
            .post(ADMIN, "/model/delete", &json!({"id": "m-1"}))
            .await,
    );
    let statuses: Vec<u16> = said.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses[7..], [200, 200, 200, 200, 400, 200]);
    for answered in &said {
        assert_clean(answered, &secrets);
    }
    log.assert_clean(7, &secrets);
    assert!(fixture.plane.feed.directory().deployments.is_empty());
}

#[tokio::test]
async fn secrets_are_sealed_and_the_rest_is_a_merge_patch() {
    let fixture = Fixture::new().await;
    fixture.model(&everything()).await;
    assert_eq!(fixture.opened_param("m-1", "api_key"), KEY.as_bytes());
    assert_eq!(
        fixture.opened_param("m-1", "aws_secret_access_key"),
        CLOUD.as_bytes()
    );
    let entry = fixture
        .plane
        .feed
        .directory()
        .deployments
        .find("m-1")
        .unwrap();
    assert_no_part(
        &serde_json::to_string(&entry.object).unwrap(),
        &[KEY, HEADER, CLOUD],
    );
    let update = json!({
        "litellm_params": {"rpm": null, "max_tokens": 9, "my_token": null, "api_key": "sk-another-one-0123"},
        "model_info": {"id": "m-1", "supports_vision": null, "base_model": "gpt-4o"},
        "blocked": true,
    });
    let changed = fixture.post(ADMIN, "/model/update", &update).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let params = &changed.json["litellm_params"];
    assert_eq!(
        (&params["rpm"], &params["tpm"]),
        (&Value::Null, &json!(1000))
    );
    assert_eq!(params["max_tokens"], json!(9));
    assert_eq!(changed.json["model_info"]["base_model"], json!("gpt-4o"));
    assert!(changed.json["model_info"].get("supports_vision").is_none());
    assert_eq!(changed.json["blocked"], json!(true));
    assert!(changed.json["sealed_params"].get("my_token").is_none());
    assert_eq!(
        fixture.opened_param("m-1", "api_key"),
        b"sk-another-one-0123"
    );
    assert_eq!(
        fixture.opened_param("m-1", "aws_secret_access_key"),
        CLOUD.as_bytes()
    );
    let other_id = json!({"model_info": {"id": "m-2"}});
    assert_eq!(
        fixture
            .call("PATCH", "/model/m-1/update", &other_id)
            .await
            .status,
        400
    );
    assert_eq!(
        fixture
            .post(ADMIN, "/model/update", &json!({"blocked": true}))
            .await
            .status,
        400
    );
    let drawn = fixture
        .model(&json!({"model_name": "x", "litellm_params": {"model": "openai/x"}}))
        .await;
    let id = drawn["model_id"].as_str().unwrap();
    assert_eq!((id.len(), &id[14..15]), (36, "4"));
}

#[tokio::test]
async fn models_of_the_configuration_are_not_edited() {
    let fixture = Fixture::new().await;
    fixture.configure("c-1", "claude");
    for (path, body) in [
        (
            "/model/update",
            json!({"model_info": {"id": "c-1"}, "blocked": true}),
        ),
        ("/model/delete", json!({"id": "c-1"})),
        ("/model/block", json!({"model_id": "c-1"})),
        ("/model/unblock", json!({"model_id": "c-1"})),
        (
            "/model/new",
            json!({"model_name": "x", "litellm_params": {"model": "openai/x"}, "model_info": {"id": "c-1"}}),
        ),
    ] {
        assert_eq!(fixture.post(ADMIN, path, &body).await.status, 400, "{path}");
    }
    assert_eq!(
        fixture
            .call("PATCH", "/model/c-1/update", &json!({}))
            .await
            .status,
        400
    );
    for (path, body) in [
        ("/model/delete", json!({"id": "none"})),
        ("/model/block", json!({"model_id": "none"})),
    ] {
        assert_eq!(fixture.post(ADMIN, path, &body).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn what_no_file_may_say_no_request_may() {
    let log = Log::capture();
    let fixture = Fixture::new().await;
    let refused = async |params: Value, field: &str| {
        let body = json!({"model_name": "x", "litellm_params": params});
        let answer = fixture.post(ADMIN, "/model/new", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
        let param = answer.json["error"]["param"].as_str().unwrap().to_owned();
        assert_eq!(param, field, "{}", answer.text);
        assert_clean(&answer, &[KEY]);
    };
    for reference in [
        "os.environ/X",
        "env:X",
        "${X}",
        "file:///etc/passwd",
        "vault://x",
    ] {
        for field in ["api_key", "api_base", "api_version", "my_token", "custom"] {
            refused(
                json!({"model": "openai/x", field: reference}),
                &format!("litellm_params.{field}"),
            )
            .await;
        }
        let nested = json!({"model": "openai/x", "extra_body": {"a": [{"b": reference}]}});
        refused(nested, "litellm_params.extra_body.a[0].b").await;
    }
    refused(json!({"api_key": KEY}), "litellm_params").await;
    refused(
        json!({"model": "nobody/x", "api_key": KEY}),
        "litellm_params.model",
    )
    .await;
    refused(
        json!({"model": "just-a-name", "api_key": KEY}),
        "litellm_params.model",
    )
    .await;
    refused(
        json!({"model": "anthropic/claude"}),
        "litellm_params.api_key",
    )
    .await;
    refused(
        json!({"model": "openai/x", "api_kye": KEY}),
        "litellm_params.api_kye",
    )
    .await;
    refused(
        json!({"model": "openai/x", "rpm": "many"}),
        "litellm_params.rpm",
    )
    .await;
    refused(
        json!({"model": "openai/x", "api_key": "a\nb"}),
        "litellm_params.api_key",
    )
    .await;
    refused(
        json!({"model": "openai/x", "extra_headers": {"Host": "x"}}),
        "litellm_params.extra_headers.Host",
    )
    .await;
    refused(
        json!({"model": "openai/x", "extra_body": {"api_key": KEY}}),
        "litellm_params.extra_body.api_key",
    )
    .await;
    for base in [
        "nonsense",
        "ftp://x.example",
        "https://a:b@x.example",
        "http://127.0.0.1",
        "http://10.0.0.1",
        "https://llm.internal",
        "http://localhost:11434",
    ] {
        refused(
            json!({"model": "openai/x", "api_base": base}),
            "litellm_params.api_base",
        )
        .await;
    }
    for base in [
        "http://169.254.169.254",
        "http://[fe80::1]",
        "http://0.0.0.0",
    ] {
        let params = json!({"model": "openai/x", "api_base": base, "allow_private_address": true});
        refused(params, "litellm_params.api_base").await;
    }
    let private = json!({"model": "openai/x", "api_base": "http://127.0.0.1:1", "allow_private_address": true});
    fixture
        .model(&json!({"model_name": "x", "litellm_params": private}))
        .await;
    for body in [
        json!({"model_name": "x"}),
        json!({"model_name": "x", "litellm_params": {"model": "openai/x"}, "modle_info": {}}),
        json!({"model_name": "", "litellm_params": {"model": "openai/x"}}),
        json!({"model_name": "x", "litellm_params": {"model": "openai/x"}, "model_info": {"id": 5}}),
        json!({"model_name": "x", "litellm_params": {"model": "openai/x"}, "model_info": {"api_key": KEY}}),
    ] {
        let answer = fixture.post(ADMIN, "/model/new", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
        assert_clean(&answer, &[KEY]);
    }
    assert_eq!(fixture.plane.feed.directory().deployments.len(), 1);
    log.assert_clean(40, &[KEY]);
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

#[tokio::test]
async fn callers_see_the_models_that_they_may_use() {
    let fixture = Fixture::new().await;
    fixture.configure("c-1", "claude");
    fixture.model(&everything()).await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.user("ops", Role::Operator, &[]).await;
    fixture.user("watch", Role::ProxyAdminViewer, &[]).await;
    fixture
        .narrow(
            "ada",
            Grant {
                models: Some(vec!["gpt-*".into(), "claude".into()]),
                ..Grant::default()
            },
            Default::default(),
        )
        .await;
    let (one, _) = fixture
        .key(&json!({"user_id": "ada", "models": ["gpt-4o"]}))
        .await;
    let (all, _) = fixture.key(&json!({"user_id": "ada"})).await;
    let (operator, _) = fixture
        .key(&json!({"user_id": "ops", "models": ["nothing"]}))
        .await;
    let (viewer, _) = fixture.key(&json!({"user_id": "watch"})).await;
    let names = async |key: &str, path: &str| -> Vec<String> {
        let answer = fixture.get(key, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_clean(&answer, &[KEY, HEADER, CLOUD]);
        assert!(!answer.text.contains("example.com"), "{}", answer.text);
        let rows = answer.json["data"].as_array().unwrap();
        let name = |row: &Value| {
            row["model_name"]
                .as_str()
                .or(row["model_group"].as_str())
                .unwrap()
                .to_owned()
        };
        rows.iter().map(name).collect()
    };
    for path in [
        "/model/info",
        "/v1/model/info",
        "/v2/model/info",
        "/model_group/info",
    ] {
        assert_eq!(names(&one, path).await, ["gpt-4o"], "{path}");
        for key in [&all, &operator, &viewer] {
            assert_eq!(names(key, path).await, ["claude", "gpt-4o"], "{path}");
        }
    }
    // A client is told what it needs; who administers the gateway, everything but the address.
    let row = fixture.get(&one, "/model/info").await.json["data"][0].clone();
    let params: Vec<&String> = row["litellm_params"].as_object().unwrap().keys().collect();
    assert_eq!(params, ["model", "rpm", "tpm"]);
    let hidden = fixture.get(&one, "/model/info?litellm_model_id=c-1").await;
    let none = fixture.get(&one, "/model/info?litellm_model_id=none").await;
    assert_eq!((hidden.status, &hidden.text), (404, &none.text));
    for (path, body) in [
        ("/model/new", everything()),
        ("/model/delete", json!({"id": "m-1"})),
    ] {
        for key in [&one, &operator, &viewer] {
            assert_eq!(fixture.post(key, path, &body).await.status, 403, "{path}");
        }
    }
    // Calls cannot go to a blocked deployment, so that its group is not offered.
    fixture
        .post(ADMIN, "/model/block", &json!({"model_id": "m-1"}))
        .await;
    assert!(names(&one, "/model_group/info").await.is_empty());
    let row = fixture.get(&one, "/model/info").await.json["data"][0].clone();
    assert_eq!(row["model_info"]["blocked"], json!(true));
}

#[tokio::test]
async fn without_stored_models_none_is_taken() {
    let fixture = Fixture::new().await;
    let settings = fixture.plane.settings.load();
    fixture.plane.settings.store(Arc::new(Settings {
        administrators: settings.administrators.clone(),
        key_header: None,
        key_life: settings.key_life,
        models: Vec::new(),
        stores_models: false,
        keyed_providers: Vec::new(),
    }));
    let answer = fixture.post(ADMIN, "/model/new", &everything()).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_clean(&answer, &[KEY, HEADER, CLOUD]);
}
