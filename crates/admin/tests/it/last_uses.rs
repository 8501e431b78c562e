//! When keys and credentials were used last, and where credentials are sent.

use std::collections::BTreeSet;
use std::time::Duration;

use ironward_admin::Sites;
use ironward_store::DirectoryWriter;
use ironward_store::objects::{Content, Credential, Kind, StoredDeployment};
use serde_json::{Value, json};

use crate::fixture::{ADMIN, Fixture};

impl Fixture {
    /// What another node has kept of a key's uses.
    async fn kept_elsewhere(&self, id: &str, now: u64) {
        let held = self.plane.feed.directory().keys.find(id).unwrap();
        let mut writer = DirectoryWriter::new();
        writer.set(id, Content::Key(Box::new(held.object.whole())));
        let directory = writer.directory();
        let found = directory.keys.find(id).unwrap();
        found.object.last_use.note(now);
        self.plane.store.keep_uses(&directory).await.unwrap();
    }

    fn used(&self, id: &str, now: u64) {
        let held = self.plane.feed.directory().keys.find(id).unwrap();
        held.object.last_use.note(now);
    }

    /// What every route that shows a key says.
    async fn last_active(&self, id: &str) -> Value {
        let path = format!("/key/info?key={id}");
        let one = self.get(ADMIN, &path).await.json["info"]["last_active"].clone();
        let path = format!("/key/list?return_full_object=true&key_hash={id}");
        let listed = self.get(ADMIN, &path).await;
        assert_eq!(listed.json["keys"][0]["last_active"], one);
        let body = json!({"keys": [id]});
        let many = self.post(ADMIN, "/v2/key/info", &body).await;
        assert_eq!(many.json["info"][0]["last_active"], one);
        one
    }

    /// Takes over where the secrets of the deployments in force are sent.
    fn sends_to(&self, of: (Kind, &str), sites: &[&str]) {
        let sites: BTreeSet<Box<str>> = sites.iter().map(|site| (*site).into()).collect();
        let sites = Sites::from([((of.0, of.1.into()), sites)]);
        self.change_settings(|settings| settings.sites = sites);
    }
}

#[tokio::test]
async fn a_key_was_last_active_on_whichever_node_it_was_last() {
    let fixture = Fixture::new().await;
    let (_, id) = fixture.key(&json!({})).await;
    assert_eq!(fixture.last_active(&id).await, Value::Null);
    fixture.used(&id, 70_999);
    assert_eq!(fixture.last_active(&id).await, "1970-01-01T00:01:10Z");
    fixture.kept_elsewhere(&id, 60_000).await;
    assert_eq!(fixture.last_active(&id).await, "1970-01-01T00:01:10Z");
    fixture.kept_elsewhere(&id, 80_000).await;
    assert_eq!(fixture.last_active(&id).await, "1970-01-01T00:01:20Z");

    // A change keeps it, and so does a new secret.
    let changed = json!({"key": id, "key_alias": "other"});
    fixture.post(ADMIN, "/key/update", &changed).await;
    fixture
        .post(ADMIN, "/key/regenerate", &json!({"key": id}))
        .await;
    assert_eq!(fixture.last_active(&id).await, "1970-01-01T00:01:20Z");

    // Without the database an answer is what this node knows.
    fixture.plane.store.locked().close().await;
    fixture.used(&id, 90_000);
    assert_eq!(fixture.last_active(&id).await, "1970-01-01T00:01:30Z");
}

#[tokio::test]
async fn a_key_that_is_let_in_here_is_used_and_one_that_is_refused_is_not() {
    let fixture = Fixture::new().await;
    let (key, id) = fixture.key(&json!({})).await;
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(fixture.get(&key, "/key/info").await.status, 200);
    let seen = fixture.last_active(&id).await;
    assert_ne!(seen, Value::Null);
    let blocked = fixture.post(ADMIN, "/key/block", &json!({"key": id})).await;
    assert_eq!(blocked.status, 200);
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(fixture.get(&key, "/key/info").await.status, 401);
    assert_eq!(fixture.last_active(&id).await, seen);
}

#[tokio::test]
async fn a_credential_says_where_it_goes_and_when_it_did() {
    let fixture = Fixture::new().await;
    let credential = Credential::default();
    fixture.put("ours", &credential).await;
    let show = || async {
        let one = fixture.get(ADMIN, "/credentials/by_name/ours").await.json;
        let listed = fixture.get(ADMIN, "/credentials").await.json;
        assert_eq!(listed["credentials"][0], one);
        (one["origin"].clone(), one["last_used_at"].clone())
    };
    // No deployment uses it yet.
    assert_eq!(show().await, (json!([]), Value::Null));
    let sites = ["https://api.openai.com", "https://llm.example.com:8443"];
    fixture.sends_to((Kind::Credential, "ours"), &sites);
    let uses = &fixture.plane.feed.directory().credential_uses;
    uses.of("ours").unwrap().note(70_000);
    assert_eq!(show().await, (json!(sites), json!("1970-01-01T00:01:10Z")));
    fixture
        .plane
        .store
        .keep_uses(&fixture.plane.feed.directory())
        .await
        .unwrap();

    // Another one of the same name begins anew.
    let gone = fixture
        .call("DELETE", "/credentials/ours", &json!({}))
        .await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    fixture.put("ours", &credential).await;
    assert_eq!(show().await.1, Value::Null);
}

#[tokio::test]
async fn the_secrets_of_a_deployment_too() {
    let fixture = Fixture::new().await;
    let params = json!({"model": "openai/x", "api_base": "https://llm.example.com/v1"});
    let deployment = StoredDeployment {
        model_name: "x".into(),
        params: params.as_object().unwrap().clone(),
        ..StoredDeployment::default()
    };
    fixture.put("d", &deployment).await;
    let uses = &fixture.plane.feed.directory().deployment_uses;
    uses.of("d").unwrap().note(70_000);
    let shown = fixture.get(ADMIN, "/credentials/by_model/d").await.json;
    assert_eq!(shown["origin"], json!(["https://llm.example.com"]));
    assert_eq!(shown["last_used_at"], "1970-01-01T00:01:10Z");
}
