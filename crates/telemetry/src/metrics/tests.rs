use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ironward_catalogue::Charged;
use ironward_core::{Amount, CallId, Fault, FaultKind, Retry, Usage};
use ironward_testkit::SeededRandom;
use ironward_wire::Dialect;

use super::family::Family;
use super::litellm::LITELLM;
use super::own::OWN;
use super::{Exposition, Metrics, MetricsSettings, Moment, Served, Tally, metrics_page};
use crate::event::{CallSettled, Named};

const SERVED: Served<'_> = Served {
    group: "gpt/*",
    provider: "openai",
    deployment: "one",
    model: "gpt-*",
};
const GROUP: Served<'_> = Served {
    group: "gpt/*",
    provider: "",
    deployment: "",
    model: "",
};

fn metrics(settings: MetricsSettings) -> Arc<Metrics> {
    let started = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    Arc::new(Metrics::new(settings, started, Arc::default()))
}

fn named(key: &str) -> Named<'_> {
    Named {
        alias: "crawler",
        key: Some(key),
        account: None,
        subject: None,
        team: Some("red"),
        team_alias: Some("Red \"team\"\n"),
    }
}

fn settled<'a>(caller: Named<'a>, fault: Option<&'a Fault>) -> CallSettled<'a> {
    CallSettled {
        id: CallId::draw(&SeededRandom::new(1)),
        caller,
        dialect: Dialect::OpenAiChat.label(),
        model_group: "made/up by the caller",
        deployment: None,
        status: 200,
        fault,
        usage: None,
        cost: None,
        attempts: 1,
        total: Duration::from_millis(700),
        overhead: Some(Duration::from_micros(300)),
    }
}

fn charged(dollars: &str, incomplete: bool) -> Charged {
    Charged {
        amount: Amount::from_decimal(dollars, 0).unwrap(),
        incomplete,
        version: "2026-11-30.0123456789abcdef",
    }
}

/// One whole call that went well at its second attempt, one stream, one that failed, one whose client
/// went away, and one request that was refused.
fn count_some(metrics: &Arc<Metrics>) {
    let (group, one) = (metrics.series(GROUP), metrics.series(SERVED));
    let tally = || Tally::new(Arc::clone(metrics), Dialect::OpenAiChat, Arc::clone(&group));
    let second = Duration::from_secs(1);
    let unavailable = Fault::upstream(FaultKind::Unavailable, Retry::Never, "no");
    let usage = Usage {
        input: 10,
        input_cached: 4,
        output: 3,
        output_reasoning: 2,
        ..Usage::default()
    };

    one.begin_attempt(false);
    one.end_attempt(metrics, second, Some(FaultKind::RateLimited));
    one.begin_attempt(true);
    one.end_attempt(metrics, second, None);
    one.note_remaining(Some(99), None);
    let mut whole = tally();
    whole.came_to(&one, Duration::from_millis(200));
    whole.settle(&CallSettled {
        usage: Some(usage),
        cost: Some(charged("0.0000000000015", false)),
        ..settled(named("k1"), None)
    });

    one.begin_attempt(false);
    one.end_attempt(metrics, second, None);
    let mut stream = tally();
    stream.came_to(&one, Duration::ZERO);
    stream.streams_from(Duration::from_millis(40));
    let open = sample(metrics, "ironward_streams_open");
    assert_eq!(open, "1");
    stream.settle(&CallSettled {
        cost: Some(charged("0.25", true)),
        ..settled(named("k1"), None)
    });

    one.begin_attempt(false);
    one.end_attempt(metrics, second, Some(FaultKind::Unavailable));
    let mut failed = tally();
    failed.came_to(&one, Duration::ZERO);
    failed.settle(&settled(named("k2"), Some(&unavailable)));

    let gone = Fault::downstream(FaultKind::ClientGone, "gone");
    tally().settle(&CallSettled {
        overhead: None,
        ..settled(named("k2"), Some(&gone))
    });
    metrics.refuse(FaultKind::Authentication, None);
    let refused = (Dialect::AnthropicMessages, named("k2"));
    metrics.refuse(FaultKind::PermissionDenied, Some(refused));
    metrics.reload(SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500_250));
    metrics.refuse_reload();
}

