//! Provider credentials: they go in and never come out.

use axum::body::Body;
use ironward_core::Role;
use ironward_store::objects::{Kind, SealedValue, ValuePlace};
use serde_json::{Value, json};

use crate::canary::{Log, assert_clean, assert_no_part};
use crate::fixture::{ADMIN, Answered, Fixture};

const KEY: &str = "sk-canary-Zq8vT3mWx71Lr0Pd";
const PASSWORD: &str = "correct horse battery staple";
const HEADER: &str = "tok-9f2c-77aa-hidden-header";

fn everything() -> Value {
    json!({
        "credential_name": "ours / \u{fc}ber",
        "credential_values": {
            "api_key": KEY,
            "api_base": "https://llm.example.com/v1",
            "azure_password": PASSWORD,
            "extra_headers": {"X-Gate": HEADER},
            "vertex_credentials": {"type": "service_account", "private_key": KEY},
            "some_new_field": KEY,
            "allow_private_address": false,
        },
        "credential_info": {"description": "production", "custom_llm_provider": "openai"},
        "display_name": "Ours",
    })
}

const PATH: &str = "/credentials/ours%20%2F%20%C3%BCber";
const BY_NAME: &str = "/credentials/by_name/ours%20%2F%20%C3%BCber";
const NAME: &str = "ours / \u{fc}ber";

impl Fixture {
    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Answered {
        let authorization = format!("Bearer {ADMIN}");
        let headers = [("authorization", authorization.as_str())];
        self.send(method, path, &headers, Body::from(body.to_string()))
            .await
    }

    fn sealed(&self, name: &str, field: &str) -> SealedValue {
        let credential = self.plane.feed.directory().credentials.find(name).unwrap();
        credential.object.sealed[field].clone()
    }

    /// What is stored, opened where it belongs.
    fn opened(&self, name: &str, field: &str) -> Vec<u8> {
        let place = ValuePlace {
            installation: self.plane.store.locked().installation(),
            kind: Kind::Credential,
            id: name,
            field,
        };
        let value = self.sealed(name, field);
        let opened = value.open(&self.plane.store.keys(), &place).unwrap();
        opened.expose().bytes().to_vec()
    }
}

#[tokio::test]
async fn answers_have_litellms_shapes_and_no_secret() {
    let fixture = Fixture::new().await;
    let log = Log::capture();
    let secrets = [KEY, PASSWORD, HEADER];
    let mut said = Vec::new();
    let made = fixture.post(ADMIN, "/credentials", &everything()).await;
    assert_eq!(made.status, 200, "{}", made.text);
    insta::assert_snapshot!("credential_new", made.text);
    said.push(made);
    fixture.clock.advance(std::time::Duration::from_secs(90));
    let listed = fixture.get(ADMIN, "/credentials").await;
    insta::assert_snapshot!(
        "credential_list",
        serde_json::to_string_pretty(&listed.json).unwrap()
    );
    said.push(listed);
    said.push(fixture.get(ADMIN, BY_NAME).await);
    assert_eq!(said[2].json["credential_name"], json!(NAME));
    said.push(fixture.post(ADMIN, "/credentials", &everything()).await);
    assert_eq!(said[3].status, 400);
    let changed = json!({"credential_values": {"api_key": "sk-another-key-of-theirs"}});
    said.push(fixture.call("PATCH", PATH, &changed).await);
    assert_eq!(said[4].status, 200, "{}", said[4].text);
    said.push(fixture.get(ADMIN, "/credentials").await);
    said.push(fixture.call("DELETE", PATH, &json!({})).await);
    assert_eq!(said[6].status, 200, "{}", said[6].text);
    said.push(fixture.get(ADMIN, BY_NAME).await);
    assert_eq!(said[7].status, 404);
    for answered in &said {
        assert_clean(answered, &secrets);
    }
    log.assert_clean(4, &secrets);
}

