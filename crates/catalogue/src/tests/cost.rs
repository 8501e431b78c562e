use ironward_core::{Amount, Usage};
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{dollars, prices};
use crate::{Meter, Prices, Rate, Service, Uplift, Used};

fn total(prices: &Prices, usage: Usage, service: Service) -> Amount {
    let used = Used {
        usage,
        service,
        ..Used::default()
    };
    prices.cost(&used).total()
}

const TIERED: [(&str, &str); 6] = [
    ("input_cost_per_token", "1e-6"),
    ("output_cost_per_token", "2e-6"),
    ("input_cost_per_token_above_128k_tokens", "3e-6"),
    ("output_cost_per_token_above_128k_tokens", "5e-6"),
    ("input_cost_per_token_above_200k_tokens", "13e-6"),
    ("input_cost_per_token_priority", "7e-6"),
];

#[test]
fn a_size_that_is_passed_prices_the_whole_call_anew() {
    let prices = prices(&TIERED);
    let cost = |input, service| {
        let usage = Usage {
            input,
            output: 10,
            ..Usage::default()
        };
        total(&prices, usage, service).to_string()
    };
    assert_eq!(cost(128_000, Service::Standard), "0.12802");
    assert_eq!(cost(128_001, Service::Standard), "0.384053");
    // Output has no price above 200,000: the one above 128,000 stays.
    assert_eq!(cost(200_001, Service::Standard), "2.600063");
    assert_eq!(cost(1_000, Service::Priority), "0.00702");
    // The size counts before the service, as in LiteLLM.
    assert_eq!(cost(128_001, Service::Priority), "0.384053");
    // A service without prices of its own costs what the standard one does.
    assert_eq!(cost(1_000, Service::Flex), "0.00102");
}

#[test]
fn each_part_has_its_price_or_that_of_what_stands_in() {
    let usage = Usage {
        input: 1_000,
        input_cached: 100,
        input_cache_write: 200,
        input_cache_write_1h: 50,
        input_audio: 40,
        output: 500,
        output_reasoning: 300,
        output_audio: 20,
        ..Usage::default()
    };
    let used = Used {
        usage,
        ..Used::default()
    };
    let base = [
        ("input_cost_per_token", "1e-6"),
        ("output_cost_per_token", "2e-6"),
    ];
    let cost = prices(&base).cost(&used);
    assert_eq!(cost.total(), dollars("0.002"));
    assert!(!cost.incomplete);
    let own = [
        ("cache_read_input_token_cost", "1e-7"),
        ("cache_creation_input_token_cost", "1.25e-6"),
        ("cache_creation_input_token_cost_above_1hr", "2e-6"),
        ("input_cost_per_audio_token", "1e-5"),
        ("output_cost_per_reasoning_token", "3e-6"),
        ("output_cost_per_audio_token", "2e-5"),
    ];
    let all: Vec<_> = base.into_iter().chain(own).collect();
    let cost = prices(&all).cost(&used);
    assert_eq!(cost.input, dollars("0.00066"));
    assert_eq!(cost.cached, dollars("0.00001"));
    assert_eq!(cost.cache_write, dollars("0.0001875"));
    assert_eq!(cost.cache_write_1h, dollars("0.0001"));
    assert_eq!(cost.input_audio, dollars("0.0004"));
    assert_eq!(cost.output, dollars("0.00036"));
    assert_eq!(cost.reasoning, dollars("0.0009"));
    assert_eq!(cost.output_audio, dollars("0.0004"));
    assert_eq!(cost.total(), dollars("0.0030175"));
    // Nothing is a price.
    let free = [("cache_read_input_token_cost", "0.0")];
    let free: Vec<_> = base.into_iter().chain(free).collect();
    assert_eq!(prices(&free).cost(&used).total(), dollars("0.0019"));
    // Without any, the cost is what is known, and it says so.
    let half = prices(&base[..1]).cost(&used);
    assert_eq!(half.total(), dollars("0.001"));
    assert!(half.incomplete);
}

#[test]
fn audio_that_cannot_be_new_is_from_the_cache() {
    let usage = Usage {
        input: 1_000,
        input_cached: 900,
        input_audio: 300,
        ..Usage::default()
    };
    let base = [
        ("input_cost_per_token", "1e-6"),
        ("cache_read_input_token_cost", "1e-7"),
        ("input_cost_per_audio_token", "1e-5"),
    ];
    assert_eq!(
        total(&prices(&base), usage, Service::Standard),
        dollars("0.00109")
    );
    let own = base
        .into_iter()
        .chain([("cache_read_input_audio_token_cost", "2e-7")]);
    let own: Vec<_> = own.collect();
    assert_eq!(
        total(&prices(&own), usage, Service::Standard),
        dollars("0.00111")
    );
}

