//! What recording a call costs: on its own thread the writing of its two records, in the fastest turn; and
//! the processor time of the journal's own threads. In nanoseconds, by how many calls come in one turn of the
//! thread: `taskset -c 1 cargo bench -p ironward-benches --bench journal`. Without `taskset` the threads have
//! cores of their own. `-- 4 1000000 24000`: how many calls a turn, how many in all, and how many a second.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a program that measures and prints"
)]

#[path = "../recorded.rs"]
#[expect(dead_code, reason = "others share one journal")]
mod recorded;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;
use std::time::{Duration, Instant};

use ironward_core::{Amount, CallId, Usage};
use ironward_journal::{Call, Cost, Desk, Pending, Served, Settlement, Who};
use ironward_testkit::SeededRandom;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The threads that the journal has started.
const JOURNALS: [&str; 3] = ["journal", "journal-disk", "journal-tiles"];
const CALLS: u64 = 240_000;
/// As many a second as one core of the gateway serves.
const RATE: u64 = 24_000;

fn main() {
    let arguments = std::env::args().skip(1).filter(|text| text != "--bench");
    let numbers: Vec<u64> = arguments.filter_map(|text| text.parse().ok()).collect();
    let calls = numbers.get(1).copied().unwrap_or(CALLS);
    let rate = numbers.get(2).copied().unwrap_or(RATE);
    let turns = numbers
        .first()
        .map_or_else(|| vec![1, 4, 16, 64], |turn| vec![*turn]);
    for turn in turns {
        println!("{}", measure(turn, calls, rate));
    }
}

/// Of `calls` calls, `rate` of them a second, of which `turn` are admitted before the thread has nothing else
/// to do.
fn measure(turn: u64, calls: u64, rate: u64) -> Value {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = recorded::journal(&directory);
    let desk = journal.desk().ringing_later();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let random = SeededRandom::new(1);
    let dollars = Amount::from_decimal("0.00576", 0).unwrap_or_default();
    let mut fastest = Duration::MAX;
    let mut waited = 0_u64;
    let before = threads();
    let began = Instant::now();
    for round in 0..calls / turn {
        let due = began + Duration::from_nanos(1_000_000_000 * round * turn / rate);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let ids: Vec<CallId> = (0..turn).map(|_| CallId::draw(&random)).collect();
        let start = Instant::now();
        let pending: Vec<Pending> = ids.iter().map(|id| admit(&desk, *id)).collect();
        let admitted = start.elapsed();
        desk.ring();
        // While the provider thinks.
        runtime.block_on(async {
            for pending in &pending {
                let (_, has_waited) = desk.recorded(pending).await.expect("a record");
                waited += u64::from(has_waited);
            }
        });
        let start = Instant::now();
        for id in &ids {
            settle(&desk, *id, dollars);
        }
        fastest = fastest.min(admitted + start.elapsed());
    }
    let took = began.elapsed();
    let after = threads();
    let by_thread = after.iter().map(|(name, nanos)| {
        let spent = nanos - before.get(name).copied().unwrap_or_default();
        (name.clone(), json!((spent as f64 / calls as f64).round()))
    });
    let by_thread: BTreeMap<String, Value> = by_thread.collect();
    let journals = by_thread
        .iter()
        .filter(|(name, _)| JOURNALS.contains(&name.as_str()));
    let journals: f64 = journals.filter_map(|(_, spent)| spent.as_f64()).sum();
    json!({
        "calls_a_turn": turn,
        "on_its_thread_ns": (fastest.as_nanos() as f64 / turn as f64).round(),
        "journals_threads_ns": journals,
        "by_thread_ns": by_thread,
        "calls_per_second": (calls as f64 / took.as_secs_f64()).round(),
        "waited": waited as f64 / calls as f64,
    })
}

fn admit(desk: &Desk, id: CallId) -> Pending {
    let call = Call {
        id,
        at: 1_800_000_000_000,
        who: Who {
            key: Some("7h2k9m4n8p1q0042"),
            user: Some("ada.lovelace@example.com"),
            team: Some("research"),
            organisation: Some("acme"),
            ..Who::default()
        },
        source: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 17))),
        dialect: "openai_chat",
        model: "gpt-4o",
        stream: false,
    };
    desk.admit(&call).expect("it is let in")
}

fn settle(desk: &Desk, id: CallId, dollars: Amount) {
    desk.settle(&Settlement {
        id,
        at: 1_800_000_000_700,
        served: Some(Served {
            deployment: "gpt-4o-openai-1",
            provider: "openai",
            region: None,
            model: "gpt-4o-2024-11-20",
        }),
        attempts: 1,
        status: 200,
        fault: None,
        usage: Some(Usage {
            input: 1200,
            input_cached: 1024,
            output: 300,
            ..Usage::default()
        }),
        cost: Some(Cost {
            dollars,
            incomplete: false,
            prices: "2026-11-30.0123456789abcdef",
        }),
        total: Duration::from_micros(701_123),
        first_byte: Some(Duration::from_micros(701_100)),
        overhead: Some(Duration::from_micros(41)),
    });
}

/// Nanoseconds that each thread of this process has run, by its name.
fn threads() -> BTreeMap<String, u64> {
    let mut threads = BTreeMap::new();
    for entry in std::fs::read_dir("/proc/self/task")
        .expect("a list")
        .flatten()
    {
        let read = |name: &str| std::fs::read_to_string(entry.path().join(name));
        let (Ok(name), Ok(spent)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let nanos = spent.split(' ').next().and_then(|text| text.parse().ok());
        *threads.entry(name.trim().to_owned()).or_default() += nanos.unwrap_or(0_u64);
    }
    threads
}