#[tokio::test]
async fn secrets_are_sealed_for_their_place() {
    let fixture = Fixture::new().await;
    fixture.post(ADMIN, "/credentials", &everything()).await;
    assert_eq!(fixture.opened(NAME, "api_key"), KEY.as_bytes());
    assert_eq!(fixture.opened(NAME, "some_new_field"), KEY.as_bytes());
    let body = serde_json::to_string(
        &fixture
            .plane
            .feed
            .directory()
            .credentials
            .find(NAME)
            .unwrap()
            .object,
    );
    assert_no_part(&body.unwrap(), &[KEY, PASSWORD, HEADER]);
    // Equal values have equal fingerprints and different ciphertexts.
    let (one, other) = (
        fixture.sealed(NAME, "api_key"),
        fixture.sealed(NAME, "some_new_field"),
    );
    assert_eq!(one.fingerprint, other.fingerprint);
    assert_ne!(one.sealed, other.sealed);
    // What is not sent again stays as it was sealed; what is sent is sealed for the new version.
    let update = json!({"credential_values": {"api_key": "sk-new-value-0123456789"},
                        "credential_info": {"description": "changed"}});
    let changed = fixture.call("PATCH", PATH, &update).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(fixture.sealed(NAME, "some_new_field"), other);
    assert_eq!(fixture.sealed(NAME, "api_key").version, 2);
    assert_eq!(
        fixture.opened(NAME, "api_key"),
        b"sk-new-value-0123456789".to_vec()
    );
    let shown = fixture.get(ADMIN, BY_NAME).await;
    assert_eq!(
        shown.json["credential_info"],
        json!({"description": "changed", "display_name": "Ours"})
    );
    // And what is taken away is gone.
    let update = json!({"credential_values": {"azure_password": null},
                        "credential_values_to_delete": ["some_new_field"]});
    assert_eq!(fixture.call("PATCH", PATH, &update).await.status, 200);
    let shown = fixture.get(ADMIN, BY_NAME).await;
    let values = shown.json["credential_values"].as_object().unwrap();
    assert!(!values.contains_key("azure_password") && !values.contains_key("some_new_field"));
}

#[tokio::test]
async fn a_ciphertext_from_elsewhere_is_a_text_like_any_other() {
    let fixture = Fixture::new().await;
    fixture.post(ADMIN, "/credentials", &everything()).await;
    let stolen = fixture.sealed(NAME, "api_key");
    for (name, field) in [("copy", "api_key"), (NAME, "azure_password")] {
        let body = json!({"credential_name": name, "credential_values": {field: stolen.sealed}});
        let answer = if name == NAME {
            fixture
                .call(
                    "PATCH",
                    PATH,
                    &json!({"credential_values": {field: stolen.sealed}}),
                )
                .await
        } else {
            fixture.post(ADMIN, "/credentials", &body).await
        };
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(fixture.opened(name, field), stolen.sealed.as_bytes());
        assert_ne!(fixture.sealed(name, field).fingerprint, stolen.fingerprint);
    }
    // What an answer shows in the place of a value is no value.
    let shown = fixture.get(ADMIN, BY_NAME).await.json["credential_values"]["api_key"].clone();
    let body = json!({"credential_name": "again", "credential_values": {"api_base": shown}});
    assert_eq!(fixture.post(ADMIN, "/credentials", &body).await.status, 422);
}

#[tokio::test]
async fn references_are_refused_and_named() {
    let fixture = Fixture::new().await;
    for reference in [
        "os.environ/OPENAI_API_KEY",
        "env:X",
        "${HOME}",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "vault://secret/x#y",
        "aws-sm://x",
    ] {
        for (body, field) in [
            (
                json!({"credential_values": {"api_key": reference}}),
                "credential_values.api_key",
            ),
            (
                json!({"credential_values": {"api_base": reference}}),
                "credential_values.api_base",
            ),
            (
                json!({"credential_values": {"api_key": KEY, "extra_headers": {"X": reference}}}),
                "credential_values.extra_headers.X",
            ),
            (
                json!({"credential_values": {"api_key": KEY}, "credential_info": {"a": [reference]}}),
                "credential_info.a[0]",
            ),
        ] {
            let mut body = body;
            body["credential_name"] = json!("x");
            let answer = fixture.post(ADMIN, "/credentials", &body).await;
            assert_eq!(answer.status, 400, "{body}: {}", answer.text);
            assert_eq!(
                answer.json["error"]["param"],
                json!(field),
                "{}",
                answer.text
            );
            assert_clean(&answer, &[KEY]);
        }
    }
    assert!(fixture.plane.feed.directory().credentials.is_empty());
}

