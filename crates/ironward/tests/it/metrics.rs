//! `GET /metrics` of the running binary: exact numbers after calls of every outcome.

mod prometheus;

use ironward_testkit::raw::{self, Reply};
use ironward_testkit::{Gateway, Upstream};
use serde_json::Value;

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, builder, config, wait_until};

const LITELLM: &str = "litellm_settings:\n  callbacks: [prometheus]\n";

/// A deployment of `group`, with this id.
fn entry(upstream: &Upstream, (group, id): (&str, &str), model: &str, params: &str) -> String {
    format!(
        "  - model_name: {group}\n    litellm_params:\n      model: openai/{model}\n      api_base: {}/v1\n      api_key: sk-Held5By9The2Gateway7\n{params}    model_info:\n      id: {id}\n",
        upstream.url()
    )
}

fn start(settings: &str) -> Rig {
    let upstream = Upstream::start();
    let entries = [
        entry(&upstream, ("gpt", "one"), "gpt-test", ""),
        entry(&upstream, ("pair", "first"), "fail-500", "      order: 1\n"),
        entry(
            &upstream,
            ("pair", "second"),
            "gpt-test",
            "      order: 2\n",
        ),
        entry(&upstream, ("bad", "bad"), "fail-400", ""),
        entry(&upstream, ("slow", "slow"), "hang-stream-6", ""),
        entry(&upstream, ("open/*", "open"), "gpt-test", ""),
    ];
    let text = config(
        &entries.concat(),
        &format!("router_settings:\n  num_retries: 2\n{settings}"),
    );
    let gateway = builder(&text).start();
    Rig { gateway, upstream }
}

#[track_caller]
fn scrape_with(gateway: &Gateway, headers: &[(&str, &str)]) -> Reply {
    let reply = raw::request(gateway.admin_address(), "GET", "/metrics", headers, b"");
    reply.expect("the admin port answers")
}

#[track_caller]
fn scrape(gateway: &Gateway) -> String {
    let bearer = format!("Bearer {KEY}");
    let reply = scrape_with(gateway, &[("authorization", &bearer)]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

/// The samples that begin so, each without that.
fn samples<'t>(text: &'t str, start: &str) -> Vec<&'t str> {
    text.lines()
        .filter_map(|line| line.strip_prefix(start))
        .collect()
}

/// Calls of every outcome, and requests that are none.
fn call_each(rig: &Rig) -> Value {
    let chat = Dialect::OpenAi;
    let post = |body: &Value| rig.post(chat.path(), body);
    let whole = post(&chat.body("gpt", "hello"));
    assert_eq!(whole.status, 200);
    assert_eq!(post(&chat.stream("gpt", "hello")).status, 200);
    let anthropic = Dialect::Anthropic;
    assert_eq!(
        rig.post(anthropic.path(), &anthropic.body("open/made-up", "hello"))
            .status,
        200
    );
    assert_eq!(post(&chat.body("pair", "hello")).status, 200);
    assert_eq!(post(&chat.body("bad", "hello")).status, 400);
    assert_eq!(post(&chat.body("no-such-model", "hello")).status, 400);
    let wrong = [("x-litellm-num-retries", "many")];
    let body = chat.body("gpt", "hello").to_string();
    assert_eq!(
        rig.post_with(chat.path(), &wrong, body.as_bytes()).status,
        400
    );
    for headers in [&[("authorization", "Bearer sk-wrong")][..], &[]] {
        let reply = raw::request(rig.address(), "POST", chat.path(), headers, b"{}");
        assert_eq!(reply.expect("a reply").status, 401);
    }
    let reply = raw::request(rig.address(), "GET", "/nowhere", &[], b"");
    assert_eq!(reply.expect("a reply").status, 404);

    let stream = chat.stream("slow", "one two three four five six");
    let mut connection = rig.open(chat.path(), &[], &stream);
    assert_eq!(connection.read_head().expect("a head").status, 200);
    wait_until("a stream is open", || {
        scrape(&rig.gateway).contains("\nironward_streams_open 1\n")
    });
    assert!(scrape(&rig.gateway).contains("\nironward_calls_running 1\n"));
    drop(connection);
    wait_until("the client is gone", || {
        scrape(&rig.gateway).contains("\nironward_calls_running 0\n")
    });
    whole.json()["usage"].clone()
}

