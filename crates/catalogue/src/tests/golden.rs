//! Costs that were worked out by hand from the source's prices. Each case says how: counts times
//! dollars for a million.

use ironward_core::Usage;

use super::dollars;
use crate::{Catalogue, Meter, Service, Used};

/// Provider, model, service; input, cached, written to the cache, written for an hour, audio in,
/// output, reasoning, audio out; what was counted beside them; the cost in dollars.
struct Case(
    &'static str,
    &'static str,
    Service,
    [u64; 8],
    &'static [(Meter, u64)],
    &'static str,
);

/// How many results the searches of the cases ask for.
const RESULTS: u64 = 26;

#[rustfmt::skip]
const CASES: &[Case] = &[
    // 1000 x 2.5 + 500 x 10
    Case("openai", "gpt-4o", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0075"),
    // 952 x 2.5 + 2048 x 1.25 + 500 x 10
    Case("openai", "gpt-4o", Service::Standard, [3_000, 2_048, 0, 0, 0, 500, 0, 0], &[], "0.00994"),
    // 1000 x 1.25 + 500 x 5
    Case("openai", "gpt-4o", Service::Batch, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00375"),
    // 952 x 4.25 + 2048 x 2.125 + 500 x 17
    Case("openai", "gpt-4o", Service::Priority, [3_000, 2_048, 0, 0, 0, 500, 0, 0], &[], "0.016898"),
    // 1000 x 0.15 + 500 x 0.6
    Case("openai", "gpt-4o-mini", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00045"),
    // 1000 x 1 + 500 x 4
    Case("openai", "o3", Service::Flex, [1_000, 0, 0, 0, 0, 500, 300, 0], &[], "0.003"),
    // 1000 x 1.25 + 500 x 10
    Case("openai", "gpt-5", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00625"),
    // 1000 x 1.5 + 500 x 2
    Case("openai", "gpt-3.5-turbo-instruct", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0025"),
    // 1000 x 0.02
    Case("openai", "text-embedding-3-small", Service::Standard, [1_000, 0, 0, 0, 0, 0, 0, 0], &[], "0.00002"),
    // 3000 x 3 + 4000 x 0.3 + 2000 x 3.75 + 1000 x 6 + 500 x 15
    Case("anthropic", "claude-sonnet-4-5", Service::Standard, [10_000, 4_000, 3_000, 1_000, 0, 500, 0, 0], &[], "0.0312"),
    // 6000 x 1.5 + 4000 x 0.15 + 500 x 7.5
    Case("anthropic", "claude-sonnet-4-5", Service::Batch, [10_000, 4_000, 0, 0, 0, 500, 0, 0], &[], "0.01335"),
    // 1000 x 1 + 500 x 5
    Case("anthropic", "claude-haiku-4-5", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0035"),
    // 3000 x 4 + 4000 x 0.2 + 3000 x 5 + 500 x 20
    Case("anthropic", "claude-opus-5-5", Service::Standard, [10_000, 4_000, 3_000, 0, 0, 500, 0, 0], &[], "0.0378"),
    // 200000 x 1.25 + 500 x 10
    Case("gemini", "gemini-2.5-pro", Service::Standard, [200_000, 0, 0, 0, 0, 500, 400, 0], &[], "0.255"),
    // 199001 x 2.5 + 1000 x 0.25 + 500 x 15
    Case("gemini", "gemini-2.5-pro", Service::Standard, [200_001, 1_000, 0, 0, 0, 500, 400, 0], &[], "0.5052525"),
    // 600 x 0.3 + 400 x 1 + 500 x 2.5
    Case("gemini", "gemini-2.5-flash", Service::Standard, [1_000, 0, 0, 0, 400, 500, 0, 0], &[], "0.00183"),
    // 600 x 0.3 + 400 x 1 + 500 x 2.5
    Case("vertex_ai", "gemini-2.5-flash", Service::Standard, [1_000, 0, 0, 0, 400, 500, 0, 0], &[], "0.00183"),
    // 1000 x 3 + 500 x 15
    Case("vertex_ai", "claude-sonnet-4-5@20250929", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0105"),
    // 1000 x 3.3 + 500 x 16.5
    Case("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.01155"),
    // 1000 x 0.06 + 500 x 0.24
    Case("bedrock", "amazon.nova-lite-v1:0", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00018"),
    // 1000 x 2.5 + 500 x 10
    Case("azure", "gpt-4o", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0075"),
    // 1000 x 2.75 + 500 x 11
    Case("azure", "eu/gpt-4o-2024-08-06", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00825"),
    // 256000 x 0.05 + 500 x 0.4
    Case("dashscope", "qwen-flash", Service::Standard, [256_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.013"),
    // 256001 x 0.25 + 500 x 2
    Case("dashscope", "qwen-flash", Service::Standard, [256_001, 0, 0, 0, 0, 500, 0, 0], &[], "0.06500025"),
    // 1000 x 0.4 + 300 x 1.2 + 200 x 4
    Case("dashscope", "qwen-plus-2025-07-28", Service::Standard, [1_000, 0, 0, 0, 0, 500, 200, 0], &[], "0.00156"),
    // 2000 x 1.32 + 1000 x 0.044 + 500 x 3.96
    Case("deepseek", "deepseek-v4-pro", Service::Standard, [3_000, 1_000, 0, 0, 0, 500, 0, 0], &[], "0.004664"),
    // 2000 x 0.66 + 1000 x 0.022 + 500 x 1.98
    Case("deepseek", "deepseek-v4-pro", Service::OffPeak, [3_000, 1_000, 0, 0, 0, 500, 0, 0], &[], "0.002332"),
    // 1000 x 0.5 + 500 x 1.5
    Case("mistral", "mistral-large-latest", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00125"),
    // 199999 x 1.25 + 500 x 2.5
    Case("xai", "grok-4.20-multi-agent-beta-0309", Service::Standard, [199_999, 0, 0, 0, 0, 500, 0, 0], &[], "0.25124875"),
    // 200000 x 2.5 + 500 x 5
    Case("xai", "grok-4.20-multi-agent-beta-0309", Service::Standard, [200_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.5025"),
    // 1000 x 2.9999900000000002 + 500 x 15.000020000000002
    Case("databricks", "databricks-claude-sonnet-4-1", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0105000000000000012"),
    // 1000 x 0.8000000000000001 + 500 x 3.4
    Case("novita", "moonshotai/kimi-k2.6", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.0025000000000000001"),
    // 1000 x 0.9 + 500 x 0.9
    Case("fireworks_ai", "accounts/fireworks/models/deepseek-v3", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[], "0.00135"),
    // 12.34 x 100
    Case("openai", "whisper-1", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::SecondsIn, 12_340)], "0.001234"),
    // 1234 x 15
    Case("openai", "tts-1", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::CharactersIn, 1_234)], "0.01851"),
    // 3 x 2000
    Case("cohere", "rerank-v3.5", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::Queries, 3)], "0.006"),
    // 7 x 4000
    Case("mistral", "mistral-ocr-latest", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::Pages, 7)], "0.028"),
    // 2 x 25000
    Case("exa_ai", "search", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::Queries, 2)], "0.05"),
    // 1048576 x 0.02384185791015625
    Case("fal_ai", "fal-ai/flux/dev", Service::Standard, [0, 0, 0, 0, 0, 0, 0, 0], &[(Meter::PixelsOut, 1_048_576)], "0.025"),
    // 1000 x 3 + 500 x 15 + 2 x 10000
    Case("anthropic", "claude-sonnet-4-5", Service::Standard, [1_000, 0, 0, 0, 0, 500, 0, 0], &[(Meter::SearchesMedium, 2)], "0.0305"),
    // 100 x 2 + 1290 x 120
    Case("gemini", "gemini-3-pro-image-preview", Service::Standard, [100, 0, 0, 0, 0, 1_290, 0, 0], &[(Meter::ImageTokensOut, 1_290)], "0.155"),
];

#[test]
fn costs_are_those_worked_out_by_hand() {
    let catalogue = Catalogue::built_in();
    for Case(provider, model, service, counts, beside, expected) in CASES {
        let found = catalogue.find(provider, model).unwrap();
        let [
            input,
            cached,
            write,
            write_1h,
            audio,
            output,
            reasoning,
            audio_out,
        ] = *counts;
        let used = Used {
            usage: Usage {
                input,
                input_cached: cached,
                input_cache_write: write,
                input_cache_write_1h: write_1h,
                input_audio: audio,
                output,
                output_reasoning: reasoning,
                output_audio: audio_out,
                ..Usage::default()
            },
            beside,
            results: RESULTS,
            service: *service,
            ..Used::default()
        };
        let cost = found.entry.prices.cost(&used);
        assert!(!cost.incomplete, "{provider} {model}");
        assert_eq!(
            cost.total(),
            dollars(expected),
            "{provider} {model} {counts:?}"
        );
    }
}
