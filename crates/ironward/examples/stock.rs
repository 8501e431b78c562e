//! Writes 100,000 keys of nobody's to the database of a gateway that is not running, as another
//! node would: `stock DATA_DIR KEK_FILE [POSTGRES_URL]`. `cargo xtask bench keys` measures with it.
#![expect(
    clippy::expect_used,
    reason = "it stops at the first thing that goes wrong"
)]

use std::path::Path;
use std::sync::Arc;

use ironward_core::{Clock, Id, Random, SystemClock};
use ironward_policy::Grant;
use ironward_secret::Secret;
use ironward_store::objects::{Key, KeySecret, Origin, Owner, SecretForm};
use ironward_store::{Change, Location, LockedStore, Store};
use ironward_vault::{FileKek, Vault, WrappedKey};

const KEYS: u64 = 100_000;

fn main() {
    let mut args = std::env::args().skip(1);
    let mut arg = || args.next();
    let (data_dir, kek) = (arg().expect("a data directory"), arg().expect("a file"));
    let data_dir = Path::new(&data_dir);
    let location = match arg() {
        Some(url) => Location::Postgres(Secret::new(url.as_bytes())),
        None => Location::Sqlite(data_dir.join("ironward.db")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = open(&location, Path::new(&kek), data_dir).await;
        for start in (0..KEYS).step_by(1000) {
            let changes: Vec<_> = (start..start + 1000).map(change).collect();
            store.write(&changes).await.expect("keys are made");
        }
        store.locked().close().await;
    });
}

async fn open(location: &Location, kek: &Path, data_dir: &Path) -> Store {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let locked = LockedStore::open(location, &SystemClock, &*random)
        .await
        .expect("the database opens");
    let kek = FileKek::open(kek, data_dir, Arc::clone(&random)).expect("a key-encryption key");
    let stored = locked.wrapped_keys().await.expect("the data keys");
    let stored = stored.into_iter().map(|key| WrappedKey {
        version: key.version,
        kek: key.kek.into(),
        state: key.state.parse().expect("a state"),
        wrapped: key.wrapped,
        made: key.made / 1000,
    });
    let vault = Vault::open(Arc::new(kek), stored.collect(), clock, Arc::clone(&random)).await;
    let keys = vault.expect("the vault opens").keyring();
    locked
        .unlock(keys, random)
        .await
        .expect("the store unlocks")
}

struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has randomness");
    }
}

/// A key as applications have them, whose secret nobody knows.
fn change(number: u64) -> Change {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash: String = (0..4)
        .map(|part| format!("{:016x}", mixed.rotate_left(part * 13)))
        .collect();
    let key = Key {
        secrets: vec![KeySecret {
            form: SecretForm::Presented,
            hash: hash.into(),
            made: 1_770_000_000_000,
            until: None,
        }],
        alias: Some(format!("application {number}").into()),
        name: "sk-...abcd".into(),
        owner: Owner::User(Id::new(&format!("user-{}", number % 1000))),
        team: Some(Id::new(&format!("team-{}", number % 100))),
        creator: Some(Id::new("admin")),
        grant: Grant {
            models: Some(vec!["gpt-5".into(), "claude-*".into()]),
            // Each its own: nothing to share.
            expires: Some(4_000_000_000_000 + number),
            ..Grant::default()
        },
        tags: vec!["production".into()],
        origin: Origin {
            created_at: 1_770_000_000_000 + number,
            created_by: "admin".into(),
            updated_at: 1_770_000_000_000 + number,
            updated_by: "admin".into(),
        },
        ..Key::default()
    };
    Change::create(&Id::<Key>::new(&format!("stock-{number}")), &key)
}
