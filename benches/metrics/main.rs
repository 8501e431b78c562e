//! What counting a call costs on its thread: everything from its admission to its settlement that is
//! there for metrics, without and with LiteLLM's names, which tell callers apart. Prints nanoseconds.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a program that measures and prints"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ironward_catalogue::Charged;
use ironward_core::{Amount, CallId, Usage};
use ironward_telemetry::{CallSettled, Metrics, MetricsSettings, Named, Served, Tally};
use ironward_testkit::SeededRandom;
use ironward_wire::Dialect;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: usize = 100_000;
const ROUNDS: usize = 15;
/// As many callers take turns.
const CALLERS: usize = 500;

fn main() {
    println!(
        "{}",
        json!({
            "own_ns": measure(false, 1),
            "litellm_ns": measure(true, 1),
            "own_two_threads_ns": measure(false, 2),
            "litellm_two_threads_ns": measure(true, 2),
        })
    );
}

/// The fastest of many rounds, a call.
fn measure(litellm: bool, threads: usize) -> f64 {
    let settings = MetricsSettings {
        litellm,
        ..MetricsSettings::default()
    };
    let metrics = Arc::new(Metrics::new(
        settings,
        SystemTime::UNIX_EPOCH,
        Arc::default(),
    ));
    let keys: Vec<String> = (0..CALLERS)
        .map(|number| format!("7h2k9m4n8p1q{number:04}"))
        .collect();
    (0..ROUNDS)
        .map(|_| {
            let slowest = AtomicU64::new(0);
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        let took = round(&metrics, &keys).as_nanos();
                        let took = u64::try_from(took).unwrap_or(u64::MAX);
                        slowest.fetch_max(took, Ordering::Relaxed);
                    });
                }
            });
            slowest.into_inner() as f64 / CALLS as f64
        })
        .fold(f64::MAX, f64::min)
}

fn round(metrics: &Arc<Metrics>, keys: &[String]) -> Duration {
    let id = CallId::draw(&SeededRandom::new(1));
    let served = Served {
        group: "gpt-4o",
        provider: "openai",
        deployment: "gpt-4o-openai-1",
        model: "gpt-4o-2024-11-20",
    };
    let (one, group) = (
        metrics.series(served),
        metrics.series(Served {
            provider: "",
            deployment: "",
            model: "",
            ..served
        }),
    );
    let usage = Usage {
        input: 1200,
        input_cached: 1024,
        output: 300,
        ..Usage::default()
    };
    let charged = Charged {
        amount: Amount::from_decimal("0.00576", 0).unwrap_or_default(),
        incomplete: false,
        version: "2026-11-30.0123456789abcdef",
    };
    let begun = Instant::now();
    for key in keys.iter().cycle().take(CALLS) {
        let mut tally = Tally::new(Arc::clone(metrics), Dialect::OpenAiChat, Arc::clone(&group));
        one.begin_attempt(false);
        one.end_attempt(metrics, Duration::from_millis(700), None);
        one.note_remaining(Some(99), Some(99_000));
        tally.came_to(&one, Duration::from_micros(100));
        tally.settle(&CallSettled {
            id,
            caller: Named {
                alias: "crawler in production",
                key: Some(key),
                account: Some("crawler"),
                subject: None,
                team: Some("research"),
                team_alias: Some("Research"),
            },
            dialect: Dialect::OpenAiChat.label(),
            model_group: "gpt-4o",
            deployment: Some("gpt-4o-openai-1"),
            status: 200,
            fault: None,
            usage: Some(usage),
            cost: Some(charged),
            attempts: 1,
            total: Duration::from_millis(701),
            overhead: Some(Duration::from_micros(300)),
        });
    }
    begun.elapsed()
}
