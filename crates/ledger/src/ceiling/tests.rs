use std::sync::LazyLock;

use ironward_catalogue::{Adjustment, Catalogue, Meter, Prices, Rate, Service, Used};
use ironward_core::{Amount, Money, Usage};
use proptest::prelude::*;

use super::{Besides, Ceiling, Foreseen, NoCeiling};

/// A call of text that is answered with text.
const TEXT: Foreseen<'static> = Foreseen {
    text: 0,
    besides: Besides::Nothing,
    output: 0,
    answers: 1,
    writes_cache: false,
    gives_media: false,
    counted: &[],
    results: 0,
    services: &[],
    uplifts: &[],
};

fn rate(meter: Meter, above: u32, dollars: &str) -> Rate {
    Rate {
        meter,
        above,
        service: Service::Standard,
        price: Amount::from_decimal(dollars, -6).unwrap(),
    }
}

fn prices(rates: &[Rate]) -> Prices {
    Prices::new(rates.to_vec(), Vec::new(), None)
}

fn dollars(ceiling: Ceiling) -> String {
    ceiling.cost.total().to_string()
}

#[test]
fn every_byte_may_be_a_token_at_the_dearest_price() {
    let prices = prices(&[
        rate(Meter::Input, 0, "3"),
        rate(Meter::CacheWrite, 0, "3.75"),
        rate(Meter::CacheWrite1h, 0, "6"),
        rate(Meter::Output, 0, "15"),
    ]);
    let call = Foreseen {
        text: 1_000,
        output: 100,
        ..TEXT
    };
    let of = |call| dollars(Ceiling::of(&prices, &call).unwrap());
    assert_eq!(of(call), "0.0045");
    let writes_cache = true;
    assert_eq!(
        of(Foreseen {
            writes_cache,
            ..call
        }),
        "0.0075"
    );
    assert_eq!(
        of(Foreseen {
            answers: 10,
            ..call
        }),
        "0.018"
    );
    let besides = Besides::Tokens(2_000);
    assert_eq!(of(Foreseen { besides, ..call }), "0.0105");
    let besides = Besides::Context(Some(200_000));
    assert_eq!(of(Foreseen { besides, ..call }), "0.6015");
    let ceiling = Ceiling::of(&prices, &call).unwrap();
    let margin = Adjustment::NONE.with_margin("0.000000001").unwrap();
    let charge = ceiling.charge(&margin);
    assert_eq!(
        (charge.requests, charge.input, charge.output),
        (1, 1_000, 100)
    );
    assert_eq!(charge.cost, Money::from_nanos(4_500_001), "rounded up");
}

#[test]
fn a_shorter_prompt_may_be_the_dearer_one() {
    let prices = prices(&[
        rate(Meter::Input, 0, "4"),
        rate(Meter::Input, 1_000, "1"),
        rate(Meter::Output, 0, "0"),
    ]);
    let of = |text| dollars(Ceiling::of(&prices, &Foreseen { text, ..TEXT }).unwrap());
    assert_eq!(of(1_000), "0.004");
    assert_eq!(of(1_001), "0.004", "1,000 tokens cost more than 1,001");
    assert_eq!(of(5_000), "0.005");
}

#[test]
fn what_has_no_price_or_no_bound_has_no_ceiling() {
    let of = |rates: &[Rate], call: Foreseen<'_>| Ceiling::of(&prices(rates), &call).map(dollars);
    let call = Foreseen {
        text: 10,
        output: 10,
        ..TEXT
    };
    let (input, output) = (rate(Meter::Input, 0, "1"), rate(Meter::Output, 0, "1"));
    assert_eq!(of(&[], call), Err(NoCeiling::Unpriced));
    assert_eq!(of(&[input], call), Err(NoCeiling::Unpriced));
    assert_eq!(of(&[input, output], call), Ok("0.00002".to_owned()));
    // An embedding gives no tokens.
    assert_eq!(
        of(&[input], Foreseen { output: 0, ..call }),
        Ok("0.00001".to_owned())
    );
    let besides = Besides::Context(None);
    let unbounded = of(&[input, output], Foreseen { besides, ..call });
    assert_eq!(unbounded, Err(NoCeiling::Unbounded));
    // An image has a price of its own, and then its prompt needs none.
    let counted = &[(Meter::ImagesOut, 3)];
    let images = Foreseen { counted, ..call };
    assert_eq!(of(&[input, output], images), Err(NoCeiling::Unpriced));
    let image = rate(Meter::ImagesOut, 0, "40000");
    assert_eq!(of(&[image], images), Ok("0.12".to_owned()));
}

#[test]
fn the_dearest_service_counts() {
    let priority = Rate {
        service: Service::Priority,
        ..rate(Meter::Input, 0, "9")
    };
    let prices = prices(&[rate(Meter::Input, 0, "4"), priority]);
    let of = |services| {
        let call = Foreseen {
            text: 1_000,
            services,
            ..TEXT
        };
        dollars(Ceiling::of(&prices, &call).unwrap())
    };
    assert_eq!(of(&[]), "0.004");
    assert_eq!(of(&[Service::Standard, Service::Priority]), "0.009");
}

/// A usage that is within what was foreseen, its parts within their sums.
fn usage(input: u64, output: u64) -> impl Strategy<Value = Usage> {
    let parts = (0..=input, any::<[u16; 3]>(), 0..=output, any::<[u16; 2]>());
    parts.prop_map(|(input, inputs, output, outputs)| {
        let part = |of: u64, share: u16| of * u64::from(share) / u64::from(u16::MAX);
        let cached = part(input, inputs[0]);
        let written = part(input - cached, inputs[1]);
        let reasoning = part(output, outputs[0]);
        Usage {
            input,
            input_cached: cached,
            input_cache_write: written,
            input_cache_write_1h: part(written, inputs[2]),
            output,
            output_reasoning: reasoning,
            output_audio: 0,
            ..Usage::default()
        }
    })
}

fn built_in(model: &str) -> Prices {
    static CATALOGUE: LazyLock<Catalogue<'static>> = LazyLock::new(Catalogue::built_in);
    CATALOGUE.named(model).unwrap().entry.prices
}

proptest! {
    /// Over real prices, tiers and all.
    #[test]
    fn no_usage_within_the_bounds_costs_more(
        model in proptest::sample::select(vec![
            "gpt-4o",
            "claude-sonnet-4-5",
            "gemini/gemini-2.5-pro",
            "o3",
            "deepseek/deepseek-chat",
        ]),
        (text, output, usage) in (0u64..600_000, 0u64..100_000)
            .prop_flat_map(|(text, output)| (Just(text), Just(output), usage(text, output))),
    ) {
        let prices = &built_in(model);
        let call = Foreseen { text, output, writes_cache: true, ..TEXT };
        let ceiling = Ceiling::of(prices, &call).unwrap().charge(&Adjustment::NONE);
        let cost = prices.cost(&Used { usage, ..Used::default() });
        prop_assert!(!cost.incomplete);
        prop_assert!(cost.total().rounded() <= ceiling.cost);
        prop_assert!(usage.input <= ceiling.input && usage.output <= ceiling.output);
    }
}
