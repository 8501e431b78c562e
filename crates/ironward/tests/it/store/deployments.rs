//! Deployments of the database beside those of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_core::{Id, Random, SystemClock};
use ironward_secret::Secret;
use ironward_store::objects::{Kind, SealedValue, StoredDeployment, ValuePlace};
use ironward_store::{Change, Location, LockedStore, Store};
use ironward_testkit::{Gateway, SeededRandom, Upstream};
use ironward_vault::{FileKek, Vault, WrappedKey};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::rewrap::seal;
use super::{Site, call_to, sqlite};
use crate::rig::wait_until;

const SETTINGS: &str = "general_settings:\n  store_model_in_db: true\n";

/// The site's store, opened beside the gateway as another node would.
async fn store(site: &Site, random: &Arc<dyn Random>) -> Store {
    let location = Location::Sqlite(sqlite(site));
    let locked = LockedStore::open(&location, &SystemClock, &**random)
        .await
        .unwrap();
    let kek = FileKek::open(&site.path("kek"), &site.path("state"), Arc::clone(random)).unwrap();
    let stored = locked.wrapped_keys().await.unwrap();
    let stored = stored.into_iter().map(|key| WrappedKey {
        version: key.version,
        kek: key.kek.into(),
        state: key.state.parse().unwrap(),
        wrapped: key.wrapped,
        made: key.made / 1000,
    });
    let clock = Arc::new(SystemClock);
    let vault = Vault::open(Arc::new(kek), stored.collect(), clock, Arc::clone(random)).await;
    let keys = vault.unwrap().keyring();
    locked.unlock(keys, Arc::clone(random)).await.unwrap()
}

/// A gateway that is asked for stored deployments, and the store that they are written to as the
/// admin plane does.
struct World {
    upstream: Upstream,
    site: Site,
    gateway: Gateway,
    admin_key: String,
    random: Arc<dyn Random>,
    runtime: Runtime,
    store: Store,
}

impl World {
    fn new() -> Self {
        let site = Site::with(SETTINGS);
        let gateway = site.gateway().start();
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(99));
        Self {
            upstream: Upstream::start(),
            store: runtime.block_on(store(&site, &random)),
            admin_key: gateway.admin_key().to_owned(),
            site,
            gateway,
            random,
            runtime,
        }
    }

    fn write(&self, change: Change) {
        let written = self.runtime.block_on(self.store.write(&[change]));
        written.expect("it is written");
    }

    /// Writes a deployment of the scripted upstream, whose group is called like it.
    fn put(&self, id: &str, more: &Value) {
        self.put_object(id, &self.deployment(id, more));
    }

    fn put_object(&self, id: &str, object: &StoredDeployment) {
        self.write(Change::create(&Id::new(id), object));
    }

    fn deployment(&self, name: &str, more: &Value) -> StoredDeployment {
        let base = format!("{}/v1", self.upstream.url());
        let mut params = json!({"model": "openai/gpt-test", "api_base": base});
        for (key, value) in more.as_object().expect("an object") {
            params[key] = value.clone();
        }
        StoredDeployment {
            model_name: name.into(),
            params: params.as_object().expect("an object").clone(),
            ..StoredDeployment::default()
        }
    }

    /// A value sealed for the deployment `id`.
    fn sealed(&self, id: &str, value: &str) -> BTreeMap<Box<str>, SealedValue> {
        let place = ValuePlace {
            installation: self.store.locked().installation(),
            kind: Kind::Deployment,
            id,
            field: "api_key",
        };
        let keys = self.store.keys();
        let value = SealedValue::seal(&keys, &place, 1, &Secret::new(value), &*self.random);
        BTreeMap::from([("api_key".into(), value.expect("it is sealed"))])
    }

    fn status(&self, model: &str) -> u16 {
        call_to(&self.gateway, &self.admin_key, model)
    }

    /// The key that the provider got.
    fn key_sent_to(&self, model: &str) -> String {
        assert_eq!(self.status(model), 200, "{model}");
        let call = self.upstream.last_call();
        let sent = call.header("authorization");
        sent.strip_prefix("Bearer ").unwrap_or_default().to_owned()
    }
}

#[test]
fn they_join_and_a_bad_one_does_no_harm() {
    let world = World::new();
    let sealed = world.sealed("own", "sk-key-of-the-deployment");
    let with = |name: &str| StoredDeployment {
        sealed: sealed.clone(),
        ..world.deployment(name, &json!({}))
    };
    world.put_object("own", &with("own"));
    // A value that was sealed for another deployment.
    world.put_object("stolen", &with("stolen"));
    world.put("broken", &json!({"model": null}));
    world.put("literal", &json!({"api_key": "os.environ/PATH"}));
    let blocked = StoredDeployment {
        blocked: true,
        ..world.deployment("blocked", &json!({}))
    };
    world.put_object("blocked", &blocked);
    world.put("last", &json!({"api_key": "sk-last"}));

    wait_until("the last one joins", || world.status("last") == 200);
    assert_eq!(world.key_sent_to("own"), "sk-key-of-the-deployment");
    assert_eq!(world.key_sent_to("literal"), "os.environ/PATH");
    assert_eq!(world.status("mock"), 200);
    for model in ["stolen", "broken", "blocked"] {
        assert_ne!(world.status(model), 200, "{model}");
    }
    let log = world.gateway.log();
    for line in [
        "deployment stolen of the database is left out: its api_key does not open",
        "deployment broken of the database is left out",
    ] {
        assert!(log.contains(line), "no {line:?} in {log}");
    }
    world.write(Change::delete(&Id::<StoredDeployment>::new("own"), 1));
    wait_until("it is gone", || world.status("own") != 200);
}

#[test]
fn a_credential_is_named_and_changes_without_a_restart() {
    let world = World::new();
    seal(&world.site, "ours", "sk-key-of-the-stored-credential");
    world.put("named", &json!({"litellm_credential_name": "ours"}));
    wait_until("it joins", || world.status("named") == 200);
    assert_eq!(
        world.key_sent_to("named"),
        "sk-key-of-the-stored-credential"
    );
    // Names are compared as they are, with what is around them.
    seal(&world.site, "\u{a0}ours ", "sk-key-of-the-one-with-blanks");
    let blanks = json!({"litellm_credential_name": "\u{a0}ours "});
    world.put(" with blanks\u{2003}", &blanks);
    wait_until("it joins", || world.status(" with blanks\u{2003}") == 200);
    assert_eq!(
        world.key_sent_to(" with blanks\u{2003}"),
        "sk-key-of-the-one-with-blanks"
    );
    seal(&world.site, "ours", "sk-the-next-key-of-the-credential");
    wait_until("the new value is sent", || {
        world.key_sent_to("named") == "sk-the-next-key-of-the-credential"
    });
}
