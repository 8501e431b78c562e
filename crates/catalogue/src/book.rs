use std::sync::{Arc, OnceLock};

use crate::{Catalogue, Entry, Prices};

/// The built-in catalogue for those who ask it again and again: the prices of a model are read from
/// its line once, when somebody first asks for them. However many names callers make up, no more is
/// kept than the catalogue holds.
#[derive(Debug)]
pub struct PriceBook {
    catalogue: Catalogue<'static>,
    /// One for each line.
    read: Box<[OnceLock<Arc<Prices>>]>,
}

impl PriceBook {
    /// The catalogue that is built in.
    #[must_use]
    pub fn built_in() -> Self {
        let catalogue = Catalogue::built_in();
        let read = (0..catalogue.len()).map(|_| OnceLock::new()).collect();
        Self { catalogue, read }
    }

    /// Its version, as every record carries it.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        self.catalogue.version().as_str()
    }

    /// The prices of the model that a provider calls by this name, found as by [`Catalogue::find`].
    #[must_use]
    pub fn prices(&self, provider: &str, model: &str) -> Option<Arc<Prices>> {
        self.prices_in(self.catalogue.line(provider, model)?)
    }

    /// The prices of the model that an operator means by `base_model`: one of this provider, else
    /// the one that `provider/model` or a bare name says.
    #[must_use]
    pub fn base_prices(&self, provider: &str, base: &str) -> Option<Arc<Prices>> {
        self.prices_in(self.base_line(provider, base)?)
    }

    /// Everything that is known of the model that [`PriceBook::prices`], or with a `base` model
    /// [`PriceBook::base_prices`], prices.
    #[must_use]
    pub fn entry(&self, provider: &str, model: &str, base: Option<&str>) -> Option<Entry<'static>> {
        let line = match base {
            Some(base) => self.base_line(provider, base)?,
            None => self.catalogue.line(provider, model)?,
        };
        Some(self.catalogue.model_in(line)?.entry)
    }

    fn base_line(&self, provider: &str, base: &str) -> Option<usize> {
        let own = self.catalogue.line(provider, base);
        let named = || {
            let (provider, model) = base.split_once('/')?;
            self.catalogue.line(provider, model)
        };
        own.or_else(named)
            .or_else(|| self.catalogue.model_line(&[base]))
    }

    fn prices_in(&self, line: usize) -> Option<Arc<Prices>> {
        let place = self.read.get(line)?;
        if let Some(prices) = place.get() {
            return Some(Arc::clone(prices));
        }
        let prices = Arc::new(self.catalogue.model_in(line)?.entry.prices);
        Some(Arc::clone(place.get_or_init(|| prices)))
    }
}
