/// Which page of a list.
#[derive(Debug, clap::Args)]
pub(super) struct PageArgs {
    /// The page, from 1.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) page: u64,

    /// How many are on a page.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(super) page_size: u64,
}