#[tokio::test]
async fn what_cannot_be_right_is_refused() {
    let log = Log::capture();
    let fixture = Fixture::new().await;
    for values in [
        json!({}),
        json!({"api_key": ""}),
        json!({"api_key": 5}),
        json!({"api_key": "line\nbreak-of-the-key"}),
        json!({"api_key": KEY, "api_base": "not a url"}),
        json!({"api_key": KEY, "api_base": "https://user:pw@llm.example.com"}),
        json!({"api_key": KEY, "api_base": "http://127.0.0.1:9"}),
        json!({"api_key": KEY, "api_base": "https://internal-host/v1"}),
        json!({"api_base": "http://169.254.169.254", "allow_private_address": true}),
        json!({"api_base": "http://[fd00:ec2::254]", "allow_private_address": true}),
        json!({"": KEY}),
        json!({"a b": KEY}),
    ] {
        let body = json!({"credential_name": "x", "credential_values": values});
        let answer = fixture.post(ADMIN, "/credentials", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
        assert_clean(&answer, &[KEY, "line\nbreak-of-the-key"]);
    }
    for body in [
        json!({"credential_values": {"api_key": KEY}}),
        json!({"credential_name": "x", "credential_values": {"api_key": KEY}, "modle": 1}),
        json!({"credential_name": "x", "credential_values": {"api_key": KEY}, "model_id": "m"}),
        json!({"credential_name": "x", "credential_values": {"api_key": KEY}, "credential_info": {"api_key": KEY}}),
        json!({"credential_name": "x", "credential_values": [KEY]}),
    ] {
        let answer = fixture.post(ADMIN, "/credentials", &body).await;
        assert!(
            matches!(answer.status, 400 | 422),
            "{body}: {}",
            answer.text
        );
        assert_clean(&answer, &[KEY]);
    }
    let private = json!({"credential_name": "local", "credential_values":
        {"api_base": "http://127.0.0.1:9", "allow_private_address": true}});
    assert_eq!(
        fixture.post(ADMIN, "/credentials", &private).await.status,
        200
    );
    log.assert_clean(15, &[KEY]);
}

#[tokio::test]
async fn a_name_is_what_it_is() {
    let fixture = Fixture::new().await;
    let name = "\u{2003}ours ";
    for (name, key) in [(name, KEY), ("ours", "sk-of-the-other")] {
        let body = json!({"credential_name": name, "credential_values": {"api_key": key}});
        let made = fixture.post(ADMIN, "/credentials", &body).await;
        assert_eq!(made.status, 200, "{}", made.text);
    }
    let path = "/credentials/by_name/%E2%80%83ours%20";
    let shown = fixture.get(ADMIN, path).await;
    assert_eq!(shown.json["credential_name"], json!(name), "{}", shown.text);
    let model = |credential: &str| json!({"model_name": " gpt ", "litellm_params": {"model": "anthropic/x", "litellm_credential_name": credential}});
    let made = fixture.post(ADMIN, "/model/new", &model(name)).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["model_name"], json!(" gpt "));
    let unknown = fixture.post(ADMIN, "/model/new", &model(" ours")).await;
    assert_eq!(unknown.status, 400, "{}", unknown.text);
    // It is in use by this name alone.
    let kept = fixture
        .call("DELETE", "/credentials/%E2%80%83ours%20", &json!({}))
        .await;
    assert_ne!(kept.status, 200, "{}", kept.text);
    let gone = fixture
        .call("DELETE", "/credentials/ours", &json!({}))
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
}

