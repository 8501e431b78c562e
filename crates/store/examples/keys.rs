//! Figures of the store with 100,000 keys, over both databases: a JSON line each, in microseconds
//! and bytes. `cargo xtask bench keys` runs it, as does
//! `cargo run --release -p ironward-store --example keys`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "it measures, prints, and stops at the first thing that goes wrong"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use ironward_core::{Id, Money, SystemClock};
use ironward_policy::{Grant, Spending};
use ironward_secret::{DataKey, KeyHash, Keyring, Secret};
use ironward_store::objects::{Key, KeySecret, Origin, Owner, SecretForm};
use ironward_store::snapshot::Snapshot;
use ironward_store::{Change, Feed, KeysOf, Location, LockedStore, Store};
use ironward_testkit::{Postgres, SeededRandom};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: u64 = 100_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let directory = tempfile::TempDir::new().expect("a directory");
    let file = || Location::Sqlite(directory.path().join("ironward.db"));
    // A process of its own for the load, so that its memory is that of a start.
    let mut arguments = std::env::args().skip(1);
    if let (Some(kind), Some(place)) = (arguments.next(), arguments.next()) {
        let location = match kind.as_str() {
            "sqlite" => Location::Sqlite(place.into()),
            _ => Location::Postgres(Secret::new(place.into_bytes())),
        };
        runtime.block_on(load(&kind, &location));
        return;
    }
    runtime.block_on(fill("sqlite", &file()));
    again(
        "sqlite",
        directory
            .path()
            .join("ironward.db")
            .to_str()
            .expect("a path"),
    );
    let server = Postgres::start();
    let url = server.database();
    let location = Location::Postgres(Secret::new(url.as_bytes()));
    runtime.block_on(fill("postgres", &location));
    again("postgres", &url);
}

fn again(kind: &str, place: &str) {
    let own = std::env::current_exe().expect("a path");
    let status = std::process::Command::new(own).args([kind, place]).status();
    assert!(status.expect("it runs").success(), "the load works");
}

async fn store(location: &Location) -> Store {
    let random = Arc::new(SeededRandom::new(u64::from(std::process::id())));
    let locked = LockedStore::open(location, &SystemClock, &*random)
        .await
        .expect("it opens");
    let data_key = DataKey::from_bytes(&[7; 32]).expect("32 bytes");
    let keys = Keyring::new(1, data_key).expect("a keyring");
    locked
        .unlock(Arc::new(keys), random)
        .await
        .expect("it unlocks")
}