#[test]
fn a_model_that_gives_nothing_but_images_has_their_price_for_its_output() {
    let usage = Usage {
        output: 272,
        ..Usage::default()
    };
    let prices = prices(&[("output_cost_per_image_token", "8e-6")]);
    assert_eq!(
        total(&prices, usage, Service::Standard),
        dollars("0.002176")
    );
}

#[test]
fn what_is_counted_beside_tokens_has_its_price() {
    let prices = prices(&[
        ("input_cost_per_token", "1e-6"),
        ("output_cost_per_token", "2e-6"),
        ("output_cost_per_image_token", "3e-5"),
        ("input_cost_per_second", "0.0001"),
        (
            "search_context_cost_per_query.search_context_size_medium",
            "0.01",
        ),
        ("tiered_pricing.0.input_cost_per_query", "0.005"),
        ("tiered_pricing.0.max_results_range.0", "0"),
        ("tiered_pricing.0.max_results_range.1", "25"),
        ("tiered_pricing.1.input_cost_per_query", "0.025"),
        ("tiered_pricing.1.max_results_range.0", "26"),
        ("tiered_pricing.1.max_results_range.1", "100"),
        ("provider_specific_entry.fast", "2.0"),
    ]);
    let usage = Usage {
        input: 100,
        output: 1_000,
        ..Usage::default()
    };
    let cost = |beside: &[(Meter, u64)], results, uplifts: &[Uplift]| {
        let used = Used {
            usage,
            beside,
            results,
            uplifts,
            ..Used::default()
        };
        let cost = prices.cost(&used);
        (cost.total().to_string(), cost.incomplete)
    };
    // Image tokens are a part of the output.
    assert_eq!(cost(&[], 0, &[]), ("0.0021".to_owned(), false));
    let image = [(Meter::ImageTokensOut, 600)];
    assert_eq!(cost(&image, 0, &[]), ("0.0189".to_owned(), false));
    assert_eq!(
        cost(&image, 0, &[Uplift::Fast]),
        ("0.0378".to_owned(), false)
    );
    // An uplift that the model does not have.
    assert_eq!(
        cost(&[], 0, &[Uplift::Fedramp]),
        ("0.0021".to_owned(), false)
    );
    assert_eq!(cost(&[(Meter::SecondsIn, 1_500)], 0, &[]).0, "0.00225");
    assert_eq!(cost(&[(Meter::SearchesMedium, 3)], 0, &[]).0, "0.0321");
    assert_eq!(cost(&[(Meter::Queries, 2)], 25, &[]).0, "0.0121");
    assert_eq!(cost(&[(Meter::Queries, 2)], 26, &[]).0, "0.0521");
    assert_eq!(
        cost(&[(Meter::Pages, 1)], 0, &[]),
        ("0.0021".to_owned(), true)
    );
}

/// Meters whose counts the usage has.
const COUNTED: [Meter; 8] = [
    Meter::Input,
    Meter::Cached,
    Meter::CacheWrite,
    Meter::CacheWrite1h,
    Meter::AudioIn,
    Meter::Output,
    Meter::Reasoning,
    Meter::AudioOut,
];
/// The size from which on prices of the tests are higher.
const SIZE: u32 = 200_000;

/// Any prices; those above the size are never lower.
fn any_prices() -> impl Strategy<Value = Prices> {
    let price = (0..20_000_u64, 0..20_000_u64, 0..4_u8);
    proptest::collection::vec(proptest::option::of(price), COUNTED.len()).prop_map(|drawn| {
        let mut rates = Vec::new();
        for (meter, price) in COUNTED.into_iter().zip(drawn) {
            // Input and output have a price, and one above the size, which stands in for the rest.
            let main = matches!(meter, Meter::Input | Meter::Output);
            let Some((low, more, kind)) = price.or_else(|| main.then_some((1, 1, 3))) else {
                continue;
            };
            let mut add = |above, service, thousandths: u64| {
                rates.push(Rate {
                    meter,
                    above,
                    service,
                    price: Amount::from_decimal(&thousandths.to_string(), -9).unwrap(),
                });
            };
            add(0, Service::Standard, low);
            if main || kind & 1 != 0 {
                add(
                    SIZE,
                    Service::Standard,
                    low + more + if main { 20_000 } else { 0 },
                );
            }
            if kind & 2 != 0 {
                add(0, Service::Batch, low / 2);
            }
        }
        Prices::new(rates, Vec::new(), None)
    })
}

