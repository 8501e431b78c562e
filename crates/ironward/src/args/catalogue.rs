use std::path::PathBuf;

use clap::Subcommand;

/// What can be asked about prices.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    /// Show what one model costs.
    Show(PriceShowArgs),
    /// List models with the prices of a million tokens of input and output, in dollars.
    List(PriceListArgs),
    /// Say what another catalogue says differently, such as that of a newer release.
    Diff(PriceDiffArgs),
}

/// Which model's prices.
#[derive(Debug, clap::Args)]
pub(crate) struct PriceShowArgs {
    /// The model as a configuration names it: openai/gpt-4o, or its name in the catalogue.
    #[arg(value_name = "MODEL")]
    pub(crate) model: String,

    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which models.
#[derive(Debug, clap::Args)]
pub(crate) struct PriceListArgs {
    /// Only those of this provider.
    #[arg(long, value_name = "PROVIDER")]
    pub(crate) provider: Option<String>,

    /// Only those for this: `chat`, `embedding`, `rerank`, `image_generation`...
    #[arg(long, value_name = "MODE")]
    pub(crate) mode: Option<String>,

    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which other catalogue.
#[derive(Debug, clap::Args)]
pub(crate) struct PriceDiffArgs {
    /// A catalogue of the same schema: crates/catalogue/prices/catalogue.txt of another version.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// One JSON object instead of lines.
    #[arg(long)]
    pub(crate) json: bool,
}
