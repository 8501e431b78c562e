//! Deployments of the database beside those of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_core::{Id, Random, SystemClock};
use ironward_secret::Secret;
use ironward_store::objects::{Kind, SealedValue, StoredDeployment, ValuePlace};
use ironward_store::{Change, Location, LockedStore, Store};
use ironward_testkit::{SeededRandom, Upstream};
use ironward_vault::{FileKek, Vault, WrappedKey};
use serde_json::{Value, json};

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

fn deployment(name: &str, params: Value) -> StoredDeployment {
    let Value::Object(params) = params else {
        panic!("an object")
    };
    StoredDeployment {
        model_name: name.into(),
        params,
        ..StoredDeployment::default()
    }
}

#[test]
fn they_join_and_a_bad_one_does_no_harm() {
    let upstream = Upstream::start();
    let base = format!("{}/v1", upstream.url());
    let site = Site::with(SETTINGS);
    let gateway = site.gateway().start();
    let admin_key = gateway.admin_key().to_owned();
    seal(&site, "ours", "sk-key-of-the-stored-credential");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let random: Arc<dyn Random> = Arc::new(SeededRandom::new(99));
    let store = runtime.block_on(store(&site, &random));
    let put = |id: &str, object: &StoredDeployment| {
        let change = Change::create(&Id::new(id), object);
        runtime.block_on(store.write(&[change])).unwrap();
    };

    let place = ValuePlace {
        installation: store.locked().installation(),
        kind: Kind::Deployment,
        id: "d1",
        field: "api_key",
    };
    let own = Secret::new("sk-key-of-the-deployment");
    let sealed = SealedValue::seal(&store.keys(), &place, 1, &own, &*random).unwrap();
    let mut first = deployment(
        "stored",
        json!({"model": "openai/gpt-test", "api_base": base}),
    );
    first.sealed = BTreeMap::from([("api_key".into(), sealed.clone())]);
    put("d1", &first);
    // A value that was sealed for another deployment, an entry without a model, a reference.
    let mut stolen = deployment(
        "stolen",
        json!({"model": "openai/gpt-test", "api_base": base}),
    );
    stolen.sealed = BTreeMap::from([("api_key".into(), sealed)]);
    put("d2", &stolen);
    put("d3", &deployment("broken", json!({"api_base": base})));
    put(
        "d4",
        &deployment(
            "literal",
            json!({"model": "openai/gpt-test", "api_base": base, "api_key": "os.environ/PATH"}),
        ),
    );
    put(
        "d5",
        &deployment(
            "named",
            json!({"model": "openai/gpt-test", "api_base": base, "litellm_credential_name": "ours"}),
        ),
    );
    put(
        "d6",
        &StoredDeployment {
            blocked: true,
            ..deployment(
                "blocked",
                json!({"model": "openai/gpt-test", "api_base": base}),
            )
        },
    );

    wait_until("the last one joins", || {
        call_to(&gateway, &admin_key, "named") == 200
    });
    for (model, key) in [
        ("stored", "sk-key-of-the-deployment"),
        ("literal", "os.environ/PATH"),
        ("named", "sk-key-of-the-stored-credential"),
    ] {
        assert_eq!(call_to(&gateway, &admin_key, model), 200, "{model}");
        let call = upstream.last_call();
        let sent = call.header("authorization");
        assert_eq!(sent, format!("Bearer {key}"), "{model}");
    }
    assert_eq!(call_to(&gateway, &admin_key, "mock"), 200);
    for model in ["stolen", "broken", "blocked"] {
        assert_ne!(call_to(&gateway, &admin_key, model), 200, "{model}");
    }
    let log = gateway.log();
    assert!(
        log.contains("deployment d2 of the database is left out: its api_key does not open"),
        "{log}"
    );
    assert!(
        log.contains("deployment d3 of the database is left out"),
        "{log}"
    );

    // Another value of the credential takes effect without a restart.
    seal(&site, "ours", "sk-the-next-key-of-the-credential");
    wait_until("the new value is sent", || {
        assert_eq!(call_to(&gateway, &admin_key, "named"), 200);
        let call = upstream.last_call();
        let sent = call.header("authorization");
        sent.ends_with("sk-the-next-key-of-the-credential")
    });
    let removal = Change::delete(&Id::<StoredDeployment>::new("d1"), 1);
    runtime.block_on(store.write(&[removal])).unwrap();
    wait_until("it is gone", || {
        call_to(&gateway, &admin_key, "stored") != 200
    });
}
