use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ironward_egress::BoxFuture;
use ironward_secret::{DataKey, OpenError, Place, Purpose, Sealed, Secret};
use ironward_testkit::{FakeClock, SeededRandom};

use super::Vault;
use crate::{
    Context, Description, Kek, KekError, KekFailure, VaultError, WrappedKey, WrappedState,
};

/// A service that keeps what it wraps, and can be told to fail.
struct Service {
    description: Description,
    kept: Mutex<HashMap<Vec<u8>, Kept>>,
    count: AtomicU64,
    is_down: AtomicBool,
    gives_another: AtomicBool,
}

/// Version and bytes of a data key.
type Kept = (u32, [u8; 32]);

impl Service {
    fn new(key: &str) -> Arc<Self> {
        let description = Description {
            backend: "service",
            key: key.into(),
            place: format!("https://{key}.internal").into(),
            warning: None,
        };
        Arc::new(Self {
            description,
            kept: Mutex::default(),
            count: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            gives_another: AtomicBool::new(false),
        })
    }

    fn set_down(&self, is_down: bool) {
        self.is_down.store(is_down, Ordering::Relaxed);
    }

    fn check(&self) -> Result<(), KekError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(KekError::new(KekFailure::Unreachable, "connection refused"));
        }
        Ok(())
    }

    fn try_wrap(&self, key: &DataKey, context: Context) -> Result<Vec<u8>, KekError> {
        self.check()?;
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let wrapped = format!("{} {count}", self.description.key).into_bytes();
        let key = key.expose().bytes().try_into().unwrap();
        let mut kept = self.kept.lock().unwrap();
        kept.insert(wrapped.clone(), (context.version, key));
        Ok(wrapped)
    }

    fn try_unwrap(&self, wrapped: &[u8], context: Context) -> Result<DataKey, KekError> {
        self.check()?;
        if self.gives_another.load(Ordering::Relaxed) {
            return Ok(DataKey::from_bytes(&[0x66; 32]).unwrap());
        }
        let kept = self.kept.lock().unwrap();
        match kept.get(wrapped) {
            Some((version, key)) if *version == context.version => {
                Ok(DataKey::from_bytes(key).unwrap())
            }
            _ => Err(KekError::refused("not mine")),
        }
    }
}

impl Kek for Service {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn wrap<'a>(
        &'a self,
        key: &'a DataKey,
        context: Context,
    ) -> BoxFuture<'a, Result<Vec<u8>, KekError>> {
        Box::pin(std::future::ready(self.try_wrap(key, context)))
    }

    fn unwrap<'a>(
        &'a self,
        wrapped: &'a [u8],
        context: Context,
    ) -> BoxFuture<'a, Result<DataKey, KekError>> {
        Box::pin(std::future::ready(self.try_unwrap(wrapped, context)))
    }
}

const PLACE: Place<'static> = Place {
    tenant: "",
    table: "credential",
    row: "a",
    field: "secret",
    version: 1,
};

async fn create(service: &Arc<Service>) -> Vault {
    let kek = Arc::clone(service) as Arc<dyn Kek>;
    Vault::create(
        kek,
        Arc::new(FakeClock::new()),
        Arc::new(SeededRandom::new(1)),
    )
    .await
    .unwrap()
}

async fn open(service: &Arc<Service>, keys: Vec<WrappedKey>) -> Result<Vault, VaultError> {
    let kek = Arc::clone(service) as Arc<dyn Kek>;
    let (clock, random) = (FakeClock::new(), SeededRandom::new(2));
    Vault::open(kek, keys, Arc::new(clock), Arc::new(random)).await
}

fn seal(vault: &Vault) -> Sealed {
    let (random, secret) = (SeededRandom::new(3), Secret::exact(b"sk-canary"));
    let fill = |bytes: &mut [u8]| ironward_core::Random::fill(&random, bytes);
    let ring = vault.keyring_to_seal().unwrap();
    ring.seal(Purpose::Seal, &PLACE, &secret, &fill).unwrap()
}

fn opens(vault: &Vault, sealed: &Sealed) -> Result<(), OpenError> {
    let opened = vault.keyring().open(Purpose::Seal, &PLACE, sealed)?;
    assert_eq!(opened.expose().bytes(), b"sk-canary");
    Ok(())
}

fn states(keys: &[WrappedKey]) -> Vec<(u32, &'static str)> {
    keys.iter()
        .map(|key| (key.version, key.state.as_str()))
        .collect()
}

