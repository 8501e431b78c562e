//! Deployments: made, changed and shown over the API.

use std::sync::Arc;

use axum::http::HeaderMap;
use ironward_admin::ConfiguredModel;
use ironward_catalogue::{Priced, Prices, Pricing};
use ironward_core::{CredentialId, Deployment, DeploymentId, ParamPolicy, Role, Timeouts};
use ironward_policy::Grant;
use ironward_store::objects::{Kind, ValuePlace};
use serde_json::{Value, json};

use crate::canary::{Log, assert_clean, assert_no_part};
use crate::fixture::{ADMIN, Fixture, prices};

pub(crate) const KEY: &str = "sk-canary-Zq8vT3mWx71Lr0Pd";
const HEADER: &str = "tok-9f2c-77aa-hidden-header";
const CLOUD: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCY";

pub(crate) fn everything() -> Value {
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
        let priced = Priced {
            provider: "anthropic",
            model: "claude",
            base: None,
            own: Prices::default(),
            region: None,
        };
        let pricing = Arc::new(Pricing::new(prices(), priced));
        let model = ConfiguredModel::new(&deployment, &pricing, None);
        self.change_settings(|settings| settings.models.push(model));
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

    pub(crate) async fn model(&self, body: &Value) -> Value {
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
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
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
                .or_else(|| row["model_group"].as_str())
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
    fixture.change_settings(|settings| settings.stores_models = false);
    let answer = fixture.post(ADMIN, "/model/new", &everything()).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert_clean(&answer, &[KEY, HEADER, CLOUD]);
}
