use std::collections::BTreeSet;

use crate::catalogue::Item;
use crate::{Catalogue, Meter, Service, write_entry};

const TEXT: &str = include_str!("../../prices/catalogue.txt");

#[test]
fn every_line_of_the_catalogue_is_read_and_says_what_its_version_is_of() {
    let read = Catalogue::read(TEXT).unwrap();
    let built_in = Catalogue::built_in();
    assert_eq!(read.version(), built_in.version());
    assert!(read.len() >= 2_500, "{}", read.len());
    let modes: BTreeSet<&str> = read
        .items()
        .filter_map(|(_, item)| match item {
            Item::Entry(entry) => Some(entry.mode),
            Item::Alias(_) => None,
        })
        .collect();
    for mode in [
        "audio_speech",
        "audio_transcription",
        "chat",
        "completion",
        "embedding",
        "image_edit",
        "image_generation",
        "moderation",
        "ocr",
        "realtime",
        "rerank",
        "responses",
        "search",
        "video_generation",
    ] {
        assert!(modes.contains(mode), "{mode}");
    }
}

/// The header was written from the source, by the names of its fields alone: that the lines hold
/// the same prices shows that the conversion has lost none.
#[test]
fn no_price_of_the_source_is_lost() {
    let catalogue = Catalogue::built_in();
    let facts = catalogue.facts_of_lines();
    assert!(facts.count > 20_000, "{facts}");
    assert_eq!(facts, catalogue.facts());
}

#[test]
fn every_line_is_written_as_it_is_read() {
    let written: BTreeSet<String> = Catalogue::built_in()
        .items()
        .map(|(name, item)| match item {
            Item::Entry(entry) => write_entry(name, &entry),
            Item::Alias(target) => format!("{name} = {target}"),
        })
        .collect();
    let lines = TEXT.lines().skip_while(|line| !line.starts_with('['));
    let lines: BTreeSet<String> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('['))
        .map(str::to_owned)
        .collect();
    assert_eq!(written.difference(&lines).next(), None);
    assert_eq!(lines.difference(&written).next(), None);
}

#[test]
fn each_name_finds_its_own_entry() {
    let catalogue = Catalogue::built_in();
    for (name, item) in catalogue.items() {
        let Item::Entry(entry) = item else { continue };
        let found = catalogue.named(name).unwrap();
        assert_eq!((found.name, found.entry.provider), (name, entry.provider));
        // As a configuration has it: the provider and the rest of the name, or all of it.
        let (provider, model) = name.split_once('/').unwrap_or((entry.provider, name));
        if provider == entry.provider {
            let found = catalogue.find(provider, model).unwrap();
            assert_eq!(found.entry.provider, entry.provider, "{name}");
        }
        assert!(catalogue.find(entry.provider, name).is_some(), "{name}");
    }
}

/// Where the source asks less above a size than below it, though its provider does not.
const CHEAPER: [&str; 7] = [
    "gemini-2.5-flash audio-in>200k",
    "gemini-2.5-pro write>200k",
    "gemini-3.1-pro-preview write>200k",
    "gemini-3.1-pro-preview-customtools write>200k",
    "vertex_ai/gemini-3-pro-preview write>200k",
    "vertex_ai/gemini-3.1-pro-preview write>200k",
    "vertex_ai/gemini-3.1-pro-preview-customtools write>200k",
];

/// A call that is longer costs no less: where a size has a price, it is no lower than below it.
#[test]
fn no_size_is_cheaper_than_a_smaller_one() {
    let mut cheaper = Vec::new();
    for (name, item) in Catalogue::built_in().items() {
        let Item::Entry(entry) = item else { continue };
        for rate in entry.prices.rates() {
            let below = entry
                .prices
                .price(rate.meter, rate.service, u64::from(rate.above));
            let inconsistent = rate.above > 0
                && rate.meter != Meter::Queries
                && rate.service == Service::Standard
                && below.is_some_and(|below| below > rate.price);
            if inconsistent {
                cheaper.push(format!("{name} {}", crate::line::rate_key(rate)));
            }
        }
    }
    assert_eq!(cheaper, CHEAPER);
}

#[test]
fn names_are_found_as_litellm_finds_them() {
    let catalogue = Catalogue::built_in();
    let find = |provider, model| catalogue.find(provider, model).map(|found| found.name);
    const CLAUDE: &str = "anthropic.claude-opus-4-1-20250805-v1:0";
    const US: &str = "us.anthropic.claude-opus-4-1-20250805-v1:0";
    for (provider, model, name) in [
        ("openai", "gpt-4o", Some("gpt-4o")),
        ("openai", "GPT-4o", Some("gpt-4o")),
        ("openai", "gpt-4o-2099-01-01", Some("gpt-4o")),
        ("openai", "gpt-4o-latest", None),
        (
            "openai",
            "ft:gpt-4o-mini-2024-07-18:org::id",
            Some("ft:gpt-4o-mini-2024-07-18"),
        ),
        ("groq", "gpt-4o", None),
        ("openrouter", "openai/gpt-4o", None),
        ("azure", "gpt-4o", Some("azure/gpt-4o")),
        (
            "azure",
            "eu/gpt-4o-2024-08-06",
            Some("azure/eu/gpt-4o-2024-08-06"),
        ),
        ("azure", "my-deployment", None),
        ("bedrock", CLAUDE, Some(CLAUDE)),
        ("bedrock", US, Some(US)),
        (
            "bedrock",
            "us-east-1/anthropic.claude-opus-4-1-20250805-v1:0",
            Some(CLAUDE),
        ),
        (
            "bedrock",
            "converse/us.anthropic.claude-opus-4-1-20250805-v1:0",
            Some(US),
        ),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-1-20250805-v1:0",
            Some(US),
        ),
        (
            "bedrock",
            "zz.anthropic.claude-opus-4-1-20250805-v1:0",
            None,
        ),
        (
            "bedrock",
            "amazon.nova-lite-v1:0:24k",
            Some("amazon.nova-lite-v1:0"),
        ),
        (
            "vertex_ai",
            "claude-sonnet-4-5@20250929",
            Some("vertex_ai/claude-sonnet-4-5@20250929"),
        ),
        ("vertex_ai", "gemini-2.5-flash", Some("gemini-2.5-flash")),
        (
            "gemini",
            "gemini-2.5-flash",
            Some("gemini/gemini-2.5-flash"),
        ),
        ("azure_ai", "gpt-luna-latest", Some("azure_ai/gpt-6-luna")),
        (
            "amazon_nova",
            "amazon-nova/nova-lite-v1",
            Some("amazon-nova/nova-lite-v1"),
        ),
        ("nobody", "", None),
        ("", "", None),
    ] {
        assert_eq!(find(provider, model), name, "{provider} {model}");
    }
}
