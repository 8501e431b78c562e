//! Ironward's own metrics.

use std::sync::atomic::Ordering;
use std::time::{Duration, UNIX_EPOCH};

use ironward_core::FaultKind;

use super::cells::{Counter, Histogram};
use super::family::{Family, Kind, Samples, Value, View};
use super::series::Series;

/// By which a deployment is told from others.
const DEPLOYMENT: &[&str] = &["model_group", "provider", "deployment"];

#[rustfmt::skip]
pub(super) static OWN: &[Family] = &[
    Family {
        name: "ironward_calls", kind: Kind::Counter, unit: "calls",
        labels: &["model_group", "provider", "deployment", "dialect", "status", "fault"],
        meaning: "Calls that are over, however they ended. The deployment is the one that answered, or was tried last; empty: none was.",
        read: |view, samples| each(view, |series| {
            let [group, provider, deployment] = names(series);
            for (dialect, fault, count) in series.calls.read() {
                let labels = [group, provider, deployment, dialect.label(), class(fault), label(fault)];
                samples.count(labels, count);
            }
        }),
    },
    Family {
        name: "ironward_call_duration_seconds", kind: Kind::Histogram, unit: "seconds", labels: DEPLOYMENT,
        meaning: "From the head of a request to the end of its reply; for a stream that is when its last byte was handed over.",
        read: |view, samples| spreads(view, samples, |series| &series.total),
    },
    Family {
        name: "ironward_overhead_seconds", kind: Kind::Histogram, unit: "seconds", labels: DEPLOYMENT,
        meaning: "What the gateway itself added to a call: its time less that in which it waited for providers. Work on a reply and pauses between attempts belong to it. Of a stream: up to its first byte.",
        read: |view, samples| spreads(view, samples, |series| &series.overhead),
    },
    Family {
        name: "ironward_first_byte_seconds", kind: Kind::Histogram, unit: "seconds", labels: DEPLOYMENT,
        meaning: "From the head of a request to the first byte of its reply, of streams.",
        read: |view, samples| spreads(view, samples, |series| &series.first_byte),
    },
    Family {
        name: "ironward_attempts", kind: Kind::Counter, unit: "attempts", labels: DEPLOYMENT,
        meaning: "Attempts at a deployment, begun.",
        read: |view, samples| counters(view, samples, |series| &series.attempts),
    },
    Family {
        name: "ironward_retries", kind: Kind::Counter, unit: "attempts", labels: DEPLOYMENT,
        meaning: "Those that were not the first of their call.",
        read: |view, samples| counters(view, samples, |series| &series.retries),
    },
    Family {
        name: "ironward_attempt_duration_seconds", kind: Kind::Histogram, unit: "seconds", labels: DEPLOYMENT,
        meaning: "How long an attempt took that came to its end: until the whole reply was read, the first byte of a stream was there, or it failed.",
        read: |view, samples| spreads(view, samples, |series| &series.attempt),
    },
    Family {
        name: "ironward_upstream_errors", kind: Kind::Counter, unit: "attempts",
        labels: &["model_group", "provider", "deployment", "fault"],
        meaning: "Attempts that failed, by kind of fault, whatever became of the call.",
        read: |view, samples| each(view, |series| {
            let [group, provider, deployment] = names(series);
            for (fault, count) in series.answers.read().filter(|(fault, _)| fault.is_some()) {
                samples.count([group, provider, deployment, label(fault)], count);
            }
        }),
    },
    Family {
        name: "ironward_upstream_remaining_requests", kind: Kind::Gauge, unit: "requests", labels: DEPLOYMENT,
        meaning: "What the provider said last is left of its limit on requests.",
        read: |view, samples| each(view, |series| {
            if let Some(number) = series.remaining.requests.read() {
                samples.put(names(series), Value::Whole(number));
            }
        }),
    },
    Family {
        name: "ironward_upstream_remaining_tokens", kind: Kind::Gauge, unit: "tokens", labels: DEPLOYMENT,
        meaning: "What the provider said last is left of its limit on tokens.",
        read: |view, samples| each(view, |series| {
            if let Some(number) = series.remaining.tokens.read() {
                samples.put(names(series), Value::Whole(number));
            }
        }),
    },
    Family {
        name: "ironward_input_tokens", kind: Kind::Counter, unit: "tokens", labels: DEPLOYMENT,
        meaning: "Input tokens, as providers count them, cached ones and all others.",
        read: |view, samples| counters(view, samples, |series| &series.tokens.input),
    },
    Family {
        name: "ironward_input_cached_tokens", kind: Kind::Counter, unit: "tokens", labels: DEPLOYMENT,
        meaning: "Those that were read from the provider's cache.",
        read: |view, samples| counters(view, samples, |series| &series.tokens.input_cached),
    },
    Family {
        name: "ironward_input_cache_write_tokens", kind: Kind::Counter, unit: "tokens", labels: DEPLOYMENT,
        meaning: "Those that were written to it.",
        read: |view, samples| counters(view, samples, |series| &series.tokens.input_cache_write),
    },
    Family {
        name: "ironward_output_tokens", kind: Kind::Counter, unit: "tokens", labels: DEPLOYMENT,
        meaning: "Output tokens, as providers count them, those of reasoning and all others.",
        read: |view, samples| counters(view, samples, |series| &series.tokens.output),
    },
    Family {
        name: "ironward_output_reasoning_tokens", kind: Kind::Counter, unit: "tokens", labels: DEPLOYMENT,
        meaning: "Those that were spent on reasoning.",
        read: |view, samples| counters(view, samples, |series| &series.tokens.output_reasoning),
    },
    Family {
        name: "ironward_cost_dollars", kind: Kind::Counter, unit: "dollars", labels: DEPLOYMENT,
        meaning: "What calls cost, by the price catalogue and the deployments' own prices, discounts and margins included.",
        read: |view, samples| each(view, |series| samples.sum(names(series), series.costs.dollars())),
    },
    Family {
        name: "ironward_cost_incomplete_calls", kind: Kind::Counter, unit: "calls", labels: DEPLOYMENT,
        meaning: "Calls that a provider answered and that cost more than was counted, nobody knows how much: something has no price, or the provider did not say what was used.",
        read: |view, samples| counters(view, samples, |series| &series.costs.incomplete),
    },
    Family {
        name: "ironward_calls_running", kind: Kind::Gauge, unit: "calls", labels: &[],
        meaning: "Calls that run now.",
        read: |view, samples| samples.count([], view.moment.calls_running as u64),
    },
    Family {
        name: "ironward_streams_open", kind: Kind::Gauge, unit: "streams", labels: &[],
        meaning: "Those of them whose reply is a stream that has begun.",
        read: |view, samples| samples.count([], view.metrics.streams.count()),
    },
    Family {
        name: "ironward_refusals", kind: Kind::Counter, unit: "requests", labels: &["fault"],
        meaning: "Requests on the data port that were answered with an error before they were admitted as a call, by kind of fault.",
        read: |view, samples| {
            for (fault, count) in view.metrics.refused.read() {
                samples.count([label(fault)], count);
            }
        },
    },
    Family {
        name: "ironward_wrong_keys", kind: Kind::Counter, unit: "requests", labels: &[],
        meaning: "Keys and tokens that nobody is let in by, on both ports.",
        read: |view, samples| samples.count([], view.moment.wrong_keys),
    },
    Family {
        name: "ironward_config_reloads", kind: Kind::Counter, unit: "reloads", labels: &["outcome"],
        meaning: "Changed configurations, by whether they were put in force or refused.",
        read: |view, samples| {
            let reloads = &view.metrics.reloads;
            samples.put(["in_force"], Value::Whole(reloads.in_force.read()));
            samples.put(["refused"], Value::Whole(reloads.refused.read()));
        },
    },
    Family {
        name: "ironward_config_timestamp_seconds", kind: Kind::Gauge, unit: "seconds since 1970", labels: &[],
        meaning: "Since when the configuration in force is so.",
        read: |view, samples| {
            let since = view.metrics.reloads.since.load(Ordering::Relaxed);
            samples.put([], Value::Number(Duration::from_millis(since).as_secs_f64()));
        },
    },
    Family {
        name: "ironward_store_connected", kind: Kind::Gauge, unit: "1 or 0", labels: &[],
        meaning: "Whether the database was heard from lately; without it virtual keys are refused after 10 s.",
        read: |view, samples| samples.count([], view.moment.is_connected.into()),
    },
    Family {
        name: "ironward_store_age_seconds", kind: Kind::Gauge, unit: "seconds", labels: &[],
        meaning: "How old the last look at the database is that succeeded; absent while there was none since the start.",
        read: |view, samples| if let Some(age) = view.moment.store_age {
            samples.put([], Value::Number(age.as_secs_f64()));
        },
    },
    Family {
        name: "ironward_log_lines_lost", kind: Kind::Counter, unit: "lines", labels: &[],
        meaning: "Lines of the log that found no room, since nobody read it for too long.",
        read: |view, samples| samples.count([], view.metrics.lines_lost.load(Ordering::Relaxed)),
    },
    Family {
        name: "ironward_series_over_cap", kind: Kind::Counter, unit: "calls", labels: &["of"],
        meaning: "Calls that were counted as `other`, since there are as many deployments, or pairs of caller and deployment, with series of their own as there may be.",
        read: |view, samples| {
            samples.put(["deployments"], Value::Whole(view.metrics.over_cap.read()));
            if let Some(callers) = &view.metrics.callers {
                samples.put(["callers"], Value::Whole(callers.over_cap.read()));
            }
        },
    },
    Family {
        name: "ironward_build", kind: Kind::Info, unit: "1", labels: &["version"],
        meaning: "Which Ironward this is.",
        read: |_, samples| samples.put([env!("CARGO_PKG_VERSION")], Value::Whole(1)),
    },
    Family {
        name: "process_start_time_seconds", kind: Kind::Gauge, unit: "seconds since 1970", labels: &[],
        meaning: "When the process began.",
        read: |view, samples| {
            let since = view.metrics.started.duration_since(UNIX_EPOCH).unwrap_or_default();
            samples.put([], Value::Number(since.as_secs_f64()));
        },
    },
    Family {
        name: "process_cpu_seconds", kind: Kind::Counter, unit: "seconds", labels: &[],
        meaning: "CPU time that the process has had, user and system.",
        read: |view, samples| if let Some(seconds) = view.process.cpu_seconds {
            samples.put([], Value::Number(seconds));
        },
    },
    Family {
        name: "process_resident_memory_bytes", kind: Kind::Gauge, unit: "bytes", labels: &[],
        meaning: "Memory of the process that is resident.",
        read: |view, samples| some(samples, view.process.resident_bytes),
    },
    Family {
        name: "process_virtual_memory_bytes", kind: Kind::Gauge, unit: "bytes", labels: &[],
        meaning: "Address space of the process.",
        read: |view, samples| some(samples, view.process.virtual_bytes),
    },
    Family {
        name: "process_open_fds", kind: Kind::Gauge, unit: "files", labels: &[],
        meaning: "File descriptors that are open.",
        read: |view, samples| some(samples, view.process.open_files),
    },
    Family {
        name: "process_max_fds", kind: Kind::Gauge, unit: "files", labels: &[],
        meaning: "How many may be.",
        read: |view, samples| some(samples, view.process.most_files),
    },
    Family {
        name: "process_threads", kind: Kind::Gauge, unit: "threads", labels: &[],
        meaning: "Threads of the process.",
        read: |view, samples| some(samples, view.process.threads),
    },
];

fn each<'v>(view: &'v View, mut look: impl FnMut(&'v Series)) {
    for series in &view.series {
        look(series);
    }
}

fn names(series: &Series) -> [&str; 3] {
    let served = series.served();
    [served.group, served.provider, served.deployment]
}

fn counters(view: &View, samples: &mut Samples<'_>, counter: fn(&Series) -> &Counter) {
    each(view, |series| {
        samples.count(names(series), counter(series).read());
    });
}

fn spreads(view: &View, samples: &mut Samples<'_>, histogram: fn(&Series) -> &Histogram) {
    let bounds = view.metrics.series.bounds();
    each(view, |series| {
        samples.spread(names(series), histogram(series).read(bounds));
    });
}

fn some(samples: &mut Samples<'_>, number: Option<u64>) {
    if let Some(number) = number {
        samples.put([], Value::Whole(number));
    }
}

/// The label of a fault; empty where there is none.
fn label(fault: Option<FaultKind>) -> &'static str {
    fault.map_or("", FaultKind::label)
}

/// The class of the status that a client sees.
fn class(fault: Option<FaultKind>) -> &'static str {
    match fault.map(FaultKind::status) {
        None => "2xx",
        Some(400..500) => "4xx",
        Some(_) => "5xx",
    }
}
