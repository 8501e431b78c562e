//! What the tests of all backends need.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Origin, SystemClock, Timeouts};
use ironward_egress::{Dialler, Settings};
use ironward_secret::DataKey;
use ironward_testkit::SeededRandom;
use ironward_vault::{Context, Kek, KekError, KekFailure, Vault};
use tempfile::TempDir;

pub(crate) const FIRST: Context = Context { version: 1 };
pub(crate) const SECOND: Context = Context { version: 2 };

pub(crate) fn dialler(settings: Settings) -> Arc<Dialler> {
    Dialler::new(settings, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn origin(url: &str) -> Origin {
    Origin::parse(url).unwrap()
}

pub(crate) fn key() -> DataKey {
    DataKey::from_bytes(&[0x5a; 32]).unwrap()
}

/// Short, for services that never answer.
pub(crate) fn hasty() -> Timeouts {
    let moment = Duration::from_millis(300);
    Timeouts {
        connect: moment,
        first_byte: moment,
        idle: moment,
        total: moment,
    }
}

pub(crate) async fn wrap_error(kek: &dyn Kek) -> KekError {
    kek.wrap(&key(), FIRST).await.err().unwrap()
}

/// What every backend has to do.
pub(crate) async fn keeps_the_contract(kek: Arc<dyn Kek>) {
    let wrapped = kek.wrap(&key(), FIRST).await.unwrap();
    assert!(!wrapped.windows(8).any(|part| part == [0x5a; 8]));
    let back = kek.unwrap(&wrapped, FIRST).await.unwrap();
    assert!(back.is_same(&key()));
    // A wrapped key in the row of another version.
    let error = kek.unwrap(&wrapped, SECOND).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused, "{error}");
    let mut changed = wrapped.clone();
    let last = changed.len() - 3;
    changed[last] ^= 1;
    let error = kek.unwrap(&changed, FIRST).await.err().unwrap();
    assert_eq!(error.kind, KekFailure::Refused, "{error}");
    assert!(kek.unwrap(b"", FIRST).await.is_err());

    let (clock, random) = (Arc::new(SystemClock), Arc::new(SeededRandom::new(1)));
    let vault = Vault::create(Arc::clone(&kek), clock.clone(), random.clone());
    let vault = vault.await.unwrap();
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    vault.probe().await.unwrap();
    let again = Vault::open(kek, vault.keys(), clock, random).await.unwrap();
    for version in [1, 2] {
        let (one, other) = (vault.keyring(), again.keyring());
        let one = one.data_key(version).unwrap();
        assert!(one.is_same(other.data_key(version).unwrap()));
    }
}

/// A file that only its owner can read.
pub(crate) fn secret_file(folder: &TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, format!("{content}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}
