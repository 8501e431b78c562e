mod book;
mod built_in;
mod cost;
mod golden;
mod litellm;
mod pricing;
mod text;

use ironward_core::Amount;

use crate::{Prices, from_litellm};

/// Prices as LiteLLM's configuration writes them.
fn prices(fields: &[(&str, &str)]) -> Prices {
    from_litellm("openai", fields.iter().copied()).unwrap()
}

fn dollars(text: &str) -> Amount {
    Amount::from_decimal(text, 0).unwrap()
}
