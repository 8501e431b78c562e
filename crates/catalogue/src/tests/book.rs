use std::sync::Arc;

use super::dollars;
use crate::{Meter, PriceBook, Service};

#[test]
fn a_models_prices_are_read_once() {
    let book = PriceBook::built_in();
    let prices = book.prices("openai", "gpt-4o").unwrap();
    let again = book.prices("openai", "GPT-4o").unwrap();
    assert!(Arc::ptr_eq(&prices, &again));
    let input = prices.price(Meter::Input, Service::Standard, 1);
    assert_eq!(input, Some(dollars("2.5e-6")));
    assert_eq!(book.prices("openai", "no-such-model"), None);
    assert!(book.version().starts_with("20"), "{}", book.version());
}

/// The forms in which `base_model` stands in configurations for Azure.
#[test]
fn a_base_model_is_of_the_provider_or_of_the_one_it_names() {
    let book = PriceBook::built_in();
    let azure = book.prices("azure", "gpt-4o").unwrap();
    for base in ["azure/gpt-4o", "gpt-4o"] {
        assert_eq!(book.base_prices("azure", base).unwrap(), azure, "{base}");
    }
    let claude = book.prices("anthropic", "claude-haiku-4-5").unwrap();
    for base in ["anthropic/claude-haiku-4-5", "claude-haiku-4-5"] {
        let found = book.base_prices("azure", base).unwrap();
        assert_eq!(found, claude, "{base}");
    }
    assert_eq!(book.base_prices("azure", "my-deployment"), None);
    let entry = book
        .entry("azure", "my-deployment", Some("gpt-4o"))
        .unwrap();
    assert_eq!(entry.prices, *azure);
    assert_eq!(book.entry("azure", "my-deployment", None), None);
}