#[test]
fn calls_of_every_outcome_are_counted() {
    let rig = start(LITELLM);
    let usage = call_each(&rig);
    let text = scrape(&rig.gateway);
    let chat = r#"dialect="openai_chat""#;
    let mut calls = samples(&text, "ironward_calls_total");
    calls.sort_unstable();
    let expected = [
        format!(r#"{{model_group="bad",provider="openai",deployment="bad",{chat},status="4xx",fault="bad_request"}} 1"#),
        format!(r#"{{model_group="gpt",provider="",deployment="",{chat},status="4xx",fault="bad_request"}} 1"#),
        format!(r#"{{model_group="gpt",provider="openai",deployment="one",{chat},status="2xx",fault=""}} 2"#),
        r#"{model_group="open/*",provider="openai",deployment="open",dialect="anthropic_messages",status="2xx",fault=""} 1"#.to_owned(),
        format!(r#"{{model_group="pair",provider="openai",deployment="second",{chat},status="2xx",fault=""}} 1"#),
        format!(r#"{{model_group="slow",provider="openai",deployment="slow",{chat},status="4xx",fault="client_gone"}} 1"#),
    ];
    assert_eq!(calls, expected);
    let mut refusals = samples(&text, "ironward_refusals_total");
    refusals.sort_unstable();
    assert_eq!(
        refusals,
        [
            r#"{fault="authentication"} 2"#,
            r#"{fault="not_found"} 1"#,
            r#"{fault="unknown_model"} 1"#
        ]
    );
    let first = r#"{model_group="pair",provider="openai",deployment="first"}"#;
    let second = r#"{model_group="pair",provider="openai",deployment="second"}"#;
    let one = r#"{model_group="gpt",provider="openai",deployment="one"}"#;
    let slow = r#"{model_group="slow",provider="openai",deployment="slow"}"#;
    for line in [
        format!("ironward_attempts_total{first} 1"),
        format!("ironward_attempts_total{second} 1"),
        format!("ironward_retries_total{second} 1"),
        r#"ironward_upstream_errors_total{model_group="pair",provider="openai",deployment="first",fault="upstream_internal"} 1"#.to_owned(),
        r#"ironward_upstream_errors_total{model_group="bad",provider="openai",deployment="bad",fault="bad_request"} 1"#.to_owned(),
        format!("ironward_call_duration_seconds_count{one} 2"),
        format!("ironward_overhead_seconds_count{one} 2"),
        format!("ironward_attempt_duration_seconds_count{one} 2"),
        format!("ironward_first_byte_seconds_count{one} 1"),
        format!("ironward_first_byte_seconds_count{slow} 1"),
        "ironward_streams_open 0".to_owned(),
        "ironward_wrong_keys_total 1".to_owned(),
        "ironward_store_connected 1".to_owned(),
        "ironward_log_lines_lost_total 0".to_owned(),
        format!(r#"ironward_build_info{{version="{}"}} 1"#, env!("CARGO_PKG_VERSION")),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    for first_attempts in [one, first] {
        assert!(samples(&text, &format!("ironward_retries_total{first_attempts}")).is_empty());
    }
    // The stream's usage is counted too, where the provider says it: at least the whole reply's.
    for (name, field) in [("input", "prompt_tokens"), ("output", "completion_tokens")] {
        let counted = samples(&text, &format!("ironward_{name}_tokens_total{one} "));
        let counted: u64 = counted[0].parse().expect("a number");
        let of_one = usage[field].as_u64().expect("a number");
        assert!(
            counted == of_one || counted == 2 * of_one,
            "{name}: {counted} of {of_one}"
        );
    }
    assert_litellm(&text);
    for unwanted in ["made-up", "no-such-model", "hello", "Held5By9", KEY] {
        assert!(!text.contains(unwanted), "{unwanted}: {text}");
    }
}

#[track_caller]
fn assert_litellm(text: &str) {
    let caller = r#"hashed_api_key="None",api_key_alias="litellm_proxy_master_key",team="None",team_alias="None",user="None""#;
    let one = r#"requested_model="gpt",model_id="one",api_provider="openai""#;
    let slow = r#"requested_model="slow",model_id="slow",api_provider="openai""#;
    let nowhere = r#"requested_model="None",model_id="None",api_provider="None""#;
    let route = r#"route="/v1/chat/completions""#;
    for line in [
        format!(r#"litellm_proxy_total_requests_metric_total{{{caller},{one},status_code="200",{route}}} 2"#),
        format!(r#"litellm_proxy_total_requests_metric_total{{{caller},{nowhere},status_code="400",{route}}} 1"#),
        format!(
            r#"litellm_proxy_failed_requests_metric_total{{{caller},{slow},exception_status="499",exception_class="CancelledError",{route}}} 1"#
        ),
        r#"litellm_deployment_failure_responses_total{requested_model="pair",litellm_model_name="fail-500",model_id="first",api_provider="openai",exception_status="500",exception_class="Openai.InternalServerError"} 1"#.to_owned(),
        r#"litellm_deployment_success_responses_total{requested_model="pair",litellm_model_name="gpt-test",model_id="second",api_provider="openai"} 1"#.to_owned(),
        "litellm_in_flight_requests 0".to_owned(),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
    for name in [
        "litellm_total_tokens_metric_total",
        "litellm_input_tokens_metric_total",
        "litellm_output_tokens_metric_total",
        "litellm_request_total_latency_metric_count",
        "litellm_llm_api_latency_metric_count",
        "litellm_llm_api_time_to_first_token_metric_count",
        "litellm_overhead_latency_metric_count",
        "litellm_deployment_total_requests_total",
    ] {
        assert!(!samples(text, name).is_empty(), "{name}: {text}");
    }
}

#[test]
fn a_reload_is_counted_and_counts_go_on() {
    let rig = start("");
    let text = scrape(&rig.gateway);
    assert!(!text.contains("litellm_"), "{text}");
    rig.post(
        Dialect::OpenAi.path(),
        &Dialect::OpenAi.body("gpt", "hello"),
    );
    let config = std::fs::read_to_string(rig.gateway.directory().join("config.yaml"));
    let config = config.expect("its configuration");
    rig.gateway.rewrite_config("model_list: [");
    rig.gateway.wait_for_output("config refused");
    rig.gateway.rewrite_config(&format!("{config}\n"));
    rig.gateway.wait_for_output("config reloaded");
    rig.post(
        Dialect::OpenAi.path(),
        &Dialect::OpenAi.body("gpt", "hello"),
    );
    let text = scrape(&rig.gateway);
    for line in [
        r#"ironward_config_reloads_total{outcome="in_force"} 1"#,
        r#"ironward_config_reloads_total{outcome="refused"} 1"#,
        r#"ironward_calls_total{model_group="gpt",provider="openai",deployment="one",dialect="openai_chat",status="2xx",fault=""} 2"#,
    ] {
        assert!(text.lines().any(|known| known == line), "{line}: {text}");
    }
}

#[test]
fn strangers_see_them_nowhere_unless_the_operator_says_so() {
    let closed = start("");
    assert_eq!(scrape_with(&closed.gateway, &[]).status, 401);
    let bearer = format!("Bearer {KEY}");
    for headers in [&[][..], &[("authorization", &*bearer)]] {
        let reply = raw::request(closed.address(), "GET", "/metrics", headers, b"");
        assert_eq!(reply.expect("a reply").status, 404);
    }
    let open = "litellm_settings:\n  require_auth_for_metrics_endpoint: false\n";
    let upstream = Upstream::start();
    let entries = entry(&upstream, ("gpt", "one"), "gpt-test", "");
    let text = config(&entries, open).replace(
        "general_settings:\n",
        "general_settings:\n  admin_on_data_port: true\n",
    );
    let gateway = builder(&text).start();
    let shown = scrape_with(&gateway, &[]);
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(
        scrape_with(&gateway, &[("authorization", "Bearer sk-wrong")]).status,
        200
    );
    let bearer = format!("Bearer {KEY}");
    for (headers, status) in [(&[][..], 401), (&[("authorization", &*bearer)], 200)] {
        let reply = raw::request(gateway.address(), "GET", "/metrics", headers, b"");
        assert_eq!(reply.expect("a reply").status, status);
    }
}