/// Prints a figure.
fn say(database: &str, figure: &str, value: impl Into<serde_json::Value>) {
    let value = value.into();
    println!(
        "{}",
        serde_json::json!({"database": database, "figure": figure, "value": value})
    );
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

async fn fill(kind: &str, location: &Location) {
    let store = store(location).await;
    let mut took = Vec::new();
    for number in KEYS..KEYS + 500 {
        let begun = Instant::now();
        store.write(&[change(number)]).await.expect("a key is made");
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    say(kind, "creation p50 us", microseconds(took[250]));
    say(kind, "creation p99 us", microseconds(took[495]));
    for start in (0..KEYS).step_by(1000) {
        let changes: Vec<_> = (start..start + 1000).map(change).collect();
        store.write(&changes).await.expect("keys are made");
    }
    store.locked().close().await;
}

async fn load(kind: &str, location: &Location) {
    let store = store(location).await;
    let directory = tempfile::TempDir::new().expect("a directory");
    let snapshot = directory.path().join("snapshot.sealed");
    let used = cpu_time();
    let begun = Instant::now();
    let mut rows = 0_u64;
    store
        .load_all(None, None, &mut |_| rows += 1)
        .await
        .expect("the rows verify");
    assert!(rows >= KEYS, "{rows} rows");
    say(kind, "verify us", microseconds(begun.elapsed()));
    say(kind, "verify processor us", microseconds(cpu_time() - used));

    let before = resident();
    let used = cpu_time();
    let begun = Instant::now();
    let (feed, tampering) = Feed::load(&store, &snapshot, Arc::new(SystemClock))
        .await
        .expect("it loads");
    say(kind, "load us", microseconds(begun.elapsed()));
    say(kind, "load processor us", microseconds(cpu_time() - used));
    assert!(tampering.is_empty(), "{tampering:?}");
    let keys = feed.directory().keys.len() as u64;
    let grown = resident() - before;
    say(kind, "memory of a key", grown / keys);
    let size = snapshot.metadata().expect("a snapshot").len();
    say(kind, "snapshot of a key", size / keys);

    let directory = feed.directory();
    let hashes: Vec<_> = (0..KEYS)
        .map(|number| KeyHash::from_stored(hash(number)))
        .collect();
    let begun = Instant::now();
    for hash in &hashes {
        assert!(
            directory
                .key_by_secret(SecretForm::Presented, hash)
                .is_some()
        );
    }
    let each = microseconds(begun.elapsed()) / KEYS as f64;
    say(kind, "look-up us", each);
    let begun = Instant::now();
    let of_team = directory.keys_of(KeysOf::Team("team-7"));
    assert!(!of_team.is_empty());
    say(kind, "keys of a team us", microseconds(begun.elapsed()));

    change_keys(kind, &store, &feed).await;

    drop(feed);
    let earlier = || {
        let found = Snapshot::open(&snapshot).expect("a snapshot");
        found.unlock(store.keys()).expect("it opens")
    };
    store
        .write_snapshot(&snapshot)
        .await
        .expect("it is written");
    let (used, begun) = (cpu_time(), Instant::now());
    let resumed = Feed::resume(&store, earlier(), &snapshot, Arc::new(SystemClock)).await;
    let resumed = resumed.expect("it starts").expect("it adds up");
    say(kind, "resume us", microseconds(begun.elapsed()));
    say(kind, "resume processor us", microseconds(cpu_time() - used));
    assert_eq!(resumed.directory().keys.len() as u64, keys);
    drop(resumed);
    let (used, begun) = (cpu_time(), Instant::now());
    let loaded = Feed::load(&store, &snapshot, Arc::new(SystemClock)).await;
    let (took, used) = (begun.elapsed(), cpu_time() - used);
    drop(loaded.expect("it loads"));
    say(kind, "load beside a snapshot us", microseconds(took));
    say(
        kind,
        "load beside a snapshot processor us",
        microseconds(used),
    );
}

async fn change_keys(kind: &str, store: &Store, feed: &Feed) {
    let directory = feed.directory();
    let mut took: Vec<Duration> = Vec::new();
    for number in 0..200 {
        let key = directory
            .keys
            .find(&format!("key-{number}"))
            .expect("the key");
        let mut changed = key.object.whole();
        changed.alias = Some("changed".into());
        let begun = Instant::now();
        let update = Change::update(&key.id, key.version, &changed);
        store.write(&[update]).await.expect("the key is changed");
        feed.catch_up(store).await.expect("the feed follows");
        assert!(!key.is_current());
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    say(kind, "change seen p50 us", microseconds(took[100]));
}

fn hash(number: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (place, part) in bytes.chunks_exact_mut(8).enumerate() {
        let mixed = (number + 1)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(17);
        let mixed = (mixed ^ (mixed >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9 + place as u64 * 2);
        part.copy_from_slice(&mixed.to_be_bytes());
    }
    bytes
}

fn change(number: u64) -> Change {
    let hex: String = hash(number)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let metadata = serde_json::json!({"purpose": "weighing", "ticket": format!("T-{number}")});
    let key = Key {
        secrets: vec![KeySecret {
            form: SecretForm::Presented,
            hash: hex.into(),
            made: 1_770_000_000_000,
            until: None,
        }],
        alias: Some(format!("application {number}").into()),
        name: "sk-iw-...abcd".into(),
        owner: Owner::User(Id::new(&format!("user-{}", number % 1000))),
        team: Some(Id::new(&format!("team-{}", number % 100))),
        creator: Some(Id::new("admin")),
        grant: Grant {
            models: Some(vec!["gpt-5".into(), "claude-*".into()]),
            // Each its own: nothing to share.
            expires: Some(1_780_000_000_000 + number),
            ..Grant::default()
        },
        spending: Spending {
            max_budget: Some(Money::from_nanos(50_000_000_000)),
            budget_duration: Some("30d".into()),
            ..Spending::default()
        },
        tags: vec!["production".into()],
        metadata: metadata.as_object().expect("an object").clone(),
        origin: Origin {
            created_at: 1_770_000_000_000 + number,
            created_by: "admin".into(),
            updated_at: 1_770_000_000_000 + number,
            updated_by: "admin".into(),
        },
        ..Key::default()
    };
    Change::create(&Id::<Key>::new(&format!("key-{number}")), &key)
}

/// The processor time of this process: a busy machine does not change it.
fn cpu_time() -> Duration {
    let status = std::fs::read_to_string("/proc/self/stat").expect("the process has one");
    let fields: Vec<_> = status.split(' ').collect();
    let ticks: u64 = [fields[13], fields[14]]
        .iter()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("the process has one");
    let pages = status.split(' ').nth(1).expect("resident pages");
    pages.parse::<u64>().expect("a number") * 4096
}
