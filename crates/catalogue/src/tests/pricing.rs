use std::sync::Arc;

use ironward_core::Usage;

use super::{dollars, prices};
use crate::{Adjustments, Charged, PriceBook, PriceList, Priced, Prices, Pricing, Used};

fn list() -> PriceList {
    let mut adjustments = Adjustments::default();
    adjustments.discount("gemini", "0.5").unwrap();
    PriceList::new(&Arc::new(PriceBook::built_in()), &adjustments)
}

fn pricing(provider: &str, model: &str, base: Option<&str>, own: Prices) -> Pricing {
    let deployment = Priced {
        provider,
        model,
        base,
        own,
        region: None,
    };
    Pricing::new(&list(), deployment)
}

/// What a thousand input tokens and five hundred output tokens cost.
fn charged(pricing: &Pricing, model: &str) -> Charged {
    let usage = Usage {
        input: 1_000,
        output: 500,
        ..Usage::default()
    };
    pricing.of(model).charge(&Used {
        usage,
        ..Used::default()
    })
}

#[test]
fn own_prices_go_before_the_base_models_and_those_before_the_models() {
    let none = Prices::default;
    let input = || prices(&[("input_cost_per_token", "1e-6")]);
    let both = prices(&[
        ("input_cost_per_token", "1e-6"),
        ("output_cost_per_token", "2e-6"),
    ]);
    for (pricing, model, dollars_of_it) in [
        // 1000 x 2.5 + 500 x 10
        (
            pricing("openai", "gpt-4o", None, none()),
            "gpt-4o",
            "0.0075",
        ),
        // 1000 x 1 + 500 x 10
        (
            pricing("openai", "gpt-4o", None, input()),
            "gpt-4o",
            "0.006",
        ),
        // 1000 x 2.75 + 500 x 11
        (
            pricing("azure", "mine", Some("azure/eu/gpt-4o-2024-08-06"), none()),
            "mine",
            "0.00825",
        ),
        // 1000 x 1 + 500 x 11
        (
            pricing("azure", "mine", Some("eu/gpt-4o-2024-08-06"), input()),
            "mine",
            "0.0065",
        ),
        // 1000 x 1 + 500 x 2
        (pricing("openai", "mine", None, both), "mine", "0.002"),
        // Half of 1000 x 0.3 + 500 x 2.5
        (
            pricing("gemini", "gemini-2.5-flash", None, none()),
            "gemini-2.5-flash",
            "0.000775",
        ),
    ] {
        let charged = charged(&pricing, model);
        assert_eq!(charged.amount, dollars(dollars_of_it), "{model}");
        assert!(!charged.incomplete, "{model}");
        assert!(charged.version.starts_with("20"));
    }
}

#[test]
fn a_model_that_is_left_to_the_call_is_priced_by_the_calls() {
    let open = pricing("openai", "*", None, Prices::default());
    assert_eq!(charged(&open, "gpt-4o").amount, dollars("0.0075"));
    // 1000 x 0.15 + 500 x 0.6
    assert_eq!(charged(&open, "gpt-4o-mini").amount, dollars("0.00045"));
    assert!(charged(&open, "made-up").is_unknown());
    let own = prices(&[("input_cost_per_token", "1e-6")]);
    let open = pricing("openai", "*", None, own);
    assert_eq!(charged(&open, "gpt-4o").amount, dollars("0.006"));
    let unknown = charged(&open, "made-up");
    assert_eq!(unknown.amount, dollars("0.001"));
    assert!(unknown.incomplete && !unknown.is_unknown());
    assert_eq!(open.entry("gpt-4o").unwrap().mode, "chat");
    assert_eq!(open.entry("made-up"), None);
}