#[tokio::test]
async fn what_is_sealed_opens_after_a_restart() {
    let service = Service::new("one");
    let vault = create(&service).await;
    let sealed = seal(&vault);
    let keys = vault.keys();
    assert_eq!(states(&keys), [(1, "current")]);
    assert_eq!(
        (&*keys[0].kek, keys[0].made),
        ("service:one", 1_767_225_600)
    );
    let again = open(&service, keys).await.unwrap();
    assert_eq!(opens(&again, &sealed), Ok(()));
}

#[tokio::test]
async fn a_new_data_key_is_in_force_only_when_it_is_stored() {
    let service = Service::new("one");
    let vault = create(&service).await;
    let (before, sealed) = (vault.keys(), seal(&vault));
    let change = vault.advance().await.unwrap();
    assert_eq!(states(change.keys()), [(1, "old"), (2, "current")]);
    // A node that dies here has the old table.
    assert_eq!(vault.keyring().current_version(), 1);
    assert!(open(&service, before).await.is_ok());

    let stored = change.keys().to_vec();
    vault.adopt(change).unwrap();
    assert_eq!(seal(&vault).key_version(), 2);
    assert_eq!(opens(&vault, &sealed), Ok(()));
    let again = open(&service, stored).await.unwrap();
    assert_eq!(opens(&again, &sealed), Ok(()));
    assert_eq!(opens(&again, &seal(&vault)), Ok(()));
}

#[tokio::test]
async fn of_two_changes_at_once_one_is_refused() {
    let vault = create(&Service::new("one")).await;
    let (one, other) = (
        vault.advance().await.unwrap(),
        vault.advance().await.unwrap(),
    );
    vault.adopt(one).unwrap();
    assert_eq!(vault.adopt(other), Err(VaultError::Outdated));
    assert_eq!(states(&vault.keys()), [(1, "old"), (2, "current")]);
}

#[tokio::test]
async fn a_retired_key_opens_nothing_and_is_not_asked_for() {
    let service = Service::new("one");
    let vault = create(&service).await;
    let sealed = seal(&vault);
    let current = vault.retire(1).err();
    assert!(matches!(current, Some(VaultError::Keyring(_))));
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    vault.adopt(vault.retire(1).unwrap()).unwrap();
    assert_eq!(states(&vault.keys()), [(1, "retired"), (2, "current")]);
    assert_eq!(opens(&vault, &sealed), Err(OpenError::UnknownVersion(1)));
    let mut stored = vault.keys();
    stored[0].wrapped.clear();
    let again = open(&service, stored).await.unwrap();
    assert_eq!(opens(&again, &sealed), Err(OpenError::UnknownVersion(1)));
    // Its number is never given to another key.
    let change = again.advance().await.unwrap();
    assert_eq!(change.keys().last().unwrap().version, 3);
}

#[tokio::test]
async fn another_kek_takes_over_without_the_old_one() {
    let (old, new) = (Service::new("one"), Service::new("two"));
    let vault = create(&old).await;
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    let sealed = seal(&vault);
    old.set_down(true);
    assert!(vault.probe().await.is_err());
    let change = vault
        .rotate_kek(Arc::clone(&new) as Arc<dyn Kek>)
        .await
        .unwrap();
    assert!(change.keys().iter().all(|key| &*key.kek == "service:two"));
    assert!(vault.keys().iter().all(|key| &*key.kek == "service:one"));
    vault.adopt(change).unwrap();
    assert_eq!(vault.alarm(), None);
    let again = open(&new, vault.keys()).await.unwrap();
    assert_eq!(opens(&again, &sealed), Ok(()));

    old.set_down(false);
    let error = open(&old, vault.keys()).await.err().unwrap().to_string();
    assert!(
        error.contains("service:two") && error.contains("service:one"),
        "{error}"
    );
    assert!(error.contains("rotate-kek"), "{error}");
}

#[tokio::test]
async fn a_start_without_the_kek_says_why() {
    let service = Service::new("one");
    let keys = create(&service).await.keys();
    service.set_down(true);
    let error = open(&service, keys).await.err().unwrap();
    assert_eq!(error.failure(), Some(KekFailure::Unreachable));
    assert_eq!(
        error.to_string(),
        "data key 1 cannot be unwrapped: connection refused"
    );
}

