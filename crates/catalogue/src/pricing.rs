use std::sync::Arc;

use ironward_core::Amount;

use crate::{Adjustment, Adjustments, Entry, PriceBook, Prices, Uplift, Used};

/// Everything that prices come from, but for the deployments' own.
#[derive(Debug, Clone)]
pub struct PriceList {
    /// The catalogue.
    pub book: Arc<PriceBook>,
    /// The discounts and margins of providers.
    pub adjustments: Arc<Adjustments>,
}

/// A deployment, as far as it matters for prices.
#[derive(Debug, Clone)]
pub struct Priced<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// The model's name at the provider; a `*` in it is left to the call.
    pub model: &'a str,
    /// The model whose prices hold instead (`base_model`).
    pub base: Option<&'a str>,
    /// Its own prices, which go before the catalogue's.
    pub own: Prices,
    /// What its address multiplies the cost by, where the model has a factor for that.
    pub region: Option<Uplift>,
}

/// How the calls to a deployment are priced.
#[derive(Debug, Clone)]
pub struct Pricing {
    list: PriceList,
    provider: Box<str>,
    base: Option<Box<str>>,
    own: Prices,
    region: Option<Uplift>,
    /// What holds for every call, unless the model is left to it.
    fixed: Option<ModelPrices>,
}

/// The prices of a model at a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPrices {
    /// Exactly those; `None`: nobody knows any.
    pub prices: Option<Arc<Prices>>,
    /// What becomes of them before they are charged.
    pub adjustment: Adjustment,
    /// What the deployment's address multiplies the cost by.
    pub region: Option<Uplift>,
    /// The most input tokens, where the catalogue says it.
    pub context: Option<u64>,
    /// The most output tokens of an answer, where the catalogue says it.
    pub max_output: Option<u64>,
    /// The version of the catalogue.
    pub version: &'static str,
}

/// What a call is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Charged {
    /// As far as it is known.
    pub amount: Amount,
    /// Something has no price, or was not counted: the call costs more than that, nobody knows how
    /// much.
    pub incomplete: bool,
    /// The version of the catalogue.
    pub version: &'static str,
}

impl Pricing {
    /// How calls to this deployment are priced.
    #[must_use]
    pub fn new(list: &PriceList, deployment: Priced<'_>) -> Self {
        let Priced {
            provider,
            model,
            base,
            own,
            region,
        } = deployment;
        let mut pricing = Self {
            list: list.clone(),
            provider: provider.into(),
            base: base.map(Into::into),
            own,
            region,
            fixed: None,
        };
        if base.is_some() || !model.contains('*') {
            pricing.fixed = Some(pricing.look_up(model));
        }
        pricing
    }

    /// The prices of this model: the deployment's own, then those of its base model, else those of
    /// the model itself.
    #[must_use]
    pub fn of(&self, model: &str) -> ModelPrices {
        match &self.fixed {
            Some(fixed) => fixed.clone(),
            None => self.look_up(model),
        }
    }

    /// What the catalogue says of this model, or of the base model.
    #[must_use]
    pub fn entry(&self, model: &str) -> Option<Entry<'static>> {
        let book = &self.list.book;
        book.entry(&self.provider, model, self.base.as_deref())
    }

    fn look_up(&self, model: &str) -> ModelPrices {
        let PriceList { book, adjustments } = &self.list;
        let listed = match &self.base {
            Some(base) => book.base_prices(&self.provider, base),
            None => book.prices(&self.provider, model),
        };
        let prices = if self.own.is_empty() && self.own.uplifts().is_empty() {
            listed
        } else {
            let listed = listed.unwrap_or_default();
            Some(Arc::new(listed.overridden(&self.own)))
        };
        let name = self.base.as_deref().unwrap_or(model);
        let entry = self.entry(model);
        let (context, max_output) =
            entry.map_or((None, None), |entry| (entry.context, entry.max_output));
        ModelPrices {
            prices: prices.filter(|prices| !prices.is_empty()),
            adjustment: adjustments.of(&self.provider, name),
            region: self.region,
            context,
            max_output,
            version: book.version(),
        }
    }
}

impl ModelPrices {
    /// What a call is charged that used so much.
    #[must_use]
    pub fn charge(&self, used: &Used<'_>) -> Charged {
        let (amount, incomplete) = match &self.prices {
            Some(prices) => {
                let cost = prices.cost(used);
                (self.adjustment.charged(&cost), cost.incomplete)
            }
            None => (Amount::ZERO, true),
        };
        Charged {
            amount,
            incomplete,
            version: self.version,
        }
    }

    /// What a call is charged whose usage nobody told.
    #[must_use]
    pub const fn charge_unknown(&self) -> Charged {
        Charged {
            amount: Amount::ZERO,
            incomplete: true,
            version: self.version,
        }
    }
}

impl Charged {
    /// Whether nothing of it is known.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.incomplete && self.amount.is_zero()
    }
}

impl PriceList {
    /// The built-in catalogue, with these discounts and margins.
    #[must_use]
    pub fn new(book: &Arc<PriceBook>, adjustments: &Adjustments) -> Self {
        Self {
            book: Arc::clone(book),
            adjustments: Arc::new(adjustments.clone()),
        }
    }
}
