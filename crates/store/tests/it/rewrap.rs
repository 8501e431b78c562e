//! Everything moves to the current data key, and an interruption loses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use ironward_core::{Id, Random as _};
use ironward_secret::{Keyring, Place, Purpose, Sealed, Secret};
use ironward_store::objects::{Content, Credential, SealedValue, Team};
use ironward_store::{Change, Progress, Store, WrappedKey};
use ironward_testkit::{Postgres, SeededRandom};

use crate::fixture::{Base, data_key, load, over_postgres, over_sqlite, rotated, team};

#[test]
fn over_a_file() {
    over_sqlite(everything_moves);
}

#[test]
fn over_a_server() {
    let server = Postgres::start();
    over_postgres(&server, everything_moves);
}

fn place(row: &str, version: u64) -> Place<'_> {
    Place {
        tenant: "",
        table: "credential",
        row,
        field: "api_key",
        version,
    }
}

fn seal(keys: &Keyring, row: &str, version: u64, plain: &[u8]) -> SealedValue {
    let random = SeededRandom::new(version);
    let fill = |bytes: &mut [u8]| random.fill(bytes);
    let sealed = keys.seal(
        Purpose::Seal,
        &place(row, version),
        &Secret::exact(plain),
        &fill,
    );
    SealedValue {
        sealed: sealed.unwrap().to_string().into(),
        fingerprint: "f".into(),
        version,
        made: 7,
    }
}

/// As the vault does it: open each value, seal it for the next version of its row.
fn reseal(keys: &Keyring, id: &str, content: Content, version: u64) -> Option<Content> {
    let Content::Credential(mut credential) = content else {
        return None;
    };
    for value in credential.sealed.values_mut() {
        let sealed = Sealed::parse(&value.sealed).ok()?;
        let plain = keys
            .open(Purpose::Seal, &place(id, value.version), &sealed)
            .ok()?;
        *value = seal(keys, id, version, plain.expose().bytes());
    }
    Some(Content::Credential(credential))
}

async fn everything_moves(base: Base) {
    let store = base.store().await;
    let mut changes: Vec<_> = (0..250)
        .map(|number| Change::create(&Id::<Team>::new(&number.to_string()), &team("x")))
        .collect();
    let credential = Credential {
        sealed: BTreeMap::from([("api_key".into(), seal(&store.keys(), "c", 1, b"sk-canary"))]),
        ..Credential::default()
    };
    changes.push(Change::create(&Id::<Credential>::new("c"), &credential));
    store.write(&changes).await.unwrap();
    assert_eq!(
        store.count_under(1).await.unwrap(),
        251 + 2,
        "rows, the census, and its marks"
    );

    store.change_keys(Arc::new(rotated()));
    let keys = store.keys();
    let mut seal_again =
        |id: &str, content: Content, version: u64| reseal(&keys, id, content, version);
    let page = store.rewrap(1, Progress::default(), &mut seal_again);
    assert_eq!(page.await.unwrap().unwrap().moved, 100);
    store.locked().close().await;

    // Another process goes on: it knows nothing of the first.
    let store = base.store_with(Arc::new(rotated())).await;
    let left = store.count_under(1).await.unwrap();
    assert_eq!(
        left,
        251 - 100 + 1,
        "the census is sealed anew with each page, its marks are not"
    );
    assert_eq!(load(&store).await.unwrap().0.tampering, []);
    assert_eq!(finish(&store).await, 151);
    let old = WrappedKey {
        version: 1,
        kek: "file".to_owned(),
        state: "retired".to_owned(),
        wrapped: Vec::new(),
        made: 0,
    };
    store.locked().create_wrapped_key(&old).await.unwrap();
    assert!(!store.retire(&old).await.unwrap(), "the marks are under it");
    store.rewrap_census().await.unwrap();
    assert_eq!(store.count_under(1).await.unwrap(), 0);
    assert!(store.retire(&old).await.unwrap());
    store.locked().close().await;

    // The old key is not needed any more.
    let alone = Keyring::new(2, data_key(2)).unwrap();
    let store = base.store_with(Arc::new(alone)).await;
    let (load, rows) = load(&store).await.unwrap();
    assert_eq!((load.rows, load.tampering.len()), (251, 0));
    let content = rows.iter().find(|stored| &*stored.id == "c").unwrap();
    assert_eq!(
        content.version, 2,
        "a row whose content changed is a new version"
    );
    let Some(Content::Credential(credential)) = &content.content else {
        panic!()
    };
    let value = &credential.sealed["api_key"];
    let sealed = Sealed::parse(&value.sealed).unwrap();
    let plain = store
        .keys()
        .open(Purpose::Seal, &place("c", value.version), &sealed)
        .unwrap();
    assert_eq!(plain.expose().bytes(), b"sk-canary");
}

async fn finish(store: &Store) -> u64 {
    let keys = store.keys();
    let mut seal_again =
        |id: &str, content: Content, version: u64| reseal(&keys, id, content, version);
    let mut progress = Progress::default();
    loop {
        let next = store.rewrap(1, progress.clone(), &mut seal_again);
        match next.await.unwrap() {
            Some(next) => progress = next,
            None => return progress.moved,
        }
    }
}