const MOMENT: Moment = Moment {
    calls_running: 2,
    store_age: Some(Duration::from_millis(1500)),
    is_connected: true,
    wrong_keys: 7,
};

fn text(metrics: &Arc<Metrics>) -> String {
    metrics.write(Exposition::Prometheus, MOMENT)
}

/// The value of the one sample that begins so.
#[track_caller]
fn sample(metrics: &Arc<Metrics>, start: &str) -> String {
    let text = text(metrics);
    let found: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(start))
        .collect();
    assert_eq!(found.len(), 1, "{start}: {found:?} of\n{text}");
    found[0].rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn each_outcome_is_counted_once_and_in_its_place() {
    let metrics = metrics(MetricsSettings::default());
    count_some(&metrics);
    let at = r#"model_group="gpt/*",provider="openai",deployment="one""#;
    let nowhere = r#"model_group="gpt/*",provider="",deployment="""#;
    for (start, value) in [
        (
            format!(r#"ironward_calls_total{{{at},dialect="openai_chat",status="2xx",fault=""}}"#),
            "2",
        ),
        (
            format!(
                r#"ironward_calls_total{{{at},dialect="openai_chat",status="5xx",fault="unavailable"}}"#
            ),
            "1",
        ),
        (
            format!(
                r#"ironward_calls_total{{{nowhere},dialect="openai_chat",status="4xx",fault="client_gone"}}"#
            ),
            "1",
        ),
        (format!("ironward_attempts_total{{{at}}}"), "4"),
        (format!("ironward_retries_total{{{at}}}"), "1"),
        (
            format!(r#"ironward_upstream_errors_total{{{at},fault="rate_limited"}}"#),
            "1",
        ),
        (
            format!(r#"ironward_upstream_errors_total{{{at},fault="unavailable"}}"#),
            "1",
        ),
        (
            format!("ironward_upstream_remaining_requests{{{at}}}"),
            "99",
        ),
        (format!("ironward_input_tokens_total{{{at}}}"), "10"),
        (format!("ironward_input_cached_tokens_total{{{at}}}"), "4"),
        (format!("ironward_output_tokens_total{{{at}}}"), "3"),
        (
            format!("ironward_output_reasoning_tokens_total{{{at}}}"),
            "2",
        ),
        // Rounded to the picodollar, half up.
        (
            format!("ironward_cost_dollars_total{{{at}}}"),
            "0.250000000002",
        ),
        (format!("ironward_cost_incomplete_calls_total{{{at}}}"), "1"),
        (format!("ironward_call_duration_seconds_count{{{at}}}"), "3"),
        (format!("ironward_call_duration_seconds_sum{{{at}}}"), "2.1"),
        (format!("ironward_overhead_seconds_sum{{{at}}}"), "0.0009"),
        (format!("ironward_first_byte_seconds_count{{{at}}}"), "1"),
        (
            format!(r#"ironward_first_byte_seconds_bucket{{{at},le="0.025"}}"#),
            "0",
        ),
        (
            format!(r#"ironward_first_byte_seconds_bucket{{{at},le="0.05"}}"#),
            "1",
        ),
        (
            format!("ironward_attempt_duration_seconds_count{{{at}}}"),
            "4",
        ),
        (
            r#"ironward_refusals_total{fault="authentication"}"#.to_owned(),
            "1",
        ),
        (
            r#"ironward_refusals_total{fault="permission_denied"}"#.to_owned(),
            "1",
        ),
        ("ironward_streams_open".to_owned(), "0"),
        ("ironward_calls_running".to_owned(), "2"),
        ("ironward_wrong_keys_total".to_owned(), "7"),
        ("ironward_store_age_seconds".to_owned(), "1.5"),
        ("ironward_store_connected".to_owned(), "1"),
        ("ironward_log_lines_lost_total".to_owned(), "0"),
        (
            r#"ironward_config_reloads_total{outcome="in_force"}"#.to_owned(),
            "1",
        ),
        (
            r#"ironward_config_reloads_total{outcome="refused"}"#.to_owned(),
            "1",
        ),
        ("ironward_config_timestamp_seconds".to_owned(), "1000500.25"),
        ("process_start_time_seconds".to_owned(), "1000000.0"),
    ] {
        assert_eq!(sample(&metrics, &start), value, "{start}");
    }
    let text = text(&metrics);
    assert!(!text.contains("litellm_"), "{text}");
    assert!(!text.contains("made/up"), "{text}");
    // How much of it was overhead nobody knows of a call that was cut off.
    assert!(
        !text.contains(&format!("ironward_overhead_seconds_sum{{{nowhere}")),
        "{text}"
    );
}

#[test]
fn litellms_names_tell_callers_apart() {
    let metrics = metrics(MetricsSettings {
        litellm: true,
        ..MetricsSettings::default()
    });
    count_some(&metrics);
    let by = |key: &str| {
        format!(
            r#"hashed_api_key="{key}",api_key_alias="crawler",team="red",team_alias="Red \"team\" ",user="None""#
        )
    };
    let (one, two) = (by("k1"), by("k2"));
    let at = r#"requested_model="gpt/*",model="gpt-*",model_id="one",api_provider="openai""#;
    let brief = r#"requested_model="gpt/*",model_id="one",api_provider="openai""#;
    let chat = r#"route="/v1/chat/completions""#;
    let deployment = r#"requested_model="gpt/*",litellm_model_name="gpt-*",model_id="one",api_provider="openai""#;
    for (start, value) in [
        (format!(r#"litellm_proxy_total_requests_metric_total{{{one},{brief},status_code="200",{chat}}}"#), "2"),
        (format!(r#"litellm_proxy_total_requests_metric_total{{{two},{brief},status_code="503",{chat}}}"#), "1"),
        (
            format!(
                r#"litellm_proxy_failed_requests_metric_total{{{two},{brief},exception_status="503",exception_class="Openai.ServiceUnavailableError",{chat}}}"#
            ),
            "1",
        ),
        (
            format!(
                r#"litellm_proxy_failed_requests_metric_total{{{two},requested_model="None",model_id="None",api_provider="None",exception_status="403",exception_class="PermissionDeniedError",route="/v1/messages"}}"#
            ),
            "1",
        ),
        (format!("litellm_requests_metric_total{{{one},{at}}}"), "2"),
        (format!("litellm_llm_api_failed_requests_metric_total{{{two},{at}}}"), "1"),
        (format!("litellm_spend_metric_total{{{one},{at}}}"), "0.250000000002"),
        (format!("litellm_total_tokens_metric_total{{{one},{at}}}"), "13"),
        (format!("litellm_input_tokens_metric_total{{{one},{at}}}"), "10"),
        (format!("litellm_output_tokens_metric_total{{{one},{at}}}"), "3"),
        (format!("litellm_request_total_latency_metric_count{{{one},{at}}}"), "2"),
        (format!("litellm_llm_api_latency_metric_sum{{{one},{at}}}"), "1.2"),
        (format!("litellm_llm_api_time_to_first_token_metric_sum{{{one},{at}}}"), "0.04"),
        (
            r#"litellm_overhead_latency_metric_count{model_group="gpt/*",litellm_model_name="gpt-*",model_id="one",api_provider="openai"}"#.to_owned(),
            "3",
        ),
        (
            r#"litellm_remaining_requests_metric{model_group="gpt/*",litellm_model_name="gpt-*",model_id="one",api_provider="openai"}"#.to_owned(),
            "99",
        ),
        (format!("litellm_deployment_total_requests_total{{{deployment}}}"), "4"),
        (format!("litellm_deployment_success_responses_total{{{deployment}}}"), "2"),
        (
            format!(
                r#"litellm_deployment_failure_responses_total{{{deployment},exception_status="429",exception_class="Openai.RateLimitError"}}"#
            ),
            "1",
        ),
        ("litellm_in_flight_requests".to_owned(), "2"),
    ] {
        assert_eq!(sample(&metrics, &start), value, "{start}");
    }
}

#[test]
fn what_is_excluded_is_added_up() {
    let exclude = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let metrics = metrics(MetricsSettings {
        litellm: true,
        excluded_metrics: exclude(&[
            "ironward_calls",
            "ironward_retries_total",
            "litellm_requests_metric",
        ]),
        excluded_labels: exclude(&[
            "hashed_api_key",
            "api_key_alias",
            "team",
            "team_alias",
            "user",
            "model_id",
            "provider",
            "deployment",
        ]),
        buckets: Some(vec![0.5, 1.0]),
        ..MetricsSettings::default()
    });
    count_some(&metrics);
    let text = text(&metrics);
    for name in [
        "ironward_calls_total",
        "ironward_retries",
        "litellm_requests_metric",
    ] {
        assert!(!text.contains(name), "{name}: {text}");
    }
    for (start, value) in [
        // With a deployment, and without: together.
        (
            r#"ironward_call_duration_seconds_count{model_group="gpt/*"}"#,
            "4",
        ),
        (
            r#"ironward_call_duration_seconds_bucket{model_group="gpt/*",le="0.5"}"#,
            "0",
        ),
        (
            r#"ironward_call_duration_seconds_bucket{model_group="gpt/*",le="1"}"#,
            "4",
        ),
        (
            r#"litellm_total_tokens_metric_total{requested_model="gpt/*",model="gpt-*",api_provider="openai"}"#,
            "13",
        ),
        (
            r#"litellm_proxy_total_requests_metric_total{requested_model="gpt/*",api_provider="openai",status_code="200""#,
            "2",
        ),
    ] {
        assert_eq!(sample(&metrics, start), value, "{start}");
    }
}

#[test]
fn callers_over_the_cap_share_a_series_and_are_counted() {
    let metrics = metrics(MetricsSettings {
        litellm: true,
        most_series: Some(50),
        ..MetricsSettings::default()
    });
    let (group, one) = (metrics.series(GROUP), metrics.series(SERVED));
    for number in 0..2000 {
        let key = format!("key-{}", number % 1000);
        let mut tally = Tally::new(
            Arc::clone(&metrics),
            Dialect::OpenAiChat,
            Arc::clone(&group),
        );
        tally.came_to(&one, Duration::ZERO);
        tally.settle(&settled(named(&key), None));
    }
    let text = text(&metrics);
    let lines = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!(lines("litellm_requests_metric_total{"), 51);
    assert_eq!(lines("litellm_request_total_latency_metric_count{"), 51);
    let other = r#"litellm_requests_metric_total{hashed_api_key="other",api_key_alias="other",team="other",team_alias="other",user="other",requested_model="other""#;
    assert_eq!(sample(&metrics, other), "1900");
    let known = r#"litellm_requests_metric_total{hashed_api_key="key-7","#;
    assert_eq!(sample(&metrics, known), "2");
    assert_eq!(
        sample(&metrics, r#"ironward_series_over_cap_total{of="callers"}"#),
        "1900"
    );
    assert_eq!(
        sample(
            &metrics,
            r#"ironward_series_over_cap_total{of="deployments"}"#
        ),
        "0"
    );
}

#[test]
fn deployments_over_the_cap_share_a_series_and_are_counted() {
    let metrics = metrics(MetricsSettings {
        most_series: Some(3),
        ..MetricsSettings::default()
    });
    let all: Vec<_> = (0..10)
        .map(|number| {
            let deployment = format!("d{number}");
            metrics.series(Served {
                deployment: &deployment,
                ..SERVED
            })
        })
        .collect();
    for series in &all {
        let tally = Tally::new(
            Arc::clone(&metrics),
            Dialect::OpenAiChat,
            Arc::clone(series),
        );
        tally.settle(&settled(named("k"), None));
    }
    let other = r#"ironward_calls_total{model_group="other",provider="other",deployment="other""#;
    assert_eq!(sample(&metrics, other), "7");
    assert_eq!(
        sample(
            &metrics,
            r#"ironward_series_over_cap_total{of="deployments"}"#
        ),
        "7"
    );
}

#[test]
fn threads_lose_nothing() {
    let metrics = metrics(MetricsSettings {
        litellm: true,
        most_series: Some(20),
        ..MetricsSettings::default()
    });
    let one = metrics.series(SERVED);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..1000 {
                    let key = format!("key-{}", number % 40);
                    let mut tally =
                        Tally::new(Arc::clone(&metrics), Dialect::OpenAiChat, Arc::clone(&one));
                    tally.streams_from(Duration::ZERO);
                    tally.settle(&settled(named(&key), None));
                }
            });
        }
    });
    let text = text(&metrics);
    let sum = |start: &str| -> u64 {
        let lines = text.lines().filter(|line| line.starts_with(start));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    assert_eq!(sum("litellm_requests_metric_total{"), 4000);
    assert_eq!(sum("ironward_calls_total{"), 4000);
    assert_eq!(sum("ironward_streams_open"), 0);
    let own = text
        .lines()
        .filter(|line| line.starts_with("litellm_requests_metric_total{"));
    assert_eq!(own.count(), 21);
}

#[test]
fn both_formats_say_the_same() {
    let metrics = metrics(MetricsSettings {
        litellm: true,
        ..MetricsSettings::default()
    });
    count_some(&metrics);
    let open = metrics.write(Exposition::OpenMetrics, MOMENT);
    assert!(open.ends_with("# EOF\n"), "{open}");
    // The formats differ in the order of labels and of a histogram's samples, in how numbers are
    // written, and in what the process says meanwhile.
    let samples = |text: &str| -> BTreeMap<(String, BTreeSet<String>), f64> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.filter(|line| !line.starts_with("process_"));
        lines
            .map(|line| {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = name.split_once('{').unwrap_or((name, ""));
                let labels = labels.trim_end_matches('}').split("\",");
                let labels = labels.map(|label| label.trim_end_matches('"').to_owned());
                let labels = labels.map(|label| match label.split_once("le=\"") {
                    Some(("", bound)) => format!("le {}", bound.parse::<f64>().unwrap()),
                    _ => label,
                });
                ((name.to_owned(), labels.collect()), value.parse().unwrap())
            })
            .collect()
    };
    assert_eq!(samples(&open), samples(&text(&metrics)));
}

#[test]
fn the_tables_are_sound() {
    let mut names = BTreeSet::new();
    for family in OWN.iter().chain(LITELLM) {
        let Family {
            name,
            labels,
            meaning,
            ..
        } = family;
        assert!(names.insert(name), "{name} twice");
        assert!(!name.ends_with("_total"), "{name}");
        assert!(meaning.ends_with('.'), "{name}: {meaning}");
        let unique: BTreeSet<_> = labels.iter().collect();
        assert_eq!(unique.len(), labels.len(), "{name}");
        let is_name = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(
            is_name(name) && labels.iter().all(|label| is_name(label)),
            "{name}"
        );
        assert_ne!(
            name.starts_with("litellm_"),
            OWN.iter().any(|own| own.name == *name)
        );
    }
    assert!(super::is_metric("ironward_calls"));
    assert!(super::is_metric("ironward_calls_total"));
    assert!(super::is_metric("litellm_overhead_latency_metric"));
    assert!(!super::is_metric("litellm_remaining_team_budget_metric"));
    assert!(!super::is_metric("ironward_calls_total_total"));
}

#[test]
fn the_page_is_what_the_table_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, metrics_page()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap() == metrics_page(),
        "docs/metrics.md is out of date; run `cargo xtask reference`"
    );
}
