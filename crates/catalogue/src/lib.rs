//! What models cost: the price catalogue that is built in, and the exact cost of a usage.
//!
//! A catalogue is a text that can be reviewed, one line a model (`docs/catalogue.md` has its
//! schema). [`Catalogue::built_in`] indexes the one of this repository without reading its lines;
//! a line is read when its model is looked up. [`Prices::cost`] is a pure function of prices and
//! what was used. Everything is counted in [`ironward_core::Amount`]: no floating-point number
//! takes part.

mod adjustment;
mod adjustments;
mod book;
mod calculation;
mod catalogue;
mod difference;
mod entry;
mod finding;
mod line;
mod litellm;
mod meter;
mod off_peak;
mod prices;
mod pricing;
mod service;
#[cfg(test)]
mod tests;

pub use adjustment::{Adjustment, InvalidAdjustment};
pub use adjustments::Adjustments;
pub use book::PriceBook;
pub use calculation::{Cost, Used};
pub use catalogue::{Catalogue, Facts, InvalidCatalogue, Item, Version, fingerprint};
pub use difference::{Change, differences};
pub use entry::{Entry, Modalities};
pub use finding::Found;
pub use line::{InvalidLine, read_entry, write_entry};
pub use litellm::{InvalidPrice, field_of, from_litellm, is_price};
pub use meter::{Meter, Side, Unit};
pub use off_peak::{OffPeak, Window};
pub use prices::{Prices, Rate};
pub use pricing::{Charged, ModelPrices, PriceList, Priced, Pricing};
pub use service::{Service, Uplift};
