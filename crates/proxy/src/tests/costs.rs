//! What a call is charged by: the prices of the model that answered, and how it was asked to serve.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use ironward_catalogue::{
    Adjustments, Charged, PriceBook, PriceList, Priced, Prices, Pricing, Uplift,
};
use ironward_core::{Deployment, Usage};
use ironward_wire::{Body, Call, Dialect};
use serde_json::{Value, json};

use super::deployment;
use crate::Routed;
use crate::cost::Charge;

/// 2026-01-01, a Thursday, at 08:00 and at 05:00 UTC.
const MORNING: u64 = 1_767_254_400;
const NIGHT: u64 = 1_767_243_600;

const USAGE: Usage = Usage {
    input: 1_000,
    input_cached: 0,
    input_cache_write: 0,
    input_cache_write_1h: 0,
    input_audio: 0,
    output: 500,
    output_reasoning: 0,
    output_audio: 0,
    output_accepted_prediction: 0,
    output_rejected_prediction: 0,
};

/// The price catalogue, which takes a while to be indexed.
static PRICES: LazyLock<PriceList> =
    LazyLock::new(|| PriceList::new(&Arc::new(PriceBook::built_in()), &Adjustments::default()));

/// By the catalogue's prices of a model of OpenAI's.
pub(super) fn pricing(model: &str) -> Arc<Pricing> {
    let priced = Priced {
        provider: "openai",
        model,
        base: None,
        own: Prices::default(),
        region: None,
    };
    Arc::new(Pricing::new(&PRICES, priced))
}

/// A deployment of this model, at an address in this region.
fn routed(
    (provider, model): (&'static str, &str),
    region: Option<Uplift>,
    change: impl FnOnce(&mut Deployment),
) -> Routed {
    let mut routed = deployment("g", 1, None);
    let priced = Priced {
        provider,
        model,
        base: None,
        own: Prices::default(),
        region,
    };
    routed.pricing = Arc::new(Pricing::new(&PRICES, priced));
    change(Arc::make_mut(&mut routed.deployment));
    routed
}

fn call(dialect: Dialect, fields: &Value) -> Call {
    let mut body = json!({"model": "g", "messages": []});
    let fields = fields.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(fields);
    let body = Body::read(Bytes::from(body.to_string())).unwrap();
    Call::read(dialect, body, None).unwrap()
}

fn charged(routed: &Routed, fields: &Value, now: u64) -> Charged {
    let call = call(Dialect::OpenAiChat, fields);
    let charge = Charge::of(routed, &routed.deployment.model, &call).unwrap();
    charge.charge(Some(USAGE), || now)
}

#[track_caller]
fn assert_costs(routed: &Routed, fields: &Value, dollars: &str) {
    let charged = charged(routed, fields, MORNING);
    assert_eq!(charged.amount.to_string(), dollars, "{fields}");
    assert!(!charged.incomplete);
}

#[test]
fn the_service_is_the_one_that_the_provider_was_asked_for() {
    let model = ("openai", "gpt-5.4");
    let plain = routed(model, None, |_| ());
    // 1000 x 2.5 + 500 x 15; 1000 x 1.25 + 500 x 7.5; 1000 x 5 + 500 x 30
    let (standard, flex, priority) = ("0.01", "0.005", "0.02");
    assert_costs(&plain, &json!({}), standard);
    assert_costs(&plain, &json!({"service_tier": "auto"}), standard);
    assert_costs(&plain, &json!({"service_tier": "flex"}), flex);
    assert_costs(&plain, &json!({"service_tier": "priority"}), priority);
    assert_costs(&plain, &json!({"service_tier": 7}), standard);
    let tier = |tier: &str| [("service_tier".into(), format!("\"{tier}\"").into())];
    let by_default = routed(model, None, |deployment| {
        deployment.params.defaults = tier("flex").into();
    });
    assert_costs(&by_default, &json!({}), flex);
    assert_costs(&by_default, &json!({"service_tier": "priority"}), priority);
    let always = routed(model, None, |deployment| {
        deployment.params.extra_body = tier("flex").into();
    });
    assert_costs(&always, &json!({"service_tier": "priority"}), flex);
}

#[test]
fn what_multiplies_a_cost_does_so_when_it_is_asked_for() {
    let opus = routed(("anthropic", "claude-opus-5"), None, |_| ());
    // 1000 x 5 + 500 x 25, and 1.1 and 2 times that
    assert_costs(&opus, &json!({}), "0.0175");
    assert_costs(&opus, &json!({"inference_geo": "us"}), "0.01925");
    assert_costs(&opus, &json!({"inference_geo": "global"}), "0.0175");
    assert_costs(&opus, &json!({"speed": "fast"}), "0.035");
    let both = json!({"speed": "fast", "inference_geo": "us"});
    assert_costs(&opus, &both, "0.0385");
    // Another model has no factor for it.
    let mini = routed(("openai", "gpt-4o"), None, |_| ());
    assert_costs(&mini, &both, "0.0075");
    let european = routed(("openai", "gpt-5.4"), Some(Uplift::ProcessedEu), |_| ());
    assert_costs(&european, &json!({}), "0.011");
}

#[test]
fn off_peak_prices_hold_in_their_hours() {
    let flash = routed(("deepseek", "deepseek-v4-flash"), None, |_| ());
    // 1000 x 0.3 + 500 x 1.2, and half of it at night
    for (now, dollars) in [(MORNING, "0.0009"), (NIGHT, "0.00045")] {
        let charged = charged(&flash, &json!({}), now);
        assert_eq!(charged.amount.to_string(), dollars);
    }
}

#[test]
fn what_is_not_known_is_flagged_and_what_is_free_is_not_charged() {
    let known = routed(("openai", "gpt-4o"), None, |_| ());
    let chat = call(Dialect::OpenAiChat, &json!({}));
    let charge = Charge::of(&known, "gpt-4o", &chat).unwrap();
    assert!(charge.charge(None, || MORNING).is_unknown());
    let unknown = routed(("openai", "never-heard-of"), None, |_| ());
    assert!(charged(&unknown, &json!({}), MORNING).is_unknown());
    let count = call(Dialect::AnthropicCountTokens, &json!({}));
    assert!(Charge::of(&known, "gpt-4o", &count).is_none());
}
