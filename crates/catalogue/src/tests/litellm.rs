use super::{dollars, prices};
use crate::{Meter, OffPeak, Service, Uplift, field_of, from_litellm, is_price};

fn refused(fields: &[(&str, &str)]) -> String {
    let read = from_litellm("openai", fields.iter().copied());
    read.unwrap_err().to_string()
}

#[test]
fn the_name_of_a_price_says_what_it_is_for() {
    let prices = prices(&[
        ("input_cost_per_token", "0.0000025"),
        (
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
            "1.2e-5",
        ),
        (
            "cache_read_input_token_cost_above_272k_tokens_priority",
            "1e-6",
        ),
        ("input_cost_per_token_cache_hit", "2.5e-7"),
        ("ocr_cost_per_page_batches", "0.001"),
        ("output_cost_per_second_1080p", "0.5"),
        ("regional_processing_uplift_multiplier_eu", "1.1"),
    ]);
    let fields: Vec<String> = prices.rates().iter().map(field_of).collect();
    assert_eq!(
        fields,
        [
            "input_cost_per_token",
            "cache_read_input_token_cost",
            "cache_read_input_token_cost_above_272000_tokens_priority",
            "cache_creation_input_token_cost_above_1hr_above_200000_tokens",
            "output_cost_per_second_1080p",
            "ocr_cost_per_page_batches",
        ]
    );
    assert_eq!(prices.uplifts(), [(Uplift::ProcessedEu, 1_100_000_000)]);
}

#[test]
fn every_meter_has_names_of_its_own() {
    for meter in Meter::ALL {
        assert_eq!(Meter::of_key(meter.key()), Some(*meter));
        assert_eq!(Meter::of_litellm(meter.litellm()), Some(*meter));
    }
    for service in Service::ALL {
        assert_eq!(Service::of_key(service.key()), Some(*service));
    }
    for uplift in Uplift::ALL {
        assert_eq!(Uplift::of_key(uplift.key()), Some(*uplift));
        assert_eq!(Uplift::of_litellm(uplift.litellm()), Some(*uplift));
    }
    assert_eq!(Service::of_tier("FLEX"), Service::Flex);
    assert_eq!(Service::of_tier("auto"), Service::Standard);
    assert_eq!(Service::of_tier("off-peak"), Service::Standard);
}

#[test]
fn ranges_are_sizes_and_each_is_complete() {
    let prices = prices(&[
        // Not taken beside ranges, as in LiteLLM.
        ("cache_read_input_token_cost", "7e-7"),
        ("input_cost_per_query", "0.1"),
        ("tiered_pricing.0.range.0", "0"),
        ("tiered_pricing.0.range.1", "1000.0"),
        ("tiered_pricing.0.input_cost_per_token", "1e-6"),
        ("tiered_pricing.0.output_cost_per_token", "2e-6"),
        ("tiered_pricing.0.cache_read_input_token_cost", "1e-7"),
        ("tiered_pricing.1.range.0", "1000.0"),
        ("tiered_pricing.1.range.1", "2000"),
        ("tiered_pricing.1.input_cost_per_token", "3e-6"),
        ("tiered_pricing.1.output_cost_per_token", "5e-6"),
        ("tiered_pricing.1.output_cost_per_reasoning_token", "9e-6"),
    ]);
    let price = |meter, size| prices.price(meter, Service::Standard, size).unwrap();
    for (meter, size, expected) in [
        (Meter::Input, 1_000, "1e-6"),
        (Meter::Input, 1_001, "3e-6"),
        // The last range has no end.
        (Meter::Input, 9_999_999, "3e-6"),
        (Meter::Cached, 1_000, "1e-7"),
        (Meter::Cached, 1_001, "3e-6"),
        (Meter::Reasoning, 1_000, "2e-6"),
        (Meter::Reasoning, 1_001, "9e-6"),
        (Meter::Queries, 0, "0.1"),
    ] {
        assert_eq!(price(meter, size), dollars(expected), "{meter:?} {size}");
    }
}

#[test]
fn xai_counts_a_size_that_is_reached() {
    let fields = [
        ("input_cost_per_token", "1e-6"),
        ("input_cost_per_token_above_128k_tokens", "3e-6"),
    ];
    for (provider, at_the_size) in [("openai", "1e-6"), ("xai", "3e-6")] {
        let prices = from_litellm(provider, fields).unwrap();
        let price = prices.price(Meter::Input, Service::Standard, 128_000);
        assert_eq!(price, Some(dollars(at_the_size)), "{provider}");
    }
}

const OFF_PEAK: [(&str, &str); 9] = [
    ("input_cost_per_token", "4e-6"),
    ("off_peak_pricing.input_cost_per_token", "1e-6"),
    ("off_peak_pricing.weekday_timezone", "Asia/Shanghai"),
    ("off_peak_pricing.windows.0.hours_utc.0", "00:00-01:00"),
    ("off_peak_pricing.windows.0.hours_utc.1", "10:00-00:00"),
    ("off_peak_pricing.windows.0.weekdays.0", "1"),
    ("off_peak_pricing.windows.0.weekdays.1", "5"),
    ("off_peak_pricing.windows.1.hours_utc", "00:00-00:00"),
    ("off_peak_pricing.windows.1.weekdays.0", "7"),
];

