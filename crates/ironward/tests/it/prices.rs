//! What calls cost: the header of whole replies and the metrics, against prices worked out here.

use std::collections::BTreeMap;

use ironward_testkit::Upstream;
use ironward_testkit::raw::{self, Reply};
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::rig::{KEY, Rig, builder, config};

/// Trillionths of a dollar for one token: of input, of input from the provider's cache, written to
/// it, of output.
type Prices = [u128; 4];

const GPT_4O: Prices = [2_500_000, 1_250_000, 2_500_000, 10_000_000];
const GPT_4O_PRIORITY: Prices = [4_250_000, 2_125_000, 4_250_000, 17_000_000];
const GPT_4O_MINI: Prices = [150_000, 75_000, 150_000, 600_000];
const HAIKU: Prices = [1_000_000, 100_000, 1_250_000, 5_000_000];
const EMBEDDING: Prices = [20_000, 20_000, 20_000, 0];
const OWN: Prices = [3_000_000, 3_000_000, 3_000_000, 7_000_000];

/// Half of `gpt-4o-mini`'s price is taken off, and a tenth of a cent is put on.
const SETTINGS: &str = "litellm_settings:
  callbacks: [prometheus]
  cost_discount_config: {openai/gpt-4o-m*: 0.5}
  cost_margin_config: {groq: {percentage: 0, fixed_amount: 0.001}}
";
const MARGIN: u128 = 1_000_000_000;

/// A deployment: its group, which is its id too, its model, and more parameters.
fn entry(upstream: &Upstream, (group, model): (&str, &str), params: &str) -> String {
    let base = match model.split_once('/') {
        Some(("anthropic", _)) => upstream.url(),
        _ => format!("{}/v1", upstream.url()),
    };
    format!(
        "  - model_name: {group}\n    litellm_params: {{model: {model}, api_base: '{base}', api_key: sk-Held5By9The2Gateway7{params}}}\n    model_info: {{id: {}}}\n",
        group.trim_end_matches("/*")
    )
}

fn start() -> Rig {
    let upstream = Upstream::start();
    let entries = [
        entry(&upstream, ("four", "openai/gpt-4o"), ""),
        entry(&upstream, ("mini", "openai/gpt-4o-mini"), ""),
        entry(&upstream, ("haiku", "anthropic/claude-haiku-4-5"), ""),
        entry(&upstream, ("vectors", "openai/text-embedding-3-small"), ""),
        entry(
            &upstream,
            ("own", "openai/gpt-4o"),
            ", input_cost_per_token: 0.000003, output_cost_per_token: 7e-06, \
             cache_read_input_token_cost: 3.0e-6",
        ),
        entry(&upstream, ("based", "openai/mine"), ", base_model: gpt-4o"),
        entry(
            &upstream,
            ("margin", "groq/mine"),
            ", input_cost_per_token: 0.000003, output_cost_per_token: 7e-06",
        ),
        entry(&upstream, ("open/*", "openai/*"), ""),
        entry(&upstream, ("unknown", "openai/never-heard-of"), ""),
    ];
    let gateway = builder(&config(&entries.concat(), SETTINGS)).start();
    Rig { gateway, upstream }
}

/// What this usage costs, in trillionths of a dollar.
fn cost(usage: &Value, [input, cached, write, output]: Prices) -> u128 {
    let count = |path: &str| u128::from(usage.pointer(path).and_then(Value::as_u64).unwrap_or(0));
    let of_openai = count("/prompt_tokens_details/cached_tokens");
    let whole = (count("/prompt_tokens") - of_openai + count("/input_tokens")) * input;
    let from_cache = (of_openai + count("/cache_read_input_tokens")) * cached;
    let to_cache = count("/cache_creation_input_tokens") * write;
    let out = (count("/completion_tokens") + count("/output_tokens")) * output;
    whole + from_cache + to_cache + out
}

/// As the header has it.
fn dollars(picodollars: u128) -> String {
    let (whole, rest) = (
        picodollars / 1_000_000_000_000,
        picodollars % 1_000_000_000_000,
    );
    let text = format!("{whole}.{rest:012}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The calls of one gateway, and what each deployment is to have cost.
struct Calls {
    rig: Rig,
    spent: BTreeMap<&'static str, u128>,
}

impl Calls {
    #[track_caller]
    fn send(&self, path: &str, body: &Value) -> Reply {
        let reply = self.rig.post(path, body);
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply
    }

    /// A whole call to this deployment: its header and what it adds to the metrics.
    #[track_caller]
    fn whole(
        &mut self,
        id: &'static str,
        (path, body): (&str, &Value),
        of: impl Fn(&Value) -> u128,
    ) {
        let reply = self.send(path, body);
        let usage = &reply.json()["usage"];
        let cost = of(usage);
        assert!(cost > 0, "{usage}");
        let header = reply.header("x-litellm-response-cost");
        assert_eq!(header, Some(&*dollars(cost)), "{id}: {usage}");
        *self.spent.entry(id).or_default() += cost;
    }

    fn metrics(&self) -> String {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str())];
        let admin = self.rig.gateway.admin_address();
        let reply = raw::request(admin, "GET", "/metrics", &headers, b"");
        reply.expect("the admin port answers").text()
    }
}