/// Counts as a gateway sees them: a usage as its parts.
#[derive(Debug, Clone, Copy)]
struct Parts([u64; 8]);

impl Parts {
    fn usage(self) -> Usage {
        let Self(
            [
                text,
                cached,
                write,
                write_1h,
                audio,
                out,
                reasoning,
                audio_out,
            ],
        ) = self;
        let sum = |counts: &[u64]| counts.iter().fold(0, |sum: u64, n| sum.saturating_add(*n));
        Usage {
            input: sum(&[text, cached, write, write_1h, audio]),
            input_cached: cached,
            input_cache_write: sum(&[write, write_1h]),
            input_cache_write_1h: write_1h,
            input_audio: audio,
            output: sum(&[out, reasoning, audio_out]),
            output_reasoning: reasoning,
            output_audio: audio_out,
            ..Usage::default()
        }
    }

    fn plus(self, other: Self) -> Self {
        let mut sums = self.0;
        for (sum, count) in sums.iter_mut().zip(other.0) {
            *sum += count;
        }
        Self(sums)
    }
}

fn any_parts(most: u64) -> impl Strategy<Value = Parts> {
    proptest::array::uniform8(0..=most).prop_map(Parts)
}

fn any_service() -> impl Strategy<Value = Service> {
    any::<bool>().prop_map(|batch| {
        if batch {
            Service::Batch
        } else {
            Service::Standard
        }
    })
}

proptest! {
    /// More of anything never costs less, also across a size. Services do not mix with sizes here:
    /// a price above a size counts before a service's.
    #[test]
    fn more_never_costs_less(
        prices in any_prices(),
        parts in any_parts(60_000),
        which in 0..8_usize,
        more in 0..300_000_u64,
    ) {
        let mut larger = parts;
        larger.0[which] += more;
        let service = Service::Standard;
        let (less, more) = (total(&prices, parts.usage(), service), total(&prices, larger.usage(), service));
        // Where a part has no price above the size, it keeps that of below.
        prop_assert!(less <= more, "{less} > {more}");
    }

    /// Below the first size, two calls cost what one of both costs.
    #[test]
    fn costs_add_up_below_the_first_size(
        prices in any_prices(),
        one in any_parts(20_000),
        other in any_parts(20_000),
        service in any_service(),
    ) {
        let both = total(&prices, one.plus(other).usage(), service);
        let apart = total(&prices, one.usage(), service).plus(total(&prices, other.usage(), service));
        prop_assert_eq!(both, apart);
    }

    /// Every part of the cost is its count times its price.
    #[test]
    fn parts_are_counts_times_prices(prices in any_prices(), parts in any_parts(100_000), service in any_service()) {
        let usage = parts.usage();
        let by_hand = COUNTED.into_iter().zip(parts.0).fold(Amount::ZERO, |sum, (meter, count)| {
            sum.plus(prices.price(meter, service, usage.input).unwrap().times(count))
        });
        prop_assert_eq!(total(&prices, usage, service), by_hand);
    }

    /// Counts of any size give a cost: at worst all that an amount can be.
    #[test]
    fn no_count_is_too_large(prices in any_prices(), parts in any_parts(u64::MAX), service in any_service()) {
        let cost = total(&prices, parts.usage(), service);
        prop_assert!(cost <= Amount::MAX);
    }

    /// A usage that contradicts itself costs something all the same.
    #[test]
    fn any_usage_has_a_cost(prices in any_prices(), counts in proptest::array::uniform8(any::<u64>())) {
        let usage = Usage {
            input: counts[0],
            input_cached: counts[1],
            input_cache_write: counts[2],
            input_cache_write_1h: counts[3],
            input_audio: counts[4],
            output: counts[5],
            output_reasoning: counts[6],
            output_audio: counts[7],
            ..Usage::default()
        };
        let price = |meter| prices.price(meter, Service::Standard, usage.input).unwrap();
        // Cached tokens may all be audio.
        let least = price(Meter::Cached).min(price(Meter::AudioCached));
        prop_assert!(total(&prices, usage, Service::Standard) >= least.times(usage.input_cached));
    }
}

#[test]
fn the_largest_counts_stop_at_the_largest_amount() {
    let prices = prices(&[("input_cost_per_token", "18000000000")]);
    let usage = Usage {
        input: u64::MAX,
        ..Usage::default()
    };
    assert_eq!(total(&prices, usage, Service::Standard), Amount::MAX);
}