#[test]
fn off_peak_hours_are_those_of_the_week() {
    let prices = prices(&OFF_PEAK);
    let hours = prices.off_peak().unwrap();
    let text = "15@00:00-01:00,15@10:00-24:00,7@00:00-24:00/8";
    assert_eq!(hours.to_string(), text);
    assert_eq!(OffPeak::read(text).as_ref(), Some(hours));
    let price = |service| prices.price(Meter::Input, service, 1);
    assert_eq!(price(Service::OffPeak), Some(dollars("1e-6")));
    assert_eq!(price(Service::Standard), Some(dollars("4e-6")));
    // 2026-11-30 was a Monday; at 16:00 UTC it is Tuesday in Shanghai.
    let monday = 1_796_002_800 - 1_796_002_800 % 86_400;
    let at = |hour: u64, minute: u64| hours.holds(monday + hour * 3_600 + minute * 60);
    assert!(at(0, 59) && !at(1, 0) && !at(9, 59) && at(10, 0) && at(15, 59) && !at(16, 0));
    // Saturday in UTC from 16:00 on is Sunday there.
    let saturday = |hour: u64| hours.holds(monday + 5 * 86_400 + hour * 3_600);
    assert!(!saturday(15) && saturday(16));
    for text in [
        "",
        "8@00:00-01:00",
        "1@0-1",
        "1@00:00-25:00",
        "1@00:60-01:00",
        "1@00:00-01:00/x",
    ] {
        assert_eq!(OffPeak::read(text), None, "{text}");
    }
}

#[test]
fn what_is_no_price_is_refused_with_its_name() {
    for (fields, message) in [
        (
            &[("input_cost_per_tokem", "1")][..],
            "input_cost_per_tokem: not a price that is known here",
        ),
        (
            &[("input_cost_per_token", "cheap")],
            "input_cost_per_token: not an amount of dollars",
        ),
        (
            &[("input_cost_per_token", "-1e-6")],
            "input_cost_per_token: a price cannot be negative",
        ),
        (
            &[("input_cost_per_token", "1e30")],
            "input_cost_per_token: a price cannot be above 18 billion dollars",
        ),
        (
            &[("input_cost_per_token", "NaN")],
            "input_cost_per_token: not an amount of dollars",
        ),
        (
            &[("fedramp_uplift_multiplier", "1.0000000001")],
            "fedramp_uplift_multiplier: not a factor with at most nine places",
        ),
        (
            &[("tiered_pricing.0.range.0", "0.5")],
            "tiered_pricing.0.range.0: not a whole number of tokens",
        ),
        (
            &[("tiered_pricing.0", "1")],
            "tiered_pricing.0: not a price that is known here",
        ),
        (
            &[("tiered_pricing.x.range.0", "1")],
            "tiered_pricing.x.range.0: not a price that is known here",
        ),
        (
            &[("off_peak_pricing.input_cost_per_token", "1e-6")],
            "off_peak_pricing: not hours of a week",
        ),
        (
            &[("off_peak_pricing.weekday_timezone", "Mars/Olympus")],
            "off_peak_pricing.weekday_timezone: a time zone that is not known here",
        ),
        (
            &[("off_peak_pricing.windows.0.weekdays.0", "8")],
            "off_peak_pricing.windows.0.weekdays.0: not hours of a week",
        ),
        (
            &[("off_peak_pricing.windows.0.hours_utc", "noon")],
            "off_peak_pricing.windows.0.hours_utc: not hours of a week",
        ),
    ] {
        assert_eq!(refused(fields), message);
    }
}

#[test]
fn a_deployments_own_price_stands_alone() {
    let built_in = prices(&[
        ("input_cost_per_token", "1e-6"),
        ("input_cost_per_token_batches", "5e-7"),
        ("input_cost_per_token_above_200k_tokens", "2e-6"),
        ("cache_read_input_token_cost", "1e-7"),
        ("output_cost_per_token", "4e-6"),
        ("provider_specific_entry.us", "1.1"),
    ]);
    let custom = prices(&[
        ("input_cost_per_token", "9e-6"),
        ("input_cost_per_second", "0.1"),
        ("provider_specific_entry.us", "1.2"),
    ]);
    let both = built_in.overridden(&custom);
    let price = |meter, service, size| both.price(meter, service, size).unwrap();
    for (service, size) in [
        (Service::Standard, 1),
        (Service::Batch, 1),
        (Service::Standard, 300_000),
    ] {
        assert_eq!(price(Meter::Input, service, size), dollars("9e-6"));
    }
    // What it leaves out stays.
    assert_eq!(price(Meter::Cached, Service::Standard, 1), dollars("1e-7"));
    assert_eq!(price(Meter::Output, Service::Standard, 1), dollars("4e-6"));
    assert_eq!(
        price(Meter::SecondsIn, Service::Standard, 1),
        dollars("0.1")
    );
    assert_eq!(both.uplifts(), [(Uplift::InferenceUs, 1_200_000_000)]);
    // Without an entry, the custom prices are all there is.
    assert_eq!(crate::Prices::default().overridden(&custom), custom);
}

#[test]
fn the_names_of_prices_are_told_from_others() {
    for name in [
        "input_cost_per_token",
        "input_cost_per_token_above_200k_tokens_batches",
        "input_cost_per_token_cache_hit",
        "output_cost_per_second_1080p",
        "regional_processing_uplift_multiplier_eu",
        "search_context_cost_per_query",
        "tiered_pricing",
        "off_peak_pricing",
    ] {
        assert!(is_price(name), "{name}");
    }
    for name in [
        "input_cost_per_tokem",
        "cost_per_ptu_per_hour",
        "tiered_pricing.",
        "search_context",
        "max_tokens",
        "",
    ] {
        assert!(!is_price(name), "{name}");
    }
}