/// The usage that a stream ends with.
fn usage_of_stream(reply: &Reply) -> Value {
    let text = reply.text();
    let events = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let mut usages = events.filter_map(|event| {
        let event: Value = serde_json::from_str(event).ok()?;
        event
            .get("usage")
            .filter(|usage| usage.is_object())
            .cloned()
    });
    usages.next_back().expect("a stream says its usage")
}

#[test]
fn a_call_costs_what_its_usage_and_the_prices_say() {
    let rig = start();
    let mut calls = Calls {
        rig,
        spent: BTreeMap::new(),
    };
    let (chat, messages) = (Dialect::OpenAi, Dialect::Anthropic);
    let long = "word ".repeat(3_000);
    let by = |prices: Prices| move |usage: &Value| cost(usage, prices);
    for (id, group, prices) in [
        ("four", "four", GPT_4O),
        ("own", "own", OWN),
        ("based", "based", GPT_4O),
        ("open", "open/gpt-4o", GPT_4O),
        ("open", "open/gpt-4o-2024-11-20", GPT_4O),
    ] {
        for text in ["hello", &*long] {
            calls.whole(id, (chat.path(), &chat.body(group, text)), by(prices));
        }
        calls.whole(
            id,
            (messages.path(), &messages.body(group, "hello")),
            by(prices),
        );
    }
    let half = |usage: &Value| cost(usage, GPT_4O_MINI) / 2;
    for (id, group) in [("mini", "mini"), ("open", "open/gpt-4o-mini")] {
        calls.whole(id, (chat.path(), &chat.body(group, "hello")), half);
    }
    let marked = json!([{"type": "text", "text": long, "cache_control": {"type": "ephemeral"}}]);
    let marked = messages.conversation("haiku", &marked);
    calls.whole("haiku", (messages.path(), &marked), by(HAIKU));
    let vectors = json!({"model": "vectors", "input": "some text"});
    calls.whole("vectors", ("/v1/embeddings", &vectors), by(EMBEDDING));
    let with_margin = |usage: &Value| cost(usage, OWN) + MARGIN;
    calls.whole(
        "margin",
        (chat.path(), &chat.body("margin", "hello")),
        with_margin,
    );
    let mut prior = chat.body("four", "hello");
    prior["service_tier"] = "priority".into();
    calls.whole("four", (chat.path(), &prior), by(GPT_4O_PRIORITY));

    // A stream's cost is known at its end alone.
    let mut stream = chat.stream("four", "hello");
    stream["stream_options"] = json!({"include_usage": true});
    let reply = calls.send(chat.path(), &stream);
    assert_eq!(reply.header("x-litellm-response-cost"), None);
    *calls.spent.entry("four").or_default() += cost(&usage_of_stream(&reply), GPT_4O);

    let text = calls.metrics();
    for (id, picodollars) in &calls.spent {
        let group = if *id == "open" { "open/*" } else { id };
        let of = |start: &str, end: &str| -> f64 {
            let found = text.lines().filter(|line| {
                line.starts_with(start)
                    && line.contains(&format!("\"{group}\""))
                    && line.contains(end)
            });
            let values = found.map(|line| line.rsplit_once(' ').expect("a value").1);
            values
                .map(|value| value.parse::<f64>().expect("a number"))
                .sum()
        };
        let expected: f64 = dollars(*picodollars).parse().expect("a number");
        for (name, label) in [
            ("ironward_cost_dollars_total{", "deployment="),
            ("litellm_spend_metric_total{", "model_id="),
        ] {
            let label = format!("{label}\"{id}\"");
            let counted = of(name, &label);
            assert!(
                (counted - expected).abs() < 1e-11,
                "{name} {id}: {counted} {expected}"
            );
        }
    }
    assert!(
        !text.contains("ironward_cost_incomplete_calls_total{"),
        "{text}"
    );
    calls.rig.assert_no_panic();
}

#[test]
fn a_cost_that_nobody_knows_is_flagged_and_never_told_as_nothing() {
    let calls = Calls {
        rig: start(),
        spent: BTreeMap::new(),
    };
    let chat = Dialect::OpenAi;
    for group in ["unknown", "open/never-heard-of"] {
        let reply = calls.send(chat.path(), &chat.body(group, "hello"));
        assert_eq!(reply.header("x-litellm-response-cost"), None);
    }
    // Counting tokens costs nothing.
    let count = json!({"model": "haiku", "messages": [{"role": "user", "content": "hello"}]});
    let reply = calls.send("/v1/messages/count_tokens", &count);
    assert_eq!(reply.header("x-litellm-response-cost"), None);
    let text = calls.metrics();
    let mut flagged: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("ironward_cost_incomplete_calls_total"))
        .collect();
    flagged.sort_unstable();
    assert_eq!(
        flagged,
        [
            r#"{model_group="open/*",provider="openai",deployment="open"} 1"#,
            r#"{model_group="unknown",provider="openai",deployment="unknown"} 1"#,
        ]
    );
    assert!(!text.contains("ironward_cost_dollars_total{"), "{text}");
}
