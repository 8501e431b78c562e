//! How many records a second `verify` reads: `cargo run --release -p ironward-journal --example
//! verify_speed -- 1000000`. It writes them to a temporary directory first, as the gateway does.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement: it prints, and ends when something fails"
)]

use std::sync::Arc;
use std::time::Duration;

use ironward_core::{Clock as _, Random, SystemClock};
use ironward_journal::{
    Durability, Fields, Folder, Journal, Kind, Options, Record, Value, Verifying, Wait, Who, verify,
};

struct Counted(std::sync::atomic::AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        for (to, from) in bytes.iter_mut().zip(number.to_be_bytes()) {
            *to = from;
        }
    }
}

fn record() -> Record {
    let who = Who {
        name: Some("ada.lovelace@example.com"),
        role: Some("proxy_admin"),
        key: Some("8k2m4n6p8q0r2s4t"),
        source: Some("192.0.2.17"),
        ..Who::default()
    };
    let object = Fields::default()
        .with("kind", "key")
        .with("id", "8k2m4n6p8q0r2s4t")
        .with("change", "create");
    let what = Fields::default()
        .with("route", "/key/generate")
        .with("method", "POST")
        .with("status", 200_u16)
        .with("objects", vec![Value::Fields(object)]);
    Record::new(Kind::ActOutcome)
        .by(&who)
        .about(what)
        .outcome_of("000000000000000000000000")
}

fn main() {
    let count: u64 = std::env::args()
        .nth(1)
        .map_or(1_000_000, |text| text.parse().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::of(directory.path());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let journal = Journal::open(Options {
        folder: folder.clone(),
        seed: &[7; 32],
        origin: "ironward/measured/node",
        durability: Durability::Process,
        stall: Duration::from_secs(60),
        clock: Arc::new(SystemClock),
        random: Arc::new(Counted(Default::default())),
        report: Box::new(|_| {}),
    });
    let journal = journal.unwrap();
    let began = SystemClock.now();
    let mut left = count;
    while left > 0 {
        let group = left.min(1000);
        for _ in 1..group {
            journal.owe(&record());
        }
        runtime
            .block_on(journal.append(&record(), Wait::Configured))
            .unwrap();
        left -= group;
    }
    let took = began.elapsed();
    journal.close();
    let key = journal.key().clone();
    let rate = |took: Duration| count as f64 / took.as_secs_f64();
    println!(
        "written: {count} records in {took:.2?}, {:.0}/s",
        rate(took)
    );
    for _ in 0..3 {
        let began = SystemClock.now();
        let what = Verifying {
            folder: &folder,
            key: &key,
            kept: None,
            from: 0,
            to: None,
        };
        let report = verify(&what).unwrap();
        let took = began.elapsed();
        assert!(
            report.findings.is_empty() && report.read == count,
            "{report:?}"
        );
        println!(
            "verified: {} records in {took:.2?}, {:.0}/s",
            report.read,
            rate(took)
        );
    }
}