#[tokio::test]
async fn a_secret_stays_with_its_address() {
    let fixture = Fixture::new().await;
    let body = json!({"credential_name": "c", "credential_values":
        {"api_key": KEY, "api_base": "https://llm.example.com"}});
    assert_eq!(fixture.post(ADMIN, "/credentials", &body).await.status, 200);
    for values in [
        json!({"api_base": "https://evil.example.net"}),
        json!({"api_base": null}),
        json!({"base_url": "https://evil.example.net"}),
        json!({"allow_private_address": true}),
        json!({"custom_llm_provider": "groq"}),
    ] {
        let update = json!({ "credential_values": values });
        let answer = fixture.call("PATCH", "/credentials/c", &update).await;
        assert_eq!(answer.status, 400, "{values}: {}", answer.text);
    }
    let update = json!({"credential_values": {"api_key": "sk-of-the-new-place", "api_base": "https://other.example.com"}});
    let answer = fixture.call("PATCH", "/credentials/c", &update).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let renamed = json!({"credential_name": "d"});
    assert_eq!(
        fixture
            .call("PATCH", "/credentials/c", &renamed)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn only_administrators_see_and_change_credentials() {
    let fixture = Fixture::new().await;
    fixture.post(ADMIN, "/credentials", &everything()).await;
    fixture.user("ada", Role::InternalUser, &[]).await;
    fixture.user("watch", Role::ProxyAdminViewer, &[]).await;
    let (user, _) = fixture.key(&json!({"user_id": "ada"})).await;
    let (viewer, _) = fixture.key(&json!({"user_id": "watch"})).await;
    let ask = async |key: &str, method: &str, path: &str| {
        let authorization = format!("Bearer {key}");
        let headers = [("authorization", authorization.as_str())];
        let body = Body::from(everything().to_string());
        fixture.send(method, path, &headers, body).await.status
    };
    for (method, path, seen) in [
        ("GET", "/credentials", true),
        ("GET", BY_NAME, true),
        ("POST", "/credentials", false),
        ("PATCH", PATH, false),
        ("DELETE", PATH, false),
    ] {
        assert_eq!(ask(&user, method, path).await, 403, "{method} {path}");
        let expected = if seen { 200 } else { 403 };
        assert_eq!(
            ask(&viewer, method, path).await,
            expected,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn nothing_is_sealed_while_the_key_encryption_key_is_gone() {
    let fixture = Fixture::new().await;
    assert_eq!(
        fixture
            .post(ADMIN, "/credentials", &everything())
            .await
            .status,
        200
    );
    let set_lost = |is_lost| {
        let order = std::sync::atomic::Ordering::Relaxed;
        fixture.vault.is_lost.store(is_lost, order);
    };
    set_lost(true);
    let new = json!({"credential_name": "new", "credential_values": {"api_key": KEY}});
    let changed = json!({"credential_values": {"api_key": "sk-another-secret"}});
    let model = json!({
        "model_name": "m",
        "litellm_params": {"model": "openai/gpt-4o", "api_key": KEY},
    });
    let before = fixture.sealed(NAME, "api_key");
    for (method, path, body) in [
        ("POST", "/credentials", &new),
        ("PATCH", PATH, &changed),
        ("POST", "/model/new", &model),
    ] {
        let refused = fixture.call(method, path, body).await;
        assert_eq!(refused.status, 503, "{path}: {}", refused.text);
        assert_eq!(refused.json["error"]["type"], "vault_unavailable");
        assert!(
            refused
                .text
                .contains("the key-encryption key does not answer; nothing was changed"),
            "{}",
            refused.text
        );
        assert_eq!(refused.headers["retry-after"], "1");
    }
    assert_eq!(fixture.sealed(NAME, "api_key"), before);
    let directory = fixture.plane.feed.directory();
    assert!(directory.credentials.find("new").is_none());
    assert_eq!(directory.deployments.iter().count(), 0);
    // What seals nothing goes on.
    fixture.key(&json!({})).await;
    let open = json!({"credential_info": {"description": "still"}});
    assert_eq!(fixture.call("PATCH", PATH, &open).await.status, 200);
    assert_eq!(fixture.get(ADMIN, BY_NAME).await.status, 200);
    set_lost(false);
    assert_eq!(fixture.post(ADMIN, "/credentials", &new).await.status, 200);
}
