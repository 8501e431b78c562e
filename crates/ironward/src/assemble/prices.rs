use ironward_catalogue::{InvalidPrice, PriceList, Priced, Prices, Pricing, Uplift, from_litellm};
use ironward_config::Model;
use ironward_core::Origin;
use ironward_provider::Vendor;

/// What answers without a provider costs nothing.
const FREE: [(&str, &str); 2] = [
    ("input_cost_per_token", "0"),
    ("output_cost_per_token", "0"),
];

/// How the calls to a deployment are priced: by what its entry says, then by the catalogue.
pub(super) fn pricing(
    list: &PriceList,
    (vendor, model, origin): (&Vendor, &str, &Origin),
    entry: Option<&Model>,
) -> Result<Pricing, InvalidPrice> {
    let provider = vendor.provider.name();
    let written = entry.map(|entry| &entry.prices);
    let own = match written.filter(|prices| !prices.is_empty()) {
        Some(prices) => from_litellm(provider, prices.fields())?,
        None if provider == "ironward" => from_litellm(provider, FREE)?,
        None => Prices::default(),
    };
    let base = entry.and_then(|entry| {
        let params = entry.params.base_model.as_deref();
        params.or(entry.info.base_model.as_deref())
    });
    let priced = Priced {
        provider,
        model,
        base,
        own,
        region: region(origin),
    };
    Ok(Pricing::new(list, priced))
}

/// The region that a provider's own address keeps calls in, where that has a price:
/// <https://platform.openai.com/docs/guides/your-data#data-residency-controls>.
fn region(origin: &Origin) -> Option<Uplift> {
    match &*origin.host {
        "eu.api.openai.com" => Some(Uplift::ProcessedEu),
        "us.api.openai.com" => Some(Uplift::ProcessedUs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ironward_catalogue::{Adjustments, Charged, PriceBook, PriceList, Used};
    use ironward_config::{FixedEnvironment, Model, Options, load_text};
    use ironward_core::{Origin, Usage};
    use ironward_provider::name;

    use super::pricing;

    fn models(list: &str) -> Vec<Model> {
        let environment = FixedEnvironment::default();
        let text = format!("model_list:\n{list}");
        let loaded = load_text(&text, "c.yaml", &environment, &Options::default());
        loaded
            .unwrap_or_else(|problems| panic!("{problems}"))
            .config
            .models
    }

    /// What a thousand input tokens and five hundred output tokens cost at the first of these.
    fn charged(list: &str, origin: &str, model: &str) -> Charged {
        let models = models(list);
        let entry = models.first().unwrap();
        let named = name(&entry.params.model, None).unwrap();
        let prices = PriceList::new(&Arc::new(PriceBook::built_in()), &Adjustments::default());
        let origin = Origin::parse(origin).unwrap();
        let of = (&named.vendor, named.model, &origin);
        let pricing = pricing(&prices, of, Some(entry)).unwrap();
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

    const OPENAI: &str = "https://api.openai.com";

    #[test]
    fn what_an_entry_says_goes_before_the_catalogue() {
        for (entry, model, dollars) in [
            // 1000 x 2.5 + 500 x 10
            ("{model: openai/gpt-4o}", "gpt-4o", "0.0075"),
            // 1000 x 1 + 500 x 10
            (
                "{model: openai/gpt-4o, input_cost_per_token: 0.000001}",
                "gpt-4o",
                "0.006",
            ),
            // 1000 x 0.15 + 500 x 0.6
            (
                "{model: openai/mine, base_model: gpt-4o-mini}",
                "mine",
                "0.00045",
            ),
            ("{model: openai/*}", "gpt-4o-mini", "0.00045"),
        ] {
            let entry = format!("  - {{model_name: m, litellm_params: {entry}}}");
            let charged = charged(&entry, OPENAI, model);
            assert_eq!(charged.amount.to_string(), dollars, "{entry}");
            assert!(!charged.incomplete, "{entry}");
        }
        let told = "  - {model_name: m, litellm_params: {model: openai/mine}, \
                    model_info: {base_model: gpt-4o, output_cost_per_token: 2e-6}}";
        // 1000 x 2.5 + 500 x 2
        assert_eq!(charged(told, OPENAI, "mine").amount.to_string(), "0.0035");
        let unknown = "  - {model_name: m, litellm_params: {model: openai/mine}}";
        assert!(charged(unknown, OPENAI, "mine").is_unknown());
    }
}
