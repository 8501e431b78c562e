//! What it takes to charge a call that is over.

use std::sync::Arc;

use gungraun::{library_benchmark, library_benchmark_group};
use ironward_catalogue::{
    Adjustments, Charged, ModelPrices, PriceBook, PriceList, Priced, Prices, Pricing, Used,
};
use ironward_core::Usage;

fn prepare(adjustments: &Adjustments, usage: Usage) -> (ModelPrices, Usage) {
    let list = PriceList::new(&Arc::new(PriceBook::built_in()), adjustments);
    let priced = Priced {
        provider: "openai",
        model: "gpt-4o",
        base: None,
        own: Prices::default(),
        region: None,
    };
    (Pricing::new(&list, priced).of("gpt-4o"), usage)
}

/// Input and output, as most calls have them.
fn plain() -> (ModelPrices, Usage) {
    let usage = Usage {
        input: 1_200,
        output: 300,
        ..Usage::default()
    };
    prepare(&Adjustments::default(), usage)
}

/// Most of the input from the provider's cache, and a discount and a margin.
fn adjusted() -> (ModelPrices, Usage) {
    let mut adjustments = Adjustments::default();
    adjustments.discount("openai", "0.05").expect("a discount");
    adjustments
        .margin("openai", Some("0.1"), Some("0.0005"))
        .expect("a margin");
    let usage = Usage {
        input: 1_200,
        input_cached: 1_024,
        output: 300,
        output_reasoning: 100,
        ..Usage::default()
    };
    prepare(&adjustments, usage)
}

#[library_benchmark]
#[bench::plain(setup = plain)]
#[bench::adjusted(setup = adjusted)]
fn charge((prices, usage): (ModelPrices, Usage)) -> Charged {
    prices.charge(&Used {
        usage,
        ..Used::default()
    })
}

library_benchmark_group!(name = costs, benchmarks = [charge]);