#[tokio::test]
async fn a_kek_that_goes_away_later_is_an_alarm() {
    let service = Service::new("one");
    let clock = Arc::new(FakeClock::new());
    let kek = Arc::clone(&service) as Arc<dyn Kek>;
    let random = Arc::new(SeededRandom::new(1));
    let time = Arc::clone(&clock) as Arc<dyn ironward_core::Clock>;
    let vault = Vault::create(kek, time, random).await.unwrap();
    let sealed = seal(&vault);
    vault.probe().await.unwrap();
    assert_eq!(vault.status().alarm, None);

    service.set_down(true);
    clock.advance(Duration::from_secs(60));
    assert!(vault.probe().await.is_err());
    clock.advance(Duration::from_secs(60));
    assert!(vault.advance().await.is_err());
    let alarm = vault.status().alarm.unwrap();
    assert_eq!(alarm.since, 1_767_225_600 + 60, "since the first failure");
    assert_eq!(opens(&vault, &sealed), Ok(()));
    let refused = vault.keyring_to_seal().err().unwrap().to_string();
    assert!(refused.contains("connection refused"), "{refused}");

    service.set_down(false);
    vault.probe().await.unwrap();
    assert_eq!(opens(&vault, &seal(&vault)), Ok(()));
}

#[tokio::test]
async fn a_kek_that_gives_another_key_back_is_found_out() {
    let service = Service::new("one");
    let vault = create(&service).await;
    service.gives_another.store(true, Ordering::Relaxed);
    let error = vault.probe().await.unwrap_err();
    assert_eq!(error.failure(), Some(KekFailure::Refused));
    let error = vault.advance().await.err().unwrap();
    assert!(error.to_string().contains("another key back"), "{error}");
    assert_eq!(vault.keyring().current_version(), 1);
}

#[tokio::test]
async fn a_node_follows_what_another_has_stored() {
    let service = Service::new("one");
    let leader = create(&service).await;
    let follower = open(&service, leader.keys()).await.unwrap();
    for _ in 0..2 {
        leader.adopt(leader.advance().await.unwrap()).unwrap();
    }
    leader.adopt(leader.retire(1).unwrap()).unwrap();
    follower.follow(leader.keys()).await.unwrap();
    assert_eq!(states(&follower.keys()), states(&leader.keys()));
    assert_eq!(opens(&follower, &seal(&leader)), Ok(()));
    let versions: Vec<_> = follower
        .keyring()
        .versions()
        .map(|(version, _)| version)
        .collect();
    assert_eq!(versions, [3, 2]);
}

#[tokio::test]
async fn a_follower_keeps_its_keyring_when_it_cannot_unwrap() {
    let service = Service::new("one");
    let leader = create(&service).await;
    let follower = open(&service, leader.keys()).await.unwrap();
    let sealed = seal(&follower);
    leader.adopt(leader.advance().await.unwrap()).unwrap();
    service.set_down(true);
    assert!(follower.follow(leader.keys()).await.is_err());
    assert!(follower.alarm().is_some());
    assert_eq!(opens(&follower, &sealed), Ok(()));
    assert_eq!(follower.keyring().current_version(), 1);
}

#[tokio::test]
async fn a_table_that_was_tampered_with_does_not_open() {
    let service = Service::new("one");
    let vault = create(&service).await;
    vault.adopt(vault.advance().await.unwrap()).unwrap();
    let good = vault.keys();
    assert!(open(&service, good.clone()).await.is_ok());
    let tampered = |tamper: &dyn Fn(&mut Vec<WrappedKey>)| {
        let mut keys = good.clone();
        tamper(&mut keys);
        keys
    };
    let cases = [
        ("no data key is in use", tampered(&|keys| keys.clear())),
        ("stored twice", tampered(&|keys| keys.push(keys[0].clone()))),
        (
            "no data key is the current",
            tampered(&|keys| {
                keys.pop();
            }),
        ),
        (
            "both the current",
            tampered(&|keys| keys[0].state = WrappedState::Current),
        ),
        (
            "data key 2 is newer",
            tampered(&|keys| {
                keys[0].state = WrappedState::Current;
                keys[1].state = WrappedState::Old;
            }),
        ),
        (
            "data key 2 cannot be unwrapped",
            tampered(&|keys| keys[1].wrapped = keys[0].wrapped.clone()),
        ),
        (
            "wrapped under file:x",
            tampered(&|keys| keys[0].kek = "file:x".into()),
        ),
    ];
    for (expected, keys) in cases {
        let error = open(&service, keys.clone()).await.err().unwrap();
        assert!(error.to_string().contains(expected), "{error}");
        if expected != "wrapped under file:x" && expected != "data key 2 cannot be unwrapped" {
            assert!(vault.follow(keys).await.is_err());
        }
    }
    // Back to before the last rotation: nothing is sealed under the older key again.
    let rolled_back = tampered(&|keys| {
        keys.pop();
        keys[0].state = WrappedState::Current;
    });
    assert!(vault.follow(rolled_back).await.is_err());
    assert_eq!(vault.keyring().current_version(), 2);
}

#[test]
fn states_have_names() {
    for state in [
        WrappedState::Current,
        WrappedState::Old,
        WrappedState::Retired,
    ] {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
    assert!("".parse::<WrappedState>().is_err());
}
